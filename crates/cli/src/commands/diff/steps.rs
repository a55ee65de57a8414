//! Two files of steps, line by line.
//!
//! A student's simulator need not say everything: a key that one of two steps lacks is not
//! compared. What is compared is meant, not spelt: a list of states is the letters of a string,
//! `"-"` and `"none"` are `null`, 4096 is `"0x1000"`.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use clap::ValueEnum;
use coherence::render::{processor_cell, snoop_cell};
use coherence::{BusOp, Processor, Protocol, State};
use serde_json::{Map, Value};

use crate::diagnostics::Diagnostic;
use crate::diff_args::Key;
use crate::{interrupt, output};

/// The longest line of a file of steps, in bytes.
const LINE_BYTES_MAX: u64 = 1 << 20;

/// A step, or the first line of a file.
type Object = Map<String, Value>;

/// Says where the steps of two files first differ; they agree if they do not.
pub(super) fn compare(reference: &Path, other: &Path, keys: &[Key]) -> Result<(), Diagnostic> {
    let (mut right, mut left) = (Steps::open(reference)?, Steps::open(other)?);
    let machine = machines_differ(&right.header, &left.header);
    // What is asked for by name has to be said.
    let asked = !keys.is_empty();
    let keys = if asked { keys } else { Key::value_variants() };
    let mut count: u64 = 0;
    loop {
        if count.is_multiple_of(4096) {
            interrupt::check()?;
        }
        let (a, b) = (right.next()?, left.next()?);
        let text = match (&a, &b) {
            (None, None) => break,
            (Some(a), Some(b)) => {
                count += 1;
                let differs: Vec<Key> =
                    keys.iter().copied().filter(|key| differ(a, b, *key, asked)).collect();
                let said = |key: &Key| a.contains_key(key.name()) && b.contains_key(key.name());
                if !asked && !keys.iter().any(said) {
                    return Err(left.wrong("a step has no key that could be compared"));
                }
                if differs.is_empty() {
                    continue;
                }
                let what = differs.iter().map(|key| key.name()).collect::<Vec<_>>().join(", ");
                output::print(&described(&right, &left, a, b, &differs))?;
                format!("step {count} differs in {what}")
            }
            (Some(_), None) => {
                format!("the second file ends after {count} steps, the first does not")
            }
            (None, Some(_)) => {
                format!("the first file ends after {count} steps, the second does not")
            }
        };
        return Err(failed(text, right.lines, left.lines, other, machine));
    }
    // Whoever says what to compare may compare steps of two machines.
    if let Some(machine) = machine.filter(|_| !asked) {
        return Err(failed(machine, 1, 1, other, None));
    }
    let s = if count == 1 { "" } else { "s" };
    output::print(&format!("{count} step{s}, and no difference\n"))
}

fn failed(
    title: String,
    reference: u64,
    line: u64,
    other: &Path,
    machine: Option<String>,
) -> Diagnostic {
    let help = match machine {
        Some(machine) => format!("{machine}: compare steps of one machine"),
        None => {
            format!("it is line {reference} of the first file; `mesim step` shows what leads to it")
        }
    };
    Diagnostic::failed("E0701", title).at(format!("{}:{line}", other.display())).help(help)
}

/// A file of steps that is read.
struct Steps {
    name: String,
    input: BufReader<File>,
    header: Object,
    /// How many lines are read.
    lines: u64,
}

impl Steps {
    fn open(path: &Path) -> Result<Self, Diagnostic> {
        let name = path.display().to_string();
        let file = File::open(path).map_err(|error| {
            Diagnostic::input("E0702", format!("the steps cannot be read: {error}"))
                .at(name.clone())
                .help(trace::near_file(path))
        })?;
        let input = BufReader::new(file);
        let mut steps = Self { name, input, header: Map::new(), lines: 0 };
        let header = steps.next()?;
        steps.header = header
            .filter(|header| {
                header.get("schema").and_then(Value::as_str) == Some(driver::steps::STEPS_SCHEMA)
            })
            .ok_or_else(|| {
                Diagnostic::input("E0702", "the file does not begin as one of steps does")
                    .at(format!("{}:1", steps.name))
                    .help(
                        "`mesim replay TRACE --events steps.jsonl` writes one; its first line has \
                     `\"schema\":\"mesim.steps/1\"`",
                    )
            })?;
        Ok(steps)
    }

