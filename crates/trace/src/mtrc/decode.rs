//! A chunk's two streams to records: the hot loop.
//!
//! It takes what is common without a branch that data decide: the length of a number is counted, not
//! tested, and what may be wrong is noted and not acted upon. What is rare goes to `careful`. Where
//! something was wrong, the chunk is decoded once more, carefully, to find the record.

use crate::mtrc::careful::{self, Fault, Position, Rules};
use crate::mtrc::layout::{
    EXTENSION, LASTS, Lasts, MIXED, OP_BITS, OPS, SAME, SIZES, SWITCH, unzigzag,
};
use crate::record::{Op, Record};

/// How many zero bytes follow the operands, so that none has to be read by itself.
pub(crate) const PADDING: usize = 16;

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
    let Position { mut read, core } = rules.start();
    let mut core = core as u8;
    let (mut highest, mut seen, mut wrong) = (core, 0, false);
    into.extend(controls.iter().map(|&control| {
        seen |= control;
        let size = SIZES[usize::from(control)];
        let window = operands.get(read..).and_then(|rest| rest.first_chunk::<PADDING>());
        let Some(window) = window else {
            wrong = true;
            return Record::event(0, Op::Fence, 0);
        };
        let switch = usize::from(control & SWITCH != 0);
        let word = u64::from_le_bytes(std::array::from_fn(|i| window[switch + i]));
        let stops = !word & TOPS;
        if size == 0 || stops == 0 {
            let position = Position { read, core: u16::from(core) };
            let operands = &operands[..end.max(read)];
            return match careful::record(control, operands, position, rules, &mut lasts) {
                Ok((record, next)) => {
                    (read, core) = (next.read, next.core as u8);
                    record
                }
                Err(_) => {
                    wrong = true;
                    Record::event(0, Op::Fence, 0)
                }
            };
        }
        core = if switch == 1 { window[0] } else { core };
        highest = highest.max(core);
        // The number ends with the first byte whose top bit is clear.
        let same = control & SAME != 0;
        let bits = gather(word & (stops ^ (stops - 1)) & !TOPS);
        let length = (stops.trailing_zeros() as usize >> 3) + 1;
        read += switch + if same { 0 } else { length };
        let op = OPS[usize::from(control & OP_BITS)];
        let last = &mut lasts[usize::from(core) << 2 & 0xff | op as usize];
        let addr = last.wrapping_add(unzigzag(if same { 0 } else { bits }));
        *last = addr;
        wrong |= addr > u64::MAX - u64::from(size - 1);
        Record { addr, size, core: u16::from(core), op }
    }));
    wrong |= read != end || rules.core != MIXED && seen & SWITCH != 0;
    if wrong || u16::from(highest) >= rules.cores {
        into.truncate(before);
        careful::chunk(controls, &operands[..end], rules, &mut lasts, into)?;
    }
    Ok(Noted { extended: seen & EXTENSION != 0 })
}

/// Puts the lower seven bits of eight bytes together.
const fn gather(word: u64) -> u64 {
    let pairs = (word & 0x007f_007f_007f_007f) | (word & 0x7f00_7f00_7f00_7f00) >> 1;
    let fours = (pairs & 0x0000_3fff_0000_3fff) | (pairs & 0x3fff_0000_3fff_0000) >> 2;
    (fours & 0x0fff_ffff) | (fours & 0x0fff_ffff_0000_0000) >> 4
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
