//! What clients ask: when a request is taken by the caches, and when it is acknowledged.

use cache::{Addr, LineAddr};
use coherence::{CORES_MAX, Observer, Op, Processor};

use super::admission::{Admission, Hold};
use super::{Engine, Stopped};
use crate::agenda::{ClientId, Event, Stage};
use crate::blocks::{Block, BlockId, Seq};
use crate::fault::Fault;
use crate::outcome::{CrashPoints, Trigger};
use crate::spec::{Order, PersistDomain, ReadBlocks, Ticks};
use crate::versions::Way;

/// The most requests that wait at once, beside those of the cores.
const CONNECTIONS_MAX: u32 = 65_536;

/// A load, store, atomic or fetch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Request {
    /// What is asked.
    pub op: Op,
    /// The first byte.
    pub addr: Addr,
    /// The number of bytes, at least 1.
    pub bytes: u32,
}

impl Request {
    pub(super) fn is_write(&self) -> bool {
        self.op.event() == Processor::Store
    }
}

/// What a client is at.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum State {
    /// It may ask again from its clock on.
    #[default]
    Idle,
    /// Its request has not been taken by the caches.
    Held(Request),
    /// Its request waits for so many conditions until it is acknowledged.
    Waiting(u32),
}

/// A client: one core of the trace. It asks for one thing at a time.
#[derive(Clone, Debug, Default)]
pub(super) struct Client {
    pub(super) clock: Ticks,
    pub(super) state: State,
    /// When it asked.
    asked: Ticks,
    pub(super) hold: Hold,
    is_access: bool,
    /// The writes of its request.
    pub(super) writes: Vec<(BlockId, Seq)>,
    /// Those of them that go to the store by themselves once the caches are done.
    through: Vec<(BlockId, Seq)>,
    /// The versions that its next fence waits for.
    pub(super) cleaned: Vec<(BlockId, Seq)>,
    /// The store gave its write up.
    refused: bool,
}

impl<O: Observer> Engine<O> {
    pub(super) fn client(&mut self, client: ClientId) -> &mut Client {
        let at = client as usize;
        if at >= self.clients.len() {
            self.clients.resize_with(at + 1, Client::default);
        }
        &mut self.clients[at]
    }

    /// Returns when a client may ask again, unless it waits for something.
    pub fn ready(&self, client: ClientId) -> Option<Ticks> {
        match self.clients.get(client as usize) {
            None => Some(0),
            Some(client) => (client.state == State::Idle).then_some(client.clock),
        }
    }

    /// Returns how many clients wait.
    pub fn waiting(&self) -> u64 {
        self.busy
    }

    /// Returns a client that nobody else is, for one request; `None` if too many wait already.
    ///
    /// Its number is beyond those of all cores.
    pub fn connection(&mut self) -> Option<ClientId> {
        if let Some(free) = self.free_connections.pop() {
            return Some(free);
        }
        (self.connections < CONNECTIONS_MAX).then(|| {
            self.connections += 1;
            CORES_MAX + self.connections - 1
        })
    }

    /// Returns the moment that has been reached.
    pub fn now(&self) -> Ticks {
        self.now
    }

    /// Returns the dirty blocks, those in flight and awaiting a retry included.
    pub fn dirty(&self) -> u64 {
        self.dirty
    }

    /// A client that is ready asks for an access, at a moment that all earlier events precede.
    pub fn request(
        &mut self,
        client: ClientId,
        at: Ticks,
        request: Request,
    ) -> Result<(), Stopped> {
        self.go_on_to(at, Stage::Access)?;
        self.accesses += 1;
        let now = self.now;
        let asking = self.client(client);
        asking.asked = now;
        asking.is_access = true;
        asking.state = State::Held(request);
        self.busy += 1;
        if self.is_serial() {
            self.join_loop(client);
            return Ok(());
        }
        self.try_request(client).map(|_| ())
    }

