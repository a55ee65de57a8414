//! What becomes durable below machines of all kinds: several cores, levels, policies.
//!
//! The second implementation of `durable_reference` knows one cache that holds everything. Here
//! the caches evict, snoop and write through, and what is compared is what must hold anywhere: the
//! ledger of all writes proves each crash, nothing is stored twice or forgotten, nobody waits for
//! what never comes. `MESIM_PROPERTY_SEED` and `MESIM_PROPERTY_TASKS` are as elsewhere.

use std::ops::ControlFlow;

use driver::config::{Clients, Config, Peers};
use driver::{Interleave, ReplayOptions, Replayed, Streams, replay};
use durability::{CrashPlan, CrashPoints, Durability, PersistDomain, Trigger};
use trace::{Format, Header, IterSource, Op, Record};

use crate::durable_reference::random::random_spec;
use crate::properties::{machine, number_from, record};
use crate::reference::Access;
use crate::reference::random::{self, SplitMix, random_trace};
use crate::reference::spec::Spec;

/// Machines that one run tries.
const TASKS: u64 = 1_500;
/// The seed of the first.
const SEED: u64 = 20_261_123;
/// Accesses of one trace.
const LENGTH: usize = 60;

#[derive(Clone, Debug)]
struct Task {
    spec: Spec,
    below: Durability,
    peers: Peers,
    clients: Clients,
    interleave: Interleave,
    trace: Vec<Access>,
    /// Of so many records each, one more is a fence, and one is the time at which the next comes.
    fence_every: usize,
    time_every: usize,
}

impl Task {
    fn of(seed: u64) -> Self {
        let mut rng = SplitMix::new(seed);
        let mut spec = random::random_spec(&mut rng);
        spec.rules.drain_at_end = false;
        let trace = random_trace(&mut rng, &spec, LENGTH);
        let mut below = random_spec(&mut rng);
        let peers = rng.pick(&[Peers::Bus, Peers::Bus, Peers::None]);
        let open = peers == Peers::None && rng.chance(50);
        if peers == Peers::Bus && rng.chance(20) {
            below.persist_domain = Some(PersistDomain::Adr);
            below.log = None;
            below.replicas = None;
        }
        let interleave = rng.pick(&[Interleave::Clock, Interleave::Clock, Interleave::Recorded]);
        Self {
            spec,
            below,
            peers,
            clients: if open { Clients::Open } else { Clients::Closed },
            interleave: if open { Interleave::Recorded } else { interleave },
            trace,
            fence_every: rng.pick(&[4, 10, usize::MAX]),
            time_every: rng.pick(&[1, 5, usize::MAX]),
        }
    }

    fn records(&self) -> Vec<Record> {
        let mut records = Vec::new();
        for (number, access) in self.trace.iter().enumerate() {
            let access = record(access);
            if number % self.time_every == self.time_every - 1 {
                records.push(Record::event(access.core, Op::TimeTicks, 25 * number as u64));
            }
            records.push(access);
            if number % self.fence_every == self.fence_every - 1 {
                records.push(Record::event(access.core, Op::Fence, 0));
            }
        }
        records
    }

    fn run(&self) -> Result<Replayed, String> {
        let config = Config {
            machine: machine(&self.spec),
            cores_from_trace: false,
            cores_max: self.spec.cores as u32,
            word_bytes: self.spec.word_bytes as u32,
            clock_hz: 1_000_000,
            peers: self.peers,
            clients: self.clients,
            durability: Some(self.below.clone()),
            warnings: Vec::new(),
        };
        let records = self.records();
        let streams = if self.interleave == Interleave::Recorded {
            let source = IterSource::new(Header::new(Format::Mtrace), records.into_iter());
            Streams::Ordered(Box::new(source))
        } else {
            let of_core = |core: usize| {
                let mine = records.iter().copied().filter(|record| record.core as usize == core);
                let mine: Vec<Record> = mine.collect();
                Box::new(IterSource::new(Header::new(Format::Percore), mine.into_iter()))
                    as Box<dyn trace::Source>
            };
            Streams::PerCore((0..self.spec.cores).map(of_core).collect())
        };
        let crashes = CrashPlan { points: CrashPoints::Every(1), detail: true, check: true };
        let options = ReplayOptions { check: true, crashes, ..ReplayOptions::default() };
        let go_on = &mut |_| ControlFlow::Continue(());
        replay(&config, streams, self.interleave, &options, go_on)
            .map_err(|error| error.to_string())
    }
}

#[test]
fn every_crash_is_proved_on_machines_of_all_kinds() {
    let first = number_from("MESIM_PROPERTY_SEED", SEED);
    let tasks = number_from("MESIM_PROPERTY_TASKS", TASKS);
    let (mut triggers, mut lost, mut open) = ([0_u64; Trigger::ALL.len()], 0, 0);
    for seed in first..first + tasks {
        let task = Task::of(seed);
        let replayed = task.run().unwrap_or_else(|error| {
            let fails =
                |trace: &[Access]| Task { trace: trace.to_vec(), ..task.clone() }.run().is_err();
            let trace = random::shrink(&task.trace, fails);
            let smallest = Task { trace, ..task.clone() };
            let remains = smallest.run().map(|_| ());
            panic!("seed {seed}: {error}\n\nmade smaller: {remains:?}\n{smallest:#?}");
        });
        let outcome = replayed.outcome.expect("it was measured");
        for (seen, count) in triggers.iter_mut().zip(outcome.flushes.by_trigger) {
            *seen += u64::from(count > 0);
        }
        let worst = replayed.crashes.iter().map(|crash| crash.loss.writes).max().unwrap_or(0);
        assert!(worst <= outcome.over_time.writes_max, "seed {seed}: {worst}");
        lost += u64::from(worst > 0);
        open += u64::from(task.clients == Clients::Open);
    }
    if tasks < TASKS {
        return;
    }
    for trigger in Trigger::ALL {
        let seen = triggers[trigger as usize];
        assert!(seen > tasks / 100, "{} in {seen} of {tasks} runs", trigger.name());
    }
    assert!(lost > tasks / 2 && open > tasks / 20, "{lost} lose something, {open} are open");
}
