//! Protobuf messages out of a stream, each behind its length, and the fields of one.
//!
//! No more than a block is in memory, whatever a length says: a message that is longer than half a
//! block is refused before any of it is read.

use std::io::{ErrorKind, Read};

use crate::codec::Codec;
use crate::error::{Place, TraceError};
use crate::error_kind::TraceErrorKind;
use crate::limits::BLOCK_BYTES;
use crate::text::failure;

/// The longest message, in bytes.
pub(super) const MESSAGE_BYTES_MAX: usize = BLOCK_BYTES / 2;

/// The most bytes of a varint: ten times seven bits hold 64.
const VARINT_BYTES_MAX: usize = 10;

/// Messages, each behind its length as a varint.
pub(super) struct Messages {
    input: Box<dyn Read + Send>,
    path: String,
    codec: Option<Codec>,
    /// What was read: from `start` to `end` are the messages to come.
    block: Vec<u8>,
    start: usize,
    end: usize,
    /// The offset of the block in the file, in bytes.
    block_offset: u64,
    /// The offset of the message taken last, its length included.
    offset: u64,
    /// How many messages were taken.
    count: u64,
}

impl Messages {
    pub(super) fn new(input: Box<dyn Read + Send>, path: &str, codec: Option<Codec>) -> Messages {
        Messages {
            input,
            path: path.to_owned(),
            codec,
            block: vec![0; BLOCK_BYTES],
            start: 0,
            end: 0,
            block_offset: 0,
            offset: 0,
            count: 0,
        }
    }

    /// Takes the bytes that the file begins with, if it begins so; else what it begins with.
    pub(super) fn magic(&mut self, magic: &[u8]) -> Result<Result<(), Vec<u8>>, TraceError> {
        self.have(magic.len())?;
        let found = &self.block[self.start..self.end.min(self.start + magic.len())];
        if found != magic {
            return Ok(Err(found.to_vec()));
        }
        self.start += magic.len();
        Ok(Ok(()))
    }

    /// Takes the next message; `Ok(None)` at the end of the input.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, TraceError> {
        self.offset = self.block_offset + self.start as u64;
        self.have(VARINT_BYTES_MAX)?;
        let at_hand = &self.block[self.start..self.end];
        if at_hand.is_empty() {
            return Ok(None);
        }
        self.count += 1;
        let (length, used) = match varint(at_hand) {
            Ok(read) => read,
            Err(NoVarint::Cut) => return Err(self.cut("the length of a message")),
            Err(NoVarint::Long) => return Err(self.long("a number of more than 64 bits")),
        };
        if length > MESSAGE_BYTES_MAX as u64 {
            return Err(self.long(&format!("{length} bytes")));
        }
        self.start += used;
        let length = length as usize;
        self.have(length)?;
        let end = self.start + length;
        if end > self.end {
            let there = self.end - self.start;
            return Err(self.cut(&format!("{there} of the {length} bytes of a message")));
        }
        let message = &self.block[self.start..end];
        self.start = end;
        Ok(Some(message))
    }

    /// Reads until so many bytes are at hand, or all there are.
    fn have(&mut self, count: usize) -> Result<(), TraceError> {
        if self.end - self.start >= count {
            return Ok(());
        }
        self.block.copy_within(self.start..self.end, 0);
        self.block_offset += self.start as u64;
        self.end -= self.start;
        self.start = 0;
        while self.end < count {
            match self.input.read(&mut self.block[self.end..]) {
                Ok(0) => break,
                Ok(read) => self.end += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    let read = format!("{} messages", self.count);
                    let mut error = failure::input_error(&self.path, self.codec, error, &read);
                    error.place = Place::Bytes(self.block_offset + self.end as u64);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    #[cold]
    fn cut(&self, what: &str) -> TraceError {
        self.wrong(TraceErrorKind::CutRecord)
            .found(format!("the end of the file after {what}"))
            .expected("messages that are whole, each behind its length")
            .help("the file was cut off: copy or record it again")
    }

    #[cold]
    fn long(&self, found: &str) -> TraceError {
        self.wrong(TraceErrorKind::BadMessage)
            .found(format!("{found} for the length of a message"))
            .expected(format!("at most {MESSAGE_BYTES_MAX} bytes"))
            .help("the file was damaged before this place, or is of another kind: copy it again")
    }

    /// Makes an error that is about the message taken last; the first one is the header's.
    #[cold]
    pub(super) fn wrong(&self, kind: TraceErrorKind) -> TraceError {
        let mut error = TraceError::new(kind, &self.path);
        error.place = match self.count.saturating_sub(1) {
            0 => Place::Bytes(self.offset),
            record => Place::Binary { record, offset: self.offset },
        };
        error
    }
}

/// Why bytes are no varint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum NoVarint {
    /// They end within it.
    Cut,
    /// It says more than 64 bits hold.
    Long,
}

/// Returns the number that bytes begin with, seven bits a byte, the lowest first, and its length.
fn varint(bytes: &[u8]) -> Result<(u64, usize), NoVarint> {
    let mut value = 0_u64;
    for (at, &byte) in bytes.iter().take(VARINT_BYTES_MAX).enumerate() {
        let bits = u64::from(byte & 0x7f);
        let shift = 7 * at as u32;
        if bits << shift >> shift != bits {
            return Err(NoVarint::Long);
        }
        value |= bits << shift;
        if byte & 0x80 == 0 {
            return Ok((value, at + 1));
        }
    }
    Err(if bytes.len() < VARINT_BYTES_MAX { NoVarint::Cut } else { NoVarint::Long })
}

/// What a field of a message holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Value<'message> {
    Number(u64),
    Bytes(&'message [u8]),
    /// Eight or four bytes of a fixed meaning, which no field here has.
    Fixed,
}

/// Why bytes are no fields.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum NoField {
    /// The message ends within one.
    Cut,
    /// A number of more than 64 bits.
    Long,
    /// A field of this type, which there is none.
    Type(u8),
}

