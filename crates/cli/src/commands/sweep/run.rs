//! `mesim sweep run`: the runs of a plan that have no result yet.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use driver::report::grouped;
use driver::sweep::{CellResult, Plan};
use driver::{Feeding, Replayed};
use trace::Source;

use super::cells::{self, Fitted};
use super::folder::{self, Folder, Found};
use super::pool::{self, Batch, Waiting};
use super::{contents, plan, shard};
use crate::args::{MachineArgs, TraceArgs};
use crate::commands::run::Wanted;
use crate::diagnostics::{Diagnostic, Messages, Severity};
use crate::progress::CellProgress;
use crate::sweep_args::{Shard, SweepRunArgs};
use crate::{input, interrupt, output};

pub(super) fn run(args: &SweepRunArgs, messages: Messages) -> Result<(), Diagnostic> {
    let plan = folder::read_plan(&args.plan)?;
    let chosen = shard::choose(args)?;
    let Shard { number, of } = chosen.shard;
    interrupt::keep_what_is_written();
    let folder = Folder::begin(&args.results, &plan)?;
    let share: Vec<usize> = plan.share(number, of).collect();
    let wanted = missing(&plan, &folder, &share, messages)?;
    let runner = Runner::new(&plan, &args.plan, folder, messages)?;
    let (waiting, fitted) = runner.fit(&wanted)?;
    let threads = args.jobs.map_or_else(pool::threads_here, |jobs| jobs as usize);
    let batches = pool::batches(waiting, threads);
    let work = wanted.iter().map(|&cell| plan.cells[cell].work).sum();
    let quiet = args.quiet || messages.are_for_programs();
    let progress = CellProgress::start(quiet, wanted.len(), work);
    let ran =
        pool::run(&batches, threads, |batch, stop| runner.run(batch, &fitted, &progress, stop));
    progress.end();
    let failures = runner.failures.into_inner().unwrap_or_default();
    let kept = progress_of(&plan, &args.results, &wanted);
    ran.map_err(|error| stopped(error, kept, wanted.len(), messages))?;
    if !args.quiet {
        let mut text =
            format!("{}: {} of {}", args.results.display(), share.len(), plan.cells.len());
        let _ = write!(text, " cells are share {number} of {of}");
        if let Some(name) = chosen.by {
            let _ = write!(text, " ({name})");
        }
        let there = share.len() - wanted.len();
        let (run, failed) = (wanted.len() - failures.len(), failures.len());
        let _ = writeln!(text, ": {run} run, {there} there before, {failed} failed");
        output::print(&text)?;
    }
    report_failures(failures, &args.results)
}

/// Returns the cells of a share without a whole result; says which files are not whole.
fn missing(
    plan: &Plan,
    folder: &Folder<'_>,
    share: &[usize],
    messages: Messages,
) -> Result<Vec<usize>, Diagnostic> {
    let mut missing = Vec::new();
    for &cell in share {
        interrupt::check()?;
        let id = &plan.cells[cell].id;
        match folder.look(id)? {
            Found::Result(CellResult::Report(_)) => continue,
            // What failed may do better now.
            Found::Result(CellResult::Failed { .. }) | Found::Nothing => {}
            Found::Corrupt(why) => {
                messages.show(&folder.warning(id, &why, "the cell is run again"));
            }
        }
        missing.push(cell);
    }
    Ok(missing)
}

/// Returns how many of some cells have a file by now.
fn progress_of(plan: &Plan, results: &Path, cells: &[usize]) -> usize {
    let is_there = |cell: &&usize| results.join(format!("{}.json", plan.cells[**cell].id)).exists();
    cells.iter().filter(is_there).count()
}

/// Says how far a run came that was ended early.
fn stopped(error: Diagnostic, done: usize, of: usize, messages: Messages) -> Diagnostic {
    let kept = format!("{} of {} cells were done, and are kept", grouped(done as u64), of);
    if error.code == "E0304" {
        return Diagnostic::input("E0304", "interrupted")
            .help(format!("{kept}: the same command goes on with the others"));
    }
    messages.show(&Diagnostic::warning("W0802", "the sweep ends early").help(kept));
    error
}

