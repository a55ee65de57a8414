//! Dinero IV's extended format: `ACC ADDR SIZE`, one core.
//!
//! ACC: `r` read, `w` write, `i` instruction fetch, `m` miscellaneous (a read), `c` copy back (a
//! clean), `v` invalidate (a flush: nothing is dropped here); as in Dinero, upper case too. Address
//! and size are hexadecimal, `0x` tolerated; the rest of the line is a comment. As in Dinero, `v`
//! with size 0 means the whole cache, whatever the address; a `c` of size 0 is an error.

use crate::error_kind::TraceErrorKind;
use crate::loss::{Loss, Losses};
use crate::record::{Op, Record};
use crate::text::buffer::WINDOW_BYTES;
use crate::text::fault::Fault;
use crate::text::fields::Fields;
use crate::text::number::{self, Radix};
use crate::text::output::{self, LineWriter};
use crate::text::reader::LineFormat;
use crate::text::scan;

const EXAMPLE: &str = "a line is `ACC ADDR SIZE`, such as `r 7fff1234 4`";

/// The grammar of a line.
pub(crate) struct Xdin;

impl LineFormat for Xdin {
    #[inline]
    fn fast(&mut self, bytes: &[u8; WINDOW_BYTES], into: &mut Vec<Record>) -> usize {
        let [label @ (b'r' | b'w' | b'i'), b' ', rest @ ..] = bytes else { return 0 };
        let (addr, digits) = scan::hex(rest);
        let [b' ', rest @ ..] = &rest[digits..] else { return 0 };
        let (size, size_digits) = scan::hex(rest);
        let end = scan::line_end(&rest[size_digits..]);
        if digits == 0 || size_digits == 0 || end == 0 {
            return 0;
        }
        let sizes = 1..=u64::from(number::size_max(true));
        if !sizes.contains(&size) || !number::ends_within(addr, size as u32) {
            return 0;
        }
        let op = match label {
            b'r' => Op::Read,
            b'w' => Op::Write,
            _ => Op::Fetch,
        };
        into.push(Record::access(0, op, addr, size as u32));
        2 + digits + 1 + size_digits + end
    }

    fn line(&mut self, line: &[u8], into: &mut Vec<Record>) -> Result<(), Fault> {
        let mut fields = Fields::new(line);
        let label = fields.expect("`r`, `w`, `i`, `m`, `c` or `v`", EXAMPLE)?;
        let op = operation(label.bytes).ok_or_else(|| {
            Fault::new(TraceErrorKind::BadOp, label.span())
                .expected("`r`, `w`, `i`, `m`, `c` or `v`")
                .help(EXAMPLE)
        })?;
        let field = fields.expect("an address in hexadecimal", EXAMPLE)?;
        let addr = number::address_hex(field)?;
        let size = fields.expect("a size in hexadecimal", EXAMPLE)?;
        if op == Op::Flush && number::address_hex(size).is_ok_and(|size| size == 0) {
            into.push(Record::event(0, Op::FlushAll, 0));
            return Ok(());
        }
        let size = number::size(size, Radix::Hex, number::size_max(op.is_access()))?;
        number::check_end(addr, size, field.span())?;
        into.push(Record::access(0, op, addr, size));
        Ok(())
    }
}

fn operation(label: &[u8]) -> Option<Op> {
    match label {
        b"r" | b"R" | b"m" | b"M" => Some(Op::Read),
        b"w" | b"W" => Some(Op::Write),
        b"i" | b"I" => Some(Op::Fetch),
        b"c" | b"C" => Some(Op::Clean),
        b"v" | b"V" => Some(Op::Flush),
        _ => None,
    }
}

/// Returns whether a line may be one of this format.
pub(crate) fn looks(line: &[u8]) -> bool {
    let mut fields = Fields::new(line);
    let (Some(op), Some(addr), Some(size)) = (fields.next(), fields.next(), fields.next()) else {
        return false;
    };
    operation(op.bytes).is_some()
        && number::address_hex(addr).is_ok()
        && number::address_hex(size).is_ok()
}

/// Writes the format.
pub(crate) struct XdinWriter;

impl LineWriter for XdinWriter {
    fn line(&mut self, record: &Record, out: &mut Vec<u8>, losses: &mut Losses) {
        let label: &[u8] = match record.op {
            Op::Read => b"r ",
            Op::Write | Op::Atomic => b"w ",
            Op::Fetch => b"i ",
            Op::Clean => b"c ",
            Op::Flush | Op::FlushAll => b"v ",
            Op::Fence | Op::Compute | Op::Time | Op::TimeTicks | Op::Pc => {
                return output::left_out(record.op, losses);
            }
        };
        if record.op == Op::Atomic {
            losses.add(Loss::Atomic);
        }
        output::one_core(record, losses);
        out.extend_from_slice(label);
        output::hex(out, record.addr);
        out.push(b' ');
        output::hex(out, u64::from(record.size));
        out.push(b'\n');
    }
}