    /// A request that was held up tries again.
    pub(super) fn resume(&mut self, client: ClientId) -> Result<(), Stopped> {
        if self.is_serial() {
            self.join_loop(client);
            return Ok(());
        }
        self.try_request(client).map(|_| ())
    }

    /// Takes a client's request into the caches if it may be; returns when they are done with it.
    pub(super) fn try_request(&mut self, client: ClientId) -> Result<Option<Ticks>, Stopped> {
        let State::Held(request) = self.client(client).state else { return Ok(None) };
        let through = match self.admit(client, &request)? {
            Admission::Granted => Vec::new(),
            Admission::Through(lines) => lines,
            Admission::Held => return Ok(None),
            Admission::Rejected(writes) => {
                self.rejected += writes;
                self.settle(client);
                return Ok(None);
            }
        };
        let done = self.perform(client, &request)?;
        for line in through {
            let block = self.blocks.id(line);
            self.clean_line(block)?;
            // It may have gone already: through the caches, or out of them in this very access.
            let Block { left, taken, sent, .. } = *self.blocks.get(block);
            if left > sent && !(left == taken && self.freezes()) {
                self.send_through(client, block);
            }
        }
        self.client(client).state = State::Waiting(1);
        self.agenda.schedule(done, Event::CacheDone(client));
        self.after_access()?;
        Ok(Some(done))
    }

    /// Has the machine perform an access; returns when it is done with it.
    fn perform(&mut self, client: ClientId, request: &Request) -> Result<Ticks, Stopped> {
        let core = if self.one_cache { 0 } else { client };
        self.machine.set_clock(core, self.now);
        self.machine.observer_mut().0.begin();
        let before = self.machine.observer().0.newest();
        self.machine.access(core, request.op, request.addr, request.bytes)?;
        let done = self.machine.clock(core);
        let mut happened = self.take_happened();
        for (line, seq) in happened.moves.iter().filter(|(_, seq)| *seq <= before) {
            self.moved(*line, *seq);
        }
        for left in happened.left.iter().filter(|left| left.seq <= before) {
            // It becomes safe by itself, without what is written to its block now.
            if let Some(id) = self.block_of(left.line)
                && self.blocks.get(id).newest == left.seq
            {
                self.accounts.seal(id);
            }
        }
        for (line, seq) in &happened.stores {
            self.wrote(client, *line, *seq);
        }
        for (line, seq) in happened.moves.iter().filter(|(_, seq)| *seq > before) {
            self.moved(*line, *seq);
        }
        // Where the order of writes matters, what goes first has left first.
        happened.left.sort_by_key(|left| left.seq);
        for left in &happened.left {
            let block = self.blocks.id(left.line);
            match left.by {
                Way::Through => {
                    self.leave(block, left.seq);
                    self.send_through(client, block);
                }
                Way::Snoop => self.written_back(&[(block, left.seq)], Trigger::Snoop)?,
                Way::WriteBack => self.written_back(&[(block, left.seq)], Trigger::Eviction)?,
            }
            if self.spec.persist_domain == Some(PersistDomain::Adr) {
                let posted = happened.posted.iter().find(|(line, _)| *line == left.line);
                let accepted = posted.map_or(done, |(_, passed)| *passed);
                self.agenda.schedule(accepted, Event::Accepted(block, left.seq));
            }
        }
        self.give_back(&mut happened);
        Ok(done)
    }

    fn moved(&mut self, line: LineAddr, seq: Seq) {
        let Some(id) = self.blocks.find(line) else { return };
        if self.blocks.get(id).newest == seq {
            self.accounts.seal_moved(id);
        }
    }

