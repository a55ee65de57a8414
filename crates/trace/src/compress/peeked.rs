//! An input that can be looked at before it is taken, and knows where it is.

use std::io::{self, ErrorKind, Read};

/// How much is read at once, and the most that can be looked at.
const BLOCK_BYTES: usize = 64 * 1024;

/// The input and what was read of it.
pub(super) struct Peeked {
    input: Box<dyn Read + Send>,
    block: Vec<u8>,
    start: usize,
    end: usize,
    offset: u64,
}

impl Peeked {
    pub(super) fn new(input: Box<dyn Read + Send>) -> Peeked {
        Peeked { input, block: vec![0; BLOCK_BYTES], start: 0, end: 0, offset: 0 }
    }

    /// Returns at least so many of the next bytes, or all there are to the end.
    pub(super) fn peek(&mut self, count: usize) -> io::Result<&[u8]> {
        debug_assert!(count <= BLOCK_BYTES);
        if self.end - self.start < count {
            self.block.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        while self.end - self.start < count {
            match self.input.read(&mut self.block[self.end..]) {
                Ok(0) => break,
                Ok(read) => self.end += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(&self.block[self.start..self.end])
    }

    /// Takes bytes that were looked at.
    pub(super) fn consume(&mut self, count: usize) {
        debug_assert!(count <= self.end - self.start);
        self.start += count;
        self.offset += count as u64;
    }

    /// Takes a head of so many bytes; `None` if the input ends before.
    pub(super) fn take<const BYTES: usize>(&mut self) -> io::Result<Option<[u8; BYTES]>> {
        let head = self.peek(BYTES)?.first_chunk::<BYTES>().copied();
        if head.is_some() {
            self.consume(BYTES);
        }
        Ok(head)
    }

    /// Hands so many bytes out, piece by piece; `Ok(false)` if the input ends before.
    pub(super) fn pieces(
        &mut self,
        mut count: u64,
        mut piece: impl FnMut(&[u8]),
    ) -> io::Result<bool> {
        while count > 0 {
            let bytes = self.peek(1)?;
            let taken = bytes.len().min(usize::try_from(count).unwrap_or(usize::MAX));
            if taken == 0 {
                return Ok(false);
            }
            piece(&bytes[..taken]);
            self.consume(taken);
            count -= taken as u64;
        }
        Ok(true)
    }

    /// Returns how many bytes were taken.
    pub(super) const fn offset(&self) -> u64 {
        self.offset
    }
}
