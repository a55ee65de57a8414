//! Every write with its times and its fate, and recovery after a crash.

use std::collections::BTreeMap;

use durability::{PersistDomain, Ticks};

/// Which write: 1 for the first that was applied to the cache.
pub type Seq = usize;

/// What has become of the version that a write made. Each has one fate at a time, so writes are
/// always as many as there are versions stored, coalesced, dropped and outstanding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// Dirty in the cache.
    Cached,
    /// Out of the cache, and not sent yet.
    Left,
    /// To be sent by itself while its client waits, and not sent yet.
    Through,
    /// In a call that is in flight or awaits its retry.
    Sent,
    /// Acknowledged by the store.
    Stored,
    /// Replaced by a later write.
    Coalesced,
    /// Given up.
    Dropped,
}

impl Fate {
    /// Nothing of it is settled.
    pub fn is_outstanding(self) -> bool {
        match self {
            Fate::Cached | Fate::Left | Fate::Through | Fate::Sent => true,
            Fate::Stored | Fate::Coalesced | Fate::Dropped => false,
        }
    }

    /// It was not sent, so that it takes a place of the queue.
    pub fn is_unsent(self) -> bool {
        match self {
            Fate::Cached | Fate::Left | Fate::Through => true,
            Fate::Sent | Fate::Stored | Fate::Coalesced | Fate::Dropped => false,
        }
    }
}

/// A write to one block.
#[derive(Clone, Debug)]
pub struct Write {
    pub block: u64,
    /// When it was applied to the cache.
    pub applied: Ticks,
    /// The first write of the version that this one belongs to.
    pub dirty_since: Ticks,
    pub fate: Fate,
    /// The fsync of its log record has ended.
    pub synced: bool,
    /// When the replica that would be promoted has it.
    pub on_replica: Option<Ticks>,
    pub acknowledged: Option<Ticks>,
    /// When the store acknowledged it or a later version of its block.
    pub stored: Option<Ticks>,
    pub durable: Option<Ticks>,
}

/// The versions of a block that are outstanding.
#[derive(Clone, Debug, Default)]
pub struct Outstanding {
    pub cached: Vec<Seq>,
    pub left: Vec<Seq>,
    pub through: Vec<Seq>,
    pub sent: Vec<Seq>,
}

impl Outstanding {
    /// Those that a trigger can take, in order of writing.
    pub fn to_take(&self) -> Vec<Seq> {
        let mut rows = [self.cached.clone(), self.left.clone()].concat();
        rows.sort_unstable();
        rows
    }

    /// Those that are dirty in the cache, or else have left it.
    pub fn newest(self) -> Vec<Seq> {
        if self.cached.is_empty() { self.left } else { self.cached }
    }

    pub fn is_queued(&self) -> bool {
        !(self.cached.is_empty() && self.left.is_empty() && self.through.is_empty())
    }
}

/// All writes, and what the store holds of them.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    writes: Vec<Write>,
    /// The version of each block in the store.
    content: BTreeMap<u64, Seq>,
    /// How long writes that are not durable any more had been acknowledged before they were.
    pub ended: Vec<Ticks>,
}

impl Ledger {
    pub fn writes(&self) -> &[Write] {
        &self.writes
    }

    pub fn get(&self, seq: Seq) -> &Write {
        &self.writes[seq - 1]
    }

    pub fn get_mut(&mut self, seq: Seq) -> &mut Write {
        &mut self.writes[seq - 1]
    }

    /// Adds a write that has just been applied.
    pub fn add(&mut self, block: u64, now: Ticks, fate: Fate) -> Seq {
        self.writes.push(Write {
            block,
            applied: now,
            dirty_since: now,
            fate,
            synced: false,
            on_replica: None,
            acknowledged: None,
            stored: None,
            durable: None,
        });
        self.writes.len()
    }

    /// All writes with their numbers.
    pub fn numbered(&self) -> impl Iterator<Item = (Seq, &Write)> {
        self.writes.iter().enumerate().map(|(index, write)| (index + 1, write))
    }

    pub fn count(&self, fate: Fate) -> u64 {
        self.writes.iter().filter(|write| write.fate == fate).count() as u64
    }

    /// The first write of a block.
    pub fn first(&self, block: u64) -> Option<Seq> {
        self.numbered().find(|(_, write)| write.block == block).map(|(seq, _)| seq)
    }

    /// The newest write of a block.
    pub fn newest(&self, block: u64) -> Option<Seq> {
        self.numbered().filter(|(_, write)| write.block == block).map(|(seq, _)| seq).last()
    }

