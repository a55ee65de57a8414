//! The flags of `mesim protocol check` and `witness`, and nothing else: no logic.

use std::path::PathBuf;

use clap::Args as ClapArgs;

/// A protocol, and how much of the world it is explored in.
#[derive(ClapArgs, Debug)]
pub(crate) struct ModelArgs {
    /// The protocol: a built-in one, a file, `-`, or a seeded bug (`mesim protocol list --bugs`)
    #[arg(value_name = "NAME|FILE")]
    pub(crate) protocol: String,

    /// The number of cores, 1 to 8; 4 if left out, or as many as a seeded bug needs
    #[arg(long, value_name = "N", value_parser = parse_few)]
    pub(crate) cores: Option<u8>,

    /// The number of lines, 1 to 8; 1 if left out
    #[arg(long, value_name = "L", value_parser = parse_few)]
    pub(crate) lines: Option<u8>,

    /// Words of a line, 1 to 8; 2 if left out. With one word, lost data can hide
    #[arg(long, value_name = "W", value_parser = parse_few)]
    pub(crate) words: Option<u8>,

    /// Values of a word, 1 to 16; 2 if left out
    #[arg(long, value_name = "V", value_parser = parse_few)]
    pub(crate) values: Option<u8>,

    /// Lines that a private cache holds; all if left out
    #[arg(long, value_name = "C", value_parser = parse_few)]
    pub(crate) capacity: Option<u8>,

    /// Private levels of each core, the outer ones inclusive, 1 to 3; 1 if left out
    #[arg(long, value_name = "P", value_parser = parse_few)]
    pub(crate) private_levels: Option<u8>,

    /// Put an inclusive shared level below the bus
    #[arg(long)]
    pub(crate) shared_level: bool,

    /// Look at one of the states that differ in the numbering of the cores
    #[arg(long)]
    pub(crate) symmetry: bool,

    /// Override a house rule, such as `rules.write_to_shared=ReadExclusive`
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,

    /// Give up after that many states
    #[arg(long, value_name = "N", default_value_t = 10_000_000, value_parser = parse_states)]
    pub(crate) max_states: u64,

    /// Print no progress and no speed
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

#[derive(ClapArgs, Debug)]
#[command(after_long_help = "\
Every state that the machine can reach is looked at, breadth first; a violation comes with a
shortest trace. Exit code 1 if an invariant does not hold, or if not every state could be looked
at.

Examples:
  mesim protocol check mesi --cores 4 --lines 2 --words 2
  mesim protocol check moesi --shared-level --symmetry --json -
  mesim protocol check mine.ron
  mesim protocol check A07 --counterexample lost-store.mtrace")]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) model: ModelArgs,

    /// Write the counterexample, if there is one, as an mtrace
    #[arg(long, value_name = "FILE")]
    pub(crate) counterexample: Option<PathBuf>,

    /// Write the result as JSON to a file, or alone to standard output with `-`
    #[arg(long, value_name = "FILE|-")]
    pub(crate) json: Option<PathBuf>,
}

#[derive(ClapArgs, Debug)]
#[command(after_long_help = "\
Examples:
  mesim protocol witness mesi S.BusUpgr
  mesim protocol witness moesi O.Evict")]
pub(crate) struct WitnessArgs {
    #[command(flatten)]
    pub(crate) model: ModelArgs,

    /// The cell: a state and an event of the protocol's tables
    #[arg(value_name = "STATE.EVENT")]
    pub(crate) cell: String,
}

fn parse_few(text: &str) -> Result<u8, String> {
    text.parse().map_err(|_| "expected a small whole number, such as 2".to_owned())
}

fn parse_states(text: &str) -> Result<u64, String> {
    let count = text.parse().ok().filter(|count| (1..=4_000_000_000).contains(count));
    count.ok_or_else(|| "expected a number of states from 1 to 4000000000".to_owned())
}
