//! The lines with the most coherence trouble, as a value.

use std::cmp::Reverse;

use cache::LineAddr;
use coherence::CoreId;

use super::code::CodeUse;
use super::divide::Divided;
use super::pattern::Pattern;
use super::sharing::Moves;
use super::{ClassCounters, Line, Lines, Room};

/// What is counted of a line, or of several.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LineCounts {
    /// Copies that cores lost to other cores' stores.
    pub invalidations: u64,
    /// Copies that took the bytes of other cores' stores.
    pub updates: u64,
    /// Bytes on the bus because of the line.
    pub bytes: u64,
    /// First-level misses by class.
    pub classes: ClassCounters,
}

impl LineCounts {
    /// Returns the misses that other cores' stores caused.
    pub const fn coherence_misses(&self) -> u64 {
        self.classes.true_sharing + self.classes.false_sharing
    }

    /// Returns all misses.
    pub fn misses(&self) -> u64 {
        self.classes.values().iter().sum()
    }

    pub(super) const fn has_trouble(&self) -> bool {
        self.invalidations > 0 || self.updates > 0 || self.coherence_misses() > 0
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.invalidations += other.invalidations;
        self.updates += other.updates;
        self.bytes += other.bytes;
        self.classes.add(&other.classes);
    }
}

/// The words of a line that a core touches, word n as bit n.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LineUse {
    /// The core.
    pub core: CoreId,
    /// The words that it loads.
    pub reads: u64,
    /// The words that it stores to.
    pub writes: u64,
}

/// A line, and what happened to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HotLine {
    /// The address of its first byte.
    pub address: u64,
    /// What the trace calls it, for who knows.
    pub name: Option<String>,
    /// What was counted.
    pub counts: LineCounts,
    /// How it is shared.
    pub pattern: Pattern,
    /// What passed between cores.
    pub moves: Moves,
    /// Who touches which words, by core.
    pub uses: Vec<LineUse>,
    /// Whose its words are, where it is shared falsely.
    pub divided: Option<Divided>,
    /// The instructions that access it, those with the most accesses first, from when the second
    /// core came.
    pub code: Vec<CodeUse>,
    /// Accesses by instructions that were too many to be told apart.
    pub code_others: u64,
}

/// The lines with the most coherence trouble.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HotLines {
    /// Lines that were told apart at the end.
    pub lines: usize,
    /// The most that are told apart at a time.
    pub lines_max: usize,
    /// Lines without coherence events that made room for others.
    pub forgotten: u64,
    /// References to lines for which there was no room.
    pub refused: u64,
    /// What was counted of all lines, also of those that were not told apart.
    pub all: LineCounts,
    /// Bytes of the words in masks.
    pub word_bytes: u64,
    /// The lines with the most trouble: by invalidations, then misses that other cores' stores
    /// caused, then updates, all falling, then by address.
    pub top: Vec<HotLine>,
}

impl HotLines {
    pub(super) fn of(lines: &Lines) -> Self {
        let Room { lines_max, forgotten, refused, counts, .. } = lines.room;
        let mut all = counts;
        let mut order: Vec<(&LineAddr, &Line)> = lines.known.iter().collect();
        for (_, line) in &order {
            all.add(&line.counts);
        }
        order.sort_unstable_by_key(|(address, line)| {
            let counts = &line.counts;
            let trouble = (counts.invalidations, counts.coherence_misses(), counts.updates);
            (Reverse(trouble), **address)
        });
        order.truncate(lines.most);
        let top = order.into_iter().map(|(address, line)| {
            let pattern = Pattern::of(&line.users);
            let together = line.users.together();
            let (code, code_others) = together.map(|users| users.code.sorted()).unwrap_or_default();
            HotLine {
                address: lines.line.base(*address).0,
                name: None,
                counts: line.counts,
                pattern,
                moves: together.map(|users| users.moves).unwrap_or_default(),
                uses: line.users.uses(),
                divided: Divided::of(&line.users, pattern),
                code,
                code_others,
            }
        });
        Self {
            lines: lines.known.len(),
            lines_max,
            forgotten,
            refused,
            all,
            word_bytes: 1 << lines.word_shift,
            top: top.collect(),
        }
    }
}
