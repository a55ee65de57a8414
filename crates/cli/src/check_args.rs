//! The flags of `mesim check`.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use crate::args::{MachineArgs, TraceArgs};

#[derive(ClapArgs, Debug)]
#[command(after_long_help = "\
An expectation file (RON) lists counts of the report and states at the end, and the machine that
they are of:

  (
      params: {\"N\": 10},
      set: {\"protocol\": \"MESI\", \"L1.size\": \"4 KiB\"},
      counts: {\"bus_rdx\": \"2*N\", \"invalidations\": \"2*N - 1\", \"L1/evictions\": \"0\"},
      final: {\"0x1000\": \"IM\"},
  )

Only what is listed is checked. docs/expectations.md has every key.

Examples:
  mesim check traces/scenarios/ping-pong.mtrace
  mesim check traces/scenarios/*.mtrace --quiet
  mesim gen ping-pong --rounds 50 -o long.mtrace &&
    mesim check long.mtrace --expect traces/scenarios/ping-pong.expect.ron --param N=50
  mesim check mine.mtrace --expect mine.expect.ron --bless")]
pub(crate) struct CheckArgs {
    /// The traces, each with an expectation file of its own beside it
    #[arg(required = true, value_name = "TRACE")]
    pub(crate) traces: Vec<PathBuf>,

    /// The expectation file of the one trace; its name with `.expect.ron` in place of the
    /// extension if left out
    #[arg(long, value_name = "FILE")]
    pub(crate) expect: Option<PathBuf>,

    /// Give a parameter of the file another value
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_param)]
    pub(crate) param: Vec<(String, i128)>,

    /// Replace what does not hold in the file by what was found; all else in it stays
    #[arg(long, conflicts_with_all = ["param", "config", "set", "cores", "interleave", "json"])]
    pub(crate) bless: bool,

    /// Write the result as JSON to a file, or alone to standard output with `-`
    #[arg(long, value_name = "FILE|-")]
    pub(crate) json: Option<PathBuf>,

    /// Print only what does not hold
    #[arg(short, long)]
    pub(crate) quiet: bool,

    #[command(flatten)]
    pub(crate) trace: TraceArgs,

    // What is said here holds for every machine of the file, over what the file says.
    #[command(flatten)]
    pub(crate) machine: MachineArgs,
}

fn parse_param(text: &str) -> Result<(String, i128), String> {
    let expected = || "expected a name and a whole number, such as `N=50`".to_owned();
    let (name, value) = text.split_once('=').ok_or_else(expected)?;
    let value = value.trim().parse().map_err(|_| expected())?;
    Ok((name.trim().to_owned(), value))
}
