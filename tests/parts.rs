//! A replay in parts against a replay in one: `driver::Parts` on random machines, and
//! `replay --jobs` on the shipped traces, byte for byte.
//!
//! `MESIM_PROPERTY_SEED` starts the search elsewhere, `MESIM_PROPERTY_REFERENCES` makes it longer.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use driver::config::Config;
use driver::{
    Indivisible, Interleave, Parts, ReplayOptions, Replayed, Streams, merge_parts, replay,
    replay_part,
};
use trace::{Format, Header, Record, Source, TraceError};

use crate::properties::{machine, number_from, record};
use crate::reference::random::{SplitMix, random_spec, random_trace};
use crate::reference::spec::{Replacement, Spec};
use crate::silent_runs::{config, with_moments};
use crate::support::{Folder, ROOT, error_text, text};

/// References that the search compares at least, for each number of parts.
const REFERENCES: u64 = 150_000;
/// The seed of the first machine.
const SEED: u64 = 9_261_123;
/// Accesses of one trace.
const LENGTH: usize = 500;

/// A trace in memory that is read some records at a time.
struct Pieces {
    header: Header,
    records: Vec<Record>,
    at: usize,
    length: usize,
}

impl Pieces {
    fn of(records: &[Record], length: usize) -> Box<dyn Source> {
        let header = Header::new(Format::Mtrace);
        Box::new(Self { header, records: records.to_vec(), at: 0, length })
    }
}

impl Source for Pieces {
    fn header(&self) -> &Header {
        &self.header
    }

    fn read(&mut self, into: &mut Vec<Record>) -> Result<bool, TraceError> {
        let end = self.records.len().min(self.at + self.length);
        into.extend_from_slice(&self.records[self.at..end]);
        let some = end > self.at;
        self.at = end;
        Ok(some)
    }
}

/// A random machine whose lines fall into parts.
fn divisible(rng: &mut SplitMix) -> Spec {
    let mut spec = random_spec(rng);
    let line = spec.line_bytes;
    for level in spec.levels.iter_mut().chain(&mut spec.l1i) {
        let (ways, sets) = (rng.pick(&[1, 1, 2, 3, 4, 8, 12]), rng.pick(&[2, 2, 4, 8]));
        level.size_bytes = ways * sets * line;
        level.ways = Some(ways as u32);
        let no_tree = level.replacement == Replacement::TreePlru && !ways.is_power_of_two();
        if no_tree || matches!(level.replacement, Replacement::Random(_)) {
            level.replacement =
                rng.pick(&[Replacement::Lru, Replacement::Fifo, Replacement::Srrip]);
        }
    }
    spec.validate().expect("only shapes have changed");
    spec
}

fn options(rng: &mut SplitMix) -> ReplayOptions {
    let length = LENGTH as u64;
    ReplayOptions {
        check: rng.chance(40),
        coverage: rng.chance(40),
        warmup: if rng.chance(40) { rng.below(length / 2) } else { 0 },
        limit: rng.chance(40).then(|| length / 2 + rng.below(length)),
        ..ReplayOptions::default()
    }
}

fn whole(config: &Config, options: &ReplayOptions, records: &[Record]) -> Replayed {
    let streams = Streams::Ordered(Pieces::of(records, 64));
    let mut go_on = |_| ControlFlow::Continue(());
    replay(config, streams, Interleave::Recorded, options, &mut go_on).expect("a replay")
}

fn in_parts(config: &Config, options: &ReplayOptions, records: &[Record], count: u32) -> Replayed {
    let parts = Parts::new(config, options, count).expect("it is divisible");
    assert!(parts.count() <= u64::from(count));
    let results = (0..parts.count()).map(|number| {
        let source = Pieces::of(records, 7 + number as usize);
        let mut go_on = |_| ControlFlow::Continue(());
        replay_part(config, source, options, (parts, number), &mut go_on).expect("a replay")
    });
    merge_parts(results.collect::<Vec<_>>(), Interleave::Recorded).expect("no law breaks")
}

/// Everything that a replay counts, without the time that it took.
fn counts(replayed: Replayed) -> impl PartialEq + std::fmt::Debug {
    let Replayed {
        machine,
        interleave,
        mut tally,
        accesses,
        checked_loads,
        outcome,
        crashes,
        looks,
        lines,
    } = replayed;
    assert!(outcome.is_none() && crashes.is_empty() && looks.is_empty() && lines.is_none());
    tally.bus.busy_cycles = 0;
    for core in &mut tally.cores {
        core.cycles = 0;
        core.counters.stall_cycles = 0;
        core.counters.bus_wait_cycles = 0;
    }
    (machine.cores, interleave, tally, accesses, checked_loads)
}

