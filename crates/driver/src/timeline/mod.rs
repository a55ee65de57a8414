//! A trace as a place to walk about in: any step, forward and back, and the machine there.
//!
//! [`Timeline::open`] runs through the trace once. On the way it keeps copies of the machine, and
//! 16 bytes of each step ([`Brief`]) by which steps are searched for. To go somewhere is to run
//! from the last copy before it; so a place is the same whichever way one came, and going back
//! costs as much as going on.
//!
//! Copies lie evenly over the whole trace, fewer the larger they are, and every [`CLOSE_STEPS`]
//! steps where one has walked last. A long way can be broken off: then one stands where one stood.

mod brief;
mod condition;
mod merge;
mod point;

use std::collections::VecDeque;
use std::ops::ControlFlow;

use cache::{Addr, LineAddr};
use coherence::{CacheOf, MachineSpec, State, WayLook};
use trace::{Op, Record};

use self::point::Point;
use crate::config::Config;
use crate::observe::{CellCounts, Step};
use crate::replay_error::ReplayError;
use crate::session::access_of;
use crate::tally::Tally;

pub use brief::Brief;
pub use condition::{Condition, ConditionError};
pub use merge::merge;

/// Steps that are kept whole: those up to the one where the timeline stands.
pub const WINDOW: u64 = 256;
/// Steps between two copies of the machine, where one walks.
pub const CLOSE_STEPS: u64 = 1024;
/// The most copies of the machine near the place where one walks, and the fewest.
const CLOSE_MAX: usize = 16;
const CLOSE_MIN: usize = 2;
/// The most copies of the machine over the whole trace, and the fewest.
const FAR_MAX: usize = 128;
const FAR_MIN: usize = 8;
/// About how many bytes the copies over the whole trace may take together, and those close by.
const FAR_BYTES: u64 = 384 << 20;
const CLOSE_BYTES: u64 = 128 << 20;
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
    /// Copies over the whole trace, from its start, and how many steps lie between two.
    far: Vec<Point>,
    far_steps: u64,
    far_max: usize,
    /// Copies near the place where one walked last, in the order in which they were made.
    close: VecDeque<Point>,
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
        // Most records are a step: with that, few copies are made only to be dropped again.
        let apart = records.len().div_ceil(FAR_MAX).next_power_of_two() as u64;
        let mut timeline = Self {
            records,
            briefs: Vec::new(),
            far: vec![start.clone()],
            far_steps: apart.max(CLOSE_STEPS),
            far_max: FAR_MAX,
            close: VecDeque::new(),
            here: start.clone(),
            position: 0,
            window: VecDeque::new(),
        };
        let failed = timeline.survey(start, progress).err();
        Ok((timeline, failed.map(|error| error.under(protocol))))
    }

    /// Runs through everything once, to know how many steps there are and to keep copies.
    fn survey(&mut self, mut point: Point, progress: GoOn) -> Result<(), ReplayError> {
        let mut next = self.far_steps;
        while let Some(record) = self.records.get(point.next) {
            let good = point.next;
            if let Err(error) = point.run(record) {
                self.records.truncate(good);
                return Err(error);
            }
            let (steps, protocol) = (point.steps(), &point.machine().protocol);
            self.briefs.extend(steps.map(|step| Brief::of(protocol, &step)));
            if point.done >= next {
                self.keep(point.clone());
                next = (point.done / self.far_steps + 1) * self.far_steps;
            }
            if point.next.is_multiple_of(PROGRESS_EVERY) && progress(point.next as u64).is_break() {
                self.records.truncate(point.next);
                return Err(ReplayError::Interrupted(point.next as u64));
            }
        }
        Ok(())
    }

    /// Keeps a copy for good; where there are too many, every other one goes.
    fn keep(&mut self, point: Point) {
        let most = FAR_BYTES / point.bytes_about();
        self.far_max = self.far_max.min((most as usize).max(FAR_MIN));
        self.far.push(point);
        while self.far.len() > self.far_max {
            let mut index = 0;
            self.far.retain(|_| {
                index += 1;
                index % 2 == 1
            });
            self.far_steps *= 2;
        }
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
        if !in_record || !in_window {
            // Going on needs no copy where it is not far, and the window is what it would be.
            let ahead = step > self.here.done && step - self.here.done <= CLOSE_STEPS;
            if ahead {
                self.walk(step);
            } else {
                self.jump(step, first, go_on)?;
            }
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
            if self.here.is_close_place() && !self.has_copy(self.here.done) {
                self.keep_close(vec![self.here.clone()]);
            }
        }
    }

    /// Goes to the record of a step from the nearest copy before the step `first`, from which on
    /// steps are kept.
    fn jump(&mut self, step: u64, first: u64, go_on: GoOn) -> ControlFlow<()> {
        let mut point = self.copy_before(first);
        let mut window = VecDeque::new();
        // Of a long way only the end is where one will walk.
        let close_from = first.saturating_sub(close_max(&point) as u64 * CLOSE_STEPS);
        let mut close = Vec::new();
        while point.done < step && point.run_next(&self.records) {
            window.extend(point.steps().filter(|one| one.number >= first));
            let is_kept = point.done >= close_from && point.is_close_place();
            if is_kept && !self.has_copy(point.done) {
                close.push(point.clone());
            }
            if point.next.is_multiple_of(PROGRESS_EVERY) {
                go_on(point.next as u64)?;
            }
        }
        self.here = point;
        self.window = window;
        self.keep_close(close);
        ControlFlow::Continue(())
    }

    fn has_copy(&self, done: u64) -> bool {
        self.far.iter().chain(&self.close).any(|point| point.done == done)
    }

    /// Keeps copies of the machine close by; those that were made first have to go.
    fn keep_close(&mut self, copies: Vec<Point>) {
        self.close.extend(copies);
        let most = self.close.back().map_or(0, close_max);
        self.close.drain(..self.close.len().saturating_sub(most));
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
        let mut ahead = self.here.clone();
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

    /// Returns the life of a line over the last [`WINDOW`] steps: those that were about it or
    /// changed its states, in order.
    pub fn life(&self, line: LineAddr) -> Vec<Moment> {
        let about = |step: &&Step| {
            step.line == line || step.changes.iter().any(|change| change.line == line)
        };
        let steps: Vec<&Step> = self.past().filter(about).collect();
        let Some(first) = steps.first() else { return Vec::new() };
        let mut point = self.copy_before(first.number);
        let mut moments: Vec<Moment> = Vec::new();
        for step in steps {
            while point.done < step.number {
                let Some(record) = self.records.get(point.next) else { return moments };
                if point.run(record).is_err() {
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

    /// Returns the nearest copy of the machine before a step.
    fn copy_before(&self, step: u64) -> Point {
        self.nearest_before(step).clone()
    }

    fn nearest_before(&self, step: u64) -> &Point {
        let copies = self.far.iter().chain(&self.close);
        let before = copies.filter(|point| point.done < step.max(1));
        before.max_by_key(|point| point.done).unwrap_or(&self.far[0])
    }

    /// Runs through the steps from one on, wherever the timeline stands, until `show` breaks.
    pub fn each_from(
        &self,
        step: u64,
        show: &mut dyn FnMut(&MachineSpec, &Step) -> ControlFlow<()>,
    ) {
        let mut point = self.copy_before(step);
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
            let start = self.nearest_before(last).done;
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

/// Returns how many copies of the size of this one may be kept close by.
fn close_max(point: &Point) -> usize {
    ((CLOSE_BYTES / point.bytes_about()) as usize).clamp(CLOSE_MIN, CLOSE_MAX)
}

#[cfg(test)]
mod tests;
