//! The flags, and nothing else: no logic.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

use crate::check_args::CheckArgs;
use crate::crash_args::{CrashArgs, VaryArgs};
use crate::diff_args::DiffArgs;
use crate::model_args::{self, WitnessArgs};
use crate::mrc_args::MrcArgs;
use crate::record_args::RecordArgs;
use crate::report_args::ReportArgs;
use crate::step_args::StepArgs;
use crate::sweep_args::SweepCommand;
use crate::trace_args::TraceCommand;

/// Replays memory-access traces through multi-core write-back caches kept coherent by MESI and its
/// relatives, and counts what happens.
#[derive(Parser, Debug)]
#[command(name = "mesim", version, max_term_width = 100, arg_required_else_help = true)]
#[command(after_long_help = "\
Exit codes: 0 good; 1 an expectation or a verification failed; 2 bad input or usage; 3 a promise of
mesim itself broke.

Example: mesim replay traces/false-sharing.mtrace.xz --classify")]
pub(crate) struct Args {
    /// How diagnostics are written
    #[arg(long, global = true, value_enum, default_value_t = MessageFormat::Human)]
    pub(crate) message_format: MessageFormat,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum MessageFormat {
    /// With the place underlined
    Human,
    /// One JSON object a line
    Json,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Replay a trace and print the report
    Replay(ReplayArgs),
    /// Say what a crash loses
    Crash(CrashArgs),
    /// Say how often caches of every size miss
    Mrc(MrcArgs),
    /// Print what each reference of a trace does
    Step(StepArgs),
    /// Write a page that shows what a trace does, step by step
    Report(ReportArgs),
    /// Replay a whole space of traces and machines, here or on a cluster
    #[command(subcommand)]
    Sweep(SweepCommand),
    /// Compare a trace's counts with what a file expects
    Check(CheckArgs),
    /// Say where two simulators first differ
    Diff(DiffArgs),
    /// Print coherence protocols
    #[command(subcommand)]
    Protocol(ProtocolCommand),
    /// Record a trace of a program that runs
    Record(RecordArgs),
    /// Say what a trace holds
    Info(InfoArgs),
    /// Turn a trace into another format
    Convert(ConvertArgs),
    /// Make a trace from another: cut, merge, remap
    #[command(subcommand)]
    Trace(TraceCommand),
    /// Make up a trace
    Gen(GenArgs),
    /// Explain a diagnostic code at length
    Explain(ExplainArgs),
}

/// How a trace is read.
#[derive(ClapArgs, Clone, Debug)]
pub(crate) struct TraceArgs {
    /// The trace's format: mtrace, mtrc, din, xdin, lackey, ncsu, percore, nus, csv, pinatrace,
    /// execlog, spike, drmemtrace, champsim, champsim-cloudsuite, gem5, oracle-general, msr or
    /// twitter; recognised by name and content if left out
    #[arg(long, value_name = "FORMAT", value_parser = parse_format)]
    pub(crate) format: Option<trace::Format>,

    /// What the columns of a table (csv, pinatrace) hold: core or tid, op, addr, size, pc, and `_`
    /// for one that is skipped; without a format, the trace is taken for one
    #[arg(long, value_name = "NAMES", value_parser = parse_columns)]
    pub(crate) columns: Option<trace::Columns>,

    /// How a modify (M) of a lackey trace is read
    #[arg(long, value_enum, value_name = "HOW", default_value_t = LackeyModify::ReadWrite)]
    pub(crate) lackey_modify: LackeyModify,

    /// Take the requests of a trace without operations (oracle-general) as writes, not reads
    #[arg(long)]
    pub(crate) requests_write: bool,

    /// Leave damaged chunks of an mtrc trace out, instead of refusing it
    #[arg(long)]
    pub(crate) salvage: bool,

    /// No flag: what is asked for needs to know which instructions accesses come from.
    #[arg(skip)]
    pub(crate) pcs: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum LackeyModify {
    /// A read, then a write
    ReadWrite,
    /// One atomic read-modify-write
    Atomic,
}

/// The machine.
#[derive(ClapArgs, Clone, Debug)]
pub(crate) struct MachineArgs {
    /// The machine's config (RON): a file or `-`; the built-in default machine if left out
    #[arg(short, long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Override one key of the config, levels by number or name (L1.size=16KiB)
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,

