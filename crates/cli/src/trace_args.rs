//! The flags of `mesim trace`.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};
use driver::Interleave;
use trace::edit::{Kept, Move, Remap};
use trace::{CORES_MAX, Op};

use crate::args::{TraceArgs, parse_codec, parse_format};

/// What is done to a trace.
#[derive(Subcommand, Debug)]
pub(crate) enum TraceCommand {
    /// Keep some records: by core, number, kind and address
    Cut(CutArgs),
    /// Put the files of several cores into one trace, in one order
    Merge(MergeArgs),
    /// Give cores and addresses other numbers
    Remap(RemapArgs),
}

/// Where a trace goes.
#[derive(ClapArgs, Debug)]
pub(crate) struct TargetArgs {
    /// Where the trace goes: a file (format and compression by its name), a folder that ends with
    /// `/` (a file a core) or `-`
    #[arg(short, long, value_name = "OUT")]
    pub(crate) output: PathBuf,

    /// The format of OUT, if its name does not say it
    #[arg(long, value_name = "FORMAT", value_parser = parse_format)]
    pub(crate) to: Option<trace::Format>,

    /// How the chunks of an mtrc trace are packed: zstd (smallest), lz4 or raw (fastest to read)
    #[arg(long, value_name = "CODEC", default_value = "zstd", value_parser = parse_codec)]
    pub(crate) codec: trace::ChunkCodec,

    /// Refuse a format that cannot say everything
    #[arg(long)]
    pub(crate) strict: bool,
}

#[derive(ClapArgs, Debug)]
#[command(after_long_help = "\
A record is kept if every flag allows it. Times belong to no core and have no address.

Examples:
  mesim trace cut traces/xz-t2.lackey.xz --cores 1,2 --records 1-100000 -o start.mtrc
  mesim trace cut traces/xz-t2.lackey.xz --kinds writes --addresses 0x4c00000-0x4cfffff -o -")]
pub(crate) struct CutArgs {
    /// The trace
    #[arg(value_name = "IN")]
    pub(crate) input: PathBuf,

    #[command(flatten)]
    pub(crate) target: TargetArgs,

    #[command(flatten)]
    pub(crate) trace: TraceArgs,

    /// Keep these cores, such as `0,2-3`
    #[arg(long, value_name = "LIST", value_parser = parse_cores)]
    pub(crate) cores: Option<u64>,

    /// Keep the records of these numbers, counted from 1, such as `1-1000`
    #[arg(long, value_name = "FIRST-LAST", value_parser = parse_records)]
    pub(crate) records: Option<RangeInclusive<u64>>,

    /// Keep these kinds: reads, writes, atomics, fetches, cleans, flushes, other
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = parse_kind)]
    pub(crate) kinds: Vec<&'static [Op]>,

    /// Keep accesses that touch these addresses, such as `0x1000-0x1fff`
    #[arg(long, value_name = "FIRST-LAST", value_delimiter = ',', value_parser = parse_addresses)]
    pub(crate) addresses: Vec<RangeInclusive<u64>>,
}

impl CutArgs {
    /// Returns which records are kept.
    pub(crate) fn kept(&self) -> Kept {
        Kept {
            cores: self.cores,
            records: self.records.clone(),
            ops: (!self.kinds.is_empty()).then(|| self.kinds.concat()),
            addresses: self.addresses.clone(),
        }
    }
}

#[derive(ClapArgs, Debug)]
#[command(after_long_help = "\
The files have no order among them: `--interleave` makes one, which the output then has.

Example:
  mesim trace merge core0.din core1.din --interleave random:1 -o both.mtrc")]
pub(crate) struct MergeArgs {
    /// The files, one a core, or a folder of them
    #[arg(required = true, value_name = "IN")]
    pub(crate) inputs: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) target: TargetArgs,

    #[command(flatten)]
    pub(crate) trace: TraceArgs,

    /// Whose record comes next: rr:N (N of a core in turn) or random:SEED
    #[arg(long, value_name = "ORDER", default_value = "rr:1", value_parser = parse_order)]
    pub(crate) interleave: Interleave,
}

#[derive(ClapArgs, Debug)]
#[command(after_long_help = "\
Examples:
  mesim trace remap traces/xz-t2.lackey.xz --cores 1=0,2=1,0=2 -o main-last.mtrc
  mesim trace remap traces/xz-t2.lackey.xz --ways 2 -o two-cores.mtrc
  mesim trace remap traces/xz-t2.lackey.xz --move 0x4c00000-0x4cfffff=0x10000000 -o moved.mtrc")]
pub(crate) struct RemapArgs {
    /// The trace
    #[arg(value_name = "IN")]
    pub(crate) input: PathBuf,

    #[command(flatten)]
    pub(crate) target: TargetArgs,

    #[command(flatten)]
    pub(crate) trace: TraceArgs,

    /// The core that a core becomes, such as `0=1,1=0`; the others stay what they are
    #[arg(long, value_name = "OLD=NEW", value_delimiter = ',', value_parser = parse_core_change)]
    pub(crate) cores: Vec<(u16, u16)>,

