//! What a durability run is told: checked values in ticks.

/// A moment or a length of simulated time, in ticks of the machine's clock.
pub type Ticks = u64;

/// How writes become durable below the caches.
#[derive(Clone, PartialEq, Debug)]
pub struct Durability {
    /// When dirty blocks are written back, and how.
    pub flush: Flush,
    /// What they are written to.
    pub store: Store,
    /// How many blocks may wait.
    pub queue: Queue,
    /// What is written before a write is acknowledged, if anything.
    pub log: Option<Log>,
    /// Who else gets every write, if anybody.
    pub replicas: Option<Replicas>,
    /// What of the hardware keeps its contents when the power fails, besides the store.
    pub persist_domain: Option<PersistDomain>,
    /// Who reads the store past the cache, if anybody.
    pub readers: Option<Readers>,
    /// How long the orderly end of a run may take.
    pub shutdown: Ticks,
    /// What latencies, failures and readers are drawn from.
    pub seed: u64,
}

impl Durability {
    /// A guarded store of that latency that serves 8 calls at once and never fails. Nothing is
    /// written back to it but by the caches themselves and at the orderly end, which may take for
    /// ever; no log, no replicas.
    pub const fn plain(latency: Ticks) -> Self {
        Self {
            flush: Flush {
                every: None,
                expire: 0,
                dirty_count: None,
                background_ratio: None,
                dirty_ratio: None,
                batch: 512,
                workers: 1,
                order: Order::Unordered,
                coalesce: true,
                one_in_flight: true,
                age_from: AgeFrom::FirstDirty,
                max_age: None,
                pause_max: 0,
            },
            store: Store {
                latency,
                distribution: Distribution::Constant,
                parallel: 8,
                batch_cost: 0,
                bandwidth: None,
                guard: true,
                fail: 0.0,
                failure: Failure::NotApplied,
                outages: Vec::new(),
                retry: Retry { attempts: None, delay: 0 },
            },
            queue: Queue { capacity: None, overflow: Overflow::Block, trigger: true },
            log: None,
            replicas: None,
            persist_domain: None,
            readers: None,
            shutdown: Ticks::MAX,
            seed: 0,
        }
    }
}

/// When dirty blocks are written back, and how.
#[derive(Clone, PartialEq, Debug)]
pub struct Flush {
    /// The period of the timer, at least 1.
    pub every: Option<Ticks>,
    /// The age from which the timer takes a block; 0 takes all.
    pub expire: Ticks,
    /// The number of dirty blocks, at least 1, at which all are taken.
    pub dirty_count: Option<u64>,
    /// The share of the capacity, above which the flusher works until it is below.
    pub background_ratio: Option<f64>,
    /// The share of the capacity that dirty blocks never pass.
    pub dirty_ratio: Option<f64>,
    /// The most rows of one call, at least 1; `Causal` knows no bound.
    pub batch: u32,
    /// The most calls at once, at least 1.
    pub workers: u32,
    /// In which order blocks reach the store.
    pub order: Order,
    /// A later write replaces an earlier one of its block that has not been sent.
    pub coalesce: bool,
    /// A block with a version in flight is not sent again before that one is acknowledged.
    pub one_in_flight: bool,
    /// From when a block's age is counted.
    pub age_from: AgeFrom,
    /// The age, since the first dirtying, at which a block is taken whatever the timer says.
    pub max_age: Option<Ticks>,
    /// The longest pause of a throttled write.
    pub pause_max: Ticks,
}

/// In which order blocks reach the store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// In any: values are read when they are sent.
    Unordered,
    /// By their last writes: frozen at the trigger, one call at a time.
    Fifo,
    /// A whole flush is one atomic call.
    Causal,
}

/// From when a block's age is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AgeFrom {
    /// From the write that made it dirty.
    FirstDirty,
    /// From its last write.
    LastWrite,
}

