//! What RISC-V's simulator Spike writes with `--log-commits`: an instruction a line.
//!
//! `core   0: 3 0xPC (0xOPCODE)`, then the registers that changed, each a name and a value, then
//! ` mem 0xADDR` for each load and ` mem 0xADDR 0xDATA` for each store. A line is a fetch of as
//! many bytes as the opcode has digits for, then its loads and stores. What stands in lines of
//! other kinds (`-l` prints the disassembly, exceptions and symbols) is skipped: an instruction
//! that is not committed has no line of its own.
//!
//! A store has as many bytes as its data has digits for. A load says none: the opcode tells how
//! many, and where it does not (vectors), the load reaches to the end of its 8-byte word. A load
//! and a store of one atomic instruction (AMO) to one address are one atomic access.

use crate::error_kind::TraceErrorKind;
use crate::formats::riscv;
use crate::formats::word_end::bytes_to_word_end;
use crate::limits::LINE_BYTES_MAX;
use crate::record::{Op, Record};
use crate::text::buffer::WINDOW_BYTES;
use crate::text::fault::Fault;
use crate::text::fields::{Field, Fields};
use crate::text::number::{self, NotANumber};
use crate::text::reader::LineFormat;

const EXAMPLE: &str =
    "a line is such as `core   0: 3 0x0000000080000100 (0x0005b503) x10 0x1 mem 0x80002000`";

/// The shortest access of a line: ` mem 0x0`.
const ACCESS_BYTES_MIN: usize = 8;

/// The digits of the longest opcode that is known, of 8 bytes.
const OPCODE_DIGITS_MAX: usize = 16;

/// The grammar of a line.
pub(crate) struct Spike {
    /// The number of cores of the machine.
    pub(crate) cores: u16,
}

impl LineFormat for Spike {
    const LINE_RECORDS_MAX: usize = 1 + LINE_BYTES_MAX / ACCESS_BYTES_MIN;

    fn fast(&mut self, _bytes: &[u8; WINDOW_BYTES], _into: &mut Vec<Record>) -> usize {
        0
    }

    fn line(&mut self, line: &[u8], into: &mut Vec<Record>) -> Result<(), Fault> {
        let before = into.len();
        let result = self.instruction(line, into);
        if result.is_err() {
            // What is wrong behind the first accesses makes the line no instruction.
            into.truncate(before);
        }
        result
    }
}

impl Spike {
    fn instruction(&self, line: &[u8], into: &mut Vec<Record>) -> Result<(), Fault> {
        let mut fields = Fields::new(line);
        let word = fields.expect("`core`", EXAMPLE)?;
        if word.bytes != b"core" {
            return Err(Fault::new(TraceErrorKind::BadOp, word.span())
                .expected("`core` and its number")
                .help(EXAMPLE));
        }
        let mut hart = fields.expect("the number of a core and a colon", EXAMPLE)?;
        hart.bytes = hart.bytes.strip_suffix(b":").unwrap_or(hart.bytes);
        let core = number::core(hart, self.cores)?;
        let Some(privilege) = fields.next() else { return Ok(()) };
        if !is_privilege(privilege.bytes) {
            return Ok(());
        }
        let place = fields.expect("the pc, with 0x", EXAMPLE)?;
        let pc = number::address_0x(place)?;
        let opcode = opcode(fields.expect("the opcode, between parentheses", EXAMPLE)?)?;
        // Here, and only here, the pc and what the instruction accesses are together.
        let mut accesses = Accesses { core, opcode, wide: false, into };
        accesses.push(Op::Fetch, pc, opcode.bytes, place)?;
        accesses.read(&mut fields)
    }
}

/// The accesses of one instruction.
struct Accesses<'into> {
    core: u16,
    opcode: Opcode,
    /// Whether addresses have 64 bits.
    wide: bool,
    into: &'into mut Vec<Record>,
}

