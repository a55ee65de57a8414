//! The simulator's own text: `CORE OP ADDR [SIZE]`, one record a line.
//!
//! | line | meaning |
//! |---|---|
//! | `0 R 0x1000 8` | load of 8 bytes by core 0; the size is decimal, 4 if absent |
//! | `0 W x+4` | store; `W` store, `A` atomic, `I` fetch, `C` clean, `F` flush of a range |
//! | `0 F *` | flush of everything |
//! | `0 B` | fence |
//! | `0 T 120` | compute for 120 cycles |
//! | `let x = 0x1000` | a name for an address, also `let y = x+64` |
//! | `@cores 4` `@line 64` `@title ...` `@config machine.ron` | before the first record |
//! | `@time 1.5 ms` `@time 12 cycles` | the time of what follows, never backwards |
//!
//! An address is hexadecimal with `0x`, or a name, with `+offset` (decimal, or hex with `0x`).
//! `#` begins a comment, except in a title or a path. Operations are upper case.

mod header;
mod names;
mod output;
mod time;

use crate::error_kind::TraceErrorKind;
use crate::header::Header;
use crate::record::{Op, Record};
use crate::text::buffer::WINDOW_BYTES;
use crate::text::fault::Fault;
use crate::text::fields::{Field, Fields};
use crate::text::number::{self, Radix};
use crate::text::reader::LineFormat;
use crate::text::scan;

pub(super) use output::{MtraceWriter, head};

const EXAMPLE: &str = "a line is `CORE OP ADDR [SIZE]`, such as `0 R 0x1000 8`";
const SIZE_DEFAULT: u32 = 4;

/// The grammar of a line, and what earlier lines said.
pub(crate) struct Mtrace {
    /// The number of cores: the machine's, or fewer by `@cores`.
    cores: u16,
    stated: header::Stated,
    names: names::Names,
    clock: time::Clock,
    cycles: number::Cycles,
    /// Whether there was a record, after which header lines come too late.
    started: bool,
}

impl Mtrace {
    pub(crate) fn new(cores: u16) -> Mtrace {
        Mtrace {
            cores,
            stated: header::Stated::default(),
            names: names::Names::default(),
            clock: time::Clock::default(),
            cycles: number::Cycles::default(),
            started: false,
        }
    }

    /// Reads `@...`.
    fn header(
        &mut self,
        keyword: Field<'_>,
        rest: &mut Fields<'_>,
    ) -> Result<Option<Record>, Fault> {
        if keyword.bytes == b"@time" {
            return self.clock.set(keyword, rest).map(Some);
        }
        self.stated.set(keyword, rest, self.started)?;
        if let Some(cores) = self.stated.cores {
            self.cores = self.cores.min(cores);
        }
        Ok(None)
    }

    /// Reads `CORE OP ...`.
    fn record(&mut self, core: Field<'_>, fields: &mut Fields<'_>) -> Result<Record, Fault> {
        let core = number::core(core, self.cores).map_err(|fault| self.explain_cores(fault))?;
        let label = fields.expect("an operation: R W A I C F B or T", EXAMPLE)?;
        let op = operation(label)?;
        let record = match op {
            Op::Compute => Record::event(core, op, self.compute(fields)?),
            Op::Read | Op::Write | Op::Atomic | Op::Fetch | Op::Clean | Op::Flush => {
                self.range(core, op, fields)?
            }
            // No letter says the last four: they are `F *`, `@time`, or not said.
            Op::Fence | Op::FlushAll | Op::Time | Op::TimeTicks | Op::Pc => {
                Record::event(core, op, 0)
            }
        };
        fields.end(EXAMPLE)?;
        Ok(record)
    }

    /// Reads the cycles of a `T`.
    fn compute(&mut self, fields: &mut Fields<'_>) -> Result<u64, Fault> {
        let (cycles, span) = cycles(fields)?;
        if self.cycles.add(cycles) { Ok(cycles) } else { Err(self.cycles.fault(span)) }
    }

    /// Where `@cores` is what a core lies beyond, no larger machine makes room for it.
    fn explain_cores(&self, fault: Fault) -> Fault {
        let by_header = self.stated.cores == Some(self.cores);
        if fault.kind != TraceErrorKind::CoreOutOfRange || !by_header {
            return fault;
        }
        let last = self.cores - 1;
        fault.help(format!("use `{last}`, or state more cores than `@cores {}`", self.cores))
    }

