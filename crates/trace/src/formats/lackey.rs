//! Valgrind's lackey with `--trace-mem=yes`.
//!
//! Lines are `I  ADDR,SIZE` (fetch), ` L ADDR,SIZE` (load), ` S ADDR,SIZE` (store) and
//! ` M ADDR,SIZE` (a load and a store of one instruction); the address is hexadecimal without
//! `0x`, the size decimal. Valgrind's messages (`==PID==`, `--PID--`, `**PID**`) are skipped,
//! except one that `--trace-sched=yes` prints, `--PID--   SCHED[T]:  acquired lock`: what follows
//! belongs to thread T. Threads become cores in the order in which they first appear; one that is
//! `starting` is a new one, though its number may have been that of another before. What
//! precedes the first such message belongs to core 0, the first thread. Where a thread leaves the
//! scheduler by a jump, some versions print `SCHEDSETJMP(line 1211) ...` without a mark; that is
//! skipped too.

use crate::error_kind::TraceErrorKind;
use crate::loss::{Loss, Losses};
use crate::record::{Op, Record};
use crate::source::LackeyModify;
use crate::text::buffer::WINDOW_BYTES;
use crate::text::fault::Fault;
use crate::text::fields::Fields;
use crate::text::number::{self, Radix};
use crate::text::output::{self, LineWriter};
use crate::text::reader::LineFormat;
use crate::text::scan;
use crate::text::threads::Threads;

const EXAMPLE: &str = "a line is `I  ADDR,SIZE` or ` L|S|M ADDR,SIZE`, such as ` L 1ffeffe7e0,8`";

/// The grammar of a line, and the thread that runs.
pub(crate) struct Lackey {
    modify: LackeyModify,
    /// The threads by Valgrind's numbers.
    threads: Threads,
    core: u16,
    /// Say with a fence where a thread stops that could have gone on.
    slices: bool,
}

impl Lackey {
    pub(crate) fn new(cores: u16, modify: LackeyModify, slices: bool) -> Lackey {
        Lackey { modify, threads: Threads::new(cores), core: 0, slices }
    }

    #[inline]
    fn push(&self, kind: u8, addr: u64, size: u32, into: &mut Vec<Record>) {
        let mut push = |op| into.push(Record::access(self.core, op, addr, size));
        match (kind, self.modify) {
            (b'I', _) => push(Op::Fetch),
            (b'L', _) => push(Op::Read),
            (b'S', _) => push(Op::Write),
            (_, LackeyModify::Atomic) => push(Op::Atomic),
            (_, LackeyModify::ReadWrite) => {
                push(Op::Read);
                push(Op::Write);
            }
        }
    }

    /// Reads a message of Valgrind's; most mean nothing here.
    fn message(&mut self, line: &[u8], into: &mut Vec<Record>) -> Result<(), Fault> {
        let Some(thread) = scheduled_thread(line) else {
            if self.slices && line.ends_with(b"-> VgTs_Yielding") {
                // A thread gives way when it has started another.
                let gave_way = line.ends_with(b"(VG_(vg_yield)) -> VgTs_Yielding");
                into.push(Record::event(self.core, Op::Fence, u64::from(gave_way)));
            }
            return Ok(());
        };
        let digits = &line[thread.clone()];
        let number = number::decimal_digits(digits).map_err(|_| {
            Fault::new(TraceErrorKind::BadCore, thread.clone())
                .expected("a thread number of at most 64 bits")
                .help("Valgrind numbers threads from 1, such as `SCHED[1]`")
        })?;
        if line.ends_with(b"(thread_wrapper(starting new thread))") {
            // The number may have been that of a thread that has ended.
            self.threads.forget(number);
        }
        self.core = self.threads.core(number, thread)?;
        Ok(())
    }
}

impl LineFormat for Lackey {
    #[inline]
    fn fast(&mut self, bytes: &[u8; WINDOW_BYTES], into: &mut Vec<Record>) -> usize {
        let (kind, rest) = match bytes {
            [b'I', b' ', b' ', rest @ ..] => (b'I', rest),
            [b' ', kind @ (b'L' | b'S' | b'M'), b' ', rest @ ..] => (*kind, rest),
            _ => return 0,
        };
        let (addr, digits) = scan::hex(rest);
        let [b',', rest @ ..] = &rest[digits..] else { return 0 };
        let (size, size_digits) = scan::decimal(rest);
        let end = scan::line_end(&rest[size_digits..]);
        let sizes = 1..=number::size_max(true);
        if digits == 0 || size_digits == 0 || end == 0 || !sizes.contains(&size) {
            return 0;
        }
        if !number::ends_within(addr, size) {
            return 0;
        }
        self.push(kind, addr, size, into);
        3 + digits + 1 + size_digits + end
    }

