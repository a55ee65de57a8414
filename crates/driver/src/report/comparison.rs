//! One trace under several protocols, side by side: the counters of the reports, a column a run.

use serde_json::{Value, json};

use super::table::Table;
use super::{Report, json, json_text, text};
use crate::interleave::Interleave;

/// Reports of the same trace on machines that differ in their protocol alone.
#[derive(Clone, Debug)]
pub struct Comparison {
    reports: Vec<Report>,
}

impl Comparison {
    /// Compares reports, in this order.
    ///
    /// # Panics
    /// If there are none.
    pub fn new(reports: Vec<Report>) -> Self {
        assert!(!reports.is_empty(), "there is something to compare");
        Self { reports }
    }

    /// Renders the runs as JSON, `mesim.compare/1`, with a line end: a whole report a protocol.
    pub fn json(&self) -> String {
        let runs: Vec<Value> = self
            .reports
            .iter()
            .map(|report| {
                let protocol = report.replayed.machine.protocol.name();
                json!({"protocol": protocol, "report": json::value(report)})
            })
            .collect();
        json_text(&json!({"schema": "mesim.compare/1", "runs": runs}))
    }

    /// Renders the totals as one aligned table; rows that are zero throughout are left out.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let number = self.reports.len();
        let protocols = if number == 1 { "protocol" } else { "protocols" };
        // The loads of all runs.
        let checked = self.reports.iter().map(|report| report.replayed.checked_loads).sum();
        text::header(&self.reports[0], &format!("{number} {protocols}"), checked, &mut out);
        if self.reports[0].replayed.interleave == Interleave::Clock {
            // The order follows from the clocks, and those from the protocol.
            out.push_str("           (each protocol has an order of its own)\n");
        }
        out.push('\n');
        let names = self.reports.iter().map(|report| report.replayed.machine.protocol.name());
        let mut table = Table::new("protocol", names.map(str::to_owned));
        let runs: Vec<_> = self.reports.iter().map(text::totals).collect();
        for (group, (title, rows)) in runs[0].iter().enumerate() {
            table.part(title);
            for (row, (name, _)) in rows.iter().enumerate() {
                let values: Vec<u64> = runs.iter().map(|run| run[group].1[row].1).collect();
                table.row(name, &values);
            }
        }
        table.render(&mut out);
        out.pop();
        for report in &self.reports {
            if report.replayed.tally.cells.is_some() {
                let name = report.replayed.machine.protocol.name();
                out.push('\n');
                text::coverage_tables(report, &format!("cells of {name} used"), &mut out);
            }
        }
        out
    }
}
