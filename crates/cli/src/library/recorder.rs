//! What the machine tells of one access.

use cache::LineAddr;
use coherence::{Cause, CoreId, FirstLevel, Loss, Observer, Reference, State, Transaction};
use driver::observe::Watcher;

use super::log::{Event, Supplier};

/// Collects what happens during an access.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    /// The access looked for its line, and found it.
    pub(crate) hit: Option<bool>,
    /// The transactions, with who supplied where data was asked for.
    pub(crate) bus: Vec<(&'static str, Option<Supplier>)>,
    pub(crate) events: Vec<(Event, CoreId, LineAddr)>,
    /// How the machine shall misbehave.
    #[cfg(test)]
    pub(crate) planted: Option<coherence::Fault>,
}

impl Recorder {
    /// Forgets the last access.
    pub(crate) fn begin(&mut self) {
        self.hit = None;
        self.bus.clear();
        self.events.clear();
    }
}

impl Observer for Recorder {
    fn looked_up(&mut self, _reference: &Reference, _cache: usize, answer: FirstLevel) {
        self.hit = Some(answer == FirstLevel::Hit);
    }

    fn changed(&mut self, core: CoreId, line: LineAddr, _from: State, to: State, cause: Cause) {
        if cause == Cause::Evict && !to.is_valid() {
            self.events.push((Event::Eviction, core, line));
        }
    }

    fn lost(&mut self, core: CoreId, line: LineAddr, loss: Loss) {
        if loss == Loss::Invalidation {
            self.events.push((Event::Invalidation, core, line));
        }
    }

    fn flushed(&mut self, core: CoreId, line: LineAddr, kept: bool) {
        let event = if kept { Event::Supply } else { Event::Flush };
        self.events.push((event, core, line));
    }

    fn handed_over(&mut self, core: CoreId, line: LineAddr) {
        self.events.push((Event::HandOver, core, line));
    }

    fn updated(&mut self, core: CoreId, line: LineAddr) {
        self.events.push((Event::Update, core, line));
    }

    fn wrote_back(&mut self, core: CoreId, line: LineAddr) {
        self.events.push((Event::WriteBack, core, line));
    }

    fn transacted(&mut self, transaction: &Transaction) {
        let supplier = transaction.supplier.map(|supplier| match supplier {
            coherence::Supplier::Core(core) => Supplier::Core(core),
            // There are no shared levels.
            coherence::Supplier::Shared(_) | coherence::Supplier::Store => Supplier::Memory,
        });
        self.bus.push((transaction.op.name(), supplier));
    }

    #[cfg(test)]
    fn plants(&self, fault: coherence::Fault) -> bool {
        self.planted == Some(fault)
    }

    #[cfg(test)]
    fn takes_long_ways(&self) -> bool {
        self.planted.is_some()
    }
}

impl Watcher for Recorder {}
