//! `mesim replay --top`: which lines cost the most coherence, and how their words are shared.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::support::{Folder, ROOT, error_text, mesim, text};

/// Replays a trace of a few lines, and returns its hot lines.
fn lines(trace: &str, args: &[&str]) -> Vec<Value> {
    let folder = Folder::with(&[("t.mtrace", trace)]);
    let fixed = ["replay", "t.mtrace", "-q", "--json", "-", "--top", "20"];
    let report = folder.good(&[&fixed[..], args].concat());
    let report: Value = serde_json::from_slice(&report).expect("JSON alone");
    report["lines"].as_array().expect("the lines").clone()
}

/// Returns the one line of a trace.
fn line(trace: &str) -> Value {
    let mut lines = lines(trace, &[]);
    assert_eq!(lines.len(), 1, "{trace}");
    lines.remove(0)
}

fn moves(line: &Value) -> (u64, u64) {
    let count = |key: &str| line["moves"][key].as_u64().expect("a count");
    (count("used"), count("in_vain"))
}

fn sharing(line: &Value) -> (u64, u64, u64) {
    let class = |key: &str| line["classes"][key].as_u64().expect("a count");
    (
        line["invalidations"].as_u64().expect("a count"),
        class("true_sharing"),
        class("false_sharing"),
    )
}

#[test]
fn a_line_of_one_core_is_private() {
    let line = line("0 W 0x1000 8\n0 R 0x1008 8\n0 R 0x1020 8\n");
    assert_eq!(line["pattern"], "private");
    assert_eq!(moves(&line), (0, 0));
    // One fill of 64 bytes; the ranges end behind their last byte.
    assert_eq!((&line["classes"]["cold"], &line["bytes"]), (&json!(1), &json!(64)));
    let cores = json!([{"core": 0, "reads": [[8, 16], [32, 40]], "writes": [[0, 8]]}]);
    assert_eq!(line["cores"], cores);
}

#[test]
fn a_line_that_is_prepared_and_then_only_read_is_read_shared() {
    // Core 0 stores before anybody else comes. Cores 1 and 2 each find what it stored: two moves,
    // both used. Their first misses are cold. Core 0 flushes for core 1, and nobody loses the line.
    let line = line("0 W 0x1000 8\n1 R 0x1000 8\n2 R 0x1000 8\n0 R 0x1000 8\n1 R 0x1000 8\n");
    assert_eq!(line["pattern"], "read-shared");
    assert_eq!(moves(&line), (2, 0));
    assert_eq!(sharing(&line), (0, 0, 0));
    assert_eq!((&line["classes"]["cold"], &line["bytes"]), (&json!(3), &json!(3 * 64)));
}

#[test]
fn a_line_that_each_core_reads_and_then_writes_is_migratory() {
    // Turns: 0, 1, 2, 0. In each of the three behind the first a core reads the word that the turn
    // before stored to and then stores to it: 3 migrations in 3 turns. Each is a move that is used.
    // Cores 1 and 2 miss cold, core 0 in the end by true sharing. A read makes both sharers, so
    // that each store behind it takes the line from one other core: 0 from nobody (E), then 0, 1,
    // 2 lose it in turn.
    let turn = |core: u32| format!("{core} R 0x1000 8\n{core} W 0x1000 8\n");
    let line = line(&[0, 1, 2, 0].map(turn).concat());
    assert_eq!(line["pattern"], "migratory");
    assert_eq!(moves(&line), (3, 0));
    assert_eq!(sharing(&line), (3, 1, 0));
    // Four fills.
    assert_eq!(line["bytes"], 4 * 64);
}

#[test]
fn a_line_that_one_core_writes_and_another_reads_is_producer_consumer() {
    // Core 0 prepares the line; after that core 1 alone stores to it and core 2 reads it. Three
    // times round: core 1's first access is a move (it meets core 0's store); core 2's three are.
    // Core 1's first store takes the line from core 0, the next two from core 2.
    let round = "1 W 0x1000 8\n2 R 0x1000 8\n";
    let line = line(&format!("0 W 0x1000 8\n{}", round.repeat(3)));
    assert_eq!(line["pattern"], "producer-consumer");
    assert_eq!(moves(&line), (4, 0));
    // Core 2's first miss is cold, its other two are true sharing; core 1 stores to a shared copy.
    assert_eq!(sharing(&line), (3, 2, 0));
    assert_eq!(line["advice"], Value::Null);
}

