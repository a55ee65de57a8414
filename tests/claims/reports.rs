//! Claims 31 and 33: what the command says of a run.

use serde_json::Value;

use crate::support::{Folder, ROOT, error_text, text};

/// Writes of two keys, a second apart, and reads.
const TRACE: &str = "\
@cores 1
0 W 0x1000
0 R 0x1000
@time 1s
0 W 0x2000
0 W 0x1000
@time 7s
0 W 0x2000
0 R 0x1000
";

fn report(folder: &Folder, preset: &str, more: &[&str]) -> (Value, String, String) {
    let config = format!("{ROOT}/configs/presets/{preset}.ron");
    let line = ["replay", "keys.mtrace", "-c", &config, "-q"];
    let json = folder.run(&[&line[..], more, &["--json", "-"]].concat());
    assert_eq!(json.status.code(), Some(0), "{preset}: {}", error_text(&json));
    let value = serde_json::from_str(&text(&json)).expect("JSON");
    let plain = folder.run(&[&line[..], more].concat());
    (value, text(&plain), error_text(&plain))
}

/// A number, or numbers under names.
fn is_numeric(value: &Value) -> bool {
    value.is_number()
        || value
            .as_object()
            .is_some_and(|parts| !parts.is_empty() && parts.values().all(is_numeric))
}

#[test]
fn claim_31_four_metrics_stand_first_and_the_rest_behind_them() {
    let folder = Folder::with(&[("keys.mtrace", TRACE)]);
    let readers = ["--set", "durability.readers.rate=100"];
    let (value, shown, _) = report(&folder, "leaderboard", &readers);
    let section = value["durability"].as_object().expect("the section is there");
    let names: Vec<_> = section.keys().map(String::as_str).collect();
    let metrics = ["write_latency_ms", "data_loss_on_crash", "cache_hit_ratio", "throughput_rps"];
    assert_eq!(names[..4], metrics);
    let parts = |name: &str| -> Vec<&str> {
        section[name].as_object().expect("it has parts").keys().map(String::as_str).collect()
    };
    assert_eq!(parts("write_latency_ms"), ["mean", "p50", "p99", "max"]);
    assert_eq!(parts("data_loss_on_crash"), ["writes", "blocks", "bytes", "max_age_ms"]);
    let rest = [
        "writes",
        "store_writes",
        "coalesced",
        "write_reduction",
        "flushes",
        "dirty",
        "staleness_ms",
        "stale_read_ratio",
        "loss_window_ms",
        "order_inversions",
        "non_prefix_batches",
        "retries",
        "rejected",
        "dropped",
        "throttled_ms",
    ];
    let from = 4 + rest.len();
    assert_eq!(names[4..from], rest);
    for name in &names[..from] {
        let numeric = is_numeric(&section[*name]);
        assert!(numeric, "{name}: {}", section[*name]);
    }
    // Each flush trigger has its count; the text shows units.
    let triggers = section["flushes"]["by_trigger"].as_object().expect("it has parts");
    let names = durability::Trigger::ALL.map(durability::Trigger::name);
    assert!(triggers.keys().map(String::as_str).eq(names));
    for metric in ["ms", "hit ratio", "/s", "20 us"] {
        assert!(shown.contains(metric), "{metric}: {shown}");
    }
    // Writes at 0, 1, 1 and 7 s, of 20 us; the flush of 5 s stores two keys, that of the end one.
    assert_eq!((section["writes"].as_u64(), section["store_writes"].as_u64()), (Some(4), Some(3)));
    assert_eq!(section["write_latency_ms"]["p50"].as_f64(), Some(0.02));
    assert_eq!(section["data_loss_on_crash"]["bytes"].as_u64(), Some(64));
}

#[test]
fn claim_33_a_cache_without_a_log_or_replicas_is_warned_of() {
    let folder = Folder::with(&[("keys.mtrace", TRACE)]);
    let warned = [
        "case-study",
        "coherence-db",
        "cpu",
        "cpu-adr",
        "ignite",
        "leaderboard",
        "page-cache",
        "sticky-notes",
    ];
    // Write-through loses nothing; batteries and a log stand by.
    let silent = ["cpu-eadr", "hazelcast", "redis-aof"];
    for preset in warned {
        let (value, _, warning) = report(&folder, preset, &[]);
        let most = &value["durability"]["loss_over_time"]["max_writes"];
        let title = format!("unlogged, unreplicated: a crash loses up to {most} ");
        assert!(warning.contains(&title), "{preset}: {warning}");
        for guard in ["durability.log.sync=Always", "durability.replicas.lags=[\"5 ms\"]"] {
            let (_, _, warning) = report(&folder, preset, &["--set", guard]);
            assert!(!warning.contains("unlogged"), "{preset}: {warning}");
        }
    }
    for preset in silent {
        let (_, _, warning) = report(&folder, preset, &[]);
        assert!(!warning.contains("unlogged"), "{preset}: {warning}");
    }
    let presets = std::fs::read_dir(format!("{ROOT}/configs/presets")).expect("the presets");
    assert_eq!(presets.count(), warned.len() + silent.len());
}
