//! The stack of LRU: at which depth a line lies says in which caches it lies.
//!
//! Of a fully associative LRU cache of n lines, the lines are the first n of one stack, whatever n
//! is. Mattson, Gecsei, Slutz and Traiger, "Evaluation techniques for storage hierarchies", IBM
//! Systems Journal 9(2), 1970: one pass over a trace measures every size. Here the stack is a row
//! of moments, as in Bennett and Kruskal, "LRU stack processing", IBM Journal of Research and
//! Development 19(4), 1975: each line's last reference is marked, and the marks after a line's own
//! are its depth. The row is renumbered when it is full (Olken, "Efficient methods for calculating
//! the success function of fixed space replacement policies", 1981), so that memory depends on the
//! number of lines and not on that of references.
//!
//! A line that is removed from all caches leaves a hole: its place in the stack is nobody's. A
//! cache of n lines has room for as many more as there are holes among the first n places, so a
//! line that comes moves those above the first hole down by one into it, and where it was itself
//! there is now the hole. So caches that had the line keep what they hold, those that had a hole
//! fill it, and only those that had neither lose their last line.

mod marks;

use std::collections::BinaryHeap;

use rustc_hash::FxHashMap;

use crate::addr::LineAddr;
use marks::Marks;

/// The fewest moments between two renumberings.
const MOMENTS_MIN: usize = 1 << 16;

/// How many moments there are for each line: a renumbering then costs each reference little.
const MOMENTS_PER_LINE: usize = 8;

/// Every fully associative LRU cache at once.
///
/// A reference takes a logarithm of the number of lines, and memory is a multiple of that number.
///
/// ```
/// use cache::{LineAddr, LruStack};
///
/// let mut stack = LruStack::new();
/// let depths = [1, 2, 3, 2, 1].map(|line| stack.reference(LineAddr(line)));
/// // The last one hits in caches of three lines and more: two other lines came in between.
/// assert_eq!(depths, [None, None, None, Some(1), Some(2)]);
/// ```
#[derive(Clone, Debug)]
pub struct LruStack {
    /// The moment of the last reference to each line that was ever there; before `start` for those
    /// that were removed since.
    moments: FxHashMap<LineAddr, u64>,
    /// The first moment of the row, above 0.
    start: u64,
    /// The next moment.
    now: u64,
    /// The moments of lines and holes, from `start` on.
    marks: Marks,
    /// The moments of holes, the last one first.
    holes: BinaryHeap<u64>,
    /// The line of the last reference, if it still lies there and above it is no hole.
    top: Option<LineAddr>,
    moments_min: usize,
}

impl LruStack {
    /// Makes a stack of nothing.
    pub fn new() -> Self {
        Self::with_moments(MOMENTS_MIN)
    }

    /// Makes a stack that is renumbered after so many references at least.
    fn with_moments(moments_min: usize) -> Self {
        Self {
            moments: FxHashMap::default(),
            start: 1,
            now: 1,
            marks: Marks::new(moments_min, 0),
            holes: BinaryHeap::new(),
            top: None,
            moments_min,
        }
    }

    /// Brings a line to the top and returns how deep it lay: the fewest lines of a cache that had
    /// it, less one. `None` if no cache had it.
    #[inline]
    pub fn reference(&mut self, line: LineAddr) -> Option<usize> {
        if self.top == Some(line) {
            return Some(0);
        }
        self.top = Some(line);
        if (self.now - self.start) as usize == self.marks.len() {
            self.renumber();
        }
        let before = self.moments.insert(line, self.now).filter(|moment| *moment >= self.start);
        let depth = before.map(|moment| self.marks.after((moment - self.start) as usize));
        // The first hole, if the line or nothing lies below it.
        let hole = self.holes.peek().copied().filter(|hole| before.is_none_or(|own| own < *hole));
        if hole.is_some() {
            self.holes.pop();
            self.holes.extend(before);
        }
        if let Some(vacant) = hole.or(before) {
            self.marks.clear((vacant - self.start) as usize);
        }
        self.marks.push();
        self.now += 1;
        depth
    }

    /// Removes a line from every cache.
    pub fn remove(&mut self, line: LineAddr) {
        let Some(moment) = self.moments.get_mut(&line) else { return };
        if *moment >= self.start {
            self.holes.push(*moment);
            *moment = 0;
            self.top = None;
        }
    }

    /// Removes every line from every cache.
    pub fn clear(&mut self) {
        // What is nowhere leaves no room that is not there anyway.
        self.start = self.now;
        self.marks = Marks::new(self.moments_min, 0);
        self.holes.clear();
        self.top = None;
    }

    /// Returns the number of different lines that there ever were.
    pub fn lines(&self) -> usize {
        self.moments.len()
    }

    /// Moves the marks together at the beginning of a new row.
    #[cold]
    fn renumber(&mut self) {
        let (start, count) = (self.start, self.marks.count());
        // Whoever was removed has a moment before the row, whose moments are all new.
        let moved = |moment: u64| {
            self.now + (count - 1 - self.marks.after((moment - start) as usize)) as u64
        };
        for moment in self.moments.values_mut().filter(|moment| **moment >= start) {
            *moment = moved(*moment);
        }
        self.holes = self.holes.iter().map(|moment| moved(*moment)).collect();
        let wanted = (count * MOMENTS_PER_LINE).max(self.moments.len()).max(self.moments_min);
        self.start = self.now;
        self.now += count as u64;
        self.marks = Marks::new(wanted, count);
    }
}

impl Default for LruStack {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
