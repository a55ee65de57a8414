//! One trace on several machines: a row a machine, and all reports for programs.

use indexmap::{IndexMap, IndexSet};
use serde_json::{Map, Value, json};

use super::counted::counted;
use super::table::{Table, grouped};
use super::variation::field;
use super::{Report, json, json_text, text};

/// Reports of the same trace on machines that differ in some keys of the config.
#[derive(Clone, Debug)]
pub struct Machines {
    keys: Vec<String>,
    /// The values of the keys, and what was counted.
    runs: Vec<(Vec<String>, Report)>,
}

impl Machines {
    /// Lays reports beside each other, each with the values of the keys that its machine had.
    ///
    /// # Panics
    /// If there are none.
    pub fn new(keys: Vec<String>, runs: Vec<(Vec<String>, Report)>) -> Self {
        assert!(!runs.is_empty(), "there is something to compare");
        Self { keys, runs }
    }

    /// Renders all runs as JSON, `mesim.vary/1`, with a line end: a whole report a machine.
    ///
    /// Of one key, `key` and `value` are there as they are where durability is compared.
    pub fn json(&self) -> String {
        let runs = self.runs.iter().map(|(values, report)| {
            let pairs = self.keys.iter().cloned().zip(values.iter().map(|value| json!(value)));
            let pairs: Map<String, Value> = pairs.collect();
            match &values[..] {
                [value] => json!({"value": value, "values": pairs, "report": json::value(report)}),
                _ => json!({"values": pairs, "report": json::value(report)}),
            }
        });
        let runs: Vec<_> = runs.collect();
        json_text(&match &self.keys[..] {
            [key] => {
                json!({"schema": "mesim.vary/1", "key": key, "keys": self.keys, "runs": runs})
            }
            _ => json!({"schema": "mesim.vary/1", "keys": self.keys, "runs": runs}),
        })
    }

    /// Renders a table, a row a machine.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let first = &self.runs[0].1;
        let protocol = first.replayed.machine.protocol.name();
        let checked = self.runs.iter().map(|(_, report)| report.replayed.checked_loads).sum();
        text::header(first, protocol, checked, &mut out);
        let number = self.runs.len();
        let plural = if number == 1 { "" } else { "s" };
        let varied = format!("{}: {number} machine{plural}, the first above", self.keys.join(", "));
        text::line("varied", &varied, &mut out);
        out.push('\n');
        let timed = !first.counts_only;
        let titles =
            ["misses", "%", "invalidations", "transactions", "write-backs", "memory reads"];
        let titles = titles.into_iter().chain(timed.then_some("cycles")).map(str::to_owned);
        let mut table = Table::new(&self.keys.join(", "), titles);
        for (values, report) in &self.runs {
            let totals = report.replayed.tally.totals();
            let (counters, tally) = (&totals.counters, &report.replayed.tally);
            let bus = &tally.bus;
            let transactions = bus.bus_rd + bus.bus_rdx + bus.bus_upgr + bus.bus_upd;
            let mut cells = vec![
                grouped(counters.misses),
                percent(counters.misses, counters.accesses),
                grouped(counters.invalidations),
                grouped(transactions),
                grouped(counters.write_backs),
                grouped(tally.memory.reads),
            ];
            cells.extend(timed.then(|| grouped(totals.cycles)));
            table.cells(&values.join(", "), cells);
        }
        table.render(&mut out);
        out.pop();
        out
    }

    /// Renders the totals of every machine as CSV: the keys, then what the reports count, under the
    /// names that it has there (`misses`, `L1.fills`, `memory.reads`). A machine that lacks a level
    /// has nothing in its columns.
    pub fn csv(&self) -> String {
        let rows: Vec<_> =
            self.runs.iter().map(|(_, report)| counted(&json::value(report))).collect();
        let names: IndexSet<&String> = rows.iter().flat_map(IndexMap::keys).collect();
        let header = self.keys.iter().chain(names.iter().copied()).map(|name| field(name));
        let mut out = header.collect::<Vec<_>>().join(",");
        out.push('\n');
        for ((values, _), row) in self.runs.iter().zip(&rows) {
            let values = values.iter().map(|value| field(value));
            let counts = names
                .iter()
                .map(|name| row.get(*name).map(ToString::to_string).unwrap_or_default());
            out += &values.chain(counts).collect::<Vec<_>>().join(",");
            out.push('\n');
        }
        out
    }
}

/// Writes a share in percent, with two decimals.
fn percent(part: u64, whole: u64) -> String {
    format!("{:.2}", 100.0 * part as f64 / whole.max(1) as f64)
}
