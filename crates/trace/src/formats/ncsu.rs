//! The format of NCSU's course: `PROC r|w ADDR`, in global order.
//!
//! The core is decimal, the address hexadecimal with or without `0x`. Every access is a word:
//! size 4, address aligned down.

use crate::error_kind::TraceErrorKind;
use crate::loss::{Loss, Losses};
use crate::record::{Op, Record};
use crate::text::buffer::WINDOW_BYTES;
use crate::text::fault::Fault;
use crate::text::fields::Fields;
use crate::text::output::{self, LineWriter};
use crate::text::reader::LineFormat;
use crate::text::{number, scan};

const EXAMPLE: &str = "a line is `PROC r|w ADDR`, such as `0 r 7fff1234`";

/// The grammar of a line.
pub(crate) struct Ncsu {
    /// The number of cores of the machine.
    pub(crate) cores: u16,
}

impl LineFormat for Ncsu {
    #[inline]
    fn fast(&mut self, bytes: &[u8; WINDOW_BYTES], into: &mut Vec<Record>) -> usize {
        let (core, core_digits) = scan::decimal(bytes);
        let [b' ', op @ (b'r' | b'w'), b' ', rest @ ..] = &bytes[core_digits..] else { return 0 };
        let prefix = if rest.starts_with(b"0x") { 2 } else { 0 };
        let rest = &rest[prefix..];
        let (addr, digits) = scan::hex(rest);
        let end = scan::line_end(&rest[digits..]);
        if core_digits == 0 || core >= u32::from(self.cores) || digits == 0 || end == 0 {
            return 0;
        }
        let op = if *op == b'r' { Op::Read } else { Op::Write };
        into.push(Record::access(core as u16, op, addr & !3, 4));
        core_digits + 3 + prefix + digits + end
    }

    fn line(&mut self, line: &[u8], into: &mut Vec<Record>) -> Result<(), Fault> {
        let mut fields = Fields::new(line);
        let core = number::core(fields.expect("a core number", EXAMPLE)?, self.cores)?;
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
        let addr = number::address_hex(fields.expect("an address in hexadecimal", EXAMPLE)?)?;
        fields.end(EXAMPLE)?;
        into.push(Record::access(core, op, addr & !3, 4));
        Ok(())
    }
}

/// Returns whether a line may be one of this format.
pub(crate) fn looks(line: &[u8]) -> bool {
    let mut fields = Fields::new(line);
    let (Some(core), Some(op), Some(addr)) = (fields.next(), fields.next(), fields.next()) else {
        return false;
    };
    number::decimal_digits(core.bytes).is_ok()
        && matches!(op.bytes, b"r" | b"w")
        && number::address_hex(addr).is_ok()
}

/// Writes the format.
pub(crate) struct NcsuWriter;

impl LineWriter for NcsuWriter {
    fn line(&mut self, record: &Record, out: &mut Vec<u8>, losses: &mut Losses) {
        let label: &[u8] = match record.op {
            Op::Read => b" r ",
            Op::Write | Op::Atomic => b" w ",
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
        output::decimal(out, u64::from(record.core));
        out.extend_from_slice(label);
        output::hex(out, output::word(record, losses));
        out.push(b'\n');
    }
}
