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

use std::io::Read;

use crate::codec::Codec;
use crate::error::TraceError;
use crate::error_kind::TraceErrorKind;
use crate::format::Format;
use crate::formats::clock::{Clock, Moment};
use crate::formats::fixed::FixedRecords;
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

const CUT_HELP: &str =
    "copy the file again; if it is whole, it is in another format: `--format msr`";

/// A source of the requests of a trace.
pub(crate) struct OracleGeneral {
    requests: FixedRecords<REQUEST_BYTES>,
    header: Header,
    /// What every request is.
    op: Op,
    clock: Clock,
    keys: KeyBlocks,
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
        let requests = FixedRecords::new(input, path, codec, BLOCK_BYTES);
        let mut reader = OracleGeneral {
            requests: requests.called("requests", CUT_HELP),
            header: Header::new(Format::OracleGeneral),
            op,
            clock: Clock::new(SECOND),
            keys: KeyBlocks::new(),
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
        let result = self.decode_requests(into, target);
        self.ended |= result.is_err();
        result
    }

    fn decode_requests(&mut self, into: &mut Vec<Record>, target: usize) -> Result<(), TraceError> {
        while into.len() < target {
            let Some(bytes) = self.requests.next()? else {
                self.ended = true;
                return Ok(());
            };
            let (time, object, size) = fields(&bytes);
            let access = self.keys.access(self.op, &object, size.into());
            let moment = self.clock.advance(time.into());
            let (Ok(access), Moment::Same | Moment::Later(_)) = (access, moment) else {
                return Err(self.wrong(time, moment));
            };
            if let Moment::Later(record) = moment {
                into.push(record);
            }
            into.push(access);
        }
        Ok(())
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
        self.requests.wrong(kind).found(found).expected(expected).help(help)
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
