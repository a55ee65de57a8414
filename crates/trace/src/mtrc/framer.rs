//! A stream of bytes to the header, packed chunks and the index. It never seeks.

#[cfg(feature = "files")]
use std::io;
use std::io::{BufReader, Read};

use crate::error::TraceError;
use crate::format::Format;
use crate::header::Header;
use crate::modules::Module;
use crate::mtrc::failure::{At, Origin};
use crate::mtrc::footer::{self, Footer, read_full};
use crate::mtrc::head::{Head, HeadFault};
use crate::mtrc::header::{self, HeaderFault};
use crate::mtrc::index::RowDigest;
use crate::mtrc::layout::{
    CHUNK_TAG, HEAD_BYTES, INDEX_TAG, JSON_BYTES_MAX, MAGIC, MAJOR, MODULES_TAG, PREFIX_BYTES,
    u16_at, u32_at,
};
use crate::mtrc::modules;
use crate::text::failure::empty;

/// The bytes that are read at a time where little is wanted.
const BUFFER_BYTES: usize = 64 * 1024;

/// A chunk as it is stored.
pub(crate) struct Packed {
    pub(crate) head: Head,
    pub(crate) at: At,
    pub(crate) stored: Vec<u8>,
}

/// The end of a file.
#[cfg_attr(not(feature = "files"), expect(dead_code, reason = "only a survey asks for some of it"))]
pub(crate) struct End {
    /// Where the index begins, or the file ends without one.
    pub(crate) offset: u64,
    pub(crate) chunks: u64,
    pub(crate) records: u64,
    /// None if the writer was stopped before it wrote one.
    pub(crate) footer: Option<Box<Footer>>,
    pub(crate) modules: Vec<Module>,
}

/// What comes next in a file.
pub(crate) enum Step {
    Chunk(Head, At),
    End(End),
}

/// Where in a file one reads.
pub(crate) struct Framer {
    input: BufReader<Box<dyn Read + Send>>,
    pub(crate) origin: Origin,
    /// The offset of what comes next, in bytes.
    offset: u64,
    chunks: u64,
    records: u64,
    rows: RowDigest,
    /// The table of modules, which comes after the last chunk if it comes.
    modules: Option<Vec<Module>>,
}

impl Framer {
    /// Reads the header.
    pub(crate) fn new(
        input: Box<dyn Read + Send>,
        origin: Origin,
    ) -> Result<(Framer, Header), TraceError> {
        let input = BufReader::with_capacity(BUFFER_BYTES, input);
        let rows = RowDigest::default();
        let mut framer =
            Framer { input, origin, offset: 0, chunks: 0, records: 0, rows, modules: None };
        let header = framer.header()?;
        Ok((framer, header))
    }

    fn header(&mut self) -> Result<Header, TraceError> {
        let mut prefix = [0; PREFIX_BYTES];
        let read = self.fill(&mut prefix)?;
        if read == 0 {
            return Err(empty(&self.origin.path, Format::Mtrc));
        }
        let magic = &prefix[..read.min(MAGIC.len())];
        if !MAGIC.starts_with(magic) {
            return Err(self.origin.no_magic(magic));
        }
        if read < PREFIX_BYTES {
            return Err(self.origin.cut_header(read as u64));
        }
        let (major, length) = (u16_at(&prefix, 8), u32_at(&prefix, 12) as usize);
        if major != MAJOR {
            return Err(self.origin.newer(format!("version {major} of mtrc"), 8));
        }
        if length > JSON_BYTES_MAX {
            let found = format!("a header of {length} bytes");
            return Err(self.origin.header(found, format!("at most {JSON_BYTES_MAX} bytes")));
        }
        let mut json = vec![0; length + 4];
        let read = self.fill(&mut json)?;
        if read < json.len() {
            return Err(self.origin.cut_header((PREFIX_BYTES + read) as u64));
        }
        let mut crc = crc32fast::Hasher::new();
        crc.update(&prefix);
        crc.update(&json[..length]);
        let stated = json.split_off(length);
        if crc.finalize().to_le_bytes() != stated[..] {
            let found = "a header whose CRC fails".to_owned();
            return Err(self.origin.header(found, "a header as it was written".to_owned()));
        }
        header::parse(&json).map_err(|fault| match fault {
            HeaderFault::Newer(found) => self.origin.newer(found, PREFIX_BYTES as u64),
            HeaderFault::Wrong(found, expected) => self.origin.header(found, expected),
        })
    }

    /// Returns what comes after what was read, and its offset.
    pub(crate) fn into_rest(self) -> (u64, Box<dyn Read + Send>) {
        (self.offset, Box::new(self.input))
    }

    /// Returns how many bytes are read.
    #[cfg(feature = "files")]
    pub(crate) const fn offset(&self) -> u64 {
        self.offset
    }

