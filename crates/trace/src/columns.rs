//! What the columns of a table of accesses hold.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

use crate::text::number::Radix;

/// What a column holds that is used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Column {
    Core,
    Thread,
    Op,
    Address,
    Size,
    Pc,
}

impl Column {
    pub(crate) const ALL: [Column; 6] =
        [Column::Core, Column::Thread, Column::Op, Column::Address, Column::Size, Column::Pc];

    /// Returns what such a column may be called, whatever the case.
    const fn names(self) -> &'static [&'static str] {
        match self {
            Column::Core => &["core", "cpu"],
            Column::Thread => &["tid", "thread"],
            Column::Op => &["op", "type", "rw", "kind"],
            Column::Address => &["addr", "address"],
            Column::Size => &["size", "bytes", "len"],
            Column::Pc => &["pc", "ip"],
        }
    }

    /// Returns how its numbers are written if nothing says otherwise.
    pub(crate) const fn radix(self) -> Radix {
        match self {
            Column::Address | Column::Pc => Radix::Hex,
            Column::Core | Column::Thread | Column::Op | Column::Size => Radix::Decimal,
        }
    }

    /// Returns whether its numbers may be written either way.
    const fn has_radix(self) -> bool {
        matches!(self, Column::Thread | Column::Address | Column::Size | Column::Pc)
    }
}

/// Which column of a table of accesses (csv, pinatrace) holds what, as `--columns` names them.
///
/// The names are `core` or `cpu` (the number of a core), `tid` or `thread` (any number: threads
/// become cores in the order in which they appear), `op`, `type`, `rw` or `kind`, `addr` or
/// `address`, `size`, `bytes` or `len`, `pc` or `ip`, and `_` for a column that is skipped. Between
/// them are blanks, commas or semicolons. Addresses and pcs are hexadecimal and all else is
/// decimal, unless `:dec` or `:hex` stands behind the name.
///
/// ```
/// let columns: trace::Columns = "tid pc op addr:dec size".parse()?;
/// assert!("tid pc op".parse::<trace::Columns>().is_err(), "there is no address");
/// # Ok::<(), trace::ColumnsError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Columns {
    /// What each column holds; `None` for one that is skipped.
    holds: Vec<Option<Column>>,
    /// How the numbers of each kind of column are written, in the order of [`Column::ALL`].
    radixes: [Radix; Column::ALL.len()],
}

/// What is wrong with the names of columns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wrong {
    /// The name of this place means nothing.
    Unknown(usize),
    /// The name of this place says what one before it said.
    Twice(usize, Column),
    /// The name of this place says how letters are written.
    NoNumber(usize),
    /// None holds this.
    Missing(Column),
}

/// Why a text names no columns.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ColumnsError(String);

impl fmt::Display for ColumnsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for ColumnsError {}

impl Columns {
    /// Takes columns by their names; ones that mean nothing are skipped, or refused if `strict`.
    pub(crate) fn of<'name>(
        names: impl Iterator<Item = &'name [u8]>,
        strict: bool,
    ) -> Result<Columns, Wrong> {
        let mut columns = Columns { holds: Vec::new(), radixes: Column::ALL.map(Column::radix) };
        for (place, name) in names.enumerate() {
            let found = column(name);
            if found.is_none() && strict && name != b"_" {
                return Err(Wrong::Unknown(place));
            }
            if let Some((column, radix)) = found {
                if columns.has(column) {
                    return Err(Wrong::Twice(place, column));
                }
                if radix.is_some() && !column.has_radix() {
                    return Err(Wrong::NoNumber(place));
                }
                columns.radixes[column as usize] = radix.unwrap_or(column.radix());
            }
            columns.holds.push(found.map(|(column, _)| column));
        }
        if columns.has(Column::Core) {
            // Where the core is said, the thread does not matter.
            for held in &mut columns.holds {
                *held = held.filter(|column| *column != Column::Thread);
            }
        }
        match [Column::Op, Column::Address].into_iter().find(|column| !columns.has(*column)) {
            Some(missing) => Err(Wrong::Missing(missing)),
            None => Ok(columns),
        }
    }

    /// Takes columns that hold these.
    pub(crate) fn in_order(columns: &[Column]) -> Columns {
        let holds = columns.iter().copied().map(Some).collect();
        Columns { holds, radixes: Column::ALL.map(Column::radix) }
    }

    pub(crate) fn has(&self, column: Column) -> bool {
        self.holds.contains(&Some(column))
    }

    /// Returns what each column holds; `None` for one that is skipped.
    pub(crate) fn holds(&self) -> &[Option<Column>] {
        &self.holds
    }

    /// Returns how the numbers of a column are written.
    pub(crate) fn radix(&self, column: Column) -> Radix {
        self.radixes[column as usize]
    }
}

