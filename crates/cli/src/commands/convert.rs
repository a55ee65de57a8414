//! `mesim convert`: a trace from one format to another.

use driver::Interleave;
use trace::{Format, Header};

use super::trace_file::{self, Merged, Target};
use crate::args::{ConvertArgs, TraceArgs};
use crate::diagnostics::{Diagnostic, Messages, Severity};
use crate::input;

pub(super) fn run(args: &ConvertArgs, messages: Messages) -> Result<(), Diagnostic> {
    let trace = TraceArgs {
        format: args.from,
        columns: args.columns.clone(),
        lackey_modify: args.lackey_modify,
        requests_write: args.requests_write,
        salvage: args.salvage,
        pcs: false,
    };
    let format = trace_file::format_of(&args.output, args.to)?;
    let mut sources = input::open_whole(std::slice::from_ref(&args.input), &trace, messages)?;
    let header = header_of_output(sources[0].header(), format);
    let merged = sources.len() > 1 && !trace_file::is_folder(&args.output);
    let source = if sources.len() == 1 {
        sources.remove(0)
    } else {
        Box::new(Merged::new(sources, Interleave::RoundRobin(1)))
    };
    let target = Target { path: &args.output, format, codec: args.codec, strict: args.strict };
    trace_file::write(&target, &header, source, messages)?;
    if merged {
        let title = "the files have no order among them; their records now alternate";
        messages.show(&Diagnostic {
            severity: Severity::Warning,
            ..Diagnostic::input("W0102", title)
                .help("`mesim replay` of the files themselves takes `--interleave`")
        });
    }
    Ok(())
}

/// What the output says about itself.
fn header_of_output(input: &Header, format: Format) -> Header {
    if matches!(input.format, Format::Mtrace | Format::Mtrc) {
        return input.clone();
    }
    trace_file::header(input, format, &format!("converted from {}", input.format.name()))
}
