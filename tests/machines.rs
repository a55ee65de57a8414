//! `replay --vary` of what is no matter of durability: one trace, several machines side by side.
//! Each report has to be that of the machine alone.

use std::fs;
use std::io::Write as _;

use serde_json::Value;

use crate::crashes::refused;
use crate::reference::random::SplitMix;
use crate::support::{Folder, ROOT, error_text, text};

const SMALL: &str = "(cores: 4, caches: [(size: \"256 B\", ways: 2), \
    (size: \"1 KiB\", ways: 4, inclusion: Inclusive)])";

/// Accesses of four cores to a few lines.
fn small_trace() -> String {
    let mut rng = SplitMix::new(11);
    let line = |rng: &mut SplitMix| {
        let (core, op) = (rng.below(4), rng.pick(&["R", "R", "W", "A", "I"]));
        format!("{core} {op} {:#x} {}\n", 0x1000 + 4 * rng.below(600), 4 + 4 * rng.below(2))
    };
    (0..2000).map(|_| line(&mut rng)).collect()
}

fn folder() -> Folder {
    let folder = Folder::with(&[("t.mtrace", &small_trace()), ("small.ron", SMALL)]);
    for core in 0..2_u64 {
        let line = |n: u64| format!("{} {:x}\n", n % 3, 0x1000 + 64 * ((n * 7 + core) % 40));
        let text: String = (0..300).map(line).collect();
        folder.write(&format!("core{core}.din"), text.as_bytes());
    }
    folder
}

fn parsed(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("JSON alone")
}

/// Replays with keys varied, and each combination alone; compares all reports.
fn compare(folder: &Folder, fixed: &[&str], varied: &[(&str, &[&str])], input: Option<&[u8]>) {
    let run = |args: &[&str]| {
        let output = match input {
            Some(input) => folder.feed(args, input),
            None => folder.run(args),
        };
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", error_text(&output));
        parsed(&output.stdout)
    };
    let flags: Vec<String> =
        varied.iter().map(|(key, values)| format!("--vary={key}={}", values.join(","))).collect();
    let flags = flags.iter().map(String::as_str);
    let args: Vec<&str> =
        ["replay", "-q", "--json", "-"].into_iter().chain(fixed.iter().copied()).collect();
    let together = run(&args.iter().copied().chain(flags).collect::<Vec<_>>());
    assert_eq!(together["schema"], "mesim.vary/1");
    let keys: Vec<&str> = varied.iter().map(|(key, _)| *key).collect();
    assert_eq!(together["keys"], serde_json::json!(keys));
    let mut points = vec![Vec::new()];
    for (key, values) in varied {
        let with = |point: &Vec<String>, value: &str| {
            point.iter().cloned().chain([format!("{key}={value}")]).collect()
        };
        points = points.iter().flat_map(|p| values.iter().map(|v| with(p, v))).collect();
    }
    let runs = together["runs"].as_array().expect("a list");
    assert_eq!(runs.len(), points.len());
    for (point, report) in points.iter().zip(runs) {
        let set = point.iter().flat_map(|set| ["--set", set]);
        let alone = run(&args.iter().copied().chain(set).collect::<Vec<_>>());
        assert!(alone == report["report"], "{fixed:?} {point:?} differs:\n{alone}\n{report}");
        // The order of the keys too.
        assert_eq!(alone.to_string(), report["report"].to_string());
        for set in point {
            let (key, value) = set.split_once('=').expect("KEY=VALUE");
            assert_eq!(report["values"][key], value);
        }
    }
}

#[test]
fn each_report_is_that_of_its_machine_alone() {
    let folder = folder();
    let sizes: (&str, &[&str]) = ("L1.size", &["256 B", "2 KiB"]);
    let protocols: (&str, &[&str]) = ("protocol", &["MSI", "mesif", "Dragon"]);
    let replacements: (&str, &[&str]) = ("L1.replacement", &["Lru", "Random(3)", "Srrip"]);
    let file = &["t.mtrace", "-c", "small.ron"];
    compare(&folder, &[file, &["--classify", "--check"][..]].concat(), &[sizes, protocols], None);
    compare(&folder, &[file, &["--coverage"][..]].concat(), &[protocols], None);
    let counted = ["--counts-only", "--warmup", "100", "--limit", "1500", "--provenance"];
    compare(&folder, &[&file[..], &counted].concat(), &[replacements, sizes], None);
    compare(&folder, &["t.mtrace"], &[("L1.ways", &["1", "Full"])], None);
    // How wide a line is changes what straddles, and what a word is what is shared.
    compare(&folder, &["t.mtrace", "--classify"], &[("line", &["32", "128"])], None);
    let from_pipe = ["-", "-c", "small.ron", "--classify", "--check"];
    compare(&folder, &from_pipe, &[sizes, protocols], Some(small_trace().as_bytes()));
}

