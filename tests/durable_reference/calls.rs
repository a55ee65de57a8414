//! Calls to the store: when they are sent, how they end, and what happens after a failure.

use durability::{Failure, Order, PersistDomain, Ticks};

use super::draws;
use super::flush::Taken;
use super::ledger::{Fate, Seq};
use super::model::{Await, Completion, Model, Request};

/// A version in a call.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub seq: Seq,
    /// The timer took it.
    pub by_timer: bool,
}

/// Where a call is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    InFlight,
    /// It has failed and is sent again at that moment.
    Failed(Ticks),
    /// It is sent again as soon as there is room.
    Due,
    Over,
}

/// A call to the store.
#[derive(Clone, Debug)]
pub struct Call {
    pub rows: Vec<Row>,
    /// One write by itself, whose client waits.
    pub through: bool,
    standing: Standing,
    /// How it ends if not well.
    failure: Option<Failure>,
    /// How often it was sent.
    sent: u32,
}

impl Call {
    /// It is in flight or awaits its retry.
    pub fn is_open(&self) -> bool {
        self.standing != Standing::Over
    }

    /// It is in flight.
    fn is_in_flight(&self) -> bool {
        self.standing == Standing::InFlight
    }

    /// It has failed before, or has now.
    fn is_in_trouble(&self) -> bool {
        self.is_open() && !(self.is_in_flight() && self.sent == 1)
    }
}

