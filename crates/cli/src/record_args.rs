//! The flags of `mesim record`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

use crate::args::{LackeyModify, parse_whole};

#[derive(ClapArgs, Debug)]
#[command(after_long_help = "\
The program's standard streams, its exit code and its signals are its own. A thread is a core.

Examples:
  mesim record -o sort.mtrc -- sort --parallel=4 words.txt
  mesim record -o fs.mtrc --data-only -- ./false_sharing
  mesim replay fs.mtrc --classify
  mesim record --check")]
pub(crate) struct RecordArgs {
    /// The program and what it is given
    #[arg(last = true, value_name = "PROGRAM", required_unless_present = "check")]
    pub(crate) program: Vec<OsString>,

    /// Where the trace goes; format and compression by its name, best `.mtrc`
    #[arg(short, long, value_name = "OUT", required_unless_present = "check")]
    pub(crate) output: Option<PathBuf>,

    /// What records
    #[arg(long, value_enum, default_value_t = Via::Valgrind)]
    pub(crate) via: Via,

    /// Say what can record on this machine, and how to get what cannot
    #[arg(long, conflicts_with_all = ["program", "output"])]
    pub(crate) check: bool,

    /// How long a thread runs before the next one's turn: basic blocks with a Valgrind from 3.24
    /// on, accesses with an older one. The finer, the more threads meet
    #[arg(long, value_name = "N", default_value_t = 10)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) quantum: u32,

    /// Leave instruction fetches out
    #[arg(long)]
    pub(crate) data_only: bool,

    /// Keep the first N records only; the program runs to its end all the same
    #[arg(long, value_name = "N", value_parser = parse_whole)]
    pub(crate) limit: Option<u64>,

    /// Which core a thread is: `first-seen` (a core for each), or `N-way`, such as `4-way` (the
    /// threads go round N cores)
    #[arg(long, value_name = "HOW", default_value = "first-seen", value_parser = parse_cores)]
    pub(crate) threads_as_cores: ThreadsAsCores,

    /// How an instruction that loads and stores one place is recorded
    #[arg(long, value_enum, value_name = "HOW", default_value_t = LackeyModify::ReadWrite)]
    pub(crate) lackey_modify: LackeyModify,

    /// Print no summary
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// What records.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Via {
    /// Valgrind's lackey: any program as it is, slowly
    Valgrind,
}

/// Which core a thread is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ThreadsAsCores {
    /// Each a core of its own, numbered as they appear.
    FirstSeen,
    /// They go round so many cores.
    Ways(u16),
}

fn parse_cores(text: &str) -> Result<ThreadsAsCores, String> {
    if text == "first-seen" {
        return Ok(ThreadsAsCores::FirstSeen);
    }
    let ways = text.strip_suffix("-way").and_then(|ways| ways.parse().ok());
    let known = ways.filter(|ways| (1..=trace::CORES_MAX).contains(ways));
    known
        .map(ThreadsAsCores::Ways)
        .ok_or_else(|| format!("expected `first-seen`, or `1-way` to `{}-way`", trace::CORES_MAX))
}
