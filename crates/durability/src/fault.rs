//! Ways to misbehave, for tests of the checks.

/// A bug that a test plants in the engine.
#[doc(hidden)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// A block is marked clean before the store has acknowledged it.
    CleanBeforeAcknowledged,
    /// A write during a flush is marked clean when the flush completes.
    WriteDuringFlushLost,
    /// A failed batch is not sent again.
    NoRetry,
    /// A batch that is sent again overwrites what is newer.
    RetryOverwrites,
    /// A dirty block is evicted without being written back.
    EvictionDropsData,
    /// The record of the log is written after the acknowledgement.
    LogAfterAcknowledgement,
    /// The log is replayed twice, over whatever the store has.
    ReplayTwice,
    /// A batch of which half was applied is marked clean.
    HalfIsClean,
    /// The age of a block is counted anew from every write.
    AgeResets,
    /// The threshold counts writes, not dirty blocks.
    CountsWrites,
}
