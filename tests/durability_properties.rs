//! What becomes durable and what a crash loses: the engine against the slow second
//! implementation, field for field, on random tasks.
//!
//! `MESIM_PROPERTY_SEED` starts the search elsewhere and `MESIM_PROPERTY_TASKS` makes it longer. A
//! failure prints the seed of its task, and the task made as small as it goes:
//! `MESIM_PROPERTY_SEED=<seed> MESIM_PROPERTY_TASKS=1` runs that one task again.

use std::fmt::Debug;
use std::ops::ControlFlow;

use driver::config::{Config, Draft, Peers};
use driver::{Interleave, ReplayOptions, Streams, replay};
use durability::{Crash, CrashPlan, Outcome, Ticks, Trigger};
use trace::{Format, Header, IterSource, Source};

use crate::durable_reference::random::{Task, random_task, shrink};
use crate::durable_reference::{self, Machine};
use crate::reference::random::SplitMix;

/// Tasks that one run compares.
const TASKS: u64 = 4_000;
/// The seed of the first task.
const SEED: u64 = 20_261_123;

fn number_from(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// The task of a seed: of any length, short ones as often as long ones.
fn task_of(seed: u64) -> Task {
    let mut rng = SplitMix::new(seed);
    let length = rng.pick(&[8, 30, 100, 250]);
    random_task(&mut rng, length)
}

#[test]
#[expect(clippy::print_stdout, reason = "whoever runs the search wants to know its seed")]
fn the_engine_equals_the_second_implementation_on_random_tasks() {
    let first = number_from("MESIM_PROPERTY_SEED", SEED);
    let tasks = number_from("MESIM_PROPERTY_TASKS", TASKS);
    println!("first seed {first}, {tasks} tasks");
    for seed in first..first + tasks {
        let task = task_of(seed);
        let Err(difference) = outcome(&task) else { continue };
        let smallest = shrink(&task, |task| outcome(task).is_err());
        let remains = outcome(&smallest).unwrap_err();
        let records: Vec<String> =
            smallest.records.iter().map(|(_, record)| format!("{record:?}")).collect();
        let Task { spec, machine, clients, crashes, .. } = &smallest;
        panic!(
            "seed {seed}: {difference}\n\nmade smaller: {remains}\n{spec:#?}\n{machine:?}\n\
             {clients} clients, crashes {crashes:?}\n{}",
            records.join("\n")
        );
    }
}

/// The difference of the two implementations; a panic in one of them is a difference too.
fn outcome(task: &Task) -> Result<(), String> {
    std::panic::catch_unwind(|| difference(task)).unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().map(String::as_str);
        let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(format!("one of them panics: {}", words.unwrap_or("without a word")))
    })
}

/// Runs both implementations; says in what they differ.
fn difference(task: &Task) -> Result<(), String> {
    let (wanted, wanted_crashes) =
        durable_reference::run(&task.spec, &task.machine, &task.streams(), &task.crashes);
    let (found, found_crashes) = run_engine(task)?;
    compare_outcomes(&wanted, &found)?;
    same("number of crashes", &wanted_crashes.len(), &found_crashes.len())?;
    for (wanted, found) in wanted_crashes.iter().zip(&found_crashes) {
        compare_crashes(wanted, found)?;
    }
    Ok(())
}

/// A machine with one cache that holds every block, and that costs its latency and nothing else.
fn config(machine: &Machine) -> Config {
    let mut draft = Draft::built_in();
    for setting in [
        format!("line={}", machine.block_bytes),
        format!("L1.size={}", machine.capacity * machine.block_bytes),
        "L1.ways=Full".to_owned(),
        format!("L1.latency={}", machine.latency),
        "bus.request=0".to_owned(),
        "bus.beat=0".to_owned(),
        "memory.latency=0".to_owned(),
    ] {
        draft.set(&setting).expect("the setting is a key");
    }
    let mut config = Config::new(&draft).expect("the machine can be built");
    config.machine.private.truncate(1);
    config.clock_hz = machine.clock_hz;
    config.peers = Peers::None;
    config
}

fn run_engine(task: &Task) -> Result<(Outcome, Vec<Crash>), String> {
    let mut config = config(&task.machine);
    config.durability = Some(task.spec.clone());
    let sources = task.streams().into_iter().map(|records| {
        let source = IterSource::new(Header::new(Format::Percore), records.into_iter());
        Box::new(source) as Box<dyn Source>
    });
    let crashes = CrashPlan { points: task.crashes.clone(), detail: true, check: true };
    let replayed = replay(
        &config,
        Streams::PerCore(sources.collect()),
        Interleave::Clock,
        &ReplayOptions { check: true, crashes, ..ReplayOptions::default() },
        &mut |_| ControlFlow::Continue(()),
    );
    let replayed = replayed.map_err(|error| format!("the engine stops: {error}"))?;
    let outcome = replayed.outcome.ok_or("the engine measures nothing")?;
    Ok((outcome, replayed.crashes))
}

fn same<T: PartialEq + Debug>(name: &str, wanted: &T, found: &T) -> Result<(), String> {
    if wanted == found {
        return Ok(());
    }
    Err(format!("{name}: the second implementation has {wanted:?}, the engine {found:?}"))
}

