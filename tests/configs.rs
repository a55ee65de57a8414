//! Every config file loads, and `configs/README.md` says what is true of every key.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use cache::{Addr, LineAddr};
use coherence::{CleanSupply, Machine, MachineSpec, Op, Protocol, Rules, WritePolicy};
use driver::config::{Clients, Config, ConfigError, Draft, PROFILES, Peers, keys};
use durability::{AgeFrom, Durability, Order, Overflow, PersistDomain, Queue, Sync};

use crate::markdown;

/// The header of the tables of keys in the README.
const KEYS: &str = "| key | default | values | meaning |";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs")
}

fn readme() -> String {
    fs::read_to_string(folder().join("README.md")).expect("the README is there")
}

fn load(file: &str) -> Config {
    let text = fs::read_to_string(folder().join(file)).expect("the file is there");
    let draft = Draft::from_ron(file, &text).unwrap_or_else(|error| panic!("{file}: {error}"));
    Config::new(&draft).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The folder of the files that are protocols, and no machines.
const PROTOCOLS: &str = "protocols/";

/// Returns every file of a machine below `configs/`, as the README writes it.
fn machines() -> Vec<String> {
    let mut machines = files();
    machines.retain(|file| !file.starts_with(PROTOCOLS));
    assert!(machines.len() >= 5, "{machines:?}");
    machines
}

/// Returns every file below `configs/`, as the README writes it.
fn files() -> Vec<String> {
    let mut files = Vec::new();
    for folder_entry in fs::read_dir(folder()).expect("the folder is there") {
        let path = folder_entry.expect("the folder is readable").path();
        if !path.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&path).expect("the folder is there") {
            let name = entry.expect("the folder is readable").path();
            let name = name.strip_prefix(folder()).expect("it lies in the folder").to_owned();
            files.push(name.to_str().expect("names are text").replace('\\', "/"));
        }
    }
    files.sort();
    assert!(files.len() >= 5, "{files:?}");
    files
}

#[test]
fn every_config_file_loads_without_a_warning() {
    for file in machines() {
        let config = load(&file);
        assert!(config.warnings.is_empty(), "{file}: {:?}", config.warnings);
        Machine::new(config.machine, ()).unwrap_or_else(|error| panic!("{file}: {error}"));
    }
}

#[test]
fn every_protocol_file_is_a_built_in_protocol() {
    let mut names = BTreeSet::new();
    for file in files().iter().filter(|file| file.starts_with(PROTOCOLS)) {
        let text = fs::read_to_string(folder().join(file)).expect("the file is there");
        let read = driver::protocol_file::read(file, &text).expect("it is a protocol file");
        assert!(read.protocol.is_built_in() && read.defects.is_empty(), "{file}");
        names.insert(read.protocol.name().to_owned());
    }
    let built_in = Protocol::BUILT_IN.iter().map(|protocol| protocol.name().to_owned());
    assert_eq!(names, built_in.collect());
}

#[test]
fn the_readme_lists_every_config_file_and_no_other() {
    let mut rows = markdown::tables(&readme(), "| file | machine |");
    rows.extend(markdown::tables(&readme(), "| file | protocol |"));
    rows.extend(markdown::tables(&readme(), "| file | preset |"));
    let listed: BTreeSet<_> = rows.iter().flat_map(|row| markdown::quoted(&row[0])).collect();
    let there = files();
    assert_eq!(listed, there.iter().map(String::as_str).collect());
}

#[test]
fn the_readme_documents_every_key_and_no_other() {
    let rows = markdown::tables(&readme(), KEYS);
    let documented: Vec<_> = rows.iter().flat_map(|row| markdown::quoted(&row[0])).collect();
    let known = keys();
    let once: BTreeSet<_> = documented.iter().copied().collect();
    assert_eq!(once.len(), documented.len(), "a key is documented twice");
    assert_eq!(once, known.iter().map(String::as_str).collect());
}

/// A level and an L1I of which nothing is said. The second level lets the first key be anything.
const BARE: &str = "caches: [(), (inclusion: NonInclusive)], l1i: ()";

