//! What is sent to the store, and what becomes of it.

use std::collections::BTreeSet;

use coherence::Observer;

use super::{Engine, Stopped, WrongCount};
use crate::agenda::{CallId, ClientId, Event};
use crate::blocks::{BlockId, Seq};
use crate::fault::Fault;
use crate::outcome::Trigger;
use crate::spec::{Failure, Order, Ticks};

/// Stands for the version of a block that has left the caches last, whatever they hold since.
pub(super) const AS_IT_LEFT: Seq = Seq::MAX;

/// One version on its way to the store.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) block: BlockId,
    /// The version; 0 where it is read when it is sent; or [`AS_IT_LEFT`].
    pub(super) seq: Seq,
    /// The timer took it.
    pub(super) timer: bool,
}

/// One call to the store.
#[derive(Clone, Debug)]
pub(super) struct Call {
    rows: Vec<Row>,
    /// The client that waits for it, of a write-through.
    client: Option<ClientId>,
    /// How often it was sent.
    attempts: u32,
    failure: Option<Failure>,
    /// The one flush of a `Causal` order was the timer's.
    timer: bool,
}

impl<O: Observer> Engine<O> {
    /// Sends what may be sent now, and lets the first in who waited for that.
    pub(super) fn pump(&mut self) {
        self.send_all();
        self.wake_held();
    }

    fn send_all(&mut self) {
        loop {
            let parallel = self.spec.store.parallel;
            if self.flushing + self.passing < parallel
                && (self.send_through_again() || self.send_next_through())
            {
                continue;
            }
            let workers = match self.spec.flush.order {
                Order::Unordered => self.spec.flush.workers,
                Order::Fifo | Order::Causal => 1,
            };
            if self.flushing >= workers.min(parallel - self.passing) {
                return;
            }
            if let Some(call) = self.due.pop_front() {
                if let Err(stopped) = self.send_again(call) {
                    return self.note(stopped);
                }
                continue;
            }
            if self.failed > 0 && !self.plants(Fault::RetryOverwrites) {
                return;
            }
            match self.send_next_batch() {
                Ok(true) => {}
                Ok(false) => return,
                Err(stopped) => return self.note(stopped),
            }
        }
    }

    /// Remembers what went wrong inside a call that cannot say so.
    fn note(&mut self, stopped: Stopped) {
        let wrong = match stopped {
            Stopped::Wrong(wrong) => wrong,
            Stopped::Broken(_) | Stopped::Stuck { .. } => WrongCount {
                law: "a clean asks only for cells that are possible",
                place: stopped.to_string(),
                left: 0,
                right: 0,
            },
        };
        self.wrong.get_or_insert(wrong);
    }

    /// Sends a write-through that has failed, once its time has come.
    fn send_through_again(&mut self) -> bool {
        let Some(id) = self.due_throughs.pop_front() else { return false };
        let Some(call) = self.take_call(id) else { return false };
        self.passing += 1;
        self.retries += 1;
        self.send(call);
        true
    }

    /// Sends the first write-through whose block has no version in flight.
    fn send_next_through(&mut self) -> bool {
        let (client, block, seq) = loop {
            let Some((place, next)) = self.throughs.pop() else { return false };
            let (_, block, _) = next;
            if self.blocks.get(block).flying == 0 {
                break next;
            }
            self.throughs.set_aside(block, place, next);
        };
        self.change(block, |block| {
            block.through -= 1;
            block.flying += 1;
            block.sent = block.sent.max(seq);
        });
        if !self.spec.flush.one_in_flight {
            // Later versions waited until this one was sent, not for its end.
            self.taken.take_back(block);
        }
        self.passing += 1;
        let rows = vec![Row { block, seq, timer: false }];
        self.send(Call { rows, client: Some(client), attempts: 0, failure: None, timer: false });
        true
    }

    /// Makes a batch of the rows that were taken, and sends it.
    fn send_next_batch(&mut self) -> Result<bool, Stopped> {
        let (rows, timer) = if self.spec.flush.order == Order::Causal {
            if self.making_up {
                return Ok(false);
            }
            let Some(trigger) = self.flush_owed.take() else { return Ok(false) };
            let rows = self.all_rows()?;
            let blocks: BTreeSet<_> = rows.iter().map(|row| row.block).collect();
            if !blocks.is_empty() {
                self.count_flush(trigger, blocks.len() as u64);
            }
            (rows, trigger == Trigger::Timer)
        } else {
            (self.next_rows()?, false)
        };
        if rows.is_empty() {
            return Ok(false);
        }
        self.timer.blocks += u64::from(timer);
        if self.spec.flush.order == Order::Causal {
            self.timer.busy_since = self.now;
        }
        self.flushing += 1;
        self.send(Call { rows, client: None, attempts: 0, failure: None, timer });
        Ok(true)
    }

