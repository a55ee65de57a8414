//! What QEMU's plugin `execlog` writes: an instruction a line, and what it accessed.
//!
//! `CPU, 0xPC, 0xOPCODE, "DISASSEMBLY"`, and behind that any number of `, load, 0xADDR` and
//! `, store, 0xADDR`, each of which may have the name of a device behind it (`, RAM`); registers
//! that changed (`, NAME -> 0xVALUE`) are ignored. A line is a fetch, then its loads and stores.
//!
//! There are no lengths: four bytes of an opcode are printed whatever it has. A fetch is of 4
//! bytes, or up to the end of its 8-byte word if that is nearer, and every other access reaches to
//! the end of its 8-byte word, so that each is of one line.

use crate::error_kind::TraceErrorKind;
use crate::formats::word_end::bytes_to_word_end;
use crate::limits::LINE_BYTES_MAX;
use crate::record::{Op, Record};
use crate::text::buffer::WINDOW_BYTES;
use crate::text::fault::Fault;
use crate::text::fields::Field;
use crate::text::number;
use crate::text::reader::LineFormat;
use crate::text::separator::Separator;

const EXAMPLE: &str =
    "a line is such as `0, 0x400a14, 0xf9400fe0, \"ldr x0, [sp, #0x18]\", load, 0x40007ffe58`";

/// The shortest access of a line: `load,0x0,`.
const ACCESS_BYTES_MIN: usize = 9;

/// The bytes that an instruction has at the most here.
const FETCH_BYTES_MAX: u32 = 4;

/// The grammar of a line.
pub(crate) struct Execlog {
    /// The number of cores of the machine.
    pub(crate) cores: u16,
}

impl LineFormat for Execlog {
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

impl Execlog {
    fn instruction(&self, line: &[u8], into: &mut Vec<Record>) -> Result<(), Fault> {
        let (head, tail) = around_disassembly(line)?;
        let mut fields = Separator::Byte(b',').split(&line[..head]);
        let core = number::core(field(&mut fields, head, "a CPU's number")?, self.cores)?;
        let pc = number::address_0x(field(&mut fields, head, "the pc, with 0x")?)?;
        number::address_0x(field(&mut fields, head, "the opcode, with 0x")?)?;
        // Here, and only here, the pc and what the instruction accesses are together.
        into.push(Record::access(core, Op::Fetch, pc, bytes_to_word_end(pc).min(FETCH_BYTES_MAX)));
        let mut behind = Separator::Byte(b',')
            .split(&line[tail..])
            .map(|field| Field { start: field.start + tail, ..field });
        // Nothing stands between the quotation mark and the first comma.
        if let Some(odd) = behind.next().filter(|field| !field.bytes.is_empty()) {
            return Err(unexpected(odd));
        }
        let mut after_address = false;
        while let Some(what) = behind.next() {
            let op = match what.bytes {
                b"load" => Op::Read,
                b"store" => Op::Write,
                // The device of the access before it, or a register that changed.
                device if after_address && !device.is_empty() => {
                    after_address = false;
                    continue;
                }
                register if register.windows(2).any(|two| two == b"->") => continue,
                _ => return Err(unexpected(what)),
            };
            let addr = number::address_0x(field(&mut behind, line.len(), "an address, with 0x")?)?;
            into.push(Record::access(core, op, addr, bytes_to_word_end(addr)));
            after_address = true;
        }
        Ok(())
    }
}

/// Returns where the disassembly begins and ends, its quotation marks included: it has commas of
/// its own.
fn around_disassembly(line: &[u8]) -> Result<(usize, usize), Fault> {
    let quotation = |byte: &u8| *byte == b'"';
    let first = line.iter().position(quotation);
    let last = line.iter().rposition(quotation);
    match (first, last) {
        (Some(first), Some(last)) if first < last => {
            // The comma before it is none behind a field.
            let head = line[..first].trim_ascii_end();
            let head = head.strip_suffix(b",").unwrap_or(head);
            Ok((head.len(), last + 1))
        }
        _ => {
            let end = line.trim_ascii_end().len();
            Err(Fault::new(TraceErrorKind::MissingField, end..end)
                .expected("the disassembly, between quotation marks")
                .help(EXAMPLE))
        }
    }
}

fn field<'line>(
    fields: &mut impl Iterator<Item = Field<'line>>,
    end: usize,
    expected: &str,
) -> Result<Field<'line>, Fault> {
    let none = Field { bytes: b"", start: end };
    let field = fields.next().unwrap_or(none);
    if field.bytes.is_empty() {
        let at = field.start.min(end);
        let fault = Fault::new(TraceErrorKind::MissingField, at..at);
        return Err(fault.found("nothing").expected(expected).help(EXAMPLE));
    }
    Ok(field)
}

#[cold]
fn unexpected(field: Field<'_>) -> Fault {
    Fault::new(TraceErrorKind::BadOp, field.span())
        .expected("`load` or `store`, or the name of a device behind an address")
        .help(EXAMPLE)
}

/// Returns whether a line may be one of this format.
pub(crate) fn looks(line: &[u8]) -> bool {
    let Ok((head, _)) = around_disassembly(line) else { return false };
    let fields: Vec<Field<'_>> = Separator::Byte(b',').split(&line[..head]).take(4).collect();
    let is_number = |field: &Field<'_>| number::address_0x(*field).is_ok();
    match &fields[..] {
        [cpu, pc, opcode] => {
            number::decimal_digits(cpu.bytes).is_ok() && is_number(pc) && is_number(opcode)
        }
        _ => false,
    }
}