    /// Reads `ADDR [SIZE]`, or the `*` of a flush of everything.
    fn range(&self, core: u16, op: Op, fields: &mut Fields<'_>) -> Result<Record, Fault> {
        let target = fields.expect("an address with 0x, or a name", EXAMPLE)?;
        if op == Op::Flush && target.bytes == b"*" {
            return Ok(Record::event(core, Op::FlushAll, 0));
        }
        let addr = self.names.address(target)?;
        let size = match fields.clone().next() {
            Some(field) if field.bytes[0] != b'#' => {
                fields.next();
                number::size(field, Radix::Decimal, number::size_max(op.is_access()))?
            }
            _ => SIZE_DEFAULT,
        };
        number::check_end(addr, size, target.span())?;
        Ok(Record::access(core, op, addr, size))
    }
}

impl LineFormat for Mtrace {
    #[inline]
    fn fast(&mut self, bytes: &[u8; WINDOW_BYTES], into: &mut Vec<Record>) -> usize {
        if bytes.first() == Some(&b'@') {
            let Some((record, length)) = self.clock.fast(bytes) else { return 0 };
            self.started = true;
            into.push(record);
            return length;
        }
        let (core, core_digits) = scan::decimal(bytes);
        let [b' ', op, b' ', b'0', b'x', rest @ ..] = &bytes[core_digits..] else { return 0 };
        let op = match op {
            b'R' => Op::Read,
            b'W' => Op::Write,
            b'A' => Op::Atomic,
            b'I' => Op::Fetch,
            _ => return 0,
        };
        let (addr, digits) = scan::hex(rest);
        let rest = &rest[digits..];
        let (size, size_length) = match rest {
            [b' ', sized @ ..] => {
                let (size, size_digits) = scan::decimal(sized);
                (size, 1 + size_digits)
            }
            _ => (SIZE_DEFAULT, 0),
        };
        let end = scan::line_end(&rest[size_length..]);
        let sizes = 1..=number::size_max(true);
        if core_digits == 0 || core >= u32::from(self.cores) || digits == 0 || end == 0 {
            return 0;
        }
        if !sizes.contains(&size) || !number::ends_within(addr, size) {
            return 0;
        }
        self.started = true;
        into.push(Record::access(core as u16, op, addr, size));
        core_digits + 5 + digits + size_length + end
    }

    fn line(&mut self, line: &[u8], into: &mut Vec<Record>) -> Result<(), Fault> {
        let mut fields = Fields::new(line);
        let first = fields.expect("a core number", EXAMPLE)?;
        let record = match first.bytes {
            [b'@', ..] => self.header(first, &mut fields)?,
            b"let" => {
                self.names.declare(first, &mut fields)?;
                None
            }
            _ => Some(self.record(first, &mut fields)?),
        };
        self.started |= record.is_some();
        into.extend(record);
        Ok(())
    }

    fn state(&self, header: &mut Header) {
        self.stated.clone().tell(header);
        header.names = self.names.by_address();
    }
}

fn operation(label: Field<'_>) -> Result<Op, Fault> {
    match label.bytes {
        b"R" => Ok(Op::Read),
        b"W" => Ok(Op::Write),
        b"A" => Ok(Op::Atomic),
        b"I" => Ok(Op::Fetch),
        b"C" => Ok(Op::Clean),
        b"F" => Ok(Op::Flush),
        b"B" => Ok(Op::Fence),
        b"T" => Ok(Op::Compute),
        _ => Err(Fault::new(TraceErrorKind::BadOp, label.span())
            .expected("an operation: R W A I C F B or T")
            .help("R load, W store, A atomic, I fetch, C clean, F flush, B fence, T cycles")),
    }
}

fn cycles(fields: &mut Fields<'_>) -> Result<(u64, std::ops::Range<usize>), Fault> {
    let help = "write the cycles such as `0 T 120`";
    let field = fields.expect("a number of cycles", help)?;
    let cycles = number::decimal_digits(field.bytes).map_err(|_| {
        Fault::new(TraceErrorKind::BadCycles, field.span())
            .expected("a number of cycles of at most 64 bits")
            .help(help)
    })?;
    Ok((cycles, field.span()))
}

/// Returns whether a line may be one of this format.
pub(super) fn looks(line: &[u8]) -> bool {
    let mut fields = Fields::new(line);
    let Some(first) = fields.next() else { return false };
    if first.bytes[0] == b'@' || first.bytes == b"let" {
        return true;
    }
    let (op, target) = (fields.next(), fields.next());
    let Some(op) = op.and_then(|label| operation(label).ok()) else { return false };
    let target_fits = match (op, target.map(|field| field.bytes)) {
        (Op::Fence, target) => target.is_none_or(|target| target[0] == b'#'),
        (Op::Compute, Some(target)) => number::decimal_digits(target).is_ok(),
        (_, Some(target)) => {
            number::without_0x(target).is_some() || target == b"*" || names::begins_name(target)
        }
        (_, None) => false,
    };
    number::decimal_digits(first.bytes).is_ok() && target_fits
}
