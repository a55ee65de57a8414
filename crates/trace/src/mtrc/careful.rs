//! One record of a chunk, every byte of it looked at: what is rare, and what is wrong.

use crate::mtrc::layout::{
    EXTENDED, EXTENSION, Lasts, MIXED, OP_BITS, OPS, RESERVED, SAME, SIZES, SWITCH, ends_in_memory,
    is_time, size_max, slot, unzigzag,
};
use crate::record::Record;

/// What is wrong with a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// A control byte that means nothing in this version.
    Control(u8),
    /// A record of another core in a chunk of one.
    Switch(u8),
    /// A core that the trace or the machine does not have.
    Core(u16),
    /// A size of zero, or beyond the largest.
    Size(u64),
    /// An access that goes beyond the last address.
    Overflow(Record),
    /// A number of more than 64 bits.
    Number,
    /// No more operands, within a record.
    Short,
    /// So many operand bytes after the last record.
    Left(usize),
}

/// Where the decoding of a chunk stands.
#[derive(Clone, Copy)]
pub(crate) struct Position {
    /// How many operand bytes are read.
    pub(crate) read: usize,
    /// The core of the next record, unless that names another.
    pub(crate) core: u16,
}

/// What a chunk must keep to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// The core of its records, or [`MIXED`].
    pub(crate) core: u16,
    /// The number of cores: of the machine, or of the trace if that has fewer.
    pub(crate) cores: u16,
}

impl Rules {
    /// Returns where the decoding of a chunk begins.
    pub(crate) const fn start(self) -> Position {
        Position { read: 0, core: if self.core == MIXED { 0 } else { self.core } }
    }
}

/// Decodes a chunk record by record until the first fault.
#[cold]
pub(crate) fn chunk(
    controls: &[u8],
    operands: &[u8],
    rules: Rules,
    lasts: &mut Lasts,
    into: &mut Vec<Record>,
) -> Result<(), Fault> {
    lasts.fill(0);
    let mut position = rules.start();
    for &control in controls {
        let (record, next) = record(control, operands, position, rules, lasts)?;
        into.push(record);
        position = next;
    }
    match operands.len() - position.read {
        0 => Ok(()),
        left => Err(Fault::Left(left)),
    }
}

/// Decodes the record of a control byte, and returns where the next one begins.
#[inline(never)]
pub(crate) fn record(
    control: u8,
    operands: &[u8],
    position: Position,
    rules: Rules,
    lasts: &mut Lasts,
) -> Result<(Record, Position), Fault> {
    let extended = control & EXTENSION != 0;
    let op = if extended {
        let code = usize::from(control & 0xf);
        *EXTENDED.get(code).ok_or(Fault::Control(control))?
    } else {
        OPS[usize::from(control & OP_BITS)]
    };
    let switches = control & SWITCH != 0;
    let slot_is = |core| slot(core, op);
    let meaningless = extended
        && (control & RESERVED != 0
            || switches && is_time(op)
            || control & SAME != 0 && slot_is(0).is_none());
    if meaningless {
        return Err(Fault::Control(control));
    }
    let Position { mut read, mut core } = position;
    if switches {
        let named = *operands.get(read).ok_or(Fault::Short)?;
        if rules.core != MIXED {
            return Err(Fault::Switch(named));
        }
        core = u16::from(named);
        read += 1;
    }
    if core >= rules.cores && !is_time(op) {
        return Err(Fault::Core(core));
    }
    let mut addr = 0;
    if let Some(slot) = slot_is(core) {
        let delta = if control & SAME == 0 { number(operands, &mut read)? } else { 0 };
        addr = lasts[slot].wrapping_add(unzigzag(delta));
        lasts[slot] = addr;
    }
    let mut size = SIZES[usize::from(control)];
    if size == 0 && size_max(op) > 0 {
        let stated = number(operands, &mut read)?;
        if stated == 0 || stated > u64::from(size_max(op)) {
            return Err(Fault::Size(stated));
        }
        size = stated as u32;
    }
    let record = Record { addr, size, core: if is_time(op) { 0 } else { core }, op };
    if !ends_in_memory(&record) {
        return Err(Fault::Overflow(record));
    }
    Ok((record, Position { read, core }))
}

/// Reads a number of seven bits a byte, and goes behind it.
pub(crate) fn number(operands: &[u8], read: &mut usize) -> Result<u64, Fault> {
    let mut number = 0;
    for (i, &byte) in operands[*read..].iter().enumerate() {
        // Nine bytes are 63 bits: the tenth has one.
        if i == 9 && byte > 1 {
            return Err(Fault::Number);
        }
        number |= u64::from(byte & 0x7f) << (7 * i);
        if byte < 0x80 {
            *read += i + 1;
            return Ok(number);
        }
    }
    Err(Fault::Short)
}
