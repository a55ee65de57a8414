//! `mesim crash`, `--compare write-through` and `--vary`: what is refused, and what the files that
//! they write have in common with the reports.

use std::fmt::Write as _;

use serde_json::Value;

use crate::support::{Folder, error_text, text};

/// Four writes of two keys, a second apart, and a read.
const TRACE: &str = "\
@cores 1
0 W 0x1000
@time 1s
0 W 0x2000
@time 2s
0 W 0x1000
@time 3s
0 W 0x1000
0 R 0x2000
";
const MACHINE: &str = r#"(
    clock: "1 MHz",
    caches: [(name: "Keys", ways: Full, size: "64 KiB", latency: "300 us")],
    peers: None,
    bus: (request: 0, beat: 0, cache_to_cache: 0),
    memory: (latency: 0),
    durability: (flush: (every: "5 s"), store: (latency: "2 ms")),
)"#;

fn folder() -> Folder {
    let good = ("good.mtrace", "0 R 0x1000\n0 W 0x1000\n");
    Folder::with(&[good, ("keys.mtrace", TRACE), ("keys.ron", MACHINE)])
}

/// Runs commands that have to be refused, and shows how.
pub(crate) fn refused(folder: &Folder, lines: &[&str]) -> String {
    let before = folder.names();
    let mut shown = String::new();
    for line in lines {
        let args: Vec<&str> = line.split_whitespace().collect();
        let output = folder.feed(&args, b"0 R 0x1000\n");
        let error = error_text(&output);
        assert_eq!(output.status.code(), Some(2), "{line}: {error}");
        assert_eq!(text(&output), "", "{line}");
        assert_eq!(folder.names(), before, "{line}");
        let _ = writeln!(shown, "$ mesim {line}\n{error}");
    }
    shown
}

#[test]
fn crashes_that_cannot_be_are_refused() {
    let lines = [
        "crash good.mtrace",
        "crash good.mtrace --json out.json --set L1.size=16KiB",
        "crash good.mtrace --vary L1.size=16KiB,32KiB",
        "crash - --samples 5",
        "crash -",
        "crash good.mtrace --at 5x",
        "crash good.mtrace --at 1s --every 5",
        "crash good.mtrace --every 0",
        "crash good.mtrace --samples 1000001",
        "crash good.mtrace --seed 1",
        "crash good.mtrace --compare mesi",
        "crash - --compare write-through",
    ];
    insta::assert_snapshot!("refused", refused(&folder(), &lines));
}

#[test]
fn variations_and_comparisons_that_cannot_be_are_refused() {
    let lines = [
        "replay good.mtrace --compare write-through",
        "replay good.mtrace --compare mesi,write-through",
        "replay - --compare write-through",
        "replay - --vary flush.every=1s,2s",
        "replay good.mtrace --vary L1.size=16KiB,32KiB --svg plot.svg",
        "replay good.mtrace --vary L1.size=16KiB --vary L1.size=32KiB",
        "replay good.mtrace --vary flush.every=1s,2s --vary store.latency=1ms,2ms",
        "replay good.mtrace --vary L1.size=16KiB,7KiB",
        "replay good.mtrace --vary L1.size",
        "replay good.mtrace --vary L1.size=1KiB,,2KiB",
        "replay good.mtrace --vary L1.size=1KiB,1KiB",
        "replay good.mtrace --vary L1.size=1KiB,2KiB --compare mesi,msi",
        "replay good.mtrace --csv out.csv",
    ];
    insta::assert_snapshot!("variations", refused(&folder(), &lines));
}

