//! Formulas of whole numbers: `2*N - 1`.
//!
//! Numbers are 128 bits wide, every operation is checked, a division leaves no rest, and brackets
//! go no deeper than [`DEPTH_MAX`].

use std::ops::Range;

use indexmap::IndexMap;

use crate::protocol_file::{listed, nearest};

/// The values of the parameters.
pub(super) type Params = IndexMap<String, i128>;

/// The longest formula, in bytes.
pub(super) const BYTES_MAX: usize = 1_000;
/// How deep brackets and signs may be nested.
const DEPTH_MAX: usize = 64;

/// What is wrong with a formula, and where in its text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct FormulaError {
    pub(super) span: Range<usize>,
    pub(super) message: String,
    pub(super) label: String,
    pub(super) help: String,
}

/// Returns the value of a formula.
pub(super) fn value(text: &str, params: &Params) -> Result<i128, FormulaError> {
    if text.len() > BYTES_MAX {
        return Err(FormulaError {
            span: 0..text.len(),
            message: format!("a formula of more than {BYTES_MAX} bytes is none"),
            label: "not read further".to_owned(),
            help: "a formula looks like `2*N - 1`".to_owned(),
        });
    }
    let mut reader = Reader { text, at: 0, depth: 0, params };
    let value = reader.sum()?;
    reader.blanks();
    if reader.at < text.len() {
        return Err(reader.unexpected("`+`, `-`, `*`, `/` or the end"));
    }
    Ok(value)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    params: &'a Params,
}

impl Reader<'_> {
    fn blanks(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn peek(&mut self) -> Option<char> {
        self.blanks();
        self.text[self.at..].chars().next()
    }

    /// Takes the next character if it is one of those.
    fn take(&mut self, wanted: [char; 2]) -> Option<(char, usize)> {
        let found = self.peek().filter(|c| wanted.contains(c))?;
        self.at += 1;
        Some((found, self.at - 1))
    }

    fn sum(&mut self) -> Result<i128, FormulaError> {
        let mut value = self.product()?;
        while let Some((sign, at)) = self.take(['+', '-']) {
            let right = self.product()?;
            let sum = if sign == '+' { value.checked_add(right) } else { value.checked_sub(right) };
            value = sum.ok_or_else(|| too_large(at))?;
        }
        Ok(value)
    }

    fn product(&mut self) -> Result<i128, FormulaError> {
        let mut value = self.signed()?;
        while let Some((sign, at)) = self.take(['*', '/']) {
            let right = self.signed()?;
            value = match sign {
                '*' => value.checked_mul(right).ok_or_else(|| too_large(at))?,
                _ => quotient(value, right, at)?,
            };
        }
        Ok(value)
    }

    fn signed(&mut self) -> Result<i128, FormulaError> {
        let (Some(first), at) = (self.peek(), self.at) else {
            return Err(self.unexpected("a number, a parameter or `(`"));
        };
        if !matches!(first, '-' | '(') {
            return self.plain(first);
        }
        if self.depth == DEPTH_MAX {
            return Err(FormulaError {
                span: at..at + 1,
                message: "the formula has too many brackets inside brackets".to_owned(),
                label: format!("expected at most {DEPTH_MAX} of them"),
                help: "leave out those that change nothing".to_owned(),
            });
        }
        self.depth += 1;
        self.at += 1;
        let value = if first == '-' {
            self.signed()?.checked_neg().ok_or_else(|| too_large(at))?
        } else {
            let value = self.sum()?;
            if self.take([')', ')']).is_none() {
                return Err(self.unexpected("`)`, or more of the formula"));
            }
            value
        };
        self.depth -= 1;
        Ok(value)
    }

    /// Reads a number or the name of a parameter.
    fn plain(&mut self, first: char) -> Result<i128, FormulaError> {
        let rest = &self.text[self.at..];
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let length = rest.find(|c| !word(c)).unwrap_or(rest.len());
        let (found, span) = (&rest[..length], self.at..self.at + length);
        if length == 0 {
            return Err(self.unexpected("a number, a parameter or `(`"));
        }
        self.at += length;
        if first.is_ascii_digit() {
            return found.replace('_', "").parse().map_err(|_| FormulaError {
                span,
                message: format!("`{found}` is no whole number"),
                label: "expected decimal digits".to_owned(),
                help: "a product needs its sign: `2*N`".to_owned(),
            });
        }
        self.params.get(found).copied().ok_or_else(|| {
            let names = || self.params.keys().map(String::as_str);
            let help = match nearest(found, names()) {
                Some(near) => format!("there is a parameter `{near}`"),
                None => format!("declare it: `params: {{\"{found}\": 10}}`"),
            };
            FormulaError {
                span,
                message: format!("there is no parameter `{found}`"),
                label: if self.params.is_empty() {
                    "expected a number".to_owned()
                } else {
                    format!("expected a number, or one of {}", listed(names()))
                },
                help,
            }
        })
    }

    /// Makes the error of something else than what belongs here.
    fn unexpected(&mut self, expected: &str) -> FormulaError {
        let found = self.peek();
        let length = found.map_or(0, char::len_utf8);
        let message = found.map_or_else(
            || "the formula ends too early".to_owned(),
            |found| format!("`{}` is in the wrong place", found.escape_debug()),
        );
        FormulaError {
            span: self.at..self.at + length,
            message,
            label: format!("expected {expected}"),
            help: "a formula looks like `2*N - 1`, a comparison like `>= 2`, a range like `2..=5`"
                .to_owned(),
        }
    }
}

