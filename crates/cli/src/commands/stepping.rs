//! A replay whose steps are written as it goes.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::path::Path;

use coherence::MachineSpec;
use driver::ReplayError;
use driver::config::Config;
use driver::observe::Step;
use driver::report::Report;
use driver::steps::{StepRecord, StepsHeader};

use super::outputs::Stream;
use super::run::Wanted;
use crate::diagnostics::Diagnostic;
use crate::input::Opened;
use crate::interrupt;

/// Replays a trace and writes its steps, a record a line behind the line that says what they are
/// steps of; returns the report, and the lines to be published.
pub(super) fn report(
    wanted: &Wanted,
    opened: Opened,
    mut events: Stream,
    progress: &mut dyn FnMut(u64),
) -> Result<(Report, Stream), Diagnostic> {
    let header = header(&opened);
    let Opened { config, streams, interleave, provenance, names } = opened;
    events.line(&header.json())?;
    let mut show = |machine: &MachineSpec, step: &Step| {
        events.line(&StepRecord::new(machine, &names, step).json())
    };
    let options = &wanted.options;
    let replayed = watched(progress, &mut show, |progress, show| {
        driver::replay_steps(&config, streams, interleave, options, progress, show)
    })?;
    Ok((wanted.finish(replayed, &config, provenance)?, events))
}

/// Returns the line that says what the steps are steps of.
pub(super) fn header(opened: &Opened) -> StepsHeader {
    let title = opened.provenance.title.clone();
    StepsHeader::new(&opened.config.machine, opened.cores(), title)
}

/// Replays a trace that `run` replays, and shows each step, until one cannot be shown.
pub(super) fn watched<T>(
    progress: &mut dyn FnMut(u64),
    show: &mut dyn FnMut(&MachineSpec, &Step) -> Result<(), Diagnostic>,
    run: impl FnOnce(GoOn, Show) -> Result<T, ReplayError>,
) -> Result<T, Diagnostic> {
    let failed = RefCell::new(None);
    let mut show = |machine: &MachineSpec, step: &Step| {
        let mut failed = failed.borrow_mut();
        if failed.is_none() {
            *failed = show(machine, step).err();
        }
    };
    let mut go_on = |accesses| {
        progress(accesses);
        let stop = interrupt::asked() || failed.borrow().is_some();
        if stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let done = run(&mut go_on, &mut show);
    match failed.into_inner() {
        Some(error) => Err(error),
        None => Ok(done?),
    }
}

/// What is told the accesses so far now and then, and can stop a replay.
type GoOn<'a> = &'a mut dyn FnMut(u64) -> ControlFlow<()>;

/// What is told of each step.
type Show<'a> = &'a mut dyn FnMut(&MachineSpec, &Step);

/// Refuses the steps of a machine that says how writes become durable.
pub(super) fn refuse_durability(config: &Config, wanted: &Wanted) -> Result<(), Diagnostic> {
    refuse_durable(config, wanted.machine.config.as_deref().unwrap_or(&wanted.traces[0]))
}

/// Refuses the steps of a config that says how writes become durable, at a place.
pub(super) fn refuse_durable(config: &Config, place: &Path) -> Result<(), Diagnostic> {
    if config.durability.is_none() {
        return Ok(());
    }
    let label = "expected a config without a section `durability`";
    Err(Diagnostic::input("E0402", "steps do not show what becomes durable, and when")
        .on(place.display().to_string(), label)
        .help("`mesim replay` counts flushes, and `mesim crash` shows what is lost"))
}

/// The diagnostic of steps that are asked of a replay in parts.
pub(super) fn refuse_jobs(events: &Path, jobs: u32) -> Diagnostic {
    Diagnostic::input("E0319", "this replay cannot be split exactly")
        .on(
            format!("--events {} --jobs {jobs}", events.display()),
            "steps are in one order, that of all accesses",
        )
        .help("leave `--jobs` out, or `--events`")
}
