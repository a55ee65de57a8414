//! Every default, every kind of bad value, and what does not go together.

use ::durability::{
    AgeFrom, Arrivals, Bandwidth, Distribution, Durability, Failure, Flush, Log, Order, Overflow,
    PersistDomain, Promote, Queue, ReadBlocks, Readers, Replicas, Retry, Span, Store, Sync,
};

use super::super::{Config, ConfigError, Draft, Origin, Peers, Source};

/// Of a clock with a tick a microsecond.
const MICROSECONDS: &str = "clock: \"1 MHz\"";

fn of(durability: &str, sets: &[&str]) -> Result<Config, ConfigError> {
    let text = format!("({MICROSECONDS}, {durability})");
    let mut draft = Draft::from_ron("config", &text)?;
    for set in sets {
        draft.set(set)?;
    }
    Config::new(&draft)
}

fn section(durability: &str, sets: &[&str]) -> Durability {
    let config = of(durability, sets);
    let config = config.unwrap_or_else(|error| panic!("{durability} {sets:?}: {error}"));
    config.durability.expect("there is a section")
}

/// The text that an error underlines.
fn underlined(error: &ConfigError) -> &str {
    let Origin { source, span } = &error.origin;
    match source {
        Source::File { text, .. } | Source::Argument { text } | Source::Trace { text, .. } => {
            &text[span.clone()]
        }
        Source::BuiltIn => "",
    }
}

/// Checks that a config is refused with that code, at that text, for that reason.
fn refused(durability: &str, sets: &[&str], code: &str, place: &str, reason: &str) {
    let error = of(durability, sets).expect_err(durability);
    let text = format!("{error} ({})", error.help);
    assert_eq!(error.kind.code(), code, "{durability} {sets:?}: {text}");
    assert_eq!(underlined(&error), place, "{durability} {sets:?}: {text}");
    assert!(text.contains(reason), "{durability} {sets:?}: {text}");
}

fn defaults() -> Durability {
    Durability {
        flush: Flush {
            every: None,
            expire: 0,
            dirty_count: None,
            background_ratio: None,
            dirty_ratio: None,
            batch: 512,
            workers: 1,
            order: Order::Unordered,
            coalesce: true,
            one_in_flight: true,
            age_from: AgeFrom::FirstDirty,
            max_age: None,
            pause_max: 200_000,
        },
        store: Store {
            latency: 2_000,
            distribution: Distribution::Constant,
            parallel: 8,
            batch_cost: 50,
            bandwidth: None,
            guard: true,
            fail: 0.0,
            failure: Failure::NotApplied,
            outages: Vec::new(),
            retry: Retry { attempts: None, delay: 100_000 },
        },
        queue: Queue { capacity: None, overflow: Overflow::Block, trigger: true },
        log: None,
        replicas: None,
        persist_domain: None,
        readers: None,
        shutdown: 60_000_000,
        seed: 1,
    }
}

#[test]
fn every_key_has_its_default() {
    assert_eq!(of("", &[]).unwrap().durability, None);
    assert_eq!(section("durability: ()", &[]), defaults());
    let log = "durability: (log: (sync: EverySecond), replicas: (), readers: ())";
    let expected = Durability {
        log: Some(Log {
            sync: Sync::EverySecond,
            fsync: 1_000,
            serial: false,
            period: 1_000_000,
            stalls: Vec::new(),
        }),
        replicas: Some(Replicas { lags: vec![5_000], wait: 0, promote: Promote::Newest }),
        readers: Some(Readers {
            interval: 10_000.0,
            arrivals: Arrivals::Poisson,
            blocks: ReadBlocks::Written,
        }),
        ..defaults()
    };
    assert_eq!(section(log, &[]), expected);
}

