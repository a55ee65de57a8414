//! In which order the accesses of different cores happen.

use std::fmt;
use std::str::FromStr;

use trace::{Op, Record, Source, TraceError};

/// The order in which accesses of different cores are replayed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Interleave {
    /// The order of the trace.
    Recorded,
    /// The core whose clock is lowest goes next; the lowest-numbered of equals.
    Clock,
    /// That many records of a core, then the next core's turn.
    RoundRobin(u64),
    /// Cores drawn by a generator that starts from this seed.
    Random(u64),
}

/// A text that is no interleaving.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InterleaveError {
    /// The text.
    pub text: String,
}

impl fmt::Display for InterleaveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no interleaving: `recorded`, `clock`, `rr:N` with N from 1, or `random:SEED`",
            self.text
        )
    }
}

impl std::error::Error for InterleaveError {}

impl FromStr for Interleave {
    type Err = InterleaveError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || InterleaveError { text: text.to_owned() };
        match text.split_once(':') {
            None if text == "recorded" => Ok(Self::Recorded),
            None if text == "clock" => Ok(Self::Clock),
            Some(("rr", turn)) => match turn.parse() {
                Ok(turn) if turn > 0 => Ok(Self::RoundRobin(turn)),
                _ => Err(error()),
            },
            Some(("random", seed)) => seed.parse().map(Self::Random).map_err(|_| error()),
            _ => Err(error()),
        }
    }
}

impl fmt::Display for Interleave {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recorded => f.write_str("recorded"),
            Self::Clock => f.write_str("clock"),
            Self::RoundRobin(turn) => write!(f, "rr:{turn}"),
            Self::Random(seed) => write!(f, "random:{seed}"),
        }
    }
}

/// One core's records, read a chunk ahead.
struct Stream {
    source: Box<dyn Source>,
    chunk: Vec<Record>,
    next: usize,
    ended: bool,
}

impl Stream {
    /// Tells whether the next record, which lies in the chunk, is a time.
    fn is_at_time(&self) -> bool {
        matches!(self.chunk[self.next].op, Op::Time | Op::TimeTicks)
    }

    /// Tells whether the next record, which lies in the chunk, takes no turn.
    fn takes_no_turn(&self) -> bool {
        self.is_at_time() || self.chunk[self.next].op == Op::Pc
    }

    /// Makes sure that the next record, if there is one, lies in the chunk.
    fn refill(&mut self) -> Result<bool, TraceError> {
        while self.next == self.chunk.len() && !self.ended {
            self.chunk.clear();
            self.next = 0;
            self.ended = !self.source.read(&mut self.chunk)?;
        }
        Ok(self.next < self.chunk.len())
    }
}

/// Merges one stream a core into one order.
pub struct Merger {
    streams: Vec<Stream>,
    /// The cores whose streams have a next record, in order; `None` before the first call.
    waiting: Option<Vec<usize>>,
    interleave: Interleave,
    /// The core whose turn it is, and how many records are left of it.
    turn: (usize, u64),
    random: u64,
}

impl Merger {
    /// Merges streams; stream i is core i's. `Recorded` has no meaning here.
    pub fn new(sources: Vec<Box<dyn Source>>, interleave: Interleave) -> Self {
        let streams = sources.into_iter().map(|source| Stream {
            source,
            chunk: Vec::new(),
            next: 0,
            ended: false,
        });
        let turn = match interleave {
            Interleave::RoundRobin(turn) => turn,
            Interleave::Recorded | Interleave::Clock | Interleave::Random(_) => 0,
        };
        let random = if let Interleave::Random(seed) = interleave { seed } else { 0 };
        let streams = streams.collect();
        Self { streams, waiting: None, interleave, turn: (0, turn), random }
    }

    /// Returns the next record and whose it is; `clock` tells each core's time.
    pub fn next(
        &mut self,
        clock: impl Fn(u32) -> u64,
    ) -> Result<Option<(u32, Record)>, TraceError> {
        let Some(core) = self.peek(clock)? else { return Ok(None) };
        self.take(core).map(Some)
    }

