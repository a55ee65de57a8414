//! Every number of the report.

use std::collections::BTreeMap;

use super::protocol::state_name;

/// A struct of `u64` counters that can be added up and listed by name.
macro_rules! counters {
    ($(#[$doc:meta])* $name:ident { $($field:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct $name { $(pub $field: u64),* }

        impl $name {
            pub fn add(&mut self, other: &$name) {
                $(self.$field += other.$field;)*
            }

            pub fn list(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($field), self.$field)),*]
            }
        }
    };
}

counters! {
    /// Per core, and summed.
    CoreCounters {
        reads, writes, atomics, fetches, accesses, straddles,
        hits, misses, read_misses, write_misses, fetch_misses,
        bus_rd, bus_rdx, bus_upgr, bus_upd,
        silent_upgrades, invalidations, invalidations_sent, interventions,
        flushes, flushes_kept, handed_over, updates, updates_sent, update_bytes,
        cache_to_cache, fills_with_holders,
        evictions, dirty_evictions, back_invalidations,
        write_backs, drained, dirty_merged, dirty_back_invalidations,
        cycles, stall_cycles, bus_wait_cycles,
    }
}

counters! {
    /// Numbers that no report shows but the identities need.
    Auxiliary {
        dirty_bits_set, dirty_bits_still_set, bus_fills, sibling_supplies, cleans, through_bytes,
    }
}

counters! {
    /// Per level; a private level per core and summed.
    LevelCounters {
        hits, misses, fills, evictions, write_backs, write_throughs, write_backs_received,
        back_invalidations,
    }
}

counters! {
    BusCounters {
        bus_rd, bus_rdx, bus_upgr, bus_upd, write_backs, write_throughs, data_bytes, busy_cycles,
    }
}

counters! {
    MemoryCounters { reads, writes, bytes_read, bytes_written }
}

counters! {
    ClassCounters {
        cold, capacity, conflict, true_sharing, false_sharing, back_invalidation, upgrade,
    }
}

/// Why a core's state for a line changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    Load,
    Store,
    Snoop,
    Evict,
    BackInvalidation,
    Clean,
    Flush,
    Drain,
}

impl Cause {
    /// As the report spells it.
    pub fn name(self) -> &'static str {
        match self {
            Cause::Load => "load",
            Cause::Store => "store",
            Cause::Snoop => "snoop",
            Cause::Evict => "evict",
            Cause::BackInvalidation => "back_invalidation",
            Cause::Clean => "clean",
            Cause::Flush => "flush",
            Cause::Drain => "drain",
        }
    }
}

pub type Transitions = BTreeMap<(char, char, Cause), u64>;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CoreReport {
    pub counters: CoreCounters,
    pub auxiliary: Auxiliary,
    pub transitions: Transitions,
    pub classes: ClassCounters,
    /// The private levels, outward.
    pub levels: Vec<LevelCounters>,
    pub l1i: Option<LevelCounters>,
    /// State of every line that the core holds at the end, by the line's address.
    pub states: BTreeMap<u64, char>,
    /// Addresses of the lines that are dirty at the end, for each private level.
    pub dirty_lines: Vec<Vec<u64>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub cores: Vec<CoreReport>,
    /// The sums; `cycles` is the latest core's clock.
    pub totals: CoreCounters,
    pub auxiliary: Auxiliary,
    pub transitions: Transitions,
    pub classes: ClassCounters,
    /// Private levels (summed), then the shared ones.
    pub levels: Vec<LevelCounters>,
    pub l1i: Option<LevelCounters>,
    pub bus: BusCounters,
    pub memory: MemoryCounters,
    /// Addresses of the lines that are dirty at the end, for each shared level.
    pub shared_dirty_lines: Vec<Vec<u64>>,
    /// For each reference in order: first-level hit?
    pub hits: Vec<bool>,
}

impl Report {
    /// Every counter under one name, to compare with another implementation's.
    pub fn flat(&self) -> BTreeMap<String, u64> {
        let mut flat = BTreeMap::new();
        let mut put = |prefix: String, list: Vec<(&'static str, u64)>| {
            for (name, value) in list {
                flat.insert(format!("{prefix}.{name}"), value);
            }
        };
        put("totals".into(), self.totals.list());
        put("classes".into(), self.classes.list());
        put("bus".into(), self.bus.list());
        put("memory".into(), self.memory.list());
        for (i, level) in self.levels.iter().enumerate() {
            put(format!("levels.{i}"), level.list());
        }
        if let Some(level) = &self.l1i {
            put("l1i".into(), level.list());
        }
        for (c, core) in self.cores.iter().enumerate() {
            put(format!("cores.{c}"), core.counters.list());
            put(format!("cores.{c}.classes"), core.classes.list());
            for (i, level) in core.levels.iter().enumerate() {
                put(format!("cores.{c}.levels.{i}"), level.list());
            }
            if let Some(level) = &core.l1i {
                put(format!("cores.{c}.l1i"), level.list());
            }
        }
        let mut put_transitions = |prefix: String, transitions: &Transitions| {
            for ((from, to, cause), count) in transitions {
                let (from, to) = (state_name(*from), state_name(*to));
                let name = format!("{prefix}.transitions.{from}>{to}.{}", cause.name());
                flat.insert(name, *count);
            }
        };
        put_transitions("totals".into(), &self.transitions);
        for (c, core) in self.cores.iter().enumerate() {
            put_transitions(format!("cores.{c}"), &core.transitions);
        }
        flat
    }
}
