//! The scenario traces, each with the counts that follow from its story.
//!
//! The counts are those of MESI with 64-byte lines in caches that are large enough (but for the
//! eviction scenario), derived line by line beside each trace's table row. Where a scenario is a
//! textbook's, the textbook's counts are the same.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Runs the program on a trace, classes and values checked, and returns the report.
fn replay(trace: &Path, settings: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mesim"));
    command.arg("replay").arg(trace).args(["--classify", "--check", "--quiet", "--json", "-"]);
    for setting in settings {
        command.args(["--set", setting]);
    }
    let output = command.output().expect("the program runs");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{}: {errors}", trace.display());
    serde_json::from_slice(&output.stdout).expect("the report is JSON")
}

/// Hits, misses, BusRd, BusRdX, BusUpgr, silent upgrades, invalidations, flushes, interventions,
/// write-backs, true sharing misses, false sharing misses.
type Counts = [u64; 12];

const NAMES: [&str; 12] = [
    "totals/hits",
    "totals/misses",
    "totals/bus_rd",
    "totals/bus_rdx",
    "totals/bus_upgr",
    "totals/silent_upgrades",
    "totals/invalidations",
    "totals/flushes",
    "totals/interventions",
    "totals/write_backs",
    "classes/true_sharing",
    "classes/false_sharing",
];

fn counts(report: &Value) -> Counts {
    NAMES.map(|name| report.pointer(&format!("/{name}")).and_then(Value::as_u64).expect(name))
}

/// Each scenario with its counts. A round of two stores to one line by two cores, for example, is
/// two BusRdX, each of which (but the very first) finds the other core's dirty copy: a flush and an
/// invalidation.
#[rustfmt::skip]
const SCENARIOS: &[(&str, Counts)] = &[
    // name                    hit miss  Rd RdX Upgr E>M inv flush itv wb true false
    // 11 accesses, all to lines that others have just written or never had. A core's look at `go`
    // is a BusRd (6), its atomic or store a BusRdX (5: `arrived` by 0 1 2 3, `go` by 3, which never
    // read it). `arrived` passes hands 3 times (3 flushes, 3 invalidations); the store to `go`
    // takes it from 0 1 2 (3 more) and is flushed to the first reader.
    ("barrier",               [0, 11,  6, 5,  0, 0,  6,  4,  2, 0,  3, 0]),
    // The line x and 15 others of its set miss, and x once more; only x was dirty.
    ("dirty-eviction",        [0, 17, 16, 1,  0, 0,  0,  0,  0, 1,  0, 0]),
    // 20 stores, each takes the line from the other core, but the first; two are cold.
    ("false-sharing",         [0, 20,  0, 20, 0, 0, 19, 19,  0, 0,  0, 18]),
    // Four lines written by core 0; each is flushed to its first reader, and read twice more.
    ("initialise-then-share", [0, 16, 12, 4,  0, 0,  0,  4,  4, 0,  0, 0]),
    // 32 atomics and a store, each takes the line from its last writer, but the first. Cold once a
    // core (4).
    ("lock-tas",              [0, 33,  0, 33, 0, 0, 32, 32,  0, 0, 29, 0]),
    // `next` passes through 4 atomics: 4 cold BusRdX, 3 flushes, 3 invalidations. `serving`: 4 cold
    // reads, then 4 stores by a core that shares it (upgrades) taking it from 3, 3, 2 and 1 others,
    // and re-read by 3, 2 and 1: the first of each finds M and makes it shared.
    ("lock-ticket",           [10, 14, 10, 4, 4, 0, 12,  6,  4, 0,  6, 0]),
    // Core 0 reads and takes the lock (E>M). Three cold reads, the first one flushed; 27 hits. The
    // release is an upgrade (3 lose it), 3 re-read (a flush); core 1's atomic is an upgrade that 0,
    // 2 and 3 lose it to (3), and 2 and 3 read again (a flush).
    ("lock-ttas",             [30,  9,  9, 0, 2, 1,  6,  3,  3, 0,  5, 0]),
    // 20 turns: a read that finds the other's M (but the first) and an upgrade (but the first:
    // E>M).
    ("migratory-counter",     [20, 20, 20, 0, 19, 1, 19, 19, 19, 0, 18, 0]),
    // A line each: two cold misses.
    ("padded",                [18,  2,  0, 2, 0, 0,  0,  0,  0, 0,  0, 0]),
    // As false-sharing, but the word is the same.
    ("ping-pong",             [0, 20,  0, 20, 0, 0, 19, 19,  0, 0, 18, 0]),
    // A cold read and an E>M a core.
    ("private-data",          [76,  4,  4, 0, 0, 4,  0,  0,  0, 0,  0, 0]),
    // Two lines, ten rounds: two BusRdX first, two upgrades each of nine times; two reads a round,
    // each finds M; two of the reads are cold.
    ("producer-consumer",     [18, 22, 20, 2, 18, 0, 18, 20, 20, 0, 18, 0]),
    // R0 miss E; W0 E>M; R1 flush, S S; W1 upgrade; W0 BusRdX, flush; R0 hit.
    ("quiz-six-accesses",     [3,  3,  2, 1, 1, 1,  2,  2,  1, 0,  1, 0]),
    // Four cold reads; the second makes the first reader's E shared.
    ("read-sharing",          [36,  4,  4, 0, 0, 0,  0,  0,  1, 0,  0, 0]),
    ("silent-upgrade",        [1,  1,  1, 0, 0, 1,  0,  0,  0, 0,  0, 0]),
    // R0, R1 (E to S), W0 upgrade, W1 comes too late: BusRdX, flush.
    ("upgrade-race",          [1,  3,  2, 1, 1, 0,  2,  1,  1, 0,  1, 0]),
    ("upgrade",               [1,  2,  2, 0, 1, 0,  1,  0,  1, 0,  0, 0]),
    ("write-back-on-snoop",   [0,  2,  1, 1, 0, 0,  0,  1,  1, 0,  0, 0]),
];

#[test]
fn every_scenario_counts_what_its_story_says() {
    let folder = root().join("traces/scenarios");
    let files = std::fs::read_dir(&folder).expect("there are scenarios");
    let mut left: BTreeMap<String, PathBuf> = files
        .map(|entry| entry.expect("the folder is readable").path())
        .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), path))
        .collect();
    for (name, expected) in SCENARIOS {
        let path = left.remove(*name).unwrap_or_else(|| panic!("there is no scenario {name}"));
        let found = counts(&replay(&path, &[]));
        for (what, (want, got)) in NAMES.iter().zip(expected.iter().zip(&found)) {
            assert_eq!(want, got, "{name}: {what}");
        }
    }
    assert!(left.is_empty(), "scenarios without counts: {left:?}");
}

#[test]
fn msi_pays_for_the_exclusive_state_that_it_lacks() {
    // Without E, the first store to a line that was read alone is an upgrade.
    for (name, mesi, msi) in [
        ("silent-upgrade", 1, 2),
        ("private-data", 4, 8),
        ("quiz-six-accesses", 4, 5),
        ("migratory-counter", 39, 40),
        ("producer-consumer", 40, 40),
    ] {
        let path = root().join(format!("traces/scenarios/{name}.mtrace"));
        let total = |report: &Value| {
            ["bus_rd", "bus_rdx", "bus_upgr"]
                .iter()
                .map(|key| report["bus"][key].as_u64().unwrap())
                .sum::<u64>()
        };
        assert_eq!(total(&replay(&path, &[])), mesi, "{name} under MESI");
        assert_eq!(total(&replay(&path, &["protocol=MSI"])), msi, "{name} under MSI");
    }
}
