//! Who may do what: the rows of the textbook, as `match` statements.
//!
//! A state is a letter. `I` is never stored: a core without a copy has no state for the line.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Msi,
    Mesi,
}

/// What a core puts on the bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BusOp {
    BusRd,
    BusRdX,
    BusUpgr,
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
}

impl Protocol {
    /// The state after a load that the bus answered.
    pub fn after_load_miss(self, others_hold: bool, exclusive_on_sole_read: bool) -> char {
        match self {
            Protocol::Msi => 'S',
            Protocol::Mesi if others_hold || !exclusive_on_sole_read => 'S',
            Protocol::Mesi => 'E',
        }
    }

    /// A store to a line in `state`; the state afterwards is always M.
    pub fn store(self, state: char) -> StoreStep {
        match (self, state) {
            (Protocol::Msi | Protocol::Mesi, 'S') => StoreStep::Invalidate,
            (Protocol::Mesi, 'E') => StoreStep::Silent,
            (Protocol::Msi | Protocol::Mesi, 'M') => StoreStep::AlreadyOwned,
            _ => panic!("{self:?} has no store to {state}"),
        }
    }

    /// Another core's transaction: the state afterwards, and whether the line is flushed.
    #[allow(clippy::match_same_arms, reason = "one arm a row of the textbook's table")]
    pub fn snoop(self, state: char, op: BusOp) -> (char, bool) {
        match (self, state, op) {
            (Protocol::Msi | Protocol::Mesi, 'S', BusOp::BusRd) => ('S', false),
            (Protocol::Msi | Protocol::Mesi, 'S', BusOp::BusRdX | BusOp::BusUpgr) => ('I', false),
            (Protocol::Mesi, 'E', BusOp::BusRd) => ('S', false),
            (Protocol::Mesi, 'E', BusOp::BusRdX) => ('I', false),
            (Protocol::Msi | Protocol::Mesi, 'M', BusOp::BusRd) => ('S', true),
            (Protocol::Msi | Protocol::Mesi, 'M', BusOp::BusRdX) => ('I', true),
            _ => panic!("{self:?} in {state} never sees {op:?}"),
        }
    }

    /// The state when the last dirty bit went below the bus and a clean copy stays.
    pub fn after_clean(self, state: char) -> char {
        match (self, state) {
            (Protocol::Msi, 'M') => 'S',
            (Protocol::Mesi, 'M') => 'E',
            _ => panic!("{self:?} in {state} has nothing to clean"),
        }
    }
}

/// Is a core in this state the only holder?
pub fn is_unique(state: char) -> bool {
    matches!(state, 'E' | 'M')
}

/// Does a core in this state answer for data that is nowhere else?
pub fn is_dirty(state: char) -> bool {
    state == 'M'
}
