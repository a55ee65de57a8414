//! What is done to the bytes of a trace to see what its reader does, and what every reader
//! promises of its records. The tests are in `fuzz`, and where a format has checksums to get past.

use trace::{ACCESS_BYTES_MAX, CORES_MAX, Op, RANGE_BYTES_MAX, Record};

use crate::common::Random;

/// What is put where a number stands: one that is longer than any, or means something.
const NUMBERS: &[&[u8]] = &[
    b"0",
    b"-1",
    b"0x",
    b"65537",
    b"4294967296",
    b"18446744073709551615",
    b"18446744073709551616",
    b"ffffffffffffffff",
    b"0x10000000000000000",
    b"99999999999999999999999999999999999999999",
    // As bytes: the largest and smallest numbers, and a varint that has no end.
    b"\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\0\0\0\0\0\0\0\0",
    b"\0\0\0\0\0\0\0\x80",
    b"\xff\xff\xff\x7f",
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
];

/// Bytes that mean something in some format.
const BYTES: &[u8] = b"\0\n\r \t#@+,*0xfF=9-[:;\"()_";

/// The longest piece that is moved, doubled or dropped, in bytes.
const PIECE_BYTES_MAX: usize = 5000;

/// Changes, doubles, swaps, drops or inserts some bytes.
pub(crate) fn mutate(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut mutant = bytes.to_vec();
    for _ in 0..=random.below(4) {
        if mutant.is_empty() {
            break;
        }
        let at = random.below(mutant.len());
        let rest = mutant.len() - at;
        let length = match random.below(3) {
            0 => 1 + random.below(rest.min(8)),
            1 => 1 + random.below(rest.min(100)),
            _ => 1 + random.below(rest.min(PIECE_BYTES_MAX)),
        };
        match random.below(11) {
            0 | 1 => mutant[at] ^= 1 << random.below(8),
            2 => mutant[at] = random.next() as u8,
            3 => mutant.truncate(at),
            4 => drop(mutant.remove(at)),
            5 => mutant.insert(at, BYTES[random.below(BYTES.len())]),
            6 => mutant.extend_from_within(at..at + length),
            7 => {
                let piece = mutant[at..at + length].to_vec();
                mutant.splice(at..at, piece);
            }
            8 => drop(mutant.drain(at..at + length)),
            9 => swap(&mut mutant, at, length, random),
            _ => {
                let number = NUMBERS[random.below(NUMBERS.len())];
                // In the place of digits, if that is what stands there, else of as many bytes.
                let digits = mutant[at..].iter().take_while(|byte| byte.is_ascii_hexdigit());
                let replaced = digits.count().max(number.len().min(rest));
                mutant.splice(at..at + replaced, number.iter().copied());
            }
        }
    }
    mutant
}

/// Swaps two pieces of one length.
fn swap(bytes: &mut [u8], at: usize, length: usize, random: &mut Random) {
    let other = random.below(bytes.len());
    let (first, second) = (at.min(other), at.max(other));
    let length = length.min(second - first).min(bytes.len() - second);
    let (left, right) = bytes.split_at_mut(second);
    left[first..first + length].swap_with_slice(&mut right[..length]);
}

/// Checks what every reader promises of a record.
pub(crate) fn check(record: &Record) {
    assert!(record.core < CORES_MAX);
    let sizes = match record.op {
        Op::Read | Op::Write | Op::Atomic | Op::Fetch => 1..=ACCESS_BYTES_MAX,
        Op::Clean | Op::Flush => 1..=RANGE_BYTES_MAX,
        Op::FlushAll | Op::Fence | Op::Compute | Op::Time | Op::TimeTicks | Op::Pc => 0..=0,
    };
    assert!(sizes.contains(&record.size));
    assert!(record.size == 0 || record.addr.checked_add(u64::from(record.size) - 1).is_some());
}
