//! The engine: a machine of caches, the store below it, and all that happens between.
//!
//! Time goes from event to event. At one instant come completions, then triggers, then accesses,
//! then a crash. The parts have a file each: `request` (what clients ask, and when it is
//! acknowledged), `admission` (whether it may be taken), `serial` (one loop for all), `flush`
//! (which blocks are taken), `waiting` (what waits to be sent), `calls` (what is sent to the
//! store), `keep` (log, replicas, hardware that keeps its contents), `crash`, `end`.

mod admission;
mod calls;
mod crash;
mod end;
mod flush;
mod keep;
mod request;
mod serial;
mod waiting;

use std::collections::{BTreeSet, VecDeque};
use std::fmt;

use cache::LineAddr;
use coherence::{Broken, BuildError, Machine, MachineSpec, Observer};
use rustc_hash::FxHashMap;

use self::admission::Held;
use self::calls::{Call, Row};
use self::crash::Ledger;
pub use self::end::{Ended, Finished};
use self::flush::Timer;
use self::keep::LogState;
use self::request::Client;
pub use self::request::Request;
use self::serial::Loop;
use self::waiting::Waiting;
use crate::accounts::Accounts;
use crate::agenda::{Agenda, CallId, ClientId, Event, Stage};
use crate::blocks::{Block, BlockId, Blocks, Seq};
use crate::fault::Fault;
use crate::histogram::Histogram;
use crate::outcome::{Crash, CrashPlan, Flushes, Staleness, Trigger};
use crate::random::Random;
use crate::spec::{AgeFrom, Arrivals, Durability, Order, PersistDomain, ReadBlocks, Ticks};
use crate::versions::{Happened, Versions};

/// A run in the making.
#[derive(Debug)]
pub struct Engine<O> {
    machine: Machine<(Versions, O)>,
    spec: Durability,
    /// All clients ask core 0.
    one_cache: bool,
    /// Blocks that the outermost level holds.
    capacity: u64,
    now: Ticks,
    /// How far this instant has come: completions may follow accesses of the same instant, but
    /// not the timers.
    stage: Stage,
    agenda: Agenda,
    clients: Vec<Client>,
    /// Clients that wait.
    busy: u64,
    /// Clients of one request each, and those of them that are free.
    connections: u32,
    free_connections: Vec<ClientId>,
    blocks: Blocks,
    /// What the machine did in the step under way.
    happened: Happened,

    /// What is not safe.
    accounts: Accounts,
    /// Clients whose fences wait for a version of a block.
    fences: FxHashMap<BlockId, Vec<(Seq, ClientId)>>,

    /// Dirty blocks that are neither taken nor in flight, by age.
    candidates: BTreeSet<(Ticks, BlockId)>,
    /// The same by the first dirtying, where `max_age` goes by that and the timer does not.
    by_first_dirty: BTreeSet<(Ticks, BlockId)>,
    /// Blocks with a version in the caches by the last write, where that is the order of flushes.
    by_newest: BTreeSet<(Seq, BlockId)>,
    /// Blocks with a version that waits to be sent.
    queued: u64,
    /// Blocks with a version that is not stored.
    dirty: u64,
    dirty_peak: u64,
    timer: Timer,
    max_age_at: Option<Ticks>,
    /// A flush of everything waits for the call that is under way (`Causal`).
    flush_owed: Option<Trigger>,
    /// That call has just ended: other completions of the instant come before the next.
    making_up: bool,

    /// Rows that wait to be sent.
    taken: Waiting<Row>,
    /// The writes that wait in the caches, where each is a row of its own.
    rows: FxHashMap<BlockId, Vec<Seq>>,
    /// Writes that wait to go to the store by themselves.
    throughs: Waiting<(ClientId, BlockId, Seq)>,
    /// Calls in flight or awaiting a retry, and the places among them that are free.
    calls: Vec<Option<Call>>,
    free_calls: Vec<CallId>,
    flushing: u32,
    passing: u32,
    /// Batches that have failed and are not stored yet, and those of them whose time has come.
    failed: u32,
    due: VecDeque<CallId>,
    due_throughs: VecDeque<CallId>,

    log: LogState,
    serial: Loop,
    held: Held,

    latencies: Random,
    failures: Random,
    reader: Random,
    reads_asked: u64,
    read_at: f64,
    reads: Staleness,
    /// The block of every write, where the reader goes by popularity.
    written: Vec<BlockId>,

    /// The first write of each block that its content lacks.
    missing: BTreeSet<(Seq, BlockId)>,
    /// The versions in the store, where an older one can replace a newer one.
    contents: BTreeSet<Seq>,
    content_max: Seq,
    stored_max: Seq,
    /// Blocks of which the store has a version that it did not acknowledge.
    in_doubt: BTreeSet<BlockId>,

