//! The flags of `mesim report`, and nothing else.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use crate::args::{MachineArgs, TraceArgs, parse_count};

#[derive(ClapArgs, Debug)]
#[command(allow_negative_numbers = true)]
#[command(after_long_help = "\
Examples:
  mesim report traces/scenarios/false-sharing.mtrace -o steps.html
  mesim report traces/matmul.mtrace.xz --set L1.size=4KiB -o plots.html
  mesim report traces/matmul.mtrace.xz --limit 50000 -o beginning.html
  mesim report traces/matmul.mtrace.xz --around bus=BusRdX -o events.html")]
pub(crate) struct ReportArgs {
    /// The trace: a file, `-` for standard input, or a folder or list of per-core or thread files
    #[arg(required = true, value_name = "TRACE")]
    pub(crate) traces: Vec<PathBuf>,

    /// Where the page goes: a file, or `-` for standard output. It is one HTML file that needs
    /// nothing else
    #[arg(short, long, value_name = "FILE|-")]
    pub(crate) output: PathBuf,

    #[command(flatten)]
    pub(crate) trace: TraceArgs,

    #[command(flatten)]
    pub(crate) machine: MachineArgs,

    /// Stop after that many accesses. A trace of more than 100,000 steps has plots and no steps
    #[arg(long, value_name = "N", value_parser = parse_count)]
    pub(crate) limit: Option<u64>,

    /// Show the steps that meet a condition, the first ones, with 50 before and 50 after each:
    /// `line=0x1000`, `bus=BusRdX`, `core=1`, `state M->I`. At most 100,000 steps in all
    #[arg(long, value_name = "CONDITION")]
    pub(crate) around: Option<String>,

    /// Print no progress and no speed
    #[arg(short, long)]
    pub(crate) quiet: bool,
}