#[test]
fn parts_of_random_machines_add_up_to_the_whole() {
    let first = number_from("MESIM_PROPERTY_SEED", SEED);
    let wanted = number_from("MESIM_PROPERTY_REFERENCES", REFERENCES).min(10 * REFERENCES);
    let (mut seed, mut references, mut straddles, mut checked) = (first, 0, 0, 0);
    while references < wanted {
        let mut rng = SplitMix::new(seed);
        let spec = divisible(&mut rng);
        let trace = random_trace(&mut rng, &spec, LENGTH);
        let records = with_moments(&mut rng, trace.iter().map(record).collect());
        let mut config = config(machine(&spec), spec.word_bytes);
        if rng.chance(50) {
            config.cores_from_trace = true;
            config.machine.cores = 1 + rng.below(spec.cores as u64) as u32;
        }
        let options = options(&mut rng);
        let expected = whole(&config, &options, &records);
        straddles += expected.tally.totals().counters.straddles;
        checked += expected.checked_loads.unwrap_or(0);
        let expected = counts(expected);
        for count in [2, 3, 7, 64] {
            let found = counts(in_parts(&config, &options, &records, count));
            assert!(
                found == expected,
                "seed {seed}, {count} parts: {options:?}\n{spec:#?}\n\
                expected {expected:?}\nfound {found:?}"
            );
        }
        references += LENGTH as u64;
        seed += 1;
    }
    assert!(straddles > 1000 && checked > 1000, "{straddles} straddle, {checked} are checked");
}

#[test]
fn what_ties_all_lines_together_is_indivisible() {
    let mut rng = SplitMix::new(SEED);
    let spec = divisible(&mut rng);
    let plain = ReplayOptions::default();
    let refused = |spec: &Spec, options: &ReplayOptions| {
        Parts::new(&config(machine(spec), 4), options, 2).expect_err("it is indivisible")
    };
    assert!(Parts::new(&config(machine(&spec), 4), &plain, 2).is_ok());
    let classify = ReplayOptions { classify: true, ..plain.clone() };
    assert_eq!(refused(&spec, &classify), Indivisible::Classes);
    let top = ReplayOptions { top: Some(1), ..plain.clone() };
    assert_eq!(refused(&spec, &top), Indivisible::Lines);
    for number in 0..spec.levels.len() {
        let mut full = spec.clone();
        full.levels[number].ways = None;
        assert!(matches!(refused(&full, &plain), Indivisible::OneSet { .. }));
        let mut drawn = spec.clone();
        drawn.levels[number].replacement = Replacement::Random(1);
        assert!(matches!(refused(&drawn, &plain), Indivisible::Random { .. }));
    }
}

/// The shipped traces of the main format and lackey's: recordings and scenarios.
fn shipped() -> Vec<PathBuf> {
    let folders = ["traces", "traces/scenarios"].map(|folder| Path::new(ROOT).join(folder));
    let entries = folders.iter().flat_map(|folder| fs::read_dir(folder).expect("the traces"));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.is_file() && trace::format_of_name(path).is_some());
    paths.sort();
    assert!(paths.len() >= 29, "{paths:?}");
    paths
}

/// Replays with that many jobs; returns the report as text and as JSON.
fn report(folder: &Folder, path: &str, flags: &[&str], jobs: &str) -> (String, Vec<u8>) {
    let fixed = ["replay", path, "--counts-only", "-q", "--json", "r.json", "--jobs", jobs];
    let output = folder.run(&[&fixed, flags].concat());
    let error = error_text(&output);
    assert_eq!((output.status.code(), &error[..]), (Some(0), ""), "{path} {flags:?} {jobs}");
    let json = folder.read("r.json");
    fs::remove_file(folder.join("r.json")).expect("the report");
    (text(&output), json)
}

const SMALL: &str = "(protocol: \"MOESI\", l1i: (size: \"256 B\", ways: 2), caches: [\
    (size: \"256 B\", ways: 2, write: WriteThrough(allocate: false)), \
    (size: \"1 KiB\", ways: 4, inclusion: Inclusive, replacement: Srrip), \
    (scope: Shared, size: \"2 KiB\", ways: 2, replacement: TreePlru)], \
    rules: (clean_supply: AnyHolder, drain_at_end: true))";

