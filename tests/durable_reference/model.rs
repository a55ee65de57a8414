//! Clients, the order of events, and an access from its request to its acknowledgement.

use std::collections::BTreeSet;

use durability::{
    Crash, CrashPoints, Durability, Flushes, Outcome, PersistDomain, Promote, Sync, Ticks, Trigger,
};
use trace::{Op, Record};

use super::Machine;
use super::calls::Call;
use super::draws::{Reads, SplitMix};
use super::flush::Taken;
use super::ledger::{Fate, Ledger, Seq};
use super::log::{Disk, Loop};
use super::measures::Measures;

/// Steps of a run, at most: more means that a client waits for what never comes.
const STEPS_MAX: u64 = 20_000_000;

/// What a client is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Doing {
    /// Its next record starts when its clock says so.
    Ready,
    /// It waits to be acknowledged.
    Waiting,
    /// It waits until there are few enough dirty blocks.
    HeldUp,
    /// It waits for a place in the queue.
    Queued,
    /// It waits until what it cleaned and flushed is durable.
    Fenced,
}

/// An access that has been asked for and not been applied.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    pub record: Record,
    /// When the client first asked.
    pub asked: Ticks,
    /// When it began to wait for dirty blocks to become fewer.
    pub held_up: Option<Ticks>,
    /// It has been paused or held up: it is not paused again.
    pub paused: bool,
}

/// A client of the cache, that does one thing after the other.
#[derive(Clone, Debug)]
pub struct Client<'a> {
    records: &'a [Record],
    pub clock: Ticks,
    /// The time that the trace has set for its next record.
    set: Ticks,
    pub doing: Doing,
    /// What it asked for and waits to do.
    pub ask: Option<Ask>,
    /// Versions that its next fence waits for.
    fence: Vec<Seq>,
}

impl Client<'_> {
    /// When its next record, or the access that it paused before, starts.
    fn starts(&self) -> Option<Ticks> {
        if self.doing != Doing::Ready {
            None
        } else if self.ask.is_some() {
            Some(self.clock)
        } else {
            (!self.records.is_empty()).then(|| self.clock.max(self.set))
        }
    }
}

/// An access that has been applied.
#[derive(Clone, Debug)]
pub struct Request {
    pub client: usize,
    pub asked: Ticks,
    pub writes: Vec<Seq>,
    /// What has to happen before it is acknowledged.
    pub awaits: BTreeSet<Await>,
    /// It was acknowledged, or its client was told that it was refused.
    pub answered: bool,
    /// The store has given a write up that was to go through.
    pub refused: bool,
}

/// What an acknowledgement waits for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Await {
    /// The cache.
    Cache,
    /// The fsync that covers its record, or its whole turn.
    Log,
    /// As many replicas as are asked for.
    Replicas,
    /// The store, for a version that is written through.
    Store(Seq),
}

/// Something that is under way and will be completed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Completion {
    /// The cache's part of a request.
    Cache(usize),
    /// The promoted replica gets the writes of a request.
    Replica(usize),
    /// As many replicas as are asked for have the writes of a request.
    Replicas(usize),
    /// A call to the store.
    Call(usize),
    /// The fsync under way.
    Fsync,
}

/// What happens next. At one instant: completions, triggers, outside reads, accesses, crashes.
/// The loop that serves all begins a turn when all accesses of the instant have arrived.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Step {
    Completion,
    Trigger,
    Read,
    Access,
    Turn,
    Crash,
}

/// A part of the run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// Clients have records left.
    Running,
    /// The orderly end: nobody asks for anything.
    Ending,
}

