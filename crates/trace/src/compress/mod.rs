//! Compressed files: undone by magic number while reading, done by name while writing.

mod decode;
mod encode;

pub use decode::decoder;
pub use encode::encoder;
