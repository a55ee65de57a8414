//! Data values: every copy of a line carries, for each word, the number of its last store.
//!
//! Each load is compared with the last store in global order. The machine tells of every copy that
//! it makes; a copy that it forgets, or makes from the wrong place, is a load that reads an old
//! number.

use cache::{LineAddr, Slot};
use coherence::{Cause, CoreId, FirstLevel, MachineSpec, Observer, Place, Reference, State};
use rustc_hash::FxHashMap;

use super::Watcher;

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
#[derive(Debug)]
pub struct Values {
    word_shift: u32,
    words: usize,
    /// Slots of each private cache of a core.
    private_slots: Vec<usize>,
    /// Words of each private cache, by core.
    private: Vec<Vec<Vec<u64>>>,
    shared: Vec<Vec<u64>>,
    departing: FxHashMap<Place, Box<[u64]>>,
    /// Lines of the backing store that were ever written there.
    store: FxHashMap<LineAddr, Box<[u64]>>,
    /// The last store to every word that was ever stored to.
    ledger: FxHashMap<LineAddr, Box<[u64]>>,
    stores: u64,
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
        let words = (machine.line.bytes() / u64::from(word_bytes)) as usize;
        let slots = |level: &coherence::LevelSpec| level.geometry.lines() as usize;
        Self {
            word_shift: word_bytes.trailing_zeros(),
            words,
            private_slots: machine.private.iter().chain(&machine.l1i).map(slots).collect(),
            private: Vec::new(),
            shared: machine.shared.iter().map(|level| vec![0; slots(level) * words]).collect(),
            departing: FxHashMap::default(),
            store: FxHashMap::default(),
            ledger: FxHashMap::default(),
            stores: 0,
            loads: 0,
            answer: FirstLevel::Hit,
            filled_from: None,
            state_before: None,
            under_way: None,
            violation: None,
        }
    }

    fn range(&self, slot: Slot) -> std::ops::Range<usize> {
        slot.index() * self.words..(slot.index() + 1) * self.words
    }

    fn grow(&mut self, core: CoreId) {
        while self.private.len() <= core as usize {
            let caches = self.private_slots.iter().map(|slots| vec![0; slots * self.words]);
            self.private.push(caches.collect());
        }
    }

    /// Returns the words of the line at a place; `None` for a line that was never written there.
    fn at(&self, line: LineAddr, place: Place) -> Option<&[u64]> {
        match place {
            Place::Private { core, cache, slot } => {
                let core = self.private.get(core as usize)?;
                Some(&core[cache][self.range(slot)])
            }
            Place::Shared { level, slot } => Some(&self.shared[level][self.range(slot)]),
            Place::Departing { .. } => self.departing.get(&place).map(AsRef::as_ref),
            Place::Store => self.store.get(&line).map(AsRef::as_ref),
        }
    }

    fn at_mut(&mut self, line: LineAddr, place: Place) -> &mut [u64] {
        let words = self.words;
        match place {
            Place::Private { core, cache, slot } => {
                self.grow(core);
                let range = self.range(slot);
                &mut self.private[core as usize][cache][range]
            }
            Place::Shared { level, slot } => {
                let range = self.range(slot);
                &mut self.shared[level][range]
            }
            Place::Departing { .. } => {
                self.departing.entry(place).or_insert_with(|| vec![0; words].into())
            }
            Place::Store => self.store.entry(line).or_insert_with(|| vec![0; words].into()),
        }
    }
}

impl Observer for Values {
    fn looked_up(&mut self, reference: &Reference, _cache: usize, answer: FirstLevel) {
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

    fn loaded(&mut self, reference: &Reference, place: Place) {
        self.loads += 1;
        let found = self.at(reference.line, place);
        let expected = self.ledger.get(&reference.line);
        for word in reference.words(self.word_shift) {
            let found = found.map_or(0, |words| words[word]);
            let expected = expected.map_or(0, |words| words[word]);
            if found != expected && self.violation.is_none() {
                self.violation = Some(Violation {
                    reference: *reference,
                    word,
                    found,
                    expected,
                    place,
                    answer: self.answer,
                    filled_from: self.filled_from,
                    state_before: self.state_before,
                });
                return;
            }
        }
    }

    fn storing(&mut self, reference: &Reference) {
        self.stores += 1;
        let (number, words) = (self.stores, self.words);
        let touched = reference.words(self.word_shift);
        let line = self.ledger.entry(reference.line).or_insert_with(|| vec![0; words].into());
        line[touched].fill(number);
    }

    fn stored(&mut self, reference: &Reference, place: Place) {
        let (number, touched) = (self.stores, reference.words(self.word_shift));
        self.at_mut(reference.line, place)[touched].fill(number);
    }

    fn copied(&mut self, line: LineAddr, from: Place, to: Place) {
        if self.under_way.is_some_and(|(_, under_way)| under_way == line) {
            self.filled_from.get_or_insert(from);
        }
        let source: Option<Box<[u64]>> = self.at(line, from).map(Into::into);
        match source {
            Some(source) => self.at_mut(line, to).copy_from_slice(&source),
            None => self.at_mut(line, to).fill(0),
        }
    }

    #[inline]
    fn halts(&self) -> bool {
        self.violation.is_some()
    }
}

impl Watcher for Values {
    #[inline]
    fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    fn checked_loads(&self) -> Option<u64> {
        Some(self.loads)
    }

    fn line_not_stored(&self) -> Option<LineAddr> {
        let differs = |line: &LineAddr| {
            let stored = self.store.get(line).map_or(&[][..], AsRef::as_ref);
            let last = &self.ledger[line];
            (0..self.words).any(|word| stored.get(word).copied().unwrap_or(0) != last[word])
        };
        self.ledger.keys().filter(|line| differs(line)).min().copied()
    }
}
