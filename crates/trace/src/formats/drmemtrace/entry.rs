//! What the records of drmemtrace are: DynamoRIO's `trace_entry_t`, as files have it.
//!
//! | bytes | what |
//! |---|---|
//! | 0 to 1 | the type |
//! | 2 to 3 | a size in bytes, a number of instructions, or the kind of a marker |
//! | 4 to 11 | an address, a thread, a version, the value of a marker, or bytes |

/// The bytes of a record.
pub(super) const BYTES: usize = 12;

/// The latest version that is read; the first is 1.
pub(super) const VERSION_MAX: u64 = 7;

/// The most instructions that one bundle has: a byte of the address each.
pub(super) const BUNDLE_MAX: u16 = 8;

/// The latest type that those versions have.
pub(super) const TYPE_MAX: u16 = 49;

/// The kind of marker whose value is a time in microseconds.
const TIMESTAMP: u16 = 2;

/// What a record is, as far as caches are concerned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Read,
    Write,
    /// An instruction that is fetched.
    Instruction,
    /// One that is fetched unless the instruction before it was the same.
    MaybeFetched,
    /// One that is executed again without a fetch, such as a repeated string operation.
    NotFetched,
    /// Several instructions that follow the last one, by their lengths.
    Bundle,
    /// The range of a flush, or its beginning if the size is 0: of data, else of instructions.
    Flush {
        data: bool,
    },
    /// The end of the flush whose beginning stands before it.
    FlushEnd {
        data: bool,
    },
    /// Who the records from here on are of.
    Thread,
    Header,
    Footer,
    /// The records from here on came at this time or later.
    Timestamp,
    /// Prefetches, encodings, other markers, processes and exits: no access of the program's.
    Other,
    /// A type of a later version, or of none.
    Unknown,
}

/// One record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// The type as the file has it.
    pub(super) number: u16,
    pub(super) size: u16,
    pub(super) addr: u64,
}

impl Entry {
    #[inline]
    pub(super) fn new(bytes: &[u8; BYTES]) -> Entry {
        let [t0, t1, s0, s1, a @ ..] = *bytes;
        Entry {
            number: u16::from_le_bytes([t0, t1]),
            size: u16::from_le_bytes([s0, s1]),
            addr: u64::from_le_bytes(a),
        }
    }

    #[inline]
    pub(super) const fn kind(self) -> Kind {
        match self.number {
            0 => Kind::Read,
            1 => Kind::Write,
            // 11 to 16 are jumps, calls and returns; 31 enters the system; 48 and 49 are
            // conditional jumps, taken and not.
            10..=16 | 31 | 48 | 49 => Kind::Instruction,
            17 => Kind::Bundle,
            18 => Kind::Flush { data: false },
            19 => Kind::FlushEnd { data: false },
            20 => Kind::Flush { data: true },
            21 => Kind::FlushEnd { data: true },
            22 => Kind::Thread,
            25 => Kind::Header,
            26 => Kind::Footer,
            28 if self.size == TIMESTAMP => Kind::Timestamp,
            29 => Kind::NotFetched,
            30 => Kind::MaybeFetched,
            // 2 to 9, 27 and 32 to 46 are prefetches; 23 is a thread's exit, 24 a process; 28 are
            // the other markers; 47 are the bytes of an instruction.
            2..=9 | 23 | 24 | 27 | 28 | 32..=47 => Kind::Other,
            _ => Kind::Unknown,
        }
    }
}

/// Returns whether a file that begins so is drmemtrace, or what DynamoRIO makes it of.
///
/// A version that is too new is recognised too, so that the error can say so.
pub(crate) fn is_drmemtrace(bytes: &[u8]) -> bool {
    matches!(bytes, [25, 0, 0, 0, 1..=99, 0, 0, 0, 0, 0, 0, 0, ..]) || is_raw(bytes)
}

/// Returns whether a file that begins so is what the tracer writes, before `raw2trace`.
///
/// Those have words of 64 bits, whose top bits are a type: the first is a header, with its version
/// either below the type or, in older ones, at the bottom.
pub(super) fn is_raw(bytes: &[u8]) -> bool {
    matches!(bytes, [_, _, _, _, _, _, 2..=31, 0xc4, ..] | [2..=4, 0, 0, 0, 0, 0, _, 0xc0, ..])
}
