use durability::Summary;
use serde_json::json;

use super::*;
use crate::report::durability::tests::report;
use crate::report::{CrashReport, Moments, Twins};

/// A replay that stored so many versions in 2 s, of 1,000 writes, beside one that stored 250.
fn runs() -> Vec<(String, Run)> {
    let mut other = report();
    let outcome = other.replayed.outcome.as_mut().unwrap();
    outcome.store_writes = 500;
    outcome.over_time.write_ticks = 25_000_000;
    let run = |report| Run::Replay(Box::new(report));
    vec![("5 s".to_owned(), run(report())), ("[1, 2]".to_owned(), run(other))]
}

#[test]
fn a_variation_is_a_table_and_csv_and_json() {
    let variation = Variation::new("flush.every", runs());
    // 250 in 2 s are 125 a second; 500 are 250 and half of 1,000. 25,000,000 over 2,000,000.
    let csv = "\
flush.every,store_writes_per_second,write_reduction,lost_writes_mean,lost_writes_max,\
lost_max_age_ms,write_latency_p99_ms,order_inversions,non_prefix_batches
5 s,125,0.75,125,260,510,2.5,0,0
\"[1, 2]\",250,0.5,12.5,260,510,2.5,0,0
";
    assert_eq!(variation.csv(), csv);
    let text = variation.text();
    let table = "
flush.every  stored  reduction  lost, mean  lost, max  oldest  write p99
  5 s        125 /s       75 %         125        260  510 ms     2.5 ms
  [1, 2]     250 /s       50 %        12.5        260  510 ms     2.5 ms
";
    assert!(text.ends_with(table), "{text}");
    let value: Value = serde_json::from_str(&variation.json()).unwrap();
    assert_eq!(value["schema"], "mesim.vary/1");
    assert_eq!(value["key"], "flush.every");
    assert_eq!(value["runs"][0]["value"], "5 s");
    assert_eq!(value["runs"][1]["report"]["durability"]["store_writes"], 500);
    assert!(variation.svg().contains(">[1, 2]</text>"));
}

#[test]
fn staleness_is_a_column_where_there_are_readers() {
    let mut runs = runs();
    let mut with_readers = report();
    let reads = Summary { count: 4, sum: 6000, max: 3000 };
    with_readers.replayed.outcome.as_mut().unwrap().staleness =
        Some(durability::Staleness { reads, stale: 2 });
    runs[0].1 = Run::Replay(Box::new(with_readers));
    let csv = Variation::new("k", runs).csv();
    // 6,000 us over 4 reads.
    assert!(csv.contains("\n5 s,125,0.75,125,260,510,1.5,2.5,0,0\n"), "{csv}");
}

#[test]
fn where_crashes_were_looked_at_the_losses_are_theirs() {
    let mut report = report();
    let loss = durability::Loss { writes: 10, blocks: 5, max_age: 1000 };
    let crash =
        durability::Crash { at: 1, accesses: 1, loss, dirty: 5, in_doubt: 0, lost: Vec::new() };
    let none = durability::Crash { loss: durability::Loss::default(), ..crash.clone() };
    report.replayed.crashes = vec![crash, none];
    let crashes = CrashReport { report, moments: Moments::Every(1), checked: false };
    let run = Run::Crash(Box::new(crashes));
    let csv = Variation::new("k", vec![("1".to_owned(), run.clone())]).csv();
    assert!(csv.ends_with("\n1,125,0.75,5,10,1,2.5,0,0\n"), "{csv}");
    let twins = Twins { back: run.clone(), through: run };
    let value: Value = serde_json::from_str(&twins.json()).unwrap();
    assert_eq!(value["runs"][1]["crash"]["schema"], "mesim.crash/1");
    assert!(twins.text().contains("  lost writes, mean "), "{}", twins.text());
}

#[test]
fn the_order_of_writes_is_in_the_table_where_it_was_broken() {
    let mut runs = runs();
    let Run::Replay(report) = &mut runs[1].1 else { panic!("a replay") };
    report.replayed.outcome.as_mut().unwrap().order_inversions = 1234;
    let text = Variation::new("flush.order", runs).text();
    assert!(text.contains("  write p99  inversions\n"), "{text}");
    assert!(text.ends_with("     2.5 ms       1,234\n"), "{text}");
}

#[test]
fn twins_are_two_columns_and_the_ratio_of_their_latencies() {
    let mut through = report();
    let outcome = through.replayed.outcome.as_mut().unwrap();
    // 2.25 ms each beside 0.45 ms.
    outcome.write_latency.all = Summary { count: 500, sum: 1_125_000, max: 3000 };
    outcome.at_end = durability::Loss::default();
    outcome.coalesced = 0;
    let run = |report| Run::Replay(Box::new(report));
    let twins = Twins { back: run(report()), through: run(through) };
    let text = twins.text();
    let line = |name: &str| {
        let line = text.lines().find(|line| line.trim_start().starts_with(name));
        let words = line.unwrap_or_else(|| panic!("{name}: {text}")).split_whitespace();
        words.rev().take(2).collect::<Vec<_>>()
    };
    assert_eq!(line("durability   "), ["write-through", "write-back"]);
    assert_eq!(line("write latency, ratio"), ["5.0x", "1.0x"]);
    assert_eq!(line("lost in a crash at the end, writes"), ["0", "120"]);
    // Nothing beside something is a dash.
    assert_eq!(line("coalesced"), ["-", "750"]);
    let value: Value = serde_json::from_str(&twins.json()).unwrap();
    assert_eq!(value["schema"], "mesim.compare/1");
    assert_eq!(value["runs"][0]["write"], json!("back"));
    assert_eq!(value["runs"][1]["write"], json!("through"));
    assert_eq!(value["runs"][1]["report"]["durability"]["write_latency_ms"]["mean"], 2.25);
}
