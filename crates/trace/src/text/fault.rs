//! What a format's grammar says is wrong with a line, before file and line number are known.

use std::ops::Range;

use crate::error::{Place, TraceError};
use crate::error_kind::TraceErrorKind;
use crate::text::excerpt;

/// What is wrong with a line.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) kind: TraceErrorKind,
    /// The offending bytes of the line.
    pub(crate) span: Range<usize>,
    /// What was found, where it is not simply the span's text.
    pub(crate) found: Option<String>,
    pub(crate) expected: String,
    pub(crate) help: String,
}

impl Fault {
    pub(crate) fn new(kind: TraceErrorKind, span: Range<usize>) -> Fault {
        Fault { kind, span, found: None, expected: String::new(), help: String::new() }
    }

    pub(crate) fn found(mut self, found: impl Into<String>) -> Fault {
        self.found = Some(found.into());
        self
    }

    pub(crate) fn expected(mut self, expected: impl Into<String>) -> Fault {
        self.expected = expected.into();
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Fault {
        self.help = help.into();
        self
    }

    /// Makes the error of it: names the file, the line and the column, and quotes the line.
    #[cold]
    pub(crate) fn at(self, path: &str, number: u64, line: &[u8]) -> TraceError {
        let start = self.span.start.min(line.len());
        let end = self.span.end.clamp(start, line.len());
        let excerpt = excerpt::excerpt(line, start..end);
        let found = self.found.unwrap_or_else(|| {
            let text = &excerpt.line[excerpt.start..excerpt.end];
            if text.is_empty() { "the end of the line".to_owned() } else { format!("`{text}`") }
        });
        let column = excerpt::characters(&line[..start]) + 1;
        let mut error =
            TraceError::new(self.kind, path).found(found).expected(self.expected).help(self.help);
        error.place = Place::Text { line: number, column };
        error.excerpt = Some(Box::new(excerpt));
        error
    }
}
