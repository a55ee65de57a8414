//! `mesim convert`: a trace from one format to another.

use std::io::BufWriter;
use std::path::Path;

use driver::{Interleave, Merger};
use trace::{Format, Header, Loss, Losses, Sink, Source, TraceErrorKind};

use crate::args::{ConvertArgs, TraceArgs};
use crate::diagnostics::{Diagnostic, Messages, Severity};
use crate::output::{self, Draft, DraftFolder, HeldBack};
use crate::{input, interrupt};

pub(super) fn run(args: &ConvertArgs, messages: Messages) -> Result<(), Diagnostic> {
    let trace = TraceArgs {
        format: args.from,
        lackey_modify: args.lackey_modify,
        requests_write: args.requests_write,
        salvage: args.salvage,
    };
    let format = output_format(&args.output, args.to)?;
    let sources = input::open_alone(std::slice::from_ref(&args.input), &trace, messages)?;
    let header = header_of_output(sources[0].header(), format);
    let codec = args.codec;
    let merged = sources.len() > 1 && !is_folder(&args.output);
    let path = Some(args.output.as_path());
    let losses;
    if args.output.as_os_str() == "-" && args.strict {
        // What may be refused is not shown before it is known to be whole.
        let mut held = HeldBack::new();
        let sink = trace::writer_with(format, &header, codec, Box::new(held.writer()));
        losses = copy(sources, sink.map_err(|error| write_failed(error, None))?, None)?;
        refuse(&losses, args.strict)?;
        held.release()?;
    } else if args.output.as_os_str() == "-" {
        let out = Box::new(BufWriter::new(std::io::stdout()));
        let sink = trace::writer_with(format, &header, codec, out);
        losses = copy(sources, sink.map_err(|error| write_failed(error, None))?, None)?;
    } else if is_folder(&args.output) {
        let draft = DraftFolder::begin(&args.output)?;
        let sink = trace::create_per_core(draft.path(), format, &header, "");
        let sink = sink.map_err(|error| write_failed(error, path))?;
        losses = copy(sources, sink, path)?;
        refuse(&losses, args.strict)?;
        draft.publish()?;
    } else {
        let draft = Draft::begin(&args.output)?;
        let sink = trace::create_with(draft.path(), format, &header, codec);
        let sink = sink.map_err(|error| write_failed(error, path))?;
        losses = copy(sources, sink, path)?;
        refuse(&losses, args.strict)?;
        draft.publish()?;
    }
    if merged {
        let title = "the files have no order among them; their records now alternate";
        messages.show(&Diagnostic {
            severity: Severity::Warning,
            ..Diagnostic::input("W0102", title)
                .help("`mesim replay` of the files themselves takes `--interleave`")
        });
    }
    let cores_lost = losses.count(Loss::Core) > 0 && !is_folder(&args.output);
    let help = if cores_lost {
        "a folder, such as `out/`, gets a file for each core; `--strict` refuses what loses"
    } else {
        "`--strict` refuses such a conversion"
    };
    warn_losses(&losses, format, help, messages);
    Ok(())
}

/// What the output says about itself.
fn header_of_output(input: &Header, format: Format) -> Header {
    let mut header = input.clone();
    if format == Format::Mtrc {
        // The records of per-core files are in an order now: that in which they are written.
        header.ordered |= input.format.is_per_core();
        if input.format != Format::Mtrace && input.format != Format::Mtrc {
            header.provenance = Some(format!("converted from {}", input.format.name()));
        }
    }
    header
}

/// A path that ends with a slash or is a folder gets a file a core.
fn is_folder(path: &Path) -> bool {
    path.to_string_lossy().ends_with('/') || path.is_dir()
}

pub(super) fn output_format(path: &Path, wanted: Option<Format>) -> Result<Format, Diagnostic> {
    let by_name = || trace::format_of_name(path);
    wanted.or_else(by_name).ok_or_else(|| {
        Diagnostic::input("E0307", "the format of the output is not known by its name")
            .at(path.display().to_string())
            .help(if is_folder(path) {
                "say which it is, such as `--to din`"
            } else {
                "use a name such as `out.mtrace.gz`, or say which it is, such as `--to mtrace`"
            })
    })
}

/// Copies all records; several files go round robin, a record each.
fn copy(
    mut sources: Vec<Box<dyn Source>>,
    mut sink: Box<dyn Sink + '_>,
    path: Option<&Path>,
) -> Result<Losses, Diagnostic> {
    let failed = |error| write_failed(error, path);
    let mut chunk = Vec::new();
    if sources.len() == 1 {
        let mut more = true;
        while more {
            chunk.clear();
            more = sources[0].read(&mut chunk)?;
            interrupt::check()?;
            sink.write(&chunk).map_err(failed)?;
        }
    } else {
        let mut merger = Merger::new(sources, Interleave::RoundRobin(1));
        while let Some((_, record)) = merger.next(|_| 0)? {
            chunk.push(record);
            if chunk.len() == trace::CHUNK {
                interrupt::check()?;
                sink.write(&chunk).map_err(failed)?;
                chunk.clear();
            }
        }
        sink.write(&chunk).map_err(failed)?;
    }
    sink.finish().map_err(failed)
}

/// Names the output as it was given, not as it is called while it is being made.
pub(super) fn write_failed(mut error: trace::TraceError, path: Option<&Path>) -> Diagnostic {
    match (&error.source, path) {
        (Some(source), None) if error.kind == TraceErrorKind::Io => output::stdout_failed(source),
        (Some(source), Some(path)) if error.kind == TraceErrorKind::Io => {
            output::cannot_write(path, source)
        }
        (_, Some(path)) => {
            error.path = path.display().to_string().into();
            error.into()
        }
        (_, None) => error.into(),
    }
}

fn refuse(losses: &Losses, strict: bool) -> Result<(), Diagnostic> {
    if strict && !losses.is_empty() {
        return Err(Diagnostic::input("E0308", format!("the conversion would lose {losses}"))
            .help("choose a format that can say it, such as mtrace, or leave `--strict` out"));
    }
    Ok(())
}

/// Says what a trace lost on its way into a format.
pub(super) fn warn_losses(losses: &Losses, format: Format, help: &str, messages: Messages) {
    if !losses.is_empty() {
        let title = format!("a {} trace cannot say everything: lost {losses}", format.name());
        messages.show(&Diagnostic {
            severity: Severity::Warning,
            ..Diagnostic::input("W0101", title).help(help)
        });
    }
}
