//! The same trace written back and written through, side by side.

use serde_json::{Value, json};

use super::durability::rows;
use super::run::Run;
use super::table::{Table, grouped};
use super::time::quotient_text;
use super::{json_text, text};

/// A run and its twin that sends every write to the store at once.
#[derive(Clone, Debug)]
pub struct Twins {
    /// As the config has it.
    pub back: Run,
    /// Written through.
    pub through: Run,
}

impl Twins {
    /// Renders both as JSON, `mesim.compare/1`, with a line end: whole reports.
    ///
    /// # Panics
    /// If one of them did not measure what is durable.
    pub fn json(&self) -> String {
        let run = |write: &str, run: &Run| -> Value {
            let (key, report) = run.value();
            json!({"write": write, key: report})
        };
        let runs = [run("back", &self.back), run("through", &self.through)];
        json_text(&json!({"schema": "mesim.compare/1", "runs": runs}))
    }

    /// Renders both as one aligned table.
    ///
    /// # Panics
    /// If one of them did not measure what is durable.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let report = self.back.report();
        let protocol = report.replayed.machine.protocol.name();
        text::header(report, protocol, report.replayed.checked_loads, &mut out);
        out.push('\n');
        let columns = ["write-back", "write-through"].map(str::to_owned);
        let mut table = Table::new("durability", columns);
        let both = [&self.back, &self.through];
        table.cells("write latency, ratio", vec!["1.0x".to_owned(), self.ratio()]);
        rows::fill(&mut table, &both.map(|run| rows::parts(&run.measured())));
        self.crash_rows(&mut table);
        table.render(&mut out);
        out.pop();
        out
    }

    /// Returns by how much a write through takes longer, in the mean.
    fn ratio(&self) -> String {
        let [back, through] =
            [&self.back, &self.through].map(|run| run.measured().outcome.write_latency.all);
        // (through.sum / through.count) / (back.sum / back.count), in tenths.
        let above = through.sum.saturating_mul(u128::from(back.count));
        let below = back.sum.saturating_mul(u128::from(through.count));
        if below == 0 {
            return "-".to_owned();
        }
        let tenths = (above.saturating_mul(10).saturating_add(below / 2)) / below;
        let whole = grouped(u64::try_from(tenths / 10).unwrap_or(u64::MAX));
        format!("{whole}.{}x", tenths % 10)
    }

    fn crash_rows(&self, table: &mut Table) {
        let (Some(back), Some(through)) = (self.back.crashes(), self.through.crashes()) else {
            return;
        };
        let both = [back, through];
        let clock = self.back.measured().clock;
        table.part("crashes");
        let number = |crashes: usize| grouped(crashes as u64);
        table.cells("looked at", both.map(|run| number(run.crashes().len())).to_vec());
        let writes = both.map(|run| run.spread(|crash| crash.loss.writes));
        let mean = writes.map(|all| quotient_text(all.sum, u128::from(all.count)));
        table.cells("lost writes, mean", mean.to_vec());
        table.cells("lost writes, max", writes.map(|all| grouped(all.max)).to_vec());
        let ages = both.map(|run| run.spread(|crash| crash.loss.max_age));
        table.cells("oldest lost write, max", ages.map(|all| clock.text(all.max)).to_vec());
    }
}
