//! One record of a trace, and the limits that every reader checks.

use std::mem;

/// The largest number of cores that a trace may name.
pub const CORES_MAX: u16 = 64;

/// The largest size of one access, in bytes.
pub const ACCESS_BYTES_MAX: u32 = 65_536;

/// The largest range that one clean or flush may name, in bytes: 1 GiB.
pub const RANGE_BYTES_MAX: u32 = 1 << 30;

/// What a record asks of a core, of every cache, or of the clock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Op {
    /// A load.
    Read,
    /// A store.
    Write,
    /// An atomic read-modify-write.
    Atomic,
    /// An instruction fetch.
    Fetch,
    /// Writes dirty lines of a range back and keeps them (CLWB).
    Clean,
    /// Writes dirty lines of a range back and invalidates them.
    Flush,
    /// Writes every dirty line of every cache back and invalidates all.
    FlushAll,
    /// Orders the core's own accesses.
    Fence,
    /// Lets the core compute for some cycles.
    Compute,
    /// Sets the time of what follows, in picoseconds.
    Time,
    /// Sets the time of what follows, in ticks of the machine's clock.
    TimeTicks,
    /// Says which instruction the core's next records come from, until it says another.
    ///
    /// A fetch says so as well. Only who asks for it ([`ReadOptions::pcs`](crate::ReadOptions)) is
    /// given any, and no count of records counts it.
    Pc,
}

impl Op {
    /// Says whether the record is an access: a load, store, atomic or fetch.
    #[must_use]
    pub const fn is_access(self) -> bool {
        matches!(self, Op::Read | Op::Write | Op::Atomic | Op::Fetch)
    }
}

/// One record of a trace, 16 bytes.
///
/// What the fields hold depends on the operation; every reader guarantees it:
///
/// | `op` | `addr` | `size` | `core` |
/// |---|---|---|---|
/// | `Read` `Write` `Atomic` `Fetch` | first byte | 1 to [`ACCESS_BYTES_MAX`] bytes | who asks |
/// | `Clean` `Flush` | first byte | 1 to [`RANGE_BYTES_MAX`] bytes | who asks |
/// | `FlushAll` `Fence` | 0 | 0 | who asks |
/// | `Compute` | cycles | 0 | who computes |
/// | `Time` | picoseconds since the start | 0 | 0 |
/// | `TimeTicks` | ticks since the start | 0 | 0 |
/// | `Pc` | the instruction's address, 0 if it is unknown | 0 | whose instruction |
///
/// The last byte, `addr + size - 1`, is always a valid 64-bit address.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Record {
    /// The first byte asked for, or an amount of time (see the table).
    pub addr: u64,
    /// The number of bytes asked for.
    pub size: u32,
    /// The core that asks, from 0.
    pub core: u16,
    /// What is asked.
    pub op: Op,
}

const _: () = assert!(mem::size_of::<Record>() == 16);

impl Record {
    /// Returns a load, store, atomic or fetch of `size` bytes at `addr`.
    #[must_use]
    pub const fn access(core: u16, op: Op, addr: u64, size: u32) -> Record {
        Record { addr, size, core, op }
    }

    /// Returns a record without a range: a fence, a flush of everything, compute cycles, a time.
    ///
    /// `amount` is what the table of [`Record`] says about `addr`: cycles, picoseconds, ticks, an
    /// instruction's address or 0.
    #[must_use]
    pub const fn event(core: u16, op: Op, amount: u64) -> Record {
        Record { addr: amount, size: 0, core, op }
    }
}
