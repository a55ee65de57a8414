//! `mesim replay`: the main job.

use std::ops::ControlFlow;

use driver::ReplayOptions;
use driver::report::Report;

use crate::args::ReplayArgs;
use crate::diagnostics::{Diagnostic, Messages};
use crate::progress::Progress;
use crate::{input, interrupt, output};

pub(super) fn run(args: &ReplayArgs, messages: Messages) -> Result<(), Diagnostic> {
    let opened = input::open(&args.traces, &args.trace, &args.machine, messages)?;
    let options = ReplayOptions {
        classify: args.classify,
        check: args.check,
        warmup: args.warmup,
        limit: args.limit,
    };
    let bar = Progress::start(args.quiet);
    let mut progress = |accesses| {
        bar.at(accesses);
        if interrupt::asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let replayed =
        driver::replay(&opened.config, opened.streams, opened.interleave, &options, &mut progress)?;
    bar.finish(replayed.accesses);
    let mut report = Report::new(replayed, &opened.config, opened.provenance);
    report.provenance.in_json = args.provenance;
    report.warmup = args.warmup;
    report.limit = args.limit;
    report.counts_only = args.counts_only;
    if let Some(path) = &args.json {
        output::write_text(path, &report.json())?;
        if path.as_os_str() == "-" {
            return Ok(());
        }
    }
    output::print(&report.text())
}
