//! How a line comes: asked outward level by level, placed in every level it passes.

use cache::Slot;

use super::Machine;
use super::evict::Displaced;
use super::reference::Request;
use crate::counters::Cause;
use crate::observe::{Cell, Observer, Place};
use crate::rules::VictimOrder;
use crate::step::{BusOp, ProcessorStep, State};

/// A line's data and the core's state for it, on its way inward.
#[derive(Clone, Copy, Debug)]
pub(super) struct Supply {
    pub(super) from: Place,
    pub(super) state: State,
}

/// A line that has been placed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Brought {
    pub(super) slot: Slot,
    pub(super) state: State,
}

impl<O: Observer> Machine<O> {
    /// Brings a line that a cache misses into it, the first that is asked.
    #[inline]
    pub(super) fn bring_first(
        &mut self,
        request: &mut Request,
        cache: usize,
        now: &mut u64,
    ) -> Brought {
        if cache == 0
            && let Some(brought) = self.bring_through(request, now)
        {
            return brought;
        }
        self.bring(request, cache, now)
    }

    /// Brings a line that a cache of the core misses into it.
    fn bring(&mut self, request: &mut Request, cache: usize, now: &mut u64) -> Brought {
        let Request { core, line, .. } = *request;
        let (slot, supply) = match self.spec.rules.victim_order {
            VictimOrder::VictimFirst => {
                let slot = self.make_room(core, cache, line);
                request.reads_again = self.reads_again(core, line, request.event);
                let supply = self.ask_outward(request, cache, now);
                self.place(core, cache, slot, line, supply);
                (slot, supply)
            }
            VictimOrder::FillFirst => {
                let supply = self.ask_outward(request, cache, now);
                let (slot, victim) = self.take_room(core, cache, line);
                self.place(core, cache, slot, line, supply);
                // It leaves after the access itself, as in Dinero: until then the core has both.
                self.displaced.extend(victim.map(|victim| Displaced { cache, victim }));
                (slot, supply)
            }
        };
        self.cores[core as usize].caches[cache].counters.fills += 1;
        Brought { slot, state: supply.state }
    }

    /// Reads again a line that the cache holds shared, into the same slot.
    pub(super) fn refill_in_place(
        &mut self,
        request: &mut Request,
        cache: usize,
        slot: Slot,
        now: &mut u64,
    ) -> State {
        let supply = self.ask_outward(request, cache, now);
        let here = Place::Private { core: request.core, cache, slot };
        self.observer.copied(request.line, supply.from, here);
        let cache = &mut self.cores[request.core as usize].caches[cache];
        cache.counters.fills += 1;
        cache.touch(slot);
        supply.state
    }

    pub(super) fn place(
        &mut self,
        core: u32,
        cache: usize,
        slot: Slot,
        line: cache::LineAddr,
        supply: Supply,
    ) {
        self.observer.copied(line, supply.from, Place::Private { core, cache, slot });
        let cache = &mut self.cores[core as usize].caches[cache];
        cache.place(slot, line, supply.state);
    }

    /// Asks whoever comes after a cache that misses: its sibling, the next level, the bus.
    fn ask_outward(&mut self, request: &mut Request, cache: usize, now: &mut u64) -> Supply {
        if let Some(supply) = self.ask_sibling(request, cache, now) {
            return supply;
        }
        let core = &self.cores[request.core as usize];
        if core.is_outermost(cache) {
            self.fill_from_bus(request, now)
        } else {
            let level = core.next_outward(cache);
            self.ask_level(request, level, now)
        }
    }

    /// A first-level miss asks the core's other first-level cache before anybody further out.
    fn ask_sibling(&mut self, request: &Request, cache: usize, now: &mut u64) -> Option<Supply> {
        let core = &self.cores[request.core as usize];
        let instructions = core.instruction_cache()?;
        if request.reads_again || (cache != 0 && cache != instructions) {
            return None;
        }
        let sibling = if cache == 0 { instructions } else { 0 };
        *now += core.caches[sibling].latency;
        let slot = core.caches[sibling].find(request.line)?;
        Some(Supply {
            from: Place::Private { core: request.core, cache: sibling, slot },
            state: core.caches[sibling].state_in(slot),
        })
    }

    /// Asks a level below the first for a line.
    fn ask_level(&mut self, request: &mut Request, level: usize, now: &mut u64) -> Supply {
        let cache = &mut self.cores[request.core as usize].caches[level];
        *now += cache.latency;
        let found = cache.find(request.line);
        let hit = found.is_some() && !request.reads_again;
        cache.counters.hits += u64::from(hit);
        cache.counters.misses += u64::from(!hit);
        let (slot, state) = if let Some(slot) = found {
            if hit {
                cache.touch(slot);
                (slot, cache.state_in(slot))
            } else {
                (slot, self.refill_in_place(request, level, slot, now))
            }
        } else {
            let brought = self.bring(request, level, now);
            (brought.slot, brought.state)
        };
        Supply { from: Place::Private { core: request.core, cache: level, slot }, state }
    }

    /// Asks the bus for a line, and decides the core's state for it.
    pub(super) fn fill_from_bus(&mut self, request: &mut Request, now: &mut u64) -> Supply {
        let &mut Request { core, line, event, .. } = request;
        // A core can hold a line that its levels lack: in its L1I, which a store that passes a
        // no-allocate first level does not ask. The levels then ask as if the core had nothing.
        let owner = &self.cores[core as usize];
        let holds = request.reads_again || owner.instruction_cache().is_some();
        let from = if holds { owner.state(line) } else { State::INVALID };
        debug_assert_eq!(from, owner.state(line), "all levels were asked");
        let row = if request.reads_again { from } else { State::INVALID };
        self.observer.decided(core, line, Cell::Own(row, event));
        let (op, shared, alone) = match self.tables.processor(row, event) {
            ProcessorStep::Bus(op, next) => (op, next, next),
            ProcessorStep::Wire { op, shared, alone } => (op, shared, alone),
            ProcessorStep::Never
            | ProcessorStep::Silent(_)
            | ProcessorStep::Discard(_)
            | ProcessorStep::WriteBack(_) => {
                self.break_promise(core, line, row, event.name());
                (BusOp::BusRd, from, from)
            }
        };
        let transaction = self.transact(request, op, true, *now);
        *now = transaction.end;
        request.filled = Some((op, transaction.from));
        let next = if transaction.held_elsewhere { shared } else { alone };
        self.change(core, line, from, next, Cause::of(event));
        Supply { from: transaction.from, state: next }
    }
}