#[test]
fn a_replay_in_jobs_writes_the_same_bytes() {
    let folder = Folder::with(&[("small.ron", SMALL)]);
    let cortex = format!("{ROOT}/configs/machines/cortex-a72.ron");
    let flags = [
        &["--check", "--coverage"][..],
        &["--warmup", "17", "--limit", "3000", "--provenance"],
        &["-c", "small.ron", "--check"],
        &["-c", &cortex],
        &["-c", "small.ron", "--coverage", "--set", "protocol=Dragon", "--warmup", "20"],
    ];
    let jobs = [["2", "64"], ["3", "7"]];
    for (number, path) in shipped().iter().enumerate() {
        let path = path.to_string_lossy();
        // A scenario is a few accesses: no warm-up.
        let scenario = path.contains("scenarios");
        // Those with a machine of their own have caches of one set.
        let default = format!("{ROOT}/configs/machines/default.ron");
        let of_scenario = ["--check", "-c", &default];
        let flags = if scenario { &of_scenario[..] } else { flags[number % flags.len()] };
        let expected = report(&folder, &path, flags, "1");
        for jobs in jobs[number % 2] {
            let found = report(&folder, &path, flags, jobs);
            assert_eq!(found.0, expected.0, "{path} {flags:?} {jobs}");
            assert!(found.1 == expected.1, "{path} {flags:?} {jobs}: other bytes");
        }
    }
}

/// All kinds of records, and cores that come as the trace goes.
fn all_kinds() -> String {
    use std::fmt::Write as _;
    let mut rng = SplitMix::new(SEED);
    let mut text = String::new();
    for number in 0..3000_u64 {
        let core = rng.below(1 + number / 400);
        let addr = 0x1000 + 4 * rng.below(2000);
        let _ = match rng.below(40) {
            0 => writeln!(text, "{core} C {addr:#x} {}", 1 + rng.below(300)),
            1 => writeln!(text, "{core} F {addr:#x} {}", 1 + rng.below(300)),
            2 if number % 3 == 0 => writeln!(text, "{core} F *"),
            3 => writeln!(text, "{core} B"),
            4 => writeln!(text, "{core} T {}", rng.below(50)),
            5..=8 => writeln!(text, "{core} W {addr:#x} {}", 1 + rng.below(200)),
            9..=12 => writeln!(text, "{core} A {addr:#x} 4"),
            13..=16 => writeln!(text, "{core} I {addr:#x} 4"),
            17..=24 => writeln!(text, "{core} W {addr:#x} 4"),
            _ => writeln!(text, "{core} R {addr:#x} {}", 1 + rng.below(20)),
        };
    }
    text
}

#[test]
fn every_kind_of_record_is_split_alike_from_files_and_pipes() {
    let kinds = all_kinds();
    let folder = Folder::with(&[("small.ron", SMALL), ("kinds.mtrace", &kinds)]);
    for flags in [&["-c", "small.ron", "--check", "--coverage"][..], &["--check"]] {
        let expected = report(&folder, "kinds.mtrace", flags, "1");
        for jobs in ["2", "3", "4", "64"] {
            assert_eq!(report(&folder, "kinds.mtrace", flags, jobs).0, expected.0, "{jobs}");
            assert!(report(&folder, "kinds.mtrace", flags, jobs).1 == expected.1, "{jobs}");
            let piped = ["replay", "-", "--counts-only", "--jobs", jobs, "--json", "-"];
            let piped = folder.feed(&[&piped, flags].concat(), kinds.as_bytes());
            assert!(piped.stdout == expected.1, "{jobs}: {}", error_text(&piped));
        }
    }
    // A trace without accesses of some part, and one of a single access.
    folder.write("one.mtrace", b"0 R 0x1000\n");
    assert_eq!(report(&folder, "one.mtrace", &[], "64"), report(&folder, "one.mtrace", &[], "1"));
}

