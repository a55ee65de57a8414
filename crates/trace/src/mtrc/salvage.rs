//! What is whole in a damaged file: each chunk that its head and its CRC vouch for.
//!
//! Chunks stand alone, so that one that is damaged takes no other along. Where a head or a payload
//! is not what it says, the next head is looked for byte by byte; a head has a CRC of its own, so
//! that what only looks like one is none.

use std::io::Read;

use crate::codec::Codec;
use crate::error::TraceError;
use crate::format::Format;
use crate::header::Header;
use crate::modules::Module;
use crate::mtrc::Wanted;
use crate::mtrc::chunk;
use crate::mtrc::clock::Clock;
use crate::mtrc::failure::{At, Origin};
use crate::mtrc::footer;
use crate::mtrc::framer::{Framer, Packed};
use crate::mtrc::head::Head;
use crate::mtrc::layout::{
    CHUNK_TAG, HEAD_BYTES, INDEX_TAG, MODULES_BYTES_MAX, MODULES_TAG, u64_at,
};
use crate::mtrc::modules;
use crate::mtrc::pack::Unpacker;
use crate::record::Record;
use crate::source::{Shortfall, Source};
use crate::text::failure::empty;

/// Bytes that are read at once.
const BLOCK_BYTES: u64 = 256 * 1024;

/// The longest index that is read: that of some 2^32 records.
const INDEX_BYTES_MAX: usize = 16 << 20;

/// More records than any trace has; a head that says more is none.
const RECORDS_MAX: u64 = 1 << 56;

/// A source of the records of the whole chunks of an mtrc trace.
pub(crate) struct Salvage {
    header: Header,
    origin: Origin,
    input: Box<dyn Read + Send>,
    /// What was read and not yet used, from `offset` on. It holds a chunk at most, and a block.
    window: Vec<u8>,
    used: usize,
    offset: u64,
    input_ended: bool,
    wanted: Wanted,
    modules: Vec<Module>,
    unpacker: Unpacker,
    clock: Clock,
    chunks: u64,
    /// The number of the record that comes next if nothing is missing.
    expected: u64,
    /// Runs of records that are missing, and the records, as far as the heads tell.
    gaps: u64,
    missing: u64,
    /// Bytes that are of no whole chunk stand before the next one.
    skipped: bool,
    has_index: bool,
    pending: Vec<Record>,
}

impl Salvage {
    /// Reads the header, which cannot be done without, and the first whole chunk.
    pub(crate) fn new(
        input: Box<dyn Read + Send>,
        path: &str,
        codec: Option<Codec>,
        wanted: Wanted,
    ) -> Result<Salvage, TraceError> {
        let origin = Origin { path: path.to_owned(), codec };
        let (framer, header) = Framer::new(input, origin.clone())?;
        let (offset, input) = framer.into_rest();
        let wanted = wanted.of(&header);
        let mut salvage = Salvage {
            header,
            origin,
            input,
            window: Vec::new(),
            used: 0,
            offset,
            input_ended: false,
            wanted,
            modules: Vec::new(),
            unpacker: Unpacker::default(),
            clock: Clock::default(),
            chunks: 0,
            expected: 0,
            gaps: 0,
            missing: 0,
            skipped: false,
            has_index: false,
            pending: Vec::new(),
        };
        let mut first = Vec::new();
        if !salvage.advance(&mut first)? {
            return Err(empty(path, Format::Mtrc));
        }
        salvage.pending = first;
        Ok(salvage)
    }

    /// Has at least so many bytes in the window, unless the input ends before.
    fn fill(&mut self, wanted: usize) -> Result<bool, TraceError> {
        while self.window.len() - self.used < wanted && !self.input_ended {
            self.window.drain(..self.used);
            self.used = 0;
            let mut block = self.input.by_ref().take(BLOCK_BYTES);
            let read = block.read_to_end(&mut self.window);
            self.input_ended = match read {
                Ok(read) => read == 0,
                // What comes after a place where the compression is damaged is lost.
                Err(_) if self.origin.codec.is_some() => true,
                Err(error) => return Err(self.origin.input(error, self.expected)),
            };
            self.skipped |= self.input_ended && read.is_err();
        }
        Ok(self.window.len() - self.used >= wanted)
    }

    fn use_up(&mut self, bytes: usize) {
        self.used += bytes;
        self.offset += bytes as u64;
    }

