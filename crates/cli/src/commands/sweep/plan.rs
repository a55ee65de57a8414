//! `mesim sweep plan`: from a space to its cells.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use driver::report::grouped;
use driver::sweep::{Cell, Plan, PlannedMachine, PlannedTrace, Space, SpaceMistake};
use trace::Op;

use super::{cells, contents};
use crate::args::{MachineArgs, TraceArgs};
use crate::diagnostics::{Diagnostic, Messages};
use crate::output::{self, Draft};
use crate::sweep_args::SweepPlanArgs;
use crate::{input, interrupt};

/// The most cells of a plan, and the most accesses, that are not asked for twice.
const CELLS_UNASKED: u64 = 1000;
const WORK_UNASKED: u64 = 100_000_000_000;
/// The most cells of a plan.
const CELLS_MAX: u64 = 100_000;

pub(super) fn run(args: &SweepPlanArgs, messages: Messages) -> Result<(), Diagnostic> {
    let space = Space::read(&args.space.display().to_string(), &read(&args.space)?)?;
    refuse_many(&space, args)?;
    let to_stdout = args.output.as_os_str() == "-";
    let draft = if to_stdout { None } else { Some(Draft::begin(&args.output)?) };
    let from = if to_stdout { Path::new("") } else { folder_of(&args.output) };
    let place = path_from(from, &args.space)?;
    let plan = Planner::new(&space, args, messages)?.plan(place)?;
    let work = plan.work();
    if work > WORK_UNASKED && !args.yes {
        let title = format!("the space is {} accesses to replay", grouped(work));
        return Err(Diagnostic::input("E0804", title)
            .at(args.space.display().to_string())
            .help("vary less, set `limit`, or plan it all the same with `--yes`"));
    }
    match draft {
        None => output::print(&plan.ron()),
        Some(draft) => {
            draft.publish_text(&plan.ron())?;
            if args.quiet { Ok(()) } else { output::print(&summary(&plan, args)) }
        }
    }
}

fn summary(plan: &Plan, args: &SweepPlanArgs) -> String {
    let mut text = String::new();
    let plural = |count: usize, noun: &str| {
        format!("{} {noun}{}", grouped(count as u64), if count == 1 { "" } else { "s" })
    };
    let (cells, machines) = (plan.cells.len(), plan.machines.len());
    let each = plan.traces.len() * machines;
    let orders = cells.checked_div(each).unwrap_or(0);
    let _ = writeln!(
        text,
        "{}: {} of {}, {} and {} of accesses",
        args.output.display(),
        plural(cells, "cell"),
        plural(plan.traces.len(), "trace"),
        plural(machines, "machine"),
        plural(orders, "order"),
    );
    let _ = writeln!(text, "work: {} accesses to replay", grouped(plan.work()));
    for (number, trace) in plan.traces.iter().enumerate() {
        let cells = plan.cells.iter().filter(|cell| cell.trace == number).count();
        let (name, accesses) = (plan.trace_name(number), grouped(trace.accesses));
        let _ = writeln!(text, "  {name}: {accesses} accesses, {}", plural(cells, "cell"));
    }
    text
}

/// Refuses a space that is larger than somebody meant, before its traces are read.
fn refuse_many(space: &Space, args: &SweepPlanArgs) -> Result<(), Diagnostic> {
    let cells = space.cells().unwrap_or(u64::MAX);
    let refused = |limit: u64, help: &str| {
        let count = space.cells().map_or("more than can be counted".to_owned(), grouped);
        let title = format!("the space has {count} cells, of at most {}", grouped(limit));
        Err(Diagnostic::input("E0804", title).at(args.space.display().to_string()).help(help))
    };
    if cells > CELLS_MAX {
        return refused(CELLS_MAX, "vary fewer keys, or take fewer values of each");
    }
    if cells > CELLS_UNASKED && !args.yes {
        return refused(CELLS_UNASKED, "vary less, or plan it all the same with `--yes`");
    }
    Ok(())
}

