//! Two metrics at once: the cells of which no other is at least as good in both and better in one.

use std::fmt::Write;

use serde_json::{Value, json};

use super::cell_columns::{CellColumns, left_out_text};
use super::metric::{Measured, Metric};
use super::table::Table;
use crate::report::{Columns, Scatter, ScatterAxis, ScatterPoint, ScatterSeries, Side, grouped};

/// Two metrics of all cells, and each trace's front.
pub struct Pareto<'a> {
    table: &'a Table,
    metrics: [Metric; 2],
    measured: [Measured; 2],
    traces: Vec<Points>,
    left_out: usize,
}

/// The cells of a trace that have both metrics.
struct Points {
    trace: usize,
    /// The rows, the smallest first metric first; equal ones by the second, then as the plan has
    /// them.
    rows: Vec<usize>,
    /// Whether each is part of the front.
    in_front: Vec<bool>,
}

impl Points {
    fn front(&self) -> impl Iterator<Item = usize> {
        self.rows.iter().zip(&self.in_front).filter(|(_, is)| **is).map(|(row, _)| *row)
    }
}

/// Tells of each of some points, smaller numbers being better, whether no other is at least as good
/// in both and better in one. Equal points are part of it together.
fn front(points: &[(usize, usize)]) -> Vec<bool> {
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by_key(|point| points[*point]);
    let mut is_in = vec![false; points.len()];
    let mut best: Option<(usize, usize)> = None;
    for point in order {
        let (x, y) = points[point];
        // All that came before are at least as good in the first, and better unless equal.
        is_in[point] = match best {
            Some(last) if last == (x, y) => true,
            Some((_, least)) => y < least,
            None => true,
        };
        if is_in[point] {
            best = Some((x, y));
        }
    }
    is_in
}

impl<'a> Pareto<'a> {
    /// Finds the fronts of a table's traces.
    pub fn new(table: &'a Table, x: Metric, y: Metric) -> Self {
        let measured = [x.measure(table), y.measure(table)];
        let [first, second] = &measured;
        let has_both = |row: &usize| first.values[*row].is_some() && second.values[*row].is_some();
        let all = table.rows();
        let found = (0..all.len()).filter(has_both).collect::<Vec<_>>();
        let left_out = all.iter().filter(|row| row.counts.is_some()).count() - found.len();
        let points = |trace| {
            let of_trace = |row: &&usize| all[**row].cell.trace == trace;
            let mut rows: Vec<usize> = found.iter().filter(of_trace).copied().collect();
            rows.sort_by_key(|row| (first.place(*row), second.place(*row), *row));
            let ranks: Vec<_> =
                rows.iter().map(|row| (first.rank(*row), second.rank(*row))).collect();
            Points { trace, rows, in_front: front(&ranks) }
        };
        let traces = (0..table.plan().traces.len()).map(points).collect();
        Self { table, metrics: [x, y], measured, traces, left_out }
    }

    /// Returns the columns that say which cell a point is, besides its metrics.
    fn cell_columns(&self) -> CellColumns {
        CellColumns::of(self.table).without(self.measured.iter().map(|measured| measured.key))
    }

    /// Renders the fronts as a table, each by its first metric.
    pub fn text(&self) -> String {
        let [x, y] = &self.metrics;
        let name = |metric: &Metric| metric.written();
        let mut out = format!("front      {} and {}, of each trace: ", name(x), name(y));
        out.push_str("no other cell is at least as good in both and better in one\n");
        left_out_text(self.left_out, &mut out);
        out.push('\n');
        let cells = self.cell_columns();
        let numbers = [x, y].map(|metric| (metric.name().to_owned(), Side::Right));
        let titles = [("trace".to_owned(), Side::Left)].into_iter().chain(numbers);
        let mut columns = Columns::new(titles.chain(cells.titles()));
        for points in &self.traces {
            let mut name = self.table.plan().trace_name(points.trace);
            if points.rows.is_empty() {
                columns.row(vec![name, "none".to_owned()]);
                continue;
            }
            for row in points.front() {
                let mut line = vec![std::mem::take(&mut name)];
                line.extend(self.measured.iter().map(|measured| measured.text(row)));
                line.extend(cells.cells(self.table, row));
                columns.row(line);
            }
        }
        columns.render(&mut out);
        out.push('\n');
        for points in &self.traces {
            let (front, all) = (points.front().count(), points.rows.len());
            let name = self.table.plan().trace_name(points.trace);
            let _ =
                writeln!(out, "{name}: {} of {} cells", grouped(front as u64), grouped(all as u64));
        }
        out
    }

