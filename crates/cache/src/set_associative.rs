//! A set-associative index: a line lies in one of the ways of its set.

use crate::addr::{LineAddr, Slot};
use crate::fingerprints::Fingerprints;
use crate::geometry::Geometry;

/// Which line lies in which slot, for a cache that compares the tags of a set.
///
/// `tags` holds `line + 1`, and 0 where nothing lies: a fresh store is all zeros, which the
/// allocator hands out without touching it, and one compare finds only valid lines.
#[derive(Clone, Debug)]
pub struct SetAssociative {
    geometry: Geometry,
    tags: Vec<u64>,
    fingerprints: Fingerprints,
}

impl SetAssociative {
    /// Makes an empty index of that shape.
    pub fn new(geometry: &Geometry) -> Self {
        Self {
            geometry: *geometry,
            tags: vec![0; geometry.lines() as usize],
            fingerprints: Fingerprints::new(geometry.sets(), geometry.ways()),
        }
    }

    /// Returns the slot of a line that is here.
    #[inline]
    pub fn find(&self, line: LineAddr) -> Option<Slot> {
        let set = self.set(line);
        let first = set * self.ways();
        let tag = line.0 + 1;
        let way = self.fingerprints.find(set, line, |way| self.tags[first + way] == tag);
        way.map(|way| Slot((first + way) as u32))
    }

    /// Returns the lowest invalid way of the line's set, if there is one.
    #[inline]
    pub fn vacant(&self, line: LineAddr) -> Option<Slot> {
        let set = self.set(line);
        let way = self.fingerprints.vacant(set);
        way.map(|way| Slot((set * self.ways() + way) as u32))
    }

    /// Returns the line in a slot, if one lies there.
    #[inline]
    pub fn line(&self, slot: Slot) -> Option<LineAddr> {
        self.tags[slot.index()].checked_sub(1).map(LineAddr)
    }

    /// Puts a line in an empty slot of its set.
    #[inline]
    pub fn place(&mut self, slot: Slot, line: LineAddr) {
        debug_assert_eq!(self.tags[slot.index()], 0, "{slot:?} is taken");
        self.overwrite(slot, line);
    }

    /// Puts a line in a taken slot of its set.
    #[inline]
    pub(crate) fn overwrite(&mut self, slot: Slot, line: LineAddr) {
        let set = self.set(line);
        debug_assert_eq!(slot.index() / self.ways(), set);
        self.tags[slot.index()] = line.0 + 1;
        self.fingerprints.place(set, slot.index() - set * self.ways(), line);
    }

    /// Empties a slot.
    #[inline]
    pub fn remove(&mut self, slot: Slot) {
        let line = self.line(slot).expect("only a taken slot is emptied");
        let set = self.set(line);
        self.tags[slot.index()] = 0;
        self.fingerprints.remove(set, slot.index() - set * self.ways());
    }

    /// Returns the taken slots in order.
    pub fn slots(&self) -> impl Iterator<Item = Slot> + '_ {
        let taken = self.tags.iter().enumerate().filter(|(_, tag)| **tag != 0);
        taken.map(|(index, _)| Slot(index as u32))
    }

    #[inline]
    fn set(&self, line: LineAddr) -> usize {
        self.geometry.set(line).0 as usize
    }

    #[inline]
    fn ways(&self) -> usize {
        self.geometry.ways() as usize
    }
}
