//! Who wrote which word last.

use cache::LineAddr;
use coherence::{CoreId, Reference};
use rustc_hash::FxHashMap;

/// The last writers of the words of lines that some core has lost to a store.
///
/// Of other lines nobody ever asks, and of stores before that loss neither.
#[derive(Clone, Debug)]
pub(super) struct Writers {
    word_shift: u32,
    words_per_line: usize,
    lines: FxHashMap<LineAddr, Box<[LastWrites]>>,
}

impl Writers {
    pub(super) fn new(words_per_line: usize, word_shift: u32) -> Self {
        Self { word_shift, words_per_line, lines: FxHashMap::default() }
    }

    /// Follows the stores to a line from now on.
    pub(super) fn follow(&mut self, line: LineAddr) {
        let words = self.words_per_line;
        self.lines.entry(line).or_insert_with(|| vec![LastWrites::default(); words].into());
    }

    /// Tells whether there are lines whose stores are followed.
    #[inline]
    pub(super) fn follow_any(&self) -> bool {
        !self.lines.is_empty()
    }

    /// Notes a store of that number.
    #[inline(never)]
    pub(super) fn note(&mut self, reference: &Reference, store: u64) {
        let Some(line) = self.lines.get_mut(&reference.line) else { return };
        for word in &mut line[reference.words(self.word_shift)] {
            word.note(store, reference.core);
        }
    }

    /// Tells whether another core wrote a word of the reference with store `first` or later; its
    /// line has been followed since then.
    pub(super) fn share_words(&self, reference: &Reference, first: u64) -> bool {
        self.lines.get(&reference.line).is_some_and(|words| {
            words[reference.words(self.word_shift)]
                .iter()
                .any(|word| word.written_by_another(reference.core, first))
        })
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