/// Reads the file of a space.
fn read(path: &Path) -> Result<String, Diagnostic> {
    const BYTES_MAX: u64 = 1 << 20;
    let cannot = |error: &std::io::Error| {
        Diagnostic::input("E0801", format!("the space cannot be read: {error}"))
            .at(path.display().to_string())
            .help(
                "name a file, such as `(traces: [\"a.mtrc\"], vary: {\"L1.size\": [\"16 KiB\"]})`",
            )
    };
    let file = std::fs::File::open(path).map_err(|error| cannot(&error))?;
    let mut text = String::new();
    // One byte more than is legal says that there is more.
    file.take(BYTES_MAX + 1).read_to_string(&mut text).map_err(|error| cannot(&error))?;
    Ok(text)
}

struct Planner<'a> {
    space: &'a Space,
    folder: PathBuf,
    trace: TraceArgs,
    machines: Vec<MachineArgs>,
    planned: Vec<PlannedMachine>,
    messages: Messages,
    warned: Vec<String>,
}

/// What was found by reading a trace.
struct Scanned {
    accesses: u64,
    cores: u32,
}

impl<'a> Planner<'a> {
    fn new(space: &'a Space, args: &SweepPlanArgs, messages: Messages) -> Result<Self, Diagnostic> {
        let folder = folder_of(&args.space).to_owned();
        let trace = cells::trace_args(&space.reading);
        let trace = trace.map_err(|(key, error)| {
            Diagnostic::from(space.mistake(key, error, "leave the key out".to_owned()))
        })?;
        let (mut machines, mut planned) = (Vec::new(), Vec::new());
        let configs: Vec<Option<&str>> = match &space.configs[..] {
            [] => vec![None],
            configs => configs.iter().map(|config| Some(config.path.as_str())).collect(),
        };
        for (config, values) in configs
            .iter()
            .flat_map(|config| space.combinations().into_iter().map(move |v| (config, v)))
        {
            let varied = space.vary.iter().zip(&values).map(|(vary, &value)| &vary.values[value]);
            let values = varied.clone().map(|setting| space.words(setting).1.to_owned()).collect();
            let settings = space.set.iter().chain(varied).cloned().collect();
            machines.push(cells::machine(config.map(|config| folder.join(config)), settings));
            planned.push(PlannedMachine { config: config.map(str::to_owned), values });
        }
        Ok(Self { space, folder, trace, machines, planned, messages, warned: Vec::new() })
    }

    fn plan(mut self, place: String) -> Result<Plan, Diagnostic> {
        let (space, options) = (self.space, self.space.options);
        let mut plan = Plan::empty(place, space.reading.clone(), options);
        plan.set = space.set.iter().map(|setting| space.words(setting)).map(owned).collect();
        plan.keys = space.vary.iter().map(|vary| vary.key.clone()).collect();
        let mut known: HashMap<String, String> = HashMap::new();
        for files in &space.traces {
            let paths: Vec<_> = files.iter().map(|file| self.folder.join(&file.path)).collect();
            if let Some(path) = paths.iter().find(|path| input::is_read_once(path)) {
                return Err(Diagnostic::input("E0801", "a space names files")
                    .at(path.display().to_string())
                    .help("this can be read only once: write it to a file first"));
            }
            let fitted = self.fit(&paths)?;
            self.refuse_warm_up(&fitted)?;
            let scanned = self.scan(&paths)?;
            self.warn_of_cores(&fitted, &scanned, &paths);
            let sha256 = contents::of_all(&paths)?;
            let work = options.limit.map_or(scanned.accesses, |most| scanned.accesses.min(most));
            for (machine, fitted) in fitted.iter().enumerate() {
                let own = [fitted.own_order];
                let orders = if space.orders.is_empty() { &own[..] } else { &space.orders[..] };
                for &order in orders {
                    if order == driver::Interleave::Recorded && !fitted.has_recorded_order {
                        let what = "per-core files have no recorded order".to_owned();
                        let help = "use `clock`, `rr:N` or `random:SEED`".to_owned();
                        return Err(space.mistake("interleave", what, help).into());
                    }
                    let id = fitted.id(&sha256, order, options);
                    let memory = fitted.memory(scanned.cores);
                    let trace = plan.traces.len();
                    plan.cells.push(Cell { id, trace, machine, order, work, memory });
                }
            }
            let files = files.iter().map(|file| file.path.clone()).collect();
            plan.traces.push(PlannedTrace { files, sha256, accesses: scanned.accesses });
        }
        plan.machines = self.planned;
        for cell in &plan.cells {
            let words = plan.describe(cell);
            if let Some(other) = known.insert(cell.id.clone(), words.clone()) {
                return Err(Diagnostic::input("E0801", "two cells of the space are the same run")
                    .at(format!("`{other}` and `{words}`"))
                    .help("leave one of the traces, configs or values out"));
            }
        }
        Ok(plan)
    }

