//! The names and magic numbers of the compressions.

/// A compression that is recognised by its first bytes and undone while reading.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Codec {
    /// gzip, one member or several.
    Gzip,
    /// Zstandard, one frame or several.
    Zstd,
    /// xz, one stream or several.
    Xz,
    /// The LZ4 frame format, one frame or several.
    Lz4,
    /// A zip archive, its members one after the other; read, not written.
    Zip,
}

impl Codec {
    /// Every compression.
    pub const ALL: &[Codec] = &[Codec::Gzip, Codec::Zstd, Codec::Xz, Codec::Lz4, Codec::Zip];

    /// Every compression that is written too.
    pub const WRITTEN: &[Codec] = &[Codec::Gzip, Codec::Zstd, Codec::Xz, Codec::Lz4];

    /// The number of bytes that [`of_magic`](Self::of_magic) wants to see.
    pub const MAGIC_BYTES: usize = 6;

    /// Returns the name of the compression.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Codec::Gzip => "gzip",
            Codec::Zstd => "zstd",
            Codec::Xz => "xz",
            Codec::Lz4 => "lz4",
            Codec::Zip => "zip",
        }
    }

    /// Returns the file name extension that means this compression, without a dot.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Codec::Gzip => "gz",
            Codec::Zstd => "zst",
            Codec::Xz => "xz",
            Codec::Lz4 => "lz4",
            Codec::Zip => "zip",
        }
    }

    /// Returns the compression that a file beginning with `bytes` has, if it has one.
    ///
    /// Zstandard files may begin with a skippable frame (as pzstd writes them).
    #[must_use]
    pub const fn of_magic(bytes: &[u8]) -> Option<Codec> {
        match bytes {
            [0x1f, 0x8b, ..] => Some(Codec::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Codec::Zstd),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Codec::Xz),
            [0x04, 0x22, 0x4d, 0x18, ..] => Some(Codec::Lz4),
            // The first member, or the end of an archive that has none.
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some(Codec::Zip),
            _ => None,
        }
    }

    /// Returns the compression whose extension a file name has, and the name without it.
    #[must_use]
    pub fn of_name(name: &str) -> (Option<Codec>, &str) {
        let found = name.rsplit_once('.').and_then(|(stem, extension)| {
            let same = |codec: &&Codec| codec.extension().eq_ignore_ascii_case(extension);
            Codec::ALL.iter().find(same).map(|&codec| (codec, stem))
        });
        match found {
            Some((codec, stem)) => (Some(codec), stem),
            None => (None, name),
        }
    }
}
