//! A line as columns between commas.

use crate::error_kind::TraceErrorKind;
use crate::text::fault::Fault;
use crate::text::fields::Field;

/// What the columns of a format are.
pub(crate) struct Columns<const N: usize> {
    /// What each column holds, in words that follow "expected".
    pub(crate) expected: [&'static str; N],
    /// The column whose text may have commas of its own, if there is one.
    pub(crate) wide: Option<usize>,
    /// A line that works.
    pub(crate) help: &'static str,
}

impl<const N: usize> Columns<N> {
    /// Returns the columns of a line, each without the blanks round it; none is empty.
    pub(crate) fn of<'line>(&self, line: &'line [u8]) -> Result<[Field<'line>; N], Fault> {
        let found = line.split(|&byte| byte == b',').count();
        let surplus = found.saturating_sub(N);
        let mut columns = [Field { bytes: &[], start: 0 }; N];
        let mut start = 0;
        for (number, column) in columns.iter_mut().enumerate() {
            let Some(rest) = line.get(start..) else {
                return Err(self.missing(number, line.trim_ascii_end().len()));
            };
            let inner = if self.wide == Some(number) { surplus } else { 0 };
            let mut ends = rest.iter().enumerate().filter(|(_, byte)| **byte == b',');
            let length = ends.nth(inner).map_or(rest.len(), |(at, _)| at);
            let text = rest[..length].trim_ascii_start();
            *column = Field { bytes: text.trim_ascii_end(), start: start + length - text.len() };
            if column.bytes.is_empty() {
                return Err(self.missing(number, column.start.min(line.trim_ascii_end().len())));
            }
            start += length + 1;
        }
        if start <= line.len() {
            let rest = line[start..].trim_ascii_end();
            return Err(Fault::new(TraceErrorKind::ExtraField, start - 1..start + rest.len())
                .expected(format!("the end of the line after {N} fields"))
                .help(self.help));
        }
        Ok(columns)
    }

    /// Returns whether a line has these columns.
    pub(crate) fn fit<'line>(&self, line: &'line [u8]) -> Option<[Field<'line>; N]> {
        self.of(line).ok()
    }

    fn missing(&self, column: usize, at: usize) -> Fault {
        Fault::new(TraceErrorKind::MissingField, at..at)
            .expected(self.expected[column])
            .help(self.help)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREE: Columns<3> =
        Columns { expected: ["a first", "a second", "a third"], wide: None, help: "`1,2,3`" };

    fn texts(columns: [Field<'_>; 3]) -> [(usize, &[u8]); 3] {
        columns.map(|column| (column.start, column.bytes))
    }

    #[test]
    fn columns_lie_between_commas_without_blanks() {
        let columns = texts(THREE.of(b"ab, c d ,e").expect("three columns"));
        assert_eq!(columns, [(0, &b"ab"[..]), (4, b"c d"), (9, b"e")]);
    }

    #[test]
    fn a_wide_column_keeps_its_commas() {
        let wide = Columns { wide: Some(1), ..THREE };
        let columns = texts(wide.of(b"a,b,c,d").expect("three columns"));
        assert_eq!(columns, [(0, &b"a"[..]), (2, b"b,c"), (6, b"d")]);
    }

    #[test]
    fn columns_that_lack_or_are_too_many_are_faults_with_a_place() {
        for (line, kind, span) in [
            (&b"a,b"[..], TraceErrorKind::MissingField, 3..3),
            (b"a,b,", TraceErrorKind::MissingField, 4..4),
            (b"a,,c", TraceErrorKind::MissingField, 2..2),
            (b"a,b,c,d", TraceErrorKind::ExtraField, 5..7),
            (b"a,b,c,", TraceErrorKind::ExtraField, 5..6),
        ] {
            let fault = THREE.of(line).expect_err("a fault");
            assert_eq!((fault.kind, fault.span), (kind, span), "{line:?}");
        }
    }
}
