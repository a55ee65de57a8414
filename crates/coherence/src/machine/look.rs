//! What lies where, for who looks at the machine between two references: nothing changes.

use cache::{LineAddr, SetIndex, Slot};

use super::Machine;
use crate::level::Cache;
use crate::observe::Observer;
use crate::reference::CoreId;
use crate::step::State;

/// One cache of the machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CacheOf {
    /// A core's: the levels outward, then the L1I.
    Core(CoreId, usize),
    /// A shared level, outward.
    Shared(usize),
}

/// What lies in a way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WayLook {
    /// The line.
    pub line: LineAddr,
    /// The core's state for it; without meaning in a shared level.
    pub state: State,
    /// It differs from the next level's.
    pub dirty: bool,
    /// How many lines of the set were used after it (came after it, under FIFO); `None` under a
    /// policy without an exact order, and in a set of more than [`RANKED_WAYS_MAX`] ways.
    pub rank: Option<u32>,
}

/// The most ways of a set whose order is told.
pub const RANKED_WAYS_MAX: u32 = 256;

impl<O: Observer> Machine<O> {
    /// Returns every cache: core by core, then the shared levels.
    pub fn all_caches(&self) -> Vec<CacheOf> {
        let of_core = |core: usize| {
            let caches = 0..self.cores[core].caches.len();
            caches.map(move |cache| CacheOf::Core(core as CoreId, cache))
        };
        let shared = (0..self.shared.len()).map(CacheOf::Shared);
        (0..self.cores.len()).flat_map(of_core).chain(shared).collect()
    }

    /// Returns the set of a cache in which a line lies if it is there.
    pub fn set_of(&self, cache: CacheOf, line: LineAddr) -> u32 {
        self.cache(cache).geometry().set(line).0
    }

    /// Returns the sets of a cache in which something lies, in order.
    pub fn sets_in_use(&self, cache: CacheOf) -> Vec<u32> {
        let cache = self.cache(cache);
        let mut sets: Vec<_> =
            cache.lines().into_iter().map(|line| cache.geometry().set(line).0).collect();
        sets.sort_unstable();
        sets.dedup();
        sets
    }

    /// Returns the ways of a set, `None` where nothing lies.
    pub fn ways_of(&self, cache: CacheOf, set: u32) -> Vec<Option<WayLook>> {
        let cache = self.cache(cache);
        let geometry = cache.geometry();
        let (ways, first) = (geometry.ways(), set * geometry.ways());
        debug_assert!(geometry.set_of(Slot(first)) == SetIndex(set));
        let look = |way| {
            let slot = Slot(first + way);
            let line = cache.look(slot)?;
            let ranked = ways <= RANKED_WAYS_MAX;
            let rank = if ranked { cache.rank(slot) } else { None };
            Some(WayLook { line, state: cache.state_in(slot), dirty: cache.is_dirty(slot), rank })
        };
        let mut found: Vec<Option<WayLook>> = (0..ways).map(look).collect();
        // The order has empty ways in it, which nobody asks for.
        let ranks: Vec<_> = found.iter().flatten().filter_map(|way| way.rank).collect();
        for way in found.iter_mut().flatten() {
            way.rank = way.rank.map(|own| ranks.iter().filter(|rank| **rank < own).count() as u32);
        }
        found
    }

    fn cache(&self, cache: CacheOf) -> &Cache {
        match cache {
            CacheOf::Core(core, cache) => &self.cores[core as usize].caches[cache],
            CacheOf::Shared(level) => &self.shared[level],
        }
    }
}