    /// Let the cores go round N
    #[arg(long, value_name = "N", conflicts_with = "cores")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=i64::from(CORES_MAX)))]
    pub(crate) ways: Option<u16>,

    /// Move the accesses that begin at these addresses, such as `0x1000-0x1fff=0x8000`
    #[arg(long = "move", value_name = "FIRST-LAST=TO", value_delimiter = ',')]
    #[arg(value_parser = parse_move)]
    pub(crate) moves: Vec<Move>,
}

impl RemapArgs {
    /// Returns what becomes of cores and addresses.
    pub(crate) fn remap(&self) -> Remap {
        let mut remap = Remap { moves: self.moves.clone(), ..Remap::default() };
        for &(old, new) in &self.cores {
            remap.cores[usize::from(old)] = new;
        }
        if let Some(ways) = self.ways {
            remap.cores = remap.cores.map(|core| core % ways);
        }
        remap
    }
}

/// The kinds of records, as `mesim info` names them.
const KINDS: [(&str, &[Op]); 7] = [
    ("reads", &[Op::Read]),
    ("writes", &[Op::Write]),
    ("atomics", &[Op::Atomic]),
    ("fetches", &[Op::Fetch]),
    ("cleans", &[Op::Clean]),
    ("flushes", &[Op::Flush, Op::FlushAll]),
    ("other", &[Op::Fence, Op::Compute, Op::Time, Op::TimeTicks]),
];

fn parse_kind(text: &str) -> Result<&'static [Op], String> {
    let found = KINDS.iter().find(|(name, _)| *name == text);
    found.map(|(_, ops)| *ops).ok_or_else(|| {
        let names: Vec<_> = KINDS.iter().map(|(name, _)| *name).collect();
        format!("the kinds are {}", names.join(", "))
    })
}

fn parse_core(text: &str) -> Option<u16> {
    text.trim().parse().ok().filter(|core| *core < CORES_MAX)
}

fn parse_cores(text: &str) -> Result<u64, String> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (parse_core(first)?, parse_core(last)?);
        (first <= last).then(|| (first..=last).map(|core| 1 << core).sum::<u64>())
    };
    let parts: Option<Vec<u64>> = text.split(',').map(range).collect();
    let parts = parts.ok_or("expected cores from 0 to 63, such as `0,2-3`")?;
    Ok(parts.into_iter().fold(0, |all, part| all | part))
}

fn parse_core_change(text: &str) -> Result<(u16, u16), String> {
    let change = text.split_once('=');
    change
        .and_then(|(old, new)| Some((parse_core(old)?, parse_core(new)?)))
        .ok_or_else(|| "expected two cores from 0 to 63, such as `0=1`".to_owned())
}

fn parse_number(text: &str) -> Option<u64> {
    let text = text.trim();
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

fn parse_range(text: &str) -> Option<RangeInclusive<u64>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let range = parse_number(first)?..=parse_number(last)?;
    (!range.is_empty()).then_some(range)
}

fn parse_records(text: &str) -> Result<RangeInclusive<u64>, String> {
    let range = parse_range(text).filter(|range| *range.start() > 0);
    range.ok_or_else(|| "expected numbers counted from 1, such as `1-1000`".to_owned())
}

fn parse_addresses(text: &str) -> Result<RangeInclusive<u64>, String> {
    parse_range(text).ok_or_else(|| "expected addresses such as `0x1000-0x1fff`".to_owned())
}

fn parse_move(text: &str) -> Result<Move, String> {
    let parts = text.split_once('=');
    let parts = parts.and_then(|(from, to)| Some((parse_range(from)?, parse_number(to)?)));
    let (from, to) = parts.ok_or("expected a move such as `0x1000-0x1fff=0x8000`")?;
    Move::new(from, to).ok_or_else(|| "that would reach past the last address".to_owned())
}

fn parse_order(text: &str) -> Result<Interleave, String> {
    match text.parse() {
        Ok(order @ (Interleave::RoundRobin(_) | Interleave::Random(_))) => Ok(order),
        _ => Err("expected `rr:N` with N from 1, or `random:SEED`: clocks are a machine's".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_ranges_are_read() {
        assert_eq!(parse_cores("0,2-3,63"), Ok(1 << 63 | 0b1101));
        assert_eq!(parse_records("7"), Ok(7..=7));
        assert_eq!(parse_addresses("0x10-31"), Ok(16..=31));
        assert_eq!(parse_core_change("63=0"), Ok((63, 0)));
        for wrong in ["", "3-2", "64", "-", "0-", "a", "0,,1"] {
            assert!(parse_cores(wrong).is_err(), "{wrong}");
        }
        assert!(parse_records("0-3").is_err() && parse_records("4-3").is_err());
        assert!(parse_addresses("0x-0x1").is_err() && parse_move("0-1").is_err());
        assert!(parse_move("0-0xfff=0xfffffffffffff000").is_err());
        assert!(parse_order("clock").is_err() && parse_order("recorded").is_err());
    }
}