impl Model<'_> {
    /// Sends as long as there is something to send and room for it: first writes that go through,
    /// then what has failed, then what was taken.
    pub fn send_what_may_be_sent(&mut self) {
        while self.send_a_write_through() || self.send_a_flush() {}
    }

    fn in_flight(&self, through: bool) -> u32 {
        let counts = |call: &&Call| call.is_in_flight() && call.through == through;
        self.calls.iter().filter(counts).count() as u32
    }

    fn send_a_write_through(&mut self) -> bool {
        if self.in_flight(true) + self.in_flight(false) >= self.spec.store.parallel {
            return false;
        }
        if let Some(id) = self.first_due(true) {
            self.resend(id);
            return true;
        }
        // One follows the version of its block that is in flight, if there is one.
        let waits = |seq: &Seq| {
            let write = self.ledger.get(*seq);
            write.fate == Fate::Through && self.ledger.of(write.block).sent.is_empty()
        };
        let Some(seq) = self.handed.iter().copied().find(waits) else { return false };
        self.send_new(vec![Row { seq, by_timer: false }], true);
        true
    }

    /// Of the calls that may be sent again, the one that failed first.
    fn first_due(&self, through: bool) -> Option<usize> {
        let is_due = |id: &usize| {
            let call = &self.calls[*id];
            call.through == through && call.standing == Standing::Due
        };
        self.failed.iter().copied().find(is_due)
    }

    fn send_a_flush(&mut self) -> bool {
        let workers = self.spec.flush.workers;
        let places = self.spec.store.parallel.saturating_sub(self.in_flight(true)).min(workers);
        if self.in_flight(false) >= places {
            return false;
        }
        if let Some(id) = self.first_due(false) {
            self.resend(id);
            return true;
        }
        // Nothing new is sent while a batch has trouble.
        if self.calls.iter().any(|call| !call.through && call.is_in_trouble()) {
            return false;
        }
        let one_at_a_time = self.spec.flush.order != Order::Unordered;
        if one_at_a_time && self.calls.iter().any(|call| !call.through && call.is_open()) {
            return false;
        }
        let rows = match self.spec.flush.order {
            Order::Unordered => self.unordered_batch(),
            Order::Fifo => self.fifo_batch(),
            Order::Causal => self.whole_flush(),
        };
        if rows.is_empty() {
            return false;
        }
        self.send_new(rows, false);
        true
    }

    /// A block has to wait for its version in flight, or for a write of its own that goes through.
    fn is_held(&self, block: u64) -> bool {
        let outstanding = self.ledger.of(block);
        let in_flight = self.spec.flush.one_in_flight && !outstanding.sent.is_empty();
        in_flight || !outstanding.through.is_empty()
    }

    /// The first taken rows that may go, whatever the ones between them wait for.
    fn unordered_batch(&mut self) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        let mut kept = Vec::new();
        for taken in std::mem::take(&mut self.taken) {
            let mine = |row: &Row| self.ledger.get(row.seq).block == taken.block;
            let twice = self.spec.flush.one_in_flight && rows.iter().any(mine);
            let full = rows.len() as u32 >= self.spec.flush.batch;
            if full || twice || self.is_held(taken.block) {
                kept.push(taken);
                continue;
            }
            let seq = taken.frozen.unwrap_or_else(|| self.read(taken.block));
            rows.push(Row { seq, by_timer: taken.by_timer });
        }
        self.taken = kept;
        rows
    }

    /// The first taken rows, none passed over.
    fn fifo_batch(&mut self) -> Vec<Row> {
        let may_go = self.taken.iter().take_while(|taken| !self.is_held(taken.block));
        let count = may_go.count().min(self.spec.flush.batch as usize);
        let rows = self.taken.drain(..count);
        let row = |taken: Taken| Row {
            seq: taken.frozen.expect("frozen at the trigger"),
            by_timer: taken.by_timer,
        };
        rows.map(row).collect()
    }

    /// Everything that is dirty at the moment, if a flush was asked for.
    fn whole_flush(&mut self) -> Vec<Row> {
        if self.taken.is_empty() {
            return Vec::new();
        }
        let by_timer = self.taken.iter().any(|taken| taken.by_timer);
        let blocks = self.all_that_is_dirty();
        self.flushes.blocks += (blocks.len() - self.taken.len()) as u64;
        self.taken.clear();
        let mut rows = Vec::new();
        for block in blocks {
            let versions = if self.spec.flush.coalesce {
                vec![self.read(block)]
            } else {
                self.ledger.of(block).to_take()
            };
            rows.extend(versions.into_iter().map(|seq| Row { seq, by_timer }));
        }
        rows.sort_by_key(|row| row.seq);
        rows
    }

    /// Reads the value of a block that is sent: the newest. What it replaces is not sent.
    fn read(&mut self, block: u64) -> Seq {
        let versions = self.ledger.of(block).to_take();
        let newest = *versions.last().expect("what is taken is dirty");
        for old in versions {
            self.ledger.get_mut(old).fate = Fate::Coalesced;
        }
        self.ledger.get_mut(newest).fate = Fate::Left;
        newest
    }

    fn send_new(&mut self, rows: Vec<Row>, through: bool) {
        let standing = Standing::Due;
        self.calls.push(Call { rows, through, standing, failure: None, sent: 0 });
        self.send(self.calls.len() - 1);
    }

    /// Sends a call that failed. Where values are read when they are sent, that is now: a newer
    /// one that was not sent takes the place of the old one.
    fn resend(&mut self, id: usize) {
        self.measures.retries += 1;
        self.failed.retain(|failed| *failed != id);
        let flush = &self.spec.flush;
        let through = self.calls[id].through;
        if flush.order == Order::Unordered && flush.coalesce && !through {
            for index in 0..self.calls[id].rows.len() {
                let old = self.calls[id].rows[index].seq;
                let block = self.ledger.get(old).block;
                if self.ledger.of(block).to_take().is_empty() {
                    continue;
                }
                let newest = self.read(block);
                self.ledger.get_mut(old).fate = Fate::Coalesced;
                let row = &mut self.calls[id].rows[index];
                row.seq = newest;
                let mine = |taken: &&Taken| taken.block == block;
                row.by_timer |= self.taken.iter().filter(mine).any(|taken| taken.by_timer);
                self.taken.retain(|taken| taken.block != block);
            }
        }
        self.send(id);
    }

    fn send(&mut self, id: usize) {
        let store = &self.spec.store;
        let rows = self.calls[id].rows.len() as u64;
        let mut takes = draws::latency(store.latency, store.distribution, &mut self.latencies);
        if !self.calls[id].through {
            takes += rows * store.batch_cost;
        }
        if let Some(bandwidth) = store.bandwidth {
            let bytes = rows * self.machine.block_bytes;
            takes += (bytes * bandwidth.ticks).div_ceil(bandwidth.bytes);
        }
        let drawn = draws::fails(store.fail, &mut self.failures).then_some(store.failure);
        let (sent, done) = (self.now, self.now + takes);
        let out = store
            .outages
            .iter()
            .any(|outage| sent < outage.end && outage.start < done.max(sent + 1));
        let failure = if out { Some(Failure::NotApplied) } else { drawn };

        let call = &mut self.calls[id];
        call.failure = failure;
        call.standing = Standing::InFlight;
        call.sent += 1;
        for row in &call.rows {
            self.ledger.get_mut(row.seq).fate = Fate::Sent;
        }
        self.schedule(done, Completion::Call(id));
    }

    /// A call ends: its rows are applied as far as it got, and it is acknowledged or has failed.
    pub fn call_done(&mut self, id: usize) {
        let call = self.calls[id].clone();
        let atomic = self.spec.flush.order == Order::Causal && !call.through;
        let applied = match call.failure {
            None | Some(Failure::AckLost) => call.rows.len(),
            Some(Failure::Half) if !atomic => call.rows.len() / 2,
            Some(Failure::NotApplied | Failure::Half) => 0,
        };
        for row in &call.rows[..applied] {
            self.land(row.seq);
        }
        if call.failure.is_none() {
            self.acknowledge_call(id);
        } else {
            self.fail_call(id);
        }
        if applied > 0 && self.ledger.is_out_of_prefix() {
            self.measures.non_prefix_batches += 1;
        }
        let is_over = !self.calls[id].is_open();
        if call.through && is_over {
            // Its client goes on; a write that was given up was refused.
            let seq = call.rows[0].seq;
            let awaits = |request: &Request| request.writes.contains(&seq);
            let request = self.requests.iter().position(awaits).expect("somebody wrote it");
            if call.failure.is_some() {
                self.requests[request].refused = true;
                self.measures.rejected += 1;
            }
            self.done(request, Await::Store(seq));
        }
    }

    /// Writes a row to the store. A store with a guard keeps the larger sequence; without one,
    /// what it had of later writes is gone.
    fn land(&mut self, seq: Seq) {
        let undone = self.ledger.land(seq, self.spec.store.guard);
        if self.spec.persist_domain != Some(PersistDomain::Eadr) {
            for seq in undone {
                self.ledger.undo(seq, self.now);
            }
        }
    }

    fn acknowledge_call(&mut self, id: usize) {
        let rows = self.calls[id].rows.clone();
        self.calls[id].standing = Standing::Over;
        let before = self.measures.largest_stored;
        let seqs = || rows.iter().map(|row| row.seq);
        self.measures.order_inversions += seqs().filter(|seq| *seq < before).count() as u64;
        self.measures.largest_stored = before.max(seqs().max().unwrap_or(0));
        for seq in seqs() {
            self.ledger.acknowledge_row(seq, self.now);
        }
    }

    fn fail_call(&mut self, id: usize) {
        let retry = self.spec.store.retry;
        let call = &mut self.calls[id];
        if retry.attempts.is_some_and(|attempts| call.sent >= attempts) {
            call.standing = Standing::Over;
            for row in &call.rows {
                self.ledger.get_mut(row.seq).fate = Fate::Dropped;
            }
        } else {
            call.standing = Standing::Failed(self.now + retry.delay);
            self.failed.push(id);
        }
    }

    /// When a failed call is due again.
    pub fn next_retry(&self) -> Option<Ticks> {
        let moment = |call: &Call| match call.standing {
            Standing::Failed(due) => Some(due),
            Standing::InFlight | Standing::Due | Standing::Over => None,
        };
        self.calls.iter().filter_map(moment).min()
    }

    /// The first failed call that is due may be sent again.
    pub fn call_again(&mut self) {
        let now = self.now;
        let is_due = |id: &usize| self.calls[*id].standing == Standing::Failed(now);
        let id = self.failed.iter().copied().find(is_due).expect("a retry is due");
        self.calls[id].standing = Standing::Due;
    }
}
