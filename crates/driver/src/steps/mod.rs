//! A replay that shows each reference.

use std::ops::ControlFlow;

use coherence::{MachineSpec, State};
use trace::Source;

use crate::config::Config;
use crate::observe::{Step, StepRecorder};
use crate::replay::ReplayOptions;
use crate::replay_error::ReplayError;
use crate::session::Session;

/// A machine whose every reference is shown as a [`Step`].
pub struct StepTable {
    session: Session<StepRecorder>,
}

impl StepTable {
    /// Builds the machine of a config.
    pub fn new(config: &Config) -> Result<Self, ReplayError> {
        let options = ReplayOptions::default();
        Ok(Self { session: Session::new(config, &options, StepRecorder::default())? })
    }

    /// Replays a trace, at most `limit` accesses, and shows each reference with every core's state
    /// before and after it.
    pub fn run<E: From<ReplayError>>(
        &mut self,
        mut source: Box<dyn Source>,
        limit: Option<u64>,
        show: &mut dyn FnMut(&MachineSpec, &Step) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut chunk = Vec::new();
        let mut left = limit.unwrap_or(u64::MAX);
        let mut more = true;
        while more {
            chunk.clear();
            more = source.read(&mut chunk).map_err(ReplayError::from)?;
            for record in &chunk {
                if record.op.is_access() {
                    if left == 0 {
                        return Ok(());
                    }
                    left -= 1;
                }
                self.session.prepare(record)?;
                let before = self.states(record);
                let stepped = self.session.step(record);
                let protocol = &self.session.machine().spec().protocol;
                let flow = stepped.map_err(|error| error.under(protocol))?;
                debug_assert_eq!(flow, ControlFlow::Continue(()));
                let after = self.states(record);
                let steps = self.session.machine_mut().observer_mut().take();
                for ((mut step, before), after) in steps.into_iter().zip(before).zip(after) {
                    (step.before, step.after) = (before, after);
                    show(self.session.machine().spec(), &step)?;
                }
            }
        }
        Ok(())
    }

    /// Every core's state for each line that a record touches.
    fn states(&self, record: &trace::Record) -> Vec<Vec<State>> {
        if !record.op.is_access() {
            return Vec::new();
        }
        let machine = self.session.machine();
        let size = machine.line_size();
        let first = size.line(cache::Addr(record.addr));
        let last = size.line(cache::Addr(record.addr + u64::from(record.size - 1)));
        let cores = machine.spec().cores;
        let states = |line| (0..cores).map(|core| machine.state(core, line)).collect();
        (first.0..=last.0).map(|line| states(cache::LineAddr(line))).collect()
    }
}
