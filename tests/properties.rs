//! The engine against the slow reference model, counter for counter, on random traces over random
//! machines.
//!
//! `MESIM_PROPERTY_SEED` starts the search elsewhere and `MESIM_PROPERTY_REFERENCES` makes it
//! longer. A failure prints the seed of its machine, and machine and trace made as small as they
//! go: `MESIM_PROPERTY_SEED=<seed> MESIM_PROPERTY_REFERENCES=1` runs that one machine again.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use cache::{Geometry, LineSize, Ways};
use coherence::{
    BusCounters, BusSpec, Cause, CoreCounters, Inclusion, LevelCounters, LevelSpec, MachineSpec,
    MemoryCounters, Protocol, Rules, State, Transitions, VictimOrder, WritePolicy, WriteToShared,
};
use driver::config::{Clients, Config, Peers};
use driver::observe::ClassCounters;
use driver::{Interleave, ReplayOptions, Streams, Tally, replay};
use trace::{Format, Header, IterSource, Op, Record};

use crate::reference::random::{SplitMix, random_spec, random_trace, shrink, shrink_spec};
use crate::reference::spec::{self, CleanSupply, Replacement, Spec};
use crate::reference::{self, Access};

/// References that one run compares at least.
const REFERENCES: u64 = 1_000_000;
/// The seed of the first machine.
const SEED: u64 = 20_261_123;
/// Accesses of one trace.
const LENGTH: usize = 400;

pub(crate) fn number_from(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
#[expect(clippy::print_stdout, reason = "whoever runs the search wants to know its seed")]
fn the_engine_equals_the_reference_model_on_random_machines() {
    let first = number_from("MESIM_PROPERTY_SEED", SEED);
    let wanted = number_from("MESIM_PROPERTY_REFERENCES", REFERENCES);
    println!("first seed {first}, at least {wanted} references");
    let (mut seed, mut references) = (first, 0);
    while references < wanted {
        references += compare_from_seed(seed);
        seed += 1;
    }
    println!("{references} references on {} machines agree", seed - first);
}

/// Compares one random machine and trace; returns the references compared.
fn compare_from_seed(seed: u64) -> u64 {
    let mut rng = SplitMix::new(seed);
    let spec = random_spec(&mut rng);
    let trace = random_trace(&mut rng, &spec, LENGTH);
    let Err(difference) = outcome(&spec, &trace) else {
        return trace.iter().filter(|access| record(access).op.is_access()).count() as u64;
    };
    let fails = |spec: &Spec, trace: &[Access]| {
        trace.iter().all(|access| access.core < spec.cores)
            && spec.validate().is_ok()
            && outcome(spec, trace).is_err()
    };
    let trace = shrink(&trace, |trace| fails(&spec, trace));
    let spec = shrink_spec(&spec, |spec| fails(spec, &trace));
    let trace = shrink(&trace, |trace| fails(&spec, trace));
    let smallest = outcome(&spec, &trace).unwrap_err();
    let lines: Vec<String> = trace.iter().map(|access| format!("{access:?}")).collect();
    panic!(
        "seed {seed}: {difference}\n\nmade smaller: {smallest}\n{spec:#?}\n{}",
        lines.join("\n")
    );
}

/// The difference of the two implementations; a panic in one of them is a difference too.
fn outcome(spec: &Spec, trace: &[Access]) -> Result<(), String> {
    std::panic::catch_unwind(|| difference(spec, trace)).unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().map(String::as_str);
        let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(format!("one of them panics: {}", words.unwrap_or("without a word")))
    })
}

/// The reference model of a policy; a new policy does not compile without one.
fn modelled(policy: cache::Replacement) -> Replacement {
    match policy {
        cache::Replacement::Lru => Replacement::Lru,
        cache::Replacement::TreePlru => Replacement::TreePlru,
        cache::Replacement::Fifo => Replacement::Fifo,
        cache::Replacement::Srrip => Replacement::Srrip,
        cache::Replacement::Random(seed) => Replacement::Random(seed),
    }
}

