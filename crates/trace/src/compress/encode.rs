//! Compressed files by their names.

use std::io::{self, ErrorKind, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use liblzma::stream::{Check, Stream};
use liblzma::write::XzEncoder;
use lz4_flex::frame::{FrameEncoder, FrameInfo};

use crate::codec::Codec;
use crate::sink::FinishWrite;

/// The usual level of `xz`.
const XZ_LEVEL: u32 = 6;
/// The usual level of `zstd`.
const ZSTD_LEVEL: i32 = 3;

/// Compresses what is written as the name says: `.gz`, `.zst`, `.xz`, `.lz4`, else not at all.
///
/// A zip is not written: that is an error of the kind `Unsupported`.
/// The file is whole only after [`FinishWrite::finish`]. All four end with a checksum of the
/// content, so that a bit that flips on the way is noticed.
pub fn encoder<'out, W: Write + 'out>(
    path: &Path,
    out: W,
) -> io::Result<Box<dyn FinishWrite + 'out>> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(match Codec::of_name(&name).0 {
        None => Box::new(Plain(out)),
        Some(Codec::Gzip) => Box::new(Gzip(GzEncoder::new(out, Compression::default()))),
        Some(Codec::Zstd) => {
            let mut encoder = zstd::stream::write::Encoder::new(out, ZSTD_LEVEL)?;
            encoder.include_checksum(true)?;
            Box::new(Zstd(encoder))
        }
        Some(Codec::Xz) => {
            let stream = Stream::new_easy_encoder(XZ_LEVEL, Check::Crc64)?;
            Box::new(Xz(XzEncoder::new_stream(out, stream)))
        }
        Some(Codec::Zip) => return Err(ErrorKind::Unsupported.into()),
        Some(Codec::Lz4) => {
            let frame = FrameInfo::new().content_checksum(true);
            Box::new(Lz4(FrameEncoder::with_frame_info(frame, out)))
        }
    })
}

struct Plain<W>(W);

impl<W: Write> Write for Plain<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<W: Write> FinishWrite for Plain<W> {
    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.0.flush()
    }
}

/// Makes an encoder end its stream when it is finished, then flushes what it wrote to.
macro_rules! finish_by_ending {
    ($($name:ident($encoder:ty)),* $(,)?) => {$(
        struct $name<W: Write>($encoder);

        impl<W: Write> Write for $name<W> {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.write(bytes)
            }

            fn flush(&mut self) -> io::Result<()> {
                self.0.flush()
            }
        }

        impl<W: Write> FinishWrite for $name<W> {
            fn finish(self: Box<Self>) -> io::Result<()> {
                self.0.finish().map_err(io::Error::from)?.flush()
            }
        }
    )*};
}

finish_by_ending! {
    Gzip(GzEncoder<W>),
    Zstd(zstd::stream::write::Encoder<'static, W>),
    Xz(XzEncoder<W>),
    Lz4(FrameEncoder<W>),
}
