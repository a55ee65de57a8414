//! `mesim sweep run`: the runs of a plan that have no result yet.

use std::fmt::Write as _;
use std::path::Path;

use driver::report::grouped;
use driver::sweep::{CellResult, Plan};

use super::folder::{self, Folder, Found};
use super::runner::Runner;
use super::{pool, shard};
use crate::commands::at_once;
use crate::diagnostics::{Diagnostic, Messages, Severity};
use crate::progress::CellProgress;
use crate::sweep_args::{Shard, SweepRunArgs};
use crate::{interrupt, output};

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
    let threads = args.jobs.map_or_else(at_once::threads_here, |jobs| jobs as usize);
    let batches = pool::batches(waiting, threads);
    let work = wanted.iter().map(|&cell| plan.cells[cell].work).sum();
    let quiet = args.quiet || messages.are_for_programs();
    let progress = CellProgress::start(quiet, wanted.len(), work);
    let ran = at_once::run(
        &batches,
        threads,
        |batch| batch.threads,
        |batch, stop| runner.run(batch, &fitted, &progress, stop),
    );
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
