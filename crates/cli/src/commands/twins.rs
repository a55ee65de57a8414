//! `--compare write-through`: a run beside its twin that sends every write to the store at once.

use std::path::Path;

use driver::report::Twins;

use super::outputs::Outputs;
use super::run::{Wanted, warn_of_loss};
use crate::diagnostics::{Diagnostic, Messages};
use crate::input::Prepared;
use crate::progress::Progress;

/// The word that asks for it.
pub(super) const WRITE_THROUGH: &str = "write-through";

/// Tells whether a list asks for the twin.
pub(super) fn is_asked_for(list: &str) -> bool {
    list.trim().eq_ignore_ascii_case(WRITE_THROUGH)
}

/// Refuses a list that asks for anything else.
pub(super) fn only(list: &str) -> Result<(), Diagnostic> {
    if is_asked_for(list) {
        return Ok(());
    }
    Err(Diagnostic::input("E0316", "crashes are compared with those of the write-through twin")
        .on_part(format!("--compare {list}"), 10..10 + list.len(), "expected `write-through`")
        .help("`mesim replay --compare` compares protocols"))
}

pub(super) fn run(
    wanted: &Wanted,
    json: Option<&Path>,
    messages: Messages,
) -> Result<(), Diagnostic> {
    let what = "a comparison reads its input once for each run";
    wanted.refuse_read_once("E0316", what, "--compare write-through")?;
    let back = || wanted.prepare(wanted.machine, None, messages);
    let through = || -> Result<Prepared, Diagnostic> {
        let mut prepared = wanted.prepare(wanted.machine, None, messages)?;
        prepared.config_mut().write_through();
        Ok(prepared)
    };
    let prepared = back()?;
    wanted.need_durability(&prepared, "`--compare write-through`")?;
    prepared.warn(messages);
    let outputs = Outputs::begin(&[("--json", json)])?;
    let bar = Progress::start(wanted.quiet || messages.are_for_programs());
    let (back, before) = wanted.run(prepared, &back, &mut |here| bar.at(here))?;
    let (through, after) = wanted.run(through()?, &through, &mut |here| bar.at(before + here))?;
    bar.finish(before + after);
    warn_of_loss([back.report()], messages);
    let twins = Twins { back, through };
    outputs.write(&[&|| twins.json()], || twins.text())
}
