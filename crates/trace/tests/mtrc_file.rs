//! A file of mtrc put together from docs/formats.md, without the crate's writer.

use trace::{Op, Record};

/// CRC-32 of gzip and zlib, a bit at a time.
pub(crate) fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc: u32, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 }
        })
    })
}

/// Returns the beginning of a file of that version and JSON.
pub(crate) fn header_of(major: u16, minor: u16, json: &str) -> Vec<u8> {
    let mut bytes = b"MTRC\x1a\r\n\0".to_vec();
    bytes.extend(major.to_le_bytes());
    bytes.extend(minor.to_le_bytes());
    bytes.extend((json.len() as u32).to_le_bytes());
    bytes.extend(json.as_bytes());
    let crc = crc(&bytes);
    bytes.extend(crc.to_le_bytes());
    bytes
}

/// Returns the beginning of the file of [`hand_made`].
pub(crate) fn header_bytes() -> Vec<u8> {
    header_of(
        1,
        0,
        "{\"cores\":2,\"line\":null,\"title\":\"by hand\",\"config\":null,\"fetches\":null,\
         \"times\":null,\"pcs\":false,\"interleaving\":\"recorded\",\"provenance\":null}",
    )
}

/// The fields of a chunk, each of which a test may set wrongly.
#[derive(Clone, Debug)]
pub(crate) struct Chunk {
    pub(crate) codec: u8,
    pub(crate) flags: u8,
    pub(crate) core: u16,
    pub(crate) records: u32,
    pub(crate) raw: u32,
    pub(crate) stored: u32,
    pub(crate) first: u64,
    pub(crate) payload: Vec<u8>,
    /// What its row in the index says of cores.
    pub(crate) counts: Vec<(u32, u32)>,
}

impl Chunk {
    /// Makes a chunk of raw streams.
    pub(crate) fn raw(first: u64, core: u16, controls: &[u8], operands: &[u8]) -> Chunk {
        let payload = [controls, operands].concat();
        let length = payload.len() as u32;
        Chunk {
            codec: 0,
            flags: 0,
            core,
            records: controls.len() as u32,
            raw: length,
            stored: length,
            first,
            payload,
            counts: Vec::new(),
        }
    }

    /// Returns the chunk of the first fourteen of [`RECORDS`].
    pub(crate) fn first() -> Chunk {
        let controls =
            [0x0c, 0x0c, 0x29, 0x49, 0x0b, 0x1e, 0x80, 0x82, 0xa3, 0x84, 0x85, 0x86, 0x0c, 0xc1];
        let operands = [
            &[0x80, 0x40][..],         // 0x1000, times two
            &[0x10],                   // 8 more
            &[0x01, 0x90, 0x40],       // core 1, 0x1008
            &[],                       // the same once more
            &[0x80, 0x80, 0x80, 0x04], // 0x400000
            &[0xfe, 0x3f, 0x64],       // 0xfff, 100 bytes
            &[0x80, 0x40, 0x80, 0x20], // 0x1000, 4096 bytes
            &[],                       // everything
            &[0x00],                   // core 0
            &[0xf0, 0x01],             // 120 cycles
            &[0xd0, 0x0f],             // 1000 ps
            &[0x0a],                   // 5 ticks
            &[0x0f],                   // 8 less
            &[0x01],                   // 1 byte at 0
        ]
        .concat();
        let counts = vec![(0, 6), (1, 6)];
        Chunk { counts, ..Chunk::raw(0, 0xffff, &controls, &operands) }
    }

    /// Returns the chunk of the rest of [`RECORDS`].
    fn second() -> Chunk {
        let operands = [0x02, 0x80, 0x80, 0x04];
        Chunk { counts: vec![(1, 3)], ..Chunk::raw(14, 1, &[0x00, 0x40, 0x5d], &operands) }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = b"CHNK".to_vec();
        bytes.extend([self.codec, self.flags]);
        bytes.extend(self.core.to_le_bytes());
        bytes.extend(self.records.to_le_bytes());
        bytes.extend(self.raw.to_le_bytes());
        bytes.extend(self.stored.to_le_bytes());
        bytes.extend(self.first.to_le_bytes());
        bytes.extend(crc(&self.payload).to_le_bytes());
        bytes.extend([0; 4]);
        let crc = crc(&bytes);
        bytes.extend(crc.to_le_bytes());
        bytes.extend(&self.payload);
        bytes
    }
}

