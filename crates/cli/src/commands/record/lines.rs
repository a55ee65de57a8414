//! A text without a last line that was cut.

use std::io::{self, BufRead, BufReader, Read};

/// Lets whole lines through. What a recorder that was killed began to write is left out.
pub(super) struct WholeLines<R> {
    input: BufReader<R>,
    /// What was read and ends in no line yet.
    begun: Vec<u8>,
    /// Whole lines, and how much of them was passed on.
    whole: Vec<u8>,
    passed: usize,
}

/// Bytes that are read at once.
const BLOCK: usize = 1 << 18;

impl<R: Read> WholeLines<R> {
    pub(super) fn new(input: R) -> Self {
        let input = BufReader::with_capacity(BLOCK, input);
        Self { input, begun: Vec::new(), whole: Vec::new(), passed: 0 }
    }
}

impl<R: Read> Read for WholeLines<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.passed == self.whole.len() {
            let block = self.input.fill_buf()?;
            if block.is_empty() {
                return Ok(0);
            }
            let lines = block.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            let (lines, rest) = block.split_at(lines);
            if lines.is_empty() {
                self.begun.extend_from_slice(rest);
            } else {
                self.passed = 0;
                self.whole.clear();
                self.whole.append(&mut self.begun);
                self.whole.extend_from_slice(lines);
                self.begun.extend_from_slice(rest);
            }
            let read = block.len();
            self.input.consume(read);
        }
        let count = into.len().min(self.whole.len() - self.passed);
        into[..count].copy_from_slice(&self.whole[self.passed..self.passed + count]);
        self.passed += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reader that hands out three bytes at a time.
    struct Drops<'a>(&'a [u8]);

    impl Read for Drops<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let count = self.0.len().min(3).min(into.len());
            into[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    #[test]
    fn a_line_that_was_begun_is_left_out() {
        for (text, whole) in [("", ""), ("a", ""), ("ab\ncdefgh\nij", "ab\ncdefgh\n"), ("\n", "\n")]
        {
            let mut out = String::new();
            WholeLines::new(Drops(text.as_bytes())).read_to_string(&mut out).unwrap();
            assert_eq!(out, whole);
        }
    }
}
