//! A configuration of a model as numbers: one for each core, and one for what lies below the bus.
//!
//! Of a line, a core's number has the state (4 bits) and, for each of its caches, whether the line
//! is there, its dirty bit, and its words. The last number has the same of the shared level (if
//! there is one), then the words of the backing store and the last stores. Words of copies that are
//! not there are zero, so that equal configurations are equal numbers.

use crate::step::State;

/// The most cores of a model.
pub const MODEL_CORES_MAX: usize = 8;

const STATE_BITS: u32 = 4;

/// That many low bits, 0 to 64.
pub(super) const fn mask(bits: u32) -> u64 {
    if bits == 0 { 0 } else { u64::MAX >> (u64::BITS - bits) }
}

/// How a model's configurations are laid out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub(super) cores: usize,
    pub(super) lines: usize,
    pub(super) words: usize,
    /// Private levels of a core.
    pub(super) caches: usize,
    pub(super) shared: bool,
    /// Bits of a word's value.
    pub(super) word_bits: u32,
}

/// A copy of a line in a cache.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Copied {
    /// The line is there.
    pub present: bool,
    /// Its dirty bit.
    pub dirty: bool,
    /// Its words, the lowest bits those of word 0.
    pub words: u32,
}

impl Layout {
    /// Returns how many numbers a configuration is.
    pub(super) const fn numbers(&self) -> usize {
        self.cores + 1
    }

    /// Returns the bits of a core's number, and of the last one.
    pub(super) const fn bits(&self) -> (u32, u32) {
        let lines = self.lines as u32;
        (lines * self.line_bits(), lines * self.below_bits())
    }

    const fn line_words_bits(&self) -> u32 {
        self.words as u32 * self.word_bits
    }

    const fn copy_bits(&self) -> u32 {
        2 + self.line_words_bits()
    }

    const fn line_bits(&self) -> u32 {
        STATE_BITS + self.caches as u32 * self.copy_bits()
    }

    const fn below_bits(&self) -> u32 {
        self.shared as u32 * self.copy_bits() + 2 * self.line_words_bits()
    }

    /// Returns the mask of the words of a line.
    pub(super) const fn words_mask(&self) -> u64 {
        mask(self.line_words_bits())
    }

    /// Returns the part of a core's number that is about a line.
    #[inline]
    pub(super) const fn line_of(&self, number: u64, line: usize) -> u64 {
        let bits = self.line_bits();
        number >> (line as u32 * bits) & mask(bits)
    }

    /// Returns the part of the last number that is about a line.
    #[inline]
    pub(super) const fn below_of(&self, number: u64, line: usize) -> u64 {
        let bits = self.below_bits();
        number >> (line as u32 * bits) & mask(bits)
    }

    /// Returns the state in a line's part of a core's number.
    #[inline]
    pub(super) const fn state(part: u64) -> State {
        State((part & mask(STATE_BITS)) as u8)
    }

    /// Returns a private copy in a line's part of a core's number.
    #[inline]
    pub(super) const fn copy(&self, part: u64, cache: usize) -> Copied {
        self.unpack(part >> (STATE_BITS + cache as u32 * self.copy_bits()))
    }

    /// Returns the shared copy in a line's part of the last number.
    #[inline]
    pub(super) const fn shared_copy(&self, part: u64) -> Copied {
        self.unpack(part)
    }

    /// Returns the backing store's words in a line's part of the last number.
    #[inline]
    pub(super) const fn store(&self, part: u64) -> u32 {
        let shift = self.shared as u32 * self.copy_bits();
        (part >> shift & self.words_mask()) as u32
    }

    /// Returns the last stores in a line's part of the last number.
    #[inline]
    pub(super) const fn last(&self, part: u64) -> u32 {
        let shift = self.shared as u32 * self.copy_bits() + self.line_words_bits();
        (part >> shift & self.words_mask()) as u32
    }

    const fn unpack(&self, bits: u64) -> Copied {
        let words = (bits >> 2 & self.words_mask()) as u32;
        Copied { present: bits & 1 == 1, dirty: bits >> 1 & 1 == 1, words }
    }

    const fn pack(copy: Copied) -> u64 {
        if copy.present { 1 | (copy.dirty as u64) << 1 | (copy.words as u64) << 2 } else { 0 }
    }

    /// Returns a core's number with a line's state and copies added.
    pub(super) const fn with_state(&self, number: u64, line: usize, state: State) -> u64 {
        number | (state.0 as u64) << (line as u32 * self.line_bits())
    }

    pub(super) const fn with_copy(
        &self,
        number: u64,
        line: usize,
        cache: usize,
        copy: Copied,
    ) -> u64 {
        let shift = line as u32 * self.line_bits() + STATE_BITS + cache as u32 * self.copy_bits();
        number | Self::pack(copy) << shift
    }

    /// Returns the last number with a line's part added.
    pub(super) const fn with_below(
        &self,
        number: u64,
        line: usize,
        shared: Copied,
        store: u32,
        last: u32,
    ) -> u64 {
        let shift = self.shared as u32 * self.copy_bits();
        let words = store as u64 | (last as u64) << self.line_words_bits();
        let shared = if self.shared { Self::pack(shared) } else { 0 };
        number | (shared | words << shift) << (line as u32 * self.below_bits())
    }

    /// Returns the dirty bits of a core's number, and of the last one.
    pub(super) fn dirty_masks(&self) -> (u64, u64) {
        let dirty = Copied { present: true, dirty: true, words: 0 };
        let here = Copied { dirty: false, ..dirty };
        let (mut core, mut below) = (0, 0);
        for line in 0..self.lines {
            for cache in 0..self.caches {
                core |=
                    self.with_copy(0, line, cache, dirty) ^ self.with_copy(0, line, cache, here);
            }
            let with = |copy| self.with_below(0, line, copy, 0, 0);
            below |= with(dirty) ^ with(here);
        }
        (core, below)
    }
}
