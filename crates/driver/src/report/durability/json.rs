//! The section `durability` of `mesim.report/1`: names and order of the keys are part of the
//! schema.

use durability::{Staleness, Summary, Trigger};
use serde_json::{Map, Value, json};

use super::{Measured, settings};
use crate::report::time::quotient;

pub(in crate::report) fn value(measured: &Measured) -> Value {
    let mut root = metrics(measured);
    root.extend(counts(measured));
    root.insert("settings".to_owned(), settings::value(measured.settings, measured.clock));
    Value::Object(root)
}

/// The four that a cache is judged by.
fn metrics(measured: &Measured) -> Map<String, Value> {
    let (outcome, clock) = (measured.outcome, measured.clock);
    let (latency, loss) = (&outcome.write_latency, &outcome.at_end);
    map([
        (
            "write_latency_ms",
            json!({
                "mean": mean(measured, &latency.all),
                "p50": clock.ms(latency.p50),
                "p99": clock.ms(latency.p99),
                "max": clock.ms(latency.all.max),
            }),
        ),
        (
            "data_loss_on_crash",
            json!({
                "writes": loss.writes,
                "blocks": loss.blocks,
                "bytes": measured.bytes(loss.blocks),
                "max_age_ms": clock.ms(loss.max_age),
            }),
        ),
        ("cache_hit_ratio", json!(measured.cache_hit_ratio())),
        ("throughput_rps", json!(measured.throughput())),
    ])
}

fn counts(measured: &Measured) -> Map<String, Value> {
    let (outcome, clock) = (measured.outcome, measured.clock);
    let flushes = &outcome.flushes;
    let triggers = Trigger::ALL.iter().zip(flushes.by_trigger);
    let by_trigger = triggers.map(|(trigger, count)| (trigger.name(), json!(count)));
    let staleness = outcome.staleness.as_ref();
    map([
        ("writes", json!(outcome.writes)),
        ("store_writes", json!(outcome.store_writes)),
        ("coalesced", json!(outcome.coalesced)),
        ("write_reduction", json!(measured.write_reduction())),
        (
            "flushes",
            json!({
                "count": flushes.by_trigger.iter().sum::<u64>(),
                "by_trigger": map(by_trigger),
                "blocks": flushes.blocks,
                "first_ms": flushes.first.map(|first| clock.ms(first)),
            }),
        ),
        ("dirty", json!({"now": outcome.dirty_now, "peak": outcome.dirty_peak})),
        ("staleness_ms", staleness.map_or(Value::Null, |seen| staleness_value(measured, seen))),
        ("stale_read_ratio", json!(staleness.map(stale_ratio))),
        ("loss_window_ms", mean_and_max(measured, &outcome.loss_window)),
        ("order_inversions", json!(outcome.order_inversions)),
        ("non_prefix_batches", json!(outcome.non_prefix_batches)),
        ("retries", json!(outcome.retries)),
        ("rejected", json!(outcome.rejected)),
        ("dropped", json!(outcome.dropped)),
        ("throttled_ms", json!(clock.ms(outcome.throttled))),
        (
            "loss_over_time",
            json!({
                "mean_writes": measured.mean_loss(),
                "max_writes": outcome.over_time.writes_max,
                "max_age_ms": clock.ms(outcome.over_time.max_age),
            }),
        ),
    ])
}

/// Ages of all reads; the mean of those alone that were stale stands beside it.
fn staleness_value(measured: &Measured, seen: &Staleness) -> Value {
    json!({
        "mean": mean(measured, &seen.reads),
        "max": measured.clock.ms(seen.reads.max),
        "mean_of_stale": measured.clock.mean_ms(seen.reads.sum, seen.stale),
        "reads": seen.reads.count,
    })
}

pub(in crate::report) fn stale_ratio(seen: &Staleness) -> f64 {
    quotient(u128::from(seen.stale), u128::from(seen.reads.count))
}

fn mean_and_max(measured: &Measured, lengths: &Summary) -> Value {
    json!({"mean": mean(measured, lengths), "max": measured.clock.ms(lengths.max)})
}

fn mean(measured: &Measured, lengths: &Summary) -> f64 {
    measured.clock.mean_ms(lengths.sum, lengths.count)
}

pub(in crate::report) fn map<'a>(
    pairs: impl IntoIterator<Item = (&'a str, Value)>,
) -> Map<String, Value> {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}
