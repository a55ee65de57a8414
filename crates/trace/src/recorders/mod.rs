//! What makes traces of running programs.

#[cfg(feature = "files")]
mod qemu;
mod stream;
mod turns;
#[cfg(feature = "files")]
mod valgrind;

#[cfg(feature = "files")]
pub use qemu::{Qemu, QemuFault};
pub use stream::Recorded;
pub use turns::Turns;
#[cfg(feature = "files")]
pub use valgrind::{Valgrind, Version};

/// What mesim's own recorders have in common, in C: the other sources include it as `ring.h`.
pub const RING_H: &str = include_str!("ring.h");

/// The recorder of programs that are compiled with `-fsanitize=thread`, in C.
pub const TSAN_C: &str = include_str!("tsan.c");

/// The recorder that qemu-user loads as a plugin, in C.
pub const QEMU_C: &str = include_str!("qemu.c");

/// What a program includes to say what is of interest in it, in C.
pub const ROI_H: &str = include_str!("roi.h");
