//! Whatever can be counted again from the steps alone is counted again, on traces that were made
//! up, under every protocol and on machines of many shapes.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use coherence::{BusOp, Cell, Protocol, State};
use driver::config::{Config, Draft};
use driver::observe::ClassCounters;
use driver::steps::{Names, StepRecord};
use driver::{Interleave, ReplayOptions, Replayed, Streams, replay, replay_steps};
use trace::synth::{Generator, Options};
use trace::{Format, Header, IterSource, Op, Record};

/// Machines whose caches are too small for what the traces want, each with something of its own.
const MACHINES: [(&str, &str); 7] = [
    ("one level", "(caches: [(name: \"L1\", size: 256, ways: 2)])"),
    (
        "two levels",
        "(caches: [(name: \"L1\", size: 128, ways: 1),
           (name: \"L2\", size: 512, ways: 2)])",
    ),
    (
        "an inclusive shared level",
        "(caches: [(name: \"L1\", size: 128, ways: 2), (name: \"L2\", size: 256, ways: 2),
           (name: \"L3\", scope: Shared, size: 512, ways: 2)])",
    ),
    (
        "levels that include nothing",
        "(caches: [(name: \"L1\", size: 256, ways: 2),
           (name: \"L2\", size: 256, ways: 2, inclusion: NonInclusive)],
           rules: (victim_order: FillFirst))",
    ),
    (
        "a second level that includes nothing, victims first",
        "(caches: [(name: \"L1\", size: 256, ways: 2),
           (name: \"L2\", size: 128, ways: 1, inclusion: NonInclusive)])",
    ),
    (
        "write-through",
        "(caches: [(name: \"L1\", size: 128, ways: 2, write: WriteThrough(allocate: false)),
           (name: \"L2\", size: 512, ways: 2)])",
    ),
    (
        "other rules, instructions apart",
        "(l1i: (size: 128, ways: 1), caches: [(name: \"L1\", size: 128, ways: 1),
           (name: \"L2\", size: 512, ways: 2)],
           rules: (write_to_shared: ReadExclusive, clean_supply: AnyHolder,
           invalidating_flush_updates_memory: false))",
    ),
];

fn config(protocol: &str, machine: &str) -> Config {
    let mut draft = Draft::from_ron("machine", machine).expect("the machine is RON");
    for setting in [format!("protocol={protocol}"), "cores=4".to_owned()] {
        draft.set(&setting).expect("there is such a key");
    }
    Config::new(&draft).expect("there is such a machine")
}

/// Accesses of all kinds, some of two lines, with cleans and flushes between them.
fn drawn(seed: u64) -> Vec<Record> {
    let mut random = seed;
    let mut below = |bound: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (random >> 33) % bound
    };
    let mut record = || {
        let core = below(4) as u16;
        let addr = 0x1000 + 64 * below(12) + 4 * below(4);
        match below(40) {
            0 => Record::access(core, Op::Clean, addr, 4 + 100 * below(2) as u32),
            1 => Record::access(core, Op::Flush, addr, 4 + 100 * below(2) as u32),
            2 if below(4) == 0 => Record::event(core, Op::FlushAll, 0),
            3 => Record::access(core, Op::Write, addr | 0x3c, 8),
            4..=6 => Record::access(core, Op::Atomic, addr, 4),
            7 | 8 => Record::access(core, Op::Fetch, addr, 4),
            9 => Record::event(core, Op::Compute, 20),
            10..=20 => Record::access(core, Op::Write, addr, 4),
            _ => Record::access(core, Op::Read, addr, 1 << below(4)),
        }
    };
    (0..1500).map(|_| record()).collect()
}

fn traces() -> Vec<(String, Vec<Record>)> {
    let generated = |generator: Generator| {
        let options = Options {
            cores: 4,
            rounds: 40,
            accesses: 1500,
            lines: 24,
            write_percent: Some(30),
            spins: 3,
            n: 8,
            ..Options::default()
        };
        let records = generator.generate(&options).expect("the options fit");
        (generator.name().to_owned(), records.collect())
    };
    let kinds = [
        Generator::FalseSharing,
        Generator::ProducerConsumer,
        Generator::Streaming,
        Generator::Zipf,
        Generator::Locks,
    ];
    let drawn = [7, 8].map(|seed| (format!("drawn by {seed}"), drawn(seed)));
    kinds.map(generated).into_iter().chain(drawn).collect()
}

fn streams(records: &[Record]) -> Streams {
    let records: Vec<Record> = records.into();
    let header = Header { cores: Some(4), ..Header::new(Format::Mtrace) };
    Streams::Ordered(Box::new(IterSource::new(header, records.into_iter())))
}

fn stepped(config: &Config, records: &[Record]) -> (Vec<StepRecord>, Replayed) {
    let options =
        ReplayOptions { classify: true, coverage: true, check: true, ..ReplayOptions::default() };
    let (order, mut go_on) = (Interleave::Recorded, |_| ControlFlow::Continue(()));
    let names = Names::default();
    let mut steps = Vec::new();
    let replayed = replay_steps(
        config,
        streams(records),
        order,
        &options,
        &mut go_on,
        &mut |machine, step| {
            steps.push(StepRecord::new(machine, &names, step));
        },
    );
    let plain = replay(config, streams(records), order, &options, &mut go_on).expect("it is good");
    let replayed = replayed.expect("the trace can be replayed");
    // Looking on changes nothing.
    assert_eq!(format!("{replayed:?}"), format!("{plain:?}"));
    (steps, replayed)
}

/// How many steps fulfil a condition.
fn count(steps: &[StepRecord], condition: impl Fn(&StepRecord) -> bool) -> u64 {
    steps.iter().filter(|step| condition(step)).count() as u64
}

/// How many events of a kind a core has.
fn events(steps: &[StepRecord], core: u32, kinds: &[&str]) -> u64 {
    let events = steps.iter().flat_map(|step| &step.events);
    events.filter(|event| event.core == core && kinds.contains(&event.what)).count() as u64
}

/// Compares what the steps of each core add up to with its counters.
fn counters_agree(steps: &[StepRecord], replayed: &Replayed, context: &str) {
    for (core, tally) in (0u32..).zip(&replayed.tally.cores) {
        let of = |condition: &dyn Fn(&StepRecord) -> bool| {
            count(steps, |step| step.core == core && step.hit.is_some() && condition(step))
        };
        let issued = |op: BusOp| {
            let ops =
                steps.iter().filter(|step| step.core == core).flat_map(|step| step.bus.names());
            ops.filter(|name| **name == op.name()).count() as u64
        };
        let supplied = |step: &StepRecord| {
            step.supplier.as_ref().is_some_and(|supplier| supplier.starts_with("core"))
        };
        let counters = &tally.counters;
        let pairs = [
            ("accesses", of(&|_| true), counters.accesses),
            ("reads", of(&|step| step.op == "R"), counters.reads),
            ("writes", of(&|step| step.op == "W"), counters.writes),
            ("atomics", of(&|step| step.op == "A"), counters.atomics),
            ("fetches", of(&|step| step.op == "I"), counters.fetches),
            ("hits", of(&|step| step.hit == Some(true)), counters.hits),
            ("misses", of(&|step| step.hit == Some(false)), counters.misses),
            ("bus_rd", issued(BusOp::BusRd), counters.bus_rd),
            ("bus_rdx", issued(BusOp::BusRdX), counters.bus_rdx),
            ("bus_upgr", issued(BusOp::BusUpgr), counters.bus_upgr),
            ("bus_upd", issued(BusOp::BusUpd), counters.bus_upd),
            ("cache_to_cache", of(&supplied), counters.cache_to_cache),
            ("invalidations", events(steps, core, &["invalidate"]), counters.invalidations),
            ("flushes", events(steps, core, &["flush", "supply"]), counters.flushes),
            ("flushes_kept", events(steps, core, &["supply"]), counters.flushes_kept),
            ("handed_over", events(steps, core, &["hand_over"]), counters.handed_over),
            ("updates", events(steps, core, &["update"]), counters.updates),
            ("write_backs", events(steps, core, &["write_back"]), counters.write_backs),
        ];
        for (name, found, expected) in pairs {
            assert_eq!(found, expected, "{context}: {name} of core {core}");
        }
        let classes = tally.classes.expect("misses were classified");
        for (name, expected) in ClassCounters::NAMES.iter().zip(classes.values()) {
            let found = of(&|step| step.class == Some(name));
            assert_eq!(found, expected, "{context}: {name} of core {core}");
        }
    }
}

/// Follows each line's states from step to step: what one leaves the next one finds, where no event
/// between them has changed it.
fn states_chain(steps: &[StepRecord], context: &str) {
    let mut lines: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let nowhere = vec!["I".to_owned(); 4];
    for step in steps {
        let known = lines.get(&step.line[..]).unwrap_or(&nowhere);
        assert_eq!(&step.before.names(), known, "{context}: step {} begins", step.i);
        for event in &step.events {
            let Some(line) = &event.line else { continue };
            let states = lines.get_mut(&line[..]).expect("a line that was touched");
            let state = match event.what {
                "evict" | "back_invalidate" | "invalidate" => "I",
                "clean" => event.state.as_deref().expect("the state that stays"),
                _ => continue,
            };
            state.clone_into(&mut states[event.core as usize]);
        }
        lines.insert(&step.line, step.after.names());
    }
}

/// Follows what was stored: each word that a step shows was written by the last step that wrote it.
fn values_are_the_last_writes(steps: &[StepRecord], context: &str) {
    let mut words: BTreeMap<&str, u64> = BTreeMap::new();
    for step in steps {
        let number = |hex: &str| u64::from_str_radix(&hex[2..], 16).expect("an address");
        let (first, last) = (number(&step.addr), number(&step.addr) + u64::from(step.size) - 1);
        let expected = if step.hit.is_some() { last / 4 - first / 4 + 1 } else { 0 };
        assert_eq!(step.values.len() as u64, expected, "{context}: words of step {}", step.i);
        for (word, value) in &step.values {
            assert!((first / 4..=last / 4).contains(&(number(word) / 4)), "{context}: {word}");
            if matches!(step.op, "W" | "A") {
                words.insert(word, step.i);
            }
            let expected = words.get(&word[..]).copied().unwrap_or(0);
            assert_eq!(*value, expected, "{context}: {word} at step {}", step.i);
        }
    }
}

/// Compares the cells of the steps with those that the run used, but for the snoops of cores that
/// did not hold the line.
fn cells_agree(steps: &[StepRecord], replayed: &Replayed, context: &str) {
    let protocol = &replayed.machine.protocol;
    let mut found: BTreeMap<&str, u64> = BTreeMap::new();
    for cell in steps.iter().flat_map(|step| &step.cells) {
        *found.entry(cell).or_default() += 1;
    }
    let cells = replayed.tally.cells.as_ref().expect("cells were counted");
    for cell in protocol.cells().filter(|cell| !matches!(cell, Cell::Snoop(State::INVALID, _))) {
        let name = protocol.cell_name(cell);
        let found = found.remove(&name[..]).unwrap_or(0);
        assert_eq!(found, cells.get(cell), "{context}: {name}");
    }
    assert_eq!(found, BTreeMap::new(), "{context}: no other cells");
}

/// Compares the sentences with the record: they name the states, the operations, and every core
/// whose state changed.
fn reasons_agree(steps: &[StepRecord], context: &str) {
    for step in steps {
        let context = || format!("{context}: step {}: {}", step.i, step.why);
        let has = |part: &str| assert!(step.why.contains(part), "no `{part}` in {}", context());
        assert!(step.why.ends_with('.'), "{}", context());
        assert!((1..=3).contains(&step.why.split(". ").count()), "{}", context());
        let (before, after) = (step.before.names(), step.after.names());
        for (core, (before, after)) in before.iter().zip(&after).enumerate() {
            if before != after {
                has(&format!("C{core}"));
            }
        }
        let own = step.core as usize;
        let Some(hit) = step.hit else { continue };
        let held = !hit && step.bus.names().is_empty();
        if held {
            has(&format!("C{own}'s L1"));
            has(&format!("({})", before[own]));
        } else if hit {
            has(&format!("C{own}'s copy is {}", before[own]));
        }
        if let Some(class) = step.class {
            let class = if class == "back_invalidation" { "back-invalidation" } else { class };
            has(&class.replace('_', " "));
        }
        for op in step.bus.names() {
            has(&format!("{op}: "));
        }
        if !step.bus.names().is_empty() {
            let kept = format!("C{own} has it in {} now.", after[own]);
            has(if after[own] == "I" { "keeps no copy." } else { &kept });
        }
        for event in step.events.iter().filter(|event| event.line.is_some()) {
            has(event.line.as_deref().unwrap_or_default());
        }
    }
}

#[test]
fn what_the_steps_add_up_to_is_what_the_report_says() {
    let traces = traces();
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    for (name, machine) in MACHINES {
        for protocol in Protocol::BUILT_IN {
            let config = config(protocol.name(), machine);
            for (trace, records) in &traces {
                let context = format!("{} with {name}, {trace}", protocol.name());
                let (steps, replayed) = stepped(&config, records);
                counters_agree(&steps, &replayed, &context);
                states_chain(&steps, &context);
                values_are_the_last_writes(&steps, &context);
                cells_agree(&steps, &replayed, &context);
                reasons_agree(&steps, &context);
                for event in steps.iter().flat_map(|step| &step.events) {
                    *seen.entry(event.what.to_owned()).or_default() += 1;
                }
                for class in steps.iter().filter_map(|step| step.class) {
                    *seen.entry(class.to_owned()).or_default() += 1;
                }
            }
        }
    }
    // None of the comparisons was of nothing.
    let kinds = [
        "flush",
        "supply",
        "hand_over",
        "update",
        "invalidate",
        "write_back",
        "clean",
        "evict",
        "back_invalidate",
    ];
    for kind in kinds.iter().chain(ClassCounters::NAMES) {
        assert!(seen.contains_key(*kind), "{kind} is among {seen:?}");
    }
}
