//! A line as fields between spaces and tabs.

use std::ops::Range;

use crate::error_kind::TraceErrorKind;
use crate::text::fault::Fault;

/// A field of a line: its bytes and where in the line they begin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field<'line> {
    pub(crate) bytes: &'line [u8],
    pub(crate) start: usize,
}

impl Field<'_> {
    pub(crate) fn span(&self) -> Range<usize> {
        self.start..self.start + self.bytes.len()
    }
}

/// The fields of a line, one after the other.
#[derive(Clone, Debug)]
pub(crate) struct Fields<'line> {
    line: &'line [u8],
    at: usize,
}

impl<'line> Fields<'line> {
    pub(crate) fn new(line: &'line [u8]) -> Fields<'line> {
        Fields { line, at: 0 }
    }

    /// Returns the next field, or the fault that there is none before the end or a comment.
    pub(crate) fn expect(&mut self, expected: &str, help: &str) -> Result<Field<'line>, Fault> {
        let end = match self.next() {
            Some(field) if field.bytes[0] != b'#' => return Ok(field),
            Some(comment) => comment.start,
            None => self.line.trim_ascii_end().len(),
        };
        Err(Fault::new(TraceErrorKind::MissingField, end..end).expected(expected).help(help))
    }

    /// Returns the fault that there is something more, if there is and it is not a comment.
    pub(crate) fn end(&mut self, help: &str) -> Result<(), Fault> {
        match self.next() {
            None => Ok(()),
            Some(field) if field.bytes[0] == b'#' => Ok(()),
            Some(field) => Err(Fault::new(TraceErrorKind::ExtraField, field.span())
                .expected("the end of the line")
                .help(help)),
        }
    }

    /// Returns all that follows, without the blanks round it.
    pub(crate) fn remainder(&mut self) -> Field<'line> {
        let whole = self.line.trim_ascii_end();
        let rest = whole.get(self.at..).unwrap_or_default().trim_ascii_start();
        self.at = self.line.len();
        Field { bytes: rest, start: whole.len() - rest.len() }
    }
}

impl<'line> Iterator for Fields<'line> {
    type Item = Field<'line>;

    fn next(&mut self) -> Option<Field<'line>> {
        let rest = &self.line[self.at..];
        let blank = rest.iter().take_while(|&&byte| is_blank(byte)).count();
        let start = self.at + blank;
        let length = self.line[start..].iter().take_while(|&&byte| !is_blank(byte)).count();
        self.at = start + length;
        (length > 0).then(|| Field { bytes: &self.line[start..start + length], start })
    }
}

/// Returns whether the line has nothing but blanks and, after `#`, a comment.
pub(crate) fn is_comment(line: &[u8]) -> bool {
    line.iter().find(|&&byte| !is_blank(byte)).is_none_or(|&byte| byte == b'#')
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r')
}
