//! What keeps writes besides the store: the log, replicas, and hardware that outlives a crash.

use coherence::Observer;

use super::Engine;
use crate::agenda::{ClientId, Event, Stage};
use crate::blocks::{BlockId, Seq};
use crate::fault::Fault;
use crate::spec::{Log, Promote, Sync, Ticks};

/// The log: records that wait for an fsync, and those that one is making durable.
#[derive(Clone, Debug, Default)]
pub(super) struct LogState {
    pub(super) waiting: Vec<(BlockId, Seq)>,
    pub(super) syncing: Vec<(BlockId, Seq)>,
    /// Clients whose records wait, and those whose records are being made durable.
    clients: Vec<ClientId>,
    served: Vec<ClientId>,
    running: bool,
    started: Ticks,
    /// When the timer is due.
    tick_at: Option<Ticks>,
}

/// Returns when an fsync that starts at `now` ends: the disk may stand still in between.
fn fsync_end(log: &Log, now: Ticks) -> Ticks {
    let mut end = now + log.fsync;
    for stall in &log.stalls {
        if stall.start < end && stall.end > now {
            end += stall.end - stall.start.max(now);
        }
    }
    end
}

impl<O: Observer> Engine<O> {
    /// Something besides the store keeps a block in that version.
    pub(super) fn keep(&mut self, id: BlockId, seq: Seq) {
        let now = self.now;
        self.accounts.keep(id, seq, now);
        if let Some(ledger) = &mut self.ledger {
            ledger.keep(id, seq);
        }
        self.durable(id, seq);
    }

    /// A block is durable in that version: fences that wait for it go on.
    pub(super) fn durable(&mut self, id: BlockId, seq: Seq) {
        let block = self.blocks.get_mut(id);
        if seq <= block.durable {
            return;
        }
        block.durable = seq;
        self.release_fences(id, seq);
    }

    /// Lets fences go on that wait for no later version of a block than that.
    pub(super) fn release_fences(&mut self, id: BlockId, seq: Seq) {
        let Some(fences) = self.fences.get_mut(&id) else { return };
        let mut released = Vec::new();
        fences.retain(|(wanted, client)| {
            let waits = *wanted > seq;
            if !waits {
                released.push(*client);
            }
            waits
        });
        if fences.is_empty() {
            self.fences.remove(&id);
        }
        for client in released {
            self.condition_met(client);
        }
    }

    /// Appends a client's writes to the log; returns how many more things it waits for.
    pub(super) fn log_writes(&mut self, client: ClientId) -> u32 {
        let Some(log) = &self.spec.log else { return 0 };
        let (sync, serial) = (log.sync, log.serial);
        if self.clients[client as usize].writes.is_empty() || sync == Sync::No {
            return 0;
        }
        if self.plants(Fault::LogAfterAcknowledgement) {
            return 0;
        }
        self.log.waiting.extend_from_slice(&self.clients[client as usize].writes);
        match sync {
            // The turn's own fsync, at its end.
            Sync::Always if serial => 0,
            Sync::Always => {
                self.log.clients.push(client);
                self.sync_waiting();
                1
            }
            Sync::EverySecond => {
                self.schedule_log_tick();
                0
            }
            Sync::No => 0,
        }
    }

    /// Starts an fsync of the records that wait, unless one is running.
    pub(super) fn sync_waiting(&mut self) {
        let Some(log) = &self.spec.log else { return };
        if self.log.running {
            return;
        }
        let end = fsync_end(log, self.now);
        self.log.running = true;
        self.log.started = self.now;
        self.log.syncing = std::mem::take(&mut self.log.waiting);
        self.log.served = std::mem::take(&mut self.log.clients);
        self.agenda.schedule(end, Event::FsyncDone);
    }

    pub(super) fn fsync_done(&mut self) {
        self.log.running = false;
        for (block, seq) in std::mem::take(&mut self.log.syncing) {
            self.keep(block, seq);
        }
        for client in std::mem::take(&mut self.log.served) {
            self.condition_met(client);
        }
        let Some(log) = &self.spec.log else { return };
        let (sync, period) = (log.sync, log.period);
        if !self.serial.done.is_empty() {
            self.end_turn();
        }
        if self.log.waiting.is_empty() {
            return;
        }
        match sync {
            Sync::Always if self.is_serial() => {}
            Sync::Always => self.sync_waiting(),
            Sync::EverySecond => {
                // A second that passed during the fsync is made up now.
                if self.now / period * period > self.log.started {
                    self.sync_waiting();
                } else {
                    self.schedule_log_tick();
                }
            }
            Sync::No => {}
        }
    }

    /// Schedules the log's timer, if records wait and it is not running.
    fn schedule_log_tick(&mut self) {
        let Some(log) = &self.spec.log else { return };
        if self.log.running || self.log.tick_at.is_some() {
            return;
        }
        let at = self.next_tick(log.period, Stage::LogTimer);
        self.log.tick_at = Some(at);
        self.agenda.schedule(at, Event::LogTick);
    }

    pub(super) fn log_tick(&mut self) {
        self.log.tick_at = None;
        if !self.log.waiting.is_empty() {
            self.sync_waiting();
        }
    }

    /// Sends a client's writes to the replicas; returns how many more things it waits for.
    pub(super) fn replicate(&mut self, client: ClientId) -> u32 {
        let Some(replicas) = &self.spec.replicas else { return 0 };
        if self.clients[client as usize].writes.is_empty() {
            return 0;
        }
        let mut lags = replicas.lags.clone();
        lags.sort_unstable();
        let heir = match replicas.promote {
            Promote::Newest => lags[0],
            Promote::Index(index) => replicas.lags[index as usize],
        };
        let answer = replicas.wait.checked_sub(1).map(|last| lags[last as usize]);
        for (block, seq) in &self.clients[client as usize].writes {
            self.agenda.schedule(self.now + heir, Event::Replicated(*block, *seq));
        }
        if let Some(lag) = answer {
            self.agenda.schedule(self.now + lag, Event::ReplicasAnswer(client));
        }
        u32::from(answer.is_some())
    }

    /// The replica that would take over has a write.
    pub(super) fn replicated(&mut self, block: BlockId, seq: Seq) {
        self.keep(block, seq);
    }
}
