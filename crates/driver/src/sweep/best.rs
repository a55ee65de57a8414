//! One metric: each trace's best cells, and the machine that does best over all traces.

use std::collections::HashMap;
use std::fmt::Write;

use serde_json::{Value, json};

use super::cell_columns::{CellColumns, left_out_text};
use super::metric::{Measured, Metric, Quantity};
use super::table::{Row, Table};
use crate::report::{Columns, Side, fraction, grouped};

/// The most cells of a trace that are equally good and shown.
const SHOWN_MAX: usize = 5;

/// The best cells by a metric.
pub struct Best<'a> {
    table: &'a Table,
    metric: Metric,
    measured: Measured,
    /// The best rows of each trace, all equally good; none where no cell has a value.
    traces: Vec<Vec<usize>>,
    left_out: usize,
    overall: Option<Overall>,
}

/// The machines that are nearest to each trace's best.
#[derive(Clone, PartialEq, Debug)]
struct Overall {
    /// All that are equally near.
    machines: Vec<usize>,
    /// How many times each trace's best, in the geometric mean.
    factor: f64,
    /// How many machines have a value on every trace.
    of: usize,
}

impl<'a> Best<'a> {
    /// Finds the best cells of a table.
    pub fn new(table: &'a Table, metric: Metric) -> Self {
        let measured = metric.measure(table);
        let rows = table.rows();
        let has_value = |row: &usize| measured.values[*row].is_some();
        let found: Vec<usize> = (0..rows.len()).filter(has_value).collect();
        let left_out = rows.iter().filter(|row| row.counts.is_some()).count() - found.len();
        let best = |trace: usize| -> Vec<usize> {
            let of_trace = || found.iter().filter(|row| rows[**row].cell.trace == trace);
            let least = of_trace().map(|row| measured.rank(*row)).min();
            of_trace().filter(|row| Some(measured.rank(**row)) == least).copied().collect()
        };
        let traces: Vec<Vec<usize>> = (0..table.plan().traces.len()).map(best).collect();
        let mut best = Self { table, metric, measured, traces, left_out, overall: None };
        best.overall = best.overall();
        best
    }

    /// Finds the machine with the smallest geometric mean, over all traces, of how many times the
    /// trace's best it needs.
    fn overall(&self) -> Option<Overall> {
        let mut rows: HashMap<(usize, usize), Vec<usize>> = HashMap::new();
        for (row, Row { cell, .. }) in self.table.rows().iter().enumerate() {
            if self.measured.values[row].is_some() {
                rows.entry((cell.trace, cell.machine)).or_default().push(row);
            }
        }
        let mut factors: Vec<(usize, f64)> = Vec::new();
        for machine in 0..self.table.plan().machines.len() {
            let of_traces = self.traces.iter().enumerate();
            let logarithms = of_traces.map(|(trace, best)| {
                let value = self.median(rows.get(&(trace, machine))?);
                let best = self.measured.value(*best.first()?);
                Some(libm::log(self.times(value, best)))
            });
            let logarithms: Option<Vec<f64>> = logarithms.collect();
            if let Some(logarithms) = logarithms.filter(|all| !all.is_empty()) {
                let mean = logarithms.iter().sum::<f64>() / logarithms.len() as f64;
                factors.push((machine, libm::exp(mean)));
            }
        }
        let factor = factors.iter().map(|(_, factor)| *factor).min_by(f64::total_cmp)?;
        let machines = factors.iter().filter(|(_, other)| *other <= factor).map(|(one, _)| *one);
        Some(Overall { machines: machines.collect(), factor, of: factors.len() })
    }

    /// Returns what a machine has on a trace where it has these rows: of several orders the median,
    /// the lower of the two in the middle.
    fn median(&self, rows: &[usize]) -> Quantity {
        let mut rows = rows.to_vec();
        rows.sort_by_key(|row| self.measured.place(*row));
        self.measured.value(rows[(rows.len() - 1) / 2])
    }

    /// Returns how many times as bad a value is as the best one: 1 for the best itself, and for
    /// anything else infinitely many times where the better of the two is 0.
    fn times(&self, value: Quantity, best: Quantity) -> f64 {
        let (value, best) = (value.real(), best.real());
        let (worse, better) =
            if self.metric.more_is_better() { (best, value) } else { (value, best) };
        if worse.total_cmp(&better).is_eq() { 1.0 } else { worse / better }
    }

