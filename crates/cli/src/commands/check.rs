//! `mesim check`: the counts of a trace beside what a file expects of them.

use std::fmt::Write as _;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use driver::expect::{self, Expectations, Expected, Finding, Outcome, Pinned};
use driver::{ReplayOptions, report::grouped};
use serde_json::{Value, json};

use super::outputs::Outputs;
use super::run::Wanted;
use crate::args::{MachineArgs, PinnedMachine};
use crate::check_args::CheckArgs;
use crate::diagnostics::{Diagnostic, Messages};
use crate::output::Draft;
use crate::progress::Progress;
use crate::{input, output};

/// A trace, its expectation file, and what came of each of its machines.
struct Checked<'a> {
    trace: &'a Path,
    expectations: Expectations,
    file: PathBuf,
    outcomes: Vec<Outcome>,
}

pub(super) fn run(args: &CheckArgs, messages: Messages) -> Result<(), Diagnostic> {
    if args.expect.is_some() && args.traces.len() > 1 {
        return Err(Diagnostic::input("E0608", "one expectation file for several traces")
            .on("--expect", format!("expected one trace, and not {}", args.traces.len()))
            .help("without `--expect` each trace has a file of its own beside it"));
    }
    let outputs = Outputs::begin(&[("--json", args.json.as_deref())])?;
    let checked: Result<Vec<_>, _> =
        args.traces.iter().map(|trace| check(trace, args, messages)).collect();
    let checked = checked?;
    if args.bless {
        return checked.into_iter().try_for_each(|checked| bless(checked, args.quiet));
    }
    outputs.write(&[&|| format!("{:#}\n", as_json(&checked))], || text(&checked, args.quiet))?;
    let all = || checked.iter().flat_map(|checked| &checked.outcomes);
    let wrong = all().map(|outcome| outcome.wrong().count()).sum::<usize>();
    if wrong == 0 {
        return Ok(());
    }
    let expectations: usize = all().map(|outcome| outcome.findings.len()).sum();
    let verb = if wrong == 1 { "does" } else { "do" };
    let title = format!("{wrong} of {expectations} expectations {verb} not hold");
    Err(Diagnostic::failed("E0607", title)
        .help("`mesim step` shows each reference; `--bless` puts what was found into the file"))
}

/// Replays a trace on every machine of its expectation file.
fn check<'a>(
    trace: &'a Path,
    args: &'a CheckArgs,
    messages: Messages,
) -> Result<Checked<'a>, Diagnostic> {
    let file = match &args.expect {
        Some(file) => file.clone(),
        None => beside(trace)?,
    };
    let expectations = expect::read(&file.display().to_string(), &read(&file, trace)?, &args.param);
    let expectations = expectations.map_err(first_of_all)?;
    let mut outcomes = Vec::new();
    for expected in &expectations.machines {
        if expectations.machines.len() > 1 && input::is_read_once(trace) {
            let title = "the trace is replayed once for each machine of the file";
            return Err(Diagnostic::input("E0608", title)
                .on(trace.display().to_string(), "this can be read only once")
                .help("write it to a file first"));
        }
        outcomes.push(replay(trace, args, (&expectations, expected, &file), messages)?);
    }
    Ok(Checked { trace, expectations, file, outcomes })
}

/// Replays a trace on one machine.
fn replay(
    trace: &Path,
    args: &CheckArgs,
    (expectations, expected, file): (&Expectations, &Expected, &Path),
    messages: Messages,
) -> Result<Outcome, Diagnostic> {
    let machine = machine(args, expected, file)?;
    let traces = [trace.to_owned()];
    let wanted = Wanted::to_check(&traces, &args.trace, &machine, args.quiet);
    let prepared = wanted.prepare(&machine, None, messages)?;
    prepared.warn(messages);
    let looks = expectations.addresses(expected, prepared.names()).map_err(first_of_all)?;
    let options = ReplayOptions { looks, ..wanted.options.clone() };
    let bar = Progress::start(args.quiet || messages.are_for_programs());
    let report = wanted.replay(prepared.start()?, &options, &mut |accesses| bar.at(accesses));
    bar.end();
    let report = report?;
    expectations.compare(expected, &report).map_err(first_of_all)
}

/// Returns the machine of the file, under what the command line says.
fn machine(args: &CheckArgs, expected: &Expected, file: &Path) -> Result<MachineArgs, Diagnostic> {
    let config = match &expected.config {
        _ if args.machine.config.is_some() => None,
        None => None,
        Some(Pinned::Here(draft)) => Some((**draft).clone()),
        Some(Pinned::File(path, origin)) => {
            let folder = file.parent().unwrap_or(Path::new(""));
            let draft = input::read_config(&folder.join(path), None);
            let label = "expected the path of a config, from the folder of this file";
            Some(draft.map_err(|error| match error.code {
                "E0305" => error.at_value(origin, label),
                _ => error,
            })?)
        }
    };
    let pinned = PinnedMachine { config, settings: expected.settings.clone() };
    Ok(MachineArgs { pinned, ..args.machine.clone() })
}

/// The compressed files whose last extension is not the trace's own.
const COMPRESSED: [&str; 5] = ["gz", "zst", "xz", "lz4", "zip"];

/// Returns the name of the expectation file beside a trace.
fn beside(trace: &Path) -> Result<PathBuf, Diagnostic> {
    if trace == Path::new("-") {
        return Err(Diagnostic::input("E0608", "standard input has no expectation file beside it")
            .on("-", "expected a file, or `--expect`")
            .help("name the file: `mesim check - --expect t.expect.ron`"));
    }
    let is_compressed = |extension: &std::ffi::OsStr| {
        COMPRESSED.iter().any(|known| extension.eq_ignore_ascii_case(known))
    };
    let plain = match trace.extension() {
        Some(extension) if is_compressed(extension) => trace.with_extension(""),
        _ => trace.to_owned(),
    };
    Ok(plain.with_extension("expect.ron"))
}

