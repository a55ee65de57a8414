//! One run of a trace on a machine, as often as a command needs it.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use driver::config::Config;
use driver::report::{CrashReport, Moments, Provenance, Report, Run};
use driver::{ReplayOptions, Replayed};

use crate::args::{MachineArgs, ReplayArgs, TraceArgs};
use crate::crash_args::CrashArgs;
use crate::diagnostics::{Diagnostic, Messages};
use crate::input::{self, Choice, Opened, Prepared};
use crate::interrupt;
use crate::moment::Moment;
use crate::report_args::ReportArgs;

/// How many hot lines a page has.
const HOT_LINES: usize = 20;

/// What is run.
pub(super) struct Wanted<'a> {
    /// The name of the command, for who has to ask for it again.
    command: &'static str,
    pub(super) traces: &'a [PathBuf],
    pub(super) trace: &'a TraceArgs,
    pub(super) machine: &'a MachineArgs,
    pub(super) quiet: bool,
    pub(super) options: ReplayOptions,
    provenance: bool,
    pub(super) counts_only: bool,
    /// The crashes that are looked at; none in a plain replay.
    crashes: Option<Crashes<'a>>,
}

/// When crashes are looked at, and how.
#[derive(Clone, Copy)]
struct Crashes<'a> {
    points: Points<'a>,
    check: bool,
}

#[derive(Clone, Copy)]
enum Points<'a> {
    End,
    At(&'a [Moment]),
    Every(u64),
    Samples { samples: u64, seed: u64 },
}

impl<'a> From<&'a ReplayArgs> for Wanted<'a> {
    fn from(args: &'a ReplayArgs) -> Self {
        Self {
            command: "replay",
            traces: &args.traces,
            trace: &args.trace,
            machine: &args.machine,
            quiet: args.quiet,
            options: ReplayOptions {
                classify: args.classify,
                check: args.check,
                coverage: args.coverage,
                top: args.top.map(|most| usize::try_from(most).unwrap_or(usize::MAX)),
                warmup: args.warmup,
                limit: args.limit,
                ..ReplayOptions::default()
            },
            provenance: args.provenance,
            counts_only: args.counts_only,
            crashes: None,
        }
    }
}

impl<'a> From<&'a ReportArgs> for Wanted<'a> {
    fn from(args: &'a ReportArgs) -> Self {
        Self {
            command: "report",
            traces: &args.traces,
            trace: &args.trace,
            machine: &args.machine,
            quiet: args.quiet,
            options: ReplayOptions {
                top: Some(HOT_LINES),
                limit: args.limit,
                ..ReplayOptions::default()
            },
            provenance: false,
            counts_only: false,
            crashes: None,
        }
    }
}

impl<'a> From<&'a CrashArgs> for Wanted<'a> {
    fn from(args: &'a CrashArgs) -> Self {
        let points = match (&args.at[..], args.every, args.samples) {
            ([], None, None) => Points::End,
            ([], None, Some(samples)) => Points::Samples { samples, seed: args.seed.unwrap_or(1) },
            ([], Some(accesses), _) => Points::Every(accesses),
            (at, ..) => Points::At(at),
        };
        Self {
            command: "crash",
            traces: &args.traces,
            trace: &args.trace,
            machine: &args.machine,
            quiet: args.quiet,
            options: ReplayOptions { limit: args.limit, ..ReplayOptions::default() },
            provenance: args.provenance,
            counts_only: false,
            crashes: Some(Crashes { points, check: args.check }),
        }
    }
}

impl<'a> Wanted<'a> {
    /// Returns a run of which everything is counted and checked.
    pub(super) fn to_check(
        traces: &'a [PathBuf],
        trace: &'a TraceArgs,
        machine: &'a MachineArgs,
        quiet: bool,
    ) -> Self {
        let options = ReplayOptions { classify: true, check: true, ..ReplayOptions::default() };
        Self {
            command: "check",
            traces,
            trace,
            machine,
            quiet,
            options,
            provenance: false,
            counts_only: false,
            crashes: None,
        }
    }
}

