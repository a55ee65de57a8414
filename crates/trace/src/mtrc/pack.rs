//! The bytes of a chunk, packed and unpacked.

use crate::mtrc::decode::PADDING;
#[cfg(feature = "files")]
use crate::mtrc::layout::RAW_BYTES_MAX;

/// How the chunks of an mtrc trace are packed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub enum ChunkCodec {
    /// Not at all.
    #[cfg_attr(not(feature = "files"), default)]
    Raw,
    /// Zstandard, level 3: smallest.
    #[cfg_attr(feature = "files", default)]
    Zstd,
    /// An LZ4 block: fastest of those that pack.
    Lz4,
}

impl ChunkCodec {
    /// Every codec.
    pub const ALL: &[ChunkCodec] = &[ChunkCodec::Raw, ChunkCodec::Zstd, ChunkCodec::Lz4];

    /// Returns the name of the codec.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ChunkCodec::Raw => "raw",
            ChunkCodec::Zstd => "zstd",
            ChunkCodec::Lz4 => "lz4",
        }
    }

    /// Returns the codec of that name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<ChunkCodec> {
        ChunkCodec::ALL.iter().copied().find(|codec| codec.name() == name)
    }

    /// Returns the number that stands in a chunk's head.
    pub(crate) const fn number(self) -> u8 {
        match self {
            ChunkCodec::Raw => 0,
            ChunkCodec::Zstd => 1,
            ChunkCodec::Lz4 => 2,
        }
    }

    /// Returns the codec of a number, if there is one.
    pub(crate) fn of_number(number: u8) -> Option<ChunkCodec> {
        ChunkCodec::ALL.iter().copied().find(|codec| codec.number() == number)
    }
}

/// The level of zstd: higher ones pack some percent better and several times slower.
#[cfg(feature = "files")]
const ZSTD_LEVEL: i32 = 3;

/// Packs chunks.
pub(crate) struct Packer {
    codec: ChunkCodec,
    #[cfg(feature = "files")]
    zstd: Option<zstd::bulk::Compressor<'static>>,
    packed: Vec<u8>,
}

impl Packer {
    pub(crate) fn new(codec: ChunkCodec) -> std::io::Result<Packer> {
        #[cfg(not(feature = "files"))]
        if codec != ChunkCodec::Raw {
            return Err(std::io::Error::from(std::io::ErrorKind::Unsupported));
        }
        Ok(Packer {
            codec,
            #[cfg(feature = "files")]
            zstd: match codec {
                ChunkCodec::Zstd => Some(zstd::bulk::Compressor::new(ZSTD_LEVEL)?),
                ChunkCodec::Raw | ChunkCodec::Lz4 => None,
            },
            packed: Vec::new(),
        })
    }

    /// Returns the chunk as it is to be stored: raw where packing makes it no shorter.
    #[cfg_attr(
        not(feature = "files"),
        expect(clippy::unnecessary_wraps, reason = "what packs may fail, and is not there")
    )]
    pub(crate) fn pack<'a>(&'a mut self, raw: &'a [u8]) -> std::io::Result<(ChunkCodec, &'a [u8])> {
        self.packed.clear();
        #[cfg(feature = "files")]
        match &mut self.zstd {
            Some(zstd) => {
                self.packed.reserve(zstd::zstd_safe::compress_bound(raw.len()));
                zstd.compress_to_buffer(raw, &mut self.packed)?;
            }
            None if self.codec == ChunkCodec::Lz4 => {
                let room = lz4_flex::block::get_maximum_output_size(raw.len());
                self.packed.resize(room, 0);
                let length = lz4_flex::block::compress_into(raw, &mut self.packed);
                self.packed.truncate(length.map_err(std::io::Error::other)?);
            }
            None => {}
        }
        if self.packed.is_empty() || self.packed.len() >= raw.len() {
            return Ok((ChunkCodec::Raw, raw));
        }
        Ok((self.codec, &self.packed))
    }
}

/// Unpacks chunks.
#[derive(Default)]
pub(crate) struct Unpacker {
    #[cfg(feature = "files")]
    zstd: Option<zstd::bulk::Decompressor<'static>>,
    #[cfg(feature = "files")]
    raw: Vec<u8>,
}

impl Unpacker {
    /// Returns the raw bytes and [`PADDING`] behind them, or in words why there are none.
    ///
    /// `length`, which is bounded, is how many there are to be.
    #[cfg_attr(
        not(feature = "files"),
        expect(clippy::unused_self, reason = "what unpacks is not there")
    )]
    pub(crate) fn unpack<'a>(
        &'a mut self,
        codec: ChunkCodec,
        stored: &'a mut Vec<u8>,
        length: usize,
    ) -> Result<&'a [u8], String> {
        #[cfg(feature = "files")]
        debug_assert!(length <= RAW_BYTES_MAX as usize);
        let raw = match codec {
            ChunkCodec::Raw => stored,
            #[cfg(feature = "files")]
            ChunkCodec::Zstd => {
                self.unzstd(stored, length)?;
                &mut self.raw
            }
            #[cfg(feature = "files")]
            ChunkCodec::Lz4 => {
                self.unlz4(stored, length)?;
                &mut self.raw
            }
            #[cfg(not(feature = "files"))]
            ChunkCodec::Zstd | ChunkCodec::Lz4 => {
                return Err("a build that unpacks raw chunks only".to_owned());
            }
        };
        if raw.len() != length {
            return Err(format!("{} bytes instead of {length}", raw.len()));
        }
        raw.resize(length + PADDING, 0);
        Ok(raw)
    }

    #[cfg(feature = "files")]
    fn unzstd(&mut self, stored: &[u8], length: usize) -> Result<(), String> {
        let zstd = match &mut self.zstd {
            Some(zstd) => zstd,
            none => {
                let new = zstd::bulk::Decompressor::new().map_err(|error| error.to_string())?;
                none.insert(new)
            }
        };
        self.raw.clear();
        // Room for the padding too: a chunk that is longer than it says fails or is seen to be.
        self.raw.reserve(length + PADDING);
        zstd.decompress_to_buffer(stored, &mut self.raw).map_err(|error| error.to_string())?;
        Ok(())
    }

    #[cfg(feature = "files")]
    fn unlz4(&mut self, stored: &[u8], length: usize) -> Result<(), String> {
        self.raw.resize(length, 0);
        let written = lz4_flex::block::decompress_into(stored, &mut self.raw);
        self.raw.truncate(written.map_err(|error| error.to_string())?);
        Ok(())
    }
}
