//! The conservation laws that every run must satisfy.
//!
//! Each law equates two numbers that were counted in different places. A run that breaks one is
//! reported as an internal error, never as numbers.

use std::fmt;

use coherence::{MachineSpec, State, WritePolicy};

use crate::tally::{CoreTally, Standing, Tally};

/// A law that a run broke.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BrokenLaw {
    /// The law, as an equation.
    pub law: &'static str,
    /// Where it was broken: a core, a level, or the whole machine.
    pub place: String,
    /// The left side.
    pub left: u64,
    /// The right side.
    pub right: u64,
}

impl fmt::Display for BrokenLaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { law, place, left, right } = self;
        write!(f, "{place}: {law}, but {left} is not {right}")
    }
}

impl std::error::Error for BrokenLaw {}

/// Checks every law on what was counted between two moments.
pub fn audit(spec: &MachineSpec, tally: &Tally, start: &[Standing]) -> Result<(), BrokenLaw> {
    for (number, core) in tally.cores.iter().enumerate() {
        let place = format!("core {number}");
        let start = start.get(number).copied().unwrap_or_default();
        audit_references(core, &place)?;
        audit_dirty_bits(core, start, tally.standing[number], &place)?;
        audit_lines(spec, core, start, tally.standing[number], &place)?;
    }
    audit_machine(spec, tally)
}

fn law(law: &'static str, place: &str, left: u64, right: u64) -> Result<(), BrokenLaw> {
    if left == right {
        return Ok(());
    }
    Err(BrokenLaw { law, place: place.to_owned(), left, right })
}

fn audit_references(core: &CoreTally, place: &str) -> Result<(), BrokenLaw> {
    let c = &core.counters;
    let kinds = c.reads + c.writes + c.atomics + c.fetches;
    law("accesses = reads + writes + atomics + fetches", place, c.accesses, kinds)?;
    law("accesses = hits + misses", place, c.accesses, c.hits + c.misses)?;
    let by_kind = c.read_misses + c.write_misses + c.fetch_misses;
    law("misses = read_misses + write_misses + fetch_misses", place, c.misses, by_kind)?;
    if let Some(classes) = &core.classes {
        let sum = classes.values().iter().sum();
        law("misses = the sum of the miss classes", place, c.misses, sum)?;
    }
    Ok(())
}

fn audit_dirty_bits(
    core: &CoreTally,
    start: Standing,
    now: Standing,
    place: &str,
) -> Result<(), BrokenLaw> {
    let c = &core.counters;
    law(
        "dirty bits at the start + dirty_set = write_backs + flushes + dirty_back_invalidations \
         + dirty_merged + bits still set",
        place,
        start.dirty + c.dirty_set,
        c.write_backs + c.flushes + c.dirty_back_invalidations + c.dirty_merged + now.dirty,
    )?;
    law(
        "write_backs = dirty_evictions + cleaned + drained",
        place,
        c.write_backs,
        c.dirty_evictions + c.cleaned + c.drained,
    )
}

