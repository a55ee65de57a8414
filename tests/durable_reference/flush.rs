//! Which blocks are taken, when, and in which order they are to be sent.

use std::collections::BTreeSet;

use durability::{AgeFrom, Order, Sync, Ticks, Trigger};

use super::ledger::{Fate, Seq};
use super::model::{Model, Part};

/// A block that a trigger has taken and that was not sent.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    pub block: u64,
    /// The version that is to be sent; `None` if its value is read when it is sent.
    pub frozen: Option<Seq>,
    /// The timer took it.
    pub by_timer: bool,
}

impl Model<'_> {
    /// The blocks that a trigger may take: dirty in the cache, with nothing that has left it and
    /// waits to be sent, nor, if one version at a time is in flight, in flight or awaiting a retry.
    pub fn candidates(&self) -> Vec<u64> {
        let taken: BTreeSet<u64> = self.taken.iter().map(|taken| taken.block).collect();
        let dirty = self.ledger.dirty();
        let is_candidate = |number: &u64| {
            let block = &dirty[number];
            let once = self.spec.flush.one_in_flight || self.spec.flush.order == Order::Causal;
            let in_flight = once && !block.sent.is_empty();
            let is_taken = taken.contains(number) || !block.through.is_empty();
            let waits = is_taken || !block.left.is_empty();
            !block.cached.is_empty() && !waits && !in_flight
        };
        dirty.keys().copied().filter(is_candidate).collect()
    }

    /// When a block became dirty in the cache, or what it has left there was.
    fn dirty_since(&self, block: u64) -> Ticks {
        let rows = self.ledger.of(block).newest();
        let moments = rows.iter().map(|seq| self.ledger.get(*seq).dirty_since);
        moments.min().expect("it is dirty")
    }

    /// The moment from which a block's age is counted.
    fn aged_from(&self, block: u64) -> Ticks {
        match self.spec.flush.age_from {
            AgeFrom::FirstDirty => self.dirty_since(block),
            AgeFrom::LastWrite => {
                let rows = self.ledger.of(block).newest();
                let moments = rows.iter().map(|seq| self.ledger.get(*seq).applied);
                moments.max().expect("it is dirty")
            }
        }
    }

    /// Sorts blocks: the oldest first, of equals the one that was first written.
    fn by_age(&self, mut blocks: Vec<u64>) -> Vec<u64> {
        blocks.sort_by_key(|block| (self.aged_from(*block), self.ledger.first(*block)));
        blocks
    }

    /// The blocks with a version that is dirty in the cache, or has left it and was not sent.
    pub fn all_that_is_dirty(&self) -> Vec<u64> {
        let dirty = self.ledger.dirty();
        let blocks = dirty.iter().filter(|(_, block)| !block.to_take().is_empty());
        blocks.map(|(number, _)| *number).collect()
    }

    /// A trigger takes blocks. One that finds nothing to take does not count.
    pub fn take(&mut self, trigger: Trigger, blocks: Vec<u64>) {
        if blocks.is_empty() {
            return;
        }
        let by_timer = trigger == Trigger::Timer;
        let flush = &self.spec.flush;
        let mut rows = Vec::new();
        match flush.order {
            // Values are read when they are sent. Without coalescing each write is a row.
            Order::Unordered if flush.coalesce => {
                let taken = |block| Taken { block, frozen: None, by_timer };
                rows.extend(self.by_age(blocks).into_iter().map(taken));
            }
            Order::Unordered => {
                for block in self.by_age(blocks) {
                    for seq in self.ledger.of(block).cached {
                        rows.push(Taken { block, frozen: Some(seq), by_timer });
                    }
                }
            }
            // What was written before the newest of them goes along, in the order of writing.
            Order::Fifo => {
                let cached: Vec<Seq> =
                    blocks.iter().flat_map(|block| self.ledger.of(*block).cached).collect();
                let newest = cached.into_iter().max().expect("candidates are dirty");
                // Where each write is a row, a block's later rows go with its earlier ones: all.
                let newest = if flush.coalesce { newest } else { Seq::MAX };
                for (seq, write) in self.ledger.numbered() {
                    if seq <= newest && write.fate == Fate::Cached {
                        let block = write.block;
                        rows.push(Taken { block, frozen: Some(seq), by_timer });
                    }
                }
            }
            // One atomic call at a time, of everything. What triggers meanwhile is made up.
            Order::Causal => {
                let others_wait = !self.waiting_triggers.is_empty() && trigger != Trigger::Timer;
                if self.flush_is_open() || others_wait {
                    self.waiting_triggers.push(trigger);
                    return;
                }
                // It makes them all up.
                self.waiting_triggers.clear();
                let taken = |block| Taken { block, frozen: None, by_timer };
                rows.extend(self.all_that_is_dirty().into_iter().map(taken));
            }
        }
        for seq in rows.iter().filter_map(|taken| taken.frozen) {
            self.ledger.get_mut(seq).fate = Fate::Left;
        }
        let distinct: BTreeSet<u64> = rows.iter().map(|taken| taken.block).collect();
        if distinct.is_empty() {
            return;
        }
        self.flushes.by_trigger[trigger as usize] += 1;
        self.flushes.blocks += distinct.len() as u64;
        self.flushes.first.get_or_insert(self.now);
        self.taken.extend(rows);
    }

    /// A flush is taken and not sent, in flight, or awaits its retry.
    fn flush_is_open(&self) -> bool {
        !self.taken.is_empty() || self.calls.iter().any(|call| call.is_open() && !call.through)
    }

    /// Dirty blocks leave the cache by a clean or flush, which is one flush. A block that is
    /// taken already is not taken again, but what leaves then replaces what left before.
    pub fn leave(&mut self, blocks: &[u64], trigger: Trigger) {
        let flush = &self.spec.flush;
        let in_cache = |block: &&u64| !self.ledger.of(**block).cached.is_empty();
        let dirty: Vec<u64> = blocks.iter().filter(in_cache).copied().collect();
        let read_when_sent = match flush.order {
            Order::Unordered => flush.coalesce,
            Order::Fifo => false,
            Order::Causal => true,
        };
        if read_when_sent {
            for block in &dirty {
                let outstanding = self.ledger.of(*block);
                if flush.coalesce {
                    for seq in outstanding.left {
                        self.ledger.get_mut(seq).fate = Fate::Coalesced;
                    }
                }
                for seq in outstanding.cached {
                    self.ledger.get_mut(seq).fate = Fate::Left;
                }
            }
        }
        let is_taken = |block: &u64| {
            if read_when_sent {
                self.taken.iter().any(|taken| taken.block == *block)
            } else {
                self.ledger.of(*block).cached.is_empty()
            }
        };
        let new: Vec<u64> = dirty.into_iter().filter(|block| !is_taken(block)).collect();
        self.take(trigger, new);
        self.after_completion();
    }

    /// Right after an access: the number of dirty blocks, the queue, the share of dirty blocks.
    pub fn after_access(&mut self) {
        self.take_if_they_are_many();
        self.take_if_the_queue_is_full();
        self.take_for_those_who_wait();
        self.take_in_the_background();
        self.send_what_may_be_sent();
    }

    fn take_if_they_are_many(&mut self) {
        let candidates = self.candidates();
        let count = self.spec.flush.dirty_count;
        if count.is_some_and(|count| candidates.len() as u64 >= count) {
            self.take(Trigger::DirtyCount, candidates);
        }
    }

    /// Right after a completion.
    pub fn after_completion(&mut self) {
        if self.part == Part::Running {
            self.take_if_they_are_many();
            self.take_for_those_who_wait();
        }
        self.take_in_the_background();
        self.send_what_may_be_sent();
    }

    /// Above the background share, the oldest blocks are taken, in whole batches, until no more
    /// than that share is left.
    fn take_in_the_background(&mut self) {
        let Some(ratio) = self.spec.flush.background_ratio else { return };
        if self.part == Part::Ending {
            // Everything has been taken.
            return;
        }
        let limit = self.share(ratio);
        let candidates = self.candidates();
        let above = (candidates.len() as u64).saturating_sub(limit);
        if above == 0 {
            return;
        }
        let wanted = above.next_multiple_of(u64::from(self.spec.flush.batch)) as usize;
        let mut oldest = self.by_age(candidates);
        oldest.truncate(wanted);
        self.take(Trigger::Background, oldest);
    }

    /// The orderly end takes everything, what is in flight in an older version too.
    pub fn take_everything(&mut self) {
        let taken: BTreeSet<u64> = self.taken.iter().map(|taken| taken.block).collect();
        let dirty = self.ledger.dirty();
        let in_cache = dirty.iter().filter(|(_, block)| !block.cached.is_empty());
        let is_taken = |block: &u64| {
            taken.contains(block) && self.spec.flush.coalesce && !self.is_frozen_when_taken()
        };
        let blocks = in_cache.map(|(block, _)| *block).filter(|block| !is_taken(block)).collect();
        self.take(Trigger::Shutdown, blocks);
        self.send_what_may_be_sent();
    }

    fn is_frozen_when_taken(&self) -> bool {
        match self.spec.flush.order {
            Order::Unordered => !self.spec.flush.coalesce,
            Order::Fifo => true,
            Order::Causal => false,
        }
    }

    /// When something triggers by itself.
    pub fn next_trigger(&self) -> Option<Ticks> {
        let now = self.now;
        let mut moments = Vec::new();
        if self.part == Part::Running {
            // The orderly end has taken everything: no timer has anything to take.
            moments.extend(self.next_tick());
            moments.extend(self.next_too_old());
            if self.missed && !self.timer_is_busy() {
                moments.push(now);
            }
        }
        if !self.waiting_triggers.is_empty() && !self.flush_is_open() {
            moments.push(now);
        }
        moments.extend(self.next_second());
        moments.extend(self.next_retry());
        moments.into_iter().min()
    }

    /// Does the first of what triggers now.
    pub fn trigger(&mut self) {
        let now = self.now;
        let runs = self.part == Part::Running;
        if runs && self.next_tick() == Some(now) {
            self.timer_ticks += 1;
            self.tick();
        } else if runs && self.missed && !self.timer_is_busy() {
            self.tick();
        } else if !self.waiting_triggers.is_empty() && !self.flush_is_open() {
            let trigger = self.waiting_triggers[0];
            self.waiting_triggers.clear();
            self.take(trigger, self.all_that_is_dirty());
        } else if runs && self.next_too_old() == Some(now) {
            self.take(Trigger::MaxAge, self.too_old());
        } else if self.next_second() == Some(now) {
            self.tick_of_the_log();
        } else {
            self.call_again();
        }
        self.send_what_may_be_sent();
    }

    /// The timer ticks at every multiple of its period but 0.
    fn next_tick(&self) -> Option<Ticks> {
        Some((self.timer_ticks + 1) * self.spec.flush.every?)
    }

    /// What an earlier tick took is not all acknowledged or given up.
    fn timer_is_busy(&self) -> bool {
        let in_calls = self.calls.iter().filter(|call| call.is_open()).flat_map(|call| &call.rows);
        self.taken.iter().any(|taken| taken.by_timer)
            || in_calls.into_iter().any(|row| row.by_timer)
            || (self.spec.flush.order == Order::Causal && self.flush_is_open())
    }

    /// A tick that comes too early is made up when it can be.
    fn tick(&mut self) {
        self.missed = self.timer_is_busy();
        if !self.missed {
            let expire = self.spec.flush.expire;
            let mut blocks = self.candidates();
            blocks.retain(|block| self.now - self.aged_from(*block) >= expire);
            self.take(Trigger::Timer, blocks);
        }
    }

    /// When a block reaches the age that none may pass.
    fn next_too_old(&self) -> Option<Ticks> {
        let age = self.spec.flush.max_age?;
        if self.spec.flush.order == Order::Causal && self.flush_is_open() {
            return None;
        }
        let moments = self.candidates().into_iter().map(|block| self.dirty_since(block) + age);
        moments.min().map(|moment| moment.max(self.now))
    }

    fn too_old(&self) -> Vec<u64> {
        let age = self.spec.flush.max_age.unwrap_or(Ticks::MAX);
        let mut blocks = self.candidates();
        blocks.retain(|block| self.now - self.dirty_since(*block) >= age);
        blocks
    }

    /// When the log is to be synced in the background.
    fn next_second(&self) -> Option<Ticks> {
        let log = self.spec.log.as_ref().filter(|log| log.sync == Sync::EverySecond)?;
        Some((self.disk.seconds + 1) * log.period)
    }
}
