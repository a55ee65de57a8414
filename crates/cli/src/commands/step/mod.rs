//! `mesim step`: what each reference does, as screens in a terminal, as a table or as records.

mod charts;
mod sheet;
mod svg;
mod table;
mod view;

use coherence::MachineSpec;
use driver::ReplayOptions;
use driver::observe::Step;
use driver::steps::{Names, States, StepRecord, StepsHeader};
use serde_json::{Value, json};

use self::charts::{Mermaid, Perfetto, Vcd};
use self::sheet::{Csv, Latex, Markdown, Sheet};
use self::svg::Svg;
use self::table::Table;
use super::stepping;
use crate::diagnostics::{Diagnostic, Messages};
use crate::input;
use crate::output::HeldBack;
use crate::step_args::{Blank, StepArgs, StepsKind};

pub(super) fn run(args: &StepArgs, messages: Messages) -> Result<(), Diagnostic> {
    use StepsKind::{Mermaid, Perfetto, Svg, Vcd};
    let is_chart = matches!(args.kind, Some(Svg | Mermaid | Perfetto | Vcd));
    if is_chart && !args.blank.is_empty() {
        return Err(Diagnostic::input("E0312", "a chart has no columns to be left empty")
            .on("--blank", "expected a sheet: table, csv, markdown, latex or jsonl")
            .help("leave `--blank` out, or choose a sheet with `--as`"));
    }
    let opened = input::open(&args.traces, &args.trace, &args.machine, messages)?;
    let place = args.machine.config.as_ref().unwrap_or(&args.traces[0]);
    stepping::refuse_durable(&opened.config, place)?;
    let header = stepping::header(&opened);
    if args.wants_screens() && view::is_possible() {
        return view::run(args, &header, opened);
    }
    let input::Opened { config, streams, interleave, names, .. } = opened;
    let mut out = HeldBack::new();
    let mut printer: Option<Box<dyn Printer>> = None;
    let options = ReplayOptions { limit: args.limit, ..ReplayOptions::default() };
    let mut last = 0;
    let mut show = |machine: &MachineSpec, step: &Step| {
        last = step.number;
        if last < args.from {
            return Ok(());
        }
        let printer = if let Some(printer) = &mut printer {
            printer
        } else {
            let chosen = printer.insert(chosen(args, &header, &names, machine));
            chosen.begin().map_or(Ok(()), |begin| out.line(&begin))?;
            chosen
        };
        if args.kind == Some(Svg) && last - args.from >= svg::STEPS_MAX {
            return Err(svg::too_many(args.from));
        }
        let row = printer.row(&StepRecord::new(machine, &names, step));
        row.map_or(Ok(()), |row| out.line(&row))
    };
    stepping::watched(&mut |_| (), &mut show, |progress, show| {
        driver::show_steps(&config, streams, interleave, &options, progress, show)
    })?;
    if last < args.from {
        return Err(no_such_step(args.from, last));
    }
    if let Some(end) = printer.and_then(|printer| printer.end()) {
        out.line(&end)?;
    }
    out.release()
}

/// The diagnostic of a first step that the trace does not have.
fn no_such_step(from: u64, last: u64) -> Diagnostic {
    Diagnostic::input("E0313", format!("the trace has {last} steps"))
        .on(format!("--from {from}"), "expected one of them")
        .help(format!("`--from {last}` shows the last one"))
}

/// A way to print steps, line by line.
trait Printer {
    /// Returns what stands before the steps.
    fn begin(&self) -> Option<String>;

    /// Returns the line of a step, unless all of them stand at the end.
    fn row(&self, record: &StepRecord) -> Option<String>;

    /// Returns what stands behind them.
    fn end(&self) -> Option<String> {
        None
    }
}

fn chosen(
    args: &StepArgs,
    header: &StepsHeader,
    names: &Names,
    machine: &MachineSpec,
) -> Box<dyn Printer> {
    let blank = Blanks(args.blank.clone());
    match args.kind.unwrap_or(StepsKind::Table) {
        StepsKind::Table => Box::new(Table::new(machine, blank)),
        StepsKind::Csv => Box::new(Sheet::new(Csv, blank)),
        StepsKind::Markdown => Box::new(Sheet::new(Markdown, blank)),
        StepsKind::Latex => Box::new(Sheet::new(Latex, blank)),
        StepsKind::Svg => Box::new(Svg::new(header.title.as_deref(), names, machine)),
        StepsKind::Mermaid => Box::new(Mermaid::new(machine)),
        StepsKind::Perfetto => Box::new(Perfetto::new(machine)),
        StepsKind::Vcd => Box::new(Vcd::new(machine)),
        StepsKind::Jsonl => Box::new(Records { header: header.json(), blank }),
    }
}

/// The columns that are left empty.
struct Blanks(Vec<Blank>);

impl Blanks {
    fn has(&self, column: Blank) -> bool {
        self.0.contains(&column)
    }

    /// Returns a text, or an empty one in a column that is left empty.
    fn unless(&self, column: Blank, text: impl Into<String>) -> String {
        if self.has(column) { String::new() } else { text.into() }
    }
}

/// The records themselves; what is blank is `null`.
struct Records {
    header: String,
    blank: Blanks,
}

impl Printer for Records {
    fn begin(&self) -> Option<String> {
        Some(self.header.clone())
    }

    fn row(&self, record: &StepRecord) -> Option<String> {
        if self.blank.0.is_empty() {
            return Some(record.json());
        }
        let mut value = json!(record);
        for column in &self.blank.0 {
            for key in keys(*column) {
                value[*key] = Value::Null;
            }
        }
        Some(value.to_string())
    }
}

/// The keys of a column in a record.
const fn keys(column: Blank) -> &'static [&'static str] {
    match column {
        Blank::Hit => &["hit"],
        Blank::Class => &["class"],
        Blank::Bus => &["bus"],
        Blank::Supplier => &["supplier"],
        Blank::States => &["before", "after"],
        Blank::Events => &["events"],
        Blank::Cells => &["cells"],
        Blank::Values => &["values"],
        Blank::Why => &["why"],
    }
}

/// The states of all cores, run together where each is a letter.
fn states(states: &States) -> String {
    match states {
        States::Letters(letters) => letters.clone(),
        States::Names(names) => names.join(" "),
    }
}

fn answer(hit: Option<bool>) -> &'static str {
    match hit {
        Some(true) => "hit",
        Some(false) => "miss",
        None => "",
    }
}

/// Who supplied, as a reader says it: `core 1`, `L2`, `memory`.
fn supplier(record: &StepRecord) -> Option<String> {
    let supplier = record.supplier.as_deref()?;
    let core = supplier.strip_prefix("core").filter(|rest| rest.parse::<u32>().is_ok());
    Some(core.map_or_else(|| supplier.to_owned(), |core| format!("core {core}")))
}

/// What else happened, in words.
fn events(record: &StepRecord) -> String {
    let words = record.events.iter().map(|event| {
        let does = match event.what {
            "flush" => "flushes",
            "supply" => "supplies and keeps dirty",
            "hand_over" => "hands over",
            "update" => "takes the store to",
            "invalidate" => "loses",
            "write_back" => "writes back",
            "clean" => "keeps clean",
            "evict" => "evicts",
            "back_invalidate" => "is made to drop",
            other => other,
        };
        let line = event.line.as_ref().unwrap_or(&record.line);
        format!("core {} {does} {line}", event.core)
    });
    words.collect::<Vec<_>>().join(", ")
}
