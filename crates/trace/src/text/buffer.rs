//! Whole lines out of a stream of bytes, block by block.

use std::io::{self, Cursor, ErrorKind, Read};

use crate::limits::{BLOCK_BYTES, LINE_BYTES_MAX, SNIFF_BYTES};

/// How many bytes there are from the beginning of each line on, whatever they are: more than any
/// line has that can be read at once.
pub(crate) const WINDOW_BYTES: usize = 64;

/// What stops a buffer from being filled.
pub(crate) enum FillError {
    /// The line that [`LineBuffer::rest`] begins is too long to be one.
    LineTooLong,
    /// The input failed.
    Io(io::Error),
}

/// The window over the input: whole lines first, then the beginning of the next one.
pub(crate) struct LineBuffer {
    input: Box<dyn Read + Send>,
    bytes: Vec<u8>,
    /// The first byte that was not consumed.
    start: usize,
    /// After the last newline.
    whole: usize,
    /// After the last byte that was read.
    end: usize,
    at_end: bool,
    /// Whether the last newline was not in the input.
    newline_added: bool,
    /// An error met while peeking, which comes after the lines before it.
    pending: Option<io::Error>,
}

impl LineBuffer {
    pub(crate) fn new(input: Box<dyn Read + Send>) -> LineBuffer {
        LineBuffer {
            input,
            bytes: vec![0; BLOCK_BYTES + WINDOW_BYTES],
            start: 0,
            whole: 0,
            end: 0,
            at_end: false,
            newline_added: false,
            pending: None,
        }
    }

    /// Returns the input itself, from its beginning: of which nothing was consumed, only peeked at.
    pub(crate) fn into_input(mut self) -> Box<dyn Read + Send> {
        debug_assert_eq!(self.start, 0, "what was consumed would be lost");
        if self.end == 0 && self.pending.is_none() {
            return self.input;
        }
        self.bytes.truncate(self.read());
        let peeked = Cursor::new(self.bytes);
        match self.pending {
            // What came before an error is still to be read before it.
            Some(error) => Box::new(peeked.chain(Failed(Some(error)))),
            None if self.at_end => Box::new(peeked),
            None => Box::new(peeked.chain(self.input)),
        }
    }

    /// Returns the lines at hand, each with its newline (the last of the file too), and after them
    /// [`WINDOW_BYTES`] that mean nothing.
    pub(crate) fn lines(&self) -> &[u8] {
        &self.bytes[self.start..self.whole + WINDOW_BYTES]
    }

    /// Returns everything at hand, which may end within a line.
    pub(crate) fn rest(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Drops the first `count` bytes of [`lines`](Self::lines).
    pub(crate) fn consume(&mut self, count: usize) {
        debug_assert!(count <= self.whole - self.start);
        self.start += count;
    }

    /// Reads until there is a whole line more; `Ok(false)` at the end of the input.
    ///
    /// To be called when all whole lines are consumed.
    pub(crate) fn fill(&mut self) -> Result<bool, FillError> {
        debug_assert_eq!(self.start, self.whole);
        self.bytes.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        self.whole = 0;
        loop {
            if self.whole > 0 {
                return Ok(true);
            }
            if self.end > LINE_BYTES_MAX + 1 {
                return Err(FillError::LineTooLong);
            }
            if !self.append().map_err(FillError::Io)? {
                return Ok(self.whole > 0);
            }
        }
    }

    /// Returns the beginning of the input as far as sniffing looks, and whether that is all of it.
    ///
    /// How much is returned does not depend on how the input happens to come in pieces. An error
    /// met on the way is kept for [`fill`](Self::fill), which reports it after the lines before
    /// it; [`failed`](Self::failed) takes it.
    pub(crate) fn peek(&mut self) -> (&[u8], bool) {
        while self.end < SNIFF_BYTES {
            match self.append() {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    self.pending = Some(error);
                    break;
                }
            }
        }
        let whole = self.end < SNIFF_BYTES;
        (&self.bytes[..self.read().min(SNIFF_BYTES)], whole)
    }

    /// Takes the error that [`peek`](Self::peek) met.
    pub(crate) fn failed(&mut self) -> Option<io::Error> {
        self.pending.take()
    }

    /// Returns how many of the bytes at hand are the input's.
    fn read(&self) -> usize {
        self.end - usize::from(self.newline_added)
    }

    /// Reads once; `Ok(false)` at the end. A last line without a newline is given one.
    fn append(&mut self) -> io::Result<bool> {
        if let Some(error) = self.pending.take() {
            self.at_end = true;
            return Err(error);
        }
        if self.at_end {
            return Ok(false);
        }
        // One byte stays free for the newline that the last line may lack.
        let room = self.bytes.len() - WINDOW_BYTES - 1;
        let before = self.end;
        let count = loop {
            match self.input.read(&mut self.bytes[self.end..room]) {
                Ok(count) => break count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.at_end = true;
                    return Err(error);
                }
            }
        };
        if count == 0 {
            self.at_end = true;
            if self.end > self.whole {
                self.bytes[self.end] = b'\n';
                self.end += 1;
                self.whole = self.end;
                self.newline_added = true;
            }
            return Ok(false);
        }
        self.end += count;
        let newline = self.bytes[before..self.end].iter().rposition(|&byte| byte == b'\n');
        if let Some(at) = newline {
            self.whole = before + at + 1;
        }
        Ok(true)
    }
}

/// An input that failed, once.
pub(crate) struct Failed(pub(crate) Option<io::Error>);

impl Read for Failed {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}
