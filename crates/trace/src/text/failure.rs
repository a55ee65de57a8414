//! What is wrong with an input rather than with a field: no text, no end, no records.

use std::io;

use crate::codec::Codec;
use crate::error::{Place, TraceError};
use crate::error_kind::TraceErrorKind;
use crate::format::Format;
use crate::limits::LINE_BYTES_MAX;
use crate::text::excerpt;
use crate::text::fault::Fault;

/// Returns the fault of a line that has a NUL byte, which is worth more than its other faults.
#[cold]
pub(super) fn binary(line: &[u8]) -> Option<Fault> {
    let at = line.iter().position(|&byte| byte == 0)?;
    Some(
        Fault::new(TraceErrorKind::Binary, at..at + 1)
            .found("a NUL byte")
            .expected("a line of text")
            .help(
                "a trace is text, plain or compressed (gzip, zstd, xz, lz4): name such a file; \
                 mtrc, drmemtrace, champsim, gem5 and oracle-general are binary",
            ),
    )
}

/// Returns the fault of a line that is too long.
#[cold]
pub(crate) fn line_too_long() -> Fault {
    Fault::new(TraceErrorKind::LineTooLong, LINE_BYTES_MAX..LINE_BYTES_MAX + 1)
        .found(format!("more than {LINE_BYTES_MAX} bytes without a line end"))
        .expected(format!("lines of at most {LINE_BYTES_MAX} bytes"))
        .help("no format has such lines: name a trace, or give this one its line ends back")
}

/// Makes the error of a trace without records.
#[cold]
pub(crate) fn empty(path: &str, format: Format) -> TraceError {
    let (name, example) = (format.name(), format.example());
    let help = if format.is_binary() {
        format!("a record of {name} is {example}")
    } else {
        format!(
            "blank lines and comments are no records; a record of {name} is a line such as \
             `{example}`"
        )
    };
    TraceError::new(TraceErrorKind::Empty, path)
        .found("no record")
        .expected("at least one record")
        .help(help)
}

/// Makes the error of an input that failed after `read` ("12 lines (10 records)").
#[cold]
pub(crate) fn input_error(
    path: &str,
    codec: Option<Codec>,
    source: io::Error,
    read: &str,
) -> TraceError {
    let Some(codec) = codec.filter(|_| source.raw_os_error().is_none()) else {
        return TraceError::new(TraceErrorKind::Io, path)
            .found(format!("\"{source}\" after {read}"))
            .expected("a file that can be read")
            .help("check the path and the permissions")
            .caused_by(source);
    };
    let name = codec.name();
    // What is packed in members says in which one it ends.
    let within = match source.get_ref() {
        Some(where_) if codec == Codec::Zip => where_.to_string(),
        _ => format!("within the {name} data"),
    };
    if source.kind() == io::ErrorKind::Unsupported {
        TraceError::new(TraceErrorKind::BadArchive, path)
            .found(format!("{source}, after {read}"))
            .expected("members that are stored or deflated, and not encrypted")
            .help("unpack it and pack it anew: `unzip -p OLD.zip | gzip > NEW.gz`")
            .caused_by(source)
    } else if source.kind() == io::ErrorKind::UnexpectedEof {
        TraceError::new(TraceErrorKind::Truncated, path)
            .found(format!("the end of the file {within}, after {read}"))
            .expected(format!("the rest of the {name} data"))
            .help("the file was cut off: copy or record it again")
            .caused_by(source)
    } else {
        TraceError::new(TraceErrorKind::Corrupt, path)
            .found(format!("damaged {name} data (\"{source}\"), after {read}"))
            .expected(format!("{name} data that decompresses"))
            .help("the file was damaged: copy or record it again")
            .caused_by(source)
    }
}

/// Returns whether the beginning of a text has a byte that no text has.
pub(crate) fn first_nul(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|&byte| byte == 0)
}

/// Makes the error of a beginning that is no text.
#[cold]
pub(crate) fn not_text(path: &str, bytes: &[u8], nul: usize) -> TraceError {
    let shown = excerpt::excerpt(&bytes[..bytes.len().min(64)], 0..0);
    let mut error = TraceError::new(TraceErrorKind::Binary, path)
        .found("a NUL byte")
        .expected("a text trace, plain or compressed (gzip, zstd, xz, lz4)")
        .help(
            "name a trace of one of the formats, which `mesim replay --help` lists; for a binary \
             one, add `--format champsim`, `champsim-cloudsuite` or `oracle-general`",
        );
    error.place = Place::Bytes(nul as u64);
    error.excerpt = Some(Box::new(shown));
    error
}
