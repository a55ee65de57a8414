//! What happened: config, interleaving, the replay loop, observers, statistics, report.
//!
//! [`replay()`] takes a [`Config`](config::Config) and the streams of a trace, and returns what was
//! counted; [`Report`](report::Report) makes it JSON or text.
//!
//! Left out on purpose: this crate opens no files, starts no threads, prints nothing, knows no
//! flags and no exit codes.
//!
//! ```
//! use std::ops::ControlFlow;
//!
//! use driver::config::{Config, Draft};
//! use driver::{Interleave, ReplayOptions, Streams, replay};
//!
//! // Core 0 writes a word, core 1 reads it: the reader finds the line modified at the writer.
//! let text = "@cores 2\n0 W 0x1000\n1 R 0x1000\n";
//! let source = trace::read("inline", Box::new(text.as_bytes()), &Default::default())?;
//!
//! let config = Config::new(&Draft::built_in())?;
//! let options = ReplayOptions { check: true, ..ReplayOptions::default() };
//! let replayed = replay(
//!     &config,
//!     Streams::Ordered(source),
//!     Interleave::Recorded,
//!     &options,
//!     &mut |_accesses| ControlFlow::Continue(()),
//! )?;
//! let totals = replayed.tally.totals().counters;
//! assert_eq!((totals.misses, totals.flushes, totals.cache_to_cache), (2, 1, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod audit;
pub mod config;
mod durable;
pub mod expect;
mod feed;
mod interleave;
mod miss_ratio;
pub mod observe;
mod orders;
mod page;
mod parts;
pub mod protocol_file;
mod replay;
mod replay_error;
pub mod report;
mod session;
mod sieve;
mod slices;
pub mod steps;
pub mod sweep;
mod tally;
pub mod timeline;

pub use feed::Feeding;
pub use interleave::{Interleave, InterleaveError, Merger};
pub use miss_ratio::{MissCurve, MissCurveError};
pub use orders::{Orders, OrdersError};
pub use page::{PAGE_SCHEMA, page_json};
pub use parts::{Indivisible, Part, Parts, merge_parts, replay_part};
pub use replay::{
    ReplayOptions, Replayed, Streams, replay, replay_steps, replay_windows, show_steps,
};
pub use replay_error::{ReplayError, ValueError};
pub use tally::{CoreTally, Standing, Tally};
