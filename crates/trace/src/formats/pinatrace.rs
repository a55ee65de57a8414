//! What Intel Pin's example `pinatrace` writes: `0xPC: R|W 0xADDR`, one core, and `#eof`.
//!
//! Its many variants have other columns, which the reader is told; see `rows`. There are no
//! fetches: an instruction that accesses nothing has no line. `(nil)` is how an address of 0 is
//! printed. A trace without `#eof` was cut off, and is read all the same.

use crate::columns::{Column, Columns};
use crate::formats::rows::Table;
use crate::formats::word_end::bytes_to_word_end;
use crate::header::Header;
use crate::record::{Op, Record};
use crate::text::buffer::WINDOW_BYTES;
use crate::text::fault::Fault;
use crate::text::fields::Fields;
use crate::text::reader::LineFormat;
use crate::text::{number, scan};

/// The columns that Pin's own example writes.
const COLUMNS: [Column; 3] = [Column::Pc, Column::Op, Column::Address];

/// The columns of the lines, and what has come.
pub(crate) struct Pinatrace {
    table: Table,
    /// Whether the columns are those of Pin's own example.
    common: bool,
    /// Whether program counters are wanted.
    pcs: bool,
    /// Whether the last line of all has come.
    ended: bool,
}

impl Pinatrace {
    pub(crate) fn new(cores: u16, columns: Option<Columns>, pcs: bool) -> Pinatrace {
        let common = columns.is_none();
        let columns = columns.unwrap_or_else(|| Columns::in_order(&COLUMNS));
        Pinatrace { table: Table::new(cores, Some(columns), pcs), common, pcs, ended: false }
    }
}

impl LineFormat for Pinatrace {
    #[inline]
    fn fast(&mut self, bytes: &[u8; WINDOW_BYTES], into: &mut Vec<Record>) -> usize {
        let [b'0', b'x', rest @ ..] = bytes else { return 0 };
        let (pc, pc_digits) = scan::hex(rest);
        let rest = &rest[pc_digits..];
        let [b':', b' ', op @ (b'R' | b'W'), b' ', b'0', b'x', rest @ ..] = rest else { return 0 };
        let (addr, digits) = scan::hex(rest);
        let end = scan::line_end(&rest[digits..]);
        if !self.common || pc_digits == 0 || digits == 0 || end == 0 {
            return 0;
        }
        let op = if *op == b'R' { Op::Read } else { Op::Write };
        if self.pcs {
            into.push(Record::event(0, Op::Pc, pc));
        }
        into.push(Record::access(0, op, addr, bytes_to_word_end(addr)));
        2 + pc_digits + 6 + digits + end
    }

    fn line(&mut self, line: &[u8], into: &mut Vec<Record>) -> Result<(), Fault> {
        self.table.line(line, into)
    }

    fn comment(&mut self, line: &[u8]) {
        self.ended |= line.trim_ascii() == b"#eof";
    }

    fn lacks_end(&self) -> bool {
        !self.ended
    }

    fn state(&self, header: &mut Header) {
        self.table.state(header);
    }
}

/// Returns whether a line may be one of this format.
pub(crate) fn looks(line: &[u8]) -> bool {
    let mut fields = Fields::new(line);
    let (Some(pc), Some(op), Some(addr)) = (fields.next(), fields.next(), fields.next()) else {
        return false;
    };
    let is_address = |digits: &[u8]| {
        number::without_0x(digits).is_some_and(|digits| number::hex_digits(digits).is_ok())
    };
    pc.bytes.strip_suffix(b":").is_some_and(is_address)
        && matches!(op.bytes, b"R" | b"W")
        && (is_address(addr.bytes) || addr.bytes == b"(nil)")
}
