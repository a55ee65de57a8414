//! Reading the index, row by row, in a fixed amount of memory.

use std::io::{self, ErrorKind, Read};

use crate::mtrc::index::{CountDigest, Row, RowDigest, Trailer};
use crate::mtrc::layout::{
    INDEX_HEAD_BYTES, INDEX_TAG, RECORDS_MAX, ROW_BYTES, TRAILER_BYTES, u32_at, u64_at,
};
use crate::record::CORES_MAX;

/// What an index says.
#[cfg_attr(not(feature = "files"), expect(dead_code, reason = "only a survey asks for some of it"))]
pub(crate) struct Footer {
    pub(crate) chunks: u64,
    pub(crate) records: u64,
    /// The records of each core; those of none are the rest.
    pub(crate) per_core: [u64; CORES_MAX as usize],
    /// Where the first chunk begins, and the last one.
    pub(crate) first_chunk: Option<u64>,
    pub(crate) last_chunk: Option<u64>,
    /// Where the file ends.
    pub(crate) end: u64,
    /// What the chunks are compared with, see [`RowDigest`].
    pub(crate) rows: u32,
    /// What the records are compared with, see [`CountDigest`].
    pub(crate) counts: u32,
}

/// What is wrong with an index.
pub(crate) enum FooterFault {
    Input(io::Error),
    /// The file ends within it.
    Cut,
    /// It has flags of a later version.
    Newer(String),
    /// At this offset of the file this was found and that expected.
    Wrong(u64, String, String),
}

/// Fills a buffer, or returns how much of it there is before the end of the input.
pub(crate) fn read_full(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// An index that is being read: where, and the CRC of what was read.
struct Reading<R> {
    input: R,
    offset: u64,
    crc: crc32fast::Hasher,
}

impl<R: Read> Reading<R> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], FooterFault> {
        let mut bytes = [0; N];
        if read_full(&mut self.input, &mut bytes).map_err(FooterFault::Input)? < N {
            return Err(FooterFault::Cut);
        }
        self.offset += N as u64;
        Ok(bytes)
    }

    fn hashed<const N: usize>(&mut self) -> Result<[u8; N], FooterFault> {
        let bytes = self.take()?;
        self.crc.update(&bytes);
        Ok(bytes)
    }

    fn wrong<T>(&self, length: usize, found: String, expected: String) -> Result<T, FooterFault> {
        Err(FooterFault::Wrong(self.offset - length as u64, found, expected))
    }
}

/// Reads an index, which begins at `offset`, after its tag, to the end of the file.
///
/// `read` are the numbers of chunks and records before it, if they are known.
pub(crate) fn read(
    input: impl Read,
    offset: u64,
    read: Option<(u64, u64)>,
) -> Result<Footer, FooterFault> {
    let mut index = Reading { input, offset: offset + 4, crc: crc32fast::Hasher::new() };
    index.crc.update(&INDEX_TAG);
    let head: [u8; INDEX_HEAD_BYTES - 4] = index.hashed()?;
    let flags = u32_at(&head, 0);
    if flags != 0 {
        return Err(FooterFault::Newer(format!("an index with flags {flags:#x}")));
    }
    let (chunks, records) = (u64_at(&head, 4), u64_at(&head, 12));
    if let Some((before, records_before)) = read.filter(|&read| read != (chunks, records)) {
        let found = format!("an index of {chunks} chunks and {records} records");
        let expected = format!("{before} chunks and {records_before} records, as before it");
        return index.wrong(head.len(), found, expected);
    }
    let mut footer = Footer {
        chunks,
        records: 0,
        per_core: [0; CORES_MAX as usize],
        first_chunk: None,
        last_chunk: None,
        end: 0,
        rows: 0,
        counts: 0,
    };
    let (mut rows, mut counts) = (RowDigest::default(), CountDigest::default());
    let mut last = 0;
    for number in 1..=chunks {
        let row = Row::parse(&index.hashed::<ROW_BYTES>()?);
        if row.offset <= last || row.offset >= offset {
            let found = format!("a chunk at byte {} in row {number}", row.offset);
            let expected = format!("one after byte {last} and before the index");
            return index.wrong(ROW_BYTES, found, expected);
        }
        if row.first != footer.records || row.records == 0 || row.records > RECORDS_MAX {
            let found =
                format!("{} records from record {} in row {number}", row.records, row.first);
            let expected = format!("1 to {RECORDS_MAX} records from record {}", footer.records);
            return index.wrong(ROW_BYTES, found, expected);
        }
        last = row.offset;
        footer.first_chunk.get_or_insert(row.offset);
        footer.last_chunk = Some(row.offset);
        footer.records += u64::from(row.records);
        rows.row(row.offset, row.first, row.records);
        let (mut sum, mut listed) = (0, Vec::with_capacity(4 * CORES_MAX as usize));
        for core in (0..64).filter(|core| row.cores >> core & 1 == 1) {
            let bytes: [u8; 4] = index.hashed()?;
            let count = u64::from(u32::from_le_bytes(bytes));
            listed.extend_from_slice(&bytes);
            sum += count;
            footer.per_core[core] += count;
        }
        if sum > u64::from(row.records) {
            let found = format!("{sum} records of all cores in row {number}");
            return index.wrong(4, found, format!("at most {}", row.records));
        }
        counts.row(row.cores, &listed);
    }
    if footer.records != records {
        let found = format!("rows of {} records", footer.records);
        return index.wrong(0, found, format!("{records} records, as the index says"));
    }
    finish(&mut index, offset)?;
    (footer.rows, footer.counts, footer.end) = (rows.value(), counts.value(), index.offset);
    Ok(footer)
}

/// Reads what follows the rows of an index that begins at `offset`.
fn finish(index: &mut Reading<impl Read>, offset: u64) -> Result<(), FooterFault> {
    let bytes: [u8; TRAILER_BYTES] = index.take()?;
    index.crc.update(&bytes[..8]);
    let trailer = Trailer::parse(&bytes);
    if trailer.crc != index.crc.clone().finalize() {
        let crc = format!("an index whose CRC is not {:#010x}", trailer.crc);
        return index.wrong(12, crc, "an index as it was written".to_owned());
    }
    if trailer.offset != offset || !trailer.ends {
        let found = format!("`{}` at the end", bytes[12..].escape_ascii());
        let expected = format!("`MTRCEND\\x00`, after the index's offset ({offset})");
        return index.wrong(TRAILER_BYTES, found, expected);
    }
    if read_full(&mut index.input, &mut [0]).map_err(FooterFault::Input)? > 0 {
        let found = "bytes after the end mark".to_owned();
        return index.wrong(0, found, "the end of the file".to_owned());
    }
    Ok(())
}
