//! The contents of lines: what each word holds, kept once however many copies hold the same.

use std::ops::Range;

use crate::observe::keep::{Keep, Layered, Rows, sum};

/// The number of a content.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Content(pub(super) u32);

impl Content {
    /// A line that nobody ever stored to: all words are 0.
    pub(super) const UNTOUCHED: Self = Self(0);

    const fn index(self) -> usize {
        self.0 as usize
    }
}

/// All contents that somebody holds.
///
/// To copy a line is to hold its content once more. A content with several holders is changed by
/// none of them: those that take a store get another one, the content with the store.
#[derive(Clone, Debug)]
pub(super) struct Contents<K: Keep> {
    /// Row by row, the number of the last store to each word.
    words: K::Rows<u64>,
    kept: K::Rows<Kept>,
    /// Contents that nobody holds any more.
    vacant: Vec<Content>,
    /// The content that came last, for as long as its words are not in its row.
    fork: Option<Fork>,
}

/// Where a content is.
#[derive(Clone, Copy, Debug)]
struct Kept {
    row: u32,
    /// How many hold it; of [`Content::UNTOUCHED`] nobody counts them.
    holders: u32,
}

/// A content that is another one with a store. It is written to a row only when the next store
/// comes: if by then all who held the other one have taken the store, that is the row to write it
/// to, and there is nothing to copy.
#[derive(Clone, Debug)]
struct Fork {
    /// The fork itself holds it.
    before: Content,
    after: Content,
    touched: Range<usize>,
    store: u64,
}

impl<K: Keep> Contents<K> {
    pub(super) fn new(words_per_line: usize) -> Self {
        let (mut words, mut kept) = (K::Rows::new(words_per_line), K::Rows::new(1));
        words.push(0);
        kept.push(Kept { row: 0, holders: 0 });
        Self { words, kept, vacant: Vec::new(), fork: None }
    }

    /// Returns a word of a content.
    pub(super) fn word(&self, content: Content, word: usize) -> u64 {
        match &self.fork {
            Some(fork) if fork.after == content => {
                let written = fork.touched.contains(&word);
                if written { fork.store } else { self.words.row(self.row(fork.before))[word] }
            }
            _ => self.words.row(self.row(content))[word],
        }
    }

    /// Adds a holder.
    #[inline]
    pub(super) fn hold(&mut self, content: Content) {
        if content != Content::UNTOUCHED {
            self.kept.at_mut(content.index()).holders += 1;
        }
    }

    /// Takes a holder away.
    #[inline]
    pub(super) fn release(&mut self, content: Content) {
        if content != Content::UNTOUCHED {
            let holders = &mut self.kept.at_mut(content.index()).holders;
            *holders -= 1;
            if *holders == 0 {
                self.vacant.push(content);
            }
        }
    }

    /// Writes a store's number to words of a content that has just so many holders: those who ask
    /// for it. Tells whether it did. There is at least one word.
    #[inline]
    pub(super) fn write(
        &mut self,
        content: Content,
        holders: u32,
        touched: Range<usize>,
        store: u64,
    ) -> bool {
        let kept = *self.kept.at(content.index());
        if kept.holders != holders {
            return false;
        }
        let row = self.words.row_mut(kept.row as usize);
        let (first, last) = (touched.start, touched.end - 1);
        // Mostly that is all: one word or two.
        row[first] = store;
        row[last] = store;
        if first + 1 < last {
            row[first..last].fill(store);
        }
        true
    }

    /// Returns a content with a store written to it, as another content that nobody holds yet.
    /// Until the next store, [`Self::with_store`] knows it.
    pub(super) fn fork(&mut self, before: Content, touched: Range<usize>, store: u64) -> Content {
        debug_assert!(self.fork.is_none(), "the store before is done");
        let after = self.take_vacant();
        self.hold(before);
        self.fork = Some(Fork { before, after, touched, store });
        after
    }

    /// Returns what a content becomes by the store under way, if there is such a content already.
    pub(super) fn with_store(&self, content: Content) -> Option<Content> {
        let fork = self.fork.as_ref()?;
        (content == fork.before || content == fork.after).then_some(fork.after)
    }

    /// Returns a content with a store written to it, as another content that nobody holds yet.
    pub(super) fn written(
        &mut self,
        content: Content,
        touched: Range<usize>,
        store: u64,
    ) -> Content {
        let after = self.take_vacant();
        self.copy_row(content, after);
        let row = self.row(after);
        self.words.row_mut(row)[touched].fill(store);
        after
    }

    /// The store under way has reached all places that take it.
    #[inline]
    pub(super) fn end_store(&mut self) {
        if self.fork.is_some() {
            self.write_fork();
        }
    }

    #[inline(never)]
    fn write_fork(&mut self) {
        let Some(Fork { before, after, touched, store }) = self.fork.take() else { return };
        let Kept { row, holders } = *self.kept.at(before.index());
        if holders == 1 {
            self.kept.at_mut(before.index()).row = self.kept.at(after.index()).row;
            self.kept.at_mut(after.index()).row = row;
        } else {
            self.copy_row(before, after);
        }
        let row = self.row(after);
        self.words.row_mut(row)[touched].fill(store);
        self.release(before);
    }

    fn take_vacant(&mut self) -> Content {
        self.vacant.pop().unwrap_or_else(|| {
            let row = u32::try_from(self.kept.count()).expect("fewer contents than 2^32");
            self.kept.push(Kept { row, holders: 0 });
            self.words.push(0);
            Content(row)
        })
    }

    fn copy_row(&mut self, from: Content, to: Content) {
        let (from, to) = (self.row(from), self.row(to));
        self.words.copy(from, to);
    }

    #[inline]
    fn row(&self, content: Content) -> usize {
        self.kept.at(content.index()).row as usize
    }
}

impl Contents<Layered> {
    pub(super) fn freeze(&mut self) {
        self.words.freeze();
        self.kept.freeze();
    }

    pub(super) fn share(&mut self) {
        self.words.share();
        self.kept.share();
    }

    pub(super) fn bytes(&self) -> [u64; 2] {
        let vacant = (self.vacant.len() * size_of::<Content>()) as u64;
        sum([self.words.bytes(), self.kept.bytes(), [vacant, 0]])
    }
}
