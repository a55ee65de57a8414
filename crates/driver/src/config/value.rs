//! The kinds of value that a config has: each from its text, or a word on what was expected.

use cache::{Replacement, Ways};
use coherence::{CleanSupply, Inclusion, VictimOrder, WritePolicy, WriteToShared};
use durability::{AgeFrom, Arrivals, Failure, Order, Overflow, PersistDomain, ReadBlocks, Sync};
use serde::Deserialize;

use super::{Clients, Peers};

/// What was expected of a value's text, and one that works.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Expected {
    pub(super) what: String,
    pub(super) example: String,
}

pub(super) fn expected(what: impl Into<String>, example: impl Into<String>) -> Expected {
    Expected { what: what.into(), example: example.into() }
}

/// A value that a config key can have.
pub(super) trait ConfigValue: Sized {
    /// Reads a value from its text; strings come without quotes.
    fn read(text: &str) -> Result<Self, Expected>;
}

/// A number of bytes: `64 B`, `32 KiB`, `1 MiB`, `4 GiB`, or a plain number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Bytes(pub(super) u64);

impl ConfigValue for Bytes {
    fn read(text: &str) -> Result<Self, Expected> {
        let wrong =
            || expected("a size such as \"32 KiB\" (units: B, KiB, MiB, GiB)", "\"32 KiB\"");
        let digits = text.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let number: u64 = number.replace('_', "").parse().map_err(|_| wrong())?;
        let factor: u64 = match unit.trim() {
            "" | "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            "K" | "KB" | "kB" | "k" | "M" | "MB" | "G" | "GB" => {
                let binary = format!("{number} {}iB", unit.trim()[..1].to_uppercase());
                return Err(expected("a unit of B, KiB, MiB or GiB", format!("\"{binary}\"")));
            }
            _ => return Err(wrong()),
        };
        let bytes = number.checked_mul(factor);
        bytes.map(Self).ok_or_else(|| expected("a size below 2^64 bytes", "\"4 GiB\""))
    }
}

/// A clock rate in hertz: `3 GHz`, `800 MHz`, `1 Hz`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Hertz(pub(super) u64);

impl ConfigValue for Hertz {
    fn read(text: &str) -> Result<Self, Expected> {
        let wrong = || expected("a clock rate such as \"3 GHz\"", "\"3 GHz\"");
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let factor = match unit.trim() {
            "Hz" => 1.0,
            "kHz" => 1e3,
            "MHz" => 1e6,
            "GHz" => 1e9,
            _ => return Err(wrong()),
        };
        let number: f64 = number.parse().map_err(|_| wrong())?;
        let hertz = (number * factor).round();
        if !(1.0..=1e12).contains(&hertz) {
            return Err(expected("a clock rate from 1 Hz to 1000 GHz", "\"3 GHz\""));
        }
        #[expect(clippy::cast_sign_loss, reason = "checked to be positive and below 2^53")]
        Ok(Self(hertz as u64))
    }
}

impl ConfigValue for u64 {
    fn read(text: &str) -> Result<Self, Expected> {
        text.replace('_', "").parse().map_err(|_| expected("a whole number", "4"))
    }
}

impl ConfigValue for u32 {
    fn read(text: &str) -> Result<Self, Expected> {
        text.replace('_', "").parse().map_err(|_| expected("a whole number below 2^32", "4"))
    }
}

/// A number with or without a decimal point; never one that is infinite or none.
impl ConfigValue for f64 {
    fn read(text: &str) -> Result<Self, Expected> {
        let number = text.replace('_', "").parse().ok().filter(|number: &Self| number.is_finite());
        number.ok_or_else(|| expected("a number", "0.1"))
    }
}

/// A value that may be left out: `None`.
impl<T: ConfigValue> ConfigValue for Option<T> {
    fn read(text: &str) -> Result<Self, Expected> {
        if text == "None" {
            return Ok(None);
        }
        T::read(text).map(Some).map_err(|Expected { what, example }| Expected {
            what: format!("{what}, or `None`"),
            example,
        })
    }
}

impl ConfigValue for bool {
    fn read(text: &str) -> Result<Self, Expected> {
        text.parse().map_err(|_| expected("`true` or `false`", "true"))
    }
}

impl ConfigValue for String {
    fn read(text: &str) -> Result<Self, Expected> {
        Ok(text.to_owned())
    }
}

impl ConfigValue for Ways {
    fn read(text: &str) -> Result<Self, Expected> {
        match text {
            "Full" => Ok(Self::Full),
            number => number
                .parse()
                .map(Self::Count)
                .map_err(|_| expected("a number of ways, or `Full`", "8")),
        }
    }
}

/// Reads one of a few words.
fn one_of<T: Copy>(text: &str, words: &[(&str, T)]) -> Result<T, Expected> {
    words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value).ok_or_else(|| {
        let all: Vec<_> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
        let near = words.iter().min_by_key(|(word, _)| {
            strsim::damerau_levenshtein(&word.to_lowercase(), &text.to_lowercase())
        });
        expected(all.join(" or "), near.map_or("", |(word, _)| word))
    })
}