/// The engine keeps 16 significant bits of a quantile.
fn near(name: &str, wanted: Ticks, found: Ticks) -> Result<(), String> {
    if wanted.abs_diff(found) <= wanted >> 15 { Ok(()) } else { same(name, &wanted, &found) }
}

fn compare_outcomes(wanted: &Outcome, found: &Outcome) -> Result<(), String> {
    let (w, f) = (wanted, found);
    same("elapsed", &w.elapsed, &f.elapsed)?;
    same("requests", &w.requests, &f.requests)?;
    same("writes", &w.writes, &f.writes)?;
    same("rejected", &w.rejected, &f.rejected)?;
    same("throttled", &w.throttled, &f.throttled)?;
    same("flushes.first", &w.flushes.first, &f.flushes.first)?;
    same("flushes.by_trigger", &w.flushes.by_trigger, &f.flushes.by_trigger)?;
    same("flushes.blocks", &w.flushes.blocks, &f.flushes.blocks)?;
    same("retries", &w.retries, &f.retries)?;
    same("dropped", &w.dropped, &f.dropped)?;
    same("store_writes", &w.store_writes, &f.store_writes)?;
    same("coalesced", &w.coalesced, &f.coalesced)?;
    same("dirty_now", &w.dirty_now, &f.dirty_now)?;
    same("dirty_peak", &w.dirty_peak, &f.dirty_peak)?;
    same("write_latency.all", &w.write_latency.all, &f.write_latency.all)?;
    near("write_latency.p50", w.write_latency.p50, f.write_latency.p50)?;
    near("write_latency.p99", w.write_latency.p99, f.write_latency.p99)?;
    same("loss_window", &w.loss_window, &f.loss_window)?;
    same("staleness", &w.staleness, &f.staleness)?;
    same("order_inversions", &w.order_inversions, &f.order_inversions)?;
    same("non_prefix_batches", &w.non_prefix_batches, &f.non_prefix_batches)?;
    same("at_end", &w.at_end, &f.at_end)?;
    same("over_time.write_ticks", &w.over_time.write_ticks, &f.over_time.write_ticks)?;
    same("over_time.writes_max", &w.over_time.writes_max, &f.over_time.writes_max)?;
    same("over_time.max_age", &w.over_time.max_age, &f.over_time.max_age)?;
    // Whatever has been added since.
    let rest = Outcome { write_latency: w.write_latency, ..f.clone() };
    same("outcome", w, &rest)
}

fn compare_crashes(wanted: &Crash, found: &Crash) -> Result<(), String> {
    let at = wanted.at;
    let name = |what: &str| format!("crash at {at}: {what}");
    same("moment of a crash", &wanted.at, &found.at)?;
    same(&name("accesses"), &wanted.accesses, &found.accesses)?;
    same(&name("loss"), &wanted.loss, &found.loss)?;
    same(&name("dirty"), &wanted.dirty, &found.dirty)?;
    same(&name("in_doubt"), &wanted.in_doubt, &found.in_doubt)?;
    // Blocks whose oldest losses are equally old may stand in any order.
    let sorted = |crash: &Crash| {
        let mut lost = crash.lost.clone();
        lost.sort_by_key(|lost| (std::cmp::Reverse(lost.max_age), lost.block));
        lost
    };
    same(&name("lost"), &sorted(wanted), &sorted(found))?;
    let oldest_first = found.lost.is_sorted_by(|first, next| first.max_age >= next.max_age);
    same(&name("lost, oldest first"), &true, &oldest_first)
}

#[test]
fn every_part_of_the_model_is_drawn_by_the_search() {
    let (mut parts, mut triggers) = ([0_u64; 14], [0_u64; Trigger::ALL.len()]);
    let tasks = number_from("MESIM_PROPERTY_TASKS", TASKS).max(TASKS);
    for seed in SEED..SEED + tasks {
        let task = task_of(seed);
        let (outcome, crashes) =
            durable_reference::run(&task.spec, &task.machine, &task.streams(), &task.crashes);
        let age = outcome.staleness.map_or(0, |staleness| staleness.stale);
        let seen = [
            outcome.coalesced,
            outcome.dropped,
            outcome.rejected,
            outcome.retries,
            outcome.dirty_now,
            age,
            outcome.order_inversions,
            outcome.non_prefix_batches,
            outcome.throttled,
            outcome.at_end.writes,
            crashes.iter().map(|crash| crash.in_doubt).sum(),
            crashes.iter().map(|crash| crash.loss.writes).sum(),
            outcome.loss_window.max,
            u64::try_from(outcome.over_time.write_ticks).unwrap_or(u64::MAX),
        ];
        for (part, seen) in parts.iter_mut().zip(seen) {
            *part += u64::from(seen > 0);
        }
        for (trigger, seen) in triggers.iter_mut().zip(outcome.flushes.by_trigger) {
            *trigger += u64::from(seen > 0);
        }
    }
    assert!(parts.iter().all(|tasks| *tasks > 10), "tasks that show each part: {parts:?}");
    for trigger in Trigger::ALL {
        // Of one cache that nothing is evicted from and nobody snoops.
        let never = [Trigger::Eviction, Trigger::Snoop].contains(&trigger);
        let tasks = triggers[trigger as usize];
        assert!(never == (tasks < 10), "{} in {tasks} tasks", trigger.name());
    }
}
