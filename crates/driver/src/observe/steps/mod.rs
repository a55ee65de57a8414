//! What each reference did, as a row for a reader.

use cache::LineAddr;
use coherence::{
    BusOp, Cause, CoreId, FirstLevel, Loss, Observer, Place, Reference, State, Supplier,
    Transaction,
};

use super::Watcher;

/// Something that a reference did to a line besides its own.
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
    /// A core replaced its last copy of a line.
    Evict(CoreId, LineAddr),
    /// A core lost its line to an eviction further out.
    BackInvalidate(CoreId, LineAddr),
}

/// One transaction as a step shows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StepBus {
    /// The operation.
    pub op: BusOp,
    /// Who supplied data, if data was asked for.
    pub supplier: Option<Supplier>,
}

/// One reference and what it did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// The reference.
    pub reference: Reference,
    /// The first level had a valid copy.
    pub hit: bool,
    /// The transactions, in order.
    pub bus: Vec<StepBus>,
    /// What else happened, in order.
    pub happenings: Vec<Happening>,
    /// Where the line came from, if the reference brought it into a cache.
    pub filled_from: Option<Place>,
    /// Every core's state for the line after the reference; filled in by the replay.
    pub after: Vec<State>,
    /// Every core's state for the line before the reference; filled in by the replay.
    pub before: Vec<State>,
}

/// Records the steps of the access under way.
#[derive(Debug, Default)]
pub struct StepRecorder {
    steps: Vec<Step>,
}

impl StepRecorder {
    /// Takes the steps recorded since the last call.
    pub fn take(&mut self) -> Vec<Step> {
        std::mem::take(&mut self.steps)
    }

    fn last(&self) -> Option<Happening> {
        self.steps.last().and_then(|step| step.happenings.last()).copied()
    }

    fn happen(&mut self, happening: Happening) {
        if let Some(step) = self.steps.last_mut() {
            step.happenings.push(happening);
        }
    }
}

impl Observer for StepRecorder {
    fn looked_up(&mut self, reference: &Reference, _cache: usize, answer: FirstLevel) {
        self.steps.push(Step {
            reference: *reference,
            hit: answer == FirstLevel::Hit,
            bus: Vec::new(),
            happenings: Vec::new(),
            filled_from: None,
            before: Vec::new(),
            after: Vec::new(),
        });
    }

    fn copied(&mut self, line: LineAddr, from: Place, _to: Place) {
        if let Some(step) = self.steps.last_mut().filter(|step| step.reference.line == line) {
            step.filled_from.get_or_insert(from);
        }
    }

    fn changed(&mut self, core: CoreId, line: LineAddr, _from: State, to: State, cause: Cause) {
        if cause == Cause::Evict && !to.is_valid() {
            self.happen(Happening::Evict(core, line));
        }
    }

    fn lost(&mut self, core: CoreId, line: LineAddr, loss: Loss) {
        let evicted = Happening::Evict(core, line);
        match loss {
            Loss::Invalidation => self.happen(Happening::Invalidate(core, line)),
            // A core's own eviction that takes inner copies along is told as an eviction.
            Loss::BackInvalidation if self.last() == Some(evicted) => {}
            Loss::BackInvalidation => self.happen(Happening::BackInvalidate(core, line)),
            Loss::Replacement | Loss::Flush => {}
        }
    }

    fn flushed(&mut self, core: CoreId, line: LineAddr, kept: bool) {
        let flush = if kept { Happening::Supply } else { Happening::Flush };
        self.happen(flush(core, line));
    }

    fn handed_over(&mut self, core: CoreId, line: LineAddr) {
        self.happen(Happening::HandOver(core, line));
    }

    fn updated(&mut self, core: CoreId, line: LineAddr) {
        self.happen(Happening::Update(core, line));
    }

    fn wrote_back(&mut self, core: CoreId, line: LineAddr) {
        self.happen(Happening::WriteBack(core, line));
    }

    fn transacted(&mut self, transaction: &Transaction) {
        if let Some(step) = self.steps.last_mut() {
            step.bus.push(StepBus { op: transaction.op, supplier: transaction.supplier });
        }
    }
}

impl Watcher for StepRecorder {}
