//! What makes traces of running programs.

mod stream;
mod turns;
#[cfg(feature = "files")]
mod valgrind;

pub use stream::Recorded;
pub use turns::Turns;
#[cfg(feature = "files")]
pub use valgrind::{Valgrind, Version};

/// What mesim's own recorders have in common, in C: the other sources include it as `ring.h`.
pub const RING_H: &str = include_str!("ring.h");

/// The recorder of programs that are compiled with `-fsanitize=thread`, in C.
pub const TSAN_C: &str = include_str!("tsan.c");

/// What a program includes to say what is of interest in it, in C.
pub const ROI_H: &str = include_str!("roi.h");
