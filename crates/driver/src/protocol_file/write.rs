//! From a protocol to the text of its file.

use std::fmt::Write;

use coherence::{BusOp, Processor, Protocol, SnoopStep, StateInfo};

use super::cell::{Side, written};

/// Writes a protocol as a file that [`read`](super::read()) reads as the same value.
pub fn write(protocol: &Protocol) -> String {
    let mut out = format!(
        "(\n    name: {},\n    source: {},\n    states: [\n",
        quoted(protocol.name()),
        quoted(protocol.source())
    );
    states(protocol.states(), &mut out);
    out.push_str("    ],\n    // What a core does on its own accesses.\n    processor: (\n");
    let own = Processor::ALL.to_vec();
    table(protocol, &own, |state, event| protocol.processor(state, event), &mut out);
    out.push_str("    ),\n    // What its copy does when it sees another core's transaction.\n");
    out.push_str("    snoop: (\n");
    // What nobody asks is left out where there is nothing to say of it.
    let said = |op: &BusOp| {
        let mut states = protocol.all_states();
        protocol.meets(*op) || states.any(|state| protocol.snoop(state, *op) != SnoopStep::Never)
    };
    let ops: Vec<_> = BusOp::ALL.into_iter().filter(said).collect();
    table(protocol, &ops, |state, op| protocol.snoop(state, op), &mut out);
    out.push_str("    ),\n)\n");
    out
}

fn states(infos: &[StateInfo], out: &mut String) {
    let rows: Vec<[String; 3]> = infos
        .iter()
        .map(|info| {
            let held = info.holding;
            let held = [
                (held.valid, "valid"),
                (held.unique, "unique"),
                (held.dirty, "dirty"),
                (held.forwards, "forwards"),
            ];
            let held: Vec<_> = held.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
            [
                format!("name: {},", quoted(&info.name)),
                format!("holds: [{}],", held.join(", ")),
                format!("meaning: {}", quoted(&info.meaning)),
            ]
        })
        .collect();
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let (names, holds) = (width(0), width(1));
    for [name, held, meaning] in &rows {
        // A meaning may be left out, but not be nothing.
        let row = if meaning.ends_with(": \"\"") {
            format!("{name:names$} {}", held.trim_end_matches(','))
        } else {
            format!("{name:names$} {held:holds$} {meaning}")
        };
        let _ = writeln!(out, "        ({row}),");
    }
}

fn table<S: Side>(
    protocol: &Protocol,
    events: &[S::Event],
    step: impl Fn(coherence::State, S::Event) -> S,
    out: &mut String,
) {
    let names: Vec<_> = protocol.states().iter().map(|info| info.name.to_string()).collect();
    let rows: Vec<Vec<String>> = protocol
        .all_states()
        .map(|state| {
            let cells = events.iter().map(|event| {
                let cell = written(step(state, *event), *event, &names);
                format!("{}: {cell}", S::event(*event))
            });
            cells.collect()
        })
        .collect();
    let key = names.iter().map(String::len).max().unwrap_or(0) + 1;
    for (name, row) in names.iter().zip(&rows) {
        let last = row.len().saturating_sub(1);
        let cells = row.iter().enumerate().map(|(column, cell)| {
            let width = rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
            let gap = if column == last { 0 } else { width + 2 };
            let comma = if column == last { "" } else { "," };
            format!("{:gap$}", format!("{cell}{comma}"))
        });
        let cells: String = cells.collect();
        let _ = writeln!(out, "        {:key$} ({cells}),", format!("{name}:"));
    }
}

/// Writes a text as RON does.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.extend(c.escape_unicode()),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
