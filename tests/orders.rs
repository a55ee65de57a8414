//! The order of accesses: what must not depend on it, and what the limit and the times mean in
//! each.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

const ORDERS: [&str; 4] = ["recorded", "clock", "rr:3", "random:9"];

/// Replays a trace from standard input and returns the JSON report without the order's name.
fn replay(trace: &str, flags: &[&str]) -> Value {
    let mut program = Command::new(env!("CARGO_BIN_EXE_mesim"));
    program.args(["replay", "-", "--format", "mtrace", "--quiet", "--json", "-"]).args(flags);
    program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = program.spawn().expect("the program starts");
    let mut input = child.stdin.take().expect("it has an input");
    input.write_all(trace.as_bytes()).expect("it reads its input");
    drop(input);
    let output = child.wait_with_output().expect("the program ends");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{flags:?}: {errors}");
    let mut report: Value = serde_json::from_slice(&output.stdout).expect("the report is JSON");
    report.as_object_mut().expect("the report is an object").remove("interleave");
    report
}

#[test]
fn one_core_has_one_order_whatever_it_is_called() {
    let trace = "@cores 1\n@time 1 us\n0 T 100\n0 R 0x0\n0 W 0x40\n@time 120 us\n0 T 100\n0 T 50\n\
                 0 R 0x80\n0 C 0x40\n0 F 0x0\n0 R 0x0\n0 T 10\n";
    let recorded = replay(trace, &["--interleave", "recorded"]);
    // 1 us is 3000 ticks; 120 us are 360,000. Reads from memory cost 222, the last one too.
    assert_eq!(recorded["cycles"]["total"], 360_000 + 150 + 222 + 222 + 10);
    for order in ORDERS {
        assert_eq!(replay(trace, &["--interleave", order]), recorded, "{order}");
    }
}

#[test]
fn a_core_whose_time_is_ahead_goes_last_by_the_clock() {
    // Core 0's second read is at 1 us or later; core 1's three reads come before it.
    let trace = "0 R 0x0\n1 R 0x1000\n1 R 0x2000\n1 R 0x3000\n@time 1 us\n0 R 0x3000\n";
    let report = replay(trace, &["--interleave", "clock"]);
    // Core 1 had the line alone (E) when core 0 came.
    assert_eq!(report["cores"][1]["interventions"], 1);
    assert_eq!(report["cores"][0]["cycles"], 3222);
}

#[test]
fn the_limit_ends_the_replay_at_its_last_access() {
    // What follows the last access is not replayed, wherever a chunk of the reader (65,536 records)
    // happens to end.
    for limit in [1_usize, 1000, 65_534, 65_535, 65_536, 65_537] {
        let trace = "0 W 0x1000\n".repeat(limit) + "0 F 0x1000\n0 T 1000\n0 R 0x1000\n0 R 0x1000\n";
        for order in ["recorded", "rr:1"] {
            let limit_text = limit.to_string();
            let report = replay(&trace, &["--limit", &limit_text, "--interleave", order]);
            assert_eq!(report["totals"]["accesses"], limit, "{order}");
            assert_eq!(report["totals"]["write_backs"], 0, "{order}, limit {limit}");
            assert_eq!(report["cycles"]["total"], 222 + 4 * (limit - 1), "{order}, limit {limit}");
        }
    }
}

#[test]
fn the_warm_up_ends_at_its_last_access_too() {
    // The flush after the second store belongs to what is counted.
    let trace = "0 W 0x1000\n0 W 0x1000\n0 F 0x1000\n0 R 0x1000\n";
    let report = replay(trace, &["--warmup", "2"]);
    assert_eq!(report["totals"]["accesses"], 1);
    assert_eq!(report["totals"]["write_backs"], 1);
    assert_eq!(report["totals"]["misses"], 1);
}

#[test]
fn a_trace_set_apart_by_cores_loses_nothing() {
    // Two cores with lines of their own: no order changes what each of them counts.
    let mut trace = String::from("@cores 4\n");
    for line in 0..2000_u32 {
        for (core, base) in [(0, 0x10_0000), (2, 0x90_0000)] {
            let op = ["R", "W", "A", "I"][line as usize % 4];
            trace +=
                &[core.to_string().as_str(), op, &format!("{:#x}", base + line * 24)].join(" ");
            trace.push('\n');
        }
    }
    let recorded = replay(&trace, &["--counts-only", "--interleave", "recorded"]);
    assert_eq!(recorded["machine"]["cores"], 4);
    for order in ORDERS {
        assert_eq!(replay(&trace, &["--counts-only", "--interleave", order]), recorded, "{order}");
    }
}
