//! Binary records of one length, out of a stream: the block, the count, and where what is wrong.

use std::io::{ErrorKind, Read};

use crate::codec::Codec;
use crate::error::{Place, TraceError};
use crate::error_kind::TraceErrorKind;
use crate::text::failure;

/// Records of `BYTES` bytes each, numbered from 1.
pub(super) struct FixedRecords<const BYTES: usize> {
    input: Box<dyn Read + Send>,
    path: String,
    codec: Option<Codec>,
    /// What a record is called in messages, in the plural.
    noun: &'static str,
    /// What to do about a trace that ends within a record.
    cut_help: &'static str,
    /// What was read: from `start` to `end` are the records to come.
    block: Vec<u8>,
    start: usize,
    end: usize,
    /// The number of records taken.
    count: u64,
}

impl<const BYTES: usize> FixedRecords<BYTES> {
    /// Makes a reader that keeps about `block_bytes` in memory.
    pub(super) fn new(
        input: Box<dyn Read + Send>,
        path: &str,
        codec: Option<Codec>,
        block_bytes: usize,
    ) -> FixedRecords<BYTES> {
        FixedRecords {
            input,
            path: path.to_owned(),
            codec,
            noun: "records",
            cut_help: "copy the file again; if it is whole, it is in another format",
            block: vec![0; block_bytes / BYTES * BYTES],
            start: 0,
            end: 0,
            count: 0,
        }
    }

    /// Gives the records another name in messages, and other advice about one that is cut.
    pub(super) fn called(mut self, noun: &'static str, cut_help: &'static str) -> Self {
        self.noun = noun;
        self.cut_help = cut_help;
        self
    }

    /// Takes the next record; `Ok(None)` at the end of the input.
    #[inline]
    pub(super) fn next(&mut self) -> Result<Option<[u8; BYTES]>, TraceError> {
        if self.end - self.start < BYTES && !self.fill()? {
            return Ok(None);
        }
        let record = self.block[self.start..self.end].first_chunk::<BYTES>().copied();
        self.start += BYTES;
        self.count += 1;
        Ok(record)
    }

    /// Returns how many records were taken.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// Makes an error that is about the record taken last.
    #[cold]
    pub(super) fn wrong(&self, kind: TraceErrorKind) -> TraceError {
        Self::placed(TraceError::new(kind, &self.path), self.count)
    }

    /// Makes an error that is about the record after the last.
    #[cold]
    pub(super) fn wrong_after(&self, kind: TraceErrorKind) -> TraceError {
        Self::placed(TraceError::new(kind, &self.path), self.count + 1)
    }

    /// Returns how the input was compressed.
    pub(super) const fn codec(&self) -> Option<Codec> {
        self.codec
    }

    /// Reads until a record is at hand; `Ok(false)` at the end of the input.
    fn fill(&mut self) -> Result<bool, TraceError> {
        self.block.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        while self.end < BYTES {
            match self.input.read(&mut self.block[self.end..]) {
                Ok(0) if self.end == 0 => return Ok(false),
                Ok(0) => return Err(self.cut()),
                Ok(count) => self.end += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    let read = format!("{} {}", self.count, self.noun);
                    let error = failure::input_error(&self.path, self.codec, error, &read);
                    return Err(Self::placed(error, self.count + 1));
                }
            }
        }
        Ok(true)
    }

    #[cold]
    fn cut(&self) -> TraceError {
        self.wrong_after(TraceErrorKind::CutRecord)
            .found(format!("the end of the file after {} bytes of a record", self.end))
            .expected(format!("records of {BYTES} bytes"))
            .help(self.cut_help)
    }

    fn placed(mut error: TraceError, record: u64) -> TraceError {
        let offset = record.saturating_sub(1) * BYTES as u64;
        error.place = Place::Binary { record, offset };
        error
    }
}