    /// The number of cores; as many as the trace has if left out here and in the config
    #[arg(long, value_name = "N", value_parser = parse_cores)]
    pub(crate) cores: Option<u32>,

    /// The order of different cores' accesses: recorded, clock, rr:N or random:SEED; of `replay`
    /// also several, such as random:1..20,clock, for a table of how far each counter goes
    #[arg(long, value_name = "ORDER", value_parser = parse_orders)]
    pub(crate) interleave: Option<driver::Orders>,

    /// No flag: what a file besides the config says of the machine.
    #[arg(skip)]
    pub(crate) pinned: PinnedMachine,
}

/// What an expectation file says of the machine: less than the command line, more than the trace.
#[derive(Clone, Debug, Default)]
pub(crate) struct PinnedMachine {
    pub(crate) config: Option<driver::config::Draft>,
    pub(crate) settings: Vec<driver::config::Setting>,
}

#[derive(ClapArgs, Debug)]
#[command(allow_negative_numbers = true)]
#[command(after_long_help = "\
Examples:
  mesim replay traces/false-sharing.mtrace.xz --classify
  mesim replay traces/false-sharing.mtrace.xz --top 3
  mesim replay trace.din.gz --set L1.size=16KiB --set protocol=MSI --json report.json
  mesim replay trace.din.gz --set protocol=mine.ron
  mesim replay traces/scenarios/false-sharing.mtrace --events steps.jsonl
  mesim replay traces/matmul.mtrace.xz --compare mesi,moesi,dragon
  mesim replay trace.mtrace -c machine.ron --compare write-through
  mesim replay trace.mtrace -c machine.ron --vary 'flush.every=1 s,5 s,30 s' --svg plot.svg
  mesim replay trace.din.gz --vary L1.size=16KiB,32KiB,64KiB --vary protocol=mesi,moesi
  mesim replay trace.din.gz --interleave random:1..20
  mesim replay trace.din.gz --counts-only --jobs 4
  valgrind --tool=lackey --trace-mem=yes --trace-sched=yes --log-fd=9 ./a.out 9>&1 >/dev/null |
    mesim replay - --format lackey")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct ReplayArgs {
    /// The trace: a file, `-` for standard input, or a folder or list of per-core or thread files
    #[arg(required = true, value_name = "TRACE")]
    pub(crate) traces: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) trace: TraceArgs,

    #[command(flatten)]
    pub(crate) machine: MachineArgs,

    /// Replay once under each of these protocols and print one table, a column a protocol; the
    /// config's `protocol` does not matter then. `write-through` replays with every write sent to
    /// the store at once beside it
    #[arg(long, value_name = "P1,P2..|write-through")]
    pub(crate) compare: Option<String>,

    #[command(flatten)]
    pub(crate) vary: VaryArgs,

    /// Write the report as JSON to a file, or alone to standard output with `-`
    #[arg(long, value_name = "FILE|-")]
    pub(crate) json: Option<PathBuf>,

    /// Write what each step did to a file, a JSON object a line, or alone to standard output with
    /// `-`
    #[arg(long, value_name = "FILE|-", conflicts_with_all = ["compare", "vary"])]
    pub(crate) events: Option<PathBuf>,

    /// Name the trace's files and format in the JSON report too
    #[arg(long)]
    pub(crate) provenance: bool,

    /// Classify every miss: cold, capacity, conflict, true and false sharing, ...
    #[arg(long)]
    pub(crate) classify: bool,

    /// Carry data values and compare every load with the last store
    #[arg(long)]
    pub(crate) check: bool,

    /// Count the uses of every cell of the protocol's tables, and mark those that had none
    #[arg(long)]
    pub(crate) coverage: bool,

    /// Name the N lines with the most invalidations and sharing misses, and say who touches which
    /// bytes of them, in what pattern, from which code; classifies every miss
    #[arg(long, value_name = "N", conflicts_with = "events", value_parser = parse_count)]
    pub(crate) top: Option<u64>,

