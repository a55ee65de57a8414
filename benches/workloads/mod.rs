//! What the benches of whole replays replay: records in memory, and a bare loop over them.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, Mutex};

use driver::config::{Config, Draft};
use driver::{Interleave, ReplayOptions, Streams, replay};
use trace::synth::{Generator, Options};
use trace::{CHUNK, Format, Header, Input, Op, ReadOptions, Record, Source, TraceError};

/// The machine of the benches: an L1 of 32 KiB and 8 ways, an L2 of 1 MiB and 16 ways a core.
pub(crate) fn machine() -> Config {
    let config = "(caches: [(size: \"32 KiB\", ways: 8), (size: \"1 MiB\", ways: 16)])";
    Config::new(&Draft::from_ron("bench", config).expect("RON")).expect("the machine is sound")
}

/// Records by chunks, as a decoder hands them over.
#[derive(Clone)]
pub(crate) struct Workload {
    pub(crate) name: String,
    pub(crate) chunks: Vec<Vec<Record>>,
}

impl Workload {
    fn new(name: &str, records: impl Iterator<Item = Record>) -> Self {
        let records: Vec<_> = records.collect();
        let chunks = records.chunks(CHUNK).map(<[Record]>::to_vec).collect();
        Self { name: name.to_owned(), chunks }
    }

    pub(crate) fn references(&self) -> u64 {
        self.chunks.iter().map(|chunk| chunk.len() as u64).sum()
    }

    /// The data references of a trace, all as core 0's.
    pub(crate) fn data_of(path: &Path) -> Self {
        let options = ReadOptions::default();
        let mut source = trace::open(&Input::from(path), &options).expect("the trace is there");
        let (mut records, mut buffer) = (Vec::new(), Vec::new());
        while source.read(&mut buffer).expect("the trace is sound") {
            let data = |r: &Record| matches!(r.op, Op::Read | Op::Write | Op::Atomic);
            records.extend(buffer.drain(..).filter(data).map(|r| Record { core: 0, ..r }));
        }
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        Self::new(&name.unwrap_or_default(), records.into_iter())
    }

    /// One core, Zipf over `lines` lines, three stores in ten.
    pub(crate) fn zipf(name: &str, lines: u64, theta: f64, accesses: u64) -> Self {
        let options = Options {
            cores: 1,
            lines,
            theta,
            accesses,
            write_percent: Some(30),
            ..Options::default()
        };
        Self::new(name, Generator::Zipf.generate(&options).expect("the options are sound"))
    }

    /// 64 cores read one word in turn.
    pub(crate) fn hot_line(accesses: u64) -> Self {
        let record = |n: u64| Record::access((n % 64) as u16, Op::Read, 0x1000, 4);
        let name = format!("one hot line, 64 cores, {} M", accesses >> 20);
        Self::new(&name, (0..accesses).map(record))
    }

    /// Four cores that share: 60 in 100 references go along streams of their own, 25 to lines that
    /// all know (Zipf 0.99 over 65,536, one in ten a store), 15 through rings from core to core.
    pub(crate) fn sharing(accesses: u64) -> Self {
        Self::new("4 cores sharing", Sharing::new().take(accesses as usize))
    }

    /// The same records, so many times over.
    pub(crate) fn repeated(self, times: usize) -> Self {
        let chunks = (0..times).flat_map(|_| self.chunks.iter().cloned()).collect();
        Self { chunks, ..self }
    }

    /// Replays once and returns the misses, so that nothing can be left out.
    pub(crate) fn replayed(self, config: &Config, options: &ReplayOptions) -> u64 {
        let header = Header::new(Format::Mtrace);
        let read = Arc::new(Mutex::new(Vec::with_capacity(self.chunks.len() + 1)));
        let chunks = self.chunks.into_iter();
        let memory = Memory { header, chunks, read: Arc::clone(&read) };
        let streams = Streams::Ordered(Box::new(memory));
        let mut go_on = |_| ControlFlow::Continue(());
        let result = replay(config, streams, Interleave::Recorded, options, &mut go_on);
        result.expect("the replay is sound").tally.totals().counters.misses
    }
}

/// A trace that is in memory already: reading moves a chunk and copies nothing.
struct Memory {
    header: Header,
    chunks: std::vec::IntoIter<Vec<Record>>,
    /// Those that were read: giving them back to the allocator is not part of a replay.
    read: Arc<Mutex<Vec<Vec<Record>>>>,
}

