//! `mesim report`: a page that shows the steps of a trace, or how a long one goes over time.

use std::ops::ControlFlow;

use coherence::{CORES_MAX, MachineSpec};
use driver::observe::Step;
use driver::report::grouped;
use driver::steps::{Around, Excerpt, StepRecord};
use driver::timeline::Condition;

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
    let condition = args.around.as_deref().map(|text| condition(text, &opened)).transpose()?;
    let Opened { config, streams, interleave, provenance, names } = opened;
    let (mut steps, mut is_long) = (Vec::new(), false);
    let mut around = condition.map(|condition| Around::new(condition, &names, STEPS_MAX));
    let mut show = |machine: &MachineSpec, step: Step| {
        if let Some(around) = &mut around {
            return around.take(machine, step);
        }
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
    let excerpt = around.map(Around::finish);
    let around = args.around.as_deref().map(str::trim).zip(excerpt.as_ref());
    if let Some((condition, excerpt)) = around.filter(|(_, excerpt)| excerpt.hits.is_empty()) {
        return Err(never_met(condition, excerpt));
    }
    let mut report = wanted.finish(replayed, &config, provenance)?;
    known.name(&mut report, &wanted, messages);
    let page = Page {
        title: header.title.as_deref(),
        header: &header.json(),
        steps: excerpt.as_ref().map_or(&steps, |excerpt| &excerpt.steps),
        data: &driver::page_json(&report, &names, &windows, around),
    };
    let place = args.output.display();
    outputs.write(&[&|| report_page::html(&page)], || {
        let holds = match around {
            Some((condition, excerpt)) => round(condition, excerpt),
            None if is_long => format!(
                "plots; `--limit {STEPS_MAX}` shows the first steps, `--around bus=BusRdX` those \
                 round an event"
            ),
            None => amount(steps.len() as u64, "step", "steps"),
        };
        format!("page       {place}, with {holds}\n")
    })
}

/// Reads what steps are looked for by, before it is known how many cores will come up.
fn condition(text: &str, opened: &Opened) -> Result<Condition, Diagnostic> {
    let cores = opened.cores().unwrap_or(CORES_MAX);
    let machine = MachineSpec { cores, ..opened.config.machine.clone() };
    Condition::read(text, &machine, &opened.names).map_err(|error| {
        Diagnostic::input("E0312", "the condition cannot be read")
            .on(format!("--around {text}"), error.to_string())
            .help(
                "a condition is a line, a transaction, a core or a change of state, such as \
                   `--around bus=BusRdX`",
            )
    })
}

/// The diagnostic of a condition that no step meets.
fn never_met(condition: &str, excerpt: &Excerpt) -> Diagnostic {
    let help = match &excerpt.example {
        Some(example) => format!("some steps meet `--around '{example}'`"),
        None => "without `--around` the page has plots".to_owned(),
    };
    Diagnostic::input("E0313", "no step of the trace meets the condition")
        .on(format!("--around {condition}"), "expected one that some step meets")
        .help(help)
}

/// Says which steps there are round those that meet a condition.
fn round(condition: &str, excerpt: &Excerpt) -> String {
    let Excerpt { steps, hits, is_full, .. } = excerpt;
    let count = amount(steps.len() as u64, "step", "steps");
    let meet = if hits.len() == 1 { "meets" } else { "meet" };
    let first = if *is_full { "the first " } else { "" };
    let hits = grouped(hits.len() as u64);
    format!("{count}, round {first}{hits} that {meet} {condition}")
}

/// Writes a number of things.
fn amount(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}
