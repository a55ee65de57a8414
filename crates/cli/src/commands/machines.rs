//! `replay --vary` of what is no matter of durability: one trace, decoded once, several machines
//! side by side.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Mutex;

use driver::config::Config;
use driver::report::{Machines, Report};
use driver::{Interleave, Streams};

use super::outputs::Outputs;
use super::run::Wanted;
use super::vary::Point;
use crate::crash_args::VaryArgs;
use crate::diagnostics::{Diagnostic, Messages};
use crate::fan_out::{Lent, fan_out};
use crate::input::{self, Opened, Prepared};
use crate::interrupt;
use crate::progress::Progress;

/// Replays a trace, opened for the first of the machines, on all of them.
pub(super) fn run(
    wanted: &Wanted,
    keys: &[String],
    points: &[Point],
    first: Prepared,
    args: &VaryArgs,
    json: Option<&Path>,
    messages: Messages,
) -> Result<(), Diagnostic> {
    if args.svg.is_some() {
        return Err(Diagnostic::input("E0317", "a plot shows what a crash loses")
            .on("--svg", "expected a config that says how writes become durable")
            .help("`--csv` and `--json` have the counters"));
    }
    first.warn(messages);
    let outputs = Outputs::begin(&[("--json", json), ("--csv", args.csv.as_deref())])?;
    let bar = Progress::start(wanted.quiet || messages.are_for_programs());
    let reports = replay_all(wanted, points, first, &bar, messages);
    let reports = reports.map_err(|(point, error)| match point {
        Some(point) => error.under(&named(keys, &points[point].values)),
        None => error,
    })?;
    bar.finish(reports.iter().map(|report| report.replayed.accesses).sum());
    let values = points.iter().map(|point| point.values.clone());
    let machines = Machines::new(keys.to_vec(), values.zip(reports).collect());
    outputs.write(&[&|| machines.json(), &|| machines.csv()], || machines.text())
}

/// Names a combination as the flags would set it.
fn named(keys: &[String], values: &[String]) -> String {
    let pairs = keys.iter().zip(values).map(|(key, value)| format!("{key}={value}"));
    pairs.collect::<Vec<_>>().join(" ")
}

/// An error, and the machine on which it happened if it is of one.
type Failure = (Option<usize>, Diagnostic);

fn replay_all(
    wanted: &Wanted,
    points: &[Point],
    mut first: Prepared,
    bar: &Progress,
    messages: Messages,
) -> Result<Vec<Report>, Failure> {
    // All machines are checked before any of them runs.
    let mut configs = vec![Some(first.config().clone())];
    let mut warned = first.config().warnings.clone();
    for (number, point) in points.iter().enumerate().skip(1) {
        let (traces, trace) = (wanted.traces, wanted.trace);
        let config = input::config_beside(&mut first, traces, trace, &point.machine, messages);
        let config = config.map_err(|error| (Some(number), error))?;
        for warning in config.iter().flat_map(|config| &config.warnings) {
            if !warned.contains(warning) {
                messages.show(&warning.into());
                warned.push(warning.clone());
            }
        }
        configs.push(config);
    }
    let is_timeless = |config: &&Config| config.durability.is_none();
    let alike: Option<Vec<Config>> = configs.into_iter().collect();
    match alike.filter(|all| first.is_in_order() && all.iter().all(|c| is_timeless(&c))) {
        Some(configs) => side_by_side(wanted, &configs, first, bar),
        None => one_by_one(wanted, points, first, bar, messages),
    }
}

/// Decodes the trace once for all machines.
fn side_by_side(
    wanted: &Wanted,
    configs: &[Config],
    first: Prepared,
    bar: &Progress,
) -> Result<Vec<Report>, Failure> {
    let Opened { streams, provenance, .. } = first.start().map_err(|error| (None, error))?;
    let Streams::Ordered(source) = streams else { unreachable!("the trace is in its own order") };
    let done = Mutex::new(vec![0; configs.len()]);
    let fanned = fan_out(source, configs.len(), |number, lent: Lent| {
        let mut go_on = |accesses| {
            if let Ok(mut done) = done.lock() {
                done[number] = accesses;
                bar.at(done.iter().sum());
            }
            if interrupt::asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let (config, streams) = (&configs[number], Streams::Ordered(Box::new(lent)));
        let order = Interleave::Recorded;
        driver::replay(config, streams, order, &wanted.options, &mut go_on)
    });
    let all = fanned.map_err(|error| (None, error))?.done()?;
    let numbered = configs.iter().zip(all).enumerate();
    let report = |(number, (config, replayed))| {
        let report = wanted.finish(replayed, config, provenance.clone());
        report.map_err(|error| (Some(number), error))
    };
    numbered.map(report).collect()
}

/// Reads the trace once for each machine: they read it differently, or its order is their own.
fn one_by_one(
    wanted: &Wanted,
    points: &[Point],
    first: Prepared,
    bar: &Progress,
    messages: Messages,
) -> Result<Vec<Report>, Failure> {
    let what = "these machines each read the trace by themselves";
    wanted.refuse_read_once("E0317", what, "--vary ..").map_err(|error| (None, error))?;
    let (mut first, mut reports, mut before) = (Some(first), Vec::new(), 0);
    for (number, point) in points.iter().enumerate() {
        let prepared = match first.take() {
            Some(first) => Ok(first),
            None => wanted.prepare(&point.machine, None, messages),
        };
        let report = prepared.and_then(|p| wanted.report(p, &mut |here| bar.at(before + here)));
        let report = report.map_err(|error| (Some(number), error))?;
        before += report.replayed.accesses;
        reports.push(report);
    }
    Ok(reports)
}
