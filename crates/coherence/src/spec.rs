//! What a machine is made of, checked before it is built.

use std::fmt;

use cache::{Geometry, LineSize, Replacement};

use crate::protocol::Protocol;
use crate::rules::{Rules, VictimOrder};
use crate::step::BusOp;

/// The most cores of a machine.
pub const CORES_MAX: u32 = 64;
/// The most levels of a machine, private and shared together.
pub const LEVELS_MAX: usize = 8;

/// What a store does at a level.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WritePolicy {
    /// It stays here as a dirty line.
    WriteBack,
    /// It goes on outward; a store that misses brings the line only if `allocate`.
    WriteThrough {
        /// Whether a store that misses brings the line here.
        allocate: bool,
    },
}

/// How a level treats the levels inside it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Inclusion {
    /// It holds every line that an inner level holds: its victims leave the inner levels too.
    Inclusive,
    /// Its victims leave the inner levels alone.
    NonInclusive,
}

/// One cache level.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LevelSpec {
    /// The name that reports print.
    pub name: String,
    /// Size, ways, line.
    pub geometry: Geometry,
    /// Who leaves a full set.
    pub replacement: Replacement,
    /// What a store does here.
    pub write: WritePolicy,
    /// How it treats the levels inside it; without meaning at the first level.
    pub inclusion: Inclusion,
    /// Ticks that a look costs, hit or miss.
    pub latency: u64,
}

/// The bus.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BusSpec {
    /// Ticks that every transaction's request takes.
    pub request: u64,
    /// Bytes that move in one beat; not zero.
    pub width: u64,
    /// Ticks of a beat.
    pub beat: u64,
    /// Ticks until another core's cache supplies.
    pub cache_to_cache: u64,
    /// The bus is held for request and data only.
    pub pipelined: bool,
}

impl BusSpec {
    /// Returns the ticks in which that many bytes move.
    pub const fn data(&self, bytes: u64) -> u64 {
        bytes.div_ceil(self.width) * self.beat
    }
}

/// A whole machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MachineSpec {
    /// How many cores, 1 to [`CORES_MAX`].
    pub cores: u32,
    /// The protocol of the private levels.
    pub protocol: Protocol,
    /// The one line size.
    pub line: LineSize,
    /// The private levels of each core, outward; at least one.
    pub private: Vec<LevelSpec>,
    /// A first-level cache for instruction fetches beside the first private level.
    pub l1i: Option<LevelSpec>,
    /// The levels below the bus, outward.
    pub shared: Vec<LevelSpec>,
    /// The bus.
    pub bus: BusSpec,
    /// Ticks until the backing store answers.
    pub memory_latency: u64,
    /// Entries of each core's write buffer.
    pub write_buffer: u32,
    /// The house rules.
    pub rules: Rules,
}

/// A machine whose parts do not go together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SpecError {
    /// Cores outside 1 to [`CORES_MAX`].
    Cores {
        /// The cores asked for.
        cores: u32,
    },
    /// No private level.
    NoPrivateLevel,
    /// More levels than [`LEVELS_MAX`].
    TooManyLevels {
        /// The levels asked for.
        levels: usize,
    },
    /// A private write-back level inside a write-through one.
    WriteBackInsideWriteThrough {
        /// The index of the write-back level among the private ones.
        level: usize,
    },
    /// A store that no level takes, under a protocol that has no `BusRdX` to announce it with.
    StoreNowhere,
    /// A protocol that hands a dirty line over, and a write-through level inside a non-inclusive
    /// one: a copy at the write-through level alone could not take the duty over.
    HandOverToWriteThrough {
        /// The index of the non-inclusive level among the private ones.
        level: usize,
    },
    /// `FillFirst` with an inclusive level below the first.
    FillFirstWithInclusive {
        /// The index of the inclusive level among all levels, private ones first.
        level: usize,
    },
    /// A bus that moves nothing in a beat.
    BusWidth,
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cores { cores } => write!(f, "a machine of {cores} cores is not possible"),
            Self::NoPrivateLevel => write!(f, "the cores have no private level"),
            Self::TooManyLevels { levels } => write!(f, "{levels} levels are too many"),
            Self::WriteBackInsideWriteThrough { .. } => {
                write!(f, "a private write-back level lies inside a write-through one")
            }
            Self::StoreNowhere => {
                write!(f, "no level takes a store, and the protocol has no BusRdX to announce it")
            }
            Self::HandOverToWriteThrough { .. } => write!(
                f,
                "the protocol hands dirty lines over, and a write-through level inside a \
                 non-inclusive one cannot take them"
            ),
            Self::FillFirstWithInclusive { .. } => {
                write!(f, "`FillFirst` does not go with an inclusive level below the first")
            }
            Self::BusWidth => write!(f, "a bus of width 0 moves nothing"),
        }
    }
}

impl std::error::Error for SpecError {}

impl MachineSpec {
    /// Checks that the parts go together.
    pub fn check(&self) -> Result<(), SpecError> {
        if self.cores == 0 || self.cores > CORES_MAX {
            return Err(SpecError::Cores { cores: self.cores });
        }
        if self.private.is_empty() {
            return Err(SpecError::NoPrivateLevel);
        }
        let levels = self.private.len() + self.shared.len();
        if levels > LEVELS_MAX {
            return Err(SpecError::TooManyLevels { levels });
        }
        if self.bus.width == 0 {
            return Err(SpecError::BusWidth);
        }
        let writes_back = |level: &LevelSpec| level.write == WritePolicy::WriteBack;
        let pairs = self.private.iter().zip(&self.private[1..]);
        for (level, (inner, outer)) in pairs.enumerate() {
            if writes_back(inner) && !writes_back(outer) {
                return Err(SpecError::WriteBackInsideWriteThrough { level });
            }
        }
        self.check_stores()?;
        if self.rules.victim_order == VictimOrder::FillFirst {
            let all = self.private.iter().chain(&self.shared).enumerate().skip(1);
            for (level, spec) in all {
                if spec.inclusion == Inclusion::Inclusive {
                    return Err(SpecError::FillFirstWithInclusive { level });
                }
            }
        }
        Ok(())
    }

    /// Checks that the protocol has a way for the stores that write-through levels let pass.
    fn check_stores(&self) -> Result<(), SpecError> {
        let passes = WritePolicy::WriteThrough { allocate: false };
        let takes_none = self.private.iter().all(|level| level.write == passes);
        if takes_none && !self.protocol.issues(BusOp::BusRdX) {
            return Err(SpecError::StoreNowhere);
        }
        let first = self.private.iter().position(|level| level.write == WritePolicy::WriteBack);
        if let Some(level) = first.filter(|level| *level > 0)
            && self.private[level].inclusion == Inclusion::NonInclusive
            && self.protocol.hands_over()
        {
            return Err(SpecError::HandOverToWriteThrough { level });
        }
        Ok(())
    }
}
