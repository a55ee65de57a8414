//! What mesim's own recorders write: a stream of 16-byte records, little endian.
//!
//! | bytes | header |
//! |---|---|
//! | 0 to 7 | `mesimrec` |
//! | 8, 9 | the version, 1 |
//! | 10, 11 | the bytes of a record, 16 |
//! | 12 to 15 | 0 |
//!
//! | bits | record |
//! |---|---|
//! | 0 to 47 | the address |
//! | 48 to 63 | the recorder's own: ignored |
//! | 64 to 95 | the lower half of the program counter |
//! | 96 to 111 | the thread, as the recorder numbers it |
//! | 112 to 123 | the size in bytes |
//! | 124 to 127 | 0 read, 1 write, 2 atomic, 3 fetch, 4 fence; 5: see below |
//!
//! The address of a record of kind 5 is the upper half of the program counters of its thread from
//! there on. Threads become cores as they appear in the stream. A recorder that is killed may leave
//! its last record cut: what came before it is the trace.

use std::io::{ErrorKind, Read};

use crate::error::{Place, TraceError};
use crate::error_kind::TraceErrorKind;
use crate::format::Format;
use crate::header::Header;
use crate::record::{Op, Record};
use crate::source::{CHUNK, Source};

/// The bytes of a record, and of the header.
const RECORD_BYTES: usize = 16;

/// How the stream begins.
const MAGIC: &[u8; 8] = b"mesimrec";

/// The version of the stream that is read.
const VERSION: u16 = 1;

/// What a thread is before it has a core.
const NO_CORE: u16 = u16::MAX;

/// A source of what one of mesim's own recorders writes.
pub struct Recorded {
    input: Box<dyn Read + Send>,
    path: String,
    header: Header,
    cores_max: u16,
    /// Whether program counters are wanted.
    pcs: bool,
    /// The upper half of each thread's program counter.
    pc_high: Vec<u32>,
    /// The core of each thread, and how many have one.
    core_of: Vec<u16>,
    cores: u16,
    /// What was read: up to `end` are records to come, from `start` on.
    block: Vec<u8>,
    start: usize,
    end: usize,
    /// Records decoded, of which there may be more than are passed on.
    decoded: u64,
    ended: bool,
}

impl Recorded {
    /// Reads the header; none at all is the error of an empty trace.
    ///
    /// `path` is the stream's name in errors; a thread beyond `cores_max` is one. With `pcs`, a
    /// program counter comes before each access.
    pub fn new(
        input: Box<dyn Read + Send>,
        path: &str,
        cores_max: u16,
        pcs: bool,
    ) -> Result<Recorded, TraceError> {
        let mut reader = Recorded {
            input,
            path: path.to_owned(),
            header: Header { pcs, ..Header::new(Format::Mtrc) },
            pcs,
            pc_high: vec![0; 1 << 16],
            cores_max,
            core_of: vec![NO_CORE; 1 << 16],
            cores: 0,
            block: vec![0; CHUNK * RECORD_BYTES],
            start: 0,
            end: 0,
            decoded: 0,
            ended: false,
        };
        if !reader.fill()? {
            return Err(reader.wrong(TraceErrorKind::Empty).help("the program recorded nothing"));
        }
        reader.check_header()?;
        reader.start = RECORD_BYTES;
        Ok(reader)
    }

    fn check_header(&self) -> Result<(), TraceError> {
        let header = &self.block[..RECORD_BYTES];
        let half = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
        let wrong = |kind| TraceError::new(kind, &self.path);
        if header[..MAGIC.len()] != *MAGIC {
            return Err(wrong(TraceErrorKind::BadFileHeader)
                .found("other bytes")
                .expected("`mesimrec`, how a recorder's stream begins")
                .help("something else than the recorder wrote to the trace's pipe"));
        }
        if half(8) != VERSION {
            return Err(wrong(TraceErrorKind::NewerVersion)
                .found(format!("version {} of the recorder's stream", half(8)))
                .expected(format!("version {VERSION}"))
                .help("link the program again, with what this mesim's `--print-cc-flags` prints"));
        }
        if usize::from(half(10)) != RECORD_BYTES || header[12..] != [0; 4] {
            return Err(wrong(TraceErrorKind::BadFileHeader)
                .found(format!("records of {} bytes", half(10)))
                .expected(format!("{RECORD_BYTES}, and zeros"))
                .help("something else than the recorder wrote to the trace's pipe"));
        }
        Ok(())
    }

