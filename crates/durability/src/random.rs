//! Random numbers and lengths of time that are the same everywhere.
//!
//! The generator is `SplitMix64` (Steele, Lea, Flood: "Fast splittable pseudorandom number
//! generators", OOPSLA 2014). Logarithms and the like are those of the crate `libm`, which computes
//! them alike on every machine.

use crate::spec::{Distribution, Ticks};

/// A generator of random numbers.
#[derive(Clone, Debug)]
pub(crate) struct Random {
    state: u64,
}

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    const fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number from 0 up to, and without, 1: a multiple of 2^-53.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Returns a number below `bound`, by the high half of a product.
    pub(crate) const fn below(&mut self, bound: u64) -> u64 {
        ((self.next() as u128 * bound as u128) >> 64) as u64
    }

    /// Returns an exponentially distributed length of that mean.
    pub(crate) fn exponential(&mut self, mean: f64) -> f64 {
        -mean * libm::log(1.0 - self.unit())
    }

    /// Returns a length of time of that mean.
    pub(crate) fn length(&mut self, mean: Ticks, distribution: Distribution) -> Ticks {
        let drawn = match distribution {
            Distribution::Constant => return mean,
            Distribution::Exponential => self.exponential(mean as f64),
            Distribution::LogNormal(sigma) => {
                // Box and Muller's method; the mean of e^(s z) is e^(s^2 / 2).
                let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.unit()));
                let normal = radius * libm::cos(2.0 * std::f64::consts::PI * self.unit());
                mean as f64 * libm::exp(sigma * normal - sigma * sigma / 2.0)
            }
        };
        ticks(drawn)
    }
}

#[expect(clippy::cast_sign_loss, reason = "lengths of time are positive")]
/// Rounds a length of time to whole ticks, and caps it far beyond any run.
fn ticks(length: f64) -> Ticks {
    libm::round(length).min(TICKS_MAX) as Ticks
}

/// 2^53: up to here every tick has a number of its own.
const TICKS_MAX: f64 = 9_007_199_254_740_992.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_draws_are_those_of_the_reference_implementation() {
        // As in the generator's published C code, seed 1234567.
        let mut random = Random::new(1_234_567);
        let draws: Vec<u64> = (0..3).map(|_| random.next()).collect();
        let expected =
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!(draws, expected);
    }

    #[test]
    fn lengths_have_the_mean_that_was_asked_for() {
        for distribution in
            [Distribution::Constant, Distribution::Exponential, Distribution::LogNormal(0.5)]
        {
            let mut random = Random::new(1);
            let sum: u64 = (0..100_000).map(|_| random.length(1000, distribution)).sum();
            // The standard error of the exponential's mean is 1000 / sqrt(100,000) = 3.2.
            assert!((98_900_000..101_100_000).contains(&sum), "{distribution:?}: {sum}");
        }
    }
}
