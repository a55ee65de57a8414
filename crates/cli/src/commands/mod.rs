//! One file a command.

mod bugs;
mod compare;
mod convert;
mod crash;
mod explain;
mod generate;
mod info;
mod jobs;
mod machines;
mod mrc;
mod outputs;
mod protocol;
mod replay;
mod run;
mod step;
mod twins;
mod vary;
mod verify;

use crate::args::{Args, Command};
use crate::diagnostics::{Diagnostic, Messages};

/// Runs the command that was asked for.
pub(crate) fn run(args: &Args, messages: Messages) -> Result<(), Diagnostic> {
    match &args.command {
        Command::Replay(args) => replay::run(args, messages),
        Command::Crash(args) => crash::run(args, messages),
        Command::Mrc(args) => mrc::run(args, messages),
        Command::Step(args) => step::run(args, messages),
        Command::Protocol(command) => protocol::run(command, messages),
        Command::Info(args) => info::run(args, messages),
        Command::Convert(args) => convert::run(args, messages),
        Command::Gen(args) => generate::run(args, messages),
        Command::Explain(args) => explain::run(args),
    }
}
