//! Why a reference missed: every miss is of exactly one class.
//!
//! The classes are those of Hill (three Cs) and of Dubois, Skeppstedt, Ricciulli, Ramamurthy and
//! Stenström, "The detection and elimination of useless misses in multiprocessors", ISCA 1993, with
//! the house's rules for which comes first.

mod counters;
mod shadow;
mod writers;

use cache::LineAddr;
use coherence::{CoreId, FirstLevel, Loss, MachineSpec, Observer, Place, Reference};

use self::shadow::{Shadow, Shape};
use self::writers::Writers;
use super::Watcher;
use super::keep::{Flat, Keep, Layered, Map, sum};

pub use self::counters::{ClassCounters, MissClass};

/// Classifies every first-level miss.
///
/// Of a hit, only its slot is of interest: there the shadow of that cache finds the line again.
#[derive(Clone, Debug)]
pub struct Classes<K: Keep = Flat> {
    /// What the shadow of each of a core's caches is to be; that of a cache which is no first
    /// level has no slots.
    shapes: Vec<Shape>,
    /// Beside each cache, those of a core side by side, core after core.
    shadows: Vec<Shadow>,
    cores: Vec<CoreClasses<K>>,
    writers: Writers<K>,
    /// Stores so far.
    stores: u64,
}

#[derive(Clone, Debug)]
struct CoreClasses<K: Keep> {
    counters: ClassCounters,
    /// How the core lost each line that it has lost, the last time. That of a line that it holds
    /// says nothing: it will be lost before it is asked for.
    losses: K::Map<LineAddr, Lost>,
}

/// How a core lost its last copy of a line.
#[derive(Clone, Copy, Debug)]
enum Lost {
    Replaced,
    /// To the store of this number.
    Invalidated(u64),
    BackInvalidated,
}

impl Classes {
    /// Prepares to classify the misses of a machine; words of `word_bytes`, a power of two.
    pub fn new(machine: &MachineSpec, word_bytes: u32) -> Self {
        Self::keeping(machine, word_bytes)
    }
}

impl Classes<Layered> {
    /// Has copies share what is new.
    pub(super) fn freeze(&mut self) {
        self.cores.iter_mut().for_each(|core| core.losses.freeze());
        self.writers.freeze();
    }

    /// Has copies share everything, as one layer.
    pub(super) fn share(&mut self) {
        self.cores.iter_mut().for_each(|core| core.losses.share());
        self.writers.share();
    }

    /// Returns about how many bytes what grows with the trace takes: what a copy has for itself,
    /// and what copies share.
    pub(super) fn bytes(&self) -> [u64; 2] {
        let losses = self.cores.iter().map(|core| core.losses.bytes());
        sum(losses.chain([self.writers.bytes()]))
    }
}

impl<K: Keep> Classes<K> {
    /// Does what [`Classes::new`] does with any tables.
    pub(super) fn keeping(machine: &MachineSpec, word_bytes: u32) -> Self {
        let levels = machine.private.iter().enumerate();
        let levels =
            levels.map(|(level, spec)| if level == 0 { Shape::of(spec) } else { Shape::NONE });
        let words_per_line = (machine.line.bytes() / u64::from(word_bytes)) as usize;
        Self {
            shapes: levels.chain(machine.l1i.as_ref().map(Shape::of)).collect(),
            shadows: Vec::new(),
            cores: Vec::new(),
            writers: Writers::new(words_per_line, word_bytes.trailing_zeros()),
            stores: 0,
        }
    }

    #[cold]
    fn grow(&mut self, core: CoreId) {
        while self.cores.len() <= core as usize {
            let (counters, losses) = (ClassCounters::default(), K::Map::default());
            self.cores.push(CoreClasses { counters, losses });
            self.shadows.extend(self.shapes.iter().map(|shape| Shadow::new(*shape)));
        }
    }

    /// Sees a load or store of a line where it lies, if that is in the core's first level.
    ///
    /// No part of the loop over hits: by itself it is so little that it saves no registers.
    #[inline(never)]
    fn uses(&mut self, reference: &Reference, place: Place) {
        let Place::Private { core, cache, slot } = place else { return };
        // A store can reach other cores' copies too.
        if core == reference.core
            && let Some(shadow) = self.shadows.get_mut(core as usize * self.shapes.len() + cache)
        {
            shadow.sees_in(slot, reference);
        }
    }

    /// Sees a miss before anybody makes room for its line; returns its class.
    pub(super) fn missed(
        &mut self,
        reference: &Reference,
        cache: usize,
        held: bool,
        upgrades: bool,
    ) -> MissClass {
        if self.cores.len() <= reference.core as usize {
            self.grow(reference.core);
        }
        let shadow = &mut self.shadows[reference.core as usize * self.shapes.len() + cache];
        let shadowed = shadow.sees(reference);
        let class = self.class_of(reference, shadowed, held, upgrades);
        self.cores[reference.core as usize].counters.count(class);
        class
    }

    fn class_of(
        &self,
        reference: &Reference,
        shadowed: bool,
        held: bool,
        upgrades: bool,
    ) -> MissClass {
        let core = &self.cores[reference.core as usize];
        let replaced = if shadowed { MissClass::Conflict } else { MissClass::Capacity };
        if upgrades {
            MissClass::Upgrade
        } else if held {
            replaced
        } else {
            match core.losses.get(&reference.line) {
                None => MissClass::Cold,
                Some(Lost::Replaced) => replaced,
                Some(Lost::BackInvalidated) => MissClass::BackInvalidation,
                Some(Lost::Invalidated(store)) if self.writers.share_words(reference, store) => {
                    MissClass::TrueSharing
                }
                Some(Lost::Invalidated(_)) => MissClass::FalseSharing,
            }
        }
    }
}

impl<K: Keep> Observer for Classes<K> {
    const HEARS_OF_ABSENT: bool = false;

    #[inline]
    fn looked_up(&mut self, reference: &Reference, cache: usize, answer: FirstLevel) {
        if let FirstLevel::Miss { held, upgrades } = answer {
            self.missed(reference, cache, held, upgrades);
        }
    }

    #[inline]
    fn loaded(&mut self, reference: &Reference, place: Place) {
        self.uses(reference, place);
    }

    #[inline]
    fn storing(&mut self, reference: &Reference) {
        self.stores += 1;
        if self.writers.follow_any() {
            self.writers.note(reference, self.stores);
        }
    }

    #[inline]
    fn stored(&mut self, reference: &Reference, place: Place) {
        self.uses(reference, place);
    }

    fn lost(&mut self, core: CoreId, line: LineAddr, loss: Loss) {
        if self.cores.len() <= core as usize {
            self.grow(core);
        }
        let losses = &mut self.cores[core as usize].losses;
        match loss {
            Loss::Replacement => losses.insert(line, Lost::Replaced),
            Loss::BackInvalidation => losses.insert(line, Lost::BackInvalidated),
            Loss::Invalidation => {
                self.writers.follow(line);
                // The transaction that takes it away is followed by its store: the next number.
                losses.insert(line, Lost::Invalidated(self.stores + 1));
            }
            Loss::Flush => losses.remove(&line),
        }
        if matches!(loss, Loss::Invalidation | Loss::Flush) {
            let caches = self.shapes.len();
            for shadow in &mut self.shadows[core as usize * caches..][..caches] {
                shadow.remove(line);
            }
        }
    }
}

impl<K: Keep> Watcher for Classes<K> {
    fn classes(&self, core: CoreId) -> Option<ClassCounters> {
        let counters = self.cores.get(core as usize).map(|core| core.counters);
        Some(counters.unwrap_or_default())
    }
}
