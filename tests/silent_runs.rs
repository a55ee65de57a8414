//! The shortcuts of the engine against the way round them, on random machines: runs of silent
//! accesses, a first-level miss that the second level answers, what nobody looks at.
//!
//! Here it is not the counters alone that have to be equal: every call that an onlooker gets is.
//! `MESIM_PROPERTY_SEED` starts the search elsewhere, `MESIM_PROPERTY_REFERENCES` makes it longer.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use cache::{Addr, LineAddr};
use coherence::{
    Access, Cause, Cell, CoreId, FirstLevel, Loss, Machine, MachineSpec, Observer, Place,
    Reference, State, Transaction,
};
use driver::config::{Clients, Config, Peers};
use driver::observe::Watcher;
use driver::{Interleave, ReplayOptions, Replayed, Streams, Tally, replay};
use trace::{Format, Header, IterSource, Op, Record};

use crate::properties::{difference, machine, number_from, record};
use crate::reference::random::{SplitMix, random_spec, random_trace};
use crate::reference::spec::{Replacement, Spec};

/// References that one search compares at least.
const REFERENCES: u64 = 150_000;
/// The seed of the first machine.
const SEED: u64 = 5_061_123;
/// Accesses of one trace.
const LENGTH: usize = 500;
/// One way, powers of two, and what lies beside the sizes of words and packed orders.
const WAYS: [u64; 8] = [1, 2, 3, 8, 12, 16, 17, 24];

/// One call of an onlooker.
#[derive(Clone, PartialEq, Debug)]
enum Call {
    LookedUp(Reference, usize, FirstLevel),
    Loaded(Reference, Place),
    Storing(Reference),
    Stored(Reference, Place),
    Copied(LineAddr, Place, Place),
    Decided(CoreId, LineAddr, Cell),
    Changed(CoreId, LineAddr, State, State, Cause),
    Lost(CoreId, LineAddr, Loss),
    Flushed(CoreId, LineAddr, bool),
    HandedOver(CoreId, LineAddr),
    Updated(CoreId, LineAddr),
    WroteBack(CoreId, LineAddr),
    Posted(CoreId, LineAddr, u64),
    Transacted(Transaction),
}

/// An onlooker that writes down what it is told.
#[derive(Default)]
struct Recorder {
    calls: Vec<Call>,
    /// The machine shall take the long way for a miss.
    long_ways: bool,
    /// Wants to be asked before the next reference once this many loads and stores were told.
    halts_at: Option<usize>,
    told: usize,
}

impl Recorder {
    fn note(&mut self, call: Call) {
        self.told += usize::from(matches!(call, Call::LookedUp(..)));
        self.calls.push(call);
    }
}

impl Observer for Recorder {
    fn looked_up(&mut self, reference: &Reference, cache: usize, answer: FirstLevel) {
        self.note(Call::LookedUp(*reference, cache, answer));
    }

    fn loaded(&mut self, reference: &Reference, place: Place) {
        self.note(Call::Loaded(*reference, place));
    }

    fn storing(&mut self, reference: &Reference) {
        self.note(Call::Storing(*reference));
    }

    fn stored(&mut self, reference: &Reference, place: Place) {
        self.note(Call::Stored(*reference, place));
    }

    fn copied(&mut self, line: LineAddr, from: Place, to: Place) {
        self.note(Call::Copied(line, from, to));
    }

    fn decided(&mut self, core: CoreId, line: LineAddr, cell: Cell) {
        self.note(Call::Decided(core, line, cell));
    }

    fn changed(&mut self, core: CoreId, line: LineAddr, from: State, to: State, cause: Cause) {
        self.note(Call::Changed(core, line, from, to, cause));
    }

    fn lost(&mut self, core: CoreId, line: LineAddr, loss: Loss) {
        self.note(Call::Lost(core, line, loss));
    }

    fn flushed(&mut self, core: CoreId, line: LineAddr, kept: bool) {
        self.note(Call::Flushed(core, line, kept));
    }

    fn handed_over(&mut self, core: CoreId, line: LineAddr) {
        self.note(Call::HandedOver(core, line));
    }

    fn updated(&mut self, core: CoreId, line: LineAddr) {
        self.note(Call::Updated(core, line));
    }

