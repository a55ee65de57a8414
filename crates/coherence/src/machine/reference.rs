//! One reference: a load or store of one core to one line.

use cache::{LineAddr, Slot};

use super::hits::observe_hit;
use super::through::Route;
use super::{Broken, Machine};
use crate::counters::Cause;
use crate::fault::Fault;
use crate::level::Rights;
use crate::observe::{Cell, FirstLevel, Loss, Observer, Place};
use crate::reference::{CoreId, Op, Reference};
use crate::spec::WritePolicy;
use crate::step::{BusOp, Processor, ProcessorStep, State};

/// A request for a line on its way outward through one core's caches.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    pub(super) core: CoreId,
    pub(super) line: LineAddr,
    pub(super) event: Processor,
    /// The bytes that a store writes.
    pub(super) bytes: u32,
    /// The core holds the line shared and reads it again to own it. Asked again at each level,
    /// because a victim that makes room for this request can take an outer copy of its line along
    /// (non-inclusive levels only).
    pub(super) reads_again: bool,
    /// How the bus was asked for the line, and where it came from, once it was.
    pub(super) filled: Option<(BusOp, Place)>,
    /// A `BusUpd` has announced the store: the other copies take its bytes.
    pub(super) updates: bool,
}

/// Where a store ended up being taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Taken {
    /// At this private level, in this slot.
    At(usize, Slot),
    /// At none: every level that was asked let it pass.
    Nowhere,
}

impl<O: Observer> Machine<O> {
    /// Performs one reference.
    #[inline]
    pub fn reference(&mut self, reference: &Reference) -> Result<(), Broken> {
        let core = &mut self.cores[reference.core as usize];
        let (first, rights) = core.first_level(reference.op);
        let counters = &mut core.counters;
        counters.accesses += 1;
        match reference.op {
            Op::Read => counters.reads += 1,
            Op::Write => counters.writes += 1,
            Op::Atomic => counters.atomics += 1,
            Op::Fetch => counters.fetches += 1,
        }
        let cache = &mut core.caches[first];
        if let Some(used) = cache.use_again(reference.line, rights, reference.op) {
            counters.hits += 1;
            cache.counters.hits += 1;
            core.clock += cache.latency;
            observe_hit(&mut self.observer, reference, first, used);
            return Ok(());
        }
        self.reference_behind(reference, first, rights)
    }

    /// Performs a reference whose line is not the one that its set used last.
    fn reference_behind(
        &mut self,
        reference: &Reference,
        first: usize,
        rights: Rights,
    ) -> Result<(), Broken> {
        let core = &mut self.cores[reference.core as usize];
        let (cache, counters) = (&mut core.caches[first], &mut core.counters);
        let found = cache.find(reference.line);
        if let Some(slot) = found
            && let Some(used) = cache.use_silently(reference.line, slot, rights, reference.op)
        {
            counters.hits += 1;
            cache.counters.hits += 1;
            core.clock += cache.latency;
            observe_hit(&mut self.observer, reference, first, used);
            return Ok(());
        }
        if found.is_none() && core.refill(&mut self.observer, reference) {
            core.clock += core.caches[first].latency;
            return Ok(());
        }
        self.reference_with_changes(reference, first, found)
    }

    fn reference_with_changes(
        &mut self,
        reference: &Reference,
        first: usize,
        found: Option<Slot>,
    ) -> Result<(), Broken> {
        let core = &self.cores[reference.core as usize];
        let start = core.clock + core.caches[first].latency;
        let event = reference.op.event();
        let mut request = Request {
            core: reference.core,
            line: reference.line,
            event,
            bytes: reference.bytes,
            reads_again: self.reads_again(reference.core, reference.line, event),
            filled: None,
            updates: false,
        };
        let request = &mut request;
        self.count_first_level(reference, first, found, request);
        let (end, through) = match event {
            Processor::Store => self.store(reference, request, found, start),
            Processor::Load | Processor::Evict | Processor::Clean => {
                (self.load(reference, request, first, found, start), None)
            }
        };
        self.depart_displaced(reference.core);
        let mut end = self.post_write_backs(reference.core, end);
        if let Some(way) = through {
            end = self.post_store(reference, way, end);
        }
        let core = &mut self.cores[reference.core as usize];
        core.counters.stall_cycles += end - start;
        core.clock = end;
        self.broken.map_or(Ok(()), Err)
    }

    /// Tells whether a core asks for a line that it holds shared, to own it.
    pub(super) fn reads_again(&self, core: CoreId, line: LineAddr, event: Processor) -> bool {
        event == Processor::Store
            && self.tables.some_read_again()
            && self.tables.store_reads_again(self.cores[core as usize].state(line))
    }

    /// Counts the look at the first level. The class of a miss is decided by this look, before
    /// anybody makes room.
    fn count_first_level(
        &mut self,
        reference: &Reference,
        first: usize,
        found: Option<Slot>,
        request: &Request,
    ) {
        let core = &mut self.cores[reference.core as usize];
        if found.is_some() && !request.reads_again {
            core.counters.hits += 1;
            core.caches[first].counters.hits += 1;
            self.observer.looked_up(reference, first, FirstLevel::Hit);
            return;
        }
        core.counters.misses += 1;
        core.caches[first].counters.misses += 1;
        match reference.op {
            Op::Read => core.counters.read_misses += 1,
            Op::Write | Op::Atomic => core.counters.write_misses += 1,
            Op::Fetch => core.counters.fetch_misses += 1,
        }
        if !O::LOOKS {
            return;
        }
        let held = core.state(reference.line).is_valid();
        let answer = FirstLevel::Miss { held, upgrades: request.reads_again };
        self.observer.looked_up(reference, first, answer);
    }

