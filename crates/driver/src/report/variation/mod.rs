//! One key, several values: what each of them costs and loses, as a table, as CSV and as JSON.

use std::fmt::Write;

use serde_json::{Value, json};

use super::durability::rows;
use super::run::Run;
use super::table::{Table, grouped};
use super::time::{quotient, quotient_text};
use super::{json_text, plot, text};

/// Runs of the same trace on machines that differ in one key.
#[derive(Clone, Debug)]
pub struct Variation {
    key: String,
    /// The values with their runs.
    runs: Vec<(String, Run)>,
}

/// What is compared of runs, in the order of the columns: as CSV names it, with its unit, and as
/// the table does.
const COLUMNS: [(&str, &str); 9] = [
    ("store_writes_per_second", "stored"),
    ("write_reduction", "reduction"),
    ("lost_writes_mean", "lost, mean"),
    ("lost_writes_max", "lost, max"),
    ("lost_max_age_ms", "oldest"),
    ("staleness_mean_ms", "staleness"),
    ("write_latency_p99_ms", "write p99"),
    ("order_inversions", "inversions"),
    ("non_prefix_batches", "no such state"),
];

const STORED: usize = 0;
/// Writes that a crash loses, in the mean: of the crashes looked at, or of all moments.
const LOST: usize = 2;
const STALENESS: usize = 5;
/// Columns from here on are in the table only where they say something.
const ORDER: usize = 7;

/// A number of a run: for programs, and with its unit for people.
#[derive(Clone, PartialEq, Debug)]
struct Cell {
    number: f64,
    text: String,
}

/// Returns what is compared of a run.
fn cells(run: &Run) -> [Cell; COLUMNS.len()] {
    let measured = run.measured();
    let (outcome, clock) = (measured.outcome, measured.clock);
    let ((sum, count), lost_max, max_age) = if let Some(crashes) = run.crashes() {
        let writes = crashes.spread(|crash| crash.loss.writes);
        let mean = (writes.sum, u128::from(writes.count));
        (mean, writes.max, crashes.spread(|crash| crash.loss.max_age).max)
    } else {
        let loss = &outcome.over_time;
        ((loss.write_ticks, u128::from(outcome.elapsed)), loss.writes_max, loss.max_age)
    };
    let cell = |number, text| Cell { number, text };
    let count_of = |number: u64| cell(number as f64, grouped(number));
    let length = |ticks| cell(clock.ms(ticks), clock.text(ticks));
    let reads = outcome.staleness.map(|seen| seen.reads).unwrap_or_default();
    [
        cell(measured.store_rate(), rows::per_second(&measured, outcome.store_writes)),
        cell(measured.write_reduction(), rows::reduction(outcome)),
        cell(quotient(sum, count), quotient_text(sum, count)),
        count_of(lost_max),
        length(max_age),
        cell(clock.mean_ms(reads.sum, reads.count), clock.mean_text(reads.sum, reads.count)),
        length(outcome.write_latency.p99),
        count_of(outcome.order_inversions),
        count_of(outcome.non_prefix_batches),
    ]
}

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
        let rows: Vec<_> = self.runs.iter().map(|(value, run)| (value, cells(run))).collect();
        let is_shown = |column: &usize| {
            let says_something = rows.iter().any(|(_, cells)| cells[*column].number > 0.0);
            self.has(*column) && (*column < ORDER || says_something)
        };
        let columns: Vec<usize> = (0..COLUMNS.len()).filter(is_shown).collect();
        let titles = columns.iter().map(|column| COLUMNS[*column].1.to_owned());
        let mut table = Table::new(&self.key, titles);
        for (value, cells) in &rows {
            table.cells(value, columns.iter().map(|column| cells[*column].text.clone()).collect());
        }
        table.render(&mut out);
        out.pop();
        out
    }

    /// Renders the table as CSV, with all digits.
    pub fn csv(&self) -> String {
        let columns: Vec<usize> = (0..COLUMNS.len()).filter(|column| self.has(*column)).collect();
        let mut out = field(&self.key);
        for column in &columns {
            let _ = write!(out, ",{}", COLUMNS[*column].0);
        }
        out.push('\n');
        for (value, run) in &self.runs {
            let cells = cells(run);
            out += &field(value);
            for column in &columns {
                let _ = write!(out, ",{}", cells[*column].number);
            }
            out.push('\n');
        }
        out
    }

    /// Renders a plot of what a crash loses over what the store is asked.
    pub fn svg(&self) -> String {
        let points = self.runs.iter().map(|(value, run)| {
            let cells = cells(run);
            (value.as_str(), cells[STORED].number, cells[LOST].number)
        });
        let points: Vec<_> = points.collect();
        plot::render(&self.key, &points)
    }

    /// Tells whether a column was measured.
    fn has(&self, column: usize) -> bool {
        let has_readers = |run: &Run| run.measured().outcome.staleness.is_some();
        column != STALENESS || self.runs.iter().any(|(_, run)| has_readers(run))
    }
}

/// Writes a field of CSV.
pub(crate) fn field(text: &str) -> String {
    if text.contains([',', '"', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests;
