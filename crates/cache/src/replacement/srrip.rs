//! Static re-reference interval prediction.

use crate::addr::{Slot, Way};
use crate::geometry::Geometry;

/// Two bits a line (Jaleel et al., "High performance cache replacement using re-reference interval
/// prediction", ISCA 2010; the hit-priority variant): a fill predicts a long interval, a use an
/// immediate one, and a line with a distant prediction leaves.
#[derive(Clone, Debug)]
pub(super) struct Srrip {
    ways: usize,
    predictions: Vec<u8>,
}

const IMMEDIATE: u8 = 0;
const LONG: u8 = 2;
const DISTANT: u8 = 3;

impl Srrip {
    pub(super) fn new(geometry: &Geometry) -> Self {
        Self {
            ways: geometry.ways() as usize,
            predictions: vec![IMMEDIATE; geometry.lines() as usize],
        }
    }

    #[inline]
    pub(super) fn touch(&mut self, slot: Slot) {
        self.predictions[slot.index()] = IMMEDIATE;
    }

    pub(super) fn fill(&mut self, slot: Slot) {
        self.predictions[slot.index()] = LONG;
    }

    /// Ages the whole set until a line is distant; the lowest such way leaves.
    pub(super) fn victim(&mut self, set: u32) -> Way {
        let first = set as usize * self.ways;
        let set = &mut self.predictions[first..first + self.ways];
        let oldest = set.iter().copied().max().unwrap_or(DISTANT);
        for prediction in &mut *set {
            *prediction += DISTANT - oldest;
        }
        let way = set.iter().position(|p| *p == DISTANT).expect("the oldest line is distant now");
        Way(way as u32)
    }
}
