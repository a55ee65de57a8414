//! `mesim record`: a trace of a program that runs.

mod lines;
mod program;

use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use trace::recorders::{Turns, Valgrind, Version};
use trace::{CORES_MAX, Format, Header, Losses, Op, ReadOptions, Record, Sink, Source};

use self::lines::WholeLines;
use self::program::{Program, exit_code};
use super::trace_file::{format_of, warn_losses, write_failed};
use crate::diagnostics::{Diagnostic, Messages};
use crate::input::lackey_modify;
use crate::output::{self, Draft};
use crate::record_args::{RecordArgs, ThreadsAsCores};

pub(super) fn run(args: &RecordArgs, messages: Messages) -> Result<ExitCode, Diagnostic> {
    let Some(output) = &args.output else {
        output::print(&what_works())?;
        return Ok(ExitCode::SUCCESS);
    };
    let format = format_of(output, None)?;
    let name = program_of(args)?;
    let valgrind = Valgrind::find().ok_or_else(|| {
        Diagnostic::input("E0320", "there is no Valgrind to record with")
            .help("install it, such as by `apt-get install valgrind`; see `mesim record --check`")
    })?;
    let draft = Draft::begin(output)?;
    let header = header(args, valgrind, format);
    let sink = trace::create(draft.path(), format, &header);
    let sink = sink.map_err(|error| write_failed(error, Some(output)))?;

    let (log, to_log) = io::pipe().map_err(|error| cannot_start(name, &error))?;
    // Valgrind opens the pipe by the name that this process has for it; when the program has ended
    // nobody else holds it, and the trace has its end.
    let pipe = PathBuf::from(format!("/proc/{}/fd/{}", std::process::id(), to_log.as_raw_fd()));
    let command = valgrind.command(&pipe, args.quantum, &args.program);
    let program = Program::start(command, to_log).map_err(|error| cannot_start(name, &error))?;
    let recorded = record(args, valgrind, Box::new(WholeLines::new(log)), sink, output);
    let (count, losses) = match recorded {
        Ok(recorded) => recorded,
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
            .help("run the program alone first; what Valgrind said of it is above"));
    }
    draft.publish()?;
    warn_losses(&losses, format, "`-o OUT.mtrc` keeps everything", messages);
    if !args.quiet {
        let summary = format!("recorded {} into {}", plural(count, "record"), output.display());
        let _ = writeln!(io::stderr(), "{summary}");
    }
    Ok(ExitCode::from(code))
}

/// Returns the name of the program, if it can be one: Valgrind's own words for that come late.
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

fn header(args: &RecordArgs, valgrind: Valgrind, format: Format) -> Header {
    let words = args.program.iter().map(|word| word.to_string_lossy().into_owned());
    let unit = if valgrind.has_quantum() { "basic blocks" } else { "accesses" };
    let made = format!(
        "recorded by Valgrind {}, turns of {} {unit}: {}",
        valgrind.version(),
        args.quantum,
        words.collect::<Vec<_>>().join(" ")
    );
    // Only mesim's own container says how a trace was made; elsewhere nothing is lost.
    let provenance = (format == Format::Mtrc).then_some(made);
    let fetches = Some(!args.data_only);
    Header { fetches, times: Some(false), provenance, ordered: true, ..Header::new(format) }
}

/// Reads what Valgrind prints to its end, and writes it as a trace; returns how many records.
fn record(
    args: &RecordArgs,
    valgrind: Valgrind,
    log: Box<dyn io::Read + Send>,
    mut sink: Box<dyn Sink>,
    output: &Path,
) -> Result<(u64, Losses), Diagnostic> {
    let options = ReadOptions {
        format: Some(Format::Lackey),
        cores_max: match args.threads_as_cores {
            ThreadsAsCores::FirstSeen => CORES_MAX,
            ThreadsAsCores::Ways(_) => u16::MAX,
        },
        lackey_modify: lackey_modify(args.lackey_modify),
        lackey_slices: !valgrind.has_quantum(),
        ..ReadOptions::default()
    };
    let mut count = 0;
    match trace::read("valgrind", log, &options) {
        Ok(source) => {
            let mut source: Box<dyn Source> = if valgrind.has_quantum() {
                source
            } else {
                Box::new(Turns::new(source, args.quantum))
            };
            let limit = args.limit.unwrap_or(u64::MAX);
            let mut records = Vec::new();
            let mut more = true;
            while more {
                records.clear();
                more = source.read(&mut records)?;
                select(args, &mut records);
                records.truncate(usize::try_from(limit - count).unwrap_or(usize::MAX));
                count += records.len() as u64;
                sink.write(&records).map_err(|error| write_failed(error, Some(output)))?;
            }
        }
        // It may have ended before its first access.
        Err(error) if error.kind == trace::TraceErrorKind::Empty => {}
        Err(error) => return Err(error.into()),
    }
    let losses = sink.finish().map_err(|error| write_failed(error, Some(output)))?;
    Ok((count, losses))
}

/// Leaves out what is not wanted, and gives every record the core of its thread.
fn select(args: &RecordArgs, records: &mut Vec<Record>) {
    if args.data_only {
        records.retain(|record| record.op != Op::Fetch);
    }
    if let ThreadsAsCores::Ways(ways) = args.threads_as_cores {
        for record in records {
            record.core %= ways;
        }
    }
}

/// Says what can record here.
fn what_works() -> String {
    match Valgrind::find() {
        Some(valgrind) if valgrind.has_quantum() => {
            format!("valgrind   works: {}\n", valgrind.version())
        }
        Some(valgrind) => format!(
            "valgrind   works: {}; before {}, threads run in long slices, which mesim lays side by \
             side again\n",
            valgrind.version(),
            Version::WITH_QUANTUM
        ),
        None => "valgrind   is not there: `apt-get install valgrind`\n".to_owned(),
    }
}

fn cannot_start(name: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::input("E0321", format!("the program cannot be started: {error}"))
        .at(name.display().to_string())
        .help("name a program that is there, such as `./a.out`")
}

fn plural(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
