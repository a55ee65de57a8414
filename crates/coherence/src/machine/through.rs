//! Stores: where they stay, and the way of those that are sent through.

use cache::Slot;

use super::Machine;
use crate::counters::Cause;
use crate::observe::{Observer, Place};
use crate::reference::Reference;
use crate::spec::WritePolicy;

/// The route that a store has gone from the level that sent it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Route {
    /// Ticks of the private levels it passed or ended at.
    private: u64,
    /// Ticks below the bus, if it got there.
    below: Option<u64>,
}

impl<O: Observer> Machine<O> {
    /// Writes a store at the private level that took it, and sends it on if the level is
    /// write-through; returns the way it went then.
    pub(super) fn write_at(
        &mut self,
        reference: &Reference,
        level: usize,
        slot: Slot,
    ) -> Option<Route> {
        let core = reference.core;
        self.observer.stored(reference, Place::Private { core, cache: level, slot });
        let owner = &mut self.cores[core as usize];
        let cache = &mut owner.caches[level];
        if cache.write == WritePolicy::WriteBack {
            owner.counters.dirty_set += u64::from(!cache.is_dirty(slot));
            cache.set_dirty(slot, true);
            return None;
        }
        cache.counters.write_throughs += 1;
        let way = self.send_through(reference, level + 1);
        if way.below.is_some() {
            let owner = &self.cores[core as usize];
            if owner.innermost_dirty(reference.line).is_none() {
                self.clean_state(core, reference.line, Cause::Store);
            }
        }
        Some(way)
    }

    /// Sends below the bus a store that no private level took.
    pub(super) fn write_past(&mut self, reference: &Reference) -> Route {
        Route { private: 0, below: Some(self.write_below(reference)) }
    }

    /// Carries a store outward from a private level to where it ends.
    fn send_through(&mut self, reference: &Reference, from_level: usize) -> Route {
        let core = reference.core;
        let mut way = Route::default();
        for level in from_level..self.cores[core as usize].levels {
            let owner = &mut self.cores[core as usize];
            let cache = &mut owner.caches[level];
            way.private += cache.latency;
            let found = cache.find(reference.line);
            if let Some(slot) = found {
                cache.touch(slot);
                self.observer.stored(reference, Place::Private { core, cache: level, slot });
            }
            if cache.write == WritePolicy::WriteBack {
                let Some(slot) = found else { continue };
                owner.counters.dirty_set += u64::from(!cache.is_dirty(slot));
                cache.set_dirty(slot, true);
                return way;
            }
            cache.counters.write_throughs += 1;
        }
        way.below = Some(self.write_below(reference));
        way
    }

    /// Carries a store over the bus to where it ends; returns the ticks of the looks below.
    fn write_below(&mut self, reference: &Reference) -> u64 {
        let bytes = u64::from(reference.bytes);
        self.cores[reference.core as usize].counters.through_bytes += bytes;
        self.bus.counters.write_throughs += 1;
        self.carry(reference.line, bytes);
        let mut ticks = 0;
        for (level, cache) in self.shared.iter_mut().enumerate() {
            ticks += cache.latency;
            let found = cache.find(reference.line);
            if let Some(slot) = found {
                cache.touch(slot);
                self.observer.stored(reference, Place::Shared { level, slot });
            }
            if cache.write == WritePolicy::WriteBack {
                let Some(slot) = found else { continue };
                cache.set_dirty(slot, true);
                return ticks;
            }
            cache.counters.write_throughs += 1;
        }
        self.memory.writes += 1;
        self.memory.bytes_written += bytes;
        self.observer.stored(reference, Place::Store);
        ticks + self.spec.memory_latency
    }

    /// Takes a write-buffer entry for a store that was sent through; returns when the core goes on.
    pub(super) fn post_store(&mut self, reference: &Reference, way: Route, now: u64) -> u64 {
        let data = self.spec.bus.data(u64::from(reference.bytes));
        let bus = &mut self.bus;
        let buffer = &mut self.cores[reference.core as usize].write_buffer;
        buffer.take(now, |taken| {
            let there = taken + way.private;
            match way.below {
                Some(below) => bus.grant(there, reference.line, 0, data).end + below,
                None => there,
            }
        })
    }
}
