//! What a count is expected to be: a number, a comparison, a range.

use std::fmt;

use super::formula::{self, FormulaError, Params};

/// What a count is compared with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Condition {
    /// A comparison with a number.
    Compare(Comparison, i128),
    /// From one number to another, both of them included.
    Within(i128, i128),
}

/// How a count is compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comparison {
    /// `=`, which is left out.
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
}

/// The signs, those first that begin like others.
const SIGNS: [(&str, Comparison); 7] = [
    (">=", Comparison::AtLeast),
    ("<=", Comparison::AtMost),
    ("!=", Comparison::NotEqual),
    ("==", Comparison::Equal),
    (">", Comparison::More),
    ("<", Comparison::Less),
    ("=", Comparison::Equal),
];

/// What stands between the ends of a range.
const TO: &str = "..=";

impl Condition {
    /// Reads a condition, with the values of its formulas.
    pub(super) fn read(text: &str, params: &Params) -> Result<Self, FormulaError> {
        let shifted = |by: usize| {
            move |mut error: FormulaError| {
                error.span = error.span.start + by..error.span.end + by;
                error
            }
        };
        let blanks = text.len() - text.trim_start().len();
        for (sign, comparison) in SIGNS {
            if let Some(rest) = text[blanks..].strip_prefix(sign) {
                let value = formula::value(rest, params);
                let value = value.map_err(shifted(blanks + sign.len()))?;
                return Ok(Self::Compare(comparison, value));
            }
        }
        let Some((from, to)) = text.split_once(TO) else {
            return formula::value(text, params)
                .map(|value| Self::Compare(Comparison::Equal, value));
        };
        let low = formula::value(from, params)?;
        let high = formula::value(to, params).map_err(shifted(from.len() + TO.len()))?;
        if low > high {
            return Err(FormulaError {
                span: 0..text.len(),
                message: format!("no number lies from {low} to {high}"),
                label: "expected the smaller end first".to_owned(),
                help: "a range looks like `2..=5`".to_owned(),
            });
        }
        Ok(Self::Within(low, high))
    }

    /// Tells whether a count is as expected.
    pub fn holds(self, count: u64) -> bool {
        let count = i128::from(count);
        match self {
            Self::Compare(Comparison::Equal, value) => count == value,
            Self::Compare(Comparison::NotEqual, value) => count != value,
            Self::Compare(Comparison::Less, value) => count < value,
            Self::Compare(Comparison::AtMost, value) => count <= value,
            Self::Compare(Comparison::More, value) => count > value,
            Self::Compare(Comparison::AtLeast, value) => count >= value,
            Self::Within(low, high) => (low..=high).contains(&count),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Compare(Comparison::Equal, value) => write!(f, "{value}"),
            Self::Compare(comparison, value) => {
                let sign = SIGNS.iter().find(|(_, other)| *other == comparison);
                write!(f, "{} {value}", sign.map_or("", |(sign, _)| sign))
            }
            Self::Within(low, high) => write!(f, "{low}{TO}{high}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_compared_as_the_signs_say() {
        let params: Params = [("N".to_owned(), 5)].into();
        let cases: [(&str, &str, &[u64]); 9] = [
            ("N", "5", &[5]),
            (" = N", "5", &[5]),
            ("== 5", "5", &[5]),
            ("!= N", "!= 5", &[3, 4, 6, 7]),
            ("< N", "< 5", &[3, 4]),
            ("<=N", "<= 5", &[3, 4, 5]),
            (">5", "> 5", &[6, 7]),
            (">= 2*N-4", ">= 6", &[6, 7]),
            ("N-1..=N+1", "4..=6", &[4, 5, 6]),
        ];
        for (text, shown, expected) in cases {
            let condition = Condition::read(text, &params).expect(text);
            let held: Vec<u64> = (3..=7).filter(|count| condition.holds(*count)).collect();
            assert_eq!((condition.to_string().as_str(), &held[..]), (shown, expected), "{text}");
        }
        assert!(Condition::read("< -1", &params).is_ok_and(|never| !never.holds(0)));
    }

    #[test]
    fn what_is_wrong_is_shown_where_it_stands() {
        let wrong = |text| Condition::read(text, &Params::new()).expect_err(text).span;
        assert_eq!(wrong(" >= x"), 4..5);
        assert_eq!(wrong("2..=x"), 4..5);
        assert_eq!(wrong("5..=2"), 0..5);
        assert_eq!(wrong("2..5"), 1..2);
        assert_eq!(wrong("=> 2"), 1..2);
        assert_eq!(wrong(">"), 1..1);
    }
}
