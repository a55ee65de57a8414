//! `@time`: the time of the accesses that follow.

use crate::error_kind::TraceErrorKind;
use crate::limits::CYCLES_MAX;
use crate::record::{Op, Record};
use crate::text::fault::Fault;
use crate::text::fields::{Field, Fields};
use crate::text::{number, scan};

const HELP: &str = "write a time such as `@time 1.5 ms` or `@time 120 cycles`";

/// The units of time and how many decimal places a picosecond is below each.
pub(super) const UNITS: [(&str, usize); 5] =
    [("s", 12), ("ms", 9), ("us", 6), ("ns", 3), ("ps", 0)];

/// The latest time so far.
///
/// Picoseconds and cycles are compared each with their own kind: how long a cycle is, the machine
/// knows and the trace does not.
#[derive(Default)]
pub(super) struct Clock {
    picoseconds: u64,
    cycles: u64,
}

impl Clock {
    /// Reads the line that `bytes` begin with if it is `@time NUMBER UNIT` and nothing else.
    ///
    /// Returns the record and the length of the line; `None` if the line is for
    /// [`set`](Self::set), be it rare or wrong.
    #[inline]
    pub(super) fn fast(&mut self, bytes: &[u8]) -> Option<(Record, usize)> {
        let amount = bytes.strip_prefix(b"@time ")?;
        let (number, digits) = scan::long_decimal(amount);
        let rest = amount[digits..].strip_prefix(b" ")?;
        let (op, scale, unit_length) = match rest {
            [b'u', b's', ..] => (Op::Time, 1_000_000, 2),
            [b'n', b's', ..] => (Op::Time, 1000, 2),
            [b'p', b's', ..] => (Op::Time, 1, 2),
            [b'm', b's', ..] => (Op::Time, 1_000_000_000, 2),
            [b's', ..] => (Op::Time, 1_000_000_000_000, 1),
            [b'c', b'y', b'c', b'l', b'e', b's', ..] => (Op::TimeTicks, 1, 6),
            _ => return None,
        };
        let end = scan::line_end(&rest[unit_length..]);
        let value = number.checked_mul(scale)?;
        let latest = if op == Op::Time { &mut self.picoseconds } else { &mut self.cycles };
        if digits == 0 || end == 0 || value > CYCLES_MAX || value < *latest {
            return None;
        }
        *latest = value;
        let length = "@time ".len() + digits + 1 + unit_length + end;
        Some((Record::event(0, op, value), length))
    }

    /// Reads what follows `@time` and returns the record of it.
    pub(super) fn set(
        &mut self,
        keyword: Field<'_>,
        rest: &mut Fields<'_>,
    ) -> Result<Record, Fault> {
        let amount = rest.expect("a time", HELP)?;
        let digits =
            amount.bytes.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
        let (number, glued) = amount.bytes.split_at(digits);
        if number.is_empty() {
            return Err(Fault::new(TraceErrorKind::BadTime, amount.span())
                .expected("a number such as 5 or 1.5, and a unit")
                .help(HELP));
        }
        let unit = if glued.is_empty() {
            rest.expect("a unit: s, ms, us, ns, ps or cycles", HELP)?
        } else {
            Field { bytes: glued, start: amount.start + digits }
        };
        rest.end(HELP)?;
        let number = Field { bytes: number, start: amount.start };
        let (op, value, latest, name) = if unit.bytes == b"cycles" {
            (Op::TimeTicks, scaled(number, 0, "cycles")?, &mut self.cycles, "cycles")
        } else {
            let places = places(unit)?;
            (Op::Time, scaled(number, places, "picoseconds")?, &mut self.picoseconds, "ps")
        };
        if value > CYCLES_MAX {
            return Err(Fault::new(TraceErrorKind::BadTime, amount.span())
                .expected(format!("a time of at most {CYCLES_MAX} {name} (2^62)"))
                .help(HELP));
        }
        if value < *latest {
            return Err(Fault::new(TraceErrorKind::TimeBackwards, keyword.start..unit.span().end)
                .expected(format!("a time not before the last one, {latest} {name}"))
                .help(format!("write `@time {latest} {name}` or later")));
        }
        *latest = value;
        Ok(Record::event(0, op, value))
    }
}

fn places(unit: Field<'_>) -> Result<usize, Fault> {
    let known = UNITS.iter().find(|(name, _)| name.as_bytes() == unit.bytes);
    known.map(|&(_, places)| places).ok_or_else(|| {
        Fault::new(TraceErrorKind::BadTime, unit.span())
            .expected("a unit: s, ms, us, ns, ps or cycles")
            .help(HELP)
    })
}

/// Returns a decimal number times `10^places`, which must be whole and of 64 bits.
fn scaled(field: Field<'_>, places: usize, whole: &str) -> Result<u64, Fault> {
    let fault = |expected: String| {
        Fault::new(TraceErrorKind::BadTime, field.span()).expected(expected).help(HELP)
    };
    let mut halves = field.bytes.splitn(2, |&byte| byte == b'.');
    let integer = halves.next().unwrap_or_default();
    let decimals = halves.next();
    let digits_only = |digits: &[u8]| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    if !digits_only(integer) || decimals.is_some_and(|decimals| !digits_only(decimals)) {
        return Err(fault("a number such as 5 or 1.5".to_owned()));
    }
    let decimals = decimals.unwrap_or_default();
    let zeros = decimals.iter().rev().take_while(|&&byte| byte == b'0').count();
    let decimals = &decimals[..decimals.len() - zeros];
    if decimals.len() > places {
        return Err(fault(format!("a whole number of {whole}")));
    }
    let mut digits = integer.to_vec();
    digits.extend_from_slice(decimals);
    digits.resize(integer.len() + places, b'0');
    number::decimal_digits(&digits).map_err(|_| fault(format!("{whole} of at most 64 bits")))
}
