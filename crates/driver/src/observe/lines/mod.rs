//! Which lines cost the most coherence, who touches which of their words, and in what pattern.
//!
//! Everything that a run counts of invalidations, updates, misses and bytes on the bus is counted
//! once more by line, so that the sum over the lines is the report; `audit.rs` says so of every
//! run. What is told of words and patterns comes of the accesses alone: no protocol and no cache
//! size changes it.

mod code;
mod divide;
mod hot;
mod pattern;
mod sharing;

use cache::{LineAddr, LineSize};
use coherence::{CORES_MAX, CoreId, FirstLevel, Loss, MachineSpec, Observer, Place, Reference};
use rustc_hash::FxHashMap;

use self::sharing::{Touch, Users};
use super::{ClassCounters, Classes, Watcher};

pub use self::code::CodeUse;
pub use self::divide::{Divided, Who};
pub use self::hot::{HotLine, HotLines, LineCounts, LineUse};
pub use self::pattern::Pattern;
pub use self::sharing::Moves;

/// The most lines that are told apart at a time. Beyond it, those that had no coherence event are
/// forgotten; their counts stay in the sum.
const LINES_MAX: usize = 1 << 20;

/// The words of a line are the bits of a mask, so that a line has at most so many.
const WORDS_MAX: u64 = u64::BITS as u64;

/// What is known of one line.
#[derive(Debug, Default)]
struct Line {
    counts: LineCounts,
    users: Users,
}

/// Counts by line, and classifies every miss on the way: a line's misses have classes too.
#[derive(Debug)]
pub struct Lines {
    classes: Classes,
    line: LineSize,
    word_shift: u32,
    most: usize,
    known: FxHashMap<LineAddr, Line>,
    room: Room,
    /// The instruction that each core is at; 0 if it is unknown.
    pcs: [u64; CORES_MAX as usize],
}

/// How many lines there may be, and what came of those for which there was no room.
#[derive(Debug)]
struct Room {
    lines_max: usize,
    /// No more lines are taken up.
    is_full: bool,
    /// Lines that were forgotten, and references to lines that were never taken up.
    forgotten: u64,
    refused: u64,
    /// What was counted of them.
    counts: LineCounts,
}

impl Room {
    fn new(lines_max: usize) -> Self {
        Self { lines_max, is_full: false, forgotten: 0, refused: 0, counts: LineCounts::default() }
    }
}

impl Lines {
    /// Prepares to count the lines of a machine and to say the `most` troubled of them; words of
    /// `word_bytes`, a power of two.
    pub fn new(machine: &MachineSpec, word_bytes: u32, most: usize) -> Self {
        let line = machine.line;
        let word = u64::from(word_bytes).max(line.bytes() / WORDS_MAX);
        Self {
            classes: Classes::new(machine, word_bytes),
            line,
            word_shift: word.trailing_zeros(),
            most,
            known: FxHashMap::default(),
            room: Room::new(LINES_MAX),
            pcs: [0; CORES_MAX as usize],
        }
    }

    /// Returns what is known of a line, if there is room for it.
    fn line(&mut self, line: LineAddr) -> Option<&mut Line> {
        let Room { lines_max, .. } = self.room;
        if self.known.len() >= lines_max && !self.known.contains_key(&line) {
            self.make_room();
            if self.known.len() >= lines_max {
                return None;
            }
        }
        Some(self.known.entry(line).or_default())
    }

    fn counts(&mut self, line: LineAddr) -> &mut LineCounts {
        // Two look-ups, where one would keep the borrow of what is not returned.
        if self.line(line).is_none() {
            return &mut self.room.counts;
        }
        self.known.get_mut(&line).map_or(&mut self.room.counts, |line| &mut line.counts)
    }

    /// Forgets the lines that had no coherence event. Where most had one, that would be little room
    /// for much work: then no more lines are taken up.
    #[cold]
    fn make_room(&mut self) {
        let Room { lines_max, is_full, forgotten, counts, .. } = &mut self.room;
        if *is_full {
            return;
        }
        let is_calm = |line: &Line| !line.counts.has_trouble();
        let calm = self.known.values().filter(|line| is_calm(line)).count();
        if calm * 8 < *lines_max {
            *is_full = true;
            return;
        }
        *forgotten += calm as u64;
        self.known.retain(|_, line| {
            if is_calm(line) {
                counts.add(&line.counts);
            }
            !is_calm(line)
        });
    }

