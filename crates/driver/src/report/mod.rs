//! What was counted, as a value with two faces: JSON for programs, text for people.

mod comparison;
mod json;
mod table;
mod text;

pub use comparison::Comparison;
pub use table::grouped;
use trace::Format;

use crate::config::Config;
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
            warmup: 0,
            limit: None,
            counts_only: false,
        }
    }

    /// Renders the report as JSON, `mesim.report/1`, with a line end.
    pub fn json(&self) -> String {
        let mut text = serde_json::to_string_pretty(&json::value(self))
            .expect("a tree of strings and numbers is JSON");
        text.push('\n');
        text
    }

    /// Renders the report as an aligned table.
    pub fn text(&self) -> String {
        text::render(self)
    }
}
