//! What can happen next in a model.

use std::fmt;

/// One step of a model. Cores, lines, words, values and caches are counted from 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// A core loads all words of a line; where its cache is full, line `over` leaves.
    Load {
        /// The core.
        core: u8,
        /// The line.
        line: u8,
        /// The line that has to make room, if the cache is full and there is a choice.
        over: Option<u8>,
    },
    /// A core stores a value to a word of a line; where its cache is full, line `over` leaves.
    Store {
        /// The core.
        core: u8,
        /// The line.
        line: u8,
        /// The word in the line.
        word: u8,
        /// The value.
        value: u8,
        /// The line that has to make room, if the cache is full and there is a choice.
        over: Option<u8>,
    },
    /// A core's cache replaces a line.
    Evict {
        /// The core.
        core: u8,
        /// The cache among the core's levels, outward from 0.
        cache: u8,
        /// The line.
        line: u8,
    },
    /// The shared level replaces a line.
    EvictShared {
        /// The line.
        line: u8,
    },
    /// A line is written back from every cache; the copies stay.
    Clean {
        /// The line.
        line: u8,
    },
}

impl Event {
    /// Returns the line that the event is about.
    pub const fn line(self) -> u8 {
        match self {
            Self::Load { line, .. }
            | Self::Store { line, .. }
            | Self::Evict { line, .. }
            | Self::EvictShared { line }
            | Self::Clean { line } => line,
        }
    }

    /// Returns the core whose event it is, if it is one's.
    pub const fn core(self) -> Option<u8> {
        match self {
            Self::Load { core, .. } | Self::Store { core, .. } | Self::Evict { core, .. } => {
                Some(core)
            }
            Self::EvictShared { .. } | Self::Clean { .. } => None,
        }
    }

    /// Returns the same event of another core.
    #[must_use]
    pub(crate) const fn with_core(self, core: u8) -> Self {
        match self {
            Self::Load { line, over, .. } => Self::Load { core, line, over },
            Self::Store { line, word, value, over, .. } => {
                Self::Store { core, line, word, value, over }
            }
            Self::Evict { cache, line, .. } => Self::Evict { core, cache, line },
            Self::EvictShared { .. } | Self::Clean { .. } => self,
        }
    }
}

/// The names of lines, as trails print them.
const LINES: [&str; 8] = ["x", "y", "z", "w", "v", "u", "t", "s"];

/// Returns the name of a line of a model.
pub fn line_name(line: u8) -> &'static str {
    LINES[usize::from(line)]
}

impl fmt::Display for Event {
    /// Writes the event in short: `0 R x`, `0 W x[1]=1`, `0 evicts x`, `cleans x`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = line_name(self.line());
        match *self {
            Self::Load { core, .. } => write!(f, "{core} R {name}")?,
            Self::Store { core, word, value, .. } => {
                write!(f, "{core} W {name}[{word}]={value}")?;
            }
            Self::Evict { core, cache: 0, .. } => write!(f, "{core} evicts {name}")?,
            Self::Evict { core, cache, .. } => write!(f, "{core} evicts {name} at level {cache}")?,
            Self::EvictShared { .. } => write!(f, "the shared level evicts {name}")?,
            Self::Clean { .. } => write!(f, "a clean of {name}")?,
        }
        match *self {
            Self::Load { over: Some(over), .. } | Self::Store { over: Some(over), .. } => {
                write!(f, " over {}", line_name(over))
            }
            _ => Ok(()),
        }
    }
}
