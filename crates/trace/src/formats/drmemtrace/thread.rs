//! One file: the records of a thread, or of several that take turns.

use std::io::Read;

use crate::codec::Codec;
use crate::error::TraceError;
use crate::formats::drmemtrace::cores::Cores;
use crate::formats::drmemtrace::entry::{BUNDLE_MAX, BYTES, Entry, Kind, VERSION_MAX};
use crate::formats::drmemtrace::failure::Failure;
use crate::formats::fixed::FixedRecords;
use crate::record::{Op, RANGE_BYTES_MAX, Record};

/// How much of a file is in memory: many are read at the same time.
const BLOCK_BYTES: usize = 48 * 1024;

/// The most records that one entry makes: a bundle's fetches, after a flush that was kept back.
pub(super) const ENTRY_RECORDS_MAX: usize = BUNDLE_MAX as usize + 1;

/// Where reading stopped.
pub(super) enum Stop {
    /// There are as many records as were asked for.
    Full,
    /// At a timestamp: what follows is of that time.
    Timestamp(u64),
    /// At the footer and the end.
    End,
    /// At an end without a footer.
    NoFooter,
}

/// A file that is open, after its first timestamp.
pub(super) struct Thread {
    entries: FixedRecords<BYTES>,
    /// An entry that was looked at and not decoded.
    waiting: Option<Entry>,
    /// The thread that the file says the entries are of.
    id: Option<u64>,
    /// Its core, once it has an access.
    core: Option<u16>,
    /// The instruction whose accesses follow; here is the program counter of every access.
    pc: u64,
    /// The instruction after it, of which a bundle begins.
    next_pc: Option<u64>,
    /// A flush whose end may follow, whether it is of data, and where it begins.
    flush: Option<(bool, u64)>,
    time: u64,
}

impl Thread {
    /// Reads what precedes the first timestamp or access; `None` if there is nothing at all.
    pub(super) fn new(
        input: Box<dyn Read + Send>,
        path: &str,
        codec: Option<Codec>,
    ) -> Result<Option<Thread>, TraceError> {
        let entries = FixedRecords::new(input, path, codec, BLOCK_BYTES);
        let mut thread = Thread {
            entries,
            waiting: None,
            id: None,
            core: None,
            pc: 0,
            next_pc: None,
            flush: None,
            time: 0,
        };
        let first = thread.entries.next().map_err(|error| thread.first_failed(error))?;
        let Some(first) = first else { return Ok(None) };
        thread.check_header(&first)?;
        loop {
            let entry = thread.take()?.ok_or_else(|| thread.entries.no_accesses())?;
            match entry.kind() {
                Kind::Timestamp => {
                    thread.time = entry.addr;
                    return Ok(Some(thread));
                }
                Kind::Thread => thread.switch(entry.addr),
                Kind::Other => {}
                // The rest is looked at where all records are.
                _ => {
                    thread.waiting = Some(entry);
                    return Ok(Some(thread));
                }
            }
        }
    }

    /// Returns the time of the entries to come.
    pub(super) const fn time(&self) -> u64 {
        self.time
    }

    /// Returns the thread of the entries to come, if the file has said it.
    pub(super) const fn id(&self) -> Option<u64> {
        self.id
    }

    /// Appends records until there are `target` of them (or a few more), or the next timestamp.
    pub(super) fn read(
        &mut self,
        cores: &mut Cores,
        into: &mut Vec<Record>,
        target: usize,
    ) -> Result<Stop, TraceError> {
        while into.len() < target {
            let Some(entry) = self.take()? else {
                if let Some((_, start)) = self.flush.take() {
                    self.push(Op::Flush, start, 1, cores, into)?;
                }
                return Ok(Stop::NoFooter);
            };
            if let Some(stop) = self.decode(entry, cores, into)? {
                return Ok(stop);
            }
        }
        Ok(Stop::Full)
    }

    fn decode(
        &mut self,
        entry: Entry,
        cores: &mut Cores,
        into: &mut Vec<Record>,
    ) -> Result<Option<Stop>, TraceError> {
        let kind = entry.kind();
        if let Some((data, start)) = self.flush.take() {
            if kind == (Kind::FlushEnd { data }) {
                self.flush_range(start, entry.addr, cores, into)?;
                return Ok(None);
            }
            // A size of 0, and no end: the line that it is in.
            self.push(Op::Flush, start, 1, cores, into)?;
        }
        let size = u32::from(entry.size);
        match kind {
            Kind::Read => self.push(Op::Read, entry.addr, size.max(1), cores, into)?,
            Kind::Write => self.push(Op::Write, entry.addr, size.max(1), cores, into)?,
            Kind::Instruction => self.instruction(entry, true, cores, into)?,
            Kind::NotFetched => self.instruction(entry, false, cores, into)?,
            Kind::MaybeFetched => {
                self.instruction(entry, entry.addr != self.pc, cores, into)?;
            }
            Kind::Bundle => self.bundle(entry, cores, into)?,
            Kind::Flush { data } if size == 0 => self.flush = Some((data, entry.addr)),
            Kind::Flush { .. } => self.push(Op::Flush, entry.addr, size, cores, into)?,
            Kind::Thread => self.switch(entry.addr),
            Kind::Other => {}
            Kind::Timestamp => {
                let before = std::mem::replace(&mut self.time, entry.addr);
                if entry.addr < before {
                    return Err(self.entries.backwards(entry.addr, before));
                }
                return Ok(Some(Stop::Timestamp(entry.addr)));
            }
            Kind::Footer => {
                return match self.entries.next()? {
                    Some(bytes) => Err(self.entries.after_footer(Entry::new(&bytes))),
                    None => Ok(Some(Stop::End)),
                };
            }
            Kind::FlushEnd { .. } => return Err(self.entries.no_flush(entry)),
            Kind::Header | Kind::Unknown => return Err(self.entries.unknown(entry)),
        }
        Ok(None)
    }

