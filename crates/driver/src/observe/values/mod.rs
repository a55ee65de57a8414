//! Data values: every copy of a line carries, for each word, the number of its last store.
//!
//! Each load is compared with the last store in global order. The machine tells of every copy that
//! it makes; a copy that it forgets, or makes from the wrong place, is a load that reads an old
//! number.
//!
//! Most copies of a line are equal, to each other and to its last stores. So what a line holds is
//! kept once for all who hold the same (`contents.rs`): to copy a line is to hold its content too,
//! and a load that finds the very content of the last stores has nothing to compare. Where it finds
//! another one, the words decide, as they would without all this.

mod contents;
mod copies;
mod lines;

use std::ops::Range;

use cache::LineAddr;
use coherence::{Cause, CoreId, FirstLevel, MachineSpec, Observer, Place, Reference, State};

use self::contents::{Content, Contents};
use self::copies::{Copies, Held};
use self::lines::{Known, Lines, Link};
use super::Watcher;
use super::keep::{Flat, Keep, Layered, sum};

/// A load that did not see the last store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// The reference that loaded.
    pub reference: Reference,
    /// The word in the line, from 0.
    pub word: usize,
    /// The number of the store that the copy has; 0 if none.
    pub found: u64,
    /// The number of the last store; 0 if none.
    pub expected: u64,
    /// Where the load read.
    pub place: Place,
    /// How the first level had answered.
    pub answer: FirstLevel,
    /// The requester's state for the line before the reference, if the reference changed it.
    pub state_before: Option<State>,
    /// Where the line had come from, if this access brought it.
    pub filled_from: Option<Place>,
}

/// The values of every copy in the machine.
#[derive(Clone, Debug)]
pub struct Values<K: Keep = Flat> {
    word_shift: u32,
    /// Words of a line.
    words: usize,
    contents: Contents<K>,
    lines: Lines<K>,
    copies: Copies,
    /// Stores so far.
    stores: u64,
    /// The words of the store under way, if the line's last stores do not have it yet: mostly the
    /// first place that it reaches takes it together with them.
    announced: Option<Range<usize>>,
    /// Loads compared.
    loads: u64,
    /// How the first level answered the reference under way, and where its line came from.
    answer: FirstLevel,
    filled_from: Option<Place>,
    state_before: Option<State>,
    under_way: Option<(CoreId, LineAddr)>,
    violation: Option<Violation>,
}

impl Values {
    /// Prepares to follow the values of a machine; words of `word_bytes`, a power of two.
    pub fn new(machine: &MachineSpec, word_bytes: u32) -> Self {
        Self::keeping(machine, word_bytes)
    }
}

impl Values<Layered> {
    /// Has copies share what is new.
    pub(super) fn freeze(&mut self) {
        self.contents.freeze();
        self.lines.freeze();
    }

    /// Has copies share everything, as one layer.
    pub(super) fn share(&mut self) {
        self.contents.share();
        self.lines.share();
    }

    /// Returns about how many bytes what grows with the trace takes: what a copy has for itself,
    /// and what copies share.
    pub(super) fn bytes(&self) -> [u64; 2] {
        sum([self.contents.bytes(), self.lines.bytes()])
    }
}

impl<K: Keep> Values<K> {
    /// Does what [`Values::new`] does with any tables.
    pub(super) fn keeping(machine: &MachineSpec, word_bytes: u32) -> Self {
        let words = (machine.line.bytes() / u64::from(word_bytes)) as usize;
        Self {
            word_shift: word_bytes.trailing_zeros(),
            words,
            contents: Contents::new(words),
            lines: Lines::new(),
            copies: Copies::new(machine),
            stores: 0,
            announced: None,
            loads: 0,
            answer: FirstLevel::Hit,
            filled_from: None,
            state_before: None,
            under_way: None,
            violation: None,
        }
    }

    /// Gives the next store a number of the caller's, larger than those before.
    pub(super) fn number_next_store(&mut self, number: u64) {
        self.stores = number - 1;
    }

