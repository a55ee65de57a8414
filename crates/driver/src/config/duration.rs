//! Lengths of time: how they are written, and how many ticks they are.

use super::value::{ConfigValue, Expected};

/// The units of a duration, each with its power of ten in seconds. Centiseconds are what the
/// settings of Linux's page cache are in.
const UNITS: &[(&str, i32)] =
    &[("s", 0), ("cs", -2), ("ms", -3), ("us", -6), ("ns", -9), ("ps", -12)];
/// The unit of a number of ticks.
const CYCLES: &str = "cycles";
/// The most digits of a number, and the most behind its point: with them a product with any clock
/// rate fits in 128 bits.
const DIGITS_MAX: usize = 18;

/// A length of time: `5 s`, `1.5 ms`, `12 cycles`, or a plain number of ticks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Duration {
    /// Ticks of the machine's clock.
    Ticks(u64),
    /// That many times that power of ten of a second.
    Time { digits: u64, exponent: i32 },
}

impl Duration {
    /// Returns the nearest whole number of ticks of a clock, halves up; `None` is beyond 64 bits.
    pub(super) fn ticks(self, clock_hz: u64) -> Option<u64> {
        match self {
            Self::Ticks(ticks) => Some(ticks),
            Self::Time { digits, exponent } => {
                let divisor = 10_u128.pow(exponent.unsigned_abs());
                let scaled = u128::from(digits) * u128::from(clock_hz);
                u64::try_from((scaled + divisor / 2) / divisor).ok()
            }
        }
    }

    /// Tells whether it is no time at all.
    pub(super) const fn is_zero(self) -> bool {
        matches!(self, Self::Ticks(0) | Self::Time { digits: 0, .. })
    }

    /// Returns the coarsest clock of 1, 10, 100 ... hertz that has a tick in it, if one has.
    pub(super) fn finer_clock(self) -> Option<String> {
        let hertz = |power: u32| 10_u64.pow(power);
        let power = (0..=12).find(|power| match self {
            Self::Ticks(_) => true,
            Self::Time { digits, exponent } => {
                let divisor = 10_u128.pow(exponent.unsigned_abs());
                u128::from(digits) * u128::from(hertz(*power)) >= divisor
            }
        })?;
        let (shift, unit) = [(9, "GHz"), (6, "MHz"), (3, "kHz"), (0, "Hz")]
            .into_iter()
            .find(|(shift, _)| power >= *shift)?;
        Some(format!("{} {unit}", hertz(power - shift)))
    }
}

impl ConfigValue for Duration {
    fn read(text: &str) -> Result<Self, Expected> {
        let wrong = || Expected {
            what:
                "a duration such as \"5 s\" (units: s, cs, ms, us, ns, ps, cycles), or a number of \
                   ticks"
                    .to_owned(),
            example: "\"300 us\"".to_owned(),
        };
        let end = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '_'));
        let (number, unit) = text.split_at(end.unwrap_or(text.len()));
        let unit = unit.trim();
        let number = number.replace('_', "");
        let (whole, fraction) = number.split_once('.').unwrap_or((&number, ""));
        let fraction = fraction.trim_end_matches('0');
        let digits = format!("{whole}{fraction}");
        let digits = digits.trim_start_matches('0');
        if whole.is_empty()
            || fraction.contains('.')
            || digits.len().max(fraction.len()) > DIGITS_MAX
        {
            return Err(wrong());
        }
        let digits = if digits.is_empty() { 0 } else { digits.parse().map_err(|_| wrong())? };
        if unit.is_empty() || unit == CYCLES {
            return if fraction.is_empty() { Ok(Self::Ticks(digits)) } else { Err(wrong()) };
        }
        let known = UNITS.iter().find(|(known, _)| *known == unit);
        let (_, exponent) = known.ok_or_else(wrong)?;
        let places = i32::try_from(fraction.len()).map_err(|_| wrong())?;
        Ok(Self::Time { digits, exponent: exponent - places })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(text: &str, clock_hz: u64) -> Option<u64> {
        Duration::read(text).unwrap_or_else(|error| panic!("{text}: {error:?}")).ticks(clock_hz)
    }

    #[test]
    fn every_unit_becomes_ticks_of_the_clock() {
        let giga = 1_000_000_000;
        for (text, expected) in [
            ("5 s", 5 * giga),
            ("500 cs", 5 * giga),
            ("1.5 ms", 1_500_000),
            ("300us", 300_000),
            ("20 ns", 20),
            ("2_500 ps", 3),
            ("12 cycles", 12),
            ("200", 200),
            ("0", 0),
            ("0 s", 0),
            ("007.50 ns", 8),
        ] {
            assert_eq!(ticks(text, giga), Some(expected), "{text}");
        }
        assert_eq!(ticks("5 s", 1_000_000), Some(5_000_000));
        assert_eq!(ticks("12 cycles", 1), Some(12));
    }

    #[test]
    fn ticks_are_rounded_to_the_nearest() {
        for (text, expected) in [("1.4 us", 1), ("1.5 us", 2), ("499 ns", 0), ("500 ns", 1)] {
            assert_eq!(ticks(text, 1_000_000), Some(expected), "{text}");
        }
        assert_eq!(ticks("70 ns", 3_000_000_000), Some(210));
        // Decimals are exact: 0.3 ms of binary fractions would be 299.99... us.
        assert_eq!(ticks("0.3 ms", 1_000_000), Some(300));
        assert_eq!(ticks("999999999999999999 s", 1_000_000_000_000), None);
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for wrong in [
            "",
            "s",
            "-1 s",
            "-5",
            "1.5",
            "1.5 cycles",
            "5 sec",
            "5 S",
            "1e3 s",
            ".5 s",
            "1.2.3 s",
            "1234567890123456789 s",
            "0.0000000000000000001 s",
            "None",
            "5 s s",
            "5 \u{b5}s",
        ] {
            assert!(Duration::read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_clock_that_is_fine_enough_is_found() {
        let finer = |text| Duration::read(text).unwrap().finer_clock();
        assert_eq!(finer("20 ns").as_deref(), Some("100 MHz"));
        assert_eq!(finer("1 us").as_deref(), Some("1 MHz"));
        assert_eq!(finer("2 s").as_deref(), Some("1 Hz"));
        assert_eq!(finer("1 ps").as_deref(), Some("1000 GHz"));
        assert_eq!(finer("0.1 ps"), None);
    }
}
