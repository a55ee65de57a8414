//! Which blocks are taken to be written back, and when.

use std::collections::BTreeSet;

use coherence::Observer;

use super::calls::{AS_IT_LEFT, Row};
use super::{Engine, Stopped};
use crate::agenda::{Event, Stage};
use crate::blocks::{Block, BlockId, Seq};
use crate::fault::Fault;
use crate::outcome::Trigger;
use crate::spec::{AgeFrom, Order, Ticks};

/// The timer that wakes the flusher.
#[derive(Clone, Debug, Default)]
pub(super) struct Timer {
    /// When its next event is due.
    pub(super) at: Option<Ticks>,
    /// Blocks that it took and that are not yet stored, and since when there are any.
    pub(super) blocks: u64,
    pub(super) busy_since: Ticks,
    /// A tick came while there were.
    missed: bool,
}

/// What a share of a number of blocks is, rounded down.
#[expect(clippy::cast_sign_loss, reason = "shares and capacities are positive")]
fn share(ratio: f64, capacity: u64) -> u64 {
    (ratio * capacity as f64) as u64
}

impl<O: Observer> Engine<O> {
    /// Schedules the timers that a new candidate needs.
    pub(super) fn schedule_triggers(&mut self) {
        if self.ending {
            return;
        }
        if let (Some(every), Some((oldest, _))) = (self.spec.flush.every, self.candidates.first()) {
            // The first tick to come at which the oldest is old enough.
            let next = self.next_tick(every, Stage::Timer);
            let ripe = oldest.saturating_add(self.spec.flush.expire).div_ceil(every);
            let at = next.max(ripe.saturating_mul(every));
            if self.timer.at.is_none_or(|tick| tick > at) {
                self.timer.at = Some(at);
                self.agenda.schedule(at, Event::Tick);
            }
        }
        if let (Some(age), Some((oldest, _))) =
            (self.spec.flush.max_age, self.by_first_dirty.first())
            && !self.everything_goes()
        {
            let at = oldest.saturating_add(age).max(self.now);
            if self.max_age_at.is_none_or(|due| due > at) {
                self.max_age_at = Some(at);
                self.agenda.schedule(at, Event::MaxAge);
            }
        }
    }

    /// The timer of the flusher. One that comes during its flush is made up when that is over.
    pub(super) fn tick(&mut self) -> Result<(), Stopped> {
        if self.timer.at != Some(self.now) || self.ending {
            return Ok(());
        }
        self.timer.at = None;
        self.timer.missed = self.timer_is_busy();
        if !self.timer.missed {
            self.take_expired()?;
        }
        self.schedule_triggers();
        self.pump();
        self.wrong_or_ok()
    }

    /// Tells whether what the timer took is not all stored, or the one call of everything is out.
    pub(super) fn timer_is_busy(&self) -> bool {
        self.timer.blocks > 0 || self.everything_is_out()
    }

    /// Tells whether the one call that takes everything is out: until it ends, nothing is taken.
    fn everything_is_out(&self) -> bool {
        self.spec.flush.order == Order::Causal && self.flushing + self.failed > 0
    }

    /// Tells whether that call is out, or is to be sent as soon as there is room.
    fn everything_goes(&self) -> bool {
        self.everything_is_out() || self.flush_owed.is_some()
    }

    /// Takes what has the age for the timer.
    fn take_expired(&mut self) -> Result<(), Stopped> {
        let (now, expire) = (self.now, self.spec.flush.expire);
        let ripe = |age: &Ticks| now - age >= expire;
        let ids: Vec<_> =
            self.candidates.iter().take_while(|(age, _)| ripe(age)).map(|(_, id)| *id).collect();
        if self.making_up && !ids.is_empty() {
            // The timer goes before what else is made up.
            self.flush_owed = Some(Trigger::Timer);
            self.making_up = false;
            return Ok(());
        }
        self.take(Trigger::Timer, ids)
    }

    /// What triggered while the one call of everything was out is made up.
    pub(super) fn make_up(&mut self) -> Result<(), Stopped> {
        self.making_up = false;
        self.pump();
        self.wrong_or_ok()
    }

