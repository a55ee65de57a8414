//! Keys as numbers, in the order in which they appear.

use std::hash::{DefaultHasher, Hasher};

/// Why a key has no number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Full;

/// The keys so far: each has the number of different ones that appeared before it.
///
/// Memory is what the keys take, 8 bytes a key for where they end, and 11 to 22 bytes a key for
/// finding them.
pub(crate) struct Keys {
    count_max: usize,
    bytes_max: usize,
    /// All keys, one after the other.
    text: Vec<u8>,
    /// Where each key ends in `text`.
    ends: Vec<usize>,
    /// Open addressing: half of a key's hash above its number plus 1, or 0 for none.
    slots: Vec<u64>,
}

/// The number of slots to begin with.
const SLOTS_MIN: usize = 1024;

impl Keys {
    /// Makes room for so many keys of so many bytes in all.
    pub(crate) fn new(count_max: usize, bytes_max: usize) -> Keys {
        assert!(count_max < u32::MAX as usize);
        let slots = vec![0; SLOTS_MIN];
        Keys { count_max, bytes_max, text: Vec::new(), ends: Vec::new(), slots }
    }

    /// Returns the number of a key, from 0.
    pub(crate) fn number(&mut self, key: &[u8]) -> Result<u64, Full> {
        let hash = hash(key);
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        while self.slots[at] != 0 {
            let (known, number) = ((self.slots[at] >> 32) as u32, self.slots[at] as u32 - 1);
            if known == hash && self.key(number as usize) == key {
                return Ok(u64::from(number));
            }
            at = (at + 1) & mask;
        }
        if self.ends.len() == self.count_max || key.len() > self.bytes_max - self.text.len() {
            return Err(Full);
        }
        let number = self.ends.len() as u64;
        self.text.extend_from_slice(key);
        self.ends.push(self.text.len());
        self.slots[at] = u64::from(hash) << 32 | (number + 1);
        if self.ends.len() > self.slots.len() / 4 * 3 {
            self.grow();
        }
        Ok(number)
    }

    fn key(&self, number: usize) -> &[u8] {
        let start = if number == 0 { 0 } else { self.ends[number - 1] };
        &self.text[start..self.ends[number]]
    }

    #[cold]
    fn grow(&mut self) {
        let mask = self.slots.len() * 2 - 1;
        let mut slots = vec![0; mask + 1];
        for &slot in self.slots.iter().filter(|&&slot| slot != 0) {
            let mut at = (slot >> 32) as usize & mask;
            while slots[at] != 0 {
                at = (at + 1) & mask;
            }
            slots[at] = slot;
        }
        self.slots = slots;
    }
}

/// Returns 32 bits that depend on all of the key; which ones, no number depends on.
fn hash(key: &[u8]) -> u32 {
    let mut hasher = DefaultHasher::new();
    hasher.write(key);
    hasher.finish() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_numbered_as_they_appear() {
        let mut keys = Keys::new(10, 100);
        let numbers = ["b", "a", "", "b", "c", "a", ""].map(|key| keys.number(key.as_bytes()));
        assert_eq!(numbers, [0, 1, 2, 0, 3, 1, 2].map(Ok));
    }

    #[test]
    fn many_keys_keep_their_numbers() {
        let mut keys = Keys::new(100_000, 1 << 20);
        for _ in 0..2 {
            for number in 0..100_000_u64 {
                let key = (number * 0x9e37).to_string();
                assert_eq!(keys.number(key.as_bytes()), Ok(number));
            }
        }
        assert_eq!(keys.number(b"one more"), Err(Full));
        assert_eq!(keys.number(b"0"), Ok(0));
    }

    #[test]
    fn the_bytes_of_keys_are_bounded_too() {
        let mut keys = Keys::new(10, 4);
        assert_eq!(keys.number(b"abc"), Ok(0));
        assert_eq!(keys.number(b"de"), Err(Full));
        assert_eq!(keys.number(b"d"), Ok(1));
        assert_eq!(keys.number(b"abc"), Ok(0));
    }
}
