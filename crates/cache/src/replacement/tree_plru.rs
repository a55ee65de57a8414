//! Pseudo-LRU by a binary tree of bits.

use bitvec::vec::BitVec;

use crate::addr::Way;
use crate::geometry::Geometry;

/// `ways - 1` bits a set, as a heap: node 1 is the root, node `n` has the children `2n` and
/// `2n + 1`. A bit of 0 points left, to the lower ways; each points away from the last use below.
#[derive(Clone, Debug)]
pub(super) struct TreePlru {
    ways: usize,
    bits: BitVec<u64>,
}

impl TreePlru {
    pub(super) fn new(geometry: &Geometry) -> Self {
        Self {
            ways: geometry.ways() as usize,
            bits: BitVec::repeat(false, geometry.lines() as usize),
        }
    }

    /// Walks from the way's leaf to the root and turns every bit away from where it came.
    pub(super) fn touch(&mut self, set: u32, way: Way) {
        let base = set as usize * self.ways;
        let mut node = self.ways + way.0 as usize;
        while node > 1 {
            let came_from_left = node.is_multiple_of(2);
            node /= 2;
            self.bits.set(base + node, came_from_left);
        }
    }

    /// Follows the bits from the root to a leaf.
    pub(super) fn victim(&self, set: u32) -> Way {
        let base = set as usize * self.ways;
        let mut node = 1;
        while node < self.ways {
            node = 2 * node + usize::from(self.bits[base + node]);
        }
        Way((node - self.ways) as u32)
    }
}
