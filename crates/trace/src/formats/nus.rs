//! The format of NUS's course, a file a core: `LABEL 0xVALUE`.
//!
//! Labels: 0 load, 1 store, 2 compute; the value is an address, or a number of cycles. Every
//! access is a word: size 4, address aligned down.

use crate::error_kind::TraceErrorKind;
use crate::loss::{Loss, Losses};
use crate::record::{Op, Record};
use crate::text::buffer::WINDOW_BYTES;
use crate::text::fault::Fault;
use crate::text::fields::Fields;
use crate::text::number::{Cycles, NotANumber};
use crate::text::output::{self, LineWriter};
use crate::text::reader::LineFormat;
use crate::text::{number, scan};

const EXAMPLE: &str = "a line is `LABEL 0xVALUE`, such as `0 0x7fff1234` or `2 0xc`";

/// The grammar of a line.
#[derive(Default)]
pub(crate) struct Nus {
    cycles: Cycles,
}

impl LineFormat for Nus {
    #[inline]
    fn fast(&mut self, bytes: &[u8; WINDOW_BYTES], into: &mut Vec<Record>) -> usize {
        let [label @ b'0'..=b'2', b' ', b'0', b'x', rest @ ..] = bytes else { return 0 };
        let (value, digits) = scan::hex(rest);
        let end = scan::line_end(&rest[digits..]);
        if digits == 0 || end == 0 || *label == b'2' && !self.cycles.add(value) {
            return 0;
        }
        into.push(record(*label, value));
        4 + digits + end
    }

    fn line(&mut self, line: &[u8], into: &mut Vec<Record>) -> Result<(), Fault> {
        let mut fields = Fields::new(line);
        let label = fields.expect("a label from 0 to 2", EXAMPLE)?;
        let &[digit @ b'0'..=b'2'] = label.bytes else {
            return Err(Fault::new(TraceErrorKind::BadOp, label.span())
                .expected("a label from 0 to 2")
                .help("0 is a load, 1 a store, 2 compute cycles"));
        };
        let value = fields.expect("a value with 0x", EXAMPLE)?;
        let span = value.span();
        let value = if digit == b'2' {
            let digits = number::without_0x(value.bytes).unwrap_or_default();
            number::hex_digits(digits).map_err(|why| {
                let bits = if why == NotANumber::Overflow { " of at most 64 bits" } else { "" };
                Fault::new(TraceErrorKind::BadCycles, value.span())
                    .expected(format!("a number of cycles{bits}, in hexadecimal with 0x"))
                    .help("write the cycles such as `0xc`")
            })?
        } else {
            number::address_0x(value)?
        };
        fields.end(EXAMPLE)?;
        if digit == b'2' && !self.cycles.add(value) {
            return Err(self.cycles.fault(span));
        }
        into.push(record(digit, value));
        Ok(())
    }
}

#[inline]
fn record(label: u8, value: u64) -> Record {
    match label {
        b'0' => Record::access(0, Op::Read, value & !3, 4),
        b'1' => Record::access(0, Op::Write, value & !3, 4),
        _ => Record::event(0, Op::Compute, value),
    }
}

/// Returns whether a line may be one of this format.
pub(crate) fn looks(line: &[u8]) -> bool {
    let mut fields = Fields::new(line);
    let (Some(label), Some(value)) = (fields.next(), fields.next()) else { return false };
    let alone = fields.next().is_none_or(|field| field.bytes[0] == b'#');
    matches!(label.bytes, [b'0'..=b'2']) && number::address_0x(value).is_ok() && alone
}

/// Writes the format.
pub(crate) struct NusWriter;

impl LineWriter for NusWriter {
    fn line(&mut self, record: &Record, out: &mut Vec<u8>, losses: &mut Losses) {
        let label: &[u8] = match record.op {
            Op::Read => b"0 0x",
            Op::Write | Op::Atomic => b"1 0x",
            Op::Compute => b"2 0x",
            Op::Fetch
            | Op::Clean
            | Op::Flush
            | Op::FlushAll
            | Op::Fence
            | Op::Time
            | Op::TimeTicks
            | Op::Pc => {
                return output::left_out(record.op, losses);
            }
        };
        if record.op == Op::Atomic {
            losses.add(Loss::Atomic);
        }
        output::one_core(record, losses);
        let compute = record.op == Op::Compute;
        let value = if compute { record.addr } else { output::word(record, losses) };
        out.extend_from_slice(label);
        output::hex(out, value);
        out.push(b'\n');
    }
}
