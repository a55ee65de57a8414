//! Compressed files: undone by magic number while reading, done by name while writing.

mod decode;
mod encode;
mod peeked;
mod zip;
mod zip_directory;
mod zip_member;

pub use decode::decoder;
pub use encode::encoder;
