//! `mesim replay`: the main job.

use driver::report::Run;

use super::hot_lines::{self, Known};
use super::outputs::Outputs;
use super::run::{Wanted, warn_of_loss};
use super::{compare, interleavings, jobs, stepping, twins, vary};
use crate::args::{ReplayArgs, TraceArgs};
use crate::diagnostics::{Diagnostic, Messages};
use crate::progress::Progress;

pub(super) fn run(args: &ReplayArgs, messages: Messages) -> Result<(), Diagnostic> {
    let trace = TraceArgs { pcs: args.top.is_some(), ..args.trace.clone() };
    let mut wanted = Wanted::from(args);
    wanted.trace = &trace;
    let json = args.json.as_deref();
    if let Some(orders) = args.machine.interleave.as_ref().filter(|all| all.alone().is_none()) {
        interleavings::refuse_what_is_of_one(args, orders)?;
        return interleavings::run(&wanted, orders, json, messages);
    }
    hot_lines::refuse_several_runs(args)?;
    match (&args.compare, &args.vary.vary[..]) {
        (Some(list), _) if twins::is_asked_for(list) => {
            return twins::run(&wanted, json, messages);
        }
        (Some(protocols), _) => return compare::run(&wanted, protocols, json, messages),
        (None, [_, ..]) => return vary::run(&wanted, &args.vary, json, messages),
        (None, []) => {}
    }
    let prepared = wanted.prepare(wanted.machine, None, messages)?;
    prepared.warn(messages);
    let wanted_outputs = [("--json", json), ("--events", args.events.as_deref())];
    let mut outputs = Outputs::begin(&wanted_outputs)?;
    let known = Known::of(&prepared);
    let bar = Progress::start(args.quiet || messages.are_for_programs());
    if args.jobs > 1 {
        if let Some(events) = &args.events {
            return Err(stepping::refuse_jobs(events, args.jobs));
        }
        let mut at = |accesses| bar.at(accesses);
        let report = jobs::replay(&wanted, prepared.start()?, args.jobs, &mut at)?;
        bar.finish(report.replayed.accesses);
        return outputs.write(&[&|| report.json()], || report.text());
    }
    if let Some(events) = outputs.stream(1)? {
        stepping::refuse_durability(prepared.config(), &wanted)?;
        let (report, events) =
            stepping::report(&wanted, prepared.start()?, events, &mut |accesses| bar.at(accesses))?;
        bar.finish(report.replayed.accesses);
        events.publish()?;
        return outputs.write(&[&|| report.json()], || report.text());
    }
    let again = || wanted.prepare(wanted.machine, None, messages);
    let (run, accesses) = wanted.run(prepared, &again, &mut |accesses| bar.at(accesses))?;
    bar.finish(accesses);
    let Run::Replay(mut report) = run else { unreachable!("no crashes were asked for") };
    warn_of_loss([&*report], messages);
    known.name(&mut report, &wanted, messages);
    outputs.write(&[&|| report.json()], || report.text())
}
