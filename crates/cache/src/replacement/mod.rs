//! Who leaves a full set: one file a policy.

mod fifo;
mod lru;
mod random;
mod recency;
mod srrip;
mod tree_plru;

use crate::addr::{LineAddr, SetIndex, Slot, Way};
use crate::geometry::{Geometry, GeometryError, SCANNED_WAYS_MAX};

/// A replacement policy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Replacement {
    /// The least recently used line leaves: exact, for any number of ways.
    Lru,
    /// A binary tree of bits a set, each pointing away from the last use below it.
    TreePlru,
    /// The line that came first leaves, used or not.
    Fifo,
    /// A way drawn by a generator that starts from this seed.
    Random(u64),
    /// Static re-reference interval prediction with two bits a line.
    Srrip,
}

impl Replacement {
    /// One of each policy.
    pub const ALL: &[Self] = &[Self::Lru, Self::TreePlru, Self::Fifo, Self::Random(0), Self::Srrip];

    /// Checks that the policy goes with a shape.
    pub fn check(self, geometry: &Geometry) -> Result<(), GeometryError> {
        let ways = u64::from(geometry.ways());
        match self {
            Self::TreePlru if !ways.is_power_of_two() => {
                Err(GeometryError::TreeWaysNotPowerOfTwo { ways })
            }
            Self::Srrip if ways > SCANNED_WAYS_MAX => {
                Err(GeometryError::TooManyWaysForSrrip { ways })
            }
            Self::Lru | Self::TreePlru | Self::Fifo | Self::Random(_) | Self::Srrip => Ok(()),
        }
    }
}

/// The order of the lines of one cache under its policy.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    geometry: Geometry,
    policy: Policy,
}

#[derive(Clone, Debug)]
enum Policy {
    Lru(lru::Lru),
    TreePlru(tree_plru::TreePlru),
    Fifo(fifo::Fifo),
    Random(random::Random),
    Srrip(srrip::Srrip),
}

impl Order {
    pub(crate) fn new(replacement: Replacement, g: &Geometry) -> Result<Self, GeometryError> {
        replacement.check(g)?;
        let policy = match replacement {
            Replacement::Lru => Policy::Lru(lru::Lru::new(g)),
            Replacement::TreePlru => Policy::TreePlru(tree_plru::TreePlru::new(g)),
            Replacement::Fifo => Policy::Fifo(fifo::Fifo::new(g)),
            Replacement::Random(seed) => Policy::Random(random::Random::new(seed)),
            Replacement::Srrip => Policy::Srrip(srrip::Srrip::new(g)),
        };
        Ok(Self { geometry: *g, policy })
    }

    /// Notes a use of the line in a slot.
    #[inline]
    pub(crate) fn touch(&mut self, slot: Slot) {
        if let Policy::Lru(lru) = &mut self.policy {
            let (set, way) = self.geometry.split(slot);
            lru.touch(set.0, way);
        } else {
            self.touch_inexact(slot);
        }
    }

    /// Notes a use under a policy that is not the exact order of the uses.
    #[inline(never)]
    fn touch_inexact(&mut self, slot: Slot) {
        let (SetIndex(set), way) = self.geometry.split(slot);
        match &mut self.policy {
            Policy::TreePlru(tree) => tree.touch(set, way),
            Policy::Lru(_) | Policy::Fifo(_) | Policy::Random(_) => {}
            Policy::Srrip(srrip) => srrip.touch(slot),
        }
    }

    /// Notes that a new line lies in a slot.
    #[inline]
    pub(crate) fn fill(&mut self, slot: Slot) {
        if let Policy::Lru(lru) = &mut self.policy {
            let (set, way) = self.geometry.split(slot);
            lru.touch(set.0, way);
        } else {
            self.fill_inexact(slot);
        }
    }

    #[inline(never)]
    fn fill_inexact(&mut self, slot: Slot) {
        let (SetIndex(set), way) = self.geometry.split(slot);
        match &mut self.policy {
            Policy::TreePlru(tree) => tree.touch(set, way),
            Policy::Fifo(fifo) => fifo.fill(set, way),
            Policy::Lru(_) | Policy::Random(_) => {}
            Policy::Srrip(srrip) => srrip.fill(slot),
        }
    }

    /// Returns the place of a slot in the exact order of its set, 0 for the first, under a policy
    /// that keeps one.
    pub(crate) fn rank(&self, slot: Slot) -> Option<u32> {
        let (set, way) = self.geometry.split(slot);
        match &self.policy {
            Policy::Lru(lru) => lru.rank(set.0, way),
            Policy::Fifo(fifo) => fifo.rank(set.0, way),
            Policy::TreePlru(_) | Policy::Random(_) | Policy::Srrip(_) => None,
        }
    }

    /// Chooses who leaves the full set of a line.
    #[inline]
    pub(crate) fn victim(&mut self, line: LineAddr) -> Slot {
        let set = self.geometry.set(line).0;
        let way = if let Policy::Lru(lru) = &self.policy {
            lru.victim(set)
        } else {
            self.victim_inexact(set)
        };
        Slot(set * self.geometry.ways() + way.0)
    }

