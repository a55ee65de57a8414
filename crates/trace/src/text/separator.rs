//! A line as fields between separators, which the first line of a table shows.

use crate::text::fields::{Field, Fields};

/// What stands between two fields.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Separator {
    /// This one byte; blanks round a field are none of it, and neither are quotation marks.
    Byte(u8),
    /// Spaces and tabs, however many.
    Blanks,
}

impl Separator {
    /// Returns the separator of a table that has this line: a comma if it has one, else a
    /// semicolon, else a tab, else blanks.
    pub(crate) fn of(line: &[u8]) -> Separator {
        let bytes = [b',', b';', b'\t'];
        let found = bytes.into_iter().find(|&byte| next(line, byte) < line.len());
        found.map_or(Separator::Blanks, Separator::Byte)
    }

    /// Returns the separator in words.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Separator::Byte(b',') => "commas",
            Separator::Byte(b';') => "semicolons",
            Separator::Byte(_) => "tabs",
            Separator::Blanks => "blanks",
        }
    }

    /// Returns the fields of a line, one after the other.
    pub(crate) fn split(self, line: &[u8]) -> Split<'_> {
        match self {
            Separator::Byte(byte) => Split::Bytes { line, byte, at: Some(0) },
            Separator::Blanks => Split::Blanks(Fields::new(line)),
        }
    }
}

/// The fields of a line, one after the other.
pub(crate) enum Split<'line> {
    Bytes { line: &'line [u8], byte: u8, at: Option<usize> },
    Blanks(Fields<'line>),
}

impl<'line> Iterator for Split<'line> {
    type Item = Field<'line>;

    fn next(&mut self) -> Option<Field<'line>> {
        let (line, byte, at) = match self {
            Split::Bytes { line, byte, at } => (*line, *byte, at),
            Split::Blanks(fields) => return fields.next(),
        };
        let start = (*at)?;
        let rest = &line[start..];
        let length = next(rest, byte);
        *at = (length < rest.len()).then_some(start + length + 1);
        let text = rest[..length].trim_ascii_start();
        let field = Field { bytes: text.trim_ascii_end(), start: start + length - text.len() };
        Some(match field.bytes {
            [b'"', inner @ .., b'"'] => Field { bytes: inner, start: field.start + 1 },
            _ => field,
        })
    }
}

/// Returns where the next such byte is that is not between quotation marks; the end if none is.
fn next(line: &[u8], byte: u8) -> usize {
    let mut quoted = false;
    let is_end = |&found: &u8| {
        quoted ^= found == b'"';
        found == byte && !quoted
    };
    line.iter().position(is_end).unwrap_or(line.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &[u8]) -> Vec<(usize, &[u8])> {
        Separator::of(line).split(line).map(|field| (field.start, field.bytes)).collect()
    }

    #[test]
    fn the_line_shows_what_separates_its_fields() {
        assert_eq!(split(b"a, b ;c,"), [(0, &b"a"[..]), (3, b"b ;c"), (8, b"")]);
        assert_eq!(split(b"a b; c\td"), [(0, &b"a b"[..]), (5, b"c\td")]);
        assert_eq!(split(b"a b\t\tc"), [(0, &b"a b"[..]), (4, b""), (5, b"c")]);
        assert_eq!(split(b"  a   b "), [(2, &b"a"[..]), (6, b"b")]);
        assert_eq!(split(b""), []);
    }

    #[test]
    fn what_is_quoted_separates_nothing() {
        assert_eq!(split(b"\"a,b\" ,\"\",c\"d"), [(1, &b"a,b"[..]), (8, b""), (10, b"c\"d")]);
        assert_eq!(split(b"\"a;b\" c"), [(0, &b"\"a;b\""[..]), (6, b"c")]);
        assert_eq!(split(b"\"a,b,c"), [(0, &b"\"a,b,c"[..])]);
    }
}
