//! Who wrote which word last.

use cache::LineAddr;
use coherence::{CoreId, Reference};

use crate::observe::keep::{Keep, Layered, Map, Rows, sum};

/// The last writers of the words of lines that some core has lost to a store.
///
/// Of other lines nobody ever asks, and of stores before that loss neither.
#[derive(Clone, Debug)]
pub(super) struct Writers<K: Keep> {
    word_shift: u32,
    /// The row of each line.
    lines: K::Map<LineAddr, u32>,
    rows: K::Rows<LastWrites>,
}

impl<K: Keep> Writers<K> {
    pub(super) fn new(words_per_line: usize, word_shift: u32) -> Self {
        Self { word_shift, lines: K::Map::default(), rows: K::Rows::new(words_per_line) }
    }

    /// Follows the stores to a line from now on.
    pub(super) fn follow(&mut self, line: LineAddr) {
        if self.lines.get(&line).is_none() {
            let row = u32::try_from(self.rows.count()).expect("fewer lines than 2^32");
            self.lines.insert(line, row);
            self.rows.push(LastWrites::default());
        }
    }

    /// Tells whether there are lines whose stores are followed.
    #[inline]
    pub(super) fn follow_any(&self) -> bool {
        !self.lines.is_empty()
    }

    /// Notes a store of that number.
    #[inline(never)]
    pub(super) fn note(&mut self, reference: &Reference, store: u64) {
        let Some(row) = self.lines.get(&reference.line) else { return };
        for word in &mut self.rows.row_mut(row as usize)[reference.words(self.word_shift)] {
            word.note(store, reference.core);
        }
    }

    /// Tells whether another core wrote a word of the reference with store `first` or later; its
    /// line has been followed since then.
    pub(super) fn share_words(&self, reference: &Reference, first: u64) -> bool {
        self.lines.get(&reference.line).is_some_and(|row| {
            self.rows.row(row as usize)[reference.words(self.word_shift)]
                .iter()
                .any(|word| word.written_by_another(reference.core, first))
        })
    }
}

impl Writers<Layered> {
    pub(super) fn freeze(&mut self) {
        self.lines.freeze();
        self.rows.freeze();
    }

    pub(super) fn share(&mut self) {
        self.lines.share();
        self.rows.share();
    }

    pub(super) fn bytes(&self) -> [u64; 2] {
        sum([self.lines.bytes(), self.rows.bytes()])
    }
}

/// The last store to a word, and the last one by any other core than that: numbers from 1, 0 where
/// there was none.
#[derive(Clone, Copy, Debug, Default)]
struct LastWrites {
    last: u64,
    by: CoreId,
    by_others: u64,
}

impl LastWrites {
    fn note(&mut self, store: u64, core: CoreId) {
        if self.by != core {
            self.by_others = self.last;
            self.by = core;
        }
        self.last = store;
    }

    /// Tells whether a core other than this one wrote the word with store `first` or later.
    fn written_by_another(&self, core: CoreId, first: u64) -> bool {
        let last = if self.by == core { self.by_others } else { self.last };
        last >= first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_remembers_the_last_store_of_another_core_behind_ones_own() {
        let mut word = LastWrites::default();
        assert!(!word.written_by_another(0, 1));
        word.note(5, 1);
        word.note(7, 0);
        // Core 0 lost the line to store 5 and has since stored 7 itself, past its caches.
        assert!(word.written_by_another(0, 5));
        assert!(!word.written_by_another(0, 6));
        assert!(word.written_by_another(1, 7));
    }
}
