//! The steps of a run, until somebody has seen enough of them.

use std::ops::ControlFlow;

use cache::LineAddr;
use coherence::{
    Cause, Cell, CoreId, FirstLevel, Loss, MachineSpec, Observer, Place, Reference, State,
    Transaction,
};
use trace::Record;

use super::{Show, Step, StepRecorder, Watcher};
use crate::config::Config;
use crate::replay::ReplayOptions;

/// Has the steps of a run told until who is told has enough, and goes to sleep then.
pub(crate) struct FirstSteps<S> {
    /// None once it has told enough.
    recorder: Option<StepRecorder<Until<S>>>,
}

/// Tells of steps until there are enough.
struct Until<S> {
    show: S,
    is_enough: bool,
}

impl<S: FnMut(&MachineSpec, Step) -> ControlFlow<()>> Show for Until<S> {
    fn show(&mut self, machine: &MachineSpec, step: Step) {
        self.is_enough = self.is_enough || (self.show)(machine, step).is_break();
    }
}

impl<S: FnMut(&MachineSpec, Step) -> ControlFlow<()>> FirstSteps<S> {
    /// Has the steps of a machine told that begins with that many cores, until `show` breaks.
    pub(crate) fn new(config: &Config, cores: u32, options: &ReplayOptions, show: S) -> Self {
        let until = Until { show, is_enough: false };
        Self { recorder: Some(StepRecorder::new(config, cores, options, until)) }
    }

    /// A step has begun, and with it the one before has been told.
    fn begun(&mut self) {
        if self.recorder.as_mut().is_some_and(|recorder| recorder.show_mut().is_enough) {
            self.recorder = None;
        }
    }
}

impl<S: FnMut(&MachineSpec, Step) -> ControlFlow<()>> Observer for FirstSteps<S> {
    #[inline]
    fn looked_up(&mut self, reference: &Reference, cache: usize, answer: FirstLevel) {
        self.recorder.looked_up(reference, cache, answer);
        self.begun();
    }

    #[inline]
    fn loaded(&mut self, reference: &Reference, place: Place) {
        self.recorder.loaded(reference, place);
    }

    #[inline]
    fn storing(&mut self, reference: &Reference) {
        self.recorder.storing(reference);
    }

    #[inline]
    fn stored(&mut self, reference: &Reference, place: Place) {
        self.recorder.stored(reference, place);
    }

    #[inline]
    fn copied(&mut self, line: LineAddr, from: Place, to: Place) {
        self.recorder.copied(line, from, to);
    }

    #[inline]
    fn decided(&mut self, core: CoreId, line: LineAddr, cell: Cell) {
        self.recorder.decided(core, line, cell);
    }

    fn changed(&mut self, core: CoreId, line: LineAddr, from: State, to: State, cause: Cause) {
        self.recorder.changed(core, line, from, to, cause);
    }

    fn lost(&mut self, core: CoreId, line: LineAddr, loss: Loss) {
        self.recorder.lost(core, line, loss);
    }

    fn flushed(&mut self, core: CoreId, line: LineAddr, kept: bool) {
        self.recorder.flushed(core, line, kept);
    }

    fn handed_over(&mut self, core: CoreId, line: LineAddr) {
        self.recorder.handed_over(core, line);
    }

    fn updated(&mut self, core: CoreId, line: LineAddr) {
        self.recorder.updated(core, line);
    }

    fn wrote_back(&mut self, core: CoreId, line: LineAddr) {
        self.recorder.wrote_back(core, line);
    }

    fn posted(&mut self, core: CoreId, line: LineAddr, passed: u64) {
        self.recorder.posted(core, line, passed);
    }

    fn transacted(&mut self, transaction: &Transaction) {
        self.recorder.transacted(transaction);
    }

    fn maintaining(&mut self, line: LineAddr) {
        self.recorder.maintaining(line);
        self.begun();
    }

    #[inline]
    fn halts(&self) -> bool {
        self.recorder.halts()
    }
}

/// It tells of steps, and counts nothing.
impl<S: FnMut(&MachineSpec, Step) -> ControlFlow<()>> Watcher for FirstSteps<S> {
    fn aside(&mut self, record: &Record) {
        if let Some(recorder) = &mut self.recorder {
            recorder.aside(record);
        }
    }

    fn at_end(&mut self) {
        if let Some(recorder) = &mut self.recorder {
            recorder.at_end();
        }
    }
}
