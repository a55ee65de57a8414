//! Streaming: walks through lines that no core shares.
//!
//! Heeds `cores`, `rounds`, `lines`, `stride` (64), `write_percent`, `seed`. In each round, for
//! each line in order, cores 0, 1, ... access the word at (core x lines + line) x stride. With a
//! `write_percent` of 0 all accesses are reads, with 100 all are writes, else each is drawn.

use crate::record::{Op, Record};
use crate::synth::Options;
use crate::synth::random::Random;

/// Returns the records.
pub(super) fn generate(options: &Options) -> impl Iterator<Item = Record> + Send + use<> {
    let (cores, lines, stride) = (options.cores, options.lines, options.stride_bytes(64));
    let write_percent = options.write_percent_or(0);
    let mut random = Random::new(options.seed);
    (0..options.rounds)
        .flat_map(move |_| 0..lines)
        .flat_map(move |line| (0..cores).map(move |core| (core, line)))
        .map(move |(core, line)| {
            let op = if random.below(100) < write_percent { Op::Write } else { Op::Read };
            Record::access(core, op, (u64::from(core) * lines + line) * stride, 4)
        })
}
