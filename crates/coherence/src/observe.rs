//! What an onlooker of the machine is told.
//!
//! The machine is generic over its observer, and every method does nothing unless it is written:
//! what nobody watches costs nothing.

use cache::{LineAddr, Slot};

use crate::counters::Cause;
use crate::fault::Fault;
use crate::reference::{CoreId, Reference};
use crate::step::{BusOp, Processor, State};

/// One place where a line's data can lie.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Place {
    /// A slot of a core's cache: levels outward from 0, the L1I (if any) after the last.
    Private {
        /// The core.
        core: CoreId,
        /// The cache among the core's.
        cache: usize,
        /// The slot.
        slot: Slot,
    },
    /// A slot of a shared level, counted outward from 0.
    Shared {
        /// The level.
        level: usize,
        /// The slot.
        slot: Slot,
    },
    /// A victim that has left a cache and not yet arrived further out. (One for each cache of a
    /// core, and one for each shared level, can be on its way at once.)
    Departing {
        /// The core; `None` for a shared level.
        core: Option<CoreId>,
        /// The cache among the core's, or the shared level.
        cache: usize,
    },
    /// The backing store.
    Store,
}

/// How the first level answered a reference.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FirstLevel {
    /// A valid copy was there.
    Hit,
    /// There was none (or, for `upgrades`, none that could be stored to).
    Miss {
        /// The core holds the line elsewhere: further out, or in its other first-level cache.
        held: bool,
        /// It is a store to a shared line that reads the line again to own it.
        upgrades: bool,
    },
}

/// How a core lost its last copy of a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Loss {
    /// To another core's store.
    Invalidation,
    /// To an eviction further out than the copy.
    BackInvalidation,
    /// Replaced by another line.
    Replacement,
    /// To a flush of the line: everybody lost it, and nobody remembers it.
    Flush,
}

/// A transaction that has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Transaction {
    /// The core that asked.
    pub core: CoreId,
    /// What was asked.
    pub op: BusOp,
    /// The line.
    pub line: LineAddr,
    /// Where the data came from, if data was asked for.
    pub supplier: Option<Supplier>,
}

/// Who answers a transaction with data.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Supplier {
    /// Another core.
    Core(CoreId),
    /// A shared level, counted outward from 0.
    Shared(usize),
    /// The backing store.
    Store,
}

/// A cell of a protocol's tables.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Cell {
    /// The core's own side.
    Own(State, Processor),
    /// Another core's transaction.
    Snoop(State, BusOp),
}

/// An onlooker. The order of calls is the order of events: one look-up begins a reference, and a
/// transaction that takes lines away from other cores for a store is followed by that store before
/// any other.
#[allow(unused_variables, reason = "the default methods do nothing")]
pub trait Observer {
    /// Somebody looks on: what is only worked out to be told is worked out.
    const LOOKS: bool = true;

    /// It is told of snoops by cores that do not hold the line, too: then a transaction asks every
    /// core, else those that may have it.
    const HEARS_OF_ABSENT: bool = Self::LOOKS;

    /// The first level was looked up; `cache` is 0 or that of the L1I. Nothing has changed yet.
    #[inline]
    fn looked_up(&mut self, reference: &Reference, cache: usize, answer: FirstLevel) {}

    /// A load, or the load of an atomic, reads its bytes at a place.
    #[inline]
    fn loaded(&mut self, reference: &Reference, place: Place) {}

    /// A store is performed now; the places that take its bytes follow.
    #[inline]
    fn storing(&mut self, reference: &Reference) {}

    /// A store's bytes reach a place.
    #[inline]
    fn stored(&mut self, reference: &Reference, place: Place) {}

    /// A whole line is copied.
    #[inline]
    fn copied(&mut self, line: LineAddr, from: Place, to: Place) {}

    /// A cell of the tables decides what a core does; for a snoop, also where the core does not
    /// hold the line, if that is to be heard of.
    #[inline]
    fn decided(&mut self, core: CoreId, line: LineAddr, cell: Cell) {}

    /// A core's state for a line changes.
    #[inline]
    fn changed(&mut self, core: CoreId, line: LineAddr, from: State, to: State, cause: Cause) {}

    /// A core loses its last copy of a line.
    #[inline]
    fn lost(&mut self, core: CoreId, line: LineAddr, loss: Loss) {}

    /// A dirty line goes on the bus for another core; `kept` if its owner stays the owner.
    #[inline]
    fn flushed(&mut self, core: CoreId, line: LineAddr, kept: bool) {}

