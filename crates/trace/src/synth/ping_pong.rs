//! Ping-pong: true sharing at its worst.
//!
//! Heeds `cores`, `rounds`. In each round cores 0, 1, ... write the word at 0x1000, one after the
//! other. So the line changes hands at every access.

use crate::record::{Op, Record};
use crate::synth::{DATA, Options};

/// Returns the records.
pub(super) fn generate(options: &Options) -> impl Iterator<Item = Record> + Send + use<> {
    let cores = options.cores;
    (0..options.rounds)
        .flat_map(move |_| (0..cores).map(|core| Record::access(core, Op::Write, DATA, 4)))
}