/// Every key at another value than its default, as a file writes it.
const EVERYTHING: &str = r#"durability: (
    flush: (every: "5 s", expire: "30 s", dirty_count: 100, background_ratio: 0.1,
            dirty_ratio: 0.2, batch: 1, workers: 2, order: Fifo, coalesce: false,
            one_in_flight: false, age_from: LastWrite, max_age: "60 s", pause_max: "0.1 s"),
    store: (latency: 70, distribution: LogNormal(0.5), parallel: 2, batch_cost: "0 s",
            bandwidth: "100 MiB", guard: false, fail: 0.1, failure: Half,
            outages: [(at: "10 s", for: "60 s"), (at: "70 s", for: 5)],
            retry: (attempts: 3, delay: "1 ms")),
    queue: (capacity: 50_000, overflow: Reject, trigger: false),
    log: (sync: Always, fsync: "3 ms", serial: true, stalls: [(at: "2 s", for: "3 s")]),
    replicas: (lags: ["5 ms", "1 s", 7], wait: 2, promote: Index(2)),
    persist_domain: Adr,
    readers: (rate: 4, arrivals: Regular, blocks: Popular),
    shutdown: "0 s",
    seed: 7,
)"#;

/// What [`EVERYTHING`] says.
fn everything() -> Durability {
    Durability {
        flush: Flush {
            every: Some(5_000_000),
            expire: 30_000_000,
            dirty_count: Some(100),
            background_ratio: Some(0.1),
            dirty_ratio: Some(0.2),
            batch: 1,
            workers: 2,
            order: Order::Fifo,
            coalesce: false,
            one_in_flight: false,
            age_from: AgeFrom::LastWrite,
            max_age: Some(60_000_000),
            pause_max: 100_000,
        },
        store: Store {
            latency: 70,
            distribution: Distribution::LogNormal(0.5),
            parallel: 2,
            batch_cost: 0,
            bandwidth: Some(Bandwidth { bytes: 100 << 20, ticks: 1_000_000 }),
            guard: false,
            fail: 0.1,
            failure: Failure::Half,
            outages: vec![
                Span { start: 10_000_000, end: 70_000_000 },
                Span { start: 70_000_000, end: 70_000_005 },
            ],
            retry: Retry { attempts: Some(3), delay: 1_000 },
        },
        queue: Queue { capacity: Some(50_000), overflow: Overflow::Reject, trigger: false },
        log: Some(Log {
            sync: Sync::Always,
            fsync: 3_000,
            serial: true,
            period: 1_000_000,
            stalls: vec![Span { start: 2_000_000, end: 5_000_000 }],
        }),
        replicas: Some(Replicas {
            lags: vec![5_000, 1_000_000, 7],
            wait: 2,
            promote: Promote::Index(2),
        }),
        persist_domain: Some(PersistDomain::Adr),
        readers: Some(Readers {
            interval: 250_000.0,
            arrivals: Arrivals::Regular,
            blocks: ReadBlocks::Popular,
        }),
        shutdown: 0,
        seed: 7,
    }
}

/// The same, key by key, as the command line writes it.
const SETTINGS: &[&str] = &[
    "durability.flush.every=5s",
    "durability.flush.expire=30 s",
    "durability.flush.dirty_count=100",
    "durability.flush.background_ratio=0.1",
    "durability.flush.dirty_ratio=0.2",
    "durability.flush.batch=1",
    "durability.flush.workers=2",
    "durability.flush.order=Fifo",
    "durability.flush.coalesce=false",
    "durability.flush.one_in_flight=false",
    "durability.flush.age_from=LastWrite",
    "durability.flush.max_age=60s",
    "durability.flush.pause_max=100ms",
    "durability.store.latency=70us",
    "durability.store.distribution=LogNormal(0.5)",
    "durability.store.parallel=2",
    "durability.store.batch_cost=0",
    "durability.store.bandwidth=100MiB/s",
    "durability.store.guard=false",
    "durability.store.fail=0.1",
    "durability.store.failure=Half",
    "durability.store.outages=[(at: \"10 s\", for: \"60 s\"), (at: 70000000, for: 5)]",
    "durability.store.retry.attempts=3",
    "durability.store.retry.delay=1ms",
    "durability.queue.capacity=50000",
    "durability.queue.overflow=Reject",
    "durability.queue.trigger=false",
    "durability.log.sync=Always",
    "durability.log.fsync=3ms",
    "durability.log.serial=true",
    "durability.log.stalls=[(at: \"2 s\", for: \"3 s\")]",
    "durability.replicas.lags=[\"5 ms\", \"1 s\", 7]",
    "durability.replicas.wait=2",
    "durability.replicas.promote=Index(2)",
    "durability.persist_domain=Adr",
    "durability.readers.rate=4",
    "durability.readers.arrivals=Regular",
    "durability.readers.blocks=Popular",
    "durability.shutdown=0",
    "durability.seed=7",
];