#[test]
fn every_policy_and_protocol_is_drawn_by_the_search() {
    let mut rng = SplitMix::new(SEED);
    let specs: Vec<Spec> = (0..500).map(|_| random_spec(&mut rng)).collect();
    for policy in cache::Replacement::ALL {
        let wanted = std::mem::discriminant(&modelled(*policy));
        let mut levels = specs.iter().flat_map(|spec| spec.levels.iter().chain(&spec.l1i));
        let drawn = levels.any(|level| std::mem::discriminant(&level.replacement) == wanted);
        assert!(drawn, "{policy:?} is never compared");
    }
    for protocol in Protocol::BUILT_IN {
        let is_it =
            |spec: &Spec| format!("{:?}", spec.protocol).eq_ignore_ascii_case(protocol.name());
        assert!(specs.iter().any(is_it), "{} is never compared", protocol.name());
    }
}

/// Runs both implementations; says which counters differ.
pub(crate) fn difference(spec: &Spec, trace: &[Access]) -> Result<(), String> {
    let expected = reference::run(spec, trace).flat();
    let found = run_engine(spec, trace)?;
    let differing: Vec<String> = expected
        .iter()
        .map(|(name, want)| (name, *want, found.get(name).copied().unwrap_or(0)))
        .filter(|(_, want, got)| want != got)
        .map(|(name, want, got)| format!("{name}: the model counts {want}, the engine {got}"))
        .chain(
            found
                .iter()
                .filter(|(name, count)| **count > 0 && !expected.contains_key(*name))
                .filter(|(name, _)| name.contains("transitions"))
                .map(|(name, got)| format!("{name}: the model has none, the engine {got}")),
        )
        .collect();
    if differing.is_empty() { Ok(()) } else { Err(differing.join("\n")) }
}

fn run_engine(spec: &Spec, trace: &[Access]) -> Result<BTreeMap<String, u64>, String> {
    let config = Config {
        machine: machine(spec),
        cores_from_trace: false,
        cores_max: spec.cores as u32,
        word_bytes: spec.word_bytes as u32,
        clock_hz: 1,
        peers: Peers::Bus,
        clients: Clients::Closed,
        durability: None,
        warnings: Vec::new(),
    };
    let records: Vec<Record> = trace.iter().map(record).collect();
    let source = IterSource::new(Header::new(Format::Mtrace), records.into_iter());
    let replayed = replay(
        &config,
        Streams::Ordered(Box::new(source)),
        Interleave::Recorded,
        &ReplayOptions { classify: true, check: true, ..ReplayOptions::default() },
        &mut |_| ControlFlow::Continue(()),
    );
    let replayed = replayed.map_err(|error| format!("the engine stops: {error}"))?;
    Ok(flat(&replayed.machine, &replayed.tally))
}

pub(crate) fn record(access: &Access) -> Record {
    let core = access.core as u16;
    let size = access.size as u32;
    let op = match access.op {
        spec::Op::Read => Op::Read,
        spec::Op::Write => Op::Write,
        spec::Op::Atomic => Op::Atomic,
        spec::Op::Fetch => Op::Fetch,
        spec::Op::Clean => Op::Clean,
        spec::Op::Flush => Op::Flush,
        spec::Op::FlushAll => return Record::event(core, Op::FlushAll, 0),
        spec::Op::Compute(cycles) => return Record::event(core, Op::Compute, cycles),
    };
    Record::access(core, op, access.addr, size)
}

