//! A chunk's third stream: which instructions its records come from.
//!
//! A number for every record but times and fetches, which say it themselves: how far the
//! instruction is from that of the core's record before, 0 at the beginning of a chunk. In memory
//! a program counter is a record of its own ([`Op::Pc`]) before those that it is of; the other two
//! streams know nothing of them, so that who does not want any does not decode them.

use crate::mtrc::careful::{Fault, number};
use crate::mtrc::encode::varint;
use crate::mtrc::layout::{is_time, unzigzag, zigzag};
use crate::record::{CORES_MAX, Op, Record};

/// The instruction of each core.
type Pcs = [u64; CORES_MAX as usize];

/// The stream of a chunk that is being made.
pub(crate) struct PcEncoder {
    /// Where the cores are, from one chunk to the next.
    now: Box<Pcs>,
    /// Where they were at their last records in this chunk.
    lasts: Box<Pcs>,
    bytes: Vec<u8>,
    /// Whether there has been a program counter: before, no stream is written.
    begun: bool,
}

impl PcEncoder {
    pub(crate) fn new() -> PcEncoder {
        let none = || Box::new([0; CORES_MAX as usize]);
        PcEncoder { now: none(), lasts: none(), bytes: Vec::new(), begun: false }
    }

    /// Takes a program counter.
    pub(crate) fn pc(&mut self, core: u16, pc: u64) {
        self.now[usize::from(core & 63)] = pc;
        self.begun = true;
    }

    /// Takes a record.
    pub(crate) fn push(&mut self, record: &Record) {
        let core = usize::from(record.core & 63);
        if record.op == Op::Fetch {
            (self.now[core], self.lasts[core]) = (record.addr, record.addr);
        } else if !is_time(record.op) {
            varint(&mut self.bytes, zigzag(self.now[core].wrapping_sub(self.lasts[core])));
            self.lasts[core] = self.now[core];
        }
    }

    /// Appends the stream, which may be empty, and begins that of the next chunk; returns its
    /// length.
    pub(crate) fn finish(&mut self, raw: &mut Vec<u8>) -> u32 {
        let length = if self.begun { self.bytes.len() } else { 0 };
        raw.extend_from_slice(&self.bytes[..length]);
        self.bytes.clear();
        self.lasts.fill(0);
        length as u32
    }
}

/// Puts the program counters of a chunk before the records from `from` on: each where it changes,
/// and the first of each core.
pub(crate) fn weave(stream: &[u8], from: usize, into: &mut Vec<Record>) -> Result<(), Fault> {
    let records = into.split_off(from);
    into.reserve(2 * records.len());
    let mut lasts = [0_u64; CORES_MAX as usize];
    let mut said = [None; CORES_MAX as usize];
    let mut read = 0;
    for record in records {
        let core = usize::from(record.core & 63);
        if record.op == Op::Fetch {
            (lasts[core], said[core]) = (record.addr, Some(record.addr));
        } else if !is_time(record.op) {
            lasts[core] = lasts[core].wrapping_add(unzigzag(number(stream, &mut read)?));
            if said[core] != Some(lasts[core]) {
                said[core] = Some(lasts[core]);
                into.push(Record::event(record.core, Op::Pc, lasts[core]));
            }
        }
        into.push(record);
    }
    match stream.len() - read {
        0 => Ok(()),
        left => Err(Fault::Left(left)),
    }
}
