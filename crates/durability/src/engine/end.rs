//! The end of a run: what a crash would lose, the orderly end, and what was measured.

use coherence::{Machine, Observer};

use super::{Engine, Stopped, WrongCount};
use crate::agenda::Stage;
use crate::outcome::{Crash, Loss, LossOverTime, Outcome};
use crate::spec::{Order, Ticks};
use crate::versions::Versions;

/// Where a run ended, before the orderly end.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
    at: Ticks,
    loss: Loss,
    over_time: LossOverTime,
}

impl<O: Observer> Engine<O> {
    /// Ends the accesses: no client waits, and none will ask again. What crashes at the end
    /// crashes here; the machine is as its last access left it.
    pub fn end(&mut self) -> Result<Ended, Stopped> {
        let clocks = self.clients.iter().map(|client| client.clock);
        let at = clocks.max().unwrap_or(0).max(self.now);
        while self.agenda.next().is_some_and(|(time, _)| time <= at) {
            self.step()?;
        }
        self.go_on_to(at, Stage::AfterAccesses)?;
        self.crash_before(at.saturating_add(1));
        self.wrong_or_ok()?;
        let losses = self.accounts.lost();
        let loss = self.loss(at);
        let nothing = self.is_eadr();
        let over_time = LossOverTime {
            write_ticks: if nothing { 0 } else { losses.integral(at) },
            writes_max: if nothing { 0 } else { losses.writes_max() },
            max_age: if nothing { 0 } else { losses.age_max(at) },
        };
        Ok(Ended { at, loss, over_time })
    }

    /// Flushes what is dirty, for as long as the orderly end may take; returns what was measured.
    pub fn shut_down(mut self, ended: Ended) -> Result<Finished<O>, Stopped> {
        self.ending = true;
        self.take_for_shutdown()?;
        self.pump();
        let deadline = ended.at.saturating_add(self.spec.shutdown);
        while self.dirty > 0 && self.agenda.next().is_some_and(|(time, _)| time <= deadline) {
            self.step()?;
        }
        self.wrong_or_ok()?;
        self.audit()?;
        let window = self.accounts.unkept().window;
        let outcome = Outcome {
            requests: self.requests,
            elapsed: ended.at,
            writes: self.writes,
            store_writes: self.store_writes,
            coalesced: self.coalesced,
            dropped: self.dropped,
            rejected: self.rejected,
            retries: self.retries,
            flushes: self.flushes,
            dirty_now: self.dirty,
            dirty_peak: self.dirty_peak,
            write_latency: self.write_latency.latency(),
            loss_window: window,
            staleness: self.spec.readers.map(|_| self.reads),
            order_inversions: self.order_inversions,
            non_prefix_batches: self.non_prefix_batches,
            throttled: self.throttled,
            at_end: ended.loss,
            over_time: ended.over_time,
        };
        Ok(Finished { outcome, crashes: self.crashes, machine: self.machine })
    }

    /// Checks the conservation of writes.
    fn audit(&self) -> Result<(), Stopped> {
        let mut outstanding = self.throughs.len();
        let (mut queued, mut dirty) = (0, 0);
        for (id, block) in self.blocks.all() {
            queued += u64::from(block.is_queued());
            dirty += u64::from(block.is_dirty());
            outstanding += u64::from(block.flying);
            let causal = self.spec.flush.order == Order::Causal;
            outstanding += if !self.coalesces() {
                // Those of one call of everything are made when that is sent.
                let taken = if causal { 0 } else { u64::from(block.unsent) };
                self.rows.get(&id).map_or(0, |rows| rows.len() as u64) + taken
            } else if self.spec.flush.order == Order::Fifo {
                u64::from(block.is_cached_dirty()) + u64::from(block.unsent)
            } else {
                u64::from(block.is_cached_dirty()) + u64::from(block.left > block.sent)
            };
        }
        let writes = self.machine.observer().0.newest();
        let accounted = self.store_writes + self.coalesced + self.dropped + outstanding;
        let law = |law, left, right| {
            let place = "the whole run".to_owned();
            if left == right {
                return Ok(());
            }
            Err(Stopped::Wrong(WrongCount { law, place, left, right }))
        };
        law("writes = store_writes + coalesced + dirty + dropped", writes, accounted)?;
        law("blocks that wait to be sent = those counted", queued, self.queued)?;
        law("dirty blocks = those counted", dirty, self.dirty)
    }
}

/// A run that is over.
#[derive(Debug)]
pub struct Finished<O> {
    /// What was measured.
    pub outcome: Outcome,
    /// The crashes that were looked at.
    pub crashes: Vec<Crash>,
    /// The machine after the orderly end.
    pub machine: Machine<(Versions, O)>,
}