    /// The dirty blocks: those with versions that are outstanding.
    pub fn dirty(&self) -> BTreeMap<u64, Outstanding> {
        let mut blocks: BTreeMap<u64, Outstanding> = BTreeMap::new();
        for (seq, write) in self.numbered().filter(|(_, write)| write.fate.is_outstanding()) {
            let block = blocks.entry(write.block).or_default();
            match write.fate {
                Fate::Cached => block.cached.push(seq),
                Fate::Left => block.left.push(seq),
                Fate::Through => block.through.push(seq),
                Fate::Sent => block.sent.push(seq),
                Fate::Stored | Fate::Coalesced | Fate::Dropped => {}
            }
        }
        blocks
    }

    /// The outstanding versions of one block.
    pub fn of(&self, block: u64) -> Outstanding {
        self.dirty().remove(&block).unwrap_or_default()
    }

    /// Writes a row to the store, unless it has a later one and a guard. Returns the writes that
    /// it does not have any more.
    pub fn land(&mut self, seq: Seq, guard: bool) -> Vec<Seq> {
        let block = self.get(seq).block;
        let content = self.content.get(&block).copied().unwrap_or(0);
        if guard && seq < content {
            return Vec::new();
        }
        self.content.insert(block, seq);
        let undone: Vec<Seq> =
            (seq + 1..=content).filter(|later| self.get(*later).block == block).collect();
        for seq in &undone {
            self.get_mut(*seq).stored = None;
        }
        undone
    }

    /// The store does not have a write any more: it is not durable, unless something else has it.
    pub fn undo(&mut self, seq: Seq, now: Ticks) {
        let is_kept = self.numbered().any(|(kept, write)| {
            kept >= seq
                && write.block == self.get(seq).block
                && (write.synced || write.on_replica.is_some_and(|arrival| arrival <= now))
        });
        if is_kept {
            return;
        }
        let write = self.get_mut(seq);
        if let Some(durable) = write.durable.take() {
            let told = write.acknowledged;
            self.ended.extend(told.map(|told| durable.saturating_sub(told)));
        }
    }

    /// The store acknowledges a version: it and the earlier ones of its block are stored.
    pub fn acknowledge_row(&mut self, seq: Seq, now: Ticks) {
        let block = self.get(seq).block;
        for write in self.writes[..seq].iter_mut().filter(|write| write.block == block) {
            write.stored.get_or_insert(now);
            write.durable.get_or_insert(now);
        }
        self.get_mut(seq).fate = Fate::Stored;
    }

    /// Something besides the store has a version for good: the earlier ones of its block do not
    /// matter any more.
    pub fn keep(&mut self, seq: Seq, now: Ticks) {
        let block = self.get(seq).block;
        for write in self.writes[..seq].iter_mut().filter(|write| write.block == block) {
            write.durable.get_or_insert(now);
        }
    }

    /// The blocks of which the store has a version that it has not acknowledged.
    pub fn in_doubt(&self) -> u64 {
        self.content.values().filter(|seq| self.get(**seq).stored.is_none()).count() as u64
    }

    /// Whether the store holds a state that the writer never produced: something new, without
    /// something older.
    pub fn is_out_of_prefix(&self) -> bool {
        let held = |block: u64| self.content.get(&block).copied().unwrap_or(0);
        let lacking = self.numbered().find(|(seq, write)| held(write.block) < *seq);
        let largest = self.content.values().max().copied().unwrap_or(0);
        lacking.is_some_and(|(seq, _)| seq < largest)
    }

    /// What a recovery from scratch finds of each block after a crash: the store's content, then
    /// the log played over it, then what the promoted replica has, then the caches if they kept
    /// their contents. None of these undoes what another has.
    pub fn survivors(&self, now: Ticks, domain: Option<PersistDomain>) -> BTreeMap<u64, Seq> {
        let mut survivors = self.content.clone();
        let mut replay = |block: u64, seq: Seq| {
            let held = survivors.entry(block).or_insert(0);
            *held = (*held).max(seq);
        };
        for (seq, write) in self.numbered().filter(|(_, write)| write.synced) {
            replay(write.block, seq);
        }
        for (seq, write) in self.numbered() {
            if write.on_replica.is_some_and(|arrival| arrival <= now) {
                replay(write.block, seq);
            }
        }
        if domain == Some(PersistDomain::Eadr) {
            for (seq, write) in self.numbered() {
                replay(write.block, seq);
            }
        }
        survivors
    }

    /// The acknowledged writes that such a recovery lacks.
    pub fn lost(&self, now: Ticks, domain: Option<PersistDomain>) -> Vec<Seq> {
        let survivors = self.survivors(now, domain);
        let survives =
            |seq: Seq, write: &Write| survivors.get(&write.block).is_some_and(|held| *held >= seq);
        self.numbered()
            .filter(|(seq, write)| write.acknowledged.is_some() && !survives(*seq, write))
            .map(|(seq, _)| seq)
            .collect()
    }
}
