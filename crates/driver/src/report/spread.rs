//! How far counters go when the order of accesses changes.

use std::cmp::Ordering;

use indexmap::{IndexMap, IndexSet};
use serde_json::{Number, Value, json};

use super::columns::{Columns, Side, number_text};
use crate::interleave::Interleave;

/// The counters of runs that differ in their order of accesses alone.
pub(crate) struct Spread {
    orders: Vec<Interleave>,
    ranges: Vec<Range>,
    /// The counters that are the same in all orders.
    equal: Vec<String>,
}

/// The values of a counter that differs.
struct Range {
    counter: String,
    /// Each value with the number of its order, the smallest first, then by order.
    values: Vec<(Number, usize)>,
}

impl Range {
    fn min(&self) -> &Number {
        &self.values[0].0
    }

    /// The middle one; the lower one of two, so that it is a number that was counted.
    fn median(&self) -> &Number {
        &self.values[(self.values.len() - 1) / 2].0
    }

    fn max(&self) -> &Number {
        &self.values[self.values.len() - 1].0
    }

    /// Returns the numbers of the orders that have a value.
    fn orders_of(&self, value: &Number) -> Vec<usize> {
        let same = |(other, _): &&(Number, usize)| compare(other, value).is_eq();
        self.values.iter().filter(same).map(|(_, order)| *order).collect()
    }
}

fn compare(a: &Number, b: &Number) -> Ordering {
    if let (Some(a), Some(b)) = (a.as_u64(), b.as_u64()) {
        return a.cmp(&b);
    }
    let real = |number: &Number| number.as_f64().unwrap_or(f64::NAN);
    real(a).total_cmp(&real(b))
}

impl Spread {
    /// Compares runs; a counter that a run lacks is compared without it.
    pub(crate) fn new<'a>(
        runs: impl IntoIterator<Item = (Interleave, &'a IndexMap<String, Number>)>,
    ) -> Self {
        let (orders, counts): (Vec<_>, Vec<_>) = runs.into_iter().unzip();
        let names: IndexSet<&String> = counts.iter().copied().flat_map(IndexMap::keys).collect();
        let (mut ranges, mut equal) = (Vec::new(), Vec::new());
        for name in names {
            let numbered = counts.iter().enumerate();
            let found = numbered.filter_map(|(run, counts)| Some((counts.get(name)?.clone(), run)));
            let mut values: Vec<(Number, usize)> = found.collect();
            values.sort_by(|a, b| compare(&a.0, &b.0).then(a.1.cmp(&b.1)));
            let range = Range { counter: name.clone(), values };
            if compare(range.min(), range.max()).is_eq() {
                equal.push(range.counter);
            } else {
                ranges.push(range);
            }
        }
        Self { orders, ranges, equal }
    }

    /// Returns the names of the orders.
    pub(crate) fn orders(&self) -> Vec<String> {
        self.orders.iter().map(ToString::to_string).collect()
    }

    /// Says how many orders there are, and how many counters are the same in all of them.
    pub(crate) fn summary(&self) -> String {
        let (differ, equal) = (self.ranges.len(), self.equal.len());
        let orders = self.orders.len();
        match (differ, equal) {
            (0, _) => format!("{orders} orders; all {equal} counters are equal in all of them"),
            (1, _) => format!("{orders} orders; one counter differs, {equal} are equal in all"),
            _ => format!("{orders} orders; {differ} counters differ, {equal} are equal in all"),
        }
    }

    /// Renders the counters that differ as a table; nothing if there are none.
    pub(crate) fn table(&self, out: &mut String) {
        if self.ranges.is_empty() {
            return;
        }
        let titles = ["counter", "min", "median", "max", "min in", "max in"];
        let sides = [Side::Left, Side::Right, Side::Right, Side::Right, Side::Left, Side::Left];
        let titles = titles.map(str::to_owned).into_iter();
        let mut columns = Columns::new(titles.zip(sides));
        for range in &self.ranges {
            let numbers = [range.min(), range.median(), range.max()].map(number_text);
            let orders =
                [range.min(), range.max()].map(|value| self.named(&range.orders_of(value)));
            let cells = [range.counter.clone()].into_iter().chain(numbers).chain(orders);
            columns.row(cells.collect());
        }
        columns.render(out);
    }

    /// Names the first of some orders, and says how many others there are.
    fn named(&self, orders: &[usize]) -> String {
        let first = self.orders[orders[0]].to_string();
        match orders.len() - 1 {
            0 => first,
            others => format!("{first} and {others} more"),
        }
    }

    /// Returns the counters that differ, and the names of those that do not.
    pub(crate) fn value(&self) -> (Value, Value) {
        let names = |orders: Vec<usize>| -> Vec<String> {
            orders.into_iter().map(|order| self.orders[order].to_string()).collect()
        };
        let range = |range: &Range| {
            json!({
                "counter": range.counter,
                "min": range.min(),
                "median": range.median(),
                "max": range.max(),
                "min_in": names(range.orders_of(range.min())),
                "max_in": names(range.orders_of(range.max())),
            })
        };
        (self.ranges.iter().map(range).collect(), json!(self.equal))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_a_number_that_was_counted() {
        let counts = |misses: u64, hits: u64, rate: f64| -> IndexMap<String, Number> {
            let rate = Number::from_f64(rate).unwrap();
            [("misses", misses.into()), ("hits", hits.into()), ("rate", rate)]
                .map(|(name, number)| (name.to_owned(), number))
                .into()
        };
        let runs = [(7, 1, 0.5), (3, 1, 0.5), (5, 1, 0.25), (3, 1, 0.5)];
        let runs = runs.map(|(misses, hits, rate)| counts(misses, hits, rate));
        let orders = (1..).map(Interleave::Random);
        let spread = Spread::new(orders.zip(&runs));
        assert_eq!(spread.summary(), "4 orders; 2 counters differ, 1 are equal in all");
        let mut text = String::new();
        spread.table(&mut text);
        assert_eq!(
            text,
            "counter   min  median  max  min in               max in\n\
             misses      3       3    7  random:2 and 1 more  random:1\n\
             rate     0.25     0.5  0.5  random:3             random:1 and 2 more\n"
        );
        let (ranges, equal) = spread.value();
        assert_eq!(equal, json!(["hits"]));
        assert_eq!(ranges[0]["min_in"], json!(["random:2", "random:4"]));
    }
}
