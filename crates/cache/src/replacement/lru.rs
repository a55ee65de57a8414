//! Exact least recently used.

use super::recency::Recency;
use crate::addr::Way;
use crate::geometry::Geometry;

/// Every use and every fill makes a line the most recent; the last in the order leaves.
#[derive(Clone, Debug)]
pub(super) struct Lru {
    recency: Recency,
}

impl Lru {
    pub(super) fn new(geometry: &Geometry) -> Self {
        Self { recency: Recency::new(geometry) }
    }

    #[inline]
    pub(super) fn touch(&mut self, set: u32, way: Way) {
        self.recency.move_to_front(set, way);
    }

    #[inline]
    pub(super) fn victim(&self, set: u32) -> Way {
        self.recency.last(set)
    }

    /// Returns the place of a way in the order of uses.
    pub(super) fn rank(&self, set: u32, way: Way) -> Option<u32> {
        self.recency.rank(set, way)
    }
}
