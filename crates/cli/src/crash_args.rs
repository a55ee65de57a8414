//! The flags of `mesim crash`, those of `replay` that it shares, and nothing else: no logic.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use crate::args::{MachineArgs, TraceArgs, parse_count, parse_whole};
use crate::moment::Moment;

/// Keys of the config, several values each.
#[derive(ClapArgs, Clone, Debug)]
pub(crate) struct VaryArgs {
    /// Run once with each of these values of a key of the config and print one table, a row a
    /// value; what stands behind `durability.` is a key too. Of several keys, every combination
    #[arg(long, value_name = "KEY=V1,V2..", conflicts_with = "compare")]
    pub(crate) vary: Vec<String>,

    /// Write the table of `--vary` as CSV to a file, or alone to standard output with `-`
    #[arg(long, value_name = "FILE|-", requires = "vary")]
    pub(crate) csv: Option<PathBuf>,

    /// Write a plot of `--vary` as SVG to a file, or alone to standard output with `-`: what a
    /// crash loses over what the store is asked
    #[arg(long, value_name = "FILE|-", requires = "vary")]
    pub(crate) svg: Option<PathBuf>,
}

#[derive(ClapArgs, Debug)]
#[command(allow_negative_numbers = true)]
#[command(after_long_help = "\
Without `--at`, `--every` and `--samples` the crash is at the end of the run, before what is dirty
is flushed in order.

Examples:
  mesim crash trace.mtrace -c machine.ron --at '12.5 s'
  mesim crash trace.mtrace -c machine.ron --samples 1000 --seed 7 --check --json crashes.json
  mesim crash trace.mtrace -c machine.ron --every 1000 --compare write-through
  mesim crash trace.mtrace -c machine.ron --samples 1000 --vary 'flush.every=1 s,5 s,30 s'")]
pub(crate) struct CrashArgs {
    /// The trace: a file, `-` for standard input, or a folder or list of per-core files
    #[arg(required = true, value_name = "TRACE")]
    pub(crate) traces: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) trace: TraceArgs,

    #[command(flatten)]
    pub(crate) machine: MachineArgs,

    /// Crash at this time of the run, several times or in a list: 12.5 s, 300 us, 1200 cycles, or
    /// a number of ticks
    #[arg(long, value_name = "TIME", value_delimiter = ',', value_parser = parse_moment)]
    #[arg(conflicts_with_all = ["every", "samples"])]
    pub(crate) at: Vec<Moment>,

    /// Crash after each so many accesses
    #[arg(long, value_name = "N", value_parser = parse_count, conflicts_with = "samples")]
    pub(crate) every: Option<u64>,

    /// Crash at so many times, drawn evenly from the whole run
    #[arg(long, value_name = "N", value_parser = parse_samples)]
    pub(crate) samples: Option<u64>,

    /// The seed of `--samples`; 1 if left out
    #[arg(long, value_name = "SEED", value_parser = parse_whole, requires = "samples")]
    pub(crate) seed: Option<u64>,

    /// Prove each crash: what is lost is what was acknowledged and does not survive
    #[arg(long)]
    pub(crate) check: bool,

    /// Crash the same trace with every write sent to the store at once beside it: `write-through`
    #[arg(long, value_name = "write-through")]
    pub(crate) compare: Option<String>,

    #[command(flatten)]
    pub(crate) vary: VaryArgs,

    /// Write what was lost as JSON to a file, or alone to standard output with `-`
    #[arg(long, value_name = "FILE|-")]
    pub(crate) json: Option<PathBuf>,

    /// Name the trace's files and format in the JSON too
    #[arg(long)]
    pub(crate) provenance: bool,

    /// End the run after that many accesses
    #[arg(long, value_name = "N", value_parser = parse_count)]
    pub(crate) limit: Option<u64>,

    /// Print no progress and no speed
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

fn parse_moment(text: &str) -> Result<Moment, String> {
    text.parse()
}

/// The most crashes that are drawn: each is remembered.
const SAMPLES_MAX: u64 = 1_000_000;

fn parse_samples(text: &str) -> Result<u64, String> {
    let count = parse_count(text).ok().filter(|count| *count <= SAMPLES_MAX);
    count.ok_or_else(|| "expected a whole number from 1 to 1000000".to_owned())
}