/// The backing store.
#[derive(Clone, PartialEq, Debug)]
pub struct Store {
    /// How long a call takes, without what its rows add.
    pub latency: Ticks,
    /// How that length is distributed; `latency` is its mean.
    pub distribution: Distribution,
    /// The most calls at once, at least 1.
    pub parallel: u32,
    /// What each row of a batch adds.
    pub batch_cost: Ticks,
    /// How fast the bytes of a call move, if that is limited.
    pub bandwidth: Option<Bandwidth>,
    /// The store keeps the larger sequence of a block.
    pub guard: bool,
    /// The share of calls that fail, below 1.
    pub fail: f64,
    /// How a call fails.
    pub failure: Failure,
    /// When every call fails, in order and apart.
    pub outages: Vec<Span>,
    /// What happens after a failure.
    pub retry: Retry,
}

/// A distribution of lengths of time.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Distribution {
    /// Always the mean.
    Constant,
    /// Exponential.
    Exponential,
    /// Log-normal; the value is the standard deviation of the logarithm.
    LogNormal(f64),
}

/// A rate: so many bytes in so many ticks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bandwidth {
    /// Bytes, at least 1.
    pub bytes: u64,
    /// Ticks in which they move.
    pub ticks: Ticks,
}

/// How a call to the store fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    /// Nothing was written.
    NotApplied,
    /// Everything was written, and the acknowledgement lost.
    AckLost,
    /// The first half of the rows (rounded down) was written; none of an atomic call.
    Half,
}

/// A span of time: from its start up to, and without, its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    /// The first tick.
    pub start: Ticks,
    /// The tick after the last.
    pub end: Ticks,
}

/// What happens after a failed call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Retry {
    /// How often a batch is sent at most, the first time included (so 1 drops it on its first
    /// failure); `None` is without end.
    pub attempts: Option<u32>,
    /// How long after a failure it is sent again.
    pub delay: Ticks,
}

/// How many blocks may wait to be sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Queue {
    /// The most blocks, at least 1.
    pub capacity: Option<u64>,
    /// What a write does that needs a place in a full queue.
    pub overflow: Overflow,
    /// A full queue takes all its blocks, as a trigger.
    pub trigger: bool,
}

/// What a write does that needs a place in a full queue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Overflow {
    /// It waits.
    Block,
    /// It is refused, and counted.
    Reject,
    /// It goes to the store itself, and waits for it.
    WriteThrough,
}

/// A write-ahead log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Log {
    /// When its records are made durable.
    pub sync: Sync,
    /// How long an fsync takes.
    pub fsync: Ticks,
    /// One loop serves all clients, and waits for the fsync of its turn.
    pub serial: bool,
    /// The period of `EverySecond`: one second.
    pub period: Ticks,
    /// When the disk of the log stands still, in order and apart: an fsync under way then takes so
    /// much longer.
    pub stalls: Vec<Span>,
}

/// When the records of a log are made durable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sync {
    /// Before the write is acknowledged.
    Always,
    /// In the background, every second.
    EverySecond,
    /// Never by the cache.
    No,
}

/// Others that get every write.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Replicas {
    /// How far each one is behind.
    pub lags: Vec<Ticks>,
    /// How many must have a write before it is acknowledged; at most as many as there are.
    pub wait: u32,
    /// Which one takes over.
    pub promote: Promote,
}

/// Which replica takes over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Promote {
    /// The one that has most.
    Newest,
    /// That one, from 0.
    Index(u32),
}

/// What of the hardware keeps its contents when the power fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PersistDomain {
    /// The write queue of the memory controller.
    Adr,
    /// The caches and write buffers too.
    Eadr,
}

/// Readers of the store that go past the cache.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Readers {
    /// Ticks from one read to the next, in the mean; above 0.
    pub interval: f64,
    /// How the intervals are distributed.
    pub arrivals: Arrivals,
    /// Which blocks are read.
    pub blocks: ReadBlocks,
}

/// How the reads of an outside reader follow each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Arrivals {
    /// At random, independent of each other.
    Poisson,
    /// At equal distances.
    Regular,
}

/// Which blocks an outside reader reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReadBlocks {
    /// Any that has been written, each as likely as the others.
    Written,
    /// The block of any write so far, each write as likely as the others: popular blocks more.
    Popular,
}