/// Where a level lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Scope {
    Private,
    Shared,
}

macro_rules! words {
    ($($type:ty { $($word:literal => $value:expr),+ })+) => {
        $(impl ConfigValue for $type {
            fn read(text: &str) -> Result<Self, Expected> {
                one_of(text, &[$(($word, $value)),+])
            }
        })+
    };
}

words! {
    Scope { "Private" => Self::Private, "Shared" => Self::Shared }
    Inclusion { "Inclusive" => Self::Inclusive, "NonInclusive" => Self::NonInclusive }
    WriteToShared { "Upgrade" => Self::Upgrade, "ReadExclusive" => Self::ReadExclusive }
    CleanSupply {
        "Memory" => Self::Memory,
        "ExclusiveOnly" => Self::ExclusiveOnly,
        "AnyHolder" => Self::AnyHolder
    }
    VictimOrder { "VictimFirst" => Self::VictimFirst, "FillFirst" => Self::FillFirst }
    Peers { "Bus" => Self::Bus, "None" => Self::None }
    Clients { "Closed" => Self::Closed, "Open" => Self::Open }
    Order { "Unordered" => Self::Unordered, "Fifo" => Self::Fifo, "Causal" => Self::Causal }
    AgeFrom { "FirstDirty" => Self::FirstDirty, "LastWrite" => Self::LastWrite }
    Failure {
        "NotApplied" => Self::NotApplied,
        "AckLost" => Self::AckLost,
        "Half" => Self::Half
    }
    Overflow {
        "Block" => Self::Block,
        "Reject" => Self::Reject,
        "WriteThrough" => Self::WriteThrough
    }
    Sync { "Always" => Self::Always, "EverySecond" => Self::EverySecond, "No" => Self::No }
    PersistDomain { "Adr" => Self::Adr, "Eadr" => Self::Eadr }
    Arrivals { "Poisson" => Self::Poisson, "Regular" => Self::Regular }
    ReadBlocks { "Written" => Self::Written, "Popular" => Self::Popular }
}

/// The policies as RON writes them.
#[derive(Deserialize)]
enum RawReplacement {
    Lru,
    TreePlru,
    Fifo,
    Random(u64),
    Srrip,
}

impl ConfigValue for Replacement {
    fn read(text: &str) -> Result<Self, Expected> {
        let what = "`Lru`, `TreePlru`, `Fifo`, `Random(seed)` or `Srrip`";
        let raw = ron::from_str(text).map_err(|_| {
            let example = if text.starts_with("Random") { "Random(1)" } else { "Lru" };
            expected(what, example)
        })?;
        Ok(match raw {
            RawReplacement::Lru => Self::Lru,
            RawReplacement::TreePlru => Self::TreePlru,
            RawReplacement::Fifo => Self::Fifo,
            RawReplacement::Random(seed) => Self::Random(seed),
            RawReplacement::Srrip => Self::Srrip,
        })
    }
}

/// The write policies as RON writes them.
#[derive(Deserialize)]
enum RawWrite {
    WriteBack,
    WriteThrough {
        #[serde(default = "allocates")]
        allocate: bool,
    },
}

const fn allocates() -> bool {
    true
}

impl ConfigValue for WritePolicy {
    fn read(text: &str) -> Result<Self, Expected> {
        let what = "`WriteBack` or `WriteThrough(allocate: true)`";
        let text = if text == "WriteThrough" { "WriteThrough()" } else { text };
        let raw = ron::from_str(text);
        Ok(match raw.map_err(|_| expected(what, "WriteThrough(allocate: true)"))? {
            RawWrite::WriteBack => Self::WriteBack,
            RawWrite::WriteThrough { allocate } => Self::WriteThrough { allocate },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_binary_units() {
        assert_eq!(Bytes::read("32 KiB"), Ok(Bytes(32_768)));
        assert_eq!(Bytes::read("32KiB"), Ok(Bytes(32_768)));
        assert_eq!(Bytes::read("64"), Ok(Bytes(64)));
        assert_eq!(Bytes::read("32 KB").unwrap_err().example, "\"32 KiB\"");
        for wrong in ["", "KiB", "-1", "1.5 KiB", "99999999999 GiB", "1 TiB"] {
            assert!(Bytes::read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn clock_rates_may_be_fractions() {
        assert_eq!(Hertz::read("2.4 GHz"), Ok(Hertz(2_400_000_000)));
        for wrong in ["0 Hz", "3", "GHz", "1e99 Hz", "99999 GHz"] {
            assert!(Hertz::read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn policies_are_ron() {
        assert_eq!(Replacement::read("Random(7)"), Ok(Replacement::Random(7)));
        assert_eq!(Replacement::read("Random").unwrap_err().example, "Random(1)");
        let through = WritePolicy::WriteThrough { allocate: false };
        assert_eq!(WritePolicy::read("WriteThrough(allocate: false)"), Ok(through));
        assert_eq!(Inclusion::read("inclusive").unwrap_err().example, "Inclusive");
    }
}
