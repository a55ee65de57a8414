//! What a conversion loses.

use std::fmt;

/// Something that a record or a header says and a format cannot.
///
/// The order of the variants is the order in which losses are listed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Loss {
    /// A header line: line size, title, config, or cores that have no record.
    Header,
    /// The core of a record.
    Core,
    /// The order of the records of different cores, which a file for each does not say.
    Order,
    /// The size of an access.
    Size,
    /// The low bits of an address that is not a multiple of 4.
    Alignment,
    /// An access to address 0, left out where 0 stands for none.
    AddressZero,
    /// That an access was atomic: it is written as a store, or as a load and a store (lackey).
    Atomic,
    /// An instruction fetch, left out.
    Fetch,
    /// A clean, left out.
    Clean,
    /// A flush of a range, left out.
    Flush,
    /// A flush of everything, left out.
    FlushAll,
    /// A fence, left out.
    Fence,
    /// Compute cycles, left out.
    Compute,
    /// A time, left out.
    Time,
    /// Which instruction records come from.
    Pc,
    /// Whose instructions the program counters are of.
    Module,
}

impl Loss {
    /// Every loss, in the order in which they are listed.
    pub const ALL: &[Loss] = &[
        Loss::Header,
        Loss::Core,
        Loss::Order,
        Loss::Size,
        Loss::Alignment,
        Loss::AddressZero,
        Loss::Atomic,
        Loss::Fetch,
        Loss::Clean,
        Loss::Flush,
        Loss::FlushAll,
        Loss::Fence,
        Loss::Compute,
        Loss::Time,
        Loss::Pc,
        Loss::Module,
    ];

    /// Returns what was lost, and of what: one and several of them.
    const fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Loss::Header => ("", "header line", "header lines"),
            Loss::Core => ("the core of ", "record", "records"),
            Loss::Order => ("the order among ", "core", "cores"),
            Loss::Size => ("the size of ", "access", "accesses"),
            Loss::Alignment => ("the low address bits of ", "access", "accesses"),
            Loss::AddressZero => ("", "access to address 0", "accesses to address 0"),
            Loss::Atomic => ("the atomicity of ", "access", "accesses"),
            Loss::Fetch => ("", "fetch", "fetches"),
            Loss::Clean => ("", "clean", "cleans"),
            Loss::Flush => ("", "flush", "flushes"),
            Loss::FlushAll => ("", "whole-cache flush", "whole-cache flushes"),
            Loss::Fence => ("", "fence", "fences"),
            Loss::Compute => ("", "compute record", "compute records"),
            Loss::Time => ("", "time", "times"),
            Loss::Pc => ("", "program counter", "program counters"),
            Loss::Module => ("the file of ", "module", "modules"),
        }
    }
}

/// How often each kind of loss happened in one conversion.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Losses {
    counts: [u64; Loss::ALL.len()],
}

impl Losses {
    /// Returns whether nothing was lost.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.iter().all(|&count| count == 0)
    }

    /// Returns how many records (or header lines, or cores) lost this.
    #[must_use]
    pub fn count(&self, loss: Loss) -> u64 {
        self.counts[loss as usize]
    }

    /// Returns each loss that happened with its count, in the order of [`Loss::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (Loss, u64)> + '_ {
        Loss::ALL.iter().map(|&loss| (loss, self.count(loss))).filter(|&(_, count)| count > 0)
    }

    /// Adds the losses of another writer of the same conversion.
    pub fn merge(&mut self, other: &Losses) {
        for (mine, theirs) in self.counts.iter_mut().zip(other.counts) {
            *mine += theirs;
        }
    }

    pub(crate) fn add(&mut self, loss: Loss) {
        self.add_many(loss, 1);
    }

    pub(crate) fn add_many(&mut self, loss: Loss, count: u64) {
        self.counts[loss as usize] += count;
    }
}

impl fmt::Display for Losses {
    /// Writes "the core of 12 records, 1 fence", or "nothing".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("nothing");
        }
        for (i, (loss, count)) in self.iter().enumerate() {
            let (of, one, several) = loss.words();
            let noun = if count == 1 { one } else { several };
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{of}{count} {noun}")?;
        }
        Ok(())
    }
}
