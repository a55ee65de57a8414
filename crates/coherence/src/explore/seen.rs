//! The configurations found so far, in the order in which they were found.

use std::hash::{BuildHasher, Hasher};

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

use super::event::Event;

/// Where a configuration came from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    /// The configuration before, by number.
    pub(super) before: u32,
    /// The event that led here.
    pub(super) event: Event,
}

/// Configurations by number, each with its origin, and a table that finds them again.
#[derive(Debug)]
pub(super) struct Seen {
    width: usize,
    numbers: Vec<u64>,
    origins: Vec<Origin>,
    table: HashTable<u32>,
}

impl Seen {
    /// Begins with one configuration, number 0; each is `width` numbers.
    pub(super) fn new(first: &[u64]) -> Self {
        let mut seen = Self {
            width: first.len(),
            numbers: Vec::new(),
            origins: Vec::new(),
            table: HashTable::new(),
        };
        seen.insert(first, Origin { before: 0, event: Event::Clean { line: 0 } });
        seen
    }

    pub(super) fn len(&self) -> usize {
        self.origins.len()
    }

    pub(super) fn get(&self, number: usize) -> &[u64] {
        &self.numbers[number * self.width..(number + 1) * self.width]
    }

    /// Returns the events that lead to a configuration, the first one first.
    pub(super) fn path(&self, number: usize) -> Vec<Event> {
        let mut path = Vec::new();
        let mut number = number;
        while number != 0 {
            let origin = self.origins[number];
            path.push(origin.event);
            number = origin.before as usize;
        }
        path.reverse();
        path
    }

    pub(super) fn contains(&self, sought: &[u64]) -> bool {
        let at = |number: &u32| self.get(*number as usize) == sought;
        self.table.find(hash(sought), at).is_some()
    }

    /// Makes room for another configuration; tells whether there is any.
    pub(super) fn has_room(&mut self) -> bool {
        let (numbers, width) = (&self.numbers, self.width);
        let at = |number: &u32| {
            let first = *number as usize * width;
            hash(&numbers[first..first + width])
        };
        self.table.try_reserve(1, at).is_ok()
            && self.numbers.try_reserve(self.width).is_ok()
            && self.origins.try_reserve(1).is_ok()
    }

    /// Adds a configuration; tells whether it is new.
    pub(super) fn insert(&mut self, found: &[u64], origin: Origin) -> bool {
        let hash = hash(found);
        let (numbers, width) = (&self.numbers, self.width);
        let at = |number: u32| &numbers[number as usize * width..(number as usize + 1) * width];
        if self.table.find(hash, |number| at(*number) == found).is_some() {
            return false;
        }
        let number = u32::try_from(self.origins.len()).expect("fewer than 2^32 configurations");
        self.table.insert_unique(hash, number, |number| self::hash(at(*number)));
        self.numbers.extend_from_slice(found);
        self.origins.push(origin);
        true
    }
}

fn hash(numbers: &[u64]) -> u64 {
    let mut hasher = FxBuildHasher.build_hasher();
    for number in numbers {
        hasher.write_u64(*number);
    }
    hasher.finish()
}
