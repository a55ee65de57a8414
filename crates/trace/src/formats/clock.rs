//! The times of requests, counted from the first.

use crate::limits::CYCLES_MAX;
use crate::record::{Op, Record};

/// What the time of a request means for the trace.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Moment {
    /// It is that of the request before it; the first request's is the beginning.
    Same,
    /// It is later, which is a record.
    Later(Record),
    /// It is earlier than that of a request before it.
    Earlier,
    /// It is more than [`CYCLES_MAX`] picoseconds after the first.
    TooLate,
}

/// The time so far, in the format's own unit.
pub(crate) struct Clock {
    unit_picoseconds: u64,
    first: Option<u64>,
    latest: u64,
}

impl Clock {
    pub(crate) const fn new(unit_picoseconds: u64) -> Clock {
        Clock { unit_picoseconds, first: None, latest: 0 }
    }

    /// Goes on to the time of the next request; an earlier one leaves the clock as it is.
    pub(crate) fn advance(&mut self, time: u64) -> Moment {
        let Some(first) = self.first else {
            (self.first, self.latest) = (Some(time), time);
            return Moment::Same;
        };
        if time == self.latest {
            return Moment::Same;
        }
        if time < self.latest {
            return Moment::Earlier;
        }
        let picoseconds = (time - first).checked_mul(self.unit_picoseconds);
        let Some(picoseconds) = picoseconds.filter(|&time| time <= CYCLES_MAX) else {
            return Moment::TooLate;
        };
        self.latest = time;
        Moment::Later(Record::event(0, Op::Time, picoseconds))
    }

    /// Returns the latest time, in the format's own unit.
    pub(crate) const fn latest(&self) -> u64 {
        self.latest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_count_from_the_first_and_change_once() {
        let mut clock = Clock::new(1000);
        let later = |time| Moment::Later(Record::event(0, Op::Time, time));
        let moments = [70, 70, 72, 72, 71, 73].map(|time| clock.advance(time));
        let expected =
            [Moment::Same, Moment::Same, later(2000), Moment::Same, Moment::Earlier, later(3000)];
        assert_eq!(moments, expected);
        assert_eq!(clock.latest(), 73);
    }

    #[test]
    fn the_last_time_is_2_to_the_62() {
        let mut clock = Clock::new(1);
        clock.advance(0);
        assert_eq!(clock.advance(CYCLES_MAX + 1), Moment::TooLate);
        assert_eq!(clock.advance(u64::MAX), Moment::TooLate);
        assert!(matches!(clock.advance(CYCLES_MAX), Moment::Later(_)));
    }
}
