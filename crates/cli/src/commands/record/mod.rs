//! `mesim record`: a trace of a program that runs.

mod built;
mod cc_flags;
mod check;
mod code;
mod lines;
mod program;
mod recorder;
mod select;

use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use trace::{Format, Header, Losses, Sink, Source, TraceError, TraceErrorKind};

use self::code::{Code, Maps};
use self::program::{Program, exit_code};
use self::recorder::Recorder;
use self::select::Selection;
use super::trace_file::{format_of, warn_losses, write_failed};
use crate::diagnostics::{Diagnostic, Messages};
use crate::output::{self, Draft};
use crate::record_args::{RecordArgs, ThreadsAsCores};

pub(super) fn run(args: &RecordArgs, messages: Messages) -> Result<ExitCode, Diagnostic> {
    let Some(output) = &args.output else {
        let text = if args.print_roi_header {
            trace::recorders::ROI_H.to_owned()
        } else if let Some(compiler) = args.print_cc_flags {
            cc_flags::line(compiler)?
        } else {
            check::what_works()
        };
        output::print(&text)?;
        return Ok(ExitCode::SUCCESS);
    };
    let format = format_of(output, None)?;
    let name = program_of(args)?;
    let recorder = Recorder::find(args)?;
    let draft = Draft::begin(output)?;
    let header = header(args, &recorder, format);
    let sink = trace::create(draft.path(), format, &header);
    let sink = sink.map_err(|error| write_failed(error, Some(output)))?;

    let (log, to_log) = io::pipe().map_err(|error| cannot_start(name, &error))?;
    // The recorder opens the pipe by the name that this process has for it; when the program has
    // ended nobody else holds it, and the trace has its end.
    let maps = tempfile::tempfile().map_err(|error| cannot_start(name, &error))?;
    let command = recorder.command(args, &named(&to_log), &named(&maps));
    let program = Program::start(command, to_log).map_err(|error| cannot_start(name, &error))?;
    let maps = match recorder {
        Recorder::Valgrind(_) => Maps::Process { path: program.maps(), looks: 0 },
        Recorder::Cc | Recorder::Qemu(..) => Maps::File(maps),
    };
    let selection = Selection::new(args, keeps_pcs(format));
    let source = recorder.source(args, Box::new(log), keeps_pcs(format));
    // Only mesim's own container says whose the instructions are; elsewhere nothing is lost.
    let code = (format == Format::Mtrc).then(|| Code::new(maps));
    let result = record(&recorder, source, (selection, code), sink, output);
    let (count, losses) = match result {
        Ok(result) => result,
        Err(diagnostic) => {
            program.stop();
            return Err(diagnostic);
        }
    };
    let status = program.wait().map_err(|error| cannot_start(name, &error))?;
    let code = exit_code(status);
    if count == 0 {
        let title = format!("nothing was recorded: the program ended with exit code {code}");
        return Err(Diagnostic::input("E0321", title)
            .at(name.display().to_string())
            .help(recorder.why_nothing(args)));
    }
    draft.publish()?;
    warn_losses(&losses, format, "`-o OUT.mtrc` keeps everything", messages);
    if !args.quiet {
        let summary = format!("recorded {} into {}", plural(count, "record"), output.display());
        let _ = writeln!(io::stderr(), "{summary}");
    }
    Ok(ExitCode::from(code))
}

/// Returns the name of the program, if it can be one: a recorder's own words for that come late.
fn program_of(args: &RecordArgs) -> Result<&Path, Diagnostic> {
    let name = Path::new(args.program.first().map_or("".as_ref(), |name| name.as_os_str()));
    let is_path = name.components().count() > 1;
    if is_path && !name.is_file() {
        return Err(Diagnostic::input("E0321", "there is no such program")
            .at(name.display().to_string())
            .help("name a program that is there, such as `./a.out`"));
    }
    Ok(name)
}

fn header(args: &RecordArgs, recorder: &Recorder, format: Format) -> Header {
    let words = args.program.iter().map(|word| word.to_string_lossy().into_owned());
    let words = words.collect::<Vec<_>>().join(" ");
    let made = format!("recorded by {}: {words}", recorder.in_words(args));
    // Only mesim's own container says how a trace was made; elsewhere nothing is lost.
    let provenance = (format == Format::Mtrc).then_some(made);
    let fetches = recorder.sees_fetches() && !args.data_only;
    // Fetches say where their threads are, but not where several threads of one core are.
    let pcs = !fetches || args.threads_as_cores != ThreadsAsCores::FirstSeen;
    Header {
        fetches: Some(fetches),
        times: Some(false),
        pcs: pcs && keeps_pcs(format),
        provenance,
        ordered: true,
        ..Header::new(format)
    }
}

/// Tells whether a format can say which instructions accesses come from.
fn keeps_pcs(format: Format) -> bool {
    matches!(format, Format::Mtrc | Format::Csv)
}

/// Returns the name that this process has for a file, by which another can open it.
fn named(file: &impl AsRawFd) -> PathBuf {
    PathBuf::from(format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd()))
}

/// Reads what the recorder writes, and writes it as a trace; returns how many records.
fn record(
    recorder: &Recorder,
    source: Result<Box<dyn Source>, TraceError>,
    (mut selection, mut code): (Selection, Option<Code>),
    mut sink: Box<dyn Sink>,
    output: &Path,
) -> Result<(u64, Losses), Diagnostic> {
    let mut count = 0;
    match source {
        Ok(mut source) => {
            let mut records = Vec::new();
            let mut more = true;
            while more {
                records.clear();
                more = source.read(&mut records).map_err(explained)?;
                if let Some(code) = &mut code {
                    code.see(&records);
                }
                count += selection.apply(&mut records);
                sink.write(&records).map_err(|error| write_failed(error, Some(output)))?;
                // With nobody to read, the program goes on unrecorded.
                more &= !selection.is_full() || !recorder.bears_a_closed_pipe();
            }
        }
        // It may have ended before its first access.
        Err(error) if error.kind == TraceErrorKind::Empty => {}
        Err(error) => return Err(explained(error)),
    }
    if let Some(code) = code {
        sink.modules(&code.finish());
    }
    let losses = sink.finish().map_err(|error| write_failed(error, Some(output)))?;
    Ok((count, losses))
}

/// Says what to do about more threads than there are cores, whoever counted them.
fn explained(mut error: TraceError) -> Diagnostic {
    if error.kind == TraceErrorKind::CoreOutOfRange {
        error.help = "lay several threads on a core: `--threads-as-cores 4-way`".into();
    }
    error.into()
}

fn cannot_start(name: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::input("E0321", format!("the program cannot be started: {error}"))
        .at(name.display().to_string())
        .help("name a program that is there, such as `./a.out`")
}

fn plural(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
