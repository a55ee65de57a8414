//! What cells are compared by: a counter, a varied key, or how many of one there are of another.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Range;

use serde_json::{Number, Value, json};

use super::table::{Row, Table};
use crate::config::parse_bytes;
use crate::protocol_file::{listed, nearest, shown};
use crate::report::{fraction, number_text, size};

/// What begins a metric of which more is better.
const MAX: &str = "max:";

/// The most names that a message lists.
const NAMES_MAX: usize = 12;

/// A number of a cell: `misses`, `L1.size`, `misses/accesses`. Less of it is better, unless it was
/// written as `max:misses`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Metric {
    name: String,
    more_is_better: bool,
    over: Part,
    under: Option<Part>,
}

/// One of the two numbers of a ratio, or the only one.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Part {
    Counter(String),
    /// The number of a varied key.
    Key(usize),
}

/// A text that is no metric of a table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MetricError {
    /// What is wrong.
    pub message: String,
    /// Where, in bytes of the text.
    pub span: Range<usize>,
    /// What is to be said of the place.
    pub label: String,
    /// What works.
    pub help: String,
}

impl fmt::Display for MetricError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.message, self.label)
    }
}

impl std::error::Error for MetricError {}

/// A number of a cell, as exactly as it was counted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Quantity {
    /// So many over so many, of which the second is not 0.
    Exact(u64, u64),
    Real(f64),
}

impl Quantity {
    fn of(number: &Number) -> Option<Self> {
        match number.as_u64() {
            Some(whole) => Some(Self::Exact(whole, 1)),
            None => number.as_f64().filter(|real| real.is_finite()).map(Self::Real),
        }
    }

    /// Divides; nothing is that many times 0.
    fn over(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Exact(a, 1), Self::Exact(b, 1)) => (b > 0).then_some(Self::Exact(a, b)),
            (a, b) => Some(Self::Real(a.real() / b.real())).filter(|part| part.real().is_finite()),
        }
    }

    pub(super) fn real(self) -> f64 {
        match self {
            Self::Exact(over, under) => over as f64 / under as f64,
            Self::Real(real) => real,
        }
    }

    fn inexact(self) -> Self {
        Self::Real(self.real())
    }

    fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Exact(a, b), Self::Exact(c, d)) => {
                (u128::from(a) * u128::from(d)).cmp(&(u128::from(c) * u128::from(b)))
            }
            (a, b) => a.real().total_cmp(&b.real()),
        }
    }

    fn text(self) -> String {
        match self {
            Self::Exact(whole, 1) => number_text(&whole.into()),
            other => fraction(other.real()),
        }
    }

    pub(super) fn value(self) -> Value {
        match self {
            Self::Exact(whole, 1) => json!(whole),
            other => json!(other.real()),
        }
    }
}

/// A metric of every row.
#[derive(Clone, Debug)]
pub(super) struct Measured {
    pub(super) values: Vec<Option<Quantity>>,
    /// How many different values there are that are smaller, by row: equal values have one rank.
    ranks: Vec<usize>,
    more_is_better: bool,
    /// All values are sizes in bytes, and were written as such.
    pub(super) are_sizes: bool,
    /// The key whose values these are, if they are none of counters.
    pub(super) key: Option<usize>,
}

impl Measured {
    /// Returns how many different values are better than that of a row, which has one.
    pub(super) fn rank(&self, row: usize) -> usize {
        if self.more_is_better { usize::MAX - self.ranks[row] } else { self.ranks[row] }
    }

    /// Returns where a row stands among all, the smallest first.
    pub(super) fn place(&self, row: usize) -> usize {
        self.ranks[row]
    }

    /// Writes the value of a row, which has one.
    pub(super) fn text(&self, row: usize) -> String {
        match self.value(row) {
            Quantity::Exact(bytes, 1) if self.are_sizes => size(bytes),
            other => other.text(),
        }
    }

    /// Returns the value of a row, which has one.
    pub(super) fn value(&self, row: usize) -> Quantity {
        self.values[row].expect("the row has a value")
    }
}

impl Metric {
    /// Reads a metric of a table.
    pub fn read(text: &str, table: &Table) -> Result<Self, MetricError> {
        let start = if text.starts_with(MAX) { MAX.len() } else { 0 };
        let name = &text[start..];
        let part = |name: &str, at: usize| {
            Part::read(name, table)
                .map_err(|error| MetricError { span: at..at + name.len(), ..error })
        };
        let (over, under) = match name.split_once('/') {
            None => (part(name, start)?, None),
            Some((over, under)) => (part(over, start)?, Some(part(under, start + over.len() + 1)?)),
        };
        Ok(Self { name: name.to_owned(), more_is_better: start > 0, over, under })
    }

    /// Returns what it is called, without `max:`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Tells whether more of it is better.
    pub const fn more_is_better(&self) -> bool {
        self.more_is_better
    }

    /// Returns it as it was written.
    pub(super) fn written(&self) -> String {
        format!("{}{}", if self.more_is_better { MAX } else { "" }, self.name)
    }

