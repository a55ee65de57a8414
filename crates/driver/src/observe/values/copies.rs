//! What lies in each slot of the machine's caches.

use cache::Slot;
use coherence::{CoreId, MachineSpec, Place};
use rustc_hash::FxHashMap;

use super::contents::Content;
use super::lines::Link;

/// What a place holds, and of which line it was told to be.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Held {
    pub(super) link: Link,
    pub(super) content: Content,
}

/// [`Held`] as plain numbers: of a large cache, those that nobody uses are zeros that nobody
/// touches.
type Plain = [u32; 2];

impl Held {
    const fn of([link, content]: Plain) -> Self {
        Self { link: Link(link), content: Content(content) }
    }

    const fn plain(self) -> Plain {
        [self.link.0, self.content.0]
    }
}

/// What every place but the backing store holds.
#[derive(Clone, Debug)]
pub(super) struct Copies {
    /// Slots of each private cache of a core.
    private_slots: Vec<usize>,
    /// Slot by slot, the caches of a core side by side, core after core.
    private: Vec<Vec<Plain>>,
    shared: Vec<Vec<Plain>>,
    departing: FxHashMap<Place, Held>,
}

impl Copies {
    pub(super) fn new(machine: &MachineSpec) -> Self {
        let slots = |level: &coherence::LevelSpec| level.geometry.lines() as usize;
        Self {
            private_slots: machine.private.iter().chain(&machine.l1i).map(slots).collect(),
            private: Vec::new(),
            shared: machine.shared.iter().map(|level| vec![[0; 2]; slots(level)]).collect(),
            departing: FxHashMap::default(),
        }
    }

    /// Returns what a slot of a private cache holds.
    #[inline]
    pub(super) fn in_private(&self, core: CoreId, cache: usize, slot: Slot) -> Held {
        let cache = self.private.get(core as usize * self.private_slots.len() + cache);
        cache.map_or_else(Held::default, |slots| Held::of(slots[slot.index()]))
    }

    /// Returns what a place holds; nothing is said of the backing store.
    #[inline]
    pub(super) fn at(&self, place: Place) -> Held {
        match place {
            Place::Private { core, cache, slot } => self.in_private(core, cache, slot),
            Place::Shared { level, slot } => Held::of(self.shared[level][slot.index()]),
            Place::Departing { .. } => self.departing.get(&place).copied().unwrap_or_default(),
            Place::Store => Held::default(),
        }
    }

    /// Has a place hold a copy; returns what it held before. The backing store is none of those.
    #[inline]
    pub(super) fn put(&mut self, place: Place, copy: Held) -> Held {
        match place {
            Place::Private { core, cache, slot } => {
                let cache = core as usize * self.private_slots.len() + cache;
                if cache >= self.private.len() {
                    self.grow(core);
                }
                let held = &mut self.private[cache][slot.index()];
                Held::of(std::mem::replace(held, copy.plain()))
            }
            Place::Shared { level, slot } => {
                let held = &mut self.shared[level][slot.index()];
                Held::of(std::mem::replace(held, copy.plain()))
            }
            Place::Departing { .. } => self.departing.insert(place, copy).unwrap_or_default(),
            Place::Store => copy,
        }
    }

    #[cold]
    fn grow(&mut self, core: CoreId) {
        while self.private.len() <= core as usize * self.private_slots.len() {
            let caches = self.private_slots.iter().map(|slots| vec![[0; 2]; *slots]);
            self.private.extend(caches);
        }
    }
}
