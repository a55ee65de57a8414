//! Tables: a line of column names, then an access a line.
//!
//! The first line names the columns, as [`Columns`] has them, in any order; others are ignored.
//! Where the reader is told the columns, the first line is an access as well, unless it names some.
//! Between the columns are commas, semicolons, tabs or blanks: whichever of these, in this order,
//! the first line has. What is written is `core,op,addr,size`, and `pc` where one is known.

use crate::columns::{Column, Columns};
use crate::formats::rows::Table;
use crate::header::Header;
use crate::loss::Losses;
use crate::record::{CORES_MAX, Op, Record};
use crate::text::buffer::WINDOW_BYTES;
use crate::text::fault::Fault;
use crate::text::output::{self, LineWriter};
use crate::text::reader::LineFormat;
use crate::text::{number, scan};

pub(crate) use crate::formats::rows::is_header;

/// The columns that are written.
const WRITTEN: [Column; 4] = [Column::Core, Column::Op, Column::Address, Column::Size];

/// The columns of a table, and how many cores there are.
pub(crate) struct Csv {
    table: Table,
    cores: u16,
    /// Whether the columns are those that are written.
    common: bool,
}

impl Csv {
    pub(crate) const fn new(cores: u16, columns: Option<Columns>, pcs: bool) -> Csv {
        Csv { table: Table::new(cores, columns, pcs), cores, common: false }
    }
}

impl LineFormat for Csv {
    #[inline]
    fn fast(&mut self, bytes: &[u8; WINDOW_BYTES], into: &mut Vec<Record>) -> usize {
        if !self.common {
            return 0;
        }
        let (core, core_digits) = scan::decimal(bytes);
        let [b',', op, b',', b'0', b'x', rest @ ..] = &bytes[core_digits..] else { return 0 };
        let op = match op {
            b'R' => Op::Read,
            b'W' => Op::Write,
            b'I' => Op::Fetch,
            b'A' => Op::Atomic,
            _ => return 0,
        };
        let (addr, digits) = scan::hex(rest);
        let [b',', rest @ ..] = &rest[digits..] else { return 0 };
        let (size, size_digits) = scan::decimal(rest);
        let end = scan::line_end(&rest[size_digits..]);
        if core_digits == 0 || core >= u32::from(self.cores) || digits == 0 || size_digits == 0 {
            return 0;
        }
        let sizes = 1..=number::size_max(true);
        if end == 0 || !sizes.contains(&size) || !number::ends_within(addr, size) {
            return 0;
        }
        into.push(Record::access(core as u16, op, addr, size));
        core_digits + 5 + digits + 1 + size_digits + end
    }

    fn line(&mut self, line: &[u8], into: &mut Vec<Record>) -> Result<(), Fault> {
        self.table.line(line, into)?;
        self.common = self.table.is_of(&WRITTEN);
        Ok(())
    }

    fn state(&self, header: &mut Header) {
        self.table.state(header);
    }
}

/// Writes the format.
pub(crate) struct CsvWriter {
    /// The instruction that each core is at, where there is a column for it.
    pcs: Option<Box<[u64; CORES_MAX as usize]>>,
}

impl CsvWriter {
    /// Makes a writer of a trace that has program counters, or has none.
    pub(crate) fn new(pcs: bool) -> CsvWriter {
        CsvWriter { pcs: pcs.then(|| Box::new([0; CORES_MAX as usize])) }
    }
}

impl LineWriter for CsvWriter {
    fn head(&self) -> &'static str {
        if self.pcs.is_some() { "core,op,addr,size,pc\n" } else { "core,op,addr,size\n" }
    }

    fn line(&mut self, record: &Record, out: &mut Vec<u8>, losses: &mut Losses) {
        let label: &[u8] = match record.op {
            Op::Read => b",R,0x",
            Op::Write => b",W,0x",
            Op::Atomic => b",A,0x",
            Op::Fetch => b",I,0x",
            Op::Clean
            | Op::Flush
            | Op::FlushAll
            | Op::Fence
            | Op::Compute
            | Op::Time
            | Op::TimeTicks => {
                return output::left_out(record.op, losses);
            }
            Op::Pc => {
                let known = self.pcs.as_mut().and_then(|pcs| pcs.get_mut(usize::from(record.core)));
                return match known {
                    Some(pc) => *pc = record.addr,
                    None => output::left_out(record.op, losses),
                };
            }
        };
        output::decimal(out, u64::from(record.core));
        out.extend_from_slice(label);
        output::hex(out, record.addr);
        out.push(b',');
        output::decimal(out, u64::from(record.size));
        if let Some(pcs) = &mut self.pcs {
            let pc = &mut pcs[usize::from(record.core % CORES_MAX)];
            if record.op == Op::Fetch {
                *pc = record.addr;
            }
            out.extend_from_slice(b",0x");
            output::hex(out, *pc);
        }
        out.push(b'\n');
    }
}
