//! The flags of `mesim step`, and nothing else.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

use crate::args::{MachineArgs, TraceArgs, parse_count};

#[derive(ClapArgs, Debug)]
#[command(allow_negative_numbers = true)]
#[command(after_long_help = "\
Examples:
  mesim step traces/scenarios/quiz-six-accesses.mtrace --plain
  mesim step traces/scenarios/quiz-six-accesses.mtrace --plain --as markdown
  mesim step traces/scenarios/quiz-six-accesses.mtrace --as latex --blank bus,states,events,why
  mesim step traces/scenarios/quiz-six-accesses.mtrace --plain --as jsonl --from 5")]
pub(crate) struct StepArgs {
    /// The trace: a file or `-`
    #[arg(value_name = "TRACE")]
    pub(crate) trace_path: PathBuf,

    /// Print the steps; there is no other view
    #[arg(long)]
    pub(crate) plain: bool,

    /// What the steps are printed as (`--format` is the trace's)
    #[arg(long = "as", value_name = "KIND", value_enum, default_value_t = StepsKind::Table)]
    pub(crate) kind: StepsKind,

    /// Columns whose cells are left empty, for a question sheet
    #[arg(long, value_name = "COLUMNS", value_enum, value_delimiter = ',')]
    pub(crate) blank: Vec<Blank>,

    /// The first step to print, from 1
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = parse_count)]
    pub(crate) from: u64,

    /// Stop after that many accesses
    #[arg(long, value_name = "N", value_parser = parse_count)]
    pub(crate) limit: Option<u64>,

    #[command(flatten)]
    pub(crate) trace: TraceArgs,

    #[command(flatten)]
    pub(crate) machine: MachineArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum StepsKind {
    /// Aligned plain text, without the reasons
    Table,
    /// Comma-separated values
    Csv,
    /// A Markdown table
    Markdown,
    /// A LaTeX tabular
    Latex,
    /// The records themselves, a JSON object a line
    Jsonl,
    /// A sequence chart in Mermaid
    Mermaid,
    /// Tracks of cores and bus, as Perfetto and Chrome's tracing read them
    Perfetto,
    /// Waveforms (VCD), as viewers of them read them
    Vcd,
}

/// What of a step a question sheet leaves to be filled in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Blank {
    Hit,
    Class,
    Bus,
    Supplier,
    States,
    Events,
    Cells,
    Values,
    Why,
}
