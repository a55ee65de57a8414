//! One run among several that are laid beside each other: a replay, with or without crashes.

use serde_json::Value;

use super::durability::Measured;
use super::{CrashReport, Report, json};

/// One of several runs.
#[derive(Clone, Debug)]
pub enum Run {
    /// A replay.
    Replay(Box<Report>),
    /// A replay whose crashes were looked at.
    Crash(Box<CrashReport>),
}

impl Run {
    /// Returns the report of the replay.
    pub fn report(&self) -> &Report {
        match self {
            Self::Replay(report) => report,
            Self::Crash(crashes) => &crashes.report,
        }
    }

    pub(super) fn crashes(&self) -> Option<&CrashReport> {
        match self {
            Self::Replay(_) => None,
            Self::Crash(crashes) => Some(crashes),
        }
    }

    pub(super) fn measured(&self) -> Measured<'_> {
        Measured::of(self.report()).expect("only runs that measure what is durable stand here")
    }

    /// Returns the report as JSON, and the key under which it belongs.
    pub(super) fn value(&self) -> (&'static str, Value) {
        match self {
            Self::Replay(report) => ("report", json::value(report)),
            Self::Crash(crashes) => ("crash", crashes.value()),
        }
    }
}
