//! The report as JSON: names and order of the keys are part of the schema.

use cache::{Geometry, Replacement};
use coherence::{
    BusCounters, BusOp, Cause, Cell, CleanSupply, CoreCounters, Inclusion, LevelCounters,
    LevelSpec, MemoryCounters, Processor, Protocol, Rules, State, Transitions, VictimOrder,
    WritePolicy, WriteToShared,
};
use serde_json::{Map, Value, json};

use super::Report;
use super::durability::{self, Measured};
use super::lines;
use crate::config::{Peers, profile_name};
use crate::observe::{CellCounts, ClassCounters, is_possible};
use crate::tally::CoreTally;

/// Counters that only a timed run has.
const TIMED: &[&str] = &["stall_cycles", "bus_wait_cycles", "busy_cycles"];

pub(super) fn value(report: &Report) -> Value {
    let tally = &report.replayed.tally;
    let totals = tally.totals();
    let mut root = Map::new();
    let mut put = |key: &str, value: Value| root.insert(key.to_owned(), value);
    put("schema", json!("mesim.report/1"));
    put("trace", trace(report, &totals));
    put("machine", machine(report));
    put("rules", rules(report.replayed.machine.rules));
    put("interleave", json!(report.replayed.interleave.to_string()));
    put("totals", Value::Object(core(report, &totals)));
    put("cores", tally.cores.iter().map(|tally| core_with_levels(report, tally)).collect());
    put("levels", levels(report, &totals));
    put("bus", Value::Object(counters(report, BusCounters::NAMES, &tally.bus.values())));
    put("memory", Value::Object(counters(report, MemoryCounters::NAMES, &tally.memory.values())));
    if !report.counts_only {
        let per_core: Vec<u64> = tally.cores.iter().map(|core| core.cycles).collect();
        put("cycles", json!({"total": totals.cycles, "per_core": per_core}));
    }
    if let Some(loads) = report.replayed.checked_loads {
        put("check", json!({"loads": loads}));
    }
    if let Some(classes) = &totals.classes {
        put("classes", Value::Object(class_map(classes)));
    }
    if let Some(counts) = &tally.cells {
        put("coverage", coverage(&report.replayed.machine.protocol, counts));
    }
    if let Some(hot) = &report.replayed.lines {
        put("lines", lines::value(report, hot));
        put("lines_counted", lines::counted(hot));
    }
    if let Some(measured) = Measured::of(report) {
        put("durability", durability::json::value(&measured));
    }
    Value::Object(root)
}