/// Returns a config that has the section in which a key lies, and says nothing in it.
fn bare(key: &str) -> String {
    let section = match key.rsplit_once('.') {
        // What nobody else may know of a log; the key itself is set over it.
        Some(("durability.log", _)) => "durability: (log: (sync: Always))",
        Some(("durability.replicas", _)) => "durability: (replicas: ())",
        Some(("durability.readers", _)) => "durability: (readers: ())",
        _ if key.starts_with("durability.") || key == "peers" => "durability: ()",
        _ if key == "clients" => "peers: None, durability: ()",
        _ => "",
    };
    format!("({BARE}, {section})")
}

fn with(key: &str, value: &str) -> Result<Config, ConfigError> {
    let mut draft = Draft::from_ron("bare", &bare(key))?;
    draft.set(&format!("{key}={value}"))?;
    Config::new(&draft)
}

/// What a config says, but for where it says it.
type Meaning<'a> = (&'a MachineSpec, bool, u32, u64, (Peers, Clients), Option<&'a Durability>);

fn meaning(config: &Config) -> Meaning<'_> {
    let Config {
        machine, cores_from_trace, word_bytes, clock_hz, peers, clients, durability, ..
    } = config;
    let asked = (*peers, *clients);
    (machine, *cores_from_trace, *word_bytes, *clock_hz, asked, durability.as_ref())
}

/// The keys without a default that could be written.
const WITHOUT_DEFAULT: &[&str] = &["cores", "durability.log.sync"];

#[test]
fn the_defaults_in_the_readme_are_the_defaults() {
    let mut without = Vec::new();
    for row in markdown::tables(&readme(), KEYS) {
        // A cell without a value in backticks is in words.
        let default = markdown::quoted(&row[1]).first().copied();
        for key in markdown::quoted(&row[0]) {
            let Some(default) = default else {
                without.push(key.to_owned());
                continue;
            };
            let bare = Config::new(&Draft::from_ron("bare", &bare(key)).unwrap()).unwrap();
            let set = with(key, default).unwrap_or_else(|error| panic!("{key}: {error}"));
            assert_eq!(meaning(&set), meaning(&bare), "{key} is not `{default}` by default");
        }
    }
    assert_eq!(without, WITHOUT_DEFAULT);
}

#[test]
fn the_values_in_the_readme_are_taken() {
    for row in markdown::tables(&readme(), KEYS) {
        for key in markdown::quoted(&row[0]) {
            // The first level is private whatever else is; the second shows what the key takes.
            let key = if key == "caches.0.scope" { "caches.1.scope" } else { key };
            for value in markdown::quoted(&row[2]).into_iter().filter(|value| !is_key(value)) {
                let result = with(key, value);
                assert!(result.is_ok(), "{key}={value}: {}", result.unwrap_err());
            }
        }
    }
}

/// Tells whether words in backticks name another key, such as `dirty_ratio`.
fn is_key(words: &str) -> bool {
    keys().iter().any(|key| key.rsplit('.').next() == Some(words))
}

#[test]
fn the_readme_names_every_protocol_and_every_profile() {
    let rows = markdown::tables(&readme(), KEYS);
    let values = |key: &str| -> BTreeSet<String> {
        let row = rows.iter().find(|row| markdown::quoted(&row[0]) == [key]).expect("a row");
        markdown::quoted(&row[2]).into_iter().map(str::to_owned).collect()
    };
    let protocols = Protocol::BUILT_IN.iter().map(|protocol| protocol.name().to_owned());
    assert_eq!(values("protocol"), protocols.collect());
    let profiles: BTreeSet<_> = PROFILES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(values("rules"), profiles);
    assert_eq!(values("rules.profile"), profiles);
}

