//! Everything counted up to a moment, as one value.

use coherence::{
    BusCounters, CoreCounters, CoreId, LevelCounters, Machine, MemoryCounters, Transitions,
};

use crate::observe::{CellCounts, ClassCounters, Watcher};

/// The counters of one core.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CoreTally {
    /// What the core did and suffered.
    pub counters: CoreCounters,
    /// Its state changes.
    pub transitions: Transitions,
    /// Its caches: the levels outward, then the L1I if there is one.
    pub levels: Vec<LevelCounters>,
    /// Its miss classes, if they were counted.
    pub classes: Option<ClassCounters>,
    /// Its clock, in ticks.
    pub cycles: u64,
}

/// The counters of a whole machine.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Each core.
    pub cores: Vec<CoreTally>,
    /// Each shared level, outward.
    pub shared: Vec<LevelCounters>,
    /// The bus.
    pub bus: BusCounters,
    /// The backing store.
    pub memory: MemoryCounters,
    /// Uses of the cells of the protocol's tables, if they were counted.
    pub cells: Option<Box<CellCounts>>,
    /// What lies in the caches at the moment, by core.
    pub standing: Vec<Standing>,
}

/// What lies in a core's caches at a moment; it is no counter and not subtracted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Standing {
    /// Dirty bits set.
    pub dirty: u64,
    /// Lines held.
    pub lines: u64,
}

impl Tally {
    /// Reads a machine's counters.
    pub fn of<O: Watcher>(machine: &Machine<O>) -> Self {
        let cores = 0..machine.spec().cores;
        Self {
            cores: cores.clone().map(|core| CoreTally::of(machine, core)).collect(),
            shared: machine.shared_counters().copied().collect(),
            bus: *machine.bus_counters(),
            memory: *machine.memory_counters(),
            cells: machine.observer().cells().cloned().map(Box::new),
            standing: cores
                .map(|core| Standing {
                    dirty: machine.dirty_now(core),
                    lines: machine.lines_now(core),
                })
                .collect(),
        }
    }

    /// Takes away what was counted before a moment; what lies in the caches stays.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let nothing = CoreTally::default();
        let cores = self.cores.iter().enumerate();
        Self {
            cores: cores
                .map(|(core, now)| now.since(before.cores.get(core).unwrap_or(&nothing)))
                .collect(),
            shared: levels_since(&self.shared, &before.shared),
            bus: self.bus.since(&before.bus),
            memory: self.memory.since(&before.memory),
            cells: match (&self.cells, &before.cells) {
                (Some(now), Some(then)) => Some(Box::new(now.since(then))),
                (now, _) => now.clone(),
            },
            standing: self.standing.clone(),
        }
    }

    /// Leaves out all that is time: clocks, ticks that were waited, and those in which the bus was
    /// held.
    pub fn without_time(&mut self) {
        for core in &mut self.cores {
            core.cycles = 0;
            core.counters.stall_cycles = 0;
            core.counters.bus_wait_cycles = 0;
        }
        self.bus.busy_cycles = 0;
    }

    /// Adds what another machine of the same kind counted and holds; clocks do not add up, and the
    /// later one stays.
    pub fn add(&mut self, other: &Self) {
        let cores = self.cores.len().max(other.cores.len());
        self.cores.resize_with(cores, CoreTally::default);
        for (core, others) in self.cores.iter_mut().zip(&other.cores) {
            core.add(others);
        }
        self.shared.resize(other.shared.len(), LevelCounters::default());
        for (level, counters) in self.shared.iter_mut().zip(&other.shared) {
            level.add(counters);
        }
        self.bus.add(&other.bus);
        self.memory.add(&other.memory);
        match (&mut self.cells, &other.cells) {
            (Some(cells), Some(others)) => cells.add(others),
            (cells, others) => *cells = cells.take().or_else(|| others.clone()),
        }
        self.standing.resize(cores, Standing::default());
        for (here, there) in self.standing.iter_mut().zip(&other.standing) {
            here.dirty += there.dirty;
            here.lines += there.lines;
        }
    }

    /// Adds the cores up; the clock of the sum is the latest.
    pub fn totals(&self) -> CoreTally {
        let mut sum = CoreTally::default();
        for core in &self.cores {
            sum.add(core);
        }
        sum
    }
}

impl CoreTally {
    fn of<O: Watcher>(machine: &Machine<O>, core: CoreId) -> Self {
        Self {
            counters: *machine.core_counters(core),
            transitions: machine.transitions(core).clone(),
            levels: machine.private_counters(core).copied().collect(),
            classes: machine.observer().classes(core),
            cycles: machine.clock(core),
        }
    }

    fn add(&mut self, other: &Self) {
        self.counters.add(&other.counters);
        self.transitions.add(&other.transitions);
        self.levels.resize(other.levels.len().max(self.levels.len()), LevelCounters::default());
        for (level, counters) in self.levels.iter_mut().zip(&other.levels) {
            level.add(counters);
        }
        if let Some(classes) = &other.classes {
            self.classes.get_or_insert_default().add(classes);
        }
        self.cycles = self.cycles.max(other.cycles);
    }

    fn since(&self, before: &Self) -> Self {
        Self {
            counters: self.counters.since(&before.counters),
            transitions: self.transitions.since(&before.transitions),
            levels: levels_since(&self.levels, &before.levels),
            classes: self.classes.map(|now| now.since(&before.classes.unwrap_or_default())),
            cycles: self.cycles - before.cycles,
        }
    }
}

fn levels_since(now: &[LevelCounters], before: &[LevelCounters]) -> Vec<LevelCounters> {
    let nothing = LevelCounters::default();
    let pairs = now.iter().enumerate();
    pairs.map(|(level, now)| now.since(before.get(level).unwrap_or(&nothing))).collect()
}
