//! `--vary`: the same trace once with each value of a key, or each combination of values.

use std::path::Path;

use driver::report::{Run, Variation};

use super::machines;
use super::outputs::Outputs;
use super::run::{Wanted, warn_of_loss};
use crate::args::MachineArgs;
use crate::counterexample::quoted;
use crate::crash_args::VaryArgs;
use crate::diagnostics::{Diagnostic, Messages};
use crate::input::Prepared;
use crate::progress::Progress;

/// The most machines that run side by side.
const MACHINES_MAX: usize = 256;

/// A key and the values that it takes.
struct Varied<'a> {
    argument: &'a str,
    key: &'a str,
    values: Vec<&'a str>,
}

/// A combination of values, and the machine that has it.
pub(super) struct Point {
    pub(super) values: Vec<String>,
    pub(super) machine: MachineArgs,
}

pub(super) fn run(
    wanted: &Wanted,
    args: &VaryArgs,
    json: Option<&Path>,
    messages: Messages,
) -> Result<(), Diagnostic> {
    let mut varied: Vec<Varied> = Vec::new();
    for argument in &args.vary {
        let (key, values) = split(argument)?;
        if let (Some(cores), "cores") = (wanted.machine.cores, key) {
            return Err(Diagnostic::input("E0317", "`cores` is varied and fixed")
                .on(format!("--cores {cores}"), format!("expected only `--vary {argument}`"))
                .help("leave `--cores` out"));
        }
        varied.push(Varied { argument, key, values });
    }
    let points = points(&varied, wanted.machine)?;
    if wanted.looks_at_crashes() {
        return each_by_itself(wanted, &varied, &points, args, json, messages);
    }
    let first = wanted.prepare(&points[0].machine, None, messages)?;
    refuse_same_keys(&varied, &first)?;
    if first.config().durability.is_some() {
        drop(first);
        return each_by_itself(wanted, &varied, &points, args, json, messages);
    }
    let keys: Vec<_> = varied.iter().map(|varied| varied.key.to_owned()).collect();
    machines::run(wanted, &keys, &points, first, args, json, messages)
}

/// Refuses keys of which one decides what another says, under whatever names.
fn refuse_same_keys(varied: &[Varied], first: &Prepared) -> Result<(), Diagnostic> {
    let full = |varied: &Varied| format!("{}.", first.full_key(&config_path(varied.key)));
    for (number, later) in varied.iter().enumerate() {
        let meets = |earlier: &&Varied| {
            let (one, other) = (full(earlier), full(later));
            one.starts_with(&other) || other.starts_with(&one)
        };
        if let Some(earlier) = varied[..number].iter().find(meets) {
            let title = format!("`{}` and `{}` say the same", earlier.key, later.key);
            return Err(Diagnostic::input("E0317", title)
                .on(format!("--vary {}", later.argument), "expected another key")
                .help("write all values of a key into one `--vary`"));
        }
    }
    Ok(())
}

/// Returns every combination; the first key changes slowest.
fn points(varied: &[Varied], machine: &MachineArgs) -> Result<Vec<Point>, Diagnostic> {
    let mut points = vec![Point { values: Vec::new(), machine: machine.clone() }];
    for Varied { argument, key, values } in varied {
        if points.len() * values.len() > MACHINES_MAX {
            let count = points.len() * values.len();
            return Err(Diagnostic::input(
                "E0317",
                format!("{count} machines are too many at once"),
            )
            .on(format!("--vary {argument}"), format!("expected at most {MACHINES_MAX}"))
            .help("vary fewer keys, or take fewer values of each"));
        }
        let path = config_path(key);
        let with = |point: &Point, value: &str| {
            let mut point = Point { values: point.values.clone(), machine: point.machine.clone() };
            point.values.push(value.to_owned());
            point.machine.set.push(format!("{path}={value}"));
            point
        };
        points = points.iter().flat_map(|p| values.iter().map(|v| with(p, v))).collect();
    }
    Ok(points)
}

/// Runs once with each value of a key, one after the other: what is durable is a matter of time.
fn each_by_itself(
    wanted: &Wanted,
    varied: &[Varied],
    points: &[Point],
    args: &VaryArgs,
    json: Option<&Path>,
    messages: Messages,
) -> Result<(), Diagnostic> {
    let [Varied { argument, key, .. }] = varied else {
        return Err(Diagnostic::input("E0317", "what is durable is compared over one key")
            .on(format!("--vary {}", varied[1].argument), "expected no second key")
            .help("fix the other with `--set`"));
    };
    let what = "a variation reads its input once for each value";
    wanted.refuse_read_once("E0317", what, &format!("--vary {}", quoted(argument)))?;
    // All machines are checked before any of them runs.
    let mut runs = Vec::new();
    for Point { values, machine } in points {
        let prepared = wanted.prepare(machine, None, messages)?;
        wanted.need_durability(&prepared, "`--vary`")?;
        runs.push((values[0].as_str(), machine, prepared));
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
    let variation = Variation::new(*key, done);
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