impl Accesses<'_> {
    /// Reads what stands behind the opcode.
    fn read(&mut self, fields: &mut Fields<'_>) -> Result<(), Fault> {
        let first = self.into.len();
        let mut next = fields.next();
        while let Some(field) = next {
            next = fields.next();
            if field.bytes != b"mem" {
                // A register, or its value.
                continue;
            }
            let Some(place) = next else {
                let end = field.span().end;
                return Err(Fault::new(TraceErrorKind::MissingField, end..end)
                    .expected("an address, with 0x")
                    .help(EXAMPLE));
            };
            let addr = number::address_0x(place)?;
            self.wide = place.bytes.len() > 2 + 8;
            next = fields.next();
            match next.filter(|field| number::without_0x(field.bytes).is_some()) {
                None => self.push(Op::Read, addr, self.load_bytes(addr), place)?,
                Some(data) => {
                    let bytes = data_bytes(data)?;
                    let loaded = self.into[first..].iter_mut().find(|record| {
                        record.op == Op::Read && record.addr == addr && record.size == bytes
                    });
                    match loaded.filter(|_| riscv::is_amo(self.opcode.bits)) {
                        Some(record) => record.op = Op::Atomic,
                        None => self.push(Op::Write, addr, bytes, place)?,
                    }
                    next = fields.next();
                }
            }
        }
        Ok(())
    }

    fn load_bytes(&self, addr: u64) -> u32 {
        let bytes = riscv::load_bytes(self.opcode.bits, self.wide);
        bytes.unwrap_or_else(|| bytes_to_word_end(addr))
    }

    fn push(&mut self, op: Op, addr: u64, size: u32, at: Field<'_>) -> Result<(), Fault> {
        number::check_end(addr, size, at.span())?;
        self.into.push(Record::access(self.core, op, addr, size));
        Ok(())
    }
}

/// An instruction as it is printed.
#[derive(Clone, Copy)]
struct Opcode {
    bits: u64,
    bytes: u32,
}

fn opcode(field: Field<'_>) -> Result<Opcode, Fault> {
    let inner = field.bytes.strip_prefix(b"(").and_then(|rest| rest.strip_suffix(b")"));
    let digits = inner.and_then(number::without_0x).unwrap_or_default();
    let bits = number::hex_digits(digits).ok().filter(|_| digits.len() <= OPCODE_DIGITS_MAX);
    let bits = bits.ok_or_else(|| {
        Fault::new(TraceErrorKind::BadOp, field.span())
            .expected("an opcode of at most 8 bytes, such as `(0x0005b503)`")
            .help(EXAMPLE)
    })?;
    Ok(Opcode { bits, bytes: digits.len().div_ceil(2) as u32 })
}

/// Returns how many bytes the data of a store has, two digits each; one byte may be one digit.
fn data_bytes(field: Field<'_>) -> Result<u32, Fault> {
    let digits = number::without_0x(field.bytes).unwrap_or_default();
    match number::hex_digits(digits) {
        // More than 64 bits are data as well: those of a vector.
        Ok(_) | Err(NotANumber::Overflow) => Ok(digits.len().div_ceil(2) as u32),
        Err(NotANumber::Digits) => Err(Fault::new(TraceErrorKind::BadSize, field.span())
            .expected("the data of a store in hexadecimal, with 0x")
            .help(EXAMPLE)),
    }
}

/// Returns whether this is the privilege that a line of a commit has, and no other line.
fn is_privilege(bytes: &[u8]) -> bool {
    matches!(bytes, [b'0'..=b'9'])
}

/// Returns whether a line may be one of this format.
pub(crate) fn looks(line: &[u8]) -> bool {
    let mut fields = Fields::new(line);
    let (Some(word), Some(hart)) = (fields.next(), fields.next()) else { return false };
    let digits = hart.bytes.strip_suffix(b":").unwrap_or_default();
    word.bytes == b"core" && number::decimal_digits(digits).is_ok()
}
