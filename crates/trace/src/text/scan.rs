//! Numbers off the front of bytes, for the fast paths: no errors, only "not that simple".

use crate::text::hex;

/// The value of each byte as a hex digit; 0xff is not one.
const HEX: [u8; 256] = {
    let mut table = [0xff; 256];
    let mut digit = 0;
    while digit < 10 {
        table[b'0' as usize + digit] = digit as u8;
        digit += 1;
    }
    while digit < 16 {
        table[b'a' as usize + digit - 10] = digit as u8;
        table[b'A' as usize + digit - 10] = digit as u8;
        digit += 1;
    }
    table
};

/// Returns the value of a hex digit.
pub(crate) fn hex_digit(byte: u8) -> Option<u8> {
    let value = HEX[usize::from(byte)];
    (value != 0xff).then_some(value)
}

/// Returns the hex number that `bytes` begin with and its number of digits, up to 16.
///
/// 0 digits: there is none, or there are fewer than 16 bytes; the number means nothing then. What
/// follows the number, be it a 17th digit, is for the caller to see.
#[expect(clippy::inline_always, reason = "a call would hand what it returns through memory")]
#[inline(always)]
pub(crate) fn hex(bytes: &[u8]) -> (u64, usize) {
    bytes.first_chunk().map_or((0, 0), hex::leading)
}

/// Returns the decimal number that `bytes` begin with and its number of digits.
///
/// 0 digits: there is none, or it has more than 9, so that the value fits easily.
#[inline]
pub(crate) fn decimal(bytes: &[u8]) -> (u32, usize) {
    match bytes {
        [digit @ b'0'..=b'9', next, ..] if !next.is_ascii_digit() => (u32::from(digit - b'0'), 1),
        _ => longer_decimal(bytes),
    }
}

/// Returns the same of a number of any length.
fn longer_decimal(bytes: &[u8]) -> (u32, usize) {
    let mut value = 0u32;
    for (at, &byte) in bytes.iter().take(10).enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return (value, at);
        }
        value = value.wrapping_mul(10).wrapping_add(u32::from(digit));
    }
    (0, 0)
}

/// Returns the decimal number that `bytes` begin with and its number of digits.
///
/// 0 digits: there is none, or it has more than 19, so that the value fits.
#[inline]
pub(crate) fn long_decimal(bytes: &[u8]) -> (u64, usize) {
    let mut value = 0u64;
    for (at, &byte) in bytes.iter().take(20).enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return (value, at);
        }
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
    }
    (0, 0)
}

/// Returns the length of the line end (`\n` or `\r\n`) that `bytes` begin with, else 0.
#[inline]
pub(crate) fn line_end(bytes: &[u8]) -> usize {
    match bytes {
        [b'\n', ..] => 1,
        [b'\r', b'\n', ..] => 2,
        _ => 0,
    }
}

/// Returns the offset of the first newline; the length of `bytes` if there is none.
pub(crate) fn find_newline(bytes: &[u8]) -> usize {
    bytes.iter().position(|&byte| byte == b'\n').unwrap_or(bytes.len())
}
