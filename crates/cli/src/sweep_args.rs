//! The flags of `mesim sweep`, and nothing else: no logic.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

use crate::args::parse_jobs;

#[derive(Subcommand, Debug)]
#[command(after_long_help = "\
A space is a file: `(traces: [\"a.mtrc\"], vary: {\"L1.size\": [\"16 KiB\", \"32 KiB\"]})`. A plan
lists its runs, the cells; each has a result of its own, a file in a folder. docs/sweeps.md has all
keys.

Example:
  mesim sweep plan space.ron -o plan.ron
  mesim sweep run plan.ron -d results
  mesim sweep merge results -o table.csv
  mesim sweep show results --best misses")]
pub(crate) enum SweepCommand {
    /// List the runs of a space: every trace on every machine in every order
    Plan(SweepPlanArgs),
    /// Do the runs of a plan that have no result yet, or a share of them
    Run(SweepRunArgs),
    /// Lay the results of a plan beside each other in one table
    Merge(SweepMergeArgs),
    /// Say what the results of a plan come to: best cells, fronts, spreads
    Show(SweepShowArgs),
    /// Write a script that submits a plan to Slurm
    Slurm(SweepSlurmArgs),
}

#[derive(ClapArgs, Debug)]
#[command(after_long_help = "\
Example:
  mesim sweep plan examples/sweeps/sizes.ron -o plan.ron")]
pub(crate) struct SweepPlanArgs {
    /// The space (RON): traces, and of their machines and orders what is to be tried
    #[arg(value_name = "SPACE")]
    pub(crate) space: PathBuf,

    /// Where the plan goes: a file, or `-` for standard output
    #[arg(short, long, value_name = "FILE|-")]
    pub(crate) output: PathBuf,

    /// Plan more than 1000 runs, or more than 100 billion accesses, all the same
    #[arg(long)]
    pub(crate) yes: bool,

    /// Print no summary
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

#[derive(ClapArgs, Debug)]
#[command(after_long_help = "\
A result that is there and whole is not made again: the same command, given again, goes on where it
was stopped. Shares count from 1; without --shard, a Slurm array (SLURM_ARRAY_TASK_ID) or an indexed
job of Kubernetes (JOB_COMPLETION_INDEX, with --shards or JOB_COMPLETIONS) says which one this is.

Exit codes: 0 all runs of the share have a result; 1 some failed, and say why in their files; 2 bad
input, a result that could not be written, or an interrupt.

Examples:
  mesim sweep run plan.ron -d results
  mesim sweep run plan.ron -d results --shard 3/8 --jobs 4")]
pub(crate) struct SweepRunArgs {
    /// The plan
    #[arg(value_name = "PLAN")]
    pub(crate) plan: PathBuf,

    /// The folder of the results, a file a run; made if it is not there
    #[arg(short = 'd', long, value_name = "FOLDER")]
    pub(crate) results: PathBuf,

    /// Do the I-th of N shares, which are about the same amount of work
    #[arg(long, value_name = "I/N", value_parser = parse_shard, conflicts_with = "shards")]
    pub(crate) shard: Option<Shard>,

    /// The number of shares, where the environment says which one this is
    #[arg(long, value_name = "N", value_parser = parse_shards)]
    pub(crate) shards: Option<u32>,

    /// The number of threads; as many as the machine has cores if left out
    #[arg(long, value_name = "N", value_parser = parse_jobs)]
    pub(crate) jobs: Option<u32>,

    /// Print no progress and no summary
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// One of several shares, counted from 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Shard {
    pub(crate) number: u32,
    pub(crate) of: u32,
}

/// The most shares of a plan.
pub(crate) const SHARDS_MAX: u32 = 100_000;

#[derive(ClapArgs, Debug)]
#[command(after_long_help = "\
The table is the same, byte for byte, wherever and in whatever order the runs were done.

Exit codes: 0 every run has a result; 1 some have none, which the table names; 2 bad input.

Examples:
  mesim sweep merge results
  mesim sweep merge results -o table.csv -o table.json")]
pub(crate) struct SweepMergeArgs {
    /// The folder of the results
    #[arg(value_name = "FOLDER")]
    pub(crate) results: PathBuf,

