//! The report as text: a header that says what ran, and aligned tables of what was counted.

use std::fmt::Write;

use coherence::{
    BusCounters, BusOp, Cause, Cell, CoreCounters, LevelCounters, LevelSpec, MemoryCounters,
    Processor, State,
};

use super::durability::{Measured, rows, settings};
use super::lines;
use super::table::{Table, grouped};
use super::time::Clock;
use super::{Report, json};
use crate::config::{Peers, profile_name};
use crate::observe::{ClassCounters, is_possible};
use crate::tally::CoreTally;

/// The most cores that get a column each.
const COLUMNS_MAX: usize = 8;

pub(super) fn render(report: &Report) -> String {
    let mut out = String::new();
    let protocol = report.replayed.machine.protocol.name();
    header(report, protocol, report.replayed.checked_loads, &mut out);
    core_tables(report, &mut out);
    level_table(report, &mut out);
    machine_table(report, &mut out);
    transition_table(report, &mut out);
    durability_table(report, &mut out);
    if report.replayed.tally.cells.is_some() {
        out.push('\n');
        coverage_tables(report, "cells used", &mut out);
    }
    if let Some(hot) = &report.replayed.lines {
        out.push('\n');
        lines::render(report, hot, &mut out);
        out.pop();
    }
    out
}

/// Writes what ran; `protocol` is what there is to say of the machine's protocol.
pub(super) fn header(report: &Report, protocol: &str, checked: Option<u64>, out: &mut String) {
    let spec = &report.replayed.machine;
    let totals = report.replayed.tally.totals().counters;
    let provenance = &report.provenance;
    let mut line = |key: &str, value: &str| self::line(key, value, out);
    let paths = match &provenance.paths[..] {
        [path] => path.clone(),
        paths => format!("{} files, {} to {}", paths.len(), paths[0], paths[paths.len() - 1]),
    };
    line("trace", &format!("{paths} ({})", provenance.format.name()));
    if let Some(title) = &provenance.title {
        line("", title);
    }
    let mut counted = format!(
        "{}, {}",
        amount(report.replayed.accesses, "access", "accesses"),
        amount(totals.accesses, "reference", "references")
    );
    if report.warmup > 0 {
        let _ = write!(counted, ", after {} of warm-up", grouped(report.warmup));
    }
    if let Some(limit) = report.limit {
        let _ = write!(counted, ", at most {}", grouped(limit));
    }
    line("counted", &counted);
    if let Some(loads) = checked {
        let loads = amount(loads, "load saw", "loads saw");
        line("checked", &format!("{loads} the last store"));
    }
    let cores = amount(u64::from(spec.cores), "core", "cores");
    line("machine", &format!("{cores}, {protocol}, lines of {} bytes", spec.line.bytes()));
    for (number, (level, scope)) in scopes(report).enumerate() {
        // A first-level cache has nothing inside it to include.
        let is_first = number == 0 || number == spec.private.len() + spec.shared.len();
        let latency = match Measured::of(report) {
            // What has no bus is no part of a processor: its ticks are no cycles.
            Some(measured) if report.peers == Peers::None => measured.clock.text(level.latency),
            _ => level.latency.to_string(),
        };
        line("", &format!("{}, latency {latency}", level_line(level, scope, is_first)));
    }
    let bus = &spec.bus;
    line(
        "",
        &format!(
            "bus {} B wide, request {}, beat {}, cache to cache {}{}; memory {}; write buffer {}",
            bus.width,
            bus.request,
            bus.beat,
            bus.cache_to_cache,
            if bus.pipelined { ", pipelined" } else { "" },
            spec.memory_latency,
            spec.write_buffer
        ),
    );
    let rules = json::rule_values(spec.rules);
    let rules: Vec<_> = rules.iter().map(|(key, value)| format!("{key} {value}")).collect();
    line("rules", profile_name(spec.rules).unwrap_or("own"));
    line("", &rules[..3].join(", "));
    line("", &rules[3..].join(", "));
    line("interleave", &report.replayed.interleave.to_string());
    if let Some(settings) = &report.durability {
        if report.peers == Peers::None {
            line("peers", "none: the cores are clients of one cache");
        }
        let lines = settings::lines(settings, Clock(report.clock_hz));
        for (number, text) in lines.iter().enumerate() {
            line(if number == 0 { "durability" } else { "" }, text);
        }
    }
}