    /// Takes rows from the front, up to a batch; those of blocks in flight are set aside.
    fn next_rows(&mut self) -> Result<Vec<Row>, Stopped> {
        let mut rows = Vec::new();
        while rows.len() < self.spec.flush.batch as usize {
            let Some((place, row)) = self.taken.pop() else { break };
            let block = *self.blocks.get(row.block);
            if self.spec.flush.order == Order::Fifo {
                // Only a write-through can be in flight besides this call: the order waits for it.
                let shares = rows.iter().any(|other: &Row| other.block == row.block);
                let in_flight = block.flying > 0 && self.spec.flush.one_in_flight;
                if block.through > 0 || in_flight && !shares {
                    self.taken.put_back(place, row);
                    break;
                }
            } else if block.through > 0 || self.spec.flush.one_in_flight && block.flying > 0 {
                self.taken.set_aside(row.block, place, row);
                continue;
            }
            rows.push(self.read_row(row)?);
        }
        Ok(rows)
    }

    /// Makes a row's version one in flight; a value that is read when it is sent is read now.
    fn read_row(&mut self, row: Row) -> Result<Row, Stopped> {
        let id = row.block;
        let mut seq = row.seq;
        if seq == 0 || seq == AS_IT_LEFT {
            if seq == 0 && self.blocks.get(id).is_cached_dirty() {
                self.clean_line(id)?;
            }
            seq = self.blocks.get(id).left;
        }
        self.change(id, |block| {
            block.unsent -= 1;
            block.flying += 1;
            block.sent = block.sent.max(seq);
        });
        if self.plants(Fault::CleanBeforeAcknowledged) {
            self.stored(id, seq);
        }
        Ok(Row { seq, ..row })
    }

    /// Takes everything that is not stored, for one atomic call.
    fn all_rows(&mut self) -> Result<Vec<Row>, Stopped> {
        // A write-through of the block is not overtaken.
        let waits = |block: &crate::blocks::Block| {
            block.is_queued() && block.flying == 0 && block.through == 0
        };
        let ids: Vec<_> =
            self.blocks.all().filter(|(_, block)| waits(block)).map(|(id, _)| id).collect();
        let mut rows = Vec::new();
        for id in ids {
            if self.blocks.get(id).is_cached_dirty() {
                self.clean_line(id)?;
            }
            let left = self.blocks.get(id).left;
            let seqs = if self.coalesces() {
                vec![left]
            } else {
                self.rows.remove(&id).unwrap_or_default()
            };
            let versions = seqs.len() as u32;
            self.change(id, |block| {
                block.unsent = 0;
                block.flying += versions;
                block.sent = left;
            });
            rows.extend(seqs.into_iter().map(|seq| Row { block: id, seq, timer: false }));
        }
        rows.sort_unstable_by_key(|row| row.seq);
        Ok(rows)
    }

    fn send(&mut self, mut call: Call) {
        let store = &self.spec.store;
        let rows = call.rows.len() as u64;
        let mut length = self.latencies.length(store.latency, store.distribution);
        if call.client.is_none() {
            length = length.saturating_add(rows.saturating_mul(store.batch_cost));
        }
        if let Some(bandwidth) = store.bandwidth {
            let bytes = u128::from(rows * self.machine.line_size().bytes());
            let ticks = (bytes * u128::from(bandwidth.ticks)).div_ceil(bandwidth.bytes.into());
            length = length.saturating_add(ticks as Ticks);
        }
        let end = self.now.saturating_add(length);
        call.failure =
            (store.fail > 0.0 && self.failures.unit() < store.fail).then_some(store.failure);
        let meets =
            |span: &crate::spec::Span| span.start < end.max(self.now + 1) && span.end > self.now;
        if store.outages.iter().any(meets) {
            call.failure = Some(Failure::NotApplied);
        }
        call.attempts += 1;
        let id = self.place_call(call);
        self.agenda.schedule(end, Event::CallDone(id));
    }

    fn place_call(&mut self, call: Call) -> CallId {
        let id = self.free_calls.pop().unwrap_or_else(|| {
            self.calls.push(None);
            self.calls.len() as CallId - 1
        });
        self.calls[id as usize] = Some(call);
        id
    }