    /// Returns what the words of a reference hold at a place: the number of the last store to each,
    /// 0 where there was none.
    pub(super) fn found_at(
        &self,
        reference: &Reference,
        place: Place,
    ) -> impl Iterator<Item = u64> + '_ {
        let content = self.content_at(reference.line, place);
        self.touched(reference).map(move |word| self.contents.word(content, word))
    }

    /// Returns the last stores to the words of a reference, as `found_at` does; of a reference that
    /// was looked up and has not stored yet.
    pub(super) fn last_of(&self, reference: &Reference) -> impl Iterator<Item = u64> + '_ {
        debug_assert!(self.announced.is_none(), "the store before is done");
        let known = self.lines.find(reference.line);
        let last = known.map_or(Content::UNTOUCHED, |known| known.last);
        self.touched(reference).map(move |word| self.contents.word(last, word))
    }

    /// Returns the content that a place has of a line.
    fn content_at(&self, line: LineAddr, place: Place) -> Content {
        match place {
            Place::Store => self.lines.find(line).map_or(Content::UNTOUCHED, |known| known.stored),
            Place::Private { .. } | Place::Shared { .. } | Place::Departing { .. } => {
                self.copies.at(place).content
            }
        }
    }

    /// Returns the words that a reference touches.
    #[inline]
    fn touched(&self, reference: &Reference) -> Range<usize> {
        let words = reference.words(self.word_shift);
        *words.start()..*words.end() + 1
    }

    /// Tells whether a private cache has a line just as the last stores left it. A slot that the
    /// machine was silent about is none: it is still known as another line's.
    #[inline]
    fn is_current(&self, line: LineAddr, place: Place) -> bool {
        let Place::Private { core, cache, slot } = place else { return false };
        let copy = self.copies.in_private(core, cache, slot);
        let known = &self.lines[copy.link];
        known.line == line && known.last == copy.content
    }

    /// Compares a load with the last stores, word by word.
    #[inline(never)]
    fn compare(&mut self, reference: &Reference, place: Place) {
        self.settle();
        let found = self.content_at(reference.line, place);
        let known = self.lines.find(reference.line);
        let last = known.map_or(Content::UNTOUCHED, |known| known.last);
        let words = |word| (self.contents.word(found, word), self.contents.word(last, word));
        let mut touched = self.touched(reference).map(|word| (word, words(word)));
        let wrong = touched.find(|(_, (found, expected))| found != expected);
        let Some((word, (found, expected))) = wrong else { return };
        let violation = Violation {
            reference: *reference,
            word,
            found,
            expected,
            place,
            answer: self.answer,
            filled_from: self.filled_from,
            state_before: self.state_before,
        };
        self.violation.get_or_insert(violation);
    }

    /// Performs an announced store at a place that has the line just as the last stores left it,
    /// if nobody else has: the content changes, and who holds it stays. Tells whether it did.
    #[inline]
    fn store_in_place(&mut self, reference: &Reference, place: Place) -> bool {
        let Place::Private { core, cache, slot } = place else { return false };
        let copy = self.copies.in_private(core, cache, slot);
        let known = &self.lines[copy.link];
        let current = known.line == reference.line && known.last == copy.content;
        let touched = self.touched(reference);
        // The last stores are one holder, this copy is the other.
        if !current || !self.contents.write(copy.content, 2, touched, self.stores) {
            return false;
        }
        self.announced = None;
        true
    }

    /// Has a place take a store.
    #[inline(never)]
    fn store_at(&mut self, reference: &Reference, place: Place) {
        let copy = self.copy_of(reference.line, place);
        if let Some(announced) = self.announced.take() {
            self.perform(announced, copy.link);
        }
        let touched = self.touched(reference);
        if let Some(content) = self.contents.with_store(copy.content) {
            self.put(place, Held { content, ..copy });
        } else if !self.contents.write(copy.content, 1, touched.clone(), self.stores) {
            let content = self.contents.written(copy.content, touched, self.stores);
            self.put(place, Held { content, ..copy });
        }
    }

    /// Sees to it that the last stores have the one that was announced.
    #[cold]
    fn settle(&mut self) {
        if let (Some(announced), Some((_, line))) = (self.announced.take(), self.under_way) {
            let link = self.lines.link(line);
            self.perform(announced, link);
        }
    }

    /// Writes the store under way to the last stores of its line.
    fn perform(&mut self, touched: Range<usize>, link: Link) {
        let before = self.lines[link].last;
        let last = self.contents.fork(before, touched, self.stores);
        self.contents.hold(last);
        self.contents.release(before);
        self.lines[link].last = last;
    }

    /// Returns what a place holds, as a copy of a line.
    #[inline]
    fn copy_of(&mut self, line: LineAddr, place: Place) -> Held {
        let copy = self.copies.at(place);
        if self.lines[copy.link].line == line {
            return copy;
        }
        let found = self.lines.link(line);
        let stored = self.lines[found].stored;
        let content = if place == Place::Store { stored } else { copy.content };
        Held { link: found, content }
    }

    /// Has a place hold a copy of a line.
    #[inline]
    fn put(&mut self, place: Place, copy: Held) {
        self.contents.hold(copy.content);
        let before = if place == Place::Store {
            std::mem::replace(&mut self.lines[copy.link].stored, copy.content)
        } else {
            self.copies.put(place, copy).content
        };
        self.contents.release(before);
    }
}