/// Says which cells failed.
fn report_failures(failures: Vec<(String, Diagnostic)>, results: &Path) -> Result<(), Diagnostic> {
    let count = failures.len();
    let Some((_, worst)) = failures.iter().max_by_key(|(_, why)| why.exit_code()) else {
        return Ok(());
    };
    let broken = worst.severity == Severity::Internal;
    let plural =
        if count == 1 { "a cell failed".to_owned() } else { format!("{count} cells failed") };
    let summary = Diagnostic::failed("E0808", plural).at(results.display().to_string()).help(
        "their files say why, and so does `mesim sweep merge`; run again, they are tried again",
    );
    let severity = if broken { Severity::Internal } else { Severity::Failed };
    let also = failures.into_iter().map(|(cell, why)| why.under(&cell)).collect();
    Err(Diagnostic { severity, also, ..summary })
}

struct Runner<'a> {
    plan: &'a Plan,
    plan_path: &'a Path,
    folder: Folder<'a>,
    trace: TraceArgs,
    /// The files of each trace.
    traces: Vec<Vec<PathBuf>>,
    machines: Vec<MachineArgs>,
    /// What goes wrong is kept in files.
    silent: Messages,
    failures: Mutex<Vec<(String, Diagnostic)>>,
}

/// A machine for each cell that is to be run, by the number of the cell.
type ByCell = std::collections::HashMap<usize, Fitted>;

impl<'a> Runner<'a> {
    fn new(
        plan: &'a Plan,
        plan_path: &'a Path,
        folder: Folder<'a>,
        messages: Messages,
    ) -> Result<Self, Diagnostic> {
        let space = plan::folder_of(plan_path).join(&plan.space);
        let root = plan::folder_of(&space);
        let trace = cells::trace_args(&plan.reading);
        let trace = trace.map_err(|(key, error)| {
            Diagnostic::input("E0802", format!("`{key}` of the plan: {error}"))
                .at(plan_path.display().to_string())
                .help("make the plan again: `mesim sweep plan space.ron -o plan.ron`")
        })?;
        let paths = |files: &Vec<String>| files.iter().map(|file| root.join(file)).collect();
        Ok(Self {
            plan,
            plan_path,
            folder,
            trace,
            traces: plan.traces.iter().map(|trace| paths(&trace.files)).collect(),
            machines: cells::machines_of(plan, root),
            silent: messages.muted(),
            failures: Mutex::new(Vec::new()),
        })
    }

    /// Builds the machines of some cells, and makes sure that they and their traces are those that
    /// were planned.
    fn fit(&self, cells: &[usize]) -> Result<(Vec<Waiting>, ByCell), Diagnostic> {
        let (mut waiting, mut by_cell) = (Vec::new(), ByCell::new());
        for (trace, planned) in self.plan.traces.iter().enumerate() {
            let of_trace = |cell: &&usize| self.plan.cells[**cell].trace == trace;
            let cells: Vec<usize> = cells.iter().filter(of_trace).copied().collect();
            if cells.is_empty() {
                continue;
            }
            let paths = &self.traces[trace];
            let machines = cells.iter().map(|&cell| self.plan.cells[cell].machine);
            let machines = machines.map(|machine| (machine, &self.machines[machine]));
            let fitted = cells::fit(paths, &self.trace, machines, self.silent);
            let fitted = fitted.map_err(|(_, error)| error)?;
            let sha256 = contents::of_all(paths)?;
            if let Some(number) = (0..paths.len()).find(|&n| planned.sha256.get(n) != sha256.get(n))
            {
                return Err(changed("the trace", &paths[number]));
            }
            for (cell, fitted) in cells.into_iter().zip(fitted) {
                let planned = &self.plan.cells[cell];
                let id = fitted.id(&sha256, planned.order, self.plan.options);
                if id != planned.id {
                    let machine = &self.plan.machines[planned.machine];
                    let config = machine.config.as_ref().map_or(self.plan_path, Path::new);
                    let what = "the machine, or how the trace is read,";
                    let error = changed(what, config);
                    return Err(error.under(&self.plan.describe(planned)));
                }
                waiting.push(Waiting {
                    cell,
                    trace,
                    reading: fitted.reading.clone(),
                    can_share: Waiting::can_share(planned.order, &fitted.config),
                    work: planned.work,
                    memory: planned.memory,
                });
                by_cell.insert(cell, fitted);
            }
        }
        Ok((waiting, by_cell))
    }

