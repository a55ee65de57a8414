//! Requests to caches of keys and values, as Twitter published them.
//!
//! `TIME,KEY,KEYSIZE,VALUESIZE,CLIENT,OPERATION,TTL`, all of core 0: which client asks does not
//! matter. The time is in seconds; the first request's is the beginning. A request that is earlier
//! than one before it counts as at the same time. `get` and `gets` are reads; `set`, `add`,
//! `replace`, `cas`, `append`, `prepend`, `incr`, `decr` and `delete` are writes: a delete changes
//! what is stored as well. A key may have commas.
//!
//! The block of a key is [`KEY_BYTES`](super::requests::KEY_BYTES) bytes, see `requests`; an access
//! is as long as the value, from 1 to 64 bytes. Key size, client and TTL are ignored.

use crate::error_kind::TraceErrorKind;
use crate::formats::clock::{Clock, Moment};
use crate::formats::requests::{self, KeyBlocks, SECOND};
use crate::record::{Op, Record};
use crate::text::buffer::WINDOW_BYTES;
use crate::text::commas::Columns;
use crate::text::fault::Fault;
use crate::text::number::{self, NotANumber};
use crate::text::reader::LineFormat;

const COLUMNS: Columns<7> = Columns {
    expected: [
        "a time in seconds",
        "a key",
        "the size of the key",
        "the size of the value",
        "a client",
        "an operation",
        "a time to live",
    ],
    wide: Some(1),
    help: "a line is `TIME,KEY,KEYSIZE,VALUESIZE,CLIENT,OPERATION,TTL`, such as \
           `0,q:q:1:8WTfjZU14ee,17,213,4,get,0`",
};

const OPERATIONS: &str = "get, gets, set, add, replace, cas, append, prepend, incr, decr or delete";

/// The grammar of a line, the keys and the time so far.
pub(crate) struct Twitter {
    clock: Clock,
    keys: KeyBlocks,
}

impl Twitter {
    pub(crate) fn new() -> Twitter {
        Twitter { clock: Clock::new(SECOND), keys: KeyBlocks::new() }
    }
}

impl LineFormat for Twitter {
    fn fast(&mut self, _bytes: &[u8; WINDOW_BYTES], _into: &mut Vec<Record>) -> usize {
        0
    }

    fn line(&mut self, line: &[u8], into: &mut Vec<Record>) -> Result<(), Fault> {
        let [time, key, _, value, _, label, _] = COLUMNS.of(line)?;
        let seconds = number::decimal_digits(time.bytes).map_err(|_| {
            Fault::new(TraceErrorKind::BadTime, time.span())
                .expected(COLUMNS.expected[0])
                .help(COLUMNS.help)
        })?;
        let bytes = match number::decimal_digits(value.bytes) {
            Ok(bytes) => bytes,
            Err(NotANumber::Overflow) => u64::MAX,
            Err(NotANumber::Digits) => {
                return Err(Fault::new(TraceErrorKind::BadSize, value.span())
                    .expected(COLUMNS.expected[3])
                    .help(COLUMNS.help));
            }
        };
        let op = operation(label.bytes).ok_or_else(|| {
            Fault::new(TraceErrorKind::BadOp, label.span()).expected(OPERATIONS).help(COLUMNS.help)
        })?;
        let access = self.keys.access(op, key.bytes, bytes).map_err(|_| {
            let (kind, expected, help) = requests::too_many_keys();
            Fault::new(kind, key.span()).expected(expected).help(help)
        })?;
        match self.clock.advance(seconds) {
            Moment::Same | Moment::Earlier => {}
            Moment::Later(record) => into.push(record),
            Moment::TooLate => {
                let (kind, expected, help) = requests::too_late();
                return Err(Fault::new(kind, time.span()).expected(expected).help(help));
            }
        }
        into.push(access);
        Ok(())
    }
}

fn operation(label: &[u8]) -> Option<Op> {
    match label {
        b"get" | b"gets" => Some(Op::Read),
        b"set" | b"add" | b"replace" | b"cas" | b"append" | b"prepend" | b"incr" | b"decr"
        | b"delete" => Some(Op::Write),
        _ => None,
    }
}

/// Returns whether a line may be one of this format.
pub(crate) fn looks(line: &[u8]) -> bool {
    let Some([time, _, key, value, _, label, _]) = COLUMNS.fit(line) else { return false };
    operation(label.bytes).is_some()
        && [time, key, value].iter().all(|field| number::decimal_digits(field.bytes).is_ok())
}
