//! `mesim replay`: the main job.

use std::ops::ControlFlow;

use driver::ReplayOptions;
use driver::report::Report;

use crate::args::ReplayArgs;
use crate::diagnostics::{Diagnostic, Messages};
use crate::output::Draft;
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
    let to_stdout = args.json.as_ref().is_some_and(|path| path.as_os_str() == "-");
    // Begun before the work, which would be in vain if it cannot be written.
    let file = args.json.as_deref().filter(|_| !to_stdout).map(Draft::begin).transpose()?;
    let bar = Progress::start(args.quiet || messages.are_for_programs());
    let mut progress = |accesses| {
        bar.at(accesses);
        if interrupt::asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let replayed =
        driver::replay(&opened.config, opened.streams, opened.interleave, &options, &mut progress)?;
    if replayed.accesses == 0 && args.warmup > 0 {
        let title = format!("the warm-up of {} accesses is all of the trace", args.warmup);
        return Err(Diagnostic::input("E0313", title)
            .on(format!("--warmup {}", args.warmup), "expected fewer accesses than there are")
            .help("warm up with fewer accesses, or raise `--limit` where it is given"));
    }
    bar.finish(replayed.accesses);
    let mut report = Report::new(replayed, &opened.config, opened.provenance);
    report.provenance.in_json = args.provenance;
    report.warmup = args.warmup;
    report.limit = args.limit;
    report.counts_only = args.counts_only;
    if to_stdout {
        return output::print(&report.json());
    }
    if let Some(file) = file {
        file.publish_text(&report.json())?;
    }
    output::print(&report.text())
}
