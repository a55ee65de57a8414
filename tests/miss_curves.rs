//! `mesim mrc`: every size's misses are those of a replay with a cache of that size, and what is
//! printed, written and refused.

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::Path;

use cache::LineSize;
use driver::config::{Config, Draft};
use driver::{Interleave, MissCurve, ReplayOptions, Streams, replay};
use serde_json::Value;
use trace::synth::{Generator, Options};
use trace::{Format, Header, Input, IterSource, Op, ReadOptions, Record, Source};

use crate::support::{Folder, error_text, text};

/// Ten numbers of lines.
const SIZES: [u64; 10] = [1, 2, 3, 5, 8, 16, 33, 100, 256, 1000];

fn source_of(records: Vec<Record>) -> impl Source + 'static {
    IterSource::new(Header::new(Format::Mtrace), records.into_iter())
}

/// Replays on one core with one fully associative LRU cache, and returns its misses.
fn misses_of_replay(records: &[Record], lines: u64, line: u64) -> u64 {
    let caches = format!("(line: {line}, caches: [(size: {}, ways: Full)])", lines * line);
    let draft = Draft::from_ron("one.ron", &caches).expect("a config");
    let config = Config::new(&draft).expect("a machine");
    let source = source_of(records.to_owned());
    let streams = Streams::Ordered(Box::new(source));
    let options = ReplayOptions::default();
    let go_on = &mut |_| ControlFlow::Continue(());
    let replayed = replay(&config, streams, Interleave::Recorded, &options, go_on);
    replayed.expect("a replay").tally.totals().counters.misses
}

/// Compares the curve of some records with replays at ten sizes, and returns it.
fn compare(records: &[Record], line: u64) -> MissCurve {
    let mut source = source_of(records.to_owned());
    let size = LineSize::new(line).expect("a line size");
    let go_on = &mut |_| ControlFlow::Continue(());
    let curve = MissCurve::measure(&mut source, size, None, go_on).expect("one core");
    for lines in SIZES {
        assert_eq!(curve.misses(lines), misses_of_replay(records, lines, line), "{lines} lines");
    }
    let step = |lines| curve.steps().take_while(|(from, _)| *from <= lines).last();
    assert!(SIZES.iter().all(|lines| step(*lines).unwrap().1 == curve.misses(*lines)));
    curve
}

/// Reads what one core of a recorded trace does first, as core 0.
fn recorded(name: &str, core: u16, accesses: usize) -> Vec<Record> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../traces").join(name);
    let options = ReadOptions { core: Some(core), ..ReadOptions::default() };
    let mut source = trace::open(&Input::Path(path), &options).expect("a trace");
    let mut records = Vec::new();
    while records.len() < accesses && source.read(&mut records).expect("a trace") {}
    records.truncate(accesses);
    records.iter().map(|record| Record { core: 0, ..*record }).collect()
}

fn generated(generator: Generator, options: &Options) -> Vec<Record> {
    generator.generate(options).expect("possible options").collect()
}

#[test]
fn a_recorded_trace_misses_as_in_replays() {
    for (name, core) in [("handoff.lackey.xz", 0), ("handoff.lackey.xz", 1), ("xz-t2.lackey.xz", 0)]
    {
        let curve = compare(&recorded(name, core, 40_000), 64);
        assert!(curve.cold_misses() > 50 && curve.references > curve.accesses, "{name}");
    }
}

#[test]
fn generated_traces_miss_as_in_replays() {
    let options = Options { cores: 1, accesses: 30_000, lines: 2000, ..Options::default() };
    compare(&generated(Generator::Zipf, &options), 64);
    compare(&generated(Generator::Zipf, &options), 256);
    compare(&generated(Generator::Matmul, &Options { cores: 1, n: 16, ..Options::default() }), 32);
}

#[test]
fn cleans_flushes_and_atomics_miss_as_in_replays() {
    let mut state = 1_u64;
    let mut random = |bound: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) % bound
    };
    let record = |_| {
        let skew = 1 + random(300);
        let (addr, size) = (64 * random(skew) + random(64), 1 + random(200) as u32);
        match random(200) {
            0 => Record::event(0, Op::FlushAll, 0),
            1..15 => Record::access(0, Op::Flush, addr, size),
            15..30 => Record::access(0, Op::Clean, addr, size),
            30 => Record::event(0, Op::Fence, 0),
            31..90 => Record::access(0, Op::Write, addr, size),
            90..110 => Record::access(0, Op::Atomic, addr, size),
            110..150 => Record::access(0, Op::Fetch, addr, size),
            _ => Record::access(0, Op::Read, addr, size),
        }
    };
    let records: Vec<Record> = (0..20_000).map(record).collect();
    let curve = compare(&records, 64);
    // Flushed lines are missed again, whatever the size.
    assert!(curve.cold_misses() > 2 * curve.footprint);
}

