//! What was measured, as rows for people: a part, a name, a number with its unit.

use durability::{Outcome, Summary, Trigger};

use super::Measured;
use crate::report::table::{Table, grouped};
use crate::report::time::quotient_text;

/// Rows under one title.
pub(in crate::report) struct Part {
    pub(in crate::report) title: &'static str,
    pub(in crate::report) rows: Vec<Row>,
}

/// A name and what was measured under it; none if that is nothing to speak of.
pub(in crate::report) struct Row {
    pub(in crate::report) name: String,
    pub(in crate::report) cell: Option<String>,
}

/// Returns all rows, the four metrics first; every run has the same ones.
pub(in crate::report) fn parts(measured: &Measured) -> Vec<Part> {
    vec![
        Part { title: "", rows: metrics(measured) },
        Part { title: "writes", rows: writes(measured) },
        Part { title: "flushes", rows: flushes(measured) },
        Part { title: "durable", rows: durable(measured) },
        Part { title: "readers of the store", rows: readers(measured) },
    ]
}

/// Writes the parts of one or several runs as a table, a column a run. What is nothing in each of
/// them is left out.
pub(in crate::report) fn fill(table: &mut Table, runs: &[Vec<Part>]) {
    for (number, part) in runs[0].iter().enumerate() {
        if !part.title.is_empty() {
            table.part(part.title);
        }
        for (place, row) in part.rows.iter().enumerate() {
            let cells: Vec<_> = runs.iter().map(|run| &run[number].rows[place].cell).collect();
            if cells.iter().any(|cell| cell.is_some()) {
                let cells = cells.into_iter().map(|cell| cell.clone().unwrap_or("-".to_owned()));
                table.cells(&row.name, cells.collect());
            }
        }
    }
}

fn metrics(measured: &Measured) -> Vec<Row> {
    let (outcome, clock) = (measured.outcome, measured.clock);
    let (latency, loss) = (&outcome.write_latency, &outcome.at_end);
    let always = |name: &str, cell: String| Row { name: name.to_owned(), cell: Some(cell) };
    vec![
        always("write latency, mean", clock.mean_text(latency.all.sum, latency.all.count)),
        always("write latency, p50", clock.text(latency.p50)),
        always("write latency, p99", clock.text(latency.p99)),
        always("write latency, max", clock.text(latency.all.max)),
        always("lost in a crash at the end, writes", grouped(loss.writes)),
        always("lost in a crash at the end, blocks", grouped(loss.blocks)),
        always("lost in a crash at the end, bytes", bytes(measured.bytes(loss.blocks))),
        always("lost in a crash at the end, oldest", clock.text(loss.max_age)),
        always("cache hit ratio", percent(measured.hits, measured.accesses)),
        always("throughput", per_second(measured, outcome.requests)),
    ]
}

fn writes(measured: &Measured) -> Vec<Row> {
    let outcome = measured.outcome;
    let (writes, stored) = (outcome.writes, outcome.store_writes);
    vec![
        number("acknowledged", writes),
        number("stored", stored),
        row("stored a second", stored > 0, || per_second(measured, stored)),
        number("coalesced", outcome.coalesced),
        row("write reduction", writes != stored, || reduction(outcome)),
        number("calls sent again", outcome.retries),
        number("rejected", outcome.rejected),
        number("dropped", outcome.dropped),
        row("throttled, in all", outcome.throttled > 0, || measured.clock.text(outcome.throttled)),
    ]
}

fn flushes(measured: &Measured) -> Vec<Row> {
    let (outcome, clock) = (measured.outcome, measured.clock);
    let flushes = &outcome.flushes;
    let mut rows = vec![number("flushes", flushes.by_trigger.iter().sum())];
    let triggers = Trigger::ALL.iter().zip(flushes.by_trigger);
    rows.extend(triggers.map(|(trigger, count)| number(&format!("by {}", trigger.name()), count)));
    rows.extend([
        number("blocks taken", flushes.blocks),
        row("the first at", flushes.first.is_some(), || clock.text(flushes.first.unwrap_or(0))),
        number("dirty blocks, peak", outcome.dirty_peak),
        number("dirty blocks, when all was over", outcome.dirty_now),
        number("order inversions", outcome.order_inversions),
        number("states that no writer produced", outcome.non_prefix_batches),
    ]);
    rows
}

fn durable(measured: &Measured) -> Vec<Row> {
    let (outcome, clock) = (measured.outcome, measured.clock);
    let (window, loss) = (&outcome.loss_window, &outcome.over_time);
    let mean = || quotient_text(loss.write_ticks, u128::from(outcome.elapsed));
    let mut rows = lengths(measured, "after the acknowledgement", window);
    rows.extend([
        row("lost in a crash, mean of all moments, writes", loss.write_ticks > 0, mean),
        number("lost in a crash, at most, writes", loss.writes_max),
        row("lost in a crash, oldest", loss.max_age > 0, || clock.text(loss.max_age)),
    ]);
    rows
}

fn readers(measured: &Measured) -> Vec<Row> {
    let seen = measured.outcome.staleness.unwrap_or_default();
    let is_there = measured.outcome.staleness.is_some();
    let mut rows = vec![
        number("reads", seen.reads.count),
        row("stale reads", is_there, || percent(seen.stale, seen.reads.count)),
    ];
    rows.extend(lengths(measured, "age", &seen.reads));
    let of_stale = || measured.clock.mean_text(seen.reads.sum, seen.stale);
    rows.push(row("age, mean of the stale", seen.stale > 0, of_stale));
    rows
}

fn lengths(measured: &Measured, what: &str, lengths: &Summary) -> Vec<Row> {
    let clock = measured.clock;
    let mean = || clock.mean_text(lengths.sum, lengths.count);
    vec![
        row(&format!("{what}, mean"), lengths.sum > 0, mean),
        row(&format!("{what}, max"), lengths.max > 0, || clock.text(lengths.max)),
    ]
}

fn number(name: &str, number: u64) -> Row {
    row(name, number > 0, || grouped(number))
}

fn row(name: &str, is_something: bool, cell: impl FnOnce() -> String) -> Row {
    Row { name: name.to_owned(), cell: is_something.then(cell) }
}

pub(in crate::report) fn per_second(measured: &Measured, things: u64) -> String {
    let ticks = u128::from(measured.outcome.elapsed);
    let rate = quotient_text(u128::from(things) * u128::from(measured.clock.0), ticks);
    format!("{rate} /s")
}

pub(in crate::report) fn bytes(bytes: u64) -> String {
    format!("{} B", grouped(bytes))
}

/// Writes the share of writes that the store was spared.
pub(in crate::report) fn reduction(outcome: &Outcome) -> String {
    let (writes, stored) = (outcome.writes, outcome.store_writes);
    let sign = if stored > writes { "-" } else { "" };
    format!("{sign}{}", percent(writes.abs_diff(stored), writes))
}

fn percent(part: u64, whole: u64) -> String {
    format!("{} %", quotient_text(u128::from(part) * 100, u128::from(whole)))
}
