//! How a line comes to a core of two levels, the second of which includes the first: what `fill`
//! and `evict` do for any core, said in one piece for the shape that most machines have.
//!
//! A place that is taken for the line is its place at once, in no state, and what it waits for is
//! looked up once. `tests/silent_runs.rs` compares both ways.

use cache::{Choice, LineAddr, Slot};

use super::Machine;
use super::fill::{Brought, Supply};
use super::reference::Request;
use crate::counters::Cause;
use crate::observe::{Cell, Loss, Observer, Place};
use crate::private::Core;
use crate::reference::CoreId;
use crate::step::{Processor, State};

impl Core {
    /// Takes a place for a line in the first of two write-back levels, the second inclusive, and no
    /// L1I: the victim stays in the core, and so does its state.
    #[inline]
    pub(super) fn take_first(
        &mut self,
        observer: &mut impl Observer,
        core: CoreId,
        line: LineAddr,
        state: State,
    ) -> Slot {
        let [first, second, ..] = &mut self.caches[..] else { unreachable!("two levels") };
        let slot = match first.choose(line) {
            Choice::Vacant(slot) => {
                first.place(slot, line, state);
                return slot;
            }
            Choice::Victim(slot) => slot,
        };
        first.counters.evictions += 1;
        if first.is_dirty(slot) {
            let victim = first.line(slot);
            let below = second.find(victim).expect("an inclusive level has the line");
            first.counters.write_backs += 1;
            second.counters.write_backs_received += 1;
            second.touch(below);
            self.counters.dirty_merged += u64::from(second.is_dirty(below));
            second.set_dirty(below, true);
            let (inside, outside) = (place(core, 0, slot), place(core, 1, below));
            observer.copied(victim, inside, outside);
        }
        first.overwrite(slot, line, state);
        slot
    }
}

impl<O: Observer> Machine<O> {
    /// Brings a line that the first level misses into it, if the core is of that shape.
    #[inline]
    pub(super) fn bring_through(
        &mut self,
        request: &mut Request,
        now: &mut u64,
    ) -> Option<Brought> {
        let Request { core, line, reads_again, .. } = *request;
        let owner = &mut self.cores[core as usize];
        if !owner.two_levels || reads_again || self.observer.takes_long_ways() {
            return None;
        }
        let inner = owner.take_first(&mut self.observer, core, line, State::INVALID);
        let second = &mut owner.caches[1];
        *now += second.latency;
        let (outer, state) = if let Some(slot) = second.find(line) {
            second.counters.hits += 1;
            second.touch(slot);
            (slot, second.state_in(slot))
        } else {
            second.counters.misses += 1;
            second.counters.fills += 1;
            let slot = self.take_second(core, line);
            let Supply { from, state } = self.fill_from_bus(request, now);
            self.observer.copied(line, from, place(core, 1, slot));
            self.cores[core as usize].caches[1].set_state(slot, state);
            (slot, state)
        };
        self.observer.copied(line, place(core, 1, outer), place(core, 0, inner));
        let first = &mut self.cores[core as usize].caches[0];
        first.set_state(inner, state);
        first.counters.fills += 1;
        Some(Brought { slot: inner, state })
    }

    /// Takes a place for a line in the second level. The victim leaves the core.
    #[inline]
    fn take_second(&mut self, core: CoreId, line: LineAddr) -> Slot {
        let owner = &mut self.cores[core as usize];
        let [first, second] = &mut owner.caches[..] else { unreachable!("two levels") };
        let slot = match second.choose(line) {
            Choice::Vacant(slot) => {
                second.place(slot, line, State::INVALID);
                return slot;
            }
            Choice::Victim(slot) => slot,
        };
        let counters = &mut owner.counters;
        let victim = second.line(slot);
        let state = second.state_in(slot);
        let mut dirty = second.is_dirty(slot);
        let mut from = place(core, 1, slot);
        let mut loss = Loss::Replacement;
        if let Some(inner) = first.find(victim) {
            loss = Loss::BackInvalidation;
            first.counters.back_invalidations += 1;
            counters.back_invalidations += 1;
            if first.is_dirty(inner) {
                counters.dirty_merged += u64::from(dirty);
                (from, dirty) = (place(core, 0, inner), true);
            }
            first.remove(inner);
        }
        second.counters.evictions += 1;
        counters.evictions += 1;
        counters.dirty_evictions += u64::from(dirty);
        second.overwrite(slot, line, State::INVALID);
        if self.writes_back(core, victim, state, dirty) {
            self.cores[core as usize].caches[1].counters.write_backs += 1;
            self.send_below(core, victim, from);
        }
        self.observer.decided(core, victim, Cell::Own(state, Processor::Evict));
        self.lose(core, victim, state, Cause::Evict, loss);
        slot
    }
}

const fn place(core: CoreId, cache: usize, slot: Slot) -> Place {
    Place::Private { core, cache, slot }
}
