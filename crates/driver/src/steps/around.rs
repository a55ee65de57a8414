//! Stretches of a long run: the steps round those that meet a condition.

use std::collections::{BTreeMap, VecDeque};
use std::ops::ControlFlow;

use cache::LineAddr;
use coherence::{MachineSpec, State};
use rustc_hash::FxHashMap;

use super::{Names, States, StepRecord};
use crate::observe::Step;
use crate::timeline::Condition;

/// Steps that are kept before a step that meets the condition, and after it.
const MARGIN: usize = 50;

/// What is kept of a run.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Excerpt {
    /// The steps, each as a line of JSON.
    pub steps: Vec<String>,
    /// The numbers of those that meet the condition.
    pub hits: Vec<u64>,
    /// Where a stretch begins, and the states then.
    pub starts: Vec<Start>,
    /// There was no room for more, whatever came later.
    pub is_full: bool,
    /// A condition of the same kind that the first steps meet, if one does.
    pub example: Option<String>,
}

/// The beginning of a stretch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Start {
    /// Where its first step stands among the steps that are kept, from 1.
    pub at: usize,
    /// The number of its first step.
    pub step: u64,
    /// Every core's state before that step, for each line that the stretch is about, by the address
    /// of its first byte.
    pub states: BTreeMap<u64, States>,
}

/// Takes the steps of a run, and keeps those round the first that meet a condition.
pub struct Around<'a> {
    condition: Condition,
    names: &'a Names,
    steps_max: usize,
    /// The steps before the one under way that may be kept yet.
    waiting: VecDeque<Step>,
    /// Every core's state before the first of them, for each line that some core holds.
    states: FxHashMap<LineAddr, Vec<State>>,
    /// How many steps are kept yet whatever they are.
    after: usize,
    /// The number of the step behind the last one that is kept.
    next: u64,
    excerpt: Excerpt,
}

impl<'a> Around<'a> {
    /// Prepares to keep at most `steps_max` steps, in sentences that use the trace's names.
    pub fn new(condition: Condition, names: &'a Names, steps_max: usize) -> Self {
        Self {
            condition,
            names,
            steps_max,
            waiting: VecDeque::with_capacity(MARGIN + 1),
            states: FxHashMap::default(),
            after: 0,
            next: 0,
            excerpt: Excerpt::default(),
        }
    }

    /// Takes the next step; breaks when there is no room for more.
    pub fn take(&mut self, machine: &MachineSpec, step: Step) -> ControlFlow<()> {
        if self.excerpt.steps.len() == self.steps_max {
            self.excerpt.is_full = true;
            return ControlFlow::Break(());
        }
        if self.excerpt.example.is_none() {
            self.excerpt.example = self.condition.like(machine, &step);
        }
        let is_hit = self.condition.is_met(&step);
        self.waiting.push_back(step);
        if is_hit {
            self.after = MARGIN + 1;
        }
        if self.after > 0 {
            self.after -= 1;
            while let Some(step) = self.waiting.pop_front() {
                self.keep(machine, &step);
            }
        } else if self.waiting.len() > MARGIN
            && let Some(step) = self.waiting.pop_front()
        {
            self.pass(&step);
        }
        ControlFlow::Continue(())
    }

    /// Returns what was kept.
    pub fn finish(self) -> Excerpt {
        self.excerpt
    }

    /// Keeps a step, if there is room.
    fn keep(&mut self, machine: &MachineSpec, step: &Step) {
        if self.excerpt.steps.len() < self.steps_max {
            if step.number != self.next {
                let (at, states) = (self.excerpt.steps.len() + 1, BTreeMap::new());
                self.excerpt.starts.push(Start { at, step: step.number, states });
            }
            self.next = step.number + 1;
            self.start_with(machine, step);
            if self.condition.is_met(step) {
                self.excerpt.hits.push(step.number);
            }
            self.excerpt.steps.push(StepRecord::new(machine, self.names, step).json());
        }
        self.pass(step);
    }

