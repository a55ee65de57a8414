//! The conservation laws that every run must satisfy.
//!
//! Each law equates two numbers that were counted in different places. A run that breaks one is
//! reported as an internal error, never as numbers.

use std::fmt;

use coherence::{BusOp, Holding, MachineSpec, Protocol, SnoopStep, State};

use crate::observe::{ClassCounters, HotLines};
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

/// How the accesses of one core follow each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turns {
    /// One begins when the one before it is done.
    OneByOne,
    /// Several clients ask the core at once: their times add up to more than passes.
    Overlapping,
}

/// Checks every law on what was counted between two moments.
pub fn audit(
    spec: &MachineSpec,
    tally: &Tally,
    start: &[Standing],
    turns: Turns,
) -> Result<(), BrokenLaw> {
    for (number, core) in tally.cores.iter().enumerate() {
        let place = format!("core {number}");
        let start = start.get(number).copied().unwrap_or_default();
        audit_references(core, &place)?;
        audit_dirty_bits(core, start, tally.standing[number], &place)?;
        audit_states(spec, core, start, tally.standing[number], &place)?;
        audit_levels(spec, core, &place)?;
        audit_shares(core, &place)?;
        if turns == Turns::OneByOne {
            let stalled = core.counters.stall_cycles;
            at_most("stall_cycles <= cycles", &place, stalled, core.cycles)?;
        }
    }
    audit_machine(spec, tally)
}

/// Checks that the lines that were counted one by one add up to what was counted of all.
pub fn audit_lines(tally: &Tally, lines: Option<&HotLines>) -> Result<(), BrokenLaw> {
    let Some(HotLines { all, .. }) = lines else { return Ok(()) };
    let totals = tally.totals();
    let (place, total) = ("all lines", &totals.counters);
    law("invalidations = those of the lines", place, total.invalidations, all.invalidations)?;
    law("updates = those of the lines", place, total.updates, all.updates)?;
    law("bus.data_bytes = bytes of the lines", place, tally.bus.data_bytes, all.bytes)?;
    let classes = totals.classes.unwrap_or_default().values();
    let pairs = classes.into_iter().zip(all.classes.values());
    for (name, (of_cores, of_lines)) in ClassCounters::NAMES.iter().zip(pairs) {
        let place = format!("all lines, {name}");
        law("misses of a class = those of the lines", &place, of_cores, of_lines)?;
    }
    Ok(())
}

fn law(law: &'static str, place: &str, left: u64, right: u64) -> Result<(), BrokenLaw> {
    if left == right {
        return Ok(());
    }
    Err(BrokenLaw { law, place: place.to_owned(), left, right })
}

fn at_most(law: &'static str, place: &str, less: u64, more: u64) -> Result<(), BrokenLaw> {
    if less <= more {
        return Ok(());
    }
    Err(BrokenLaw { law, place: place.to_owned(), left: less, right: more })
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
        "dirty bits at the start + dirty_set + flushes_kept = write_backs + flushes \
         + handed_over + dirty_back_invalidations + dirty_merged + bits still set",
        place,
        start.dirty + c.dirty_set + c.flushes_kept,
        c.write_backs
            + c.flushes
            + c.handed_over
            + c.dirty_back_invalidations
            + c.dirty_merged
            + now.dirty,
    )?;
    law(
        "write_backs = dirty_evictions + cleaned + drained",
        place,
        c.write_backs,
        c.dirty_evictions + c.cleaned + c.drained,
    )
}

fn audit_states(
    spec: &MachineSpec,
    core: &CoreTally,
    start: Standing,
    now: Standing,
    place: &str,
) -> Result<(), BrokenLaw> {
    let states = || spec.protocol.all_states().filter(|state| state.is_valid());
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
    audit_interventions(&spec.protocol, core, place)
}

