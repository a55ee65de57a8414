//! A chunk's two streams to records: the hot loop.
//!
//! It takes what is common without a branch that data decide: the length of a number is counted,
//! not tested, and what may be wrong is noted and not acted upon. What is rare goes to `careful`.
//! Where something was wrong, the chunk is decoded once more, carefully, to find the record.

use crate::mtrc::careful::{self, Fault, Position, Rules};
use crate::mtrc::layout::{
    EXTENSION, LASTS, Lasts, MIXED, OP_BITS, SAME, SIZES, SWITCH, ends_in_memory, is_time, unzigzag,
};
use crate::record::{ACCESS_BYTES_MAX, Op, Record};

/// How many zero bytes follow the operands, so that none has to be read by itself.
pub(crate) const PADDING: usize = 16;

/// How many records are decoded before they are appended together: they stay in the nearest cache.
const BLOCK_RECORDS: usize = 64;

/// What stands in a block before it is filled.
const NOTHING: Record = Record::event(0, Op::Read, 0);

/// The top bits of eight bytes.
const TOPS: u64 = 0x8080_8080_8080_8080;

/// What was decoded besides records.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Noted {
    /// Whether there are extended records, such as times.
    pub(crate) extended: bool,
}

/// Appends the records of a chunk: `raw` has a control byte for each of them, the operands and
/// [`PADDING`].
///
/// With a fault, what was appended is good: the records before it.
pub(crate) fn chunk(
    raw: &[u8],
    records: usize,
    rules: Rules,
    into: &mut Vec<Record>,
) -> Result<Noted, Fault> {
    let (controls, operands) = raw.split_at(records);
    let end = operands.len() - PADDING;
    let before = into.len();
    let mut lasts: Lasts = [0; LASTS];
    let Position { read: _, core } = rules.start();
    let (mut rest, mut core) = (operands, core as u8);
    // All cores together, and the highest last byte or a little more: whether one is out of bounds.
    let (mut cores, mut top, mut wrong) = (core, 0, false);
    into.reserve(records);
    let mut block = [NOTHING; BLOCK_RECORDS];
    'blocks: for controls in controls.chunks(BLOCK_RECORDS) {
        for (slot, &control) in block.iter_mut().zip(controls) {
            let size = SIZES[usize::from(control)];
            let Some(window) = rest.first_chunk::<PADDING>() else {
                wrong = true;
                break 'blocks;
            };
            let switch = usize::from(control & SWITCH != 0);
            let word = u64::from_le_bytes(std::array::from_fn(|i| window[switch + i]));
            let stops = !word & TOPS;
            if size == 0 || stops == 0 {
                let position =
                    Position { read: operands.len() - rest.len(), core: u16::from(core) };
                let rare = careful::record(control, &operands[..end], position, rules, &mut lasts);
                let Ok((record, next)) = rare else {
                    wrong = true;
                    break 'blocks;
                };
                (rest, core) = (&operands[next.read..], next.core as u8);
                *slot = record;
                continue;
            }
            core = if switch == 1 { window[0] } else { core };
            cores |= core;
            // The number ends with the first byte whose top bit is clear.
            let same = control & SAME != 0;
            let bits = gather(word & (stops ^ (stops - 1)) & !TOPS);
            let length = (stops.trailing_zeros() as usize >> 3) + 1;
            rest = &rest[switch + if same { 0 } else { length }..];
            let op = common(control);
            let last = &mut lasts[usize::from(core) << 2 & 0xff | op as usize];
            let addr = last.wrapping_add(unzigzag(if same { 0 } else { bits }));
            *last = addr;
            top = top.max(addr);
            *slot = Record { addr, size, core: u16::from(core), op };
        }
        into.extend_from_slice(&block[..controls.len()]);
    }
    let seen = controls.iter().fold(0, |seen, control| seen | control);
    let near_the_top = top > u64::MAX - u64::from(ACCESS_BYTES_MAX);
    let doubtful = near_the_top || u16::from(cores) >= rules.cores;
    wrong |= rest.len() != PADDING || rules.core != MIXED && seen & SWITCH != 0;
    if wrong || doubtful && !into[before..].iter().all(|record| is_sound(record, rules)) {
        into.truncate(before);
        careful::chunk(controls, &operands[..end], rules, &mut lasts, into)?;
    }
    Ok(Noted { extended: seen & EXTENSION != 0 })
}