pub(crate) fn machine(spec: &Spec) -> MachineSpec {
    let line = LineSize::new(spec.line_bytes).unwrap();
    let level = |name: String, level: &spec::LevelSpec| LevelSpec {
        name,
        geometry: Geometry::new(
            level.size_bytes,
            level.ways.map_or(Ways::Full, |ways| Ways::Count(u64::from(ways))),
            line,
        )
        .unwrap(),
        replacement: match level.replacement {
            Replacement::Lru => cache::Replacement::Lru,
            Replacement::TreePlru => cache::Replacement::TreePlru,
            Replacement::Fifo => cache::Replacement::Fifo,
            Replacement::Srrip => cache::Replacement::Srrip,
            Replacement::Random(seed) => cache::Replacement::Random(seed),
        },
        write: match level.write {
            spec::WritePolicy::WriteBack => WritePolicy::WriteBack,
            spec::WritePolicy::WriteThrough { allocate } => WritePolicy::WriteThrough { allocate },
        },
        inclusion: if level.inclusive { Inclusion::Inclusive } else { Inclusion::NonInclusive },
        latency: level.latency,
    };
    let rules = &spec.rules;
    MachineSpec {
        cores: spec.cores as u32,
        protocol: Protocol::built_in(&format!("{:?}", spec.protocol)).unwrap().clone(),
        line,
        private: spec.private_levels().map(|l| level("private".to_owned(), l)).collect(),
        l1i: spec.l1i.as_ref().map(|l| level("L1I".to_owned(), l)),
        shared: spec.shared_levels().map(|l| level("shared".to_owned(), l)).collect(),
        bus: BusSpec {
            request: spec.bus.request,
            width: spec.bus.width,
            beat: spec.bus.beat,
            cache_to_cache: spec.bus.cache_to_cache,
            pipelined: spec.bus.pipelined,
        },
        memory_latency: spec.memory_latency,
        write_buffer: spec.write_buffer as u32,
        rules: Rules {
            write_to_shared: if rules.write_to_shared_read_exclusive {
                WriteToShared::ReadExclusive
            } else {
                WriteToShared::Upgrade
            },
            clean_supply: match rules.clean_supply {
                CleanSupply::Memory => coherence::CleanSupply::Memory,
                CleanSupply::ExclusiveOnly => coherence::CleanSupply::ExclusiveOnly,
                CleanSupply::AnyHolder => coherence::CleanSupply::AnyHolder,
            },
            invalidating_flush_updates_memory: rules.invalidating_flush_updates_memory,
            exclusive_on_sole_read: rules.exclusive_on_sole_read,
            victim_order: if rules.victim_first {
                VictimOrder::VictimFirst
            } else {
                VictimOrder::FillFirst
            },
            drain_at_end: rules.drain_at_end,
        },
    }
}

/// Every counter of the engine under the reference model's names.
fn flat(spec: &MachineSpec, tally: &Tally) -> BTreeMap<String, u64> {
    let mut flat = BTreeMap::new();
    let mut put = |prefix: &str, names: &[&str], values: &[u64]| {
        for (name, value) in names.iter().zip(values) {
            flat.insert(format!("{prefix}.{name}"), *value);
        }
    };
    let totals = tally.totals();
    let private = spec.private.len();
    put("bus", BusCounters::NAMES, &tally.bus.values());
    put("memory", MemoryCounters::NAMES, &tally.memory.values());
    put("classes", ClassCounters::NAMES, &totals.classes.unwrap_or_default().values());
    for (i, level) in totals.levels[..private].iter().chain(&tally.shared).enumerate() {
        put(&format!("levels.{i}"), LevelCounters::NAMES, &level.values());
    }
    if let Some(level) = totals.levels.get(private) {
        put("l1i", LevelCounters::NAMES, &level.values());
    }
    let cores = tally.cores.iter().enumerate().map(|(i, core)| (format!("cores.{i}"), core));
    for (prefix, core) in cores.chain([("totals".to_owned(), &totals)]) {
        put(&prefix, CoreCounters::NAMES, &core.counters.values());
        put(&prefix, &["cycles"], &[core.cycles]);
        let classes = core.classes.unwrap_or_default();
        put(&format!("{prefix}.classes"), ClassCounters::NAMES, &classes.values());
        for (i, level) in core.levels[..private].iter().enumerate() {
            put(&format!("{prefix}.levels.{i}"), LevelCounters::NAMES, &level.values());
        }
        if let Some(level) = core.levels.get(private) {
            put(&format!("{prefix}.l1i"), LevelCounters::NAMES, &level.values());
        }
        put_transitions(&mut put, &prefix, &spec.protocol, &core.transitions);
    }
    flat
}

fn put_transitions(
    put: &mut impl FnMut(&str, &[&str], &[u64]),
    prefix: &str,
    protocol: &Protocol,
    transitions: &Transitions,
) {
    let states = || (0..protocol.states().len() as u8).map(State);
    for (from, to) in states().flat_map(|from| states().map(move |to| (from, to))) {
        for cause in Cause::ALL {
            let count = transitions.get(from, to, cause);
            if count > 0 {
                let (from, to) = (protocol.state_name(from), protocol.state_name(to));
                let name = format!("{from}>{to}.{}", cause.name());
                put(&format!("{prefix}.transitions"), &[&name], &[count]);
            }
        }
    }
}
