//! First in, first out.

use super::recency::Recency;
use crate::addr::Way;
use crate::geometry::Geometry;

/// Only a fill moves a line; uses leave the order alone.
#[derive(Clone, Debug)]
pub(super) struct Fifo {
    arrivals: Recency,
}

impl Fifo {
    pub(super) fn new(geometry: &Geometry) -> Self {
        Self { arrivals: Recency::new(geometry) }
    }

    pub(super) fn fill(&mut self, set: u32, way: Way) {
        self.arrivals.move_to_front(set, way);
    }

    pub(super) fn victim(&self, set: u32) -> Way {
        self.arrivals.last(set)
    }

    /// Returns the place of a way in the order of arrivals, the last to come first.
    pub(super) fn rank(&self, set: u32, way: Way) -> Option<u32> {
        self.arrivals.rank(set, way)
    }
}