/// Reads an expectation file.
fn read(file: &Path, trace: &Path) -> Result<String, Diagnostic> {
    let cannot = |error: std::io::Error| {
        let help = match error.kind() {
            ErrorKind::NotFound => format!(
                "write one, such as `(counts: {{\"misses\": \"0\"}})`; then `mesim check {} \
                 --expect {} --bless` puts the counts in",
                trace.display(),
                file.display()
            ),
            _ => "name an expectation file (RON) with `--expect`".to_owned(),
        };
        Diagnostic::input("E0608", format!("the expectation file cannot be read: {error}"))
            .at(file.display().to_string())
            .help(help)
    };
    let source: Box<dyn Read> = if file == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(file).map_err(cannot)?)
    };
    let mut text = String::new();
    // One byte more than is legal says that there is more.
    let most = expect::BYTES_MAX as u64 + 1;
    source.take(most).read_to_string(&mut text).map_err(cannot)?;
    Ok(text)
}

fn first_of_all(mistakes: Vec<expect::Mistake>) -> Diagnostic {
    let diagnostics = mistakes.into_iter().map(Diagnostic::from).collect();
    Diagnostic::all(diagnostics).expect("a refusal has a reason")
}

/// Puts what was found into the file, where something else was expected.
fn bless(checked: Checked<'_>, quiet: bool) -> Result<(), Diagnostic> {
    let Checked { trace, expectations, file, outcomes } = checked;
    let wrong: Vec<&Finding> = outcomes.iter().flat_map(Outcome::wrong).collect();
    let shown = file.display();
    if wrong.is_empty() {
        let holds = format!("{shown}: everything holds for {}\n", trace.display());
        return if quiet { Ok(()) } else { output::print(&holds) };
    }
    if input::is_read_once(&file) {
        return Err(Diagnostic::input("E0608", "the expectation file cannot be written anew")
            .on(shown.to_string(), "this can be read only once")
            .help("`--bless` needs a file"));
    }
    let draft = Draft::begin(&file)?;
    draft.publish_text(&expectations.corrected(wrong.iter().copied()))?;
    let mut text = String::new();
    for Finding { what, expected, found, .. } in wrong {
        let _ = writeln!(text, "{shown}: {what}: {expected} is now {found}");
    }
    output::print(&text)
}

fn text(checked: &[Checked<'_>], quiet: bool) -> String {
    let mut text = String::new();
    for Checked { trace, outcomes, .. } in checked {
        let all: usize = outcomes.iter().map(|outcome| outcome.findings.len()).sum();
        let wrong: usize = outcomes.iter().map(|outcome| outcome.wrong().count()).sum();
        if quiet && wrong == 0 {
            continue;
        }
        let machines = match outcomes.len() {
            1 => String::new(),
            count => format!(" on {count} machines"),
        };
        let held = grouped((all - wrong) as u64);
        let _ = writeln!(text, "{}: {held} of {all} hold{machines}", trace.display());
        for outcome in outcomes {
            table(outcome, outcomes.len() > 1, &mut text);
        }
    }
    text
}

/// Writes what does not hold.
fn table(outcome: &Outcome, one_of_several: bool, text: &mut String) {
    let wrong: Vec<_> = outcome.wrong().collect();
    if wrong.is_empty() {
        return;
    }
    if one_of_several {
        let settings = outcome.settings.join(", ");
        let settings = if settings.is_empty() { outcome.protocol.clone() } else { settings };
        let _ = writeln!(text, "  with {settings}");
    }
    let expected = |finding: &Finding| match &finding.value {
        value if *value == finding.expected => value.clone(),
        value => format!("{} ({value})", finding.expected),
    };
    let rows = wrong.iter().map(|one| [one.what.clone(), expected(one), one.found.clone()]);
    let header = ["what", "expected", "found"].map(str::to_owned);
    let rows: Vec<[String; 3]> = std::iter::once(header).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let [first, second] = [width(0).unwrap_or(0), width(1).unwrap_or(0)];
    for [what, expected, found] in &rows {
        let _ = writeln!(text, "  {what:<first$}  {expected:<second$}  {found}");
    }
}

fn as_json(checked: &[Checked<'_>]) -> Value {
    let finding = |one: &Finding| {
        json!({
            "what": one.what,
            "expected": one.expected,
            "value": one.value,
            "found": one.found,
            "holds": one.holds,
        })
    };
    let machine = |outcome: &Outcome| {
        json!({
            "set": outcome.settings,
            "protocol": outcome.protocol,
            "holds": outcome.wrong().next().is_none(),
            "checks": outcome.findings.iter().map(finding).collect::<Vec<_>>(),
        })
    };
    let holds = |checked: &Checked<'_>| {
        checked.outcomes.iter().all(|outcome| outcome.wrong().next().is_none())
    };
    let traces = checked.iter().map(|checked| {
        json!({
            "trace": checked.trace.display().to_string(),
            "expect": checked.file.display().to_string(),
            "holds": holds(checked),
            "machines": checked.outcomes.iter().map(machine).collect::<Vec<_>>(),
        })
    });
    json!({
        "schema": "mesim.check/1",
        "holds": checked.iter().all(holds),
        "traces": traces.collect::<Vec<_>>(),
    })
}