    /// Measures all rows of a table.
    pub(super) fn measure(&self, table: &Table) -> Measured {
        let value = |row| {
            let over = self.over.value(row, table)?;
            match &self.under {
                Some(under) => over.over(under.value(row, table)?),
                None => Some(over),
            }
        };
        let mut values: Vec<Option<Quantity>> = table.rows().iter().map(value).collect();
        // Of one kind, so that there is one order.
        if values.iter().flatten().any(|value| matches!(value, Quantity::Real(_))) {
            values = values.into_iter().map(|value| value.map(Quantity::inexact)).collect();
        }
        let mut order: Vec<(usize, Quantity)> =
            values.iter().enumerate().filter_map(|(row, value)| Some((row, (*value)?))).collect();
        order.sort_by(|(_, a), (_, b)| a.compare(*b));
        let mut ranks = vec![0; values.len()];
        for (before, after) in order.iter().zip(order.iter().skip(1)) {
            let is_more = before.1.compare(after.1) == Ordering::Less;
            ranks[after.0] = ranks[before.0] + usize::from(is_more);
        }
        let key = match (&self.over, &self.under) {
            (Part::Key(key), None) => Some(*key),
            _ => None,
        };
        let is_size_of =
            |key: usize| table.plan().machines.iter().all(|one| is_size(&one.values[key]));
        let are_sizes = key.is_some_and(is_size_of);
        Measured { values, ranks, more_is_better: self.more_is_better, are_sizes, key }
    }
}

/// Tells whether a value is a number of bytes that says so.
fn is_size(value: &str) -> bool {
    value.ends_with('B') && parse_bytes(value).is_ok()
}

/// Returns the number that a value of a key is, if it is one.
fn number_of(value: &str) -> Option<Quantity> {
    if let Ok(bytes) = parse_bytes(value) {
        return Some(Quantity::Exact(bytes, 1));
    }
    value.trim().parse().ok().filter(|real: &f64| real.is_finite()).map(Quantity::Real)
}

impl Part {
    fn read(name: &str, table: &Table) -> Result<Self, MetricError> {
        let keys = &table.plan().keys;
        let counters = table.counters();
        let error = |message: String, label: String| {
            let numbers = (0..keys.len()).filter(|key| is_number(table, *key));
            let numbers: Vec<_> = numbers.map(|key| keys[key].as_str()).collect();
            let shown = numbers.iter().copied().chain(counters.iter().copied()).take(NAMES_MAX);
            let shown: Vec<_> = shown.collect();
            let rest = numbers.len() + counters.len() - shown.len();
            let more = if rest == 0 {
                String::new()
            } else {
                format!("; {rest} more are columns of `mesim sweep merge FOLDER -o table.csv`")
            };
            let help = format!("there are {}{more}", listed(shown));
            MetricError { message, span: 0..0, label, help }
        };
        if let Some(key) = keys.iter().position(|key| key == name) {
            if is_number(table, key) {
                return Ok(Self::Key(key));
            }
            let message = format!("the values of `{name}` are no numbers");
            return Err(error(message, "expected a counter, a size or a number".to_owned()));
        }
        if counters.contains(&name) {
            return Ok(Self::Counter(name.to_owned()));
        }
        let names = || counters.iter().copied().chain(keys.iter().map(String::as_str));
        let begun = names().find(|known| !name.is_empty() && known.starts_with(name));
        let label = match begun.or_else(|| nearest(name, names())) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "expected a counter or a varied key".to_owned(),
        };
        Err(error(format!("no cell has a number `{}`", shown(name)), label))
    }

    fn value(&self, row: &Row, table: &Table) -> Option<Quantity> {
        match self {
            // What has no result is compared with nothing.
            _ if row.counts.is_none() => None,
            Self::Counter(name) => row.counts.as_ref()?.get(name).and_then(Quantity::of),
            Self::Key(key) => number_of(&table.plan().machines[row.cell.machine].values[*key]),
        }
    }
}

/// Tells whether a key has a value that is a number.
fn is_number(table: &Table, key: usize) -> bool {
    table.plan().machines.iter().any(|machine| number_of(&machine.values[key]).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_compared_exactly() {
        let exact = |a, b| Quantity::Exact(a, b);
        assert_eq!(exact(1, 3).compare(exact(2, 6)), Ordering::Equal);
        // As numbers of 53 bits these are the same.
        let (near, nearer) = (exact(u64::MAX - 1, u64::MAX), exact(u64::MAX - 2, u64::MAX - 1));
        assert_eq!(near.real().total_cmp(&nearer.real()), Ordering::Equal);
        assert_eq!(near.compare(nearer), Ordering::Greater);
        assert!(exact(1, 1).over(exact(0, 1)).is_none());
        assert_eq!(exact(3, 1).over(exact(4, 1)).map(Quantity::real), Some(0.75));
    }

    #[test]
    fn values_of_keys_are_sizes_or_numbers() {
        let real = |value| number_of(value).map(Quantity::real);
        assert_eq!(real("32 KiB"), Some(32_768.0));
        assert_eq!(real("8"), Some(8.0));
        assert_eq!(real("0.5"), Some(0.5));
        for none in ["MESI", "Full", "inf", "5 s", ""] {
            assert_eq!(real(none), None, "{none}");
        }
        assert!(is_size("64 B") && !is_size("64") && !is_size("B"));
    }
}