#[test]
fn a_sweep_round_n_lines_misses_each_time_in_less_than_n() {
    for lines in [1, 2, 10, 1000] {
        let options = Options { cores: 1, rounds: 5, lines, ..Options::default() };
        let curve = compare(&generated(Generator::Streaming, &options), 64);
        let expected = [(1, 5 * lines), (lines, lines)];
        let expected = if lines == 1 { &expected[1..] } else { &expected };
        assert_eq!(curve.steps().collect::<Vec<_>>(), expected);
        assert_eq!((curve.misses(0), curve.misses(u64::MAX)), (5 * lines, lines));
    }
}

/// Two cores; core 0 has four lines of 64 bytes in turn, and one access over two of them.
const TRACE: &str = "\
@cores 2
0 R 0x0
0 W 0x40
1 R 0x40
0 A 0x80
0 I 0xc0
0 R 0x0
0 R 0x7c 8
0 C 0x40
0 F 0x80
0 R 0x80
";

#[test]
fn all_forms_say_the_same() {
    let folder = Folder::with(&[("t.mtrace", TRACE)]);
    let line = "mrc t.mtrace --core 0 --sizes 192,320";
    let args: Vec<&str> = line.split(' ').collect();
    let whole = String::from_utf8(folder.good(&[&args[..], &["-q"]].concat())).expect("UTF-8");
    let mut shown = format!("$ mesim {line}\n{whole}\n");
    for form in ["json", "csv", "svg"] {
        let flag = format!("--{form}");
        let alone = folder.good(&[&args[..], &["-q", &flag, "-"]].concat());
        let file = format!("out.{form}");
        let printed = folder.good(&[&args[..], &["-q", &flag, &file]].concat());
        assert_eq!(printed, whole.as_bytes());
        assert_eq!(folder.read(&file), alone);
        let _ = writeln!(shown, "$ mesim {line} --{form} -\n{}", String::from_utf8_lossy(&alone));
    }
    insta::assert_snapshot!("curve", shown);
    let json: Value = serde_json::from_slice(&folder.read("out.json")).expect("JSON");
    for size in json["sizes"].as_array().expect("sizes") {
        let bytes = size["size_bytes"].as_u64().expect("a size");
        assert!(whole.contains(&format!("({} / 8)", size["misses"])), "{bytes}: {whole}");
    }
    // Without a limit of its own the trace's line counts, and a limit ends it.
    folder.write("line.mtrace", b"@line 32\n0 R 0x0 64\n0 R 0x0\n0 W 0x40\n");
    let json = folder.good(&["mrc", "line.mtrace", "-q", "--limit", "2", "--json", "-"]);
    let json: Value = serde_json::from_slice(&json).expect("JSON");
    assert_eq!(json["line_bytes"], 32);
    assert_eq!((&json["accesses"], &json["references"]), (&2.into(), &3.into()));
    assert_eq!((&json["limit"], &json["core"]), (&2.into(), &Value::Null));
}

#[test]
fn a_folder_has_a_core_a_file() {
    let folder = Folder::new();
    std::fs::create_dir(folder.join("cores")).expect("a folder");
    folder.write("cores/core0.din", b"0 0\n0 40\n");
    folder.write("cores/core1.din", b"0 0\n0 0\n0 80\n");
    let json = folder.good(&["mrc", "cores", "--core", "1", "-q", "--json", "-"]);
    let json: Value = serde_json::from_slice(&json).expect("JSON");
    assert_eq!((&json["references"], &json["cold_misses"]), (&3.into(), &2.into()));
}

#[test]
fn curves_that_cannot_be_measured_are_refused() {
    let folder = Folder::with(&[
        ("t.mtrace", TRACE),
        ("idle.mtrace", "0 B\n0 T 5\n"),
        ("wide.mtrace", "@line 24\n0 R 0x0\n"),
    ]);
    std::fs::create_dir(folder.join("cores")).expect("a folder");
    folder.write("cores/core0.din", b"0 0\n");
    folder.write("cores/core1.din", b"0 0\n");
    let before = folder.names();
    let mut shown = String::new();
    for line in [
        "mrc t.mtrace",
        "mrc t.mtrace --core 5 --json out.json",
        "mrc t.mtrace --core 64",
        "mrc cores",
        "mrc cores --core 2",
        "mrc idle.mtrace",
        "mrc wide.mtrace",
        "mrc t.mtrace --core 0 --line 24",
        "mrc t.mtrace --core 0 --sizes 1KiB,100",
        "mrc t.mtrace --core 0 --sizes 1KB",
        "mrc t.mtrace --core 0 --csv - --svg -",
        "mrc none.mtrace",
    ] {
        let output = folder.run(&line.split(' ').collect::<Vec<_>>());
        let error = error_text(&output);
        assert_eq!(output.status.code(), Some(2), "{line}: {error}");
        assert_eq!(text(&output), "", "{line}");
        assert_eq!(folder.names(), before, "{line}");
        let _ = writeln!(shown, "$ mesim {line}\n{error}");
    }
    insta::assert_snapshot!("curve_refused", shown);
}
