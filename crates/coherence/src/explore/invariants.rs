//! What must be true in every configuration.

use super::layout::Layout;
use crate::protocol::Protocol;

/// A promise of every coherent machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Invariant {
    /// No step is asked for that the table declares impossible or that cannot be done.
    Possible,
    /// Every copy that can be read has the last store to each word.
    LastStore,
    /// A copy that thinks itself alone is alone.
    SingleWriter,
    /// At most one core answers for a line's data, and at most one clean copy supplies it.
    OneOwner,
    /// A core's state for a line is valid, or dirty, exactly if one of its copies is.
    DirtyBits,
    /// Where no core answers for a line, what lies below the bus has its last stores.
    CleanBelow,
    /// Where no copy is dirty, the backing store has the last stores.
    StoreCurrent,
    /// A level that includes others has every line that they have.
    Inclusion,
    /// From every configuration, all lines can become clean.
    CanBecomeClean,
}

impl Invariant {
    /// All invariants, the one that is told first where several are broken.
    pub const ALL: [Self; 9] = [
        Self::Possible,
        Self::LastStore,
        Self::SingleWriter,
        Self::OneOwner,
        Self::DirtyBits,
        Self::CleanBelow,
        Self::StoreCurrent,
        Self::Inclusion,
        Self::CanBecomeClean,
    ];

    /// Returns the invariant's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SingleWriter => "single_writer",
            Self::LastStore => "last_store",
            Self::CleanBelow => "clean_below",
            Self::StoreCurrent => "store_current",
            Self::Inclusion => "inclusion",
            Self::OneOwner => "one_owner",
            Self::DirtyBits => "dirty_bits",
            Self::Possible => "possible",
            Self::CanBecomeClean => "can_become_clean",
        }
    }

    /// Returns what the invariant says, as a sentence.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::SingleWriter => {
                "a core whose copy is exclusive is the only one that holds the line"
            }
            Self::LastStore => "every copy that can be read has the last store to each word",
            Self::CleanBelow => {
                "where no core answers for a line, what lies below the bus has its last stores"
            }
            Self::StoreCurrent => "where no copy is dirty, the backing store has the last stores",
            Self::Inclusion => "a level that includes others has every line that they have",
            Self::OneOwner => {
                "at most one core answers for a line's data, and at most one clean copy supplies it"
            }
            Self::DirtyBits => {
                "a core's state for a line is valid, or dirty, exactly if one of its copies is"
            }
            Self::Possible => "no step is asked for that the table declares impossible",
            Self::CanBecomeClean => "from every configuration, all lines can become clean",
        }
    }

    /// Returns what a violation looks like, as a sentence.
    pub const fn violation(self) -> &'static str {
        match self {
            Self::SingleWriter => {
                "a core whose copy is exclusive is not the only one that holds the line"
            }
            Self::LastStore => "a copy that can be read misses the last store to a word",
            Self::CleanBelow => {
                "no core answers for the line, and what lies below the bus misses a store"
            }
            Self::StoreCurrent => "no copy is dirty, and the backing store misses a store",
            Self::Inclusion => "an inner level has a line that the level which includes it lacks",
            Self::OneOwner => "two cores answer for the line, or two clean copies would supply it",
            Self::DirtyBits => "a core's state and its dirty bits disagree",
            Self::Possible => "a step is asked for that the table declares impossible",
            Self::CanBecomeClean => "no way leads to a configuration in which all lines are clean",
        }
    }
}

/// What the protocol's states hold, a bit each state.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Holdings {
    unique: u16,
    dirty: u16,
    forwards: u16,
}

impl Holdings {
    pub(super) fn of(protocol: &Protocol) -> Self {
        let mut bits = Self::default();
        for state in protocol.all_states() {
            let holds = protocol.holding(state);
            bits.unique |= u16::from(holds.unique) << state.0;
            bits.dirty |= u16::from(holds.dirty) << state.0;
            bits.forwards |= u16::from(holds.forwards) << state.0;
        }
        bits
    }
}

/// What the cores hold of one line.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    holders: u32,
    unique: u32,
    owners: u32,
    forwarders: u32,
}

/// Returns the first invariant that a configuration breaks, and the line.
pub(super) fn first_broken(
    layout: &Layout,
    holdings: Holdings,
    numbers: &[u64],
) -> Option<(Invariant, usize)> {
    let broken = |line| line_broken(layout, holdings, numbers, line).map(|what| (what, line));
    (0..layout.lines).find_map(broken)
}

fn line_broken(
    layout: &Layout,
    holdings: Holdings,
    numbers: &[u64],
    line: usize,
) -> Option<Invariant> {
    let (cores, below) = numbers.split_at(layout.cores);
    let below = layout.below_of(below[0], line);
    let last = layout.last(below);
    let shared = layout.shared_copy(below);
    let shared_here = layout.shared && shared.present;
    let mut held = Held::default();
    let mut first = None;
    let mut note = |what: Invariant| {
        let earlier = |have: Invariant| (have as usize) <= what as usize;
        if !first.is_some_and(earlier) {
            first = Some(what);
        }
    };
    for number in cores {
        let part = layout.line_of(*number, line);
        if let Some(what) = core_broken(layout, holdings, part, last, &mut held) {
            note(what);
        }
        if layout.shared && Layout::state(part).is_valid() && !shared_here {
            note(Invariant::Inclusion);
        }
    }
    if held.unique > 0 && held.holders > 1 {
        note(Invariant::SingleWriter);
    }
    if held.owners > 1 || held.forwarders > 1 {
        note(Invariant::OneOwner);
    }
    let store = layout.store(below);
    if held.owners == 0 {
        let next = if shared_here { shared.words } else { store };
        if next != last {
            note(Invariant::CleanBelow);
        }
        if !(shared_here && shared.dirty) && store != last {
            note(Invariant::StoreCurrent);
        }
    }
    if shared_here && !shared.dirty && shared.words != store {
        note(Invariant::StoreCurrent);
    }
    first
}

/// Looks at one core's part of a line.
fn core_broken(
    layout: &Layout,
    holdings: Holdings,
    part: u64,
    last: u32,
    held: &mut Held,
) -> Option<Invariant> {
    let state = Layout::state(part);
    let is = |bits: u16| u32::from(bits >> state.0 & 1);
    let mut copies = (0..layout.caches).map(|cache| layout.copy(part, cache));
    let dirty = copies.clone().any(|copy| copy.dirty);
    let readable = copies.clone().find(|copy| copy.present);
    held.holders += u32::from(readable.is_some());
    held.unique += is(holdings.unique);
    held.owners += is(holdings.dirty);
    held.forwarders += is(holdings.forwards);
    if readable.is_some_and(|copy| copy.words != last) {
        return Some(Invariant::LastStore);
    }
    if state.is_valid() != readable.is_some() || (is(holdings.dirty) == 1) != dirty {
        return Some(Invariant::DirtyBits);
    }
    // Once a level has the line, every level outside it has.
    let gap = copies.any(|copy| copy.present) && copies.any(|copy| !copy.present);
    gap.then_some(Invariant::Inclusion)
}
