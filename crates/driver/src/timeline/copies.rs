//! Copies of the machine, from which a place is reached by running on.
//!
//! Some lie evenly over the whole trace, fewer the larger they are. Others lie every
//! [`CLOSE_STEPS`] steps behind where one walks: a step back runs on from one of them. Before those
//! come to their end as one goes back, a scout has gone ahead: with every step back it runs on a
//! little from a copy further down, and leaves copies where one will soon need them.

use std::collections::VecDeque;

use trace::Record;

use super::point::Point;

/// Steps between two copies of the machine, where one walks.
pub const CLOSE_STEPS: u64 = 1024;
/// The most copies of the machine near the place where one walks, and the fewest. Half of them are
/// behind that place when the scout sets out; the other half is what it leaves.
pub(super) const CLOSE_MAX: usize = 16;
const CLOSE_MIN: usize = 4;
/// After a long way there are copies at least so many steps back, for the scout to have time. It
/// has arrived when there are [`SPARE`] steps left.
const NEAR: u64 = (CLOSE_MIN as u64 / 2 - 1) * CLOSE_STEPS;
const SPARE: u64 = CLOSE_STEPS / 4;
/// The most copies of the machine over the whole trace, and the fewest.
pub(super) const FAR_MAX: usize = 128;
const FAR_MIN: usize = 8;
/// About how many bytes the copies over the whole trace may take together, and those close by.
const FAR_BYTES: u64 = 384 << 20;
const CLOSE_BYTES: u64 = 128 << 20;

/// How often between two copies over the whole trace what is known of lines is frozen.
const LAYERS: u64 = 4;

/// All copies of the machine that are kept.
pub(super) struct Copies {
    /// Over the whole trace, from its start, and how many steps lie between two.
    far: Vec<Point>,
    far_steps: u64,
    far_max: usize,
    /// Near the place where one walked last, in the order of their steps.
    close: VecDeque<Point>,
    scout: Option<Scout>,
}

/// Leaves copies below the lowest of those behind the place where one walks.
struct Scout {
    point: Point,
    /// The step of that lowest one.
    until: u64,
}

impl Copies {
    /// Keeps the start of a trace of so many records.
    pub(super) fn new(start: Point, records: usize) -> Self {
        // Most records are a step: with that, few copies are made only to be dropped again.
        let apart = records.div_ceil(FAR_MAX).next_power_of_two() as u64;
        Self {
            far: vec![start],
            far_steps: apart.max(CLOSE_STEPS),
            far_max: FAR_MAX,
            close: VecDeque::new(),
            scout: None,
        }
    }

    /// Returns the step from which on there is to be a copy over the whole trace, after a step.
    pub(super) fn next_far(&self, done: u64) -> u64 {
        (done / self.far_steps + 1) * self.far_steps
    }

    /// Keeps a copy for good; where there are too many, every other one goes.
    pub(super) fn keep_far(&mut self, point: &mut Point) {
        point.share();
        let most = FAR_BYTES / point.bytes_about();
        self.far_max = self.far_max.min((most as usize).max(FAR_MIN));
        self.far.push(point.copy());
        while self.far.len() > self.far_max {
            let mut index = 0;
            self.far.retain(|_| {
                index += 1;
                index % 2 == 1
            });
            self.far_steps *= 2;
        }
    }

    /// Returns the start of the trace.
    fn start(&self) -> &Point {
        &self.far[0]
    }

    fn all(&self) -> impl Iterator<Item = &Point> {
        self.far.iter().chain(&self.close)
    }

    pub(super) fn has(&self, done: u64) -> bool {
        self.all().any(|point| point.done == done)
    }

    /// Returns the nearest copy before a step.
    pub(super) fn nearest_before(&self, step: u64) -> &Point {
        let before = self.all().filter(|point| point.done < step.max(1));
        before.max_by_key(|point| point.done).unwrap_or(self.start())
    }

    /// Returns the copy from which a long way to a step sets out: one from which on there will be
    /// copies far enough back.
    pub(super) fn set_out(&self, step: u64) -> &Point {
        let bottom = self.bottom(step);
        let too_near = bottom > 0 && step - bottom < NEAR;
        self.nearest_before(if too_near { step.saturating_sub(NEAR) } else { step })
    }

