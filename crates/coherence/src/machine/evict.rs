//! How a line leaves a core: the victim's data goes outward, then the core's state changes.

use cache::{Choice, LineAddr, Slot};

use super::fill::Supply;
use super::{Broken, Machine};
use crate::counters::Cause;
use crate::fault::Fault;
use crate::observe::{Cell, Loss, Observer, Place};
use crate::private::inside;
use crate::reference::CoreId;
use crate::rules::VictimOrder;
use crate::step::{Processor, ProcessorStep, State};

/// A line that has left a cache and whose data, if dirty, has yet to arrive further out.
///
/// The core's state for it changes only after that.
#[derive(Clone, Copy, Debug)]
pub(super) struct Victim {
    line: LineAddr,
    state: State,
    /// Where the line's data is.
    from: Place,
    /// It is newer than what lies further out.
    dirty: bool,
    /// The eviction took copies of inner levels along.
    took_inner: bool,
}

/// A victim that has yet to leave, and the cache that it was in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Displaced {
    pub(super) cache: usize,
    pub(super) victim: Victim,
}

impl<O: Observer> Machine<O> {
    /// Replaces a core's copies of a line, from the inside outward, as if other lines had taken
    /// their places. It is no access and takes no time; a line that the core lacks stays as it is.
    pub fn evict(&mut self, core: CoreId, line: LineAddr) -> Result<(), Broken> {
        let owner = &self.cores[core as usize];
        let (levels, caches) = (owner.levels, owner.caches.len());
        for cache in (levels..caches).chain(0..levels) {
            if let Some(slot) = self.cores[core as usize].caches[cache].find(line) {
                let victim = self.take_out(core, cache, slot);
                self.depart(core, cache, victim);
            }
        }
        self.untimed()
    }

    /// Frees a slot for a line and lets the victim depart at once.
    pub(super) fn make_room(&mut self, core: CoreId, cache: usize, line: LineAddr) -> Slot {
        let (slot, victim) = self.take_room(core, cache, line);
        if let Some(victim) = victim {
            self.depart(core, cache, victim);
        }
        slot
    }

    /// Frees a slot for a line; the victim, if there is one, is the caller's to let depart.
    pub(super) fn take_room(
        &mut self,
        core: CoreId,
        cache: usize,
        line: LineAddr,
    ) -> (Slot, Option<Victim>) {
        match self.cores[core as usize].caches[cache].choose(line) {
            Choice::Vacant(slot) => (slot, None),
            Choice::Victim(slot) => (slot, Some(self.take_out(core, cache, slot))),
        }
    }

    pub(super) fn take_out(&mut self, core: CoreId, cache: usize, slot: Slot) -> Victim {
        let evicting = &mut self.cores[core as usize].caches[cache];
        let line = evicting.line(slot);
        let state = evicting.state_in(slot);
        let was_dirty = evicting.is_dirty(slot);
        let inclusive = evicting.inclusive;
        evicting.counters.evictions += 1;
        evicting.remove(slot);
        let mut from = Place::Private { core, cache, slot };
        let mut dirty = was_dirty;
        let mut took_inner = false;
        if inclusive && !self.observer.plants(Fault::NoBackInvalidation) {
            let inner = self.take_inner_copies(core, cache, line);
            took_inner = inner.taken;
            if let Some(newest) = inner.dirty {
                self.cores[core as usize].counters.dirty_merged += u64::from(was_dirty);
                (from, dirty) = (newest, true);
            }
        }
        let owner = &mut self.cores[core as usize];
        if cache + 1 == owner.levels {
            owner.counters.evictions += 1;
            owner.counters.dirty_evictions += u64::from(dirty);
        }
        if dirty && self.spec.rules.victim_order == VictimOrder::FillFirst {
            let departing = Place::Departing { core: Some(core), cache };
            self.observer.copied(line, from, departing);
            from = departing;
        }
        Victim { line, state, from, dirty, took_inner }
    }

