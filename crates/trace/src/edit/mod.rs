//! A trace made from another: parts of it, or with other numbers.

mod cut;
mod remap;

use std::ops::RangeInclusive;

pub use cut::{Cut, Kept};
pub use remap::{Move, Remap, Remapped};

/// Addresses from the first to the last.
pub type Addresses = RangeInclusive<u64>;
