//! The `mesim` command: flags in, reports and diagnostics out, an exit code.
//!
//! ```text
//! mesim replay traces/false-sharing.mtrace.xz --classify
//! ```

mod args;
mod check_args;
mod check_explanations;
mod commands;
mod counterexample;
mod crash_args;
mod crash_explanations;
mod diagnostics;
mod diff_args;
mod diff_explanations;
mod explanations;
mod exploration;
mod fan_out;
mod input;
mod interrupt;
mod model_args;
mod models;
mod moment;
mod mrc_args;
mod output;
mod progress;
mod protocols;
mod record_args;
mod report_args;
mod report_page;
mod shortfall;
mod split;
mod step_args;
mod sweep_args;
mod sweep_explanations;
mod sweep_page;
mod symbols;
mod trace_args;
mod trace_explanations;
mod trail;
mod usage;

use std::process::ExitCode;

use clap::Parser;

use crate::diagnostics::Messages;

fn main() -> ExitCode {
    let args = match args::Args::try_parse() {
        Ok(args) => args,
        Err(error) => return usage::show(&error),
    };
    let messages = Messages::new(args.message_format);
    if !matches!(args.command, args::Command::Record(_)) {
        interrupt::install(messages);
    }
    match commands::run(&args, messages) {
        Ok(code) => code,
        Err(failure) => {
            messages.show(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}
