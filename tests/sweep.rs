//! `mesim sweep`: a space of runs, done here or in shares, stopped and gone on with. Whatever
//! happens on the way, the table has to be that of an undisturbed run, and each result that of
//! `mesim replay` alone.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::markdown;
use crate::reference::random::SplitMix;
use crate::support::{Folder, ROOT, error_text, text};

/// Plans a space of 210 cells over three recorded programs, that is shipped.
fn plan_wide(folder: &Folder) {
    let space = format!("{ROOT}/examples/sweeps/protocols.ron");
    folder.good(&["sweep", "plan", &space, "-o", "plan.ron", "-q"]);
}

/// A space of 12 cells over two small traces.
const SMALL: &str = "(traces: [\"a.mtrace\", \"b.mtrace\"], \
    vary: {\"L1.size\": [\"1 KiB\", \"2 KiB\", \"4 KiB\"], \"protocol\": [\"MESI\", \"MOESI\"]})";

fn trace(seed: u64, cores: u64) -> String {
    let mut rng = SplitMix::new(seed);
    let line = |rng: &mut SplitMix| {
        let (core, op) = (rng.below(cores), rng.pick(&["R", "R", "W", "A"]));
        format!("{core} {op} {:#x} 4\n", 0x1000 + 4 * rng.below(2000))
    };
    (0..3000).map(|_| line(&mut rng)).collect()
}

fn small() -> Folder {
    Folder::with(&[("space.ron", SMALL), ("a.mtrace", &trace(1, 4)), ("b.mtrace", &trace(2, 2))])
}

fn planned(folder: &Folder) {
    folder.good(&["sweep", "plan", "space.ron", "-o", "plan.ron", "-q"]);
}

/// Returns the tables of a folder of results, as all that they can be written as.
fn tables(folder: &Folder, results: &str) -> [Vec<u8>; 3] {
    let names = [format!("{results}.json"), format!("{results}.csv"), format!("{results}.md")];
    let outputs = names.iter().flat_map(|name| ["-o", name]);
    let args: Vec<&str> = ["sweep", "merge", results, "-q"].into_iter().chain(outputs).collect();
    folder.good(&args);
    names.map(|name| folder.read(&name))
}

/// Returns how many results there are.
fn results(folder: &Path) -> usize {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    names.filter(|name| name.len() == "0123456789abcdef.json".len()).count()
}

/// Returns the report that stands in a result.
fn report_of(folder: &Folder, id: &str) -> String {
    let text = String::from_utf8(folder.read(&format!("results/{id}.json"))).unwrap();
    let lines: Vec<_> = text.lines().collect();
    lines[1..lines.len() - 1].join("\n") + "\n"
}

