//! Steps as a sheet for other programs: a spreadsheet, a page, a paper.

use driver::steps::StepRecord;

use super::{Blanks, Printer, answer, events, states, supplier};
use crate::step_args::Blank;

/// The columns of every sheet; those of [`Kind::MORE`] have more.
const COLUMNS: [&str; 12] = [
    "step", "core", "op", "address", "hit", "class", "bus", "supplier", "before", "after",
    "events", "why",
];

/// The columns behind those, for who reads all of it.
const MORE: [&str; 4] = ["size", "line", "cells", "values"];

/// How a sheet of one kind is written.
pub(super) trait Kind {
    /// It has the columns that make a row too wide for paper.
    const MORE: bool;

    /// What stands where there is nothing, if it was not left out on purpose.
    const NOTHING: &'static str;

    /// Returns what stands before the row of titles, if anything does.
    fn open(&self, columns: usize) -> Option<String>;

    /// Writes a row.
    fn row(&self, cells: &[String]) -> String;

    /// Returns what stands between the titles and the first row.
    fn rule(&self, columns: usize) -> Option<String>;

    /// Returns what stands behind the last row.
    fn close(&self) -> Option<String>;
}

/// A sheet of a kind.
pub(super) struct Sheet<K> {
    kind: K,
    blank: Blanks,
}

impl<K: Kind> Sheet<K> {
    pub(super) const fn new(kind: K, blank: Blanks) -> Self {
        Self { kind, blank }
    }

    fn cells(&self, record: &StepRecord) -> Vec<String> {
        let blank = |column, text: String| {
            let text = if text.is_empty() { K::NOTHING.to_owned() } else { text };
            self.blank.unless(column, text)
        };
        let mut cells = vec![
            record.i.to_string(),
            record.core.to_string(),
            record.op.to_owned(),
            record.addr.clone(),
            blank(Blank::Hit, answer(record.hit).to_owned()),
            blank(Blank::Class, record.class.unwrap_or_default().to_owned()),
            blank(Blank::Bus, record.bus.names().join("+")),
            blank(Blank::Supplier, supplier(record).unwrap_or_default()),
            blank(Blank::States, states(&record.before)),
            blank(Blank::States, states(&record.after)),
            blank(Blank::Events, events(record)),
            blank(Blank::Why, record.why.clone()),
        ];
        if K::MORE {
            let values = record.values.iter().map(|(word, step)| format!("{word}={step}"));
            cells.extend([
                record.size.to_string(),
                record.line.clone(),
                blank(Blank::Cells, record.cells.join(" ")),
                blank(Blank::Values, values.collect::<Vec<_>>().join(" ")),
            ]);
        }
        cells
    }
}

impl<K: Kind> Printer for Sheet<K> {
    fn begin(&self) -> Option<String> {
        let more = if K::MORE { &MORE[..] } else { &[] };
        let titles: Vec<_> = COLUMNS.iter().chain(more).map(|&title| title.to_owned()).collect();
        let columns = titles.len();
        let lines =
            [self.kind.open(columns), Some(self.kind.row(&titles)), self.kind.rule(columns)];
        Some(lines.into_iter().flatten().collect::<Vec<_>>().join("\n"))
    }

    fn row(&self, record: &StepRecord) -> Option<String> {
        Some(self.kind.row(&self.cells(record)))
    }

    fn end(&self) -> Option<String> {
        self.kind.close()
    }
}

/// Comma-separated values, as RFC 4180 has them.
pub(super) struct Csv;

impl Kind for Csv {
    const MORE: bool = true;
    const NOTHING: &'static str = "";

    fn open(&self, _columns: usize) -> Option<String> {
        None
    }

    fn row(&self, cells: &[String]) -> String {
        let quoted = cells.iter().map(|cell| {
            let plain = !cell.contains([',', '"', '\n', '\r']);
            if plain { cell.clone() } else { format!("\"{}\"", cell.replace('"', "\"\"")) }
        });
        quoted.collect::<Vec<_>>().join(",")
    }

    fn rule(&self, _columns: usize) -> Option<String> {
        None
    }

    fn close(&self) -> Option<String> {
        None
    }
}

/// A Markdown table.
pub(super) struct Markdown;

impl Kind for Markdown {
    const MORE: bool = false;
    const NOTHING: &'static str = "-";

    fn open(&self, _columns: usize) -> Option<String> {
        None
    }

    fn row(&self, cells: &[String]) -> String {
        let cells = cells.iter().map(|cell| escaped(cell, "\\|*_<`"));
        format!("| {} |", cells.collect::<Vec<_>>().join(" | "))
    }

    fn rule(&self, columns: usize) -> Option<String> {
        Some(format!("|{}", "---|".repeat(columns)))
    }

    fn close(&self) -> Option<String> {
        None
    }
}

/// A LaTeX tabular, to be input into a document; it needs no package.
pub(super) struct Latex;

impl Kind for Latex {
    const MORE: bool = false;
    const NOTHING: &'static str = "--";

    /// The last column has sentences: it is a paragraph.
    fn open(&self, columns: usize) -> Option<String> {
        let plain = "l".repeat(columns - 1);
        Some(format!("\\begin{{tabular}}{{{plain}p{{6cm}}}}\n\\hline"))
    }

    fn row(&self, cells: &[String]) -> String {
        let cells = cells.iter().map(|cell| escaped(cell, "&%$#_{}\\^~"));
        format!("{} \\\\", cells.collect::<Vec<_>>().join(" & "))
    }

    fn rule(&self, _columns: usize) -> Option<String> {
        Some("\\hline".to_owned())
    }

    fn close(&self) -> Option<String> {
        Some("\\hline\n\\end{tabular}".to_owned())
    }
}

/// Returns a text with a backslash before each of some characters; where that would make another
/// command of LaTeX, by the name of the character.
fn escaped(text: &str, special: &str) -> String {
    let latex = special.contains('^');
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' if latex => out.push_str("\\textbackslash{}"),
            '^' if latex => out.push_str("\\textasciicircum{}"),
            '~' if latex => out.push_str("\\textasciitilde{}"),
            _ if special.contains(letter) => out.extend(['\\', letter]),
            _ => out.push(letter),
        }
    }
    out
}