    /// Runs the cells of a batch.
    fn run(
        &self,
        batch: &Batch,
        fitted: &ByCell,
        progress: &CellProgress,
        stop: &AtomicBool,
    ) -> Result<(), Diagnostic> {
        let first = &self.plan.cells[batch.cells[0]];
        let paths = &self.traces[first.trace];
        let mut wanted = Wanted::of_cell(paths, &self.trace, &self.machines[first.machine]);
        wanted.options = cells::replay_options(self.plan.options);
        wanted.counts_only = self.plan.options.counts_only;
        if batch.shares {
            return self.run_sharing(batch, fitted, &wanted, progress, stop);
        }
        let cell = batch.cells[0];
        let machine =
            MachineArgs { interleave: Some(first.order), ..self.machines[first.machine].clone() };
        let mut before = 0;
        let report = wanted.prepare(&machine, None, self.silent).and_then(|prepared| {
            wanted.report(prepared, &mut |done| {
                progress.add(done.saturating_sub(before));
                before = done;
            })
        });
        progress.add(first.work.saturating_sub(before));
        self.keep(cell, report.map(|report| report.json()), progress)
    }

    /// Takes the machines of a batch through the trace together.
    fn run_sharing(
        &self,
        batch: &Batch,
        fitted: &ByCell,
        wanted: &Wanted<'_>,
        progress: &CellProgress,
        stop: &AtomicBool,
    ) -> Result<(), Diagnostic> {
        let prepared = wanted.prepare(wanted.machine, None, self.silent);
        let opened = prepared.and_then(input::Prepared::into_records);
        let (mut source, provenance) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                let each = |&cell: &usize| self.keep(cell, Err(error.clone()), progress);
                return batch.cells.iter().try_for_each(each);
            }
        };
        let mut feedings = Vec::new();
        for &cell in &batch.cells {
            match Feeding::new(&fitted[&cell].config, &wanted.options) {
                Ok(feeding) => feedings.push((cell, feeding)),
                Err(error) => self.keep(cell, Err(error.into()), progress)?,
            }
        }
        self.feed(source.as_mut(), &mut feedings, progress, stop)?;
        for (cell, feeding) in feedings {
            let replayed = feeding.finish().map_err(Diagnostic::from);
            let report = replayed.and_then(|replayed: Replayed| {
                wanted.finish(replayed, &fitted[&cell].config, provenance.clone())
            });
            self.keep(cell, report.map(|report| report.json()), progress)?;
        }
        Ok(())
    }

    /// Feeds machines with a trace; those that fail leave.
    fn feed(
        &self,
        source: &mut dyn Source,
        feedings: &mut Vec<(usize, Feeding)>,
        progress: &CellProgress,
        stop: &AtomicBool,
    ) -> Result<(), Diagnostic> {
        let mut buffer = Vec::new();
        while feedings.iter().any(|(_, feeding)| !feeding.is_full()) {
            interrupt::check()?;
            if stop.load(Ordering::Relaxed) {
                // Another thread says why.
                feedings.clear();
                return Ok(());
            }
            let records = match source.lend(&mut buffer) {
                Ok([]) => return Ok(()),
                Ok(records) => records,
                Err(error) => {
                    let error = Diagnostic::from(error);
                    let mut cells = feedings.drain(..).map(|(cell, _)| cell);
                    return cells
                        .try_for_each(|cell| self.keep(cell, Err(error.clone()), progress));
                }
            };
            let mut failed = Vec::new();
            feedings.retain_mut(|(cell, feeding)| {
                if interrupt::asked() {
                    return true;
                }
                let before = feeding.accesses();
                let fed = feeding.feed(records);
                progress.add(feeding.accesses() - before);
                fed.map_err(|error| failed.push((*cell, error))).is_ok()
            });
            for (cell, error) in failed {
                self.keep(cell, Err(error.into()), progress)?;
            }
        }
        Ok(())
    }

    /// Keeps what a cell came to.
    fn keep(
        &self,
        cell: usize,
        came_to: Result<String, Diagnostic>,
        progress: &CellProgress,
    ) -> Result<(), Diagnostic> {
        let planned = &self.plan.cells[cell];
        match came_to {
            Ok(report) => self.folder.keep(&planned.id, &report)?,
            Err(_) if interrupt::asked() => interrupt::check()?,
            Err(why) => {
                self.folder.keep_failure(&planned.id, &why)?;
                if let Ok(mut failures) = self.failures.lock() {
                    failures.push((self.plan.describe(planned), why));
                }
            }
        }
        progress.done();
        Ok(())
    }
}

/// Names what is not what it was when the plan was made.
fn changed(what: &str, path: &Path) -> Diagnostic {
    Diagnostic::input("E0807", format!("{what} has changed since the plan was made"))
        .at(path.display().to_string())
        .help(
            "make the plan again: cells that did not change keep their ids; nothing was run, \
             and the results that are there stay",
        )
}
