//! Lengths of time: milliseconds for programs, a number with a unit for people.

use super::table::grouped;

/// How many ticks a second has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock(pub(super) u64);

impl Clock {
    /// Returns a length in milliseconds.
    pub(super) fn ms(self, ticks: u64) -> f64 {
        self.mean_ms(u128::from(ticks), 1)
    }

    /// Returns the mean of so many lengths in milliseconds; 0 if there are none.
    pub(super) fn mean_ms(self, sum: u128, count: u64) -> f64 {
        quotient(sum.saturating_mul(1000), u128::from(count) * u128::from(self.0))
    }

    /// Returns how many things happen in a second, if so many happen in a length of time; 0 if
    /// that is no time at all.
    pub(super) fn rate(self, things: u64, ticks: u64) -> f64 {
        quotient(u128::from(things) * u128::from(self.0), u128::from(ticks))
    }

    /// Writes a length.
    pub(super) fn text(self, ticks: u64) -> String {
        self.mean_text(u128::from(ticks), 1)
    }

    /// Writes the mean of so many lengths: in the largest unit of which it has one, with up to
    /// three decimals.
    pub(super) fn mean_text(self, sum: u128, count: u64) -> String {
        if sum == 0 || count == 0 {
            return "0 s".to_owned();
        }
        let whole = u128::from(count) * u128::from(self.0);
        let units = [(1, "s"), (1_000, "ms"), (1_000_000, "us"), (1_000_000_000, "ns")];
        let unit = units.into_iter().find(|(parts, _)| sum.saturating_mul(*parts) >= whole);
        let (parts, unit) = unit.unwrap_or((1_000_000_000, "ns"));
        let thousandths = rounded(sum.saturating_mul(parts * 1000), whole);
        format!("{} {unit}", decimal(thousandths))
    }
}

/// Writes a quotient with up to so many decimals (at most three), as it is rounded.
pub(super) fn quotient_text(numerator: u128, denominator: u128) -> String {
    if denominator == 0 {
        return "0".to_owned();
    }
    decimal(rounded(numerator.saturating_mul(1000), denominator))
}

fn rounded(numerator: u128, denominator: u128) -> u128 {
    numerator.saturating_add(denominator / 2) / denominator
}

/// Writes a number of thousandths without the zeros at its end.
fn decimal(thousandths: u128) -> String {
    let whole = grouped(u64::try_from(thousandths / 1000).unwrap_or(u64::MAX));
    let decimals = format!("{:03}", thousandths % 1000);
    match decimals.trim_end_matches('0') {
        "" => whole,
        decimals => format!("{whole}.{decimals}"),
    }
}

/// Divides two whole numbers and rounds once, to the nearest number that there is: the result does
/// not depend on the order of operations. Nothing is divided by 0: that is 0.
pub(super) fn quotient(numerator: u128, denominator: u128) -> f64 {
    if numerator == 0 || denominator == 0 {
        return 0.0;
    }
    let mut quotient = numerator / denominator;
    let mut rest = numerator % denominator;
    let mut exponent: u16 = 0;
    // Digits behind the point, until there are more than a number keeps; the last one only says
    // whether anything is left.
    while quotient < 1 << 64 && rest > 0 {
        let left = denominator - rest;
        let one = rest >= left;
        rest = if one { rest - left } else { rest << 1 };
        quotient = quotient << 1 | u128::from(one);
        exponent += 1;
    }
    quotient |= u128::from(rest > 0);
    let scale = f64::from_bits(u64::from(1023 - exponent) << 52);
    quotient as f64 * scale
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "a quotient is exact to the last bit")]
mod tests {
    use super::*;

    #[test]
    fn a_quotient_is_rounded_once() {
        assert_eq!(quotient(1, 3), 1.0 / 3.0);
        assert_eq!(quotient(2, 3), 2.0 / 3.0);
        assert_eq!(quotient(5, 4), 1.25);
        assert_eq!(quotient(0, 7), 0.0);
        assert_eq!(quotient(7, 0), 0.0);
        assert_eq!(quotient(6 << 90, 3 << 90), 2.0);
        // 2^53 + 1 lies between two numbers: half way goes to the even one, 2^53, and anything
        // above half way to 2^53 + 2.
        let half = (1_u128 << 53) + 1;
        assert_eq!(quotient(half, 1), 9_007_199_254_740_992.0);
        assert_eq!(quotient(half << 60 | 1, 1 << 60), 9_007_199_254_740_994.0);
        // One part in 2^127: 127 digits behind the point.
        assert_eq!(quotient(1, 1 << 127), 2.0_f64.powi(-127));
        assert_eq!(quotient(u128::MAX, 1), 2.0_f64.powi(128));
    }

    #[test]
    fn lengths_are_milliseconds_and_have_units() {
        let us = Clock(1_000_000);
        assert_eq!(us.ms(5_000_000), 5000.0);
        assert_eq!(us.ms(1), 0.001);
        // (1 + 2) us in the mean of 2 are 1.5 us.
        assert_eq!(us.mean_ms(3, 2), 0.0015);
        assert_eq!(us.mean_ms(3, 0), 0.0);
        // 4 in 2 ms are 2,000 a second.
        assert_eq!(us.rate(4, 2000), 2000.0);
        assert_eq!(us.rate(4, 0), 0.0);
        assert_eq!(us.text(0), "0 s");
        assert_eq!(us.text(5_000_000), "5 s");
        assert_eq!(us.text(12_500_000_000), "12,500 s");
        assert_eq!(us.text(300), "300 us");
        assert_eq!(us.text(1_234_567), "1.235 s");
        assert_eq!(us.mean_text(3, 2), "1.5 us");
        // A cycle of 3 GHz is a third of a nanosecond.
        assert_eq!(Clock(3_000_000_000).text(1), "0.333 ns");
        assert_eq!(quotient_text(5, 2), "2.5");
        assert_eq!(quotient_text(5000, 1), "5,000");
    }
}
