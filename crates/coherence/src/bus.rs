//! The bus: one transaction at a time, granted in the order of references.

use cache::LineAddr;
use rustc_hash::FxHashMap;

use crate::counters::BusCounters;
use crate::spec::BusSpec;

/// When the bus is free, and what passed over it.
///
/// The bus is atomic: a transaction is indivisible, and its effects on the caches are complete
/// before the next one begins. Only time overlaps, and only where the bus is pipelined.
#[derive(Clone, Debug)]
pub(crate) struct Bus {
    pub(crate) spec: BusSpec,
    pub(crate) counters: BusCounters,
    free_at: u64,
    /// When the last transaction of a line ends, where that is later than `free_at`.
    ends: FxHashMap<LineAddr, u64>,
    ends_max: usize,
}

/// A grant of the bus: from `start`, the transaction runs to `end`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grant {
    pub(crate) start: u64,
    pub(crate) end: u64,
}

/// Entries kept before the ended ones are swept out.
const ENDS_KEPT: usize = 1024;

impl Bus {
    pub(crate) fn new(spec: BusSpec) -> Self {
        Self {
            spec,
            counters: BusCounters::default(),
            free_at: 0,
            ends: FxHashMap::default(),
            ends_max: ENDS_KEPT,
        }
    }

    /// Grants the bus to one who wants it from `wanted` on, for the request, then `supply` ticks
    /// until the data is there, then `data` ticks in which it moves.
    pub(crate) fn grant(&mut self, wanted: u64, line: LineAddr, supply: u64, data: u64) -> Grant {
        let mut start = wanted.max(self.free_at);
        if self.spec.pipelined {
            start = start.max(self.ends.get(&line).copied().unwrap_or(0));
        }
        let end = start + self.spec.request + supply + data;
        let held = if self.spec.pipelined { self.spec.request + data } else { end - start };
        self.free_at = start + held;
        self.counters.busy_cycles += held;
        if self.spec.pipelined && end > self.free_at {
            self.remember(line, end);
        }
        Grant { start, end }
    }

    fn remember(&mut self, line: LineAddr, end: u64) {
        if self.ends.len() >= self.ends_max {
            let free_at = self.free_at;
            self.ends.retain(|_, end| *end > free_at);
            self.ends_max = ENDS_KEPT.max(2 * self.ends.len());
        }
        self.ends.insert(line, end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: BusSpec =
        BusSpec { request: 2, width: 32, beat: 1, cache_to_cache: 30, pipelined: false };

    #[test]
    fn an_atomic_bus_is_held_to_the_end_of_the_transaction() {
        let mut bus = Bus::new(SPEC);
        let first = bus.grant(10, LineAddr(1), 200, SPEC.data(64));
        assert_eq!((first.start, first.end), (10, 10 + 2 + 200 + 2));
        let second = bus.grant(11, LineAddr(2), 0, 0);
        assert_eq!((second.start, second.end), (214, 216));
        assert_eq!(bus.counters.busy_cycles, 206);
    }

    #[test]
    fn a_pipelined_bus_waits_only_for_the_same_line() {
        let mut bus = Bus::new(BusSpec { pipelined: true, ..SPEC });
        let first = bus.grant(10, LineAddr(1), 200, 2);
        assert_eq!((first.start, first.end), (10, 214));
        // Another line: granted when request and data of the first have had their four ticks.
        assert_eq!(bus.grant(11, LineAddr(2), 200, 2).start, 14);
        assert_eq!(bus.grant(11, LineAddr(1), 0, 0).start, 214);
    }
}