/// Returns whether a record's core and last byte are in bounds.
fn is_sound(record: &Record, rules: Rules) -> bool {
    (record.core < rules.cores || is_time(record.op)) && ends_in_memory(record)
}

/// Returns the operation of a common record.
const fn common(control: u8) -> Op {
    match control & OP_BITS {
        0 => Op::Read,
        1 => Op::Write,
        2 => Op::Atomic,
        _ => Op::Fetch,
    }
}

/// Puts the lower seven bits of eight bytes together.
const fn gather(word: u64) -> u64 {
    // The upper of two neighbours moves down by as many bits as the lower one lacks.
    let upper = word & 0x7f00_7f00_7f00_7f00;
    let pairs = word - (upper >> 1);
    let upper = pairs & 0x3fff_0000_3fff_0000;
    let fours = pairs - upper + (upper >> 2);
    (fours & 0xffff_ffff) | fours >> 32 << 28
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Random numbers: xorshift64*.
    struct Random(u64);

    impl Random {
        fn next(&mut self) -> u64 {
            self.0 ^= self.0 >> 12;
            self.0 ^= self.0 << 25;
            self.0 ^= self.0 >> 27;
            self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
        }
    }

    /// Decodes both ways.
    fn both(controls: &[u8], operands: &[u8], rules: Rules) -> Result<(), Fault> {
        let (mut fast, mut slow) = (Vec::new(), Vec::new());
        let raw = [controls, operands, &[0; PADDING]].concat();
        let quickly = chunk(&raw, controls.len(), rules, &mut fast).map(|_| ());
        let carefully = careful::chunk(controls, operands, rules, &mut [0; LASTS], &mut slow);
        assert_eq!((quickly, fast), (carefully, slow), "{controls:x?} {operands:x?} {rules:?}");
        carefully
    }

    #[test]
    fn the_hot_loop_and_the_careful_one_agree_on_whatever_bytes() {
        let mut random = Random(7);
        let (mut good, mut bad) = (0, 0);
        for _ in 0..200_000 {
            let records = 1 + random.next() as usize % 12;
            // Few wild controls, so that some chunks are decoded to their end.
            let tame = [0x0c, 0x09, 0x4c, 0x03, 0x29, 0x1e, 0x80, 0x83, 0x84];
            let controls: Vec<u8> = (0..records)
                .map(|_| match random.next() % 16 {
                    0 => random.next() as u8,
                    pick => tame[pick as usize % tame.len()],
                })
                .collect();
            let length = records + random.next() as usize % (2 * records);
            let operands: Vec<u8> = (0..length)
                .map(|_| {
                    random.next() as u8 & if random.next().is_multiple_of(3) { 0xff } else { 7 }
                })
                .collect();
            let core = [MIXED, 0, 5][random.next() as usize % 3];
            let cores = [4, 64][random.next() as usize % 2];
            let rules = Rules { core, cores };
            // Cut where it may be whole.
            let whole = (0..=length).find(|&end| both(&controls, &operands[..end], rules).is_ok());
            if whole.is_some() { good += 1 } else { bad += 1 }
        }
        assert!(good > 20_000 && bad > 20_000, "{good} {bad}");
    }

    #[test]
    fn seven_bits_of_eight_bytes_are_gathered() {
        assert_eq!(gather(0x0000_0000_0000_0140), 0xc0);
        assert_eq!(gather(0x7f7f_7f7f_7f7f_7f7f), (1 << 56) - 1);
        for byte in 0..8 {
            assert_eq!(gather(1 << (8 * byte)), 1 << (7 * byte));
        }
    }
}