#[test]
fn machines_that_read_the_trace_differently_read_it_by_themselves() {
    let folder = folder();
    let cores: (&str, &[&str]) = ("cores", &["4", "7"]);
    compare(&folder, &["t.mtrace"], &[cores, ("L1.size", &["1 KiB", "2 KiB"])], None);
    let sizes: (&str, &[&str]) = ("L1.size", &["1 KiB", "2 KiB"]);
    for order in ["clock", "rr:3", "random:5", "recorded"] {
        compare(&folder, &["t.mtrace", "--check", "--interleave", order], &[sizes], None);
    }
    compare(&folder, &["core0.din", "core1.din", "--classify"], &[sizes], None);
}

#[test]
fn recordings_are_decoded_once_for_all() {
    let folder = Folder::new();
    for (trace, flags) in [
        ("false-sharing.mtrace.xz", &["--classify", "--check"][..]),
        ("xz-t2.lackey.xz", &["--lackey-modify", "atomic"]),
        ("matmul.mtrace.xz", &["--limit", "20000", "--warmup", "70"]),
    ] {
        let path = format!("{ROOT}/traces/{trace}");
        let config = format!("{ROOT}/configs/machines/skylake-client.ron");
        let fixed = [&[&path, "-c", &config][..], flags].concat();
        compare(&folder, &fixed, &[("L2.size", &["128 KiB", "512 KiB"])], None);
    }
    // The config that a trace names, and its line.
    folder.write("mine.ron", SMALL.as_bytes());
    folder.write("named.mtrace", format!("@config mine.ron\n{}", small_trace()).as_bytes());
    folder.write("line.mtrace", format!("@cores 4\n@line 32\n{}", small_trace()).as_bytes());
    for trace in ["named.mtrace", "line.mtrace"] {
        compare(&folder, &[trace], &[("L1.size", &["512 B", "2 KiB"])], None);
    }
}

#[test]
fn what_fails_on_one_machine_names_it_and_writes_nothing() {
    let good = "0 R 0x1000\n".repeat(100_000);
    let folder = Folder::with(&[
        ("good.mtrace", "0 R 0x1000\n1 W 0x1000\n"),
        ("bad.mtrace", &format!("{good}0 R 0x10g0\n{good}")),
        ("core5.mtrace", &format!("{good}5 R 0x1000\n{good}")),
        ("a.din", "0 1000\n"),
        ("b.din", "1 1000\n"),
    ]);
    folder.good(&["convert", "good.mtrace", "cut.mtrace.gz"]);
    let whole = folder.read("cut.mtrace.gz");
    folder.write("cut.mtrace.gz", &whole[..whole.len() - 3]);
    let many: Vec<String> = (1..=17).map(|n| format!("{n}KiB")).collect();
    let many = format!(
        "replay good.mtrace --vary L1.size={} --vary L1.latency={}",
        many.join(","),
        (1..=17).map(|n| n.to_string()).collect::<Vec<_>>().join(",")
    );
    let lines = [
        "replay bad.mtrace --vary L1.size=16KiB,32KiB --json r.json --csv r.csv",
        "replay cut.mtrace.gz --vary L1.size=16KiB,32KiB --json r.json",
        "replay core5.mtrace --vary cores=8,4 --json r.json",
        "replay core5.mtrace --vary cores=4,8 --json r.json",
        "replay core5.mtrace --cores 4 --vary L1.size=16KiB,32KiB --json r.json",
        "replay - --vary cores=4,8 --json r.json",
        "replay - --interleave rr:1 --vary L1.size=16KiB,32KiB",
        "replay good.mtrace --vary L1.size=16KiB,7KiB --json r.json",
        "replay good.mtrace --vary L1.size=16KiB,32KiB --vary L1.ways=8,3",
        "replay good.mtrace --vary protocol=mesi,mosi",
        "replay good.mtrace --vary L7.size=16KiB,32KiB",
        "replay good.mtrace --vary L1.size=16KiB,32KiB --warmup 2 --json r.json",
        "replay good.mtrace --vary L1.size=16KiB --vary L1.size=32KiB",
        "replay good.mtrace --vary caches.0.size=16KiB --vary l1.size=32KiB",
        "replay good.mtrace --cores 4 --vary cores=2,8",
        "replay good.mtrace --vary flush.every=1s --vary durability.flush.every=2s",
        "replay good.mtrace --vary flush.every=1s,2s --vary L1.size=16KiB,32KiB",
        "replay good.mtrace --vary L1.size=16KiB,32KiB --svg r.svg",
        "replay good.mtrace --vary L1.size=16KiB,32KiB --json - --csv -",
        "replay good.mtrace --vary L1.size=16KiB,32KiB --csv no/such/r.csv",
        "crash good.mtrace --vary L1.size=16KiB,32KiB --json r.json",
        &many,
    ];
    insta::assert_snapshot!("machines_refused", refused(&folder, &lines));
}

