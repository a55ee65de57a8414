//! Why a reference missed: every miss is of exactly one class.
//!
//! The classes are those of Hill (three Cs) and of Dubois, Skeppstedt, Ricciulli, Ramamurthy and
//! Stenström, "The detection and elimination of useless misses in multiprocessors", ISCA 1993, with
//! the house's rules for which comes first.

use cache::{Choice, Geometry, LineAddr, LineStore, Replacement, Ways};
use coherence::{CoreId, FirstLevel, Loss, MachineSpec, Observer, Op, Reference, WritePolicy};
use rustc_hash::FxHashMap;

use super::Watcher;

/// Misses by class.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ClassCounters {
    /// The core never had the line (or nobody has had it since a flush).
    pub cold: u64,
    /// Replaced, and a fully associative cache of the same size would have missed too.
    pub capacity: u64,
    /// Replaced, though a fully associative cache of the same size would have kept it.
    pub conflict: u64,
    /// Lost to another core's store, to a word that this reference touches.
    pub true_sharing: u64,
    /// Lost to another core's store, to other words of the line.
    pub false_sharing: u64,
    /// Lost to an eviction further out.
    pub back_invalidation: u64,
    /// A store to a shared line that reads the line again to own it.
    pub upgrade: u64,
}

impl ClassCounters {
    /// The names of the classes, in the order of the reports.
    pub const NAMES: &[&str] = &[
        "cold",
        "capacity",
        "conflict",
        "true_sharing",
        "false_sharing",
        "back_invalidation",
        "upgrade",
    ];

    /// Returns the counts in the order of [`Self::NAMES`].
    pub const fn values(&self) -> [u64; 7] {
        [
            self.cold,
            self.capacity,
            self.conflict,
            self.true_sharing,
            self.false_sharing,
            self.back_invalidation,
            self.upgrade,
        ]
    }

    /// Adds another's counts to these.
    pub fn add(&mut self, other: &Self) {
        self.combine(other, |mine, others| mine + others);
    }

    /// Takes away what was counted before a moment.
    #[must_use]
    pub fn since(mut self, before: &Self) -> Self {
        self.combine(before, |now, then| now - then);
        self
    }

    fn combine(&mut self, other: &Self, with: impl Fn(u64, u64) -> u64) {
        for (mine, others) in [
            (&mut self.cold, other.cold),
            (&mut self.capacity, other.capacity),
            (&mut self.conflict, other.conflict),
            (&mut self.true_sharing, other.true_sharing),
            (&mut self.false_sharing, other.false_sharing),
            (&mut self.back_invalidation, other.back_invalidation),
            (&mut self.upgrade, other.upgrade),
        ] {
            *mine = with(*mine, others);
        }
    }
}

/// Classifies every first-level miss; a constant amount of work a reference.
#[derive(Debug)]
pub struct Classes {
    first_levels: Vec<FirstLevelSpec>,
    word_shift: u32,
    words_per_line: usize,
    cores: Vec<CoreClasses>,
    /// Who wrote which word last, for every line that was written.
    writers: FxHashMap<LineAddr, Box<[LastWrites]>>,
    /// Stores so far.
    stores: u64,
}

/// A first-level cache as the shadow sees it.
#[derive(Clone, Debug)]
struct FirstLevelSpec {
    /// Its place among the core's caches.
    cache: usize,
    shape: Geometry,
    /// A store that misses does not bring the line.
    passes_stores: bool,
}

#[derive(Debug)]
struct CoreClasses {
    counters: ClassCounters,
    /// Beside each first-level cache.
    shadows: Vec<Shadow>,
    /// What became of each line that the core has had.
    history: FxHashMap<LineAddr, Past>,
}

/// A fully associative LRU cache.
#[derive(Debug)]
struct Shadow {
    lines: LineStore,
    /// The most recent line, if it is known: to use it again changes nothing.
    last: Option<LineAddr>,
}

impl Shadow {
    /// Sees a reference; tells whether the line was there.
    #[inline]
    fn sees(&mut self, line: LineAddr, allocates: bool) -> bool {
        self.last == Some(line) || self.sees_another(line, allocates)
    }

    fn sees_another(&mut self, line: LineAddr, allocates: bool) -> bool {
        if let Some(slot) = self.lines.find(line) {
            self.lines.touch(slot);
            self.last = Some(line);
            return true;
        }
        if allocates {
            match self.lines.choose(line) {
                Choice::Vacant(slot) => self.lines.place(slot, line),
                Choice::Victim(slot) => self.lines.overwrite(slot, line),
            }
            self.last = Some(line);
        }
        false
    }

    fn remove(&mut self, line: LineAddr) {
        if let Some(slot) = self.lines.find(line) {
            self.lines.remove(slot);
            self.last = None;
        }
    }
}