    /// A requester takes over from a core the duty to write a line back.
    #[inline]
    fn handed_over(&mut self, core: CoreId, line: LineAddr) {}

    /// A core's copies of a line will take the bytes of another core's store.
    #[inline]
    fn updated(&mut self, core: CoreId, line: LineAddr) {}

    /// A dirty line leaves a core for below the bus.
    #[inline]
    fn wrote_back(&mut self, core: CoreId, line: LineAddr) {}

    /// A line written back by an access has passed the bus, at that tick; until then it lay in the
    /// core's write buffer. (A clean or flush takes no time and is not told here.)
    #[inline]
    fn posted(&mut self, core: CoreId, line: LineAddr, passed: u64) {}

    /// So many bytes of a line pass the bus, for whatever reason: told wherever `data_bytes` grows.
    #[inline]
    fn carried(&mut self, line: LineAddr, bytes: u64) {}

    /// A transaction has ended.
    #[inline]
    fn transacted(&mut self, transaction: &Transaction) {}

    /// A line is about to be cleaned or flushed in every cache; what follows is of that line, until
    /// the next one or the next reference.
    #[inline]
    fn maintaining(&mut self, line: LineAddr) {}

    /// Tells whether the onlooker wants to be asked before the next reference: something is wrong.
    #[inline]
    fn halts(&self) -> bool {
        false
    }

    /// Tells whether the machine shall misbehave in this way, for a test of the checks.
    #[doc(hidden)]
    #[inline]
    fn plants(&self, fault: Fault) -> bool {
        false
    }

    /// Tells whether the machine shall take no short way where there is a long one: for a test that
    /// compares the two, and for faults, which are planted on the long ways alone.
    #[doc(hidden)]
    #[inline]
    fn takes_long_ways(&self) -> bool {
        false
    }
}

impl Observer for () {
    const LOOKS: bool = false;
}

/// Two observers, told in turn.
impl<A: Observer, B: Observer> Observer for (A, B) {
    const LOOKS: bool = A::LOOKS || B::LOOKS;
    const HEARS_OF_ABSENT: bool = A::HEARS_OF_ABSENT || B::HEARS_OF_ABSENT;

    #[inline]
    fn looked_up(&mut self, reference: &Reference, cache: usize, answer: FirstLevel) {
        self.0.looked_up(reference, cache, answer);
        self.1.looked_up(reference, cache, answer);
    }

    #[inline]
    fn loaded(&mut self, reference: &Reference, place: Place) {
        self.0.loaded(reference, place);
        self.1.loaded(reference, place);
    }

    #[inline]
    fn storing(&mut self, reference: &Reference) {
        self.0.storing(reference);
        self.1.storing(reference);
    }

    #[inline]
    fn stored(&mut self, reference: &Reference, place: Place) {
        self.0.stored(reference, place);
        self.1.stored(reference, place);
    }

    #[inline]
    fn copied(&mut self, line: LineAddr, from: Place, to: Place) {
        self.0.copied(line, from, to);
        self.1.copied(line, from, to);
    }

    #[inline]
    fn decided(&mut self, core: CoreId, line: LineAddr, cell: Cell) {
        self.0.decided(core, line, cell);
        self.1.decided(core, line, cell);
    }

    #[inline]
    fn changed(&mut self, core: CoreId, line: LineAddr, from: State, to: State, cause: Cause) {
        self.0.changed(core, line, from, to, cause);
        self.1.changed(core, line, from, to, cause);
    }

    #[inline]
    fn lost(&mut self, core: CoreId, line: LineAddr, loss: Loss) {
        self.0.lost(core, line, loss);
        self.1.lost(core, line, loss);
    }

    #[inline]
    fn flushed(&mut self, core: CoreId, line: LineAddr, kept: bool) {
        self.0.flushed(core, line, kept);
        self.1.flushed(core, line, kept);
    }

    #[inline]
    fn handed_over(&mut self, core: CoreId, line: LineAddr) {
        self.0.handed_over(core, line);
        self.1.handed_over(core, line);
    }

    #[inline]
    fn updated(&mut self, core: CoreId, line: LineAddr) {
        self.0.updated(core, line);
        self.1.updated(core, line);
    }

    #[inline]
    fn wrote_back(&mut self, core: CoreId, line: LineAddr) {
        self.0.wrote_back(core, line);
        self.1.wrote_back(core, line);
    }