impl Source for Memory {
    fn header(&self) -> &Header {
        &self.header
    }

    fn read(&mut self, into: &mut Vec<Record>) -> Result<bool, TraceError> {
        let Some(chunk) = self.chunks.next() else { return Ok(false) };
        let read = std::mem::replace(into, chunk);
        self.read.lock().expect("nobody panics").push(read);
        Ok(true)
    }
}

/// The first level of one core and nothing else: 32 KiB, 8 ways, exact LRU.
///
/// What any simulator has to do for each record: find the line, make it the most recent, count. It
/// knows no second level, no states, no dirty bits, no time, no size of an access.
pub(crate) struct BareLru {
    /// `line + 1` by set and recency, the most recent first.
    sets: Vec<[u64; 8]>,
}

impl BareLru {
    const SETS: usize = 64;

    pub(crate) fn new() -> Self {
        Self { sets: vec![[0; 8]; Self::SETS] }
    }

    /// Returns how many of the records miss.
    pub(crate) fn misses(&mut self, records: &[Record]) -> u64 {
        let sets = &mut self.sets[..Self::SETS];
        let mut misses = 0;
        for record in records {
            let line = record.addr / 64;
            let ways = &mut sets[line as usize % Self::SETS];
            let tag = line + 1;
            if ways[0] == tag {
                continue;
            }
            let mut moved = ways[0];
            let mut found = false;
            for way in &mut ways[1..] {
                std::mem::swap(way, &mut moved);
                if moved == tag {
                    found = true;
                    break;
                }
            }
            misses += u64::from(!found);
            ways[0] = tag;
        }
        misses
    }
}

/// See [`Workload::sharing`].
struct Sharing {
    random: u64,
    /// The sums of the weights of the shared lines up to each rank.
    heights: Vec<f64>,
    streams: [u64; Self::CORES as usize],
    /// How far each core has written its ring, and read its neighbour's.
    rings: [(u64, u64); Self::CORES as usize],
}

impl Sharing {
    const CORES: u64 = 4;
    const LINES: u64 = 65_536;

    fn new() -> Self {
        let weights = (1..=Self::LINES).map(|rank| libm::pow(rank as f64, -0.99));
        let mut sum = 0.0;
        let heights = weights.map(|weight| {
            sum += weight;
            sum
        });
        Self { random: 1, heights: heights.collect(), streams: [0; 4], rings: [(0, 0); 4] }
    }

    /// Draws a number below `count` by splitmix64 (Steele, Lea and Flood, OOPSLA 2014).
    fn below(&mut self, count: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        ((u128::from(z) * u128::from(count)) >> 64) as u64
    }

    fn stream(&mut self, core: u64) -> (Op, u64) {
        let at = &mut self.streams[core as usize];
        *at = (*at + 8) % (16 << 20);
        let addr = (1 << 40 | core << 32) + *at;
        (if self.below(4) == 0 { Op::Write } else { Op::Read }, addr)
    }

    fn shared(&mut self) -> (Op, u64) {
        let sum = self.heights[self.heights.len() - 1];
        let height = self.below(1 << 52) as f64 / (1u64 << 52) as f64 * sum;
        let rank = self.heights.partition_point(|h| *h < height) as u64;
        // So that hot lines do not lie side by side.
        let line = rank.wrapping_mul(0x9e37_79b1) % Self::LINES;
        (if self.below(10) == 0 { Op::Write } else { Op::Read }, (2 << 40) + line * 64)
    }

    /// Each core writes along its ring of 64 lines, or reads along its neighbour's.
    fn ring(&mut self, core: u64) -> (Op, u64) {
        let writes = self.below(2) == 0;
        let (written, read) = &mut self.rings[core as usize];
        let (op, owner, at) = if writes {
            (Op::Write, core, written)
        } else {
            (Op::Read, (core + Self::CORES - 1) % Self::CORES, read)
        };
        *at = (*at + 64) % 4096;
        (op, (3 << 40) + (owner << 32) + *at)
    }
}

impl Iterator for Sharing {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        let core = self.below(Self::CORES);
        let (op, addr) = match self.below(100) {
            0..60 => self.stream(core),
            60..85 => self.shared(),
            _ => self.ring(core),
        };
        Some(Record::access(core as u16, op, addr, 8))
    }
}
