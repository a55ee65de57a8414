//! Crashes for people: one with the blocks that it loses, several as a distribution.

use std::fmt::Write;

use durability::Crash;

use super::{CrashReport, Moments, Spread};
use crate::report::durability::Measured;
use crate::report::durability::rows::bytes;
use crate::report::table::{Table, grouped};
use crate::report::text;
use crate::report::time::quotient_text;

/// The most blocks, or moments, that are listed.
const LISTED_MAX: usize = 20;

pub(super) fn render(crashes: &CrashReport) -> String {
    let mut out = String::new();
    let report = &crashes.report;
    let protocol = report.replayed.machine.protocol.name();
    text::header(report, protocol, report.replayed.checked_loads, &mut out);
    text::line("crash", &asked(crashes), &mut out);
    if crashes.checked {
        let all = grouped(crashes.crashes().len() as u64);
        let plural = if crashes.crashes().len() == 1 { "crash" } else { "crashes" };
        let what = format!("{all} {plural}, lost = ledger minus survivors in each");
        text::line("checked", &what, &mut out);
    }
    out.push('\n');
    let measured = crashes.measured();
    match crashes.crashes() {
        [crash] => {
            single(&measured, crash, &mut out);
            lost_blocks(&measured, crash, &mut out);
        }
        all => {
            spreads(crashes, &mut out);
            if matches!(crashes.moments, Moments::At(_)) {
                moments(&measured, all, &mut out);
            }
            worst(&measured, crashes.worst(), &mut out);
        }
    }
    out.pop();
    out
}

/// Returns which moments were looked at.
fn asked(crashes: &CrashReport) -> String {
    let clock = crashes.measured().clock;
    let found = crashes.crashes().len();
    let number = grouped(found as u64);
    match &crashes.moments {
        Moments::End => "at the end of the run".to_owned(),
        Moments::At(at) if at.len() == 1 => format!("at {}", clock.text(at[0])),
        Moments::At(at) if at.len() == found => format!("at {number} moments"),
        Moments::At(at) => {
            let all = grouped(at.len() as u64);
            format!("at {number} of {all} moments: the run ended before the others")
        }
        Moments::Every(1) => format!("after every access: {number} moments"),
        Moments::Every(accesses) => {
            format!("after every {} accesses: {number} moments", grouped(*accesses))
        }
        Moments::Samples { seed, .. } => {
            format!("at {number} moments drawn from the whole run, seed {seed}")
        }
    }
}

fn single(measured: &Measured, crash: &Crash, out: &mut String) {
    let clock = measured.clock;
    let title = format!("crash at {}", clock.text(crash.at));
    let mut table = Table::new(&title, [String::new()]);
    table.cells("accesses before", vec![grouped(crash.accesses)]);
    table.cells("lost writes", vec![grouped(crash.loss.writes)]);
    table.cells("lost blocks", vec![grouped(crash.loss.blocks)]);
    table.cells("lost bytes", vec![bytes(measured.bytes(crash.loss.blocks))]);
    table.cells("oldest lost write", vec![clock.text(crash.loss.max_age)]);
    table.cells("in doubt", vec![grouped(crash.in_doubt)]);
    table.cells("dirty blocks", vec![grouped(crash.dirty)]);
    table.render(out);
}

/// Lists the blocks of one crash, the oldest loss first.
fn lost_blocks(measured: &Measured, crash: &Crash, out: &mut String) {
    let mut table = Table::new("block", ["lost writes", "oldest"].map(str::to_owned));
    for lost in crash.lost.iter().take(LISTED_MAX) {
        let oldest = measured.clock.text(lost.max_age);
        table.cells(&measured.address(lost.block), vec![grouped(lost.writes), oldest]);
    }
    table.render(out);
    more(crash.lost.len(), out);
}

fn spreads(crashes: &CrashReport, out: &mut String) {
    let measured = crashes.measured();
    let clock = measured.clock;
    let columns = ["mean", "min", "p50", "p99", "max"].map(str::to_owned);
    let mut table = Table::new("a crash loses", columns);
    let numbers = |table: &mut Table, name: &str, spread: &Spread| {
        let mean = quotient_text(spread.sum, u128::from(spread.count));
        let others = [spread.min, spread.p50, spread.p99, spread.max].map(grouped);
        table.cells(name, [vec![mean], others.to_vec()].concat());
    };
    numbers(&mut table, "writes", &crashes.spread(|crash| crash.loss.writes));
    numbers(&mut table, "blocks", &crashes.spread(|crash| crash.loss.blocks));
    numbers(&mut table, "bytes", &crashes.spread(|crash| measured.bytes(crash.loss.blocks)));
    let ages = crashes.spread(|crash| crash.loss.max_age);
    let others = [ages.min, ages.p50, ages.p99, ages.max].map(|age| clock.text(age));
    table.cells(
        "oldest write",
        [vec![clock.mean_text(ages.sum, ages.count)], others.to_vec()].concat(),
    );
    table.part("and meets");
    numbers(&mut table, "in doubt", &crashes.spread(|crash| crash.in_doubt));
    numbers(&mut table, "dirty blocks", &crashes.spread(|crash| crash.dirty));
    table.render(out);
}

/// Lists several crashes, each in a row.
fn moments(measured: &Measured, crashes: &[Crash], out: &mut String) {
    let clock = measured.clock;
    let columns = ["accesses", "writes", "blocks", "oldest", "in doubt", "dirty"];
    let mut table = Table::new("crash at", columns.map(str::to_owned));
    for crash in crashes.iter().take(LISTED_MAX) {
        let cells = vec![
            grouped(crash.accesses),
            grouped(crash.loss.writes),
            grouped(crash.loss.blocks),
            clock.text(crash.loss.max_age),
            grouped(crash.in_doubt),
            grouped(crash.dirty),
        ];
        table.cells(&clock.text(crash.at), cells);
    }
    table.render(out);
    more(crashes.len(), out);
}

/// Says under a table how many rows it lacks.
fn more(rows: usize, out: &mut String) {
    if rows > LISTED_MAX {
        out.pop();
        let _ = writeln!(out, "  and {} more\n", grouped((rows - LISTED_MAX) as u64));
    }
}

fn worst(measured: &Measured, crash: &Crash, out: &mut String) {
    let title = format!("worst, at {}", measured.clock.text(crash.at));
    let mut table = Table::new(&title, [String::new()]);
    table.cells("accesses before", vec![grouped(crash.accesses)]);
    table.cells("lost writes", vec![grouped(crash.loss.writes)]);
    table.cells("lost blocks", vec![grouped(crash.loss.blocks)]);
    table.cells("oldest lost write", vec![measured.clock.text(crash.loss.max_age)]);
    table.render(out);
}