#[test]
fn the_example_in_the_readme_loads() {
    let text = readme();
    let blocks: Vec<_> = text.split("```ron\n").skip(1).collect();
    assert!(!blocks.is_empty());
    for block in blocks {
        let ron = block.split("```").next().expect("the block ends");
        let draft = Draft::from_ron("README", ron).unwrap_or_else(|error| panic!("{error}"));
        Config::new(&draft).unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn a_profile_that_is_set_replaces_the_rules_of_the_file() {
    let file = "(rules: (profile: \"dinero\", clean_supply: ExclusiveOnly))";
    let rules = |sets: &[&str]| {
        let mut draft = Draft::from_ron("file", file).unwrap();
        // `FillFirst` goes with no inclusive level below the first.
        for set in sets.iter().chain(&["L2.inclusion=NonInclusive"]) {
            draft.set(set).unwrap();
        }
        Config::new(&draft).unwrap().machine.rules
    };
    let (_, illinois) = PROFILES.iter().find(|(name, _)| *name == "illinois").unwrap();
    assert_eq!(rules(&["rules=illinois"]), *illinois);
    let drained = Rules { drain_at_end: true, ..*illinois };
    assert_eq!(rules(&["rules=illinois", "rules.drain_at_end=true"]), drained);
    assert_eq!(rules(&["rules.drain_at_end=true", "rules=illinois"]), *illinois);
    // A profile for the other keys to start from leaves them as they are.
    assert_eq!(rules(&["rules.profile=illinois"]).clean_supply, CleanSupply::ExclusiveOnly);
}

/// The cycles from a load to its value that the comments of the files name, level by level.
const LOAD_TO_USE: &[(&str, &[u64])] = &[
    ("machines/teaching.ron", &[1, 14]),
    ("machines/skylake-client.ron", &[4, 12, 44]),
    ("machines/zen2.ron", &[4, 12, 39]),
    ("machines/cortex-a72.ron", &[4, 21]),
];

#[test]
fn a_hit_takes_what_the_files_comment_says() {
    for (file, expected) in LOAD_TO_USE {
        let spec = load(file).machine;
        let levels = spec.private.len() + spec.shared.len();
        let measured: Vec<_> = (0..levels).map(|level| load_to_use(&spec, level)).collect();
        assert_eq!(measured, *expected, "{file}");
    }
}

/// Loads a line, drives it out of the levels inside `level`, and times the next load.
fn load_to_use(spec: &MachineSpec, level: usize) -> u64 {
    let mut machine = Machine::new(spec.clone(), ()).expect("it loads");
    let inner = spec.private.iter().chain(&spec.shared).take(level);
    let shapes: Vec<_> =
        inner.map(|level| (level.geometry.sets(), level.geometry.ways())).collect();
    let stride = shapes.iter().map(|(sets, _)| *sets).max().unwrap_or(1);
    let others = shapes.iter().map(|(_, ways)| *ways).max().unwrap_or(0);
    let mut load = |line: u32| {
        let before = machine.clock(0);
        let addr: Addr = spec.line.base(LineAddr(u64::from(line)));
        machine.access(0, Op::Read, addr, 4).expect("the tables are whole");
        machine.clock(0) - before
    };
    load(0);
    for other in 1..=others {
        load(other * stride);
    }
    load(0)
}

/// The presets' folder.
const PRESETS: &str = "presets/";

fn preset(name: &str) -> (Config, Durability) {
    let config = load(&format!("{PRESETS}{name}.ron"));
    let durability = config.durability.clone().expect("it is a preset of durability");
    (config, durability)
}

/// Ticks of that many microseconds where a tick is a microsecond.
const MILLISECOND: u64 = 1_000;
const SECOND: u64 = 1_000 * MILLISECOND;

#[test]
fn every_preset_of_pages_and_keys_has_one_cache_without_sets_and_a_free_bus() {
    let presets: Vec<_> = files().into_iter().filter(|file| file.starts_with(PRESETS)).collect();
    assert!(presets.len() >= 11, "{presets:?}");
    for file in presets.iter().filter(|file| !file.contains("/cpu")) {
        let config = load(file);
        let machine = &config.machine;
        assert!(machine.shared.is_empty(), "{file}");
        assert!(machine.private.len() == 1 && machine.private[0].geometry.is_full(), "{file}");
        assert!(machine.private[0].latency > 0, "{file}");
        let bus = machine.bus;
        assert_eq!((bus.request, bus.beat, bus.cache_to_cache), (0, 0, 0), "{file}");
        assert_eq!((machine.memory_latency, config.peers), (0, Peers::None), "{file}");
        assert!(config.cores_from_trace && config.cores_max == coherence::CORES_MAX, "{file}");
    }
}

#[test]
fn the_cpu_presets_are_the_default_machine_and_differ_in_the_persist_domain() {
    let domains = [
        ("cpu", None),
        ("cpu-adr", Some(PersistDomain::Adr)),
        ("cpu-eadr", Some(PersistDomain::Eadr)),
    ];
    let (_, common) = preset("cpu");
    for (name, persist_domain) in domains {
        let (config, durability) = preset(name);
        assert_eq!(config.machine, load("machines/default.ron").machine, "{name}");
        assert_eq!(config.peers, Peers::Bus, "{name}");
        assert_eq!(durability, Durability { persist_domain, ..common.clone() }, "{name}");
        let flush = &durability.flush;
        assert_eq!((flush.every, flush.dirty_count, flush.batch), (None, None, 1), "{name}");
        // 70 ns of a clock of 3 GHz.
        assert_eq!((durability.store.latency, durability.store.batch_cost), (210, 0), "{name}");
    }
}

#[test]
fn the_page_cache_has_the_settings_that_linux_starts_with() {
    let (config, durability) = preset("page-cache");
    assert_eq!(config.machine.line.bytes(), 4096);
    assert_eq!(config.machine.private[0].geometry.size_bytes(), 1 << 30);
    let flush = durability.flush;
    assert_eq!((flush.every, flush.expire), (Some(5 * SECOND), 30 * SECOND));
    assert_eq!((flush.background_ratio, flush.dirty_ratio), (Some(0.1), Some(0.2)));
    assert_eq!((flush.age_from, flush.pause_max), (AgeFrom::FirstDirty, 200 * MILLISECOND));
}

/// What a preset is named for: period, threshold, batch, latencies of the cache and the store.
type Figures = (Option<u64>, Option<u64>, u32, u64, u64);

#[test]
fn the_key_caches_have_the_figures_that_they_name() {
    let figures: &[(&str, Figures)] = &[
        ("leaderboard", (Some(5 * SECOND), None, 512, 20, 2 * MILLISECOND)),
        ("case-study", (Some(30 * SECOND), None, 512, 300, 200 * MILLISECOND)),
        ("ignite", (Some(5 * SECOND), Some(10_240), 512, 100, 2 * MILLISECOND)),
        ("hazelcast", (None, None, 1, 100, 2 * MILLISECOND)),
        ("coherence-db", (Some(SECOND), None, 128, 100, 2 * MILLISECOND)),
        ("redis-aof", (Some(60 * SECOND), None, 512, 100, 10 * MILLISECOND)),
        // A tick is a millisecond here.
        ("sticky-notes", (Some(300_000), None, 1, 1_000, 20_000)),
    ];
    for (name, expected) in figures {
        let (config, Durability { flush, store, .. }) = preset(name);
        let cache = config.machine.private[0].latency;
        let found = (flush.every, flush.dirty_count, flush.batch, cache, store.latency);
        assert_eq!(found, *expected, "{name}");
    }
}

#[test]
fn the_products_differ_in_what_their_manuals_say() {
    let (ignite, durability) = preset("ignite");
    assert_eq!(ignite.machine.private[0].write, WritePolicy::WriteBack);
    assert!(durability.flush.coalesce && durability.flush.workers == 1);

    let (hazelcast, durability) = preset("hazelcast");
    let through = WritePolicy::WriteThrough { allocate: true };
    assert_eq!(hazelcast.machine.private[0].write, through);
    let Queue { capacity, overflow, .. } = durability.queue;
    assert_eq!((capacity, overflow), (Some(50_000), Overflow::Reject));

    let (_, Durability { flush, store, .. }) = preset("coherence-db");
    assert_eq!((flush.expire, flush.age_from), (10 * SECOND, AgeFrom::LastWrite));
    assert_eq!((flush.max_age, store.retry.attempts), (None, Some(1)));

    let (_, Durability { flush, log, .. }) = preset("redis-aof");
    let log = log.expect("it has a log");
    assert_eq!((log.sync, log.serial, log.period), (Sync::EverySecond, true, SECOND));
    assert_eq!(flush.order, Order::Causal);
}

#[test]
fn no_code_knows_a_preset() {
    let crates = folder().join("../crates");
    let mut folders = vec![crates];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).expect("the folder is there") {
            let path = entry.expect("the folder is readable").path();
            if path.ends_with("crates/cli") {
                // The command's help may name one; what it does is in the other crates.
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("it is text");
                assert!(!text.contains(PRESETS), "{}", path.display());
            }
        }
    }
}
