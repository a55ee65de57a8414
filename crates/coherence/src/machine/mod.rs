//! The machine: cores, the bus, shared levels, and what one access does to them.
//!
//! The parts of an access have a file each: `reference` (loads and stores), `hits`
//! and `refill` (what changes no state), `fill` (how a line
//! comes), `evict` (how one leaves), `snoop` (transactions), `shared` (below the bus), `through`
//! (stores sent through), `maintain` (cleans, flushes, the final drain).

mod configure;
mod evict;
mod fill;
mod hits;
mod look;
mod maintain;
mod reference;
mod refill;
mod shared;
mod snoop;
mod through;
mod two_levels;

pub use self::hits::{Access, RUN_MAX};
pub use self::look::{CacheOf, RANKED_WAYS_MAX, WayLook};

use std::fmt;

use cache::{Addr, GeometryError, LineAddr, LineSize};

use self::evict::Displaced;
use crate::bus::Bus;
use crate::copies::Copies;
use crate::counters::{
    BusCounters, Cause, CoreCounters, LevelCounters, MemoryCounters, Transitions,
};
use crate::holders::Holders;
use crate::level::Cache;
use crate::observe::{Cell, Loss, Observer};
use crate::private::Core;
use crate::reference::{CoreId, Op, Reference};
use crate::rules::{Silent, Tables};
use crate::spec::{CORES_MAX, MachineSpec, SpecError};
use crate::step::{Processor, ProcessorStep, State};

/// A machine of coherent caches, and an onlooker.
#[derive(Clone, Debug)]
pub struct Machine<O> {
    spec: MachineSpec,
    tables: Tables,
    cores: Vec<Core>,
    /// Who may hold which line; `None` where there is one core, and where everybody is asked.
    holders: Option<Holders>,
    bus: Bus,
    shared: Vec<Cache>,
    memory: MemoryCounters,
    observer: O,
    /// Write-backs of the reference under way that wait to be posted.
    posted: Vec<LineAddr>,
    /// Victims of the reference under way whose place is taken and that have yet to leave.
    displaced: Vec<Displaced>,
    /// Dirty lines that have left a private cache and not yet arrived further out.
    in_transit: Vec<(CoreId, LineAddr)>,
    broken: Option<Broken>,
}

/// A core's state for a line becomes another.
#[derive(Clone, Copy, Debug)]
struct Change {
    core: CoreId,
    line: LineAddr,
    from: State,
    to: State,
}

/// A promise that the machine broke: a cell that no path may reach was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Broken {
    /// The core whose line it is.
    pub core: CoreId,
    /// The line.
    pub line: LineAddr,
    /// The row of the table.
    pub state: State,
    /// The column of the table.
    pub event: &'static str,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { core, line, state, event } = self;
        write!(f, "core {core}, line {:#x}: state {} was asked for {event}", line.0, state.0)
    }
}

impl std::error::Error for Broken {}

