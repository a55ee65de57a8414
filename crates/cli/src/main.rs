//! The `mesim` binary.

fn main() {}
