//! Checked sizes, and the only place that shifts and masks addresses.

use std::fmt;

use crate::addr::{Addr, LineAddr, SetIndex, Slot, Way};

/// The smallest line, in bytes: one word of sharing classification.
pub const LINE_BYTES_MIN: u64 = 4;
/// The largest line, in bytes.
pub const LINE_BYTES_MAX: u64 = 65_536;
/// The most lines that one cache may hold.
pub const LINES_MAX: u64 = 1 << 26;
/// The most ways of a policy that has to look at every way of a set.
///
/// `Srrip` ages all ways of a set at once; a set-associative cache compares every tag of a set.
pub const SCANNED_WAYS_MAX: u64 = 1024;

/// A line size: a power of two of bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LineSize {
    shift: u32,
}

impl LineSize {
    /// Checks a line size given in bytes.
    pub const fn new(bytes: u64) -> Result<Self, GeometryError> {
        if !bytes.is_power_of_two() || bytes < LINE_BYTES_MIN || bytes > LINE_BYTES_MAX {
            return Err(GeometryError::Line { bytes });
        }
        Ok(Self { shift: bytes.trailing_zeros() })
    }

    /// Returns the size in bytes.
    #[inline]
    pub const fn bytes(self) -> u64 {
        1 << self.shift
    }

    /// Returns the line in which an address falls.
    #[inline]
    pub const fn line(self, addr: Addr) -> LineAddr {
        LineAddr(addr.0 >> self.shift)
    }

    /// Returns how many bytes into its line an address lies.
    #[inline]
    pub const fn offset(self, addr: Addr) -> u32 {
        (addr.0 & (self.bytes() - 1)) as u32
    }

    /// Returns the address of a line's first byte.
    #[inline]
    pub const fn base(self, line: LineAddr) -> Addr {
        Addr(line.0 << self.shift)
    }
}

/// How many places a line may lie in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ways {
    /// That many places a set.
    Count(u64),
    /// Any place of the cache: one set, found through a hash index.
    Full,
}

/// The checked shape of one cache: `sets x ways x line = size`, with `sets` a power of two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Geometry {
    line: LineSize,
    sets: u32,
    ways: u32,
    /// The power of two that the ways are, if they are one.
    ways_shift: Option<u32>,
    full: bool,
}

impl Geometry {
    /// Checks a shape: a size in bytes, the ways of a set, the size of a line.
    pub fn new(size_bytes: u64, ways: Ways, line: LineSize) -> Result<Self, GeometryError> {
        let line_bytes = line.bytes();
        if size_bytes == 0 || !size_bytes.is_multiple_of(line_bytes) {
            return Err(GeometryError::NotWholeLines { size_bytes, line_bytes });
        }
        let lines = size_bytes / line_bytes;
        if lines > LINES_MAX {
            return Err(GeometryError::TooLarge { size_bytes, line_bytes });
        }
        let ways_count = match ways {
            Ways::Full => lines,
            Ways::Count(count) => count,
        };
        if ways_count == 0 || ways_count > lines || !lines.is_multiple_of(ways_count) {
            return Err(GeometryError::NotWholeSets { lines, ways: ways_count });
        }
        let full = matches!(ways, Ways::Full);
        if !full && ways_count > SCANNED_WAYS_MAX {
            return Err(GeometryError::TooManyWays { ways: ways_count });
        }
        let sets = lines / ways_count;
        if !sets.is_power_of_two() {
            return Err(GeometryError::SetsNotPowerOfTwo { sets, ways: ways_count, line_bytes });
        }
        let (sets, ways) = (sets as u32, ways_count as u32);
        let ways_shift = ways.is_power_of_two().then(|| ways.trailing_zeros());
        Ok(Self { line, sets, ways, ways_shift, full })
    }

    /// Returns the size of a line.
    pub const fn line_size(&self) -> LineSize {
        self.line
    }

    /// Returns the number of sets.
    pub const fn sets(&self) -> u32 {
        self.sets
    }

    /// Returns the number of ways of each set.
    pub const fn ways(&self) -> u32 {
        self.ways
    }

    /// Tells whether a line may lie anywhere and is found through a hash index.
    pub const fn is_full(&self) -> bool {
        self.full
    }

    /// Returns the number of lines that fit.
    pub const fn lines(&self) -> u32 {
        self.sets * self.ways
    }

    /// Returns the size in bytes.
    pub const fn size_bytes(&self) -> u64 {
        self.lines() as u64 * self.line.bytes()
    }

    /// Returns the set in which a line belongs.
    #[inline]
    pub const fn set(&self, line: LineAddr) -> SetIndex {
        SetIndex(line.0 as u32 & (self.sets - 1))
    }