    /// Makes the diagnostic of the line that was read last.
    fn wrong(&self, what: &str) -> Diagnostic {
        Diagnostic::input("E0702", what)
            .at(format!("{}:{}", self.name, self.lines))
            .help("a step says some of core, op, addr, hit, bus, before, after: docs/steps.md")
    }

    /// Reads the next line that is not empty.
    fn next(&mut self) -> Result<Option<Object>, Diagnostic> {
        let mut line = Vec::new();
        loop {
            line.clear();
            let limited = &mut self.input.by_ref().take(LINE_BYTES_MAX + 1);
            let read = limited.read_until(b'\n', &mut line);
            let wrong = |what: String| {
                Diagnostic::input("E0702", what)
                    .at(format!("{}:{}", self.name, self.lines + 1))
                    .help("a step is a JSON object in a line of its own, of 1 MiB at most")
            };
            let read = read.map_err(|error| wrong(format!("the steps cannot be read: {error}")))?;
            if read == 0 {
                return Ok(None);
            }
            if line.len() as u64 > LINE_BYTES_MAX {
                return Err(wrong("a line is too long for a step".to_owned()));
            }
            let text = line.trim_ascii();
            if !text.is_empty() {
                let step = serde_json::from_slice(text);
                let step = step.map_err(|error| wrong(format!("a line is no step: {error}")))?;
                self.lines += 1;
                return Ok(Some(step));
            }
            self.lines += 1;
        }
    }
}

/// Says in what the machines differ that the steps are of.
fn machines_differ(a: &Object, b: &Object) -> Option<String> {
    let of = |header: &Object, key: &str| {
        header.get("machine").and_then(|machine| machine.get(key)).cloned().unwrap_or(Value::Null)
    };
    for (key, what) in [("protocol", "protocol"), ("cores", "cores"), ("line_bytes", "line")] {
        let (a, b) = (of(a, key), of(b, key));
        if !a.is_null() && !b.is_null() && plain(&a) != plain(&b) {
            return Some(format!("the machines differ in their {what}: {a} and {b}"));
        }
    }
    None
}

/// Returns whether two steps say different things of a key; one that says nothing does not, unless
/// the key is `asked` for.
fn differ(a: &Object, b: &Object, key: Key, asked: bool) -> bool {
    let (Some(a), Some(b)) = (a.get(key.name()), b.get(key.name())) else { return asked };
    plain(a) != plain(b)
}

/// Returns what a value means, however it is spelt.
fn plain(value: &Value) -> Value {
    match value {
        Value::String(text) => {
            let text = text.trim();
            if matches!(text, "" | "-") || text.eq_ignore_ascii_case("none") {
                return Value::Null;
            }
            if text.eq_ignore_ascii_case("hit") || text.eq_ignore_ascii_case("miss") {
                return Value::Bool(text.eq_ignore_ascii_case("hit"));
            }
            let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
            match digits.and_then(|digits| u64::from_str_radix(digits, 16).ok()) {
                Some(number) => number.into(),
                None => text.split_whitespace().collect::<String>().into(),
            }
        }
        // States as a list are the letters of a string; one transaction in a list is that one.
        Value::Array(values) if values.iter().all(Value::is_string) => {
            let texts: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
            plain(&texts.concat().into())
        }
        Value::Array(values) => values.iter().map(plain).collect(),
        Value::Object(object) => {
            let mut pairs: Vec<_> = object
                .iter()
                .map(|(key, value)| (plain(&key.as_str().into()), plain(value)))
                .collect();
            pairs.sort_by_key(|(key, _)| key.to_string());
            pairs.into_iter().map(|(key, value)| Value::from(vec![key, value])).collect()
        }
        other => other.clone(),
    }
}

