//! Below the bus: shared levels and the backing store.

use cache::{Choice, LineAddr, Slot};

use super::Machine;
use crate::counters::Cause;
use crate::fault::Fault;
use crate::holders::ones;
use crate::observe::{Loss, Observer, Place, Supplier};
use crate::rules::VictimOrder;
use crate::spec::WritePolicy;
use crate::step::State;

/// A line that has left a shared level; `dirty` says where its data is, if it has to go on.
#[derive(Clone, Copy, Debug)]
pub(super) struct SharedVictim {
    line: LineAddr,
    dirty: Option<Place>,
}

/// What lies below the bus answers a request for a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Below {
    /// Where its data is now.
    pub(super) from: Place,
    /// Who had it.
    pub(super) supplier: Supplier,
    /// The ticks of the looks, and of the memory if it came to that.
    pub(super) ticks: u64,
}

impl<O: Observer> Machine<O> {
    /// Asks a shared level, and whoever comes after it, for a line.
    pub(super) fn ask_shared(&mut self, level: usize, line: LineAddr) -> Below {
        let Some(cache) = self.shared.get_mut(level) else {
            self.memory.reads += 1;
            self.memory.bytes_read += self.spec.line.bytes();
            let ticks = self.spec.memory_latency;
            return Below { from: Place::Store, supplier: Supplier::Store, ticks };
        };
        let latency = cache.latency;
        if let Some(slot) = cache.find(line) {
            cache.counters.hits += 1;
            cache.touch(slot);
            let from = Place::Shared { level, slot };
            return Below { from, supplier: Supplier::Shared(level), ticks: latency };
        }
        cache.counters.misses += 1;
        cache.counters.fills += 1;
        let (slot, further) = match self.spec.rules.victim_order {
            VictimOrder::VictimFirst => {
                let (slot, victim) = self.take_shared_room(level, line);
                self.depart_shared(level, victim);
                let further = self.ask_shared(level + 1, line);
                self.place_shared(level, slot, line, further.from);
                (slot, further)
            }
            VictimOrder::FillFirst => {
                let further = self.ask_shared(level + 1, line);
                let (slot, victim) = self.take_shared_room(level, line);
                self.place_shared(level, slot, line, further.from);
                self.depart_shared(level, victim);
                (slot, further)
            }
        };
        Below { from: Place::Shared { level, slot }, ticks: latency + further.ticks, ..further }
    }

    /// A dirty line arrives at a shared level from inside, or at the backing store.
    pub(super) fn arrive_below(&mut self, level: usize, line: LineAddr, from: Place) {
        let Some(cache) = self.shared.get_mut(level) else {
            self.memory.writes += 1;
            self.memory.bytes_written += self.spec.line.bytes();
            self.observer.copied(line, from, Place::Store);
            return;
        };
        cache.counters.write_backs_received += 1;
        let (slot, late) = if let Some(slot) = cache.find(line) {
            cache.touch(slot);
            self.observer.copied(line, from, Place::Shared { level, slot });
            (slot, None)
        } else {
            let (slot, victim) = self.take_shared_room(level, line);
            let late = match self.spec.rules.victim_order {
                VictimOrder::VictimFirst => {
                    self.depart_shared(level, victim);
                    None
                }
                VictimOrder::FillFirst => victim,
            };
            self.place_shared(level, slot, line, from);
            (slot, late)
        };
        let cache = &mut self.shared[level];
        if cache.write == WritePolicy::WriteBack {
            cache.set_dirty(slot, true);
        } else {
            // A write-through level keeps nothing dirty: the line goes on as it came.
            cache.counters.write_backs += 1;
            self.arrive_below(level + 1, line, Place::Shared { level, slot });
        }
        self.depart_shared(level, late);
    }

    fn place_shared(&mut self, level: usize, slot: Slot, line: LineAddr, from: Place) {
        self.observer.copied(line, from, Place::Shared { level, slot });
        self.shared[level].place(slot, line, State::INVALID);
    }

    fn take_shared_room(&mut self, level: usize, line: LineAddr) -> (Slot, Option<SharedVictim>) {
        match self.shared[level].choose(line) {
            Choice::Vacant(slot) => (slot, None),
            Choice::Victim(slot) => (slot, Some(self.take_shared_victim(level, slot))),
        }
    }

    pub(super) fn take_shared_victim(&mut self, level: usize, slot: Slot) -> SharedVictim {
        let cache = &mut self.shared[level];
        let line = cache.line(slot);
        let inclusive = cache.inclusive;
        let own = cache.is_dirty(slot).then_some(Place::Shared { level, slot });
        cache.counters.evictions += 1;
        cache.remove(slot);
        let takes_inner = inclusive && !self.observer.plants(Fault::NoBackInvalidation);
        let inner = if takes_inner { self.back_invalidate(level, line) } else { None };
        let mut dirty = inner.or(own);
        if self.observer.plants(Fault::DirtyVictimDropped) {
            dirty = None;
        }
        if self.spec.rules.victim_order == VictimOrder::FillFirst {
            dirty = dirty.map(|from| {
                let departing = Place::Departing { core: None, cache: level };
                self.observer.copied(line, from, departing);
                departing
            });
        }
        SharedVictim { line, dirty }
    }

    /// Removes every copy inside an inclusive shared level; returns where the newest dirty data is.
    fn back_invalidate(&mut self, level: usize, line: LineAddr) -> Option<Place> {
        let mut newest = None;
        for inner in (0..level).rev() {
            let cache = &mut self.shared[inner];
            let Some(slot) = cache.find(line) else { continue };
            if cache.is_dirty(slot) {
                newest = Some(Place::Shared { level: inner, slot });
            }
            cache.remove(slot);
            cache.counters.back_invalidations += 1;
        }
        for core in ones(self.may_hold(line, None)) {
            let state = self.cores[core as usize].state(line);
            if !state.is_valid() {
                continue;
            }
            let levels = self.cores[core as usize].levels;
            let taken = self.take_inner_copies(core, levels, line).dirty;
            if taken.is_some() {
                self.cores[core as usize].counters.dirty_back_invalidations += 1;
                self.carry(line, self.spec.line.bytes());
                newest = taken;
            }
            self.lose(core, line, state, Cause::BackInvalidation, Loss::BackInvalidation);
            if self.observer.plants(Fault::OneCoreBackInvalidated) {
                break;
            }
        }
        newest
    }

    /// Clears the dirty bit of the first shared level's copy if a planted fault forgets to set it.
    pub(super) fn plant_clean_copy(&mut self, fault: Fault, line: LineAddr) {
        if self.observer.plants(fault)
            && let Some(level) = self.shared.first_mut()
            && let Some(slot) = level.find(line)
        {
            level.set_dirty(slot, false);
        }
    }

    /// Overwrites the first shared level's copy with what the backing store has, or answers past
    /// it, if a planted fault does so; returns where the requester's data comes from.
    pub(super) fn plant_old_data(&mut self, line: LineAddr, from: Place, flushed: bool) -> Place {
        let Some(slot) = self.shared.first().and_then(|level| level.find(line)) else {
            return from;
        };
        if flushed && self.observer.plants(Fault::StaleFill) {
            self.observer.copied(line, Place::Store, Place::Shared { level: 0, slot });
        }
        if self.observer.plants(Fault::PastSharedLevel) { Place::Store } else { from }
    }

    pub(super) fn depart_shared(&mut self, level: usize, victim: Option<SharedVictim>) {
        if let Some(SharedVictim { line, dirty: Some(from) }) = victim {
            self.shared[level].counters.write_backs += 1;
            self.arrive_below(level + 1, line, from);
        }
    }
}