    /// Returns all points, and which of them are in front.
    pub fn value(&self) -> Value {
        let [x, y] = &self.metrics;
        let cells = CellColumns::of(self.table);
        let trace = |points: &Points| {
            let point = |(row, in_front): (&usize, &bool)| {
                let mut cell = cells.value(self.table, *row);
                for (name, measured) in ["x", "y"].into_iter().zip(&self.measured) {
                    cell.insert(name.to_owned(), measured.value(*row).value());
                }
                cell.insert("front".to_owned(), json!(in_front));
                Value::Object(cell)
            };
            let points_of = points.rows.iter().zip(&points.in_front);
            json!({
                "trace": self.table.plan().trace_name(points.trace),
                "points": points_of.map(point).collect::<Vec<_>>(),
            })
        };
        json!({
            "x": x.written(),
            "y": y.written(),
            "left_out": self.left_out,
            "traces": self.traces.iter().map(trace).collect::<Vec<_>>(),
        })
    }

    /// Returns a plot of all points with the fronts as steps.
    pub fn scatter(&self) -> Scatter {
        let cells = self.cell_columns();
        let [x, y] = &self.metrics;
        let axis = |metric: &Metric, measured: &Measured| ScatterAxis {
            name: metric.name().to_owned(),
            are_sizes: measured.are_sizes,
            more_is_better: metric.more_is_better(),
        };
        let series = |points: &Points| {
            let point = |(row, in_front): (&usize, &bool)| {
                let [first, second] = &self.measured;
                ScatterPoint {
                    at: (first.value(*row).real(), second.value(*row).real()),
                    texts: [first.text(*row), second.text(*row)],
                    facts: cells.facts(self.table, *row),
                    in_front: *in_front,
                }
            };
            ScatterSeries {
                name: self.table.plan().trace_name(points.trace),
                points: points.rows.iter().zip(&points.in_front).map(point).collect(),
            }
        };
        Scatter {
            x: axis(x, &self.measured[0]),
            y: axis(y, &self.measured[1]),
            series: self.traces.iter().map(series).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, word for word.
    fn by_definition(points: &[(usize, usize)]) -> Vec<bool> {
        let beats = |other: &(usize, usize), point: &(usize, usize)| {
            other.0 <= point.0 && other.1 <= point.1 && (other.0 < point.0 || other.1 < point.1)
        };
        points.iter().map(|point| !points.iter().any(|other| beats(other, point))).collect()
    }

    #[test]
    fn the_front_is_what_its_definition_says() {
        // The numbers of Knuth's MMIX, as good as any; few different values make ties.
        let mut state = 1_u64;
        let mut next = |below: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        let mut sizes = [0; 3];
        for round in 0..2_000 {
            let (count, values) = (next(40), [2, 5, 1_000][round % 3]);
            let points: Vec<_> = (0..count).map(|_| (next(values), next(values))).collect();
            let found = front(&points);
            assert_eq!(found, by_definition(&points), "{points:?}");
            sizes[round % 3] += found.iter().filter(|is| **is).count();
        }
        assert!(sizes.iter().all(|size| *size > 500), "{sizes:?}");
    }

    #[test]
    fn equal_points_are_in_front_together() {
        let points = [(1, 3), (2, 2), (2, 2), (2, 3), (3, 2), (3, 1), (0, 9), (0, 8)];
        let in_front = [true, true, true, false, false, true, false, true];
        assert_eq!(front(&points), in_front);
        assert!(front(&[]).is_empty());
    }
}
