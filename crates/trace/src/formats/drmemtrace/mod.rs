//! DynamoRIO's drmemtrace: binary, 12 bytes a record, little endian; a file a thread.
//!
//! What stands between two timestamps of a file is a block. The blocks of all files are in one
//! order: by time, those of one time in the order of the files. Threads become cores in the order
//! in which they first access something.
//!
//! Loads, stores, fetched instructions and flushes are records; prefetches, encodings and markers
//! are none. Times are not passed on: they are those of a program that was being traced.

mod cores;
mod entry;
mod failure;
mod thread;

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::io::Read;

use crate::codec::Codec;
use crate::error::TraceError;
use crate::format::Format;
use crate::formats::drmemtrace::cores::Cores;
use crate::formats::drmemtrace::thread::{ENTRY_RECORDS_MAX, Stop, Thread};
use crate::header::Header;
use crate::record::Record;
use crate::source::{CHUNK, Shortfall, Source};
use crate::text::failure as input_failure;

pub(crate) use entry::is_drmemtrace;

/// An input, and how it was compressed.
pub(crate) type Undone = (Box<dyn Read + Send>, Option<Codec>);

/// A file of several, which can be opened again unless it is a pipe.
pub(crate) struct ThreadFile {
    pub(crate) path: String,
    /// Opens it and undoes its compression.
    pub(crate) open: Box<dyn Fn() -> Result<Undone, TraceError> + Send>,
    /// Whether it can be opened once only.
    pub(crate) once: bool,
}

/// A file and how far it was read.
enum State {
    /// Nothing was read but where it begins: it waits, closed, until it is its turn.
    Waiting(ThreadFile),
    Open(Box<Thread>),
    Ended,
}

/// The accesses of all threads.
pub(crate) struct Drmemtrace {
    header: Header,
    cores: Cores,
    files: Vec<State>,
    /// The blocks to come, one a file: its time and whose it is.
    agenda: BinaryHeap<Reverse<(u64, usize)>>,
    /// Whose block is being read.
    current: Option<usize>,
    /// The first records, read with the header.
    first: Vec<Record>,
    /// Files that ended without a footer.
    without_footer: u64,
}

impl Drmemtrace {
    /// Reads one input as far as its first access.
    pub(crate) fn alone(
        input: Box<dyn Read + Send>,
        path: &str,
        codec: Option<Codec>,
        cores: u16,
    ) -> Result<Drmemtrace, TraceError> {
        let thread = Thread::new(input, path, codec)?;
        let mut source = Drmemtrace::empty(cores);
        source.files.extend(thread.map(|thread| State::Open(Box::new(thread))));
        source.agenda.extend((0..source.files.len()).map(|file| Reverse((0, file))));
        source.begin(path)
    }

    /// Reads several files, one after the other, as far as their first timestamps, and all of them
    /// as far as the first access.
    ///
    /// A file is closed again until its turn comes, so that of many threads that live one after the
    /// other only some are open at a time.
    pub(crate) fn of_files(files: Vec<ThreadFile>, cores: u16) -> Result<Drmemtrace, TraceError> {
        let mut source = Drmemtrace::empty(cores);
        let shown = files.first().map(|file| file.path.clone()).unwrap_or_default();
        let mut threads = BTreeSet::new();
        for (number, file) in files.into_iter().enumerate() {
            let thread = open(&file)?;
            threads.extend(thread.id());
            source.agenda.push(Reverse((thread.time(), number)));
            source.files.push(if file.once {
                State::Open(Box::new(thread))
            } else {
                State::Waiting(file)
            });
        }
        if threads.len() > usize::from(cores) {
            return Err(failure::too_many_threads(&shown, threads.len(), cores));
        }
        source.begin(&shown)
    }

    fn empty(cores: u16) -> Drmemtrace {
        Drmemtrace {
            header: Header::new(Format::Drmemtrace),
            cores: Cores::new(cores),
            files: Vec::new(),
            agenda: BinaryHeap::new(),
            current: None,
            first: Vec::new(),
            without_footer: 0,
        }
    }

    /// Reads the first record.
    fn begin(mut self, path: &str) -> Result<Drmemtrace, TraceError> {
        let mut first = Vec::new();
        self.decode(&mut first, 1)?;
        if first.is_empty() {
            return Err(input_failure::empty(path, Format::Drmemtrace));
        }
        self.first = first;
        Ok(self)
    }

    /// Appends records until there are `target` of them (or a few more) or all files end.
    fn decode(&mut self, into: &mut Vec<Record>, target: usize) -> Result<(), TraceError> {
        let result = self.decode_blocks(into, target);
        if result.is_err() {
            self.current = None;
            self.agenda.clear();
            self.files.clear();
        }
        result
    }

    fn decode_blocks(&mut self, into: &mut Vec<Record>, target: usize) -> Result<(), TraceError> {
        while into.len() < target {
            let Some(file) = self.current.or_else(|| Some(self.agenda.pop()?.0.1)) else {
                return Ok(());
            };
            self.current = Some(file);
            let state = &mut self.files[file];
            if let State::Waiting(waiting) = state {
                *state = State::Open(Box::new(open(waiting)?));
            }
            let State::Open(thread) = state else { return Ok(()) };
            match thread.read(&mut self.cores, into, target)? {
                Stop::Full => return Ok(()),
                Stop::Timestamp(time) => self.agenda.push(Reverse((time, file))),
                Stop::End => *state = State::Ended,
                Stop::NoFooter => {
                    *state = State::Ended;
                    self.without_footer += 1;
                }
            }
            self.current = None;
        }
        Ok(())
    }
}

/// Opens a file of several, none of which may be empty.
fn open(file: &ThreadFile) -> Result<Thread, TraceError> {
    let (input, codec) = (file.open)()?;
    let thread = Thread::new(input, &file.path, codec)?;
    thread.ok_or_else(|| input_failure::empty(&file.path, Format::Drmemtrace))
}

impl Source for Drmemtrace {
    fn header(&self) -> &Header {
        &self.header
    }

    fn read(&mut self, into: &mut Vec<Record>) -> Result<bool, TraceError> {
        let before = into.len();
        into.append(&mut self.first);
        into.reserve(CHUNK);
        self.decode(into, before + CHUNK + 1 - ENTRY_RECORDS_MAX)?;
        Ok(into.len() > before)
    }

    fn shortfall(&self) -> Option<Shortfall> {
        let files = self.without_footer;
        (files > 0).then_some(Shortfall::NoFooter { files })
    }
}