#[test]
fn a_word_that_several_cores_write_without_reading_it_first_is_true_shared() {
    // Each store takes the line from the other core, and meets the other's store: three moves for
    // four stores. No turn reads, so nothing migrates.
    let line = line("0 W 0x1000 8\n1 W 0x1000 8\n0 W 0x1000 8\n1 W 0x1000 8\n");
    assert_eq!(line["pattern"], "true-shared");
    assert_eq!(moves(&line), (3, 0));
    assert_eq!(sharing(&line), (3, 2, 0));
}

#[test]
fn words_of_different_cores_in_one_line_are_false_shared_and_set_apart() {
    // Four stores by turns, each to its core's own word: as above, but nothing that moves is used.
    // Core 2 reads a word that nobody stores to.
    let trace = "@cores 3\nlet counters = 0x1000\n\
                 0 W counters 8\n1 W counters+8 8\n2 R counters+16 8\n\
                 0 W counters 8\n1 W counters+8 8\n2 R counters+16 8\n";
    let line = line(trace);
    assert_eq!(line["pattern"], "false-shared");
    assert_eq!(line["name"], "counters");
    // Behind core 0's first access every access meets another core's store.
    assert_eq!(moves(&line), (0, 5));
    // Lost: 0 by 1's store; 1 and 2 by 0's second; 0 by 1's second. The last store finds core 0
    // alone, as 2 was gone. Misses behind the three cold ones: 0, 1, 2.
    assert_eq!(sharing(&line), (4, 0, 3));
    let advice = "core 0 writes +0..8, core 1 writes +8..16, core 2 reads +16..24: \
                  give each a line of its own, alignas(64)";
    assert_eq!(line["advice"], advice);
}

#[test]
fn a_move_whose_news_is_used_later_is_not_in_vain() {
    // Core 1 stores to +0; core 0 first reads +8, which is unchanged (the miss counts as false
    // sharing), and then +0: what moved was used.
    let round = "1 W 0x1000 8\n0 R 0x1008 8\n0 R 0x1000 8\n";
    let line = line(&format!("0 R 0x1000 8\n{}", round.repeat(3)));
    assert_eq!(line["pattern"], "producer-consumer");
    assert_eq!(moves(&line), (3, 0));
    assert_eq!(sharing(&line), (3, 0, 3));
}

#[test]
fn lines_are_ranked_by_invalidations_then_sharing_misses_then_address() {
    // 0x2000 and 0x3000 lose one copy each; of 0x3000 the loser comes back. 0x1000 loses none.
    let trace = "0 W 0x1000\n0 W 0x2000\n1 W 0x2000\n0 W 0x3000\n1 W 0x3000\n0 R 0x3000\n\
                 0 W 0x0\n";
    let addresses: Vec<_> = lines(trace, &[]).iter().map(|l| l["address"].clone()).collect();
    assert_eq!(addresses, ["0x3000", "0x2000", "0x0", "0x1000"]);
}

/// Runs in the root of the repository.
fn at_root(line: &str) -> String {
    let args: Vec<&str> = line.split_whitespace().collect();
    let output = mesim().args(&args).current_dir(ROOT).output().expect("the command runs");
    assert_eq!(output.status.code(), Some(0), "{line}: {}", error_text(&output));
    text(&output)
}

fn report(line: &str) -> Value {
    serde_json::from_str(&at_root(&format!("{line} -q --json -"))).expect("JSON alone")
}

/// Small caches, so that lines leave them in every way; one level below the bus takes others along.
const MACHINES: [&str; 2] =
    ["--set L1.size=1KiB --set L2.size=2KiB", "--set L1.size=1KiB --set L1.write=WriteThrough"];

