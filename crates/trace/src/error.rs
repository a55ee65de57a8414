//! What is wrong with a trace, where, and what would have been right.

use std::{fmt, io};

/// The kind of a [`TraceError`]; each has a stable code for `mesim explain`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TraceErrorKind {
    /// There is no such file.
    NotFound,
    /// A folder stands where a file is expected.
    IsDirectory,
    /// The operating system refused to read or write.
    Io,
    /// There is no record in the trace.
    Empty,
    /// The format can be recognised neither by name nor by content, or several fit.
    UnknownFormat,
    /// Bytes that no text contains.
    Binary,
    /// A compressed file ends before its end.
    Truncated,
    /// A compressed file is damaged.
    Corrupt,
    /// A line is longer than [`LINE_BYTES_MAX`](crate::LINE_BYTES_MAX).
    LineTooLong,
    /// A line ends too early.
    MissingField,
    /// A line goes on after its end.
    ExtraField,
    /// A label or operation that the format does not have.
    BadOp,
    /// A core (or thread) that is not a number.
    BadCore,
    /// A core that the machine (or `@cores`) does not have.
    CoreOutOfRange,
    /// An address that is not a number.
    BadAddress,
    /// An address, or the last byte of an access, beyond 64 bits.
    AddressOverflow,
    /// A size that is not a number.
    BadSize,
    /// A size of zero, or beyond the largest.
    SizeOutOfRange,
    /// A number of cycles that is not one.
    BadCycles,
    /// A name that no `let` declared.
    UnknownName,
    /// A `let` that is not `let NAME = ADDR`.
    BadLet,
    /// A name that was declared before.
    DuplicateName,
    /// More names than [`NAMES_MAX`](crate::NAMES_MAX).
    TooManyNames,
    /// A header line that is misspelt, malformed, doubled or after the first record.
    BadHeader,
    /// An `@time` that is no time.
    BadTime,
    /// An `@time` earlier than the one before it.
    TimeBackwards,
    /// More per-core files than cores, or none.
    FileCount,
    /// A file whose lines name cores, given as the file of one core.
    NotPerCore,
}

impl TraceErrorKind {
    /// Every kind, in the order of the codes.
    pub const ALL: &[TraceErrorKind] = &[
        TraceErrorKind::NotFound,
        TraceErrorKind::IsDirectory,
        TraceErrorKind::Io,
        TraceErrorKind::Empty,
        TraceErrorKind::UnknownFormat,
        TraceErrorKind::Binary,
        TraceErrorKind::Truncated,
        TraceErrorKind::Corrupt,
        TraceErrorKind::LineTooLong,
        TraceErrorKind::MissingField,
        TraceErrorKind::ExtraField,
        TraceErrorKind::BadOp,
        TraceErrorKind::BadCore,
        TraceErrorKind::CoreOutOfRange,
        TraceErrorKind::BadAddress,
        TraceErrorKind::AddressOverflow,
        TraceErrorKind::BadSize,
        TraceErrorKind::SizeOutOfRange,
        TraceErrorKind::BadCycles,
        TraceErrorKind::UnknownName,
        TraceErrorKind::BadLet,
        TraceErrorKind::DuplicateName,
        TraceErrorKind::TooManyNames,
        TraceErrorKind::BadHeader,
        TraceErrorKind::BadTime,
        TraceErrorKind::TimeBackwards,
        TraceErrorKind::FileCount,
        TraceErrorKind::NotPerCore,
    ];

    /// Returns the code, which never changes: `E0101` and on.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            TraceErrorKind::NotFound => "E0101",
            TraceErrorKind::IsDirectory => "E0102",
            TraceErrorKind::Io => "E0103",
            TraceErrorKind::Empty => "E0104",
            TraceErrorKind::UnknownFormat => "E0105",
            TraceErrorKind::Binary => "E0106",
            TraceErrorKind::Truncated => "E0107",
            TraceErrorKind::Corrupt => "E0108",
            TraceErrorKind::LineTooLong => "E0109",
            TraceErrorKind::MissingField => "E0110",
            TraceErrorKind::ExtraField => "E0111",
            TraceErrorKind::BadOp => "E0112",
            TraceErrorKind::BadCore => "E0113",
            TraceErrorKind::CoreOutOfRange => "E0114",
            TraceErrorKind::BadAddress => "E0115",
            TraceErrorKind::AddressOverflow => "E0116",
            TraceErrorKind::BadSize => "E0117",
            TraceErrorKind::SizeOutOfRange => "E0118",
            TraceErrorKind::BadCycles => "E0119",
            TraceErrorKind::UnknownName => "E0120",
            TraceErrorKind::BadLet => "E0121",
            TraceErrorKind::DuplicateName => "E0122",
            TraceErrorKind::TooManyNames => "E0123",
            TraceErrorKind::BadHeader => "E0124",
            TraceErrorKind::BadTime => "E0125",
            TraceErrorKind::TimeBackwards => "E0126",
            TraceErrorKind::FileCount => "E0127",
            TraceErrorKind::NotPerCore => "E0128",
        }
    }

    /// Returns the kind in a few words, for the headline of a diagnostic.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            TraceErrorKind::NotFound => "no such file",
            TraceErrorKind::IsDirectory => "a folder, not a file",
            TraceErrorKind::Io => "cannot read or write",
            TraceErrorKind::Empty => "empty trace",
            TraceErrorKind::UnknownFormat => "unknown trace format",
            TraceErrorKind::Binary => "not a text file",
            TraceErrorKind::Truncated => "truncated compressed file",
            TraceErrorKind::Corrupt => "damaged compressed file",
            TraceErrorKind::LineTooLong => "line too long",
            TraceErrorKind::MissingField => "missing field",
            TraceErrorKind::ExtraField => "unexpected field",
            TraceErrorKind::BadOp => "unknown operation",
            TraceErrorKind::BadCore => "invalid core number",
            TraceErrorKind::CoreOutOfRange => "no such core",
            TraceErrorKind::BadAddress => "invalid address",
            TraceErrorKind::AddressOverflow => "address beyond 64 bits",
            TraceErrorKind::BadSize => "invalid size",
            TraceErrorKind::SizeOutOfRange => "size out of range",
            TraceErrorKind::BadCycles => "invalid number of cycles",
            TraceErrorKind::UnknownName => "unknown name",
            TraceErrorKind::BadLet => "invalid declaration",
            TraceErrorKind::DuplicateName => "name declared twice",
            TraceErrorKind::TooManyNames => "too many names",
            TraceErrorKind::BadHeader => "invalid header line",
            TraceErrorKind::BadTime => "invalid time",
            TraceErrorKind::TimeBackwards => "time runs backwards",
            TraceErrorKind::FileCount => "wrong number of files",
            TraceErrorKind::NotPerCore => "not a file of one core",
        }
    }
}

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
