//! The contents of lines: what each word holds, kept once however many copies hold the same.

use std::ops::Range;

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
pub(super) struct Contents {
    words_per_line: usize,
    /// Row by row, the number of the last store to each word.
    words: Vec<u64>,
    kept: Vec<Kept>,
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

impl Contents {
    pub(super) fn new(words_per_line: usize) -> Self {
        Self {
            words_per_line,
            words: vec![0; words_per_line],
            kept: vec![Kept { row: 0, holders: 0 }],
            vacant: Vec::new(),
            fork: None,
        }
    }

    /// Returns a word of a content.
    pub(super) fn word(&self, content: Content, word: usize) -> u64 {
        match &self.fork {
            Some(fork) if fork.after == content => {
                let written = fork.touched.contains(&word);
                if written { fork.store } else { self.words[self.row(fork.before).start + word] }
            }
            _ => self.words[self.row(content).start + word],
        }
    }

    /// Adds a holder.
    #[inline]
    pub(super) fn hold(&mut self, content: Content) {
        if content != Content::UNTOUCHED {
            self.kept[content.index()].holders += 1;
        }
    }

    /// Takes a holder away.
    #[inline]
    pub(super) fn release(&mut self, content: Content) {
        if content != Content::UNTOUCHED {
            let holders = &mut self.kept[content.index()].holders;
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
        let kept = self.kept[content.index()];
        if kept.holders != holders {
            return false;
        }
        let row = kept.row as usize * self.words_per_line;
        let (first, last) = (row + touched.start, row + touched.end - 1);
        // Mostly that is all: one word or two.
        self.words[first] = store;
        self.words[last] = store;
        if first + 1 < last {
            self.words[first..last].fill(store);
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
        self.words[row][touched].fill(store);
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
        let Kept { row, holders } = self.kept[before.index()];
        if holders == 1 {
            self.kept[before.index()].row = self.kept[after.index()].row;
            self.kept[after.index()].row = row;
        } else {
            self.copy_row(before, after);
        }
        let row = self.row(after);
        self.words[row][touched].fill(store);
        self.release(before);
    }

    fn take_vacant(&mut self) -> Content {
        self.vacant.pop().unwrap_or_else(|| {
            let row = u32::try_from(self.kept.len()).expect("fewer contents than 2^32");
            self.kept.push(Kept { row, holders: 0 });
            self.words.resize(self.words.len() + self.words_per_line, 0);
            Content(row)
        })
    }

    fn copy_row(&mut self, from: Content, to: Content) {
        let (from, to) = (self.row(from), self.row(to));
        self.words.copy_within(from, to.start);
    }

    #[inline]
    fn row(&self, content: Content) -> Range<usize> {
        let start = self.kept[content.index()].row as usize * self.words_per_line;
        start..start + self.words_per_line
    }
}
