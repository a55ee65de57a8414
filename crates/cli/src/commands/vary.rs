//! `--vary`: the same trace once with each value of a key.

use std::path::Path;

use driver::report::{Run, Variation};

use super::outputs::Outputs;
use super::run::{Wanted, warn_of_loss};
use crate::args::MachineArgs;
use crate::counterexample::quoted;
use crate::crash_args::VaryArgs;
use crate::diagnostics::{Diagnostic, Messages};
use crate::progress::Progress;

pub(super) fn run(
    wanted: &Wanted,
    varied: &str,
    args: &VaryArgs,
    json: Option<&Path>,
    messages: Messages,
) -> Result<(), Diagnostic> {
    let (key, values) = split(varied)?;
    let what = "a variation reads its input once for each value";
    wanted.refuse_read_once("E0317", what, &format!("--vary {}", quoted(varied)))?;
    let path = config_path(key);
    let machines: Vec<(&str, MachineArgs)> = values
        .into_iter()
        .map(|value| {
            let mut machine = wanted.machine.clone();
            machine.set.push(format!("{path}={value}"));
            (value, machine)
        })
        .collect();
    // All machines are checked before any of them runs.
    let mut runs = Vec::new();
    for (value, machine) in &machines {
        let prepared = wanted.prepare(machine, None, messages)?;
        wanted.need_durability(&prepared, "`--vary`")?;
        runs.push((*value, machine, prepared));
    }
    runs[0].2.warn(messages);
    let outputs = Outputs::begin(&[
        ("--json", json),
        ("--csv", args.csv.as_deref()),
        ("--svg", args.svg.as_deref()),
    ])?;
    let bar = Progress::start(wanted.quiet || messages.are_for_programs());
    let mut before = 0;
    let mut done: Vec<(String, Run)> = Vec::new();
    for (value, machine, prepared) in runs {
        let again = || wanted.prepare(machine, None, messages);
        let run = wanted.run(prepared, &again, &mut |here| bar.at(before + here));
        let (run, accesses) = run.map_err(|error| error.under(&format!("{key}={value}")))?;
        before += accesses;
        done.push((value.to_owned(), run));
    }
    bar.finish(before);
    warn_of_loss(done.iter().map(|(_, run)| run.report()), messages);
    let variation = Variation::new(key, done);
    outputs.write(&[&|| variation.json(), &|| variation.csv(), &|| variation.svg()], || {
        variation.text()
    })
}

/// Returns the path in the config of a key, which may lack the `durability.` before it.
fn config_path(key: &str) -> String {
    let part = key.split('.').next().unwrap_or(key);
    let below = format!("durability.{part}");
    let keys = driver::config::keys();
    let is_there = |part: &str| {
        let rest = |known: &String| known.strip_prefix(part).map(|rest| rest.chars().next());
        keys.iter().filter_map(rest).any(|next| matches!(next, None | Some('.')))
    };
    if is_there(&below) && !is_there(part) { format!("durability.{key}") } else { key.to_owned() }
}

/// Splits `KEY=V1,V2..`; whether there are such is the config's to say.
fn split(varied: &str) -> Result<(&str, Vec<&str>), Diagnostic> {
    const FLAG: &str = "--vary ";
    let argument = format!("{FLAG}{varied}");
    let refused = |title: String, span: std::ops::Range<usize>, label: &str| {
        let span = FLAG.len() + span.start..FLAG.len() + span.end;
        Err(Diagnostic::input("E0317", title)
            .on_part(argument.clone(), span, label)
            .help("for example `--vary 'flush.every=1 s,5 s,30 s'`"))
    };
    let Some((key, list)) = varied.split_once('=').filter(|(key, _)| !key.trim().is_empty()) else {
        let title = "`--vary` takes a key of the config and its values";
        return refused(title.to_owned(), 0..varied.len(), "expected `KEY=V1,V2..`");
    };
    let mut values: Vec<&str> = Vec::new();
    for part in parts(list) {
        let value = part.trim();
        // Where it stands in the argument, without the blanks round it.
        let start = value.as_ptr() as usize - varied.as_ptr() as usize;
        let span = start..start + value.len();
        if value.is_empty() {
            return refused("a value is missing".to_owned(), span, "expected a value");
        }
        if values.contains(&value) {
            let title = format!("the value `{value}` is there twice");
            return refused(title, span, "expected another value");
        }
        values.push(value);
    }
    Ok((key.trim(), values))
}

/// Splits a list at its commas, but not inside of brackets and strings.
fn parts(list: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut in_string) = (Vec::new(), 0, 0_u32, false);
    for (at, c) in list.char_indices() {
        match c {
            '"' => in_string = !in_string,
            '(' | '[' if !in_string => depth += 1,
            ')' | ']' if !in_string => depth = depth.saturating_sub(1),
            ',' if !in_string && depth == 0 => {
                parts.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&list[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_split_outside_of_brackets_and_strings() {
        assert_eq!(
            split("replicas.lags=[\"1 ms\", \"2 ms\"], [],LogNormal(1,2)").unwrap(),
            ("replicas.lags", vec!["[\"1 ms\", \"2 ms\"]", "[]", "LogNormal(1,2)"])
        );
        assert_eq!(split(" k = \"a,b\" , c").unwrap(), ("k", vec!["\"a,b\"", "c"]));
        for wrong in ["k", "=1", "k=", "k=1,,2", "k=1,1"] {
            assert_eq!(split(wrong).unwrap_err().code, "E0317", "{wrong}");
        }
    }
}