    /// Performs a load whose time is `now`; returns when it is done.
    fn load(
        &mut self,
        reference: &Reference,
        request: &mut Request,
        first: usize,
        found: Option<Slot>,
        now: u64,
    ) -> u64 {
        let mut now = now;
        let (slot, state) = if let Some(slot) = found {
            let cache = &mut self.cores[request.core as usize].caches[first];
            cache.touch(slot);
            (slot, cache.state_in(slot))
        } else {
            let brought = self.bring_first(request, first, &mut now);
            (brought.slot, brought.state)
        };
        if request.filled.is_none() {
            if self.tables.load_is_silent(state) {
                let cell = Cell::Own(state, request.event);
                self.observer.decided(request.core, request.line, cell);
            } else {
                now = self.permit(request, state, now);
            }
        }
        let place = Place::Private { core: request.core, cache: first, slot };
        self.observer.loaded(reference, place);
        now
    }

    /// Performs a store whose time is `now`; returns when it is done, and the way of one that was
    /// sent through.
    fn store(
        &mut self,
        reference: &Reference,
        request: &mut Request,
        found: Option<Slot>,
        now: u64,
    ) -> (u64, Option<Route>) {
        let mut now = now;
        let taken = self.take_store(request, found, &mut now);
        match taken {
            Taken::At(level, slot) => {
                // A line that was read to be owned is owned. One that was read to be shared is
                // stored to in the state reached.
                if !matches!(request.filled, Some((BusOp::BusRdX, _))) {
                    let state = self.cores[request.core as usize].caches[level].state_in(slot);
                    now = self.permit(request, state, now);
                }
                if reference.op == Op::Atomic {
                    let place = Place::Private { core: request.core, cache: level, slot };
                    self.observer.loaded(reference, place);
                }
                self.observer.storing(reference);
                self.drop_instructions(request);
                if request.updates {
                    self.update_others(reference);
                }
                let way = self.write_at(reference, level, slot);
                if let Some((_, from)) = request.filled
                    && self.observer.plants(Fault::LateFill)
                {
                    let place = Place::Private { core: request.core, cache: level, slot };
                    self.observer.copied(request.line, from, place);
                }
                (now, way)
            }
            Taken::Nowhere => {
                now = self.transact(request, BusOp::BusRdX, false, now).end;
                self.observer.storing(reference);
                self.drop_instructions(request);
                (now, Some(self.write_past(reference)))
            }
        }
    }

    /// Finds the private level that takes a store, bringing the line where a level allocates.
    fn take_store(&mut self, request: &mut Request, found: Option<Slot>, now: &mut u64) -> Taken {
        let mut found = found;
        let levels = self.cores[request.core as usize].levels;
        for level in 0..levels {
            let cache = &mut self.cores[request.core as usize].caches[level];
            if level > 0 {
                *now += cache.latency;
                found = cache.find(request.line);
                let hit = found.is_some() && !request.reads_again;
                cache.counters.hits += u64::from(hit);
                cache.counters.misses += u64::from(!hit);
            }
            if let Some(slot) = found {
                if request.reads_again {
                    self.refill_in_place(request, level, slot, now);
                }
                self.cores[request.core as usize].caches[level].touch(slot);
                return Taken::At(level, slot);
            }
            if cache.write != (WritePolicy::WriteThrough { allocate: false }) {
                return Taken::At(level, self.bring_first(request, level, now).slot);
            }
            cache.counters.write_throughs += 1;
        }
        Taken::Nowhere
    }

    /// Gets the right to do what is asked to a line that the core holds in a state; returns when it
    /// is there.
    fn permit(&mut self, request: &mut Request, state: State, now: u64) -> u64 {
        let &mut Request { core, line, event, .. } = request;
        debug_assert_eq!(state, self.cores[core as usize].state(line));
        let cause = Cause::of(event);
        self.observer.decided(core, line, Cell::Own(state, event));
        match self.tables.processor(state, event) {
            ProcessorStep::Silent(next) => {
                if event == Processor::Store && next != state {
                    self.cores[core as usize].counters.silent_upgrades += 1;
                }
                self.change(core, line, state, next, cause);
                now
            }
            ProcessorStep::Bus(op, next) => {
                request.updates = op == BusOp::BusUpd;
                let transaction = self.transact(request, op, false, now);
                self.change(core, line, state, next, cause);
                transaction.end
            }
            ProcessorStep::Wire { op, shared, alone } => {
                request.updates = op == BusOp::BusUpd;
                let transaction = self.transact(request, op, false, now);
                let next = if transaction.held_elsewhere { shared } else { alone };
                self.change(core, line, state, next, cause);
                transaction.end
            }
            ProcessorStep::Never | ProcessorStep::Discard(_) | ProcessorStep::WriteBack(_) => {
                self.break_promise(core, line, state, event.name());
                now
            }
        }
    }

    /// A store drops the core's own L1I copy.
    fn drop_instructions(&mut self, request: &Request) {
        let &Request { core, line, .. } = request;
        let owner = &mut self.cores[core as usize];
        let Some(cache) = owner.instruction_cache() else { return };
        let Some(slot) = owner.caches[cache].find(line) else { return };
        let state = owner.caches[cache].state_in(slot);
        owner.caches[cache].remove(slot);
        if !self.cores[core as usize].state(line).is_valid() {
            self.lose(core, line, state, Cause::Store, Loss::Replacement);
        }
    }
}