    fn wrote_back(&mut self, core: CoreId, line: LineAddr) {
        self.note(Call::WroteBack(core, line));
    }

    fn posted(&mut self, core: CoreId, line: LineAddr, passed: u64) {
        self.note(Call::Posted(core, line, passed));
    }

    fn transacted(&mut self, transaction: &Transaction) {
        self.note(Call::Transacted(*transaction));
    }

    fn halts(&self) -> bool {
        self.halts_at.is_some_and(|at| self.told >= at)
    }

    fn takes_long_ways(&self) -> bool {
        self.long_ways
    }
}

impl Watcher for Recorder {}

/// How the accesses of a trace are handed to a machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    /// One reference after the other, each miss by the long way.
    Long,
    /// One access after the other.
    Single,
    /// Runs where there are any.
    Runs,
}

/// What a way through a trace came to.
struct Seen {
    tally: Tally,
    calls: Vec<Call>,
    /// Accesses that were part of a run.
    in_runs: u64,
}

const fn op_of(op: Op) -> Option<coherence::Op> {
    match op {
        Op::Read => Some(coherence::Op::Read),
        Op::Write => Some(coherence::Op::Write),
        Op::Atomic => Some(coherence::Op::Atomic),
        Op::Fetch => Some(coherence::Op::Fetch),
        _ => None,
    }
}

fn go(spec: &MachineSpec, records: &[Record], way: Way) -> Seen {
    let recorder = Recorder { long_ways: way == Way::Long, ..Recorder::default() };
    let mut machine = Machine::new(spec.clone(), recorder).expect("a machine");
    let mut times = vec![0; spec.cores as usize];
    let mut straddles = vec![0; spec.cores as usize];
    let (mut at, mut in_runs) = (0, 0);
    while let Some(record) = records.get(at) {
        at += 1;
        let core = u32::from(record.core);
        let now = &mut times[core as usize];
        let addr = Addr(record.addr);
        let done = match record.op {
            Op::Clean => machine.clean(addr, record.size),
            Op::Flush => machine.flush_range(addr, record.size),
            Op::FlushAll => machine.flush_all(),
            Op::Compute => {
                machine.advance_to(core, *now);
                machine.compute(core, record.addr);
                Ok(())
            }
            Op::TimeTicks => {
                times.fill(record.addr);
                Ok(())
            }
            op => {
                let op = op_of(op).expect("no other records are made here");
                machine.advance_to(core, *now);
                if way == Way::Runs {
                    let run = run_from(&mut machine, &records[at - 1..]);
                    in_runs += run as u64;
                    if run > 0 {
                        at += run - 1;
                        continue;
                    }
                }
                if way == Way::Long {
                    let lines = references(&machine, core, op, record);
                    straddles[core as usize] += u64::from(lines.len() > 1);
                    lines.iter().try_for_each(|reference| machine.reference(reference))
                } else {
                    machine.access(core, op, addr, record.size)
                }
            }
        };
        done.expect("no promise breaks");
    }
    if spec.rules.drain_at_end {
        machine.drain().expect("no promise breaks");
    }
    let mut tally = Tally::of(&machine);
    for (core, straddles) in tally.cores.iter_mut().zip(straddles) {
        core.counters.straddles += straddles;
    }
    let calls = std::mem::take(&mut machine.observer_mut().calls);
    Seen { tally, calls, in_runs }
}

/// Performs the accesses of one core that come first as a run; returns how many it took.
fn run_from(machine: &mut Machine<Recorder>, records: &[Record]) -> usize {
    let core = records[0].core;
    let op = op_of(records[0].op).expect("an access");
    let accesses = records.iter().map_while(|record| {
        let op = op_of(record.op).filter(|_| record.core == core);
        op.map(|op| Access { op, addr: Addr(record.addr), bytes: record.size })
    });
    machine.silent_run(u32::from(core), op, accesses) as usize
}

