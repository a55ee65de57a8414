//! A protocol file as RON can say it: keys and the text of each value, as slices of the file.
//!
//! Which keys there are is not known here, because the rows of a table are called as the states.

use ron::error::SpannedError;

use super::error::{MistakeKind, Mistakes};
pub(super) use crate::slices::Entry;
use crate::{config, slices};

/// Reads the keys and values of a slice of the file; notes what keeps it from having any.
pub(super) fn entries<'a>(slice: &'a str, mistakes: &mut Mistakes<'_>) -> Option<Vec<Entry<'a>>> {
    noted(slice, slices::entries(slice), mistakes)
}

/// Reads the elements of a list.
pub(super) fn elements<'a>(slice: &'a str, mistakes: &mut Mistakes<'_>) -> Option<Vec<&'a str>> {
    noted(slice, slices::elements(slice), mistakes)
}

/// Reads a string.
pub(super) fn string(slice: &str) -> Option<String> {
    ron::from_str(slice).ok()
}

/// Notes what RON's parser found wrong in a slice.
fn noted<T>(slice: &str, read: Result<T, SpannedError>, mistakes: &mut Mistakes<'_>) -> Option<T> {
    let SpannedError { code, span } = match read {
        Ok(value) => return Some(value),
        Err(error) => error,
    };
    let offset = slice.as_ptr() as usize - mistakes.text.as_ptr() as usize;
    let start = config::byte_offset(slice, span.start);
    let end = config::byte_offset(slice, span.end).max(start);
    let (message, label, help) = in_words(&code);
    mistakes.on(MistakeKind::Syntax, offset + start..offset + end, message, label, help);
    None
}

/// Says what RON's parser found wrong, what belongs there, and what works.
fn in_words(error: &ron::Error) -> (String, String, &'static str) {
    let help = "a row looks like `S: (Load: hit(S), Store: bus(BusUpgr, M), ...)`, with a comma \
                after it";
    match error {
        ron::Error::ExceededRecursionLimit => (
            "the protocol file has too many brackets inside brackets".to_owned(),
            "a table needs three".to_owned(),
            help,
        ),
        ron::Error::ExpectedComma => (
            "the protocol file is not readable as RON".to_owned(),
            "expected a comma or the closing bracket".to_owned(),
            help,
        ),
        ron::Error::ExpectedStructLike | ron::Error::ExpectedNamedStructLike(_) => (
            "something else where keys and values are expected".to_owned(),
            "expected keys and values between round brackets".to_owned(),
            help,
        ),
        ron::Error::ExpectedArray => (
            "something else where a list is expected".to_owned(),
            "expected a list between square brackets".to_owned(),
            "for example `holds: [valid, unique]`",
        ),
        other => {
            let label = config::in_words(other);
            ("the protocol file is not readable as RON".to_owned(), label, help)
        }
    }
}