/// Shows two steps side by side, and the cells of the tables that the first one went by.
fn described(right: &Steps, left: &Steps, a: &Object, b: &Object, differs: &[Key]) -> String {
    let shown = |object: &Object, key: &str| match object.get(key) {
        None => "(not said)".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) => "-".to_owned(),
        Some(other) => other.to_string(),
    };
    let rows: Vec<(bool, &str, String, String)> = Key::value_variants()
        .iter()
        .filter(|key| a.contains_key(key.name()) || b.contains_key(key.name()))
        .map(|key| {
            let name = key.name();
            (differs.contains(key), name, shown(a, name), shown(b, name))
        })
        .collect();
    let widest = rows.iter().map(|row| row.2.chars().count()).chain([right.name.chars().count()]);
    let width = widest.max().unwrap_or(0);
    let mut text = format!("  {:<9} {:<width$}  {}\n", "", right.name, left.name);
    for (differs, name, a, b) in rows {
        let mark = if differs { '>' } else { ' ' };
        let _ = writeln!(text, "{mark} {name:<9} {a:<width$}  {b}");
    }
    let protocol = right.header.get("machine").and_then(|machine| machine.get("protocol"));
    let protocol = protocol.and_then(Value::as_str).and_then(Protocol::built_in);
    let cells = a.get("cells").and_then(Value::as_array).into_iter().flatten();
    for cell in cells.filter_map(Value::as_str) {
        let does = protocol.and_then(|protocol| rule(protocol, cell));
        let does = does.map_or(String::new(), |does| format!(": {does}"));
        let _ = writeln!(text, "rule {cell}{does}");
    }
    if let Some(why) = a.get("why").and_then(Value::as_str) {
        let _ = writeln!(text, "why  {why}");
    }
    text
}

/// Returns what a cell of a protocol's tables says, such as `BusRdX, M` for `I.Store`.
fn rule(protocol: &Protocol, cell: &str) -> Option<String> {
    let (state, event) = cell.split_once('.')?;
    let state: State = protocol.all_states().find(|s| protocol.state_name(*s) == state)?;
    if let Some(own) = Processor::ALL.into_iter().find(|own| own.name() == event) {
        return Some(processor_cell(protocol, protocol.processor(state, own)));
    }
    let op = BusOp::ALL.into_iter().find(|op| op.name() == event)?;
    Some(snoop_cell(protocol, op, protocol.snoop(state, op)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_means_the_same_is_the_same() {
        for (one, other) in [
            (json!("IM"), json!(["I", "M"])),
            (json!("I M"), json!("IM")),
            (json!(null), json!("-")),
            (json!(null), json!("None")),
            (json!(true), json!("hit")),
            (json!("0x1000"), json!(4096)),
            (json!("BusRd"), json!(["BusRd"])),
            (json!({"0x1000": 7, "0x1004": 8}), json!({"0x1004": 8, "0x1000": 7})),
        ] {
            assert_eq!(plain(&one), plain(&other), "{one} {other}");
        }
        for (one, other) in [
            (json!("IM"), json!("MI")),
            (json!(null), json!("BusRd")),
            (json!("BusRd"), json!(["BusRd", "BusUpd"])),
            (json!({"0x1000": 7}), json!({"0x1000": 8})),
            (json!(0), json!(null)),
        ] {
            assert_ne!(plain(&one), plain(&other), "{one} {other}");
        }
    }

    #[test]
    fn a_cell_is_what_the_table_has_there() {
        let mesi = Protocol::built_in("MESI").expect("it is built in");
        assert_eq!(rule(mesi, "I.Store").as_deref(), Some("BusRdX, M"));
        assert_eq!(rule(mesi, "M.BusRd").as_deref(), Some("flush, S"));
        assert_eq!(rule(mesi, "Q.Store"), None);
        assert_eq!(rule(mesi, "I.Sneeze"), None);
    }
}
