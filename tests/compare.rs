//! `mesim replay --compare`: a table whose columns are the reports of single replays.

use std::fmt::Write as _;

use coherence::Protocol;
use serde_json::Value;

use crate::support::{Folder, ROOT, error_text, mesim, text};

const ALL: [&str; 5] = ["MSI", "MESI", "MOESI", "MESIF", "Dragon"];

/// Runs in the root of the repository.
fn at_root(args: &[&str]) -> String {
    let output = mesim().args(args).current_dir(ROOT).output().expect("the command runs");
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", error_text(&output));
    assert_eq!(error_text(&output), "", "{args:?}");
    text(&output)
}

fn json(args: &[&str]) -> Value {
    serde_json::from_str(&at_root(args)).expect("JSON alone")
}

const TRACE: &str = "traces/scenarios/producer-consumer.mtrace";

#[test]
fn each_run_is_the_report_of_a_replay_under_its_protocol() {
    // With everything that changes a report, and with names in any case.
    let flags = ["--classify", "--check", "--warmup", "3", "--limit", "30", "-q", "--json", "-"];
    let orders: [&[&str]; 3] = [&[], &["--interleave", "clock"], &["--counts-only"]];
    for order in orders {
        let flags = [&flags[..], order].concat();
        let list = ["--compare", "msi,MESI,mOeSi,mesif,dragon"];
        let all = json(&[&["replay", TRACE], &list[..], &flags].concat());
        assert_eq!(all["schema"], "mesim.compare/1");
        let runs = all["runs"].as_array().expect("a list");
        assert_eq!(runs.len(), ALL.len());
        for (run, protocol) in runs.iter().zip(ALL) {
            assert_eq!(run["protocol"], protocol);
            let set = format!("protocol={protocol}");
            let alone = json(&[&["replay", TRACE, "--set", &set], &flags[..]].concat());
            assert_eq!(run["report"], alone, "{protocol} {order:?}");
        }
    }
}

/// Where the report has what a row of the table shows.
fn in_report(report: &Value, part: &str, row: &str) -> u64 {
    let pointer = match (part, row.split_once(' ')) {
        ("miss classes", _) => format!("/classes/{row}"),
        (_, Some((place, name))) => format!("/{place}/{name}"),
        (_, None) => format!("/totals/{row}"),
    };
    report.pointer(&pointer).and_then(Value::as_u64).expect(&pointer)
}

#[test]
fn every_row_of_the_table_is_a_counter_of_the_reports() {
    for trace in [TRACE, "traces/false-sharing.mtrace.xz"] {
        let list =
            ["replay", trace, "--compare", "msi,mesi,moesi,mesif,dragon", "--classify", "-q"];
        let table = at_root(&list);
        let runs = json(&[&list[..], &["--json", "-"]].concat());
        let mut lines = table.lines().skip_while(|line| !line.starts_with("protocol"));
        let names: Vec<_> = lines.next().expect("a header").split_whitespace().skip(1).collect();
        assert_eq!(names, ALL);
        let (mut part, mut rows) = ("", 0);
        for line in lines {
            let Some(row) = line.strip_prefix("  ") else {
                part = line;
                continue;
            };
            let (name, numbers) = row.split_once("  ").expect("a name and numbers");
            let numbers: Vec<u64> = numbers
                .split_whitespace()
                .map(|number| number.replace(',', "").parse().expect("a number"))
                .collect();
            let reports = (0..ALL.len()).map(|run| &runs["runs"][run]["report"]);
            let expected: Vec<_> = reports.map(|report| in_report(report, part, name)).collect();
            assert_eq!(numbers, expected, "{trace}: {part}, {name}");
            assert!(numbers.iter().any(|number| *number > 0), "{name} is zero throughout");
            rows += 1;
        }
        assert!(rows > 25, "{rows} rows");
    }
}

#[test]
fn a_comparison_is_one_aligned_table() {
    let mut shown = String::new();
    for line in [
        "replay traces/scenarios/quiz-six-accesses.mtrace --compare mesi,moesi,dragon --check -q",
        "replay traces/scenarios/quiz-six-accesses.mtrace --compare mesif --interleave clock \
         --counts-only -q",
    ] {
        let args: Vec<&str> = line.split_whitespace().collect();
        let _ = writeln!(shown, "$ mesim {line}\n{}", at_root(&args));
    }
    insta::assert_snapshot!("tables", shown);
}

#[test]
fn comparisons_that_cannot_be_made_are_refused() {
    let folder = Folder::with(&[
        ("good.mtrace", "0 R 0x1000\n1 W 0x1000\n"),
        ("bad.mtrace", "0 R 0x10g0\n"),
        ("machine.ron", "(cores: 2)"),
        ("copy.ron", &driver::protocol_file::write(Protocol::built_in("MESI").unwrap())),
        ("through.ron", "(caches: [(name: \"L1\", write: WriteThrough(allocate: false))])"),
    ]);
    let mut shown = String::new();
    for line in [
        "replay - --compare mesi,msi",
        "replay good.mtrace -c - --compare mesi,msi",
        "replay good.mtrace --compare mesi,mosei",
        "replay good.mtrace --compare mesi,",
        "replay good.mtrace --compare mesi,moesi,MESI",
        "replay good.mtrace --compare mesi,msi --set protocol=MOESI",
        "replay good.mtrace --compare",
        "replay bad.mtrace --compare mesi,msi --json out.json",
        "replay good.mtrace --compare mesi,dragon -c through.ron --json out.json",
        "replay good.mtrace --compare dragon -c through.ron",
        "replay good.mtrace --compare mesi,msi --warmup 2",
        "replay good.mtrace --compare mesi,copy.ron",
    ] {
        let args: Vec<&str> = line.split_whitespace().collect();
        let output = folder.feed(&args, b"0 R 0x1000\n");
        let error = error_text(&output);
        assert_eq!(output.status.code(), Some(2), "{line}: {error}");
        assert_eq!(text(&output), "", "{line}");
        assert!(!folder.join("out.json").exists(), "{line}");
        let _ = writeln!(shown, "$ mesim {line}\n{error}");
    }
    insta::assert_snapshot!("refused", shown);
}

#[cfg(unix)]
#[test]
fn a_pipe_with_a_name_is_refused_before_it_is_opened() {
    let folder = Folder::new();
    let pipe = folder.join("pipe.mtrace");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo");
    assert!(made.success());
    let output = folder.run(&["replay", "pipe.mtrace", "--compare", "mesi,msi"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(error_text(&output).contains("error[E0316]"), "{}", error_text(&output));
}
