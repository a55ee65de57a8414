//! ChampSim's traces: binary, an instruction a record, one core, little endian.
//!
//! | bytes | bytes of CloudSuite's | what |
//! |---|---|---|
//! | 0 to 7 | 0 to 7 | the address of the instruction |
//! | 8 | 8 | whether it is a branch: 0 or 1 |
//! | 9 | 9 | whether the branch is taken: 0 or 1 |
//! | 10 to 15 | 10 to 17 | registers: ignored |
//! | 16 to 31 | 24 to 55 | where it stores: 2 (4) addresses |
//! | 32 to 63 | 56 to 87 | where it loads: 4 addresses |
//! | | 88 to 89 | the address space: ignored |
//!
//! An instruction is a fetch, then its loads, then its stores, each in the order of the record. An
//! address of 0 means that there is none, of an instruction too.
//!
//! There are no sizes: ChampSim moves lines, one for each address. Every access is taken to reach
//! to the end of its 8-byte word, so that it is of one line here as well, whatever the address.

use std::io::Read;

use crate::codec::Codec;
use crate::error::TraceError;
use crate::error_kind::TraceErrorKind;
use crate::format::Format;
use crate::formats::fixed::FixedRecords;
use crate::formats::word_end::bytes_to_word_end;
use crate::header::Header;
use crate::limits::BLOCK_BYTES;
use crate::record::{Op, Record};
use crate::source::{CHUNK, Source};
use crate::text::failure;

/// The bytes of a record.
pub(super) const BYTES: usize = 64;

/// The bytes of a record of the variant that CloudSuite's traces are in.
pub(super) const CLOUDSUITE_BYTES: usize = 96;

/// The addresses that an instruction loads from, at the most.
pub(super) const LOADS: usize = 4;

/// The most accesses that an instruction is: a fetch, four loads and four stores.
const ACCESSES_MAX: usize = 9;

/// Where the parts of a record of so many bytes begin: the stores, the loads, what follows them.
const fn parts(bytes: usize) -> (usize, usize, usize) {
    if bytes == CLOUDSUITE_BYTES { (24, 56, 88) } else { (16, 32, 64) }
}

/// A source of the accesses of the instructions of a trace.
pub(crate) struct Champsim<const BYTES: usize> {
    instructions: FixedRecords<BYTES>,
    header: Header,
    /// The accesses of the first instruction that has some, read with the header.
    first: Vec<Record>,
    ended: bool,
}

/// Makes the reader of one of the two formats.
pub(super) fn reader(
    format: Format,
    input: Box<dyn Read + Send>,
    path: &str,
    codec: Option<Codec>,
) -> Result<Box<dyn Source>, TraceError> {
    Ok(if format == Format::ChampsimCloudsuite {
        Box::new(Champsim::<CLOUDSUITE_BYTES>::new(format, input, path, codec)?)
    } else {
        Box::new(Champsim::<BYTES>::new(format, input, path, codec)?)
    })
}

impl<const BYTES: usize> Champsim<BYTES> {
    /// Reads the first instruction that has an access.
    fn new(
        format: Format,
        input: Box<dyn Read + Send>,
        path: &str,
        codec: Option<Codec>,
    ) -> Result<Champsim<BYTES>, TraceError> {
        let help = if format == Format::ChampsimCloudsuite {
            "copy the file again; if it is whole, it is in another format: `--format champsim`"
        } else {
            "copy the file again; if it is whole, it may be CloudSuite's, of 96 bytes a record: \
             `--format champsim-cloudsuite`"
        };
        let instructions = FixedRecords::new(input, path, codec, BLOCK_BYTES);
        let mut reader = Champsim {
            instructions: instructions.called("records", help),
            header: Header::new(format),
            first: Vec::new(),
            ended: false,
        };
        let mut first = Vec::new();
        reader.decode(&mut first, 1)?;
        if first.is_empty() {
            return Err(failure::empty(path, format));
        }
        reader.first = first;
        Ok(reader)
    }

