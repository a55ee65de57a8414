//! A fully associative index: a line lies anywhere and is found through a hash.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use crate::addr::{LineAddr, Slot};
use crate::geometry::Geometry;

/// Which line lies in which slot, for a cache of one set and up to millions of ways.
///
/// Every call takes the same time whatever the size (a logarithm for emptied slots).
#[derive(Clone, Debug)]
pub struct FullyAssociative {
    slots: FxHashMap<LineAddr, Slot>,
    /// `line + 1`, 0 where nothing lies.
    tags: Vec<u64>,
    /// Slots from here on were never taken.
    fresh: u32,
    /// Slots below `fresh` that were emptied.
    emptied: BTreeSet<Slot>,
}

impl FullyAssociative {
    /// Makes an empty index of that shape.
    pub fn new(geometry: &Geometry) -> Self {
        Self {
            slots: FxHashMap::default(),
            tags: vec![0; geometry.lines() as usize],
            fresh: 0,
            emptied: BTreeSet::new(),
        }
    }

    /// Returns the slot of a line that is here.
    #[inline(never)]
    pub fn find(&self, line: LineAddr) -> Option<Slot> {
        self.slots.get(&line).copied()
    }

    /// Returns the lowest empty slot, if there is one.
    pub fn vacant(&self) -> Option<Slot> {
        let fresh = ((self.fresh as usize) < self.tags.len()).then_some(Slot(self.fresh));
        self.emptied.first().copied().or(fresh)
    }

    /// Returns the line in a slot, if one lies there.
    #[inline]
    pub fn line(&self, slot: Slot) -> Option<LineAddr> {
        self.tags[slot.index()].checked_sub(1).map(LineAddr)
    }

    /// Puts a line in an empty slot: one that [`FullyAssociative::vacant`] named or that was
    /// emptied.
    pub fn place(&mut self, slot: Slot, line: LineAddr) {
        debug_assert_eq!(self.tags[slot.index()], 0, "{slot:?} is taken");
        if slot.0 == self.fresh {
            self.fresh += 1;
        } else {
            self.emptied.remove(&slot);
        }
        self.tags[slot.index()] = line.0 + 1;
        self.slots.insert(line, slot);
    }

    /// Empties a slot.
    pub fn remove(&mut self, slot: Slot) {
        let line = self.line(slot).expect("only a taken slot is emptied");
        self.slots.remove(&line);
        self.tags[slot.index()] = 0;
        self.emptied.insert(slot);
    }

    /// Returns the taken slots in order.
    pub fn slots(&self) -> impl Iterator<Item = Slot> + '_ {
        let used = &self.tags[..self.fresh as usize];
        used.iter().enumerate().filter(|(_, tag)| **tag != 0).map(|(i, _)| Slot(i as u32))
    }
}