    fn take_call(&mut self, id: CallId) -> Option<Call> {
        let call = self.calls[id as usize].take()?;
        self.free_calls.push(id);
        Some(call)
    }

    /// A call has ended: it is acknowledged, or has failed.
    pub(super) fn call_done(&mut self, id: CallId) {
        let Some(call) = self.take_call(id) else { return };
        let was_busy = self.timer_is_busy();
        if call.client.is_some() {
            self.passing -= 1;
        } else {
            self.flushing -= 1;
        }
        let blocks: Vec<BlockId> = call.rows.iter().map(|row| row.block).collect();
        match call.failure {
            None => self.acknowledged(&call),
            Some(failure) => self.call_failed(call, failure),
        }
        if was_busy && !self.timer_is_busy() {
            self.make_up_tick();
        }
        self.schedule_triggers();
        if self.spec.flush.order == Order::Causal {
            self.go_on_with(&blocks);
        }
        if self.spec.flush.order == Order::Causal && self.flush_owed.is_some() {
            self.making_up = true;
            self.agenda.schedule(self.now, Event::MakeUp);
        }
    }

    /// What a call of everything left out, because these blocks were in flight, goes with the next.
    fn go_on_with(&mut self, blocks: &[BlockId]) {
        let waits = |id: &BlockId| self.blocks.get(*id).unsent > 0;
        if self.ending && self.queued > 0 {
            self.flush_owed.get_or_insert(Trigger::Shutdown);
        } else if blocks.iter().any(waits) {
            self.flush_owed.get_or_insert(Trigger::Eviction);
        }
    }

    /// A batch that had failed is stored, or given up: others may be sent.
    fn recovered(&mut self, call: &Call) {
        self.failed -= u32::from(call.client.is_none() && call.attempts > 1);
    }

    fn acknowledged(&mut self, call: &Call) {
        self.recovered(call);
        for row in &call.rows {
            self.apply(row.block, row.seq);
        }
        let before = self.stored_max;
        for row in &call.rows {
            self.order_inversions += u64::from(row.seq < before);
            self.stored_max = self.stored_max.max(row.seq);
            self.store_writes += 1;
            let seq = if self.plants(Fault::WriteDuringFlushLost) {
                let newest = self.blocks.get(row.block).newest;
                self.change(row.block, |block| {
                    block.left = newest;
                    block.sent = newest;
                });
                newest
            } else {
                row.seq
            };
            self.land(row);
            self.stored(row.block, seq);
            self.doubt(row.block);
        }
        self.timer.blocks -= u64::from(call.timer);
        self.look_at_state();
        if let Some(client) = call.client {
            self.condition_met(client);
        }
    }

    /// Tells anew whether the store has a version of a block that it did not acknowledge.
    fn doubt(&mut self, id: BlockId) {
        if self.accounts.unstored().is_safe(id, self.blocks.get(id).content) {
            self.in_doubt.remove(&id);
        } else {
            self.in_doubt.insert(id);
        }
    }

    /// A row is not in flight any more; those that were set aside for it stand in their places.
    fn land(&mut self, row: &Row) {
        self.timer.blocks -= u64::from(row.timer);
        self.change(row.block, |block| block.flying -= 1);
        if !self.blocks.get(row.block).is_under_way() {
            // What is not durable by now was given up: nobody waits for it.
            self.release_fences(row.block, Seq::MAX);
        }
        self.taken.take_back_first(row.block);
        self.throughs.take_back_first(row.block);
    }

    /// The store has acknowledged a version.
    pub(super) fn stored(&mut self, id: BlockId, seq: Seq) {
        let now = self.now;
        self.accounts.store(id, seq, now);
        self.durable(id, seq);
    }

    /// The store takes a version: it keeps the larger one of a block, if it is guarded.
    fn apply(&mut self, id: BlockId, seq: Seq) {
        let content = self.blocks.get(id).content;
        if seq == content || seq < content && self.spec.store.guard {
            return;
        }
        self.missing.remove(&(self.first_missing(id).unwrap_or(0), id));
        if seq < content {
            self.lose_overwritten(id, seq, content);
        }
        self.blocks.get_mut(id).content = seq;
        if let Some(first) = self.first_missing(id) {
            self.missing.insert((first, id));
        }
        if self.spec.store.guard {
            self.content_max = self.content_max.max(seq);
        } else {
            self.contents.remove(&content);
            self.contents.insert(seq);
            self.content_max = self.contents.last().copied().unwrap_or(0);
        }
    }

