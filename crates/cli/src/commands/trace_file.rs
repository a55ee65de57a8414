//! A trace that is written: to a file, to a folder of a file a core, to standard output.

use std::io::BufWriter;
use std::path::Path;

use driver::{Interleave, Merger};
use trace::{ChunkCodec, Format, Header, Loss, Losses, Op, Record, Sink, Source, TraceErrorKind};

use crate::diagnostics::{Diagnostic, Messages, Severity};
use crate::interrupt;
use crate::output::{self, Draft, DraftFolder, HeldBack};

/// Where a trace goes, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target<'a> {
    /// A file, a folder or `-`.
    pub(super) path: &'a Path,
    pub(super) format: Format,
    pub(super) codec: ChunkCodec,
    /// What loses something is refused.
    pub(super) strict: bool,
}

/// Writes a trace, and says what it lost.
pub(super) fn write(
    target: &Target<'_>,
    header: &Header,
    source: Box<dyn Source>,
    messages: Messages,
) -> Result<(), Diagnostic> {
    let &Target { path: shown, format, codec, strict } = target;
    let path = Some(shown);
    let losses;
    if shown.as_os_str() == "-" && strict {
        // What may be refused is not shown before it is known to be whole.
        let mut held = HeldBack::new();
        let sink = trace::writer_with(format, header, codec, Box::new(held.writer()));
        losses = copy(source, sink.map_err(|error| write_failed(error, None))?, None)?;
        refuse(&losses, strict)?;
        held.release()?;
    } else if shown.as_os_str() == "-" {
        let out = Box::new(BufWriter::new(std::io::stdout()));
        let sink = trace::writer_with(format, header, codec, out);
        losses = copy(source, sink.map_err(|error| write_failed(error, None))?, None)?;
    } else if is_folder(shown) {
        let draft = DraftFolder::begin(shown)?;
        let sink = trace::create_per_core(draft.path(), format, header, "");
        let sink = sink.map_err(|error| write_failed(error, path))?;
        losses = copy(source, sink, path)?;
        refuse(&losses, strict)?;
        draft.publish()?;
    } else {
        let draft = Draft::begin(shown)?;
        let sink = trace::create_with(draft.path(), format, header, codec);
        let sink = sink.map_err(|error| write_failed(error, path))?;
        losses = copy(source, sink, path)?;
        refuse(&losses, strict)?;
        draft.publish()?;
    }
    let help = if losses.count(Loss::Core) > 0 && !is_folder(shown) {
        "a folder, such as `out/`, gets a file for each core; `--strict` refuses what loses"
    } else {
        "`--strict` refuses such a conversion"
    };
    warn_losses(&losses, format, help, messages);
    Ok(())
}

/// Returns what a trace says about itself that was made from another.
pub(super) fn header(input: &Header, format: Format, made: &str) -> Header {
    let mut header = input.clone();
    if format == Format::Mtrc {
        // The records of per-core files are in an order now: that in which they are written.
        header.ordered |= input.format.is_per_core();
        let before = header.provenance.take().map_or(String::new(), |made| format!("; {made}"));
        header.provenance = Some(format!("{made}{before}"));
    }
    header
}

/// The files of several cores in one order.
pub(super) struct Merged {
    header: Header,
    merger: Merger,
}

impl Merged {
    /// Merges the files of several cores; an order that needs a machine is none here.
    pub(super) fn new(sources: Vec<Box<dyn Source>>, order: Interleave) -> Self {
        let cores = sources.len() as u16;
        let header = Header { cores: Some(cores), ordered: true, ..sources[0].header().clone() };
        Self { header, merger: Merger::new(sources, order) }
    }
}

impl Source for Merged {
    fn header(&self) -> &Header {
        &self.header
    }

    fn read(&mut self, into: &mut Vec<Record>) -> Result<bool, trace::TraceError> {
        let before = into.len();
        while into.len() < before + trace::CHUNK {
            let Some((_, record)) = self.merger.next(|_| 0)? else { break };
            into.push(record);
        }
        Ok(into.len() > before)
    }
}

/// A path that ends with a slash or is a folder gets a file a core.
pub(super) fn is_folder(path: &Path) -> bool {
    path.to_string_lossy().ends_with('/') || path.is_dir()
}

/// Returns the format of an output: the one that is wanted, or that its name says.
pub(super) fn format_of(path: &Path, wanted: Option<Format>) -> Result<Format, Diagnostic> {
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

fn copy(
    mut source: Box<dyn Source>,
    mut sink: Box<dyn Sink + '_>,
    path: Option<&Path>,
) -> Result<Losses, Diagnostic> {
    let failed = |error| write_failed(error, path);
    let mut chunk = Vec::new();
    let mut written = 0;
    let mut more = true;
    while more {
        chunk.clear();
        more = source.read(&mut chunk)?;
        interrupt::check()?;
        written += chunk.iter().filter(|record| record.op != Op::Pc).count();
        sink.write(&chunk).map_err(failed)?;
    }
    sink.modules(source.modules());
    if written == 0 {
        return Err(Diagnostic::input("E0322", "no record of the trace is left")
            .help("keep more of it: `mesim info` says what it holds"));
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
            .help("choose a format that can say it, such as mtrc, or leave `--strict` out"));
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
