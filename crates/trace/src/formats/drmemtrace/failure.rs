//! What is wrong with a file of drmemtrace, and what would have been right.

use crate::codec::Codec;
use crate::error::TraceError;
use crate::error_kind::TraceErrorKind;
use crate::formats::drmemtrace::entry::{BUNDLE_MAX, BYTES, Entry, TYPE_MAX, VERSION_MAX, is_raw};
use crate::formats::fixed::FixedRecords;
use crate::record::{CORES_MAX, RANGE_BYTES_MAX};
use crate::text::number;

const RAW_HELP: &str = "raw thread files (`raw/*.raw.lz4`) have to be put together first: \
                        `drraw2trace -indir FOLDER.dir` writes FOLDER.dir/trace";
const OTHER_HELP: &str = "the file was damaged, or is no drmemtrace trace: `--format` names others";

/// Makes the errors that are about the record taken last.
pub(super) trait Failure {
    fn no_header(&self, bytes: &[u8; BYTES]) -> TraceError;
    fn version(&self, version: u64) -> TraceError;
    fn no_accesses(&self) -> TraceError;
    fn after_footer(&self, entry: Entry) -> TraceError;
    fn unknown(&self, entry: Entry) -> TraceError;
    fn no_flush(&self, entry: Entry) -> TraceError;
    fn flush_size(&self, start: u64, end: u64) -> TraceError;
    fn bundle_alone(&self) -> TraceError;
    fn bundle_size(&self, size: u16) -> TraceError;
    fn beyond(&self, addr: u64, size: u32) -> TraceError;
    fn backwards(&self, time: u64, before: u64) -> TraceError;
    fn no_thread(&self) -> TraceError;
    fn too_many(&self, id: u64, nth: u64, max: u16) -> TraceError;
    fn unreadable(&self, error: TraceError) -> TraceError;
}

impl Failure for FixedRecords<BYTES> {
    #[cold]
    fn no_header(&self, bytes: &[u8; BYTES]) -> TraceError {
        let raw = is_raw(bytes);
        let found = if raw {
            "a raw file, as the tracer writes it".to_owned()
        } else {
            shown(Entry::new(bytes))
        };
        let lz4 = self.codec() == Some(Codec::Lz4);
        self.wrong(TraceErrorKind::BadFileHeader)
            .found(found)
            .expected("a header: a record of type 25, whose address is the version")
            .help(if raw || lz4 { RAW_HELP } else { OTHER_HELP })
    }

    #[cold]
    fn version(&self, version: u64) -> TraceError {
        // With addresses of 32 bits a record has 8 bytes, and the next one begins in the version.
        let narrow = version >> 32 != 0 && u64::from(version as u32) <= VERSION_MAX;
        let (kind, found, help) = if version <= VERSION_MAX {
            let help = "no tracer ever wrote that: the file was damaged";
            (TraceErrorKind::BadFileHeader, format!("version {version}"), help)
        } else if narrow {
            let help = "make the trace of it with a `drraw2trace` of 64 bits";
            let found = "records of 8 bytes, of tools of 32 bits".to_owned();
            (TraceErrorKind::BadFileHeader, found, help)
        } else {
            let help = "record the trace with a DynamoRIO whose traces have an older version";
            (TraceErrorKind::NewerVersion, format!("version {version}"), help)
        };
        self.wrong(kind)
            .found(found)
            .expected(format!("a version from 1 to {VERSION_MAX}, and records of {BYTES} bytes"))
            .help(help)
    }

    #[cold]
    fn no_accesses(&self) -> TraceError {
        self.wrong_after(TraceErrorKind::Truncated)
            .found(format!("the end of the file after {} records", self.count()))
            .expected("a footer (a record of type 26) as the last record, and accesses before it")
            .help("the trace was cut off, or its tracer was stopped: copy or record it again")
    }

    #[cold]
    fn after_footer(&self, entry: Entry) -> TraceError {
        self.wrong(TraceErrorKind::BadOp)
            .found(format!("{} after the footer", shown(entry)))
            .expected("the end of the file")
            .help("a file is one trace: give several as a list, or a folder that has them")
    }