/// Why a machine cannot be built.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BuildError {
    /// Its parts do not go together.
    Spec(SpecError),
    /// A level's policy does not go with its shape.
    Geometry(GeometryError),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spec(error) => error.fmt(f),
            Self::Geometry(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for BuildError {}

impl<O: Observer> Machine<O> {
    /// Builds a machine with empty caches.
    pub fn new(spec: MachineSpec, observer: O) -> Result<Self, BuildError> {
        spec.check().map_err(BuildError::Spec)?;
        let tables = Tables::new(&spec.protocol, spec.rules);
        let cores = (0..spec.cores).map(|number| Core::new(&spec, number, tables.silent()));
        let cores: Vec<_> = cores.collect::<Result<_, _>>().map_err(BuildError::Geometry)?;
        let shared = spec.shared.iter().map(|level| Cache::new(level, 0, Silent::NOTHING));
        let shared = shared.collect::<Result<_, _>>().map_err(BuildError::Geometry)?;
        Ok(Self {
            tables,
            holders: (cores.len() > 1).then(Holders::default),
            cores,
            bus: Bus::new(spec.bus),
            shared,
            memory: MemoryCounters::default(),
            observer,
            posted: Vec::new(),
            displaced: Vec::new(),
            in_transit: Vec::new(),
            broken: None,
            spec,
        })
    }

    /// Adds cores, cold and at time zero, until there are at least `cores`.
    ///
    /// A core that does nothing changes nothing, so adding it late is the same as having had it.
    pub fn grow(&mut self, cores: u32) {
        assert!(cores <= CORES_MAX, "at most {CORES_MAX} cores");
        if self.cores.len() == 1 && cores > 1 {
            let holders = self.holders.insert(Holders::default());
            self.cores[0].lines().for_each(|line| holders.add(0, line));
        }
        for number in self.cores.len() as u32..cores {
            let core = Core::new(&self.spec, number, self.tables.silent());
            let core = core.expect("the first core could be built");
            self.cores.push(core);
            self.spec.cores = number + 1;
        }
    }

    /// Performs one access: a reference for each line it touches, in address order.
    ///
    /// `bytes` is at least 1, and the last byte's address does not overflow.
    #[inline]
    pub fn access(&mut self, core: CoreId, op: Op, addr: Addr, bytes: u32) -> Result<(), Broken> {
        debug_assert!(bytes > 0, "an access touches a byte");
        let size = self.spec.line;
        let offset = size.offset(addr);
        let line = size.line(addr);
        if u64::from(offset) + u64::from(bytes) <= size.bytes() {
            return self.reference(&Reference { core, op, line, offset, bytes });
        }
        self.straddle(core, op, addr, bytes)
    }

    /// Performs accesses one after the other, until one breaks a promise or the observer wants to
    /// be asked; returns how many were performed.
    pub fn accesses(
        &mut self,
        accesses: impl Iterator<Item = (CoreId, Access)>,
    ) -> (u64, Result<(), Broken>) {
        let mut count = 0;
        for (core, Access { op, addr, bytes }) in accesses {
            count += 1;
            let result = self.access(core, op, addr, bytes);
            if result.is_err() || self.observer.halts() {
                return (count, result);
            }
        }
        (count, Ok(()))
    }

    #[cold]
    fn straddle(&mut self, core: CoreId, op: Op, addr: Addr, bytes: u32) -> Result<(), Broken> {
        self.cores[core as usize].counters.straddles += 1;
        let line_bytes = self.spec.line.bytes() as u32;
        let mut offset = self.spec.line.offset(addr);
        let mut line = self.spec.line.line(addr);
        let mut left = bytes;
        while left > 0 {
            let here = left.min(line_bytes - offset);
            self.reference(&Reference { core, op, line, offset, bytes: here })?;
            left -= here;
            offset = 0;
            line = LineAddr(line.0 + 1);
        }
        Ok(())
    }

    /// Lets a core compute: adds ticks to its clock.
    pub fn compute(&mut self, core: CoreId, ticks: u64) {
        let clock = &mut self.cores[core as usize].clock;
        *clock = clock.saturating_add(ticks);
    }

    /// Moves a core's clock forward to a moment, if it is behind.
    pub fn advance_to(&mut self, core: CoreId, ticks: u64) {
        let clock = &mut self.cores[core as usize].clock;
        *clock = (*clock).max(ticks);
    }

    /// Sets a core's clock to the moment at which its next request comes, be it before the end of
    /// the last one: a cache that serves several clients at once answers each from where it asks.
    pub fn set_clock(&mut self, core: CoreId, ticks: u64) {
        self.cores[core as usize].clock = ticks;
    }

    /// Returns a core's clock, in ticks.
    #[inline]
    pub fn clock(&self, core: CoreId) -> u64 {
        self.cores[core as usize].clock
    }

    /// Returns what the machine is made of; `cores` is how many there are now.
    pub fn spec(&self) -> &MachineSpec {
        &self.spec
    }

    /// Returns the line size.
    pub fn line_size(&self) -> LineSize {
        self.spec.line
    }

    /// Returns the onlooker.
    pub fn observer(&self) -> &O {
        &self.observer
    }

    /// Returns the onlooker, to be changed.
    pub fn observer_mut(&mut self) -> &mut O {
        &mut self.observer
    }

    /// Returns a core's state for a line.
    pub fn state(&self, core: CoreId, line: LineAddr) -> State {
        self.cores[core as usize].state(line)
    }

    /// Returns a core's counters.
    pub fn core_counters(&self, core: CoreId) -> &CoreCounters {
        &self.cores[core as usize].counters
    }

    /// Returns a core's transition matrix.
    pub fn transitions(&self, core: CoreId) -> &Transitions {
        &self.cores[core as usize].transitions
    }

    /// Returns the counters of each of a core's caches: the levels outward, then the L1I.
    pub fn private_counters(&self, core: CoreId) -> impl Iterator<Item = &LevelCounters> {
        self.cores[core as usize].caches.iter().map(|cache| &cache.counters)
    }

    /// Returns the counters of each shared level, outward.
    pub fn shared_counters(&self) -> impl Iterator<Item = &LevelCounters> {
        self.shared.iter().map(|cache| &cache.counters)
    }

    /// Returns what passed over the bus.
    pub fn bus_counters(&self) -> &BusCounters {
        &self.bus.counters
    }

    /// Returns what reached the backing store.
    pub fn memory_counters(&self) -> &MemoryCounters {
        &self.memory
    }

    /// Returns how many dirty bits are set in a core's caches.
    pub fn dirty_now(&self, core: CoreId) -> u64 {
        self.cores[core as usize].dirty_count()
    }

    /// Returns the lines that a core holds, in the order of their addresses.
    pub fn lines_held(&self, core: CoreId) -> Vec<LineAddr> {
        let mut lines: Vec<_> = self.cores[core as usize].lines().collect();
        lines.sort_unstable();
        lines.dedup();
        lines
    }

    /// Returns how many lines a core holds.
    pub fn lines_now(&self, core: CoreId) -> u64 {
        let owner = &self.cores[core as usize];
        let outermost = owner.levels - 1;
        if owner.has_all(outermost) {
            debug_assert_eq!(owner.caches[outermost].held(), self.lines_held(core).len() as u64);
            return owner.caches[outermost].held();
        }
        self.lines_held(core).len() as u64
    }

    /// Changes a core's state for a line in all copies, and counts and tells it.
    fn change(&mut self, core: CoreId, line: LineAddr, from: State, to: State, cause: Cause) {
        if from == to {
            return;
        }
        if from.is_valid() && to.is_valid() {
            let copies = self.cores[core as usize].copies(line);
            self.change_copies(&copies, Change { core, line, from, to }, cause);
            return;
        }
        // A core without the line has no copy to be marked.
        if let Some(holders) = &mut self.holders {
            if to.is_valid() { holders.add(core, line) } else { holders.remove(core, line) }
        }
        self.cores[core as usize].transitions.count(from, to, cause);
        self.observer.changed(core, line, from, to, cause);
    }

    /// Changes a core's state for a line that it keeps, whose copies are known.
    fn change_copies(&mut self, copies: &Copies, change: Change, cause: Cause) {
        let Change { core, line, from, to } = change;
        if from == to {
            return;
        }
        let owner = &mut self.cores[core as usize];
        owner.set_state(copies, to);
        owner.transitions.count(from, to, cause);
        self.observer.changed(core, line, from, to, cause);
    }

    /// Notes that a core's last copy of a line is gone.
    fn lose(&mut self, core: CoreId, line: LineAddr, from: State, cause: Cause, loss: Loss) {
        self.change(core, line, from, State::INVALID, cause);
        self.observer.lost(core, line, loss);
    }

    /// The last dirty data of a line has gone below the bus while the core keeps a clean copy.
    fn clean_state(&mut self, core: CoreId, line: LineAddr, cause: Cause) {
        let from = self.cores[core as usize].state(line);
        let next = self.cleaned(core, line, from);
        self.change(core, line, from, next, cause);
    }

    /// Returns the state of a line whose last dirty data has gone below the bus.
    fn cleaned(&mut self, core: CoreId, line: LineAddr, from: State) -> State {
        self.observer.decided(core, line, Cell::Own(from, Processor::Clean));
        match self.tables.processor(from, Processor::Clean) {
            ProcessorStep::Silent(next) => next,
            ProcessorStep::Never
            | ProcessorStep::Bus(..)
            | ProcessorStep::Wire { .. }
            | ProcessorStep::Discard(_)
            | ProcessorStep::WriteBack(_) => {
                self.break_promise(core, line, from, Processor::Clean.name());
                from
            }
        }
    }

    /// Returns the cores that may hold a line, core n as bit n, without `core`: no other does.
    #[inline]
    fn may_hold(&self, line: LineAddr, core: Option<CoreId>) -> u64 {
        let everybody = u64::MAX >> (u64::BITS - self.cores.len() as u32);
        let holders = self.holders.as_ref().map_or(everybody, |holders| holders.of(line));
        debug_assert!(
            (0..self.cores.len())
                .all(|n| holders >> n & 1 == 1 || !self.cores[n].state(line).is_valid()),
            "a core holds line {:#x} unnoticed",
            line.0
        );
        holders & !core.map_or(0, |core| 1 << core)
    }

    /// Remembers the first promise that was broken; the access under way reports it.
    #[cold]
    fn break_promise(&mut self, core: CoreId, line: LineAddr, state: State, event: &'static str) {
        self.broken.get_or_insert(Broken { core, line, state, event });
    }
}
