//! Times: equally spaced ones, and the records of those that change.

use crate::record::{Op, Record};

/// A second in picoseconds.
pub(super) const SECOND: u64 = 1_000_000_000_000;

/// The times of events at a steady rate: event i is at i / rate seconds, in whole picoseconds,
/// rounded down.
pub(super) struct Pace {
    rate: u64,
    next: u64,
    /// What was rounded off the next time, in parts of `rate` of a picosecond.
    rest: u64,
}

impl Pace {
    pub(super) const fn new(rate: u64) -> Pace {
        Pace { rate, next: 0, rest: 0 }
    }

    /// Returns the time of the next event.
    pub(super) const fn tick(&mut self) -> u64 {
        let now = self.next;
        self.next += SECOND / self.rate;
        self.rest += SECOND % self.rate;
        if self.rest >= self.rate {
            self.rest -= self.rate;
            self.next += 1;
        }
        now
    }
}

/// Which time the records so far have said; 0 needs no saying.
#[derive(Default)]
pub(super) struct Said(u64);

impl Said {
    /// Returns the record of a time if it is another one than before.
    pub(super) fn at(&mut self, picoseconds: u64) -> Option<Record> {
        let changed = picoseconds != self.0;
        self.0 = picoseconds;
        changed.then_some(Record::event(0, Op::Time, picoseconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_at_multiples_rounded_down() {
        for rate in [1, 3, 7, 1000, 999_983, 1_000_000_000] {
            let mut pace = Pace::new(rate);
            for event in 0..3000_u128 {
                let expected = event * u128::from(SECOND) / u128::from(rate);
                assert_eq!(u128::from(pace.tick()), expected, "{event} of {rate}");
            }
        }
    }
}
