//! One type for each kind of number, so that mixing two does not compile.

use std::fmt;

/// A byte address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Addr(pub u64);

/// A line's number: its byte address divided by the line size.
///
/// Only [`crate::LineSize`] turns addresses into lines and back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LineAddr(pub u64);

/// A set's number in one cache.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SetIndex(pub u32);

/// A place inside a set.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Way(pub u32);

/// A set and a way together: the one place in a cache where a line lies.
///
/// Slots are numbered set by set, way by way, from zero; a line keeps its slot while it stays.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Slot(pub u32);

impl Slot {
    /// Returns the slot as an index into arrays that hold one element a slot.
    #[inline]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}