    accesses: u64,
    requests: u64,
    write_latency: Histogram,
    writes: u64,
    store_writes: u64,
    coalesced: u64,
    dropped: u64,
    rejected: u64,
    retries: u64,
    flushes: Flushes,
    order_inversions: u64,
    non_prefix_batches: u64,
    throttled: Ticks,

    plan: CrashPlan,
    next_crash: usize,
    /// Crashes after a number of accesses, at this instant.
    crashes_due: u32,
    crashes: Vec<Crash>,
    ledger: Option<Ledger>,
    /// The orderly end has begun.
    ending: bool,
    fault: Option<Fault>,
    wrong: Option<WrongCount>,
}

/// A promise of the engine that does not hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WrongCount {
    /// What must hold.
    pub law: &'static str,
    /// Where it does not: the whole run, a crash, a block.
    pub place: String,
    /// One side.
    pub left: u64,
    /// The other.
    pub right: u64,
}

impl fmt::Display for WrongCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { law, place, left, right } = self;
        write!(f, "{place}: {law}, but {left} is not {right}")
    }
}

impl std::error::Error for WrongCount {}

/// Why a run does not go on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stopped {
    /// A protocol's table was asked for an impossible cell.
    Broken(Broken),
    /// A promise of the engine does not hold.
    Wrong(WrongCount),
    /// Every client waits, and nothing will happen that lets one go on.
    Stuck {
        /// Clients that wait.
        clients: u64,
        /// Dirty blocks.
        dirty: u64,
    },
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(broken) => broken.fmt(f),
            Self::Wrong(wrong) => wrong.fmt(f),
            Self::Stuck { clients, dirty } => {
                write!(f, "{clients} clients wait for {dirty} dirty blocks that nothing cleans")
            }
        }
    }
}

impl std::error::Error for Stopped {}

impl From<Broken> for Stopped {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

impl<O: Observer> Engine<O> {
    /// Builds the caches and all below them, empty, at tick 0.
    ///
    /// With `one_cache` all clients ask core 0, else client i asks core i.
    pub fn new(
        machine: MachineSpec,
        spec: Durability,
        one_cache: bool,
        plan: CrashPlan,
        observer: O,
    ) -> Result<Self, BuildError> {
        let outermost = machine.shared.last().or(machine.private.last());
        let copies = if machine.shared.is_empty() { u64::from(machine.cores) } else { 1 };
        let capacity = outermost.map_or(1, |level| copies * u64::from(level.geometry.lines()));
        // An unguarded store can lose again what it had: which writes, the ledger knows.
        let ledger = (plan.check || !spec.store.guard).then(Ledger::default);
        let random = |stream: u64| Random::new(spec.seed.wrapping_add(stream));
        let mut engine = Self {
            machine: Machine::new(machine, (Versions::default(), observer))?,
            one_cache,
            capacity,
            now: 0,
            stage: Stage::Completion,
            agenda: Agenda::default(),
            clients: Vec::new(),
            busy: 0,
            connections: 0,
            free_connections: Vec::new(),
            blocks: Blocks::default(),
            happened: Happened::default(),
            accounts: Accounts::new(&spec),
            fences: FxHashMap::default(),
            candidates: BTreeSet::new(),
            by_first_dirty: BTreeSet::new(),
            by_newest: BTreeSet::new(),
            queued: 0,
            dirty: 0,
            dirty_peak: 0,
            timer: Timer::default(),
            max_age_at: None,
            flush_owed: None,
            making_up: false,
            taken: Waiting::default(),
            rows: FxHashMap::default(),
            throughs: Waiting::default(),
            calls: Vec::new(),
            free_calls: Vec::new(),
            flushing: 0,
            passing: 0,
            failed: 0,
            due: VecDeque::new(),
            due_throughs: VecDeque::new(),
            log: LogState::default(),
            serial: Loop::default(),
            held: Held::default(),
            latencies: random(1),
            failures: random(2),
            reader: random(3),
            reads_asked: 0,
            read_at: 0.0,
            reads: Staleness::default(),
            written: Vec::new(),
            missing: BTreeSet::new(),
            contents: BTreeSet::new(),
            content_max: 0,
            stored_max: 0,
            in_doubt: BTreeSet::new(),
            accesses: 0,
            requests: 0,
            write_latency: Histogram::default(),
            writes: 0,
            store_writes: 0,
            coalesced: 0,
            dropped: 0,
            rejected: 0,
            retries: 0,
            flushes: Flushes::default(),
            order_inversions: 0,
            non_prefix_batches: 0,
            throttled: 0,
            plan,
            next_crash: 0,
            crashes_due: 0,
            crashes: Vec::new(),
            ledger,
            ending: false,
            fault: None,
            wrong: None,
            spec,
        };
        engine.schedule_read();
        Ok(engine)
    }