    #[inline]
    fn posted(&mut self, core: CoreId, line: LineAddr, passed: u64) {
        self.0.posted(core, line, passed);
        self.1.posted(core, line, passed);
    }

    #[inline]
    fn carried(&mut self, line: LineAddr, bytes: u64) {
        self.0.carried(line, bytes);
        self.1.carried(line, bytes);
    }

    #[inline]
    fn transacted(&mut self, transaction: &Transaction) {
        self.0.transacted(transaction);
        self.1.transacted(transaction);
    }

    #[inline]
    fn maintaining(&mut self, line: LineAddr) {
        self.0.maintaining(line);
        self.1.maintaining(line);
    }

    #[inline]
    fn halts(&self) -> bool {
        self.0.halts() || self.1.halts()
    }

    #[inline]
    fn plants(&self, fault: Fault) -> bool {
        self.0.plants(fault) || self.1.plants(fault)
    }

    #[inline]
    fn takes_long_ways(&self) -> bool {
        self.0.takes_long_ways() || self.1.takes_long_ways()
    }
}

/// An observer that may be absent, which is then told nothing.
impl<O: Observer> Observer for Option<O> {
    const LOOKS: bool = O::LOOKS;
    const HEARS_OF_ABSENT: bool = O::HEARS_OF_ABSENT;

    #[inline]
    fn looked_up(&mut self, reference: &Reference, cache: usize, answer: FirstLevel) {
        if let Some(observer) = self {
            observer.looked_up(reference, cache, answer);
        }
    }

    #[inline]
    fn loaded(&mut self, reference: &Reference, place: Place) {
        if let Some(observer) = self {
            observer.loaded(reference, place);
        }
    }

    #[inline]
    fn storing(&mut self, reference: &Reference) {
        if let Some(observer) = self {
            observer.storing(reference);
        }
    }

    #[inline]
    fn stored(&mut self, reference: &Reference, place: Place) {
        if let Some(observer) = self {
            observer.stored(reference, place);
        }
    }

    #[inline]
    fn copied(&mut self, line: LineAddr, from: Place, to: Place) {
        if let Some(observer) = self {
            observer.copied(line, from, to);
        }
    }

    #[inline]
    fn decided(&mut self, core: CoreId, line: LineAddr, cell: Cell) {
        if let Some(observer) = self {
            observer.decided(core, line, cell);
        }
    }

    #[inline]
    fn changed(&mut self, core: CoreId, line: LineAddr, from: State, to: State, cause: Cause) {
        if let Some(observer) = self {
            observer.changed(core, line, from, to, cause);
        }
    }

    #[inline]
    fn lost(&mut self, core: CoreId, line: LineAddr, loss: Loss) {
        if let Some(observer) = self {
            observer.lost(core, line, loss);
        }
    }

    #[inline]
    fn flushed(&mut self, core: CoreId, line: LineAddr, kept: bool) {
        if let Some(observer) = self {
            observer.flushed(core, line, kept);
        }
    }

    #[inline]
    fn handed_over(&mut self, core: CoreId, line: LineAddr) {
        if let Some(observer) = self {
            observer.handed_over(core, line);
        }
    }

    #[inline]
    fn updated(&mut self, core: CoreId, line: LineAddr) {
        if let Some(observer) = self {
            observer.updated(core, line);
        }
    }

    #[inline]
    fn wrote_back(&mut self, core: CoreId, line: LineAddr) {
        if let Some(observer) = self {
            observer.wrote_back(core, line);
        }
    }

    #[inline]
    fn posted(&mut self, core: CoreId, line: LineAddr, passed: u64) {
        if let Some(observer) = self {
            observer.posted(core, line, passed);
        }
    }

    #[inline]
    fn transacted(&mut self, transaction: &Transaction) {
        if let Some(observer) = self {
            observer.transacted(transaction);
        }
    }

    #[inline]
    fn maintaining(&mut self, line: LineAddr) {
        if let Some(observer) = self {
            observer.maintaining(line);
        }
    }

    #[inline]
    fn halts(&self) -> bool {
        self.as_ref().is_some_and(O::halts)
    }

    #[inline]
    fn plants(&self, fault: Fault) -> bool {
        self.as_ref().is_some_and(|observer| observer.plants(fault))
    }

    #[inline]
    fn takes_long_ways(&self) -> bool {
        self.as_ref().is_some_and(O::takes_long_ways)
    }
}
