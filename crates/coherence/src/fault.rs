//! Faults that are planted on purpose, so that a check can be seen to find them.

/// One way in which the machine misbehaves while an [`Observer`](crate::Observer) plants it.
///
/// Wrong cells of a table need no fault: they are other tables. These are wrong steps of the
/// machine around the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// A `BusRdX` leaves the first shared copy that it meets.
    OneSharerSurvives,
    /// The data of a store miss arrives after the store was merged, and overwrites it.
    LateFill,
    /// Copies that are neither unique nor dirty do not raise the shared wire.
    SharersSilent,
    /// The backing store answers before a dirty owner does, and wins.
    MemoryWins,
    /// An outer level replaces a line and leaves the copies inside.
    NoBackInvalidation,
    /// Copies inside that are taken along lose their dirty data.
    BackInvalidationDropsData,
    /// A write-back from inside does not make the outer copy dirty.
    WriteBackLeavesClean,
    /// A shared level drops the data of its dirty victim.
    DirtyVictimDropped,
    /// A flushed line does not make the shared level's copy dirty.
    FlushLeavesClean,
    /// After a flush, what the backing store had arrives at the shared level and overwrites it.
    StaleFill,
    /// A miss is served by the backing store past a newer copy of a shared level.
    PastSharedLevel,
    /// A dirty line stays where it is: no eviction and no clean moves it.
    DirtyStays,
    /// A shared level's eviction reaches the first core only that holds the line.
    OneCoreBackInvalidated,
}
