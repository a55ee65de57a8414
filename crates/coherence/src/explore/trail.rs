//! A way through the configurations of a model, laid open for a reader.

use super::event::Event;
use super::layout::{Copied, Layout};
use super::model::Model;
use super::rig::Rig;
use crate::observe::Cell;
use crate::step::State;

/// Events one after another, and the configuration after each.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trail {
    /// The steps, the first one first.
    pub steps: Vec<TrailStep>,
}

/// One event, and every line after it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrailStep {
    /// What happened.
    pub event: Event,
    /// The cells that decided it, each with its core, in the order in which they were asked.
    pub cells: Vec<(u8, Cell)>,
    /// The lines, by number.
    pub lines: Vec<LineView>,
}

/// One line in all places.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LineView {
    /// Each core's state and copies, its levels outward.
    pub cores: Vec<(State, Vec<Copied>)>,
    /// The shared level's copy, if there is such a level.
    pub shared: Option<Copied>,
    /// The backing store's words, the lowest bits those of word 0.
    pub store: u32,
    /// The last store to each word.
    pub last: u32,
}

impl Trail {
    /// Returns the events alone.
    pub fn events(&self) -> impl ExactSizeIterator<Item = Event> + '_ {
        self.steps.iter().map(|step| step.event)
    }
}

/// Performs events from the beginning, without looking at what they break.
///
/// With symmetry, an event names a core by its place in the sorted configuration; the walk gives it
/// the number that it has when nobody sorts.
pub(super) fn walk(model: &Model, events: &[Event]) -> Trail {
    let mut rig = Rig::new(model);
    let cores = rig.layout.cores;
    let mut now = vec![0; rig.layout.numbers()];
    let mut after = now.clone();
    let mut steps = Vec::new();
    for event in events {
        let mut order: Vec<usize> = (0..cores).collect();
        if model.symmetry {
            order.sort_by_key(|core| now[*core]);
        }
        let event = match event.core() {
            Some(core) => event.with_core(order[usize::from(core)] as u8),
            None => *event,
        };
        // What breaks is what the walk leads to; the caller knows it already.
        rig.take_log();
        let _ = rig.perform(&now, event, &mut after);
        let cells = rig.take_log();
        now.copy_from_slice(&after);
        let lines = (0..rig.layout.lines).map(|line| view(&rig.layout, &now, line)).collect();
        steps.push(TrailStep { event, cells, lines });
    }
    Trail { steps }
}

fn view(layout: &Layout, numbers: &[u64], line: usize) -> LineView {
    let (cores, below) = numbers.split_at(layout.cores);
    let below = layout.below_of(below[0], line);
    let core = |number: &u64| {
        let part = layout.line_of(*number, line);
        let copies = (0..layout.caches).map(|cache| layout.copy(part, cache)).collect();
        (Layout::state(part), copies)
    };
    LineView {
        cores: cores.iter().map(core).collect(),
        shared: layout.shared.then(|| layout.shared_copy(below)),
        store: layout.store(below),
        last: layout.last(below),
    }
}
