//! How many misses there were of each class.

/// Why a reference missed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MissClass {
    /// The core never had the line (or nobody has had it since a flush).
    Cold,
    /// Replaced, and a fully associative cache of the same size would have missed too.
    Capacity,
    /// Replaced, though a fully associative cache of the same size would have kept it.
    Conflict,
    /// Lost to another core's store, to a word that this reference touches.
    TrueSharing,
    /// Lost to another core's store, to other words of the line.
    FalseSharing,
    /// Lost to an eviction further out.
    BackInvalidation,
    /// A store to a shared line that reads the line again to own it.
    Upgrade,
}

/// Misses by class.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ClassCounters {
    /// [`MissClass::Cold`].
    pub cold: u64,
    /// [`MissClass::Capacity`].
    pub capacity: u64,
    /// [`MissClass::Conflict`].
    pub conflict: u64,
    /// [`MissClass::TrueSharing`].
    pub true_sharing: u64,
    /// [`MissClass::FalseSharing`].
    pub false_sharing: u64,
    /// [`MissClass::BackInvalidation`].
    pub back_invalidation: u64,
    /// [`MissClass::Upgrade`].
    pub upgrade: u64,
}

impl ClassCounters {
    /// The names of the classes, in the order of the reports.
    pub const NAMES: &[&str] = &[
        "cold",
        "capacity",
        "conflict",
        "true_sharing",
        "false_sharing",
        "back_invalidation",
        "upgrade",
    ];

    /// Returns the counts in the order of [`Self::NAMES`].
    pub const fn values(&self) -> [u64; 7] {
        [
            self.cold,
            self.capacity,
            self.conflict,
            self.true_sharing,
            self.false_sharing,
            self.back_invalidation,
            self.upgrade,
        ]
    }

    /// Counts a miss.
    pub(crate) const fn count(&mut self, class: MissClass) {
        let count = match class {
            MissClass::Cold => &mut self.cold,
            MissClass::Capacity => &mut self.capacity,
            MissClass::Conflict => &mut self.conflict,
            MissClass::TrueSharing => &mut self.true_sharing,
            MissClass::FalseSharing => &mut self.false_sharing,
            MissClass::BackInvalidation => &mut self.back_invalidation,
            MissClass::Upgrade => &mut self.upgrade,
        };
        *count += 1;
    }

    /// Adds another's counts to these.
    pub fn add(&mut self, other: &Self) {
        self.combine(other, |mine, others| mine + others);
    }

    /// Takes away what was counted before a moment.
    #[must_use]
    pub fn since(mut self, before: &Self) -> Self {
        self.combine(before, |now, then| now - then);
        self
    }

    fn combine(&mut self, other: &Self, with: impl Fn(u64, u64) -> u64) {
        for (mine, others) in [
            (&mut self.cold, other.cold),
            (&mut self.capacity, other.capacity),
            (&mut self.conflict, other.conflict),
            (&mut self.true_sharing, other.true_sharing),
            (&mut self.false_sharing, other.false_sharing),
            (&mut self.back_invalidation, other.back_invalidation),
            (&mut self.upgrade, other.upgrade),
        ] {
            *mine = with(*mine, others);
        }
    }
}
