//! mesim's own binary container, `.mtrc`; docs/formats.md has its layout byte by byte.
//!
//! A header, chunks of at most 65,536 records, and an index. A chunk begins anew, so that each can
//! be decoded by itself; `chunk` does that, in `reader`'s thread or in those of `parallel`.
//! `salvage` takes what is whole in a damaged file. `encode` and `decode` are the two directions of
//! a chunk's streams, `pcs` of the third, `layout` the numbers that both go by.

mod careful;
mod chunk;
mod clock;
mod decode;
mod encode;
mod failure;
mod footer;
mod framer;
mod head;
mod header;
mod index;
mod layout;
mod modules;
mod pack;
#[cfg(feature = "files")]
mod parallel;
mod pcs;
mod reader;
mod salvage;
#[cfg(feature = "files")]
mod survey;
mod writer;

#[cfg(feature = "files")]
pub(crate) use footer::read_full;
pub(crate) use layout::MAGIC;
pub use pack::ChunkCodec;
pub(crate) use reader::MtrcReader;
pub(crate) use salvage::Salvage;
#[cfg(feature = "files")]
pub use survey::Survey;
pub(crate) use writer::MtrcSink;

use crate::header::Header;

/// What a reader is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// The number of cores that there may be.
    pub(crate) cores: u16,
    /// Whether program counters are given.
    pub(crate) pcs: bool,
}

impl Wanted {
    /// Returns it for a trace that states its own cores.
    fn of(self, header: &Header) -> Wanted {
        Wanted { cores: self.cores.min(header.cores.unwrap_or(self.cores)), ..self }
    }
}
