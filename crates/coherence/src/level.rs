//! One cache of the machine: its lines and, in a core, the core's state for each.

use cache::{Choice, Geometry, GeometryError, LineAddr, LineStore, Replacement, Slot};

use crate::counters::LevelCounters;
use crate::reference::Op;
use crate::rules::Silent;
use crate::spec::{Inclusion, LevelSpec, WritePolicy};
use crate::step::{STATES_MAX, State};

/// A cache, the states of its lines, and what it counted.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    store: LineStore,
    geometry: Geometry,
    /// The [`Mark`] of the line in each slot, so that a hit needs to look nowhere else. As plain
    /// bytes: a large cache is zeros that nobody touches.
    marks: Vec<u8>,
    /// The line that was used last in each set; only of a first level.
    last_used: Vec<LastUsed>,
    silent: Silent,
    /// The mark of each state, clean and then dirty.
    marks_of: [[u8; STATES_MAX]; 2],
    pub(crate) latency: u64,
    pub(crate) write: WritePolicy,
    pub(crate) inclusive: bool,
    pub(crate) counters: LevelCounters,
}

/// The line of a set that was used last, if nothing has happened to it or to the order of the set
/// since: to use it again changes nothing under any policy, and most uses are just that.
///
/// One host cache line has four of these; a hit on one looks nowhere else.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LastUsed {
    /// The line's number plus one; 0 for none.
    tag: u64,
    pub(crate) slot: Slot,
    pub(crate) mark: Mark,
}

impl LastUsed {
    /// Tells whether this is a line.
    #[inline]
    pub(crate) const fn is(&self, line: LineAddr) -> bool {
        self.tag == line.0 + 1
    }
}

/// The core's state for a line (a copy of the one state that the core has for it), and which of its
/// own accesses to this copy change nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mark(u8);

// The order of the bits of an access.
const _: () = assert!(Op::Read as u8 == 0 && Op::Write as u8 == 1 && Op::Atomic as u8 == 2);

/// The bits of a mark that are the state.
const STATE: u8 = 0x0f;
/// The line differs from the next level's.
const DIRTY: u8 = 0x20;
/// A load changes nothing.
const SILENT_LOAD: u8 = 0x40;
/// A store changes neither the state nor the dirty bit.
const SILENT_STORE: u8 = 0x80;

impl Mark {
    /// Returns the state.
    #[inline]
    pub(crate) const fn state(self) -> State {
        State(self.0 & STATE)
    }
}

/// The accesses that a first-level cache takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rights(&'static [u8; 4]);

impl Rights {
    /// All: there is no L1I.
    pub(crate) const UNIFIED: Self = Self(&[SILENT_LOAD, SILENT_STORE, SILENT_STORE, SILENT_LOAD]);
    /// Those of data.
    pub(crate) const DATA: Self = Self(&[SILENT_LOAD, SILENT_STORE, SILENT_STORE, 0]);
    /// Fetches.
    pub(crate) const INSTRUCTIONS: Self = Self(&[0, 0, 0, SILENT_LOAD]);

    /// Tells whether an access comes here and, to a line of such a mark, changes nothing.
    #[inline]
    pub(crate) const fn allow(self, op: Op, mark: Mark) -> bool {
        mark.0 & self.0[op as usize] != 0
    }
}

impl Cache {
    /// Builds the cache of a level; `unit` sets apart the random sequences of a level's caches, and
    /// `silent` says what may be done here without anybody taking notice.
    pub(crate) fn new(spec: &LevelSpec, unit: u32, silent: Silent) -> Result<Self, GeometryError> {
        let replacement = match spec.replacement {
            Replacement::Random(seed) => Replacement::Random(seed.wrapping_add(u64::from(unit))),
            other => other,
        };
        Ok(Self {
            store: LineStore::new(&spec.geometry, replacement)?,
            geometry: spec.geometry,
            marks: vec![0; spec.geometry.lines() as usize],
            last_used: Vec::new(),
            silent,
            marks_of: [false, true].map(|dirty| marks(silent, dirty)),
            latency: spec.latency,
            write: spec.write,
            inclusive: spec.inclusion == Inclusion::Inclusive,
            counters: LevelCounters::default(),
        })
    }

    /// Returns the slot of a line that is here.
    #[inline]
    pub(crate) fn find(&self, line: LineAddr) -> Option<Slot> {
        self.store.find(line)
    }

    /// Returns the state of a line that is here.
    #[inline]
    pub(crate) fn state(&self, line: LineAddr) -> Option<State> {
        self.find(line).map(|slot| self.state_in(slot))
    }

    /// Returns the state of the line in a slot.
    #[inline]
    pub(crate) fn state_in(&self, slot: Slot) -> State {
        Mark(self.marks[slot.index()]).state()
    }

    /// Sets the state of the line in a slot.
    #[inline]
    pub(crate) fn set_state(&mut self, slot: Slot, state: State) {
        self.remark(slot, state, self.is_dirty(slot));
    }

    /// Tells whether an access to the line in a slot leaves the core's state as it is.
    #[inline]
    pub(crate) fn keeps_state(&self, slot: Slot, op: Op) -> bool {
        let states = match op {
            Op::Read | Op::Fetch => self.silent.loads,
            Op::Write | Op::Atomic => self.silent.stores,
        };
        states >> self.state_in(slot).0 & 1 == 1
    }