    /// Where the table goes, as what its name ends in: .json, .csv, .md, or .parquet in a program
    /// that was built with it; a name without an ending stands for all of them. May be given
    /// several times. A Markdown table to standard output if left out
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Vec<PathBuf>,

    /// Print no summary
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

#[derive(ClapArgs, Debug)]
#[command(after_long_help = "\
The script submits an array, a task a share, and a job that merges when all tasks have ended. Time
and memory are asked for by the plan; options of the script are sbatch's. docs/clusters.md has more,
and the same for other engines.

Example:
  mesim sweep slurm plan.ron -d results -o sweep.sh
  sh sweep.sh --wait --partition=short")]
pub(crate) struct SweepSlurmArgs {
    /// The plan
    #[arg(value_name = "PLAN")]
    pub(crate) plan: PathBuf,

    /// The folder of the results; the table goes beside it, as .json
    #[arg(short = 'd', long, value_name = "FOLDER", default_value = "results")]
    pub(crate) results: PathBuf,

    /// The number of tasks; so many that each takes at least half a minute if left out
    #[arg(long, value_name = "N", value_parser = parse_shards)]
    pub(crate) shards: Option<u32>,

    /// The number of threads of a task, and so of its CPUs
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = parse_jobs)]
    pub(crate) jobs: u32,

    /// Where the script goes: a file, or `-` for standard output
    #[arg(short, long, value_name = "FILE|-", default_value = "-")]
    pub(crate) output: PathBuf,
}

#[derive(ClapArgs, Debug)]
#[command(after_long_help = "\
A metric is a counter as the columns of `mesim sweep merge FOLDER -o table.csv` name it, a varied
key whose values are sizes or numbers, or a ratio of two of them: misses, L1.size, misses/accesses.
Less is better, unless it is written as max:METRIC. Cells without a value are left out, and counted.

Exit codes: 0 every run has a result; 1 some have none, and the others are shown; 2 bad input.

Examples:
  mesim sweep show results
  mesim sweep show results --best misses --best misses/accesses
  mesim sweep show results --pareto L1.size,misses --html front.html
  mesim sweep show results --spread")]
pub(crate) struct SweepShowArgs {
    /// The folder of the results
    #[arg(value_name = "FOLDER")]
    pub(crate) results: PathBuf,

    /// Name each trace's best cells, and the machine that is best over all traces; may be given
    /// several times
    #[arg(long, value_name = "METRIC")]
    pub(crate) best: Vec<String>,

    /// Name each trace's front: the cells that no other is at least as good as in both metrics and
    /// better than in one
    #[arg(long, value_name = "METRIC,METRIC")]
    pub(crate) pareto: Option<String>,

    /// Say how far each counter goes over the orders in which a trace was run on a machine
    #[arg(long)]
    pub(crate) spread: bool,

    /// Plot all cells and the fronts of `--pareto`, as SVG to a file, or alone to standard output
    /// with `-`
    #[arg(long, value_name = "FILE|-", requires = "pareto")]
    pub(crate) svg: Option<PathBuf>,

    /// Write the plot as a page with a table of its points: one HTML file that needs nothing else,
    /// or alone to standard output with `-`
    #[arg(long, value_name = "FILE|-", requires = "pareto")]
    pub(crate) html: Option<PathBuf>,

    /// Write what was asked for as JSON to a file, or alone to standard output with `-`
    #[arg(long, value_name = "FILE|-")]
    pub(crate) json: Option<PathBuf>,
}

fn parse_shard(text: &str) -> Result<Shard, String> {
    let wrong = || "expected a share and how many there are, such as 3/8".to_owned();
    let (number, of) = text.split_once('/').ok_or_else(wrong)?;
    let shard = Shard { number: number.parse().map_err(|_| wrong())?, of: parse_shards(of)? };
    if (1..=shard.of).contains(&shard.number) { Ok(shard) } else { Err(wrong()) }
}

fn parse_shards(text: &str) -> Result<u32, String> {
    let shards = text.parse().ok().filter(|shards| (1..=SHARDS_MAX).contains(shards));
    shards.ok_or_else(|| format!("expected a number of shares from 1 to {SHARDS_MAX}, such as 8"))
}
