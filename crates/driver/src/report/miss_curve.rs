//! The misses of caches of several sizes, beside each other.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::{Value, json};

use super::plot::{self, Labels};
use super::table::{Table, grouped};
use super::text::{self, amount, rate, size};
use super::time::quotient;
use super::{Provenance, json_text};
use crate::miss_ratio::MissCurve;

/// A report of the misses of every size.
#[derive(Clone, Debug)]
pub struct MissCurveReport {
    /// What was measured.
    pub curve: MissCurve,
    /// Where the trace came from.
    pub provenance: Provenance,
    /// The core whose records were taken, if only one's were.
    pub core: Option<u16>,
    /// The most accesses that were taken, if there was a limit.
    pub limit: Option<u64>,
    /// Sizes in bytes that are reported besides the powers of two, whole numbers of lines.
    pub sizes: Vec<u64>,
}

impl MissCurveReport {
    /// Returns the numbers of lines that are reported: powers of two up to the first at which only
    /// cold misses are left, and those that were asked for.
    fn lines(&self) -> BTreeSet<u64> {
        let line = self.curve.line.bytes();
        let last = self.curve.lines_max().max(1).next_power_of_two().ilog2();
        let asked = self.sizes.iter().map(|bytes| bytes / line);
        (0..=last).map(|power| 1 << power).chain(asked).collect()
    }

    /// Renders the sizes as JSON, `mesim.mrc/1`, with a line end.
    pub fn json(&self) -> String {
        let curve = &self.curve;
        let size = |lines: &u64| {
            let bytes = lines * curve.line.bytes();
            json!({"size_bytes": bytes, "lines": lines, "misses": curve.misses(*lines)})
        };
        json_text(&json!({
            "schema": "mesim.mrc/1",
            "core": self.core,
            "limit": self.limit,
            "line_bytes": curve.line.bytes(),
            "accesses": curve.accesses,
            "references": curve.references,
            "cold_misses": curve.cold_misses(),
            "footprint_lines": curve.footprint,
            "sizes": self.lines().iter().map(size).collect::<Vec<Value>>(),
        }))
    }

    /// Renders the curve as CSV: a row for one line, and for each larger size that misses less
    /// often than the one before.
    pub fn csv(&self) -> String {
        let mut out = "size_bytes,lines,misses,miss_ratio\n".to_owned();
        for (lines, misses) in self.curve.steps() {
            let bytes = lines * self.curve.line.bytes();
            let _ = writeln!(out, "{bytes},{lines},{misses},{}", self.ratio(misses));
        }
        out
    }

    /// Renders a plot of the sizes' miss ratios.
    pub fn svg(&self) -> String {
        let labels = Labels {
            title: "Miss ratio of a fully associative LRU cache",
            x: "size of the cache",
            y: "misses / references",
        };
        let lines = self.lines();
        let points = lines
            .iter()
            .map(|lines| (lines * self.curve.line.bytes(), self.ratio(self.curve.misses(*lines))));
        plot::over_sizes(&labels, &points.collect::<Vec<_>>())
    }

    /// Renders a table, a row a size.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let (curve, provenance) = (&self.curve, &self.provenance);
        let mut line = |key: &str, value: &str| text::line(key, value, &mut out);
        let paths = provenance.paths.join(" ");
        line("trace", &format!("{paths} ({})", provenance.format.name()));
        if let Some(title) = &provenance.title {
            line("", title);
        }
        if let Some(core) = self.core {
            line("core", &format!("{core} alone, without what others take from its caches"));
        }
        let mut counted = format!(
            "{}, {}",
            amount(curve.accesses, "access", "accesses"),
            amount(curve.references, "reference", "references")
        );
        if let Some(limit) = self.limit {
            let _ = write!(counted, ", at most {}", grouped(limit));
        }
        line("counted", &counted);
        let footprint = amount(curve.footprint, "line", "lines");
        let bytes = curve.footprint.saturating_mul(curve.line.bytes());
        let bytes = amount(bytes, "byte", "bytes");
        line("footprint", &format!("{footprint} of {} bytes, {bytes}", curve.line.bytes()));
        line("cold", &amount(curve.cold_misses(), "miss", "misses"));
        out.push('\n');
        let columns = ["lines", "miss ratio"].map(str::to_owned);
        let mut table = Table::new("size", columns);
        for lines in self.lines() {
            let ratio = rate(curve.misses(lines), curve.references);
            table.cells(&size(lines * curve.line.bytes()), vec![grouped(lines), ratio]);
        }
        table.render(&mut out);
        out.pop();
        out
    }

    fn ratio(&self, misses: u64) -> f64 {
        quotient(u128::from(misses), u128::from(self.curve.references))
    }
}
