//! What tables of accesses have in common (csv, pinatrace): a line to a record, by its columns.
//!
//! An access without a column for its core is of core 0. One without a size reaches to the end of
//! its 8-byte word, so that it is of one line. A colon behind a field, as Pin's tools put it behind
//! the pc, is none of it.

use crate::columns::{self, Column, Columns, Wrong};
use crate::error_kind::TraceErrorKind;
use crate::formats::word_end::bytes_to_word_end;
use crate::header::Header;
use crate::record::{Op, Record};
use crate::text::fault::Fault;
use crate::text::fields::Field;
use crate::text::number::{self, NotANumber, Radix};
use crate::text::separator::Separator;
use crate::text::threads::Threads;

const EXAMPLE: &str = "with `--columns` names say what each column holds, and `_` skips one";

/// A table, from its first line on.
pub(super) struct Table {
    /// The number of cores of the machine.
    cores: u16,
    /// The columns, if the header line need not name them.
    columns: Option<Columns>,
    /// The lines after the first one.
    rows: Option<Rows>,
    /// Whether program counters are wanted.
    pcs: bool,
}

impl Table {
    pub(super) const fn new(cores: u16, columns: Option<Columns>, pcs: bool) -> Table {
        Table { cores, columns, rows: None, pcs }
    }

    /// Returns whether every line so far, and one at least, had these columns between commas.
    pub(super) fn is_of(&self, columns: &[Column]) -> bool {
        self.rows.as_ref().is_some_and(|rows| {
            rows.separator == Separator::Byte(b',')
                && rows.columns.holds().iter().copied().eq(columns.iter().copied().map(Some))
                && columns.iter().all(|column| rows.columns.radix(*column) == column.radix())
        })
    }

    /// Says what the columns say about the trace.
    pub(super) fn state(&self, header: &mut Header) {
        let columns = self.rows.as_ref().map(|rows| &rows.columns).or(self.columns.as_ref());
        let has = |column| columns.is_some_and(|columns| columns.has(column));
        header.cores = (!has(Column::Core) && !has(Column::Thread)).then_some(1);
        header.pcs = self.pcs && has(Column::Pc);
    }

    /// Reads a line: a record, or nothing if it is the header line.
    pub(super) fn line(&mut self, line: &[u8], into: &mut Vec<Record>) -> Result<(), Fault> {
        if let Some(rows) = &mut self.rows {
            return rows.record(line, into);
        }
        let separator = Separator::of(line);
        let named = header_line(line);
        let is_header = is_header(line);
        let columns = match self.columns.take() {
            Some(columns) => columns,
            None => named.map_err(|wrong| header_fault(wrong, line))?,
        };
        let threads = Threads::new(self.cores);
        let pcs = self.pcs && columns.has(Column::Pc);
        let rows = Rows { columns, separator, cores: self.cores, threads, pcs };
        let rows = self.rows.insert(rows);
        if is_header { Ok(()) } else { rows.record(line, into) }
    }
}

/// Returns whether a line names columns, be it in a way that is refused.
pub(crate) fn is_header(line: &[u8]) -> bool {
    !matches!(header_line(line), Err(Wrong::Missing(_)))
}

fn header_line(line: &[u8]) -> Result<Columns, Wrong> {
    Columns::of(Separator::of(line).split(line).map(|field| field.bytes), false)
}

/// Makes the fault of a first line that names no columns, or not these.
#[cold]
fn header_fault(wrong: Wrong, line: &[u8]) -> Fault {
    let named = |place| Separator::of(line).split(line).nth(place).map(|field| field.span());
    let whole = line.len() - line.trim_ascii_start().len()..line.trim_ascii_end().len();
    let fault = |span| Fault::new(TraceErrorKind::BadHeader, span);
    match wrong {
        Wrong::Twice(place, column) => fault(named(place).unwrap_or(whole))
            .expected(format!("one column called `{column}` or the like"))
            .help(format!("take one of the two: {EXAMPLE}")),
        Wrong::NoNumber(place) => fault(named(place).unwrap_or(whole))
            .expected("`:dec` or `:hex` behind tid, addr, size or pc alone")
            .help("leave it out: such columns are always written alike"),
        Wrong::Unknown(_) | Wrong::Missing(_) => fault(whole)
            .expected("a header line that names the columns, `op` and `addr` among them")
            .help(format!(
                "write one such as `core,op,addr,size`, or name the columns with `--columns \"core \
                 op addr size\"`; names are {}",
                columns::all_names()
            )),
    }
}

/// The lines of a table whose columns are known.
struct Rows {
    columns: Columns,
    separator: Separator,
    cores: u16,
    threads: Threads,
    /// Whether a program counter comes before each access.
    pcs: bool,
}

/// The fields of a line that are used.
type Used<'line> = [Option<Field<'line>>; Column::ALL.len()];

