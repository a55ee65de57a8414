//! A RON file as slices of its text: keys, values and elements, so that a diagnostic can point at
//! each.
//!
//! What is in a value is not looked at: that is for whoever knows what it is.

use std::fmt;
use std::ops::Range;

use ron::error::SpannedError;
use ron::value::RawValue;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use crate::config::{byte_offset, in_words};

/// One `key: value`. The key of a map is as it is written, with its quotes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) key: &'a str,
    pub(crate) value: &'a str,
}

/// Reads the keys and values between round brackets, in order; a key may come more than once.
pub(crate) fn entries(slice: &str) -> Result<Vec<Entry<'_>>, SpannedError> {
    ron::from_str(slice).map(|Entries(entries)| entries)
}

/// Reads the keys and values between curly brackets, in order; a key may come more than once.
pub(crate) fn pairs(slice: &str) -> Result<Vec<Entry<'_>>, SpannedError> {
    ron::from_str(slice).map(|Pairs(entries)| entries)
}

/// Reads the elements of a list.
pub(crate) fn elements(slice: &str) -> Result<Vec<&str>, SpannedError> {
    let values: Vec<&RawValue> = ron::from_str(slice)?;
    Ok(values.into_iter().map(bare).collect())
}

/// Returns what stands between quotes, if nothing in it is escaped.
pub(crate) fn quoted(literal: &str) -> Option<&str> {
    let inner = literal.strip_prefix('"')?.strip_suffix('"')?;
    (!inner.contains('\\')).then_some(inner)
}

/// Says where in a slice RON's parser found something wrong, and what.
pub(crate) fn fault(slice: &str, error: &SpannedError) -> (Range<usize>, String) {
    let SpannedError { code, span } = error;
    let start = byte_offset(slice, span.start);
    let end = byte_offset(slice, span.end).max(start);
    let label = match code {
        ron::Error::ExpectedStructLike | ron::Error::ExpectedNamedStructLike(_) => {
            "expected keys and values between round brackets".to_owned()
        }
        ron::Error::ExpectedMap => "expected names and values between curly brackets".to_owned(),
        ron::Error::ExpectedArray => "expected a list between square brackets".to_owned(),
        ron::Error::ExpectedComma => "expected a comma or the closing bracket".to_owned(),
        other => in_words(other),
    };
    (start..end, label)
}

/// Returns what was written, without the blanks and comments round it.
fn bare(value: &RawValue) -> &str {
    value.trim().get_ron()
}

struct Entries<'a>(Vec<Entry<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_struct("", &[], EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("keys and values between brackets")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key()? {
            let value: &RawValue = map.next_value()?;
            entries.push(Entry { key, value: bare(value) });
        }
        Ok(Entries(entries))
    }
}

struct Pairs<'a>(Vec<Entry<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PairsVisitor)
    }
}

struct PairsVisitor;

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = Pairs<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("keys and values between curly brackets")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<&RawValue>()? {
            let value: &RawValue = map.next_value()?;
            entries.push(Entry { key: bare(key), value: bare(value) });
        }
        Ok(Pairs(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values_are_slices_of_the_text() {
        let text = "{ \"a\" : \"1\", /* one */ \"b>c\": (x: 2), } // end";
        let found = pairs(text).expect("it is a map");
        let found: Vec<_> = found.iter().map(|entry| (entry.key, entry.value)).collect();
        assert_eq!(found, [("\"a\"", "\"1\""), ("\"b>c\"", "(x: 2)")]);
        assert!(pairs("(a: 1)").is_err() && entries("{\"a\": 1}").is_err());
    }
}
