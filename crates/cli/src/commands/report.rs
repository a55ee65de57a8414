//! `mesim report`: a page that shows the steps of a trace, or how a long one goes over time.

use std::ops::ControlFlow;

use coherence::MachineSpec;
use driver::observe::Step;
use driver::report::grouped;
use driver::steps::StepRecord;

use super::hot_lines::Known;
use super::outputs::Outputs;
use super::run::Wanted;
use super::stepping;
use crate::args::TraceArgs;
use crate::diagnostics::{Diagnostic, Messages};
use crate::input::Opened;
use crate::interrupt;
use crate::progress::Progress;
use crate::report_args::ReportArgs;
use crate::report_page::{self, Page};

/// The most steps that a page has; a longer trace has none.
const STEPS_MAX: usize = 100_000;

pub(super) fn run(args: &ReportArgs, messages: Messages) -> Result<(), Diagnostic> {
    let trace = TraceArgs { pcs: true, ..args.trace.clone() };
    let mut wanted = Wanted::from(args);
    wanted.trace = &trace;
    let prepared = wanted.prepare(wanted.machine, None, messages)?;
    prepared.warn(messages);
    stepping::refuse_durability(prepared.config(), &wanted)?;
    let outputs = Outputs::begin(&[("-o", Some(&args.output))])?;
    let known = Known::of(&prepared);
    let bar = Progress::start(args.quiet || messages.are_for_programs());
    let opened = prepared.start()?;
    let header = stepping::header(&opened);
    let Opened { config, streams, interleave, provenance, names } = opened;
    let (mut steps, mut is_long) = (Vec::new(), false);
    let mut show = |machine: &MachineSpec, step: Step| {
        is_long = steps.len() == STEPS_MAX;
        if is_long {
            return ControlFlow::Break(());
        }
        steps.push(StepRecord::new(machine, &names, &step).json());
        ControlFlow::Continue(())
    };
    let mut go_on = |accesses| {
        bar.at(accesses);
        if interrupt::asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let (replayed, windows) = driver::replay_windows(
        &config,
        streams,
        interleave,
        &wanted.options,
        &mut go_on,
        &mut show,
    )?;
    bar.finish(replayed.accesses);
    if is_long {
        steps = Vec::new();
    }
    let mut report = wanted.finish(replayed, &config, provenance)?;
    known.name(&mut report, &wanted, messages);
    let page = Page {
        title: header.title.as_deref(),
        header: &header.json(),
        steps: &steps,
        data: &driver::page_json(&report, &names, &windows),
    };
    let place = args.output.display();
    outputs.write(&[&|| report_page::html(&page)], || match steps.len() {
        _ if is_long => {
            format!("page       {place}, with plots; `--limit {STEPS_MAX}` shows the first steps\n")
        }
        1 => format!("page       {place}, with 1 step\n"),
        count => format!("page       {place}, with {} steps\n", grouped(count as u64)),
    })
}
