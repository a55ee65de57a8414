//! The numbers of the layout: magic bytes, bounds, and the bits of a control byte.

use crate::record::{ACCESS_BYTES_MAX, Op, RANGE_BYTES_MAX, Record};
use crate::source::CHUNK;

/// What every file begins with: a text ends at the first byte after the letters, and a transfer
/// that changes line ends is noticed.
pub(crate) const MAGIC: [u8; 8] = *b"MTRC\x1a\r\n\0";
/// The version that is written, and the newest that is read.
pub(crate) const MAJOR: u16 = 1;
/// What a minor version adds may be ignored.
pub(crate) const MINOR: u16 = 0;
/// The bytes before the JSON of the header: magic, versions, length.
pub(crate) const PREFIX_BYTES: usize = 16;
/// The longest JSON of a header, in bytes.
pub(crate) const JSON_BYTES_MAX: usize = 1 << 16;

/// What a chunk begins with.
pub(crate) const CHUNK_TAG: [u8; 4] = *b"CHNK";
/// What the table of modules begins with.
pub(crate) const MODULES_TAG: [u8; 4] = *b"MODS";
/// The longest table of modules, in bytes of JSON.
pub(crate) const MODULES_BYTES_MAX: usize = 1 << 20;
/// What the index begins with.
pub(crate) const INDEX_TAG: [u8; 4] = *b"INDX";
/// What a finished file ends with.
pub(crate) const END: [u8; 8] = *b"MTRCEND\0";
/// The flag of a chunk that has program counters.
pub(crate) const HAS_PCS: u8 = 1;
/// The length of a chunk's head, in bytes.
pub(crate) const HEAD_BYTES: usize = 40;
/// The length of the index without its rows, in bytes.
pub(crate) const INDEX_HEAD_BYTES: usize = 24;
/// The length of a row of the index without its counts, in bytes.
pub(crate) const ROW_BYTES: usize = 28;
/// The length of what follows the rows: the index's offset, its CRC, the end mark.
pub(crate) const TRAILER_BYTES: usize = 20;

/// The most records of a chunk.
pub(crate) const RECORDS_MAX: u32 = CHUNK as u32;
/// The most bytes that a chunk may claim to be, unpacked: 64 MiB.
pub(crate) const RAW_BYTES_MAX: u32 = 64 << 20;
/// The most bytes of a record's program counter.
pub(crate) const PC_BYTES_MAX: usize = 10;
/// The most operand bytes of a record: a core, 10 bytes of an address and 5 of a size.
///
/// With it a chunk of 65,536 records is at most 1.1 MiB, 1.7 MiB with program counters, which
/// bounds what a reader keeps.
pub(crate) const OPERAND_BYTES_MAX: usize = 16;
/// The core of a chunk whose records are of several.
pub(crate) const MIXED: u16 = 0xffff;

/// The operation of a common record, in the order of [`OPS`].
pub(crate) const OP_BITS: u8 = 0b11;
/// The size class of a common record, shifted by two; the last class is a size of its own.
pub(crate) const SIZE_BITS: u8 = 0b1_1100;
/// The size stands among the operands.
pub(crate) const SIZE_STATED: u8 = 0b1_1100;
/// A core stands among the operands, of this record and those after it.
pub(crate) const SWITCH: u8 = 1 << 5;
/// The address is the last one of this core and operation.
pub(crate) const SAME: u8 = 1 << 6;
/// The low four bits are a code of [`EXTENDED`].
pub(crate) const EXTENSION: u8 = 1 << 7;
/// Of an extended control byte: to be zero.
pub(crate) const RESERVED: u8 = 1 << 4;

/// The operations of common records, by their codes.
pub(crate) const OPS: [Op; 4] = [Op::Read, Op::Write, Op::Atomic, Op::Fetch];
/// The operations of extended records, by their codes.
pub(crate) const EXTENDED: [Op; 7] =
    [Op::Clean, Op::Flush, Op::FlushAll, Op::Fence, Op::Compute, Op::Time, Op::TimeTicks];

