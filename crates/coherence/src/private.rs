//! One core's caches: the levels outward, an optional L1I, the core's clock and write buffer.

use cache::{GeometryError, LineAddr, LineStore, Replacement, Slot};

use crate::counters::{CoreCounters, LevelCounters, Transitions};
use crate::reference::CoreId;
use crate::spec::{Inclusion, LevelSpec, MachineSpec, WritePolicy};
use crate::step::State;

/// One cache with its lines and, in a core, the state of each.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    pub(crate) store: LineStore,
    /// The core's state for the line in each slot: a copy of the one state that the core has for
    /// the line, so that a hit needs to look nowhere else.
    pub(crate) states: Vec<State>,
    pub(crate) latency: u64,
    pub(crate) write: WritePolicy,
    pub(crate) inclusive: bool,
    pub(crate) counters: LevelCounters,
}

impl Cache {
    /// Builds the cache of a level; `unit` sets apart the random sequences of a level's caches.
    pub(crate) fn new(spec: &LevelSpec, unit: u32) -> Result<Self, GeometryError> {
        let replacement = match spec.replacement {
            Replacement::Random(seed) => Replacement::Random(seed.wrapping_add(u64::from(unit))),
            other => other,
        };
        Ok(Self {
            store: LineStore::new(&spec.geometry, replacement)?,
            states: vec![State::INVALID; spec.geometry.lines() as usize],
            latency: spec.latency,
            write: spec.write,
            inclusive: spec.inclusion == Inclusion::Inclusive,
            counters: LevelCounters::default(),
        })
    }

    /// Returns the state of a line that is here.
    pub(crate) fn state(&self, line: LineAddr) -> Option<State> {
        self.store.find(line).map(|slot| self.states[slot.index()])
    }
}

/// A core.
#[derive(Clone, Debug)]
pub(crate) struct Core {
    /// The levels outward, then the L1I if there is one.
    pub(crate) caches: Vec<Cache>,
    /// How many of the caches are levels.
    pub(crate) levels: usize,
    /// The caches to ask whether the core holds a line, and no more: from the outermost level
    /// inward, up to one that includes all further ones.
    consulted: Vec<usize>,
    pub(crate) clock: u64,
    pub(crate) write_buffer: WriteBuffer,
    pub(crate) counters: CoreCounters,
    pub(crate) transitions: Transitions,
}

/// The levels inside level `level`, innermost first: what an inclusive level includes.
pub(crate) fn inside(core: &Core, level: usize) -> impl Iterator<Item = usize> + use<> {
    let instructions = if level > 0 { core.instruction_cache() } else { None };
    (0..level).chain(instructions)
}

impl Core {
    pub(crate) fn new(spec: &MachineSpec, number: CoreId) -> Result<Self, GeometryError> {
        let specs = spec.private.iter().chain(&spec.l1i);
        let mut caches: Vec<_> = specs.map(|s| Cache::new(s, number)).collect::<Result<_, _>>()?;
        let levels = spec.private.len();
        // The first-level caches have nothing inside them to include.
        caches[0].inclusive = false;
        for l1i in &mut caches[levels..] {
            l1i.inclusive = false;
        }
        let covering = (1..levels).rev().find(|level| caches[*level].inclusive);
        let instructions = (caches.len() > levels && covering.is_none()).then_some(levels);
        let innermost = covering.unwrap_or(0);
        Ok(Self {
            caches,
            levels,
            consulted: (innermost..levels).rev().chain(instructions).collect(),
            clock: 0,
            write_buffer: WriteBuffer::new(spec.write_buffer),
            counters: CoreCounters::default(),
            transitions: Transitions::default(),
        })
    }

    /// Returns the index of the L1I among the caches, if there is one.
    #[inline]
    pub(crate) fn instruction_cache(&self) -> Option<usize> {
        (self.caches.len() > self.levels).then_some(self.levels)
    }

    /// Tells whether a cache's victims and misses meet the bus next.
    pub(crate) fn is_outermost(&self, cache: usize) -> bool {
        cache + 1 == self.levels || (self.levels == 1 && cache == 1)
    }

    /// Returns the level that a cache's victims and misses meet next; only of an inner one.
    pub(crate) fn next_outward(&self, cache: usize) -> usize {
        debug_assert!(!self.is_outermost(cache));
        if cache == self.levels { 1 } else { cache + 1 }
    }

    /// Returns the core's state for a line.
    pub(crate) fn state(&self, line: LineAddr) -> State {
        self.consulted
            .iter()
            .find_map(|cache| self.caches[*cache].state(line))
            .unwrap_or(State::INVALID)
    }

    /// Sets the core's state for a line in every copy.
    pub(crate) fn set_state(&mut self, line: LineAddr, state: State) {
        for cache in &mut self.caches {
            if let Some(slot) = cache.store.find(line) {
                cache.states[slot.index()] = state;
            }
        }
    }

    /// Returns the innermost copy of a line that is dirty.
    pub(crate) fn innermost_dirty(&self, line: LineAddr) -> Option<(usize, Slot)> {
        self.copies(line).find(|(cache, slot)| self.caches[*cache].store.is_dirty(*slot))
    }

    /// Returns all copies of a line, innermost level first, the L1I's last.
    pub(crate) fn copies(&self, line: LineAddr) -> impl Iterator<Item = (usize, Slot)> + '_ {
        let caches = self.caches.iter().enumerate();
        caches.filter_map(move |(i, cache)| cache.store.find(line).map(|slot| (i, slot)))
    }

    /// Returns how many dirty bits are set in all caches.
    pub(crate) fn dirty_count(&self) -> u64 {
        self.caches.iter().map(|cache| cache.store.dirty_count()).sum()
    }
}

/// The entries in which dirty victims and stores sent through wait on their way.
#[derive(Clone, Debug)]
pub(crate) struct WriteBuffer {
    /// When each entry is free.
    free_at: Vec<u64>,
}

impl WriteBuffer {
    fn new(entries: u32) -> Self {
        Self { free_at: vec![0; entries as usize] }
    }

    /// Takes an entry at `now` or when the first is free; returns when that was.
    ///
    /// `hold` is told the moment and answers when the entry will be free again. Without entries the
    /// core waits for that.
    pub(crate) fn take(&mut self, now: u64, hold: impl FnOnce(u64) -> u64) -> u64 {
        let Some(entry) = self.free_at.iter_mut().min() else {
            return hold(now);
        };
        let taken = now.max(*entry);
        *entry = hold(taken);
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_write_buffer_makes_the_core_wait_for_the_earliest_entry() {
        let mut buffer = WriteBuffer::new(2);
        assert_eq!(buffer.take(10, |now| now + 100), 10);
        assert_eq!(buffer.take(20, |now| now + 100), 20);
        assert_eq!(buffer.take(30, |now| now + 100), 110);
    }

    #[test]
    fn without_entries_the_core_waits_for_the_whole_way() {
        assert_eq!(WriteBuffer::new(0).take(10, |now| now + 100), 110);
    }
}