    /// Appends the records of the next whole chunk; returns whether there is one.
    fn advance(&mut self, into: &mut Vec<Record>) -> Result<bool, TraceError> {
        while self.fill(HEAD_BYTES)? {
            let rest = &self.window[self.used..];
            let head = rest.first_chunk::<HEAD_BYTES>().filter(|head| head.starts_with(&CHUNK_TAG));
            let head = head.and_then(|bytes| Head::parse(bytes, u64_at(bytes, 20)).ok());
            // A chunk that is there twice is there once.
            let head = head.filter(|head| (self.expected..RECORDS_MAX).contains(&head.first));
            if let Some(head) = head
                && self.chunk(head, into)?
            {
                return Ok(true);
            }
            if self.is_index()? {
                return Ok(false);
            }
            if !self.has_modules()? {
                self.seek();
            }
        }
        self.skipped |= self.used < self.window.len();
        Ok(false)
    }

    /// Goes on to what may be the next head, or the index.
    fn seek(&mut self) {
        let rest = &self.window[self.used + 1..];
        let is_tag =
            |bytes: &[u8]| [CHUNK_TAG, MODULES_TAG, INDEX_TAG].iter().any(|tag| bytes == tag);
        let next = rest.windows(CHUNK_TAG.len()).position(is_tag);
        // The last bytes may be the beginning of a tag.
        let skipped = next.unwrap_or_else(|| rest.len().saturating_sub(CHUNK_TAG.len() - 1));
        self.skipped = true;
        self.use_up(skipped + 1);
    }

    /// Tells whether a whole index stands at the beginning of the window, and goes by what it says
    /// of chunks that were behind the last one.
    fn is_index(&mut self) -> Result<bool, TraceError> {
        if !self.window[self.used..].starts_with(&INDEX_TAG) {
            return Ok(false);
        }
        self.fill(INDEX_BYTES_MAX)?;
        let index = &self.window[self.used + INDEX_TAG.len()..];
        let Ok(footer) = footer::read(index, self.offset, None) else { return Ok(false) };
        self.miss(footer.records);
        (self.skipped, self.has_index) = (false, true);
        self.input_ended = true;
        self.window.clear();
        self.used = 0;
        Ok(true)
    }

    /// Takes the table of modules, if a whole one stands at the beginning of the window.
    fn has_modules(&mut self) -> Result<bool, TraceError> {
        if !self.window[self.used..].starts_with(&MODULES_TAG) {
            return Ok(false);
        }
        self.fill(MODULES_TAG.len() + 8 + MODULES_BYTES_MAX)?;
        let table = &self.window[self.used + MODULES_TAG.len()..];
        let Ok((found, length)) = modules::read(table) else { return Ok(false) };
        self.modules = found;
        self.use_up(MODULES_TAG.len() + length);
        Ok(true)
    }

    /// Notes that the records up to that number are missing.
    fn miss(&mut self, first: u64) {
        if first > self.expected {
            self.gaps += 1;
            self.missing += first - self.expected;
        }
    }

    /// Appends the records of the chunk at the beginning of the window, if it is whole.
    fn chunk(&mut self, head: Head, into: &mut Vec<Record>) -> Result<bool, TraceError> {
        let length = HEAD_BYTES + head.stored as usize;
        if !self.fill(length)? {
            return Ok(false);
        }
        let at = At { chunk: self.chunks + 1, offset: self.offset, first: head.first };
        let stored = self.window[self.used + HEAD_BYTES..self.used + length].to_vec();
        let mut packed = Packed { head, at, stored };
        let before = into.len();
        let (unpacker, origin) = (&mut self.unpacker, &self.origin);
        let opened = chunk::open(unpacker, &mut packed, origin, self.wanted, into);
        let timely = |record: &Record| self.clock.advance(record).is_ok();
        if opened.result.is_err() || !into[before..].iter().all(timely) {
            into.truncate(before);
            return Ok(false);
        }
        self.miss(head.first);
        self.skipped = false;
        self.chunks += 1;
        self.expected = head.first + u64::from(head.records);
        self.use_up(length);
        Ok(true)
    }
}

impl Source for Salvage {
    fn header(&self) -> &Header {
        &self.header
    }

    fn read(&mut self, into: &mut Vec<Record>) -> Result<bool, TraceError> {
        if !self.pending.is_empty() {
            into.append(&mut self.pending);
            return Ok(true);
        }
        self.advance(into)
    }

    fn shortfall(&self) -> Option<Shortfall> {
        let Salvage { gaps, missing: records, chunks, .. } = *self;
        if records > 0 || self.skipped {
            return Some(Shortfall::Damaged { gaps, records });
        }
        (!self.has_index).then_some(Shortfall::NoIndex { chunks })
    }

    fn modules(&self) -> &[Module] {
        &self.modules
    }
}