#[test]
fn a_file_and_the_command_line_say_every_key() {
    assert_eq!(section(EVERYTHING, &[]), everything());
    assert_eq!(section("", SETTINGS), everything());
    assert_eq!(section("durability: None", SETTINGS), everything());
    let keys = super::super::keys();
    let sections = ["durability", "durability.log", "durability.replicas", "durability.readers"];
    let values = keys.iter().filter(|key| key.starts_with("durability"));
    let values = values.filter(|key| !sections.contains(&key.as_str()));
    let set: Vec<_> = SETTINGS.iter().map(|set| set.split_once('=').unwrap().0).collect();
    assert_eq!(
        values.map(String::as_str).collect::<std::collections::BTreeSet<_>>().len(),
        set.len()
    );
    assert!(set.iter().all(|key| keys.iter().any(|known| known == key)));
}

#[test]
fn none_takes_a_section_away_and_a_key_of_it_adds_it() {
    let without = |sets: &[&str]| section(EVERYTHING, sets);
    let expected = Durability { log: None, ..everything() };
    assert_eq!(without(&["durability.log=None"]), expected);
    let expected = Durability { replicas: None, readers: None, ..everything() };
    assert_eq!(without(&["durability.replicas=None", "durability.readers=None"]), expected);
    assert_eq!(of(EVERYTHING, &["durability=None"]).unwrap().durability, None);
    // What was said before is over; what is said afterwards begins from the defaults.
    let log = |sets: &[&str]| without(sets).log.expect("there is a log");
    let again = log(&["durability.log=None", "durability.log.sync=No"]);
    assert_eq!((again.sync, again.fsync, again.serial), (Sync::No, 1_000, false));
    let again = log(&["durability.log=(sync: No, fsync: \"9 us\")"]);
    assert_eq!((again.sync, again.fsync, again.serial), (Sync::No, 9, false));
    assert_eq!(section("", &["durability=None", "durability.shutdown=60s"]), defaults());
    assert_eq!(section("", &["durability.log=None"]), defaults());
    assert_eq!(section("", &["durability=(flush: (batch: 512))"]), defaults());
    // A key that is set takes no other away.
    let flush = section(EVERYTHING, &["durability.flush.every=None"]).flush;
    assert_eq!(flush, Flush { every: None, ..everything().flush });
}

#[test]
fn the_latencies_of_the_machine_are_durations_too() {
    let sets = [
        "L1.latency=0.3ms",
        "L2.latency=12 cycles",
        "bus.request=1us",
        "bus.beat=2",
        "bus.cache_to_cache=3 us",
        "memory.latency=200 ms",
    ];
    let machine = of("", &sets).unwrap().machine;
    let levels: Vec<_> = machine.private.iter().map(|level| level.latency).collect();
    assert_eq!(levels, [300, 12]);
    let bus = machine.bus;
    assert_eq!((bus.request, bus.beat, bus.cache_to_cache), (1, 2, 3));
    assert_eq!(machine.memory_latency, 200_000);
    refused("", &["L1.latency=20ns"], "E0203", "20ns", "`clock: \"100 MHz\"`");
    refused("", &["memory.latency=2000 s"], "E0203", "2000 s", "at most 1000000000 ticks");
    refused("", &["bus.beat=-1"], "E0203", "-1", "a duration such as \"5 s\"");
}

#[test]
fn a_coarse_clock_rounds_defaults_and_refuses_what_it_cannot_say() {
    let durability = section("", &["clock=1 Hz", "durability.flush.every=5s"]);
    assert_eq!((durability.flush.every, durability.store.latency), (Some(5), 0));
    let sets = ["clock=1 Hz", "durability.store.latency=2ms"];
    refused("", &sets, "E0203", "2ms", "`clock: \"1 kHz\"`");
}

