//! A machine somewhere in the trace, with onlookers: what can be copied, and run on.

use coherence::MachineSpec;
use trace::Record;

use super::CLOSE_STEPS;
use crate::config::Config;
use crate::observe::{Show, Step, StepRecorder};
use crate::replay::ReplayOptions;
use crate::replay_error::ReplayError;
use crate::session::Session;

/// Bytes that a way of a cache takes in a copy, about.
const WAY_BYTES: u64 = 24;

/// A place between two records.
pub(super) struct Point {
    pub(super) session: Session<StepRecorder<Kept>>,
    /// The index of the record that is next.
    pub(super) next: usize,
    /// Steps so far, and before the last record.
    pub(super) done: u64,
    pub(super) done_before: u64,
}

/// Takes the steps of the record under way.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept(Vec<Step>);

impl Show for Kept {
    fn show(&mut self, _machine: &MachineSpec, step: Step) {
        self.0.push(step);
    }
}

impl Point {
    /// Makes a cold machine, before the first record.
    pub(super) fn start(config: &Config) -> Result<Self, ReplayError> {
        let options = ReplayOptions { classify: true, coverage: true, ..ReplayOptions::default() };
        let recorder = StepRecorder::new(config, config.machine.cores, &options, Kept::default());
        let session = Session::new(config, &options, recorder)?;
        Ok(Self { session, next: 0, done: 0, done_before: 0 })
    }

    /// Makes a cold machine for records that come from one trace a core.
    pub(super) fn start_merged(config: &Config) -> Result<Self, ReplayError> {
        let mut point = Self::start(config)?;
        point.session.take_own_times();
        Ok(point)
    }

    /// Performs the next record. [`Point::steps`] has what it did.
    pub(super) fn run(&mut self, record: &Record) -> Result<(), ReplayError> {
        #[cfg(test)]
        work::count(work::Work { copies: 0, records: 1 });
        self.kept().clear();
        // There is no limit here that could be reached.
        let _ = self.session.step(record)?;
        let recorder = self.session.machine_mut().observer_mut();
        recorder.close();
        self.next += 1;
        self.done_before = self.done;
        self.done += self.kept().len() as u64;
        Ok(())
    }

    /// Performs the next record, of records that could all be performed before. Tells whether there
    /// was one.
    pub(super) fn run_next(&mut self, records: &[Record]) -> bool {
        let Some(record) = records.get(self.next) else { return false };
        let done = self.run(record);
        debug_assert!(done.is_ok(), "a record can be replayed again");
        done.is_ok()
    }

    /// Tells whether the last record led to where a copy is kept if one walks there.
    pub(super) const fn is_close_place(&self) -> bool {
        self.done / CLOSE_STEPS > self.done_before / CLOSE_STEPS
    }

    /// Takes the steps of the last record out.
    pub(super) fn steps(&mut self) -> impl Iterator<Item = Step> + use<> {
        std::mem::take(self.kept()).into_iter()
    }

    fn kept(&mut self) -> &mut Vec<Step> {
        &mut self.session.machine_mut().observer_mut().show_mut().0
    }

    /// Returns what the machine is made of, with as many cores as there are by now.
    pub(super) fn machine(&self) -> &MachineSpec {
        self.session.machine().spec()
    }

    /// Returns a copy, which costs about [`Self::bytes_own`].
    pub(super) fn copy(&self) -> Self {
        #[cfg(test)]
        work::count(work::Work { copies: 1, records: 0 });
        Self { session: self.session.clone(), ..*self }
    }

    /// Has copies of this share what is known of lines by now, but for what is new from here on.
    pub(super) fn freeze(&mut self) {
        self.session.machine_mut().observer_mut().freeze();
    }

    /// Does the same so that what is known is found fast: it takes as long as a whole copy.
    pub(super) fn share(&mut self) {
        self.session.machine_mut().observer_mut().share();
    }

    /// Returns about how many bytes a copy has for itself.
    pub(super) fn bytes_own(&self) -> u64 {
        let spec = self.machine();
        let private = spec.private.iter().chain(&spec.l1i);
        let private: u64 = private.map(|level| u64::from(level.geometry.lines())).sum();
        let shared: u64 = spec.shared.iter().map(|level| u64::from(level.geometry.lines())).sum();
        let ways = private * u64::from(spec.cores) + shared;
        let [own, _] = self.session.machine().observer().bytes();
        ways * WAY_BYTES + own + 4096
    }

    /// Returns about how many bytes this takes, with what it shares.
    pub(super) fn bytes_about(&self) -> u64 {
        let [_, shared] = self.session.machine().observer().bytes();
        self.bytes_own() + shared
    }
}

/// Counts what costs time, for tests.
#[cfg(test)]
pub(super) mod work {
    use std::cell::Cell;

    /// Copies that were made, and records that were performed.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub(in crate::timeline) struct Work {
        pub(in crate::timeline) copies: u64,
        pub(in crate::timeline) records: u64,
    }

    thread_local! {
        static DONE: Cell<Work> = Cell::default();
    }

    pub(super) fn count(work: Work) {
        let done = take();
        let (copies, records) = (done.copies + work.copies, done.records + work.records);
        DONE.set(Work { copies, records });
    }

    /// Returns what was done since this was called last.
    pub(in crate::timeline) fn take() -> Work {
        DONE.take()
    }
}
