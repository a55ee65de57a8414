//! A trace as a place to walk about in: any step, forward and back, and the machine there.
//!
//! [`Timeline::open`] runs through the trace once. On the way it keeps copies of the machine, and
//! 16 bytes of each step ([`Brief`]) by which steps are searched for. To go somewhere is to run
//! from the last copy before it; so a place is the same whichever way one came, and going back
//! costs as much as going on.
//!
//! `copies.rs` says where copies lie. A long way can be broken off: then one stands where one
//! stood.

mod brief;
mod condition;
mod copies;
mod life;
mod merge;
mod point;

use std::collections::VecDeque;
use std::ops::ControlFlow;

use cache::{Addr, LineAddr};
use coherence::{CacheOf, MachineSpec, State, WayLook};
use trace::{Op, Record};

use self::copies::{Copies, close_half};
use self::point::Point;
use crate::config::Config;
use crate::observe::{CellCounts, Step};
use crate::replay_error::ReplayError;
use crate::session::access_of;
use crate::tally::Tally;

pub use brief::Brief;
pub use condition::{Condition, ConditionError};
pub use copies::CLOSE_STEPS;
pub use life::Moment;
pub use merge::merge;

/// Steps that are kept whole: those up to the one where the timeline stands.
pub const WINDOW: u64 = 256;
/// The most records that a timeline holds: a gibibyte of them.
pub const RECORDS_MAX: usize = 1 << 26;
/// Records between two calls of a function that is asked whether to go on.
const PROGRESS_EVERY: usize = 4096;

/// What is told the records done so far now and then, and says whether to go on.
pub type GoOn<'a> = &'a mut dyn FnMut(u64) -> ControlFlow<()>;

/// All steps of a trace on a machine, and a place among them.
///
/// The machine at a step is the machine after the access (or clean, or flush) that the step is part
/// of: an access that touches two lines is two steps and one place of the machine.
pub struct Timeline {
    records: Vec<Record>,
    briefs: Vec<Brief>,
    copies: Copies,
    here: Point,
    position: u64,
    /// The last steps up to the place of the machine.
    window: VecDeque<Step>,
}

/// Which of several steps that meet a condition.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pick {
    First,
    Last,
}

impl Timeline {
    /// Runs through the records of a trace, in their order, and stands before the first step.
    ///
    /// A record that cannot be replayed ends the timeline before it; the error comes beside. So
    /// does an interruption by `progress`, which is told the records so far now and then.
    ///
    /// # Panics
    /// If the config says how writes become durable, or there are more than [`RECORDS_MAX`]
    /// records.
    pub fn open(
        config: &Config,
        records: Vec<Record>,
        progress: GoOn,
    ) -> Result<(Self, Option<ReplayError>), ReplayError> {
        let start = Point::start(config);
        Self::begin(config, start, records, progress)
    }

    /// Does what [`Self::open`] does with records in the order that [`merge`] found for them.
    ///
    /// # Panics
    /// As `open` does.
    pub fn open_merged(
        config: &Config,
        records: Vec<Record>,
        progress: GoOn,
    ) -> Result<(Self, Option<ReplayError>), ReplayError> {
        let start = Point::start_merged(config);
        Self::begin(config, start, records, progress)
    }

    fn begin(
        config: &Config,
        start: Result<Point, ReplayError>,
        records: Vec<Record>,
        progress: GoOn,
    ) -> Result<(Self, Option<ReplayError>), ReplayError> {
        assert!(config.durability.is_none(), "steps do not show what becomes durable");
        assert!(records.len() <= RECORDS_MAX, "the records were counted");
        let protocol = &config.machine.protocol;
        let start = start.map_err(|error| error.under(protocol))?;
        let mut timeline = Self {
            copies: Copies::new(start.copy(), records.len()),
            records,
            briefs: Vec::new(),
            here: start.copy(),
            position: 0,
            window: VecDeque::new(),
        };
        let failed = timeline.survey(start, progress).err();
        Ok((timeline, failed.map(|error| error.under(protocol))))
    }

    /// Runs through everything once, to know how many steps there are and to keep copies.
    fn survey(&mut self, mut point: Point, progress: GoOn) -> Result<(), ReplayError> {
        let mut next = self.copies.next_far(0);
        while let Some(record) = self.records.get(point.next) {
            let good = point.next;
            if let Err(error) = point.run(record) {
                self.records.truncate(good);
                return Err(error);
            }
            let (steps, protocol) = (point.steps(), &point.machine().protocol);
            self.briefs.extend(steps.map(|step| Brief::of(protocol, &step)));
            if point.done >= next {
                self.copies.keep_far(&mut point);
                next = self.copies.next_far(point.done);
            }
            if point.next.is_multiple_of(PROGRESS_EVERY) && progress(point.next as u64).is_break() {
                self.records.truncate(point.next);
                return Err(ReplayError::Interrupted(point.next as u64));
            }
        }
        Ok(())
    }

    /// Returns how many steps there are.
    pub const fn len(&self) -> u64 {
        self.briefs.len() as u64
    }

