//! Crashes, outside readers, and the numbers at the end.

use std::collections::BTreeMap;

use cache::LineAddr;
use durability::{
    Crash, Latency, Loss, LossOverTime, LostBlock, Outcome, Staleness, Summary, Ticks,
};

use super::ledger::{Fate, Seq};
use super::model::Model;

/// What is counted on the way; everything else is in the ledger.
#[derive(Clone, Debug, Default)]
pub struct Measures {
    /// Accesses that were asked for.
    pub accesses: u64,
    /// Accesses that were acknowledged.
    pub requests: u64,
    pub rejected: u64,
    pub retries: u64,
    pub throttled: Ticks,
    pub dirty_peak: u64,
    pub write_latencies: Vec<Ticks>,
    /// The largest sequence that an acknowledged call has stored.
    pub largest_stored: Seq,
    pub order_inversions: u64,
    pub non_prefix_batches: u64,
    /// The ages that an outside reader saw, and of how many reads it was not up to date.
    read_ages: Vec<Ticks>,
    stale: u64,
    /// How many writes a crash would lose since the last event, once all of that instant has
    /// happened, and when the oldest of them was acknowledged.
    lost_now: u64,
    lost_since: Option<Ticks>,
    oldest_lost: Ticks,
    lost_max: u64,
    write_ticks: u128,
    crashes: Vec<Crash>,
}

fn summary(values: &[Ticks]) -> Summary {
    Summary {
        count: values.len() as u64,
        sum: values.iter().map(|value| u128::from(*value)).sum(),
        max: values.iter().copied().max().unwrap_or(0),
    }
}

fn latency(values: &[Ticks]) -> Latency {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    // The smallest that at least so many of a hundred do not exceed.
    let rank = |percent: usize| (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    let at = |percent| sorted.get(rank(percent)).copied().unwrap_or(0);
    Latency { all: summary(values), p50: at(50), p99: at(99) }
}

impl Model<'_> {
    /// All of an instant has happened: what would a crash lose from now on?
    pub fn settle(&mut self) {
        let lost = self.lost();
        self.measures.lost_now = lost.len() as u64;
        self.measures.lost_max = self.measures.lost_max.max(self.measures.lost_now);
        self.measures.lost_since =
            lost.into_iter().filter_map(|seq| self.ledger.get(seq).acknowledged).min();
    }

    /// So much time passes in which nothing happens.
    pub fn pass(&mut self, ticks: Ticks) {
        let measures = &mut self.measures;
        measures.write_ticks += u128::from(measures.lost_now) * u128::from(ticks);
        let age = measures.lost_since.map_or(0, |since| self.now + ticks - since);
        measures.oldest_lost = measures.oldest_lost.max(age);
    }

    /// What a crash now loses. With a guard, nothing that was durable is ever lost.
    fn lost(&self) -> Vec<Seq> {
        let lost = self.ledger.lost(self.now, self.spec.persist_domain);
        if self.spec.store.guard {
            let durable = |seq: &Seq| self.ledger.get(*seq).durable.is_some();
            assert!(!lost.iter().any(durable), "a durable write is lost");
        }
        lost
    }

    /// From the acknowledgement of a write until now.
    fn age(&self, seq: Seq) -> Ticks {
        self.now - self.ledger.get(seq).acknowledged.expect("it is acknowledged")
    }

    fn lost_blocks(&self) -> Vec<LostBlock> {
        let mut blocks: BTreeMap<u64, Vec<Seq>> = BTreeMap::new();
        for seq in self.lost() {
            blocks.entry(self.ledger.get(seq).block).or_default().push(seq);
        }
        let lost = |(block, seqs): (u64, Vec<Seq>)| LostBlock {
            block: LineAddr(block),
            writes: seqs.len() as u64,
            max_age: seqs.iter().map(|seq| self.age(*seq)).max().unwrap_or(0),
        };
        let mut blocks: Vec<LostBlock> = blocks.into_iter().map(lost).collect();
        blocks.sort_by_key(|block| std::cmp::Reverse(block.max_age));
        blocks
    }

    pub fn loss(&self) -> Loss {
        let blocks = self.lost_blocks();
        Loss {
            writes: blocks.iter().map(|block| block.writes).sum(),
            blocks: blocks.len() as u64,
            max_age: blocks.iter().map(|block| block.max_age).max().unwrap_or(0),
        }
    }

    pub fn crash(&mut self) {
        let at = self.crashes.remove(0);
        let crash = Crash {
            at,
            accesses: self.measures.accesses,
            loss: self.loss(),
            dirty: self.ledger.dirty().len() as u64,
            in_doubt: self.ledger.in_doubt(),
            lost: self.lost_blocks(),
        };
        self.measures.crashes.push(crash);
    }

    /// Somebody reads a block in the store, past the cache.
    pub fn read_the_store(&mut self) {
        let written: Vec<u64> = self.ledger.writes().iter().map(|write| write.block).collect();
        let reads = self.reads.as_mut().expect("there is a reader");
        let block = reads.choose(&written);
        reads.advance();
        let Some(block) = block else { return };
        let missing = self.ledger.numbered().filter(|(_, write)| write.block == block);
        let missing = missing.filter(|(_, write)| write.stored.is_none());
        let acknowledged = missing.filter(|(_, write)| write.acknowledged.is_some());
        let age = acknowledged.map(|(seq, _)| self.age(seq)).max();
        self.measures.stale += u64::from(age.is_some());
        self.measures.read_ages.push(age.unwrap_or(0));
    }

    /// The numbers of a run that ended then.
    pub fn outcome(self, end: Ticks, at_end: Loss) -> (Outcome, Vec<Crash>) {
        let ledger = &self.ledger;
        let acknowledged = || ledger.writes().iter().filter(|write| write.acknowledged.is_some());
        let mut windows = ledger.ended.clone();
        for write in acknowledged() {
            let told = write.acknowledged.unwrap_or(0);
            windows.extend(write.durable.map(|durable| durable.saturating_sub(told)));
        }
        let measures = &self.measures;
        let staleness = self
            .reads
            .as_ref()
            .map(|_| Staleness { reads: summary(&measures.read_ages), stale: measures.stale });
        let outcome = Outcome {
            requests: measures.requests,
            elapsed: end,
            writes: acknowledged().count() as u64,
            store_writes: ledger.count(Fate::Stored),
            coalesced: ledger.count(Fate::Coalesced),
            dropped: ledger.count(Fate::Dropped),
            rejected: measures.rejected,
            retries: measures.retries,
            flushes: self.flushes.clone(),
            dirty_now: ledger.dirty().len() as u64,
            dirty_peak: measures.dirty_peak,
            write_latency: latency(&measures.write_latencies),
            loss_window: summary(&windows),
            staleness,
            order_inversions: measures.order_inversions,
            non_prefix_batches: measures.non_prefix_batches,
            throttled: measures.throttled,
            at_end,
            over_time: LossOverTime {
                write_ticks: measures.write_ticks,
                writes_max: measures.lost_max,
                max_age: measures.oldest_lost,
            },
        };
        (outcome, self.measures.crashes)
    }
}
