//! A trail that ends in a violation, as a trace that `mesim step` shows.

use std::fmt::Write;
use std::path::Path;

use coherence::explore::{Event, Model, Outcome, Trail, Violation, line_name};

use crate::diagnostics::{Diagnostic, Messages};
use crate::output::Draft;

/// Bytes of a line in the traces: any will do.
const LINE_BYTES: u64 = 64;

/// Begins the file.
pub(crate) fn begin(path: &Path) -> Result<Draft, Diagnostic> {
    if path.as_os_str() == "-" {
        return Err(Diagnostic::input("E0303", "a counterexample goes to a file")
            .on("--counterexample -", "expected the name of a file")
            .help("for example `--counterexample wrong.mtrace`"));
    }
    Draft::begin(path)
}

/// How a counterexample can be stepped through.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stepped<'a> {
    /// The protocol as the command names it; `None` if no command runs it.
    pub(crate) protocol: Option<&'a str>,
    /// The house rules that were set.
    pub(crate) settings: &'a [String],
}

/// Writes the counterexample of a search, if it has one and a trace can say it; returns what there
/// is to say of it.
pub(crate) fn write(
    model: &Model,
    outcome: &Outcome,
    file: Draft,
    stepped: Stepped<'_>,
    messages: Messages,
) -> Result<String, Diagnostic> {
    let shown = file.shown().display().to_string();
    let Outcome::Violated(Violation { invariant, trail, .. }) = outcome else {
        return Ok(format!("there is no counterexample: {shown} was not written"));
    };
    let in_between = model.capacity > 1 && model.capacity < model.lines;
    if model.shared_level || model.private_levels > 1 || in_between {
        let title = "no trace is written of a model with several levels, or with caches that hold \
                     more than one line and not all";
        let help = "the trail is part of the result";
        messages.show(&Diagnostic::warning("W0501", title).help(help));
        return Ok(format!("{shown} was not written"));
    }
    let title = format!("{}: {}", model.protocol.name(), invariant.violation());
    let command = step_command(model, stepped, &shown);
    let missing = match stepped.protocol {
        Some(_) => "",
        None => "  (under MESI, where all is well: this protocol runs nowhere else)",
    };
    let comment = format!("{command}{missing}");
    file.publish_text(&mtrace(model, trail, &title, &comment))?;
    Ok(format!("wrote {shown}; step through it{missing}:\n  {command}"))
}

/// A trail as an mtrace. What no access can say, a replacement, becomes a read of another line that
/// goes to the same place of the machine that the command names.
fn mtrace(model: &Model, trail: &Trail, title: &str, comment: &str) -> String {
    let mut out = format!("@title {title}\n# {comment}\n@cores {}\n", model.cores);
    for line in 0..model.lines {
        let _ = writeln!(out, "let {} = {:#x}", line_name(line), u64::from(line) * LINE_BYTES);
    }
    for event in trail.events() {
        let (core, line) = (event.core().unwrap_or(0), event.line());
        let name = line_name(line);
        let _ = match event {
            Event::Load { .. } => writeln!(out, "{core} R {name} {}", u32::from(model.words) * 4),
            Event::Store { word, value, .. } => {
                writeln!(out, "{core} W {name}+{} 4    # stores {value}", 4 * word)
            }
            Event::Evict { .. } => {
                let rival = rival(model, core, line);
                writeln!(out, "{core} R {rival:#x} 4    # takes the place of {name}")
            }
            Event::Clean { .. } => writeln!(out, "{core} C {name}"),
            Event::EvictShared { .. } => unreachable!("the model has no shared level"),
        };
    }
    out
}

/// The address of a line that no other core uses, and that lies where a line of the model does.
fn rival(model: &Model, core: u8, line: u8) -> u64 {
    let sets = sets(model);
    let place = u64::from(line) % sets;
    (place + sets * (u64::from(model.lines) + u64::from(core))) * LINE_BYTES
}

/// Sets of one way, a line of the model in each; or one for all.
fn sets(model: &Model) -> u64 {
    if model.capacity < model.lines { 1 } else { u64::from(model.lines.next_power_of_two()) }
}

/// The command that steps through a trail's trace on a machine like the model's.
fn step_command(model: &Model, stepped: Stepped<'_>, file: &str) -> String {
    let size = sets(model) * LINE_BYTES;
    let protocol = quoted(stepped.protocol.unwrap_or("MESI"));
    let mut command = format!("mesim step {} --plain --set protocol={protocol}", quoted(file));
    for level in ["L1", "L2"] {
        let _ = write!(command, " --set {level}.size={size} --set {level}.ways=1");
    }
    for setting in stepped.settings {
        let _ = write!(command, " --set {}", quoted(setting));
    }
    command
}

/// A word as a shell takes it, on one line.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "._-/=+,:".contains(c);
    let word: String = word.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    if !word.is_empty() && word.chars().all(plain) {
        return word;
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_would_take_them_apart() {
        assert_eq!(quoted("a/b-1.mtrace"), "a/b-1.mtrace");
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's\n"), r"'it'\''s?'");
        assert_eq!(quoted(""), "''");
    }
}
