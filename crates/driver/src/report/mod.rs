//! What was counted, as a value with two faces: JSON for programs, text for people; and runs beside
//! each other.

mod columns;
mod comparison;
mod counted;
mod crash;
mod durability;
mod interleavings;
mod json;
mod lines;
mod machines;
mod miss_curve;
mod plot;
mod run;
mod scatter;
mod spread;
mod table;
mod text;
mod time;
mod twins;
mod variation;

use ::durability::Durability;
use serde_json::Value;
use trace::Format;

pub(crate) use columns::{Columns, Side, fraction, number_text};
pub use comparison::Comparison;
pub(crate) use counted::counted;
pub use crash::{CrashReport, Moments};
pub use durability::Exposure;
pub use interleavings::Interleavings;
pub use machines::Machines;
pub use miss_curve::MissCurveReport;
pub use run::Run;
pub use scatter::{Scatter, ScatterAxis, ScatterPoint, ScatterSeries};
pub(crate) use spread::Spread;
pub use table::grouped;
pub(crate) use text::size;
pub use twins::Twins;
pub use variation::Variation;
pub(crate) use variation::field;

use crate::config::{Config, Peers};
use crate::replay::Replayed;

/// A report of one replay.
#[derive(Clone, Debug)]
pub struct Report {
    /// What was counted, and on what machine.
    pub replayed: Replayed,
    /// Where the trace came from.
    pub provenance: Provenance,
    /// Bytes of a word.
    pub word_bytes: u32,
    /// Ticks in a second.
    pub clock_hz: u64,
    /// Whether cores have caches of their own.
    pub peers: Peers,
    /// How writes became durable, if that was asked for.
    pub durability: Option<Durability>,
    /// Accesses that ran before the counting started.
    pub warmup: u64,
    /// The most accesses that were replayed, if there was a limit.
    pub limit: Option<u64>,
    /// Cycles are left out.
    pub counts_only: bool,
}

/// Where a trace came from.
#[derive(Clone, Debug)]
pub struct Provenance {
    /// The files as they were given; `-` for standard input.
    pub paths: Vec<String>,
    /// Their format.
    pub format: Format,
    /// The trace's title, if it has one.
    pub title: Option<String>,
    /// The JSON report names files and format. Otherwise it depends on the accesses alone, and is
    /// the same whatever file they were read from.
    pub in_json: bool,
}

impl Report {
    /// Makes the report of a replay.
    pub fn new(replayed: Replayed, config: &Config, provenance: Provenance) -> Self {
        Self {
            replayed,
            provenance,
            word_bytes: config.word_bytes,
            clock_hz: config.clock_hz,
            peers: config.peers,
            durability: config.durability.clone(),
            warmup: 0,
            limit: None,
            counts_only: false,
        }
    }

    /// Renders the report as JSON, `mesim.report/1`, with a line end.
    pub fn json(&self) -> String {
        json_text(&self.value())
    }

    /// Returns the report as the tree that [`Report::json`] writes.
    pub fn value(&self) -> Value {
        json::value(self)
    }

    /// Renders the report as an aligned table.
    pub fn text(&self) -> String {
        text::render(self)
    }
}

/// Writes a tree with a line end.
pub(crate) fn json_text(value: &Value) -> String {
    let mut text =
        serde_json::to_string_pretty(value).expect("a tree of strings and numbers is JSON");
    text.push('\n');
    text
}