    /// Tells whether there is no step.
    pub const fn is_empty(&self) -> bool {
        self.briefs.is_empty()
    }

    /// Returns the number of the step where the timeline stands; 0 before the first.
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// Goes to a step, the last one if there are fewer; to 0, before the first.
    pub fn goto(&mut self, step: u64) {
        let _ = self.try_goto(step, &mut |_| ControlFlow::Continue(()));
    }

    /// Goes to a step as [`Self::goto`] does, unless `go_on` breaks it off: then the timeline
    /// stands where it stood.
    pub fn try_goto(&mut self, step: u64, go_on: GoOn) -> ControlFlow<()> {
        let step = step.min(self.len());
        let first = (step + 1).saturating_sub(WINDOW).max(1);
        let in_window = self.window.front().is_some_and(|front| front.number <= first);
        let in_record = step > self.here.done_before && step <= self.here.done;
        let back = self.position.saturating_sub(step);
        if !in_record || !in_window {
            // Going on needs no copy where it is not far, and the window is what it would be.
            let ahead = step > self.here.done && step - self.here.done <= CLOSE_STEPS;
            if ahead {
                self.walk(step);
            } else {
                self.jump(step, first, go_on)?;
            }
        }
        if back > 0 && back <= CLOSE_STEPS {
            self.copies.scout(&self.records, step, first, back);
        }
        self.position = step;
        let kept = self.window.partition_point(|one| one.number < first);
        self.window.drain(..kept);
        ControlFlow::Continue(())
    }

    /// Goes on to the record of a step.
    fn walk(&mut self, step: u64) {
        while self.here.done < step && self.here.run_next(&self.records) {
            self.window.extend(self.here.steps());
            self.copies.share(&mut self.here);
            if self.here.is_close_place() && !self.copies.has(self.here.done) {
                self.copies.keep_close(vec![self.here.copy()], self.here.done);
            }
        }
    }

    /// Goes to the record of a step from a copy before the step `first`, from which on steps are
    /// kept.
    fn jump(&mut self, step: u64, first: u64, go_on: GoOn) -> ControlFlow<()> {
        let is_far = step.abs_diff(self.position) > CLOSE_STEPS;
        let copies = &self.copies;
        let from = if is_far { copies.set_out(first) } else { copies.nearest_before(first) };
        let mut point = from.copy();
        let mut window = VecDeque::new();
        // Of a long way only the end is where one will walk.
        let close_from = first.saturating_sub(close_half(&point) as u64 * CLOSE_STEPS);
        let mut close = Vec::new();
        while point.done < step && point.run_next(&self.records) {
            window.extend(point.steps().filter(|one| one.number >= first));
            copies.share(&mut point);
            let is_kept = point.done >= close_from && point.is_close_place();
            if is_kept && !copies.has(point.done) {
                close.push(point.copy());
            }
            if point.next.is_multiple_of(PROGRESS_EVERY) {
                go_on(point.next as u64)?;
            }
        }
        self.here = point;
        self.window = window;
        self.copies.keep_close(close, step);
        ControlFlow::Continue(())
    }

    /// Goes so many steps on, or back.
    pub fn go_by(&mut self, steps: i64) {
        self.goto(self.position.saturating_add_signed(steps));
    }

    /// Returns the step where the timeline stands; none before the first.
    pub fn step(&self) -> Option<&Step> {
        self.past().find(|step| step.number == self.position)
    }

    /// Returns the steps up to the one where the timeline stands, the last [`WINDOW`] of them.
    pub fn past(&self) -> impl DoubleEndedIterator<Item = &Step> {
        self.window.iter().filter(|step| step.number <= self.position)
    }

    /// Returns the step after this one, without going there.
    pub fn peek(&self) -> Option<(MachineSpec, Step)> {
        if let Some(step) = self.window.iter().find(|step| step.number > self.position) {
            return Some((self.here.machine().clone(), step.clone()));
        }
        let mut ahead = self.here.copy();
        while ahead.done == self.here.done {
            ahead.run(self.records.get(ahead.next)?).ok()?;
        }
        let step = ahead.steps().find(|step| step.number > self.position)?;
        Some((ahead.machine().clone(), step))
    }

    /// Returns what comes after the step where the timeline stands, at most so many records: each
    /// with the number of its first step, as far as that is known before it is performed.
    pub fn coming(&self, most: usize) -> Vec<(Option<u64>, Record)> {
        let line = self.machine().line;
        let mut number = Some(self.here.done + 1);
        let mut coming = Vec::new();
        for record in &self.records[self.here.next..] {
            if coming.len() == most {
                break;
            }
            let is_range = matches!(record.op, Op::Clean | Op::Flush);
            if access_of(record.op).is_none() && !is_range && record.op != Op::FlushAll {
                continue;
            }
            coming.push((number, *record));
            let last = record.addr.saturating_add(u64::from(record.size.max(1) - 1));
            let lines = line.line(Addr(last)).0 - line.line(Addr(record.addr)).0 + 1;
            // Only the machine knows which lines a flush of everything finds.
            number = number.filter(|_| record.op != Op::FlushAll).map(|first| first + lines);
        }
        coming
    }

