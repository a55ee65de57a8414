//! What is wrong with an expectation file, where, and what would work.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use ron::error::SpannedError;

use crate::config::{ConfigError, ConfigErrorKind, Origin, Source};
use crate::protocol_file::first_line;
use crate::slices;

/// The kinds of mistake, each with a stable code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MistakeKind {
    /// The text is not RON.
    Syntax,
    /// A key or a parameter that does not exist.
    UnknownKey,
    /// A value of the wrong kind, or something that is missing or said twice.
    Value,
    /// A counter that does not exist.
    Counter,
    /// A formula without a value.
    Formula,
    /// An address or states that cannot be.
    States,
    /// What is wrong with the machine of the file.
    Machine(ConfigErrorKind),
}

impl MistakeKind {
    /// Returns the diagnostic code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Syntax => "E0601",
            Self::UnknownKey => "E0602",
            Self::Value => "E0603",
            Self::Counter => "E0604",
            Self::Formula => "E0605",
            Self::States => "E0606",
            Self::Machine(kind) => kind.code(),
        }
    }
}

/// A mistake in an expectation file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mistake {
    /// The kind of mistake.
    pub kind: MistakeKind,
    /// What was found.
    pub message: String,
    /// Where.
    pub origin: Origin,
    /// What is to be said of the place.
    pub label: String,
    /// A value that works.
    pub help: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.message, self.label)
    }
}

impl std::error::Error for Mistake {}

/// The most mistakes that are kept: a file with more is not read closely by anybody.
const MISTAKES_MAX: usize = 100;

/// The text of a file, and the mistakes in it.
#[derive(Clone, Debug)]
pub(super) struct Mistakes {
    pub(super) text: Arc<str>,
    pub(super) source: Source,
    found: Vec<Mistake>,
}

impl Mistakes {
    pub(super) fn of(path: &str, text: &str) -> Self {
        let text: Arc<str> = text.into();
        let source = Source::File { path: path.into(), text: text.clone() };
        Self { text, source, found: Vec::new() }
    }

    /// Returns where a slice of the text is in it.
    pub(super) fn span(&self, slice: &str) -> Range<usize> {
        let start = slice.as_ptr() as usize - self.text.as_ptr() as usize;
        start..start + slice.len()
    }

    /// Notes a mistake at bytes of the text.
    pub(super) fn on(
        &mut self,
        kind: MistakeKind,
        span: Range<usize>,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) {
        let origin = Origin { source: self.source.clone(), span: first_line(&self.text, span) };
        let (message, label, help) = (message.into(), label.into(), help.into());
        self.push(Mistake { kind, message, origin, label, help });
    }

    pub(super) fn push(&mut self, mistake: Mistake) {
        if self.found.len() < MISTAKES_MAX {
            self.found.push(mistake);
        }
    }

    /// Notes what is wrong with the machine of the file.
    pub(super) fn machine(&mut self, error: ConfigError) {
        self.push(Mistake {
            kind: MistakeKind::Machine(error.kind),
            message: error.message,
            origin: error.origin,
            label: format!("expected {}", error.expected),
            help: error.help.to_string(),
        });
    }

    /// Notes what RON's parser found wrong in a slice of the text.
    pub(super) fn noted<T>(&mut self, slice: &str, read: Result<T, SpannedError>) -> Option<T> {
        let error = match read {
            Ok(value) => return Some(value),
            Err(error) => error,
        };
        let offset = self.span(slice).start;
        let (span, label) = slices::fault(slice, &error);
        self.on(
            MistakeKind::Syntax,
            offset + span.start..offset + span.end,
            "the expectation file is not readable as RON",
            label,
            "it looks like `(counts: {\"misses\": \"20\"}, final: {\"0x1000\": \"IM\"})`",
        );
        None
    }

    /// Returns what was found, in the order of the text.
    pub(super) fn finish(mut self) -> Result<(), Vec<Mistake>> {
        if self.found.is_empty() {
            return Ok(());
        }
        self.found.sort_by_key(|mistake| mistake.origin.span.start);
        Err(self.found)
    }
}