    /// The caches have taken a write.
    fn wrote(&mut self, client: ClientId, line: LineAddr, seq: Seq) {
        let id = self.blocks.id(line);
        let now = self.now;
        let replaces = self.blocks.get(id).is_cached_dirty();
        let resets = !replaces || self.plants(Fault::AgeResets);
        self.coalesced += u64::from(replaces && self.coalesces());
        if !self.coalesces() {
            self.rows.entry(id).or_default().push(seq);
        }
        self.change(id, |block| {
            block.newest = seq;
            block.last_write = now;
            if resets {
                block.first_dirty = now;
            }
        });
        self.accounts.apply(id, seq);
        if let Some(ledger) = &mut self.ledger {
            ledger.apply(id, seq);
        }
        let content = self.blocks.get(id).content;
        if self.accounts.unstored().first_after(id, content) == Some(seq) {
            self.missing.insert((seq, id));
        }
        if self.spec.readers.is_some_and(|readers| readers.blocks == ReadBlocks::Popular) {
            self.written.push(id);
        }
        if self.is_eadr() {
            self.keep(id, seq);
        }
        self.client(client).writes.push((id, seq));
    }

    /// A write waits for the store by itself; its client waits for that.
    fn send_through(&mut self, client: ClientId, id: BlockId) {
        let seq = self.blocks.get(id).left;
        let waits = self.spec.flush.order == Order::Causal && self.blocks.get(id).unsent > 0;
        if let Some(rows) = self.rows.get_mut(&id) {
            rows.retain(|row| *row != seq);
            if !waits {
                // Earlier writes that were still in the caches go with this one.
                self.coalesced += rows.len() as u64;
                rows.clear();
            }
        }
        self.replace_waiting_row(id);
        self.change(id, |block| {
            block.through += 1;
            block.taken = block.left;
            block.sent = block.left;
        });
        self.client(client).through.push((id, seq));
    }

    /// The caches are done with a request.
    pub(super) fn cache_done(&mut self, client: ClientId) {
        let through = std::mem::take(&mut self.client(client).through);
        let mut conditions = through.len() as u32;
        for (block, seq) in through {
            self.throughs.push((client, block, seq));
        }
        conditions += self.log_writes(client);
        conditions += self.replicate(client);
        if let State::Waiting(waits) = &mut self.client(client).state {
            *waits += conditions;
        }
        self.condition_met(client);
    }

    /// One thing that a client waits for has come.
    pub(super) fn condition_met(&mut self, client: ClientId) {
        let State::Waiting(waits) = &mut self.client(client).state else { return };
        *waits -= 1;
        if *waits == 0 {
            self.acknowledge(client);
        }
    }

    /// The store has given up a write that a client waited for.
    pub(super) fn refuse(&mut self, client: ClientId) {
        self.rejected += 1;
        self.client(client).refused = true;
    }

    fn acknowledge(&mut self, client: ClientId) {
        let now = self.now;
        let asking = self.client(client);
        let (asked, is_access, refused) = (asking.asked, asking.is_access, asking.refused);
        let writes = std::mem::take(&mut asking.writes);
        if is_access && !refused {
            self.requests += 1;
            self.crashes_due += u32::from(self.reaches_crash());
            if !writes.is_empty() {
                self.write_latency.count(now - asked);
            }
            for (block, seq) in &writes {
                self.writes += 1;
                self.accounts.acknowledge(*block, *seq, now);
                if let Some(ledger) = &mut self.ledger {
                    ledger.acknowledge(*block, *seq, now);
                }
            }
            if self.plants(Fault::LogAfterAcknowledgement) {
                self.log.waiting.extend_from_slice(&writes);
                self.sync_waiting();
            }
        }
        let asking = self.client(client);
        asking.writes = writes;
        self.settle(client);
    }

    /// A client may ask again.
    pub(super) fn settle(&mut self, client: ClientId) {
        let now = self.now;
        let asking = self.client(client);
        asking.writes.clear();
        asking.clock = now;
        asking.state = State::Idle;
        asking.hold = Hold::default();
        asking.is_access = false;
        asking.refused = false;
        self.busy -= 1;
        self.disconnect(client);
    }

