//! libCacheSim's oracleGeneral: binary, 24 bytes a request, little endian.
//!
//! | bytes | what |
//! |---|---|
//! | 0 to 3 | the time in seconds |
//! | 4 to 11 | the object |
//! | 12 to 15 | the size of the object in bytes |
//! | 16 to 23 | when the object is next asked for: ignored |
//!
//! There is no operation: every request is a read, or a write where the options say so. All are of
//! core 0. The first request's time is the beginning, and time never runs backwards. The block of
//! an object is 64 bytes, see `requests`; an access is as long as the object, from 1 to 64 bytes.

use std::io::{ErrorKind, Read};

use crate::codec::Codec;
use crate::error::{Place, TraceError};
use crate::error_kind::TraceErrorKind;
use crate::format::Format;
use crate::formats::clock::{Clock, Moment};
use crate::formats::requests::{self, KeyBlocks, SECOND};
use crate::header::Header;
use crate::limits::BLOCK_BYTES;
use crate::record::{Op, Record};
use crate::source::{CHUNK, Source};
use crate::text::failure;

/// The bytes of a request.
const REQUEST_BYTES: usize = 24;

/// The most records that a request makes.
const REQUEST_RECORDS_MAX: usize = 2;

/// A source of the requests of a trace.
pub(crate) struct OracleGeneral {
    input: Box<dyn Read + Send>,
    path: String,
    codec: Option<Codec>,
    header: Header,
    /// What every request is.
    op: Op,
    clock: Clock,
    keys: KeyBlocks,
    /// What was read: from `start` to `end` are the requests to come.
    block: Vec<u8>,
    start: usize,
    end: usize,
    /// The number of requests decoded.
    requests: u64,
    /// The records of the first request, read with the header.
    first: Vec<Record>,
    ended: bool,
}

impl OracleGeneral {
    /// Reads the first request.
    pub(crate) fn new(
        input: Box<dyn Read + Send>,
        path: &str,
        codec: Option<Codec>,
        op: Op,
    ) -> Result<OracleGeneral, TraceError> {
        let mut reader = OracleGeneral {
            input,
            path: path.to_owned(),
            codec,
            header: Header::new(Format::OracleGeneral),
            op,
            clock: Clock::new(SECOND),
            keys: KeyBlocks::new(),
            block: vec![0; BLOCK_BYTES / REQUEST_BYTES * REQUEST_BYTES],
            start: 0,
            end: 0,
            requests: 0,
            first: Vec::new(),
            ended: false,
        };
        let mut first = Vec::new();
        reader.decode(&mut first, 1)?;
        if first.is_empty() {
            return Err(failure::empty(path, Format::OracleGeneral));
        }
        reader.first = first;
        Ok(reader)
    }

    /// Appends records until there are `target` of them (or one more) or the trace ends.
    fn decode(&mut self, into: &mut Vec<Record>, target: usize) -> Result<(), TraceError> {
        let result = self.decode_blocks(into, target);
        self.ended |= result.is_err();
        result
    }

    fn decode_blocks(&mut self, into: &mut Vec<Record>, target: usize) -> Result<(), TraceError> {
        while into.len() < target {
            if self.end - self.start < REQUEST_BYTES && !self.fill()? {
                self.ended = true;
                return Ok(());
            }
            let (requests, _) = self.block[self.start..self.end].as_chunks::<REQUEST_BYTES>();
            for bytes in requests {
                if into.len() >= target {
                    break;
                }
                let (time, object, size) = fields(bytes);
                let access = self.keys.access(self.op, &object, size.into());
                let moment = self.clock.advance(time.into());
                let (Ok(access), Moment::Same | Moment::Later(_)) = (access, moment) else {
                    return Err(self.wrong(time, moment));
                };
                if let Moment::Later(record) = moment {
                    into.push(record);
                }
                into.push(access);
                self.start += REQUEST_BYTES;
                self.requests += 1;
            }
        }
        Ok(())
    }

    /// Reads until a request is at hand; `Ok(false)` at the end of the input.
    fn fill(&mut self) -> Result<bool, TraceError> {
        self.block.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        while self.end < REQUEST_BYTES {
            match self.input.read(&mut self.block[self.end..]) {
                Ok(0) if self.end == 0 => return Ok(false),
                Ok(0) => return Err(self.cut()),
                Ok(count) => self.end += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    let read = format!("{} requests", self.requests);
                    let error = failure::input_error(&self.path, self.codec, error, &read);
                    return Err(self.placed(error));
                }
            }
        }
        Ok(true)
    }

    /// Says that it is about the request after those that were decoded.
    fn placed(&self, mut error: TraceError) -> TraceError {
        let offset = self.requests * REQUEST_BYTES as u64;
        error.place = Place::Binary { record: self.requests + 1, offset };
        error
    }

    #[cold]
    fn cut(&self) -> TraceError {
        let error = TraceError::new(TraceErrorKind::CutRecord, &self.path)
            .found(format!("the end of the file after {} bytes of a record", self.end))
            .expected(format!("records of {REQUEST_BYTES} bytes"))
            .help("copy the file again; if it is whole, it is in another format: `--format msr`");
        self.placed(error)
    }

    /// Makes the error of a request whose key or time cannot be.
    #[cold]
    fn wrong(&self, time: u32, moment: Moment) -> TraceError {
        let latest = self.clock.latest();
        let (kind, expected, help) = match moment {
            Moment::Earlier => (
                TraceErrorKind::TimeBackwards,
                format!("a time not before the last one, {latest} s"),
                "sort the requests by time; if they are, this is no oracleGeneral trace",
            ),
            Moment::TooLate => requests::too_late(),
            Moment::Same | Moment::Later(_) => requests::too_many_keys(),
        };
        let found = match kind {
            TraceErrorKind::TooManyKeys => "one more".to_owned(),
            _ => format!("{time} s"),
        };
        self.placed(TraceError::new(kind, &self.path).found(found).expected(expected).help(help))
    }
}

/// Returns the time, the object (as the bytes of its number) and its size.
fn fields(bytes: &[u8; REQUEST_BYTES]) -> (u32, [u8; 8], u32) {
    let [t0, t1, t2, t3, o0, o1, o2, o3, o4, o5, o6, o7, s0, s1, s2, s3, ..] = *bytes;
    let time = u32::from_le_bytes([t0, t1, t2, t3]);
    let size = u32::from_le_bytes([s0, s1, s2, s3]);
    (time, [o0, o1, o2, o3, o4, o5, o6, o7], size)
}

impl Source for OracleGeneral {
    fn header(&self) -> &Header {
        &self.header
    }

    fn read(&mut self, into: &mut Vec<Record>) -> Result<bool, TraceError> {
        let before = into.len();
        into.append(&mut self.first);
        if !self.ended {
            into.reserve(CHUNK);
            self.decode(into, before + CHUNK + 1 - REQUEST_RECORDS_MAX)?;
        }
        Ok(into.len() > before)
    }
}