    /// The timer's blocks are all stored: a tick that was missed is made up, as a trigger of this
    /// instant.
    pub(super) fn make_up_tick(&mut self) {
        let Some(every) = self.spec.flush.every else { return };
        self.timer.missed |= self.now / every * every > self.timer.busy_since;
        if self.timer.missed && !self.ending && self.timer.at != Some(self.now) {
            self.timer.at = Some(self.now);
            self.agenda.schedule(self.now, Event::Tick);
        }
    }

    pub(super) fn max_age_reached(&mut self) -> Result<(), Stopped> {
        if self.max_age_at != Some(self.now) || self.ending {
            return Ok(());
        }
        self.max_age_at = None;
        if self.everything_goes() {
            return Ok(());
        }
        let (now, age) = (self.now, self.spec.flush.max_age.unwrap_or(Ticks::MAX));
        let old = self.by_first_dirty.iter().take_while(|(first, _)| now - first >= age);
        let old: BTreeSet<_> = old.map(|(_, id)| *id).collect();
        // Sent, as always, by the age that the timer goes by.
        let ids = self.candidates.iter().map(|(_, id)| *id).filter(|id| old.contains(id));
        self.take(Trigger::MaxAge, ids.collect())?;
        self.schedule_triggers();
        self.pump();
        self.wrong_or_ok()
    }

    /// What an access may trigger.
    pub(super) fn after_access(&mut self) -> Result<(), Stopped> {
        self.take_if_many()?;
        self.take_if_full()?;
        self.take_for_held()?;
        self.work_in_background()?;
        self.pump();
        self.wrong_or_ok()
    }

    fn take_if_many(&mut self) -> Result<(), Stopped> {
        let candidates = if self.plants(Fault::CountsWrites) {
            self.accounts.lost().loss(self.now).writes + 1
        } else {
            self.candidates.len() as u64
        };
        if self.spec.flush.dirty_count.is_some_and(|count| candidates >= count) && !self.ending {
            self.take_all(Trigger::DirtyCount)?;
        }
        Ok(())
    }

    pub(super) fn take_if_full(&mut self) -> Result<(), Stopped> {
        let full = |capacity| self.queued >= capacity;
        if self.spec.queue.trigger && self.spec.queue.capacity.is_some_and(full) {
            self.take_all(Trigger::QueueFull)?;
        }
        Ok(())
    }

    /// What the end of a call may trigger: who still waits is not left to wait for nothing.
    pub(super) fn after_completion(&mut self) -> Result<(), Stopped> {
        self.wake_held();
        self.take_if_many()?;
        self.take_for_held()?;
        self.work_in_background()?;
        self.pump();
        self.wrong_or_ok()
    }

    pub(super) fn wrong_or_ok(&mut self) -> Result<(), Stopped> {
        self.wrong.take().map_or(Ok(()), |wrong| Err(Stopped::Wrong(wrong)))
    }

    /// Above the background ratio the flusher works until below, in whole batches.
    fn work_in_background(&mut self) -> Result<(), Stopped> {
        let Some(ratio) = self.spec.flush.background_ratio else { return Ok(()) };
        let limit = share(ratio, self.capacity);
        let untaken = self.candidates.len() as u64;
        if self.dirty <= limit || untaken <= limit || self.ending {
            return Ok(());
        }
        let batch = u64::from(self.spec.flush.batch);
        let wanted = (untaken - limit).next_multiple_of(batch) as usize;
        let ids = self.candidates.iter().take(wanted).map(|(_, id)| *id).collect();
        self.take(Trigger::Background, ids)
    }

    /// Returns the numbers of dirty blocks from which a newly dirtying write is paused, and at
    /// which it waits.
    pub(super) fn throttle_limits(&self) -> Option<(u64, u64)> {
        let hard = share(self.spec.flush.dirty_ratio?, self.capacity).max(1);
        let background = self.spec.flush.background_ratio.unwrap_or(0.0);
        Some((u64::midpoint(share(background, self.capacity), hard), hard))
    }

    pub(super) fn take_all(&mut self, trigger: Trigger) -> Result<(), Stopped> {
        let ids = self.candidates.iter().map(|(_, id)| *id).collect();
        self.take(trigger, ids)
    }

