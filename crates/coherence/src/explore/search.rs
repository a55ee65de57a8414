//! Breadth first over every configuration that can be reached.

use std::ops::ControlFlow;

use super::cells::CellSet;
use super::event::Event;
use super::invariants::{Holdings, Invariant, first_broken};
use super::model::{Model, ModelError};
use super::rig::{Misstep, Rig};
use super::seen::{Origin, Seen};
use super::trail::{self, Trail};
use crate::observe::Cell;

/// What a search has found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exploration {
    /// Configurations reached. (With symmetry: those that the ones looked at stand for.)
    pub states: u64,
    /// Configurations up to the numbering of the cores; `None` where the search ended early and
    /// did not use the symmetry, so that which of them it has seen says nothing.
    pub symmetric_states: Option<u64>,
    /// Events performed in all configurations looked at.
    pub edges: u64,
    /// The most events that the shortest way to a configuration needs.
    pub depth: u32,
    /// The cells that decided something.
    pub cells: CellSet,
    /// How the search ended.
    pub outcome: Outcome,
}

/// How a search ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Every configuration was looked at, and every invariant holds.
    Holds,
    /// An invariant does not hold.
    Violated(Violation),
    /// The cell that was looked for decides the last event of this trail, a shortest one.
    Reached(Trail),
    /// The bound on the number of configurations was met.
    Incomplete,
    /// There is no memory for another configuration.
    NoMemory,
    /// The onlooker asked to stop.
    Stopped,
}

/// A broken invariant, and a shortest way to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// What is broken.
    pub invariant: Invariant,
    /// The line.
    pub line: u8,
    /// What happened in the last event, where that says more than the configuration after it.
    pub detail: Option<Detail>,
    /// The way.
    pub trail: Trail,
}

/// What happened in an event that went wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Detail {
    /// A load did not read the last store.
    OldData,
    /// A step could not be done.
    Broken(crate::machine::Broken),
}

/// How far a search has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// Configurations found.
    pub found: u64,
    /// Those of them whose events have been performed.
    pub done: u64,
    /// Events performed.
    pub edges: u64,
}

