//! The vocabulary of the transition tables: events, bus operations, steps, and what a state holds.

use std::fmt;

/// The most states that a protocol may have: a state is a 4-bit number in the engine.
pub const STATES_MAX: usize = 16;

/// A state of one line in one core: its number in the protocol's list of states.
///
/// Number 0 is the state of a line that the core does not hold.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct State(pub u8);

impl State {
    /// The state of a line that is not here, in every protocol.
    pub const INVALID: Self = Self(0);

    /// Returns the state as an index into arrays that hold one element a state.
    #[inline]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// Tells whether the core holds the line at all.
    #[inline]
    pub const fn is_valid(self) -> bool {
        self.0 != 0
    }
}

/// What a state lets its holder assume.
///
/// Bus, statistics and checkers ask these four and never a state's name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "four independent answers")]
pub struct Holding {
    /// The copy may be read.
    pub valid: bool,
    /// No other core holds the line.
    pub unique: bool,
    /// This core answers for data that the next level does not have.
    pub dirty: bool,
    /// This clean copy answers a read of another core.
    pub forwards: bool,
}

/// What a core's own side asks of its line.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Processor {
    /// A load or an instruction fetch.
    Load,
    /// A store or an atomic read-modify-write.
    Store,
    /// The core's last copy is replaced.
    Evict,
    /// The last dirty data went below the bus while a clean copy stays.
    Clean,
}

impl Processor {
    /// All events, in the order of the tables' columns.
    pub const ALL: [Self; 4] = [Self::Load, Self::Store, Self::Evict, Self::Clean];

    /// Returns the event's name as the tables print it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Load => "Load",
            Self::Store => "Store",
            Self::Evict => "Evict",
            Self::Clean => "Clean",
        }
    }
}

/// A transaction on the bus, as the other cores' caches see it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum BusOp {
    /// Read a line to share it.
    BusRd,
    /// Read a line to own it.
    BusRdX,
    /// Own a line whose data is here already.
    BusUpgr,
    /// Send a stored word to the other copies.
    BusUpd,
}

impl BusOp {
    /// All operations, in the order of the tables' columns.
    pub const ALL: [Self; 4] = [Self::BusRd, Self::BusRdX, Self::BusUpgr, Self::BusUpd];

    /// Returns the name as the literature writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BusRd => "BusRd",
            Self::BusRdX => "BusRdX",
            Self::BusUpgr => "BusUpgr",
            Self::BusUpd => "BusUpd",
        }
    }
}

impl fmt::Display for BusOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What the core's side does in one cell of the processor table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProcessorStep {
    /// No path leads here; being asked is a broken promise.
    Never,
    /// No transaction; the line goes to this state.
    Silent(State),
    /// A transaction, then this state.
    Bus(BusOp, State),
    /// A transaction; the state depends on whether another cache raised the shared wire.
    Wire {
        /// The transaction.
        op: BusOp,
        /// The state if another core holds the line.
        shared: State,
        /// The state if no other core holds it.
        alone: State,
    },
    /// The line leaves without a word: its data is below already.
    Discard(State),
    /// The line leaves and its data goes outward.
    WriteBack(State),
}

impl ProcessorStep {
    /// Returns the transaction that the step puts on the bus, if any.
    pub const fn op(self) -> Option<BusOp> {
        match self {
            Self::Bus(op, _) | Self::Wire { op, .. } => Some(op),
            Self::Never | Self::Silent(_) | Self::Discard(_) | Self::WriteBack(_) => None,
        }
    }

    /// Returns the states in which the step can end.
    pub fn ends(self) -> impl Iterator<Item = State> {
        let (one, other) = match self {
            Self::Never => (None, None),
            Self::Silent(next)
            | Self::Bus(_, next)
            | Self::Discard(next)
            | Self::WriteBack(next) => (Some(next), None),
            Self::Wire { shared, alone, .. } => (Some(shared), Some(alone)),
        };
        one.into_iter().chain(other)
    }
}

/// What another core's side does in one cell of the snoop table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SnoopStep {
    /// No path leads here; being asked is a broken promise.
    Never,
    /// The line goes to this state; no data moves because of this copy's duty.
    Silent(State),
    /// The dirty line goes on the bus; the requester and what lies below the bus take it.
    Flush(State),
    /// The line goes on the bus for the requester alone: what lies below the bus does not change,
    /// and a dirty owner stays the owner.
    Supply(State),
    /// The requester has the line already, as new as this dirty copy, and answers for it from now
    /// on: no data moves.
    HandOver(State),
}

impl SnoopStep {
    /// Returns the state after the step, if there is one.
    pub const fn next(self) -> Option<State> {
        match self {
            Self::Never => None,
            Self::Silent(next) | Self::Flush(next) | Self::Supply(next) | Self::HandOver(next) => {
                Some(next)
            }
        }
    }
}

/// A cell that no path reaches.
pub(crate) const fn never<S: NeverStep>() -> S {
    S::NEVER
}

/// A step type that has a cell for "no path leads here".
pub(crate) trait NeverStep {
    /// That cell.
    const NEVER: Self;
}

impl NeverStep for ProcessorStep {
    const NEVER: Self = Self::Never;
}

impl NeverStep for SnoopStep {
    const NEVER: Self = Self::Never;
}

/// The access needs no transaction; the line goes to this state.
pub(crate) const fn hit(next: State) -> ProcessorStep {
    ProcessorStep::Silent(next)
}

/// A clean that leaves the line in this state.
pub(crate) const fn clean(next: State) -> ProcessorStep {
    ProcessorStep::Silent(next)
}

/// A transaction, then this state.
pub(crate) const fn bus(op: BusOp, next: State) -> ProcessorStep {
    ProcessorStep::Bus(op, next)
}

/// A transaction, then `shared` if another cache raised the shared wire, else `alone`.
pub(crate) const fn wire(op: BusOp, shared: State, alone: State) -> ProcessorStep {
    ProcessorStep::Wire { op, shared, alone }
}

/// The line is dropped: what lies below has its data.
pub(crate) const fn discard(next: State) -> ProcessorStep {
    ProcessorStep::Discard(next)
}

/// The line is replaced and its data goes outward.
pub(crate) const fn write_back(next: State) -> ProcessorStep {
    ProcessorStep::WriteBack(next)
}

/// The snooped line goes to this state. (A copy that stays takes the word of a `BusUpd`.)
pub(crate) const fn go(next: State) -> SnoopStep {
    SnoopStep::Silent(next)
}

/// The snooped line's dirty data goes on the bus, then the line goes to this state.
pub(crate) const fn flush(next: State) -> SnoopStep {
    SnoopStep::Flush(next)
}

/// The snooped line's data goes to the requester and not below, then the line goes to this state.
pub(crate) const fn supply(next: State) -> SnoopStep {
    SnoopStep::Supply(next)
}

/// The duty to write the line back moves to the requester, then the line goes to this state.
pub(crate) const fn hand_over(next: State) -> SnoopStep {
    SnoopStep::HandOver(next)
}