#[test]
fn the_lines_add_up_to_the_report_and_their_sharing_is_the_same_under_every_protocol() {
    let folder = Folder::new();
    let kinds = ["ping-pong", "false-sharing", "producer-consumer", "zipf", "locks"];
    for kind in kinds {
        folder.good(&["gen", kind, "-o", &format!("{kind}.mtrc")]);
    }
    let folder = folder.path().display();
    for kind in kinds {
        for machine in ["", MACHINES[0], "--warmup 10"] {
            let mut known: Option<Vec<Value>> = None;
            for protocol in ["MSI", "MESI", "MESIF", "MOESI", "Dragon"] {
                let run =
                    format!("replay {folder}/{kind}.mtrc --set protocol={protocol} {machine}");
                let with = report(&format!("{run} --top=1000000"));
                adds_up(&with, &run);
                let mut sharing: Vec<_> = with["lines"].as_array().expect("lines").clone();
                for line in &mut sharing {
                    let keys = ["address", "pattern", "moves", "cores", "apart"];
                    *line = keys.map(|key| line[key].clone()).into_iter().collect();
                }
                sharing.sort_by_key(Value::to_string);
                // A line that came in the warm-up alone may leave later, or never.
                if machine != "--warmup 10" {
                    assert_eq!(known.get_or_insert(sharing.clone()), &sharing, "{run}");
                }
                // Nothing else changes.
                let mut without = report(&format!("{run} --classify"));
                for key in ["lines", "lines_counted"] {
                    assert!(without.get(key).is_none());
                    without[key] = with[key].clone();
                }
                assert_eq!(with, without, "{run}");
            }
        }
    }
}

fn adds_up(report: &Value, run: &str) {
    let lines = report["lines"].as_array().expect("lines");
    let sum = |of: &dyn Fn(&Value) -> &Value| -> u64 {
        lines.iter().map(|line| of(line).as_u64().expect("a count")).sum()
    };
    for key in ["invalidations", "updates", "misses"] {
        assert_eq!(json!(sum(&|line| &line[key])), report["totals"][key], "{run}: {key}");
    }
    assert_eq!(json!(sum(&|line| &line["bytes"])), report["bus"]["data_bytes"], "{run}: bytes");
    for (class, count) in report["classes"].as_object().expect("classes") {
        assert_eq!(json!(sum(&|line| &line["classes"][class])), *count, "{run}: {class}");
    }
}

#[test]
fn stores_sent_through_and_write_backs_belong_to_their_lines() {
    for machine in MACHINES {
        let run = format!("replay traces/matmul.mtrace.xz --limit 60000 {machine}");
        adds_up(&report(&format!("{run} --top=1000000 --check")), &run);
    }
}

#[test]
fn the_line_of_the_counters_is_false_shared_and_padded_ones_are_not() {
    let falsely = report("replay traces/false-sharing.mtrace.xz --top=1");
    let line = &falsely["lines"][0];
    // 40,003: what traces/README.md says of this line, from a count outside of mesim.
    assert_eq!((&line["pattern"], sharing(line)), (&json!("false-shared"), (40_003, 0, 40_000)));
    let each = (0..4).map(|core| json!({"writers": [core], "bytes": [[8 * core, 8 * core + 8]]}));
    assert_eq!(line["apart"], each.collect::<Value>());
    let padded = report("replay traces/false-sharing-padded.mtrace.xz --top=1000");
    let patterns = padded["lines"].as_array().expect("lines").iter().map(|line| &line["pattern"]);
    assert!(patterns.clone().count() > 4);
    assert!(patterns.clone().all(|pattern| pattern != "false-shared"));
}

#[test]
fn fetches_say_which_code_touches_a_line() {
    let trace = "@cores 2\n0 I 0x400000 4\n0 W 0x1000 8\n1 I 0x400010 4\n1 W 0x1008 8\n\
                 0 I 0x400000 4\n0 W 0x1000 8\n1 I 0x400010 4\n1 W 0x1008 8\n1 R 0x1008 8\n";
    let all = lines(trace, &[]);
    let line = all.iter().find(|line| line["address"] == "0x1000").expect("the data");
    // Counted from when the second core came: core 1 three times, core 0 once.
    let code = json!([
        {"pc": "0x400010", "place": null, "accesses": 3},
        {"pc": "0x400000", "place": null, "accesses": 1},
    ]);
    assert_eq!(line["code"], code);
}

#[test]
fn hot_lines_are_told_of_one_whole_run() {
    let trace = "traces/scenarios/quiz-six-accesses.mtrace";
    let mut shown = String::new();
    for others in ["--compare mesi,msi", "--vary L1.size=1KiB,2KiB", "--jobs 2 --counts-only"] {
        let line = format!("replay {trace} --top=5 {others}");
        let args: Vec<&str> = line.split_whitespace().collect();
        let output = mesim().args(&args).current_dir(ROOT).output().expect("the command runs");
        assert_eq!(output.status.code(), Some(2), "{line}");
        let _ = writeln!(shown, "$ mesim {line}\n{}", error_text(&output));
    }
    insta::assert_snapshot!(shown);
}
