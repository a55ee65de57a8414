//! A distribution of lengths of time, counted in bounded memory.

use rustc_hash::FxHashMap;

use crate::outcome::{Latency, Summary};
use crate::spec::Ticks;

/// Bits of a length that are kept: up to 2^16 ticks lengths are exact, above to one part in 2^15.
const BITS: u32 = 16;

/// How often each length was seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Histogram {
    all: Summary,
    /// By the length without the bits that are not kept.
    counts: FxHashMap<Ticks, u64>,
    /// The length counted last, and how often since it was put into the map: most follow an equal.
    last: (Ticks, u64),
}

impl Histogram {
    pub(crate) fn count(&mut self, length: Ticks) {
        self.all.add(length);
        let kept = keep(length);
        if self.last.0 != kept {
            self.put_last();
            self.last = (kept, 0);
        }
        self.last.1 += 1;
    }

    fn put_last(&mut self) {
        if self.last.1 > 0 {
            *self.counts.entry(self.last.0).or_default() += self.last.1;
        }
    }

    pub(crate) fn latency(&self) -> Latency {
        let mut whole = self.clone();
        whole.put_last();
        let mut lengths: Vec<_> = whole.counts.into_iter().collect();
        lengths.sort_unstable();
        Latency {
            all: self.all,
            p50: percentile(&lengths, self.all.count, 50),
            p99: percentile(&lengths, self.all.count, 99),
        }
    }
}

/// Returns the smallest length that at least so many of a hundred do not exceed.
fn percentile(lengths: &[(Ticks, u64)], all: u64, percent: u64) -> Ticks {
    let rank = (u128::from(all) * u128::from(percent)).div_ceil(100).max(1);
    let mut seen = 0;
    for (length, count) in lengths {
        seen += u128::from(*count);
        if seen >= rank {
            return *length;
        }
    }
    0
}

/// Clears the bits of a length that are not kept.
const fn keep(length: Ticks) -> Ticks {
    let low = (Ticks::BITS - length.leading_zeros()).saturating_sub(BITS);
    length >> low << low
}

impl Summary {
    pub(crate) fn add(&mut self, length: Ticks) {
        self.count += 1;
        self.sum += u128::from(length);
        self.max = self.max.max(length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_ranks() {
        let mut histogram = Histogram::default();
        for length in 1..=200 {
            histogram.count(length);
        }
        let latency = histogram.latency();
        assert_eq!((latency.p50, latency.p99, latency.all.max), (100, 198, 200));
        assert_eq!((latency.all.count, latency.all.sum), (200, 20_100));
        assert_eq!(Histogram::default().latency(), Latency::default());
    }

    #[test]
    fn long_lengths_keep_sixteen_bits() {
        assert_eq!(keep(65_535), 65_535);
        assert_eq!(keep(65_537), 65_536);
        // 200,300 has 18 bits: the two lowest go, and are 0.
        assert_eq!(keep(200_300), 200_300);
        assert_eq!(keep(200_303), 200_300);
    }
}
