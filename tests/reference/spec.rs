//! What the reference model is told: a machine and a trace, as plain structs.

use super::protocol::Protocol;

/// A machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    pub cores: usize,
    pub protocol: Protocol,
    pub line_bytes: u64,
    /// The unit of values and of true sharing.
    pub word_bytes: u64,
    /// Private levels first, outward; then the shared ones.
    pub levels: Vec<LevelSpec>,
    pub l1i: Option<LevelSpec>,
    pub bus: BusSpec,
    pub memory_latency: u64,
    /// Entries of each core's write buffer.
    pub write_buffer: usize,
    pub rules: Rules,
}

/// One level of caches (of every core where it is private).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelSpec {
    pub shared: bool,
    pub size_bytes: u64,
    /// `None`: fully associative.
    pub ways: Option<u32>,
    pub replacement: Replacement,
    pub write: WritePolicy,
    /// Does it include the levels inside it? (Means nothing at the first level.)
    pub inclusive: bool,
    pub latency: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replacement {
    Lru,
    TreePlru,
    Fifo,
    Srrip,
    /// Ways drawn by `SplitMix64`: the high half of number x ways. A cache of core n starts from
    /// the seed plus n, a shared one from the seed.
    Random(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WritePolicy {
    WriteBack,
    WriteThrough { allocate: bool },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusSpec {
    pub request: u64,
    /// Bytes a beat.
    pub width: u64,
    pub beat: u64,
    pub cache_to_cache: u64,
    pub pipelined: bool,
}

/// The house rules.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is one rule")]
pub struct Rules {
    pub write_to_shared_read_exclusive: bool,
    pub clean_supply: CleanSupply,
    pub invalidating_flush_updates_memory: bool,
    pub exclusive_on_sole_read: bool,
    /// `false`: fill first.
    pub victim_first: bool,
    pub drain_at_end: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CleanSupply {
    Memory,
    ExclusiveOnly,
    AnyHolder,
}

impl Rules {
    /// The profile `textbook`.
    pub fn textbook() -> Rules {
        Rules {
            write_to_shared_read_exclusive: false,
            clean_supply: CleanSupply::Memory,
            invalidating_flush_updates_memory: true,
            exclusive_on_sole_read: true,
            victim_first: true,
            drain_at_end: false,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Read,
    Write,
    /// Read-modify-write.
    Atomic,
    Fetch,
    /// Write back, keep.
    Clean,
    /// Write back, drop.
    Flush,
    /// `Flush` of every line in every cache; the address means nothing.
    FlushAll,
    /// So many cycles without memory; the address means nothing.
    Compute(u64),
}

/// One record of the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    pub core: usize,
    pub op: Op,
    pub addr: u64,
    pub size: u64,
}

impl LevelSpec {
    pub fn lines(&self, line_bytes: u64) -> usize {
        (self.size_bytes / line_bytes) as usize
    }

    pub fn way_count(&self, line_bytes: u64) -> usize {
        match self.ways {
            Some(ways) => ways as usize,
            None => self.lines(line_bytes),
        }
    }

    pub fn set_count(&self, line_bytes: u64) -> usize {
        self.lines(line_bytes) / self.way_count(line_bytes)
    }

    pub fn is_write_back(&self) -> bool {
        self.write == WritePolicy::WriteBack
    }
}

impl Spec {
    pub fn private_levels(&self) -> impl Iterator<Item = &LevelSpec> {
        self.levels.iter().filter(|level| !level.shared)
    }

    /// The first private level that can keep what levels inside it wrote through.
    pub fn level_outside_write_through(&self) -> Option<usize> {
        let keeps = |&i: &usize| !self.levels[i].shared && self.levels[i].is_write_back();
        (0..self.levels.len()).find(keeps).filter(|&i| i > 0)
    }

    pub fn shared_levels(&self) -> impl Iterator<Item = &LevelSpec> {
        self.levels.iter().filter(|level| level.shared)
    }

    /// Is this a machine that can be built?
    pub fn validate(&self) -> Result<(), String> {
        let fail = |what: &str| Err(what.to_string());
        if !(1..=64).contains(&self.cores) {
            return fail("1 to 64 cores");
        }
        if !self.line_bytes.is_power_of_two() || !self.word_bytes.is_power_of_two() {
            return fail("line and word are powers of two");
        }
        if self.word_bytes > self.line_bytes {
            return fail("a word fits in a line");
        }
        if self.levels.is_empty() || self.levels[0].shared {
            return fail("the first level is private");
        }
        if self.levels.windows(2).any(|pair| pair[0].shared && !pair[1].shared) {
            return fail("private levels come before shared ones");
        }
        if self.bus.width == 0 {
            return fail("the bus has a width");
        }
        // A dirty line must have somewhere to go that can hold it dirty. The contract says so of
        // private write-back levels; a shared write-back level inside a shared write-through one
        // has no meaning there either, so this model takes it for an error too.
        if self.levels.windows(2).any(|pair| pair[0].is_write_back() && !pair[1].is_write_back()) {
            return fail("a write-back level inside a write-through one");
        }
        if !self.rules.victim_first && self.levels.iter().skip(1).any(|level| level.inclusive) {
            return fail("fill first with an inclusive level below the first");
        }
        let no_allocate = WritePolicy::WriteThrough { allocate: false };
        if self.protocol == Protocol::Dragon
            && self.private_levels().all(|level| level.write == no_allocate)
        {
            return fail("a store that updates the others, and that no level takes");
        }
        // The core that answers for a line from now on must be able to keep it dirty. A copy in a
        // write-through level alone cannot.
        let keeper = self.level_outside_write_through();
        if self.protocol.hands_over() && keeper.is_some_and(|i| !self.levels[i].inclusive) {
            return fail("a dirty line that is handed over to a write-through level");
        }
        for level in self.levels.iter().chain(&self.l1i) {
            let lines = level.lines(self.line_bytes);
            let ways = level.way_count(self.line_bytes);
            if lines == 0 || ways == 0 || lines % ways != 0 {
                return fail("a level has whole sets");
            }
            if !(lines / ways).is_power_of_two() {
                return fail("the number of sets is a power of two");
            }
            if level.replacement == Replacement::TreePlru && !ways.is_power_of_two() {
                return fail("a tree needs a power of two of ways");
            }
        }
        Ok(())
    }
}
