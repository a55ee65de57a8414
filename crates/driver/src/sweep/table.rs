//! The results of a plan beside each other, in the order of its cells, whoever ran what.

use std::fmt::Write;

use indexmap::{IndexMap, IndexSet};
use serde_json::{Map, Number, Value, json};

use super::plan::{Cell, Plan, PlannedTrace};
use super::result::CellResult;
use crate::report::{counted, field, grouped, json_text};

/// What the cells of a plan counted.
#[derive(Clone, Debug)]
pub struct Table {
    plan: Plan,
    rows: Vec<Row>,
}

/// A cell and what it counted.
#[derive(Clone, Debug)]
pub struct Row {
    /// The cell.
    pub cell: Cell,
    /// Its counters by name; none where it has no result.
    pub counts: Option<IndexMap<String, Number>>,
    /// Why it has none.
    pub unfinished: Option<Unfinished>,
}

/// Why a cell has no result.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unfinished {
    /// There is no file, or none that is whole.
    Missing,
    /// Its run failed.
    Failed {
        /// The code of the diagnostic.
        code: String,
        /// What went wrong.
        message: String,
    },
}

impl Unfinished {
    /// Returns the word for it.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Failed { .. } => "failed",
        }
    }
}

/// The columns before those of counters, round those of the varied keys.
const BEFORE_KEYS: [&str; 4] = ["id", "status", "trace", "config"];

/// The counters of the Markdown table: its title, and what is summed up for it.
const HEADLINES: [(&str, &[&str]); 7] = [
    ("references", &["accesses"]),
    ("misses", &["misses"]),
    ("invalidations", &["invalidations"]),
    ("transactions", &["bus.bus_rd", "bus.bus_rdx", "bus.bus_upgr", "bus.bus_upd"]),
    ("write-backs", &["write_backs"]),
    ("memory reads", &["memory.reads"]),
    ("cycles", &["cycles"]),
];

impl Table {
    /// Lays the results of a plan's cells beside each other; none for one that has no file.
    ///
    /// # Panics
    /// If there are not as many as cells.
    pub fn new(plan: Plan, results: Vec<Option<CellResult>>) -> Self {
        assert_eq!(plan.cells.len(), results.len(), "a result or none for each cell");
        let row = |(cell, result): (&Cell, Option<CellResult>)| {
            let (counts, unfinished) = match result {
                Some(CellResult::Report(report)) => (Some(counted(&report)), None),
                Some(CellResult::Failed { code, message }) => {
                    (None, Some(Unfinished::Failed { code, message }))
                }
                None => (None, Some(Unfinished::Missing)),
            };
            Row { cell: cell.clone(), counts, unfinished }
        };
        let rows = plan.cells.iter().zip(results).map(row).collect();
        Self { plan, rows }
    }

    /// Returns the plan.
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Returns the rows, in the order of the plan's cells.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Returns the rows without a result.
    pub fn unfinished(&self) -> impl Iterator<Item = (&Row, &Unfinished)> {
        self.rows.iter().filter_map(|row| Some((row, row.unfinished.as_ref()?)))
    }

    /// Returns the names of all counters that a row has, each once.
    pub fn counters(&self) -> Vec<&str> {
        let counts = self.rows.iter().filter_map(|row| row.counts.as_ref());
        let names: IndexSet<&str> = counts.flat_map(IndexMap::keys).map(String::as_str).collect();
        names.into_iter().collect()
    }

    /// Returns the names of the columns that say which cell a row is: its id and status, trace,
    /// config, varied keys and order.
    pub fn labels(&self) -> Vec<&str> {
        let keys = self.plan.keys.iter().map(String::as_str);
        BEFORE_KEYS.into_iter().chain(keys).chain(["interleave"]).collect()
    }

    /// Returns what stands in those columns of a row.
    pub fn label_cells(&self, row: &Row) -> Vec<String> {
        let (cell, machine) = (&row.cell, &self.plan.machines[row.cell.machine]);
        let status = row.unfinished.as_ref().map_or("done", Unfinished::word);
        let trace = self.plan.trace_name(cell.trace);
        let mut cells = vec![cell.id.clone(), status.to_owned(), trace];
        cells.push(machine.config.clone().unwrap_or_default());
        cells.extend(machine.values.clone());
        cells.push(cell.order.to_string());
        cells
    }

