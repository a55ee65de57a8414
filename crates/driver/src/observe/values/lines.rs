//! What is known of each line: its last stores, and what the backing store has.

use std::ops::{Index, IndexMut};

use cache::LineAddr;
use rustc_hash::FxHashMap;

use super::contents::Content;

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
pub(super) struct Lines {
    links: FxHashMap<LineAddr, Link>,
    /// In the order in which they came, so that lines that are used together lie together. The
    /// first is no line: there [`Link::default`] leads.
    known: Vec<Known>,
}

impl Lines {
    pub(super) fn new() -> Self {
        Self { links: FxHashMap::default(), known: vec![Known::untouched(NO_LINE)] }
    }

    /// Returns what is known of a line.
    pub(super) fn find(&self, line: LineAddr) -> Option<&Known> {
        self.links.get(&line).map(|link| &self[*link])
    }

    /// Returns where a line is, and makes it known.
    pub(super) fn link(&mut self, line: LineAddr) -> Link {
        *self.links.entry(line).or_insert_with(|| {
            let next = u32::try_from(self.known.len()).expect("fewer lines than 2^32");
            self.known.push(Known::untouched(line));
            Link(next)
        })
    }

    /// Returns all lines that are known.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Known> {
        self.known.iter()
    }
}

impl Index<Link> for Lines {
    type Output = Known;

    #[inline]
    fn index(&self, link: Link) -> &Known {
        &self.known[link.0 as usize]
    }
}

impl IndexMut<Link> for Lines {
    #[inline]
    fn index_mut(&mut self, link: Link) -> &mut Known {
        &mut self.known[link.0 as usize]
    }
}