    /// Removes the copies inside a level; their data is the innermost dirty copy.
    pub(super) fn take_inner_copies(
        &mut self,
        core: CoreId,
        level: usize,
        line: LineAddr,
    ) -> InnerCopies {
        let owner = &mut self.cores[core as usize];
        let mut copies = InnerCopies { taken: false, dirty: None };
        for cache in inside(owner, level) {
            let inner = &mut owner.caches[cache];
            let Some(slot) = inner.find(line) else { continue };
            if inner.is_dirty(slot) {
                owner.counters.dirty_merged += u64::from(copies.dirty.is_some());
                copies.dirty.get_or_insert(Place::Private { core, cache, slot });
            }
            if self.observer.plants(Fault::BackInvalidationDropsData) {
                copies.dirty = None;
            }
            inner.remove(slot);
            inner.counters.back_invalidations += 1;
            owner.counters.back_invalidations += 1;
            copies.taken = true;
        }
        copies
    }

    /// Sends a victim's data outward, then settles the core's state.
    pub(super) fn depart(&mut self, core: CoreId, cache: usize, victim: Victim) {
        let Victim { line, state, from, .. } = victim;
        if self.cores[core as usize].is_covered(cache)
            && !self.observer.plants(Fault::NoBackInvalidation)
        {
            // The core keeps the line further out, and its state with it.
            if victim.dirty {
                self.send_outward(core, cache, line, Supply { from, state });
            }
            return;
        }
        let last = self.leaves_nothing(core, cache) || self.is_last(core, line);
        let goes = if last && self.cores[core as usize].is_outermost(cache) {
            self.writes_back(core, line, state, victim.dirty)
        } else {
            victim.dirty
        };
        if goes {
            self.send_outward(core, cache, line, Supply { from, state });
        }
        if self.leaves_nothing(core, cache) {
            self.settle_gone(core, &victim);
        } else {
            self.settle(core, &victim);
        }
    }

    /// Tells whether the victims of a cache are all that the core has of their lines, without a
    /// look at the other caches.
    fn leaves_nothing(&self, core: CoreId, cache: usize) -> bool {
        self.cores[core as usize].has_all(cache)
            && self.in_transit.is_empty()
            && !self.observer.plants(Fault::NoBackInvalidation)
    }

    /// Tells whether a victim is all that the core has of its line: no other copy, and no other
    /// victim on its way.
    fn is_last(&self, core: CoreId, line: LineAddr) -> bool {
        let mut others = self.displaced.iter().filter(|displaced| displaced.victim.line == line);
        !self.cores[core as usize].state(line).is_valid()
            && others.next().is_none()
            && !self.in_transit.contains(&(core, line))
    }

    /// Asks the protocol whether the last copy of a line is written back.
    pub(super) fn writes_back(
        &mut self,
        core: CoreId,
        line: LineAddr,
        state: State,
        dirty: bool,
    ) -> bool {
        match self.tables.processor(state, Processor::Evict) {
            ProcessorStep::Discard(_) => false,
            ProcessorStep::WriteBack(_) => true,
            ProcessorStep::Never
            | ProcessorStep::Silent(_)
            | ProcessorStep::Bus(..)
            | ProcessorStep::Wire { .. } => {
                self.break_promise(core, line, state, Processor::Evict.name());
                dirty
            }
        }
    }

    /// Lets the victims of a reference leave, those of the outer levels first.
    pub(super) fn depart_displaced(&mut self, core: CoreId) {
        while !self.displaced.is_empty() {
            let Displaced { cache, victim } = self.displaced.remove(0);
            self.depart(core, cache, victim);
        }
    }

    /// A copy is gone: does the core's state follow? A line that another level has displaced and
    /// that has yet to leave is still the core's, and so is one whose data is on its way.
    fn settle(&mut self, core: CoreId, victim: &Victim) {
        let &Victim { line, state, dirty, .. } = victim;
        if self.in_transit.contains(&(core, line)) {
            return;
        }
        let mut displaced = self.displaced.iter().map(|d| &d.victim).filter(|v| v.line == line);
        let displaced_dirty = displaced.clone().any(|v| v.dirty);
        let owner = &self.cores[core as usize];
        if !owner.state(line).is_valid() && displaced.next().is_none() {
            self.settle_gone(core, victim);
        } else if dirty && owner.innermost_dirty(line).is_none() && !displaced_dirty {
            let next = self.cleaned(core, line, state);
            self.change(core, line, state, next, Cause::Evict);
            for other in self.displaced.iter_mut().filter(|d| d.victim.line == line) {
                other.victim.state = next;
            }
        }
    }