    /// Returns the set in which a line belongs where there are so many sets, a power of two.
    #[inline]
    pub const fn set_among(line: LineAddr, sets: usize) -> usize {
        line.0 as usize & (sets - 1)
    }

    /// Returns the set of a slot.
    #[inline]
    pub const fn set_of(&self, slot: Slot) -> SetIndex {
        match self.ways_shift {
            Some(shift) => SetIndex(slot.0 >> shift),
            None => SetIndex(slot.0 / self.ways),
        }
    }

    /// Returns the set of a slot, and the way.
    #[inline]
    pub const fn split(&self, slot: Slot) -> (SetIndex, Way) {
        match self.ways_shift {
            Some(shift) => (SetIndex(slot.0 >> shift), Way(slot.0 & (self.ways - 1))),
            None => (SetIndex(slot.0 / self.ways), Way(slot.0 % self.ways)),
        }
    }
}

/// A shape that no cache can have, with the numbers that show why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum GeometryError {
    /// The line size is not a power of two within the limits.
    Line {
        /// The size asked for.
        bytes: u64,
    },
    /// The size is zero, or no multiple of the line size.
    NotWholeLines {
        /// The size asked for.
        size_bytes: u64,
        /// The size of a line.
        line_bytes: u64,
    },
    /// More than [`LINES_MAX`] lines.
    TooLarge {
        /// The size asked for.
        size_bytes: u64,
        /// The size of a line.
        line_bytes: u64,
    },
    /// The lines do not divide into sets of that many ways.
    NotWholeSets {
        /// The lines that fit.
        lines: u64,
        /// The ways asked for.
        ways: u64,
    },
    /// More than [`SCANNED_WAYS_MAX`] ways in a cache that compares every tag of a set.
    TooManyWays {
        /// The ways asked for.
        ways: u64,
    },
    /// A set index needs a power of two.
    SetsNotPowerOfTwo {
        /// The sets that size and ways make.
        sets: u64,
        /// The ways of a set.
        ways: u64,
        /// The size of a line.
        line_bytes: u64,
    },
    /// `TreePlru` halves a set again and again: its ways must be a power of two.
    TreeWaysNotPowerOfTwo {
        /// The ways asked for.
        ways: u64,
    },
    /// `Srrip` with more than [`SCANNED_WAYS_MAX`] ways.
    TooManyWaysForSrrip {
        /// The ways asked for.
        ways: u64,
    },
}

impl GeometryError {
    /// Says what was expected, as a value that works.
    pub fn help(&self) -> String {
        match *self {
            Self::Line { bytes } => {
                let near = nearest_power_of_two(bytes).clamp(LINE_BYTES_MIN, LINE_BYTES_MAX);
                format!("a power of two from {LINE_BYTES_MIN} to {LINE_BYTES_MAX}, such as {near}")
            }
            Self::NotWholeLines { size_bytes, line_bytes } => {
                let lines = size_bytes.div_ceil(line_bytes).clamp(1, LINES_MAX);
                format!("a multiple of the line size, such as {}", bytes_text(lines * line_bytes))
            }
            Self::TooLarge { line_bytes, .. } => {
                format!("at most {LINES_MAX} lines, {}", bytes_text(LINES_MAX * line_bytes))
            }
            Self::NotWholeSets { lines, ways } => {
                let fitting = (1..=lines.min(SCANNED_WAYS_MAX))
                    .filter(|w| lines.is_multiple_of(*w) && (lines / w).is_power_of_two())
                    .min_by_key(|w| w.abs_diff(ways))
                    .unwrap_or(1);
                format!("ways that divide the {lines} lines, such as {fitting}")
            }
            Self::TooManyWays { .. } => {
                format!("at most {SCANNED_WAYS_MAX} ways, or `Full` for a hash-indexed cache")
            }
            Self::SetsNotPowerOfTwo { sets, ways, line_bytes } => {
                let near = nearest_power_of_two(sets);
                let size = bytes_text(near * ways * line_bytes);
                format!("{near} sets of {ways} ways make a size of {size}")
            }
            Self::TreeWaysNotPowerOfTwo { ways } => {
                format!("{} ways, or the policy `Lru`", nearest_power_of_two(ways))
            }
            Self::TooManyWaysForSrrip { .. } => {
                format!("at most {SCANNED_WAYS_MAX} ways, or the policy `Lru`")
            }
        }
    }
}