#[test]
fn a_bad_value_is_refused_at_its_key() {
    let bad: &[(&str, &str, &str)] = &[
        ("durability.flush.every=-5s", "-5s", "expected a duration such as"),
        ("durability.flush.every=0", "0", "at least one tick"),
        ("durability.flush.max_age=0 s", "0 s", "at least one tick"),
        ("durability.flush.expire=9007199255 s", "9007199255 s", "at most 9007199254740992 ticks"),
        ("durability.shutdown=999999999999999999 s", "999999999999999999 s", "too many ticks"),
        ("durability.flush.dirty_count=0", "0", "from 1"),
        ("durability.flush.dirty_count=1e3", "1e3", "a whole number, or `None`"),
        ("durability.flush.batch=0", "0", "a number from 1"),
        ("durability.flush.workers=0", "0", "a number from 1"),
        ("durability.flush.order=LIFO", "LIFO", "`Fifo`"),
        ("durability.flush.background_ratio=0", "0", "above 0 and up to 1"),
        ("durability.flush.dirty_ratio=1.5", "1.5", "above 0 and up to 1"),
        ("durability.flush.dirty_ratio=20%", "20%", "a number, or `None`"),
        ("durability.flush.dirty_ratio=nan", "nan", "a number, or `None`"),
        ("durability.store.parallel=0", "0", "a number from 1"),
        ("durability.store.distribution=LogNormal(-1)", "LogNormal(-1)", "from 0 to 10"),
        ("durability.store.distribution=Uniform", "Uniform", "`Exponential`"),
        ("durability.store.bandwidth=0 B", "0 B", "at least one"),
        ("durability.store.bandwidth=100 MB", "100 MB", "such as \"100 MiB\""),
        ("durability.store.fail=1", "1", "an outage says that the store is away"),
        ("durability.store.fail=-0.1", "-0.1", "from 0 up to"),
        ("durability.store.outages=60s", "60s", "a list of spans"),
        ("durability.store.outages=[(at: 5)]", "[(at: 5)]", "a list of spans"),
        ("durability.store.outages=[(at: 5, for: 0)]", "[(at: 5, for: 0)]", "at least one tick"),
        (
            "durability.store.outages=[(at: 5, for: 5), (at: 9, for: 5)]",
            "[(at: 5, for: 5), (at: 9, for: 5)]",
            "in order",
        ),
        ("durability.store.retry.attempts=0", "0", "`Unbounded`"),
        ("durability.queue.capacity=0", "0", "from 1"),
        ("durability.queue.overflow=Drop", "Drop", "`Reject`"),
        ("durability.log.sync=Sometimes", "Sometimes", "`EverySecond`"),
        ("durability.log=yes", "yes", "`(sync: EverySecond)`, or `None`"),
        ("durability.replicas.lags=[]", "[]", "1 to 64 replicas"),
        ("durability.replicas.lags=5 ms", "5 ms", "a list of durations"),
        ("durability.replicas.promote=Oldest", "Oldest", "`Newest`"),
        ("durability.persist_domain=ADR", "ADR", "`Adr` or `Eadr`, or `None`"),
        ("durability.readers.rate=0", "0", "above 0"),
        ("durability.readers.rate=2000000", "2000000", "at most one a tick"),
        ("peers=Ring", "Ring", "`Bus` or `None`"),
    ];
    for (set, place, reason) in bad {
        refused("", &[set], "E0203", place, reason);
    }
}

#[test]
fn values_that_do_not_go_together_are_refused_at_one_of_them() {
    let conflicts: &[(&[&str], &str, &str)] = &[
        (
            &["durability.flush.background_ratio=0.3", "durability.flush.dirty_ratio=0.2"],
            "0.3",
            "at most `dirty_ratio`",
        ),
        (
            &["durability.flush.one_in_flight=false", "durability.flush.order=Causal"],
            "false",
            "`Causal` sends",
        ),
        (
            &[
                "durability.store.fail=0.1",
                "durability.store.latency=0",
                "durability.store.retry.delay=0",
            ],
            "0",
            "without end",
        ),
        (&["durability.replicas.wait=2"], "2", "at most as many"),
        (&["durability.replicas.promote=Index(1)"], "Index(1)", "an index below 1"),
        (&["peers=None"], "None", "need the section"),
        (&["durability=()", "rules.drain_at_end=true"], "true", "has no place in it"),
    ];
    for (sets, place, reason) in conflicts {
        refused("", sets, "E0205", place, reason);
    }
    // With a latency, time goes on.
    let waits = ["durability.store.fail=0.1", "durability.store.retry.delay=0"];
    assert_eq!(section("", &waits).store.retry.delay, 0);
    assert_eq!(of("durability: ()", &["peers=None"]).unwrap().peers, Peers::None);
    assert_eq!(of("peers: None, durability: ()", &[]).unwrap().peers, Peers::None);
    assert_eq!(of("", &[]).unwrap().peers, Peers::Bus);
}

