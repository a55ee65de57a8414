//! Who may do what: the rows of the textbooks, as `match` statements.
//!
//! A state is a letter: M, O, E, S, F, and for Dragon `C` (Sc, shared clean) and `D` (Sm, shared
//! modified). `I` is never stored: a core without a copy has no state for the line.
//!
//! | protocol | source |
//! |---|---|
//! | MSI, MESI | Papamarcos & Patel, ISCA 1984; Culler, Singh & Gupta, 5.3 |
//! | MOESI | Sweazey & Smith, ISCA 1986; AMD64 |
//! | MESIF | Goodman & Hum, 2004 and 2009; Intel QPI |
//! | Dragon | McCreight, 1984; Archibald & Baer, 1986; Culler, Singh & Gupta, 5.4.2 |

use BusOp::{BusRd, BusRdX, BusUpd, BusUpgr};
use Protocol::{Dragon, Mesi, Mesif, Moesi, Msi};
use Reply::{Flush, HandOver, Nothing, Supply};
use StoreStep::{AlreadyOwned, Invalidate, Silent, Update};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Msi,
    Mesi,
    Moesi,
    Mesif,
    Dragon,
}

/// What a core puts on the bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BusOp {
    BusRd,
    BusRdX,
    BusUpgr,
    BusUpd,
}

/// What a store to a line that the core holds needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreStep {
    /// Nothing; the line is M already.
    AlreadyOwned,
    /// No transaction, but the state changes.
    Silent,
    /// The others must lose their copies.
    Invalidate,
    /// The others must take the word.
    Update,
}

/// What a core does when it sees another core's transaction, beside the change of its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    Nothing,
    /// Its dirty line goes on the bus, and it answers for the line no longer.
    Flush,
    /// Its line goes on the bus, and nothing below is written: a dirty owner stays the owner.
    Supply,
    /// The requester has the line already, and answers for it from now on.
    HandOver,
}

#[allow(clippy::match_same_arms, reason = "one arm a row of the textbook's table")]
impl Protocol {
    pub const ALL: [Protocol; 5] = [Msi, Mesi, Moesi, Mesif, Dragon];

    /// The state after a load that the bus answered.
    pub fn after_load_miss(self, others_hold: bool, exclusive_on_sole_read: bool) -> char {
        let shared = others_hold || !exclusive_on_sole_read;
        match (self, shared) {
            (Msi, _) => 'S',
            (Mesi, true) => 'S',
            (Moesi, true) => 'S',
            (Mesif, true) => 'F',
            (Dragon, true) => 'C',
            (Mesi | Moesi | Mesif | Dragon, false) => 'E',
        }
    }

    /// How a store that misses gets the line.
    pub fn store_miss(self) -> BusOp {
        match self {
            Msi | Mesi | Moesi | Mesif => BusRdX,
            Dragon => BusRd,
        }
    }

    /// What a store to a line in `state` needs.
    pub fn store(self, state: char) -> StoreStep {
        match (self, state) {
            (Msi, 'S') => Invalidate,
            (Msi, 'M') => AlreadyOwned,

            (Mesi, 'S') => Invalidate,
            (Mesi, 'E') => Silent,
            (Mesi, 'M') => AlreadyOwned,

            (Moesi, 'S') => Invalidate,
            (Moesi, 'E') => Silent,
            (Moesi, 'O') => Invalidate,
            (Moesi, 'M') => AlreadyOwned,

            (Mesif, 'S') => Invalidate,
            (Mesif, 'F') => Invalidate,
            (Mesif, 'E') => Silent,
            (Mesif, 'M') => AlreadyOwned,

            (Dragon, 'E') => Silent,
            (Dragon, 'C') => Update,
            (Dragon, 'D') => Update,
            (Dragon, 'M') => AlreadyOwned,
            _ => panic!("{self:?} has no store to {state}"),
        }
    }

    /// The state after a store. `others_hold`: the shared wire, before the others answered.
    pub fn after_store(self, others_hold: bool) -> char {
        match (self, others_hold) {
            (Msi | Mesi | Moesi | Mesif, _) => 'M',
            (Dragon, true) => 'D',
            (Dragon, false) => 'M',
        }
    }

