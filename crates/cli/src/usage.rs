//! What is wrong with the command line itself.

use std::process::ExitCode;

use clap::error::ErrorKind;

use crate::args::MessageFormat;
use crate::diagnostics::{Diagnostic, Messages};
use crate::output;

/// Shows what the parser of the command line has to say: help, or what it did not understand.
pub(crate) fn show(error: &clap::Error) -> ExitCode {
    let messages = Messages::new(message_format());
    let failure = if error.use_stderr() {
        let bare = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
        if bare && !messages.are_for_programs() {
            // Nobody is left to be told if standard error is closed.
            let _ = error.print();
            return ExitCode::from(2);
        }
        diagnostic(error)
    } else {
        match error.print() {
            Ok(()) => return ExitCode::SUCCESS,
            Err(error) => output::stdout_failed(&error),
        }
    };
    messages.show(&failure);
    ExitCode::from(failure.exit_code())
}

/// The format that was asked for, as far as a command line that was not understood tells.
fn message_format() -> MessageFormat {
    let mut before = String::new();
    for argument in std::env::args() {
        if argument == "--message-format=json" || before == "--message-format" && argument == "json"
        {
            return MessageFormat::Json;
        }
        before = argument;
    }
    MessageFormat::Human
}

/// Sorts the parser's text: what is wrong comes first, then tips, then the usage.
fn diagnostic(error: &clap::Error) -> Diagnostic {
    let missing =
        [ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand, ErrorKind::MissingSubcommand];
    if missing.contains(&error.kind()) {
        return Diagnostic::input("E0312", "a command is missing")
            .help("`mesim --help` lists the commands");
    }
    let text = error.render().to_string();
    let mut paragraphs = text.split("\n\n").map(|paragraph| {
        paragraph.lines().map(str::trim).collect::<Vec<_>>().join(" ").trim().to_owned()
    });
    let first = paragraphs.next().unwrap_or_default();
    let title = first.strip_prefix("error: ").unwrap_or(&first);
    let mut help = "`--help` says what is possible, with examples".to_owned();
    for paragraph in paragraphs {
        if let Some(tip) = paragraph.strip_prefix("tip: ").filter(|tip| !tip.starts_with("to pass"))
        {
            tip.clone_into(&mut help);
            break;
        }
        if let Some(usage) = paragraph.strip_prefix("Usage: ") {
            help = format!("the usage is `{usage}`; `--help` says more");
        }
    }
    Diagnostic::input("E0312", title).help(help)
}
