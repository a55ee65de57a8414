//! A second implementation of what survives: slow, plain, and written from the contract alone.
//!
//! It shares no code with the engine, only the vocabulary of what it is told and what it measures.
//! It knows one machine: clients of one cache that is fully associative, large enough for every
//! block, with a fixed latency and a memory that costs nothing.
//!
//! | file | what |
//! |---|---|
//! | `draws.rs` | random latencies, failures and reads |
//! | `ledger.rs` | every write with its times and its fate, and recovery after a crash |
//! | `model.rs` | clients, the order of events, an access from request to acknowledgement |
//! | `limits.rs` | what holds a write up: the share of dirty blocks, the queue |
//! | `flush.rs` | which blocks are taken when |
//! | `calls.rs` | calls to the store, their failures and retries |
//! | `log.rs` | fsyncs, and the one loop that serves all |
//! | `measures.rs` | crashes, readers, and the numbers at the end |
//! | `random.rs` | random tasks, and a shrinker |
//! | `cases.rs` | small runs worked by hand |
//! | `cases_random.rs` | random tasks: every promise is kept |
//!
//! Nothing is kept that can be counted: the dirty blocks, the candidates of a trigger, the oldest
//! write that is not stored are found by looking at all writes, every time.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "written like a library, for whichever tests compare with it"
)]

pub mod calls;
pub mod draws;
pub mod flush;
pub mod ledger;
pub mod limits;
pub mod log;
pub mod measures;
pub mod model;
pub mod random;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod cases_random;

use durability::{Crash, CrashPoints, Durability, Outcome, Ticks};
use trace::Record;

/// The machine, as far as it matters here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Machine {
    /// What a look into the cache costs.
    pub latency: Ticks,
    /// Bytes of a block.
    pub block_bytes: u64,
    /// Blocks of the cache, of which the ratios are shares.
    pub capacity: u64,
    /// Ticks of a second.
    pub clock_hz: u64,
}

/// Runs the records of each client, and looks at crashes at those points.
///
/// # Panics
/// Where the task is none of this model's, or a promise of the model is broken.
pub fn run(
    spec: &Durability,
    machine: &Machine,
    records: &[Vec<Record>],
    crashes: &CrashPoints,
) -> (Outcome, Vec<Crash>) {
    model::Model::new(spec, machine, records, crashes).run()
}
