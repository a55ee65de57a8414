//! `mesim.crash/1`: names and order of the keys are part of the schema.

use durability::Crash;
use serde_json::{Map, Value, json};

use super::{CrashReport, Moments, Spread};
use crate::report::durability::Measured;
use crate::report::durability::json::map;
use crate::report::durability::settings;
use crate::report::json as report_json;
use crate::report::time::quotient;

/// The most crashes that are listed one by one.
const LISTED_MAX: usize = 1000;

pub(super) fn value(crashes: &CrashReport) -> Value {
    let report = &crashes.report;
    let measured = crashes.measured();
    let all = crashes.crashes();
    let is_listed = all.len() <= LISTED_MAX;
    let with_blocks = matches!(crashes.moments, Moments::End | Moments::At(_));
    let listed = || all.iter().map(|crash| one(&measured, crash, with_blocks)).collect::<Value>();
    Value::Object(map([
        ("schema", json!("mesim.crash/1")),
        ("trace", report_json::trace(report, &report.replayed.tally.totals())),
        ("machine", report_json::machine(report)),
        ("rules", report_json::rules(report.replayed.machine.rules)),
        ("interleave", json!(report.replayed.interleave.to_string())),
        ("settings", settings::value(measured.settings, measured.clock)),
        ("points", points(&measured, &crashes.moments)),
        ("crashes", json!(all.len())),
        ("checked", json!(crashes.checked)),
        (
            "lost",
            json!({
                "writes": spread(&crashes.spread(|crash| crash.loss.writes)),
                "blocks": spread(&crashes.spread(|crash| crash.loss.blocks)),
                "bytes": spread(&crashes.spread(|crash| measured.bytes(crash.loss.blocks))),
                "max_age_ms": spread_ms(&measured, &crashes.spread(|crash| crash.loss.max_age)),
            }),
        ),
        ("in_doubt", spread(&crashes.spread(|crash| crash.in_doubt))),
        ("dirty", spread(&crashes.spread(|crash| crash.dirty))),
        ("worst", one(&measured, crashes.worst(), false)),
        ("each", if is_listed { listed() } else { Value::Null }),
    ]))
}

fn points(measured: &Measured, moments: &Moments) -> Value {
    match moments {
        Moments::End => json!({"kind": "end"}),
        Moments::At(at) => {
            let at: Vec<f64> = at.iter().map(|at| measured.clock.ms(*at)).collect();
            json!({"kind": "at", "at_ms": at})
        }
        Moments::Every(accesses) => json!({"kind": "every", "accesses": accesses}),
        Moments::Samples { samples, seed } => {
            json!({"kind": "samples", "samples": samples, "seed": seed})
        }
    }
}

fn spread(spread: &Spread) -> Value {
    json!({
        "mean": quotient(spread.sum, u128::from(spread.count)),
        "min": spread.min,
        "p50": spread.p50,
        "p99": spread.p99,
        "max": spread.max,
    })
}

fn spread_ms(measured: &Measured, spread: &Spread) -> Value {
    let clock = measured.clock;
    json!({
        "mean": clock.mean_ms(spread.sum, spread.count),
        "min": clock.ms(spread.min),
        "p50": clock.ms(spread.p50),
        "p99": clock.ms(spread.p99),
        "max": clock.ms(spread.max),
    })
}

fn one(measured: &Measured, crash: &Crash, with_blocks: bool) -> Value {
    let clock = measured.clock;
    let mut value: Map<String, Value> = map([
        ("at_ms", json!(clock.ms(crash.at))),
        ("accesses", json!(crash.accesses)),
        ("writes", json!(crash.loss.writes)),
        ("blocks", json!(crash.loss.blocks)),
        ("bytes", json!(measured.bytes(crash.loss.blocks))),
        ("max_age_ms", json!(clock.ms(crash.loss.max_age))),
        ("dirty", json!(crash.dirty)),
        ("in_doubt", json!(crash.in_doubt)),
    ]);
    if with_blocks {
        let blocks = crash.lost.iter().map(|lost| {
            json!({
                "block": measured.address(lost.block),
                "writes": lost.writes,
                "max_age_ms": clock.ms(lost.max_age),
            })
        });
        value.insert("lost".to_owned(), blocks.collect());
    }
    Value::Object(value)
}