    /// Tells whether a crash is wanted after as many acknowledged accesses as there are now.
    fn reaches_crash(&self) -> bool {
        match self.plan.points {
            CrashPoints::Every(every) => self.requests.is_multiple_of(every),
            CrashPoints::None | CrashPoints::At(_) => false,
        }
    }

    /// Lets a client compute: adds ticks to its clock.
    pub fn compute(&mut self, client: ClientId, at: Ticks, ticks: Ticks) -> Result<(), Stopped> {
        self.go_on_to(at, Stage::Access)?;
        self.client(client).clock = at.saturating_add(ticks);
        Ok(())
    }

    /// Writes a range back from all caches, and removes it from them if `removes`.
    pub fn clean(
        &mut self,
        client: ClientId,
        at: Ticks,
        (addr, bytes): (Addr, u32),
        removes: bool,
    ) -> Result<(), Stopped> {
        self.go_on_to(at, Stage::Access)?;
        self.client(client).clock = at;
        self.machine.observer_mut().0.begin();
        if removes {
            self.machine.flush_range(addr, bytes)?;
        } else {
            self.machine.clean(addr, bytes)?;
        }
        self.cleaned(if removes { Trigger::Flush } else { Trigger::Clean })?;
        let size = self.machine.line_size();
        let end = size.line(Addr(addr.0.saturating_add(u64::from(bytes.max(1)) - 1)));
        for line in size.line(addr).0..=end.0 {
            if let Some(block) = self.block_of(LineAddr(line)) {
                self.await_at_fence(client, block);
            }
        }
        self.after_completion()
    }

    /// Writes everything back from all caches, and empties them.
    pub fn clean_all(&mut self, client: ClientId, at: Ticks) -> Result<(), Stopped> {
        self.go_on_to(at, Stage::Access)?;
        self.client(client).clock = at;
        self.machine.observer_mut().0.begin();
        self.machine.flush_all()?;
        self.cleaned(Trigger::Flush)?;
        let blocks: Vec<_> = self.blocks.all().map(|(id, _)| id).collect();
        for block in blocks {
            self.await_at_fence(client, block);
        }
        self.after_completion()
    }

    fn cleaned(&mut self, trigger: Trigger) -> Result<(), Stopped> {
        let mut happened = self.take_happened();
        let ids = happened.left.iter().map(|left| (self.blocks.id(left.line), left.seq));
        let versions: Vec<_> = ids.collect();
        self.written_back(&versions, trigger)?;
        self.give_back(&mut happened);
        Ok(())
    }

    fn await_at_fence(&mut self, client: ClientId, id: BlockId) {
        let block = *self.blocks.get(id);
        if block.durable < block.newest {
            self.client(client).cleaned.push((id, block.newest));
        }
    }

    /// Holds a client until what `of` cleaned is durable.
    pub fn fence(&mut self, client: ClientId, of: ClientId, at: Ticks) -> Result<(), Stopped> {
        self.go_on_to(at, Stage::Access)?;
        let cleaned = std::mem::take(&mut self.client(of).cleaned);
        self.client(client).clock = at;
        if self.spec.persist_domain.is_some() {
            for (block, seq) in cleaned {
                self.keep(block, seq);
            }
            self.disconnect(client);
            return Ok(());
        }
        let mut waits = 0;
        for (block, seq) in cleaned {
            // What the store has given up, nobody waits for.
            let waited_for = self.blocks.get(block);
            if waited_for.durable < seq && waited_for.is_under_way() {
                self.fences.entry(block).or_default().push((seq, client));
                waits += 1;
            }
        }
        if waits > 0 {
            self.client(client).state = State::Waiting(waits);
            self.busy += 1;
        } else {
            self.disconnect(client);
        }
        Ok(())
    }

    /// A client of one request has got its answer.
    fn disconnect(&mut self, client: ClientId) {
        if client >= CORES_MAX {
            self.free_connections.push(client);
        }
    }
}