/// Looks at every configuration that can be reached, or up to the first broken invariant.
pub fn explore(
    model: &Model,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Exploration, ModelError> {
    model.check()?;
    Ok(Search::new(model, None).run(progress))
}

/// Looks for a shortest trail whose last event is decided by a cell.
pub fn find_cell(
    model: &Model,
    cell: Cell,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Exploration, ModelError> {
    model.check()?;
    Ok(Search::new(model, Some(cell)).run(progress))
}

/// Configurations between two reports of progress.
const REPORT_EVERY: usize = 4096;

struct Search<'a> {
    model: &'a Model,
    rig: Rig,
    holdings: Holdings,
    goal: Option<Cell>,
    seen: Seen,
    edges: u64,
    /// Configurations with a dirty copy, and no event that leaves fewer of them.
    suspects: Vec<usize>,
}

impl<'a> Search<'a> {
    fn new(model: &'a Model, goal: Option<Cell>) -> Self {
        let rig = Rig::new(model);
        let first = vec![0; rig.layout.numbers()];
        Self {
            model,
            rig,
            holdings: Holdings::of(&model.protocol),
            goal,
            seen: Seen::new(&first),
            edges: 0,
            suspects: Vec::new(),
        }
    }

    fn run(mut self, progress: &mut dyn FnMut(Progress) -> ControlFlow<()>) -> Exploration {
        let mut depth = 0;
        // The numbers below `level` are at most `depth` events away.
        let mut level = self.seen.len();
        let mut number = 0;
        let mut outcome = None;
        while number < self.seen.len() && outcome.is_none() {
            if number == level {
                level = self.seen.len();
                depth += 1;
            }
            outcome = self.expand(number);
            number += 1;
            if number.is_multiple_of(REPORT_EVERY) && outcome.is_none() {
                let (found, done) = (self.seen.len() as u64, number as u64);
                if progress(Progress { found, done, edges: self.edges }).is_break() {
                    outcome = Some(Outcome::Stopped);
                }
            }
        }
        let outcome = outcome.or_else(|| self.dead_end()).unwrap_or(Outcome::Holds);
        let (states, symmetric_states) = self.count(outcome == Outcome::Holds);
        let cells = self.rig.cells();
        Exploration { states, symmetric_states, edges: self.edges, depth, cells, outcome }
    }

    /// Performs every event of a configuration.
    fn expand(&mut self, number: usize) -> Option<Outcome> {
        let before = self.seen.get(number).to_vec();
        let dirty = self.rig.dirty_copies(&before);
        let mut after = before.clone();
        let mut events = Vec::new();
        let mut leads_down = dirty == 0;
        self.rig.events(&before, &mut events);
        for event in events {
            self.edges += 1;
            let done = self.rig.perform(&before, event, &mut after);
            if let Some(outcome) = self.judge(number, event, done, &after) {
                return Some(outcome);
            }
            leads_down |= self.rig.dirty_copies(&after) < dirty;
            if self.model.symmetry {
                after[..self.rig.layout.cores].sort_unstable();
            }
            if self.seen.len() as u64 == self.model.states_max && !self.seen.contains(&after) {
                return Some(Outcome::Incomplete);
            }
            if !self.seen.has_room() {
                return Some(Outcome::NoMemory);
            }
            if self.seen.insert(&after, Origin { before: number as u32, event })
                && let Some((invariant, line)) =
                    first_broken(&self.rig.layout, self.holdings, &after)
            {
                return Some(self.violated(number, event, invariant, line as u8, None));
            }
        }
        if !leads_down {
            self.suspects.push(number);
        }
        None
    }

    /// Looks at what an event did besides the configuration that it led to.
    fn judge(
        &self,
        number: usize,
        event: Event,
        done: Result<(), Misstep>,
        after: &[u64],
    ) -> Option<Outcome> {
        if self.goal.is_some_and(|cell| self.rig.cells().contains(cell)) {
            return Some(Outcome::Reached(self.trail(number, event)));
        }
        let line = event.line();
        match done {
            Ok(()) => None,
            // The configuration says it too, and more: which copy is old.
            Err(Misstep::OldData) => {
                let detail = match first_broken(&self.rig.layout, self.holdings, after) {
                    Some((Invariant::LastStore, _)) => None,
                    _ => Some(Detail::OldData),
                };
                Some(self.violated(number, event, Invariant::LastStore, line, detail))
            }
            Err(Misstep::Broken(broken)) => {
                let detail = Some(Detail::Broken(broken));
                let line = broken.line.0 as u8;
                Some(self.violated(number, event, Invariant::Possible, line, detail))
            }
        }
    }

    fn violated(
        &self,
        number: usize,
        event: Event,
        invariant: Invariant,
        line: u8,
        detail: Option<Detail>,
    ) -> Outcome {
        let trail = self.trail(number, event);
        Outcome::Violated(Violation { invariant, line, detail, trail })
    }

    /// The way to a configuration, and one event more.
    fn trail(&self, number: usize, event: Event) -> Trail {
        let mut events = self.seen.path(number);
        events.push(event);
        trail::walk(self.model, &events)
    }

    /// A configuration with a dirty copy from which none with fewer can be reached. Where there is
    /// none, all lines can become clean from everywhere, by as many steps as there are dirty
    /// copies.
    fn dead_end(&mut self) -> Option<Outcome> {
        for suspect in std::mem::take(&mut self.suspects) {
            if !self.leads_down(suspect) {
                let trail = trail::walk(self.model, &self.seen.path(suspect));
                let invariant = Invariant::CanBecomeClean;
                let violation = Violation { invariant, line: 0, detail: None, trail };
                return Some(Outcome::Violated(violation));
            }
        }
        None
    }

    fn leads_down(&mut self, from: usize) -> bool {
        let start = self.seen.get(from).to_vec();
        let dirty = self.rig.dirty_copies(&start);
        let mut nearby = Seen::new(&start);
        let mut events = Vec::new();
        let mut number = 0;
        while number < nearby.len() {
            let before = nearby.get(number).to_vec();
            let mut after = before.clone();
            self.rig.events(&before, &mut events);
            for event in std::mem::take(&mut events) {
                let done = self.rig.perform(&before, event, &mut after);
                if done.is_ok() && self.rig.dirty_copies(&after) < dirty {
                    return true;
                }
                nearby.insert(&after, Origin { before: number as u32, event });
            }
            number += 1;
        }
        false
    }

    /// Counts the configurations, and those up to the numbering of the cores.
    fn count(&self, complete: bool) -> (u64, Option<u64>) {
        let cores = self.rig.layout.cores;
        let all = (0..self.seen.len()).map(|number| &self.seen.get(number)[..cores]);
        if self.model.symmetry {
            return (all.map(arrangements).sum(), Some(self.seen.len() as u64));
        }
        let sorted = || all.filter(|numbers| numbers.is_sorted()).count() as u64;
        (self.seen.len() as u64, complete.then(sorted))
    }
}

/// In how many ways sorted numbers can be arranged: n! / (m1! m2! ...), m the repetitions.
fn arrangements(sorted: &[u64]) -> u64 {
    let factorial = |n: usize| (1..=n as u64).product::<u64>();
    let repeated = sorted.chunk_by(|a, b| a == b).map(|run| factorial(run.len()));
    factorial(sorted.len()) / repeated.product::<u64>()
}