impl<'a> Wanted<'a> {
    /// Returns a run of which nothing but its report is wanted.
    pub(super) fn of_cell(
        traces: &'a [PathBuf],
        trace: &'a TraceArgs,
        machine: &'a MachineArgs,
    ) -> Self {
        Self {
            command: "replay",
            traces,
            trace,
            machine,
            quiet: true,
            options: ReplayOptions::default(),
            provenance: false,
            counts_only: false,
            crashes: None,
        }
    }
}

impl Wanted<'_> {
    /// Opens the trace and builds the machine that was asked for.
    pub(super) fn prepare(
        &self,
        machine: &MachineArgs,
        protocol: Option<&Choice>,
        messages: Messages,
    ) -> Result<Prepared, Diagnostic> {
        let prepared = input::prepare(self.traces, self.trace, machine, protocol, messages)?;
        if self.options.warmup > 0 && prepared.config().durability.is_some() {
            let title = "what becomes durable is measured from the first access on";
            return Err(Diagnostic::input("E0402", title)
                .on(format!("--warmup {}", self.options.warmup), "expected no warm-up")
                .help("leave `--warmup` out, or the config's `durability`"));
        }
        Ok(prepared)
    }

    /// Tells whether crashes are looked at.
    pub(super) const fn looks_at_crashes(&self) -> bool {
        self.crashes.is_some()
    }

    /// Refuses a machine that does not say how writes become durable, which `what` needs.
    pub(super) fn need_durability(
        &self,
        prepared: &Prepared,
        what: &str,
    ) -> Result<(), Diagnostic> {
        if prepared.config().durability.is_some() {
            return Ok(());
        }
        let title = format!("{what} needs to know how writes become durable");
        let label = "expected a config with a section `durability`";
        let error = Diagnostic::input("E0401", title);
        let error = match &self.machine.config {
            Some(config) => error.on(format!("-c {}", config.display()), label),
            None => error.on(self.traces[0].display().to_string(), label),
        };
        Err(error.help(
            "name a preset, such as `-c configs/presets/cpu.ron`, or set a key of it, such as \
             `--set durability.flush.every=5s`",
        ))
    }

    /// Refuses what can be read only once, where `what` reads it again.
    pub(super) fn refuse_read_once(
        &self,
        code: &'static str,
        what: &str,
        flags: &str,
    ) -> Result<(), Diagnostic> {
        let paths = self.traces.iter().chain(&self.machine.config).map(AsRef::as_ref);
        let Some(path) = paths.into_iter().find(|path: &&Path| input::is_read_once(path)) else {
            return Ok(());
        };
        let shown = path.display().to_string();
        let space = if flags.is_empty() { "" } else { " " };
        Err(Diagnostic::input(code, what)
            .on(shown, "this can be read only once")
            .help(format!("write it to a file first: `mesim {} FILE{space}{flags}`", self.command)))
    }

    /// Refuses what can be read only once, where the moments of crashes need the length of the run.
    pub(super) fn refuse_unknown_length(&self) -> Result<(), Diagnostic> {
        let Some(Crashes { points, .. }) = self.crashes else { return Ok(()) };
        match points {
            Points::At(_) | Points::Every(_) => Ok(()),
            Points::End | Points::Samples { .. } => {
                let what = "how long the run takes is found out by a first replay";
                self.refuse_read_once("E0403", what, "").map_err(|error| {
                    let flags = "`--at TIME` and `--every N` replay once";
                    let help = error.help.clone().unwrap_or_default();
                    error.help(format!("{help}; {flags}"))
                })
            }
        }
    }

    /// Runs once, or, where the moments of crashes need the length of the run, twice; `again`
    /// opens the trace anew. Returns the accesses of all replays too.
    pub(super) fn run(
        &self,
        prepared: Prepared,
        again: &dyn Fn() -> Result<Prepared, Diagnostic>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(Run, u64), Diagnostic> {
        let Some(Crashes { points, check }) = self.crashes else {
            let report = self.report(prepared, progress)?;
            let accesses = report.replayed.accesses;
            return Ok((Run::Replay(Box::new(report)), accesses));
        };
        let moments = moments(points, prepared.config().clock_hz);
        let (mut elapsed, mut before, mut prepared) = (0, 0, prepared);
        if moments.need_the_length() {
            let first = self.report(prepared, progress)?;
            elapsed = first.replayed.outcome.map_or(0, |outcome| outcome.elapsed);
            before = first.replayed.accesses;
            prepared = again()?;
        }
        let crashes = moments.plan(elapsed, check);
        let options = ReplayOptions { crashes, ..self.options.clone() };
        let mut go_on = |accesses| progress(before + accesses);
        let report = self.replay(prepared.start()?, &options, &mut go_on)?;
        if report.replayed.crashes.is_empty() {
            let length = report.length().unwrap_or_default();
            let title = format!("the run ends after {length}, before any of these crashes");
            return Err(Diagnostic::input("E0313", title)
                .on(asked(points), "expected an earlier one")
                .help("without `--at` and `--every` the crash is at the end of the run"));
        }
        let accesses = before + report.replayed.accesses;
        let crashes = CrashReport { report, moments, checked: check };
        Ok((Run::Crash(Box::new(crashes)), accesses))
    }

    /// Replays a trace once, without crashes.
    pub(super) fn report(
        &self,
        prepared: Prepared,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Report, Diagnostic> {
        self.replay(prepared.start()?, &self.options, progress)
    }

    /// Replays a trace on a machine; `progress` is told the accesses so far now and then.
    pub(super) fn replay(
        &self,
        opened: Opened,
        options: &ReplayOptions,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Report, Diagnostic> {
        let mut go_on = |accesses| {
            progress(accesses);
            if interrupt::asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let Opened { config, streams, interleave, provenance, .. } = opened;
        let replayed = driver::replay(&config, streams, interleave, options, &mut go_on)?;
        self.finish(replayed, &config, provenance)
    }

    /// Makes the report of what was counted.
    pub(super) fn finish(
        &self,
        replayed: Replayed,
        config: &Config,
        provenance: Provenance,
    ) -> Result<Report, Diagnostic> {
        let (warmup, limit) = (self.options.warmup, self.options.limit);
        if replayed.accesses == 0 && warmup > 0 {
            let title = format!("the warm-up of {warmup} accesses is all of the trace");
            return Err(Diagnostic::input("E0313", title)
                .on(format!("--warmup {warmup}"), "expected fewer accesses than there are")
                .help("warm up with fewer accesses, or raise `--limit` where it is given"));
        }
        let mut report = Report::new(replayed, config, provenance);
        report.provenance.in_json = self.provenance;
        report.warmup = warmup;
        report.limit = limit;
        report.counts_only = self.counts_only;
        Ok(report)
    }
}

fn moments(points: Points, clock_hz: u64) -> Moments {
    match points {
        Points::End => Moments::End,
        Points::At(at) => Moments::At(at.iter().map(|moment| moment.ticks(clock_hz)).collect()),
        Points::Every(accesses) => Moments::Every(accesses),
        Points::Samples { samples, seed } => Moments::Samples { samples, seed },
    }
}

/// Returns the flag that asked for crashes.
fn asked(points: Points) -> String {
    match points {
        Points::End => "crash".to_owned(),
        Points::At(_) => "--at".to_owned(),
        Points::Every(accesses) => format!("--every {accesses}"),
        Points::Samples { samples, .. } => format!("--samples {samples}"),
    }
}

/// Warns of what a crash would have lost where nothing stands by: of the run that lost most.
pub(super) fn warn_of_loss<'a>(reports: impl IntoIterator<Item = &'a Report>, messages: Messages) {
    let exposures = reports.into_iter().filter_map(Report::exposure);
    let Some(exposure) = exposures.max_by_key(|exposure| exposure.writes) else { return };
    let plural = if exposure.writes == 1 { "" } else { "s" };
    let (writes, age) = (driver::report::grouped(exposure.writes), exposure.age);
    let title =
        format!("unlogged, unreplicated: a crash loses up to {writes} write{plural} ({age} old)");
    let cure = if exposure.on_a_bus {
        "what is cleaned and fenced survives with `--set durability.persist_domain=Adr`, and \
         everything with `=Eadr`"
    } else {
        "`--set durability.log.sync=Always` loses none that was acknowledged"
    };
    messages.show(&Diagnostic::warning("W0401", title).help(cure));
}
