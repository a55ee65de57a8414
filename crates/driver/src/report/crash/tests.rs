use cache::LineAddr;
use durability::{Loss, LostBlock};
use serde_json::json;

use super::*;
use crate::report::durability::tests::report;

fn crash(at: Ticks, writes: u64, blocks: u64, max_age: Ticks) -> Crash {
    let loss = Loss { writes, blocks, max_age };
    Crash { at, accesses: at / 1000, loss, dirty: blocks, in_doubt: 2, lost: Vec::new() }
}

/// A report of crashes on a clock of microseconds, with blocks of 64 bytes.
pub(in crate::report) fn crashes(moments: Moments, crashes: Vec<Crash>) -> CrashReport {
    let mut report = report();
    report.replayed.crashes = crashes;
    CrashReport { report, moments, checked: false }
}

fn value(crashes: &CrashReport) -> Value {
    serde_json::from_str(&crashes.json()).unwrap()
}

#[test]
fn several_crashes_are_a_distribution_with_its_worst_moment() {
    // Ages 10, 20, 60 and 30 ms.
    let all = vec![
        crash(1_000_000, 1, 1, 10_000),
        crash(2_000_000, 2, 1, 20_000),
        crash(3_000_000, 6, 3, 60_000),
        crash(4_000_000, 6, 2, 30_000),
    ];
    let report = crashes(Moments::Every(1000), all);
    let value = value(&report);
    let keys: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = "schema trace machine rules interleave settings points crashes checked lost \
                    in_doubt dirty worst each";
    assert_eq!(keys, expected.split_whitespace().collect::<Vec<_>>());
    assert_eq!(value["schema"], "mesim.crash/1");
    assert_eq!(value["points"], json!({"kind": "every", "accesses": 1000}));
    assert_eq!((&value["crashes"], &value["checked"]), (&json!(4), &json!(false)));
    // 1 + 2 + 6 + 6 = 15 writes; 1, 2, 6, 6: two of four do not exceed 2.
    let writes = json!({"mean": 3.75, "min": 1, "p50": 2, "p99": 6, "max": 6});
    assert_eq!(value["lost"]["writes"], writes);
    // 7 blocks of 64 bytes over 4; sorted 1, 1, 2, 3.
    let bytes = json!({"mean": 112.0, "min": 64, "p50": 64, "p99": 192, "max": 192});
    assert_eq!(value["lost"]["bytes"], bytes);
    let ages = json!({"mean": 30.0, "min": 10.0, "p50": 20.0, "p99": 60.0, "max": 60.0});
    assert_eq!(value["lost"]["max_age_ms"], ages);
    assert_eq!(value["in_doubt"]["mean"], json!(2.0));
    // The first of those that lose 6.
    assert_eq!(value["worst"]["at_ms"], json!(3000.0));
    assert_eq!(value["each"].as_array().unwrap().len(), 4);
    assert_eq!(
        value["each"][1],
        json!({"at_ms": 2000.0, "accesses": 2000, "writes": 2, "blocks": 1, "bytes": 64,
               "max_age_ms": 20.0, "dirty": 1, "in_doubt": 2})
    );
    let text = report.text();
    let expected = "
a crash loses    mean    min    p50    p99    max
  writes         3.75      1      2      6      6
  blocks         1.75      1      1      3      3
  bytes           112     64     64    192    192
  oldest write  30 ms  10 ms  20 ms  60 ms  60 ms
and meets
  in doubt          2      2      2      2      2
  dirty blocks   1.75      1      1      3      3

worst, at 3 s
  accesses before    3,000
  lost writes            6
  lost blocks            3
  oldest lost write  60 ms
";
    assert_eq!(&text[text.find("\na crash loses").unwrap()..], expected);
    assert!(text.contains("\ncrash      after every 1,000 accesses: 4 moments\n"), "{text}");
}

#[test]
fn one_crash_names_the_blocks_that_it_loses() {
    let mut one = crash(12_500_000, 23, 22, 4_900_000);
    let block = |number: u64| LostBlock {
        block: LineAddr(number),
        writes: if number == 0 { 2 } else { 1 },
        max_age: 4_900_000 - number,
    };
    one.lost = (0..22).map(block).collect();
    let mut report = crashes(Moments::At(vec![12_500_000]), vec![one]);
    report.checked = true;
    let value = value(&report);
    assert_eq!(value["points"], json!({"kind": "at", "at_ms": [12500.0]}));
    let lost = value["each"][0]["lost"].as_array().unwrap();
    assert_eq!(lost.len(), 22);
    // Block 1 begins at byte 64.
    let expected = json!({"block": "0x40", "writes": 1, "max_age_ms": 4899.999});
    assert_eq!(lost[1], expected);
    let text = report.text();
    let start = text.find("\ncrash      at 12.5 s\n").unwrap();
    let end = text.find("  0x80").unwrap();
    let expected = "
crash      at 12.5 s
checked    1 crash, lost = ledger minus survivors in each

crash at 12.5 s
  accesses before     12,500
  lost writes             23
  lost blocks             22
  lost bytes         1,408 B
  oldest lost write    4.9 s
  in doubt                 2
  dirty blocks            22

block    lost writes  oldest
  0x0              2   4.9 s
  0x40             1   4.9 s
";
    assert_eq!(&text[start..end], expected);
    assert!(text.ends_with("\n  and 2 more\n"), "{text}");
}

#[test]
fn a_long_list_of_crashes_is_left_to_its_distribution() {
    let all: Vec<_> = (1..=1001).map(|at| crash(at, at, 1, 1)).collect();
    let report = crashes(Moments::Samples { samples: 1001, seed: 7 }, all);
    let value = value(&report);
    assert_eq!(value["each"], Value::Null);
    assert_eq!(value["points"], json!({"kind": "samples", "samples": 1001, "seed": 7}));
    // 1 to 1001: half of them, 500.5, do not exceed 501; 99 %, 990.99, do not exceed 991.
    let writes = json!({"mean": 501.0, "min": 1, "p50": 501, "p99": 991, "max": 1001});
    assert_eq!(value["lost"]["writes"], writes);
}

#[test]
fn moments_become_plans() {
    let plan = |moments: Moments| moments.plan(1000, true).points;
    assert_eq!(plan(Moments::End), CrashPoints::At(vec![1000]));
    assert_eq!(plan(Moments::At(vec![9, 3])), CrashPoints::At(vec![3, 9]));
    assert_eq!(plan(Moments::Every(7)), CrashPoints::Every(7));
    assert!(Moments::End.plan(5, false).detail && !Moments::Every(1).plan(5, false).detail);
    let samples = |seed| Moments::Samples { samples: 1000, seed };
    let CrashPoints::At(drawn) = plan(samples(1)) else { panic!("moments") };
    assert_eq!(drawn.len(), 1000);
    assert!(drawn.is_sorted() && drawn[0] < 20 && drawn[999] > 980 && drawn[999] <= 1000);
    assert_eq!(plan(samples(1)), CrashPoints::At(drawn.clone()));
    assert_ne!(plan(samples(2)), CrashPoints::At(drawn));
    // Splitmix64 of the seed 0 begins with 0xe220a8397b1dcdaf: 0.8833 of 2^64, so of 10,001
    // moments the 8,833th.
    assert_eq!(super::drawn(1, 0, 10_000), [8833]);
}
