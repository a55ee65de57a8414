//! What was asked: memory-access traces, read, written and made up.
//!
//! A trace is a stream of [`Record`]s: this core loads so many bytes there. [`open`] finds out how
//! a file is compressed and formatted and returns a [`Source`]; [`writer`] returns a [`Sink`] that
//! writes one and says what the format could not keep; [`synth`] makes traces up.
//!
//! Every reader streams, keeps a bounded amount in memory (see the constants), and never panics:
//! what is wrong with a trace is a [`TraceError`] with its place, what was expected there, and a
//! value that works. In every text format blank lines and lines that begin with `#` are skipped,
//! lines may end in CR LF, and the last one need not end at all.
//!
//! Not here: caches, protocols, the interleaving of several sources, and printing. Files,
//! compression and threads are the feature `files`, on by default; without it [`read`] still
//! reads a trace from any stream of bytes.
//!
//! ```
//! use trace::{Format, Header, ReadOptions};
//!
//! let mut records = Vec::new();
//! let text = "0 1000\n1 1004 the rest is a comment\n";
//! let options = ReadOptions { format: Some(Format::Din), ..ReadOptions::default() };
//! let mut source = trace::read("example", Box::new(text.as_bytes()), &options)?;
//! while source.read(&mut records)? {}
//!
//! let mut out = Vec::new();
//! let header = Header::new(Format::Mtrace);
//! let mut sink = trace::writer(Format::Mtrace, &header, Box::new(&mut out))?;
//! sink.write(&records)?;
//! assert!(sink.finish()?.is_empty());
//! assert_eq!(out, b"0 R 0x1000\n0 W 0x1004\n");
//! # Ok::<(), trace::TraceError>(())
//! ```

#[cfg(feature = "files")]
mod ahead;
mod codec;
mod columns;
#[cfg(feature = "files")]
mod compress;
#[cfg(feature = "files")]
mod create;
pub mod edit;
mod error;
mod error_kind;
mod format;
mod formats;
mod header;
mod limits;
mod loss;
mod modules;
mod mtrc;
mod nearest;
#[cfg(feature = "files")]
mod open;
#[cfg(feature = "files")]
mod per_core;
mod read;
mod record;
pub mod recorders;
mod sink;
mod sniff;
mod source;
pub mod synth;
mod text;
#[cfg(feature = "files")]
mod threads;

#[cfg(feature = "files")]
pub use ahead::Ahead;
pub use codec::Codec;
pub use columns::{Columns, ColumnsError};
#[cfg(feature = "files")]
pub use compress::{decoder, encoder};
#[cfg(feature = "files")]
pub use create::{create, create_per_core, create_with};
pub use error::{Excerpt, Place, TraceError};
pub use error_kind::TraceErrorKind;
pub use format::Format;
pub use formats::{writer, writer_with};
pub use header::Header;
pub use limits::{
    CYCLES_MAX, KEY_TEXT_BYTES_MAX, KEYS_MAX, LINE_BYTES_MAX, NAME_BYTES_MAX, NAMES_MAX,
};
pub use loss::{Loss, Losses};
pub use modules::Module;
pub use mtrc::ChunkCodec;
#[cfg(feature = "files")]
pub use mtrc::Survey;
#[cfg(feature = "files")]
pub use open::{Input, Surveyed, near_file, open, open_stream, survey};
#[cfg(feature = "files")]
pub use per_core::{is_per_core, open_per_core};
pub use read::read;
pub use record::{ACCESS_BYTES_MAX, CORES_MAX, Op, RANGE_BYTES_MAX, Record};
pub use sink::{FinishWrite, Sink};
pub use sniff::format_of_name;
pub use source::{CHUNK, IterSource, LackeyModify, ReadOptions, Shortfall, Source};
#[cfg(feature = "files")]
pub use threads::open_threads;
