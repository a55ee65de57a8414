//! Aligned tables of texts and numbers, without a frame.

use std::fmt::Write;

use serde_json::Number;

use super::table::grouped;

/// A table whose columns of numbers are aligned to the right.
pub(crate) struct Columns {
    titles: Vec<(String, Side)>,
    rows: Vec<Vec<String>>,
}

/// Where the cells of a column begin or end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
}

impl Columns {
    pub(crate) fn new(titles: impl IntoIterator<Item = (String, Side)>) -> Self {
        Self { titles: titles.into_iter().collect(), rows: Vec::new() }
    }

    /// Adds a row; what it lacks at its end is empty.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Writes the table, its titles first.
    pub(crate) fn render(&self, out: &mut String) {
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            let all = cells.chain([&self.titles[column].0]);
            all.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.titles.len()).map(width).collect();
        let titles: Vec<String> = self.titles.iter().map(|(title, _)| title.clone()).collect();
        for row in [&titles].into_iter().chain(&self.rows) {
            let mut line = String::new();
            for (number, cell) in row.iter().enumerate() {
                let (width, gap) = (widths[number], if number > 0 { "  " } else { "" });
                let _ = match self.titles[number].1 {
                    Side::Left => write!(line, "{gap}{cell:<width$}"),
                    Side::Right => write!(line, "{gap}{cell:>width$}"),
                };
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
}

/// Digits of a fraction that people are shown.
const DIGITS: i32 = 5;

/// Writes a fraction with five digits that matter, and no more behind the point than those.
pub(crate) fn fraction(number: f64) -> String {
    let power = format!("{number:e}");
    let power: i32 = power.rsplit('e').next().and_then(|power| power.parse().ok()).unwrap_or(0);
    let decimals = usize::try_from((DIGITS - 1 - power).clamp(0, 20)).unwrap_or(0);
    let text = format!("{number:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// Writes a counter: a whole number with commas, a fraction with five digits.
pub(crate) fn number_text(number: &Number) -> String {
    match number.as_u64() {
        Some(whole) => grouped(whole),
        None => fraction(number.as_f64().unwrap_or(f64::NAN)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_have_five_digits_that_matter() {
        let cases = [
            (0.0, "0"),
            (0.5, "0.5"),
            (1.0 / 3.0, "0.33333"),
            (2.0e-7 / 3.0, "0.000000066667"),
            (12_345.678, "12346"),
            (1_234_567.0, "1234567"),
            (99.999_99, "100"),
            (1.5, "1.5"),
        ];
        for (number, text) in cases {
            assert_eq!(fraction(number), text);
        }
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let titles = [("who", Side::Left), ("n", Side::Right), ("why", Side::Left)];
        let mut table = Columns::new(titles.map(|(title, side)| (title.to_owned(), side)));
        table.row(["a", "1,000", "so"].map(str::to_owned).to_vec());
        table.row(vec!["and 2 more".to_owned()]);
        let mut out = String::new();
        table.render(&mut out);
        assert_eq!(out, "who             n  why\na           1,000  so\nand 2 more\n");
    }
}
