//! Counters are values: plain fields, each counted in one place.

use crate::step::{Processor, STATES_MAX, State};

/// Declares a struct of `u64` counters that can be listed, added and subtracted field by field.
macro_rules! counters {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$doc:meta])+ $field:ident,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
        pub struct $name {
            $($(#[$doc])+ pub $field: u64,)+
        }

        impl $name {
            /// The names of the counters, in the order of the reports.
            pub const NAMES: &[&str] = &[$(stringify!($field)),+];

            /// Returns the counters in the order of [`Self::NAMES`].
            pub fn values(&self) -> [u64; Self::NAMES.len()] {
                [$(self.$field),+]
            }

            /// Adds another's counters to these.
            pub fn add(&mut self, other: &Self) {
                $(self.$field += other.$field;)+
            }

            /// Takes away what was counted before a moment.
            #[must_use]
            pub fn since(&self, before: &Self) -> Self {
                Self { $($field: self.$field - before.$field,)+ }
            }
        }
    };
}

counters! {
    /// What one core did and suffered.
    pub struct CoreCounters {
        /// References that load.
        reads,
        /// References that store.
        writes,
        /// References that read, modify and write.
        atomics,
        /// References that fetch instructions.
        fetches,
        /// References: the sum of the four above.
        accesses,
        /// Accesses of the trace that touched more than one line.
        straddles,
        /// References whose first level had a valid copy.
        hits,
        /// References whose first level had none.
        misses,
        /// Misses of loads.
        read_misses,
        /// Misses of stores and atomics.
        write_misses,
        /// Misses of fetches.
        fetch_misses,
        /// `BusRd` transactions of this core.
        bus_rd,
        /// `BusRdX` transactions of this core.
        bus_rdx,
        /// `BusUpgr` transactions of this core.
        bus_upgr,
        /// `BusUpd` transactions of this core.
        bus_upd,
        /// Lines that came over the bus into this core.
        bus_fills,
        /// First stores to an exclusive line: no transaction.
        silent_upgrades,
        /// Lines this core lost to another core's transaction.
        invalidations,
        /// Lines that others lost to this core's transactions.
        invalidations_sent,
        /// Lines of this core that another core's `BusUpd` changed.
        updates,
        /// Lines of others that this core's `BusUpd` changed.
        updates_sent,
        /// This core's unique or dirty lines that another core's `BusRd` made shared.
        interventions,
        /// Times this core put a dirty line on the bus for a snoop.
        flushes,
        /// Those of them after which this core still answers for the line.
        flushes_kept,
        /// Dirty lines whose duty another core's `BusUpgr` or `BusUpd` took over.
        handed_over,
        /// Bus fills whose data came from another core.
        cache_to_cache,
        /// Bus fills while at least one other core held the line.
        fills_with_holders,
        /// Valid lines replaced at the outermost private level.
        evictions,
        /// Those of them that were dirty.
        dirty_evictions,
        /// Copies that inner levels lost to an eviction further out.
        back_invalidations,
        /// Dirty lines taken by a shared level's eviction.
        dirty_back_invalidations,
        /// Dirty lines sent below the bus: dirty evictions, cleans, drained ones.
        write_backs,
        /// Those of them that a clean or flush of the line sent.
        cleaned,
        /// Those of them written back after the last access.
        drained,
        /// Bytes of stores sent through below the bus.
        through_bytes,
        /// Bytes of stores that this core's `BusUpd` carried.
        update_bytes,
        /// Dirty bits set by stores: clean to dirty, at any private level.
        dirty_set,
        /// Dirty bits that met another dirty copy of the line in the same core.
        dirty_merged,
        /// Ticks beyond the first level's latency.
        stall_cycles,
        /// Ticks from wanting the bus to being granted it.
        bus_wait_cycles,
    }
}

counters! {
    /// What one cache level did.
    pub struct LevelCounters {
        /// Requests for data that found the line here.
        hits,
        /// Requests for data that did not.
        misses,
        /// Lines that requests brought here.
        fills,
        /// Valid lines replaced here.
        evictions,
        /// Dirty lines sent outward.
        write_backs,
        /// Stores sent outward by this write-through level.
        write_throughs,
        /// Dirty lines that arrived from inside, or as a flush from the bus.
        write_backs_received,
        /// Copies lost here to an eviction further out.
        back_invalidations,
    }
}

counters! {
    /// What passed over the bus.
    pub struct BusCounters {
        /// `BusRd` transactions.
        bus_rd,
        /// `BusRdX` transactions.
        bus_rdx,
        /// `BusUpgr` transactions.
        bus_upgr,
        /// `BusUpd` transactions.
        bus_upd,
        /// Dirty lines written back over the bus.
        write_backs,
        /// Stores sent through over the bus.
        write_throughs,
        /// Bytes of lines and stores that moved.
        data_bytes,
        /// Ticks in which the bus was held.
        busy_cycles,
    }
}

