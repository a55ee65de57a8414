//! One core's caches: the levels outward, an optional L1I, the core's clock and write buffer.

use cache::{GeometryError, LineAddr, Slot};

use crate::counters::{CoreCounters, Transitions};
use crate::level::{Cache, Rights};
use crate::reference::{CoreId, Op};
use crate::rules::Silent;
use crate::spec::{MachineSpec, WritePolicy};
use crate::step::State;

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
    /// The outermost level that includes all caches inside it, if one does.
    covering: Option<usize>,
    /// The cache that has every line of the core, if one is sure to.
    pub(crate) complete: Option<usize>,
    /// The second level can bring a line into the first by itself: see `refill`.
    pub(crate) refills: bool,
    /// These two are all caches of the core: see `two_levels`.
    pub(crate) two_levels: bool,
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
    pub(crate) fn new(
        spec: &MachineSpec,
        number: CoreId,
        silent: Silent,
    ) -> Result<Self, GeometryError> {
        // A store drops the core's own L1I copy: none is silent where there is an L1I.
        let stores = if spec.l1i.is_some() { 0 } else { silent.stores };
        let silent = Silent { stores, ..silent };
        let caches = spec.private.iter().chain(&spec.l1i).map(|s| Cache::new(s, number, silent));
        let mut caches: Vec<_> = caches.collect::<Result<_, _>>()?;
        let levels = spec.private.len();
        // The first-level caches have nothing inside them to include.
        let (data, outer) = caches.split_at_mut(1);
        for first in data.iter_mut().chain(&mut outer[levels - 1..]) {
            first.inclusive = false;
            first.remember_uses();
        }
        let covering = (1..levels).rev().find(|level| caches[*level].inclusive);
        let refills = caches.len() == levels
            && levels > 1
            && caches[1].inclusive
            && caches[..2].iter().all(|cache| cache.write == WritePolicy::WriteBack);
        let instructions = (caches.len() > levels && covering.is_none()).then_some(levels);
        let innermost = covering.unwrap_or(0);
        let complete = if caches.len() == 1 { Some(0) } else { covering };
        let complete = complete.filter(|cache| cache + 1 == levels);
        Ok(Self {
            caches,
            levels,
            consulted: (innermost..levels).rev().chain(instructions).collect(),
            covering,
            complete,
            refills,
            two_levels: refills && levels == 2,
            clock: 0,
            write_buffer: WriteBuffer::new(spec.write_buffer),
            counters: CoreCounters::default(),
            transitions: Transitions::default(),
        })
    }

    /// Returns the index of the cache that an access asks first, and what may be silent there.
    #[inline]
    pub(crate) fn first_level(&self, op: Op) -> (usize, Rights) {
        match self.instruction_cache() {
            None => (0, Rights::UNIFIED),
            Some(cache) if op == Op::Fetch => (cache, Rights::INSTRUCTIONS),
            Some(_) => (0, Rights::DATA),
        }
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

    /// Tells whether a level further out has every line of a cache.
    #[inline]
    pub(crate) fn is_covered(&self, cache: usize) -> bool {
        self.covering.is_some_and(|level| cache < level || cache == self.levels)
    }

    /// Tells whether a cache is sure to have every line of the core.
    #[inline]
    pub(crate) fn has_all(&self, cache: usize) -> bool {
        self.complete == Some(cache)
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

    /// Returns the innermost copy of a line that is dirty.
    pub(crate) fn innermost_dirty(&self, line: LineAddr) -> Option<(usize, Slot)> {
        self.innermost_dirty_of(&self.copies(line))
    }

    /// Returns the lines of all caches; a line that several have comes several times.
    pub(crate) fn lines(&self) -> impl Iterator<Item = LineAddr> + '_ {
        self.caches.iter().flat_map(Cache::lines)
    }

    /// Returns how many dirty bits are set in all caches.
    pub(crate) fn dirty_count(&self) -> u64 {
        self.caches.iter().map(Cache::dirty_count).sum()
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
