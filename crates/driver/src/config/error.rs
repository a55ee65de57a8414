//! What is wrong with a config, where, and what would work.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use ron::error::{Position, SpannedError};

/// The text in which a value was written.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Source {
    /// The built-in default machine.
    #[default]
    BuiltIn,
    /// A config file.
    File {
        /// Its path as it was given.
        path: Arc<str>,
        /// Its whole text.
        text: Arc<str>,
    },
    /// An argument of the command line.
    Argument {
        /// The argument.
        text: Arc<str>,
    },
    /// A header line of the trace.
    Trace {
        /// The trace's path.
        path: Arc<str>,
        /// The line.
        text: Arc<str>,
    },
}

/// Where a value was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin {
    /// The text.
    pub source: Source,
    /// The bytes of it; empty where a key was not written at all.
    pub span: Range<usize>,
}

/// The kinds of mistake, each with a stable code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConfigErrorKind {
    /// The text is not RON.
    Syntax,
    /// A key that does not exist.
    UnknownKey,
    /// A value of the wrong kind or outside its limits.
    Value,
    /// A cache shape that cannot be.
    Geometry,
    /// Values that do not go together.
    Conflict,
}

impl ConfigErrorKind {
    /// Returns the diagnostic code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Syntax => "E0201",
            Self::UnknownKey => "E0202",
            Self::Value => "E0203",
            Self::Geometry => "E0204",
            Self::Conflict => "E0205",
        }
    }
}

/// A mistake in a config.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigError {
    /// The kind of mistake.
    pub kind: ConfigErrorKind,
    /// What was found.
    pub message: String,
    /// Where.
    pub origin: Origin,
    /// What was expected, shown at the place.
    pub expected: Box<str>,
    /// A value that works.
    pub help: Box<str>,
}

/// Something legal that its writer may not have meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigWarning {
    /// What was found.
    pub message: String,
    /// Where.
    pub origin: Origin,
    /// What follows from it.
    pub label: String,
    /// A value that avoids it.
    pub help: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}", self.message, self.expected)
    }
}

impl std::error::Error for ConfigError {}

impl ConfigError {
    pub(super) fn from_ron(error: SpannedError, source: Source) -> Self {
        let text = match &source {
            Source::File { text, .. } | Source::Argument { text } | Source::Trace { text, .. } => {
                Arc::clone(text)
            }
            Source::BuiltIn => super::DEFAULT_MACHINE.into(),
        };
        let start = byte_offset(&text, error.span.start);
        let end = byte_offset(&text, error.span.end).max(start);
        let origin = Origin { source, span: start..end };
        match error.code {
            ron::Error::NoSuchStructField { expected, found, .. } => {
                let keys: Vec<String> = expected.iter().map(|key| (*key).to_owned()).collect();
                let mut unknown = Self::unknown_key(&found, origin.source.clone(), &keys);
                unknown.origin = origin;
                unknown
            }
            other => Self {
                kind: ConfigErrorKind::Syntax,
                message: format!("the config is not readable as RON: {}", in_words(&other)),
                origin,
                expected: expected(&other).into(),
                help:
                    "a config looks like `(cores: 4, caches: [(name: \"L1\", size: \"32 KiB\")])`"
                        .into(),
            },
        }
    }

    pub(super) fn unknown_key(key: &str, source: Source, keys: &[String]) -> Self {
        // What stands before the last dot says where the key is: that place is kept if it exists.
        let place = |key: &str| key.rsplit_once('.').map(|(place, _)| place.to_owned());
        let there: Vec<&String> = keys.iter().filter(|known| place(known) == place(key)).collect();
        let candidates = if there.is_empty() { keys.iter().collect() } else { there };
        let near = candidates
            .iter()
            .map(|known| (strsim::damerau_levenshtein(key, known), known))
            .filter(|(distance, known)| *distance <= known.len().max(key.len()) / 2)
            .min_by_key(|(distance, _)| *distance);
        let help = near.map_or_else(
            || {
                let names: Vec<&str> = candidates.iter().map(|known| known.as_str()).collect();
                format!("the keys here are: {}", names.join(", "))
            },
            |(_, known)| format!("there is a key `{known}`"),
        );
        Self {
            kind: ConfigErrorKind::UnknownKey,
            message: format!("there is no key `{key}`"),
            origin: Origin { source, span: 0..key.len() },
            expected: "a key of the config".into(),
            help: help.into(),
        }
    }

    pub(super) fn not_an_assignment(argument: &str) -> Self {
        Self {
            kind: ConfigErrorKind::Syntax,
            message: format!("`{argument}` sets nothing"),
            origin: Origin {
                source: Source::Argument { text: argument.into() },
                span: 0..argument.len(),
            },
            expected: "`key=value`".into(),
            help: "for example `--set L1.size=16KiB`".into(),
        }
    }
}

/// Turns a line and column, both from 1 and in characters, into an offset in bytes.
pub(crate) fn byte_offset(text: &str, position: Position) -> usize {
    let mut start = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if number + 1 == position.line {
            let column = position.col.saturating_sub(1);
            let offset = line.char_indices().nth(column).map_or(line.len(), |(at, _)| at);
            return start + offset;
        }
        start += line.len();
    }
    text.len()
}

/// Says what RON's parser found wrong, as the rest of a sentence.
pub(crate) fn in_words(error: &ron::Error) -> String {
    let text = error.to_string();
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_lowercase().collect::<String>() + chars.as_str())
}

/// Says what would have been right, after "expected".
fn expected(error: &ron::Error) -> String {
    if matches!(error, ron::Error::ExpectedComma) {
        return "a comma or the closing bracket".to_owned();
    }
    if matches!(error, ron::Error::DuplicateStructField { .. }) {
        return "each key once".to_owned();
    }
    let text = in_words(error);
    text.strip_prefix("expected ").map_or_else(|| "something else here".to_owned(), str::to_owned)
}
