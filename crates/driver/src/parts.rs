//! A replay in parts, each of which sees some of the sets of every cache.
//!
//! Where every cache chooses a line's set by the low bits of its number, and a victim from that set
//! alone, lines that differ in the bits that all caches use never meet: not in a set, not in a
//! transaction, not in an inclusion. A machine that performs the references to some of them counts
//! what a machine that performs all would count for those; the sum of the parts is the whole. What
//! ties lines together is time (one bus, one clock a core) and whatever is drawn or ordered over
//! all sets, so those are refused.

use std::fmt;
use std::ops::ControlFlow;

use cache::{Geometry, LineAddr, LineSize, Replacement};
use coherence::MachineSpec;
use trace::{Record, Source};

use crate::config::Config;
use crate::interleave::Interleave;
use crate::observe::{Coverage, Values, Watcher};
use crate::replay::{Counted, ReplayOptions, Replayed};
use crate::replay_error::ReplayError;
use crate::session::{Session, access_of};
use crate::sieve::Sieve;

/// Why a replay cannot be split exactly.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Indivisible {
    /// All lines of a level share its one set.
    OneSet {
        /// The level's name.
        level: String,
    },
    /// A level draws its victims from one sequence of random numbers.
    Random {
        /// The level's name.
        level: String,
    },
    /// Lines are told apart, and their misses classified.
    Lines,
    /// Misses are classified: one fully associative cache sees all references.
    Classes,
    /// What becomes durable depends on time.
    Durability,
}

impl fmt::Display for Indivisible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OneSet { level } => write!(f, "all lines of {level} share one set"),
            Self::Random { level } => {
                write!(f, "the victims of {level} are drawn from one sequence for all sets")
            }
            Self::Classes => {
                write!(f, "capacity and conflict misses are told apart by one cache for all sets")
            }
            Self::Lines => {
                write!(f, "the misses of hot lines have classes, told apart by one cache for all")
            }
            Self::Durability => write!(f, "what becomes durable depends on the time of all"),
        }
    }
}

/// How the lines of a machine fall into parts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Parts {
    pub(crate) line: LineSize,
    /// The sets of the cache that has the fewest: a power of two, two or more.
    sets: usize,
    count: u64,
}

impl Parts {
    /// Splits a machine's lines into `count` parts, or as many as there are.
    pub fn new(config: &Config, options: &ReplayOptions, count: u32) -> Result<Self, Indivisible> {
        if config.durability.is_some() {
            return Err(Indivisible::Durability);
        }
        if options.top.is_some() {
            return Err(Indivisible::Lines);
        }
        if options.classify {
            return Err(Indivisible::Classes);
        }
        let MachineSpec { private, l1i, shared, line, .. } = &config.machine;
        let mut sets = usize::MAX;
        for level in private.iter().chain(l1i).chain(shared) {
            let name = || level.name.clone();
            if matches!(level.replacement, Replacement::Random(_)) {
                return Err(Indivisible::Random { level: name() });
            }
            if level.geometry.sets() == 1 {
                return Err(Indivisible::OneSet { level: name() });
            }
            sets = sets.min(level.geometry.sets() as usize);
        }
        Ok(Self { line: *line, sets, count: u64::from(count).min(sets as u64) })
    }

    /// Returns how many parts there are.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Returns the part of a line: neighbours are spread, and every part has about as many sets.
    #[inline]
    pub(crate) const fn of(&self, line: LineAddr) -> u64 {
        let set = Geometry::set_among(line, self.sets) as u64;
        ((set.wrapping_mul(0x9e37_79b9) & 0xffff_ffff) * self.count) >> 32
    }
}

/// What one part counted.
#[derive(Debug)]
pub struct Part {
    counted: Counted,
    straddles: Vec<[u64; 2]>,
}