    /// Renders all rows as JSON, `mesim.sweep/1`, with a line end.
    pub fn json(&self) -> String {
        let plan = &self.plan;
        let cells: Vec<Value> = self.rows.iter().map(|row| self.row_value(row)).collect();
        let unfinished = |wanted: &str| -> Vec<Value> {
            let found = self.unfinished().filter(|(_, why)| why.word() == wanted);
            let named = found.map(|(row, why)| {
                let mut named = Map::new();
                named.insert("id".to_owned(), json!(row.cell.id));
                named.insert("cell".to_owned(), json!(plan.describe(&row.cell)));
                if let Unfinished::Failed { code, message } = why {
                    named.insert("error".to_owned(), json!({"code": code, "message": message}));
                }
                Value::Object(named)
            });
            named.collect()
        };
        let trace = |trace: &PlannedTrace| {
            let PlannedTrace { files, sha256, accesses } = trace;
            json!({"files": files, "sha256": sha256, "accesses": accesses})
        };
        json_text(&json!({
            "schema": "mesim.sweep/1",
            "keys": plan.keys,
            "traces": plan.traces.iter().map(trace).collect::<Vec<_>>(),
            "options": {
                "set": plan.set.iter().cloned().collect::<IndexMap<_, _>>(),
                "classify": plan.options.classify,
                "check": plan.options.check,
                "counts_only": plan.options.counts_only,
                "warmup": plan.options.warmup,
                "limit": plan.options.limit,
            },
            "cells": cells,
            "missing": unfinished("missing"),
            "failed": unfinished("failed"),
        }))
    }

    fn row_value(&self, row: &Row) -> Value {
        let machine = &self.plan.machines[row.cell.machine];
        let pairs = self.plan.keys.iter().cloned().zip(machine.values.iter().cloned());
        json!({
            "id": row.cell.id,
            "trace": self.plan.trace_name(row.cell.trace),
            "config": machine.config,
            "values": pairs.collect::<IndexMap<_, _>>(),
            "interleave": row.cell.order.to_string(),
            "counts": row.counts,
        })
    }

    /// Renders all rows as CSV; those without a result have nothing in the columns of counters.
    pub fn csv(&self) -> String {
        let names = self.counters();
        let line = |cells: Vec<String>| {
            let cells: Vec<_> = cells.iter().map(|cell| field(cell)).collect();
            cells.join(",") + "\n"
        };
        let header = self.labels().into_iter().chain(names.iter().copied());
        let mut out = line(header.map(str::to_owned).collect());
        for row in &self.rows {
            let count = |name: &&str| {
                let count = row.counts.as_ref().and_then(|counts| counts.get(*name));
                count.map(ToString::to_string).unwrap_or_default()
            };
            let cells = self.label_cells(row).into_iter().chain(names.iter().map(count));
            out += &line(cells.collect());
        }
        out
    }

    /// Renders the headlines of all rows as a Markdown table, and names the cells without a result.
    /// A column that says the same in every row is left out.
    pub fn markdown(&self) -> String {
        let mut columns: Vec<(String, Vec<String>)> = Vec::new();
        let labels: Vec<_> = self.rows.iter().map(|row| self.label_cells(row)).collect();
        for (number, name) in self.labels().into_iter().enumerate() {
            let cells: Vec<String> = labels.iter().map(|cells| cells[number].clone()).collect();
            let is_even = cells.iter().all(|cell| Some(cell) == cells.first());
            if name == "trace" || name != "id" && !is_even {
                columns.push((name.to_owned(), cells));
            }
        }
        for (name, parts) in HEADLINES {
            let cells: Vec<_> = self.rows.iter().map(|row| sum(row, parts)).collect();
            if cells.iter().any(|cell| !cell.is_empty()) {
                columns.push((name.to_owned(), cells));
            }
        }
        let mut out = aligned(&columns);
        let unfinished: Vec<_> = self.unfinished().collect();
        if !unfinished.is_empty() {
            out += "\nWithout a result:\n\n";
        }
        for (row, why) in unfinished {
            let what = match why {
                Unfinished::Missing => "missing".to_owned(),
                Unfinished::Failed { code, message } => format!("failed, {code}: {message}"),
            };
            let cell = self.plan.describe(&row.cell);
            let _ = writeln!(out, "- {} ({cell}): {what}", row.cell.id);
        }
        out
    }
}

/// Sums up counters of a row; nothing where it has none of them.
fn sum(row: &Row, parts: &[&str]) -> String {
    let Some(counts) = &row.counts else { return String::new() };
    let found: Vec<u64> =
        parts.iter().filter_map(|part| counts.get(*part)).filter_map(Number::as_u64).collect();
    if found.is_empty() { String::new() } else { grouped(found.iter().sum()) }
}

/// Lays columns out as a Markdown table whose text is aligned too; numbers to the right.
fn aligned(columns: &[(String, Vec<String>)]) -> String {
    let is_number = |cell: &String| cell.chars().all(|c| c.is_ascii_digit() || c == ',');
    let mut lines = vec![String::new(); columns.first().map_or(0, |(_, cells)| cells.len()) + 2];
    for (name, cells) in columns {
        let width = cells.iter().map(|cell| cell.chars().count());
        let width = width.chain([name.chars().count(), 3]).max().unwrap_or(0);
        let right = cells.iter().all(is_number);
        let rule = if right { format!("{:->1$}", ":", width) } else { "-".repeat(width) };
        let escaped = cells.iter().map(|cell| cell.replace('|', "\\|"));
        for (line, cell) in lines.iter_mut().zip([name.clone(), rule].into_iter().chain(escaped)) {
            let _ = if right {
                write!(line, "| {cell:>width$} ")
            } else {
                write!(line, "| {cell:<width$} ")
            };
        }
    }
    lines.into_iter().map(|line| line + "|\n").collect()
}