/// Returns what a column of that name holds, and how its numbers are written if the name says it.
fn column(name: &[u8]) -> Option<(Column, Option<Radix>)> {
    let colon = name.iter().position(|&byte| byte == b':');
    let (name, radix) = match colon {
        Some(at) if name[at..].eq_ignore_ascii_case(b":dec") => (&name[..at], Some(Radix::Decimal)),
        Some(at) if name[at..].eq_ignore_ascii_case(b":hex") => (&name[..at], Some(Radix::Hex)),
        _ => (name, None),
    };
    let is_called = |column: &&Column| {
        column.names().iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
    };
    Column::ALL.iter().find(is_called).map(|column| (*column, radix))
}

/// Returns all names that columns may have, for a message.
pub(crate) fn all_names() -> String {
    let names: Vec<&str> = Column::ALL.iter().flat_map(|column| column.names()).copied().collect();
    names.join(", ")
}

impl FromStr for Columns {
    type Err = ColumnsError;

    fn from_str(text: &str) -> Result<Columns, ColumnsError> {
        let names: Vec<&str> =
            text.split([' ', '\t', ',', ';']).filter(|name| !name.is_empty()).collect();
        Columns::of(names.iter().map(|name| name.as_bytes()), true).map_err(|wrong| {
            ColumnsError(match wrong {
                Wrong::Unknown(place) => format!(
                    "no column is called `{}`: expected {}, or `_` for one that is skipped",
                    names[place],
                    all_names()
                ),
                Wrong::Twice(place, column) => format!(
                    "`{}` is the second column of its kind ({}): skip one with `_`",
                    names[place],
                    column.names().join(", ")
                ),
                Wrong::NoNumber(place) => {
                    format!("`{}`: only tid, addr, size and pc are `:dec` or `:hex`", names[place])
                }
                Wrong::Missing(column) => {
                    format!("no column is called {}", column.names().join(" or "))
                }
            })
        })
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.names()[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_named_in_any_order_and_case() {
        let columns: Columns = "Thread, IP;_ RW addr:DEC\tlen:hex".parse().expect("columns");
        let holds = [Column::Thread, Column::Pc, Column::Op, Column::Address, Column::Size];
        let [thread, pc, op, address, size] = holds.map(Some);
        assert_eq!(columns.holds(), [thread, pc, None, op, address, size]);
        assert_eq!(columns.radix(Column::Address), Radix::Decimal);
        assert_eq!(columns.radix(Column::Size), Radix::Hex);
        assert_eq!(columns.radix(Column::Pc), Radix::Hex);
        assert_eq!(columns.radix(Column::Thread), Radix::Decimal);
    }

    #[test]
    fn what_is_wrong_with_columns_is_said() {
        for (text, part) in [
            ("op adr", "`adr`"),
            ("op addr address", "`address` is the second"),
            ("op", "called addr or address"),
            ("", "called op or type or rw or kind"),
            ("op:hex addr", "only tid, addr"),
            ("op addr:oct", "`addr:oct`"),
        ] {
            let error = text.parse::<Columns>().expect_err(text).to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
