//! The format of Georgia Tech's course, a file a core: `r|w 0xADDR`.
//!
//! Every access is a word: size 4, address aligned down.

use crate::error_kind::TraceErrorKind;
use crate::loss::{Loss, Losses};
use crate::record::{Op, Record};
use crate::text::buffer::WINDOW_BYTES;
use crate::text::fault::Fault;
use crate::text::fields::Fields;
use crate::text::output::{self, LineWriter};
use crate::text::reader::LineFormat;
use crate::text::{number, scan};

const EXAMPLE: &str = "a line is `r|w 0xADDR`, such as `r 0x7fff1234`";

/// The grammar of a line.
pub(crate) struct Percore;

impl LineFormat for Percore {
    #[inline]
    fn fast(&mut self, bytes: &[u8; WINDOW_BYTES], into: &mut Vec<Record>) -> usize {
        let [op @ (b'r' | b'w'), b' ', b'0', b'x', rest @ ..] = bytes else { return 0 };
        let (addr, digits) = scan::hex(rest);
        let end = scan::line_end(&rest[digits..]);
        if digits == 0 || end == 0 {
            return 0;
        }
        let op = if *op == b'r' { Op::Read } else { Op::Write };
        into.push(Record::access(0, op, addr & !3, 4));
        4 + digits + end
    }

    fn line(&mut self, line: &[u8], into: &mut Vec<Record>) -> Result<(), Fault> {
        let mut fields = Fields::new(line);
        let label = fields.expect("`r` or `w`", EXAMPLE)?;
        let op = match label.bytes {
            b"r" => Op::Read,
            b"w" => Op::Write,
            _ => {
                return Err(Fault::new(TraceErrorKind::BadOp, label.span())
                    .expected("`r` or `w`")
                    .help(EXAMPLE));
            }
        };
        let addr = number::address_0x(fields.expect("an address with 0x", EXAMPLE)?)?;
        fields.end(EXAMPLE)?;
        into.push(Record::access(0, op, addr & !3, 4));
        Ok(())
    }
}

/// Returns whether a line may be one of this format.
pub(crate) fn looks(line: &[u8]) -> bool {
    let mut fields = Fields::new(line);
    let (Some(op), Some(addr)) = (fields.next(), fields.next()) else { return false };
    let alone = fields.next().is_none_or(|field| field.bytes[0] == b'#');
    matches!(op.bytes, b"r" | b"w") && number::address_0x(addr).is_ok() && alone
}

/// Writes the format.
pub(crate) struct PercoreWriter;

impl LineWriter for PercoreWriter {
    fn line(&mut self, record: &Record, out: &mut Vec<u8>, losses: &mut Losses) {
        let label: &[u8] = match record.op {
            Op::Read => b"r 0x",
            Op::Write | Op::Atomic => b"w 0x",
            Op::Fetch
            | Op::Clean
            | Op::Flush
            | Op::FlushAll
            | Op::Fence
            | Op::Compute
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
        out.extend_from_slice(label);
        output::hex(out, output::word(record, losses));
        out.push(b'\n');
    }
}
