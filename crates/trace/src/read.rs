//! A source from any stream of bytes: no files needed.

use std::io::Read;

use crate::codec::Codec;
use crate::error::TraceError;
use crate::format::Format;
use crate::formats;
use crate::sniff;
use crate::source::{OneCore, ReadOptions, Source};
use crate::text::buffer::LineBuffer;
use crate::text::failure;

/// Reads an uncompressed trace from a stream; `path` is its name in errors and for its format.
///
/// ```
/// use trace::{Op, ReadOptions};
///
/// let text = "@cores 2\n0 W 0x1000\n1 R 0x1000 8\n";
/// let mut source = trace::read("inline", Box::new(text.as_bytes()), &ReadOptions::default())?;
/// let mut records = Vec::new();
/// while source.read(&mut records)? {}
/// assert_eq!(source.header().cores, Some(2));
/// assert_eq!(records[1].op, Op::Read);
/// # Ok::<(), trace::TraceError>(())
/// ```
pub fn read(
    path: &str,
    input: Box<dyn Read + Send>,
    options: &ReadOptions,
) -> Result<Box<dyn Source>, TraceError> {
    read_decoded(path, input, None, options)
}

/// Reads what a decoder of `codec` yields.
pub(crate) fn read_decoded(
    path: &str,
    input: Box<dyn Read + Send>,
    codec: Option<Codec>,
    options: &ReadOptions,
) -> Result<Box<dyn Source>, TraceError> {
    let (magic, input) = sniff::peek(input);
    let mut buffer = LineBuffer::new(input);
    let by_magic = sniff::by_magic(&magic);
    let known = options.said_format(path).or(by_magic).or_else(|| sniff::by_name(path));
    let format = match known.or_else(|| sniff::by_first_bytes(&magic)) {
        Some(Format::Csv) if options.said_format(path).is_none() => {
            csv_or_requests(path, &mut buffer)
        }
        Some(format) => format,
        None => recognise(path, &mut buffer, codec)?,
    };
    let source = formats::reader(format, buffer, path, codec, options)?;
    Ok(match options.core {
        Some(core) => Box::new(OneCore::new(source, core)),
        None => source,
    })
}

/// Recognises what a file called `.csv` is: some traces of requests are tables as well.
fn csv_or_requests(path: &str, buffer: &mut LineBuffer) -> Format {
    let (bytes, whole) = buffer.peek();
    let found = sniff::by_content(path, bytes, whole).ok();
    found.filter(|format| format.numbers_keys()).unwrap_or(Format::Csv)
}

/// Recognises the format by the first lines.
fn recognise(
    path: &str,
    buffer: &mut LineBuffer,
    codec: Option<Codec>,
) -> Result<Format, TraceError> {
    let (bytes, whole) = buffer.peek();
    let result = match failure::first_nul(bytes) {
        Some(_) if let Some(format) = sniff::by_plausibility(path, bytes, whole) => Ok(format),
        Some(nul) => Err(failure::not_text(path, bytes, nul)),
        None => sniff::by_content(path, bytes, whole),
    };
    result.map_err(|error| match buffer.failed() {
        // Too little was read to recognise anything: the reason for that is the error.
        Some(source) => failure::input_error(path, codec, source, "0 lines (0 records)"),
        None => error,
    })
}
