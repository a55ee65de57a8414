//! What a core asks of its caches.

use std::ops::RangeInclusive;

use cache::LineAddr;

use crate::step::Processor;

/// A core's number, from zero.
pub type CoreId = u32;

/// The kinds of access.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Op {
    /// A load.
    Read,
    /// A store.
    Write,
    /// An atomic read-modify-write: to the caches, a store.
    Atomic,
    /// An instruction fetch: to the caches, a load.
    Fetch,
}

impl Op {
    /// Returns the event of the processor table that the access is.
    #[inline]
    pub const fn event(self) -> Processor {
        match self {
            Self::Read | Self::Fetch => Processor::Load,
            Self::Write | Self::Atomic => Processor::Store,
        }
    }
}

/// The part of an access that falls in one line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reference {
    /// Who asks.
    pub core: CoreId,
    /// What is asked.
    pub op: Op,
    /// The line.
    pub line: LineAddr,
    /// The first byte touched, counted from the start of the line.
    pub offset: u32,
    /// How many bytes are touched; at least one, none beyond the line.
    pub bytes: u32,
}

impl Reference {
    /// Returns the words of the line that are touched, for words of `1 << word_shift` bytes.
    #[inline]
    pub const fn words(&self, word_shift: u32) -> RangeInclusive<usize> {
        let last = self.offset + self.bytes - 1;
        (self.offset >> word_shift) as usize..=(last >> word_shift) as usize
    }
}
