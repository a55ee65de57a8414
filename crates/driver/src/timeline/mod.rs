//! A trace as a place to walk about in: any step, forward and back, and the machine there.
//!
//! [`Timeline::open`] runs through the trace once. On the way it keeps copies of the machine, and
//! 16 bytes of each step ([`Brief`]) by which steps are searched for. To go somewhere is to run
//! from the last copy before it; so a place is the same whichever way one came, and going back
//! costs as much as going on.
//!
//! Copies lie evenly over the whole trace, fewer the longer it is, and every [`CLOSE_STEPS`] steps
//! where one has walked last.

mod brief;
mod condition;
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

/// Steps that are kept whole: those up to the one where the timeline stands.
pub const WINDOW: u64 = 256;
/// Steps between two copies of the machine, where one walks.
pub const CLOSE_STEPS: u64 = 1024;
/// The most copies of the machine near the place where one walks.
const CLOSE_MAX: usize = 16;
/// The most copies of the machine over the whole trace, and the fewest.
const FAR_MAX: usize = 128;
const FAR_MIN: usize = 8;
/// About how many bytes the copies may take together.
const COPIES_BYTES: u64 = 384 << 20;
/// The most records that a timeline holds: a gibibyte of them.
pub const RECORDS_MAX: usize = 1 << 26;
/// Records between two calls of the progress function.
const PROGRESS_EVERY: usize = 4096;

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
        progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<(Self, Option<ReplayError>), ReplayError> {
        assert!(config.durability.is_none(), "steps do not show what becomes durable");
        assert!(records.len() <= RECORDS_MAX, "the records were counted");
        let protocol = &config.machine.protocol;
        let start = Point::start(config).map_err(|error| error.under(protocol))?;
        let mut timeline = Self {
            records,
            briefs: Vec::new(),
            far: vec![start.clone()],
            far_steps: CLOSE_STEPS,
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
    fn survey(
        &mut self,
        mut point: Point,
        progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<(), ReplayError> {
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
        let most = COPIES_BYTES / point.bytes_about();
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
        let step = step.min(self.len());
        let first = (step + 1).saturating_sub(WINDOW).max(1);
        let in_window = self.window.front().is_some_and(|front| front.number <= first);
        let in_record = step > self.here.done_before && step <= self.here.done;
        if !in_record || !in_window {
            self.walk(step, first);
        }
        self.position = step;
        let kept = self.window.partition_point(|one| one.number < first);
        self.window.drain(..kept);
    }

    /// Runs to the record of a step; the window has the steps from `first` on then.
    fn walk(&mut self, step: u64, first: u64) {
        // Going on needs no copy where it is not far, and the window is what it would be.
        let ahead = step > self.here.done && step - self.here.done <= CLOSE_STEPS;
        if !ahead {
            self.here = self.copy_before(first);
            self.window.clear();
        }
        while self.here.done < step {
            let Some(record) = self.records.get(self.here.next) else { break };
            if self.here.run(record).is_err() {
                // The first run through the same records had none.
                debug_assert!(false, "a record can be replayed again");
                break;
            }
            self.window.extend(self.here.steps().filter(|one| one.number >= first));
            if self.here.done / CLOSE_STEPS > self.here.done_before / CLOSE_STEPS {
                self.keep_close();
            }
        }
    }

    /// Keeps a copy of the machine here, unless there is one.
    fn keep_close(&mut self) {
        let done = self.here.done;
        if self.far.iter().chain(&self.close).any(|point| point.done == done) {
            return;
        }
        if self.close.len() == CLOSE_MAX {
            self.close.pop_front();
        }
        self.close.push_back(self.here.clone());
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
        let copies = self.far.iter().chain(&self.close);
        let before = copies.filter(|point| point.done < step.max(1));
        before.max_by_key(|point| point.done).unwrap_or(&self.far[0]).clone()
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

    /// Returns the number of the next step that meets a condition.
    pub fn next(&self, condition: &Condition) -> Option<u64> {
        let briefs = self.briefs.iter().enumerate().skip(self.position as usize);
        briefs
            .filter(|(_, brief)| condition.may_meet(brief))
            .map(|(index, _)| index as u64 + 1)
            .find(|number| self.meets(*number, condition))
    }

    /// Returns the number of the step before this one that meets a condition.
    pub fn previous(&self, condition: &Condition) -> Option<u64> {
        let before = (self.position as usize).saturating_sub(1);
        let briefs = self.briefs[..before].iter().enumerate().rev();
        briefs
            .filter(|(_, brief)| condition.may_meet(brief))
            .map(|(index, _)| index as u64 + 1)
            .find(|number| self.meets(*number, condition))
    }

    /// Looks at a step itself, where what is kept of it does not say enough.
    fn meets(&self, number: u64, condition: &Condition) -> bool {
        if condition.is_exact(self.machine()) {
            return true;
        }
        let mut met = false;
        self.each_from(number, &mut |_, step| {
            met = condition.is_met(step);
            ControlFlow::Break(())
        });
        met
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
