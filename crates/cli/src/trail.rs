//! A trail of the explorer as a table.

use std::fmt::Write;

use coherence::explore::{Copied, LineView, Model, Trail, TrailStep, line_name};
use coherence::{Cell, Protocol};

/// Renders a trail: a row a step and line, what every place has after it, and the cells that
/// decided the step.
///
/// A copy is its state and its words, the first word first; a star says that its dirty bit is set.
/// Cells of cores that do not hold the line are left out, but for the one that was asked for.
pub(crate) fn table(model: &Model, trail: &Trail, asked: Option<Cell>) -> String {
    let mut rows = vec![header(model)];
    for (number, step) in trail.steps.iter().enumerate() {
        let before = number.checked_sub(1).map(|number| &trail.steps[number].lines);
        let mut label = Some((number + 1, step));
        for (line, view) in step.lines.iter().enumerate() {
            let is_named = usize::from(step.event.line()) == line;
            if is_named || before.is_some_and(|before| before[line] != *view) {
                rows.push(row(model, label.take(), line as u8, view, asked));
            }
        }
    }
    aligned(&rows)
}

fn header(model: &Model) -> Vec<String> {
    let mut row: Vec<String> = ["step", "event", "line"].map(str::to_owned).to_vec();
    row.extend((0..model.cores).map(|core| format!("core {core}")));
    row.extend(model.shared_level.then(|| "shared level".to_owned()));
    row.extend(["memory", "last stores", "decided by"].map(str::to_owned));
    row
}

fn row(
    model: &Model,
    label: Option<(usize, &TrailStep)>,
    line: u8,
    view: &LineView,
    asked: Option<Cell>,
) -> Vec<String> {
    let (number, event, cells) = match label {
        Some((number, step)) => {
            (number.to_string(), step.event.to_string(), cells(model, &step.cells, asked))
        }
        None => Default::default(),
    };
    let mut row = vec![number, event, line_name(line).to_owned()];
    for (state, copies) in &view.cores {
        let mut cell = model.protocol.state_name(*state).to_owned();
        for copy in copies.iter().filter(|copy| copy.present) {
            let _ = write!(cell, " {}", copied(model, *copy));
        }
        row.push(cell);
    }
    row.extend(view.shared.map(|shared| copied(model, shared)));
    row.push(words(model, view.store));
    row.push(words(model, view.last));
    row.push(cells);
    row
}

fn cells(model: &Model, cells: &[(u8, Cell)], asked: Option<Cell>) -> String {
    let told = cells.iter().filter(|(_, cell)| {
        let absent = matches!(cell, Cell::Snoop(state, _) if !state.is_valid());
        !absent || asked == Some(*cell)
    });
    let names = told.map(|(core, cell)| format!("{core}: {}", model.protocol.cell_name(*cell)));
    names.collect::<Vec<_>>().join(", ")
}

fn copied(model: &Model, copy: Copied) -> String {
    if !copy.present {
        return "-".to_owned();
    }
    let star = if copy.dirty { "*" } else { "" };
    format!("{}{star}", words(model, copy.words))
}

/// The words of a line, a digit (or letter) each.
fn words(model: &Model, packed: u32) -> String {
    let bits = u32::from(model.values).next_power_of_two().trailing_zeros();
    let mask = (1 << bits) - 1;
    let word = |word: u8| packed >> (u32::from(word) * bits) & mask;
    (0..model.words).filter_map(|number| char::from_digit(word(number), 16)).collect()
}

/// Columns as wide as their widest cell, two blanks apart.
pub(crate) fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(String::len).max())
        .map(Option::unwrap_or_default)
        .collect();
    let mut out = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        let _ = writeln!(out, "  {}", line.trim_end());
    }
    out
}

/// Returns a cell of a protocol by its name, a state and an event: `S.BusUpgr`.
pub(crate) fn cell(protocol: &Protocol, name: &str) -> Option<Cell> {
    protocol.cells().find(|cell| protocol.cell_name(*cell).eq_ignore_ascii_case(name))
}