    /// Returns the step of the lowest copy before a step from which on there is one every
    /// [`CLOSE_STEPS`] steps.
    fn bottom(&self, step: u64) -> u64 {
        let mut at = self.nearest_before(step);
        while at.done > 0 {
            let next = self.nearest_before(at.done);
            // The copy above is the first one for which there is a place.
            if at.done_before >= (next.done / CLOSE_STEPS + 1) * CLOSE_STEPS {
                break;
            }
            at = next;
        }
        at.done
    }

    /// Has copies of a point share what is known of lines by now, now and then: with the copy over
    /// the whole trace that is at the same place, if there is one; else with each other. What each
    /// has for itself grows with the way from there.
    pub(super) fn share(&self, point: &mut Point) {
        let apart = (self.far_steps / LAYERS).max(CLOSE_STEPS);
        if point.done / apart == point.done_before / apart {
            return;
        }
        match self.far.binary_search_by_key(&point.done, |far| far.done) {
            Ok(index) if self.far[index].next == point.next => *point = self.far[index].copy(),
            _ => point.freeze(),
        }
    }

    /// Keeps copies of the machine near a place. Where there are too many, those above it have to
    /// go, the highest first; then the lowest.
    pub(super) fn keep_close(&mut self, copies: Vec<Point>, place: u64) {
        let Some(most) = copies.last().map(|copy| 2 * close_half(copy) + 2) else { return };
        for copy in copies {
            let at = self.close.partition_point(|point| point.done < copy.done);
            self.close.insert(at, copy);
        }
        while self.close.len() > most {
            if self.close.back().is_some_and(|highest| highest.done > place) {
                self.close.pop_back();
            } else {
                self.close.pop_front();
            }
        }
    }

    /// Goes on with leaving copies below, as one has gone so many steps back to a place whose kept
    /// steps begin with `first`.
    pub(super) fn scout(&mut self, records: &[Record], place: u64, first: u64, steps: u64) {
        let until = self.bottom(first);
        let reach = close_half(self.nearest_before(first)) as u64 * CLOSE_STEPS;
        let left = first.saturating_sub(until);
        if until == 0 || left > reach {
            self.scout = None;
            return;
        }
        let from = until.saturating_sub(reach);
        let Some(mut scout) = self.scout.take().filter(|scout| scout.until == until) else {
            let point = self.nearest_before(from + 1).copy();
            self.scout = Some(Scout { point, until });
            return;
        };
        let point = &mut scout.point;
        let ahead = (until - point.done.min(until)) * steps;
        let budget = ahead.div_ceil(left.saturating_sub(SPARE).max(steps)) + steps;
        let (mut run, mut copies) = (0, Vec::new());
        while run < budget && copies.len() as u64 <= budget / CLOSE_STEPS && point.done < until {
            let before = point.done;
            if !point.run_next(records) {
                return;
            }
            run += (point.done - before).max(1);
            self.share(point);
            if point.done >= from && point.is_close_place() && !self.has(point.done) {
                copies.push(point.copy());
            }
        }
        let arrived = point.done >= until;
        self.scout = (!arrived).then_some(scout);
        self.keep_close(copies, place);
    }

    /// Forgets all copies but the first.
    #[cfg(test)]
    pub(super) fn forget_far(&mut self) {
        self.far.truncate(1);
    }

    /// Forgets copies, as if there were that many times too many.
    #[cfg(test)]
    pub(super) fn thin_out(&mut self, by: usize) {
        let mut index = 0;
        self.far.retain(|_| {
            index += 1;
            index % by == 1
        });
    }

    /// Returns the steps of the copies over the whole trace.
    #[cfg(test)]
    pub(super) fn places_far(&self) -> Vec<u64> {
        self.far.iter().map(|point| point.done).collect()
    }

    /// Returns how many copies there are, and the steps of those close by.
    #[cfg(test)]
    pub(super) fn places(&self) -> (usize, Vec<u64>) {
        (self.far.len(), self.close.iter().map(|point| point.done).collect())
    }
}

/// Returns half of how many copies like this one may be kept close by.
pub(super) fn close_half(point: &Point) -> usize {
    let most = (CLOSE_BYTES / point.bytes_own()) as usize;
    most.clamp(CLOSE_MIN, CLOSE_MAX) / 2
}