/// Everything.
pub struct Model<'a> {
    pub spec: &'a Durability,
    pub machine: &'a Machine,
    pub now: Ticks,
    pub part: Part,
    pub clients: Vec<Client<'a>>,
    pub requests: Vec<Request>,
    pub ledger: Ledger,
    /// What is under way: when it is completed, in the order of scheduling.
    under_way: Vec<(Ticks, Completion)>,
    /// Clients that wait for fewer dirty blocks, first come first.
    pub held_up: Vec<usize>,
    /// Clients that wait for places in the queue, first come first.
    pub queued: Vec<usize>,
    /// Blocks in the cache.
    present: BTreeSet<u64>,
    /// When the bus was last used.
    bus: Ticks,
    // Taking blocks.
    pub taken: Vec<Taken>,
    pub flushes: Flushes,
    /// Ticks of the timer that have passed.
    pub timer_ticks: u64,
    /// A tick of the timer is to be made up.
    pub missed: bool,
    /// Triggers that wait for the atomic call before them.
    pub waiting_triggers: Vec<Trigger>,
    // Calls to the store.
    pub calls: Vec<Call>,
    /// Calls that have failed and not been sent again, in the order in which they failed.
    pub failed: Vec<usize>,
    /// Writes that go through, in the order in which the store got them.
    pub handed: Vec<Seq>,
    pub latencies: SplitMix,
    pub failures: SplitMix,
    // The log.
    pub disk: Disk,
    pub turns: Loop,
    // Measures.
    pub reads: Option<Reads>,
    /// Moments of crashes that are still to come.
    pub crashes: Vec<Ticks>,
    /// A crash is looked at whenever so many more accesses have been acknowledged.
    crash_every: Option<u64>,
    pub measures: Measures,
}

