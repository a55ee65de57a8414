//! The flags of `mesim diff`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

#[derive(ClapArgs, Debug)]
#[command(after_long_help = "\
Steps are compared one by one, in what both files say of them; the reasons (`why`) are not. Of two
printed reports, numbers are compared by their names, whatever the blanks and dots between them.

Exit codes: 0 they agree; 1 they do not; 2 one of them cannot be read.

Examples:
  mesim replay lab.mtrace -q --events reference.jsonl
  mesim diff reference.jsonl student.jsonl
  mesim diff reference.jsonl student.jsonl --keys hit,bus
  mesim diff reference.txt student.txt --from ncsu")]
pub(crate) struct DiffArgs {
    /// What is right: steps (`mesim replay --events`), or with `--from` a printed report
    #[arg(value_name = "A")]
    pub(crate) reference: PathBuf,

    /// What is compared with it
    #[arg(value_name = "B")]
    pub(crate) other: PathBuf,

    /// Which keys of steps are compared, and have to be there; all that both files have if left out
    #[arg(long, value_name = "KEYS", value_enum, value_delimiter = ',', conflicts_with = "from")]
    pub(crate) keys: Vec<Key>,

    /// The files are reports as a course's simulators print them
    #[arg(long, value_name = "COURSE", value_enum)]
    pub(crate) from: Option<Course>,
}

/// What of a step can be compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
#[value(rename_all = "lower")]
pub(crate) enum Key {
    Core,
    Op,
    Addr,
    Size,
    Line,
    Hit,
    Class,
    Bus,
    Supplier,
    Before,
    After,
    Events,
    Cells,
    Values,
}

impl Key {
    /// Returns its name in a step.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Op => "op",
            Self::Addr => "addr",
            Self::Size => "size",
            Self::Line => "line",
            Self::Hit => "hit",
            Self::Class => "class",
            Self::Bus => "bus",
            Self::Supplier => "supplier",
            Self::Before => "before",
            Self::After => "after",
            Self::Events => "events",
            Self::Cells => "cells",
            Self::Values => "values",
        }
    }
}

/// Whose simulators print such reports.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Course {
    /// NC State (ECE/CSC 506): numbered counts under a headline for each cache
    Ncsu,
    /// Georgia Tech (CS 6290): counts of the whole machine, with their units behind them
    Gatech,
    /// National University of Singapore (CS4223): counts under a headline for each core
    Nus,
}
