//! The flags of `mesim step`, and nothing else.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

use crate::args::{MachineArgs, TraceArgs, parse_count};

#[derive(ClapArgs, Debug)]
#[command(allow_negative_numbers = true)]
#[command(after_long_help = "\
Examples:
  mesim step traces/scenarios/false-sharing.mtrace
  mesim step traces/scenarios/quiz-six-accesses.mtrace --plain
  mesim step traces/scenarios/quiz-six-accesses.mtrace --plain --as markdown
  mesim step traces/scenarios/quiz-six-accesses.mtrace --as latex --blank bus,states,events,why
  mesim step traces/scenarios/quiz-six-accesses.mtrace --plain --as jsonl --from 5
  mesim step traces/scenarios/quiz-six-accesses.mtrace --as svg > quiz.svg")]
pub(crate) struct StepArgs {
    /// The trace: a file, `-` for standard input, or a folder or list of per-core or thread files
    #[arg(required = true, value_name = "TRACE")]
    pub(crate) traces: Vec<PathBuf>,

    /// Print the steps, as it is done without a terminal anyway
    #[arg(long)]
    pub(crate) plain: bool,

    /// Print the steps as this, a table by default (`--format` is the trace's)
    #[arg(long = "as", value_name = "KIND", value_enum)]
    pub(crate) kind: Option<StepsKind>,

    /// Print, and leave the cells of columns empty, for a question sheet
    #[arg(long, value_name = "COLUMNS", value_enum, value_delimiter = ',')]
    pub(crate) blank: Vec<Blank>,

    /// The first step to print or show, from 1
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = parse_count)]
    pub(crate) from: u64,

    /// Stop after that many accesses
    #[arg(long, value_name = "N", value_parser = parse_count)]
    pub(crate) limit: Option<u64>,

    /// Where the answers given on the screen `Predict` are written
    #[arg(long, value_name = "FILE", conflicts_with_all = ["plain", "kind", "blank"])]
    pub(crate) predict_log: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) trace: TraceArgs,

    #[command(flatten)]
    pub(crate) machine: MachineArgs,
}

impl StepArgs {
    /// Tells whether screens are asked for, and not something that is printed.
    pub(crate) const fn wants_screens(&self) -> bool {
        !self.plain && self.kind.is_none() && self.blank.is_empty()
    }
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
    /// A sequence chart as a picture (SVG)
    Svg,
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
