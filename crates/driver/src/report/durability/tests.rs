use std::ops::ControlFlow;

use durability::{
    Arrivals, Flushes, Latency, Log, Loss, Promote, ReadBlocks, Readers, Replicas, Span, Staleness,
    Summary, Sync, Trigger,
};
use serde_json::{Value, json};
use trace::Format;

use super::*;
use crate::config::{Config, Draft, Peers};
use crate::report::Provenance;
use crate::{Interleave, ReplayOptions, Streams, replay};

/// Settings on a clock of microseconds.
pub(in crate::report) fn settings() -> Durability {
    let mut settings = Durability::plain(2_000);
    settings.flush.every = Some(5_000_000);
    settings.flush.dirty_count = Some(100);
    settings.flush.pause_max = 200_000;
    settings.store.batch_cost = 50;
    settings.store.retry.delay = 100_000;
    settings.shutdown = 60_000_000;
    settings.seed = 1;
    settings
}

/// What 1,000 writes in 2 s might have been, on a clock of microseconds.
pub(in crate::report) fn outcome() -> Outcome {
    let mut by_trigger = [0; Trigger::ALL.len()];
    (by_trigger[0], by_trigger[10]) = (3, 1);
    let summary = |count, sum, max| Summary { count, sum, max };
    Outcome {
        requests: 4000,
        elapsed: 2_000_000,
        writes: 1000,
        store_writes: 250,
        coalesced: 750,
        dropped: 0,
        rejected: 0,
        retries: 2,
        flushes: Flushes { by_trigger, blocks: 250, first: Some(500_000) },
        dirty_now: 0,
        dirty_peak: 90,
        write_latency: Latency { all: summary(1000, 450_000, 3000), p50: 300, p99: 2500 },
        loss_window: summary(1000, 250_000_000, 510_000),
        staleness: None,
        order_inversions: 0,
        non_prefix_batches: 0,
        throttled: 0,
        at_end: Loss { writes: 120, blocks: 40, max_age: 300_000 },
        over_time: LossOverTime { write_ticks: 250_000_000, writes_max: 260, max_age: 510_000 },
    }
}

/// A report of three references, one of them a hit, beside what might have been measured.
pub(in crate::report) fn report() -> Report {
    let text = "0 W 0x1000\n0 R 0x1000\n0 W 0x2000\n";
    let source =
        trace::read("inline", Box::new(text.as_bytes()), &trace::ReadOptions::default()).unwrap();
    let mut draft = Draft::built_in();
    draft.set("clock=1MHz").unwrap();
    let mut config = Config::new(&draft).unwrap();
    let mut replayed = replay(
        &config,
        Streams::Ordered(source),
        Interleave::Recorded,
        &ReplayOptions::default(),
        &mut |_| ControlFlow::Continue(()),
    )
    .unwrap();
    replayed.outcome = Some(outcome());
    config.durability = Some(settings());
    config.peers = Peers::None;
    let provenance = Provenance {
        paths: vec!["inline".to_owned()],
        format: Format::Mtrace,
        title: None,
        in_json: false,
    };
    Report::new(replayed, &config, provenance)
}

fn section(report: &Report) -> Value {
    let mut value: Value = serde_json::from_str(&report.json()).unwrap();
    value["durability"].take()
}