    fn line(&mut self, line: &[u8], into: &mut Vec<Record>) -> Result<(), Fault> {
        if message_text(line).is_some() {
            return self.message(line, into);
        }
        if is_unmarked_message(line) {
            return Ok(());
        }
        let mut fields = Fields::new(line);
        let kind = fields.expect("`I`, `L`, `S` or `M`", EXAMPLE)?;
        let &[letter @ (b'I' | b'L' | b'S' | b'M')] = kind.bytes else {
            return Err(Fault::new(TraceErrorKind::BadOp, kind.span())
                .expected("`I`, `L`, `S` or `M`, or a message of Valgrind's (`==PID==`)")
                .help(EXAMPLE));
        };
        let range = fields.expect("`ADDR,SIZE`", EXAMPLE)?;
        let Some(comma) = range.bytes.iter().position(|&byte| byte == b',') else {
            let end = range.span().end;
            return Err(Fault::new(TraceErrorKind::MissingField, end..end)
                .expected("a comma and the size")
                .help(EXAMPLE));
        };
        let (mut addr, mut size) = (range, range);
        addr.bytes = &range.bytes[..comma];
        size.bytes = &range.bytes[comma + 1..];
        size.start += comma + 1;
        let bytes = number::hex_digits(addr.bytes)
            .map_err(|why| number::address_fault(why, addr.span(), "`1ffeffe7e0`"))?;
        let size = number::size(size, Radix::Decimal, number::size_max(true))?;
        number::check_end(bytes, size, addr.span())?;
        fields.end(EXAMPLE)?;
        self.push(letter, bytes, size, into);
        Ok(())
    }
}

/// Returns where the text of a message of Valgrind's begins, if the line is one.
fn message_text(line: &[u8]) -> Option<usize> {
    let mark = line.get(..2).filter(|mark| matches!(*mark, b"==" | b"--" | b"**"))?;
    let digits = line[2..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let after = &line[2 + digits..];
    (digits > 0 && after.starts_with(mark)).then_some(2 + digits + 2)
}

/// Returns whether a line is the message that Valgrind 3.19 prints without its mark.
fn is_unmarked_message(line: &[u8]) -> bool {
    line.starts_with(b"SCHEDSETJMP(")
}

/// Returns where the thread's number stands in `--PID--   SCHED[T]:  acquired lock`.
fn scheduled_thread(line: &[u8]) -> Option<std::ops::Range<usize>> {
    let text = message_text(line).filter(|_| line.starts_with(b"--"))?;
    let rest = line[text..].trim_ascii_start().strip_prefix(b"SCHED[")?;
    let start = line.len() - rest.len();
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let event = rest[digits..].strip_prefix(b"]:")?.trim_ascii_start();
    (digits > 0 && event.starts_with(b"acquired lock")).then_some(start..start + digits)
}

/// Returns whether a line may be one of this format.
pub(crate) fn looks(line: &[u8]) -> bool {
    if message_text(line).is_some() || is_unmarked_message(line) {
        return true;
    }
    let mut fields = Fields::new(line);
    let (Some(kind), Some(range)) = (fields.next(), fields.next()) else { return false };
    matches!(kind.bytes, b"I" | b"L" | b"S" | b"M") && range.bytes.contains(&b',')
}

/// Writes the format, with a message wherever the thread changes.
///
/// Thread T is core T - 1. Before a thread first appears, those of all lower cores do, so that a
/// reader numbers the cores as they were.
#[derive(Default)]
pub(crate) struct LackeyWriter {
    core: u16,
    /// How many threads have appeared.
    appeared: u16,
}

impl LackeyWriter {
    fn switch(&mut self, core: u16, out: &mut Vec<u8>) {
        if core == self.core {
            return;
        }
        let first = if core >= self.appeared { self.appeared } else { core };
        for thread in first..=core {
            out.extend_from_slice(b"--0--   SCHED[");
            output::decimal(out, u64::from(thread) + 1);
            out.extend_from_slice(b"]:  acquired lock\n");
        }
        self.appeared = self.appeared.max(core.saturating_add(1));
        self.core = core;
    }
}

impl LineWriter for LackeyWriter {
    fn line(&mut self, record: &Record, out: &mut Vec<u8>, losses: &mut Losses) {
        let label: &[u8] = match record.op {
            Op::Read => b" L ",
            Op::Write => b" S ",
            Op::Atomic => b" M ",
            Op::Fetch => b"I  ",
            Op::Clean
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
        self.switch(record.core, out);
        out.extend_from_slice(label);
        output::hex(out, record.addr);
        out.push(b',');
        output::decimal(out, u64::from(record.size));
        out.push(b'\n');
    }
}
