//! The kinds of value that only the section `durability` has.

use std::borrow::Cow;

use durability::{Distribution, Promote};
use ron::value::RawValue;
use serde::Deserialize;

use super::super::duration::Duration;
use super::super::value::{Bytes, ConfigValue, Expected, expected};

/// The largest standard deviation of a logarithm: a value in six is then 20,000 times the median.
const SIGMA_MAX: f64 = 10.0;

/// The distributions as RON writes them.
#[derive(Deserialize)]
enum RawDistribution {
    Constant,
    Exponential,
    LogNormal(f64),
}

impl ConfigValue for Distribution {
    fn read(text: &str) -> Result<Self, Expected> {
        let what = format!(
            "`Constant`, `Exponential` or `LogNormal(sigma)`, with a sigma from 0 to {SIGMA_MAX}"
        );
        let example = if text.starts_with("Log") { "LogNormal(0.5)" } else { "Exponential" };
        let wrong = || expected(&what, example);
        Ok(match ron::from_str(text).map_err(|_| wrong())? {
            RawDistribution::Constant => Self::Constant,
            RawDistribution::Exponential => Self::Exponential,
            RawDistribution::LogNormal(sigma) if (0.0..=SIGMA_MAX).contains(&sigma) => {
                Self::LogNormal(sigma)
            }
            RawDistribution::LogNormal(_) => return Err(wrong()),
        })
    }
}

/// How often a batch is sent at most; `None` is without end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Attempts(pub(super) Option<u32>);

impl ConfigValue for Attempts {
    fn read(text: &str) -> Result<Self, Expected> {
        if text == "Unbounded" {
            return Ok(Self(None));
        }
        let number = u32::read(text).ok().filter(|number| *number > 0);
        let wrong = || expected("`Unbounded`, or a number from 1 (once, and no retry)", "3");
        number.map(|number| Self(Some(number))).ok_or_else(wrong)
    }
}

/// The replicas as RON writes them.
#[derive(Deserialize)]
enum RawPromote {
    Newest,
    Index(u32),
}

impl ConfigValue for Promote {
    fn read(text: &str) -> Result<Self, Expected> {
        let wrong =
            |_| expected("`Newest`, or `Index(i)` with the place of its lag, from 0", "Newest");
        Ok(match ron::from_str(text).map_err(wrong)? {
            RawPromote::Newest => Self::Newest,
            RawPromote::Index(index) => Self::Index(index),
        })
    }
}

/// Bytes in a second: `100 MiB`, or `100 MiB/s`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Rate(pub(super) u64);

impl ConfigValue for Rate {
    fn read(text: &str) -> Result<Self, Expected> {
        let bytes = Bytes::read(text.strip_suffix("/s").unwrap_or(text).trim_end());
        let what = "bytes a second such as \"100 MiB\", at least one";
        let bytes = bytes.ok().filter(|bytes| bytes.0 > 0);
        bytes.map(|bytes| Self(bytes.0)).ok_or_else(|| expected(what, "\"100 MiB\""))
    }
}

/// A list of durations: `["5 ms", "1 s"]`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Durations(pub(super) Vec<Duration>);

impl ConfigValue for Durations {
    fn read(text: &str) -> Result<Self, Expected> {
        let wrong = || expected("a list of durations", "[\"5 ms\", \"1 s\"]");
        let raw: Vec<&RawValue> = ron::from_str(text).map_err(|_| wrong())?;
        let read = raw.into_iter().map(|value| duration(value).ok_or_else(wrong));
        Ok(Self(read.collect::<Result<_, _>>()?))
    }
}

/// Spans of time: `[(at: "10 s", for: "60 s")]`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Spans(pub(super) Vec<(Duration, Duration)>);

/// A span as RON writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSpan<'a> {
    #[serde(borrow)]
    at: &'a RawValue,
    #[serde(borrow)]
    r#for: &'a RawValue,
}

impl ConfigValue for Spans {
    fn read(text: &str) -> Result<Self, Expected> {
        let wrong = || {
            expected(
                "a list of spans, each `(at: ..., for: ...)`",
                "[(at: \"10 s\", for: \"60 s\")]",
            )
        };
        let raw: Vec<RawSpan<'_>> = ron::from_str(text).map_err(|_| wrong())?;
        let read = raw
            .into_iter()
            .map(|span| duration(span.at).zip(duration(span.r#for)).ok_or_else(wrong));
        Ok(Self(read.collect::<Result<_, _>>()?))
    }
}

fn duration(value: &RawValue) -> Option<Duration> {
    let text = value.trim().get_ron();
    let text: Cow<'_, str> = if text.starts_with('"') {
        Cow::Owned(ron::from_str(text).ok()?)
    } else {
        Cow::Borrowed(text)
    };
    Duration::read(&text).ok()
}