    /// Decodes an instruction; one without a length only says whose the accesses after it are.
    fn instruction(
        &mut self,
        entry: Entry,
        fetched: bool,
        cores: &mut Cores,
        into: &mut Vec<Record>,
    ) -> Result<(), TraceError> {
        self.pc = entry.addr;
        self.next_pc = Some(entry.addr.wrapping_add(u64::from(entry.size)));
        if fetched && entry.size > 0 {
            self.push(Op::Fetch, entry.addr, u32::from(entry.size), cores, into)?;
        }
        Ok(())
    }

    /// Decodes a bundle: `size` instructions, whose lengths are the bytes of the address.
    fn bundle(
        &mut self,
        entry: Entry,
        cores: &mut Cores,
        into: &mut Vec<Record>,
    ) -> Result<(), TraceError> {
        let Some(mut at) = self.next_pc else { return Err(self.entries.bundle_alone()) };
        let lengths = entry.addr.to_le_bytes();
        let Some(lengths) = lengths.get(..usize::from(entry.size)) else {
            return Err(self.entries.bundle_size(entry.size));
        };
        if lengths.is_empty() || lengths.contains(&0) {
            return Err(self.entries.bundle_size(entry.size));
        }
        for &length in lengths {
            self.pc = at;
            self.push(Op::Fetch, at, u32::from(length), cores, into)?;
            at = at.wrapping_add(u64::from(length));
        }
        self.next_pc = Some(at);
        Ok(())
    }

    /// Appends the flush of what lies between two addresses, the second one not included.
    fn flush_range(
        &mut self,
        start: u64,
        end: u64,
        cores: &mut Cores,
        into: &mut Vec<Record>,
    ) -> Result<(), TraceError> {
        let size = end.checked_sub(start).filter(|&size| size <= u64::from(RANGE_BYTES_MAX));
        let Some(size) = size else { return Err(self.entries.flush_size(start, end)) };
        self.push(Op::Flush, start, (size as u32).max(1), cores, into)
    }

    /// Appends a record of the thread whose entries these are: all of them come by here.
    #[inline]
    fn push(
        &mut self,
        op: Op,
        addr: u64,
        size: u32,
        cores: &mut Cores,
        into: &mut Vec<Record>,
    ) -> Result<(), TraceError> {
        let Some(core) = self.core else { return self.push_first(op, addr, size, cores, into) };
        if addr.checked_add(u64::from(size) - 1).is_none() {
            return Err(self.entries.beyond(addr, size));
        }
        into.push(Record::access(core, op, addr, size));
        Ok(())
    }

    /// Appends a record of a thread that may have had none before.
    #[cold]
    fn push_first(
        &mut self,
        op: Op,
        addr: u64,
        size: u32,
        cores: &mut Cores,
        into: &mut Vec<Record>,
    ) -> Result<(), TraceError> {
        let Some(id) = self.id else { return Err(self.entries.no_thread()) };
        let core = cores.of_thread(id);
        self.core = Some(core.map_err(|nth| self.entries.too_many(id, nth, cores.max()))?);
        self.push(op, addr, size, cores, into)
    }

    fn switch(&mut self, id: u64) {
        if self.id != Some(id) {
            self.id = Some(id);
            self.core = None;
            self.next_pc = None;
        }
    }

    fn take(&mut self) -> Result<Option<Entry>, TraceError> {
        match self.waiting.take() {
            Some(entry) => Ok(Some(entry)),
            None => Ok(self.entries.next()?.map(|bytes| Entry::new(&bytes))),
        }
    }

    fn check_header(&self, bytes: &[u8; BYTES]) -> Result<(), TraceError> {
        let entry = Entry::new(bytes);
        if entry.kind() != Kind::Header {
            return Err(self.entries.no_header(bytes));
        }
        match entry.addr {
            1..=VERSION_MAX => Ok(()),
            version => Err(self.entries.version(version)),
        }
    }

    /// Says of a file that cannot be read at all what it may be.
    #[cold]
    fn first_failed(&self, error: TraceError) -> TraceError {
        self.entries.unreadable(error)
    }
}