/// What became of a line that a core once had.
#[derive(Clone, Copy, Debug)]
enum Past {
    HeldOrReplaced,
    /// Lost to the store of this number.
    Invalidated(u64),
    BackInvalidated,
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

impl Classes {
    /// Prepares to classify the misses of a machine; words of `word_bytes`, a power of two.
    pub fn new(machine: &MachineSpec, word_bytes: u32) -> Self {
        let specs = machine.private.first().map(|l1| (0, l1)).into_iter();
        let specs = specs.chain(machine.l1i.as_ref().map(|l1i| (machine.private.len(), l1i)));
        let first_levels = specs.map(|(cache, level)| FirstLevelSpec {
            cache,
            shape: Geometry::new(level.geometry.size_bytes(), Ways::Full, machine.line)
                .expect("lines of a checked cache fit in one set"),
            passes_stores: level.write == WritePolicy::WriteThrough { allocate: false },
        });
        Self {
            first_levels: first_levels.collect(),
            word_shift: word_bytes.trailing_zeros(),
            words_per_line: (machine.line.bytes() / u64::from(word_bytes)) as usize,
            cores: Vec::new(),
            writers: FxHashMap::default(),
            stores: 0,
        }
    }

    fn core(&mut self, core: CoreId) -> &mut CoreClasses {
        while self.cores.len() <= core as usize {
            let shadows = self.first_levels.iter().map(|level| {
                let lines = LineStore::new(&level.shape, Replacement::Lru);
                Shadow { lines: lines.expect("LRU takes any shape"), last: None }
            });
            self.cores.push(CoreClasses {
                counters: ClassCounters::default(),
                shadows: shadows.collect(),
                history: FxHashMap::default(),
            });
        }
        &mut self.cores[core as usize]
    }

    /// Tells whether another core wrote a word of the reference with store `first` or later.
    fn shares_words(&self, reference: &Reference, first: u64) -> bool {
        self.writers.get(&reference.line).is_some_and(|words| {
            words[reference.words(self.word_shift)]
                .iter()
                .any(|word| word.written_by_another(reference.core, first))
        })
    }

    fn classify(&mut self, reference: &Reference, shadowed: bool, held: bool, upgrades: bool) {
        let past = self.core(reference.core).history.get(&reference.line).copied();
        let shares = match past {
            Some(Past::Invalidated(store)) if !held => self.shares_words(reference, store),
            _ => false,
        };
        let counters = &mut self.core(reference.core).counters;
        let class = match past {
            _ if upgrades => &mut counters.upgrade,
            None if !held => &mut counters.cold,
            Some(Past::Invalidated(_)) if !held && shares => &mut counters.true_sharing,
            Some(Past::Invalidated(_)) if !held => &mut counters.false_sharing,
            Some(Past::BackInvalidated) if !held => &mut counters.back_invalidation,
            _ if shadowed => &mut counters.conflict,
            _ => &mut counters.capacity,
        };
        *class += 1;
    }

    /// Lets the shadow of a first-level cache see a reference; tells whether it had the line.
    fn shadow(&mut self, reference: &Reference, level: usize, allocates: bool) -> bool {
        self.core(reference.core).shadows[level].sees(reference.line, allocates)
    }

    fn remove_from_shadow(&mut self, core: CoreId, level: usize, line: LineAddr) {
        self.core(core).shadows[level].remove(line);
    }
}

impl Observer for Classes {
    fn looked_up(&mut self, reference: &Reference, cache: usize, answer: FirstLevel) {
        let level = usize::from(cache != self.first_levels[0].cache);
        let is_store = matches!(reference.op, Op::Write | Op::Atomic);
        let allocates = !(is_store && self.first_levels[level].passes_stores);
        let shadowed = self.shadow(reference, level, allocates);
        if let FirstLevel::Miss { held, upgrades } = answer {
            self.classify(reference, shadowed, held, upgrades);
            if allocates {
                let line = reference.line;
                self.core(reference.core).history.insert(line, Past::HeldOrReplaced);
            }
        }
    }

    fn storing(&mut self, reference: &Reference) {
        self.stores += 1;
        let (store, words) = (self.stores, reference.words(self.word_shift));
        let line = self
            .writers
            .entry(reference.line)
            .or_insert_with(|| vec![LastWrites::default(); self.words_per_line].into());
        for word in &mut line[words] {
            word.note(store, reference.core);
        }
    }

    fn lost(&mut self, core: CoreId, line: LineAddr, loss: Loss) {
        // A transaction that takes a line away is followed by its store: the next number.
        let store = self.stores + 1;
        let history = &mut self.core(core).history;
        match loss {
            Loss::Invalidation => history.insert(line, Past::Invalidated(store)),
            Loss::BackInvalidation => history.insert(line, Past::BackInvalidated),
            Loss::Replacement => history.insert(line, Past::HeldOrReplaced),
            Loss::Flush => history.remove(&line),
        };
        if matches!(loss, Loss::Invalidation | Loss::Flush) {
            for level in 0..self.first_levels.len() {
                self.remove_from_shadow(core, level, line);
            }
        }
    }
}

impl Watcher for Classes {
    fn classes(&self, core: CoreId) -> Option<ClassCounters> {
        let counters = self.cores.get(core as usize).map(|core| core.counters);
        Some(counters.unwrap_or_default())
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
