//! The flags of `mesim mrc`, and nothing else: no logic.

use std::path::PathBuf;

use cache::LineSize;
use clap::Args as ClapArgs;

use crate::args::{TraceArgs, parse_count};

#[derive(ClapArgs, Debug)]
#[command(after_long_help = "\
One pass measures every size: the cache is one core's only one, fully associative, and replaces the
line that was not used for longest (LRU).

Examples:
  mesim mrc traces/matmul.mtrace.xz --core 0
  mesim mrc traces/handoff.lackey.xz --core 0 --sizes 1KiB,48KiB --svg curve.svg")]
pub(crate) struct MrcArgs {
    /// The trace: a file, `-` for standard input, or a folder of per-core files
    #[arg(value_name = "TRACE")]
    pub(crate) trace_path: PathBuf,

    #[command(flatten)]
    pub(crate) trace: TraceArgs,

    /// Take this core's accesses alone, from 0: needed where the trace has several cores
    #[arg(long, value_name = "N", value_parser = parse_core)]
    pub(crate) core: Option<u16>,

    /// The size of a line; the trace's own or 64 bytes if left out
    #[arg(long, value_name = "BYTES", value_parser = parse_line)]
    pub(crate) line: Option<LineSize>,

    /// Sizes to report besides the powers of two
    #[arg(long, value_name = "S1,S2..", value_delimiter = ',', value_parser = parse_size)]
    pub(crate) sizes: Vec<u64>,

    /// Stop after that many accesses
    #[arg(long, value_name = "N", value_parser = parse_count)]
    pub(crate) limit: Option<u64>,

    /// Write the sizes as JSON to a file, or alone to standard output with `-`
    #[arg(long, value_name = "FILE|-")]
    pub(crate) json: Option<PathBuf>,

    /// Write the whole curve as CSV to a file, or alone to standard output with `-`: a row for each
    /// size that misses less often than the one before
    #[arg(long, value_name = "FILE|-")]
    pub(crate) csv: Option<PathBuf>,

    /// Write a plot of the sizes as SVG to a file, or alone to standard output with `-`
    #[arg(long, value_name = "FILE|-")]
    pub(crate) svg: Option<PathBuf>,

    /// Print no progress and no speed
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

fn parse_core(text: &str) -> Result<u16, String> {
    let core = text.parse().ok().filter(|core| *core < trace::CORES_MAX);
    core.ok_or_else(|| format!("expected a core from 0 to {}", trace::CORES_MAX - 1))
}

fn parse_line(text: &str) -> Result<LineSize, String> {
    let bytes = driver::config::parse_bytes(text)?;
    LineSize::new(bytes).map_err(|error| format!("{error}: {}", error.help()))
}

fn parse_size(text: &str) -> Result<u64, String> {
    driver::config::parse_bytes(text)
}
