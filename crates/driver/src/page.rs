//! What a page about a replay needs besides its steps: names, the protocol's tables, windows over
//! time, the report.

use coherence::render::{processor_cell, snoop_cell};
use coherence::{BusOp, Cell, Processor, Protocol, SnoopStep};
use serde_json::{Map, Value, json};

use crate::observe::{ClassCounters, Window, Windows, is_possible};
use crate::report::Report;
use crate::steps::{Excerpt, Names};

/// The name and version of the format.
pub const PAGE_SCHEMA: &str = "mesim.page/1";

/// Makes the JSON that a page reads beside the steps, in one line; `around` is the condition round
/// which steps were kept, as it was written, and what was kept.
pub fn page_json(
    report: &Report,
    names: &Names,
    windows: &Windows,
    around: Option<(&str, &Excerpt)>,
) -> String {
    let table = names.iter().map(|(addr, name)| (addr.to_string(), json!(name)));
    let page = json!({
        "schema": PAGE_SCHEMA,
        "names": table.collect::<Map<_, _>>(),
        "protocol": protocol(&report.replayed.machine.protocol),
        "windows": self::windows(windows),
        "around": around.map(|(condition, excerpt)| self::around(condition, excerpt)),
        "report": report.value(),
    });
    page.to_string()
}

/// The states with what they hold, and every cell that the tables have, by the name that steps call
/// it. Operations that the protocol never meets are left out.
fn protocol(protocol: &Protocol) -> Value {
    let states = protocol.states().iter().map(|info| {
        let holding = info.holding;
        json!({
            "name": info.name,
            "meaning": info.meaning.trim(),
            "valid": holding.valid,
            "unique": holding.unique,
            "dirty": holding.dirty,
            "forwards": holding.forwards,
        })
    });
    let met = |op: &&BusOp| {
        protocol.all_states().any(|state| protocol.snoop(state, **op) != SnoopStep::Never)
    };
    let cells = protocol.cells().filter(|cell| is_possible(protocol, *cell)).map(|cell| {
        let does = match cell {
            Cell::Own(state, event) => processor_cell(protocol, protocol.processor(state, event)),
            Cell::Snoop(state, op) => snoop_cell(protocol, op, protocol.snoop(state, op)),
        };
        (protocol.cell_name(cell), json!(does))
    });
    json!({
        "name": protocol.name(),
        "source": protocol.source(),
        "states": states.collect::<Vec<_>>(),
        "events": Processor::ALL.map(Processor::name),
        "ops": BusOp::ALL.iter().filter(met).map(|op| op.name()).collect::<Vec<_>>(),
        "cells": cells.collect::<Map<_, _>>(),
    })
}

/// Which steps of a long run there are, and every core's states where a stretch of them begins.
fn around(condition: &str, excerpt: &Excerpt) -> Value {
    let starts = excerpt.starts.iter().map(|start| {
        let states = start.states.iter();
        let states = states.map(|(line, states)| (format!("{line:#x}"), json!(states)));
        json!({"at": start.at, "step": start.step, "states": states.collect::<Map<_, _>>()})
    });
    json!({
        "condition": condition,
        "hits": excerpt.hits,
        "is_full": excerpt.is_full,
        "starts": starts.collect::<Vec<_>>(),
    })
}

/// A list of numbers, one a window, for each thing that ever happened.
fn windows(windows: &Windows) -> Value {
    let series =
        |of: &dyn Fn(&Window) -> u64| -> Vec<u64> { windows.windows.iter().map(of).collect() };
    let that_happened = |names: &[&str], of: &dyn Fn(&Window, usize) -> u64| -> Map<_, _> {
        let all = names.iter().enumerate();
        let all = all.map(|(at, name)| (*name, series(&|window: &Window| of(window, at))));
        let happened = all.filter(|(_, numbers)| numbers.iter().any(|number| *number > 0));
        happened.map(|(name, numbers)| (name.to_owned(), json!(numbers))).collect()
    };
    json!({
        "length": windows.length,
        "last": windows.windows.last().map_or(0, |window| window.references),
        "classes": that_happened(ClassCounters::NAMES, &|window, at| window.classes[at]),
        "bus": that_happened(&BusOp::ALL.map(BusOp::name), &|window, at| window.bus[at]),
        "invalidations": series(&|window| window.invalidations),
        "dirty_lines": series(&|window| window.dirty_lines),
    })
}