    /// Appends records until there are `target` of them (or a few more) or the trace ends.
    fn decode(&mut self, into: &mut Vec<Record>, target: usize) -> Result<(), TraceError> {
        while into.len() < target {
            let next = self.instructions.next();
            self.ended = !matches!(next, Ok(Some(_)));
            let Some(bytes) = next? else { return Ok(()) };
            if !is_branch_known(&bytes) {
                self.ended = true;
                return Err(self.no_instruction(&bytes));
            }
            accesses(&bytes, into);
        }
        Ok(())
    }

    /// Makes the error of a record that is of another format.
    #[cold]
    fn no_instruction(&self, bytes: &[u8; BYTES]) -> TraceError {
        let (branch, taken) = (bytes[8], bytes[9]);
        let other = if BYTES == CLOUDSUITE_BYTES { "champsim" } else { "champsim-cloudsuite" };
        self.instructions
            .wrong(TraceErrorKind::BadOp)
            .found(format!("{branch} for whether it is a branch, {taken} for whether it is taken"))
            .expected("0 or 1 for each")
            .help(format!(
                "the records are not of {BYTES} bytes, or this is another format: `--format \
                 {other}`"
            ))
    }
}

/// Appends the accesses of an instruction.
///
/// Here, and only here, the address of the instruction and those of its accesses are together.
fn accesses<const BYTES: usize>(bytes: &[u8; BYTES], into: &mut Vec<Record>) {
    let (stores, loads, end) = parts(BYTES);
    let mut push = |op, addr| {
        if addr != 0 {
            into.push(Record::access(0, op, addr, bytes_to_word_end(addr)));
        }
    };
    push(Op::Fetch, instruction(bytes));
    for addr in addresses(&bytes[loads..end]) {
        push(Op::Read, addr);
    }
    for addr in addresses(&bytes[stores..loads]) {
        push(Op::Write, addr);
    }
}

fn instruction(bytes: &[u8]) -> u64 {
    addresses(&bytes[..8]).next().unwrap_or(0)
}

fn addresses(bytes: &[u8]) -> impl Iterator<Item = u64> {
    bytes.as_chunks::<8>().0.iter().map(|bytes| u64::from_le_bytes(*bytes))
}

/// Returns whether the bytes that say what kind of branch an instruction is can be.
const fn is_branch_known(bytes: &[u8]) -> bool {
    bytes[8] <= 1 && bytes[9] <= 1
}

/// Returns which of the two formats the beginning of a file fits, if it is one alone.
///
/// They have no magic number. An instruction of either has an address, 0 or 1 in two places, and
/// addresses as processors have them, of 48 or 57 bits; where the records begin in wrong places
/// that fails soon.
pub(crate) fn looks(bytes: &[u8], whole: bool) -> Option<Format> {
    let short = fits::<BYTES>(bytes, whole);
    let long = fits::<CLOUDSUITE_BYTES>(bytes, whole);
    match (short, long) {
        (true, false) => Some(Format::Champsim),
        (false, true) => Some(Format::ChampsimCloudsuite),
        _ => None,
    }
}

fn fits<const BYTES: usize>(bytes: &[u8], whole: bool) -> bool {
    let (records, rest) = bytes.as_chunks::<BYTES>();
    let is_address = |addr: u64| matches!(addr >> 56, 0 | 0xff);
    let is_instruction = |record: &[u8; BYTES]| {
        let (stores, _, end) = parts(BYTES);
        let mut all = addresses(&record[stores..end]);
        is_branch_known(record)
            && record[8] >= record[9]
            && instruction(record) != 0
            && is_address(instruction(record))
            && all.all(is_address)
            // Behind the last address there is nothing but the address space and padding.
            && record[end..].iter().skip(2).all(|&byte| byte == 0)
    };
    !records.is_empty() && records.iter().all(is_instruction) && (rest.is_empty() || !whole)
}

impl<const BYTES: usize> Source for Champsim<BYTES> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn read(&mut self, into: &mut Vec<Record>) -> Result<bool, TraceError> {
        let before = into.len();
        into.append(&mut self.first);
        if !self.ended {
            into.reserve(CHUNK);
            self.decode(into, before + CHUNK + 1 - ACCESSES_MAX)?;
        }
        Ok(into.len() > before)
    }
}
