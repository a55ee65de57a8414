//! What ran: the durability settings of a run, for programs and for people.

use durability::{
    AgeFrom, Arrivals, Distribution, Durability, Failure, Flush, Log, Order, Overflow,
    PersistDomain, Promote, ReadBlocks, Readers, Replicas, Span, Store, Sync,
};
use serde_json::{Value, json};

use crate::report::table::grouped;
use crate::report::time::{Clock, quotient_text};

/// The settings under the names that the config has for them, lengths of time in milliseconds.
pub(in crate::report) fn value(settings: &Durability, clock: Clock) -> Value {
    let Durability { flush, store, queue, log, replicas, persist_domain, readers, shutdown, seed } =
        settings;
    json!({
        "flush": flush_value(flush, clock),
        "store": store_value(store, clock),
        "queue": {
            "capacity": queue.capacity,
            "overflow": overflow(queue.overflow),
            "trigger": queue.trigger,
        },
        "log": log.as_ref().map(|log| log_value(log, clock)),
        "replicas": replicas.as_ref().map(|replicas| replicas_value(replicas, clock)),
        "persist_domain": persist_domain.map(domain),
        "readers": readers.as_ref().map(|readers| readers_value(readers, clock)),
        "shutdown_ms": clock.ms(*shutdown),
        "seed": seed,
    })
}

fn flush_value(flush: &Flush, clock: Clock) -> Value {
    json!({
        "every_ms": flush.every.map(|every| clock.ms(every)),
        "expire_ms": clock.ms(flush.expire),
        "dirty_count": flush.dirty_count,
        "background_ratio": flush.background_ratio,
        "dirty_ratio": flush.dirty_ratio,
        "batch": flush.batch,
        "workers": flush.workers,
        "order": order(flush.order),
        "coalesce": flush.coalesce,
        "one_in_flight": flush.one_in_flight,
        "age_from": age_from(flush.age_from),
        "max_age_ms": flush.max_age.map(|age| clock.ms(age)),
        "pause_max_ms": clock.ms(flush.pause_max),
    })
}

fn store_value(store: &Store, clock: Clock) -> Value {
    json!({
        "latency_ms": clock.ms(store.latency),
        "distribution": distribution(store.distribution),
        "parallel": store.parallel,
        "batch_cost_ms": clock.ms(store.batch_cost),
        "bandwidth": store.bandwidth.map(|bandwidth| {
            json!({"bytes": bandwidth.bytes, "ms": clock.ms(bandwidth.ticks)})
        }),
        "guard": store.guard,
        "fail": store.fail,
        "failure": failure(store.failure),
        "outages_ms": spans(&store.outages, clock),
        "retry": {
            "attempts": store.retry.attempts.map_or(json!("Unbounded"), |attempts| json!(attempts)),
            "delay_ms": clock.ms(store.retry.delay),
        },
    })
}

fn log_value(log: &Log, clock: Clock) -> Value {
    json!({
        "sync": sync(log.sync),
        "fsync_ms": clock.ms(log.fsync),
        "serial": log.serial,
        "period_ms": clock.ms(log.period),
        "stalls_ms": spans(&log.stalls, clock),
    })
}

fn replicas_value(replicas: &Replicas, clock: Clock) -> Value {
    let lags: Vec<f64> = replicas.lags.iter().map(|lag| clock.ms(*lag)).collect();
    json!({"lags_ms": lags, "wait": replicas.wait, "promote": promote(replicas.promote)})
}

fn readers_value(readers: &Readers, clock: Clock) -> Value {
    json!({
        "interval_ms": readers.interval * 1000.0 / clock.0 as f64,
        "arrivals": arrivals(readers.arrivals),
        "blocks": read_blocks(readers.blocks),
    })
}

/// Each span as a pair of its start and its end.
fn spans(spans: &[Span], clock: Clock) -> Vec<[f64; 2]> {
    spans.iter().map(|span| [clock.ms(span.start), clock.ms(span.end)]).collect()
}

/// The settings in lines of few words; what is at rest is left out.
pub(in crate::report) fn lines(settings: &Durability, clock: Clock) -> Vec<String> {
    let Durability { queue, log, replicas, persist_domain, readers, .. } = settings;
    let mut around = Vec::new();
    if let Some(capacity) = queue.capacity {
        let trigger = if queue.trigger { ", a trigger when full" } else { "" };
        let overflow = overflow(queue.overflow);
        around.push(format!("queue of {}: {overflow}{trigger}", blocks(capacity)));
    }
    around.push(log.as_ref().map_or("no log".to_owned(), |log| log_text(log, clock)));
    around
        .push(replicas.as_ref().map_or("no replicas".to_owned(), |all| replicas_text(all, clock)));
    around.extend(persist_domain.map(|persist| format!("persist domain {}", domain(persist))));
    if let Some(readers) = readers {
        let interval = clock.mean_text(whole(readers.interval * 1000.0), 1000);
        around.push(format!(
            "a reader of {} blocks every {interval}, {}",
            read_blocks(readers.blocks),
            arrivals(readers.arrivals)
        ));
    }
    vec![flush_text(&settings.flush, clock), store_text(&settings.store, clock), around.join("; ")]
}

