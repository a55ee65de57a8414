//! The runs of a plan's cells: one by one, or several machines through a trace together.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use driver::Feeding;
use driver::sweep::Plan;
use trace::Record;

use super::cells::{self, Fitted};
use super::folder::Folder;
use super::pool::{Batch, Waiting};
use super::{contents, crowd, plan};
use crate::args::{MachineArgs, TraceArgs};
use crate::commands::run::Wanted;
use crate::diagnostics::{Diagnostic, Messages};
use crate::progress::CellProgress;
use crate::{input, interrupt};

/// The cells of a plan, run in batches.
pub(super) struct Runner<'a> {
    plan: &'a Plan,
    plan_path: &'a Path,
    folder: Folder<'a>,
    trace: TraceArgs,
    /// The files of each trace.
    traces: Vec<Vec<PathBuf>>,
    machines: Vec<MachineArgs>,
    /// What goes wrong is kept in files.
    silent: Messages,
    pub(super) failures: Mutex<Vec<(String, Diagnostic)>>,
}

/// A cell and its machine, or why it has none any more.
type Fed = (usize, Result<Feeding, Diagnostic>);

/// A machine for each cell that is to be run, by the number of the cell.
pub(super) type ByCell = std::collections::HashMap<usize, Fitted>;

impl<'a> Runner<'a> {
    /// Prepares to run cells of a plan into a folder.
    pub(super) fn new(
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
    pub(super) fn fit(&self, cells: &[usize]) -> Result<(Vec<Waiting>, ByCell), Diagnostic> {
        let (mut waiting, mut by_cell) = (Vec::new(), ByCell::new());
        for (trace, planned) in self.plan.traces.iter().enumerate() {
            let of_trace = |cell: &&usize| self.plan.cells[**cell].trace == trace;
            let cells: Vec<usize> = cells.iter().filter(of_trace).copied().collect();
            if cells.is_empty() {
                continue;
            }
            let paths = &self.traces[trace];
            if let Some(path) = paths.iter().find(|path| !path.exists()) {
                let space = plan::folder_of(self.plan_path).join(&self.plan.space);
                return Err(Diagnostic::input("E0807", "a trace of the plan is not there")
                    .at(path.display().to_string())
                    .help(format!(
                        "its path counts from the folder of the space, `{}`, wherever the plan was \
                         made: run the plan there, or make it again (ids stay the same)",
                        space.display()
                    )));
            }
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
    pub(super) fn run(
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
        let order = Some(first.order.into());
        let machine = MachineArgs { interleave: order, ..self.machines[first.machine].clone() };
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
        let (source, provenance) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                let each = |&cell: &usize| self.keep(cell, Err(error.clone()), progress);
                return batch.cells.iter().try_for_each(each);
            }
        };
        let machine = |&cell: &usize| {
            let feeding = Feeding::new(&fitted[&cell].config, &wanted.options);
            (cell, feeding.map_err(Diagnostic::from))
        };
        let machines: Vec<Fed> = batch.cells.iter().map(machine).collect();
        let is_over = || interrupt::asked() || stop.load(Ordering::Relaxed);
        let take = |machine: &mut Fed, records: &[Record]| take(machine, records, progress);
        let (machines, read) = crowd::through(source, machines, batch.threads, take, is_over);
        interrupt::check()?;
        if stop.load(Ordering::Relaxed) {
            // Another thread says why.
            return Ok(());
        }
        machines.into_iter().try_for_each(|(cell, feeding)| {
            // What was counted of a part of a trace is not what it counts.
            let feeding = feeding.and_then(|feeding| read.clone().map(|()| feeding));
            let report = feeding.and_then(|feeding| {
                let replayed = feeding.finish()?;
                wanted.finish(replayed, &fitted[&cell].config, provenance.clone())
            });
            self.keep(cell, report.map(|report| report.json()), progress)
        })
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

/// Performs records on the machine of a cell, which may fail; tells whether it wants more.
fn take((_, feeding): &mut Fed, records: &[Record], progress: &CellProgress) -> bool {
    let Ok(machine) = feeding else { return false };
    let before = machine.accesses();
    let fed = machine.feed(records);
    progress.add(machine.accesses() - before);
    let wants_more = fed.is_ok() && !machine.is_full();
    if let Err(error) = fed {
        *feeding = Err(error.into());
    }
    wants_more
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