/// An intervention is a change of state, unless an owner stays the owner. A change by a `BusUpd`,
/// which hands the line over to its writer, is none.
fn audit_interventions(
    protocol: &Protocol,
    core: &CoreTally,
    place: &str,
) -> Result<(), BrokenLaw> {
    let changes = |is: &dyn Fn(Holding, Holding) -> bool| -> u64 {
        let states = || protocol.all_states().filter(|state| state.is_valid());
        let pairs = states().flat_map(|from| states().map(move |to| (from, to)));
        let asked = pairs.filter(|(a, b)| is(protocol.holding(*a), protocol.holding(*b)));
        asked.map(|(a, b)| core.transitions.get(a, b, coherence::Cause::Snoop)).sum()
    };
    let shared = changes(&|from, to| (from.unique || from.dirty) && !to.unique);
    let moved_kept = changes(&|from, to| from.dirty && to.dirty);
    let c = &core.counters;
    let Some(stay) = handed_over_that_stay(protocol, c.handed_over) else { return Ok(()) };
    law(
        "interventions + lines handed over that stay = transitions from unique or dirty to shared \
         by snoop + flushes_kept without a transition",
        place,
        c.interventions + stay + moved_kept,
        shared + c.flushes_kept,
    )
}

/// Returns how many lines of a core became shared by another transaction than a `BusRd`: those that
/// it handed over and kept. `None` where the protocol's tables do not say so much.
fn handed_over_that_stay(protocol: &Protocol, handed_over: u64) -> Option<u64> {
    let answers = |state: State| BusOp::ALL.map(|op| (state, op, protocol.snoop(state, op)));
    let becomes_shared = |&(state, op, step): &(State, BusOp, SnoopStep)| {
        let before = protocol.holding(state);
        let after = step.next().map(|next| protocol.holding(next)).unwrap_or_default();
        op != BusOp::BusRd && (before.unique || before.dirty) && after.valid && !after.unique
    };
    let is_hand_over =
        |(_, _, step): &(State, BusOp, SnoopStep)| matches!(step, SnoopStep::HandOver(_));
    let all: Vec<_> = protocol.all_states().flat_map(answers).collect();
    let shared = all.iter().filter(|answer| becomes_shared(answer)).count();
    let both = all.iter().filter(|a| becomes_shared(a) && is_hand_over(a)).count();
    let hand_overs = all.iter().filter(|answer| is_hand_over(answer)).count();
    match shared {
        0 => Some(0),
        _ if shared == both && both == hand_overs => Some(handed_over),
        _ => None,
    }
}

