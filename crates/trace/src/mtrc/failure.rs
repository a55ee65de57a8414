//! What is wrong with a file, where, and what would have been right.

use std::io;

use crate::codec::Codec;
use crate::error::{Place, TraceError};
use crate::error_kind::TraceErrorKind;
use crate::limits::CYCLES_MAX;
use crate::mtrc::careful::{Fault, Rules};
use crate::mtrc::clock::Beyond;
use crate::mtrc::footer::FooterFault;
use crate::mtrc::layout::{MAJOR, size_max};
use crate::mtrc::modules::ModulesFault;
use crate::record::Record;
use crate::text::failure::input_error;

const DAMAGED: &str = "the file was damaged: copy or record it again";
const UPDATE: &str = "a newer mesim wrote it: read it with that one, or convert it there to mtrace";
const WRITER: &str = "whatever wrote it did not keep to the layout in docs/formats.md";

/// The file that errors name.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) path: String,
    /// What the file as a whole is compressed with.
    pub(crate) codec: Option<Codec>,
}

/// A chunk as errors name it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At {
    /// The number of the chunk, from 1.
    pub(crate) chunk: u64,
    /// The offset of its first byte.
    pub(crate) offset: u64,
    /// The number of its first record, from 0.
    pub(crate) first: u64,
}

impl Origin {
    fn error(&self, kind: TraceErrorKind, place: Place) -> TraceError {
        let mut error = TraceError::new(kind, &self.path);
        error.place = place;
        error
    }

    /// The input failed, or the compression round it, after so many records.
    #[cold]
    pub(crate) fn input(&self, error: io::Error, records: u64) -> TraceError {
        input_error(&self.path, self.codec, error, &format!("{records} records"))
    }

    /// The same of what stands at an offset.
    #[cold]
    pub(crate) fn input_at(&self, error: io::Error, records: u64, offset: u64) -> TraceError {
        let mut error = self.input(error, records);
        error.place = Place::Bytes(offset);
        error
    }

    /// The file begins otherwise than one of mtrc.
    #[cold]
    pub(crate) fn no_magic(&self, bytes: &[u8]) -> TraceError {
        self.error(TraceErrorKind::BadFileHeader, Place::Bytes(0))
            .found(format!("`{}` at the beginning", bytes.escape_ascii()))
            .expected("the bytes `MTRC\\x1a\\r\\n\\x00`")
            .help("it is in another format: name that, such as `--format mtrace`")
    }

    /// A header that cannot be.
    #[cold]
    pub(crate) fn header(&self, found: String, expected: String) -> TraceError {
        self.error(TraceErrorKind::BadFileHeader, Place::Bytes(16))
            .found(found)
            .expected(expected)
            .help(DAMAGED)
    }

    /// Something that only a later version can read.
    #[cold]
    pub(crate) fn newer(&self, found: String, offset: u64) -> TraceError {
        self.error(TraceErrorKind::NewerVersion, Place::Bytes(offset))
            .found(found)
            .expected(format!("what version {MAJOR} of mtrc has"))
            .help(UPDATE)
    }

    /// The end within the header.
    #[cold]
    pub(crate) fn cut_header(&self, bytes: u64) -> TraceError {
        self.error(TraceErrorKind::Truncated, Place::Bytes(bytes))
            .found("the end of the file within the header, after 0 records")
            .expected("the rest of the header")
            .help("the file was cut off: copy or record it again")
    }

    /// The end within a chunk, or (`what`) the index; `at.first` records came before.
    #[cold]
    pub(crate) fn cut(&self, what: &str, at: At, expected: String) -> TraceError {
        let At { chunk: _, offset, first } = at;
        let help = match (first, self.codec) {
            (0, _) => "the file was cut off: copy or record it again".to_owned(),
            (_, None) => format!(
                "`head -c {offset} FILE > whole.mtrc` keeps the {first} records of the whole chunks"
            ),
            (_, Some(codec)) => format!(
                "undo {} and keep the first {offset} bytes: {first} records of the whole chunks",
                codec.name()
            ),
        };
        let place = Place::Binary { record: first + 1, offset };
        self.error(TraceErrorKind::Truncated, place)
            .found(format!("the end of the file within {what}, after {first} records"))
            .expected(expected)
            .help(help)
    }

    /// A chunk that cannot be read, of the records `span` if its head can be.
    #[cold]
    pub(crate) fn chunk(&self, at: At, span: &str, found: &str, expected: &str) -> TraceError {
        let At { chunk, offset, first } = at;
        let span = if span.is_empty() { String::new() } else { format!(" ({span})") };
        self.error(TraceErrorKind::BadChunk, Place::Binary { record: first + 1, offset })
            .found(format!("{found} in chunk {chunk}{span}"))
            .expected(expected)
            .help(DAMAGED)
    }

