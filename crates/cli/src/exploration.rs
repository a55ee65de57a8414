//! What an exploration has found, as text and as JSON.

use std::fmt::Write as _;

use coherence::Rules;
use coherence::explore::{
    CellSet, Detail, Exploration, Invariant, Model, Outcome, Violation, line_name,
};
use driver::report::grouped;
use serde_json::{Value, json};

use crate::trail;

/// What is explored, and how far.
pub(crate) fn head(model: &Model) -> String {
    let count = |n: u8, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    let mut parts = vec![
        count(model.cores, "core", "cores"),
        count(model.lines, "line", "lines"),
        format!(
            "{} of {}",
            count(model.words, "word", "words"),
            count(model.values, "value", "values")
        ),
    ];
    if model.capacity < model.lines {
        parts.push(format!("caches of {}", count(model.capacity, "line", "lines")));
    }
    if model.private_levels > 1 {
        parts.push(format!("{} private levels", model.private_levels));
    }
    if model.shared_level {
        parts.push("an inclusive shared level".to_owned());
    }
    if model.rules != Rules::default() {
        parts.push("other house rules than textbook".to_owned());
    }
    if model.symmetry {
        parts.push("up to the numbering of the cores".to_owned());
    }
    let mebibytes = model.bytes(model.states_max).div_ceil(1 << 20);
    format!(
        "protocol    {} ({})\nmodel       {}\nbound       {} states, about {} MiB\n",
        model.protocol.name(),
        model.protocol.source(),
        parts.join(", "),
        grouped(model.states_max),
        grouped(mebibytes),
    )
}

/// Renders what was found for people.
///
/// `defects` of the protocol's cells break a rule by themselves.
pub(crate) fn text(model: &Model, found: &Exploration, defects: usize) -> String {
    let mut text = head(model);
    let possible = CellSet::possible(&model.protocol);
    let reached = found.cells.common(&possible).len();
    let mut line = |key: &str, value: &str| {
        let _ = writeln!(text, "{key:<12}{value}");
    };
    let symmetric = found.symmetric_states.map_or_else(String::new, |symmetric| {
        format!(", {} up to the numbering of the cores", grouped(symmetric))
    });
    line("states", &format!("{}{symmetric}", grouped(found.states)));
    line("edges", &grouped(found.edges));
    line("depth", &found.depth.to_string());
    line("cells", &format!("{reached} of {} reached", possible.len()));
    for cell in unreached(model, found) {
        line("", &format!("not reached: {cell}"));
    }
    match defects {
        0 => {}
        1 => line("refused", "1 cell breaks a rule of all protocols"),
        cells => line("refused", &format!("{cells} cells break a rule of all protocols")),
    }
    match &found.outcome {
        Outcome::Violated(violation) => {
            let Violation { invariant, line: at, detail, trail } = violation;
            line("violated", &format!("{}: {}", invariant.name(), invariant.violation()));
            line("", &format!("line {}{}", line_name(*at), detail_of(model, *detail)));
            let steps = match trail.steps.len() {
                1 => "1 step".to_owned(),
                steps => format!("{steps} steps"),
            };
            line("trail", &format!("{steps}, as few as any in this model"));
            let _ = write!(text, "\n{}", trail::table(model, trail, None));
        }
        Outcome::Holds => {
            line("invariants", &format!("all {} hold in every state", Invariant::ALL.len()));
            for invariant in Invariant::ALL {
                line("", &format!("{:<17}{}", invariant.name(), invariant.sentence()));
            }
        }
        Outcome::Incomplete | Outcome::NoMemory | Outcome::Stopped | Outcome::Reached(_) => {
            line("invariants", "none is broken in the states looked at; not all were");
        }
    }
    text
}

fn detail_of(model: &Model, detail: Option<Detail>) -> String {
    match detail {
        None => String::new(),
        Some(Detail::OldData) => ": the last step loads an old value".to_owned(),
        Some(Detail::Broken(broken)) => {
            let state = model.protocol.state_name(broken.state);
            format!(": core {} in state {state} was asked for {}", broken.core, broken.event)
        }
    }
}

/// Returns the names of the cells that nothing reaches, once everything was looked at.
pub(crate) fn unreached(model: &Model, found: &Exploration) -> Vec<String> {
    if found.outcome != Outcome::Holds {
        return Vec::new();
    }
    let cells = CellSet::possible(&model.protocol).without(&found.cells, &model.protocol);
    cells.into_iter().map(|cell| model.protocol.cell_name(cell)).collect()
}

/// Renders what was found for programs.
pub(crate) fn json(model: &Model, found: &Exploration, defects: usize) -> Value {
    let possible = CellSet::possible(&model.protocol);
    let broken = match &found.outcome {
        Outcome::Violated(violation) => Some(violation),
        _ => None,
    };
    let holds = |invariant: Invariant| match &found.outcome {
        Outcome::Holds => Some(true),
        Outcome::Violated(violation) if violation.invariant == invariant => Some(false),
        _ => None,
    };
    json!({
        "schema": "mesim.check/1",
        "protocol": model.protocol.name(),
        "model": {
            "cores": model.cores,
            "lines": model.lines,
            "words": model.words,
            "values": model.values,
            "capacity": model.capacity,
            "private_levels": model.private_levels,
            "shared_level": model.shared_level,
            "symmetry": model.symmetry,
            "max_states": model.states_max,
        },
        "states": found.states,
        "symmetric_states": found.symmetric_states,
        "edges": found.edges,
        "depth": found.depth,
        "defects": defects,
        "complete": found.outcome == Outcome::Holds,
        "coherent": match &found.outcome {
            Outcome::Holds => Some(true),
            Outcome::Violated(_) => Some(false),
            Outcome::Reached(_)
            | Outcome::Incomplete
            | Outcome::NoMemory
            | Outcome::Stopped => None,
        },
        "invariants": Invariant::ALL.map(|invariant| json!({
            "name": invariant.name(),
            "holds": holds(invariant),
        })),
        "cells": {
            "reached": found.cells.common(&possible).len(),
            "of": possible.len(),
            "unreached": unreached(model, found),
        },
        "violation": broken.map(|violation| json!({
            "invariant": violation.invariant.name(),
            "sentence": violation.invariant.violation(),
            "line": line_name(violation.line),
            "steps": violation.trail.events().map(|event| event.to_string()).collect::<Vec<_>>(),
        })),
    })
}