/// The text and the CSV have the numbers of the JSON.
#[test]
fn table_and_csv_count_what_the_reports_count() {
    let folder = folder();
    let args = ["replay", "t.mtrace", "-c", "small.ron", "-q", "--vary", "L1.size=256B,1KiB"];
    let more = ["--vary", "protocol=MSI,MOESI", "--json", "r.json", "--csv", "r.csv"];
    let shown = text(&folder.run(&[&args[..], &more].concat()));
    let json = parsed(&folder.read("r.json"));
    let csv = String::from_utf8(folder.read("r.csv")).expect("UTF-8");
    let mut rows = csv.lines().map(|row| row.split(',').collect::<Vec<_>>());
    let names = rows.next().expect("a header");
    assert_eq!(names[..2], ["L1.size", "protocol"]);
    let runs = json["runs"].as_array().expect("a list");
    for (run, row) in runs.iter().zip(rows.by_ref()) {
        let cell = |name| row[names.iter().position(|n| *n == name).expect("a column")];
        let report = &run["report"];
        assert_eq!(cell("L1.size"), run["values"]["L1.size"]);
        assert_eq!(cell("misses"), report["totals"]["misses"].to_string());
        assert_eq!(cell("L1.fills"), report["levels"][0]["fills"].to_string());
        assert_eq!(cell("memory.reads"), report["memory"]["reads"].to_string());
        let values = format!("{}, {}", cell("L1.size"), cell("protocol"));
        let line = shown.lines().find(|line| line.contains(&values)).expect("a row");
        assert!(line.replace(',', "").contains(cell("misses")), "{line}");
    }
    assert_eq!((runs.len(), rows.next()), (4, None));
}

#[test]
fn as_many_machines_as_there_may_be_run_side_by_side() {
    let folder = folder();
    let latencies = (1..=256).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    let vary = format!("L1.latency={latencies}");
    let args = ["replay", "t.mtrace", "-q", "--json", "-", "--vary", &vary];
    let runs = parsed(&folder.good(&args));
    let cycles = |run: &Value| run["report"]["totals"]["cycles"].as_u64().expect("a number");
    let runs = runs["runs"].as_array().expect("a list");
    assert_eq!(runs.len(), 256);
    assert!(runs.windows(2).all(|pair| cycles(&pair[0]) < cycles(&pair[1])));
}

/// A later machine's fault shows before anything of the trace is replayed.
/// An inclusive L2 of 1 KiB is smaller than the 32 KiB of the L1 inside it; one of 256 KiB is not.
#[test]
fn what_only_a_later_machine_is_warned_of_is_said_once() {
    let args = ["replay", "t.mtrace", "-q", "--vary", "L2.size=256KiB,1KiB"];
    let output = folder().run(&[&args[..], &["--vary", "protocol=msi,mesi"]].concat());
    let warnings = error_text(&output);
    assert!(output.status.success(), "{warnings}");
    assert_eq!(warnings.matches("W0201").count(), 1, "{warnings}");
}

#[test]
fn all_machines_are_checked_before_the_trace_is_read() {
    let folder = Folder::new();
    let mut child =
        folder.spawn(&["replay", "-", "--format", "din", "--vary", "L1.size=16KiB,7KiB"]);
    // The first chunk is needed to know the header, and no more comes.
    let mut pipe = child.stdin.take().expect("a pipe");
    let _ = pipe.write_all("0 1000\n".repeat(100_000).as_bytes());
    let status = child.wait().expect("the command ends");
    assert_eq!(status.code(), Some(2));
    drop(pipe);
}

#[test]
fn jobs_and_machines_can_be_interrupted() {
    if !cfg!(target_os = "linux") {
        return;
    }
    for flags in [&["--jobs", "3", "--counts-only"][..], &["--vary", "L1.size=16KiB,32KiB"]] {
        for endless in [false, true] {
            let folder = Folder::new();
            let args = [&["replay", "-", "--format", "din", "--json", "r.json"], flags].concat();
            let mut child = folder.spawn(&args);
            let mut pipe = child.stdin.take().expect("a pipe");
            let block = "0 1000\n1 2000\n".repeat(50_000);
            pipe.write_all(block.as_bytes()).expect("a reader");
            let writer = std::thread::spawn(move || {
                while endless && pipe.write_all(block.as_bytes()).is_ok() {}
                pipe
            });
            let start = std::time::Instant::now();
            while folder.names().is_empty() {
                assert!(start.elapsed().as_secs() < 20, "{flags:?} does not begin");
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            let id = child.id().to_string();
            let kill = std::process::Command::new("kill").args(["-INT", &id]).status();
            assert!(kill.expect("kill").success());
            let output = child.wait_with_output().expect("the command ends");
            assert_eq!(output.status.code(), Some(2), "{flags:?} {endless}");
            assert!(error_text(&output).contains("error[E0304]"), "{}", error_text(&output));
            assert!(output.stdout.is_empty() && folder.names().is_empty());
            drop(writer.join());
            assert!(fs::metadata(folder.join("r.json")).is_err());
        }
    }
}
