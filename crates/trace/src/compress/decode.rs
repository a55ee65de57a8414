//! Streams of bytes out of compressed files, where a missing end is always an error.

use std::io::{self, BufReader, ErrorKind, Read};

use flate2::read::MultiGzDecoder;
use liblzma::read::XzDecoder;
use liblzma::stream::{CONCATENATED, Stream};
use lz4_flex::frame::FrameDecoder;

use crate::codec::Codec;
use crate::compress::zip::ZipMembers;

/// The most memory that undoing xz may take, in bytes; `xz -9` needs 65 MiB.
const XZ_BYTES_MAX: u64 = 256 << 20;

/// Undoes a compression; concatenated members (frames, streams) are one stream of bytes.
///
/// Where the file ends before its end the stream ends with `ErrorKind::UnexpectedEof`. Memory is
/// bounded: zstd windows to 128 MiB, xz to 256 MiB, lz4 blocks to 8 MiB.
pub fn decoder(codec: Codec, input: Box<dyn Read + Send>) -> io::Result<Box<dyn Read + Send>> {
    Ok(match codec {
        Codec::Gzip => Box::new(MultiGzDecoder::new(input)),
        Codec::Zstd => Box::new(zstd::stream::read::Decoder::new(input)?),
        Codec::Xz => {
            let stream = Stream::new_stream_decoder(XZ_BYTES_MAX, CONCATENATED)?;
            Box::new(XzDecoder::new_stream(input, stream))
        }
        Codec::Lz4 => Box::new(Lz4Frames::new(input)),
        Codec::Zip => Box::new(ZipMembers::new(input)),
    })
}

/// LZ4 frames one after the other.
///
/// The decoder of one frame reports a file that is cut within a block's length as if the frame had
/// ended there. It asks for more bytes in vain in that case and does not at a real end.
struct Lz4Frames {
    frames: FrameDecoder<Watched>,
    /// Where the last frame ended.
    boundary: u64,
}

impl Lz4Frames {
    fn new(input: Box<dyn Read + Send>) -> Lz4Frames {
        let watched = Watched { input: BufReader::new(input), count: 0, exhausted: false };
        Lz4Frames { frames: FrameDecoder::new(watched), boundary: 0 }
    }
}

impl Read for Lz4Frames {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        loop {
            let count = self.frames.read(into)?;
            let input = self.frames.get_ref();
            if count > 0 {
                return Ok(count);
            }
            match (input.exhausted, input.count == self.boundary) {
                (true, true) => return Ok(0),
                (true, false) => return Err(ErrorKind::UnexpectedEof.into()),
                (false, _) => self.boundary = input.count,
            }
        }
    }
}

/// An input that remembers how much was read and whether more was asked for than there is.
struct Watched {
    input: BufReader<Box<dyn Read + Send>>,
    count: u64,
    exhausted: bool,
}

impl Read for Watched {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(into)?;
        self.count += count as u64;
        self.exhausted |= count == 0 && !into.is_empty();
        Ok(count)
    }
}