    /// Returns the steps of the access under way that come after the one where the timeline stands.
    pub fn rest(&self) -> impl Iterator<Item = &Step> {
        self.window.iter().filter(|step| step.number > self.position)
    }

    /// Runs through the steps from one on, wherever the timeline stands, until `show` breaks.
    pub fn each_from(
        &self,
        step: u64,
        show: &mut dyn FnMut(&MachineSpec, &Step) -> ControlFlow<()>,
    ) {
        let mut point = self.copies.nearest_before(step).copy();
        while let Some(record) = self.records.get(point.next) {
            if point.run(record).is_err() {
                return;
            }
            let steps: Vec<_> = point.steps().filter(|one| one.number >= step).collect();
            for one in &steps {
                if show(point.machine(), one).is_break() {
                    return;
                }
            }
        }
    }

    /// Returns what is kept of every step, the first one first.
    pub fn briefs(&self) -> &[Brief] {
        &self.briefs
    }

    /// Returns the number of the next step that meets a condition, unless `go_on` breaks it off.
    pub fn next(&self, condition: &Condition, go_on: GoOn) -> ControlFlow<(), Option<u64>> {
        let mut briefs = self.briefs.iter().enumerate().skip(self.position as usize);
        let found = briefs.find(|(_, brief)| condition.may_meet(brief));
        match found.map(|(index, _)| index as u64 + 1) {
            Some(first) if !condition.is_exact(self.machine()) => {
                // What is kept says too little from here on: all steps are looked at.
                self.find_between(first, self.len(), condition, go_on, Pick::First)
            }
            found => ControlFlow::Continue(found),
        }
    }

    /// Returns the number of the step before this one that meets a condition, unless `go_on`
    /// breaks it off.
    pub fn previous(&self, condition: &Condition, go_on: GoOn) -> ControlFlow<(), Option<u64>> {
        let mut before = (self.position as usize).saturating_sub(1);
        loop {
            let found = self.briefs[..before].iter().rposition(|brief| condition.may_meet(brief));
            let Some(last) = found.map(|index| index as u64 + 1) else {
                return ControlFlow::Continue(None);
            };
            if condition.is_exact(self.machine()) {
                return ControlFlow::Continue(Some(last));
            }
            // From one copy of the machine to the next, backwards.
            let start = self.copies.nearest_before(last).done;
            let met = self.find_between(start + 1, last, condition, go_on, Pick::Last)?;
            if met.is_some() {
                return ControlFlow::Continue(met);
            }
            before = start as usize;
        }
    }

    /// Looks at the steps themselves from one to another for one that meets a condition.
    fn find_between(
        &self,
        from: u64,
        to: u64,
        condition: &Condition,
        go_on: GoOn,
        pick: Pick,
    ) -> ControlFlow<(), Option<u64>> {
        let mut found = None;
        let mut stopped = ControlFlow::Continue(());
        self.each_from(from, &mut |_, step| {
            if step.number > to {
                return ControlFlow::Break(());
            }
            if condition.is_met(step) {
                found = Some(step.number);
                if pick == Pick::First {
                    return ControlFlow::Break(());
                }
            }
            if step.number.is_multiple_of(PROGRESS_EVERY as u64) {
                stopped = go_on(step.number);
            }
            stopped
        });
        stopped?;
        ControlFlow::Continue(found)
    }

    /// Returns what the machine is made of; with as many cores as there are by now.
    pub fn machine(&self) -> &MachineSpec {
        self.here.machine()
    }

    /// Returns every core's state for a line.
    pub fn states(&self, line: LineAddr) -> Vec<State> {
        let machine = self.here.session.machine();
        (0..machine.spec().cores).map(|core| machine.state(core, line)).collect()
    }

    /// Returns everything counted up to here.
    pub fn tally(&self) -> Tally {
        Tally::of(self.here.session.machine())
    }

    /// Returns the uses of the cells of the protocol's tables up to here.
    pub fn cells(&self) -> Option<Box<CellCounts>> {
        self.tally().cells
    }

    /// Returns every cache: core by core, then the shared levels.
    pub fn caches(&self) -> Vec<CacheOf> {
        self.here.session.machine().all_caches()
    }

    /// Returns the sets of a cache in which something lies.
    pub fn sets_in_use(&self, cache: CacheOf) -> Vec<u32> {
        self.here.session.machine().sets_in_use(cache)
    }

    /// Returns the set of a cache in which a line lies if it is there.
    pub fn set_of(&self, cache: CacheOf, line: LineAddr) -> u32 {
        self.here.session.machine().set_of(cache, line)
    }

    /// Returns the ways of a set, `None` where nothing lies.
    pub fn ways_of(&self, cache: CacheOf, set: u32) -> Vec<Option<WayLook>> {
        self.here.session.machine().ways_of(cache, set)
    }
}

#[cfg(test)]
mod tests;
