//! Aligned tables of numbers.

use std::fmt::Write;

/// A table of right-aligned numbers under a title; rows that are zero throughout are left out.
pub(super) struct Table {
    header: Vec<String>,
    rows: Vec<Row>,
}

/// A label and its cells; the title of a part of the table has none.
struct Row {
    label: String,
    cells: Vec<String>,
}

impl Table {
    pub(super) fn new(title: &str, columns: impl IntoIterator<Item = String>) -> Self {
        let header = std::iter::once(title.to_owned()).chain(columns).collect();
        Self { header, rows: Vec::new() }
    }

    /// Begins a part of the table. One that gets no rows is left out.
    pub(super) fn part(&mut self, title: &str) {
        self.drop_empty_part();
        self.rows.push(Row { label: title.to_owned(), cells: Vec::new() });
    }

    pub(super) fn row(&mut self, label: &str, values: &[u64]) {
        if values.iter().any(|value| *value > 0) {
            self.cells(label, values.iter().map(|value| grouped(*value)).collect());
        }
    }

    /// Adds a row of texts.
    pub(super) fn cells(&mut self, label: &str, cells: Vec<String>) {
        self.rows.push(Row { label: format!("  {label}"), cells });
    }

    fn drop_empty_part(&mut self) {
        self.rows.pop_if(|row| row.cells.is_empty());
    }

    /// Writes the table and an empty line; nothing if there are no rows.
    pub(super) fn render(mut self, out: &mut String) {
        self.drop_empty_part();
        if self.rows.is_empty() {
            return;
        }
        let labels = self.rows.iter().map(|row| row.label.len());
        let first = labels.chain([self.header[0].len()]).max().unwrap_or(0);
        let widths: Vec<usize> = (1..self.header.len())
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.cells.get(column - 1));
                let widths = cells.map(|cell| cell.chars().count());
                widths.chain([self.header[column].len()]).max().unwrap_or(0)
            })
            .collect();
        let mut line = |label: &str, cells: &[String]| {
            let mut text = format!("{label:<first$}");
            for (cell, width) in cells.iter().zip(&widths) {
                let _ = write!(text, "  {cell:>width$}");
            }
            out.push_str(text.trim_end());
            out.push('\n');
        };
        line(&self.header[0], &self.header[1..]);
        for row in &self.rows {
            line(&row.label, &row.cells);
        }
        out.push('\n');
    }
}

/// Writes a number with a comma after every three digits.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn parts_and_rows_of_nothing_are_left_out() {
        let mut table = Table::new("who", ["a", "long"].map(str::to_owned));
        table.part("first");
        table.row("none", &[0, 0]);
        table.part("second");
        table.row("some", &[0, 1_000]);
        table.part("third");
        let mut out = String::new();
        table.render(&mut out);
        assert_eq!(out, "who     a   long\nsecond\n  some  0  1,000\n\n");
        Table::new("who", []).render(&mut out);
        assert!(out.ends_with("1,000\n\n"));
    }
}