#[test]
fn a_log_says_when_it_is_synced() {
    for (file, sets, place) in [
        ("durability: (log: ())", &[] as &[&str], "log"),
        ("durability: (log: (fsync: \"1 ms\"))", &[], "log"),
        ("", &["durability.log.fsync=1ms"], "durability.log.fsync"),
        ("", &["durability.log=()"], "log"),
    ] {
        refused(file, sets, "E0203", place, "`sync: Always`");
    }
}

#[test]
fn a_section_that_is_no_section_is_refused() {
    refused("durability: (flush: 5)", &[], "E0203", "5", "`(every: \"5 s\")`");
    refused("durability: (store: None)", &[], "E0203", "None", "`(latency: \"2 ms\")`");
    refused("durability: true", &[], "E0203", "true", "or `None`");
    refused("durability: (shutdown: None)", &[], "E0203", "None", "a duration such as");
    let nested = "durability: (store: (retry: Never))";
    refused(nested, &[], "E0203", "Never", "`(attempts: 3)`");
}

#[test]
fn an_unknown_key_is_found_however_deep_it_lies() {
    let deep = "durability: (\n  flush: (every: \"5 s\"),\n  store: (\n    retry: (delai: 5)))";
    for (file, sets, place, near) in [
        ("durability: (flsh: ())", &[] as &[&str], "flsh", "`flush`"),
        ("durability: (flush: (evry: 5))", &[], "evry", "`every`"),
        (deep, &[], "delai", "`delay`"),
        ("", &["durability.flush.evry=5"], "durability.flush.evry", "`durability.flush.every`"),
        (
            "",
            &["durability.retry.delay=5"],
            "durability.retry.delay",
            "`durability.store.retry.delay`",
        ),
        ("", &["durability.flush=5"], "durability.flush", "`durability.flush.every`"),
        ("", &["durability=(log: (sink: No))"], "sink", "`sync`"),
    ] {
        refused(file, sets, "E0202", place, near);
    }
}

#[test]
fn comments_and_blanks_between_a_key_and_its_section_do_not_matter() {
    let text = "durability: // what survives\n ( flush: /* when */ ( every: \"5 s\" /* T */ ) )";
    assert_eq!(section(text, &[]).flush.every, Some(5_000_000));
    let some = "durability: Some((flush: (every: Some(\"5 s\"), max_age: None)))";
    assert_eq!(section(some, &[]).flush.every, Some(5_000_000));
    assert_eq!(section("rules: /* the house's */ (), durability: ()", &[]), defaults());
}

#[test]
fn a_cache_of_all_clients_is_held_in_memory_once() {
    // A quarter of all the lines that may be held: four cores of them at most.
    let big = ["L1.ways=Full", "L1.size=2GiB", "L2.inclusion=NonInclusive", "durability=()"];
    assert_eq!(of("", &big).unwrap().cores_max, 3);
    let shared: Vec<_> = big.into_iter().chain(["peers=None", "cores=64"]).collect();
    assert_eq!(of("", &shared).unwrap().cores_max, 64);
}

#[test]
fn the_write_through_twin_leaves_nothing_to_flush() {
    let levels = "caches: [(), (scope: Shared, size: \"256 KiB\", inclusion: NonInclusive)]";
    let mut config = of(&format!("{levels}, {EVERYTHING}"), &[]).unwrap();
    config.write_through();
    let through = coherence::WritePolicy::WriteThrough { allocate: true };
    let machine = &config.machine;
    assert!(machine.private.iter().chain(&machine.shared).all(|level| level.write == through));
    assert_eq!(machine.check(), Ok(()));
    let all = everything();
    let expected = Durability {
        flush: Flush {
            every: None,
            dirty_count: None,
            background_ratio: None,
            dirty_ratio: None,
            max_age: None,
            ..all.flush
        },
        queue: Queue { capacity: None, ..all.queue },
        ..everything()
    };
    assert_eq!(config.durability, Some(expected));
}
