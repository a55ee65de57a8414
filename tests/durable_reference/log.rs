//! The log: fsyncs, and the one loop that serves all clients.

use durability::{Sync, Ticks};

use super::model::{Await, Completion, Doing, Model, writes};

/// The disk of the log.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    /// Requests whose records were appended and are not covered by an fsync.
    appended: Vec<usize>,
    /// Those that the fsync under way covers.
    covered: Option<Vec<usize>>,
    /// Another fsync begins at the end of the one under way.
    postponed: bool,
    /// Seconds that have passed.
    pub seconds: u64,
}

/// One loop that serves all clients, turn by turn.
#[derive(Clone, Debug, Default)]
pub struct Loop {
    /// Clients that have asked and are not in the turn, in order of asking.
    pub waiting: Vec<usize>,
    /// Clients of the turn that are not handled yet.
    turn: Vec<usize>,
    /// When the next of them is handled.
    next: Ticks,
    /// The request that is being handled.
    handling: Option<usize>,
    /// Requests of the turn that are answered when its fsync has ended.
    unanswered: Vec<usize>,
    /// The turn ends with an fsync.
    syncs: bool,
    /// The fsync of the turn is under way.
    syncing: bool,
}

impl Model<'_> {
    fn is_serial(&self) -> bool {
        self.spec.log.as_ref().is_some_and(|log| log.serial)
    }

    fn syncs_always(&self) -> bool {
        self.spec.log.as_ref().is_some_and(|log| log.sync == Sync::Always)
    }

    /// Appends the record of a request's writes. If it must be synced and nothing is, it is now.
    pub fn append(&mut self, id: usize) {
        if self.spec.log.is_none() || self.requests[id].writes.is_empty() {
            return;
        }
        self.disk.appended.push(id);
        if self.syncs_always() && !self.is_serial() && self.disk.covered.is_none() {
            self.start_fsync();
        }
    }

    /// Starts an fsync, which covers what has been appended by now. A disk that stands still
    /// makes it longer.
    fn start_fsync(&mut self) {
        let log = self.spec.log.as_ref().expect("there is a log");
        let mut end = self.now + log.fsync;
        for stall in &log.stalls {
            if stall.start < end && self.now < stall.end {
                end += stall.end - stall.start.max(self.now);
            }
        }
        self.disk.covered = Some(std::mem::take(&mut self.disk.appended));
        self.schedule(end, Completion::Fsync);
    }

    /// Records are durable; their writes are acknowledged if that is what they wait for.
    pub fn fsync_done(&mut self) {
        let covered = self.disk.covered.take().expect("an fsync is under way");
        for id in &covered {
            for seq in self.requests[*id].writes.clone() {
                self.ledger.get_mut(seq).synced = true;
                self.ledger.keep(seq, self.now);
            }
        }
        if self.turns.syncing {
            self.turns.syncing = false;
            for id in std::mem::take(&mut self.turns.unanswered) {
                self.done(id, Await::Log);
            }
        } else if self.syncs_always() {
            for id in covered {
                self.done(id, Await::Log);
            }
        }
        let again = self.disk.postponed || (self.syncs_always() && !self.is_serial());
        self.disk.postponed = false;
        if again && !self.disk.appended.is_empty() {
            self.start_fsync();
        }
    }

    /// A second has passed: the log is synced, or will be when the fsync under way has ended.
    pub fn tick_of_the_log(&mut self) {
        self.disk.seconds += 1;
        if self.disk.covered.is_some() {
            self.disk.postponed = true;
        } else if !self.disk.appended.is_empty() {
            self.start_fsync();
        }
    }

    /// When the loop begins a turn, or handles the next request of the one that it is in.
    pub fn next_turn(&self) -> Option<Ticks> {
        let turns = &self.turns;
        if turns.handling.is_some() || turns.syncing {
            None
        } else if !turns.turn.is_empty() {
            Some(turns.next)
        } else {
            (!turns.waiting.is_empty()).then_some(self.now)
        }
    }

    /// Handles a request; the first of a turn brings all that have arrived into it.
    pub fn handle_next(&mut self) {
        if self.turns.turn.is_empty() {
            self.turns.turn = std::mem::take(&mut self.turns.waiting);
            let asks = self.turns.turn.iter().map(|client| self.clients[*client].ask);
            let any_writes = asks.flatten().any(|ask| writes(&ask.record));
            self.turns.syncs = self.syncs_always() && any_writes;
        }
        let client = self.turns.turn.remove(0);
        self.clients[client].doing = Doing::Ready;
        let id = self.apply(client, &[]);
        if self.turns.syncs {
            self.requests[id].awaits.insert(Await::Log);
            self.turns.unanswered.push(id);
        }
        self.turns.handling = Some(id);
        self.after_access();
    }

    /// The loop is through with a request; after the last of a turn, it syncs if it must.
    pub fn handled(&mut self, id: usize) {
        if self.turns.handling != Some(id) {
            return;
        }
        self.turns.handling = None;
        self.turns.next = self.now;
        if self.turns.turn.is_empty() && self.turns.syncs {
            self.turns.syncs = false;
            self.turns.syncing = true;
            self.start_fsync();
        }
    }
}