    fn touch(&mut self, reference: &Reference) {
        let core = reference.core;
        let words = reference.words(self.word_shift);
        let (first, last) = (*words.start() as u32, *words.end() as u32);
        let touch = Touch {
            core,
            words: u64::MAX >> (63 - (last - first)) << first,
            op: reference.op,
            pc: self.pcs[core as usize % self.pcs.len()],
        };
        match self.line(reference.line) {
            Some(line) => line.users.touch(&touch),
            None => self.room.refused += 1,
        }
    }
}

impl Observer for Lines {
    const HEARS_OF_ABSENT: bool = <Classes>::HEARS_OF_ABSENT;

    fn looked_up(&mut self, reference: &Reference, cache: usize, answer: FirstLevel) {
        self.touch(reference);
        if let FirstLevel::Miss { held, upgrades } = answer {
            let class = self.classes.missed(reference, cache, held, upgrades);
            self.counts(reference.line).classes.count(class);
        }
    }

    fn loaded(&mut self, reference: &Reference, place: Place) {
        self.classes.loaded(reference, place);
    }

    fn storing(&mut self, reference: &Reference) {
        self.classes.storing(reference);
    }

    fn stored(&mut self, reference: &Reference, place: Place) {
        self.classes.stored(reference, place);
    }

    fn lost(&mut self, core: CoreId, line: LineAddr, loss: Loss) {
        self.classes.lost(core, line, loss);
        if loss == Loss::Invalidation {
            self.counts(line).invalidations += 1;
        }
    }

    fn updated(&mut self, _core: CoreId, line: LineAddr) {
        self.counts(line).updates += 1;
    }

    fn carried(&mut self, line: LineAddr, bytes: u64) {
        self.counts(line).bytes += bytes;
    }
}

impl Watcher for Lines {
    const HEARS_OF_CODE: bool = true;

    fn is_at(&mut self, core: CoreId, pc: u64) {
        if let Some(at) = self.pcs.get_mut(core as usize) {
            *at = pc;
        }
    }

    fn begins_counting(&mut self) {
        self.known.clear();
        self.room = Room::new(self.room.lines_max);
    }

    fn classes(&self, core: CoreId) -> Option<ClassCounters> {
        self.classes.classes(core)
    }

    fn hot_lines(&self) -> Option<HotLines> {
        Some(HotLines::of(self))
    }
}

#[cfg(test)]
mod tests {
    use coherence::Op;

    use super::*;
    use crate::config::{Config, Draft};

    fn lines(lines_max: usize) -> Lines {
        let config = Config::new(&Draft::built_in()).unwrap();
        let mut lines = Lines::new(&config.machine, config.word_bytes, 10);
        lines.room.lines_max = lines_max;
        lines
    }

    fn read(lines: &mut Lines, line: u64) {
        let line = LineAddr(line);
        let reference = Reference { core: 0, op: Op::Read, line, offset: 0, bytes: 8 };
        lines.looked_up(&reference, 0, FirstLevel::Miss { held: false, upgrades: false });
        lines.carried(line, 64);
    }

    #[test]
    fn beyond_the_bound_calm_lines_are_forgotten_and_their_counts_are_not() {
        let mut lines = lines(8);
        for line in 0..8 {
            read(&mut lines, line);
        }
        lines.lost(0, LineAddr(5), Loss::Invalidation);
        read(&mut lines, 100);
        let hot = lines.hot_lines().unwrap();
        // The seven without trouble made room.
        assert_eq!((hot.lines, hot.forgotten, hot.refused), (2, 7, 0));
        assert_eq!((hot.top[0].address, hot.top[0].counts.invalidations), (5 * 64, 1));
        assert_eq!((hot.all.classes.cold, hot.all.bytes, hot.all.invalidations), (9, 9 * 64, 1));
    }

    #[test]
    fn where_every_line_had_trouble_new_ones_are_counted_together() {
        let mut lines = lines(8);
        for line in 0..8 {
            read(&mut lines, line);
            lines.lost(0, LineAddr(line), Loss::Invalidation);
        }
        for line in 100..103 {
            read(&mut lines, line);
        }
        let hot = lines.hot_lines().unwrap();
        assert_eq!((hot.lines, hot.forgotten, hot.refused), (8, 0, 3));
        assert_eq!((hot.all.classes.cold, hot.all.bytes), (11, 11 * 64));
    }
}
