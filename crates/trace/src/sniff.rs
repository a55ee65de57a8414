//! Which format a trace is in.
//!
//! 1. `--format` decides.
//! 2. The first bytes decide, if they are those of mtrc: no other format has them.
//! 3. The file name's extension decides (`a.din`, `a.din.gz`, `a.oracleGeneral.bin.zst`).
//! 4. The first bytes decide, if they are `gem5`, or a header of drmemtrace or of what DynamoRIO
//!    makes it of.
//! 5. What is called `.trace` and is no text is taken for one of ChampSim's formats, if its first
//!    16 KiB can be instructions of one of them and not of the other.
//! 6. The first line decides, if it names the columns of a csv and the lines fit no other format.
//!    What is called `.csv` is msr or twitter if its lines are those of one of them, else csv.
//! 7. The first 64 lines that are neither blank nor comments decide, if they fit exactly one
//!    format. What tells din from NUS is `0x` before the second field: NUS has it, din has not.
//!    What tells NCSU from mesim's own text is the case of the operation. A file that consists of
//!    `0 B` alone (a fence, or a read of address 0xb) fits two and is an error, and so is one that
//!    has nothing but comments in its first 16 KiB. oracle-general is known by its name alone.

use std::io::{Cursor, Read};
use std::path::Path;

use crate::codec::Codec;
use crate::error::TraceError;
use crate::error_kind::TraceErrorKind;
use crate::format::Format;
use crate::formats;
use crate::limits::{LINE_BYTES_MAX, SNIFF_LINES};
use crate::mtrc;
use crate::text::buffer::Failed;
use crate::text::{failure, fields, reader};

/// How many bytes the first bytes are that decide.
const MAGIC_BYTES: usize = 12;

/// Returns the format that a file's name says: `x.din.gz` is a din trace.
pub fn format_of_name(path: &Path) -> Option<Format> {
    by_name(&path.to_string_lossy())
}

/// Returns the format that the extension of a file name means, compression put aside.
pub(crate) fn by_name(path: &str) -> Option<Format> {
    let (_, stem) = Codec::of_name(path);
    // `.bin` says only that it is binary: the format stands before it.
    let stem = stem.strip_suffix(".bin").unwrap_or(stem);
    let (_, extension) = stem.rsplit_once('.')?;
    Format::from_extension(extension)
}

/// Returns the first bytes of an input, as many as a magic number has, and the whole input.
pub(crate) fn peek(mut input: Box<dyn Read + Send>) -> (Vec<u8>, Box<dyn Read + Send>) {
    let mut bytes = Vec::with_capacity(MAGIC_BYTES);
    let read = input.by_ref().take(MAGIC_BYTES as u64).read_to_end(&mut bytes);
    let peeked = Cursor::new(bytes.clone());
    match read {
        Ok(_) => (bytes, Box::new(peeked.chain(input))),
        // What came before an error is still to be read before it.
        Err(error) => (bytes, Box::new(peeked.chain(Failed(Some(error))))),
    }
}

/// Returns the format whose files alone begin with these bytes.
pub(crate) fn by_magic(bytes: &[u8]) -> Option<Format> {
    bytes.starts_with(&mtrc::MAGIC).then_some(Format::Mtrc)
}

/// Returns the format that a binary beginning fits, of a file whose name says no format.
pub(crate) fn by_first_bytes(bytes: &[u8]) -> Option<Format> {
    if formats::is_gem5(bytes) {
        return Some(Format::Gem5);
    }
    formats::is_drmemtrace(bytes).then_some(Format::Drmemtrace)
}

/// Returns the format that a binary beginning fits, if the name is one that such files have:
/// `x.trace`, compression put aside.
pub(crate) fn by_plausibility(path: &str, bytes: &[u8], whole: bool) -> Option<Format> {
    let (_, stem) = Codec::of_name(path);
    let (_, extension) = stem.rsplit_once('.')?;
    let named = extension.eq_ignore_ascii_case("trace");
    if named { formats::champsim_looks(bytes, whole) } else { None }
}

/// Returns the format that the beginning of a file fits; `whole` says that it is all of it.
pub(crate) fn by_content(path: &str, bytes: &[u8], whole: bool) -> Result<Format, TraceError> {
    let mut lines: Vec<&[u8]> = reader::without_mark(bytes).split(|&byte| byte == b'\n').collect();
    if !whole && lines.len() > 1 {
        // The last line may not be all there.
        lines.pop();
    }
    if let Some(at) = lines.iter().position(|line| line.len() > LINE_BYTES_MAX + 1) {
        return Err(failure::line_too_long().at(path, at as u64 + 1, lines[at]));
    }
    let lines: Vec<&[u8]> = lines
        .into_iter()
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter(|line| !fields::is_comment(line))
        .take(SNIFF_LINES)
        .collect();
    let fits = |format: &Format| lines.iter().all(|line| formats::looks(*format, line));
    let mut fitting: Vec<Format> = Format::ALL.iter().copied().filter(fits).collect();
    // The lines behind a header may be anything, so that nothing else may be known of it.
    if fitting.is_empty() && lines.first().is_some_and(|line| formats::is_csv_header(line)) {
        fitting.push(Format::Csv);
    }
    match fitting[..] {
        [format] => Ok(format),
        _ if lines.is_empty() && whole => Err(failure::empty(path, Format::Mtrace)),
        _ if lines.is_empty() => Err(unknown(path, "nothing but comments so far", &[])),
        [] => Err(unknown(path, "first lines that fit no format", &[])),
        _ => Err(unknown(path, "first lines that fit several formats", &fitting)),
    }
}

#[cold]
fn unknown(path: &str, found: &str, fitting: &[Format]) -> TraceError {
    let names = |formats: &[Format]| {
        formats.iter().map(|format| format.name()).collect::<Vec<_>>().join(", ")
    };
    let which = if fitting.is_empty() { String::new() } else { format!(": {}", names(fitting)) };
    let help = match fitting.first() {
        Some(format) => format!("name the format with `--format {}`", format.name()),
        None => {
            "name the format, such as `--format mtrace`: it shows which line does not fit".into()
        }
    };
    TraceError::new(TraceErrorKind::UnknownFormat, path)
        .found(format!("{found}{which}"))
        .expected(format!("one of {}", names(Format::ALL)))
        .help(help)
}
