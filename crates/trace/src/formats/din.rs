//! Dinero's traditional format: `LABEL ADDR`, one core.
//!
//! Labels: 0 read, 1 write, 2 instruction fetch, 3 miscellaneous (a read), 4 flush of the whole
//! cache. The address is hexadecimal, `0x` tolerated; the rest of the line is a comment. Dinero
//! takes every access as one word: size 4, address aligned down. Label 4 has an address too, which
//! means nothing.

use crate::error_kind::TraceErrorKind;
use crate::loss::{Loss, Losses};
use crate::record::{Op, Record};
use crate::text::buffer::WINDOW_BYTES;
use crate::text::fault::Fault;
use crate::text::fields::Fields;
use crate::text::output::{self, LineWriter};
use crate::text::reader::LineFormat;
use crate::text::{number, scan};

const EXAMPLE: &str = "a line is `LABEL ADDR`, such as `0 7fff1234`";

/// What the labels 0 to 2 ask.
const OPS: [Op; 3] = [Op::Read, Op::Write, Op::Fetch];

/// The grammar of a line.
pub(crate) struct Din;

impl LineFormat for Din {
    #[inline]
    fn fast(&mut self, bytes: &[u8; WINDOW_BYTES], into: &mut Vec<Record>) -> usize {
        let [label, b' ', rest @ ..] = bytes else { return 0 };
        let Some(op) = OPS.get(usize::from(label.wrapping_sub(b'0'))) else { return 0 };
        let (addr, digits) = scan::hex(rest);
        let end = scan::line_end(&rest[digits..]);
        if digits == 0 || end == 0 {
            return 0;
        }
        into.push(Record::access(0, *op, addr & !3, 4));
        2 + digits + end
    }

    fn line(&mut self, line: &[u8], into: &mut Vec<Record>) -> Result<(), Fault> {
        let mut fields = Fields::new(line);
        let label = fields.expect("a label from 0 to 4", EXAMPLE)?;
        let digits = number::without_0x(label.bytes).unwrap_or(label.bytes);
        let op = match number::hex_digits(digits) {
            Ok(0 | 3) => Op::Read,
            Ok(1) => Op::Write,
            Ok(2) => Op::Fetch,
            Ok(4) => Op::FlushAll,
            _ => {
                return Err(Fault::new(TraceErrorKind::BadOp, label.span())
                    .expected("a label from 0 to 4")
                    .help("0 is a read, 1 a write, 2 a fetch, 3 a read, 4 a flush of everything"));
            }
        };
        let addr = number::address_hex(fields.expect("an address in hexadecimal", EXAMPLE)?)?;
        into.push(match op {
            Op::FlushAll => Record::event(0, op, 0),
            _ => Record::access(0, op, addr & !3, 4),
        });
        Ok(())
    }
}

/// Returns whether a line may be one of this format.
///
/// A single hex digit that other fields follow is rather an operation of the simulator's own text
/// (`0 A 0x1000`) than an address with a comment; so is an address with `0x` rather NUS's.
pub(crate) fn looks(line: &[u8]) -> bool {
    let mut fields = Fields::new(line);
    let (Some(label), Some(addr)) = (fields.next(), fields.next()) else { return false };
    let alone = fields.next().is_none();
    matches!(label.bytes, [b'0'..=b'4'])
        && number::hex_digits(addr.bytes).is_ok()
        && (alone || addr.bytes.len() > 1)
}

/// Writes the format.
pub(crate) struct DinWriter;

impl LineWriter for DinWriter {
    fn line(&mut self, record: &Record, out: &mut Vec<u8>, losses: &mut Losses) {
        let label = match record.op {
            Op::Read => b'0',
            Op::Write | Op::Atomic => b'1',
            Op::Fetch => b'2',
            Op::FlushAll => b'4',
            Op::Clean | Op::Flush | Op::Fence | Op::Compute | Op::Time | Op::TimeTicks | Op::Pc => {
                return output::left_out(record.op, losses);
            }
        };
        if record.op == Op::Atomic {
            losses.add(Loss::Atomic);
        }
        output::one_core(record, losses);
        let addr = if record.op == Op::FlushAll { 0 } else { output::word(record, losses) };
        out.extend_from_slice(&[label, b' ']);
        output::hex(out, addr);
        out.push(b'\n');
    }
}