#[test]
fn a_replay_that_cannot_be_split_is_refused() {
    let folder = Folder::with(&[
        ("good.mtrace", "0 R 0x1000\n1 W 0x1000\n"),
        ("a.din", "0 1000\n"),
        ("b.din", "1 1000\n"),
    ]);
    let lines = [
        "replay good.mtrace --jobs 2",
        "replay good.mtrace --jobs 0 --counts-only",
        "replay good.mtrace --jobs 65 --counts-only",
        "replay good.mtrace --jobs 2 --counts-only --json r.json --set L1.replacement=Random(1)",
        "replay good.mtrace --jobs 2 --counts-only --json r.json --set L1.ways=Full",
        "replay good.mtrace --jobs 2 --counts-only --classify",
        "replay good.mtrace --jobs 2 --counts-only --set durability.flush.every=5s",
        "replay good.mtrace --jobs 2 --counts-only --interleave rr:1",
        "replay a.din b.din --jobs 2 --counts-only",
        "replay good.mtrace --jobs 2 --counts-only --compare mesi,msi",
        "replay good.mtrace --jobs 2 --counts-only --vary L1.size=16KiB,32KiB",
    ];
    insta::assert_snapshot!("jobs_refused", crate::crashes::refused(&folder, &lines));
    // The order that the trace has anyway is no other order.
    let (text, _) = report(&folder, "good.mtrace", &["--interleave", "recorded"], "2");
    assert_eq!(text, report(&folder, "good.mtrace", &[], "1").0);
}

#[test]
fn what_fails_in_one_job_fails_in_several_and_leaves_nothing() {
    let good = "0 R 0x1000\n".repeat(100_000);
    let folder = Folder::with(&[
        ("bad.mtrace", &format!("{good}0 R 0x10g0\n{good}")),
        ("cores.mtrace", &format!("{good}5 R 0x1000\n0 R 0x10g0\n")),
        ("short.mtrace", "0 R 0x1000\n1 W 0x1040\n"),
    ]);
    folder.good(&["convert", "short.mtrace", "cut.mtrace.gz"]);
    let whole = folder.read("cut.mtrace.gz");
    folder.write("cut.mtrace.gz", &whole[..whole.len() - 3]);
    for line in [
        "replay bad.mtrace",
        "replay cut.mtrace.gz",
        "replay cores.mtrace --cores 2",
        "replay short.mtrace --warmup 2",
        "replay short.mtrace --limit 1 --warmup 1",
        "replay cores.mtrace --check --json no/such/r.json",
    ] {
        let json = if line.contains("--json") { "" } else { " --json r.json" };
        let one = format!("{line} --counts-only{json}");
        let expected = crate::crashes::refused(&folder, &[&one]);
        for jobs in [2, 3, 64] {
            let several = format!("{one} --jobs {jobs}");
            let found = crate::crashes::refused(&folder, &[&several]);
            assert_eq!(found.replace(&several, &one), expected);
        }
    }
}

/// Two cores store to a line that both hold, and neither tells the other; a later line is bad.
#[test]
fn the_first_failure_of_a_trace_is_reported_however_many_replay_it() {
    let changes = [("bus(BusUpgr, M)", "hit(M)"), ("\"MESI\"", "\"silent\"")];
    let before = "2 R 0x2040\n".repeat(70_000);
    let stale = "0 R 0x1000\n1 R 0x1000\n0 W 0x1000\n2 R 0x2040\n1 R 0x1000\n";
    let folder = Folder::with(&[
        ("silent.ron", &crate::protocol_files::mesi_with(&changes)),
        ("t.mtrace", &format!("{before}{stale}{before}0 R 0x10g0\n")),
    ]);
    let run = |flags: &[&str]| {
        let fixed = ["replay", "t.mtrace", "-q", "--check", "--counts-only", "--json", "r.json"];
        let output = folder.run(&[&fixed, flags].concat());
        assert_eq!(output.status.code(), Some(2), "{}", error_text(&output));
        assert_eq!(folder.names(), ["silent.ron", "t.mtrace"]);
        error_text(&output)
    };
    let one = run(&["--set", "protocol=silent.ron"]);
    assert!(one.contains("access 70005: core 1 loaded word 0 of the line 0x1000"), "{one}");
    for jobs in ["2", "3", "64"] {
        assert_eq!(run(&["--set", "protocol=silent.ron", "--jobs", jobs]), one, "{jobs}");
    }
    let named = one.replace("error[E0216]: ", "error[E0216]: under protocol=silent.ron: ");
    assert_eq!(run(&["--vary", "protocol=silent.ron"]), named);
    assert_eq!(run(&["--vary", "protocol=MESI,silent.ron"]), named);
    assert!(run(&["--vary", "protocol=MESI,MSI"]).starts_with("error[E0115]"));
}
