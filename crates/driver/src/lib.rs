//! What happened: config, interleaving, the replay loop, observers, statistics, report.
//!
//! [`replay()`] takes a [`Config`](config::Config) and the streams of a trace, and returns what was
//! counted; [`Report`](report::Report) makes it JSON or text.
//!
//! Left out on purpose: this crate opens no files, starts no threads, prints nothing, knows no flags
//! and no exit codes.

pub mod audit;
pub mod config;
mod interleave;
pub mod observe;
mod replay;
pub mod report;
mod steps;
mod tally;

pub use interleave::{Interleave, InterleaveError, Merger};
pub use replay::{ReplayError, ReplayOptions, Replayed, Streams, ValueError, replay};
pub use steps::StepTable;
pub use tally::{CoreTally, Standing, Tally};