/// The sizes of the classes of data, and of fetches: instructions have odd lengths.
const DATA_SIZES: [u32; 7] = [1, 2, 4, 8, 16, 32, 64];
const FETCH_SIZES: [u32; 7] = [1, 2, 3, 4, 5, 6, 7];

/// The size that a control byte means, in bytes; 0 if it stands elsewhere or there is none.
pub(crate) const SIZES: [u32; 256] = {
    let mut sizes = [0; 256];
    let mut control = 0;
    while control < EXTENSION as usize {
        let class = (control & SIZE_BITS as usize) >> 2;
        let fetch = control & OP_BITS as usize == 3;
        if class < DATA_SIZES.len() {
            sizes[control] = if fetch { FETCH_SIZES[class] } else { DATA_SIZES[class] };
        }
        control += 1;
    }
    sizes
};

/// The last address of each core and operation, and the last time of each kind.
///
/// Those of the common operations come first: the hot loop finds them with eight bits.
pub(crate) type Lasts = [u64; LASTS];
/// How many there are: four common and four extended operations of 64 cores, and two times.
pub(crate) const LASTS: usize = 514;

/// Returns where the last address of an operation is kept, `None` if it has none.
pub(crate) const fn slot(core: u16, op: Op) -> Option<usize> {
    let core = (core as usize & 63) << 2;
    match op {
        Op::Read | Op::Write | Op::Atomic | Op::Fetch => Some(core | op as usize),
        Op::Clean => Some(256 | core),
        Op::Flush => Some(256 | core | 1),
        Op::Compute => Some(256 | core | 2),
        Op::Time => Some(512),
        Op::TimeTicks => Some(513),
        Op::FlushAll | Op::Fence | Op::Pc => None,
    }
}

const _: () = {
    let mut code = 0;
    while code < OPS.len() {
        assert!(OPS[code] as usize == code, "the code of a common operation is its number");
        code += 1;
    }
};

/// Returns whether an operation belongs to no core.
pub(crate) const fn is_time(op: Op) -> bool {
    matches!(op, Op::Time | Op::TimeTicks)
}

/// Returns the largest size of a record of an operation, in bytes; the smallest is 1, or 0 with it.
pub(crate) const fn size_max(op: Op) -> u32 {
    match op {
        Op::Read | Op::Write | Op::Atomic | Op::Fetch => ACCESS_BYTES_MAX,
        Op::Clean | Op::Flush => RANGE_BYTES_MAX,
        Op::FlushAll | Op::Fence | Op::Compute | Op::Time | Op::TimeTicks | Op::Pc => 0,
    }
}

/// Returns whether the last byte of a record has an address.
pub(crate) const fn ends_in_memory(record: &Record) -> bool {
    record.size == 0 || record.addr.checked_add(record.size as u64 - 1).is_some()
}

/// Returns the number whose bits, from the second, say how far, and whose first bit says backwards.
pub(crate) const fn zigzag(delta: u64) -> u64 {
    (delta << 1) ^ ((delta.cast_signed() >> 63).cast_unsigned())
}

/// Undoes [`zigzag`].
pub(crate) const fn unzigzag(number: u64) -> u64 {
    (number >> 1) ^ (number & 1).wrapping_neg()
}

/// Returns the two bytes at an offset of a head.
pub(crate) fn u16_at<const N: usize>(bytes: &[u8; N], at: usize) -> u16 {
    u16::from_le_bytes(std::array::from_fn(|i| bytes[at + i]))
}

/// Returns the four bytes at an offset of a head.
pub(crate) fn u32_at<const N: usize>(bytes: &[u8; N], at: usize) -> u32 {
    u32::from_le_bytes(std::array::from_fn(|i| bytes[at + i]))
}

/// Returns the eight bytes at an offset of a head.
pub(crate) fn u64_at<const N: usize>(bytes: &[u8; N], at: usize) -> u64 {
    u64::from_le_bytes(std::array::from_fn(|i| bytes[at + i]))
}
