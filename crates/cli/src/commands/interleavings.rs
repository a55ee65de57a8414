//! `mesim replay --interleave` with several orders: one run an order, and how far counters go.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use driver::Orders;
use driver::report::{Interleavings, Report};

use super::at_once;
use super::outputs::Outputs;
use super::run::{Wanted, warn_of_loss};
use crate::args::{MachineArgs, ReplayArgs};
use crate::diagnostics::{Diagnostic, Messages, Severity};
use crate::progress::Progress;

/// Refuses what is told of one run alone.
pub(super) fn refuse_what_is_of_one(args: &ReplayArgs, orders: &Orders) -> Result<(), Diagnostic> {
    let value = |flag: &str, value: &dyn std::fmt::Display| Some(format!("{flag} {value}"));
    let (vary, events) = (args.vary.vary.first(), args.events.as_ref());
    let several_more = (args.compare.as_ref().and_then(|list| value("--compare", list)))
        .or(vary.and_then(|vary| value("--vary", vary)));
    let other = several_more
        .or(events.and_then(|path| value("--events", &path.display())))
        .or((args.jobs > 1).then(|| format!("--jobs {}", args.jobs)))
        .or(args.top.and_then(|most| value("--top", &most)))
        .or(args.coverage.then(|| "--coverage".to_owned()));
    let Some(other) = other else { return Ok(()) };
    let first = orders.list()[0];
    Err(Diagnostic::input("E0328", "several orders are compared by their counters alone")
        .on(other, "expected one order beside this")
        .help(format!("name one order, such as `--interleave {first}`, or leave this out")))
}

pub(super) fn run(
    wanted: &Wanted,
    orders: &Orders,
    json: Option<&Path>,
    messages: Messages,
) -> Result<(), Diagnostic> {
    let what = "each order reads its input from the beginning";
    wanted.refuse_read_once("E0328", what, &format!("--interleave {orders}"))?;
    let numbered: Vec<_> = orders.list().iter().copied().enumerate().collect();
    let machine = |order: driver::Interleave| MachineArgs {
        interleave: Some(order.into()),
        ..wanted.machine.clone()
    };
    wanted.prepare(&machine(numbered[0].1), None, messages)?.warn(messages);
    let outputs = Outputs::begin(&[("--json", json)])?;
    let bar = Progress::start(wanted.quiet || messages.are_for_programs());
    let (done, silent) = (AtomicU64::new(0), messages.muted());
    let reports: Mutex<Vec<(usize, Report)>> = Mutex::new(Vec::new());
    let threads = at_once::threads_here();
    at_once::run(
        &numbered,
        threads,
        |_| 1,
        |(number, order), _| {
            let mut before = 0;
            let mut progress = |here: u64| {
                let more = here.saturating_sub(before);
                before = here;
                bar.at(done.fetch_add(more, Ordering::Relaxed) + more);
            };
            let prepared = wanted.prepare(&machine(*order), None, silent);
            let report = prepared.and_then(|prepared| wanted.report(prepared, &mut progress));
            let report = report.map_err(|error| match error.severity {
                Severity::Internal => error.under(&order.to_string()),
                Severity::Input | Severity::Failed | Severity::Warning => error,
            })?;
            reports.lock().unwrap_or_else(PoisonError::into_inner).push((*number, report));
            Ok(())
        },
    )?;
    let mut reports = reports.into_inner().unwrap_or_else(PoisonError::into_inner);
    reports.sort_by_key(|(number, _)| *number);
    let reports: Vec<Report> = reports.into_iter().map(|(_, report)| report).collect();
    bar.finish(reports.iter().map(|report| report.replayed.accesses).sum());
    warn_of_loss(&reports, messages);
    let interleavings = Interleavings::new(reports);
    outputs.write(&[&|| interleavings.json()], || interleavings.text())
}
