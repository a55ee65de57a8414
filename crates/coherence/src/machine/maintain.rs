//! Cleans and flushes of lines, and the drain after the last access. None of them takes time.

use std::collections::BTreeSet;

use cache::{Addr, LineAddr};

use super::{Broken, Machine};
use crate::counters::Cause;
use crate::fault::Fault;
use crate::level::Cache;
use crate::observe::{Loss, Observer, Place};
use crate::reference::CoreId;

use super::fill::Supply;

impl<O: Observer> Machine<O> {
    /// Writes the lines of a byte range back from every cache and keeps the copies (CLWB).
    pub fn clean(&mut self, addr: Addr, bytes: u32) -> Result<(), Broken> {
        for line in self.lines_of(addr, bytes) {
            self.clean_line(line, Cause::Clean);
        }
        self.untimed()
    }

    /// Writes the lines of a byte range back from every cache and removes the copies (CLFLUSH).
    pub fn flush_range(&mut self, addr: Addr, bytes: u32) -> Result<(), Broken> {
        for line in self.lines_of(addr, bytes) {
            self.flush_line(line);
        }
        self.untimed()
    }

    /// Writes every line back and empties every cache, in the order of addresses.
    pub fn flush_all(&mut self) -> Result<(), Broken> {
        let mut lines = BTreeSet::new();
        for core in 0..self.cores.len() as CoreId {
            lines.extend(self.lines_held(core));
        }
        lines.extend(self.shared.iter().flat_map(Cache::lines));
        for line in lines {
            self.flush_line(line);
        }
        self.untimed()
    }

    /// Writes all dirty lines back after the last access: level by level outward, core by core, by
    /// address.
    pub fn drain(&mut self) -> Result<(), Broken> {
        let levels = self.spec.private.len();
        for level in 0..levels {
            for core in 0..self.cores.len() as CoreId {
                let lines = self.cores[core as usize].caches[level].dirty_lines();
                for line in lines {
                    self.drain_private(core, level, line);
                }
            }
        }
        for level in 0..self.shared.len() {
            for line in self.shared[level].dirty_lines() {
                self.clean_shared(level, line);
            }
        }
        self.untimed()
    }

    fn drain_private(&mut self, core: CoreId, level: usize, line: LineAddr) {
        let owner = &mut self.cores[core as usize];
        let Some(slot) = owner.caches[level].find(line) else { return };
        let state = owner.caches[level].state_in(slot);
        owner.caches[level].set_dirty(slot, false);
        owner.counters.drained += u64::from(level + 1 == owner.levels);
        let from = Place::Private { core, cache: level, slot };
        self.send_outward(core, level, line, Supply { from, state });
        let owner = &self.cores[core as usize];
        if owner.innermost_dirty(line).is_none() {
            self.clean_state(core, line, Cause::Drain);
        }
    }

    /// Writes a line back from every cache; the copies stay.
    fn clean_line(&mut self, line: LineAddr, cause: Cause) {
        self.observer.maintaining(line);
        if self.observer.plants(Fault::DirtyStays) {
            return;
        }
        for core in 0..self.cores.len() as CoreId {
            self.send_newest(core, line);
            if self.cores[core as usize].state(line).is_valid() {
                self.clean_state(core, line, cause);
            }
        }
        for level in 0..self.shared.len() {
            self.clean_shared(level, line);
        }
    }

    /// Writes a line back from every cache and removes it.
    fn flush_line(&mut self, line: LineAddr) {
        self.observer.maintaining(line);
        for core in 0..self.cores.len() as CoreId {
            let state = self.cores[core as usize].state(line);
            self.send_newest(core, line);
            for cache in &mut self.cores[core as usize].caches {
                if let Some(slot) = cache.find(line) {
                    cache.remove(slot);
                }
            }
            if state.is_valid() {
                self.lose(core, line, state, Cause::Flush, Loss::Flush);
            } else {
                self.observer.lost(core, line, Loss::Flush);
            }
        }
        for level in 0..self.shared.len() {
            self.clean_shared(level, line);
            if let Some(slot) = self.shared[level].find(line) {
                self.shared[level].remove(slot);
            }
        }
    }

    /// Sends a core's newest dirty data of a line, if there is any, below the bus.
    fn send_newest(&mut self, core: CoreId, line: LineAddr) {
        let copies = self.cores[core as usize].copies(line);
        let Some(from) = self.clean_copies(core, line, &copies, true) else { return };
        let owner = &mut self.cores[core as usize];
        owner.caches[owner.levels - 1].counters.write_backs += 1;
        owner.counters.cleaned += 1;
        self.send_below(core, line, from);
    }

    /// Sends a shared level's line outward if it is dirty; the copy stays.
    fn clean_shared(&mut self, level: usize, line: LineAddr) {
        let cache = &mut self.shared[level];
        let Some(slot) = cache.find(line) else { return };
        if cache.is_dirty(slot) {
            cache.set_dirty(slot, false);
            cache.counters.write_backs += 1;
            self.arrive_below(level + 1, line, Place::Shared { level, slot });
        }
    }

    fn lines_of(&self, addr: Addr, bytes: u32) -> impl Iterator<Item = LineAddr> + use<O> {
        let size = self.spec.line;
        let last = Addr(addr.0.saturating_add(u64::from(bytes.max(1)) - 1));
        (size.line(addr).0..=size.line(last).0).map(LineAddr)
    }

    /// Maintenance takes no time: what it would have posted is dropped.
    pub(super) fn untimed(&mut self) -> Result<(), Broken> {
        self.posted.clear();
        self.broken.map_or(Ok(()), Err)
    }
}
