//! `mesim replay --compare`: one trace, several protocols, one table.

use std::path::Path;

use driver::report::Comparison;

use super::outputs::Outputs;
use super::run::{Wanted, warn_of_loss};
use super::twins;
use crate::diagnostics::{Diagnostic, Messages, Severity};
use crate::input::{self, Choice};
use crate::progress::Progress;

pub(super) fn run(
    wanted: &Wanted,
    list: &str,
    json: Option<&Path>,
    messages: Messages,
) -> Result<(), Diagnostic> {
    let choices = choices(list)?;
    refuse_another_protocol(wanted, list)?;
    // Every protocol reads the trace, and the config, from its beginning.
    let what = "a comparison reads its input once for each protocol";
    wanted.refuse_read_once("E0316", what, &format!("--compare {list}"))?;
    // All machines are checked before any of them runs.
    let mut runs = Vec::new();
    for (number, (name, choice)) in choices.into_iter().enumerate() {
        let prepared = wanted.prepare(wanted.machine, Some(&choice), messages);
        let prepared = prepared.map_err(|error| {
            // What the first protocol goes with, this one does not.
            let refused = number > 0 && !error.shows(&choice.argument);
            if refused { error.under(&name) } else { error }
        })?;
        let called = prepared.protocol_name();
        if runs.iter().any(|(_, earlier): &(_, input::Prepared)| earlier.protocol_name() == called)
        {
            let title = format!("two of the protocols are called `{called}`");
            return Err(Diagnostic::input("E0316", title)
                .on_part(choice.argument, choice.span, "expected one of another name")
                .help("give the protocol of the file a name of its own"));
        }
        runs.push((name, prepared));
    }
    runs[0].1.warn(messages);
    let outputs = Outputs::begin(&[("--json", json)])?;
    let bar = Progress::start(wanted.quiet || messages.are_for_programs());
    let mut accesses = 0;
    let mut reports = Vec::new();
    for (name, prepared) in runs {
        let report = wanted.report(prepared, &mut |here| bar.at(accesses + here));
        let report = report.map_err(|error| match error.severity {
            Severity::Internal => error.under(&name),
            Severity::Input if error.code == "E0216" => error.under(&name),
            Severity::Input | Severity::Failed | Severity::Warning => error,
        })?;
        accesses += report.replayed.accesses;
        reports.push(report);
    }
    bar.finish(accesses);
    warn_of_loss(&reports, messages);
    let comparison = Comparison::new(reports);
    outputs.write(&[&|| comparison.json()], || comparison.text())
}

/// Splits the list of protocols; whether there are such is the config's to say.
fn choices(list: &str) -> Result<Vec<(String, Choice)>, Diagnostic> {
    const FLAG: &str = "--compare ";
    let argument = format!("{FLAG}{list}");
    let mut choices: Vec<(String, Choice)> = Vec::new();
    let mut start = FLAG.len();
    for part in list.split(',') {
        let name = part.trim();
        let at = start + (part.len() - part.trim_start().len());
        let span = at..at + name.len();
        start += part.len() + 1;
        if name.is_empty() {
            return Err(Diagnostic::input("E0316", "a protocol's name is missing")
                .on_part(argument, span, "expected a name")
                .help("for example `--compare mesi,moesi,dragon`"));
        }
        if twins::is_asked_for(name) {
            return Err(Diagnostic::input("E0316", "`write-through` is no protocol")
                .on_part(argument, span, "expected a protocol beside the others")
                .help("`--compare write-through` alone sends every write to the store at once"));
        }
        if choices.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
            return Err(Diagnostic::input("E0316", format!("`{name}` is compared with itself"))
                .on_part(argument, span, "expected another protocol")
                .help("name each protocol once"));
        }
        choices.push((name.to_owned(), Choice { argument: argument.clone(), span }));
    }
    Ok(choices)
}

/// `--set protocol=` chooses one protocol, and `--compare` several.
fn refuse_another_protocol(wanted: &Wanted, list: &str) -> Result<(), Diagnostic> {
    let is_protocol =
        |set: &&String| set.split('=').next().is_some_and(|key| key.trim() == "protocol");
    let Some(set) = wanted.machine.set.iter().find(is_protocol) else { return Ok(()) };
    Err(Diagnostic::input("E0316", "`--compare` says which protocols run, and so does `--set`")
        .on(format!("--set {set}"), format!("expected nothing beside `--compare {list}`"))
        .help("leave `--set protocol=` out, and name the protocol in `--compare`"))
}
