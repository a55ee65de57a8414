//! A miss of the first level that the second answers, where no state changes.
//!
//! It is what `fill` and `evict` do in the plainest of cases, which is most misses of most traces,
//! said in one piece: the first level's victim departs, the line comes, the access is performed.
//! `tests/properties.rs` compares both ways.

use super::hits::observe_silent;
use crate::observe::{FirstLevel, Observer, Place};
use crate::private::Core;
use crate::reference::{Op, Reference};

impl Core {
    /// Performs an access whose line the first level lacks, if the second has it in a state that
    /// the access leaves as it is; tells whether it did. The first level's look, its latency and
    /// the kind of the access are the caller's to count.
    ///
    /// Only of two write-back levels, the second inclusive, and no L1I: then the first level's
    /// victim stays in the core, and so does its state.
    #[inline]
    pub(super) fn refill(&mut self, observer: &mut impl Observer, reference: &Reference) -> bool {
        let &Reference { core, op, line, .. } = reference;
        if !self.refills || observer.takes_long_ways() {
            return false;
        }
        let [first, second, ..] = &mut self.caches[..] else { return false };
        let Some(outer) = second.find(line) else { return false };
        if !second.keeps_state(outer, op) {
            return false;
        }
        let counters = &mut self.counters;
        counters.misses += 1;
        first.counters.misses += 1;
        match op {
            Op::Read => counters.read_misses += 1,
            Op::Write | Op::Atomic => counters.write_misses += 1,
            Op::Fetch => counters.fetch_misses += 1,
        }
        observer.looked_up(reference, 0, FirstLevel::Miss { held: true, upgrades: false });

        let state = second.state_in(outer);
        let inside = |slot| Place::Private { core, cache: 0, slot };
        let outside = |slot| Place::Private { core, cache: 1, slot };
        let slot = self.take_first(observer, core, line, state);
        let [first, second, ..] = &mut self.caches[..] else { return false };
        let counters = &mut self.counters;
        second.counters.hits += 1;
        second.touch(outer);
        first.counters.fills += 1;
        observer.copied(line, outside(outer), inside(slot));
        observe_silent(observer, reference, state, inside(slot));
        if matches!(op, Op::Write | Op::Atomic) {
            counters.dirty_set += 1;
            first.set_dirty(slot, true);
        }
        counters.stall_cycles += second.latency;
        self.clock += second.latency;
        true
    }
}
