//! Where a core's copies of one line are.

use cache::{LINES_MAX, LineAddr, Slot};

use crate::private::Core;
use crate::spec::LEVELS_MAX;
use crate::step::State;

/// A core's caches at most: its levels and the L1I.
const CACHES_MAX: usize = LEVELS_MAX + 1;

/// The slot of a line in each of a core's caches: looked for once, used by all that a transaction
/// does to the line there. It holds until one of the copies comes or goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Copies {
    slots: [Slot; CACHES_MAX],
    /// How many caches the core has; 0 if it has no copy.
    caches: usize,
}

/// The slot of a line that is not there: no cache has so many.
const NOWHERE: Slot = Slot(u32::MAX);
const _: () = assert!(LINES_MAX < u32::MAX as u64);

impl Copies {
    /// Returns each cache with a copy and the copy's slot: the levels outward, then the L1I.
    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, Slot)> + '_ {
        let slots = self.slots[..self.caches].iter().enumerate();
        slots.filter(|(_, slot)| **slot != NOWHERE).map(|(cache, slot)| (cache, *slot))
    }

    /// Returns the innermost copy, an L1I's last.
    #[inline]
    pub(crate) fn innermost(&self) -> Option<(usize, Slot)> {
        self.iter().next()
    }
}

impl Core {
    /// Returns where the core has a line. A cache that has every line of the core is asked first:
    /// most lines that are asked for from outside are nowhere.
    #[inline]
    pub(crate) fn copies(&self, line: LineAddr) -> Copies {
        let mut copies = Copies { slots: [NOWHERE; CACHES_MAX], caches: 0 };
        if let Some(cache) = self.complete {
            let Some(slot) = self.caches[cache].find(line) else { return copies };
            copies.slots[cache] = slot;
        }
        for (cache, slot) in self.caches.iter().zip(&mut copies.slots) {
            if *slot == NOWHERE {
                *slot = cache.find(line).unwrap_or(NOWHERE);
            }
        }
        copies.caches = self.caches.len();
        copies
    }

    /// Returns the core's state for the line of some copies.
    #[inline]
    pub(crate) fn state_of(&self, copies: &Copies) -> State {
        match copies.innermost() {
            Some((cache, slot)) => self.caches[cache].state_in(slot),
            None => State::INVALID,
        }
    }

    /// Returns the innermost of some copies that is dirty.
    #[inline]
    pub(crate) fn innermost_dirty_of(&self, copies: &Copies) -> Option<(usize, Slot)> {
        copies.iter().find(|(cache, slot)| self.caches[*cache].is_dirty(*slot))
    }

    /// Sets the state of all copies of a line.
    #[inline]
    pub(crate) fn set_state(&mut self, copies: &Copies, state: State) {
        for (cache, slot) in copies.iter() {
            self.caches[cache].set_state(slot, state);
        }
    }

    /// Removes copies of a line.
    #[inline]
    pub(crate) fn remove(&mut self, copies: &Copies) {
        for (cache, slot) in copies.iter() {
            self.caches[cache].remove(slot);
        }
    }
}