    /// Takes blocks, oldest first, to be sent.
    fn take(&mut self, trigger: Trigger, ids: Vec<BlockId>) -> Result<(), Stopped> {
        if ids.is_empty() {
            return Ok(());
        }
        let ids = self.closed(ids);
        if self.spec.flush.order == Order::Causal {
            self.flush_owed.get_or_insert(trigger);
            return Ok(());
        }
        self.count_flush(trigger, ids.len() as u64);
        if trigger == Trigger::Timer {
            self.timer.busy_since = self.now;
        }
        self.enqueue_all(ids, trigger == Trigger::Timer)
    }

    fn enqueue_all(&mut self, ids: Vec<BlockId>, timer: bool) -> Result<(), Stopped> {
        if self.spec.flush.order == Order::Fifo {
            for id in &ids {
                self.clean_line(*id)?;
            }
            self.enqueue_in_order(&ids, timer);
            return Ok(());
        }
        for id in ids {
            self.enqueue(id, timer)?;
        }
        Ok(())
    }

    /// Puts the versions of blocks that have left the caches at the end of the rows, frozen, in
    /// the order of writing.
    fn enqueue_in_order(&mut self, ids: &[BlockId], timer: bool) {
        let mut rows = Vec::new();
        for id in ids {
            rows.extend(self.rows_that_left(*id).into_iter().map(|seq| (seq, *id)));
        }
        rows.sort_unstable();
        for (seq, id) in rows {
            self.enqueue_row(id, seq, timer);
        }
    }

    /// Returns the versions of a block that have left the caches and are in no row yet, and
    /// forgets its rows.
    fn rows_that_left(&mut self, id: BlockId) -> Vec<Seq> {
        let block = self.blocks.get(id);
        if !self.coalesces() {
            // An inner cache may have later ones.
            let Some(rows) = self.rows.get_mut(&id) else { return Vec::new() };
            let left = rows.partition_point(|seq| *seq <= block.left);
            return rows.drain(..left).collect();
        }
        if block.left > block.taken { vec![block.left] } else { Vec::new() }
    }

    /// Returns blocks with those that the order of the flush wants to go with them.
    fn closed(&self, mut ids: Vec<BlockId>) -> Vec<BlockId> {
        let all = || self.candidates.iter().map(|(_, id)| *id);
        let newest = |id: &BlockId| self.blocks.get(*id).newest;
        match self.spec.flush.order {
            Order::Unordered => {}
            Order::Fifo => {
                let last = self.last_to_go(ids.iter().map(newest));
                let earlier = self.by_newest.iter().take_while(|(seq, _)| *seq <= last);
                ids = earlier.map(|(_, id)| *id).collect();
            }
            Order::Causal => ids = all().collect(),
        }
        ids
    }

    /// Returns the write up to which a flush in order takes all, if these are to go: where each
    /// write is a row of its own, a block's later rows go with its earlier ones.
    fn last_to_go(&self, newest: impl Iterator<Item = Seq>) -> Seq {
        if self.coalesces() { newest.max().unwrap_or(0) } else { Seq::MAX }
    }

    /// Puts what a block has at the end of the rows to be sent.
    fn enqueue(&mut self, id: BlockId, timer: bool) -> Result<(), Stopped> {
        if self.coalesces() {
            // Its value is read when it is sent.
            self.enqueue_row(id, 0, timer);
            return Ok(());
        }
        self.clean_line(id)?;
        for seq in self.rows_that_left(id) {
            self.enqueue_row(id, seq, timer);
        }
        Ok(())
    }

    /// Tells whether a row is a version of its own from when it is taken.
    pub(super) fn freezes(&self) -> bool {
        match self.spec.flush.order {
            Order::Unordered => !self.coalesces(),
            Order::Fifo => true,
            Order::Causal => false,
        }
    }

    fn enqueue_row(&mut self, id: BlockId, seq: Seq, timer: bool) {
        self.timer.blocks += u64::from(timer);
        let row = self.taken.push(Row { block: id, seq, timer });
        self.change(id, |block| {
            block.unsent += 1;
            block.row = row;
            block.taken = block.left;
        });
    }

