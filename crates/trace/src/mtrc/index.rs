//! The index at the end of a file: a row a chunk.

use crate::mtrc::layout::{
    END, INDEX_HEAD_BYTES, INDEX_TAG, ROW_BYTES, TRAILER_BYTES, is_time, u32_at, u64_at,
};
use crate::record::{CORES_MAX, Record};

/// Where a chunk is and what it holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Row {
    /// The offset of the chunk's head in the file, in bytes.
    pub(crate) offset: u64,
    /// The number of its first record, from 0.
    pub(crate) first: u64,
    pub(crate) records: u32,
    /// The cores that have records in it, a bit each.
    pub(crate) cores: u64,
}

impl Row {
    fn bytes(&self) -> [u8; ROW_BYTES] {
        let mut bytes = [0; ROW_BYTES];
        bytes[0..8].copy_from_slice(&self.offset.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.first.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.records.to_le_bytes());
        bytes[20..28].copy_from_slice(&self.cores.to_le_bytes());
        bytes
    }

    pub(crate) fn parse(bytes: &[u8; ROW_BYTES]) -> Row {
        Row {
            offset: u64_at(bytes, 0),
            first: u64_at(bytes, 8),
            records: u32_at(bytes, 16),
            cores: u64_at(bytes, 20),
        }
    }
}

/// How many records of a chunk each core has; a time is of none.
pub(crate) type Counts = [u32; CORES_MAX as usize];

/// Counts the records of each core.
pub(crate) fn count(records: &[Record]) -> Counts {
    let mut counts = [0; CORES_MAX as usize];
    for record in records {
        counts[usize::from(record.core & 63)] += u32::from(!is_time(record.op));
    }
    counts
}

/// Returns the cores that have records, a bit each.
fn mask(counts: &Counts) -> u64 {
    counts.iter().rev().fold(0, |mask, &count| mask << 1 | u64::from(count > 0))
}

/// Appends the counts that a row lists: of the cores that have records, in their order.
pub(crate) fn put_counts(counts: &Counts, out: &mut Vec<u8>) {
    for count in counts.iter().filter(|&&count| count > 0) {
        out.extend_from_slice(&count.to_le_bytes());
    }
}

/// The index of a file that is being written.
pub(crate) struct IndexWriter {
    bytes: Vec<u8>,
    chunks: u64,
    records: u64,
}

impl IndexWriter {
    pub(crate) fn new() -> IndexWriter {
        IndexWriter { bytes: vec![0; INDEX_HEAD_BYTES], chunks: 0, records: 0 }
    }

    /// Returns the number of records so far.
    pub(crate) const fn records(&self) -> u64 {
        self.records
    }

    /// Notes a chunk that begins at `offset`.
    pub(crate) fn add(&mut self, offset: u64, records: u32, counts: &Counts) {
        let row = Row { offset, first: self.records, records, cores: mask(counts) };
        self.bytes.extend_from_slice(&row.bytes());
        put_counts(counts, &mut self.bytes);
        self.chunks += 1;
        self.records += u64::from(records);
    }

    /// Returns the index, which begins at `offset`, and what ends the file.
    pub(crate) fn finish(mut self, offset: u64) -> Vec<u8> {
        self.bytes[0..4].copy_from_slice(&INDEX_TAG);
        self.bytes[8..16].copy_from_slice(&self.chunks.to_le_bytes());
        self.bytes[16..24].copy_from_slice(&self.records.to_le_bytes());
        self.bytes.extend_from_slice(&offset.to_le_bytes());
        let crc = crc32fast::hash(&self.bytes);
        self.bytes.extend_from_slice(&crc.to_le_bytes());
        self.bytes.extend_from_slice(&END);
        self.bytes
    }
}

/// What the chunks of a file say of its index, in a fixed amount of memory.
#[derive(Clone, Default)]
pub(crate) struct RowDigest(crc32fast::Hasher);

impl RowDigest {
    /// Notes a row without its cores, which are known only when the chunk has been decoded.
    pub(crate) fn row(&mut self, offset: u64, first: u64, records: u32) {
        self.0.update(&Row { offset, first, records, cores: 0 }.bytes());
    }

    pub(crate) fn value(&self) -> u32 {
        self.0.clone().finalize()
    }
}

/// What the records of a file say of the counts in its index.
#[derive(Clone, Default)]
pub(crate) struct CountDigest(crc32fast::Hasher, Vec<u8>);

impl CountDigest {
    /// Notes the counts of a chunk.
    pub(crate) fn chunk(&mut self, counts: &Counts) {
        self.1.clear();
        put_counts(counts, &mut self.1);
        self.row(mask(counts), &self.1.clone());
    }

    /// Notes the counts of a row.
    pub(crate) fn row(&mut self, cores: u64, counts: &[u8]) {
        self.0.update(&cores.to_le_bytes());
        self.0.update(counts);
    }

    pub(crate) fn value(&self) -> u32 {
        self.0.clone().finalize()
    }
}

/// What ends a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Trailer {
    /// Where the index begins, in bytes.
    pub(crate) offset: u64,
    /// The CRC-32 of the index and its offset.
    pub(crate) crc: u32,
    /// Whether the file ends as a file does.
    pub(crate) ends: bool,
}

impl Trailer {
    pub(crate) fn parse(bytes: &[u8; TRAILER_BYTES]) -> Trailer {
        Trailer { offset: u64_at(bytes, 0), crc: u32_at(bytes, 8), ends: bytes[12..] == END }
    }
}
