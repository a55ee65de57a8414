//! A line as fields between spaces and tabs.

use std::ops::Range;

use crate::error::TraceErrorKind;
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

    /// Returns the next field, or the fault that there is none.
    pub(crate) fn expect(&mut self, expected: &str, help: &str) -> Result<Field<'line>, Fault> {
        self.next().filter(|field| field.bytes[0] != b'#').ok_or_else(|| {
            let end = trimmed(self.line).len();
            Fault::new(TraceErrorKind::MissingField, end..end).expected(expected).help(help)
        })
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
        let rest = &self.line[self.at..];
        let start = self.at + rest.len() - rest.trim_ascii_start().len();
        self.at = self.line.len();
        Field { bytes: rest.trim_ascii(), start: start.min(self.line.len()) }
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

/// Returns the line without the carriage return and blanks at its end.
pub(crate) fn trimmed(line: &[u8]) -> &[u8] {
    line.trim_ascii_end()
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r')
}
