//! Every config file loads, and `configs/README.md` says what is true of every key.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use cache::{Addr, LineAddr};
use coherence::{CleanSupply, Machine, MachineSpec, Op, Protocol, Rules};
use driver::config::{Config, ConfigError, Draft, PROFILES, keys};

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
const BARE: &str = "(caches: [(), (inclusion: NonInclusive)], l1i: ())";

fn with(key: &str, value: &str) -> Result<Config, ConfigError> {
    let mut draft = Draft::from_ron("bare", BARE)?;
    draft.set(&format!("{key}={value}"))?;
    Config::new(&draft)
}

/// What a config says, but for where it says it.
fn meaning(config: &Config) -> (&MachineSpec, bool, u32, u64) {
    (&config.machine, config.cores_from_trace, config.word_bytes, config.clock_hz)
}

#[test]
fn the_defaults_in_the_readme_are_the_defaults() {
    let bare = Config::new(&Draft::from_ron("bare", BARE).unwrap()).unwrap();
    let mut checked = 0;
    for row in markdown::tables(&readme(), KEYS) {
        // A cell without a value in backticks is in words.
        let Some(&default) = markdown::quoted(&row[1]).first() else { continue };
        for key in markdown::quoted(&row[0]) {
            let set = with(key, default).unwrap_or_else(|error| panic!("{key}: {error}"));
            assert_eq!(meaning(&set), meaning(&bare), "{key} is not `{default}` by default");
            checked += 1;
        }
    }
    assert!(checked + 1 >= keys().len(), "only {checked} defaults were checked");
}

#[test]
fn the_values_in_the_readme_are_taken() {
    for row in markdown::tables(&readme(), KEYS) {
        for key in markdown::quoted(&row[0]) {
            // The first level is private whatever else is; the second shows what the key takes.
            let key = if key == "caches.0.scope" { "caches.1.scope" } else { key };
            for value in markdown::quoted(&row[2]) {
                let result = with(key, value);
                assert!(result.is_ok(), "{key}={value}: {}", result.unwrap_err());
            }
        }
    }
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