impl fmt::Display for GeometryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Line { bytes } => write!(f, "a line of {bytes} bytes is not possible"),
            Self::NotWholeLines { size_bytes: 0, .. } => {
                write!(f, "a cache of 0 bytes holds nothing")
            }
            Self::NotWholeLines { size_bytes, line_bytes } => {
                write!(f, "{size_bytes} bytes are no whole number of {line_bytes}-byte lines")
            }
            Self::TooLarge { size_bytes, line_bytes } => {
                write!(f, "{size_bytes} bytes are {} lines, too many", size_bytes / line_bytes)
            }
            Self::NotWholeSets { lines, ways } => {
                write!(f, "{lines} lines do not divide into sets of {ways} ways")
            }
            Self::TooManyWays { ways } => write!(f, "{ways} ways are too many to compare"),
            Self::SetsNotPowerOfTwo { sets, .. } => {
                write!(f, "{sets} sets: the number of sets must be a power of two")
            }
            Self::TreeWaysNotPowerOfTwo { ways } => {
                write!(f, "a tree over {ways} ways: the ways must be a power of two")
            }
            Self::TooManyWaysForSrrip { ways } => {
                write!(f, "{ways} ways are too many for `Srrip`, which ages all of a set at once")
            }
        }
    }
}

impl std::error::Error for GeometryError {}

/// Returns the power of two nearest to `n`, the larger one in the middle; 1 for 0.
fn nearest_power_of_two(n: u64) -> u64 {
    let above = n.max(1).checked_next_power_of_two().unwrap_or(1 << 63);
    let below = (above / 2).max(1);
    if n - below.min(n) < above.abs_diff(n) { below } else { above }
}

/// Writes a number of bytes in the largest unit that divides it.
fn bytes_text(bytes: u64) -> String {
    for (shift, unit) in [(30, "GiB"), (20, "MiB"), (10, "KiB")] {
        if bytes >= 1 << shift && bytes.is_multiple_of(1 << shift) {
            return format!("{} {unit}", bytes >> shift);
        }
    }
    format!("{bytes} B")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn geometry(size: u64, ways: Ways) -> Result<Geometry, GeometryError> {
        Geometry::new(size, ways, LineSize::new(64).unwrap())
    }

    #[test]
    fn a_line_falls_in_the_set_of_its_low_bits() {
        let g = geometry(32 * 1024, Ways::Count(8)).unwrap();
        assert_eq!((g.sets(), g.ways(), g.lines()), (64, 8, 512));
        // 0x1040 / 64 = line 65; 65 mod 64 = set 1.
        let line = g.line_size().line(Addr(0x1040));
        assert_eq!(line, LineAddr(65));
        assert_eq!(g.set(line), SetIndex(1));
        assert_eq!(g.line_size().base(line), Addr(0x1040));
        assert_eq!(g.line_size().offset(Addr(0x107f)), 63);
    }

    #[test]
    fn the_highest_address_has_a_line() {
        let size = LineSize::new(4).unwrap();
        assert_eq!(size.line(Addr(u64::MAX)), LineAddr(u64::MAX >> 2));
    }

    #[test]
    fn ways_need_no_power_of_two_but_sets_do() {
        // 48 KiB, 12 ways: 64 sets, as several real processors have it.
        assert_eq!(geometry(48 * 1024, Ways::Count(12)).unwrap().sets(), 64);
        let wrong = geometry(66 * 8 * 64, Ways::Count(8)).unwrap_err();
        assert_eq!(wrong, GeometryError::SetsNotPowerOfTwo { sets: 66, ways: 8, line_bytes: 64 });
        assert_eq!(wrong.help(), "64 sets of 8 ways make a size of 32 KiB");
    }

    #[test]
    fn impossible_shapes_are_refused_with_a_value_that_works() {
        let cases = [
            (geometry(0, Ways::Full), "a multiple of the line size, such as 64 B"),
            (geometry(100, Ways::Full), "a multiple of the line size, such as 128 B"),
            (geometry(1 << 60, Ways::Full), "at most 67108864 lines, 4 GiB"),
            (geometry(1024, Ways::Count(0)), "ways that divide the 16 lines, such as 1"),
            (geometry(1024, Ways::Count(32)), "ways that divide the 16 lines, such as 16"),
            (geometry(1 << 20, Ways::Count(2048)), "at most 1024 ways, or `Full`"),
        ];
        for (result, help) in cases {
            let error = result.unwrap_err();
            assert!(error.help().starts_with(help), "{error}: {}", error.help());
        }
        assert_eq!(
            LineSize::new(48).unwrap_err().help(),
            "a power of two from 4 to 65536, such as 64"
        );
        assert_eq!(nearest_power_of_two(0), 1);
        assert_eq!(nearest_power_of_two(66), 64);
        assert_eq!(nearest_power_of_two(100), 128);
    }
}