    /// Accesses to run before counting begins
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = parse_whole)]
    pub(crate) warmup: u64,

    /// Stop after that many accesses, those of the warm-up included
    #[arg(long, value_name = "N", value_parser = parse_count)]
    pub(crate) limit: Option<u64>,

    /// Leave cycles out of the report
    #[arg(long)]
    pub(crate) counts_only: bool,

    /// Replay in that many threads, each some sets of every cache; needs `--counts-only`, and a
    /// machine whose sets do not meet. The report is the same
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = parse_jobs)]
    #[arg(conflicts_with_all = ["compare", "vary"])]
    pub(crate) jobs: u32,

    /// Print no progress and no speed
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

#[derive(Subcommand, Debug)]
pub(crate) enum ProtocolCommand {
    /// List the protocols that are part of the program
    List {
        /// List the seeded bugs instead, and how each is caught
        #[arg(long)]
        bugs: bool,
    },
    /// Verify a protocol: look at every state that a small machine can reach
    Check(model_args::CheckArgs),
    /// Show a shortest trail to a cell of a protocol's tables, or that there is none
    Witness(WitnessArgs),
    /// Print a protocol's tables
    #[command(after_long_help = "\
Examples:
  mesim protocol show mesi --format markdown
  mesim protocol show mesi --format ron > mine.ron
  mesim protocol show mine.ron --format dot | dot -Tsvg > mine.svg")]
    Show {
        /// The protocol: its name, a protocol file (a path, or a name that ends in .ron) or `-`
        #[arg(value_name = "NAME|FILE")]
        name: String,

        /// How the tables are printed
        #[arg(long, value_enum, default_value_t = TableFormat::Text)]
        format: TableFormat,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum TableFormat {
    /// Aligned plain text
    Text,
    /// Markdown tables
    Markdown,
    /// A state diagram for Graphviz
    Dot,
    /// A protocol file
    Ron,
}

#[derive(ClapArgs, Debug)]
#[command(after_long_help = "Example:\n  mesim info traces/xz-t2.lackey.xz")]
pub(crate) struct InfoArgs {
    /// The trace: a file, `-`, or a folder or list of per-core files
    #[arg(required = true, value_name = "TRACE")]
    pub(crate) traces: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) trace: TraceArgs,

    /// Read all records of an mtrc trace and count kinds, sizes and the footprint; of other formats
    /// that is always done
    #[arg(long)]
    pub(crate) scan: bool,

    /// Read all records, and name the N functions (20 unless said) that access data most, where the
    /// trace says which instructions do
    #[arg(
        long,
        value_name = "N",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "20"
    )]
    pub(crate) code: Option<usize>,
}

#[derive(ClapArgs, Debug)]
#[command(after_long_help = "\
The formats of IN and OUT are known by their names (x.din.gz is a compressed din trace) or given by
--from and --to.

Examples:
  mesim convert traces/handoff.lackey.xz handoff.mtrace.zst
  mesim convert trace.din.gz trace.mtrc
  mesim convert trace.mtrace - --to din --strict")]
pub(crate) struct ConvertArgs {
    /// The trace to read: a file, `-`, or a folder of per-core files
    #[arg(value_name = "IN")]
    pub(crate) input: PathBuf,

    /// The trace to write: a file, `-`, or a folder for formats of one core
    #[arg(value_name = "OUT")]
    pub(crate) output: PathBuf,

    /// The format of IN: mtrace, mtrc, din, xdin, lackey, ncsu, percore, nus, csv, pinatrace,
    /// execlog, spike, drmemtrace, champsim, champsim-cloudsuite, gem5, oracle-general, msr or
    /// twitter
    #[arg(long, value_name = "FORMAT", value_parser = parse_format)]
    pub(crate) from: Option<trace::Format>,

    /// The format of OUT: mtrace, mtrc, din, xdin, lackey, ncsu, percore, nus, csv or champsim
    #[arg(long, value_name = "FORMAT", value_parser = parse_format)]
    pub(crate) to: Option<trace::Format>,

