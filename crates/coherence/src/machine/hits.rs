//! Runs of accesses that change no state: most of most traces.

use cache::{Addr, Geometry, LineSize};

use super::Machine;
use crate::level::LastUsed;
use crate::observe::{Cell, FirstLevel, Observer, Place};
use crate::reference::{CoreId, Op, Reference};
use crate::step::State;

/// One access of a core.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Access {
    /// What is asked.
    pub op: Op,
    /// The first byte.
    pub addr: Addr,
    /// How many bytes; at least one.
    pub bytes: u32,
}

impl Access {
    /// Returns the access as a core's reference, if it falls in one line.
    #[inline]
    fn within(self, core: CoreId, size: LineSize) -> Option<Reference> {
        let Self { op, addr, bytes } = self;
        let (line, offset) = (size.line(addr), size.offset(addr));
        let fits = u64::from(offset) + u64::from(bytes) <= size.bytes();
        fits.then_some(Reference { core, op, line, offset, bytes })
    }
}

/// The most accesses of a run: what a counter of 16 bits can count.
pub const RUN_MAX: usize = u16::MAX as usize;

/// The counts of the four kinds of access, 16 bits each.
#[derive(Clone, Copy, Debug, Default)]
struct Kinds(u64);

impl Kinds {
    const ONE: [u64; 4] = [1, 1 << 16, 1 << 32, 1 << 48];

    #[inline]
    const fn count(&mut self, op: Op) {
        self.0 += Self::ONE[op as usize];
    }

    const fn of(self, op: Op) -> u64 {
        self.0 >> (16 * op as u32) & 0xffff
    }
}

impl<O: Observer> Machine<O> {
    /// Performs accesses of one core for as long as each asks the same first-level cache and is
    /// silent: a line that the first level has, or that the second brings, in a state that stays as
    /// it is. Returns how many. Of the first that is none, nothing has happened.
    ///
    /// `op` is that of the first access. There are no more accesses than [`RUN_MAX`]: the caller
    /// sees to that, or the counts of their kinds run into each other.
    ///
    /// What it does is what [`Machine::access`] does, access by access.
    #[inline]
    pub fn silent_run(
        &mut self,
        core: CoreId,
        op: Op,
        accesses: impl Iterator<Item = Access>,
    ) -> u64 {
        let size = self.spec.line;
        let owner = &mut self.cores[core as usize];
        let (first, rights) = owner.first_level(op);
        let observer = &mut self.observer;
        let mut kinds = Kinds::default();
        let mut refills = 0;
        let mut references = accesses.map_while(|access| access.within(core, size));
        'run: loop {
            // Two loops, so that the inner one, of lines that their sets used last, has few values
            // to keep.
            let last_used = owner.caches[first].last_used();
            let reference = loop {
                let Some(reference) = references.next() else { break 'run };
                let used = &last_used[Geometry::set_among(reference.line, last_used.len())];
                if !used.is(reference.line) {
                    break reference;
                }
                if !rights.allow(reference.op, used.mark) {
                    break 'run;
                }
                kinds.count(reference.op);
                observe_hit(observer, &reference, first, *used);
                if observer.halts() {
                    break 'run;
                }
            };
            let Reference { line, op, .. } = reference;
            let cache = &mut owner.caches[first];
            if let Some(slot) = cache.find(line) {
                let Some(used) = cache.use_silently(line, slot, rights, op) else { break };
                observe_hit(observer, &reference, first, used);
            } else if owner.refill(observer, &reference) {
                refills += 1;
            } else {
                break;
            }
            kinds.count(op);
            if observer.halts() {
                break;
            }
        }
        let run = [Op::Read, Op::Write, Op::Atomic, Op::Fetch].map(|op| kinds.of(op));
        let [reads, writes, atomics, fetches] = run;
        let count = reads + writes + atomics + fetches;
        let hits = count - refills;
        let cache = &mut owner.caches[first];
        cache.counters.hits += hits;
        owner.clock += count * cache.latency;
        let counters = &mut owner.counters;
        counters.reads += reads;
        counters.writes += writes;
        counters.atomics += atomics;
        counters.fetches += fetches;
        counters.accesses += count;
        counters.hits += hits;
        count
    }
}

/// Tells the onlooker of a hit that changes no state.
#[inline]
pub(super) fn observe_hit(
    observer: &mut impl Observer,
    reference: &Reference,
    cache: usize,
    used: LastUsed,
) {
    let place = Place::Private { core: reference.core, cache, slot: used.slot };
    observer.looked_up(reference, cache, FirstLevel::Hit);
    observe_silent(observer, reference, used.mark.state(), place);
}

/// Tells the onlooker of an access at a place in the first level that changes no state.
#[inline]
pub(super) fn observe_silent(
    observer: &mut impl Observer,
    reference: &Reference,
    state: State,
    place: Place,
) {
    let &Reference { core, op, line, .. } = reference;
    observer.decided(core, line, Cell::Own(state, op.event()));
    if op != Op::Write {
        observer.loaded(reference, place);
    }
    if matches!(op, Op::Write | Op::Atomic) {
        observer.storing(reference);
        observer.stored(reference, place);
    }
}
