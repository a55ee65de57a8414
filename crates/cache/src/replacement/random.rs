//! A victim drawn by a seeded generator.

use crate::addr::Way;

/// The generator is splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators", OOPSLA 2014): one addition and two multiplications a number, any seed.
#[derive(Clone, Debug)]
pub(super) struct Random {
    state: u64,
}

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Draws a way: the high half of `number x ways` is uniform over the ways.
    pub(super) fn victim(&mut self, ways: u32) -> Way {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        Way(((u128::from(z) * u128::from(ways)) >> 64) as u32)
    }
}
