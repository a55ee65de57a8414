//! Hex digits off the front of a text, eight at once.
//!
//! Where the next line begins depends on how long this one's number is: a step a digit makes the
//! whole text one chain of steps. Here eight bytes are one number, and each sum is eight sums.

/// A byte in each of the eight.
const ONES: u64 = 0x0101_0101_0101_0101;

/// Returns the number that leading hex digits say, and how many digits there are, up to 16.
///
/// The number means nothing if there are none.
#[expect(clippy::inline_always, reason = "a call would hand what it returns through memory")]
#[inline(always)]
pub(crate) fn leading(bytes: &[u8; 16]) -> (u64, usize) {
    let both = u128::from_le_bytes(*bytes);
    let (first, second) = (both as u64, (both >> 64) as u64);
    let ends = others(first);
    if ends != 0 {
        let digits = ends.trailing_zeros() / 8;
        return (joined(values(first)) >> (32 - 4 * digits), digits as usize);
    }
    let ends = others(second);
    if ends & 0x80 != 0 {
        return (joined(values(first)), 8);
    }
    // Without an end there are 64 zeros: eight digits more.
    let more = ends.trailing_zeros() / 8;
    let number = joined(values(first)) << 32 | joined(values(second));
    (number >> (32 - 4 * more), 8 + more as usize)
}

/// Returns the highest bit of the first byte that is no hex digit; of those after it, it may be
/// either.
#[inline]
const fn others(text: u64) -> u64 {
    // A sum sets the highest bit of each byte from a character on. It leaves its byte only if that
    // byte is no digit.
    const fn from(text: u64, character: u8) -> u64 {
        text.wrapping_add((0x80 - character as u64) * ONES)
    }
    let lower_case = text | (0x20 * ONES);
    let between = from(lower_case, b'9' + 1) & !from(lower_case, b'a');
    let outside = !from(text, b'0') | between | from(lower_case, b'f' + 1) | text;
    outside & (0x80 * ONES)
}

/// Returns the value of each byte up to the first that is no hex digit; from there on anything
/// below 16.
#[inline]
const fn values(text: u64) -> u64 {
    // Letters are those with bit 6: `a` is 0x61, and its value 1 + 9. A sum leaves its byte only if
    // that is no digit.
    let are_letters = text >> 6 & ONES;
    text.wrapping_add(9 * are_letters) & (0x0f * ONES)
}

/// Joins eight values below 16, the first byte's first.
#[inline]
const fn joined(values: u64) -> u64 {
    let values = values.swap_bytes();
    let values = (values | values >> 4) & 0x00ff_00ff_00ff_00ff;
    let values = (values | values >> 8) & 0x0000_ffff_0000_ffff;
    (values | values >> 16) & 0xffff_ffff
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same, a byte after the other.
    fn slowly(bytes: [u8; 16]) -> (u64, usize) {
        let value = |byte: &u8| (*byte as char).to_digit(16);
        let digits: Vec<u32> = bytes.iter().map_while(value).collect();
        let number = digits.iter().fold(0, |number, digit| number << 4 | u64::from(*digit));
        (number, digits.len())
    }

    fn agrees(bytes: [u8; 16]) {
        let expected = slowly(bytes);
        let (number, digits) = leading(&bytes);
        assert_eq!(digits, expected.1, "{}", bytes.escape_ascii());
        assert!(digits == 0 || number == expected.0, "{}: {number:x}", bytes.escape_ascii());
    }

    #[test]
    fn each_byte_at_each_place_ends_a_number_or_does_not() {
        for background in [*b"0123456789abcdef", *b"FEDCBA9876543210", *b"ffffffffffffffff"] {
            for (place, byte) in (0..16).flat_map(|place| (0..=u8::MAX).map(move |b| (place, b))) {
                let mut bytes = background;
                bytes[place] = byte;
                agrees(bytes);
                // And before what looks like no digit at all.
                bytes[place + 1..].fill(byte ^ 0xff);
                agrees(bytes);
            }
        }
    }

    #[test]
    fn random_bytes_are_read_as_one_by_one() {
        let mut state = 1_u64;
        for _ in 0..100_000 {
            let bytes = [(); 16].map(|()| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let drawn = (state >> 33) as usize;
                let likely = b"0123456789abcdefABCDEF0123456789abcdefABCDEF\n\r ,";
                if drawn.is_multiple_of(64) {
                    (state >> 48) as u8
                } else {
                    likely[drawn % likely.len()]
                }
            });
            agrees(bytes);
        }
    }
}