/// The fields of a message, one after the other: the number of each, and what it holds.
pub(super) struct Fields<'message>(pub(super) &'message [u8]);

impl<'message> Fields<'message> {
    fn number(&mut self) -> Result<u64, NoField> {
        let (number, used) = varint(self.0).map_err(|why| match why {
            NoVarint::Cut => NoField::Cut,
            NoVarint::Long => NoField::Long,
        })?;
        self.0 = &self.0[used..];
        Ok(number)
    }

    fn bytes(&mut self, count: u64) -> Result<&'message [u8], NoField> {
        let count = usize::try_from(count).map_err(|_| NoField::Cut)?;
        let (bytes, rest) = self.0.split_at_checked(count).ok_or(NoField::Cut)?;
        self.0 = rest;
        Ok(bytes)
    }

    /// Takes the next field; `Ok(None)` at the end of the message.
    pub(super) fn take(&mut self) -> Result<Option<(u64, Value<'message>)>, NoField> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let key = self.number()?;
        let value = match (key & 7) as u8 {
            0 => Value::Number(self.number()?),
            1 => self.bytes(8).map(|_| Value::Fixed)?,
            2 => {
                let count = self.number()?;
                Value::Bytes(self.bytes(count)?)
            }
            5 => self.bytes(4).map(|_| Value::Fixed)?,
            // Groups, which nothing writes any more, and types that do not exist.
            other => return Err(NoField::Type(other)),
        };
        Ok(Some((key >> 3, value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_are_of_64_bits() {
        assert_eq!(varint(&[0x05, 0xff]), Ok((5, 1)));
        assert_eq!(varint(&[0xac, 0x02]), Ok((300, 2)));
        let most = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(varint(&most), Ok((u64::MAX, 10)));
        assert_eq!(varint(&[0xff; 10]), Err(NoVarint::Long));
        assert_eq!(varint(&[0xff; 9]), Err(NoVarint::Cut));
        assert_eq!(varint(&[]), Err(NoVarint::Cut));
        let mut above = most;
        above[9] = 2;
        assert_eq!(varint(&above), Err(NoVarint::Long));
    }

    #[test]
    fn fields_are_taken_one_after_the_other() {
        let mut fields =
            Fields(&[0x08, 0x07, 0x12, 0x02, b'a', b'b', 0x1d, 1, 2, 3, 4, 0x21, 1, 2, 3]);
        assert_eq!(fields.take(), Ok(Some((1, Value::Number(7)))));
        assert_eq!(fields.take(), Ok(Some((2, Value::Bytes(b"ab")))));
        assert_eq!(fields.take(), Ok(Some((3, Value::Fixed))));
        assert_eq!(fields.take(), Err(NoField::Cut));
        assert_eq!(Fields(&[0x0b]).take(), Err(NoField::Type(3)));
        assert_eq!(Fields(&[0x0a, 0xff, 0xff, 0xff, 0xff, 0x7f]).take(), Err(NoField::Cut));
        assert_eq!(Fields(&[]).take(), Ok(None));
    }
}
