//! What waits to be sent, in the order in which it came; what cannot go yet steps aside.

use std::collections::{BTreeMap, VecDeque};

use rustc_hash::FxHashMap;

use crate::blocks::BlockId;

/// A place in the order.
pub(super) type Place = u64;

/// A queue of things that are each of a block.
///
/// Those whose block has something in flight are set aside until that ends, and then stand where
/// they stood before.
#[derive(Debug)]
pub(super) struct Waiting<T> {
    /// Those that were looked at before: all of them come before the fresh ones.
    returned: BTreeMap<Place, T>,
    fresh: VecDeque<Option<T>>,
    /// The place of the first fresh one.
    first_fresh: Place,
    aside: FxHashMap<BlockId, BTreeMap<Place, T>>,
    /// How many there are.
    count: u64,
}

impl<T> Default for Waiting<T> {
    fn default() -> Self {
        Self {
            returned: BTreeMap::new(),
            fresh: VecDeque::new(),
            first_fresh: 0,
            aside: FxHashMap::default(),
            count: 0,
        }
    }
}

impl<T> Waiting<T> {
    /// Adds one at the end; returns its place.
    pub(super) fn push(&mut self, item: T) -> Place {
        self.fresh.push_back(Some(item));
        self.count += 1;
        self.first_fresh + self.fresh.len() as Place - 1
    }

    /// Takes the first that is not set aside.
    pub(super) fn pop(&mut self) -> Option<(Place, T)> {
        if let Some(first) = self.returned.pop_first() {
            self.count -= 1;
            return Some(first);
        }
        loop {
            let first = self.fresh.pop_front()?;
            self.first_fresh += 1;
            if let Some(first) = first {
                self.count -= 1;
                return Some((self.first_fresh - 1, first));
            }
        }
    }

    /// Puts back what was taken.
    pub(super) fn put_back(&mut self, place: Place, item: T) {
        self.returned.insert(place, item);
        self.count += 1;
    }

    /// Removes what stands at a place, or is set aside from there.
    pub(super) fn cancel(&mut self, block: BlockId, place: Place) -> Option<T> {
        let found = if let Some(at) = place.checked_sub(self.first_fresh) {
            self.fresh.get_mut(at as usize).and_then(Option::take)
        } else if let Some(returned) = self.returned.remove(&place) {
            Some(returned)
        } else {
            Some(self.aside.get_mut(&block)?.remove(&place)?)
        };
        self.count -= u64::from(found.is_some());
        found
    }

    /// Sets aside what was taken, until something of its block ends.
    pub(super) fn set_aside(&mut self, block: BlockId, place: Place, item: T) {
        self.aside.entry(block).or_default().insert(place, item);
        self.count += 1;
    }

    /// Something of a block has ended: the first that was set aside for it stands in its place
    /// again. It alone may go: the others wait for that one's end.
    pub(super) fn take_back_first(&mut self, block: BlockId) {
        let Some(aside) = self.aside.get_mut(&block) else { return };
        self.returned.extend(aside.pop_first());
        if aside.is_empty() {
            self.aside.remove(&block);
        }
    }

    /// All that were set aside for a block stand in their places again.
    pub(super) fn take_back(&mut self, block: BlockId) {
        self.returned.extend(self.aside.remove(&block).into_iter().flatten());
    }

    /// Returns how many wait, those set aside included.
    pub(super) fn len(&self) -> u64 {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_set_aside_comes_back_to_its_place() {
        let (a, b) = (BlockId::new(0), BlockId::new(1));
        let mut waiting = Waiting::default();
        for item in ["a1", "b1", "a2", "c1", "b2"] {
            waiting.push(item);
        }
        for block in [a, b, a] {
            let (place, item) = waiting.pop().unwrap();
            waiting.set_aside(block, place, item);
        }
        assert_eq!(waiting.len(), 5);
        let (place, item) = waiting.pop().unwrap();
        assert_eq!((place, item), (3, "c1"));
        waiting.put_back(place, item);
        waiting.take_back(b);
        waiting.take_back_first(a);
        waiting.take_back_first(a);
        waiting.push("d1");
        let order: Vec<_> = std::iter::from_fn(|| waiting.pop()).collect();
        let wanted = ["a1", "b1", "a2", "c1", "b2", "d1"];
        assert_eq!(
            order,
            wanted
                .into_iter()
                .enumerate()
                .map(|(at, item)| (at as Place, item))
                .collect::<Vec<_>>()
        );
        assert_eq!(waiting.len(), 0);
    }

    #[test]
    fn wherever_something_waits_it_can_be_cancelled() {
        let a = BlockId::new(0);
        let mut waiting = Waiting::default();
        let places = ["aside", "back", "fresh", "last"].map(|item| waiting.push(item));
        let (place, item) = waiting.pop().unwrap();
        waiting.set_aside(a, place, item);
        let (place, item) = waiting.pop().unwrap();
        waiting.put_back(place, item);
        for (place, item) in places.into_iter().zip(["aside", "back", "fresh"]) {
            assert_eq!(waiting.cancel(a, place), Some(item));
            assert_eq!(waiting.cancel(a, place), None);
        }
        waiting.take_back(a);
        assert_eq!(waiting.len(), 1);
        assert_eq!(waiting.pop(), Some((3, "last")));
        assert_eq!(waiting.pop(), None);
    }
}