    /// Tells whether a machine was run in several orders on a trace.
    fn has_orders(&self) -> bool {
        let cells = self.table.rows().iter().map(|row| (row.cell.trace, row.cell.machine));
        let mut seen = std::collections::HashSet::new();
        cells.into_iter().any(|cell| !seen.insert(cell))
    }

    /// Renders the best cells as a table, and says which machine is best over all traces.
    pub fn text(&self) -> String {
        let (plan, name) = (self.table.plan(), self.metric.name());
        let better = if self.metric.more_is_better() { "more" } else { "less" };
        let mut out = format!("best       {name} of each trace: {better} is better\n");
        left_out_text(self.left_out, &mut out);
        out.push('\n');
        let cells = CellColumns::of(self.table);
        let cells = cells.without([self.measured.key]);
        let titles = [("trace".to_owned(), Side::Left), (name.to_owned(), Side::Right)];
        let mut columns = Columns::new(titles.into_iter().chain(cells.titles()));
        for (trace, best) in self.traces.iter().enumerate() {
            let mut trace = plan.trace_name(trace);
            if best.is_empty() {
                columns.row(vec![trace, "none".to_owned()]);
                continue;
            }
            for row in best.iter().take(SHOWN_MAX) {
                let mut line = vec![std::mem::take(&mut trace), self.measured.text(*row)];
                line.extend(cells.cells(self.table, *row));
                columns.row(line);
            }
            if let Some(rest) = best.len().checked_sub(SHOWN_MAX + 1) {
                columns.row(vec![format!("  and {} more as good", grouped(rest as u64 + 1))]);
            }
        }
        columns.render(&mut out);
        if self.traces.len() > 1 {
            out.push('\n');
            out += &self.overall_text(&CellColumns::of(self.table));
        }
        out
    }

    fn overall_text(&self, cells: &CellColumns) -> String {
        let Some(overall) = &self.overall else {
            return "all traces no machine has a value on every one\n".to_owned();
        };
        if overall.factor.is_infinite() {
            return "all traces no machine is within a factor of the best on every one\n"
                .to_owned();
        }
        let shown = overall.machines.iter().take(SHOWN_MAX);
        let mut out = String::new();
        for (number, machine) in shown.enumerate() {
            let title = if number == 0 { "all traces" } else { "" };
            let _ = writeln!(out, "{title:<11}{}", cells.machine_text(self.table, *machine));
        }
        if let Some(rest) = overall.machines.len().checked_sub(SHOWN_MAX + 1) {
            let _ = writeln!(out, "{:<11}and {} more as good", "", grouped(rest as u64 + 1));
        }
        let (factor, traces) = (fraction(overall.factor), self.traces.len());
        let times = if self.metric.more_is_better() {
            format!("each trace's best is {factor} times its own")
        } else {
            format!("{factor} times each trace's best")
        };
        let all = self.table.plan().machines.len();
        let of = match overall.of {
            of if of == all => format!("{} machines", grouped(all as u64)),
            of => format!("the {} machines with a value on every one", grouped(of as u64)),
        };
        let least = format!("in the geometric mean over {traces} traces, the least of {of}");
        let _ = writeln!(out, "{:<11}{times} {least}", "");
        if self.has_orders() {
            let _ = writeln!(out, "{:<11}(a machine's value is the median over its orders)", "");
        }
        out
    }

    /// Returns the best cells of each trace, and the machines that are best over all.
    pub fn value(&self) -> Value {
        let cells = CellColumns::of(self.table);
        let trace = |(trace, best): (usize, &Vec<usize>)| {
            let value = best.first().map(|row| self.measured.value(*row).value());
            let best = best.iter().map(|row| Value::Object(cells.value(self.table, *row)));
            json!({
                "trace": self.table.plan().trace_name(trace),
                "value": value,
                "cells": best.collect::<Vec<_>>(),
            })
        };
        let overall = self.overall.as_ref().filter(|overall| overall.factor.is_finite());
        let overall = overall.map(|overall| {
            let machines = overall.machines.iter();
            let machines = machines.map(|one| Value::Object(cells.machine(self.table, *one)));
            json!({
                "geometric_mean": overall.factor,
                "machines": machines.collect::<Vec<_>>(),
                "of_machines": overall.of,
            })
        });
        json!({
            "metric": self.metric.written(),
            "left_out": self.left_out,
            "traces": self.traces.iter().enumerate().map(trace).collect::<Vec<_>>(),
            "overall": overall,
        })
    }
}
