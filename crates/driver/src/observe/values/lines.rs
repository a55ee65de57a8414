//! What is known of each line: its last stores, and what the backing store has.

use std::ops::{Index, IndexMut};

use cache::LineAddr;

use super::contents::Content;
use crate::observe::keep::{Keep, Layered, Map, Rows, sum};

/// Where a line lies among those that are known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Link(pub(super) u32);

/// A line that was copied or stored to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) line: LineAddr,
    /// The last store to every word.
    pub(super) last: Content,
    /// The line in the backing store.
    pub(super) stored: Content,
}

impl Known {
    const fn untouched(line: LineAddr) -> Self {
        Self { line, last: Content::UNTOUCHED, stored: Content::UNTOUCHED }
    }
}

/// No line: there is no address that far up.
const NO_LINE: LineAddr = LineAddr(u64::MAX);

/// The lines that are known.
#[derive(Clone, Debug)]
pub(super) struct Lines<K: Keep> {
    links: K::Map<LineAddr, Link>,
    /// In the order in which they came, so that lines that are used together lie together. The
    /// first is no line: there [`Link::default`] leads.
    known: K::Rows<Known>,
}

impl<K: Keep> Lines<K> {
    pub(super) fn new() -> Self {
        let mut known = K::Rows::new(1);
        known.push(Known::untouched(NO_LINE));
        Self { links: K::Map::default(), known }
    }

    /// Returns what is known of a line.
    pub(super) fn find(&self, line: LineAddr) -> Option<&Known> {
        self.links.get(&line).map(|link| &self[link])
    }

    /// Returns where a line is, and makes it known.
    pub(super) fn link(&mut self, line: LineAddr) -> Link {
        self.links.get(&line).unwrap_or_else(|| {
            let next = u32::try_from(self.known.count()).expect("fewer lines than 2^32");
            self.known.push(Known::untouched(line));
            self.links.insert(line, Link(next));
            Link(next)
        })
    }

    /// Returns all lines that are known.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Known> {
        (0..self.known.count()).map(|row| self.known.at(row))
    }
}

impl Lines<Layered> {
    pub(super) fn freeze(&mut self) {
        self.links.freeze();
        self.known.freeze();
    }

    pub(super) fn share(&mut self) {
        self.links.share();
        self.known.share();
    }

    pub(super) fn bytes(&self) -> [u64; 2] {
        sum([self.links.bytes(), self.known.bytes()])
    }
}

impl<K: Keep> Index<Link> for Lines<K> {
    type Output = Known;

    #[inline]
    fn index(&self, link: Link) -> &Known {
        self.known.at(link.0 as usize)
    }
}

impl<K: Keep> IndexMut<Link> for Lines<K> {
    #[inline]
    fn index_mut(&mut self, link: Link) -> &mut Known {
        self.known.at_mut(link.0 as usize)
    }
}
