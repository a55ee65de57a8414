//! A stream of records, and what its reader is told.

use crate::columns::Columns;
use crate::error::TraceError;
use crate::format::Format;
use crate::header::Header;
use crate::modules::Module;
use crate::record::{CORES_MAX, Op, Record};
use crate::sniff;

/// The most records that one [`Source::read`] appends.
pub const CHUNK: usize = 65_536;

/// A stream of records.
pub trait Source: Send {
    /// Returns what the trace says about itself.
    fn header(&self) -> &Header;

    /// Appends at least one and at most [`CHUNK`] records, or returns `Ok(false)`: the end. As many
    /// program counters may come with them ([`ReadOptions::pcs`]).
    ///
    /// With an error, what was appended before it is good: the records before the error's place.
    /// After an error or the end every call returns `Ok(false)`.
    fn read(&mut self, into: &mut Vec<Record>) -> Result<bool, TraceError>;

    /// Returns the next records, from `buffer` or from where the source has them anyway; none at
    /// the end.
    fn lend<'a>(&'a mut self, buffer: &'a mut Vec<Record>) -> Result<&'a [Record], TraceError> {
        buffer.clear();
        self.read(buffer)?;
        Ok(buffer)
    }

    /// Returns, at the end, what the trace lacks though all that was read of it is good.
    fn shortfall(&self) -> Option<Shortfall> {
        None
    }

    /// Returns, at the end, the files whose instructions the program counters are of, where the
    /// trace (mtrc) says it.
    fn modules(&self) -> &[Module] {
        &[]
    }

    /// Starts to decode ahead in up to so many threads of the source's own, and one that reads;
    /// returns whether it can.
    ///
    /// [`Ahead`](crate::Ahead) gives a thread to those that cannot.
    fn read_ahead(&mut self, workers: usize) -> bool {
        let _ = workers;
        false
    }
}

impl<S: Source + ?Sized> Source for Box<S> {
    fn header(&self) -> &Header {
        (**self).header()
    }

    fn read(&mut self, into: &mut Vec<Record>) -> Result<bool, TraceError> {
        (**self).read(into)
    }

    fn lend<'a>(&'a mut self, buffer: &'a mut Vec<Record>) -> Result<&'a [Record], TraceError> {
        (**self).lend(buffer)
    }

    fn shortfall(&self) -> Option<Shortfall> {
        (**self).shortfall()
    }

    fn modules(&self) -> &[Module] {
        (**self).modules()
    }

    fn read_ahead(&mut self, workers: usize) -> bool {
        (**self).read_ahead(workers)
    }
}

/// What a trace lacks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shortfall {
    /// mtrc without its index, as if its writer was stopped; there are so many whole chunks.
    NoIndex {
        /// The chunks.
        chunks: u64,
    },
    /// The line that a tool writes last is missing (pinatrace), as if it was stopped.
    NoLastLine,
    /// Files of drmemtrace ended without a footer, as if their tracer was stopped.
    NoFooter {
        /// The files.
        files: u64,
    },
    /// Damaged chunks of mtrc were left out.
    Damaged {
        /// How many runs of records are missing.
        gaps: u64,
        /// The records, as far as what is whole tells; those at the end may be more.
        records: u64,
    },
}

/// How lackey's ` M` (a load and a store by one instruction) is read.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum LackeyModify {
    /// As a read followed by a write.
    #[default]
    ReadWrite,
    /// As one atomic.
    Atomic,
}

/// What a reader is told besides where the trace is.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "switches that have nothing in common")]
pub struct ReadOptions {
    /// The format; recognised by name and first lines if `None`.
    pub format: Option<Format>,
    /// What the columns of a table (csv, pinatrace) hold; without `format`, says that it is one.
    pub columns: Option<Columns>,
    /// The number of cores of the machine: a record of a core from here on is an error.
    pub cores_max: u16,
    /// How lackey's ` M` is read.
    pub lackey_modify: LackeyModify,
    /// Says with a fence where lackey's scheduler stopped a thread that could have gone on: what
    /// [`Turns`](crate::recorders::Turns) go by.
    pub lackey_slices: bool,
    /// Takes the requests of a format without operations (oracle-general) as writes.
    pub requests_write: bool,
    /// Leaves damaged chunks of mtrc out instead of refusing the trace.
    pub salvage: bool,
    /// Gives program counters where the trace has them, as records of [`Op::Pc`].
    pub pcs: bool,
    /// Keeps the records of this core only, and the times, which belong to no core.
    pub core: Option<u16>,
}

impl Default for ReadOptions {
    /// Recognises the format and takes [`CORES_MAX`] cores.
    fn default() -> ReadOptions {
        ReadOptions {
            format: None,
            columns: None,
            cores_max: CORES_MAX,
            lackey_modify: LackeyModify::default(),
            lackey_slices: false,
            requests_write: false,
            salvage: false,
            pcs: false,
            core: None,
        }
    }
}

impl ReadOptions {
    /// Returns the format that they say a file of that name has, if they say one.
    pub(crate) fn said_format(&self, path: &str) -> Option<Format> {
        let of_columns = || match sniff::by_name(path) {
            Some(Format::Pinatrace) => Format::Pinatrace,
            _ => Format::Csv,
        };
        self.format.or_else(|| self.columns.as_ref().map(|_| of_columns()))
    }
}

/// A source of the records of an iterator, such as a generator's.
#[derive(Debug)]
pub struct IterSource<I> {
    header: Header,
    records: I,
}

impl<I: Iterator<Item = Record> + Send> IterSource<I> {
    /// Makes a source of `records` that calls itself `header`.
    pub const fn new(header: Header, records: I) -> IterSource<I> {
        IterSource { header, records }
    }
}

impl<I: Iterator<Item = Record> + Send> Source for IterSource<I> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn read(&mut self, into: &mut Vec<Record>) -> Result<bool, TraceError> {
        let before = into.len();
        into.extend(self.records.by_ref().take(CHUNK));
        Ok(into.len() > before)
    }
}

/// The records of one core of another source.
pub(crate) struct OneCore {
    source: Box<dyn Source>,
    core: u16,
}

impl OneCore {
    pub(crate) fn new(source: Box<dyn Source>, core: u16) -> OneCore {
        OneCore { source, core }
    }
}

impl Source for OneCore {
    fn header(&self) -> &Header {
        self.source.header()
    }

    fn shortfall(&self) -> Option<Shortfall> {
        self.source.shortfall()
    }

    fn modules(&self) -> &[Module] {
        self.source.modules()
    }

    fn read_ahead(&mut self, workers: usize) -> bool {
        self.source.read_ahead(workers)
    }

    fn read(&mut self, into: &mut Vec<Record>) -> Result<bool, TraceError> {
        let before = into.len();
        loop {
            let more = self.source.read(into);
            let mut kept = before;
            for at in before..into.len() {
                let record = into[at];
                if record.core == self.core || matches!(record.op, Op::Time | Op::TimeTicks) {
                    into[kept] = record;
                    kept += 1;
                }
            }
            into.truncate(kept);
            if !more? {
                return Ok(false);
            }
            if kept > before {
                return Ok(true);
            }
        }
    }
}
