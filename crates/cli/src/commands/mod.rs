//! One file a command.

mod at_once;
mod bugs;
mod check;
mod compare;
mod convert;
mod crash;
mod diff;
mod edit;
mod explain;
mod generate;
mod hot_lines;
mod info;
mod interleavings;
mod jobs;
mod machines;
mod mrc;
mod outputs;
mod protocol;
#[cfg(unix)]
mod record;
mod replay;
mod report;
mod run;
mod step;
mod stepping;
mod sweep;
mod trace_file;
mod twins;
mod vary;
mod verify;

use std::process::ExitCode;

use crate::args::{Args, Command};
use crate::diagnostics::{Diagnostic, Messages};

/// Runs the command that was asked for.
pub(crate) fn run(args: &Args, messages: Messages) -> Result<ExitCode, Diagnostic> {
    let done = match &args.command {
        Command::Replay(args) => replay::run(args, messages),
        Command::Crash(args) => crash::run(args, messages),
        Command::Mrc(args) => mrc::run(args, messages),
        Command::Step(args) => step::run(args, messages),
        Command::Report(args) => report::run(args, messages),
        Command::Sweep(command) => sweep::run(command, messages),
        Command::Check(args) => check::run(args, messages),
        Command::Diff(args) => diff::run(args, messages),
        Command::Protocol(command) => protocol::run(command, messages),
        Command::Info(args) => info::run(args, messages),
        Command::Convert(args) => convert::run(args, messages),
        Command::Trace(command) => edit::run(command, messages),
        Command::Gen(args) => generate::run(args, messages),
        Command::Explain(args) => explain::run(args),
        // What is recorded is ended by its own signals, and ends with its own code.
        #[cfg(unix)]
        Command::Record(args) => return record::run(args, messages),
        #[cfg(not(unix))]
        Command::Record(_) => Err(Diagnostic::input("E0320", "recording needs a Unix")
            .help("record under Linux; the trace can be replayed here")),
    };
    done.map(|()| ExitCode::SUCCESS)
}
