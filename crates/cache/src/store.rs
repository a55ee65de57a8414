//! One cache: an index, the dirty bits, and the order in which lines are replaced.

use crate::addr::{LineAddr, Slot};
use crate::dirty::DirtyBits;
use crate::fully_associative::FullyAssociative;
use crate::geometry::{Geometry, GeometryError};
use crate::replacement::{Order, Replacement};
use crate::set_associative::SetAssociative;

/// Where a line that is not here would go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Choice {
    /// An empty slot: the lowest of the set.
    Vacant(Slot),
    /// The set is full; the policy gives up the line in this slot.
    Victim(Slot),
}

/// The lines of one cache, valid and dirty, in the order of a replacement policy.
#[derive(Clone, Debug)]
pub struct LineStore {
    index: Index,
    order: Order,
    dirty: DirtyBits,
    /// How many lines are here, of how many that fit.
    held: u64,
    lines: u64,
}

#[derive(Clone, Debug)]
enum Index {
    Sets(SetAssociative),
    Hash(FullyAssociative),
}

impl LineStore {
    /// Makes an empty cache of a shape and a policy that go together.
    pub fn new(geometry: &Geometry, replacement: Replacement) -> Result<Self, GeometryError> {
        let index = if geometry.is_full() {
            Index::Hash(FullyAssociative::new(geometry))
        } else {
            Index::Sets(SetAssociative::new(geometry))
        };
        let order = Order::new(replacement, geometry)?;
        let lines = geometry.lines();
        let dirty = DirtyBits::new(lines);
        Ok(Self { index, order, dirty, held: 0, lines: u64::from(lines) })
    }

    /// Returns the slot of a line that is here; changes nothing.
    #[inline]
    pub fn find(&self, line: LineAddr) -> Option<Slot> {
        match &self.index {
            Index::Sets(sets) => sets.find(line),
            Index::Hash(hash) => hash.find(line),
        }
    }

    /// Makes the line in a slot the most recently used, as the policy understands it.
    #[inline]
    pub fn touch(&mut self, slot: Slot) {
        self.order.touch(slot);
    }

    /// Returns where a line would go: an invalid way first, else the policy's victim.
    ///
    /// The policy may age its lines or draw a number for it, so that two calls may differ.
    #[inline]
    pub fn choose(&mut self, line: LineAddr) -> Choice {
        // A store that is full has no set to be searched.
        if self.held < self.lines
            && let Some(slot) = self.vacant(line)
        {
            return Choice::Vacant(slot);
        }
        Choice::Victim(self.order.victim(line))
    }

    fn vacant(&self, line: LineAddr) -> Option<Slot> {
        match &self.index {
            Index::Sets(sets) => sets.vacant(line),
            Index::Hash(hash) => hash.vacant(),
        }
    }

    /// Puts a line in an empty slot, clean and most recently used.
    #[inline]
    pub fn place(&mut self, slot: Slot, line: LineAddr) {
        debug_assert!(!self.dirty.get(slot), "an empty slot has no dirty bit");
        match &mut self.index {
            Index::Sets(sets) => sets.place(slot, line),
            Index::Hash(hash) => hash.place(slot, line),
        }
        self.held += 1;
        self.order.fill(slot);
    }

    /// Puts a line where another was, which is clean; the new one is most recently used.
    #[inline]
    pub fn overwrite(&mut self, slot: Slot, line: LineAddr) {
        debug_assert!(!self.dirty.get(slot), "the line before is clean");
        match &mut self.index {
            Index::Sets(sets) => sets.overwrite(slot, line),
            Index::Hash(hash) => {
                hash.remove(slot);
                hash.place(slot, line);
            }
        }
        self.order.fill(slot);
    }

    /// Empties a slot, whose line is clean.
    #[inline]
    pub fn remove(&mut self, slot: Slot) {
        debug_assert!(!self.dirty.get(slot), "the line is clean");
        match &mut self.index {
            Index::Sets(sets) => sets.remove(slot),
            Index::Hash(hash) => hash.remove(slot),
        }
        self.held -= 1;
    }

    /// Returns the line in a taken slot.
    ///
    /// # Panics
    /// If the slot is empty.
    #[inline]
    pub fn line(&self, slot: Slot) -> LineAddr {
        let line = match &self.index {
            Index::Sets(sets) => sets.line(slot),
            Index::Hash(hash) => hash.line(slot),
        };
        line.expect("the slot is taken")
    }

    /// Returns the line in a slot, if one lies there.
    pub fn look(&self, slot: Slot) -> Option<LineAddr> {
        match &self.index {
            Index::Sets(sets) => sets.line(slot),
            Index::Hash(hash) => hash.line(slot),
        }
    }

    /// Returns how many lines of its set come before the one in a taken slot in the order of their
    /// uses (of their arrivals under FIFO); `None` under a policy that keeps no such order.
    pub fn rank(&self, slot: Slot) -> Option<u32> {
        self.order.rank(slot)
    }

    /// Tells whether the line in a slot differs from the next level's.
    #[inline]
    pub fn is_dirty(&self, slot: Slot) -> bool {
        self.dirty.get(slot)
    }

    /// Sets or clears the dirty bit of a slot.
    #[inline]
    pub fn set_dirty(&mut self, slot: Slot, dirty: bool) {
        self.dirty.set(slot, dirty);
    }

    /// Returns how many lines are here.
    pub const fn held(&self) -> u64 {
        self.held
    }

    /// Returns how many lines are dirty.
    pub fn dirty_count(&self) -> u64 {
        self.dirty.count()
    }

    /// Returns the dirty lines in the order of their addresses.
    pub fn dirty_lines(&self) -> Vec<LineAddr> {
        let mut lines: Vec<_> = self.dirty.iter().map(|slot| self.line(slot)).collect();
        lines.sort_unstable();
        lines
    }

    /// Returns all lines in the order of their addresses.
    pub fn lines(&self) -> Vec<LineAddr> {
        let mut lines: Vec<_> = match &self.index {
            Index::Sets(sets) => sets.slots().map(|slot| self.line(slot)).collect(),
            Index::Hash(hash) => hash.slots().map(|slot| self.line(slot)).collect(),
        };
        lines.sort_unstable();
        lines
    }
}
