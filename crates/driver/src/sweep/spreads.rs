//! What was run in several orders: how far each counter goes, by trace and machine.

use std::fmt::Write;

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::cell_columns::CellColumns;
use super::table::Table;
use crate::report::Spread;

/// The spreads of all that was run in more than one order.
pub struct Spreads<'a> {
    table: &'a Table,
    /// Each with its trace and machine, in the order of the plan.
    found: Vec<((usize, usize), Spread)>,
    /// How many pairs of a trace and a machine have results in one order at most.
    alone: usize,
}

impl<'a> Spreads<'a> {
    /// Compares the orders of each trace on each machine of a table.
    pub fn new(table: &'a Table) -> Self {
        let mut groups: IndexMap<(usize, usize), Vec<_>> = IndexMap::new();
        for row in table.rows() {
            let group = groups.entry((row.cell.trace, row.cell.machine)).or_default();
            group.extend(row.counts.as_ref().map(|counts| (row.cell.order, counts)));
        }
        let all = groups.len();
        let several = groups.into_iter().filter(|(_, runs)| runs.len() > 1);
        let spreads: Vec<_> = several.map(|(of, runs)| (of, Spread::new(runs))).collect();
        Self { table, alone: all - spreads.len(), found: spreads }
    }

    /// Renders a table for each of them.
    pub fn text(&self) -> String {
        if self.found.is_empty() {
            return "spread     no trace has results in several orders on one machine\n".to_owned();
        }
        let mut out = String::from("spread     of each trace on each machine, over its orders; ");
        out.push_str("of an even number of orders\n");
        out.push_str("           the median is the lower of the two in the middle\n");
        if self.alone > 0 {
            let (pairs, have) = if self.alone == 1 { ("pair", "has") } else { ("pairs", "have") };
            let _ = writeln!(
                out,
                "           {} {pairs} of trace and machine {have} results in one order at most",
                self.alone
            );
        }
        let cells = CellColumns::of(self.table);
        for ((trace, machine), spread) in &self.found {
            let trace = self.table.plan().trace_name(*trace);
            let machine = cells.machine_text(self.table, *machine);
            let _ = writeln!(out, "\n{trace}, {machine}: {}", spread.summary());
            spread.table(&mut out);
        }
        out
    }

    /// Returns them for programs.
    pub fn value(&self) -> Value {
        let cells = CellColumns::of(self.table);
        let spread = |((trace, machine), spread): &((usize, usize), Spread)| {
            let mut value = cells.machine(self.table, *machine);
            value.insert("trace".to_owned(), json!(self.table.plan().trace_name(*trace)));
            let (ranges, equal) = spread.value();
            value.insert("orders".to_owned(), json!(spread.orders()));
            value.insert("spread".to_owned(), ranges);
            value.insert("equal".to_owned(), equal);
            Value::Object(value)
        };
        self.found.iter().map(spread).collect()
    }
}