    /// Says at the beginning of the stretch under way what the lines were then that a step is the
    /// first to be about.
    fn start_with(&mut self, machine: &MachineSpec, step: &Step) {
        let Some(Start { states, .. }) = self.excerpt.starts.last_mut() else { return };
        let happened = step.happenings.iter().map(|happening| happening.whose().1);
        let changed = step.changes.iter().map(|change| change.line);
        for line in [step.line].into_iter().chain(happened).chain(changed) {
            states.entry(machine.line.base(line).0).or_insert_with(|| {
                let mut before = self.states.get(&line).cloned().unwrap_or_default();
                before.resize(machine.cores as usize, State::INVALID);
                States::of(machine, &before)
            });
        }
    }

    /// Makes the states those after a step.
    fn pass(&mut self, step: &Step) {
        for change in &step.changes {
            let states = self.states.entry(change.line).or_default();
            let least = change.core as usize + 1;
            if states.len() < least {
                states.resize(least, State::INVALID);
            }
            states[change.core as usize] = change.to;
            if states.iter().all(|state| !state.is_valid()) {
                self.states.remove(&change.line);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;
    use std::ops::ControlFlow;

    use trace::ReadOptions;

    use super::*;
    use crate::config::{Config, Draft};
    use crate::{Interleave, ReplayOptions, Streams};

    /// Keeps steps of a trace of so many reads of core 0, step n of the line n.
    fn excerpt(steps: u64, condition: &str, steps_max: usize) -> Excerpt {
        let mut text = String::from("@cores 2\n");
        for step in 1..=steps {
            let _ = writeln!(text, "0 R {:#x}", step * 64);
        }
        let source =
            trace::read("inline", Box::new(std::io::Cursor::new(text)), &ReadOptions::default());
        let mut draft = Draft::built_in();
        draft.set("cores=2").unwrap();
        let config = Config::new(&draft).unwrap();
        let names = Names::default();
        let condition = Condition::read(condition, &config.machine, &names).unwrap();
        let mut around = Around::new(condition, &names, steps_max);
        crate::replay_windows(
            &config,
            Streams::Ordered(source.unwrap()),
            Interleave::Recorded,
            &ReplayOptions::default(),
            &mut |_| ControlFlow::Continue(()),
            &mut |machine, step| around.take(machine, step),
        )
        .unwrap();
        around.finish()
    }

    fn starts(excerpt: &Excerpt) -> Vec<u64> {
        excerpt.starts.iter().map(|start| start.step).collect()
    }

    #[test]
    fn fifty_steps_stand_on_either_side_as_far_as_there_are_any() {
        let kept = |hit: u64| {
            let kept = excerpt(300, &format!("line={:#x}", hit * 64), 1000);
            assert_eq!((&kept.hits[..], kept.is_full), (&[hit][..], false));
            (starts(&kept), kept.steps.len())
        };
        assert_eq!(kept(150), (vec![100], 101));
        assert_eq!(kept(51), (vec![1], 101));
        assert_eq!(kept(1), (vec![1], 51));
        assert_eq!(kept(300), (vec![250], 51));
    }

    #[test]
    fn there_are_never_more_steps_than_asked_for() {
        let kept = excerpt(300, "core=0", 120);
        assert_eq!((kept.steps.len(), kept.hits.len(), kept.is_full), (120, 120, true));
        assert_eq!(starts(&kept), [1]);
        // As many as there are fit.
        let kept = excerpt(300, "core=0", 300);
        assert_eq!((kept.steps.len(), kept.is_full), (300, false));
    }

    #[test]
    fn a_condition_that_is_never_met_has_an_example_that_is() {
        let kept = excerpt(300, "bus=BusUpd", 1000);
        assert_eq!(kept, Excerpt { example: Some("bus=BusRd".to_owned()), ..Excerpt::default() });
        assert_eq!(excerpt(9, "line=0", 1000).example.as_deref(), Some("line=0x40"));
        assert_eq!(excerpt(9, "core=1", 1000).example.as_deref(), Some("core=0"));
        assert_eq!(excerpt(9, "state M->S", 1000).example.as_deref(), Some("state I->E"));
    }
}
