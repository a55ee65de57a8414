//! The loop that all text readers share: lines to records, faults to errors.

use std::io;

use crate::codec::Codec;
use crate::error::{Place, TraceError};
use crate::header::Header;
use crate::limits::LINE_BYTES_MAX;
use crate::record::Record;
use crate::source::{CHUNK, Shortfall, Source};
use crate::text::buffer::{FillError, LineBuffer, WINDOW_BYTES};
use crate::text::failure;
use crate::text::fault::Fault;
use crate::text::fields;
use crate::text::scan;

/// How much of a line that is too long is kept to be quoted.
const LINE_QUOTED_BYTES: usize = LINE_BYTES_MAX + 512;

/// The grammar of a text format, line by line.
pub(crate) trait LineFormat: Send {
    /// The most records that one line makes.
    const LINE_RECORDS_MAX: usize = 2;

    /// Reads the line that `bytes` begin with if it is one of the common ones.
    ///
    /// What follows the line's newline means nothing, but may be looked at. Returns how many bytes
    /// it took, the newline included; 0 if the line is for
    /// [`line`](Self::line), be it rare or wrong, and then nothing has been appended.
    fn fast(&mut self, bytes: &[u8; WINDOW_BYTES], into: &mut Vec<Record>) -> usize;

    /// Reads any line (without its newline) that is not blank and not a comment.
    fn line(&mut self, line: &[u8], into: &mut Vec<Record>) -> Result<(), Fault>;

    /// Reads a line (without its newline) that is blank or a comment.
    fn comment(&mut self, _line: &[u8]) {}

    /// Returns whether what the last line of all says has not come.
    fn lacks_end(&self) -> bool {
        false
    }

    /// Says what the lines read so far stated about the trace.
    fn state(&self, _header: &mut Header) {}
}

/// A source of the records of a text.
pub(crate) struct TextReader<F> {
    format: F,
    buffer: LineBuffer,
    path: String,
    codec: Option<Codec>,
    header: Header,
    /// The number of lines read.
    lines: u64,
    /// The number of records read.
    records: u64,
    /// The records of the first line that had any, read with the header.
    first: Vec<Record>,
    ended: bool,
}

impl<F: LineFormat> TextReader<F> {
    /// Reads up to the first record, so that the header lines before it are known.
    pub(crate) fn new(
        format: F,
        buffer: LineBuffer,
        path: &str,
        codec: Option<Codec>,
        header: Header,
    ) -> Result<TextReader<F>, TraceError> {
        let mut reader = TextReader {
            format,
            buffer,
            path: path.to_owned(),
            codec,
            header,
            lines: 0,
            records: 0,
            first: Vec::new(),
            ended: false,
        };
        let mut first = Vec::new();
        reader.decode(&mut first, 1)?;
        reader.first = first;
        reader.format.state(&mut reader.header);
        Ok(reader)
    }

    /// Appends records until there are `wanted` of them (or a line's more) or the trace ends.
    fn decode(&mut self, into: &mut Vec<Record>, wanted: usize) -> Result<(), TraceError> {
        let before = into.len();
        let result = self.decode_blocks(into, before + wanted);
        self.records += (into.len() - before) as u64;
        self.ended |= result.is_err();
        result.map_err(|stop| self.error(stop))
    }

    fn decode_blocks(&mut self, into: &mut Vec<Record>, target: usize) -> Result<(), Stop> {
        loop {
            let block = self.buffer.lines();
            let mut rest = block;
            loop {
                self.lines += quickly(&mut self.format, &mut rest, into, target);
                if rest.len() <= WINDOW_BYTES || into.len() >= target {
                    break;
                }
                let length = scan::find_newline(rest);
                let line = rest[..length].strip_suffix(b"\r").unwrap_or(&rest[..length]);
                let line = if self.lines == 0 { without_mark(line) } else { line };
                if let Err(fault) = slow(&mut self.format, line, into) {
                    return Err(Stop::Fault(fault, line.to_vec()));
                }
                rest = &rest[length + 1..];
                self.lines += 1;
            }
            let used = block.len() - rest.len();
            self.buffer.consume(used);
            if into.len() >= target {
                return Ok(());
            }
            match self.buffer.fill() {
                Ok(true) => {}
                Ok(false) => {
                    self.ended = true;
                    let empty = self.records == 0 && into.is_empty();
                    return if empty { Err(Stop::Empty) } else { Ok(()) };
                }
                Err(FillError::Io(error)) => return Err(Stop::Io(error)),
                Err(FillError::LineTooLong) => {
                    let rest = self.buffer.rest();
                    let line = rest[..rest.len().min(LINE_QUOTED_BYTES)].to_vec();
                    return Err(Stop::Fault(failure::line_too_long(), line));
                }
            }
        }
    }

    #[cold]
    fn error(&self, stop: Stop) -> TraceError {
        match stop {
            Stop::Fault(fault, line) => fault.at(&self.path, self.lines + 1, &line),
            Stop::Empty => failure::empty(&self.path, self.header.format),
            Stop::Io(error) => {
                let read = format!("{} lines ({} records)", self.lines, self.records);
                let mut error = failure::input_error(&self.path, self.codec, error, &read);
                error.place = Place::Text { line: self.lines + 1, column: 1 };
                error
            }
        }
    }
}

impl<F: LineFormat> Source for TextReader<F> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn shortfall(&self) -> Option<Shortfall> {
        (self.ended && self.format.lacks_end()).then_some(Shortfall::NoLastLine)
    }

    fn read(&mut self, into: &mut Vec<Record>) -> Result<bool, TraceError> {
        let before = into.len();
        into.append(&mut self.first);
        if !self.ended {
            into.reserve(CHUNK);
            self.decode(into, CHUNK + 1 - F::LINE_RECORDS_MAX - (into.len() - before))?;
        }
        Ok(into.len() > before)
    }
}

/// Why decoding stops.
enum Stop {
    /// A line is wrong: this one.
    Fault(Fault, Vec<u8>),
    /// The input failed.
    Io(io::Error),
    /// The input ended without a record.
    Empty,
}

/// Returns the first line without the mark (U+FEFF) that some editors begin a text with.
pub(crate) fn without_mark(line: &[u8]) -> &[u8] {
    line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line)
}

/// Reads the common ones of the lines that `rest` begins with, up to one that is not or to a number
/// of records, and returns how many they were. Behind the lines a window follows.
#[inline]
fn quickly<F: LineFormat>(
    format: &mut F,
    rest: &mut &[u8],
    into: &mut Vec<Record>,
    target: usize,
) -> u64 {
    let (mut left, mut lines) = (*rest, 0);
    while left.len() > WINDOW_BYTES && into.len() < target {
        let Some(window) = left.first_chunk() else { break };
        let used = format.fast(window, into);
        if used == 0 {
            break;
        }
        left = &left[used..];
        lines += 1;
    }
    *rest = left;
    lines
}

/// Reads a line that the fast path did not take.
pub(crate) fn slow(
    format: &mut impl LineFormat,
    line: &[u8],
    into: &mut Vec<Record>,
) -> Result<(), Fault> {
    if line.len() > LINE_BYTES_MAX {
        return Err(failure::line_too_long());
    }
    if fields::is_comment(line) {
        format.comment(line);
        return Ok(());
    }
    format.line(line, into).map_err(|fault| failure::binary(line).unwrap_or(fault))
}