/// Writes a line of a header.
pub(super) fn line(key: &str, value: &str, out: &mut String) {
    let _ = writeln!(out, "{key:<11}{value}");
}

fn durability_table(report: &Report, out: &mut String) {
    let Some(measured) = Measured::of(report) else { return };
    let mut table = Table::new("durability", [String::new()]);
    rows::fill(&mut table, &[rows::parts(&measured)]);
    out.push('\n');
    table.render(out);
    out.pop();
}

/// Every level with its scope: private, shared, then the L1I.
fn scopes(report: &Report) -> impl Iterator<Item = (&LevelSpec, &'static str)> {
    let spec = &report.replayed.machine;
    let private = spec.private.iter().map(|level| (level, "private"));
    let shared = spec.shared.iter().map(|level| (level, "shared"));
    private.chain(shared).chain(spec.l1i.iter().map(|level| (level, "private")))
}

fn level_line(level: &LevelSpec, scope: &str, is_first: bool) -> String {
    let g = &level.geometry;
    let shape = if g.is_full() {
        "fully associative".to_owned()
    } else {
        let ways = amount(u64::from(g.ways()), "way", "ways");
        format!("{ways}, {}", amount(u64::from(g.sets()), "set", "sets"))
    };
    let inclusion = if is_first { "" } else { json::inclusion(level.inclusion) };
    let comma = if is_first { "" } else { ", " };
    format!(
        "{} {scope}, {}, {shape}, {}, {}{comma}{inclusion}",
        level.name,
        size(g.size_bytes()),
        json::replacement(level.replacement),
        json::write_policy(level.write)
    )
}

/// The groups of core counters, in the order of reading.
const GROUPS: &[(&str, &[&str])] = &[
    ("references", &["accesses", "reads", "writes", "atomics", "fetches", "straddles"]),
    ("first level", &["hits", "misses", "read_misses", "write_misses", "fetch_misses"]),
    (
        "coherence",
        &[
            "bus_rd",
            "bus_rdx",
            "bus_upgr",
            "bus_upd",
            "silent_upgrades",
            "invalidations",
            "invalidations_sent",
            "updates",
            "updates_sent",
            "interventions",
            "flushes",
            "flushes_kept",
            "handed_over",
            "bus_fills",
            "cache_to_cache",
            "fills_with_holders",
        ],
    ),
    (
        "lines leaving",
        &[
            "evictions",
            "dirty_evictions",
            "back_invalidations",
            "dirty_back_invalidations",
            "write_backs",
            "cleaned",
            "drained",
            "through_bytes",
            "update_bytes",
            "dirty_set",
            "dirty_merged",
        ],
    ),
];

fn core_tables(report: &Report, out: &mut String) {
    let tally = &report.replayed.tally;
    let totals = tally.totals();
    let shown: &[CoreTally] = match tally.cores.len() {
        2..=COLUMNS_MAX => &tally.cores,
        _ => &[],
    };
    if tally.cores.len() > COLUMNS_MAX {
        let _ = writeln!(out, "           (counters of each core: --json)");
    }
    out.push('\n');
    let columns = || {
        let cores = (0..shown.len()).map(|core| format!("core {core}"));
        std::iter::once("total".to_owned()).chain(cores)
    };
    let all = || std::iter::once(&totals).chain(shown);
    for (title, names) in GROUPS {
        let mut table = Table::new(title, columns());
        for name in *names {
            let values: Vec<u64> = all().map(|tally| counter(&tally.counters, name)).collect();
            table.row(name, &values);
        }
        table.render(out);
        if *title == "first level" {
            miss_rate(&totals.counters, out);
        }
    }
    if totals.classes.is_some() {
        let mut table = Table::new("miss classes", columns());
        for name in ClassCounters::NAMES {
            table.row(name, &all().map(|tally| class(tally, name)).collect::<Vec<_>>());
        }
        table.render(out);
    }
    if !report.counts_only {
        let mut table = Table::new("cycles", columns());
        for name in CYCLES {
            table.row(name, &all().map(|tally| cycles(tally, name)).collect::<Vec<_>>());
        }
        table.render(out);
    }
}