#[test]
fn what_becomes_durable_goes_with_no_steps_and_no_warm_up() {
    let lines = [
        "step keys.mtrace -c keys.ron",
        "replay keys.mtrace -c keys.ron --warmup 1",
        "replay keys.mtrace -c keys.ron --warmup 1 --vary flush.every=1s,2s",
        "replay keys.mtrace -c keys.ron --vary flush.every=1s,2s --csv out --svg out",
        "replay keys.mtrace -c keys.ron --vary flush.every=1s,2s --csv - --json -",
    ];
    insta::assert_snapshot!("durable", refused(&folder(), &lines));
    let wrong = "replay keys.mtrace -c keys.ron --vary flush.every=1s,2x --csv out.csv";
    let shown = refused(&folder(), &[wrong]);
    assert!(shown.contains("error[E0203]") && shown.contains("durability.flush.every=2x"));
    let late = refused(&folder(), &["crash keys.mtrace -c keys.ron --at 100s"]);
    assert!(late.contains("error[E0313]: the run ends after 3"), "{late}");
}

/// Runs a command that has to be good, and returns its standard output as JSON.
fn json(folder: &Folder, line: &str) -> Value {
    let args: Vec<&str> = line.split_whitespace().collect();
    let out = folder.good(&args);
    assert_eq!(out, folder.good(&args), "{line} differs from run to run");
    serde_json::from_slice(&out).expect("JSON alone")
}

#[test]
fn crashes_are_listed_under_the_moments_that_were_asked_for() {
    let folder = folder();
    let crash = |flags: &str| {
        let line = format!("crash keys.mtrace -c keys.ron -q --json - {flags}");
        let value = json(&folder, &line);
        assert_eq!(value["schema"], "mesim.crash/1");
        let each = value["each"].as_array().expect("a list").clone();
        assert_eq!(value["crashes"], each.len());
        let at: Vec<_> = each.iter().map(|one| one["at_ms"].as_f64().expect("a time")).collect();
        (value, at)
    };
    // In any order, in a list or one by one; the last one is after the end of the run.
    let (value, at) = crash("--at 1.5s,500ms --at 1250000 --at 100s --check");
    assert_eq!(at, [500.0, 1250.0, 1500.0]);
    assert_eq!(value["checked"], true);
    assert_eq!(value["points"]["at_ms"].as_array().map(Vec::len), Some(4));
    // Accesses at 0, 1, 2, 3 and 3 s: crashes after the second and the fourth.
    let (_, at) = crash("--every 2");
    assert_eq!(at.len(), 2);
    let (value, at) = crash("--samples 100 --seed 7");
    assert_eq!(at.len(), 100);
    assert!(at.is_sorted() && at[0] >= 0.0);
    assert_ne!(crash("--samples 100 --seed 8").1, at);
    assert_eq!(crash("--samples 100").1, crash("--samples 100 --seed 1").1);
    let last = crash("").1;
    assert_eq!(last.len(), 1);
    assert!(at[99] <= last[0], "{at:?} {last:?}");
    assert!(value["each"][0].get("lost").is_none());
}

#[test]
fn what_is_varied_is_the_report_of_each_value_and_goes_to_whole_files() {
    let folder = folder();
    let line = "replay keys.mtrace -c keys.ron -q --json -";
    let varied = json(&folder, &format!("{line} --vary flush.every=1s,2s --csv v.csv --svg v.svg"));
    assert_eq!(
        (&varied["schema"], &varied["key"]),
        (&"mesim.vary/1".into(), &"flush.every".into())
    );
    for (run, value) in [(0, "1s"), (1, "2s")] {
        assert_eq!(varied["runs"][run]["value"], value);
        let alone = json(&folder, &format!("{line} --set durability.flush.every={value}"));
        assert_eq!(varied["runs"][run]["report"], alone, "{value}");
    }
    let csv = String::from_utf8(folder.read("v.csv")).expect("UTF-8");
    assert_eq!(csv.lines().count(), 3);
    assert!(csv.starts_with("flush.every,store_writes_per_second,"), "{csv}");
    let svg = String::from_utf8(folder.read("v.svg")).expect("UTF-8");
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{svg}");
    let line = "crash keys.mtrace -c keys.ron -q --every 1 --json -";
    let varied = json(&folder, &format!("{line} --vary flush.every=1s,2s"));
    let alone = json(&folder, &format!("{line} --set durability.flush.every=2s"));
    assert_eq!(varied["runs"][1]["crash"], alone);
}