    /// The machine has written versions back: they go to the store, as one flush.
    pub(super) fn written_back(
        &mut self,
        versions: &[(BlockId, Seq)],
        trigger: Trigger,
    ) -> Result<(), Stopped> {
        if self.plants(Fault::EvictionDropsData) && trigger == Trigger::Eviction {
            self.drop_versions(versions);
            return Ok(());
        }
        let news = |(id, seq): &&(BlockId, Seq)| *seq > self.blocks.get(*id).left;
        let versions: Vec<_> = versions.iter().filter(news).copied().collect();
        if versions.is_empty() {
            return Ok(());
        }
        let blocks = match self.spec.flush.order {
            Order::Unordered => {
                // Nobody cleans the caches because of these: what they hold since stays there.
                let as_it_left = matches!(trigger, Trigger::Eviction | Trigger::Snoop);
                self.send_by_age(versions, as_it_left)
            }
            Order::Fifo => self.send_in_order(&versions)?,
            Order::Causal => {
                for (id, seq) in versions {
                    self.leave(id, seq);
                    if self.blocks.get(id).unsent == 0 {
                        self.change(id, |block| block.unsent = 1);
                    }
                }
                self.flush_owed.get_or_insert(trigger);
                return Ok(());
            }
        };
        if blocks > 0 {
            self.count_flush(trigger, blocks);
        }
        Ok(())
    }

    fn drop_versions(&mut self, versions: &[(BlockId, Seq)]) {
        for (id, _) in versions {
            let newest = self.blocks.get(*id).newest;
            self.change(*id, |block| {
                block.left = newest;
                block.sent = newest;
            });
        }
    }

    /// Puts versions that have left the caches at the end of the rows, the oldest block first;
    /// returns how many blocks were not there already.
    fn send_by_age(&mut self, mut versions: Vec<(BlockId, Seq)>, as_it_left: bool) -> u64 {
        let from_last_write = self.spec.flush.age_from == AgeFrom::LastWrite;
        versions.sort_by_key(|(id, _)| {
            let block = self.blocks.get(*id);
            (if from_last_write { block.last_write } else { block.first_dirty }, *id)
        });
        let mut blocks = 0;
        for (id, seq) in versions {
            self.leave(id, seq);
            if !self.coalesces() {
                let rows = self.rows_that_left(id);
                blocks += u64::from(!rows.is_empty());
                for seq in rows {
                    self.enqueue_row(id, seq, false);
                }
            } else if self.blocks.get(id).unsent == 0 {
                blocks += 1;
                self.enqueue_row(id, if as_it_left { AS_IT_LEFT } else { 0 }, false);
            }
        }
        blocks
    }

    /// Puts versions that have left the caches at the end of the rows, with all that was written
    /// before them, in the order of writing; returns how many blocks that were.
    fn send_in_order(&mut self, versions: &[(BlockId, Seq)]) -> Result<u64, Stopped> {
        let last = self.last_to_go(versions.iter().map(|(_, seq)| *seq));
        let has_left = |other: &BlockId| versions.iter().any(|(id, _)| id == other);
        let earlier = self.by_newest.iter().take_while(|(newest, _)| *newest < last);
        let mut ids: Vec<_> = earlier.map(|(_, id)| *id).filter(|id| !has_left(id)).collect();
        for (id, seq) in versions {
            self.leave(*id, *seq);
        }
        for id in &ids {
            self.clean_line(*id)?;
        }
        ids.extend(versions.iter().map(|(id, _)| *id));
        // Two caches may each have had a version of one block.
        ids.sort_unstable();
        ids.dedup();
        self.enqueue_in_order(&ids, false);
        Ok(ids.len() as u64)
    }

    /// The orderly end takes all that is in the caches; what is in flight waits for its turn.
    pub(super) fn take_for_shutdown(&mut self) -> Result<(), Stopped> {
        let from_last_write = self.spec.flush.age_from == AgeFrom::LastWrite;
        let rows_of_taken = !self.coalesces() || self.spec.flush.order == Order::Fifo;
        let goes = |block: &Block| block.is_cached_dirty() && (rows_of_taken || block.unsent == 0);
        let age = |block: &Block| {
            if from_last_write { block.last_write } else { block.first_dirty }
        };
        let all = self.blocks.all().filter(|(_, block)| goes(block));
        let mut ids: Vec<_> = all.map(|(id, block)| (age(block), id)).collect();
        ids.sort_unstable();
        if ids.is_empty() {
            return Ok(());
        }
        if self.spec.flush.order == Order::Causal {
            self.flush_owed.get_or_insert(Trigger::Shutdown);
            return Ok(());
        }
        self.count_flush(Trigger::Shutdown, ids.len() as u64);
        self.enqueue_all(ids.into_iter().map(|(_, id)| id).collect(), false)
    }
}