    /// The last copy is gone, and the core's state with it.
    fn settle_gone(&mut self, core: CoreId, victim: &Victim) {
        let &Victim { line, state, took_inner, .. } = victim;
        self.observer.decided(core, line, Cell::Own(state, Processor::Evict));
        let loss = if took_inner { Loss::BackInvalidation } else { Loss::Replacement };
        self.lose(core, line, state, Cause::Evict, loss);
    }

    /// A dirty line leaves a cache for the next level, or below the bus.
    pub(super) fn send_outward(
        &mut self,
        core: CoreId,
        cache: usize,
        line: LineAddr,
        supply: Supply,
    ) {
        let owner = &mut self.cores[core as usize];
        owner.caches[cache].counters.write_backs += 1;
        if owner.is_outermost(cache) {
            self.send_below(core, line, supply.from);
        } else {
            let level = owner.next_outward(cache);
            self.in_transit.push((core, line));
            self.receive(core, level, line, supply);
            self.in_transit.pop();
        }
    }

    /// A dirty line arrives at a private level from inside.
    fn receive(&mut self, core: CoreId, level: usize, line: LineAddr, supply: Supply) {
        let owner = &mut self.cores[core as usize];
        let cache = &mut owner.caches[level];
        cache.counters.write_backs_received += 1;
        if let Some(slot) = cache.find(line) {
            cache.touch(slot);
            owner.counters.dirty_merged += u64::from(cache.is_dirty(slot));
            cache.set_dirty(slot, true);
            self.observer.copied(line, supply.from, Place::Private { core, cache: level, slot });
            return;
        }
        let (slot, victim) = self.take_room(core, level, line);
        let late = match (self.spec.rules.victim_order, victim) {
            (VictimOrder::VictimFirst, Some(victim)) => {
                self.depart(core, level, victim);
                None
            }
            (_, victim) => victim,
        };
        self.place(core, level, slot, line, supply);
        self.cores[core as usize].caches[level].set_dirty(slot, true);
        if let Some(victim) = late {
            self.depart(core, level, victim);
        }
    }

    /// A dirty line of a core goes below the bus: to the first shared level or the backing store.
    pub(super) fn send_below(&mut self, core: CoreId, line: LineAddr, from: Place) {
        self.cores[core as usize].counters.write_backs += 1;
        self.bus.counters.write_backs += 1;
        self.carry(line, self.spec.line.bytes());
        self.posted.push(line);
        self.observer.wrote_back(core, line);
        self.arrive_below(0, line, from);
        self.plant_clean_copy(Fault::WriteBackLeavesClean, line);
    }

    /// Posts the write-backs of the reference that ends at `now`; returns when the core goes on.
    pub(super) fn post_write_backs(&mut self, core: CoreId, now: u64) -> u64 {
        let mut now = now;
        if self.posted.is_empty() {
            return now;
        }
        let data = self.spec.bus.data(self.spec.line.bytes());
        let way = self.shared.first().map_or(self.spec.memory_latency, |level| level.latency);
        let bus = &mut self.bus;
        let buffer = &mut self.cores[core as usize].write_buffer;
        let observer = &mut self.observer;
        for line in self.posted.drain(..) {
            now = buffer.take(now, |taken| {
                let passed = bus.grant(taken, line, 0, data).end;
                observer.posted(core, line, passed);
                passed + way
            });
        }
        now
    }
}

/// What an eviction found in the levels inside.
#[derive(Clone, Copy, Debug)]
pub(super) struct InnerCopies {
    /// There was a copy.
    pub(super) taken: bool,
    /// The innermost dirty one.
    pub(super) dirty: Option<Place>,
}