#[test]
fn the_write_through_twin_stands_beside_the_report() {
    let folder = folder();
    let line = "replay keys.mtrace -c keys.ron -q --json -";
    let twins = json(&folder, &format!("{line} --compare write-through"));
    assert_eq!(twins["schema"], "mesim.compare/1");
    assert_eq!(twins["runs"][0]["write"], "back");
    assert_eq!(twins["runs"][0]["report"], json(&folder, line));
    let through = &twins["runs"][1];
    assert_eq!(through["write"], "through");
    let write = through["report"]["machine"]["caches"][0]["write"].as_str().expect("a policy");
    assert!(write.starts_with("WriteThrough"), "{write}");
    let line = "crash keys.mtrace -c keys.ron -q --json - --every 1";
    let twins = json(&folder, &format!("{line} --compare write-through"));
    assert_eq!(twins["runs"][0]["crash"], json(&folder, line));
}

#[test]
fn what_nothing_keeps_is_warned_of() {
    let folder = folder();
    let warning = |line: &str| {
        let args: Vec<&str> = line.split_whitespace().collect();
        let output = folder.run(&args);
        assert_eq!(output.status.code(), Some(0), "{line}: {}", error_text(&output));
        error_text(&output)
    };
    for line in ["replay keys.mtrace -c keys.ron -q", "crash keys.mtrace -c keys.ron -q"] {
        let warning = warning(line);
        let title = "warning[W0401]: unlogged, unreplicated: a crash loses up to ";
        assert!(warning.starts_with(title), "{line}: {warning}");
    }
    let logged = "replay keys.mtrace -c keys.ron -q --set durability.log.sync=Always";
    assert_eq!(warning(logged), "");
}

/// Two clients of one cache: the first write waits for an fsync of 1 ms.
const CLIENTS: &str = "0 W 0x1000\n1 W 0x2000\n0 W 0x1000\n1 R 0x2000\n";

#[test]
fn where_accesses_wait_the_cores_go_on_in_the_order_of_time() {
    let folder = folder();
    folder.write("clients.mtrace", CLIENTS.as_bytes());
    let replay = |trace: &str, flags: &str| {
        let line = format!("replay {trace} -c keys.ron -q --json - {flags}");
        let value = json(&folder, &line);
        let latency = &value["durability"]["write_latency_ms"];
        assert_eq!(latency["max"], if flags.contains("Always") { 2.3 } else { 0.3 }, "{line}");
        value["interleave"].as_str().expect("a text").to_owned()
    };
    let log = "--set durability.log=(sync:Always,fsync:\"1ms\",serial:false)";
    // Both look at 0 and are done at 0.3 ms. The fsync for the first begins at once; the second
    // is served by the next one: 0.3 + 1 + 1 ms.
    assert_eq!(replay("clients.mtrace", log), "clock");
    assert_eq!(replay("clients.mtrace", &format!("{log} --interleave recorded")), "recorded");
    // One core has one order, and what comes at the times of the trace comes in theirs.
    assert_eq!(replay("keys.mtrace", ""), "recorded");
    assert_eq!(replay("clients.mtrace", "--set clients=Open"), "recorded");
}

#[test]
fn clients_that_ask_one_cache_at_once_stall_for_longer_than_passes() {
    let folder = folder();
    // Eight writes at 0, each to two lines that nobody has.
    let ask = |client: u32| format!("{client} W 0x{client:x}03c 8\n");
    let all_ask: Vec<String> = (1..=8).map(ask).collect();
    folder.write("clients.mtrace", all_ask.concat().as_bytes());
    let value = json(&folder, "replay clients.mtrace -c keys.ron -q --json - --check");
    let core = &value["cores"][0];
    // A look takes 300 us. The bus costs nothing, but serves one miss after the other: the first
    // client has its second line at 600 us and each next one 300 us later, which it stalls for.
    assert_eq!(core["cycles"], 600 + 7 * 300);
    assert_eq!(core["stall_cycles"], (0..8).map(|before| before * 300).sum::<u64>());
}