    /// Fills a buffer as far as the input goes, and returns how far.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, TraceError> {
        let read = read_full(&mut self.input, buffer);
        let read = read.map_err(|error| self.origin.input_at(error, self.records, self.offset))?;
        self.offset += read as u64;
        Ok(read)
    }

    /// Reads the head of the next chunk, or the index. What the head is of comes after it.
    pub(crate) fn step(&mut self) -> Result<Step, TraceError> {
        let at = At { chunk: self.chunks + 1, offset: self.offset, first: self.records };
        let mut bytes = [0; HEAD_BYTES];
        let (tag, rest) = bytes.split_at_mut(4);
        match self.fill(tag)? {
            0 => return Ok(Step::End(self.end(at, None))),
            4 => {}
            _ => return Err(self.cut_chunk(at, HEAD_BYTES as u64)),
        }
        if *tag == MODULES_TAG && self.modules.is_none() {
            let (modules, length) =
                modules::read(&mut self.input).map_err(|fault| self.origin.modules(at, fault))?;
            self.offset += length as u64;
            self.modules = Some(modules);
            return self.step();
        }
        if *tag == INDEX_TAG {
            let read = Some((self.chunks, self.records));
            let footer = footer::read(&mut self.input, at.offset, read);
            let footer = footer.map_err(|fault| self.origin.footer(at, fault))?;
            self.offset = footer.end;
            if footer.rows != self.rows.value() {
                let found = "rows that say otherwise than the chunks' heads";
                return Err(self.origin.index(at.offset, found, "a row for each chunk before it"));
            }
            return Ok(Step::End(self.end(at, Some(Box::new(footer)))));
        }
        if *tag != CHUNK_TAG || self.modules.is_some() {
            let tag = [tag[0], tag[1], tag[2], tag[3]];
            return Err(self.origin.no_chunk(at, tag));
        }
        if self.fill(rest)? < HEAD_BYTES - 4 {
            return Err(self.cut_chunk(at, HEAD_BYTES as u64));
        }
        let head = Head::parse(&bytes, self.records).map_err(|fault| match fault {
            HeadFault::Crc => {
                let (found, expected) = ("a head whose CRC fails", "a head as it was written");
                self.origin.chunk(at, "", found, expected)
            }
            HeadFault::Newer(found) => self.origin.newer(found, at.offset),
            HeadFault::Claim(found, expected) => self.origin.chunk(at, "", &found, &expected),
        })?;
        self.rows.row(at.offset, head.first, head.records);
        self.chunks += 1;
        self.records += u64::from(head.records);
        Ok(Step::Chunk(head, at))
    }

    fn end(&mut self, at: At, footer: Option<Box<Footer>>) -> End {
        let modules = self.modules.take().unwrap_or_default();
        End { offset: at.offset, chunks: self.chunks, records: self.records, footer, modules }
    }

    fn cut_chunk(&self, at: At, length: u64) -> TraceError {
        let missing = (at.offset + length).saturating_sub(self.offset);
        let what = format!("chunk {}", at.chunk);
        self.origin.cut(&what, at, format!("{missing} more bytes of it, at least"))
    }

    /// Reads the bytes of the chunk whose head came last into a buffer.
    pub(crate) fn payload(
        &mut self,
        head: Head,
        at: At,
        mut stored: Vec<u8>,
    ) -> Result<Packed, TraceError> {
        stored.clear();
        let length = u64::from(head.stored);
        // The buffer grows as bytes come, and no further than the head may say.
        let read = self.input.by_ref().take(length).read_to_end(&mut stored);
        let read = read.map_err(|error| self.origin.input_at(error, at.first, at.offset))? as u64;
        self.offset += read;
        if read < length {
            return Err(self.cut_chunk(at, HEAD_BYTES as u64 + length));
        }
        Ok(Packed { head, at, stored })
    }

    /// Goes past the bytes of the chunk whose head came last.
    #[cfg(feature = "files")]
    pub(crate) fn skip(&mut self, head: Head, at: At) -> Result<(), TraceError> {
        let length = u64::from(head.stored);
        let skipped = io::copy(&mut self.input.by_ref().take(length), &mut io::sink());
        let skipped = skipped.map_err(|error| self.origin.input_at(error, at.first, at.offset))?;
        self.offset += skipped;
        if skipped < length {
            return Err(self.cut_chunk(at, HEAD_BYTES as u64 + length));
        }
        Ok(())
    }

    /// Reads the next chunk into a buffer, or the end of the file.
    pub(crate) fn next(&mut self, stored: Vec<u8>) -> Result<Result<Packed, End>, TraceError> {
        match self.step()? {
            Step::Chunk(head, at) => self.payload(head, at, stored).map(Ok),
            Step::End(end) => Ok(Err(end)),
        }
    }
}
