//! One bus transaction: granted, snooped by every other core, answered, ended.

use cache::LineAddr;

use super::reference::Request;
use super::{Change, Machine};
use crate::copies::Copies;
use crate::counters::Cause;
use crate::fault::Fault;
use crate::holders::ones;
use crate::observe::{Cell, Loss, Observer, Place, Supplier, Transaction};
use crate::reference::{CoreId, Reference};
use crate::rules::CleanSupply;
use crate::step::{BusOp, Processor, SnoopStep, State};

/// How a transaction ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    /// Another core held the line (raised the shared wire).
    pub(super) held_elsewhere: bool,
    /// Where the data is, if it was asked for.
    pub(super) from: Place,
    /// When the transaction ended.
    pub(super) end: u64,
}

/// A core, and where its copy is.
type Source = (CoreId, Place);

/// What the snoops of one transaction add up to.
#[derive(Clone, Copy, Debug, Default)]
struct Snooped {
    /// Another core holds the line.
    held: bool,
    /// The dirty owner that answers.
    dirty: Option<Source>,
    /// The clean copy that answers by the protocol.
    forwarded: Option<Source>,
    /// The first clean copy that may answer by the house rules.
    clean: Option<Source>,
}

impl<O: Observer> Machine<O> {
    /// Puts a transaction on the bus; `wants_data` if the requester fills the line.
    pub(super) fn transact(
        &mut self,
        request: &Request,
        op: BusOp,
        wants_data: bool,
        now: u64,
    ) -> Answer {
        let &Request { core, line, .. } = request;
        self.count_transaction(core, op);
        let stale = self.plant_stale_answer(line);
        let snooped = self.snoop_all(request, op, wants_data);
        let supplier = snooped.dirty.or(snooped.forwarded).or(snooped.clean);
        let (from, supply, supplier) = match supplier {
            _ if !wants_data => (Place::Store, 0, None),
            Some((owner, from)) => {
                self.cores[core as usize].counters.cache_to_cache += 1;
                (from, self.spec.bus.cache_to_cache, Some(Supplier::Core(owner)))
            }
            None => {
                let below = self.ask_shared(0, line);
                (below.from, below.ticks, Some(below.supplier))
            }
        };
        let from = stale.unwrap_or(from);
        let from = self.plant_old_data(line, from, snooped.dirty.is_some());
        let mut data = 0;
        if op == BusOp::BusUpd {
            let bytes = u64::from(request.bytes);
            data = self.spec.bus.beat;
            self.carry(line, bytes);
            self.cores[core as usize].counters.update_bytes += bytes;
        }
        if wants_data {
            data = self.spec.bus.data(self.spec.line.bytes());
            self.carry(line, self.spec.line.bytes());
            let counters = &mut self.cores[core as usize].counters;
            counters.bus_fills += 1;
            counters.fills_with_holders += u64::from(snooped.held);
        }
        let grant = self.bus.grant(now, line, supply, data);
        self.cores[core as usize].counters.bus_wait_cycles += grant.start - now;
        self.observer.transacted(&Transaction { core, op, line, supplier });
        Answer { held_elsewhere: snooped.held, from, end: grant.end }
    }

    /// Counts bytes of a line that pass the bus.
    pub(super) fn carry(&mut self, line: LineAddr, bytes: u64) {
        self.bus.counters.data_bytes += bytes;
        self.observer.carried(line, bytes);
    }

    fn count_transaction(&mut self, core: CoreId, op: BusOp) {
        let core = &mut self.cores[core as usize].counters;
        let bus = &mut self.bus.counters;
        let (by_core, on_bus) = match op {
            BusOp::BusRd => (&mut core.bus_rd, &mut bus.bus_rd),
            BusOp::BusRdX => (&mut core.bus_rdx, &mut bus.bus_rdx),
            BusOp::BusUpgr => (&mut core.bus_upgr, &mut bus.bus_upgr),
            BusOp::BusUpd => (&mut core.bus_upd, &mut bus.bus_upd),
        };
        *by_core += 1;
        *on_bus += 1;
    }

