//! A byte for each slot that tells most absent lines apart without a look at their tags.
//!
//! Eight bytes are compared at once, as one word, and a byte of 0 is an empty slot: the lowest one
//! is found the same way. What the bytes cannot tell apart, the tags do.

use crate::addr::LineAddr;

/// Every byte's lowest bit.
const LOWEST: u64 = 0x0101_0101_0101_0101;
/// Every byte but its highest bit.
const LOWER: u64 = !(LOWEST << 7);
/// A byte that no line has and that is not empty: for places beyond the ways of a set.
const NOWHERE: u64 = 0x01;
/// The bytes of a word.
const LANES: usize = 8;

/// The fingerprints of all slots, `words` words a set.
#[derive(Clone, Debug)]
pub(crate) struct Fingerprints {
    words: Vec<u64>,
    words_per_set: usize,
}

impl Fingerprints {
    pub(crate) fn new(sets: u32, ways: u32) -> Self {
        let ways = ways as usize;
        let words_per_set = ways.div_ceil(LANES);
        let mut words = vec![0; sets as usize * words_per_set];
        let beyond = words_per_set * LANES - ways;
        if beyond > 0 {
            let nowhere = (LOWEST * NOWHERE) << (8 * (LANES - beyond));
            words
                .iter_mut()
                .skip(words_per_set - 1)
                .step_by(words_per_set)
                .for_each(|w| *w = nowhere);
        }
        Self { words, words_per_set }
    }

    /// Returns the first way of a set whose fingerprint is the line's and of which `is_it` says
    /// that the line is there.
    #[inline]
    pub(crate) fn find(
        &self,
        set: usize,
        line: LineAddr,
        is_it: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let wanted = LOWEST * of(line);
        let first = set * self.words_per_set;
        for number in 0..self.words_per_set {
            let mut equal = zero_bytes(self.words[first + number] ^ wanted);
            while equal != 0 {
                let way = number * LANES + lowest(equal);
                if is_it(way) {
                    return Some(way);
                }
                equal &= equal - 1;
            }
        }
        None
    }

    /// Returns the lowest empty way of a set.
    #[inline]
    pub(crate) fn vacant(&self, set: usize) -> Option<usize> {
        let first = set * self.words_per_set;
        for number in 0..self.words_per_set {
            let empty = zero_bytes(self.words[first + number]);
            if empty != 0 {
                return Some(number * LANES + lowest(empty));
            }
        }
        None
    }

    /// Notes that a line lies in a way.
    #[inline]
    pub(crate) fn place(&mut self, set: usize, way: usize, line: LineAddr) {
        self.put(set, way, of(line));
    }

    /// Notes that a way is empty.
    #[inline]
    pub(crate) fn remove(&mut self, set: usize, way: usize) {
        self.put(set, way, 0);
    }

    #[inline]
    fn put(&mut self, set: usize, way: usize, byte: u64) {
        let word = &mut self.words[set * self.words_per_set + way / LANES];
        let shift = 8 * (way % LANES);
        *word = *word & !(0xff << shift) | byte << shift;
    }
}

/// Returns a line's fingerprint: bits that depend on all of its number, and never an empty byte.
///
/// The factor is 2^64 divided by the golden ratio (Knuth, "The Art of Computer Programming", volume
/// 3, section 6.4).
#[inline]
const fn of(line: LineAddr) -> u64 {
    line.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 57 | 0x80
}

/// Marks the bytes of a word that are zero by their highest bit: exactly those.
#[inline]
const fn zero_bytes(word: u64) -> u64 {
    !(((word & LOWER) + LOWER) | word | LOWER)
}

/// Returns the number of the lowest byte that is marked.
#[inline]
const fn lowest(marks: u64) -> usize {
    (marks.trailing_zeros() / 8) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_zero_bytes_are_marked() {
        assert_eq!(zero_bytes(0), LOWEST << 7);
        assert_eq!(zero_bytes(u64::MAX), 0);
        // A borrow would mark the byte of 0x01 above a zero byte.
        assert_eq!(zero_bytes(0xff80_7f02_0100_01ff), 0x0080_0000);
    }

    #[test]
    fn a_place_beyond_the_ways_is_neither_empty_nor_any_lines() {
        for ways in [1, 3, 8, 12, 16, 40] {
            let mut prints = Fingerprints::new(2, ways);
            for way in 0..ways as usize {
                assert_eq!(prints.vacant(1), Some(way));
                prints.place(1, way, LineAddr(way as u64));
            }
            assert_eq!(prints.vacant(1), None);
            assert_eq!(prints.vacant(0), Some(0));
            for line in (0..100_000).map(LineAddr) {
                prints.find(1, line, |way| {
                    assert!(way < ways as usize);
                    false
                });
            }
        }
    }

    #[test]
    fn lines_with_one_fingerprint_are_told_apart_by_the_question() {
        let twin = (1..10_000).map(LineAddr).find(|line| of(*line) == of(LineAddr(0))).unwrap();
        let mut prints = Fingerprints::new(1, 4);
        prints.place(0, 1, LineAddr(0));
        prints.place(0, 3, twin);
        assert_eq!(prints.find(0, twin, |way| way == 3), Some(3));
        assert_eq!(prints.find(0, twin, |way| way == 1), Some(1));
        prints.remove(0, 1);
        assert_eq!(prints.find(0, twin, |_| true), Some(3));
    }
}
