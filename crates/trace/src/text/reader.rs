//! The loop that all text readers share: lines to records, faults to errors.

use std::io;

use crate::codec::Codec;
use crate::error::{Place, TraceError, TraceErrorKind};
use crate::header::Header;
use crate::limits::LINE_BYTES_MAX;
use crate::record::Record;
use crate::source::{CHUNK, Source};
use crate::text::buffer::{FillError, LineBuffer};
use crate::text::excerpt;
use crate::text::fault::Fault;
use crate::text::fields;
use crate::text::scan;

/// The most records that one line makes.
const LINE_RECORDS_MAX: usize = 2;

/// The grammar of a text format, line by line.
pub(crate) trait LineFormat: Send {
    /// Reads the line that `bytes` begin with if it is one of the common ones.
    ///
    /// Returns how many bytes it took, the newline included; 0 if the line is for
    /// [`line`](Self::line), be it rare or wrong, and then nothing has been appended.
    fn fast(&mut self, bytes: &[u8], into: &mut Vec<Record>) -> usize;

    /// Reads any line (without its newline) that is not blank and not a comment.
    fn line(&mut self, line: &[u8], into: &mut Vec<Record>) -> Result<(), Fault>;

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

    /// Appends records until there are `wanted` of them (or one more) or the trace ends.
    fn decode(&mut self, into: &mut Vec<Record>, wanted: usize) -> Result<(), TraceError> {
        let before = into.len();
        let result = self.decode_blocks(into, before + wanted);
        self.records += (into.len() - before) as u64;
        self.ended |= result.is_err();
        result.map_err(|stop| self.error(stop))
    }

    fn decode_blocks(&mut self, into: &mut Vec<Record>, target: usize) -> Result<(), Stop> {
        loop {
            let mut at = 0;
            let block = self.buffer.lines();
            while at < block.len() && into.len() < target {
                let rest = &block[at..];
                let used = self.format.fast(rest, into);
                if used > 0 {
                    at += used;
                    self.lines += 1;
                    continue;
                }
                let length = scan::find_newline(rest);
                let line = rest[..length].strip_suffix(b"\r").unwrap_or(&rest[..length]);
                let line = if self.lines == 0 { without_mark(line) } else { line };
                if let Err(fault) = slow(&mut self.format, line, into) {
                    return Err(Stop::Fault(fault, line.to_vec()));
                }
                at += length + 1;
                self.lines += 1;
            }
            self.buffer.consume(at);
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
                    let line = self.buffer.rest()[..=LINE_BYTES_MAX].to_vec();
                    return Err(Stop::Fault(line_too_long(), line));
                }
            }
        }
    }

    #[cold]
    fn error(&self, stop: Stop) -> TraceError {
        match stop {
            Stop::Fault(fault, line) => fault.at(&self.path, self.lines + 1, &line),
            Stop::Empty => empty(&self.path, self.header.format.description()),
            Stop::Io(error) => {
                let read = format!("{} lines ({} records)", self.lines, self.records);
                let mut error = input_error(&self.path, self.codec, error, &read);
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

    fn read(&mut self, into: &mut Vec<Record>) -> Result<bool, TraceError> {
        let before = into.len();
        into.append(&mut self.first);
        if !self.ended {
            into.reserve(CHUNK);
            self.decode(into, CHUNK + 1 - LINE_RECORDS_MAX - (into.len() - before))?;
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

/// Reads a line that the fast path did not take.
fn slow(format: &mut impl LineFormat, line: &[u8], into: &mut Vec<Record>) -> Result<(), Fault> {
    if line.len() > LINE_BYTES_MAX {
        return Err(line_too_long());
    }
    if fields::is_comment(line) {
        return Ok(());
    }
    format.line(line, into).map_err(|fault| binary(line).unwrap_or(fault))
}

/// Returns the fault of a line that has a NUL byte, which is worth more than its other faults.
#[cold]
fn binary(line: &[u8]) -> Option<Fault> {
    let at = line.iter().position(|&byte| byte == 0)?;
    Some(
        Fault::new(TraceErrorKind::Binary, at..at + 1)
            .found("a NUL byte")
            .expected("a line of text")
            .help("is this a trace? `--format` names its format"),
    )
}

#[cold]
fn line_too_long() -> Fault {
    Fault::new(TraceErrorKind::LineTooLong, LINE_BYTES_MAX..LINE_BYTES_MAX + 1)
        .found(format!("more than {LINE_BYTES_MAX} bytes without a line end"))
        .expected(format!("lines of at most {LINE_BYTES_MAX} bytes"))
        .help("is this a text trace? `--format` names its format")
}

/// Makes the error of a trace without records.
#[cold]
pub(crate) fn empty(path: &str, description: &str) -> TraceError {
    TraceError::new(TraceErrorKind::Empty, path)
        .found("no record")
        .expected("at least one record")
        .help(format!("lines are {description}"))
}

/// Makes the error of an input that failed after `read` ("12 lines (10 records)").
#[cold]
pub(crate) fn input_error(
    path: &str,
    codec: Option<Codec>,
    source: io::Error,
    read: &str,
) -> TraceError {
    let Some(codec) = codec.filter(|_| source.raw_os_error().is_none()) else {
        return TraceError::new(TraceErrorKind::Io, path)
            .found(format!("\"{source}\" after {read}"))
            .expected("a file that can be read")
            .help("check the path and the permissions")
            .caused_by(source);
    };
    let name = codec.name();
    if source.kind() == io::ErrorKind::UnexpectedEof {
        TraceError::new(TraceErrorKind::Truncated, path)
            .found(format!("the end of the file within the {name} data, after {read}"))
            .expected(format!("the rest of the {name} data"))
            .help("the file was cut off: copy or record it again")
            .caused_by(source)
    } else {
        TraceError::new(TraceErrorKind::Corrupt, path)
            .found(format!("damaged {name} data (\"{source}\"), after {read}"))
            .expected(format!("{name} data that decompresses"))
            .help("the file was damaged: copy or record it again")
            .caused_by(source)
    }
}

/// Returns whether the beginning of a text has a byte that no text has.
pub(crate) fn first_nul(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|&byte| byte == 0)
}

/// Makes the error of a beginning that is no text.
#[cold]
pub(crate) fn not_text(path: &str, bytes: &[u8], nul: usize) -> TraceError {
    let shown = excerpt::excerpt(&bytes[..bytes.len().min(64)], 0..0);
    let mut error = TraceError::new(TraceErrorKind::Binary, path)
        .found("a NUL byte")
        .expected("a text trace, plain or compressed (gzip, zstd, xz, lz4)")
        .help("`--format` names the format of a trace");
    error.place = Place::Bytes(nul as u64);
    error.excerpt = Some(Box::new(shown));
    error
}