fn flush_text(flush: &Flush, clock: Clock) -> String {
    let mut parts = Vec::new();
    parts.extend(flush.every.map(|every| format!("every {}", clock.text(every))));
    if flush.expire > 0 {
        parts.push(format!("from an age of {}", clock.text(flush.expire)));
    }
    parts.extend(flush.dirty_count.map(|count| format!("at {}", blocks(count))));
    parts.extend(flush.background_ratio.map(|ratio| format!("background {}", percent(ratio))));
    parts.extend(flush.dirty_ratio.map(|ratio| format!("at most {} dirty", percent(ratio))));
    parts.extend(flush.max_age.map(|age| format!("at the age of {}", clock.text(age))));
    if parts.is_empty() {
        parts.push("by no trigger of its own".to_owned());
    }
    parts.push(format!("batch {}", grouped(u64::from(flush.batch))));
    let plural = if flush.workers == 1 { "" } else { "s" };
    parts.push(format!("{} worker{plural}", grouped(u64::from(flush.workers))));
    parts.push(order(flush.order).to_owned());
    for (says, what) in [
        (!flush.coalesce, "without coalescing"),
        (!flush.one_in_flight, "several versions in flight"),
        (flush.age_from == AgeFrom::LastWrite, "ages from the last write"),
    ] {
        parts.extend(says.then(|| what.to_owned()));
    }
    format!("flush {}", parts.join(", "))
}

fn store_text(store: &Store, clock: Clock) -> String {
    let mut call = format!("store {}", clock.text(store.latency));
    if store.distribution != Distribution::Constant {
        call = format!("{call} {}", distribution(store.distribution));
    }
    if store.batch_cost > 0 {
        call = format!("{call} + {} a row", clock.text(store.batch_cost));
    }
    let mut parts = vec![call, format!("{} at once", grouped(u64::from(store.parallel)))];
    parts.extend(
        store
            .bandwidth
            .map(|width| format!("{} B in {}", grouped(width.bytes), clock.text(width.ticks))),
    );
    parts.extend((!store.guard).then(|| "without a guard".to_owned()));
    if store.fail > 0.0 {
        parts.push(format!("{} of calls fail: {}", percent(store.fail), failure(store.failure)));
    }
    match store.outages.len() {
        0 => {}
        1 => parts.push("1 outage".to_owned()),
        number => parts.push(format!("{number} outages")),
    }
    if store.fail > 0.0 || !store.outages.is_empty() {
        let attempts = store.retry.attempts.map_or_else(String::new, |most| {
            format!(", {} attempts at most", grouped(u64::from(most)))
        });
        parts.push(format!("again after {}{attempts}", clock.text(store.retry.delay)));
    }
    parts.join(", ")
}

fn log_text(log: &Log, clock: Clock) -> String {
    let serial = if log.serial { ", serial" } else { "" };
    format!("log {}, fsync {}{serial}", sync(log.sync), clock.text(log.fsync))
}

fn replicas_text(replicas: &Replicas, clock: Clock) -> String {
    let lags: Vec<_> = replicas.lags.iter().map(|lag| clock.text(*lag)).collect();
    let noun = if lags.len() == 1 { "replica" } else { "replicas" };
    let (wait, promote) = (replicas.wait, promote(replicas.promote));
    format!("{} {noun} behind by {}, wait {wait}, promote {promote}", lags.len(), lags.join(", "))
}

fn blocks(number: u64) -> String {
    format!("{} block{}", grouped(number), if number == 1 { "" } else { "s" })
}

fn percent(share: f64) -> String {
    // To a thousandth of a percent.
    format!("{} %", quotient_text(whole(share * 100_000.0), 1000))
}

#[expect(clippy::cast_sign_loss, reason = "shares and intervals are not below 0")]
fn whole(number: f64) -> u128 {
    number.round() as u128
}

const fn order(order: Order) -> &'static str {
    match order {
        Order::Unordered => "Unordered",
        Order::Fifo => "Fifo",
        Order::Causal => "Causal",
    }
}

const fn age_from(from: AgeFrom) -> &'static str {
    match from {
        AgeFrom::FirstDirty => "FirstDirty",
        AgeFrom::LastWrite => "LastWrite",
    }
}

fn distribution(distribution: Distribution) -> String {
    match distribution {
        Distribution::Constant => "Constant".to_owned(),
        Distribution::Exponential => "Exponential".to_owned(),
        Distribution::LogNormal(sigma) => format!("LogNormal({sigma})"),
    }
}

const fn failure(failure: Failure) -> &'static str {
    match failure {
        Failure::NotApplied => "NotApplied",
        Failure::AckLost => "AckLost",
        Failure::Half => "Half",
    }
}

const fn overflow(overflow: Overflow) -> &'static str {
    match overflow {
        Overflow::Block => "Block",
        Overflow::Reject => "Reject",
        Overflow::WriteThrough => "WriteThrough",
    }
}

const fn sync(sync: Sync) -> &'static str {
    match sync {
        Sync::Always => "Always",
        Sync::EverySecond => "EverySecond",
        Sync::No => "No",
    }
}

fn promote(promote: Promote) -> String {
    match promote {
        Promote::Newest => "Newest".to_owned(),
        Promote::Index(index) => format!("Index({index})"),
    }
}

const fn domain(domain: PersistDomain) -> &'static str {
    match domain {
        PersistDomain::Adr => "Adr",
        PersistDomain::Eadr => "Eadr",
    }
}

const fn arrivals(arrivals: Arrivals) -> &'static str {
    match arrivals {
        Arrivals::Poisson => "Poisson",
        Arrivals::Regular => "Regular",
    }
}

const fn read_blocks(blocks: ReadBlocks) -> &'static str {
    match blocks {
        ReadBlocks::Written => "Written",
        ReadBlocks::Popular => "Popular",
    }
}
