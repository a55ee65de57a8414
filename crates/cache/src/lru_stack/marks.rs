//! A row of marks that knows how many come after each.

/// Marks of a word.
const BITS: usize = u64::BITS as usize;

/// A row of places, filled from its beginning, of which some are marked.
///
/// A bit a place, and a Fenwick tree over words of bits (Fenwick, "A new data structure for
/// cumulative frequency tables", Software: Practice and Experience 24(3), 1994).
#[derive(Clone, Debug)]
pub(super) struct Marks {
    words: Vec<u64>,
    /// The marks of the last `i & -i` words up to the one before word `i`; of words that are full.
    sums: Vec<usize>,
    /// Places that were filled.
    filled: usize,
    /// Marks in all of them.
    count: usize,
}

impl Marks {
    /// Makes a row of so many places or some more, of which the first `marked` are filled and
    /// marked.
    pub(super) fn new(places: usize, marked: usize) -> Self {
        let count = places.max(marked + 1).div_ceil(BITS);
        let mut marks =
            Self { words: vec![0; count], sums: vec![0; count + 1], filled: 0, count: marked };
        let full = marked / BITS;
        marks.words[..full].fill(u64::MAX);
        for (word, sum) in marks.sums.iter_mut().enumerate().skip(1) {
            let lowest = word & word.wrapping_neg();
            let first = word - lowest;
            *sum = (full.clamp(first, word) - first) * BITS;
        }
        marks.filled = marked;
        if !marked.is_multiple_of(BITS) {
            marks.words[full] = (1 << (marked % BITS)) - 1;
        }
        marks
    }

    /// Returns the number of places.
    pub(super) const fn len(&self) -> usize {
        self.words.len() * BITS
    }

    /// Returns the number of marks.
    pub(super) const fn count(&self) -> usize {
        self.count
    }

    /// Fills the next place and marks it.
    #[inline]
    pub(super) fn push(&mut self) {
        let (word, bit) = (self.filled / BITS, self.filled % BITS);
        self.words[word] |= 1 << bit;
        self.filled += 1;
        self.count += 1;
        if bit == BITS - 1 {
            self.add(word, self.words[word].count_ones() as usize);
        }
    }

    /// Removes the mark of a place.
    #[inline]
    pub(super) fn clear(&mut self, place: usize) {
        let (word, bit) = (place / BITS, place % BITS);
        debug_assert_ne!(self.words[word] & 1 << bit, 0, "place {place} is marked");
        self.words[word] &= !(1 << bit);
        self.count -= 1;
        if word < self.filled / BITS {
            self.add(word, 1_usize.wrapping_neg());
        }
    }

    /// Returns the number of marks after a place.
    #[inline]
    pub(super) fn after(&self, place: usize) -> usize {
        let (word, bit) = (place / BITS, place % BITS);
        let here = (self.words[word] >> bit >> 1).count_ones() as usize;
        // The last word is in no sum, and what is not in sums lies in it.
        if word == self.filled / BITS {
            return here;
        }
        let mut up_to_word = 0;
        let mut at = word + 1;
        while at > 0 {
            up_to_word += self.sums[at];
            at &= at - 1;
        }
        self.count - up_to_word + here
    }

    /// Adds to the marks of a word, modulo 2^64.
    fn add(&mut self, word: usize, marks: usize) {
        let mut at = word + 1;
        while at < self.sums.len() {
            self.sums[at] = self.sums[at].wrapping_add(marks);
            at += at & at.wrapping_neg();
        }
    }
}