#[test]
fn what_is_too_old_while_everything_is_being_stored_waits_for_the_end_of_that() {
    let folder = folder();
    // A call of 10 s takes everything; what is written meanwhile is too old after 1 s.
    let set = "--set durability.flush.order=Causal --set durability.flush.max_age=1s \
               --set durability.flush.every=None --set durability.store.latency=10s";
    let line = format!("replay keys.mtrace -c keys.ron -q --json - --check {set}");
    let flushes = &json(&folder, &line)["durability"]["flushes"];
    // At 1 s the key of 0 s goes, alone; those of 1, 2 and 3 s wait for the end and go together.
    assert_eq!(flushes["by_trigger"]["max_age"], 1, "{flushes}");
    assert_eq!(flushes["by_trigger"]["shutdown"], 1, "{flushes}");
    assert_eq!(flushes["blocks"], 3, "{flushes}");
}

#[test]
fn a_fence_where_clients_do_not_wait_holds_nobody_up() {
    let folder = folder();
    // The write is cleaned while its client is still served, and fenced twice at once.
    let trace = "@cores 1\n0 W 0x1000\n@time 10 us\n0 C 0x1000 4\n0 B\n0 C 0x1000 4\n0 B\n\
                 @time 20 us\n0 W 0x2000\n";
    folder.write("fence.mtrace", trace.as_bytes());
    let line = "replay fence.mtrace -c keys.ron -q --json - --check --set clients=Open";
    let value = json(&folder, line);
    assert_eq!(value["durability"]["writes"], 2);
    assert_eq!(value["durability"]["flushes"]["by_trigger"]["clean"], 1);
}

#[test]
fn blocks_that_become_dirty_again_on_their_way_are_many_when_the_call_ends() {
    let folder = folder();
    // Both keys are taken when the second is written, at 1 s, for 10 s; both are written again at
    // 2 and 3 s, and are two dirty blocks once more when the call ends, at 11 s, for 10 s.
    let trace = "@cores 1\n0 W 0x1000\n@time 1s\n0 W 0x2000\n@time 2s\n0 W 0x1000\n\
                 @time 3s\n0 W 0x2000\n@time 40s\n0 R 0x1000\n";
    folder.write("again.mtrace", trace.as_bytes());
    let set = "--set durability.flush.every=None --set durability.flush.dirty_count=2 \
               --set durability.store.latency=10s --set durability.store.batch_cost=0s";
    let line = format!("crash again.mtrace -c keys.ron -q --json - --at 20s,22s {set}");
    let value = json(&folder, &line);
    assert_eq!(value["each"][0]["writes"], 2, "{}", value["each"]);
    assert_eq!(value["each"][1]["writes"], 0, "{}", value["each"]);
}

#[test]
fn what_leaves_in_the_access_that_writes_it_anew_is_stored_by_itself() {
    let folder = folder();
    // Core 2 takes the dirty line from core 1: the first write goes to the store, which has it
    // after 1 us of 2 ns ticks; the second stays in the cache. A crash at 2 us loses that alone.
    folder.write("snooped.mtrace", b"@cores 3\n1 W 0x80\n2 W 0x80\n0 T 5000\n0 R 0x1000\n");
    let machine = "(clock: \"500 MHz\", caches: [(size: \"1 KiB\", ways: 2)], \
                   durability: (store: (latency: \"1 us\", batch_cost: \"0 s\")))";
    folder.write("cpu.ron", machine.as_bytes());
    let line = "crash snooped.mtrace -c cpu.ron -q --json - --at 5us --check";
    let crash = &json(&folder, line)["each"][0];
    assert_eq!((&crash["writes"], &crash["dirty"]), (&Value::from(1), &Value::from(1)), "{crash}");
}
