//! What makes traces of running programs.

mod turns;
#[cfg(feature = "files")]
mod valgrind;

pub use turns::Turns;
#[cfg(feature = "files")]
pub use valgrind::{Valgrind, Version};
