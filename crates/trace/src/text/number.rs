//! The numbers of a record, checked, with what to say where they are wrong.

use std::ops::Range;

use crate::error_kind::TraceErrorKind;
use crate::limits::CYCLES_MAX;
use crate::record::{ACCESS_BYTES_MAX, CORES_MAX, RANGE_BYTES_MAX};
use crate::text::fault::Fault;
use crate::text::fields::Field;
use crate::text::scan;

/// Why digits are no 64-bit number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NotANumber {
    /// There are none, or other characters among them.
    Digits,
    /// They say more than 64 bits hold.
    Overflow,
}

/// Returns the number that hex digits (without `0x`) say.
pub(crate) fn hex_digits(digits: &[u8]) -> Result<u64, NotANumber> {
    if digits.is_empty() {
        return Err(NotANumber::Digits);
    }
    let mut value = 0u64;
    let mut overflow = false;
    for &byte in digits {
        let digit = scan::hex_digit(byte).ok_or(NotANumber::Digits)?;
        overflow |= value >> 60 != 0;
        value = value << 4 | u64::from(digit);
    }
    if overflow { Err(NotANumber::Overflow) } else { Ok(value) }
}

/// Returns the number that decimal digits say.
pub(crate) fn decimal_digits(digits: &[u8]) -> Result<u64, NotANumber> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(NotANumber::Digits);
    }
    digits
        .iter()
        .try_fold(0u64, |value, byte| value.checked_mul(10)?.checked_add(u64::from(byte - b'0')))
        .ok_or(NotANumber::Overflow)
}

/// Returns the bytes after `0x` or `0X`, if they begin with it.
pub(crate) fn without_0x(bytes: &[u8]) -> Option<&[u8]> {
    match bytes {
        [b'0', b'x' | b'X', rest @ ..] => Some(rest),
        _ => None,
    }
}

/// Reads an address in hex; `0x` may stand before it.
pub(crate) fn address_hex(field: Field<'_>) -> Result<u64, Fault> {
    let digits = without_0x(field.bytes).unwrap_or(field.bytes);
    hex_digits(digits).map_err(|why| address_fault(why, field.span(), "`7fff1234`"))
}

/// Reads an address in hex; `0x` must stand before it.
pub(crate) fn address_0x(field: Field<'_>) -> Result<u64, Fault> {
    let digits = without_0x(field.bytes).unwrap_or_default();
    hex_digits(digits).map_err(|why| address_fault(why, field.span(), "`0x1000`"))
}

/// Makes the fault of an address that is none.
pub(crate) fn address_fault(why: NotANumber, span: Range<usize>, example: &str) -> Fault {
    let prefix = if example.starts_with("`0x") { " with 0x" } else { "" };
    match why {
        NotANumber::Digits => Fault::new(TraceErrorKind::BadAddress, span)
            .expected(format!("an address in hexadecimal{prefix}"))
            .help(format!("write an address such as {example}")),
        NotANumber::Overflow => Fault::new(TraceErrorKind::AddressOverflow, span)
            .expected("an address of at most 64 bits")
            .help("the last address is `0xffffffffffffffff`"),
    }
}

/// Reads the core of a record of a machine of `cores` cores.
pub(crate) fn core(field: Field<'_>, cores: u16) -> Result<u16, Fault> {
    let last = cores.saturating_sub(1);
    let expected = || match last {
        0 => "core number 0, the only core".to_owned(),
        _ => format!("a core number from 0 to {last}"),
    };
    match decimal_digits(field.bytes) {
        Ok(core) if core <= u64::from(last) => Ok(core as u16),
        wanted @ (Ok(_) | Err(NotANumber::Overflow)) => {
            let wanted = wanted.unwrap_or(u64::MAX);
            Err(Fault::new(TraceErrorKind::CoreOutOfRange, field.span())
                .expected(expected())
                .help(more_cores(wanted.saturating_add(1), &format!("use `{last}`"))))
        }
        Err(NotANumber::Digits) => Err(Fault::new(TraceErrorKind::BadCore, field.span())
            .expected(expected())
            .help("a line begins with the core, such as `0`")),
    }
}

/// Says how to make room for so many cores, if a machine can have them.
pub(crate) fn more_cores(cores: u64, instead: &str) -> String {
    if cores > u64::from(CORES_MAX) {
        return format!("{instead}: no machine has more than {CORES_MAX} cores");
    }
    format!("{instead}, or take a machine of {cores} cores: `--cores {cores}`")
}

/// Reads a size in decimal or hex and checks it against `max`.
pub(crate) fn size(field: Field<'_>, radix: Radix, max: u32) -> Result<u32, Fault> {
    let value = match radix {
        Radix::Decimal => decimal_digits(field.bytes),
        Radix::Hex => hex_digits(without_0x(field.bytes).unwrap_or(field.bytes)),
    };
    let shown = match radix {
        Radix::Decimal => max.to_string(),
        Radix::Hex => format!("{max:x}"),
    };
    match value {
        Ok(size) if (1..=u64::from(max)).contains(&size) => Ok(size as u32),
        Ok(_) | Err(NotANumber::Overflow) => {
            Err(Fault::new(TraceErrorKind::SizeOutOfRange, field.span())
                .expected(format!("a size from 1 to {shown} bytes{}", radix.note()))
                .help("use the size of the access, such as `4`"))
        }
        Err(NotANumber::Digits) => Err(Fault::new(TraceErrorKind::BadSize, field.span())
            .expected(format!("a size in bytes{}", radix.note()))
            .help("use the size of the access, such as `4`")),
    }
}

/// The cycles of all compute records so far.
#[derive(Default)]
pub(crate) struct Cycles(u64);

impl Cycles {
    /// Returns whether so many more stay within [`CYCLES_MAX`].
    #[inline]
    pub(crate) fn add(&mut self, cycles: u64) -> bool {
        let room = CYCLES_MAX - self.0;
        let fits = cycles <= room;
        self.0 += if fits { cycles } else { 0 };
        fits
    }

    /// Makes the fault of cycles that do not fit.
    #[cold]
    pub(crate) fn fault(&self, span: Range<usize>) -> Fault {
        Fault::new(TraceErrorKind::BadCycles, span)
            .expected(format!("at most {CYCLES_MAX} cycles (2^62) in the whole trace"))
            .help(format!("there is room for {} more", CYCLES_MAX - self.0))
    }
}

/// How a size is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Radix {
    /// In decimal.
    Decimal,
    /// In hex, with or without `0x`.
    Hex,
}

impl Radix {
    const fn note(self) -> &'static str {
        match self {
            Radix::Decimal => "",
            Radix::Hex => ", in hexadecimal",
        }
    }
}

/// Returns the largest size of an access (`is_access`) or of a clean or flush.
pub(crate) const fn size_max(is_access: bool) -> u32 {
    if is_access { ACCESS_BYTES_MAX } else { RANGE_BYTES_MAX }
}

/// Checks that the last byte has an address.
pub(crate) fn check_end(addr: u64, size: u32, span: Range<usize>) -> Result<(), Fault> {
    if ends_within(addr, size) {
        return Ok(());
    }
    let last = u64::MAX - u64::from(size) + 1;
    Err(Fault::new(TraceErrorKind::AddressOverflow, span)
        .expected(format!("an address from which {size} bytes fit in 64 bits"))
        .help(format!("the last such address is `{last:#x}`")))
}

/// Returns whether the last byte has an address.
#[inline]
pub(crate) const fn ends_within(addr: u64, size: u32) -> bool {
    addr.checked_add(size as u64 - 1).is_some()
}
