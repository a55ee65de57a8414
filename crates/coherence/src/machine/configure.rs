//! The machine as the explorer handles it: its caches laid open, and single replacements.

use cache::{Addr, LineAddr};

use super::{Broken, Machine};
use crate::fault::Fault;
use crate::level::Cache;
use crate::observe::Observer;
use crate::reference::CoreId;

impl<O: Observer> Machine<O> {
    /// Has every transaction ask every core, whoever holds the line: what puts lines into caches
    /// from outside tells nobody.
    pub(crate) fn ask_everybody(&mut self) {
        self.holders = None;
    }

    /// Returns a core's caches: the levels outward, then the L1I.
    pub(crate) fn caches(&self, core: CoreId) -> &[Cache] {
        &self.cores[core as usize].caches
    }

    /// Returns a core's caches and the onlooker, to be changed.
    pub(crate) fn caches_mut(&mut self, core: CoreId) -> (&mut [Cache], &mut O) {
        (&mut self.cores[core as usize].caches, &mut self.observer)
    }

    /// Returns the shared levels, outward.
    pub(crate) fn shared_caches(&self) -> &[Cache] {
        &self.shared
    }

    /// Returns the shared levels and the onlooker, to be changed.
    pub(crate) fn shared_caches_mut(&mut self) -> (&mut [Cache], &mut O) {
        (&mut self.shared, &mut self.observer)
    }

    /// Replaces a core's line in one of its caches, as if another line took its place.
    ///
    /// # Panics
    /// If the line is not there.
    pub(crate) fn replace(
        &mut self,
        core: CoreId,
        cache: usize,
        line: LineAddr,
    ) -> Result<(), Broken> {
        let held = &self.cores[core as usize].caches[cache];
        let slot = held.find(line).expect("the line is there");
        if held.is_dirty(slot) && self.observer.plants(Fault::DirtyStays) {
            return Ok(());
        }
        let victim = self.take_out(core, cache, slot);
        self.depart(core, cache, victim);
        self.untimed()
    }

    /// Replaces a line of a shared level, as if another line took its place.
    ///
    /// # Panics
    /// If the line is not there.
    pub(crate) fn replace_shared(&mut self, level: usize, line: LineAddr) -> Result<(), Broken> {
        let slot = self.shared[level].find(line);
        let victim = self.take_shared_victim(level, slot.expect("the line is there"));
        self.depart_shared(level, Some(victim));
        self.untimed()
    }

    /// Returns the first byte's address of a line.
    pub(crate) fn base(&self, line: LineAddr) -> Addr {
        self.spec.line.base(line)
    }
}
