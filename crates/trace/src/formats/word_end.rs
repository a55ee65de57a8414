//! How many bytes an access has where the trace says none.

/// Returns how many bytes there are up to the end of the 8-byte word.
///
/// An access of so many is of one line, whatever the address: one of a fixed size would be of two
/// wherever the address is not aligned.
pub(super) const fn bytes_to_word_end(addr: u64) -> u32 {
    8 - (addr % 8) as u32
}