    /// Something else than a chunk or the index after so many records.
    #[cold]
    pub(crate) fn no_chunk(&self, at: At, tag: [u8; 4]) -> TraceError {
        let found = format!("`{}` where a chunk begins:", tag.escape_ascii());
        self.chunk(at, "", &found, "`CHNK`, or `INDX` after the last chunk")
    }

    /// A record that cannot be, `before` records after the first of its chunk.
    #[cold]
    pub(crate) fn record(&self, at: At, before: u64, fault: Fault, rules: Rules) -> TraceError {
        let place = Place::Binary { record: at.first + before + 1, offset: at.offset };
        let chunk = at.chunk;
        let wrong = |found: String, expected: &str| {
            let error = self.error(TraceErrorKind::BadChunk, place);
            error.found(format!("{found} in chunk {chunk}")).expected(expected).help(WRITER)
        };
        match fault {
            Fault::Control(control) => self
                .error(TraceErrorKind::BadOp, place)
                .found(format!("the control byte {control:#04x}"))
                .expected("a control byte that version 1 of mtrc has")
                .help(UPDATE),
            Fault::Switch(core) => wrong(
                format!("a record of core {core}"),
                &format!("records of core {}, as the chunk's head says", rules.core),
            ),
            Fault::Core(core) => {
                let last = rules.cores - 1;
                self.error(TraceErrorKind::CoreOutOfRange, place)
                    .found(format!("`{core}`"))
                    .expected(format!("a core from 0 to {last}"))
                    .help(format!(
                        "`--cores {}` makes room, if the trace states no fewer",
                        core + 1
                    ))
            }
            Fault::Size(size) => self
                .error(TraceErrorKind::SizeOutOfRange, place)
                .found(format!("a size of {size} bytes"))
                .expected("1 to 65536 bytes, for a clean or flush up to 1 GiB")
                .help(WRITER),
            Fault::Overflow(Record { addr, size, op, .. }) => self
                .error(TraceErrorKind::AddressOverflow, place)
                .found(format!("{size} bytes at {addr:#x}"))
                .expected(format!("a last byte of 64 bits (and at most {} bytes)", size_max(op)))
                .help(WRITER),
            Fault::Number => wrong("a number of more than 64 bits".to_owned(), "10 bytes at most"),
            Fault::Short => wrong(
                "the end of the operands within a record".to_owned(),
                "the operands of every record",
            ),
            Fault::Left(left) => {
                let found = format!("{left} operand bytes after the last record");
                wrong(found, "as many operands as the records have")
            }
        }
    }

    /// A time or a number of cycles that cannot be; `record` is its number, from 0.
    #[cold]
    pub(crate) fn beyond(&self, at: At, record: u64, value: u64, beyond: Beyond) -> TraceError {
        let place = Place::Binary { record: record + 1, offset: at.offset };
        let (kind, expected, help) = match beyond {
            Beyond::Backwards(latest) => (
                TraceErrorKind::TimeBackwards,
                format!("a time not before the last one, {latest}"),
                "time never runs backwards: sort the records by time",
            ),
            Beyond::TooLate => {
                (TraceErrorKind::BadTime, format!("a time of at most {CYCLES_MAX} (2^62)"), WRITER)
            }
            Beyond::TooManyCycles => (
                TraceErrorKind::BadCycles,
                format!("at most {CYCLES_MAX} cycles (2^62) in the whole trace"),
                WRITER,
            ),
        };
        self.error(kind, place).found(format!("{value}")).expected(expected).help(help)
    }

    /// An index that cannot be, or that is not of this file.
    #[cold]
    pub(crate) fn index(&self, offset: u64, found: &str, expected: &str) -> TraceError {
        self.error(TraceErrorKind::BadIndex, Place::Bytes(offset))
            .found(found)
            .expected(expected)
            .help("the records are not in doubt, but the file was damaged: copy it again")
    }

    /// What came of reading the table of modules at `at`, after all chunks.
    #[cold]
    pub(crate) fn modules(&self, at: At, fault: ModulesFault) -> TraceError {
        match fault {
            ModulesFault::Input(error) => self.input_at(error, at.first, at.offset),
            ModulesFault::Cut => {
                self.cut("the table of modules", at, "the rest of it, and the index".to_owned())
            }
            ModulesFault::Wrong(found, expected) => self.index(at.offset, &found, &expected),
        }
    }

    /// What came of reading the index at `at`, after all chunks.
    #[cold]
    pub(crate) fn footer(&self, at: At, fault: FooterFault) -> TraceError {
        match fault {
            FooterFault::Input(error) => self.input_at(error, at.first, at.offset),
            FooterFault::Cut => self.cut("the index", at, "the rest of the index".to_owned()),
            FooterFault::Newer(found) => self.newer(found, at.offset),
            FooterFault::Wrong(offset, found, expected) => self.index(offset, &found, &expected),
        }
    }
}
