//! The bounds of what a reader keeps in memory.

/// The longest line of a text trace, in bytes, without its end.
pub const LINE_BYTES_MAX: usize = 4096;

/// The most names that one trace may declare with `let`.
pub const NAMES_MAX: usize = 65_536;

/// The longest name that `let` declares, in bytes.
pub const NAME_BYTES_MAX: usize = 128;

/// The most cycles that all compute records of a trace say together, and the latest time, in ticks
/// or picoseconds: what a machine adds to them stays far from overflow.
pub const CYCLES_MAX: u64 = 1 << 62;

/// The most different keys that one trace of requests may have, 2^25.
pub const KEYS_MAX: usize = 1 << 25;

/// The most bytes that all different keys of a trace of requests may have together: 1 GiB.
pub const KEY_TEXT_BYTES_MAX: usize = 1 << 30;

/// The block in which a text is read, in bytes.
pub(crate) const BLOCK_BYTES: usize = 512 * 1024;

/// How much of a text is looked at to recognise its format, in bytes.
pub(crate) const SNIFF_BYTES: usize = 16 * 1024;

/// How many lines of a text are looked at to recognise its format.
pub(crate) const SNIFF_LINES: usize = 64;
