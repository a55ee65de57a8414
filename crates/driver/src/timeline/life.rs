//! A line over the last steps.

use cache::LineAddr;
use coherence::{CacheOf, State};

use super::Timeline;
use crate::observe::Step;

/// A line at a step that was about it, or changed its states.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Moment {
    /// The step.
    pub step: Step,
    /// Every core's state for the line, after the step.
    pub states: Vec<State>,
    /// Whether each shared level has it dirty; `None` where it does not have it.
    pub shared: Vec<Option<bool>>,
}

impl Timeline {
    /// Returns the life of a line over the last [`WINDOW`](super::WINDOW) steps: those that were
    /// about it or changed its states, in order, the last so many of them.
    pub fn life(&self, line: LineAddr, most: usize) -> Vec<Moment> {
        let about = |step: &&Step| {
            step.line == line || step.changes.iter().any(|change| change.line == line)
        };
        let mut steps: Vec<&Step> = self.past().rev().filter(about).take(most).collect();
        steps.reverse();
        let Some(first) = steps.first() else { return Vec::new() };
        let mut point = self.copies.nearest_before(first.number).copy();
        let mut moments: Vec<Moment> = Vec::new();
        for step in steps {
            while point.done < step.number {
                if !point.run_next(&self.records) {
                    return moments;
                }
            }
            let machine = point.session.machine();
            let states = (0..machine.spec().cores).map(|core| machine.state(core, line)).collect();
            let shared = (0..machine.spec().shared.len()).map(|level| {
                let cache = CacheOf::Shared(level);
                let ways = machine.ways_of(cache, machine.set_of(cache, line));
                ways.into_iter().flatten().find(|way| way.line == line).map(|way| way.dirty)
            });
            let step = step.clone();
            moments.push(Moment { step, states, shared: shared.collect() });
        }
        moments
    }
}
