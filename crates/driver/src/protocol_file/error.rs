//! What is wrong with a protocol file, where, and what would work.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use crate::config::{Origin, Source};

/// The kinds of mistake, each with a stable code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MistakeKind {
    /// The text is not RON.
    Syntax,
    /// A key or a column that does not exist.
    UnknownKey,
    /// A value of the wrong kind or outside its limits.
    Value,
    /// A list of states that cannot be.
    States,
    /// Something that is said twice.
    Twice,
    /// A row that is missing, or of a state that is not listed.
    Row,
    /// A cell that is missing.
    Cell,
    /// A step that does not exist on this side, or not with these arguments.
    Step,
    /// A state or an operation that does not exist, in a cell.
    Name,
    /// A cell that breaks a rule which every protocol must keep.
    Defect,
    /// A state that no path of the tables reaches.
    Unreached,
    /// The name of a built-in protocol over other tables.
    Alias,
}

impl MistakeKind {
    /// Returns the diagnostic code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Syntax => "E0206",
            Self::UnknownKey => "E0207",
            Self::Value => "E0208",
            Self::States => "E0209",
            Self::Twice => "E0210",
            Self::Row => "E0211",
            Self::Cell => "E0212",
            Self::Step => "E0213",
            Self::Name => "E0214",
            Self::Defect => "E0215",
            Self::Unreached => "W0202",
            Self::Alias => "W0203",
        }
    }

    /// Tells whether the protocol runs all the same.
    pub const fn is_warning(self) -> bool {
        matches!(self, Self::Unreached | Self::Alias)
    }
}

/// A mistake in a protocol file.
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

/// Where the mistakes of one file are collected.
pub(super) struct Mistakes<'a> {
    pub(super) text: &'a str,
    source: Source,
    found: Vec<Mistake>,
}

/// The most mistakes that are kept: a file with more is not read closely by anybody.
const MISTAKES_MAX: usize = 100;

impl<'a> Mistakes<'a> {
    pub(super) fn of(path: &str, text: &'a str) -> Self {
        let source = Source::File { path: path.into(), text: text.into() };
        Self { text, source, found: Vec::new() }
    }

    /// Notes a mistake at a slice of the text.
    pub(super) fn at(
        &mut self,
        kind: MistakeKind,
        slice: &str,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) {
        let start = slice.as_ptr() as usize - self.text.as_ptr() as usize;
        self.on(kind, start..start + slice.len(), message, label, help);
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
        if self.found.len() < MISTAKES_MAX {
            self.found.push(Mistake {
                kind,
                message: message.into(),
                origin: Origin { source: self.source.clone(), span: first_line(self.text, span) },
                label: label.into(),
                help: help.into(),
            });
        }
    }

    pub(super) fn any(&self) -> bool {
        !self.found.is_empty()
    }

    /// Returns how many there are, to see later whether more have come.
    pub(super) fn count(&self) -> usize {
        self.found.len()
    }

    /// Returns what was found, in the order of the text, and is empty again.
    pub(super) fn take(&mut self) -> Vec<Mistake> {
        let mut found = std::mem::take(&mut self.found);
        found.sort_by_key(|mistake| mistake.origin.span.start);
        found
    }
}

/// The most characters of a text that are underlined.
const SPAN_CHARS_MAX: usize = 100;

/// Returns the part of a span that is underlined: of its first line, as much as is read.
pub(crate) fn first_line(text: &str, span: Range<usize>) -> Range<usize> {
    let mut rest = text[span.clone()].char_indices().enumerate();
    let end = rest.find(|(count, (_, c))| *count == SPAN_CHARS_MAX || matches!(c, '\n' | '\r'));
    span.start..end.map_or(span.end, |(_, (at, _))| span.start + at)
}

/// Returns the candidate that a misspelt word probably meant, if one is near.
pub(crate) fn nearest<'names>(
    word: &str,
    candidates: impl IntoIterator<Item = &'names str>,
) -> Option<&'names str> {
    // What is much longer than any name is no misspelling, and the distance costs its length.
    if word.len() > 32 {
        return None;
    }
    let word = word.to_lowercase();
    candidates
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&word, &name.to_lowercase()), name))
        // Of words of one letter, none is near another.
        .filter(|(distance, name)| distance * 2 <= name.len().max(word.len()))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// The most characters of a word of the file that a message repeats.
const WORD_CHARS_MAX: usize = 40;

/// Returns a word of the file as a message repeats it.
pub(crate) fn shown(word: &str) -> Cow<'_, str> {
    match word.char_indices().nth(WORD_CHARS_MAX) {
        Some((end, _)) => Cow::Owned(format!("{}...", &word[..end])),
        None => Cow::Borrowed(word),
    }
}

/// Lists names as a sentence does: `a`, `b` and `c`.
pub(crate) fn listed<'names>(names: impl IntoIterator<Item = &'names str>) -> String {
    let names: Vec<_> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        None => "none".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}