/// Returns the references of an access, one for each line that it touches.
fn references<O: Observer>(
    machine: &Machine<O>,
    core: CoreId,
    op: coherence::Op,
    record: &Record,
) -> Vec<Reference> {
    let size = machine.line_size();
    let end = record.addr + u64::from(record.size);
    let lines = size.line(Addr(record.addr)).0..=size.line(Addr(end - 1)).0;
    lines
        .map(|line| {
            let base = size.base(LineAddr(line)).0;
            let (from, to) = (record.addr.max(base), end.min(base + size.bytes()));
            let (offset, bytes) = ((from - base) as u32, (to - from) as u32);
            Reference { core, op, line: LineAddr(line), offset, bytes }
        })
        .collect()
}

/// A random machine, its levels of a way count from the list.
fn spec_of_ways(rng: &mut SplitMix) -> Spec {
    let mut spec = random_spec(rng);
    let line = spec.line_bytes;
    for level in spec.levels.iter_mut().chain(&mut spec.l1i) {
        let (ways, sets) = (rng.pick(&WAYS), rng.pick(&[1, 1, 2, 4]));
        level.size_bytes = ways * sets * line;
        level.ways = (sets > 1 || rng.chance(60)).then_some(ways as u32);
        if level.replacement == Replacement::TreePlru && !ways.is_power_of_two() {
            level.replacement = Replacement::Lru;
        }
    }
    spec.validate().expect("only shapes have changed");
    spec
}

/// Moments among the accesses of a trace, which move the clocks of all cores on.
pub(crate) fn with_moments(rng: &mut SplitMix, records: Vec<Record>) -> Vec<Record> {
    let every = rng.pick(&[u64::MAX, u64::MAX, 10, 60]);
    let mut now = 0;
    let mut timed = Vec::with_capacity(records.len());
    for record in records {
        if rng.below(every) == 0 {
            now += rng.below(2000);
            timed.push(Record::event(record.core, Op::TimeTicks, now));
        }
        timed.push(record);
    }
    timed
}

pub(crate) fn config(machine: MachineSpec, word_bytes: u64) -> Config {
    Config {
        cores_from_trace: false,
        cores_max: machine.cores,
        machine,
        word_bytes: word_bytes as u32,
        clock_hz: 1,
        peers: Peers::Bus,
        clients: Clients::Closed,
        durability: None,
        warnings: Vec::new(),
    }
}

fn replayed(spec: &MachineSpec, records: &[Record], options: &ReplayOptions) -> Replayed {
    let records = records.to_vec();
    let source = IterSource::new(Header::new(Format::Mtrace), records.into_iter());
    let streams = Streams::Ordered(Box::new(source));
    let order = Interleave::Recorded;
    let mut go_on = |_| ControlFlow::Continue(());
    replay(&config(spec.clone(), 4), streams, order, options, &mut go_on).expect("a replay")
}

/// Takes random traces through random machines, some ways.
fn search(first: u64, mut compare: impl FnMut(u64, &Spec, &[Record])) {
    let first = number_from("MESIM_PROPERTY_SEED", first);
    let wanted = number_from("MESIM_PROPERTY_REFERENCES", REFERENCES).min(10 * REFERENCES);
    let (mut seed, mut references) = (first, 0);
    while references < wanted {
        let mut rng = SplitMix::new(seed);
        let spec = if rng.chance(30) { random_spec(&mut rng) } else { spec_of_ways(&mut rng) };
        let trace = random_trace(&mut rng, &spec, LENGTH);
        let records = with_moments(&mut rng, trace.iter().map(record).collect());
        compare(seed, &spec, &records);
        references += LENGTH as u64;
        seed += 1;
    }
}

#[test]
fn every_shortcut_tells_its_onlooker_what_the_way_round_it_tells() {
    let (mut in_runs, mut all) = (0, 0);
    search(SEED, |seed, spec, records| {
        let spec = machine(spec);
        let long = go(&spec, records, Way::Long);
        for way in [Way::Single, Way::Runs] {
            let short = go(&spec, records, way);
            if let Some(at) = first_difference(&long.calls, &short.calls) {
                let around = |calls: &[Call]| {
                    let calls = &calls[at.saturating_sub(6)..calls.len().min(at + 4)];
                    calls.iter().map(|call| format!("{call:?}")).collect::<Vec<_>>().join("\n")
                };
                let (long, short) = (around(&long.calls), around(&short.calls));
                panic!("seed {seed}: {way:?}, call {at}\n{long}\n\nbut\n{short}\n{spec:#?}");
            }
            assert_eq!(short.tally, long.tally, "seed {seed}: {way:?} {spec:#?}");
            in_runs += short.in_runs;
        }
        all += records.len() as u64;
    });
    assert!(in_runs > all / 5, "only {in_runs} of {all} accesses come in runs");
}