    /// Shows a transaction to every other core, in the order of their numbers.
    fn snoop_all(&mut self, request: &Request, op: BusOp, wants_data: bool) -> Snooped {
        let &Request { core, line, event, .. } = request;
        let mut snooped = Snooped::default();
        // Ownership moves to a core that stores; one that loads would not answer for the data.
        let moves = op == BusOp::BusRdX
            && event == Processor::Store
            && wants_data
            && !self.spec.rules.invalidating_flush_updates_memory;
        let asked = if O::HEARS_OF_ABSENT {
            self.everybody_but(core)
        } else {
            self.may_hold(line, Some(core))
        };
        for other in ones(asked) {
            let owner = &self.cores[other as usize];
            let copies = &owner.copies(line);
            let state = owner.state_of(copies);
            self.observer.decided(other, line, Cell::Snoop(state, op));
            if !state.is_valid() {
                continue;
            }
            if self.plant_survivor(op, state, &snooped) {
                snooped.held = true;
                continue;
            }
            snooped.held |= self.raises_wire(state);
            if snooped.clean.is_none() && self.supplies_clean(state) {
                snooped.clean = innermost(other, copies);
            }
            let step = self.tables.snoop(state, op);
            let Some(next) = step.next() else {
                self.break_promise(other, line, state, op.name());
                continue;
            };
            match step {
                SnoopStep::Never | SnoopStep::Silent(_) => {}
                SnoopStep::Flush(_) => {
                    snooped.dirty = self.flush(other, line, copies, next, !moves);
                }
                SnoopStep::Supply(_) if !self.spec.protocol.holding(state).dirty => {
                    snooped.forwarded = innermost(other, copies);
                }
                SnoopStep::Supply(_) if self.spec.protocol.holding(next).dirty => {
                    snooped.dirty = self.supply_dirty(other, line, copies);
                }
                // Where the requester does not take the line, what lies below the bus has to.
                SnoopStep::Supply(_) => {
                    snooped.dirty = self.flush(other, line, copies, next, !wants_data);
                }
                SnoopStep::HandOver(_) => self.hand_over(other, line, copies, next),
            }
            let change = Change { core: other, line, from: state, to: next };
            self.snooped_to(core, op, copies, change);
        }
        snooped
    }

    fn everybody_but(&self, core: CoreId) -> u64 {
        u64::MAX >> (u64::BITS - self.cores.len() as u32) & !(1 << core)
    }

    /// Tells whether a copy in this state raises the shared wire.
    fn raises_wire(&self, state: State) -> bool {
        let holding = self.spec.protocol.holding(state);
        holding.unique || holding.dirty || !self.observer.plants(Fault::SharersSilent)
    }

    /// Tells whether a planted fault lets this shared copy survive a `BusRdX`.
    fn plant_survivor(&self, op: BusOp, state: State, snooped: &Snooped) -> bool {
        let holding = self.spec.protocol.holding(state);
        self.observer.plants(Fault::OneSharerSurvives)
            && op == BusOp::BusRdX
            && !snooped.held
            && !holding.unique
            && !holding.dirty
    }

    /// Keeps what the backing store has now, if a planted fault lets it answer in any case.
    fn plant_stale_answer(&mut self, line: LineAddr) -> Option<Place> {
        if !self.observer.plants(Fault::MemoryWins) {
            return None;
        }
        let stale = Place::Departing { core: None, cache: 0 };
        self.observer.copied(line, Place::Store, stale);
        Some(stale)
    }

    /// Tells whether a clean copy in this state supplies its data under the rules.
    fn supplies_clean(&self, state: State) -> bool {
        let holding = self.spec.protocol.holding(state);
        match self.spec.rules.clean_supply {
            CleanSupply::Memory => false,
            CleanSupply::ExclusiveOnly => holding.unique && !holding.dirty,
            CleanSupply::AnyHolder => holding.valid && !holding.dirty,
        }
    }

