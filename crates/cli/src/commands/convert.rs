//! `mesim convert`: a trace from one format to another.

use std::io::BufWriter;
use std::path::Path;

use driver::{Interleave, Merger};
use trace::{Format, Losses, Record, Sink, Source, TraceErrorKind};

use crate::args::{ConvertArgs, TraceArgs};
use crate::diagnostics::{Diagnostic, Messages, Severity};
use crate::output::{self, Draft, DraftFolder};
use crate::{input, interrupt};

pub(super) fn run(args: &ConvertArgs, messages: Messages) -> Result<(), Diagnostic> {
    let trace = TraceArgs { format: args.from, lackey_modify: args.lackey_modify };
    let format = output_format(&args.output, args.to)?;
    let sources = input::open_alone(std::slice::from_ref(&args.input), &trace)?;
    let header = sources[0].header().clone();
    let merged = sources.len() > 1 && !is_folder(&args.output);
    if args.output.as_os_str() == "-" {
        let sink = trace::writer(format, &header, Box::new(BufWriter::new(std::io::stdout())));
        let losses = copy(sources, sink)?;
        refuse(&losses, args.strict)?;
        warn(&losses, format, merged, messages);
        return Ok(());
    }
    if is_folder(&args.output) {
        let draft = DraftFolder::begin(&args.output)?;
        let losses = copy(sources, trace::create_per_core(draft.path(), format, &header, "")?)?;
        refuse(&losses, args.strict)?;
        draft.publish()?;
        warn(&losses, format, merged, messages);
        return Ok(());
    }
    let draft = Draft::begin(&args.output)?;
    let losses = copy(sources, trace::create(draft.path(), format, &header)?)?;
    refuse(&losses, args.strict)?;
    draft.publish()?;
    warn(&losses, format, merged, messages);
    Ok(())
}

/// A path that ends with a slash or is a folder gets a file a core.
fn is_folder(path: &Path) -> bool {
    path.to_string_lossy().ends_with('/') || path.is_dir()
}

fn output_format(path: &Path, wanted: Option<Format>) -> Result<Format, Diagnostic> {
    let by_name = || trace::format_of_name(path);
    wanted.or_else(by_name).ok_or_else(|| {
        Diagnostic::input("E0307", "the format of the output is not known by its name")
            .at(path.display().to_string())
            .help("use a name such as `out.mtrace.gz`, or `--to FORMAT`")
    })
}

/// Copies all records; several files go round robin, a record each.
fn copy(
    mut sources: Vec<Box<dyn Source>>,
    mut sink: Box<dyn Sink + '_>,
) -> Result<Losses, Diagnostic> {
    let mut chunk = Vec::new();
    if sources.len() == 1 {
        let mut more = true;
        while more {
            chunk.clear();
            more = sources[0].read(&mut chunk)?;
            write(sink.as_mut(), &chunk)?;
        }
    } else {
        let mut merger = Merger::new(sources, Interleave::RoundRobin(1));
        while let Some((_, record)) = merger.next(|_| 0)? {
            chunk.push(record);
            if chunk.len() == trace::CHUNK {
                write(sink.as_mut(), &chunk)?;
                chunk.clear();
            }
        }
        write(sink.as_mut(), &chunk)?;
    }
    sink.finish().map_err(write_failed)
}

fn write(sink: &mut dyn Sink, records: &[Record]) -> Result<(), Diagnostic> {
    interrupt::check()?;
    sink.write(records).map_err(write_failed)
}

/// A closed pipe is said as such.
pub(super) fn write_failed(error: trace::TraceError) -> Diagnostic {
    match &error.source {
        Some(source) if error.kind == TraceErrorKind::Io => output::stdout_failed(source),
        _ => error.into(),
    }
}

fn refuse(losses: &Losses, strict: bool) -> Result<(), Diagnostic> {
    if strict && !losses.is_empty() {
        return Err(Diagnostic::input("E0308", format!("the conversion would lose {losses}"))
            .help("choose a format that can say it, such as mtrace, or leave `--strict` out"));
    }
    Ok(())
}

fn warn(losses: &Losses, format: Format, merged: bool, messages: Messages) {
    let warning = |code, title: String| Diagnostic {
        severity: Severity::Warning,
        ..Diagnostic::input(code, title)
    };
    if merged {
        let title = "the files have no order among them; their records now alternate".to_owned();
        messages.show(&warning("W0102", title));
    }
    if !losses.is_empty() {
        let title = format!("a {} trace cannot say everything: lost {losses}", format.name());
        messages.show(&warning("W0101", title).help("`--strict` refuses such a conversion"));
    }
}
