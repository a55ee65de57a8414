//! A trail of the explorer, as a table and as a trace.

use std::fmt::Write;

use coherence::explore::{Copied, Event, LineView, Model, Trail, TrailStep, line_name};
use coherence::{Cell, Protocol};

/// Renders a trail: a row a step and line, what every place has after it, and the cells that
/// decided the step.
///
/// A copy is its state and its words, the first word first; a star says that its dirty bit is set.
/// Cells of cores that do not hold the line are left out.
pub(crate) fn table(model: &Model, trail: &Trail) -> String {
    let mut rows = vec![header(model)];
    for (number, step) in trail.steps.iter().enumerate() {
        let before = number.checked_sub(1).map(|number| &trail.steps[number].lines);
        let mut label = Some((number + 1, step));
        for (line, view) in step.lines.iter().enumerate() {
            let is_named = usize::from(step.event.line()) == line;
            if is_named || before.is_some_and(|before| before[line] != *view) {
                rows.push(row(model, label.take(), line as u8, view));
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
) -> Vec<String> {
    let (number, event, cells) = match label {
        Some((number, step)) => {
            (number.to_string(), step.event.to_string(), cells(model, &step.cells))
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

fn cells(model: &Model, cells: &[(u8, Cell)]) -> String {
    let told = cells
        .iter()
        .filter(|(_, cell)| !matches!(cell, Cell::Snoop(state, _) if !state.is_valid()));
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

/// Bytes of a line in the traces: any will do.
const LINE_BYTES: u64 = 64;

/// Writes a trail as an mtrace.
///
/// What no access can say, a replacement, becomes a read of another line that goes to the same
/// place of the machine that [`step_command`] names. `None` if an event of the trail has no such
/// trace: one of a shared level, or of one level of several.
pub(crate) fn mtrace(model: &Model, trail: &Trail, title: &str, command: &str) -> Option<String> {
    if model.shared_level || model.private_levels > 1 {
        return None;
    }
    let mut out = format!("@title {title}\n# {command}\n@cores {}\n", model.cores);
    for line in 0..model.lines {
        let _ = writeln!(out, "let {} = {:#x}", line_name(line), u64::from(line) * LINE_BYTES);
    }
    for event in trail.events() {
        let (core, line) = (event.core().unwrap_or(0), event.line());
        let name = line_name(line);
        match event {
            Event::Load { .. } => {
                let _ = writeln!(out, "{core} R {name} {}", u32::from(model.words) * 4);
            }
            Event::Store { word, value, .. } => {
                let address =
                    if word == 0 { name.to_owned() } else { format!("{name}+{}", 4 * word) };
                let _ = writeln!(out, "{core} W {address} 4    # stores {value}");
            }
            Event::Evict { .. } => {
                let rival = rival(model, core, line);
                let _ = writeln!(out, "{core} R {rival:#x} 4    # takes the place of {name}");
            }
            Event::Clean { .. } => {
                let _ = writeln!(out, "{core} C {name}");
            }
            Event::EvictShared { .. } => return None,
        }
    }
    Some(out)
}

/// The address of a line that no other core uses, and that lies where a line of the model does.
fn rival(model: &Model, core: u8, line: u8) -> u64 {
    let sets = u64::from(sets(model));
    let place = if model.capacity < model.lines { 0 } else { u64::from(line) };
    (place + sets * (u64::from(model.lines) + u64::from(core))) * LINE_BYTES
}

/// Sets of one way, a line of the model in each; or one set of as many ways as the caches hold.
fn sets(model: &Model) -> u8 {
    if model.capacity < model.lines { 1 } else { model.lines.next_power_of_two() }
}

/// The command that steps through a trail's trace on a machine like the model's.
pub(crate) fn step_command(model: &Model, protocol: &str, file: &str) -> String {
    let sets = u64::from(sets(model));
    let ways = if model.capacity < model.lines { u64::from(model.capacity) } else { 1 };
    let size = sets * ways * LINE_BYTES;
    let levels =
        ["L1", "L2"].map(|level| format!("--set {level}.size={size} --set {level}.ways={ways}"));
    format!("mesim step {file} --plain --set protocol={protocol} {}", levels.join(" "))
}

/// Returns a cell of a protocol by its name, a state and an event: `S.BusUpgr`.
pub(crate) fn cell(protocol: &Protocol, name: &str) -> Option<Cell> {
    protocol.cells().find(|cell| protocol.cell_name(*cell).eq_ignore_ascii_case(name))
}