/// The uses of each cell that the tables have: by side, state and event.
fn coverage(protocol: &Protocol, counts: &CellCounts) -> Value {
    let row = |cells: &[(&'static str, Cell)]| {
        let possible = cells.iter().filter(|(_, cell)| is_possible(protocol, *cell));
        let uses = possible.map(|(event, cell)| ((*event).to_owned(), json!(counts.get(*cell))));
        Value::Object(uses.collect())
    };
    let (mut own, mut snoop) = (Map::new(), Map::new());
    for state in protocol.all_states() {
        let name = protocol.state_name(state);
        let cells = Processor::ALL.map(|event| (event.name(), Cell::Own(state, event)));
        own.insert(name.to_owned(), row(&cells));
        let cells = BusOp::ALL.map(|op| (op.name(), Cell::Snoop(state, op)));
        snoop.insert(name.to_owned(), row(&cells));
    }
    let (used, all) = counts.used(protocol);
    json!({"processor": own, "snoop": snoop, "used": used, "of": all})
}

pub(super) fn trace(report: &Report, totals: &CoreTally) -> Value {
    let provenance = &report.provenance;
    let (paths, format) = if provenance.in_json {
        (json!(provenance.paths), json!(provenance.format.name()))
    } else {
        (json!([]), json!(""))
    };
    json!({
        "paths": paths,
        "format": format,
        "accesses": report.replayed.accesses,
        "references": totals.counters.accesses,
        "warmup": report.warmup,
        "limit": report.limit,
    })
}

fn counters(report: &Report, names: &[&'static str], values: &[u64]) -> Map<String, Value> {
    let pairs = names.iter().zip(values);
    pairs
        .filter(|(name, _)| !(report.counts_only && TIMED.contains(name)))
        .map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect()
}

fn core(report: &Report, tally: &CoreTally) -> Map<String, Value> {
    let mut map = counters(report, CoreCounters::NAMES, &tally.counters.values());
    let protocol = &report.replayed.machine.protocol;
    map.insert("transitions".to_owned(), transitions(protocol, &tally.transitions));
    if !report.counts_only {
        map.insert("cycles".to_owned(), json!(tally.cycles));
    }
    map
}

fn core_with_levels(report: &Report, tally: &CoreTally) -> Value {
    let mut map = core(report, tally);
    let levels = private_specs(report).zip(&tally.levels).map(|(spec, level)| {
        let mut map = Map::new();
        map.insert("name".to_owned(), json!(spec.name));
        map.extend(counters(report, LevelCounters::NAMES, &level.values()));
        Value::Object(map)
    });
    map.insert("levels".to_owned(), levels.collect());
    if let Some(classes) = &tally.classes {
        map.insert("classes".to_owned(), Value::Object(class_map(classes)));
    }
    Value::Object(map)
}

/// The private levels, then the L1I if there is one, as a core's counters have them.
fn private_specs(report: &Report) -> impl Iterator<Item = &LevelSpec> {
    let machine = &report.replayed.machine;
    machine.private.iter().chain(&machine.l1i)
}

/// The levels outward, private ones first; the L1I comes last.
fn levels(report: &Report, totals: &CoreTally) -> Value {
    let machine = &report.replayed.machine;
    let count = machine.private.len();
    let one = |spec: &LevelSpec, scope: &str, level: &LevelCounters| {
        let mut map = Map::new();
        map.insert("name".to_owned(), json!(spec.name));
        map.insert("scope".to_owned(), json!(scope));
        map.extend(counters(report, LevelCounters::NAMES, &level.values()));
        Value::Object(map)
    };
    let private = machine.private.iter().zip(&totals.levels);
    let shared = machine.shared.iter().zip(&report.replayed.tally.shared);
    let l1i = machine.l1i.iter().zip(&totals.levels[count..]);
    private
        .map(|(spec, level)| one(spec, "private", level))
        .chain(shared.map(|(spec, level)| one(spec, "shared", level)))
        .chain(l1i.map(|(spec, level)| one(spec, "private", level)))
        .collect()
}

fn transitions(protocol: &Protocol, transitions: &Transitions) -> Value {
    let states = || (0..protocol.states().len() as u8).map(State);
    let mut map = Map::new();
    for (from, to) in states().flat_map(|from| states().map(move |to| (from, to))) {
        let causes: Map<String, Value> = Cause::ALL
            .iter()
            .map(|cause| (cause.name().to_owned(), transitions.get(from, to, *cause)))
            .filter(|(_, count)| *count > 0)
            .map(|(name, count)| (name, json!(count)))
            .collect();
        if !causes.is_empty() {
            let name = format!("{}>{}", protocol.state_name(from), protocol.state_name(to));
            map.insert(name, Value::Object(causes));
        }
    }
    Value::Object(map)
}

pub(super) fn class_map(classes: &ClassCounters) -> Map<String, Value> {
    let pairs = ClassCounters::NAMES.iter().zip(classes.values());
    pairs.map(|(name, value)| ((*name).to_owned(), json!(value))).collect()
}

pub(super) fn machine(report: &Report) -> Value {
    let spec = &report.replayed.machine;
    let private = spec.private.iter().map(|level| level_spec(level, "private"));
    let caches: Vec<_> =
        private.chain(spec.shared.iter().map(|level| level_spec(level, "shared"))).collect();
    let mut machine = json!({
        "cores": spec.cores,
        "protocol": spec.protocol.name(),
        "line_bytes": spec.line.bytes(),
        "word_bytes": report.word_bytes,
        "caches": caches,
        "l1i": spec.l1i.as_ref().map(|level| level_spec(level, "private")),
        "bus": {
            "request": spec.bus.request,
            "width_bytes": spec.bus.width,
            "beat": spec.bus.beat,
            "cache_to_cache": spec.bus.cache_to_cache,
            "pipelined": spec.bus.pipelined,
        },
        "memory": {"latency": spec.memory_latency},
        "write_buffer": spec.write_buffer,
        "clock_hz": report.clock_hz,
    });
    if report.durability.is_some() {
        let peers = match report.peers {
            Peers::Bus => "Bus",
            Peers::None => "None",
        };
        machine["peers"] = json!(peers);
    }
    machine
}

fn level_spec(level: &LevelSpec, scope: &str) -> Value {
    json!({
        "name": level.name,
        "scope": scope,
        "size_bytes": level.geometry.size_bytes(),
        "sets": level.geometry.sets(),
        "ways": ways(&level.geometry),
        "replacement": replacement(level.replacement),
        "write": write_policy(level.write),
        "inclusion": inclusion(level.inclusion),
        "latency": level.latency,
    })
}

fn ways(geometry: &Geometry) -> Value {
    if geometry.is_full() { json!("Full") } else { json!(geometry.ways()) }
}

pub(super) fn replacement(policy: Replacement) -> String {
    match policy {
        Replacement::Lru => "Lru".to_owned(),
        Replacement::TreePlru => "TreePlru".to_owned(),
        Replacement::Fifo => "Fifo".to_owned(),
        Replacement::Random(seed) => format!("Random({seed})"),
        Replacement::Srrip => "Srrip".to_owned(),
    }
}

pub(super) fn write_policy(write: WritePolicy) -> String {
    match write {
        WritePolicy::WriteBack => "WriteBack".to_owned(),
        WritePolicy::WriteThrough { allocate } => format!("WriteThrough(allocate: {allocate})"),
    }
}

pub(super) const fn inclusion(inclusion: Inclusion) -> &'static str {
    match inclusion {
        Inclusion::Inclusive => "Inclusive",
        Inclusion::NonInclusive => "NonInclusive",
    }
}

/// The rules by key, as the config writes their values.
pub(super) fn rule_values(rules: Rules) -> [(&'static str, String); 6] {
    let write_to_shared = match rules.write_to_shared {
        WriteToShared::Upgrade => "Upgrade",
        WriteToShared::ReadExclusive => "ReadExclusive",
    };
    let clean_supply = match rules.clean_supply {
        CleanSupply::Memory => "Memory",
        CleanSupply::ExclusiveOnly => "ExclusiveOnly",
        CleanSupply::AnyHolder => "AnyHolder",
    };
    let victim_order = match rules.victim_order {
        VictimOrder::VictimFirst => "VictimFirst",
        VictimOrder::FillFirst => "FillFirst",
    };
    [
        ("write_to_shared", write_to_shared.to_owned()),
        ("clean_supply", clean_supply.to_owned()),
        ("invalidating_flush_updates_memory", rules.invalidating_flush_updates_memory.to_string()),
        ("exclusive_on_sole_read", rules.exclusive_on_sole_read.to_string()),
        ("victim_order", victim_order.to_owned()),
        ("drain_at_end", rules.drain_at_end.to_string()),
    ]
}

pub(super) fn rules(rules: Rules) -> Value {
    let mut map = Map::new();
    map.insert("profile".to_owned(), json!(profile_name(rules)));
    for (key, value) in rule_values(rules) {
        let value = value.parse::<bool>().map_or_else(|_| json!(value), |flag| json!(flag));
        map.insert(key.to_owned(), value);
    }
    Value::Object(map)
}
