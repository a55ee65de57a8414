//! `mesim sweep`: a design space as a plan of runs, the runs, one table of all of them, and what it
//! says.

mod cells;
mod contents;
mod crowd;
mod folder;
mod merge;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(not(feature = "parquet"))]
#[path = "no_parquet.rs"]
mod parquet;
mod plan;
mod pool;
mod run;
mod runner;
mod shard;
mod show;
mod slurm;

use crate::diagnostics::{Diagnostic, Messages};
use crate::sweep_args::SweepCommand;

pub(super) fn run(command: &SweepCommand, messages: Messages) -> Result<(), Diagnostic> {
    match command {
        SweepCommand::Plan(args) => plan::run(args, messages),
        SweepCommand::Run(args) => run::run(args, messages),
        SweepCommand::Merge(args) => merge::run(args, messages),
        SweepCommand::Show(args) => show::run(args, messages),
        SweepCommand::Slurm(args) => slurm::run(args),
    }
}
