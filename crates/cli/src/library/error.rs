//! Why a script has no log.

use std::fmt;
use std::ops::Range;

use super::log::Log;

/// What kind of mistake it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No built-in protocol has the name.
    NoSuchProtocol,
    /// A protocol's text that is no protocol, or one with a wrong cell.
    NotAProtocol,
    /// The script has no access.
    NoAccess,
    /// Something that has not the form `CORE OP NAME`.
    NotAnAccess,
    /// A core that is no number, or too large a one.
    NotACore,
    /// An operation that is none of the letters.
    NotAnOperation,
    /// A name with characters that names do not have, or a word that its line lacks.
    NotAName,
    /// Rules, cores or lines that make no machine.
    NotAMachine,
    /// The protocol: an access came to a cell that its tables call impossible.
    ImpossibleCell,
    /// The protocol: a load did not see the last store to its word.
    OldValue,
    /// A conservation law does not hold: a mistake in the protocol or in mesim.
    BrokenLaw,
}

/// A part of a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// Which text: `script` or `protocol`.
    pub of: &'static str,
    /// The line, from 1.
    pub line: usize,
    /// The column, in characters from 1.
    pub column: usize,
    /// How many characters it has.
    pub length: usize,
    /// The text of the line.
    pub text: String,
}

impl Place {
    /// Returns the place of some bytes of a text.
    pub(crate) fn in_text(of: &'static str, text: &str, span: Range<usize>) -> Self {
        let start = span.start.min(text.len());
        let before = &text[..start];
        let begin = before.rfind('\n').map_or(0, |end| end + 1);
        let line = text[begin..].lines().next().unwrap_or("");
        let end = span.end.clamp(start, begin + line.len().max(start - begin));
        Self {
            of,
            line: before.matches('\n').count() + 1,
            column: text[begin..start].chars().count() + 1,
            length: text.get(start..end).map_or(1, |found| found.chars().count()),
            text: line.to_owned(),
        }
    }
}

/// Why a script has no log: what is wrong, where, and what works.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    hint: String,
    place: Option<Place>,
    log: Option<Box<Log>>,
}

impl Error {
    pub(crate) fn new(
        kind: ErrorKind,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self { kind, message: message.into(), hint: hint.into(), place: None, log: None }
    }

    pub(crate) fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    pub(crate) fn after(mut self, log: Log) -> Self {
        self.log = Some(Box::new(log));
        self
    }

    /// Returns what kind of mistake it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Returns the place in the script or the protocol, if the mistake is in one.
    pub fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// Returns what works instead.
    pub fn hint(&self) -> &str {
        &self.hint
    }

    /// Returns the steps up to the one that went wrong, if the protocol did.
    pub fn log(&self) -> Option<&Log> {
        self.log.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        if let Some(Place { of, line, column, length, text }) = &self.place {
            let margin = line.to_string().len();
            write!(f, "\n{:margin$}--> {of}:{line}:{column}", "")?;
            write!(f, "\n{:margin$} |\n{line} | {text}", "")?;
            let (before, under) = (column - 1, "^".repeat((*length).max(1)));
            write!(f, "\n{:margin$} | {:before$}{under}", "", "")?;
        }
        if let Some(log) = &self.log {
            write!(f, "\n{log}")?;
        }
        write!(f, "\n = help: {}", self.hint)
    }
}

impl std::error::Error for Error {}
