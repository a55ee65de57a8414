//! One key, several values: what each of them costs and loses, as a table, as CSV and as JSON.

use std::fmt::Write;

use serde_json::{Value, json};

use super::run::Run;
use super::table::Table;
use super::time::quotient;
use super::{json_text, plot, text};

/// Runs of the same trace on machines that differ in one key.
#[derive(Clone, Debug)]
pub struct Variation {
    key: String,
    /// The values with their runs.
    runs: Vec<(String, Run)>,
}

/// What is compared of a run.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Measures {
    /// Versions stored in a second.
    pub(super) store_rate: f64,
    reduction: f64,
    /// Writes that a crash loses, in the mean: of the crashes looked at, or of all moments.
    pub(super) lost_mean: f64,
    lost_max: u64,
    max_age_ms: f64,
    /// The mean age of what readers of the store read.
    staleness_ms: Option<f64>,
    p99_ms: f64,
}

impl Measures {
    fn of(run: &Run) -> Self {
        let measured = run.measured();
        let (outcome, clock) = (measured.outcome, measured.clock);
        let (lost_mean, lost_max, max_age) = if let Some(crashes) = run.crashes() {
            let writes = crashes.spread(|crash| crash.loss.writes);
            let mean = quotient(writes.sum, u128::from(writes.count));
            (mean, writes.max, crashes.spread(|crash| crash.loss.max_age).max)
        } else {
            let loss = &outcome.over_time;
            (measured.mean_loss(), loss.writes_max, loss.max_age)
        };
        let staleness = outcome.staleness.map(|seen| seen.reads);
        Self {
            store_rate: measured.store_rate(),
            reduction: measured.write_reduction(),
            lost_mean,
            lost_max,
            max_age_ms: clock.ms(max_age),
            staleness_ms: staleness.map(|reads| clock.mean_ms(reads.sum, reads.count)),
            p99_ms: clock.ms(outcome.write_latency.p99),
        }
    }

    /// Returns its numbers in the order of the columns.
    fn numbers(&self, with_staleness: bool) -> Vec<f64> {
        let mut numbers = vec![
            self.store_rate,
            self.reduction,
            self.lost_mean,
            self.lost_max as f64,
            self.max_age_ms,
            self.p99_ms,
        ];
        if with_staleness {
            numbers.insert(5, self.staleness_ms.unwrap_or(0.0));
        }
        numbers
    }
}

/// The columns with their units, as CSV names them and as the table does.
const COLUMNS: [(&str, &str); 7] = [
    ("store_writes_per_second", "stored /s"),
    ("write_reduction", "reduction"),
    ("lost_writes_mean", "lost, mean"),
    ("lost_writes_max", "lost, max"),
    ("lost_max_age_ms", "oldest, ms"),
    ("staleness_mean_ms", "stale, ms"),
    ("write_latency_p99_ms", "p99, ms"),
];

impl Variation {
    /// Lays runs beside each other, each with the value that it had.
    ///
    /// # Panics
    /// If there are none, or one of them did not measure what is durable.
    pub fn new(key: impl Into<String>, runs: Vec<(String, Run)>) -> Self {
        assert!(!runs.is_empty(), "there is something to vary");
        Self { key: key.into(), runs }
    }

    /// Renders all runs as JSON, `mesim.vary/1`, with a line end: a whole report a value.
    pub fn json(&self) -> String {
        let run = |(value, run): &(String, Run)| -> Value {
            let (key, report) = run.value();
            json!({"value": value, key: report})
        };
        let runs: Vec<_> = self.runs.iter().map(run).collect();
        json_text(&json!({"schema": "mesim.vary/1", "key": self.key, "runs": runs}))
    }

    /// Renders a table, a row a value.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let report = self.runs[0].1.report();
        let protocol = report.replayed.machine.protocol.name();
        text::header(report, protocol, report.replayed.checked_loads, &mut out);
        let (first, number) = (&self.runs[0].0, self.runs.len());
        let varied = format!("{} takes {number} values; {first} above", self.key);
        text::line("varied", &varied, &mut out);
        out.push('\n');
        let with_staleness = self.with_staleness();
        let mut table = Table::new(&self.key, self.columns().map(|(_, name)| name.to_owned()));
        for (value, measures) in self.measures() {
            let numbers = measures.numbers(with_staleness);
            table.cells(value, numbers.into_iter().map(short).collect());
        }
        table.render(&mut out);
        out.pop();
        out
    }

    /// Renders the table as CSV, with all digits.
    pub fn csv(&self) -> String {
        let with_staleness = self.with_staleness();
        let mut out = field(&self.key);
        for (name, _) in self.columns() {
            let _ = write!(out, ",{name}");
        }
        out.push('\n');
        for (value, measures) in self.measures() {
            out += &field(value);
            for number in measures.numbers(with_staleness) {
                let _ = write!(out, ",{number}");
            }
            out.push('\n');
        }
        out
    }

    /// Renders a plot of what a crash loses over what the store is asked.
    pub fn svg(&self) -> String {
        let points: Vec<_> = self
            .measures()
            .map(|(value, measures)| (value, measures.store_rate, measures.lost_mean))
            .collect();
        plot::render(&self.key, &points)
    }

    fn measures(&self) -> impl Iterator<Item = (&str, Measures)> {
        self.runs.iter().map(|(value, run)| (value.as_str(), Measures::of(run)))
    }

    fn with_staleness(&self) -> bool {
        self.runs.iter().any(|(_, run)| run.measured().outcome.staleness.is_some())
    }

    fn columns(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let with_staleness = self.with_staleness();
        COLUMNS.into_iter().filter(move |(name, _)| with_staleness || *name != "staleness_mean_ms")
    }
}

/// Writes a number with up to four decimals.
fn short(number: f64) -> String {
    let text = format!("{number:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Writes a field of CSV.
fn field(text: &str) -> String {
    if text.contains([',', '"', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests;
