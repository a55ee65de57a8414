//! What holds a write up: the share of dirty blocks, and the places of the queue.

use durability::{Overflow, Ticks, Trigger};

use super::calls::Call;
use super::ledger::Outstanding;
use super::model::{Doing, Model, writes};

impl Model<'_> {
    /// A client does what it asked for, if nothing holds it up.
    ///
    /// Those who come first go first: unless it `was` waiting itself until now, a client goes
    /// behind those who wait.
    pub fn attempt(&mut self, number: usize, was: Doing) {
        let ask = self.clients[number].ask.expect("it asked");
        if !writes(&ask.record) {
            // Reads never wait.
            self.apply(number, &[]);
            self.after_access();
            return;
        }
        let behind_others = was != Doing::HeldUp && !self.held_up.is_empty();
        if self.dirties(number) > 0 && (behind_others || !self.may_dirty(number)) {
            self.hold_up(number);
            return;
        }
        if let Some(pause) = self.pause(number) {
            let client = &mut self.clients[number];
            client.ask.as_mut().expect("it asked").paused = true;
            client.clock = self.now + pause;
            self.measures.throttled += pause;
            if pause > 0 {
                return;
            }
        }
        let behind_others = was != Doing::Queued && !self.queued.is_empty();
        if self.needs(number) == 0 || (self.has_places(number) && !behind_others) {
            self.apply(number, &[]);
            self.after_access();
            return;
        }
        match self.spec.queue.overflow {
            Overflow::Block => {
                self.clients[number].doing = Doing::Queued;
                self.queued.push(number);
                self.take_for_those_who_wait();
                self.send_what_may_be_sent();
            }
            Overflow::Reject => {
                let ask = self.clients[number].ask.take().expect("it asked");
                self.measures.rejected += self.blocks_of(&ask.record).count() as u64;
            }
            Overflow::WriteThrough => {
                let through = self.without_place(number);
                self.apply(number, &through);
                self.after_access();
            }
        }
    }

    fn hold_up(&mut self, number: usize) {
        let client = &mut self.clients[number];
        client.doing = Doing::HeldUp;
        let ask = client.ask.as_mut().expect("it asked");
        ask.held_up = Some(self.now);
        ask.paused = true;
        self.held_up.push(number);
        self.take_for_those_who_wait();
        self.send_what_may_be_sent();
    }

    /// The limits of the dirty blocks, if there are any: where pauses begin, and the hard one.
    fn dirty_limits(&self) -> Option<(u64, u64)> {
        let hard = self.share(self.spec.flush.dirty_ratio?).max(1);
        let background = self.spec.flush.background_ratio.map_or(0, |ratio| self.share(ratio));
        Some((u64::midpoint(background, hard), hard))
    }

    /// How many blocks a client's access would dirty.
    fn dirties(&self, number: usize) -> u64 {
        let ask = self.clients[number].ask.expect("it asked");
        let dirty = self.ledger.dirty();
        self.blocks_of(&ask.record).filter(|block| !dirty.contains_key(block)).count() as u64
    }

    /// Whether the hard limit lets a client's access dirty what it would. One that would pass the
    /// limit by itself goes on when nothing else is dirty.
    pub fn may_dirty(&self, number: usize) -> bool {
        let Some((_, hard)) = self.dirty_limits() else { return true };
        let (more, dirty) = (self.dirties(number), self.ledger.dirty().len() as u64);
        more == 0 || dirty == 0 || dirty + more <= hard
    }

    /// The one pause of a newly dirtying write near the hard limit: longer as it comes nearer.
    fn pause(&self, number: usize) -> Option<Ticks> {
        let (mid, hard) = self.dirty_limits()?;
        let dirty = self.ledger.dirty().len() as u64;
        let paused = self.clients[number].ask.is_some_and(|ask| ask.paused);
        if paused || self.dirties(number) == 0 || dirty < mid {
            return None;
        }
        let numerator = u128::from(self.spec.flush.pause_max) * u128::from(dirty - mid + 1);
        let denominator = u128::from(hard.saturating_sub(mid) + 1);
        Some((numerator / denominator) as Ticks)
    }

    /// Blocks with a version that was not sent: they take the places of the queue.
    pub fn occupancy(&self) -> u64 {
        self.ledger.dirty().values().filter(|block| block.is_queued()).count() as u64
    }

    /// How many places a client's access needs: a block that has one needs no other.
    fn needs(&self, number: usize) -> u64 {
        let ask = self.clients[number].ask.expect("it asked");
        let dirty = self.ledger.dirty();
        let has_place = |block: &u64| dirty.get(block).is_some_and(Outstanding::is_queued);
        self.blocks_of(&ask.record).filter(|block| !has_place(block)).count() as u64
    }

    /// Whether the queue has the places that a client's access needs. One that needs more than
    /// there are goes on when the queue is empty.
    pub fn has_places(&self, number: usize) -> bool {
        let Some(capacity) = self.spec.queue.capacity else { return true };
        let (needs, occupancy) = (self.needs(number), self.occupancy());
        needs == 0 || occupancy + needs <= capacity || (occupancy == 0 && needs > capacity)
    }

    /// The blocks that get no place, when the others of the access get what there is.
    fn without_place(&self, number: usize) -> Vec<u64> {
        let ask = self.clients[number].ask.expect("it asked");
        let dirty = self.ledger.dirty();
        let has_place = |block: &u64| dirty.get(block).is_some_and(Outstanding::is_queued);
        let capacity = self.spec.queue.capacity.unwrap_or(u64::MAX);
        let places = capacity.saturating_sub(self.occupancy()) as usize;
        let need = self.blocks_of(&ask.record).filter(|block| !has_place(block));
        need.skip(places).collect()
    }

    /// While somebody waits, nothing else would make the blocks be taken.
    pub fn take_for_those_who_wait(&mut self) {
        if self.held_up.first().is_some_and(|client| !self.may_dirty(*client))
            && self.taken.is_empty()
            && !self.calls.iter().any(Call::is_open)
        {
            self.take(Trigger::Throttle, self.candidates());
        }
        if self.queued.first().is_some_and(|client| !self.has_places(*client)) {
            self.take_if_the_queue_is_full();
        }
    }

    pub fn take_if_the_queue_is_full(&mut self) {
        let full = self.spec.queue.capacity.is_some_and(|places| self.occupancy() >= places);
        if self.spec.queue.trigger && full {
            self.take(Trigger::QueueFull, self.candidates());
        }
    }

    /// A share of the cache's blocks, rounded down.
    #[expect(clippy::cast_sign_loss, reason = "shares are not negative")]
    pub fn share(&self, ratio: f64) -> u64 {
        (ratio * self.machine.capacity as f64).floor() as u64
    }
}
