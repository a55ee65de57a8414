//! `mesim replay`: the main job.

use std::ops::ControlFlow;

use driver::ReplayOptions;
use driver::report::Report;

use super::compare;
use crate::args::ReplayArgs;
use crate::diagnostics::{Diagnostic, Messages};
use crate::input::{self, Opened};
use crate::output::Draft;
use crate::progress::Progress;
use crate::{interrupt, output};

pub(super) fn run(args: &ReplayArgs, messages: Messages) -> Result<(), Diagnostic> {
    if let Some(protocols) = &args.compare {
        return compare::run(args, protocols, messages);
    }
    let opened = input::open(&args.traces, &args.trace, &args.machine, messages)?;
    let output = Output::begin(args)?;
    let bar = Progress::start(args.quiet || messages.are_for_programs());
    let report = replay(args, opened, &mut |accesses| bar.at(accesses))?;
    bar.finish(report.replayed.accesses);
    output.write(|| report.json(), || report.text())
}

/// Replays a trace on a machine; `progress` is told the accesses so far now and then.
pub(super) fn replay(
    args: &ReplayArgs,
    opened: Opened,
    progress: &mut dyn FnMut(u64),
) -> Result<Report, Diagnostic> {
    let options = ReplayOptions {
        classify: args.classify,
        check: args.check,
        coverage: args.coverage,
        warmup: args.warmup,
        limit: args.limit,
    };
    let mut go_on = |accesses| {
        progress(accesses);
        if interrupt::asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let replayed =
        driver::replay(&opened.config, opened.streams, opened.interleave, &options, &mut go_on)?;
    if replayed.accesses == 0 && args.warmup > 0 {
        let title = format!("the warm-up of {} accesses is all of the trace", args.warmup);
        return Err(Diagnostic::input("E0313", title)
            .on(format!("--warmup {}", args.warmup), "expected fewer accesses than there are")
            .help("warm up with fewer accesses, or raise `--limit` where it is given"));
    }
    let mut report = Report::new(replayed, &opened.config, opened.provenance);
    report.provenance.in_json = args.provenance;
    report.warmup = args.warmup;
    report.limit = args.limit;
    report.counts_only = args.counts_only;
    Ok(report)
}

/// Where the report goes: as JSON alone to standard output, or as text there and JSON to a file.
pub(super) struct Output {
    only_json: bool,
    file: Option<Draft>,
}

impl Output {
    /// Begins the file before the work, which would be in vain if it cannot be written.
    pub(super) fn begin(args: &ReplayArgs) -> Result<Self, Diagnostic> {
        let only_json = args.json.as_ref().is_some_and(|path| path.as_os_str() == "-");
        let file = args.json.as_deref().filter(|_| !only_json).map(Draft::begin).transpose()?;
        Ok(Self { only_json, file })
    }

    pub(super) fn write(
        self,
        json: impl Fn() -> String,
        text: impl Fn() -> String,
    ) -> Result<(), Diagnostic> {
        if self.only_json {
            return output::print(&json());
        }
        if let Some(file) = self.file {
            file.publish_text(&json())?;
        }
        output::print(&text())
    }
}