    #[cold]
    fn unknown(&self, entry: Entry) -> TraceError {
        self.wrong(TraceErrorKind::BadOp)
            .found(shown(entry))
            .expected(format!("a type from 0 to {TYPE_MAX}, and one header, at the beginning"))
            .help(OTHER_HELP)
    }

    #[cold]
    fn no_flush(&self, entry: Entry) -> TraceError {
        self.wrong(TraceErrorKind::BadOp)
            .found(format!("{}, the end of a flush", shown(entry)))
            .expected("its beginning before it, a record of the type before and of size 0")
            .help(OTHER_HELP)
    }

    #[cold]
    fn flush_size(&self, start: u64, end: u64) -> TraceError {
        self.wrong(TraceErrorKind::SizeOutOfRange)
            .found(format!("a flush from {start:#x} to {end:#x}"))
            .expected(format!("an end at most {RANGE_BYTES_MAX} bytes after the beginning"))
            .help(OTHER_HELP)
    }

    #[cold]
    fn bundle_alone(&self) -> TraceError {
        self.wrong(TraceErrorKind::BadOp)
            .found("a bundle (type 17) before any instruction of its thread")
            .expected("an instruction before it, which it continues")
            .help(OTHER_HELP)
    }

    #[cold]
    fn bundle_size(&self, size: u16) -> TraceError {
        self.wrong(TraceErrorKind::SizeOutOfRange)
            .found(format!("a bundle of {size} instructions, or one without a length"))
            .expected(format!("1 to {BUNDLE_MAX} instructions of at least a byte each"))
            .help(OTHER_HELP)
    }

    #[cold]
    fn beyond(&self, addr: u64, size: u32) -> TraceError {
        self.wrong(TraceErrorKind::AddressOverflow)
            .found(format!("{size} bytes at {addr:#x}"))
            .expected("a last byte below 2^64")
            .help(OTHER_HELP)
    }

    #[cold]
    fn backwards(&self, time: u64, before: u64) -> TraceError {
        self.wrong(TraceErrorKind::TimeBackwards)
            .found(format!("a timestamp of {time} us"))
            .expected(format!("one not before the last of this file, {before} us"))
            .help("the file was damaged, or the clock was set back: record the trace again")
    }

    #[cold]
    fn no_thread(&self) -> TraceError {
        self.wrong(TraceErrorKind::BadCore)
            .found("an access before any thread is named")
            .expected("a thread (a record of type 22) before the first access")
            .help(OTHER_HELP)
    }

    #[cold]
    fn too_many(&self, id: u64, nth: u64, max: u16) -> TraceError {
        self.wrong(TraceErrorKind::CoreOutOfRange)
            .found(format!("thread {id}, number {nth} to appear"))
            .expected(threads_expected(max))
            .help(number::more_cores(nth, "trace fewer threads"))
    }

    #[cold]
    fn unreadable(&self, error: TraceError) -> TraceError {
        let damaged = matches!(error.kind, TraceErrorKind::Corrupt | TraceErrorKind::Truncated);
        if damaged && self.codec() == Some(Codec::Lz4) { error.help(RAW_HELP) } else { error }
    }
}

/// Makes the error of a list of files that are of more threads than there are cores.
#[cold]
pub(super) fn too_many_threads(path: &str, threads: usize, max: u16) -> TraceError {
    TraceError::new(TraceErrorKind::CoreOutOfRange, path)
        .found(format!("files of {threads} threads"))
        .expected(threads_expected(max))
        .help(number::more_cores(threads as u64, "name the files of fewer threads"))
}

fn threads_expected(max: u16) -> String {
    match max {
        1 => "one thread, for one core".to_owned(),
        CORES_MAX => format!("at most {max} threads, one for each core"),
        _ => format!("at most {max} threads, one for each core of the machine"),
    }
}

fn shown(entry: Entry) -> String {
    let Entry { number, size, addr } = entry;
    format!("a record of type {number}, size {size}, address {addr:#x}")
}
