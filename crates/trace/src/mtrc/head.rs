//! The head of a chunk: what it holds, and how much of it there is.

use crate::mtrc::layout::{
    CHUNK_TAG, HAS_PCS, HEAD_BYTES, MIXED, OPERAND_BYTES_MAX, PC_BYTES_MAX, RAW_BYTES_MAX,
    RECORDS_MAX, u16_at, u32_at, u64_at,
};
use crate::mtrc::pack::ChunkCodec;
use crate::record::CORES_MAX;

/// The head of a chunk, whose numbers go together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Head {
    pub(crate) codec: ChunkCodec,
    /// The core of all records, or [`MIXED`].
    pub(crate) core: u16,
    pub(crate) records: u32,
    /// The length of all streams, in bytes.
    pub(crate) raw: u32,
    /// The length of what follows the head, in bytes.
    pub(crate) stored: u32,
    /// The number of the first record in the file, from 0.
    pub(crate) first: u64,
    /// The CRC-32 of the raw bytes.
    pub(crate) crc: u32,
    /// How many of the raw bytes, at their end, are program counters.
    pub(crate) pcs: u32,
}

/// What is wrong with a head: what was found, what was expected.
pub(crate) enum HeadFault {
    /// Its own CRC fails.
    Crc,
    /// It has a codec or flags of a later version.
    Newer(String),
    /// It claims what cannot be.
    Claim(String, String),
}

impl Head {
    /// Returns the bytes of the head.
    pub(crate) fn bytes(&self) -> [u8; HEAD_BYTES] {
        let mut bytes = [0; HEAD_BYTES];
        bytes[0..4].copy_from_slice(&CHUNK_TAG);
        bytes[4] = self.codec.number();
        bytes[6..8].copy_from_slice(&self.core.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.records.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.raw.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.stored.to_le_bytes());
        bytes[20..28].copy_from_slice(&self.first.to_le_bytes());
        bytes[28..32].copy_from_slice(&self.crc.to_le_bytes());
        if self.pcs > 0 {
            bytes[5] = HAS_PCS;
        }
        bytes[32..36].copy_from_slice(&self.pcs.to_le_bytes());
        let crc = crc32fast::hash(&bytes[..36]);
        bytes[36..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads a head and checks its numbers; `first` is the number of the record that comes next.
    pub(crate) fn parse(bytes: &[u8; HEAD_BYTES], first: u64) -> Result<Head, HeadFault> {
        if crc32fast::hash(&bytes[..36]) != u32_at(bytes, 36) {
            return Err(HeadFault::Crc);
        }
        let claim = |found: String, expected: &str| {
            Err(HeadFault::Claim(format!("a head that says {found}"), expected.to_owned()))
        };
        let (flags, pcs) = (bytes[5], u32_at(bytes, 32));
        if flags != if pcs > 0 { HAS_PCS } else { 0 } {
            return Err(HeadFault::Newer(format!("a chunk with flags {flags:#x}")));
        }
        let Some(codec) = ChunkCodec::of_number(bytes[4]) else {
            return Err(HeadFault::Newer(format!("a chunk of codec {}", bytes[4])));
        };
        let head = Head {
            codec,
            core: u16_at(bytes, 6),
            records: u32_at(bytes, 8),
            raw: u32_at(bytes, 12),
            stored: u32_at(bytes, 16),
            first: u64_at(bytes, 20),
            crc: u32_at(bytes, 28),
            pcs,
        };
        let Head { core, records, raw, stored, .. } = head;
        if core >= CORES_MAX && core != MIXED {
            return claim(format!("core {core}"), "a core from 0 to 63, or 65535 for several");
        }
        if records == 0 || records > RECORDS_MAX {
            return claim(format!("{records} records"), "1 to 65536 records");
        }
        if raw > RAW_BYTES_MAX {
            return claim(format!("{raw} raw bytes"), "at most 67108864 raw bytes (64 MiB)");
        }
        if u64::from(pcs) > PC_BYTES_MAX as u64 * u64::from(records) {
            return claim(
                format!("{pcs} bytes of program counters for {records} records"),
                "at most 10 bytes a record",
            );
        }
        let Some(operands) = raw.checked_sub(pcs).and_then(|raw| raw.checked_sub(records)) else {
            return claim(
                format!("{records} records in {raw} raw bytes"),
                "a raw byte a record at least, and the program counters",
            );
        };
        if u64::from(operands) > OPERAND_BYTES_MAX as u64 * u64::from(records) {
            return claim(
                format!("{records} records in {raw} raw bytes"),
                "at most 17 raw bytes a record besides program counters",
            );
        }
        if stored > raw || (codec == ChunkCodec::Raw && stored != raw) || stored == 0 {
            return claim(
                format!("{stored} stored bytes ({}) for {raw} raw bytes", codec.name()),
                "as many if they are raw, and no more if they are packed",
            );
        }
        if head.first != first {
            return claim(
                format!("record {} comes first", head.first),
                &format!("record {first}, after {first} records (counted from 0)"),
            );
        }
        Ok(head)
    }

    /// Returns the chunk's records in words, counted from 1.
    pub(crate) fn span(&self) -> String {
        let last = self.first + u64::from(self.records);
        format!("records {} to {last}", self.first + 1)
    }
}
