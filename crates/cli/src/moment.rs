//! Moments of simulated time, as they are written: `12.5 s`, `300 us`, `1200 cycles`, or ticks.

use std::str::FromStr;

/// The units, each with its power of ten in seconds.
const UNITS: [(&str, u32); 6] = [("s", 0), ("cs", 2), ("ms", 3), ("us", 6), ("ns", 9), ("ps", 12)];
/// The most digits of a number: with them a product with any clock rate fits in 128 bits.
const DIGITS_MAX: usize = 18;

/// A moment, from the beginning of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Moment {
    /// Ticks of the machine's clock.
    Ticks(u64),
    /// So many parts of a second, of which it has ten to the power of `places`.
    Parts { parts: u64, places: u32 },
}

impl Moment {
    /// Returns the nearest tick of a clock, halves up.
    pub(crate) fn ticks(self, clock_hz: u64) -> u64 {
        match self {
            Self::Ticks(ticks) => ticks,
            Self::Parts { parts, places } => {
                let second = 10_u128.pow(places);
                let ticks = (u128::from(parts) * u128::from(clock_hz) + second / 2) / second;
                u64::try_from(ticks).unwrap_or(u64::MAX)
            }
        }
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        read(text.trim()).ok_or_else(|| {
            "expected a time such as `12.5 s` (units: s, cs, ms, us, ns, ps, cycles) or a number \
             of ticks"
                .to_owned()
        })
    }
}

fn read(text: &str) -> Option<Moment> {
    let end = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '_'));
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    let number = number.replace('_', "");
    let (whole, fraction) = number.split_once('.').unwrap_or((&number, ""));
    let fraction = fraction.trim_end_matches('0');
    let digits = format!("{whole}{fraction}");
    if whole.is_empty() || digits.len() > DIGITS_MAX {
        return None;
    }
    // A second point is no digit.
    let parts = digits.parse().ok()?;
    let unit = unit.trim();
    if matches!(unit, "" | "cycles") {
        return fraction.is_empty().then_some(Moment::Ticks(parts));
    }
    let (_, places) = UNITS.into_iter().find(|(known, _)| *known == unit)?;
    Some(Moment::Parts { parts, places: places + fraction.len() as u32 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_become_ticks_of_the_clock() {
        let ticks = |text: &str, hz| text.parse::<Moment>().map(|moment| moment.ticks(hz));
        assert_eq!(ticks("12.5 s", 1_000_000), Ok(12_500_000));
        assert_eq!(ticks("300us", 1_000_000), Ok(300));
        assert_eq!(ticks("1200 cycles", 3), Ok(1200));
        assert_eq!(ticks("1_200", 3), Ok(1200));
        assert_eq!(ticks("2 s", 3_000_000_000), Ok(6_000_000_000));
        // 2.5 ticks of a microsecond are 3.
        assert_eq!(ticks("2500 ns", 1_000_000), Ok(3));
        assert_eq!(ticks("999999999999999 s", 1 << 40), Ok(u64::MAX));
        for text in ["", "s", "1.5", "1.5 cycles", "5 min", "-1 s", "1.2.3 s", "1 s 2", ".5 s"] {
            assert!(ticks(text, 1).is_err(), "{text}");
        }
    }
}