fn first_difference(a: &[Call], b: &[Call]) -> Option<usize> {
    let differing = a.iter().zip(b).position(|(a, b)| a != b);
    differing.or((a.len() != b.len()).then_some(a.len().min(b.len())))
}

#[test]
fn a_replay_counts_what_its_accesses_one_by_one_count_whoever_looks_on() {
    search(SEED + 1_000_000, |seed, spec, records| {
        let spec = machine(spec);
        let expected = go(&spec, records, Way::Long).tally;
        let mut options = ReplayOptions::default();
        let unseen = replayed(&spec, records, &options);
        assert_eq!(unseen.tally, expected, "seed {seed}: {spec:#?}");
        for looks in 1..8 {
            options.classify = looks & 1 != 0;
            options.check = looks & 2 != 0;
            options.coverage = looks & 4 != 0;
            let mut seen = replayed(&spec, records, &options).tally;
            assert_eq!(seen.cells.take().is_some(), options.coverage);
            for core in &mut seen.cores {
                assert_eq!(core.classes.take().is_some(), options.classify);
            }
            assert_eq!(seen, expected, "seed {seed}: {options:?} {spec:#?}");
        }
    });
}

#[test]
fn the_engine_equals_the_reference_model_for_other_numbers_of_ways() {
    let first = number_from("MESIM_PROPERTY_SEED", SEED + 2_000_000);
    let mut drawn = BTreeSet::new();
    for seed in first..first + REFERENCES / LENGTH as u64 {
        let mut rng = SplitMix::new(seed);
        let spec = spec_of_ways(&mut rng);
        let trace = random_trace(&mut rng, &spec, LENGTH);
        if let Err(difference) = difference(&spec, &trace) {
            panic!("seed {seed}: {difference}\n{spec:#?}");
        }
        drawn.extend(spec.levels.iter().map(|level| level.ways));
    }
    assert_eq!(drawn.len(), 1 + WAYS.len(), "{drawn:?}");
}

#[test]
fn a_run_ends_with_the_access_after_which_its_onlooker_halts() {
    let spec = MachineSpec { cores: 1, ..machine(&random_spec(&mut SplitMix::new(1))) };
    let record = |n: u64| Record::access(0, Op::Read, 0x1000 + 4 * (n % 4), 4);
    let records: Vec<Record> = (0..40).map(record).collect();
    let mut machine = Machine::new(spec, Recorder::default()).expect("a machine");
    machine.access(0, coherence::Op::Read, Addr(0x1000), 4).expect("no promise breaks");
    for halts_at in [2, 3, 17] {
        let before = machine.observer().told;
        machine.observer_mut().halts_at = Some(halts_at);
        assert_eq!(run_from(&mut machine, &records), halts_at - before);
        assert_eq!(machine.observer().told, halts_at);
    }
    machine.observer_mut().halts_at = Some(20);
    let access = Access { op: coherence::Op::Read, addr: Addr(0x1000), bytes: 4 };
    assert_eq!(machine.accesses(std::iter::repeat_n((0, access), 40)), (3, Ok(())));
    machine.observer_mut().halts_at = None;
    assert_eq!(run_from(&mut machine, &records), 40);
}

#[test]
fn a_run_counts_no_further_than_its_counters_reach() {
    let spec = MachineSpec { cores: 1, ..machine(&random_spec(&mut SplitMix::new(1))) };
    let records = vec![Record::access(0, Op::Read, 0x1000, 4); 3 * coherence::RUN_MAX];
    let mut options = ReplayOptions { limit: Some(150_000), ..ReplayOptions::default() };
    let whole = replayed(&spec, &records, &options);
    assert_eq!(whole.tally.cores[0].counters.reads, 150_000);
    assert_eq!(whole.tally.cores[0].counters.hits, 149_999);
    options.warmup = 70_001;
    let rest = replayed(&spec, &records, &options);
    assert_eq!(rest.accesses, 79_999);
    assert_eq!(rest.tally.cores[0].counters.hits, 79_999);
}
