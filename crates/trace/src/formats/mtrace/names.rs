//! Addresses, by number or by a name that `let` declared.

use std::collections::HashMap;

use crate::error_kind::TraceErrorKind;
use crate::limits::{NAME_BYTES_MAX, NAMES_MAX};
use crate::nearest::nearest;
use crate::text::fault::Fault;
use crate::text::fields::{Field, Fields};
use crate::text::number::{self, NotANumber};

const LET: &str = "a declaration is `let x = 0x1000`";

/// The declared names.
#[derive(Default)]
pub(super) struct Names {
    addresses: HashMap<String, u64>,
}

impl Names {
    /// Reads what follows `let`: `NAME = ADDR`.
    pub(super) fn declare(&mut self, word: Field<'_>, rest: &mut Fields<'_>) -> Result<(), Fault> {
        let field = rest.expect("a name", LET)?;
        let name = name(field)?;
        let equals = rest.expect("`=` between blanks", LET)?;
        if equals.bytes != b"=" {
            return Err(Fault::new(TraceErrorKind::BadLet, equals.span())
                .expected("`=` between blanks")
                .help(LET));
        }
        let addr = self.address(rest.expect("an address with 0x, or a name", LET)?)?;
        rest.end(LET)?;
        if self.addresses.contains_key(name) {
            return Err(Fault::new(TraceErrorKind::DuplicateName, field.span())
                .expected("a name that is not declared yet")
                .help("an address has one name throughout: choose another name"));
        }
        if self.addresses.len() == NAMES_MAX {
            return Err(Fault::new(TraceErrorKind::TooManyNames, word.span())
                .found(format!("name number {}", NAMES_MAX + 1))
                .expected(format!("at most {NAMES_MAX} names"))
                .help("write addresses such as `0x1000`"));
        }
        self.addresses.insert(name.to_owned(), addr);
        Ok(())
    }

    /// Returns the names declared so far, in the order of their addresses.
    pub(super) fn by_address(&self) -> Vec<(String, u64)> {
        let names = self.addresses.iter().map(|(name, addr)| (name.clone(), *addr));
        let mut names: Vec<_> = names.collect();
        names.sort_unstable_by(|(name, addr), (other, other_addr)| {
            (addr, name).cmp(&(other_addr, other))
        });
        names
    }

    /// Reads `BASE` or `BASE+OFFSET`.
    pub(super) fn address(&self, field: Field<'_>) -> Result<u64, Fault> {
        let plus = field.bytes.iter().position(|&byte| byte == b'+');
        let (mut base, mut offset) = (field, field);
        base.bytes = &field.bytes[..plus.unwrap_or(field.bytes.len())];
        let addr = if begins_name(base.bytes) { self.named(base)? } else { numbered(base)? };
        let Some(plus) = plus else { return Ok(addr) };
        offset.bytes = &field.bytes[plus + 1..];
        offset.start += plus + 1;
        let value = match number::without_0x(offset.bytes) {
            Some(digits) => number::hex_digits(digits),
            None => number::decimal_digits(offset.bytes),
        };
        let sum = value.and_then(|value| addr.checked_add(value).ok_or(NotANumber::Overflow));
        sum.map_err(|why| match why {
            NotANumber::Digits => Fault::new(TraceErrorKind::BadAddress, offset.span())
                .expected("an offset, decimal or hexadecimal with 0x")
                .help("write an offset such as `+8` or `+0x40`"),
            NotANumber::Overflow => {
                number::address_fault(NotANumber::Overflow, field.span(), "`0x1000`")
            }
        })
    }

    fn named(&self, field: Field<'_>) -> Result<u64, Fault> {
        let found = std::str::from_utf8(field.bytes).ok().and_then(|name| self.addresses.get(name));
        found.copied().ok_or_else(|| {
            let text = String::from_utf8_lossy(field.bytes);
            let mut names: Vec<&str> = self.addresses.keys().map(String::as_str).collect();
            names.sort_unstable();
            let help = match nearest(&text, names) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "write an address such as `0x1000`, or declare the name before".to_owned(),
            };
            Fault::new(TraceErrorKind::UnknownName, field.span())
                .expected("an address with 0x, or a name that `let` declared")
                .help(help)
        })
    }
}

fn numbered(field: Field<'_>) -> Result<u64, Fault> {
    number::address_0x(field).map_err(|fault| {
        let bare = fault.kind == TraceErrorKind::BadAddress;
        let text = String::from_utf8_lossy(field.bytes);
        if bare && number::hex_digits(field.bytes).is_ok() {
            fault.help(format!("did you mean `0x{text}`?"))
        } else {
            fault
        }
    })
}

/// Returns whether a field begins as a name does: with a letter or `_`.
pub(super) fn begins_name(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|&byte| byte.is_ascii_alphabetic() || byte == b'_')
}

/// Checks a name that is declared: letters, digits, `_` and `.`, not a digit first.
fn name(field: Field<'_>) -> Result<&str, Fault> {
    let legal = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
    let fits = begins_name(field.bytes)
        && field.bytes.len() <= NAME_BYTES_MAX
        && field.bytes.iter().all(legal);
    std::str::from_utf8(field.bytes).ok().filter(|_| fits).ok_or_else(|| {
        Fault::new(TraceErrorKind::BadLet, field.span())
            .expected(format!(
                "a name of at most {NAME_BYTES_MAX} letters, digits, `_` and `.`, a letter first"
            ))
            .help(LET)
    })
}