counters! {
    /// What reached the backing store.
    pub struct MemoryCounters {
        /// Lines read.
        reads,
        /// Lines and stores written.
        writes,
        /// Bytes read.
        bytes_read,
        /// Bytes written.
        bytes_written,
    }
}

/// Why a core's state for a line changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    /// The core's own load or fetch.
    Load,
    /// The core's own store or atomic.
    Store,
    /// Another core's transaction.
    Snoop,
    /// An eviction by the core's own levels.
    Evict,
    /// An eviction by a shared level.
    BackInvalidation,
    /// A clean of the line.
    Clean,
    /// A flush of the line.
    Flush,
    /// The write-back of all dirty lines after the last access.
    Drain,
}

impl Cause {
    /// All causes, in the order of the reports.
    pub const ALL: [Self; 8] = [
        Self::Load,
        Self::Store,
        Self::Snoop,
        Self::Evict,
        Self::BackInvalidation,
        Self::Clean,
        Self::Flush,
        Self::Drain,
    ];

    /// Returns the cause that a core's own event is.
    pub(crate) const fn of(event: Processor) -> Self {
        match event {
            Processor::Load => Self::Load,
            Processor::Store => Self::Store,
            Processor::Evict => Self::Evict,
            Processor::Clean => Self::Clean,
        }
    }

    /// Returns the name that reports print.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Store => "store",
            Self::Snoop => "snoop",
            Self::Evict => "evict",
            Self::BackInvalidation => "back_invalidation",
            Self::Clean => "clean",
            Self::Flush => "flush",
            Self::Drain => "drain",
        }
    }
}

/// The changes of one core's states, by the state before, the state after, and the cause.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Transitions {
    counts: Vec<u64>,
}

impl Default for Transitions {
    fn default() -> Self {
        Self { counts: vec![0; STATES_MAX * STATES_MAX * Cause::ALL.len()] }
    }
}

impl Transitions {
    pub(crate) fn count(&mut self, from: State, to: State, cause: Cause) {
        self.counts[Self::index(from, to, cause)] += 1;
    }

    /// Returns how often a change happened for a cause.
    pub fn get(&self, from: State, to: State, cause: Cause) -> u64 {
        self.counts[Self::index(from, to, cause)]
    }

    /// Adds another's counts to these.
    pub fn add(&mut self, other: &Self) {
        for (mine, others) in self.counts.iter_mut().zip(&other.counts) {
            *mine += others;
        }
    }

    /// Takes away what was counted before a moment.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let pairs = self.counts.iter().zip(&before.counts);
        Self { counts: pairs.map(|(now, then)| now - then).collect() }
    }

    fn index(from: State, to: State, cause: Cause) -> usize {
        (from.index() * STATES_MAX + to.index()) * Cause::ALL.len() + cause as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taking_away_what_was_added_leaves_every_counter_as_it_was() {
        // Every field has a value of its own, so that one left out would show.
        let (a, b) = (numbered(3), numbered(5));
        let mut sum = a;
        sum.add(&b);
        assert_eq!(sum.since(&b), a);
        assert_eq!(a.since(&a), CoreCounters::default());
    }

    fn numbered(factor: u64) -> CoreCounters {
        let mut n = 0;
        let mut next = || {
            n += factor;
            n
        };
        CoreCounters {
            reads: next(),
            writes: next(),
            atomics: next(),
            fetches: next(),
            accesses: next(),
            straddles: next(),
            hits: next(),
            misses: next(),
            read_misses: next(),
            write_misses: next(),
            fetch_misses: next(),
            bus_rd: next(),
            bus_rdx: next(),
            bus_upgr: next(),
            bus_upd: next(),
            bus_fills: next(),
            silent_upgrades: next(),
            invalidations: next(),
            invalidations_sent: next(),
            updates: next(),
            updates_sent: next(),
            interventions: next(),
            flushes: next(),
            flushes_kept: next(),
            handed_over: next(),
            cache_to_cache: next(),
            fills_with_holders: next(),
            evictions: next(),
            dirty_evictions: next(),
            back_invalidations: next(),
            dirty_back_invalidations: next(),
            write_backs: next(),
            cleaned: next(),
            drained: next(),
            through_bytes: next(),
            update_bytes: next(),
            dirty_set: next(),
            dirty_merged: next(),
            stall_cycles: next(),
            bus_wait_cycles: next(),
        }
    }
}