/// The counters of a whole run by group, each with its name, those of no core last.
pub(super) fn totals(report: &Report) -> Vec<(&'static str, Vec<(String, u64)>)> {
    let totals = report.replayed.tally.totals();
    let named = |names: &[&str], value: &dyn Fn(&str) -> u64| {
        names.iter().map(|name| ((*name).to_owned(), value(name))).collect()
    };
    let mut groups: Vec<_> = GROUPS
        .iter()
        .map(|(title, names)| (*title, named(names, &|name| counter(&totals.counters, name))))
        .collect();
    if totals.classes.is_some() {
        groups.push(("miss classes", named(ClassCounters::NAMES, &|name| class(&totals, name))));
    }
    if !report.counts_only {
        groups.push(("cycles", named(CYCLES, &|name| cycles(&totals, name))));
    }
    // What the bus counts by kind is what the cores count, added up.
    let of_cores = |name: &String| {
        let name = name.strip_prefix("bus ");
        name.is_some_and(|name| CoreCounters::NAMES.contains(&name))
    };
    let rows = machine_rows(report).into_iter().filter(|(name, _)| !of_cores(name)).collect();
    groups.push(("bus and memory", rows));
    groups
}

/// What a timed run has of each core.
const CYCLES: &[&str] = &["cycles", "stall_cycles", "bus_wait_cycles"];

fn cycles(tally: &CoreTally, name: &str) -> u64 {
    if name == "cycles" { tally.cycles } else { counter(&tally.counters, name) }
}

fn class(tally: &CoreTally, name: &str) -> u64 {
    let place = ClassCounters::NAMES.iter().position(|known| *known == name);
    tally.classes.map_or(0, |classes| classes.values()[place.expect("a class that exists")])
}

fn counter(counters: &CoreCounters, name: &str) -> u64 {
    let place = CoreCounters::NAMES.iter().position(|known| *known == name);
    counters.values()[place.expect("the groups name counters that exist")]
}

fn miss_rate(counters: &CoreCounters, out: &mut String) {
    // The line belongs to the table above: it takes the place of the blank line after it.
    out.pop();
    let _ = writeln!(out, "  miss rate  {}\n", rate(counters.misses, counters.accesses));
}

fn level_table(report: &Report, out: &mut String) {
    let machine = &report.replayed.machine;
    let totals = report.replayed.tally.totals();
    let count = machine.private.len();
    let counters: Vec<&LevelCounters> = totals.levels[..count]
        .iter()
        .chain(&report.replayed.tally.shared)
        .chain(&totals.levels[count..])
        .collect();
    let mut table = Table::new("levels", scopes(report).map(|(level, _)| level.name.clone()));
    for (number, name) in LevelCounters::NAMES.iter().enumerate() {
        let values: Vec<u64> = counters.iter().map(|level| level.values()[number]).collect();
        table.row(name, &values);
    }
    table.render(out);
}

fn machine_table(report: &Report, out: &mut String) {
    let mut table = Table::new("bus and memory", ["total".to_owned()]);
    for (name, value) in machine_rows(report) {
        table.row(&name, &[value]);
    }
    table.render(out);
}