    /// Builds all machines for a trace, and says once what is odd about them.
    fn fit(&mut self, paths: &[PathBuf]) -> Result<Vec<cells::Fitted>, Diagnostic> {
        let machines = self.machines.iter().enumerate();
        let fitted = cells::fit(paths, &self.trace, machines, self.messages);
        let fitted = fitted.map_err(|(_, error)| error)?;
        for warning in fitted.iter().flat_map(|one| &one.config.warnings) {
            if !self.warned.contains(&warning.message) {
                self.messages.show(&warning.into());
                self.warned.push(warning.message.clone());
            }
        }
        Ok(fitted)
    }

    /// Refuses a warm-up where what becomes durable is measured from the first access on.
    fn refuse_warm_up(&self, fitted: &[cells::Fitted]) -> Result<(), Diagnostic> {
        let is_durable = fitted.iter().any(|one| one.config.durability.is_some());
        if !is_durable || self.space.options.warmup == 0 {
            return Ok(());
        }
        let title = "what becomes durable is measured from the first access on".to_owned();
        let help = "leave `warmup` out, or the config's `durability`".to_owned();
        Err(self.space.mistake("warmup", title, help).into())
    }

    /// Warns of machines with fewer cores than a trace: their cells are going to fail.
    fn warn_of_cores(&self, fitted: &[cells::Fitted], scanned: &Scanned, paths: &[PathBuf]) {
        let is_short = |one: &&cells::Fitted| {
            !one.config.cores_from_trace && one.config.machine.cores < scanned.cores
        };
        let Some(short) = fitted.iter().find(is_short) else { return };
        let (cores, of) = (short.config.machine.cores, scanned.cores);
        let title = format!("a machine of {cores} cores for a trace of {of}: its cells will fail");
        let help = "leave `cores` out: then there are as many as the trace has";
        let place = paths[0].display().to_string();
        self.messages.show(&Diagnostic::warning("W0803", title).at(place).help(help));
    }

    /// Reads a trace to its end.
    fn scan(&self, paths: &[PathBuf]) -> Result<Scanned, Diagnostic> {
        let mut scanned = Scanned { accesses: 0, cores: 1 };
        let mut chunk = Vec::new();
        for mut source in input::open_alone(paths, &self.trace, self.messages)? {
            scanned.cores = scanned.cores.max(source.header().cores.map_or(1, u32::from));
            loop {
                interrupt::check()?;
                chunk.clear();
                if !source.read(&mut chunk)? {
                    break;
                }
                for record in &chunk {
                    let is_access =
                        matches!(record.op, Op::Read | Op::Write | Op::Atomic | Op::Fetch);
                    scanned.accesses += u64::from(is_access);
                    scanned.cores = scanned.cores.max(u32::from(record.core) + 1);
                }
            }
        }
        Ok(scanned)
    }
}

fn owned((key, value): (&str, &str)) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

/// Returns the folder in which a path lies.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

/// Returns the path of a file from a folder, with `/` between its parts.
fn path_from(folder: &Path, file: &Path) -> Result<String, Diagnostic> {
    let whole = |path: &Path| {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        std::fs::canonicalize(path).map_err(|error| output::cannot_write(path, &error))
    };
    let (folder, inside) = (whole(folder)?, whole(folder_of(file))?);
    let name = file.file_name().unwrap_or_default();
    let alike = folder.components().zip(inside.components()).take_while(|(a, b)| a == b).count();
    if alike == 0 {
        // Two drives have nothing in common.
        return Ok(inside.join(name).display().to_string());
    }
    let up = folder.components().skip(alike).map(|_| Component::ParentDir);
    let parts = up.chain(inside.components().skip(alike));
    let mut parts: Vec<_> = parts.map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.push(name.to_string_lossy());
    Ok(parts.join("/"))
}

impl From<SpaceMistake> for Diagnostic {
    fn from(mistake: SpaceMistake) -> Self {
        Self::input("E0801", mistake.message)
            .at_value(&mistake.origin, &mistake.label)
            .help(mistake.help)
    }
}
