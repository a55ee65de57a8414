//! `mesim mrc`: the misses of caches of every size.

use std::ops::ControlFlow;

use cache::LineSize;
use driver::report::{MissCurveReport, Provenance};
use driver::{MissCurve, MissCurveError};
use trace::Ahead;

use super::outputs::Outputs;
use crate::diagnostics::{Diagnostic, Messages};
use crate::mrc_args::MrcArgs;
use crate::progress::Progress;
use crate::{input, interrupt};

/// The size of a line where neither the trace nor the command says one.
const LINE_BYTES: u64 = 64;

pub(super) fn run(args: &MrcArgs, messages: Messages) -> Result<(), Diagnostic> {
    let source = input::open_core(&args.trace_path, &args.trace, args.core, messages)?;
    let header = source.header().clone();
    let line = match args.line {
        Some(line) => line,
        None => line_of_trace(header.line, &args.trace_path.display().to_string())?,
    };
    if let Some(size) = args.sizes.iter().find(|size| **size == 0 || **size % line.bytes() != 0) {
        return Err(Diagnostic::input("E0318", "a cache holds whole lines, and one at least")
            .on(format!("--sizes {size}"), format!("expected a multiple of {}", line.bytes()))
            .help("for example `--sizes 1KiB,48KiB`, or smaller lines with `--line`"));
    }
    let outputs = Outputs::begin(&[
        ("--json", args.json.as_deref()),
        ("--csv", args.csv.as_deref()),
        ("--svg", args.svg.as_deref()),
    ])?;
    let bar = Progress::start(args.quiet || messages.are_for_programs());
    let mut go_on = |accesses| {
        bar.at(accesses);
        if interrupt::asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let mut ahead = Ahead::new(source);
    let curve = MissCurve::measure(&mut ahead, line, args.limit, &mut go_on)
        .map_err(|error| explained(error, args))?;
    if curve.accesses == 0 {
        return Err(nothing(args));
    }
    bar.finish(curve.accesses);
    let provenance = Provenance {
        paths: vec![args.trace_path.display().to_string()],
        format: header.format,
        title: header.title,
        in_json: false,
    };
    let (core, limit, sizes) = (args.core, args.limit, args.sizes.clone());
    let report = MissCurveReport { curve, provenance, core, limit, sizes };
    outputs.write(&[&|| report.json(), &|| report.csv(), &|| report.svg()], || report.text())
}

/// Checks the line that a trace states.
fn line_of_trace(stated: Option<u64>, path: &str) -> Result<LineSize, Diagnostic> {
    LineSize::new(stated.unwrap_or(LINE_BYTES)).map_err(|error| {
        Diagnostic::input("E0318", format!("the trace's `@line` cannot be: {error}"))
            .at(path)
            .help("`--line 64` takes another one")
    })
}

fn explained(error: MissCurveError, args: &MrcArgs) -> Diagnostic {
    let path = args.trace_path.display().to_string();
    match error {
        MissCurveError::Trace(error) => error.into(),
        MissCurveError::Interrupted(accesses) => {
            Diagnostic::input("E0304", format!("interrupted after {accesses} accesses"))
                .help("nothing was written; `--limit N` reports on the first N accesses")
        }
        MissCurveError::SeveralCores { first, second } => {
            let title = format!("the trace has several cores, such as {first} and {second}");
            input::several_cores(title, path, first)
        }
    }
}

/// Says that no access was there to be counted.
fn nothing(args: &MrcArgs) -> Diagnostic {
    let path = args.trace_path.display().to_string();
    let error = match args.core {
        Some(core) => Diagnostic::input("E0318", format!("core {core} makes no access"))
            .on(format!("--core {core}"), "expected a core that does"),
        None => Diagnostic::input("E0318", "the trace makes no access").at(path.clone()),
    };
    error.help(format!("`mesim info {path}` says what each core does"))
}