fn machine_rows(report: &Report) -> Vec<(String, u64)> {
    let tally = &report.replayed.tally;
    let bus = BusCounters::NAMES.iter().zip(tally.bus.values());
    let bus = bus.filter(|(name, _)| !(report.counts_only && **name == "busy_cycles"));
    let memory = MemoryCounters::NAMES.iter().zip(tally.memory.values());
    bus.map(|(name, value)| (format!("bus {name}"), value))
        .chain(memory.map(|(name, value)| (format!("memory {name}"), value)))
        .collect()
}

fn transition_table(report: &Report, out: &mut String) {
    let protocol = &report.replayed.machine.protocol;
    let totals = report.replayed.tally.totals();
    let states = || (0..protocol.states().len() as u8).map(State);
    let causes: Vec<Cause> = Cause::ALL
        .into_iter()
        .filter(|cause| {
            states().any(|from| states().any(|to| totals.transitions.get(from, to, *cause) > 0))
        })
        .collect();
    let columns = causes.iter().map(|cause| cause.name().to_owned());
    let mut table = Table::new("transitions", columns);
    for (from, to) in states().flat_map(|from| states().map(move |to| (from, to))) {
        let values: Vec<u64> =
            causes.iter().map(|cause| totals.transitions.get(from, to, *cause)).collect();
        let name = format!("{}>{}", protocol.state_name(from), protocol.state_name(to));
        table.row(&name, &values);
    }
    table.render(out);
    out.pop();
}

/// Writes both tables of the protocol with the uses of each cell, under a `title` and how many of
/// them were used.
pub(super) fn coverage_tables(report: &Report, title: &str, out: &mut String) {
    let protocol = &report.replayed.machine.protocol;
    let Some(counts) = &report.replayed.tally.cells else { return };
    let (used, of) = counts.used(protocol);
    let text = |cell| match counts.get(cell) {
        _ if !is_possible(protocol, cell) => "-".to_owned(),
        0 => "unused".to_owned(),
        number => grouped(number),
    };
    let events = Processor::ALL.iter().map(|event| event.name().to_owned());
    let mut own = Table::new("own accesses", events);
    let met = BusOp::ALL.into_iter().filter(|op| {
        protocol.all_states().any(|state| is_possible(protocol, Cell::Snoop(state, *op)))
    });
    let met: Vec<_> = met.collect();
    let mut snoop = Table::new("other cores'", met.iter().map(|op| op.name().to_owned()));
    for state in protocol.all_states() {
        let name = protocol.state_name(state);
        let cells = Processor::ALL.map(|event| text(Cell::Own(state, event)));
        own.cells(name, cells.to_vec());
        let cells = met.iter().map(|op| text(Cell::Snoop(state, *op)));
        snoop.cells(name, cells.collect());
    }
    let _ = writeln!(out, "{title}: {used} of {of}\n");
    own.render(out);
    snoop.render(out);
    out.pop();
}

/// Writes a share as a percentage with its numerator and denominator.
pub(super) fn rate(part: u64, whole: u64) -> String {
    let hundredths = (u128::from(part) * 10_000 + u128::from(whole) / 2) / u128::from(whole.max(1));
    format!(
        "{}.{:02} % ({} / {})",
        hundredths / 100,
        hundredths % 100,
        grouped(part),
        grouped(whole)
    )
}

/// Writes a number of things.
pub(super) fn amount(number: u64, one: &str, several: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { several })
}

/// Writes a number of bytes in the largest unit that divides it.
pub(crate) fn size(bytes: u64) -> String {
    for (shift, unit) in [(30, "GiB"), (20, "MiB"), (10, "KiB")] {
        if bytes >= 1 << shift && bytes.is_multiple_of(1 << shift) {
            return format!("{} {unit}", bytes >> shift);
        }
    }
    format!("{bytes} B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_rounded_and_sizes_have_units() {
        assert_eq!(rate(1, 3), "33.33 % (1 / 3)");
        assert_eq!(rate(2, 3), "66.67 % (2 / 3)");
        assert_eq!(rate(0, 0), "0.00 % (0 / 0)");
        assert_eq!(size(48 * 1024), "48 KiB");
        assert_eq!(size(100), "100 B");
    }
}
