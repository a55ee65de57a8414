//! False sharing: nobody shares data, all share a line.
//!
//! Heeds `cores`, `rounds`, `stride` (4). In each round cores 0, 1, ... write the word at 0x1000 +
//! core x stride, one after the other. A stride of a line or more (64) pads the words apart and
//! cures it.

use crate::record::{Op, Record};
use crate::synth::{DATA, Options};

/// Returns the records.
pub(super) fn generate(options: &Options) -> impl Iterator<Item = Record> + Send + use<> {
    let (cores, stride) = (options.cores, options.stride_bytes(4));
    (0..options.rounds).flat_map(move |_| {
        (0..cores)
            .map(move |core| Record::access(core, Op::Write, DATA + u64::from(core) * stride, 4))
    })
}