    /// Reads until there is a record; `Ok(false)` at the end of the input, or of its whole records.
    fn fill(&mut self) -> Result<bool, TraceError> {
        self.block.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        while self.end < RECORD_BYTES {
            match self.input.read(&mut self.block[self.end..]) {
                Ok(0) => return Ok(false),
                Ok(count) => self.end += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    let found = format!("{error} after {} records", self.decoded);
                    return Err(self.wrong(TraceErrorKind::Io).found(found).caused_by(error));
                }
            }
        }
        Ok(true)
    }

    /// Appends what is at hand, which may be nothing that is passed on.
    fn decode(&mut self, into: &mut Vec<Record>) -> Result<(), TraceError> {
        let (records, _) = self.block[self.start..self.end].as_chunks::<RECORD_BYTES>();
        for bytes in records {
            let bits = u128::from_le_bytes(*bytes);
            let addr = (bits & 0xffff_ffff_ffff) as u64;
            let size = (bits >> 112) as u32 & 0xfff;
            let op = match bits >> 124 {
                0 => Op::Read,
                1 => Op::Write,
                2 => Op::Atomic,
                3 => Op::Fetch,
                4 => Op::Fence,
                5 => {
                    self.pc_high[usize::from((bits >> 96) as u16)] = addr as u32;
                    self.decoded += 1;
                    continue;
                }
                kind => return Err(self.no_such_kind(kind)),
            };
            let thread = usize::from((bits >> 96) as u16);
            let mut core = self.core_of[thread];
            if core == NO_CORE {
                if self.cores >= self.cores_max {
                    return Err(self.too_many());
                }
                core = self.cores;
                self.cores += 1;
                self.core_of[thread] = core;
            }
            if op == Op::Fence {
                into.push(Record::event(core, op, 0));
            } else if size == 0 {
                return Err(self.no_size(bytes));
            } else {
                if self.pcs && op != Op::Fetch {
                    let pc =
                        u64::from(self.pc_high[thread]) << 32 | (bits >> 64) as u64 & 0xffff_ffff;
                    into.push(Record::event(core, Op::Pc, pc));
                }
                into.push(Record::access(core, op, addr, size));
            }
            self.decoded += 1;
        }
        self.start = self.end - (self.end - self.start) % RECORD_BYTES;
        Ok(())
    }

    /// Begins an error about the record after those that were decoded.
    #[cold]
    fn wrong(&self, kind: TraceErrorKind) -> TraceError {
        let mut error = TraceError::new(kind, &self.path);
        let offset = (self.decoded + 1) * RECORD_BYTES as u64;
        error.place = Place::Binary { record: self.decoded + 1, offset };
        error
    }

    #[cold]
    fn no_such_kind(&self, kind: u128) -> TraceError {
        self.wrong(TraceErrorKind::BadOp)
            .found(format!("a record of kind {kind}"))
            .expected("a kind from 0 to 5")
            .help("two programs may have written to the trace's pipe; record one of them")
    }

    #[cold]
    fn no_size(&self, bytes: &[u8; RECORD_BYTES]) -> TraceError {
        if bytes.starts_with(MAGIC) {
            return self
                .wrong(TraceErrorKind::BadFileHeader)
                .found("the beginning of a second program")
                .expected("one program in a trace")
                .help("record each by itself, rather than a shell or make that runs them");
        }
        self.wrong(TraceErrorKind::SizeOutOfRange)
            .found("an access of 0 bytes")
            .expected("1 byte at least")
            .help("two programs may have written to the trace's pipe; record one of them")
    }

    #[cold]
    fn too_many(&self) -> TraceError {
        self.wrong(TraceErrorKind::CoreOutOfRange)
            .found(format!("thread {} of the program", u32::from(self.cores) + 1))
            .expected(format!("{} threads at most, a core for each", self.cores_max))
            .help("lay several threads on a core: `--threads-as-cores 4-way`")
    }
}

impl Source for Recorded {
    fn header(&self) -> &Header {
        &self.header
    }