/// Replays one part of a trace; `progress` is told the accesses so far, those of the others too.
///
/// The access that an error names is that of the whole trace.
pub fn replay_part(
    config: &Config,
    source: Box<dyn Source>,
    options: &ReplayOptions,
    (parts, number): (Parts, u64),
    progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<Part, ReplayError> {
    let run = Run { config, options, parts, number };
    let values = || Values::new(&config.machine, config.word_bytes);
    let part = match (options.coverage, options.check) {
        (false, false) => run.with((), source, progress),
        (false, true) => run.with(values(), source, progress),
        (true, false) => run.with(Coverage::default(), source, progress),
        (true, true) => run.with((Coverage::default(), values()), source, progress),
    };
    part.map_err(|error| error.under(&config.machine.protocol))
}

/// Adds parts up to what one replay of the whole counts, but for the cycles.
///
/// # Panics
/// If there are none.
pub fn merge_parts(
    parts: impl IntoIterator<Item = Part>,
    interleave: Interleave,
) -> Result<Replayed, ReplayError> {
    let mut parts = parts.into_iter();
    let mut whole = parts.next().expect("there is a part").with_straddles();
    for part in parts {
        let part = part.with_straddles();
        whole.machine.cores = whole.machine.cores.max(part.machine.cores);
        whole.now.add(&part.now);
        whole.before.add(&part.before);
        whole.checked_loads = whole.checked_loads.zip(part.checked_loads).map(|(a, b)| a + b);
    }
    // Each part had a time of its own.
    whole.now.without_time();
    whole.before.without_time();
    let protocol = whole.machine.protocol.clone();
    whole.audited(interleave).map_err(|error| error.under(&protocol))
}

impl Part {
    /// Puts the accesses that straddle lines into the counters: the machine has seen their
    /// references alone.
    fn with_straddles(self) -> Counted {
        let mut counted = self.counted;
        for (core, [before, now]) in self.straddles.into_iter().enumerate() {
            if let Some(core) = counted.now.cores.get_mut(core) {
                core.counters.straddles += now;
            }
            if let Some(core) = counted.before.cores.get_mut(core) {
                core.counters.straddles += before;
            }
        }
        counted
    }
}

struct Run<'a> {
    config: &'a Config,
    options: &'a ReplayOptions,
    parts: Parts,
    number: u64,
}

impl Run<'_> {
    fn with<O: Watcher>(
        &self,
        observer: O,
        mut source: Box<dyn Source>,
        progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<Part, ReplayError> {
        let unlimited = ReplayOptions { warmup: 0, limit: None, ..self.options.clone() };
        let session = Session::new(self.config, &unlimited, observer)?;
        let sieve = Sieve::new(self.parts, self.number);
        let mut machine = Sieved { session, sieve, accesses: 0 };
        let (warmup, limit) = (self.options.warmup, self.options.limit.unwrap_or(u64::MAX));
        let mut at_warmup = Vec::new();
        let mut counting = warmup == 0;
        let mut buffer = Vec::new();
        while machine.accesses < limit {
            let mut rest = source.lend(&mut buffer)?;
            if rest.is_empty() {
                break;
            }
            while !rest.is_empty() && machine.accesses < limit {
                let pause = if counting { limit } else { warmup.min(limit) };
                rest = machine.run_until(pause, rest)?;
                if !counting && machine.accesses == warmup {
                    machine.session.begin_counting();
                    at_warmup.clone_from(&machine.sieve.straddles);
                    counting = true;
                }
            }
            if progress(machine.accesses).is_break() {
                return Err(ReplayError::Interrupted(machine.accesses));
            }
        }
        if !counting {
            machine.session.begin_counting();
            at_warmup.clone_from(&machine.sieve.straddles);
        }
        let Sieved { mut session, sieve, accesses } = machine;
        session.drain()?;
        at_warmup.resize(sieve.straddles.len(), 0);
        let straddles = at_warmup.into_iter().zip(sieve.straddles).map(|(a, b)| [a, b]).collect();
        Ok(Part { counted: session.counted(accesses.saturating_sub(warmup)), straddles })
    }
}

/// A machine that performs the references of one part.
struct Sieved<O> {
    session: Session<O>,
    sieve: Sieve,
    /// Accesses so far, those of other parts too.
    accesses: u64,
}

impl<O: Watcher> Sieved<O> {
    /// Takes records, up to the access that is the last before a pause at most; returns those
    /// behind them.
    fn run_until<'a>(
        &mut self,
        pause: u64,
        records: &'a [Record],
    ) -> Result<&'a [Record], ReplayError> {
        let cores = self.session.machine().spec().cores;
        if u32::from(records[0].core) >= cores {
            let grown = self.session.grow(u32::from(records[0].core));
            grown.map_err(|error| error.at_access(self.accesses + 1))?;
            return Ok(records);
        }
        // A record is one access at most.
        let most = usize::try_from(pause - self.accesses).unwrap_or(usize::MAX);
        let known = |record: &Record| u32::from(record.core) < cores;
        let taken = self.sieve.sift(&records[..most.min(records.len())], known);
        let (taken, rest) = records.split_at(taken);
        let before = self.session.accesses();
        let done = self.session.run(&self.sieve.own);
        done.map_err(|error| {
            // The last access that was begun.
            let performed = (self.session.accesses() - before).max(1);
            error.at_access(self.accesses + self.sieve.access_of(taken, performed))
        })?;
        self.accesses +=
            taken.iter().filter(|record| access_of(record.op).is_some()).count() as u64;
        Ok(rest)
    }
}
