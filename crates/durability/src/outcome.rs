//! What a durability run measured: exact numbers in ticks, blocks and writes.

use cache::LineAddr;

use crate::spec::Ticks;

/// What was measured of a whole run.
#[derive(Clone, PartialEq, Debug)]
pub struct Outcome {
    /// Requests that were acknowledged: accesses of any kind.
    pub requests: u64,
    /// From tick 0 to the last acknowledgement.
    pub elapsed: Ticks,
    /// Writes that were acknowledged, a write for each block touched.
    pub writes: u64,
    /// Versions stored, each once, the orderly end included.
    pub store_writes: u64,
    /// Versions replaced by a later write before they were sent or while they awaited a retry.
    pub coalesced: u64,
    /// Versions given up after the last attempt.
    pub dropped: u64,
    /// Writes refused by a full queue.
    pub rejected: u64,
    /// Calls to the store that were sent again.
    pub retries: u64,
    /// How blocks came to be written back.
    pub flushes: Flushes,
    /// Dirty blocks, those in flight and awaiting a retry included, when all was over.
    pub dirty_now: u64,
    /// The most of them at any moment.
    pub dirty_peak: u64,
    /// From a write's request to its acknowledgement.
    pub write_latency: Latency,
    /// From a write's acknowledgement until it was durable; of those that became durable.
    pub loss_window: Summary,
    /// What the outside reader saw, if there was one.
    pub staleness: Option<Staleness>,
    /// Versions stored after a larger sequence that belonged to an earlier batch.
    pub order_inversions: u64,
    /// Moments after a batch at which the store held a state that the writer never produced.
    pub non_prefix_batches: u64,
    /// How long writes were paused or held up by the share of dirty blocks.
    pub throttled: Ticks,
    /// What a crash at the end loses, before the orderly end begins.
    pub at_end: Loss,
    /// What a crash at any moment of the run loses.
    pub over_time: LossOverTime,
}

/// How blocks came to be written back.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Flushes {
    /// Flushes by trigger, in the order of [`Trigger::ALL`].
    pub by_trigger: [u64; Trigger::ALL.len()],
    /// Blocks that they took.
    pub blocks: u64,
    /// When the first one was triggered.
    pub first: Option<Ticks>,
}

/// What makes blocks be written back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Trigger {
    /// The timer.
    Timer,
    /// The number of dirty blocks.
    DirtyCount,
    /// The age that no block may pass.
    MaxAge,
    /// The share of dirty blocks from which the flusher works.
    Background,
    /// A write that the share of dirty blocks holds up.
    Throttle,
    /// A full queue.
    QueueFull,
    /// A dirty block that left the caches for another.
    Eviction,
    /// Another core's access to a dirty block.
    Snoop,
    /// A clean (`C`) of the trace.
    Clean,
    /// A flush (`F`) of the trace.
    Flush,
    /// The orderly end.
    Shutdown,
}

impl Trigger {
    /// Every trigger.
    pub const ALL: [Trigger; 11] = [
        Trigger::Timer,
        Trigger::DirtyCount,
        Trigger::MaxAge,
        Trigger::Background,
        Trigger::Throttle,
        Trigger::QueueFull,
        Trigger::Eviction,
        Trigger::Snoop,
        Trigger::Clean,
        Trigger::Flush,
        Trigger::Shutdown,
    ];

    /// Returns the name that reports use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Trigger::Timer => "timer",
            Trigger::DirtyCount => "dirty_count",
            Trigger::MaxAge => "max_age",
            Trigger::Background => "background",
            Trigger::Throttle => "throttle",
            Trigger::QueueFull => "queue_full",
            Trigger::Eviction => "eviction",
            Trigger::Snoop => "snoop",
            Trigger::Clean => "clean",
            Trigger::Flush => "flush",
            Trigger::Shutdown => "shutdown",
        }
    }
}

/// A number of lengths of time, their sum and the longest.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Summary {
    /// How many.
    pub count: u64,
    /// Their sum.
    pub sum: u128,
    /// The longest.
    pub max: Ticks,
}

/// A distribution of lengths of time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Latency {
    /// How many, their sum, the longest.
    pub all: Summary,
    /// The smallest that at least half of them do not exceed.
    pub p50: Ticks,
    /// The smallest that at least 99 % of them do not exceed.
    pub p99: Ticks,
}

/// What the outside reader saw.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Staleness {
    /// The age of what was read, of every read; 0 if it was up to date.
    pub reads: Summary,
    /// Reads that were not up to date.
    pub stale: u64,
}

/// What a crash loses.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Loss {
    /// Acknowledged writes newer than what survives of their block.
    pub writes: u64,
    /// Blocks that lost any.
    pub blocks: u64,
    /// From the acknowledgement of the oldest lost write to the crash; 0 if none is lost.
    pub max_age: Ticks,
}

/// What a crash loses, over all moments of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LossOverTime {
    /// Lost writes times the ticks for which a crash would have lost so many.
    pub write_ticks: u128,
    /// The most writes that a crash would have lost.
    pub writes_max: u64,
    /// The longest that an acknowledged write was not durable, or the age at the end.
    pub max_age: Ticks,
}

/// Which crashes are looked at while a run goes on.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CrashPlan {
    /// When.
    pub points: CrashPoints,
    /// Lists the blocks that lost writes.
    pub detail: bool,
    /// Proves each crash: what is lost, counted on the way, is what the ledger has and the
    /// survivors lack.
    pub check: bool,
}

/// The moments of crashes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum CrashPoints {
    /// None.
    #[default]
    None,
    /// At these moments, in order; those after the end of the run are left out.
    At(Vec<Ticks>),
    /// After each so many accesses, when the last of them is acknowledged.
    Every(u64),
}

/// One crash.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Crash {
    /// When.
    pub at: Ticks,
    /// Accesses that had begun.
    pub accesses: u64,
    /// What is lost.
    pub loss: Loss,
    /// Dirty blocks at the moment, those in flight and awaiting a retry included.
    pub dirty: u64,
    /// Blocks of which the store had a version that no acknowledgement had told of.
    pub in_doubt: u64,
    /// The blocks that lost writes, oldest loss first, if they were asked for.
    pub lost: Vec<LostBlock>,
}

/// A block that lost writes in a crash.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LostBlock {
    /// The block.
    pub block: LineAddr,
    /// Acknowledged writes that are lost.
    pub writes: u64,
    /// From the acknowledgement of the oldest of them to the crash.
    pub max_age: Ticks,
}