/// Replays a cell of a merged table alone.
fn alone(folder: &Folder, trace: &str, cell: &Value) -> String {
    let mut args = vec!["replay".to_owned(), trace.to_owned(), "-q".to_owned()];
    for (key, value) in cell["values"].as_object().unwrap() {
        args.extend(["--set".to_owned(), format!("{key}={}", value.as_str().unwrap())]);
    }
    args.extend(["--interleave".to_owned(), cell["interleave"].as_str().unwrap().to_owned()]);
    args.extend(["--json".to_owned(), "-".to_owned()]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    String::from_utf8(folder.good(&args)).unwrap()
}

#[test]
fn a_sweep_that_was_killed_goes_on_and_comes_to_the_same() {
    let folder = Folder::new();
    plan_wide(&folder);
    folder.good(&["sweep", "run", "plan.ron", "-d", "undisturbed", "-q"]);
    let whole = tables(&folder, "undisturbed");

    // Killed when some are done, twice.
    for least in [20, 90] {
        let mut child = folder.spawn(&["sweep", "run", "plan.ron", "-d", "results", "--jobs", "1"]);
        let started = Instant::now();
        while results(&folder.join("results")) < least {
            assert!(started.elapsed() < Duration::from_mins(2), "too few results");
            assert!(child.try_wait().unwrap().is_none(), "it ended before it was killed");
            thread::sleep(Duration::from_millis(1));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let there = results(&folder.join("results"));
        assert!((least..210).contains(&there), "{there} results when it was killed");
        let half = folder.run(&["sweep", "merge", "results", "-o", "half.csv"]);
        assert_eq!(half.status.code(), Some(1));
        let missing = format!("{0} of 210 cells have no result: {0} missing", 210 - there);
        assert!(error_text(&half).contains(&missing), "{}", error_text(&half));
    }
    let there = results(&folder.join("results"));
    let on = folder.good(&["sweep", "run", "plan.ron", "-d", "results"]);
    let said = String::from_utf8(on).unwrap();
    let expected = format!("{} run, {there} there before, 0 failed", 210 - there);
    assert!(said.contains(&expected), "{said}");
    assert!(tables(&folder, "results") == whole, "another table than undisturbed");

    let table: Value = serde_json::from_slice(&whole[0]).unwrap();
    let cells = table["cells"].as_array().unwrap();
    assert_eq!(cells.len(), 210);
    let mut rng = SplitMix::new(2026);
    for _ in 0..10 {
        let cell = &cells[rng.below(210) as usize];
        let trace = format!("{ROOT}/traces/{}", cell["trace"].as_str().unwrap());
        let report = report_of(&folder, cell["id"].as_str().unwrap());
        assert_eq!(report, alone(&folder, &trace, cell), "{cell}");
    }
}

#[test]
fn shares_and_threads_come_to_the_same_even_where_they_overlap() {
    let folder = small();
    planned(&folder);
    folder.good(&["sweep", "run", "plan.ron", "-d", "whole", "--jobs", "1", "-q"]);
    for share in ["1/3", "3/3", "2/3", "1/2", "2/3"] {
        folder.good(&["sweep", "run", "plan.ron", "-d", "shared", "--shard", share, "--jobs", "3"]);
    }
    assert_eq!(tables(&folder, "whole"), tables(&folder, "shared"));
    // Two at once that do the same.
    let both = [(); 2].map(|()| folder.spawn(&["sweep", "run", "plan.ron", "-d", "twice", "-q"]));
    for child in both {
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", error_text(&output));
    }
    assert_eq!(tables(&folder, "whole"), tables(&folder, "twice"));
}

#[test]
fn the_environment_says_which_share_this_is() {
    let folder = small();
    planned(&folder);
    folder.good(&["sweep", "run", "plan.ron", "-d", "whole", "-q"]);
    let run = |results: &str, variables: &[(&str, String)], more: &[&str]| {
        let args = [&["sweep", "run", "plan.ron", "-d", results], more].concat();
        let mut command = folder.command(&args);
        command.envs(variables.iter().map(|(name, value)| (*name, value)));
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", error_text(&output));
        text(&output)
    };
    for id in 0..3 {
        let said = run(
            "array",
            &[
                ("SLURM_ARRAY_TASK_ID", id.to_string()),
                ("SLURM_ARRAY_TASK_MIN", "0".to_owned()),
                ("SLURM_ARRAY_TASK_MAX", "2".to_owned()),
                ("SLURM_ARRAY_TASK_COUNT", "3".to_owned()),
            ],
            &[],
        );
        let expected = format!("share {} of 3 (SLURM_ARRAY_TASK_ID)", id + 1);
        assert!(said.contains(&expected), "{said}");
        let index = [("JOB_COMPLETION_INDEX", id.to_string())];
        let said = run("indexed", &index, &["--shards", "3"]);
        let expected = format!("share {} of 3 (JOB_COMPLETION_INDEX)", id + 1);
        assert!(said.contains(&expected), "{said}");
    }
    assert_eq!(tables(&folder, "whole"), tables(&folder, "array"));
    assert_eq!(tables(&folder, "whole"), tables(&folder, "indexed"));
}

#[test]
fn cells_of_every_kind_are_the_runs_that_they_name() {
    // A folder of per-core files, a machine whose writes become durable, a protocol file, varied
    // cores: what is read together and what is not.
    let folder = small();
    fs::create_dir(folder.join("cores")).unwrap();
    for core in 0..2_u64 {
        let line = |n: u64| format!("{} {:x}\n", n % 2, 0x1000 + 64 * ((n * 7 + core) % 40));
        folder
            .write(&format!("cores/{core}.din"), (0..300).map(line).collect::<String>().as_bytes());
    }
    let mesi = folder.good(&["protocol", "show", "mesi", "--format", "ron"]);
    let mine = String::from_utf8(mesi).unwrap().replacen("\"MESI\"", "\"Mine\"", 1);
    folder.write("mine.ron", mine.as_bytes());
    let cpu = fs::read_to_string(Path::new(ROOT).join("configs/presets/cpu.ron")).unwrap();
    folder.write("cpu.ron", cpu.as_bytes());
    let spaces = [
        ("a.mtrace", "vary: {\"protocol\": [\"mine.ron\", \"MESI\"], \"cores\": [4, 6]}", ""),
        ("cores", "interleave: [\"clock\", \"rr:1..3\", \"random:5\"]", ""),
        ("a.mtrace", "config: \"cpu.ron\", interleave: [\"recorded\", \"clock\"]", "-c cpu.ron"),
        (
            "b.mtrace",
            "set: {\"L1.ways\": 2}, classify: true, warmup: 100, limit: 2_000",
            "--set L1.ways=2 --classify --warmup 100 --limit 2000",
        ),
        (
            "b.mtrace",
            "check: true, counts_only: true, vary: {\"rules.drain_at_end\": [true, false]}",
            "--check --counts-only",
        ),
    ];
    for (number, (trace, keys, flags)) in spaces.into_iter().enumerate() {
        folder.write("space.ron", format!("(traces: [\"{trace}\"], {keys})").as_bytes());
        planned(&folder);
        let results = "results";
        folder.good(&["sweep", "run", "plan.ron", "-d", results, "-q"]);
        let table: Value = serde_json::from_slice(&tables(&folder, results)[0]).unwrap();
        for cell in table["cells"].as_array().unwrap() {
            let mut args = vec!["replay", trace, "-q", "--json", "-"];
            args.extend(flags.split_whitespace());
            let sets = cell["values"].as_object().unwrap().iter();
            let sets: Vec<_> =
                sets.map(|(key, value)| format!("{key}={}", value.as_str().unwrap())).collect();
            args.extend(sets.iter().flat_map(|set| ["--set", set]));
            args.extend(["--interleave", cell["interleave"].as_str().unwrap()]);
            let alone = String::from_utf8(folder.good(&args)).unwrap();
            let report = report_of(&folder, cell["id"].as_str().unwrap());
            assert_eq!(report, alone, "space {number}: {cell}");
            // The table has the counters of the report.
            let report: Value = serde_json::from_str(&report).unwrap();
            assert_eq!(cell["counts"]["misses"], report["totals"]["misses"]);
            assert_eq!(cell["counts"]["L1.fills"], report["levels"][0]["fills"]);
        }
        fs::remove_dir_all(folder.join(results)).unwrap();
    }
}

#[test]
fn a_cell_that_fails_says_why_and_stops_no_other() {
    let folder = small();
    folder.write(
        "space.ron",
        b"(traces: [\"a.mtrace\", \"b.mtrace\"], vary: {\"cores\": [2, 4]}, \
          interleave: [\"recorded\"])",
    );
    planned(&folder);
    let ran = folder.run(&["sweep", "run", "plan.ron", "-d", "results"]);
    assert_eq!(ran.status.code(), Some(1));
    assert!(text(&ran).contains("3 run, 0 there before, 1 failed"), "{}", text(&ran));
    let merged = folder.run(&["sweep", "merge", "results", "-o", "t.json", "-o", "t.md"]);
    assert_eq!(merged.status.code(), Some(1));
    let table: Value = serde_json::from_slice(&folder.read("t.json")).unwrap();
    assert_eq!(table["missing"].as_array().unwrap().len(), 0);
    let [failed] = &table["failed"].as_array().unwrap()[..] else { panic!("{table}") };
    assert_eq!(failed["error"]["code"], "E0114");
    let alone = folder.run(&["replay", "a.mtrace", "--set", "cores=2", "-q"]);
    let message = failed["error"]["message"].as_str().unwrap();
    assert!(error_text(&alone).contains(message), "{message}");
    assert_eq!(failed["cell"], "a.mtrace, cores=2, recorded");
    let done = table["cells"].as_array().unwrap().iter().filter(|cell| !cell["counts"].is_null());
    assert_eq!(done.count(), 3);
    let shown = format!(
        "$ mesim sweep run plan.ron -d results\n{}{}\n\
         $ mesim sweep merge results -o t.json -o t.md\n{}{}\n{}",
        text(&ran),
        error_text(&ran),
        text(&merged),
        error_text(&merged),
        String::from_utf8(folder.read("t.md")).unwrap()
    );
    insta::assert_snapshot!("sweep_failed", shown);
    // It is tried again, and nothing else is.
    let again = folder.run(&["sweep", "run", "plan.ron", "-d", "results"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again).contains("0 run, 3 there before, 1 failed"), "{}", text(&again));
}

#[test]
fn a_corrupt_result_is_named_and_made_again() {
    let folder = small();
    planned(&folder);
    folder.good(&["sweep", "run", "plan.ron", "-d", "results", "-q"]);
    let whole = tables(&folder, "results");
    let table: Value = serde_json::from_slice(&whole[0]).unwrap();
    let name =
        |cell: usize| format!("results/{}.json", table["cells"][cell]["id"].as_str().unwrap());
    let good = folder.read(&name(0));
    // A digit of a counter, a cut, nothing at all, what is no text, another cell's result.
    let changed = String::from_utf8(good.clone()).unwrap().replacen("\"hits\": ", "\"hits\": 1", 1);
    folder.write(&name(0), changed.as_bytes());
    folder.write(&name(1), &good[..good.len() / 2]);
    folder.write(&name(2), b"");
    folder.write(&name(3), b"\xff\xfe");
    folder.write(&name(4), &good);
    let merged = folder.run(&["sweep", "merge", "results", "-o", "t.csv"]);
    assert_eq!(merged.status.code(), Some(1));
    let said = error_text(&merged);
    for cell in 0..5 {
        assert!(said.contains(&name(cell)), "{} is not named in {said}", name(cell));
    }
    assert!(said.contains("5 of 12 cells have no result: 5 missing, 0 failed"), "{said}");
    let ran = folder.run(&["sweep", "run", "plan.ron", "-d", "results"]);
    assert_eq!(ran.status.code(), Some(0));
    assert_eq!(error_text(&ran).matches("warning[W0801]").count(), 5);
    assert!(text(&ran).contains("5 run, 7 there before"), "{}", text(&ran));
    assert_eq!(tables(&folder, "results"), whole);
}

#[test]
fn what_changed_since_the_plan_is_named_and_nothing_is_lost() {
    let folder = small();
    folder.write("machine.ron", b"(caches: [(size: \"4 KiB\", ways: 4)])");
    let space = SMALL.replacen("vary", "config: \"machine.ron\", vary", 1);
    folder.write(
        "space.ron",
        space.replace("L1.size", "memory.latency").replace(" KiB", "").as_bytes(),
    );
    planned(&folder);
    folder.good(&["sweep", "run", "plan.ron", "-d", "results", "--shard", "1/2", "-q"]);
    let before: Vec<_> = fs::read_dir(folder.join("results")).unwrap().collect();
    let mut shown = String::new();
    let mut refused = |what: &str, args: &[&str]| {
        let output = folder.run(args);
        assert_eq!(output.status.code(), Some(2), "{what}: {}", text(&output));
        let said = error_text(&output).replace(ROOT, "ROOT");
        writeln!(shown, "-- {what}\n$ mesim {}\n{said}", args.join(" ")).unwrap();
    };
    let run = ["sweep", "run", "plan.ron", "-d", "results"];
    let keep = |name: &str| (name.to_owned(), folder.read(name));

    let (name, bytes) = keep("b.mtrace");
    folder.write(&name, trace(3, 2).as_bytes());
    refused("a trace that changed", &run);
    fs::remove_file(folder.join(&name)).unwrap();
    refused("a trace that is gone", &run);
    folder.write(&name, &bytes);

    let (name, bytes) = keep("machine.ron");
    folder.write(&name, b"(caches: [(size: \"8 KiB\", ways: 4)])");
    refused("a config that changed", &run);
    folder.write(&name, &bytes);

    let plan = String::from_utf8(folder.read("plan.ron")).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    folder.write("old.ron", plan.replacen(&format!("\"{version}\""), "\"0.0.9\"", 1).as_bytes());
    refused("a plan of another version", &["sweep", "run", "old.ron", "-d", "results"]);
    folder.write("old.ron", plan.replacen("mesim.plan/1", "mesim.plan/2", 1).as_bytes());
    refused("a plan of another schema", &["sweep", "run", "old.ron", "-d", "results"]);
    folder.write("cut.ron", &plan.as_bytes()[..plan.len() - 100]);
    refused("a plan that is cut", &["sweep", "run", "cut.ron", "-d", "results"]);
    refused("no plan", &["sweep", "run", "none.ron", "-d", "results"]);
    refused("a space for a plan", &["sweep", "run", "space.ron", "-d", "results"]);

    folder.write("other-space.ron", SMALL.as_bytes());
    folder.good(&["sweep", "plan", "other-space.ron", "-o", "other.ron", "-q"]);
    refused("results of another plan", &["sweep", "run", "other.ron", "-d", "results"]);
    refused("a folder below a file", &["sweep", "run", "plan.ron", "-d", "space.ron/results"]);
    refused("a table that is a folder", &["sweep", "merge", "results", "-o", "results"]);
    fs::create_dir(folder.join("empty")).unwrap();
    refused("a folder without a plan", &["sweep", "merge", "empty"]);
    refused("a table of no kind", &["sweep", "merge", "results", "-o", "table.xlsx"]);
    insta::assert_snapshot!("sweep_changed", shown);

    assert_eq!(fs::read_dir(folder.join("results")).unwrap().count(), before.len());
    folder.good(&run);
    tables(&folder, "results");
}

#[test]
fn a_space_that_makes_no_sense_is_refused_at_its_place() {
    let folder = small();
    fs::create_dir(folder.join("cores")).unwrap();
    folder.write("cores/0.din", b"0 1000\n");
    folder.write("cores/1.din", b"0 2000\n");
    let mut shown = String::new();
    for space in [
        "",
        "(traces: [])",
        "(vary: {})",
        "(traces: [\"a.mtrace\"], varies: {})",
        "(traces: [\"a.mtrace\"], traces: [\"b.mtrace\"])",
        "(traces: [\"a.mtrace\", \"a.mtrace\"])",
        "(traces: [\"a.mtrace\", \"./a.mtrace\"])",
        "(traces: [\"a.mtrace\"], vary: {\"L1.size\": []})",
        "(traces: [\"a.mtrace\"], vary: {\"L1.size\": [\"16\\u{20}KiB\"]})",
        "(traces: [\"a.mtrace\"], interleave: \"random:1..3\")",
        "(traces: [\"a.mtrace\"], protocol: \"MESI\")",
        "(traces: [\"a.mtrace\"], vary: {\"L1.size\": [\"16 KB\"]})",
        "(traces: [\"a.mtrace\"], vary: {\"L1.sise\": [\"16 KiB\"]})",
        "(traces: [\"a.mtrace\"], vary: {\"L1.size\": [\"16 KiB\", \"16384\"]})",
        "(traces: [\"a.mtrace\"], interleave: [\"random:5..1\"])",
        "(traces: [\"a.mtrace\"], interleave: [\"random:1..3\", \"random:2\"])",
        "(traces: [\"cores\"], interleave: [\"recorded\"])",
        "(traces: [\"a.mtrace\"], limit: 0)",
        "(traces: [\"a.mtrace\"], classify: \"yes\")",
        "(traces: [\"a.mtrace\"], format: \"dinn\")",
        "(traces: [\"none.mtrace\"])",
        "(traces: [\"-\"])",
        "(traces: [\"a.mtrace\"], config: \"none.ron\")",
        "(traces: [\"a.mtrace\"], interleave: [\"random:1..2000\"])",
        "(traces: [\"a.mtrace\"], interleave: [\"random:1..9000\"], \
         vary: {\"word\": [4, 8, 16, 32, 64]}, \
         classify: true, config: [\"x.ron\", \"y.ron\", \"z.ron\"])",
    ] {
        folder.write("space.ron", space.as_bytes());
        let output = folder.run(&["sweep", "plan", "space.ron", "-o", "plan.ron"]);
        assert_eq!(output.status.code(), Some(2), "{space}: {}", text(&output));
        writeln!(shown, "-- {space}\n{}", error_text(&output)).unwrap();
        assert!(!folder.join("plan.ron").exists(), "{space} left a plan");
    }
    insta::assert_snapshot!("sweep_no_space", shown);
}

#[test]
fn a_plan_says_how_much_work_it_is_and_goes_where_it_is_asked_to() {
    let folder = small();
    let said = folder.good(&["sweep", "plan", "space.ron", "-o", "plan.ron"]);
    let plan = String::from_utf8(folder.read("plan.ron")).unwrap();
    assert_eq!(folder.good(&["sweep", "plan", "space.ron", "-o", "-"]), plan.as_bytes());
    insta::assert_snapshot!("sweep_plan", format!("{}\n{plan}", String::from_utf8(said).unwrap()));
    // From another folder the paths are others, and the cells the same.
    fs::create_dir_all(folder.join("deep/er")).unwrap();
    folder.good(&["sweep", "plan", "space.ron", "-o", "deep/er/plan.ron", "-q"]);
    let deep = String::from_utf8(folder.read("deep/er/plan.ron")).unwrap();
    assert_eq!(deep, plan.replacen("\"space.ron\"", "\"../../space.ron\"", 1));
    folder.good(&["sweep", "run", "deep/er/plan.ron", "-d", "deep/results", "-q"]);
    folder.good(&["sweep", "run", "plan.ron", "-d", "results", "-q"]);
    let table = String::from_utf8(folder.good(&["sweep", "merge", "results"])).unwrap();
    assert_eq!(table.as_bytes(), folder.good(&["sweep", "merge", "deep/results"]));
    insta::assert_snapshot!("sweep_table", table);
    // A name without an ending is a table of each kind.
    let said = folder.good(&["sweep", "merge", "results", "-o", "deep/all"]);
    let said = String::from_utf8(said).unwrap();
    assert!(said.starts_with("deep/all.json, deep/all.csv, deep/all.md"), "{said}");
    let [json, csv, markdown] = tables(&folder, "results");
    assert_eq!(folder.read("deep/all.json"), json);
    assert_eq!(folder.read("deep/all.csv"), csv);
    assert_eq!(folder.read("deep/all.md"), markdown);
    // More than a thousand cells are asked for twice.
    folder.write("space.ron", b"(traces: [\"a.mtrace\"], interleave: [\"random:1..1001\"])");
    folder.good(&["sweep", "plan", "space.ron", "-o", "plan.ron", "--yes", "-q"]);
}

#[test]
fn the_page_about_sweeps_has_a_space_and_every_key() {
    let page = fs::read_to_string(Path::new(ROOT).join("docs/sweeps.md")).unwrap();
    let (_, block) = page.split_once("```ron\n").unwrap();
    let space = driver::sweep::Space::read("page", block.split_once("```").unwrap().0).unwrap();
    // Three traces, two sizes, three protocols, 21 orders.
    assert_eq!(space.cells(), Some(3 * 2 * 3 * 21));
    let rows = markdown::tables(&page, "| key | says | left out |");
    let (_, about) = page.split_once("## The table").unwrap();
    let folder = small();
    planned(&folder);
    folder.good(&["sweep", "run", "plan.ron", "-d", "results", "-q"]);
    let csv = String::from_utf8(tables(&folder, "results")[1].clone()).unwrap();
    let columns: Vec<_> = csv.lines().next().unwrap().split(',').collect();
    let (_, examples) = about.split_once("under the names of the report (").unwrap();
    for name in markdown::quoted(examples.split_once(')').unwrap().0) {
        assert!(columns.contains(&name), "there is no column `{name}`");
    }
    let named: Vec<_> = rows.iter().flat_map(|row| markdown::quoted(&row[0])).collect();
    let wrong = driver::sweep::Space::read("page", "(nothing: 1)").unwrap_err();
    let known = markdown::quoted(&wrong.label);
    assert_eq!(named, known);
}

#[cfg(unix)]
#[test]
fn a_sweep_that_is_interrupted_leaves_nothing_half_written() {
    let folder = Folder::new();
    plan_wide(&folder);
    let child = folder.spawn(&["sweep", "run", "plan.ron", "-d", "results", "--jobs", "1"]);
    while results(&folder.join("results")) < 10 {
        thread::sleep(Duration::from_millis(1));
    }
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = error_text(&output);
    let there = results(&folder.join("results"));
    assert!(there < 210, "it was too fast to be interrupted");
    assert!(said.contains("are kept: the same command goes on with the others"), "{said}");
    let names = fs::read_dir(folder.join("results")).unwrap();
    let hidden =
        names.filter(|name| name.as_ref().unwrap().file_name().as_encoded_bytes()[0] == b'.');
    assert_eq!(hidden.count(), 0);
    folder.good(&["sweep", "run", "plan.ron", "-d", "results", "-q"]);
    tables(&folder, "results");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_named_and_what_was_written_stays() {
    let folder = small();
    planned(&folder);
    folder.good(&["sweep", "run", "plan.ron", "-d", "whole", "-q"]);
    let disk = folder.join("disk");
    fs::create_dir(&disk).unwrap();
    let mount = |args: &[&str]| {
        let done = std::process::Command::new("mount").args(args).arg(&disk).output();
        done.is_ok_and(|output| output.status.success())
    };
    // Room for the plan and some results of about 8 kB.
    if !mount(&["-t", "tmpfs", "-o", "size=64k", "tmpfs"]) {
        let words = "SKIPPED: a small disk cannot be mounted here (that needs root): a full one is \
                     not tested";
        let _ = writeln!(std::io::stderr(), "{words}");
        return;
    }
    let full = folder.run(&["sweep", "run", "plan.ron", "-d", "disk", "--jobs", "1"]);
    let there = results(&disk);
    let names: Vec<_> = fs::read_dir(&disk).unwrap().map(|one| one.unwrap().file_name()).collect();
    let room = mount(&["-o", "remount,size=4m"]);
    let on = folder.run(&["sweep", "run", "plan.ron", "-d", "disk"]);
    let table = folder.run(&["sweep", "merge", "disk", "-o", "disk.json", "-q"]);
    std::process::Command::new("umount").arg(&disk).status().unwrap();
    assert!(room);
    assert_eq!(full.status.code(), Some(2));
    let said = error_text(&full);
    assert!(said.contains("No space left on device") && said.contains("make room there"), "{said}");
    assert!(said.contains(&format!("{there} of 12 cells were done, and are kept")), "{said}");
    assert!((1..12).contains(&there), "{there} results on a small disk");
    assert!(names.iter().all(|name| !name.to_string_lossy().starts_with('.')), "{names:?}");
    assert_eq!((on.status.code(), table.status.code()), (Some(0), Some(0)));
    assert!(text(&on).contains(&format!("{} run, {there} there before", 12 - there)));
    assert_eq!(folder.read("disk.json"), tables(&folder, "whole")[0]);
}