#[test]
fn the_section_has_the_four_metrics_first_and_every_number_in_its_place() {
    let section = section(&report());
    let keys: Vec<_> = section.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = "write_latency_ms data_loss_on_crash cache_hit_ratio throughput_rps \
                    writes store_writes coalesced write_reduction flushes dirty staleness_ms \
                    stale_read_ratio loss_window_ms order_inversions non_prefix_batches retries \
                    rejected dropped throttled_ms loss_over_time settings";
    assert_eq!(keys, expected.split_whitespace().collect::<Vec<_>>());
    // 450,000 us over 1,000 writes are 0.45 ms each.
    let latency = json!({"mean": 0.45, "p50": 0.3, "p99": 2.5, "max": 3.0});
    assert_eq!(section["write_latency_ms"], latency);
    // 40 blocks of 64 bytes.
    let loss = json!({"writes": 120, "blocks": 40, "bytes": 2560, "max_age_ms": 300.0});
    assert_eq!(section["data_loss_on_crash"], loss);
    assert_eq!(section["cache_hit_ratio"], json!(1.0 / 3.0));
    // 4,000 requests in 2 s.
    assert_eq!(section["throughput_rps"], json!(2000.0));
    // 250 of 1,000 were stored.
    assert_eq!(section["write_reduction"], json!(0.75));
    let flushes = &section["flushes"];
    assert_eq!(flushes["count"], 4);
    assert_eq!(flushes["by_trigger"].as_object().unwrap().len(), Trigger::ALL.len());
    assert_eq!(
        (&flushes["by_trigger"]["timer"], &flushes["by_trigger"]["shutdown"]),
        (&json!(3), &json!(1))
    );
    assert_eq!((&flushes["blocks"], &flushes["first_ms"]), (&json!(250), &json!(500.0)));
    assert_eq!(section["dirty"], json!({"now": 0, "peak": 90}));
    assert_eq!(
        (&section["staleness_ms"], &section["stale_read_ratio"]),
        (&Value::Null, &Value::Null)
    );
    // 250 s over 1,000 writes.
    assert_eq!(section["loss_window_ms"], json!({"mean": 250.0, "max": 510.0}));
    // 250,000,000 writes times microseconds over 2,000,000 of them.
    let over_time = json!({"mean_writes": 125.0, "max_writes": 260, "max_age_ms": 510.0});
    assert_eq!(section["loss_over_time"], over_time);
}

#[test]
fn readers_and_settings_are_told_where_they_are() {
    let mut report = report();
    let reads = Summary { count: 10, sum: 5_000_000, max: 2_000_000 };
    report.replayed.outcome.as_mut().unwrap().staleness = Some(Staleness { reads, stale: 4 });
    let settings = report.durability.as_mut().unwrap();
    settings.readers = Some(Readers {
        interval: 10_000.0,
        arrivals: Arrivals::Poisson,
        blocks: ReadBlocks::Written,
    });
    settings.replicas = Some(Replicas { lags: vec![5_000], wait: 1, promote: Promote::Index(0) });
    settings.store.outages = vec![Span { start: 1_000_000, end: 61_000_000 }];
    settings.store.retry.attempts = Some(3);
    let section = section(&report);
    // 5 s over 10 reads, and over the 4 of them that were stale.
    let expected = json!({"mean": 500.0, "max": 2000.0, "mean_of_stale": 1250.0, "reads": 10});
    assert_eq!(section["staleness_ms"], expected);
    assert_eq!(section["stale_read_ratio"], json!(0.4));
    let told = &section["settings"];
    assert_eq!(told["flush"]["every_ms"], json!(5000.0));
    assert_eq!(told["flush"]["max_age_ms"], Value::Null);
    assert_eq!(told["store"]["outages_ms"], json!([[1000.0, 61000.0]]));
    assert_eq!(told["store"]["retry"], json!({"attempts": 3, "delay_ms": 100.0}));
    assert_eq!(told["replicas"], json!({"lags_ms": [5.0], "wait": 1, "promote": "Index(0)"}));
    assert_eq!(told["readers"]["interval_ms"], json!(10.0));
    let text = report.text();
    assert!(text.contains("1 replica behind by 5 ms, wait 1, promote Index(0)"), "{text}");
    assert!(text.contains("1 outage, again after 100 ms, 3 attempts at most"), "{text}");
    assert!(text.contains("a reader of Written blocks every 10 ms, Poisson"), "{text}");
}

#[test]
fn peers_are_told_only_where_something_becomes_durable() {
    let mut report = report();
    let machine = |report: &Report| -> Value {
        serde_json::from_str::<Value>(&report.json()).unwrap()["machine"]["peers"].take()
    };
    assert_eq!(machine(&report), "None");
    report.durability = None;
    assert_eq!(machine(&report), Value::Null);
    assert!(!report.json().contains("durability"));
    assert!(!report.text().contains("durability"));
}

