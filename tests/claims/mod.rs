//! What is said of write-back caches, claim by claim, with the numbers that must come out.
//!
//! The claims count from 1 to 33, and a test's name begins with its claim. T is the flush interval,
//! f the time from a trigger to the last acknowledgement of its flush. Every number is derived
//! where it stands; none was copied from a run.

mod bugs;
mod cpu;
mod flushes;
mod latency;
mod losses;
mod order;
mod page_cache;
mod presets;
mod readers;
mod reports;
mod safeguards;
mod trouble;

use std::ops::ControlFlow;
use std::path::Path;

use driver::config::{Config, Draft};
use driver::{Interleave, ReplayError, ReplayOptions, Replayed, Streams, Tally, replay};
use durability::{Crash, CrashPlan, CrashPoints, Outcome, Ticks, Trigger};
use trace::{Format, Header, IterSource, Op, Record, Source};

use crate::reference::random::SplitMix;
use crate::support::ROOT;

/// Ticks of a millisecond and a second: every cache of keys or pages here has a clock of 1 MHz.
const MS: Ticks = 1000;
const SECOND: Ticks = 1_000_000;

/// A cache of keys over a store that nothing is flushed to; a write takes 0.3 ms.
const KEYS: &str = r#"#![enable(implicit_some)]
(
    clock: "1 MHz",
    line: "64 B",
    caches: [(name: "Keys", ways: Full, size: "4 MiB", latency: "0.3 ms")],
    peers: None,
    bus: (request: 0, beat: 0, cache_to_cache: 0),
    memory: (latency: 0),
    durability: (store: (latency: "2 ms", batch_cost: "50 us")),
)"#;

/// Reads a config's text with settings over it.
fn config_of(name: &str, text: &str, settings: &[&str]) -> Config {
    let draft = Draft::from_ron(name, text);
    let mut draft = draft.unwrap_or_else(|error| panic!("{name}: {error:?}"));
    for setting in settings {
        draft.set(setting).unwrap_or_else(|error| panic!("{setting}: {error:?}"));
    }
    Config::new(&draft).unwrap_or_else(|error| panic!("{name} {settings:?}: {error:?}"))
}

/// The cache of keys with settings over it.
fn keys(settings: &[&str]) -> Config {
    config_of("keys.ron", KEYS, settings)
}

/// A shipped preset with settings over it.
fn preset(name: &str, settings: &[&str]) -> Config {
    let path = Path::new(ROOT).join(format!("configs/presets/{name}.ron"));
    let text = std::fs::read_to_string(path).expect("the preset is shipped");
    config_of(name, &text, settings)
}

/// A config's write-through twin.
fn write_through(mut config: Config) -> Config {
    config.write_through();
    config
}

fn write(key: u64) -> Record {
    Record::access(0, Op::Write, key * 64, 8)
}

fn read(key: u64) -> Record {
    Record::access(0, Op::Read, key * 64, 8)
}

/// What follows is asked at that moment.
fn at(ticks: Ticks) -> Record {
    Record::event(0, Op::TimeTicks, ticks)
}

/// Writes at equal distances from 0 on; `key` says which, by their number.
fn writes_every(
    distance: Ticks,
    writes: u64,
    key: impl Fn(u64) -> u64 + Send + 'static,
) -> impl Iterator<Item = Record> + Send {
    (0..writes).flat_map(move |number| [at(number * distance), write(key(number))])
}

fn source(records: impl Iterator<Item = Record> + Send + 'static) -> Box<dyn Source> {
    Box::new(IterSource::new(Header::new(Format::Mtrace), records))
}

/// One trace in its own order.
fn one(records: impl IntoIterator<Item = Record, IntoIter: Send + 'static>) -> Streams {
    Streams::Ordered(source(records.into_iter()))
}

/// Clients that each ask for one thing at a time.
fn clients<R>(records: impl IntoIterator<Item = R>) -> Streams
where
    R: IntoIterator<Item = Record, IntoIter: Send + 'static>,
{
    let own = |core: usize, record: Record| Record { core: core as u16, ..record };
    let each = records.into_iter().enumerate();
    let sources = each
        .map(|(core, records)| source(records.into_iter().map(move |record| own(core, record))));
    Streams::PerCore(sources.collect())
}

/// What came out of a run.
struct Run {
    outcome: Outcome,
    crashes: Vec<Crash>,
    tally: Tally,
    checked_loads: u64,
}

/// Replays with these options; several clients go by their clocks.
fn replay_with(
    config: &Config,
    streams: Streams,
    options: &ReplayOptions,
) -> Result<Replayed, ReplayError> {
    let interleave = match streams {
        Streams::Ordered(_) => Interleave::Recorded,
        Streams::PerCore(_) => Interleave::Clock,
    };
    replay(config, streams, interleave, options, &mut |_| ControlFlow::Continue(()))
}

fn run_with(config: &Config, streams: Streams, options: &ReplayOptions) -> Run {
    let replayed = replay_with(config, streams, options);
    let replayed = replayed.unwrap_or_else(|error| panic!("{error}"));
    Run {
        outcome: replayed.outcome.expect("the config has a section `durability`"),
        crashes: replayed.crashes,
        tally: replayed.tally,
        checked_loads: replayed.checked_loads.unwrap_or(0),
    }
}

/// Replays without crashes.
fn run(config: &Config, streams: Streams) -> Run {
    run_with(config, streams, &ReplayOptions::default())
}

/// Every crash is proved by the ledger, and every load compared with the last store.
fn checked(points: CrashPoints) -> ReplayOptions {
    let crashes = CrashPlan { points, detail: true, check: true };
    ReplayOptions { check: true, crashes, ..ReplayOptions::default() }
}

/// Replays with crashes, checked.
fn crashes(config: &Config, streams: Streams, points: CrashPoints) -> Run {
    let run = run_with(config, streams, &checked(points));
    assert!(!run.crashes.is_empty(), "it crashes");
    run
}

/// Moments at equal distances, from the first one on and without the last one.
fn evenly(from: Ticks, to: Ticks, moments: u64) -> CrashPoints {
    CrashPoints::At((0..moments).map(|moment| from + (to - from) * moment / moments).collect())
}

/// Moments at random, in order.
fn seeded(seed: u64, to: Ticks, moments: usize) -> Vec<Ticks> {
    let mut random = SplitMix::new(seed);
    let mut at: Vec<_> = (0..moments).map(|_| random.below(to)).collect();
    at.sort_unstable();
    at
}

fn by_trigger(outcome: &Outcome, trigger: Trigger) -> u64 {
    let place = Trigger::ALL.iter().position(|known| *known == trigger);
    outcome.flushes.by_trigger[place.expect("every trigger is listed")]
}

fn flushes(outcome: &Outcome) -> u64 {
    outcome.flushes.by_trigger.iter().sum()
}

fn mean(sum: u128, count: u64) -> f64 {
    sum as f64 / count as f64
}

/// The writes that the crashes lost, in the mean.
fn mean_loss(crashes: &[Crash]) -> f64 {
    let sum = crashes.iter().map(|crash| u128::from(crash.loss.writes)).sum();
    mean(sum, crashes.len() as u64)
}

/// Asserts that a number is within a share of what is expected.
#[track_caller]
fn near(found: f64, expected: f64, share: f64) {
    let off = (found / expected - 1.0).abs();
    assert!(off <= share, "{found} is not {expected} +-{} %", share * 100.0);
}

/// Asserts that a number is within so much of what is expected.
#[track_caller]
fn within(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found} is not {expected} +-{tolerance}");
}