impl<K: Keep> Observer for Values<K> {
    const HEARS_OF_ABSENT: bool = false;

    #[inline]
    fn looked_up(&mut self, reference: &Reference, _cache: usize, answer: FirstLevel) {
        if self.announced.is_some() {
            self.settle();
        }
        self.answer = answer;
        self.filled_from = None;
        self.state_before = None;
        self.under_way = Some((reference.core, reference.line));
    }

    fn changed(&mut self, core: CoreId, line: LineAddr, from: State, _to: State, _cause: Cause) {
        if self.under_way == Some((core, line)) {
            self.state_before.get_or_insert(from);
        }
    }

    // No part of the loop over hits: by itself it is so little that it saves no registers.
    #[inline(never)]
    fn loaded(&mut self, reference: &Reference, place: Place) {
        self.loads += 1;
        if self.announced.is_some() || !self.is_current(reference.line, place) {
            self.compare(reference, place);
        }
    }

    #[inline]
    fn storing(&mut self, reference: &Reference) {
        debug_assert_eq!(self.under_way, Some((reference.core, reference.line)));
        self.contents.end_store();
        self.stores += 1;
        // No copy of the reference: where it has just been put together, part by part, a processor
        // waits for it to be read as a whole.
        self.announced = Some(self.touched(reference));
    }

    #[inline(never)]
    fn stored(&mut self, reference: &Reference, place: Place) {
        if self.announced.is_none() || !self.store_in_place(reference, place) {
            self.store_at(reference, place);
        }
    }

    fn copied(&mut self, line: LineAddr, from: Place, to: Place) {
        if self.under_way.is_some_and(|(_, under_way)| under_way == line) {
            self.filled_from.get_or_insert(from);
        }
        // A store that is announced and has reached nobody yet changes no copy.
        let copy = self.copy_of(line, from);
        self.put(to, copy);
    }

    #[inline]
    fn halts(&self) -> bool {
        self.violation.is_some()
    }
}

impl<K: Keep> Watcher for Values<K> {
    #[inline]
    fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    fn checked_loads(&self) -> Option<u64> {
        Some(self.loads)
    }

    fn line_not_stored(&self) -> Option<LineAddr> {
        let differs = |known: &&Known| {
            let Known { last, stored, .. } = **known;
            let word = |content, word| self.contents.word(content, word);
            last != Content::UNTOUCHED
                && last != stored
                && (0..self.words).any(|n| word(last, n) != word(stored, n))
        };
        let differing = self.lines.iter().filter(differs).map(|known| known.line);
        // A store that has reached no place at all.
        let under_way = self.under_way.filter(|_| self.announced.is_some());
        differing.chain(under_way.map(|(_, line)| line)).min()
    }
}

#[cfg(test)]
mod tests;