    /// How the chunks of an mtrc trace are packed: zstd (smallest), lz4 or raw (fastest to read)
    #[arg(long, value_name = "CODEC", default_value = "zstd", value_parser = parse_codec)]
    pub(crate) codec: trace::ChunkCodec,

    /// What the columns of a table (csv, pinatrace) hold: core or tid, op, addr, size, pc, and `_`
    /// for one that is skipped; without a format, the trace is taken for one
    #[arg(long, value_name = "NAMES", value_parser = parse_columns)]
    pub(crate) columns: Option<trace::Columns>,

    /// How a modify (M) of a lackey trace is read
    #[arg(long, value_enum, value_name = "HOW", default_value_t = LackeyModify::ReadWrite)]
    pub(crate) lackey_modify: LackeyModify,

    /// Take the requests of a trace without operations (oracle-general) as writes, not reads
    #[arg(long)]
    pub(crate) requests_write: bool,

    /// Leave damaged chunks of an mtrc trace out, instead of refusing it
    #[arg(long)]
    pub(crate) salvage: bool,

    /// Refuse a conversion that loses something
    #[arg(long)]
    pub(crate) strict: bool,
}

#[derive(ClapArgs, Debug)]
#[command(allow_negative_numbers = true)]
#[command(after_long_help = "\
Examples:
  mesim gen ping-pong --cores 2 --rounds 10 -o ping-pong.mtrace
  mesim gen locks --lock ticket --cores 4 --spins 10 -o - | mesim replay - --format mtrace
  mesim gen leaderboard --rate 50000 --players 2000 --seconds 300 -o scores.mtrace")]
pub(crate) struct GenArgs {
    /// The kind of trace: ping-pong, false-sharing, producer-consumer, streaming, zipf, matmul,
    /// locks, leaderboard, page-cache or iot
    #[arg(value_parser = parse_generator)]
    pub(crate) kind: trace::synth::Generator,

    /// Where the trace goes: a file (format and compression by its name) or `-` (mtrace)
    #[arg(short, long, value_name = "OUT", default_value = "-")]
    pub(crate) output: PathBuf,

    /// The number of cores
    #[arg(long, value_name = "N", value_parser = parse_generated_cores)]
    pub(crate) cores: Option<u16>,

    /// Rounds of ping-pong, false-sharing, producer-consumer and streaming
    #[arg(long, value_name = "N", value_parser = parse_whole)]
    pub(crate) rounds: Option<u64>,

    /// Accesses of zipf
    #[arg(long, value_name = "N", value_parser = parse_whole)]
    pub(crate) accesses: Option<u64>,

    /// Lines of streaming and zipf
    #[arg(long, value_name = "N", value_parser = parse_whole)]
    pub(crate) lines: Option<u64>,

    /// Bytes between the words of false-sharing, or the steps of streaming
    #[arg(long, value_name = "BYTES", value_parser = parse_whole)]
    pub(crate) stride: Option<u64>,

    /// Stores in a hundred accesses of streaming, zipf and leaderboard
    #[arg(long, value_name = "PERCENT", value_parser = parse_percent)]
    pub(crate) write_percent: Option<u8>,

    /// The seed of all that is drawn
    #[arg(long, value_name = "SEED", value_parser = parse_whole)]
    pub(crate) seed: Option<u64>,

    /// The exponent of zipf and leaderboard: 0 is uniform
    #[arg(long, visible_alias = "zipf", value_name = "S")]
    pub(crate) theta: Option<f64>,

    /// Rows and columns of matmul
    #[arg(short, value_name = "N", value_parser = parse_whole)]
    pub(crate) n: Option<u64>,

    /// The block of matmul; naive if left out
    #[arg(long, value_name = "N", value_parser = parse_whole)]
    pub(crate) block: Option<u64>,

    /// The lock of locks: tas, ttas, ticket or mcs
    #[arg(long, value_name = "LOCK", value_parser = parse_lock)]
    pub(crate) lock: Option<trace::synth::LockKind>,

    /// Spins of each waiting core of locks
    #[arg(long, value_name = "N", value_parser = parse_whole)]
    pub(crate) spins: Option<u64>,

    /// End locks when the lock was handed on that often; else when every core had it
    #[arg(long, value_name = "N", value_parser = parse_whole)]
    pub(crate) hand_offs: Option<u64>,

