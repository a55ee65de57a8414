//! Where records are written to.

#[cfg(feature = "files")]
use std::fs::File;
use std::io::{self, BufWriter, Stdout, Write};

use crate::error::TraceError;
use crate::error_kind::TraceErrorKind;
use crate::loss::Losses;
use crate::modules::Module;
use crate::record::Record;

/// A writer of records in some format.
pub trait Sink {
    /// Writes some records.
    fn write(&mut self, records: &[Record]) -> Result<(), TraceError>;

    /// Says, before the end, whose instructions the program counters are of.
    fn modules(&mut self, modules: &[Module]) {
        let _ = modules;
    }

    /// Writes what is left, closes the output, and returns what the format could not say.
    fn finish(self: Box<Self>) -> Result<Losses, TraceError>;
}

/// A byte output with an end to be written, such as a compressed one.
///
/// Any `Write` is one by way of `&mut W` or `Box<dyn Write>`.
pub trait FinishWrite: Write {
    /// Writes what ends the output and flushes it.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

macro_rules! finish_by_flushing {
    ($([$($generics:tt)*] $output:ty),* $(,)?) => {$(
        impl<$($generics)*> FinishWrite for $output {
            fn finish(mut self: Box<Self>) -> io::Result<()> {
                self.flush()
            }
        }
    )*};
}

finish_by_flushing! {
    [] Vec<u8>,
    [] Stdout,
    [W: Write] BufWriter<W>,
    [W: Write + ?Sized] &mut W,
    ['a] Box<dyn Write + 'a>,
    ['a] Box<dyn Write + Send + 'a>,
}

#[cfg(feature = "files")]
finish_by_flushing! { [] File }

/// Makes an error of a failed write; the path is the caller's to fill in.
pub(crate) fn write_error(source: io::Error) -> TraceError {
    TraceError::new(TraceErrorKind::Io, "<output>")
        .found(format!("\"{source}\""))
        .expected("an output that takes what is written")
        .help("check the free space and the permissions")
        .caused_by(source)
}
