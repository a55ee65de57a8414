//! A set-associative index: a line lies in one of the ways of its set.

use bitvec::vec::BitVec;

use crate::addr::{LineAddr, Slot};
use crate::geometry::Geometry;

/// Which line lies in which slot, for a cache that compares all tags of a set.
///
/// `tags` holds `line + 1`, and 0 where nothing lies: a fresh store is all zeros, which the
/// allocator hands out without touching it, and one compare finds only valid lines.
#[derive(Clone, Debug)]
pub struct SetAssociative {
    geometry: Geometry,
    tags: Vec<u64>,
    valid: BitVec<u64>,
}

impl SetAssociative {
    /// Makes an empty index of that shape.
    pub fn new(geometry: &Geometry) -> Self {
        let lines = geometry.lines() as usize;
        Self { geometry: *geometry, tags: vec![0; lines], valid: BitVec::repeat(false, lines) }
    }

    /// Returns the slot of a line that is here.
    #[inline]
    pub fn find(&self, line: LineAddr) -> Option<Slot> {
        let first = self.first_slot(line);
        let ways = self.geometry.ways() as usize;
        let tag = line.0 + 1;
        let set = &self.tags[first..first + ways];
        set.iter().position(|&t| t == tag).map(|way| Slot((first + way) as u32))
    }

    /// Returns the lowest invalid way of the line's set, if there is one.
    pub fn vacant(&self, line: LineAddr) -> Option<Slot> {
        let first = self.first_slot(line);
        let set = &self.valid[first..first + self.geometry.ways() as usize];
        set.first_zero().map(|way| Slot((first + way) as u32))
    }

    /// Returns the line in a slot, if one lies there.
    #[inline]
    pub fn line(&self, slot: Slot) -> Option<LineAddr> {
        self.tags[slot.index()].checked_sub(1).map(LineAddr)
    }

    /// Puts a line in an empty slot of its set.
    pub fn place(&mut self, slot: Slot, line: LineAddr) {
        debug_assert!(!self.valid[slot.index()], "{slot:?} is taken");
        debug_assert_eq!(slot.0 / self.geometry.ways(), self.geometry.set(line).0);
        self.tags[slot.index()] = line.0 + 1;
        self.valid.set(slot.index(), true);
    }

    /// Empties a slot.
    pub fn remove(&mut self, slot: Slot) {
        debug_assert!(self.valid[slot.index()], "{slot:?} is empty");
        self.tags[slot.index()] = 0;
        self.valid.set(slot.index(), false);
    }

    /// Returns the taken slots in order.
    pub fn slots(&self) -> impl Iterator<Item = Slot> + '_ {
        self.valid.iter_ones().map(|index| Slot(index as u32))
    }

    #[inline]
    fn first_slot(&self, line: LineAddr) -> usize {
        self.geometry.set(line).0 as usize * self.geometry.ways() as usize
    }
}
