//! A producer and its consumers: data handed over by a flag.
//!
//! Heeds `cores` (core 0 produces, all others consume), `rounds`. In each round core 0 writes the
//! data at 0x1000, then the flag at 0x3000; then cores 1, 2, ... read the flag, then the data.

use crate::record::{Op, Record};
use crate::synth::{DATA, Options};

const FLAG: u64 = 0x3000;

/// Returns the records.
pub(super) fn generate(options: &Options) -> impl Iterator<Item = Record> + Send + use<> {
    let cores = options.cores;
    (0..options.rounds).flat_map(move |_| {
        let produce = [DATA, FLAG].map(|addr| Record::access(0, Op::Write, addr, 4));
        let consume = (1..cores)
            .flat_map(|core| [FLAG, DATA].map(|addr| Record::access(core, Op::Read, addr, 4)));
        produce.into_iter().chain(consume)
    })
}
