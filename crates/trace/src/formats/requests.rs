//! What the traces of requests have in common: blocks of keys, and requests without an operation.
//!
//! A cache of keys and values has no addresses. Keys are numbered in the order in which they
//! appear, and the block of key n is the [`KEY_BYTES`] bytes from n x [`KEY_BYTES`] on.

use crate::error_kind::TraceErrorKind;
use crate::formats::keys::{Full, Keys};
use crate::limits::{CYCLES_MAX, KEY_TEXT_BYTES_MAX, KEYS_MAX};
use crate::record::{Op, Record};

/// The bytes from one key's block to the next.
pub(super) const KEY_BYTES: u32 = 64;

/// A second in picoseconds.
pub(super) const SECOND: u64 = 1_000_000_000_000;

/// The keys of a trace, each with a block of its own.
pub(super) struct KeyBlocks(Keys);

impl KeyBlocks {
    pub(super) fn new() -> KeyBlocks {
        KeyBlocks(Keys::new(KEYS_MAX, KEY_TEXT_BYTES_MAX))
    }

    /// Returns the access to a key's block: of as many bytes as the value has, from 1 to 64.
    pub(super) fn access(&mut self, op: Op, key: &[u8], value_bytes: u64) -> Result<Record, Full> {
        let addr = self.0.number(key)? * u64::from(KEY_BYTES);
        let size = value_bytes.clamp(1, u64::from(KEY_BYTES)) as u32;
        Ok(Record::access(0, op, addr, size))
    }
}

/// What was expected of a trace with too many keys: its kind, the limit, and what to do.
pub(super) fn too_many_keys() -> (TraceErrorKind, String, &'static str) {
    let expected =
        format!("at most {KEYS_MAX} different keys, of {KEY_TEXT_BYTES_MAX} bytes in all");
    (TraceErrorKind::TooManyKeys, expected, "take fewer keys, such as the first day of the trace")
}

/// What was expected of a time that is too late: its kind, the limit, and what to do.
pub(super) fn too_late() -> (TraceErrorKind, String, &'static str) {
    let days = CYCLES_MAX / SECOND / 86_400;
    let expected =
        format!("a time at most {CYCLES_MAX} ps (2^62, {days} days) after the first request's");
    (TraceErrorKind::BadTime, expected, "cut the trace into shorter ones")
}