    /// Puts a core's dirty line on the bus: below it takes the line unless ownership moves, and so
    /// do the copies that the core keeps.
    fn flush(
        &mut self,
        owner: CoreId,
        line: LineAddr,
        copies: &Copies,
        next: State,
        updates_memory: bool,
    ) -> Option<Source> {
        let core = &mut self.cores[owner as usize];
        core.counters.flushes += 1;
        self.observer.flushed(owner, line, false);
        let Some(from) = self.clean_copies(owner, line, copies, next.is_valid()) else {
            let state = self.cores[owner as usize].state(line);
            self.break_promise(owner, line, state, "a flush without a dirty copy");
            return None;
        };
        if updates_memory {
            self.arrive_below(0, line, from);
            self.plant_clean_copy(Fault::FlushLeavesClean, line);
        }
        Some((owner, from))
    }

    /// A dirty owner sends its line to the requester alone and stays the owner.
    fn supply_dirty(&mut self, owner: CoreId, line: LineAddr, copies: &Copies) -> Option<Source> {
        let core = &mut self.cores[owner as usize];
        core.counters.flushes += 1;
        core.counters.flushes_kept += 1;
        self.observer.flushed(owner, line, true);
        let Some((cache, slot)) = core.innermost_dirty_of(copies) else {
            let state = core.state(line);
            self.break_promise(owner, line, state, "a supply without a dirty copy");
            return None;
        };
        Some((owner, Place::Private { core: owner, cache, slot }))
    }

    /// The requester, whose copy is as new, answers for the line from now on.
    fn hand_over(&mut self, owner: CoreId, line: LineAddr, copies: &Copies, next: State) {
        self.cores[owner as usize].counters.handed_over += 1;
        self.observer.handed_over(owner, line);
        if self.clean_copies(owner, line, copies, next.is_valid()).is_none() {
            let state = self.cores[owner as usize].state(line);
            self.break_promise(owner, line, state, "a hand-over without a dirty copy");
        }
    }

    /// Every copy of every other core takes the bytes of a store that a `BusUpd` announced.
    pub(super) fn update_others(&mut self, reference: &Reference) {
        for (core, owner) in self.cores.iter().enumerate() {
            let core = core as CoreId;
            if core != reference.core {
                for (cache, slot) in owner.copies(reference.line).iter() {
                    self.observer.stored(reference, Place::Private { core, cache, slot });
                }
            }
        }
    }

    /// Clears all dirty bits of a core's line, and spreads its newest data over the copies if they
    /// stay. Returns where that data lies.
    pub(super) fn clean_copies(
        &mut self,
        core: CoreId,
        line: LineAddr,
        copies: &Copies,
        stay: bool,
    ) -> Option<Place> {
        let owner = &mut self.cores[core as usize];
        let (newest, slot) = owner.innermost_dirty_of(copies)?;
        let from = Place::Private { core, cache: newest, slot };
        for (cache, slot) in copies.iter() {
            if cache != newest {
                let was_dirty = owner.caches[cache].is_dirty(slot);
                owner.counters.dirty_merged += u64::from(was_dirty);
                if stay {
                    self.observer.copied(line, from, Place::Private { core, cache, slot });
                }
            }
            owner.caches[cache].set_dirty(slot, false);
        }
        Some(from)
    }

    /// Moves a snooped line to its next state and counts what that was.
    fn snooped_to(&mut self, requester: CoreId, op: BusOp, copies: &Copies, change: Change) {
        let Change { core: owner, line, from, to: next } = change;
        if !next.is_valid() {
            self.cores[owner as usize].remove(copies);
            self.cores[owner as usize].counters.invalidations += 1;
            self.cores[requester as usize].counters.invalidations_sent += 1;
            self.lose(owner, line, from, Cause::Snoop, Loss::Invalidation);
            return;
        }
        let (before, after) = (self.spec.protocol.holding(from), self.spec.protocol.holding(next));
        if op == BusOp::BusRd && (before.unique || before.dirty) && !after.unique {
            self.cores[owner as usize].counters.interventions += 1;
        }
        if op == BusOp::BusUpd {
            self.cores[owner as usize].counters.updates += 1;
            self.cores[requester as usize].counters.updates_sent += 1;
            self.observer.updated(owner, line);
        }
        self.change_copies(copies, change, Cause::Snoop);
    }
}

/// Returns the innermost of a core's copies of a line.
fn innermost(core: CoreId, copies: &Copies) -> Option<Source> {
    let (cache, slot) = copies.innermost()?;
    Some((core, Place::Private { core, cache, slot }))
}