    fn first_missing(&self, id: BlockId) -> Option<Seq> {
        self.accounts.unstored().first_after(id, self.blocks.get(id).content)
    }

    /// After a call: is the state of the store one that the writer ever produced?
    fn look_at_state(&mut self) {
        let first_missing = self.missing.first().map(|(seq, _)| *seq);
        let ahead = first_missing.is_some_and(|missing| missing < self.content_max);
        self.non_prefix_batches += u64::from(ahead);
    }

    fn call_failed(&mut self, call: Call, failure: Failure) {
        let atomic = call.client.is_none() && self.spec.flush.order == Order::Causal;
        let applied = match failure {
            Failure::NotApplied => 0,
            Failure::AckLost => call.rows.len(),
            Failure::Half if atomic => 0,
            Failure::Half => call.rows.len() / 2,
        };
        for row in &call.rows[..applied] {
            self.apply(row.block, row.seq);
            let content = self.blocks.get(row.block).content;
            self.accounts.store_silently(row.block, content, self.now);
            self.doubt(row.block);
        }
        if applied > 0 {
            self.look_at_state();
        }
        if failure == Failure::Half && self.plants(Fault::HalfIsClean) {
            self.recovered(&call);
            for row in &call.rows {
                self.store_writes += 1;
                self.land(row);
                self.stored(row.block, row.seq);
            }
            return;
        }
        let attempts = self.spec.store.retry.attempts;
        if attempts.is_some_and(|attempts| call.attempts >= attempts) {
            self.drop_call(&call);
            return;
        }
        if self.plants(Fault::NoRetry) {
            self.recovered(&call);
            for row in &call.rows {
                self.land(row);
            }
            return;
        }
        let delay = self.spec.store.retry.delay;
        self.failed += u32::from(call.client.is_none() && call.attempts == 1);
        let id = self.place_call(call);
        self.agenda.schedule(self.now.saturating_add(delay), Event::Retry(id));
    }

    /// The last attempt has failed: the versions are given up.
    fn drop_call(&mut self, call: &Call) {
        self.recovered(call);
        for row in &call.rows {
            self.dropped += 1;
            self.land(row);
        }
        self.timer.blocks -= u64::from(call.timer);
        if let Some(client) = call.client {
            self.refuse(client);
            self.condition_met(client);
        }
    }

    pub(super) fn retry_due(&mut self, id: CallId) -> Result<(), Stopped> {
        let is_through = self.calls[id as usize].as_ref().is_some_and(|call| call.client.is_some());
        if is_through {
            self.due_throughs.push_back(id);
        } else {
            self.due.push_back(id);
        }
        self.pump();
        self.wrong_or_ok()
    }

    /// Sends a failed batch again, with the values of the moment where those are read at sending.
    fn send_again(&mut self, id: CallId) -> Result<(), Stopped> {
        let Some(mut call) = self.take_call(id) else { return Ok(()) };
        self.flushing += 1;
        self.retries += 1;
        let refreshes = self.coalesces() && self.spec.flush.order == Order::Unordered;
        if refreshes && !self.plants(Fault::RetryOverwrites) {
            for row in &mut call.rows {
                self.refresh(row)?;
            }
        }
        self.send(call);
        Ok(())
    }

    /// What waits of a block has nothing to send any more, because a later version goes without
    /// it; tells whether the timer took it.
    pub(super) fn replace_waiting_row(&mut self, id: BlockId) -> bool {
        let block = *self.blocks.get(id);
        if self.freezes() || !self.coalesces() || block.unsent == 0 {
            return false;
        }
        let row = self.taken.cancel(id, block.row);
        self.change(id, |block| block.unsent = 0);
        let by_timer = row.is_some_and(|row| row.timer);
        self.timer.blocks -= u64::from(by_timer);
        by_timer
    }

    /// Replaces a failed version by a newer one of its block, if there is one.
    fn refresh(&mut self, row: &mut Row) -> Result<(), Stopped> {
        let id = row.block;
        if self.blocks.get(id).is_cached_dirty() {
            self.clean_line(id)?;
        }
        let left = self.blocks.get(id).left;
        if left > self.blocks.get(id).sent {
            self.coalesced += 1;
            row.seq = left;
            let by_timer = self.replace_waiting_row(id);
            self.timer.blocks += u64::from(by_timer && !row.timer);
            row.timer |= by_timer;
            self.change(id, |block| block.sent = left);
        }
        Ok(())
    }
}