#[test]
fn a_run_of_nothing_has_numbers_too() {
    let mut report = report();
    let outcome = report.replayed.outcome.as_mut().unwrap();
    (outcome.requests, outcome.elapsed, outcome.writes, outcome.store_writes) = (0, 0, 0, 0);
    outcome.write_latency = Latency::default();
    outcome.over_time = LossOverTime::default();
    let section = section(&report);
    assert_eq!(section["write_latency_ms"]["mean"], json!(0.0));
    assert_eq!(section["throughput_rps"], json!(0.0));
    assert_eq!(section["write_reduction"], json!(0.0));
    assert_eq!(section["loss_over_time"]["mean_writes"], json!(0.0));
    assert!(report.text().contains("write latency, mean"));
}

#[test]
fn only_what_nobody_keeps_is_exposed() {
    let mut report = report();
    let exposure = Exposure { writes: 260, age: "510 ms".to_owned(), on_a_bus: false };
    assert_eq!(report.exposure(), Some(exposure.clone()));
    report.peers = Peers::Bus;
    assert!(report.exposure().unwrap().on_a_bus);
    report.peers = Peers::None;
    let set = |report: &mut Report, change: fn(&mut Durability)| {
        report.durability = Some(settings());
        change(report.durability.as_mut().unwrap());
        report.exposure()
    };
    assert_eq!(set(&mut report, |all| all.persist_domain = Some(PersistDomain::Eadr)), None);
    let adr = set(&mut report, |all| all.persist_domain = Some(PersistDomain::Adr));
    assert_eq!(adr, Some(exposure));
    let log = |all: &mut Durability| {
        all.log = Some(Log {
            sync: Sync::EverySecond,
            fsync: 1,
            serial: false,
            period: 1_000_000,
            stalls: Vec::new(),
        });
    };
    assert_eq!(set(&mut report, log), None);
    let replicas = |all: &mut Durability| {
        all.replicas = Some(Replicas { lags: vec![5], wait: 0, promote: Promote::Newest });
    };
    assert_eq!(set(&mut report, replicas), None);
    report.durability = Some(settings());
    report.replayed.outcome.as_mut().unwrap().over_time.writes_max = 0;
    assert_eq!(report.exposure(), None);
}

#[test]
fn the_text_is_one_aligned_table() {
    let text = report().text();
    let start = text.find("peers ").unwrap();
    let header = &text[start..text[start..].find("\n\n").unwrap() + start];
    assert_eq!(
        header,
        "\
peers      none: the cores are clients of one cache
durability flush every 5 s, at 100 blocks, batch 512, 1 worker, Unordered
           store 2 ms + 50 us a row, 8 at once
           no log; no replicas"
    );
    let table = &text[text.rfind("\ndurability").unwrap()..];
    let expected = "
durability
  write latency, mean                             450 us
  write latency, p50                              300 us
  write latency, p99                              2.5 ms
  write latency, max                                3 ms
  lost in a crash at the end, writes                 120
  lost in a crash at the end, blocks                  40
  lost in a crash at the end, bytes              2,560 B
  lost in a crash at the end, oldest              300 ms
  cache hit ratio                               33.333 %
  throughput                                    2,000 /s
writes
  acknowledged                                     1,000
  stored                                             250
  stored a second                                 125 /s
  coalesced                                          750
  write reduction                                   75 %
  calls sent again                                     2
flushes
  flushes                                              4
  by timer                                             3
  by shutdown                                          1
  blocks taken                                       250
  the first at                                    500 ms
  dirty blocks, peak                                  90
durable
  after the acknowledgement, mean                 250 ms
  after the acknowledgement, max                  510 ms
  lost in a crash, mean of all moments, writes       125
  lost in a crash, at most, writes                   260
  lost in a crash, oldest                         510 ms
";
    assert_eq!(table, expected);
}