    #[inline(never)]
    fn victim_inexact(&mut self, set: u32) -> Way {
        match &mut self.policy {
            Policy::Lru(lru) => lru.victim(set),
            Policy::TreePlru(tree) => tree.victim(set),
            Policy::Fifo(fifo) => fifo.victim(set),
            Policy::Random(random) => random.victim(self.geometry.ways()),
            Policy::Srrip(srrip) => srrip.victim(set),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{LineSize, Ways};
    use crate::store::{Choice, LineStore};

    /// Runs references to one set of four ways and returns the victims in order.
    fn victims(policy: Replacement, lines: &[u64]) -> Vec<u64> {
        let geometry = Geometry::new(4 * 64, Ways::Full, LineSize::new(64).unwrap()).unwrap();
        let mut store = LineStore::new(&geometry, policy).unwrap();
        let mut victims = Vec::new();
        for line in lines.iter().copied().map(LineAddr) {
            if let Some(slot) = store.find(line) {
                store.touch(slot);
                continue;
            }
            let slot = match store.choose(line) {
                Choice::Vacant(slot) => slot,
                Choice::Victim(slot) => {
                    victims.push(store.line(slot).0);
                    store.remove(slot);
                    slot
                }
            };
            store.place(slot, line);
        }
        victims
    }

    // Each expectation is worked by hand. The references: 1 2 3 4 fill the ways 0..3, then 1 is
    // used again, then 5 and 6 arrive.
    const WALK: [u64; 7] = [1, 2, 3, 4, 1, 5, 6];

    #[test]
    fn lru_gives_up_the_least_recently_used() {
        // Order by use before 5: 2 3 4 1. 2 leaves, then 3.
        assert_eq!(victims(Replacement::Lru, &WALK), [2, 3]);
    }

    #[test]
    fn fifo_ignores_the_second_use() {
        assert_eq!(victims(Replacement::Fifo, &WALK), [1, 2]);
    }

    #[test]
    fn tree_plru_follows_the_bits() {
        // Uses of ways 0 1 2 3 0. Bits after: the root points right (last use left), the left node
        // points to way 1, the right node to way 2 (its last use was way 3). 5 replaces way 2
        // (line 3); then the root points left, whose node points to way 1 (line 2): 6 replaces it.
        assert_eq!(victims(Replacement::TreePlru, &WALK), [3, 2]);
    }

    #[test]
    fn srrip_ages_all_until_one_is_distant() {
        // Fills predict 2; the second use of 1 predicts 0: values 0 2 2 2. All age by one: 1 3 3 3,
        // way 1 (line 2) leaves and 5 enters with 2: 1 2 3 3. Way 2 (line 3) leaves at once.
        assert_eq!(victims(Replacement::Srrip, &WALK), [2, 3]);
    }

    #[test]
    fn random_repeats_itself_from_its_seed() {
        let walk: Vec<u64> = (0..200).collect();
        let first = victims(Replacement::Random(7), &walk);
        assert_eq!(first, victims(Replacement::Random(7), &walk));
        assert_ne!(first, victims(Replacement::Random(8), &walk));
        assert_eq!(first.len(), 196);
    }

    #[test]
    fn a_tree_needs_a_power_of_two_of_ways() {
        let g = Geometry::new(3 * 64, Ways::Full, LineSize::new(64).unwrap()).unwrap();
        let error = LineStore::new(&g, Replacement::TreePlru).unwrap_err();
        assert_eq!(error, GeometryError::TreeWaysNotPowerOfTwo { ways: 3 });
    }

    /// Exact LRU against a list, for way counts on both sides of the packed order's limit.
    #[test]
    fn lru_equals_a_list_for_any_number_of_ways() {
        for ways in [1_u64, 2, 3, 8, 12, 16, 17, 40] {
            let size = LineSize::new(64).unwrap();
            let g = Geometry::new(4 * ways * 64, Ways::Count(ways), size).unwrap();
            let mut store = LineStore::new(&g, Replacement::Lru).unwrap();
            let mut lists: Vec<Vec<u64>> = vec![Vec::new(); 4];
            let mut seed = 0x9e37_79b9_7f4a_7c15_u64 ^ ways;
            for _ in 0..20_000 {
                seed ^= seed << 13;
                seed ^= seed >> 7;
                seed ^= seed << 17;
                let line = LineAddr(seed % (ways * 6));
                let list = &mut lists[g.set(line).0 as usize];
                let place = list.iter().position(|l| *l == line.0);
                let found = store.find(line);
                assert_eq!(found.is_some(), place.is_some());
                if seed.is_multiple_of(11) {
                    if let (Some(slot), Some(i)) = (found, place) {
                        store.remove(slot);
                        list.remove(i);
                    }
                    continue;
                }
                if let (Some(slot), Some(i)) = (found, place) {
                    store.touch(slot);
                    list.remove(i);
                } else {
                    match store.choose(line) {
                        Choice::Vacant(slot) => {
                            assert!(list.len() < ways as usize);
                            store.place(slot, line);
                        }
                        Choice::Victim(slot) => {
                            assert_eq!(store.line(slot).0, list.remove(0));
                            store.remove(slot);
                            store.place(slot, line);
                        }
                    }
                }
                list.push(line.0);
            }
        }
    }
}