    /// Have only the next core of locks try to take a lock (tas, ttas) that was released, and not
    /// all that wait
    #[arg(long)]
    pub(crate) no_herd: bool,

    /// Accesses a second of leaderboard, writes a second of page-cache
    #[arg(long, value_name = "N", value_parser = parse_whole)]
    pub(crate) rate: Option<u64>,

    /// How long leaderboard, page-cache and iot go on
    #[arg(long, value_name = "N", value_parser = parse_whole)]
    pub(crate) seconds: Option<u64>,

    /// Players of leaderboard
    #[arg(long, value_name = "N", value_parser = parse_whole)]
    pub(crate) players: Option<u64>,

    /// Pages of page-cache, of 4096 bytes
    #[arg(long, value_name = "N", value_parser = parse_whole)]
    pub(crate) pages: Option<u64>,

    /// Writes of page-cache from one fsync to the next; none if left out
    #[arg(long, value_name = "N", value_parser = parse_whole)]
    pub(crate) fsync_every: Option<u64>,

    /// Devices of iot
    #[arg(long, value_name = "N", value_parser = parse_whole)]
    pub(crate) devices: Option<u64>,

    /// Milliseconds from one reading of a device of iot to its next
    #[arg(long, value_name = "MS", value_parser = parse_whole)]
    pub(crate) period: Option<u64>,
}

#[derive(ClapArgs, Debug)]
#[command(after_long_help = "Example:\n  mesim explain E0104")]
pub(crate) struct ExplainArgs {
    /// The code, such as E0104; all codes are listed if left out
    pub(crate) code: Option<String>,
}

pub(crate) fn parse_format(name: &str) -> Result<trace::Format, String> {
    trace::Format::from_name(name).ok_or_else(|| {
        let names: Vec<_> = trace::Format::ALL.iter().map(|format| format.name()).collect();
        format!("the formats are {}", names.join(", "))
    })
}

pub(crate) fn parse_columns(names: &str) -> Result<trace::Columns, String> {
    names.parse().map_err(|error: trace::ColumnsError| error.to_string())
}

pub(crate) fn parse_codec(name: &str) -> Result<trace::ChunkCodec, String> {
    trace::ChunkCodec::from_name(name).ok_or_else(|| {
        let names: Vec<_> = trace::ChunkCodec::ALL.iter().map(|codec| codec.name()).collect();
        format!("the codecs are {}", names.join(", "))
    })
}

fn parse_generator(name: &str) -> Result<trace::synth::Generator, String> {
    trace::synth::Generator::from_name(name).ok_or_else(|| {
        let kinds = trace::synth::Generator::ALL;
        let names: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
        format!("the kinds are {}", names.join(", "))
    })
}

fn parse_lock(name: &str) -> Result<trace::synth::LockKind, String> {
    trace::synth::LockKind::from_name(name).ok_or_else(|| {
        let kinds = trace::synth::LockKind::ALL;
        let names: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
        format!("the locks are {}", names.join(", "))
    })
}

fn parse_cores(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| "expected a number of cores from 1 to 64, such as 4".to_owned())
}

fn parse_generated_cores(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| "expected a number of cores from 1 to 64, such as 4".to_owned())
}

fn parse_percent(text: &str) -> Result<u8, String> {
    text.parse().map_err(|_| "expected a number from 0 to 100".to_owned())
}

pub(crate) fn parse_whole(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "expected a whole number below 2^64, such as 1000".to_owned())
}

pub(crate) fn parse_count(text: &str) -> Result<u64, String> {
    let count = text.parse().ok().filter(|count| *count > 0);
    count.ok_or_else(|| "expected a whole number from 1".to_owned())
}

pub(crate) fn parse_jobs(text: &str) -> Result<u32, String> {
    let jobs = text.parse().ok().filter(|jobs| (1..=64).contains(jobs));
    jobs.ok_or_else(|| "expected a number of threads from 1 to 64, such as 2".to_owned())
}

fn parse_orders(text: &str) -> Result<driver::Orders, String> {
    text.parse().map_err(|error: driver::OrdersError| error.message)
}
