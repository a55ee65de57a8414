//! `mesim step --plain`: a row a reference.

use std::path::Path;

use coherence::{BusOp, MachineSpec, Op, Place, State, Supplier};
use driver::observe::{Happening, Step};
use driver::{StepTable, Streams};

use crate::args::StepArgs;
use crate::diagnostics::{Diagnostic, Messages};
use crate::output::HeldBack;
use crate::{input, interrupt};

pub(super) fn run(args: &StepArgs, messages: Messages) -> Result<(), Diagnostic> {
    let paths = std::slice::from_ref(&args.trace_path);
    let opened = input::open(paths, &args.trace, &args.machine, messages)?;
    if opened.config.durability.is_some() {
        return Err(Diagnostic::input("E0402", "steps do not show what becomes durable, and when")
            .on(
                args.machine.config.as_ref().unwrap_or(&args.trace_path).display().to_string(),
                "expected a config without a section `durability`",
            )
            .help("`mesim replay` counts flushes, and `mesim crash` shows what is lost"));
    }
    let Streams::Ordered(source) = opened.streams else {
        return Err(Diagnostic::input("E0310", "steps are shown of one trace in its own order")
            .at(Path::display(&args.trace_path).to_string())
            .help(format!(
                "`mesim convert {} one.mtrace` puts per-core files into one",
                args.trace_path.display()
            )));
    };
    let mut table = HeldBack::new();
    let mut number = 0;
    let mut rows = StepTable::new(&opened.config)?;
    let mut wrote_header = false;
    rows.run::<Diagnostic>(source, args.limit, &mut |machine, step| {
        number += 1;
        if number < args.from {
            return Ok(());
        }
        if !wrote_header {
            wrote_header = true;
            table.line(&header(machine))?;
        }
        table.line(&row(number, machine, step))?;
        if interrupt::asked() { interrupt::check() } else { Ok(()) }
    })?;
    if number < args.from {
        return Err(Diagnostic::input("E0313", format!("the trace has {number} steps"))
            .on(format!("--from {}", args.from), "expected one of them")
            .help(format!("`--from {number}` shows the last one")));
    }
    table.release()
}

/// How the states of all cores are written: their names, run together where each is a letter.
struct States {
    /// What stands between two of them.
    gap: &'static str,
    /// The width of one core's.
    each: usize,
}

impl States {
    fn of(machine: &MachineSpec) -> Self {
        let names = machine.protocol.states().iter().map(|state| state.name.len());
        let each = names.max().unwrap_or(1);
        Self { gap: if each > 1 { " " } else { "" }, each }
    }

    /// Returns the width of a column of them.
    fn width(&self, machine: &MachineSpec) -> usize {
        let cores = machine.cores as usize;
        (cores * (self.each + self.gap.len()) - self.gap.len()).max("before".len())
    }

    /// Writes the states of all cores, each below the one of the row before.
    fn write(&self, machine: &MachineSpec, states: &[State]) -> String {
        let name = |state: &State| {
            format!("{:width$}", machine.protocol.state_name(*state), width = self.each)
        };
        states.iter().map(name).collect::<Vec<_>>().join(self.gap)
    }
}

fn header(machine: &MachineSpec) -> String {
    let states = States::of(machine).width(machine);
    let bus = bus_width(machine);
    format!(
        "{:>6}  {:<5} {:<2} {:<14} {:<4}  {:<bus$}  {:<8}  {:<states$}  {:<states$}  what else",
        "step", "core", "op", "address", "", "bus", "from", "before", "after"
    )
}

fn row(number: u64, machine: &MachineSpec, step: &Step) -> String {
    let reference = &step.reference;
    let addr = machine.line.base(reference.line).0 + u64::from(reference.offset);
    let op = match reference.op {
        Op::Read => "R",
        Op::Write => "W",
        Op::Atomic => "A",
        Op::Fetch => "I",
    };
    let answer = if step.hit { "hit" } else { "miss" };
    let bus: Vec<_> = step.bus.iter().map(|bus| bus.op.name()).collect();
    let bus = if bus.is_empty() { "-".to_owned() } else { bus.join("+") };
    let supplier = supplier(machine, step);
    let bus_width = bus_width(machine);
    let names = States::of(machine);
    let states = names.width(machine);
    let (before, after) = (names.write(machine, &step.before), names.write(machine, &step.after));
    let row = format!(
        "{number:>6}  {:<5} {op:<2} {addr:<#14x} {answer:<4}  {bus:<bus_width$}  {supplier:<8}  \
         {before:<states$}  {after:<states$}  {}",
        reference.core,
        happenings(machine, &step.happenings)
    );
    row.trim_end().to_owned()
}

/// The width of a step's transactions: where a store miss updates, two of them.
fn bus_width(machine: &MachineSpec) -> usize {
    if machine.protocol.issues(BusOp::BusUpd) { "BusRd+BusUpd".len() } else { "BusUpgr".len() }
}

/// Who had the line that a miss brought: another core, a level, memory.
fn supplier(machine: &MachineSpec, step: &Step) -> String {
    let by_bus = step.bus.iter().find_map(|bus| bus.supplier);
    let own = match step.filled_from {
        Some(Place::Private { core, cache, .. }) if core == step.reference.core => Some(cache),
        _ => None,
    };
    match (by_bus, own) {
        (Some(Supplier::Core(core)), _) => format!("core {core}"),
        (Some(Supplier::Shared(level)), _) => machine.shared[level].name.clone(),
        (Some(Supplier::Store), _) => "memory".to_owned(),
        (None, Some(cache)) => {
            let level = machine.private.iter().chain(&machine.l1i).nth(cache);
            level.map_or_else(String::new, |level| level.name.clone())
        }
        (None, None) => "-".to_owned(),
    }
}

fn happenings(machine: &MachineSpec, happenings: &[Happening]) -> String {
    let words: Vec<_> = happenings
        .iter()
        .map(|happening| {
            let (core, word, line) = match *happening {
                Happening::Flush(core, line) => (core, "flushes", line),
                Happening::Supply(core, line) => (core, "supplies and keeps dirty", line),
                Happening::HandOver(core, line) => (core, "hands over", line),
                Happening::Update(core, line) => (core, "takes the store to", line),
                Happening::Invalidate(core, line) => (core, "loses", line),
                Happening::WriteBack(core, line) => (core, "writes back", line),
                Happening::Evict(core, line) => (core, "evicts", line),
                Happening::BackInvalidate(core, line) => (core, "is made to drop", line),
            };
            format!("core {core} {word} {}", machine.line.base(line))
        })
        .collect();
    words.join(", ")
}