    /// Another core's transaction: the state afterwards, and what the core does.
    pub fn snoop(self, state: char, op: BusOp) -> (char, Reply) {
        match (self, state, op) {
            (Msi, 'S', BusRd) => ('S', Nothing),
            (Msi, 'S', BusRdX) => ('I', Nothing),
            (Msi, 'S', BusUpgr) => ('I', Nothing),
            (Msi, 'M', BusRd) => ('S', Flush),
            (Msi, 'M', BusRdX) => ('I', Flush),

            (Mesi, 'S', BusRd) => ('S', Nothing),
            (Mesi, 'S', BusRdX) => ('I', Nothing),
            (Mesi, 'S', BusUpgr) => ('I', Nothing),
            (Mesi, 'E', BusRd) => ('S', Nothing),
            (Mesi, 'E', BusRdX) => ('I', Nothing),
            (Mesi, 'M', BusRd) => ('S', Flush),
            (Mesi, 'M', BusRdX) => ('I', Flush),

            (Moesi, 'S', BusRd) => ('S', Nothing),
            (Moesi, 'S', BusRdX) => ('I', Nothing),
            (Moesi, 'S', BusUpgr) => ('I', Nothing),
            (Moesi, 'E', BusRd) => ('S', Nothing),
            (Moesi, 'E', BusRdX) => ('I', Nothing),
            (Moesi, 'O', BusRd) => ('O', Supply),
            (Moesi, 'O', BusRdX) => ('I', Flush),
            (Moesi, 'O', BusUpgr) => ('I', HandOver),
            (Moesi, 'M', BusRd) => ('O', Supply),
            (Moesi, 'M', BusRdX) => ('I', Flush),

            (Mesif, 'S', BusRd) => ('S', Nothing),
            (Mesif, 'S', BusRdX) => ('I', Nothing),
            (Mesif, 'S', BusUpgr) => ('I', Nothing),
            (Mesif, 'F', BusRd) => ('S', Supply),
            (Mesif, 'F', BusRdX) => ('I', Supply),
            (Mesif, 'F', BusUpgr) => ('I', Nothing),
            (Mesif, 'E', BusRd) => ('S', Supply),
            (Mesif, 'E', BusRdX) => ('I', Supply),
            (Mesif, 'M', BusRd) => ('S', Flush),
            (Mesif, 'M', BusRdX) => ('I', Flush),

            // Whoever sees a BusUpd takes the word.
            (Dragon, 'E', BusRd) => ('C', Nothing),
            (Dragon, 'C', BusRd) => ('C', Nothing),
            (Dragon, 'C', BusUpd) => ('C', Nothing),
            (Dragon, 'D', BusRd) => ('D', Supply),
            (Dragon, 'D', BusUpd) => ('C', HandOver),
            (Dragon, 'M', BusRd) => ('D', Supply),
            _ => panic!("{self:?} in {state} never sees {op:?}"),
        }
    }

    /// The state when the last dirty bit went below the bus and a clean copy stays.
    pub fn after_clean(self, state: char) -> char {
        match (self, state) {
            (Msi, 'M') => 'S',
            (Mesi, 'M') => 'E',
            (Moesi, 'O') => 'S',
            (Moesi, 'M') => 'E',
            (Mesif, 'M') => 'E',
            (Dragon, 'D') => 'C',
            (Dragon, 'M') => 'E',
            _ => panic!("{self:?} in {state} has nothing to clean"),
        }
    }

    /// Can a core's store make another core's dirty copy its own without its data?
    pub fn hands_over(self) -> bool {
        match self {
            Msi | Mesi | Mesif => false,
            Moesi | Dragon => true,
        }
    }
}

/// Is a core in this state the only holder?
pub fn is_unique(state: char) -> bool {
    matches!(state, 'E' | 'M')
}

/// Does a core in this state answer for data that is nowhere else?
pub fn is_dirty(state: char) -> bool {
    matches!(state, 'M' | 'O' | 'D')
}

/// A state as the report spells it.
pub fn state_name(state: char) -> &'static str {
    match state {
        'I' => "I",
        'S' => "S",
        'E' => "E",
        'F' => "F",
        'O' => "O",
        'M' => "M",
        'C' => "Sc",
        'D' => "Sm",
        other => panic!("no state {other}"),
    }
}
