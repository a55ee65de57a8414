//! What the generators are told, and what of it is refused.

use std::fmt;

use crate::record::CORES_MAX;
use crate::synth::Generator;

/// The most lines, players, pages or devices that a generator spreads over.
pub(super) const LINES_MAX: u64 = 1 << 24;
/// The largest stride, in bytes.
const STRIDE_BYTES_MAX: u64 = 1 << 30;
/// The largest matrix: its addresses stay far below 64 bits.
const MATRIX_MAX: u64 = 1 << 16;
/// The most accesses a second: they are at least 1000 ps apart.
const RATE_MAX: u64 = 1_000_000_000;
/// The longest trace with times, 46 days: times stay below [`CYCLES_MAX`](crate::CYCLES_MAX).
const SECONDS_MAX: u64 = 4_000_000;
/// The longest time between two readings, in milliseconds: a day.
const PERIOD_MILLISECONDS_MAX: u64 = 86_400_000;
/// The largest exponent of popularity.
const THETA_MAX: f64 = 10.0;

/// What the generators are told; each one says which of these it heeds.
#[derive(Clone, PartialEq, Debug)]
pub struct Options {
    /// The number of cores.
    pub cores: u16,
    /// The number of rounds; what a round is, the generator says.
    pub rounds: u64,
    /// The number of accesses in all (zipf).
    pub accesses: u64,
    /// The number of lines (streaming: of each core; zipf: of all).
    pub lines: u64,
    /// The distance of one line, or one core's word, from the next, in bytes.
    ///
    /// `None` is the generator's own: 4 for false sharing, else 64.
    pub stride: Option<u64>,
    /// The percentage of accesses that are writes, drawn by the seed (streaming, zipf,
    /// leaderboard).
    ///
    /// `None` is the generator's own: 100 for leaderboard, else 0.
    pub write_percent: Option<u8>,
    /// What everything random is drawn from.
    pub seed: u64,
    /// The exponent of popularity, 0 for none (zipf, leaderboard): the line, or player, of rank r
    /// has weight 1 / r^theta.
    pub theta: f64,
    /// The number of rows and columns (matmul).
    pub n: u64,
    /// The number of rows and columns of a block, a divisor of `n`; `None` is naive (matmul).
    pub block: Option<u64>,
    /// The kind of lock (locks).
    pub lock: LockKind,
    /// How often each waiting core looks at the lock before the first release (locks).
    pub spins: u64,
    /// How often the lock is handed on; `None` is until all cores had it (locks).
    pub hand_offs: Option<u64>,
    /// Whether all waiting cores try to take a lock that is released, or only the next (locks).
    pub herd: bool,
    /// Accesses a second (leaderboard), or writes (page-cache).
    pub rate: u64,
    /// How long it goes on, in seconds (leaderboard, page-cache, iot).
    pub seconds: u64,
    /// The number of players (leaderboard).
    pub players: u64,
    /// The number of pages of the file (page-cache).
    pub pages: u64,
    /// After how many writes each fsync comes; `None` is never (page-cache).
    pub fsync_every: Option<u64>,
    /// The number of devices (iot).
    pub devices: u64,
    /// The time from one reading of a device to its next, in milliseconds (iot).
    pub period: u64,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            cores: 2,
            rounds: 10,
            accesses: 100_000,
            lines: 1024,
            stride: None,
            write_percent: None,
            seed: 1,
            theta: 0.99,
            n: 32,
            block: None,
            lock: LockKind::Tas,
            spins: 10,
            hand_offs: None,
            herd: true,
            rate: 1000,
            seconds: 10,
            players: 1000,
            pages: 1024,
            fsync_every: None,
            devices: 1000,
            period: 1000,
        }
    }
}

/// A kind of lock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum LockKind {
    /// Test-and-set: an atomic at each try.
    Tas,
    /// Test-and-test-and-set: an atomic only when the lock looked free.
    Ttas,
    /// A ticket for each core, and the number that is served.
    Ticket,
    /// A queue of waiting cores, each of which looks at a word of its own (Mellor-Crummey, Scott).
    Mcs,
}

impl LockKind {
    /// Every kind.
    pub const ALL: &[LockKind] = &[LockKind::Tas, LockKind::Ttas, LockKind::Ticket, LockKind::Mcs];

    /// Returns the name that `gen locks --lock` takes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            LockKind::Tas => "tas",
            LockKind::Ttas => "ttas",
            LockKind::Ticket => "ticket",
            LockKind::Mcs => "mcs",
        }
    }

    /// Returns the kind of that name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<LockKind> {
        LockKind::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

/// An option that a generator refuses.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OptionError {
    /// The name of the option, as the field of [`Options`] is called.
    pub option: &'static str,
    /// Its value.
    pub found: String,
    /// What was expected: "a number from 1 to 64".
    pub expected: String,
}

impl fmt::Display for OptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: found {}, expected {}", self.option, self.found, self.expected)
    }
}

impl std::error::Error for OptionError {}

impl Options {
    /// Checks what all generators rely on, and what this one does.
    pub(super) fn check(&self, generator: Generator) -> Result<(), OptionError> {
        let within = |option, value: u64, min: u64, max: u64| {
            if (min..=max).contains(&value) {
                return Ok(());
            }
            let expected = format!("a number from {min} to {max}");
            Err(OptionError { option, found: value.to_string(), expected })
        };
        let cores_min = match generator {
            Generator::ProducerConsumer | Generator::Locks => 2,
            Generator::PingPong
            | Generator::FalseSharing
            | Generator::Streaming
            | Generator::Zipf
            | Generator::Matmul
            | Generator::Leaderboard
            | Generator::PageCache
            | Generator::Iot => 1,
        };
        within("cores", self.cores.into(), cores_min, CORES_MAX.into())?;
        within("lines", self.lines, 1, LINES_MAX)?;
        within("stride", self.stride_bytes(4), 4, STRIDE_BYTES_MAX)?;
        within("write_percent", self.write_percent_or(0), 0, 100)?;
        within("n", self.n, 1, MATRIX_MAX)?;
        within("rate", self.rate, 1, RATE_MAX)?;
        within("seconds", self.seconds, 1, SECONDS_MAX)?;
        within("players", self.players, 1, LINES_MAX)?;
        within("pages", self.pages, 1, LINES_MAX)?;
        within("fsync_every", self.fsync_every.unwrap_or(1), 1, u64::MAX)?;
        within("devices", self.devices, 1, LINES_MAX)?;
        within("period", self.period, 1, PERIOD_MILLISECONDS_MAX)?;
        if let Some(block) = self.block {
            within("block", block, 1, self.n)?;
            if !self.n.is_multiple_of(block) {
                let expected = format!("a divisor of {}", self.n);
                return Err(OptionError { option: "block", found: block.to_string(), expected });
            }
        }
        if !(0.0..=THETA_MAX).contains(&self.theta) {
            let expected = format!("a number from 0 to {THETA_MAX}");
            return Err(OptionError { option: "theta", found: self.theta.to_string(), expected });
        }
        Ok(())
    }

    /// Returns the percentage of writes, or the generator's own.
    pub(super) fn write_percent_or(&self, default: u8) -> u64 {
        self.write_percent.unwrap_or(default).into()
    }

    /// Returns the stride, or the generator's own.
    pub(super) fn stride_bytes(&self, default: u64) -> u64 {
        self.stride.unwrap_or(default)
    }
}
