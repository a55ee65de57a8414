//! The members of a zip archive as one stream, from its first byte to its last.
//!
//! An archive has its directory at the end. A pipe has no end to begin with, so the members are
//! read by the heads before them, in the order in which they lie in the file; the directory must
//! then say the same. Nothing is looked up, so that memory does not grow with what an archive
//! claims, and a member is never longer than it says.
//!
//! Members are stored or deflated. A deflated one may say its length behind itself only, as pipes
//! are written.

use std::io::{self, ErrorKind, Read};

use crate::compress::peeked::Peeked;
use crate::compress::zip_directory::{self, Fingerprints};
use crate::compress::zip_member::Member;

/// What begins the parts of an archive.
pub(super) const MEMBER: [u8; 4] = *b"PK\x03\x04";

/// Where reading is.
enum State {
    /// Before a member or the directory.
    Between,
    Inside(Box<Member>),
    Ended,
}

/// The bytes of all members, one after the other.
pub(super) struct ZipMembers {
    input: Peeked,
    state: State,
    members: u64,
    fingerprints: Fingerprints,
}

impl ZipMembers {
    pub(super) fn new(input: Box<dyn Read + Send>) -> ZipMembers {
        ZipMembers {
            input: Peeked::new(input),
            state: State::Between,
            members: 0,
            fingerprints: Fingerprints::default(),
        }
    }

    fn next(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match &mut self.state {
                State::Ended => return Ok(0),
                State::Between => {
                    let at = self.input.offset();
                    self.state = if self.input.peek(MEMBER.len())?.starts_with(&MEMBER) {
                        self.members += 1;
                        State::Inside(Box::new(Member::begin(&mut self.input, self.members, at)?))
                    } else {
                        zip_directory::read(&mut self.input, self.members, self.fingerprints)?;
                        State::Ended
                    };
                }
                State::Inside(member) => {
                    let count = member.read(&mut self.input, into)?;
                    if count > 0 {
                        return Ok(count);
                    }
                    self.fingerprints.add(member.finish(&mut self.input)?);
                    self.state = State::Between;
                }
            }
        }
    }
}

impl Read for ZipMembers {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        let result = self.next(into);
        if result.is_err() {
            self.state = State::Ended;
        }
        result
    }
}

/// Makes the error of an archive that ends within something.
#[cold]
pub(super) fn cut(within: &str) -> io::Error {
    io::Error::new(ErrorKind::UnexpectedEof, format!("within {within}"))
}

/// Makes the error of what cannot be.
#[cold]
pub(super) fn damaged(what: String) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

/// Makes the error of what may be and is not read.
#[cold]
pub(super) fn unread(what: String) -> io::Error {
    io::Error::new(ErrorKind::Unsupported, what)
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(bytes[at..at + 2].try_into().expect("two bytes"))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}
