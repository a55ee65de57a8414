//! What a sweep came to, in brief, and what else was asked of it.

use std::fmt::Write;

use serde_json::{Map, Number, Value, json};

use super::best::Best;
use super::metric::Metric;
use super::pareto::Pareto;
use super::spreads::Spreads;
use super::table::{Table, Unfinished};
use crate::report::{Columns, Side, grouped, json_text, number_text};

/// The counters whose ranges a summary has.
const RANGES: [&str; 3] = ["misses", "cycles", "bus.data_bytes"];

/// A look at the results of a sweep.
pub struct Show<'a> {
    table: &'a Table,
    /// The best cells, by each metric that was asked for.
    pub best: Vec<Best<'a>>,
    /// The fronts of two metrics.
    pub pareto: Option<Pareto<'a>>,
    /// What several orders differ in.
    pub spreads: Option<Spreads<'a>>,
}

impl<'a> Show<'a> {
    /// Looks at a table; nothing in particular yet.
    pub const fn new(table: &'a Table) -> Self {
        Self { table, best: Vec::new(), pareto: None, spreads: None }
    }

    /// Tells whether anything in particular was asked for.
    const fn is_asked(&self) -> bool {
        !self.best.is_empty() || self.pareto.is_some() || self.spreads.is_some()
    }

    /// Renders what was asked for, or a summary if nothing was.
    pub fn text(&self) -> String {
        if !self.is_asked() {
            return self.summary();
        }
        let best = self.best.iter().map(Best::text);
        let pareto = self.pareto.iter().map(Pareto::text);
        let spreads = self.spreads.iter().map(Spreads::text);
        best.chain(pareto).chain(spreads).collect::<Vec<_>>().join("\n")
    }

    fn count(&self, wanted: Option<&str>) -> usize {
        let rows = self.table.rows().iter();
        rows.filter(|row| row.unfinished.as_ref().map(Unfinished::word) == wanted).count()
    }

    fn summary(&self) -> String {
        let (table, plan) = (self.table, self.table.plan());
        let count = |word| grouped(self.count(word) as u64);
        let [done, missing, failed] = [None, Some("missing"), Some("failed")].map(count);
        let cells = grouped(table.rows().len() as u64);
        let mut out =
            format!("sweep      {cells} cells: {done} done, {missing} missing, {failed} failed\n");
        let key = |(number, key): (usize, &String)| {
            let mut values: Vec<_> =
                plan.machines.iter().map(|machine| &machine.values[number]).collect();
            values.sort();
            values.dedup();
            format!("{key} ({})", values.len())
        };
        let keys: Vec<_> = plan.keys.iter().enumerate().map(key).collect();
        if !keys.is_empty() {
            let _ = writeln!(out, "varied     {}", keys.join(", "));
        }
        out.push('\n');
        let titles = [("trace".to_owned(), Side::Left), ("cells".to_owned(), Side::Right)];
        let ranges = RANGES.map(|name| (name.to_owned(), Side::Left));
        let mut columns = Columns::new(titles.into_iter().chain(ranges));
        for trace in 0..plan.traces.len() {
            let done = table.rows().iter().filter(|row| row.cell.trace == trace).count();
            let mut line = vec![plan.trace_name(trace), grouped(done as u64)];
            line.extend(RANGES.map(|name| match self.range(trace, name) {
                None => String::new(),
                Some((min, max)) if min == max => number_text(&min),
                Some((min, max)) => format!("{} .. {}", number_text(&min), number_text(&max)),
            }));
            columns.row(line);
        }
        columns.render(&mut out);
        out + &self.hints()
    }

    /// Returns the smallest and the largest value of a counter among a trace's cells.
    fn range(&self, trace: usize, name: &str) -> Option<(Number, Number)> {
        let rows = self.table.rows().iter().filter(|row| row.cell.trace == trace);
        let values = rows.filter_map(|row| row.counts.as_ref()?.get(name)?.as_u64());
        let (min, max) = values.fold(None, |range: Option<(u64, u64)>, value| {
            let (min, max) = range.unwrap_or((value, value));
            Some((min.min(value), max.max(value)))
        })?;
        Some((min.into(), max.into()))
    }

    /// Names flags that say more, those that this sweep has something for.
    fn hints(&self) -> String {
        let (plan, counters) = (self.table.plan(), self.table.counters());
        let Some(first) = counters.iter().copied().find(|name| *name == RANGES[0]) else {
            return String::new();
        };
        let is_number = |key: &&String| Metric::read(key, self.table).is_ok();
        let cost = plan.keys.iter().find(is_number).map_or(RANGES[2], String::as_str);
        let mut hints = vec![(format!("--best {first}"), "each trace's best cells")];
        if counters.contains(&cost) || plan.keys.iter().any(|key| key == cost) {
            let what = "the cells that no other beats in both; --html FILE plots them";
            hints.push((format!("--pareto {cost},{first}"), what));
        }
        let mut pairs: Vec<_> = plan.cells.iter().map(|cell| (cell.trace, cell.machine)).collect();
        pairs.sort_unstable();
        if pairs.windows(2).any(|two| two[0] == two[1]) {
            hints.push(("--spread".to_owned(), "how far counters go over the orders"));
        }
        let width = hints.iter().map(|(flag, _)| flag.len()).max().unwrap_or(0);
        let line = |(number, (flag, what)): (usize, &(String, &str))| {
            let title = if number == 0 { "more" } else { "" };
            format!("{title:<11}{flag:<width$}  {what}\n")
        };
        "\n".to_owned() + &hints.iter().enumerate().map(line).collect::<String>()
    }

    /// Renders the same as JSON, `mesim.sweep-show/1`, with a line end.
    pub fn json(&self) -> String {
        let mut value = Map::new();
        let mut put = |name: &str, part: Value| value.insert(name.to_owned(), part);
        put("schema", json!("mesim.sweep-show/1"));
        put("cells", json!(self.table.rows().len()));
        put("done", json!(self.count(None)));
        put("missing", json!(self.count(Some("missing"))));
        put("failed", json!(self.count(Some("failed"))));
        if !self.is_asked() {
            put("traces", self.ranges());
        }
        if !self.best.is_empty() {
            put("best", self.best.iter().map(Best::value).collect());
        }
        if let Some(pareto) = &self.pareto {
            put("pareto", pareto.value());
        }
        if let Some(spreads) = &self.spreads {
            put("spread", spreads.value());
        }
        json_text(&Value::Object(value))
    }

    fn ranges(&self) -> Value {
        let plan = self.table.plan();
        let trace = |trace: usize| {
            let ranges = RANGES.map(|name| {
                let range = self.range(trace, name);
                (name.to_owned(), json!(range.map(|(min, max)| [min, max])))
            });
            let ranges: Map<String, Value> = ranges.into_iter().collect();
            json!({"trace": plan.trace_name(trace), "ranges": ranges})
        };
        (0..plan.traces.len()).map(trace).collect()
    }
}