    /// Returns the machine.
    pub fn machine(&self) -> &Machine<(Versions, O)> {
        &self.machine
    }

    /// Returns the onlooker.
    pub fn observer(&self) -> &O {
        &self.machine.observer().1
    }

    /// Adds cores to the machine until there are as many.
    pub fn grow(&mut self, cores: u32) {
        self.machine.grow(cores);
    }

    /// Returns what may be asked of the machine's first cache: how many cores it has.
    pub fn cores(&self) -> u32 {
        self.machine.spec().cores
    }

    /// Makes the engine misbehave, for a test of the checks.
    #[doc(hidden)]
    pub fn plant(&mut self, fault: Fault) {
        self.fault = Some(fault);
    }

    fn plants(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// Returns the moment of the next event that comes before an access at `at`.
    pub fn event_before(&self, at: Option<Ticks>) -> Option<Ticks> {
        let (time, stage) = self.agenda.next()?;
        let comes = at.is_none_or(|at| (time, stage) < (at, Stage::AfterAccesses));
        comes.then_some(time)
    }

    /// Lets the next event happen, and the crashes before it.
    pub fn step(&mut self) -> Result<(), Stopped> {
        let Some((time, stage)) = self.agenda.next() else { return Ok(()) };
        self.go_on_to(time, stage)?;
        let Some((_, event)) = self.agenda.pop() else { return Ok(()) };
        self.happen(event)
    }

    /// Returns the first tick of a timer of that period that is still to come, if it ticks at
    /// that stage of its instants.
    fn next_tick(&self, period: Ticks, stage: Stage) -> Ticks {
        let is_due = self.now > 0 && self.now.is_multiple_of(period) && self.stage < stage;
        if is_due { self.now } else { (self.now / period + 1).saturating_mul(period) }
    }

    /// Moves time forward; what crashes between two instants crashes here.
    fn go_on_to(&mut self, time: Ticks, stage: Stage) -> Result<(), Stopped> {
        if time > self.now {
            self.crash_before(time);
            self.now = time;
            self.stage = Stage::Completion;
        }
        self.stage = self.stage.max(stage);
        self.wrong.take().map_or(Ok(()), |wrong| Err(Stopped::Wrong(wrong)))
    }

    fn happen(&mut self, event: Event) -> Result<(), Stopped> {
        match event {
            Event::CacheDone(client) => self.cache_done(client),
            Event::CallDone(call) => self.call_done(call),
            Event::FsyncDone => self.fsync_done(),
            Event::Replicated(block, seq) => self.replicated(block, seq),
            Event::ReplicasAnswer(client) => self.condition_met(client),
            Event::Accepted(block, seq) => self.keep(block, seq),
            Event::Tick => self.tick()?,
            Event::MakeUp => self.make_up()?,
            Event::MaxAge => self.max_age_reached()?,
            Event::LogTick => self.log_tick(),
            Event::Retry(call) => self.retry_due(call)?,
            Event::Read => self.read(),
            Event::Admit => self.admit_first()?,
            Event::Resume(client) => self.resume(client)?,
            Event::LoopStep => self.loop_step()?,
        }
        if event.stage() == Stage::Completion { self.after_completion() } else { Ok(()) }
    }

    /// Tells whether nothing will happen that lets a waiting client go on.
    pub fn is_idle(&self) -> bool {
        self.agenda.is_idle()
    }

    /// Changes a block, and with it the counts and lists that it is part of.
    fn change(&mut self, id: BlockId, change: impl FnOnce(&mut Block)) {
        let block = self.blocks.get_mut(id);
        let before = *block;
        change(block);
        let after = *block;
        // One call of everything takes no block that is in flight.
        let once = self.spec.flush.one_in_flight || self.spec.flush.order == Order::Causal;
        let is_candidate = |block: &Block| {
            let in_flight = block.through > 0 || once && block.flying > 0;
            block.is_cached_dirty() && block.unsent == 0 && !in_flight
        };
        let age = |block: &Block| match self.spec.flush.age_from {
            AgeFrom::FirstDirty => block.first_dirty,
            AgeFrom::LastWrite => block.last_write,
        };
        let was = is_candidate(&before).then(|| (age(&before), before.first_dirty));
        let is = is_candidate(&after).then(|| (age(&after), after.first_dirty));
        if was != is {
            if let Some((age, first_dirty)) = was {
                self.candidates.remove(&(age, id));
                self.by_first_dirty.remove(&(first_dirty, id));
            }
            if let Some((age, first_dirty)) = is {
                self.candidates.insert((age, id));
                if self.spec.flush.max_age.is_some() {
                    self.by_first_dirty.insert((first_dirty, id));
                }
            }
        }
        if self.spec.flush.order == Order::Fifo {
            if before.is_cached_dirty() {
                self.by_newest.remove(&(before.newest, id));
            }
            if after.is_cached_dirty() {
                self.by_newest.insert((after.newest, id));
            }
        }
        self.queued += u64::from(after.is_queued());
        self.queued -= u64::from(before.is_queued());
        self.dirty += u64::from(after.is_dirty());
        self.dirty -= u64::from(before.is_dirty());
        self.dirty_peak = self.dirty_peak.max(self.dirty);
        if was.is_none() && is.is_some() {
            self.schedule_triggers();
        }
    }

    /// Counts a flush of so many blocks.
    fn count_flush(&mut self, trigger: Trigger, blocks: u64) {
        let place = Trigger::ALL.iter().position(|known| *known == trigger);
        self.flushes.by_trigger[place.expect("every trigger is listed")] += 1;
        self.flushes.blocks += blocks;
        self.flushes.first.get_or_insert(self.now);
    }

    /// Writes a line back from all caches and keeps the copies; its version has left then. What
    /// makes room for it in an outer cache leaves as any victim does.
    fn clean_line(&mut self, id: BlockId) -> Result<(), Stopped> {
        let line = self.blocks.get(id).line;
        let base = self.machine.line_size().base(line);
        self.machine.observer_mut().0.begin();
        self.machine.clean(base, 1)?;
        let mut happened = self.take_happened();
        for left in &happened.left {
            let id = self.blocks.id(left.line);
            if left.line == line {
                self.leave(id, left.seq);
                continue;
            }
            self.written_back(&[(id, left.seq)], Trigger::Eviction)?;
            if self.spec.persist_domain == Some(PersistDomain::Adr) {
                self.agenda.schedule(self.now, Event::Accepted(id, left.seq));
            }
        }
        self.give_back(&mut happened);
        Ok(())
    }

    fn take_happened(&mut self) -> Happened {
        let empty = std::mem::take(&mut self.happened);
        std::mem::replace(&mut self.machine.observer_mut().0.happened, empty)
    }

    fn give_back(&mut self, happened: &mut Happened) {
        happened.clear();
        self.happened = std::mem::take(happened);
    }

    /// A version has left the caches.
    fn leave(&mut self, id: BlockId, seq: Seq) {
        let block = *self.blocks.get(id);
        if seq <= block.left {
            return;
        }
        if self.coalesces() {
            // An inner level has a newer version: this one was counted as replaced, and is not.
            self.coalesced -= u64::from(seq < block.newest);
            // Where versions are frozen, those that are taken stay.
            let gone = if self.freezes() { block.taken } else { block.sent };
            self.coalesced += u64::from(block.left > gone);
        }
        self.accounts.seal(id);
        self.change(id, |block| block.left = seq);
    }

    /// A later write replaces an earlier one that was not sent.
    fn coalesces(&self) -> bool {
        self.spec.flush.coalesce
    }

    fn schedule_read(&mut self) {
        let Some(readers) = self.spec.readers else { return };
        self.reads_asked += 1;
        self.read_at = match readers.arrivals {
            Arrivals::Poisson => self.read_at + self.reader.exponential(readers.interval),
            Arrivals::Regular => self.reads_asked as f64 * readers.interval,
        };
        #[expect(clippy::cast_sign_loss, reason = "time goes forward from 0")]
        let at = self.read_at as Ticks;
        self.agenda.schedule(at.max(self.now), Event::Read);
    }

    /// The outside reader reads a block of the store.
    fn read(&mut self) {
        if self.ending {
            return;
        }
        if let (Some(readers), 1..) = (self.spec.readers, self.blocks.len()) {
            let block = match readers.blocks {
                ReadBlocks::Written => {
                    BlockId::new(self.reader.below(self.blocks.len() as u64) as u32)
                }
                ReadBlocks::Popular => {
                    self.written[self.reader.below(self.written.len() as u64) as usize]
                }
            };
            let oldest = self.accounts.unstored().oldest_of(block);
            self.reads.reads.add(oldest.map_or(0, |oldest| self.now - oldest));
            self.reads.stale += u64::from(oldest.is_some());
        }
        self.schedule_read();
    }

    /// Returns the block of a line that is in the caches or below.
    fn block_of(&self, line: LineAddr) -> Option<BlockId> {
        self.blocks.find(line)
    }

    fn is_eadr(&self) -> bool {
        self.spec.persist_domain == Some(PersistDomain::Eadr)
    }
}