/// The records of [`hand_made`].
pub(crate) const RECORDS: [Record; 17] = [
    Record::access(0, Op::Read, 0x1000, 8),
    Record::access(0, Op::Read, 0x1008, 8),
    Record::access(1, Op::Write, 0x1008, 4),
    Record::access(1, Op::Write, 0x1008, 4),
    Record::access(1, Op::Fetch, 0x40_0000, 3),
    Record::access(1, Op::Atomic, 0xfff, 100),
    Record::access(1, Op::Clean, 0x1000, 4096),
    Record::event(1, Op::FlushAll, 0),
    Record::event(0, Op::Fence, 0),
    Record::event(0, Op::Compute, 120),
    Record::event(0, Op::Time, 1000),
    Record::event(0, Op::TimeTicks, 5),
    Record::access(0, Op::Read, 0x1000, 8),
    Record::access(0, Op::Flush, 0, 1),
    // The second chunk, of core 1 alone, begins anew.
    Record::access(1, Op::Read, 1, 1),
    Record::access(1, Op::Read, 1, 1),
    Record::access(1, Op::Write, 0, 65_536),
];

/// A file in its parts.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) header: Vec<u8>,
    pub(crate) chunks: Vec<Chunk>,
}

impl File {
    /// Returns where each chunk begins and the last one ends.
    pub(crate) fn offsets(&self) -> Vec<usize> {
        let mut offsets = vec![self.header.len()];
        for chunk in &self.chunks {
            offsets.push(offsets[offsets.len() - 1] + chunk.bytes().len());
        }
        offsets
    }

    /// Returns the bytes without an index.
    pub(crate) fn without_index(&self) -> Vec<u8> {
        let mut bytes = self.header.clone();
        self.chunks.iter().for_each(|chunk| bytes.extend(chunk.bytes()));
        bytes
    }

    /// Returns the index without its end.
    pub(crate) fn index(&self) -> Vec<u8> {
        let mut bytes = b"INDX\0\0\0\0".to_vec();
        let records: u64 = self.chunks.iter().map(|chunk| u64::from(chunk.records)).sum();
        bytes.extend((self.chunks.len() as u64).to_le_bytes());
        bytes.extend(records.to_le_bytes());
        for (chunk, offset) in self.chunks.iter().zip(self.offsets()) {
            bytes.extend((offset as u64).to_le_bytes());
            bytes.extend(chunk.first.to_le_bytes());
            bytes.extend(chunk.records.to_le_bytes());
            let cores = chunk.counts.iter().fold(0_u64, |cores, (core, _)| cores | 1 << core);
            bytes.extend(cores.to_le_bytes());
            chunk.counts.iter().for_each(|(_, count)| bytes.extend(count.to_le_bytes()));
        }
        bytes
    }

    /// Returns the bytes with an index, whose CRC is right.
    pub(crate) fn with_index(&self, mut index: Vec<u8>) -> Vec<u8> {
        let mut bytes = self.without_index();
        index.extend((bytes.len() as u64).to_le_bytes());
        let crc = crc(&index);
        index.extend(crc.to_le_bytes());
        index.extend(b"MTRCEND\0");
        bytes.extend(index);
        bytes
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.with_index(self.index())
    }
}

/// Returns a file of [`RECORDS`] in two chunks, and its parts.
pub(crate) fn hand_made() -> (Vec<u8>, File) {
    // The last size: 65,536 in three bytes of seven bits.
    let file = File { header: header_bytes(), chunks: vec![Chunk::first(), Chunk::second()] };
    (file.bytes(), file)
}
