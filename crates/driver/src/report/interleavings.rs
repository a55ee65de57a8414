//! One trace on one machine in several orders: how far each counter goes.

use indexmap::IndexMap;
use serde_json::{Number, Value, json};

use super::spread::Spread;
use super::{Report, counted, json_text, text};

/// Reports of the same trace on the same machine in different orders of accesses.
#[derive(Clone, Debug)]
pub struct Interleavings {
    reports: Vec<Report>,
}

impl Interleavings {
    /// Lays reports beside each other, in this order.
    ///
    /// # Panics
    /// If there are none.
    pub fn new(reports: Vec<Report>) -> Self {
        assert!(!reports.is_empty(), "there is something to compare");
        Self { reports }
    }

    fn counts(&self) -> Vec<IndexMap<String, Number>> {
        self.reports.iter().map(|report| counted(&report.value())).collect()
    }

    fn spread(&self, counts: &[IndexMap<String, Number>]) -> Spread {
        Spread::new(self.reports.iter().map(|report| report.replayed.interleave).zip(counts))
    }

    /// Renders the counters that differ as a table.
    pub fn text(&self) -> String {
        let (mut out, first) = (String::new(), &self.reports[0]);
        // The loads of all runs.
        let checked = self.reports.iter().map(|report| report.replayed.checked_loads).sum();
        text::header(first, first.replayed.machine.protocol.name(), checked, &mut out);
        let counts = self.counts();
        let spread = self.spread(&counts);
        text::line("orders", &format!("{}; the first above", spread.summary()), &mut out);
        let mut table = String::new();
        spread.table(&mut table);
        if !table.is_empty() {
            out.push('\n');
        }
        out + &table
    }

    /// Renders all orders as JSON, `mesim.interleavings/1`, with a line end.
    pub fn json(&self) -> String {
        let first = self.reports[0].value();
        let counts = self.counts();
        let (spread, equal) = self.spread(&counts).value();
        let order = |(report, counts): (&Report, &IndexMap<String, Number>)| -> Value {
            json!({"interleave": report.replayed.interleave.to_string(), "counts": counts})
        };
        json_text(&json!({
            "schema": "mesim.interleavings/1",
            "trace": first["trace"],
            "machine": first["machine"],
            "orders": self.reports.iter().zip(&counts).map(order).collect::<Vec<_>>(),
            "spread": spread,
            "equal": equal,
        }))
    }
}