    /// Returns whose the next record is. Where that is drawn or goes round, each call is a turn.
    pub fn peek(&mut self, clock: impl Fn(u32) -> u64) -> Result<Option<u32>, TraceError> {
        if self.waiting.is_none() {
            let mut waiting = Vec::with_capacity(self.streams.len());
            for (core, stream) in self.streams.iter_mut().enumerate() {
                if stream.refill()? {
                    waiting.push(core);
                }
            }
            self.waiting = Some(waiting);
        }
        let waiting = self.waiting.take().unwrap_or_default();
        // A time is nobody's turn, nor is where a core is: they are known before anybody is chosen.
        let told = waiting.iter().copied().find(|core| self.streams[*core].takes_no_turn());
        let core = told.or_else(|| self.choose(&waiting, clock));
        self.waiting = Some(waiting);
        Ok(core.map(|core| core as u32))
    }

    /// Takes the next record of a core that has one.
    ///
    /// # Panics
    /// If it has none.
    pub fn take(&mut self, core: u32) -> Result<(u32, Record), TraceError> {
        let stream = &mut self.streams[core as usize];
        let record = stream.chunk[stream.next];
        stream.next += 1;
        if !stream.refill()?
            && let Some(waiting) = &mut self.waiting
        {
            waiting.retain(|other| *other != core as usize);
        }
        Ok((core, record))
    }

    /// Tells whether the next record of a core, which has one, is a time.
    pub fn is_at_time(&self, core: u32) -> bool {
        self.streams[core as usize].is_at_time()
    }

    fn choose(&mut self, waiting: &[usize], clock: impl Fn(u32) -> u64) -> Option<usize> {
        let first = *waiting.first()?;
        Some(match self.interleave {
            Interleave::Recorded => first,
            Interleave::Clock => {
                let lowest = waiting.iter().min_by_key(|core| clock(**core as u32));
                lowest.copied().unwrap_or(first)
            }
            Interleave::RoundRobin(turn) => self.round_robin(waiting, turn),
            Interleave::Random(_) => waiting[self.draw(waiting.len())],
        })
    }

    fn round_robin(&mut self, waiting: &[usize], turn: u64) -> usize {
        let (core, left) = self.turn;
        if left > 0 && waiting.contains(&core) {
            self.turn.1 -= 1;
            return core;
        }
        let next = waiting.iter().copied().find(|other| *other > core).unwrap_or(waiting[0]);
        self.turn = (next, turn - 1);
        next
    }

    /// Draws a number below `count` with splitmix64 (Steele, Lea and Flood, OOPSLA 2014).
    fn draw(&mut self, count: usize) -> usize {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        ((u128::from(z) * count as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trace::{Format, Header, IterSource};

    fn order(interleave: &str, lengths: &[usize], clocks: &[u64]) -> Vec<u32> {
        let sources = lengths.iter().enumerate().map(|(core, length)| {
            let record = Record::access(core as u16, Op::Read, 0x40, 4);
            let records = std::iter::repeat_n(record, *length);
            Box::new(IterSource::new(Header::new(Format::Percore), records)) as Box<dyn Source>
        });
        let mut merger = Merger::new(sources.collect(), interleave.parse().unwrap());
        let mut order = Vec::new();
        while let Some((core, _)) = merger.next(|core| clocks[core as usize]).unwrap() {
            order.push(core);
        }
        order
    }

    #[test]
    fn round_robin_gives_each_core_its_turn_and_skips_the_ended() {
        assert_eq!(order("rr:1", &[2, 3, 1], &[0; 3]), [0, 1, 2, 0, 1, 1]);
        assert_eq!(order("rr:2", &[3, 2, 3], &[0; 3]), [0, 0, 1, 1, 2, 2, 0, 2]);
    }

    #[test]
    fn the_lowest_clock_goes_next_and_the_lowest_core_of_equals() {
        assert_eq!(order("clock", &[1, 2, 1], &[9, 5, 5]), [1, 1, 2, 0]);
    }

    #[test]
    fn a_random_order_repeats_itself_and_keeps_every_record() {
        let drawn = order("random:3", &[50, 50], &[0; 2]);
        assert_eq!(drawn, order("random:3", &[50, 50], &[0; 2]));
        assert_ne!(drawn, order("random:4", &[50, 50], &[0; 2]));
        assert_eq!(drawn.iter().filter(|core| **core == 0).count(), 50);
    }

    #[test]
    fn texts_that_are_no_interleaving_are_refused() {
        for text in ["", "rr", "rr:0", "rr:x", "random", "clock:1", "Recorded"] {
            assert!(text.parse::<Interleave>().is_err(), "{text}");
        }
        for text in ["recorded", "clock", "rr:7", "random:0"] {
            assert_eq!(text.parse::<Interleave>().unwrap().to_string(), text);
        }
    }
}