impl Rows {
    /// Reads a record, and its pc even where that is not wanted: what is wrong with it is found.
    fn record(&mut self, line: &[u8], into: &mut Vec<Record>) -> Result<(), Fault> {
        let used = self.fields(line)?;
        let of = |column: Column| used[column as usize];
        let radix = |column: Column, field: Field<'_>| match number::without_0x(field.bytes) {
            Some(_) => Radix::Hex,
            None => self.columns.radix(column),
        };
        let number = |column: Column, field: Field<'_>| match radix(column, field) {
            Radix::Hex => {
                number::hex_digits(number::without_0x(field.bytes).unwrap_or(field.bytes))
            }
            Radix::Decimal => number::decimal_digits(field.bytes),
        };
        let op = of(Column::Op).map_or(Ok(Op::Read), operation)?;
        let mut addresses = [0; 2];
        for (column, value) in [Column::Address, Column::Pc].into_iter().zip(&mut addresses) {
            if let Some(field) = of(column).filter(|field| field.bytes != b"(nil)") {
                let decimal = self.columns.radix(column) == Radix::Decimal;
                *value = number(column, field).map_err(|why| address_fault(why, field, decimal))?;
            }
        }
        let [addr, pc] = addresses;
        let size = match of(Column::Size) {
            Some(field) => number::size(field, radix(Column::Size, field), number::size_max(true))?,
            None => bytes_to_word_end(addr),
        };
        if let Some(field) = of(Column::Address) {
            number::check_end(addr, size, field.span())?;
        }
        let core = match (of(Column::Core), of(Column::Thread)) {
            (Some(field), _) => number::core(field, self.cores).map_err(|fault| {
                let help = "a thread that is no core has a column called `tid`";
                if fault.kind == TraceErrorKind::BadCore { fault.help(help) } else { fault }
            })?,
            (None, Some(field)) => {
                let thread = number(Column::Thread, field).map_err(|_| thread_fault(field))?;
                self.threads.core(thread, field.span())?
            }
            (None, None) => 0,
        };
        if self.pcs {
            into.push(Record::event(core, Op::Pc, pc));
        }
        into.push(Record::access(core, op, addr, size));
        Ok(())
    }

    /// Finds the fields of the columns that are used, none of which may be empty.
    fn fields<'line>(&self, line: &'line [u8]) -> Result<Used<'line>, Fault> {
        let mut used: Used<'_> = [None; Column::ALL.len()];
        let mut fields = self.separator.split(line);
        for column in self.columns.holds() {
            let (field, Some(column)) = (fields.next(), column) else { continue };
            let mut field = field.unwrap_or(Field { bytes: b"", start: line.len() });
            field.bytes = field.bytes.strip_suffix(b":").unwrap_or(field.bytes);
            if field.bytes.is_empty() {
                let end = line.trim_ascii_end().len();
                let fault = self.missing(*column, field.start.min(end));
                let is_between = field.start < end;
                return Err(if is_between { fault.found("an empty field") } else { fault });
            }
            used[*column as usize] = Some(field);
        }
        // A separator at the end separates nothing.
        match fields.next().filter(|field| !field.bytes.is_empty()) {
            None => Ok(used),
            Some(field) => Err(self.surplus(field)),
        }
    }

    #[cold]
    fn missing(&self, column: Column, at: usize) -> Fault {
        let what = match column {
            Column::Core => "a core number",
            Column::Thread => "a thread number",
            Column::Op => "an operation",
            Column::Address => "an address",
            Column::Size => "a size in bytes",
            Column::Pc => "a pc",
        };
        let (count, between) = (self.columns.holds().len(), self.separator.name());
        Fault::new(TraceErrorKind::MissingField, at..at)
            .expected(format!("{what}, of {count} columns between {between}"))
            .help(EXAMPLE)
    }

    #[cold]
    fn surplus(&self, field: Field<'_>) -> Fault {
        let (count, between) = (self.columns.holds().len(), self.separator.name());
        Fault::new(TraceErrorKind::ExtraField, field.span())
            .expected(format!("the end of the line after {count} columns between {between}"))
            .help(EXAMPLE)
    }
}

fn address_fault(why: NotANumber, field: Field<'_>, decimal: bool) -> Fault {
    let fault = number::address_fault(why, field.span(), "`7fff1234`");
    match why {
        NotANumber::Digits if decimal => fault
            .expected("an address in decimal, or in hexadecimal with 0x")
            .help("a column called `addr`, without `:dec`, is hexadecimal"),
        NotANumber::Digits => fault.help(
            "write an address such as `7fff1234` or `0x7fff1234`; a column called `addr:dec` is \
             decimal",
        ),
        NotANumber::Overflow => fault,
    }
}

#[cold]
fn thread_fault(field: Field<'_>) -> Fault {
    Fault::new(TraceErrorKind::BadCore, field.span())
        .expected("a thread number of at most 64 bits, decimal or hexadecimal with 0x")
        .help("a column called `tid:hex` is hexadecimal without 0x too")
}

fn operation(field: Field<'_>) -> Result<Op, Fault> {
    let names: [(Op, &[&str]); 4] = [
        (Op::Read, &["r", "read", "load", "ld", "0"]),
        (Op::Write, &["w", "write", "store", "st", "1"]),
        (Op::Fetch, &["i", "f", "fetch", "ifetch", "2"]),
        (Op::Atomic, &["a", "atomic", "rmw"]),
    ];
    let is_named = |(_, names): &&(Op, &[&str])| {
        names.iter().any(|name| field.bytes.eq_ignore_ascii_case(name.as_bytes()))
    };
    names.iter().find(is_named).map(|(op, _)| *op).ok_or_else(|| {
        Fault::new(TraceErrorKind::BadOp, field.span()).expected("r, w, i or a").help(
            "or read, load, ld, 0; write, store, st, 1; fetch, ifetch, f, 2; atomic, rmw; in \
                 any case",
        )
    })
}
