//! What is wrong with a trace, where, and what would have been right.

use std::{fmt, io};

use crate::error_kind::TraceErrorKind;

/// Where in a trace.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// Nowhere in particular: the file as a whole.
    None,
    /// A character of a text.
    Text {
        /// The line, from 1.
        line: u64,
        /// The column, from 1, in characters.
        column: u64,
    },
    /// A record of a binary trace.
    Binary {
        /// The record, from 1.
        record: u64,
        /// The offset of its first byte, from 0, after decompression.
        offset: u64,
    },
    /// A byte, from 0, after decompression.
    Bytes(u64),
}

/// The offending line, fit to be printed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Excerpt {
    /// The line, cut to some 200 characters round the span with `...` where it was longer.
    ///
    /// Tabs are spaces here; control characters and what is not UTF-8 is U+FFFD.
    pub line: String,
    /// The byte offset into `line` of the first byte to underline.
    pub start: usize,
    /// The byte offset into `line` after the last byte to underline; may equal `start`.
    pub end: usize,
}

/// An error of a trace: its kind, its place, what was found and what would have been right.
#[derive(Debug)]
pub struct TraceError {
    /// The kind, which has a stable code.
    pub kind: TraceErrorKind,
    /// The path as it was given; `<stdin>` for standard input.
    pub path: Box<str>,
    /// The place in the file.
    pub place: Place,
    /// The offending line, if it is about one.
    pub excerpt: Option<Box<Excerpt>>,
    /// What was found: "`0x10g0`", "the end of the line".
    pub found: Box<str>,
    /// What was expected: "a core number from 0 to 3".
    pub expected: Box<str>,
    /// A value that works, or what to do.
    pub help: Box<str>,
    /// The operating system's or decoder's error behind it.
    pub source: Option<io::Error>,
}

impl TraceError {
    pub(crate) fn new(kind: TraceErrorKind, path: &str) -> TraceError {
        TraceError {
            kind,
            path: path.into(),
            place: Place::None,
            excerpt: None,
            found: Box::default(),
            expected: Box::default(),
            help: Box::default(),
            source: None,
        }
    }

    pub(crate) fn found(mut self, found: impl Into<Box<str>>) -> TraceError {
        self.found = found.into();
        self
    }

    pub(crate) fn expected(mut self, expected: impl Into<Box<str>>) -> TraceError {
        self.expected = expected.into();
        self
    }

    pub(crate) fn help(mut self, help: impl Into<Box<str>>) -> TraceError {
        self.help = help.into();
        self
    }

    pub(crate) fn caused_by(mut self, source: io::Error) -> TraceError {
        self.source = Some(source);
        self
    }

    /// Returns the stable code of the kind.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.kind.code()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::None => Ok(()),
            Place::Text { line, column } => write!(f, ":{line}:{column}"),
            Place::Binary { record, offset } => write!(f, ": record {record} at byte {offset}"),
            Place::Bytes(offset) => write!(f, ": byte {offset}"),
        }
    }
}

impl fmt::Display for TraceError {
    /// Writes `path:line:column: title: found ..., expected ...`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}: {}", self.path, self.place, self.kind.title())?;
        let found = if self.found.is_empty() { None } else { Some(&self.found) };
        let expected = if self.expected.is_empty() { None } else { Some(&self.expected) };
        match (found, expected) {
            (Some(found), Some(expected)) => write!(f, ": found {found}, expected {expected}"),
            (Some(found), None) => write!(f, ": found {found}"),
            (None, Some(expected)) => write!(f, ": expected {expected}"),
            (None, None) => Ok(()),
        }
    }
}

impl std::error::Error for TraceError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}
