//! Block traces as Microsoft Research Cambridge published them.
//!
//! `TIMESTAMP,HOST,DISK,Read|Write,OFFSET,SIZE,RESPONSETIME`, one core. The timestamp counts units
//! of 100 ns; the first request's is the beginning. A request that is earlier than one before it,
//! as happens in such traces, counts as at the same time. Offset and size are bytes; the response
//! time is ignored.
//!
//! Each disk of each host has an address space of its own, of 256 TiB: disks are numbered in the
//! order in which they appear, and the number is the upper 16 bits of the address. A request of
//! more than [`ACCESS_BYTES_MAX`] bytes becomes as many accesses as it takes, one after the other.

use crate::error_kind::TraceErrorKind;
use crate::formats::clock::{Clock, Moment};
use crate::formats::keys::Keys;
use crate::formats::requests;
use crate::record::{ACCESS_BYTES_MAX, Op, RANGE_BYTES_MAX, Record};
use crate::text::buffer::WINDOW_BYTES;
use crate::text::commas::Columns;
use crate::text::fault::Fault;
use crate::text::fields::Field;
use crate::text::number::{self, NotANumber, Radix};
use crate::text::reader::LineFormat;

/// A unit of the timestamp, 100 ns, in picoseconds.
const UNIT_PICOSECONDS: u64 = 100_000;
/// The bits of an address below the number of the disk.
const DISK_SHIFT: u32 = 48;
/// The most disks that there are numbers for.
const DISKS_MAX: usize = 1 << (64 - DISK_SHIFT);
/// The most bytes that the names of all disks have together: 16 MiB.
const DISK_NAMES_BYTES_MAX: usize = DISKS_MAX * 256;

const COLUMNS: Columns<7> = Columns {
    expected: [
        "a timestamp in units of 100 ns",
        "a host",
        "a disk number",
        "`Read` or `Write`",
        "an offset in bytes",
        "a size in bytes",
        "a response time",
    ],
    wide: None,
    help: "a line is `TIMESTAMP,HOST,DISK,Read|Write,OFFSET,SIZE,RESPONSETIME`, such as \
           `128166372003061629,hm,0,Read,383496192,32768,413`",
};

/// The grammar of a line, the disks and the time so far.
pub(crate) struct Msr {
    clock: Clock,
    disks: Keys,
}

impl Msr {
    pub(crate) fn new() -> Msr {
        Msr {
            clock: Clock::new(UNIT_PICOSECONDS),
            disks: Keys::new(DISKS_MAX, DISK_NAMES_BYTES_MAX),
        }
    }

    /// Returns the first address of the disk: its number in the upper bits.
    fn disk(&mut self, host: Field<'_>, disk: Field<'_>, line: &[u8]) -> Result<u64, Fault> {
        let fault = |kind| Fault::new(kind, host.start..disk.span().end);
        if number::decimal_digits(disk.bytes).is_err() {
            return Err(Fault::new(TraceErrorKind::BadAddress, disk.span())
                .expected(COLUMNS.expected[2])
                .help(COLUMNS.help));
        }
        let name = &line[host.start..disk.span().end];
        let number = self.disks.number(name).map_err(|_| {
            fault(TraceErrorKind::TooManyKeys)
                .expected(format!("at most {DISKS_MAX} different disks"))
                .help("take fewer hosts")
        })?;
        Ok(number << DISK_SHIFT)
    }
}

impl LineFormat for Msr {
    const LINE_RECORDS_MAX: usize = 1 + (RANGE_BYTES_MAX / ACCESS_BYTES_MAX) as usize;

    fn fast(&mut self, _bytes: &[u8; WINDOW_BYTES], _into: &mut Vec<Record>) -> usize {
        0
    }

    fn line(&mut self, line: &[u8], into: &mut Vec<Record>) -> Result<(), Fault> {
        let [time, host, disk, kind, offset, size, _] = COLUMNS.of(line)?;
        let ticks = number::decimal_digits(time.bytes).map_err(|_| {
            Fault::new(TraceErrorKind::BadTime, time.span())
                .expected(COLUMNS.expected[0])
                .help(COLUMNS.help)
        })?;
        let op = operation(kind.bytes).ok_or_else(|| {
            Fault::new(TraceErrorKind::BadOp, kind.span())
                .expected(COLUMNS.expected[3])
                .help(COLUMNS.help)
        })?;
        let bytes = number::size(size, Radix::Decimal, RANGE_BYTES_MAX)?;
        let first = within_disk(offset, bytes)?;
        let addr = self.disk(host, disk, line)? + first;
        match self.clock.advance(ticks) {
            Moment::Same | Moment::Earlier => {}
            Moment::Later(record) => into.push(record),
            Moment::TooLate => {
                let (kind, expected, help) = requests::too_late();
                return Err(Fault::new(kind, time.span()).expected(expected).help(help));
            }
        }
        let starts = (0..bytes).step_by(ACCESS_BYTES_MAX as usize);
        into.extend(starts.map(|start| {
            let size = (bytes - start).min(ACCESS_BYTES_MAX);
            Record::access(0, op, addr + u64::from(start), size)
        }));
        Ok(())
    }
}

/// Reads the offset of a request, which has to end within its disk's addresses.
fn within_disk(offset: Field<'_>, bytes: u32) -> Result<u64, Fault> {
    let last = (1 << DISK_SHIFT) - u64::from(bytes);
    match number::decimal_digits(offset.bytes) {
        Ok(first) if first <= last => Ok(first),
        Ok(_) | Err(NotANumber::Overflow) => {
            Err(Fault::new(TraceErrorKind::AddressOverflow, offset.span())
                .expected(format!("an offset from which {bytes} bytes end within 256 TiB"))
                .help(format!("the last such offset is `{last}`")))
        }
        Err(NotANumber::Digits) => Err(Fault::new(TraceErrorKind::BadAddress, offset.span())
            .expected(COLUMNS.expected[4])
            .help(COLUMNS.help)),
    }
}

fn operation(kind: &[u8]) -> Option<Op> {
    if kind.eq_ignore_ascii_case(b"Read") {
        Some(Op::Read)
    } else if kind.eq_ignore_ascii_case(b"Write") {
        Some(Op::Write)
    } else {
        None
    }
}

/// Returns whether a line may be one of this format.
pub(crate) fn looks(line: &[u8]) -> bool {
    let Some([time, _, disk, kind, offset, size, _]) = COLUMNS.fit(line) else { return false };
    operation(kind.bytes).is_some()
        && [time, disk, offset, size]
            .iter()
            .all(|field| number::decimal_digits(field.bytes).is_ok())
}