fn audit_levels(spec: &MachineSpec, core: &CoreTally, place: &str) -> Result<(), BrokenLaw> {
    let c = &core.counters;
    let levels = spec.private.len();
    let outermost = &core.levels[levels - 1];
    law("evictions = those of the outermost level", place, c.evictions, outermost.evictions)?;
    law(
        "the outermost level's write_backs = write_backs",
        place,
        outermost.write_backs,
        c.write_backs,
    )?;
    if levels > 1 || spec.l1i.is_none() {
        law("fills of the outermost level = bus_fills", place, outermost.fills, c.bus_fills)?;
    }
    for pair in core.levels[..levels].windows(2) {
        let received = pair[1].write_backs_received;
        law("write_backs_received = write_backs inside", place, received, pair[0].write_backs)?;
    }
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

/// Some counters are parts of others.
fn audit_shares(core: &CoreTally, place: &str) -> Result<(), BrokenLaw> {
    let c = &core.counters;
    at_most("straddles <= accesses", place, c.straddles, c.accesses)?;
    let held = c.fills_with_holders;
    at_most("cache_to_cache <= fills_with_holders", place, c.cache_to_cache, held)?;
    at_most("fills_with_holders <= bus_fills", place, held, c.bus_fills)?;
    at_most("flushes_kept <= flushes", place, c.flushes_kept, c.flushes)?;
    at_most("silent_upgrades <= writes + atomics", place, c.silent_upgrades, c.writes + c.atomics)?;
    at_most("bus_wait_cycles <= stall_cycles", place, c.bus_wait_cycles, c.stall_cycles)
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
    law("updates = updates_sent", place, total.updates, total.updates_sent)?;
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
         + bytes of stores sent through and of BusUpd",
        place,
        bus.data_bytes,
        lines_moved * line + total.through_bytes + total.update_bytes,
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
    let updates = spec.rules.invalidating_flush_updates_memory && !moves_past_memory(spec);
    if !spec.shared.is_empty() || !updates {
        return Ok(());
    }
    let lines = total.write_backs + total.flushes - total.flushes_kept;
    law(
        "memory.writes = write_backs + flushes - flushes_kept + bus.write_throughs",
        "the machine",
        tally.memory.writes,
        lines + tally.bus.write_throughs,
    )?;
    law(
        "memory.bytes_written = (write_backs + flushes - flushes_kept) x line + bytes of stores \
         sent through",
        "the machine",
        tally.memory.bytes_written,
        lines * spec.line.bytes() + total.through_bytes,
    )
}

/// Tells whether some owner answers another core's store without an update of what lies below.
fn moves_past_memory(spec: &MachineSpec) -> bool {
    let supplies = |state| match spec.protocol.snoop(state, BusOp::BusRdX) {
        SnoopStep::Supply(next) => {
            spec.protocol.holding(state).dirty && !spec.protocol.holding(next).dirty
        }
        SnoopStep::Never | SnoopStep::Silent(_) | SnoopStep::Flush(_) | SnoopStep::HandOver(_) => {
            false
        }
    };
    spec.protocol.all_states().any(supplies)
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use coherence::{CoreCounters, LevelCounters};
    use trace::{Format, Header, IterSource, Op, Record};

    use super::*;
    use crate::config::{Config, Draft};
    use crate::{Interleave, ReplayOptions, Replayed, Streams, replay};

    /// A run in which every law has something to say: two cores, sharing, evictions, cleans.
    fn run() -> Replayed {
        let settings = ["cores=2", "L1.size=128", "L1.ways=1", "L2.size=256", "L2.ways=1"];
        let mut draft = Draft::built_in();
        for setting in settings {
            draft.set(setting).unwrap();
        }
        let config = Config::new(&draft).unwrap();
        let records = (0..400_u64).map(|n| {
            let op = [Op::Read, Op::Write, Op::Atomic, Op::Fetch, Op::Write][n as usize % 5];
            let op = if n.is_multiple_of(37) { Op::Clean } else { op };
            Record::access((n / 3 % 2) as u16, op, n * n % 23 * 32 + 30 * (n % 2), 4)
        });
        let source = IterSource::new(Header::new(Format::Mtrace), records);
        let options = ReplayOptions { classify: true, ..ReplayOptions::default() };
        let streams = Streams::Ordered(Box::new(source));
        replay(&config, streams, Interleave::Recorded, &options, &mut |_| ControlFlow::Continue(()))
            .unwrap()
    }

    /// Each counter of a struct with a way to make it wrong.
    macro_rules! each {
        ($of:ty: $($field:ident)+) => {
            [$((stringify!($field), (|c: &mut $of| c.$field += 1) as fn(&mut $of))),+]
        };
    }

    #[test]
    fn a_counter_that_is_one_too_high_breaks_a_law() {
        let run = run();
        let check = |tally: &Tally| audit(&run.machine, tally, &[], Turns::OneByOne);
        assert_eq!(check(&run.tally), Ok(()));
        let wrong = each!(CoreCounters:
            reads writes atomics fetches accesses hits misses read_misses write_misses
            fetch_misses bus_rd bus_rdx bus_upgr bus_upd bus_fills invalidations
            invalidations_sent updates updates_sent interventions flushes flushes_kept handed_over
            cache_to_cache evictions dirty_evictions back_invalidations dirty_back_invalidations
            write_backs cleaned drained through_bytes update_bytes dirty_set dirty_merged);
        for (name, spoil) in wrong {
            let mut tally = run.tally.clone();
            spoil(&mut tally.cores[1].counters);
            assert!(check(&tally).is_err(), "no law sees that {name} is wrong");
        }
        // These have only an upper bound: they are parts of another counter.
        let bounded = ["straddles", "silent_upgrades", "fills_with_holders"];
        let timed = ["stall_cycles", "bus_wait_cycles"];
        let all = wrong.len() + bounded.len() + timed.len();
        assert_eq!(all, CoreCounters::NAMES.len(), "a counter is in none of the lists");
    }

    #[test]
    fn a_level_counter_that_is_one_too_high_breaks_a_law() {
        let run = run();
        let wrong = each!(LevelCounters:
            hits misses fills evictions write_backs write_backs_received back_invalidations);
        for (name, spoil) in wrong {
            let mut tally = run.tally.clone();
            spoil(&mut tally.cores[0].levels[1]);
            assert!(
                audit(&run.machine, &tally, &[], Turns::OneByOne).is_err(),
                "no law sees {name}"
            );
        }
    }
}
