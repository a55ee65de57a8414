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
  cc $(mesim record --print-cc-flags) prog.c -o prog
  mesim record --via cc -o prog.mtrc -- ./prog
  mesim record --check")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command")]
pub(crate) struct RecordArgs {
    /// The program and what it is given
    #[arg(last = true, value_name = "PROGRAM")]
    #[arg(required_unless_present_any = ["check", "print_cc_flags", "print_roi_header"])]
    pub(crate) program: Vec<OsString>,

    /// Where the trace goes; format and compression by its name, best `.mtrc`
    #[arg(short, long, value_name = "OUT")]
    #[arg(required_unless_present_any = ["check", "print_cc_flags", "print_roi_header"])]
    pub(crate) output: Option<PathBuf>,

    /// What records
    #[arg(long, value_enum, default_value_t = Via::Valgrind)]
    pub(crate) via: Via,

    /// Say what can record on this machine, and how to get what cannot
    #[arg(long, conflicts_with_all = ["program", "output"])]
    pub(crate) check: bool,

    /// Print the flags that a program is compiled and linked with for `--via cc`; for the compiler
    /// that `$CC` or `cc` is, unless it is named
    #[arg(long, value_name = "COMPILER", value_enum, num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "cc")]
    #[arg(conflicts_with_all = ["program", "output", "check"])]
    pub(crate) print_cc_flags: Option<Compiler>,

    /// Print the C header with the functions between which `--roi` records
    #[arg(long, conflicts_with_all = ["program", "output", "check", "print_cc_flags"])]
    pub(crate) print_roi_header: bool,

    /// With Valgrind: how long a thread runs before the next one's turn, 10 unless said; basic
    /// blocks with a Valgrind from 3.24 on, accesses with an older one. The finer, the more threads
    /// meet
    #[arg(long, value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) quantum: Option<u32>,

    /// Leave instruction fetches out
    #[arg(long)]
    pub(crate) data_only: bool,

    /// Keep the first N records only; the program runs to its end all the same
    #[arg(long, value_name = "N", value_parser = parse_whole)]
    pub(crate) limit: Option<u64>,

    /// With `--via cc`: record only what happens between `mesim_roi_begin()` and `mesim_roi_end()`
    #[arg(long)]
    pub(crate) roi: bool,

    /// With `--via qemu`: the QEMU that runs the program, such as `qemu-aarch64`; that of this
    /// machine's own programs unless said
    #[arg(long, value_name = "NAME")]
    pub(crate) qemu: Option<OsString>,

    /// Which core a thread is: `first-seen` (a core for each), or `N-way`, such as `4-way` (the
    /// threads go round N cores)
    #[arg(long, value_name = "HOW", default_value = "first-seen", value_parser = parse_cores)]
    pub(crate) threads_as_cores: ThreadsAsCores,

    /// With Valgrind: how an instruction that loads and stores one place is recorded, `read-write`
    /// unless said
    #[arg(long, value_enum, value_name = "HOW")]
    pub(crate) lackey_modify: Option<LackeyModify>,

    /// Print no summary
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// What records.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Via {
    /// Valgrind's lackey: any program as it is, slowly
    Valgrind,
    /// The program itself, compiled with the flags of `--print-cc-flags`: threads that run at once
    Cc,
    /// A plugin of qemu-user: any program as it is, threads that run at once
    Qemu,
}

/// A family of C compilers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Compiler {
    /// Whatever `$CC` is, or `cc`
    Cc,
    /// GNU's `gcc` and `g++`
    Gcc,
    /// LLVM's `clang` and `clang++`
    Clang,
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