    fn read(&mut self, into: &mut Vec<Record>) -> Result<bool, TraceError> {
        let before = into.len();
        while !self.ended && into.len() == before {
            let more = if self.end - self.start < RECORD_BYTES { self.fill() } else { Ok(true) };
            let result = more.and_then(|more| {
                self.ended = !more;
                if more { self.decode(into) } else { Ok(()) }
            });
            self.ended |= result.is_err();
            result?;
        }
        Ok(into.len() > before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: [u8; 16] = *b"mesimrec\x01\0\x10\0\0\0\0\0";

    /// A record by hand: what, thread, size, address; the other fields are full of ones.
    fn raw(kind: u8, thread: u16, size: u16, addr: u64) -> [u8; 16] {
        let mut bytes = [0xff; 16];
        bytes[..6].copy_from_slice(&addr.to_le_bytes()[..6]);
        bytes[12..14].copy_from_slice(&thread.to_le_bytes());
        bytes[14..].copy_from_slice(&(size | u16::from(kind) << 12).to_le_bytes());
        bytes
    }

    /// A reader that hands out seven bytes at a time.
    struct Drops(Vec<u8>);

    impl Read for Drops {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let count = self.0.len().min(7).min(into.len());
            into[..count].copy_from_slice(&self.0[..count]);
            self.0.drain(..count);
            Ok(count)
        }
    }

    fn read(bytes: &[u8], cores_max: u16) -> (Vec<Record>, Option<TraceError>) {
        let mut records = Vec::new();
        let mut source =
            match Recorded::new(Box::new(Drops(bytes.to_vec())), "pipe", cores_max, false) {
                Ok(source) => source,
                Err(error) => return (records, Some(error)),
            };
        loop {
            match source.read(&mut records) {
                Ok(true) => {}
                Ok(false) => return (records, None),
                Err(error) => {
                    assert!(!source.read(&mut records).unwrap(), "an error is the end");
                    return (records, Some(error));
                }
            }
        }
    }

    fn stream(records: &[[u8; 16]]) -> Vec<u8> {
        [HEADER].iter().chain(records).flatten().copied().collect()
    }

    #[test]
    fn records_are_read_and_threads_become_cores_as_they_appear() {
        let bytes = stream(&[
            raw(5, 9, 0, 0x7fff),
            raw(0, 7, 8, 0x1000),
            raw(1, 3, 16, 0xffff_ffff_fff0),
            raw(2, 7, 4, 0x2004),
            raw(3, 65_535, 15, 0x40),
            raw(4, 3, 0, 0),
        ]);
        let expected = [
            Record::access(0, Op::Read, 0x1000, 8),
            Record::access(1, Op::Write, 0xffff_ffff_fff0, 16),
            Record::access(0, Op::Atomic, 0x2004, 4),
            Record::access(2, Op::Fetch, 0x40, 15),
            Record::event(1, Op::Fence, 0),
        ];
        let (records, error) = read(&bytes, 64);
        assert!(error.is_none());
        assert_eq!(records, expected);
    }

    #[test]
    fn a_program_counter_comes_before_each_access_for_who_asks() {
        let with_pc = |mut bytes: [u8; 16], pc: u32| {
            bytes[8..12].copy_from_slice(&pc.to_le_bytes());
            bytes
        };
        let bytes = stream(&[
            with_pc(raw(0, 7, 8, 0x1000), 0x40_1000),
            raw(5, 7, 0, 0x7fff),
            with_pc(raw(1, 7, 8, 0x1000), 0xffff_fff0),
            with_pc(raw(1, 3, 8, 0x1000), 0x10),
            with_pc(raw(3, 7, 2, 0x99), 0x99),
        ]);
        let mut source = Recorded::new(Box::new(Drops(bytes)), "pipe", 64, true).unwrap();
        assert!(source.header().pcs);
        let mut records = Vec::new();
        while source.read(&mut records).unwrap() {}
        let expected = [
            Record::event(0, Op::Pc, 0x40_1000),
            Record::access(0, Op::Read, 0x1000, 8),
            Record::event(0, Op::Pc, 0x7fff_ffff_fff0),
            Record::access(0, Op::Write, 0x1000, 8),
            Record::event(1, Op::Pc, 0x10),
            Record::access(1, Op::Write, 0x1000, 8),
            Record::access(0, Op::Fetch, 0x99, 2),
        ];
        assert_eq!(records, expected);
    }

    #[test]
    fn a_record_that_was_begun_is_left_out() {
        let bytes = stream(&[raw(0, 0, 1, 1), raw(0, 0, 1, 2)]);
        for (length, count) in [(16, 0), (17, 0), (31, 0), (32, 1), (47, 1), (48, 2)] {
            let (records, error) = read(&bytes[..length], 64);
            assert_eq!((records.len(), error.is_none()), (count, true), "of {length} bytes");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let with = |at: usize, byte: u8| {
            let mut bytes = stream(&[raw(0, 0, 1, 1)]);
            bytes[at] = byte;
            bytes
        };
        let good = raw(0, 0, 1, 1);
        let cases = [
            (Vec::new(), TraceErrorKind::Empty, 0),
            (HEADER[..9].to_vec(), TraceErrorKind::Empty, 0),
            (with(0, b'M'), TraceErrorKind::BadFileHeader, 0),
            (with(8, 2), TraceErrorKind::NewerVersion, 0),
            (with(10, 24), TraceErrorKind::BadFileHeader, 0),
            (with(15, 1), TraceErrorKind::BadFileHeader, 0),
            (stream(&[good, raw(6, 0, 1, 1)]), TraceErrorKind::BadOp, 1),
            (stream(&[good, HEADER]), TraceErrorKind::BadFileHeader, 1),
            (stream(&[good, good, raw(1, 0, 0, 1)]), TraceErrorKind::SizeOutOfRange, 2),
            (
                stream(&[good, raw(0, 1, 1, 1), good, raw(0, 2, 1, 1)]),
                TraceErrorKind::CoreOutOfRange,
                3,
            ),
        ];
        for (bytes, kind, before) in cases {
            let (records, error) = read(&bytes, 2);
            let error = error.expect("an error");
            assert_eq!((error.kind, records.len()), (kind, before), "{error}");
            if before > 0 {
                let number = before as u64 + 1;
                assert_eq!(error.place, Place::Binary { record: number, offset: number * 16 });
            }
        }
    }
}
