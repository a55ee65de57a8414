//! What is explored: a protocol on a machine of a few lines.

use std::fmt;

use super::layout::{Layout, MODEL_CORES_MAX};
use super::seen::Origin;
use crate::fault::Fault;
use crate::protocol::Protocol;
use crate::rules::{Rules, VictimOrder};

/// The most words of a line in a model.
pub const MODEL_WORDS_MAX: u8 = 8;
/// The most lines of a model.
pub const MODEL_LINES_MAX: u8 = 8;
/// The most values of a word in a model.
pub const MODEL_VALUES_MAX: u8 = 16;
/// The most private levels of a model.
pub const MODEL_LEVELS_MAX: u8 = 3;

/// What a program needs besides.
const PROGRAM_BYTES: u64 = 8 << 20;

/// A protocol, and how much of the world it is explored in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Model {
    /// The protocol.
    pub protocol: Protocol,
    /// The house rules.
    pub rules: Rules,
    /// Cores, 1 to [`MODEL_CORES_MAX`].
    pub cores: u8,
    /// Lines, 1 to [`MODEL_LINES_MAX`].
    pub lines: u8,
    /// Words of a line, 1 to [`MODEL_WORDS_MAX`]. With one word, lost data can hide: the next store
    /// overwrites the whole stale line.
    pub words: u8,
    /// Values of a word, 1 to [`MODEL_VALUES_MAX`].
    pub values: u8,
    /// Lines that a private cache can hold, 1 to `lines`.
    pub capacity: u8,
    /// Private levels of each core, 1 to [`MODEL_LEVELS_MAX`]; outer ones include inner ones.
    pub private_levels: u8,
    /// An inclusive shared level lies below the bus.
    pub shared_level: bool,
    /// Configurations that differ in the numbering of the cores count as one.
    pub symmetry: bool,
    /// Configurations after which the search gives up.
    pub states_max: u64,
    /// A fault of the machine, planted to see that it is found.
    pub fault: Option<Fault>,
}

impl Model {
    /// Makes the smallest model that shows everything a protocol does: four cores, one line of two
    /// words of two values.
    pub fn new(protocol: Protocol) -> Self {
        Self {
            protocol,
            rules: Rules::default(),
            cores: 4,
            lines: 1,
            words: 2,
            values: 2,
            capacity: 1,
            private_levels: 1,
            shared_level: false,
            symmetry: false,
            states_max: 10_000_000,
            fault: None,
        }
    }

    /// Returns the bytes that the search needs for that many configurations, about.
    pub fn bytes(&self, states: u64) -> u64 {
        // The numbers, and where a configuration came from.
        let each = 8 * (u64::from(self.cores) + 1) + size_of::<Origin>() as u64;
        // The table that finds it again: a power of two of slots of five bytes, at most 7/8 full;
        // while it grows, the one of half the size is there too.
        let slots = (states.saturating_mul(8) / 7 + 1).next_power_of_two();
        states * each + slots * 5 * 3 / 2 + PROGRAM_BYTES
    }

    pub(super) fn layout(&self) -> Layout {
        Layout {
            cores: usize::from(self.cores),
            lines: usize::from(self.lines),
            words: usize::from(self.words),
            caches: usize::from(self.private_levels),
            shared: self.shared_level,
            word_bits: u32::from(self.values).next_power_of_two().trailing_zeros(),
        }
    }

    /// Checks that the model is within its bounds.
    pub fn check(&self) -> Result<(), ModelError> {
        let bounds = [
            ("cores", self.cores, MODEL_CORES_MAX as u8),
            ("lines", self.lines, MODEL_LINES_MAX),
            ("words", self.words, MODEL_WORDS_MAX),
            ("values", self.values, MODEL_VALUES_MAX),
            ("lines that a cache holds", self.capacity, self.lines),
            ("private levels", self.private_levels, MODEL_LEVELS_MAX),
        ];
        for (what, found, max) in bounds {
            if found == 0 || found > max {
                return Err(ModelError::Bound { what, found, max });
            }
        }
        if self.capacity < self.lines && self.private_levels > 1 {
            return Err(ModelError::ConflictsInLevels);
        }
        if self.rules.victim_order == VictimOrder::FillFirst
            && (self.private_levels > 1 || self.shared_level)
        {
            return Err(ModelError::FillFirst);
        }
        let (core, below) = self.layout().bits();
        let bits = core.max(below);
        if bits > 64 { Err(ModelError::TooWide { bits }) } else { Ok(()) }
    }
}

/// A model that cannot be explored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ModelError {
    /// One of its numbers is out of bounds.
    Bound {
        /// Which one.
        what: &'static str,
        /// What it is.
        found: u8,
        /// The most it may be; the least is 1.
        max: u8,
    },
    /// Caches smaller than the number of lines, and more than one private level.
    ConflictsInLevels,
    /// `FillFirst`, and a level below the first, which is inclusive in a model.
    FillFirst,
    /// Lines, words and values together do not fit into 64 bits a core, or below the bus.
    TooWide {
        /// The bits they would need.
        bits: u32,
    },
}

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bound { what, found, max } => {
                write!(f, "{found} is no possible number of {what}: from 1 to {max} are")
            }
            Self::ConflictsInLevels => {
                write!(f, "caches smaller than the number of lines go with one private level only")
            }
            Self::FillFirst => {
                write!(f, "`FillFirst` does not go with the inclusive levels of a model")
            }
            Self::TooWide { bits } => write!(
                f,
                "the lines of this model need {bits} bits in a core or below the bus, and 64 is \
                 the most"
            ),
        }
    }
}

impl std::error::Error for ModelError {}
