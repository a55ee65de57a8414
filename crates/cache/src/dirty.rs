//! Dirty bits: one a slot.

use bitvec::vec::BitVec;

use crate::addr::Slot;

/// Which slots hold data that the next level outward does not have yet.
#[derive(Clone, Debug)]
pub(crate) struct DirtyBits {
    bits: BitVec<u64>,
}

impl DirtyBits {
    pub(crate) fn new(slots: u32) -> Self {
        Self { bits: BitVec::repeat(false, slots as usize) }
    }

    #[inline]
    pub(crate) fn get(&self, slot: Slot) -> bool {
        self.bits[slot.index()]
    }

    #[inline]
    pub(crate) fn set(&mut self, slot: Slot, dirty: bool) {
        self.bits.set(slot.index(), dirty);
    }

    pub(crate) fn count(&self) -> u64 {
        self.bits.count_ones() as u64
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Slot> + '_ {
        self.bits.iter_ones().map(|index| Slot(index as u32))
    }
}