fn audit_lines(
    spec: &MachineSpec,
    core: &CoreTally,
    start: Standing,
    now: Standing,
    place: &str,
) -> Result<(), BrokenLaw> {
    let states = || (1..spec.protocol.states().len() as u8).map(State);
    let sum = |from: &dyn Fn(State) -> (State, State)| -> u64 {
        let pairs = states().flat_map(|state| {
            let (before, after) = from(state);
            coherence::Cause::ALL.map(|cause| core.transitions.get(before, after, cause))
        });
        pairs.sum()
    };
    let gained = sum(&|state| (State::INVALID, state));
    let lost = sum(&|state| (state, State::INVALID));
    law(
        "lines at the start + transitions from I = transitions to I + lines held",
        place,
        start.lines + gained,
        lost + now.lines,
    )?;
    let snooped: u64 = states()
        .map(|state| core.transitions.get(state, State::INVALID, coherence::Cause::Snoop))
        .sum();
    let c = &core.counters;
    law("invalidations = transitions to I by snoop", place, c.invalidations, snooped)?;
    let levels = spec.private.len();
    law(
        "the outermost level's write_backs = write_backs",
        place,
        core.levels[levels - 1].write_backs,
        c.write_backs,
    )?;
    let lost_inside = core.levels.iter().map(|level| level.back_invalidations).sum();
    law("back_invalidations = those of the levels", place, c.back_invalidations, lost_inside)?;
    let first = core.levels[0].hits + core.levels[0].misses;
    let instructions = core.levels.get(levels).map_or(0, |l1i| l1i.hits + l1i.misses);
    law("accesses = hits + misses of the first level", place, c.accesses, first + instructions)?;
    if spec.l1i.is_none() {
        for pair in core.levels.windows(2) {
            law(
                "hits + misses of a level = misses of the level inside",
                place,
                pair[1].hits + pair[1].misses,
                pair[0].misses,
            )?;
        }
    }
    Ok(())
}

fn audit_machine(spec: &MachineSpec, tally: &Tally) -> Result<(), BrokenLaw> {
    let place = "the machine";
    let total = tally.totals().counters;
    let (bus, memory) = (&tally.bus, &tally.memory);
    law(
        "invalidations = invalidations_sent",
        place,
        total.invalidations,
        total.invalidations_sent,
    )?;
    for (name, on_bus, by_cores) in [
        ("bus.bus_rd = the cores' bus_rd", bus.bus_rd, total.bus_rd),
        ("bus.bus_rdx = the cores' bus_rdx", bus.bus_rdx, total.bus_rdx),
        ("bus.bus_upgr = the cores' bus_upgr", bus.bus_upgr, total.bus_upgr),
        ("bus.bus_upd = the cores' bus_upd", bus.bus_upd, total.bus_upd),
        ("bus.write_backs = the cores' write_backs", bus.write_backs, total.write_backs),
    ] {
        law(name, place, on_bus, by_cores)?;
    }
    let line = spec.line.bytes();
    let lines_moved = total.bus_fills + total.write_backs + total.dirty_back_invalidations;
    law(
        "bus.data_bytes = (bus_fills + write_backs + dirty_back_invalidations) x line \
         + bytes of stores sent through",
        place,
        bus.data_bytes,
        lines_moved * line + total.through_bytes,
    )?;
    let shared_hits: u64 = tally.shared.iter().map(|level| level.hits).sum();
    law(
        "memory.reads + cache_to_cache + hits of shared levels = bus_fills",
        place,
        memory.reads + total.cache_to_cache + shared_hits,
        total.bus_fills,
    )?;
    law("memory.bytes_read = memory.reads x line", place, memory.bytes_read, memory.reads * line)?;
    let mut asked = total.bus_fills - total.cache_to_cache;
    for level in &tally.shared {
        let requests = level.hits + level.misses;
        law("hits + misses of a shared level = requests that reach it", place, requests, asked)?;
        asked = level.misses;
    }
    audit_stores(spec, tally)
}

/// What the backing store took, where no shared level stands before it.
fn audit_stores(spec: &MachineSpec, tally: &Tally) -> Result<(), BrokenLaw> {
    let total = tally.totals().counters;
    let ownership_moves = !spec.rules.invalidating_flush_updates_memory
        && spec.private.iter().any(|level| level.write == WritePolicy::WriteBack);
    if !spec.shared.is_empty() || ownership_moves {
        return Ok(());
    }
    let lines = total.write_backs + total.flushes;
    law(
        "memory.writes = write_backs + flushes + bus.write_throughs",
        "the machine",
        tally.memory.writes,
        lines + tally.bus.write_throughs,
    )?;
    law(
        "memory.bytes_written = (write_backs + flushes) x line + bytes of stores sent through",
        "the machine",
        tally.memory.bytes_written,
        lines * spec.line.bytes() + total.through_bytes,
    )
}
