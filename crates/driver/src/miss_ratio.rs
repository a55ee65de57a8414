//! The misses of caches of every size, from one pass over a trace.

use std::fmt;
use std::ops::ControlFlow;

use cache::{Addr, LineAddr, LineSize, LruStack};
use trace::{Op, Record, Source, TraceError};

/// How often each fully associative LRU cache misses: one core's, alone, of lines of one size.
#[derive(Clone, Debug)]
pub struct MissCurve {
    /// The size of a line.
    pub line: LineSize,
    /// Accesses that were counted.
    pub accesses: u64,
    /// References: the lines that each access touches.
    pub references: u64,
    /// Different lines that were referenced.
    pub footprint: u64,
    /// References by how many other lines came since the last one to the same line: those hit in
    /// every cache of more lines than that. The last one is not 0.
    hits: Vec<u64>,
}

/// Why there is no curve.
#[derive(Debug)]
pub enum MissCurveError {
    /// The trace is not readable.
    Trace(TraceError),
    /// The caller asked to stop after so many accesses.
    Interrupted(u64),
    /// The trace has a second core, whose caches would take lines from the first one's.
    SeveralCores {
        /// The core of the records before.
        first: u16,
        /// The other one.
        second: u16,
    },
}

impl fmt::Display for MissCurveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trace(error) => error.fmt(f),
            Self::Interrupted(accesses) => write!(f, "interrupted after {accesses} accesses"),
            Self::SeveralCores { first, second } => {
                write!(f, "the trace has several cores: {first} and {second}")
            }
        }
    }
}

impl std::error::Error for MissCurveError {}

impl From<TraceError> for MissCurveError {
    fn from(error: TraceError) -> Self {
        Self::Trace(error)
    }
}

impl MissCurve {
    /// Measures the trace of one core, up to `limit` accesses.
    ///
    /// `progress` is told the accesses so far now and then, and can stop it.
    ///
    /// ```
    /// use std::ops::ControlFlow;
    ///
    /// use cache::LineSize;
    /// use driver::MissCurve;
    ///
    /// // Four lines of 64 bytes in turn, three times: a cache of three always lost the next one.
    /// let text = "0 R 0x0\n0 R 0x40\n0 W 0x80\n0 R 0xc0\n".repeat(3);
    /// let input = Box::new(std::io::Cursor::new(text));
    /// let mut source = trace::read("inline", input, &Default::default())?;
    /// let line = LineSize::new(64)?;
    /// let go_on = &mut |_accesses| ControlFlow::Continue(());
    /// let curve = MissCurve::measure(&mut *source, line, None, go_on)?;
    /// assert_eq!([1, 2, 3, 4, 5].map(|lines| curve.misses(lines)), [12, 12, 12, 4, 4]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn measure(
        source: &mut dyn Source,
        line: LineSize,
        limit: Option<u64>,
        progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<Self, MissCurveError> {
        let mut pass = Pass {
            stack: LruStack::new(),
            curve: Self { line, accesses: 0, references: 0, footprint: 0, hits: Vec::new() },
            core: None,
        };
        let limit = limit.unwrap_or(u64::MAX);
        let (mut chunk, mut more) = (Vec::new(), true);
        while more && pass.curve.accesses < limit {
            chunk.clear();
            more = source.read(&mut chunk)?;
            for record in &chunk {
                pass.record(record)?;
                if pass.curve.accesses >= limit {
                    break;
                }
            }
            if progress(pass.curve.accesses).is_break() {
                return Err(MissCurveError::Interrupted(pass.curve.accesses));
            }
        }
        let Pass { stack, mut curve, .. } = pass;
        curve.footprint = stack.lines() as u64;
        let used = curve.hits.iter().rposition(|hits| *hits > 0).map_or(0, |last| last + 1);
        curve.hits.truncate(used);
        Ok(curve)
    }

    /// Returns the misses of a cache of so many lines.
    pub fn misses(&self, lines: u64) -> u64 {
        let lines = usize::try_from(lines).unwrap_or(usize::MAX).min(self.hits.len());
        self.references - self.hits[..lines].iter().sum::<u64>()
    }

    /// Returns the misses of every cache: of lines that were never there, or not since a flush.
    pub fn cold_misses(&self) -> u64 {
        self.misses(u64::MAX)
    }

    /// Returns the number of lines from which on all caches miss as often.
    pub fn lines_max(&self) -> u64 {
        self.hits.len() as u64
    }

    /// Returns the misses of a cache of one line and of each larger one that has fewer than the one
    /// before: lines and misses.
    pub fn steps(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let mut misses = self.references;
        let depths = if self.hits.is_empty() { &[0][..] } else { &self.hits };
        depths.iter().zip(1..).filter_map(move |(hits, lines)| {
            misses -= hits;
            (*hits > 0 || lines == 1).then_some((lines, misses))
        })
    }
}

/// A pass over a trace.
struct Pass {
    stack: LruStack,
    curve: MissCurve,
    /// The core of the records so far.
    core: Option<u16>,
}

impl Pass {
    #[inline]
    fn record(&mut self, record: &Record) -> Result<(), MissCurveError> {
        match record.op {
            Op::Read | Op::Write | Op::Atomic | Op::Fetch => {
                self.check_core(record.core)?;
                self.curve.accesses += 1;
                for line in self.lines(record) {
                    self.reference(LineAddr(line));
                }
            }
            Op::Flush => {
                self.check_core(record.core)?;
                for line in self.lines(record) {
                    self.stack.remove(LineAddr(line));
                }
            }
            Op::FlushAll => {
                self.check_core(record.core)?;
                self.stack.clear();
            }
            // A clean keeps the line, and is no use of it. The others touch no line; a time is
            // every core's.
            Op::Clean | Op::Fence | Op::Compute | Op::Time | Op::TimeTicks | Op::Pc => {}
        }
        Ok(())
    }

    #[inline]
    fn reference(&mut self, line: LineAddr) {
        self.curve.references += 1;
        let Some(depth) = self.stack.reference(line) else { return };
        if depth >= self.curve.hits.len() {
            self.curve.hits.resize((depth + 1).next_power_of_two(), 0);
        }
        self.curve.hits[depth] += 1;
    }

    /// Returns the lines of a range of bytes; the last byte has an address.
    fn lines(&self, record: &Record) -> std::ops::RangeInclusive<u64> {
        let line = self.curve.line;
        let last = Addr(record.addr + u64::from(record.size.max(1) - 1));
        line.line(Addr(record.addr)).0..=line.line(last).0
    }

    #[inline]
    fn check_core(&mut self, core: u16) -> Result<(), MissCurveError> {
        match self.core {
            Some(first) if first != core => {
                Err(MissCurveError::SeveralCores { first, second: core })
            }
            _ => {
                self.core = Some(core);
                Ok(())
            }
        }
    }
}