fn too_large(at: usize) -> FormulaError {
    FormulaError {
        span: at..at + 1,
        message: "the value does not fit into 128 bits".to_owned(),
        label: "here it becomes too large".to_owned(),
        help: "counters have 64 bits".to_owned(),
    }
}

/// Divides where nothing is left over: what a formula counts is whole.
fn quotient(value: i128, by: i128, at: usize) -> Result<i128, FormulaError> {
    let quotient = value.checked_div(by).filter(|_| value.checked_rem(by) == Some(0));
    if value.checked_div(by).is_none() && by != 0 {
        return Err(too_large(at));
    }
    quotient.ok_or_else(|| FormulaError {
        span: at..at + 1,
        message: match by {
            0 => "a division by 0".to_owned(),
            _ => format!("{value} / {by} is not whole"),
        },
        label: "expected a division that leaves no rest".to_owned(),
        help: "multiply first, then divide: `K*(K+1)/2`".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params() -> Params {
        [("N".to_owned(), 10), ("K".to_owned(), 4), ("big".to_owned(), i128::MAX)].into()
    }

    #[test]
    fn formulas_have_the_values_that_arithmetic_says() {
        for (text, expected) in [
            ("20", 20),
            ("2*N-1", 19),
            (" 2 * N - 1 ", 19),
            ("K*(K+1)/2 - 1", 9),
            ("(3*K*K - 5*K + 4)/2", 16),
            ("7 - 2 - 1", 4),
            ("24/4/2", 3),
            ("-N + 12", 2),
            ("--3", 3),
            ("1_000", 1000),
            ("2*-3", -6),
        ] {
            assert_eq!(value(text, &params()), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_has_no_value_is_refused_where_it_goes_wrong() {
        for (text, span, message) in [
            ("", 0..0, "the formula ends too early"),
            ("2*", 2..2, "the formula ends too early"),
            ("(2+N", 4..4, "the formula ends too early"),
            ("2N", 0..2, "`2N` is no whole number"),
            ("2 N", 2..3, "`N` is in the wrong place"),
            ("2*M", 2..3, "there is no parameter `M`"),
            ("N/3", 1..2, "10 / 3 is not whole"),
            ("N/(K-4)", 1..2, "a division by 0"),
            ("big+1", 3..4, "the value does not fit into 128 bits"),
            ("-big-2", 4..5, "the value does not fit into 128 bits"),
            ("2**3", 2..3, "`*` is in the wrong place"),
            ("2*é", 2..4, "`é` is in the wrong place"),
            ("99999999999999999999999999999999999999999", 0..41, "no whole number"),
        ] {
            let error = value(text, &params()).expect_err(text);
            assert_eq!(error.span, span, "{text}");
            assert!(error.message.contains(message), "{text}: {}", error.message);
        }
        assert!(value(&"(".repeat(900), &params()).is_err());
        assert!(value(&"-".repeat(900), &params()).is_err());
        assert!(value(&"1+".repeat(900), &params()).is_err());
    }

    #[test]
    fn no_text_brings_it_down_and_what_is_read_has_the_value_of_a_second_reading() {
        // Random texts of what formulas are made of; a fixed seed, so that a failure comes again.
        let words = ["1", "7", "N", "K", "big", "+", "-", "*", "/", "(", ")", " ", "x", "..", "9é"];
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut draw = move |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 33) as usize % below
        };
        let mut values = 0;
        for _ in 0..200_000 {
            let length = 1 + draw(9);
            let text: String = (0..length).map(|_| words[draw(words.len())]).collect();
            match value(&text, &params()) {
                Ok(found) => {
                    values += 1;
                    assert_eq!(value(&format!("(({text}))"), &params()), Ok(found), "{text}");
                }
                Err(error) => assert!(text.get(error.span).is_some(), "{text}"),
            }
        }
        assert!(values > 1_000, "{values} of the texts were formulas");
    }
}
