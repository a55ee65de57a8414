//! What became durable, and when: the part of a report that a durability section asks for.

pub(super) mod json;
pub(super) mod rows;
pub(super) mod settings;

use cache::{LineAddr, LineSize};
use durability::{Durability, LossOverTime, Outcome, PersistDomain};

use super::Report;
use super::time::{Clock, quotient};
use crate::config::Peers;

/// What was measured, and what is needed to say it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measured<'a> {
    pub(super) outcome: &'a Outcome,
    pub(super) settings: &'a Durability,
    pub(super) clock: Clock,
    line: LineSize,
    hits: u64,
    accesses: u64,
}

impl<'a> Measured<'a> {
    /// Returns what a replay measured, if it was asked for.
    pub(super) fn of(report: &'a Report) -> Option<Self> {
        let totals = report.replayed.tally.totals().counters;
        Some(Self {
            outcome: report.replayed.outcome.as_ref()?,
            settings: report.durability.as_ref()?,
            clock: Clock(report.clock_hz),
            line: report.replayed.machine.line,
            hits: totals.hits,
            accesses: totals.accesses,
        })
    }

    /// Returns the bytes of so many blocks.
    pub(super) fn bytes(&self, blocks: u64) -> u64 {
        blocks.saturating_mul(self.line.bytes())
    }

    /// Writes the address of a block.
    pub(super) fn address(&self, block: LineAddr) -> String {
        format!("{:#x}", self.line.base(block).0)
    }

    pub(super) fn cache_hit_ratio(&self) -> f64 {
        quotient(u128::from(self.hits), u128::from(self.accesses))
    }

    /// Returns the requests of a second.
    pub(super) fn throughput(&self) -> f64 {
        self.clock.rate(self.outcome.requests, self.outcome.elapsed)
    }

    /// Returns the versions stored in a second.
    pub(super) fn store_rate(&self) -> f64 {
        self.clock.rate(self.outcome.store_writes, self.outcome.elapsed)
    }

    /// Returns the share of writes that the store was spared; below 0 where versions were stored
    /// whose writes nobody was told of.
    pub(super) fn write_reduction(&self) -> f64 {
        let (writes, stored) = (self.outcome.writes, self.outcome.store_writes);
        let share = quotient(u128::from(writes.abs_diff(stored)), u128::from(writes));
        if stored > writes { -share } else { share }
    }

    /// Returns the writes that a crash loses, in the mean of all moments.
    pub(super) fn mean_loss(&self) -> f64 {
        quotient(self.outcome.over_time.write_ticks, u128::from(self.outcome.elapsed))
    }
}

/// What a crash loses where nothing stands by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exposure {
    /// The most acknowledged writes that a crash would have lost.
    pub writes: u64,
    /// The age that they reach, with its unit.
    pub age: String,
    /// The caches are those of cores with a bus between them, which clean by instructions.
    pub on_a_bus: bool,
}

impl Report {
    /// Returns how long a run took whose writes became durable, with its unit.
    pub fn length(&self) -> Option<String> {
        Measured::of(self).map(|measured| measured.clock.text(measured.outcome.elapsed))
    }

    /// Returns what a crash would have lost, if neither a log, nor replicas, nor batteries for the
    /// caches were there to keep it.
    pub fn exposure(&self) -> Option<Exposure> {
        let Measured { outcome, settings, clock, .. } = Measured::of(self)?;
        let LossOverTime { writes_max: writes, max_age, .. } = outcome.over_time;
        let stands_by = settings.log.is_some()
            || settings.replicas.is_some()
            || settings.persist_domain == Some(PersistDomain::Eadr);
        let on_a_bus = self.peers == Peers::Bus;
        (!stands_by && writes > 0).then(|| Exposure { writes, age: clock.text(max_age), on_a_bus })
    }
}

#[cfg(test)]
pub(super) mod tests;