    /// Tells whether the line in a slot differs from the next level's.
    #[inline]
    pub(crate) fn is_dirty(&self, slot: Slot) -> bool {
        self.marks[slot.index()] & DIRTY != 0
    }

    /// Sets or clears the dirty bit of a slot.
    #[inline]
    pub(crate) fn set_dirty(&mut self, slot: Slot, dirty: bool) {
        if self.is_dirty(slot) != dirty {
            self.store.set_dirty(slot, dirty);
            self.remark(slot, self.state_in(slot), dirty);
        }
    }

    /// Makes the line in a slot the most recent.
    #[inline]
    pub(crate) fn touch(&mut self, slot: Slot) {
        self.store.touch(slot);
        self.forget(slot);
    }

    /// Returns where a line would go. The policy may age the lines of the set for it; the use
    /// before is forgotten when the line is placed there, which is to follow.
    #[inline]
    pub(crate) fn choose(&mut self, line: LineAddr) -> Choice {
        self.store.choose(line)
    }

    /// Returns the line in a taken slot.
    #[inline]
    pub(crate) fn line(&self, slot: Slot) -> LineAddr {
        self.store.line(slot)
    }

    /// Puts a line in an empty slot, clean, in a state.
    #[inline]
    pub(crate) fn place(&mut self, slot: Slot, line: LineAddr, state: State) {
        self.store.place(slot, line);
        self.remark(slot, state, false);
    }

    /// Puts a line where another was, clean, in a state.
    #[inline]
    pub(crate) fn overwrite(&mut self, slot: Slot, line: LineAddr, state: State) {
        self.set_dirty(slot, false);
        self.store.overwrite(slot, line);
        self.remark(slot, state, false);
    }

    /// Empties a slot.
    #[inline]
    pub(crate) fn remove(&mut self, slot: Slot) {
        self.set_dirty(slot, false);
        self.store.remove(slot);
        self.marks[slot.index()] = 0;
        self.forget(slot);
    }

    /// Returns how many lines are here.
    pub(crate) const fn held(&self) -> u64 {
        self.store.held()
    }

    /// Returns how many lines are dirty.
    pub(crate) fn dirty_count(&self) -> u64 {
        self.store.dirty_count()
    }

    /// Returns the dirty lines in the order of their addresses.
    pub(crate) fn dirty_lines(&self) -> Vec<LineAddr> {
        self.store.dirty_lines()
    }

    /// Returns all lines in the order of their addresses.
    pub(crate) fn lines(&self) -> Vec<LineAddr> {
        self.store.lines()
    }

    /// Returns the line in a slot, if one lies there.
    pub(crate) fn look(&self, slot: Slot) -> Option<LineAddr> {
        self.store.look(slot)
    }

    /// Returns the place of the line in a slot in the order of its set, if the policy keeps one.
    pub(crate) fn rank(&self, slot: Slot) -> Option<u32> {
        self.store.rank(slot)
    }

    /// Returns the shape.
    pub(crate) const fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// Makes this a first level, whose hits come in runs.
    pub(crate) fn remember_uses(&mut self) {
        self.last_used = vec![LastUsed::default(); self.geometry.sets() as usize];
    }

    /// Returns the line used last in each set, a power of two of them; none but of a first level.
    #[inline]
    pub(crate) fn last_used(&self) -> &[LastUsed] {
        &self.last_used
    }

    /// Uses a line again that its set used last, if the access changes nothing.
    #[inline]
    pub(crate) fn use_again(&self, line: LineAddr, rights: Rights, op: Op) -> Option<LastUsed> {
        let last = self.last_used.get(self.geometry.set(line).0 as usize)?;
        (last.is(line) && rights.allow(op, last.mark)).then_some(*last)
    }

    /// Uses the line in a slot, if the access changes nothing but the order of uses.
    #[inline]
    pub(crate) fn use_silently(
        &mut self,
        line: LineAddr,
        slot: Slot,
        rights: Rights,
        op: Op,
    ) -> Option<LastUsed> {
        let mark = Mark(self.marks[slot.index()]);
        if !rights.allow(op, mark) {
            return None;
        }
        self.store.touch(slot);
        let used = LastUsed { tag: line.0 + 1, slot, mark };
        if let Some(last) = self.last_used.get_mut(self.geometry.set(line).0 as usize) {
            *last = used;
        }
        Some(used)
    }

    /// Forgets the last use in a slot's set, where something happens.
    #[inline]
    fn forget(&mut self, slot: Slot) {
        if let Some(last) = self.last_used.get_mut(self.geometry.set_of(slot).0 as usize) {
            last.tag = 0;
        }
    }

    #[inline]
    fn remark(&mut self, slot: Slot, state: State, dirty: bool) {
        self.marks[slot.index()] = self.marks_of[usize::from(dirty)][state.index()];
        self.forget(slot);
    }
}

/// Returns the mark of each state for a line that is dirty or not.
fn marks(silent: Silent, dirty: bool) -> [u8; STATES_MAX] {
    std::array::from_fn(|state| {
        let load = silent.loads >> state & 1;
        let store = silent.stores >> state & u16::from(dirty);
        let silent = (load as u8 * SILENT_LOAD) | (store as u8 * SILENT_STORE);
        state as u8 | silent | (u8::from(dirty) * DIRTY)
    })
}
