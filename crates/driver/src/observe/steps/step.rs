//! One step of a run, as it happened.

use cache::{Addr, LineAddr, LineSize};
use coherence::{BusOp, CORES_MAX, Cell, CoreId, FirstLevel, Op, Place, State, Supplier};

/// What a step is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// A reference of a core.
    Access(Op),
    /// The line is cleaned in every cache.
    Clean,
    /// The line is flushed from every cache.
    Flush,
}

impl Action {
    /// Returns the letter of the action, as a trace has it.
    pub const fn letter(self) -> &'static str {
        match self {
            Self::Access(Op::Read) => "R",
            Self::Access(Op::Write) => "W",
            Self::Access(Op::Atomic) => "A",
            Self::Access(Op::Fetch) => "I",
            Self::Clean => "C",
            Self::Flush => "F",
        }
    }
}

/// Something that a step did to a core's line, besides answering who asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Happening {
    /// A core put its dirty line on the bus, and what lies below took it too.
    Flush(CoreId, LineAddr),
    /// A core put its dirty line on the bus and stays its owner.
    Supply(CoreId, LineAddr),
    /// A requester took over the duty to write a core's line back.
    HandOver(CoreId, LineAddr),
    /// A core's copy took the requester's store.
    Update(CoreId, LineAddr),
    /// A core lost its line to the requester.
    Invalidate(CoreId, LineAddr),
    /// A core sent a dirty line below the bus.
    WriteBack(CoreId, LineAddr),
    /// An eviction took a core's dirty data; it keeps a clean copy, in this state.
    Clean(CoreId, LineAddr, State),
    /// A core replaced its last copy of a line.
    Evict(CoreId, LineAddr),
    /// A core lost its line to an eviction further out.
    BackInvalidate(CoreId, LineAddr),
}

impl Happening {
    /// Returns the core whose line it is, and the line.
    pub const fn whose(self) -> (CoreId, LineAddr) {
        match self {
            Self::Flush(core, line)
            | Self::Supply(core, line)
            | Self::HandOver(core, line)
            | Self::Update(core, line)
            | Self::Invalidate(core, line)
            | Self::WriteBack(core, line)
            | Self::Clean(core, line, _)
            | Self::Evict(core, line)
            | Self::BackInvalidate(core, line) => (core, line),
        }
    }
}

/// One transaction as a step shows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StepBus {
    /// The operation.
    pub op: BusOp,
    /// Who supplied data, if data was asked for.
    pub supplier: Option<Supplier>,
}

/// A cell of the tables that decided what a core does with a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UsedCell {
    /// The core.
    pub core: CoreId,
    /// The line.
    pub line: LineAddr,
    /// The cell.
    pub cell: Cell,
}

/// A core's state for a line became another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Change {
    /// The core.
    pub core: CoreId,
    /// The line.
    pub line: LineAddr,
    /// What it was.
    pub from: State,
    /// What it is now.
    pub to: State,
}

/// Who wrote a word last, and in which step: a number that grows with the steps.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Writer(u64);

impl Writer {
    /// The writer of a step.
    pub(super) const fn new(step: u64, core: CoreId) -> Self {
        Self(step * CORES_MAX as u64 + core as u64)
    }

    /// The writer of a number; `None` for 0, which no writer has.
    pub(super) const fn from_number(number: u64) -> Option<Self> {
        if number == 0 { None } else { Some(Self(number)) }
    }

    pub(super) const fn number(self) -> u64 {
        self.0
    }

    /// Returns the step.
    pub const fn step(self) -> u64 {
        self.0 / CORES_MAX as u64
    }

    /// Returns the core.
    pub const fn core(self) -> CoreId {
        (self.0 % CORES_MAX as u64) as CoreId
    }
}

/// How a core lost its last copy of a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lost {
    /// In which step.
    pub step: u64,
    /// How.
    pub how: LostHow,
}

/// What takes a core's last copy of a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LostHow {
    /// Another core's transaction.
    Taken {
        /// The core.
        by: CoreId,
        /// What it asked.
        op: Op,
        /// The first byte that it asked for.
        addr: Addr,
    },
    /// It was replaced.
    Replaced,
    /// An eviction further out took it along.
    BackInvalidated,
    /// It was flushed, by everybody.
    Flushed,
}

/// One reference, or one line that was cleaned or flushed, and what it did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// Its number, from 1.
    pub number: u64,
    /// What it is.
    pub action: Action,
    /// The core that asked.
    pub core: CoreId,
    /// The line.
    pub line: LineAddr,
    /// The first byte, counted from the start of the line.
    pub offset: u32,
    /// How many bytes.
    pub bytes: u32,
    /// How the first level answered; nobody asks it of a clean or flush.
    pub answer: Option<FirstLevel>,
    /// The class of a miss, by the name that reports give it.
    pub class: Option<&'static str>,
    /// How the core had lost the line, if it has had it and does not hold it.
    pub lost: Option<Lost>,
    /// Who had written the words of a miss last.
    pub written: Vec<Option<Writer>>,
    /// The transactions, in order.
    pub bus: Vec<StepBus>,
    /// What else happened, in order.
    pub happenings: Vec<Happening>,
    /// The cells that were used, in order; not those of cores that saw a transaction of a line
    /// that they do not hold.
    pub cells: Vec<UsedCell>,
    /// Every change of a core's state for a line, in order.
    pub changes: Vec<Change>,
    /// Where the line came from, if the reference brought it into a cache.
    pub filled_from: Option<Place>,
    /// The words that were accessed, and who had written what they hold after the access.
    pub words: Vec<(Addr, Option<Writer>)>,
    /// Every core's state for the line before.
    pub before: Vec<State>,
    /// Every core's state for the line after.
    pub after: Vec<State>,
}

impl Step {
    /// Returns the address of the first byte.
    pub fn addr(&self, size: LineSize) -> Addr {
        Addr(size.base(self.line).0 + u64::from(self.offset))
    }

    /// Returns who supplied the line, if a transaction asked for it.
    pub fn supplier(&self) -> Option<Supplier> {
        self.bus.iter().find_map(|bus| bus.supplier)
    }

    /// Returns the core's own cache that had the line, if one did and the reference missed.
    pub fn own_supplier(&self) -> Option<usize> {
        match self.filled_from {
            Some(Place::Private { core, cache, .. }) if core == self.core => Some(cache),
            _ => None,
        }
    }
}