impl<'a> Model<'a> {
    pub fn new(
        spec: &'a Durability,
        machine: &'a Machine,
        records: &'a [Vec<Record>],
        crashes: &CrashPoints,
    ) -> Self {
        assert_ne!(spec.persist_domain, Some(PersistDomain::Adr), "caches are not looked into");
        let serial = spec.log.as_ref().is_some_and(|log| log.serial);
        let unlimited = spec.queue.capacity.is_none() && spec.flush.dirty_ratio.is_none();
        assert!(!serial || unlimited, "one loop for all, and it waits for itself");
        let client = |records: &'a Vec<Record>| Client {
            records,
            clock: 0,
            set: 0,
            doing: Doing::Ready,
            ask: None,
            fence: Vec::new(),
        };
        let seed = |stream: u64| spec.seed.wrapping_add(stream);
        Self {
            spec,
            machine,
            now: 0,
            part: Part::Running,
            clients: records.iter().map(client).collect(),
            requests: Vec::new(),
            ledger: Ledger::default(),
            under_way: Vec::new(),
            held_up: Vec::new(),
            queued: Vec::new(),
            present: BTreeSet::new(),
            bus: 0,
            taken: Vec::new(),
            flushes: Flushes::default(),
            timer_ticks: 0,
            missed: false,
            waiting_triggers: Vec::new(),
            calls: Vec::new(),
            failed: Vec::new(),
            handed: Vec::new(),
            latencies: SplitMix::new(seed(1)),
            failures: SplitMix::new(seed(2)),
            disk: Disk::default(),
            turns: Loop::default(),
            reads: spec.readers.map(|readers| Reads::new(readers, seed(3))),
            crashes: match crashes {
                CrashPoints::At(moments) => moments.clone(),
                CrashPoints::None | CrashPoints::Every(_) => Vec::new(),
            },
            crash_every: match crashes {
                CrashPoints::Every(accesses) => Some(*accesses),
                CrashPoints::None | CrashPoints::At(_) => None,
            },
            measures: Measures::default(),
        }
    }

    /// Runs to the end, then ends in order.
    pub fn run(mut self) -> (Outcome, Vec<Crash>) {
        let mut steps = 0;
        loop {
            self.take_times();
            let next = self.next();
            let end = self.end();
            let Some((at, step)) = next.filter(|(at, _)| end.is_none_or(|end| *at <= end)) else {
                break;
            };
            self.go_to(at);
            self.perform(step);
            steps += 1;
            assert!(steps < STEPS_MAX, "a client waits for what never comes");
        }
        let latest = self.clients.iter().map(|client| client.clock).max().unwrap_or(0);
        let end = latest.max(self.now);
        self.go_to(end);
        self.settle();
        let at_end = self.loss();

        self.part = Part::Ending;
        self.take_everything();
        let latest = end.saturating_add(self.spec.shutdown);
        while !self.ledger.dirty().is_empty() {
            let Some((at, step)) = self.next().filter(|(at, _)| *at <= latest) else { break };
            self.now = at;
            self.perform(step);
        }
        self.outcome(end, at_end)
    }

    /// The end of the run, once no client has anything left to do: the latest of their clocks.
    fn end(&self) -> Option<Ticks> {
        let done = |client: &Client| client.doing == Doing::Ready && client.starts().is_none();
        let latest = self.clients.iter().map(|client| client.clock).max().unwrap_or(0);
        self.clients.iter().all(done).then_some(latest)
    }

    /// Reads the times that stand before the next records: they are nobody's turn.
    fn take_times(&mut self) {
        for client in &mut self.clients {
            while let [record, rest @ ..] = client.records {
                client.set = match record.op {
                    Op::TimeTicks => record.addr,
                    Op::Time => {
                        let ticks = u128::from(record.addr) * u128::from(self.machine.clock_hz);
                        u64::try_from(ticks / 1_000_000_000_000).unwrap_or(u64::MAX)
                    }
                    Op::Read
                    | Op::Write
                    | Op::Atomic
                    | Op::Fetch
                    | Op::Clean
                    | Op::Flush
                    | Op::FlushAll
                    | Op::Pc
                    | Op::Fence
                    | Op::Compute => break,
                };
                client.records = rest;
            }
        }
    }

    /// Moves the time forward; what was lost until now, was lost all that time.
    fn go_to(&mut self, at: Ticks) {
        assert!(at >= self.now, "time never goes back");
        if at > self.now {
            self.settle();
            self.pass(at - self.now);
            self.now = at;
        }
    }

    /// The next thing that happens.
    fn next(&self) -> Option<(Ticks, Step)> {
        let mut steps = Vec::new();
        if let Some((at, _)) = self.first_completion() {
            steps.push((at, Step::Completion));
        }
        steps.extend(self.next_trigger().map(|at| (at, Step::Trigger)));
        if self.part == Part::Running {
            steps.extend(self.reads.as_ref().map(|reads| (reads.next(), Step::Read)));
            steps.extend(self.next_access().map(|(at, _)| (at, Step::Access)));
            steps.extend(self.next_turn().map(|at| (at, Step::Turn)));
            steps.extend(self.crashes.first().map(|at| (*at, Step::Crash)));
        }
        steps.into_iter().min()
    }

    fn perform(&mut self, step: Step) {
        match step {
            Step::Completion => self.complete(),
            Step::Trigger => self.trigger(),
            Step::Read => self.read_the_store(),
            Step::Access => {
                let (_, client) = self.next_access().expect("somebody's turn");
                self.start(client);
            }
            Step::Turn => self.handle_next(),
            Step::Crash => self.crash(),
        }
        self.release_fences();
        let dirty = self.ledger.dirty().len() as u64;
        self.measures.dirty_peak = self.measures.dirty_peak.max(dirty);
    }

    pub fn schedule(&mut self, at: Ticks, completion: Completion) {
        self.under_way.push((at, completion));
    }

    /// The first of what is under way; among those of an instant the one scheduled first.
    fn first_completion(&self) -> Option<(Ticks, usize)> {
        let moments = self.under_way.iter().enumerate().map(|(index, (at, _))| (*at, index));
        moments.min()
    }

    fn complete(&mut self) {
        let (_, index) = self.first_completion().expect("something is under way");
        let (_, completion) = self.under_way.remove(index);
        match completion {
            Completion::Cache(request) => self.cache_done(request),
            Completion::Replica(request) => {
                for seq in self.requests[request].writes.clone() {
                    self.ledger.keep(seq, self.now);
                }
            }
            Completion::Replicas(request) => self.done(request, Await::Replicas),
            Completion::Call(call) => self.call_done(call),
            Completion::Fsync => self.fsync_done(),
        }
        // What was given up is settled, though a later version may be taken at once.
        self.release_fences();
        self.after_completion();
    }

    /// Whose turn it is to access the cache, and when. Those who wait for what is there now go
    /// first; then the client whose clock is lowest, the lowest-numbered of equals.
    fn next_access(&self) -> Option<(Ticks, usize)> {
        if let Some(client) = self.queued.first().filter(|client| self.has_places(**client)) {
            return Some((self.now, *client));
        }
        if let Some(client) = self.held_up.first().filter(|client| self.may_dirty(**client)) {
            return Some((self.now, *client));
        }
        // Who was paused goes before who asks anew.
        let starts = self.clients.iter().enumerate();
        let starts = starts
            .filter_map(|(number, client)| Some((client.starts()?, client.ask.is_none(), number)));
        starts.min().map(|(at, _, number)| (at, number))
    }

    /// A client starts its next record, or goes on with what it waited to do.
    fn start(&mut self, number: usize) {
        let now = self.now;
        let client = &mut self.clients[number];
        client.clock = now;
        if client.ask.is_some() {
            let was = std::mem::replace(&mut client.doing, Doing::Ready);
            self.queued.retain(|other| *other != number);
            if let Some(since) = client.ask.as_mut().and_then(|ask| ask.held_up.take()) {
                self.held_up.retain(|other| *other != number);
                self.measures.throttled += now - since;
            }
            self.attempt(number, was);
            return;
        }
        let [record, rest @ ..] = client.records else { unreachable!("it has a record") };
        client.records = rest;
        match record.op {
            Op::Read | Op::Write | Op::Atomic | Op::Fetch => {
                self.measures.accesses += 1;
                client.ask =
                    Some(Ask { record: *record, asked: now, held_up: None, paused: false });
                if self.spec.log.as_ref().is_some_and(|log| log.serial) {
                    client.doing = Doing::Waiting;
                    self.turns.waiting.push(number);
                } else {
                    self.attempt(number, Doing::Ready);
                }
            }
            Op::Clean | Op::Flush | Op::FlushAll => self.clean(number, record),
            Op::Fence => client.doing = Doing::Fenced,
            Op::Compute => client.clock += record.addr,
            Op::Time | Op::TimeTicks => unreachable!("times are taken before"),
            Op::Pc => unreachable!("nobody asked for program counters"),
        }
    }

    /// The blocks of a byte range, which are also those of the lines of an access.
    pub fn blocks_of(&self, record: &Record) -> std::ops::RangeInclusive<u64> {
        let first = record.addr / self.machine.block_bytes;
        let last = (record.addr + u64::from(record.size) - 1) / self.machine.block_bytes;
        first..=last
    }

    /// Applies an access to the cache; the blocks in `through` are written through.
    pub fn apply(&mut self, number: usize, through: &[u64]) -> usize {
        let ask = self.clients[number].ask.take().expect("it asked");
        let is_write = writes(&ask.record);
        // Each line takes a look. The bus costs nothing, but serves one miss after the other.
        let mut done = self.now;
        for block in self.blocks_of(&ask.record) {
            done += self.machine.latency;
            if self.present.insert(block) {
                done = done.max(self.bus);
                self.bus = done;
            }
        }
        let mut awaits = BTreeSet::from([Await::Cache]);
        let mut written = Vec::new();
        if is_write {
            for block in self.blocks_of(&ask.record) {
                let fate = if through.contains(&block) { Fate::Through } else { Fate::Cached };
                let seq = self.write(block, fate);
                if fate == Fate::Through {
                    awaits.insert(Await::Store(seq));
                }
                written.push(seq);
            }
        }
        let id = self.requests.len();
        self.schedule(done, Completion::Cache(id));
        if is_write {
            self.replicate(id, done, &written, &mut awaits);
            if self.spec.log.as_ref().is_some_and(|log| log.sync == Sync::Always) {
                awaits.insert(Await::Log);
            }
        }
        self.clients[number].doing = Doing::Waiting;
        let (client, asked) = (number, ask.asked);
        self.requests.push(Request {
            client,
            asked,
            writes: written,
            awaits,
            answered: false,
            refused: false,
        });
        id
    }

    /// Applies a write to a block. With coalescing, a write to a block that is dirty in the cache
    /// replaces its version; the age of the block stays.
    fn write(&mut self, block: u64, fate: Fate) -> Seq {
        let earlier = self.ledger.of(block).cached;
        let seq = self.ledger.add(block, self.now, fate);
        if self.spec.flush.coalesce && fate == Fate::Cached {
            for old in earlier {
                self.ledger.get_mut(old).fate = Fate::Coalesced;
                self.ledger.get_mut(seq).dirty_since = self.ledger.get(old).dirty_since;
            }
        }
        seq
    }

    /// Replicas get a write when the cache is done with it, and their lag later.
    fn replicate(&mut self, id: usize, done: Ticks, written: &[Seq], awaits: &mut BTreeSet<Await>) {
        let Some(replicas) = &self.spec.replicas else { return };
        let mut lags = replicas.lags.clone();
        lags.sort_unstable();
        let promoted = match replicas.promote {
            Promote::Newest => lags[0],
            Promote::Index(index) => replicas.lags[index as usize],
        };
        for seq in written {
            self.ledger.get_mut(*seq).on_replica = Some(done + promoted);
        }
        self.schedule(done + promoted, Completion::Replica(id));
        if replicas.wait > 0 {
            awaits.insert(Await::Replicas);
            self.schedule(done + lags[replicas.wait as usize - 1], Completion::Replicas(id));
        }
    }

    /// The cache has done its part: the record goes to the log.
    fn cache_done(&mut self, id: usize) {
        self.append(id);
        // What goes through the cache is the store's now.
        for seq in self.requests[id].writes.clone() {
            if self.ledger.get(seq).fate == Fate::Through {
                self.handed.push(seq);
            }
        }
        self.done(id, Await::Cache);
        self.handled(id);
    }

    /// Something that a request waited for has happened; the last of it acknowledges the request.
    pub fn done(&mut self, id: usize, what: Await) {
        let request = &mut self.requests[id];
        request.awaits.remove(&what);
        if request.answered || !request.awaits.is_empty() {
            return;
        }
        request.answered = true;
        let client = &mut self.clients[request.client];
        (client.doing, client.clock) = (Doing::Ready, self.now);
        if request.refused {
            return;
        }
        for seq in &request.writes {
            let write = self.ledger.get_mut(*seq);
            write.acknowledged = Some(self.now);
            if self.spec.persist_domain == Some(PersistDomain::Eadr) {
                write.durable.get_or_insert(self.now);
            }
        }
        self.measures.requests += 1;
        if self.crash_every.is_some_and(|every| self.measures.requests.is_multiple_of(every)) {
            self.crashes.push(self.now);
        }
        if !request.writes.is_empty() {
            self.measures.write_latencies.push(self.now - request.asked);
        }
    }

    /// A clean or flush: dirty blocks of the range leave the cache, each by itself, and the next
    /// fence waits for whatever of the range is not durable yet.
    fn clean(&mut self, number: usize, record: &Record) {
        let written: BTreeSet<u64> = self.ledger.writes().iter().map(|write| write.block).collect();
        let of_range =
            |block: &u64| record.op == Op::FlushAll || self.blocks_of(record).contains(block);
        let blocks: Vec<u64> = written.into_iter().filter(of_range).collect();
        for block in &blocks {
            let newest = self.ledger.newest(*block).expect("it was written");
            if self.ledger.get(newest).durable.is_none() {
                self.clients[number].fence.push(newest);
            }
        }
        if record.op == Op::FlushAll {
            self.present.clear();
        } else if record.op == Op::Flush {
            let range = self.blocks_of(record);
            self.present.retain(|block| !range.contains(block));
        }
        let trigger = if record.op == Op::Clean { Trigger::Clean } else { Trigger::Flush };
        self.leave(&blocks, trigger);
    }

    /// A version of the block is taken, has left the cache, is in flight or awaits its retry.
    fn is_under_way(&self, block: u64) -> bool {
        let versions = self.ledger.of(block);
        let has_left = [&versions.left, &versions.through, &versions.sent];
        has_left.iter().any(|versions| !versions.is_empty())
            || self.taken.iter().any(|taken| taken.block == block)
    }

    /// Lets clients go on whose fences have nothing to wait for: the versions that they cleaned
    /// are durable, or have been given up.
    fn release_fences(&mut self) {
        for number in 0..self.clients.len() {
            if self.clients[number].doing != Doing::Fenced {
                continue;
            }
            let keeps = self.spec.persist_domain == Some(PersistDomain::Eadr);
            let waits = |seq: &Seq| {
                let write = self.ledger.get(*seq);
                !keeps && write.durable.is_none() && self.is_under_way(write.block)
            };
            // What was settled stays settled, whatever is written to the block next.
            let mut fence = self.clients[number].fence.clone();
            fence.retain(waits);
            self.clients[number].fence = fence;
            if self.clients[number].fence.is_empty() {
                let client = &mut self.clients[number];
                (client.doing, client.clock) = (Doing::Ready, self.now);
            }
        }
    }
}

/// Whether an access writes what it touches.
pub fn writes(record: &Record) -> bool {
    matches!(record.op, Op::Write | Op::Atomic)
}
