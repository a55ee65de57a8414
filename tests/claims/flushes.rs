//! Claims 2, 4, 5, 12 and 17: when blocks are flushed, and how many writes that saves.

use durability::{CrashPoints, Trigger};
use trace::synth::{Generator, Options};

use super::{
    MS, SECOND, at, by_trigger, crashes, evenly, flushes, keys, mean, mean_loss, near, one, read,
    run, within, write, writes_every,
};

/// Open clients of a cache that takes 1 us.
const OPEN: [&str; 2] = ["clients=Open", "Keys.latency=1us"];

#[test]
fn claim_02_the_timer_flushes_every_5_seconds() {
    // New keys, 1,000 a second.
    let config = keys(&[OPEN[0], OPEN[1], "durability.flush.every=5s"]);
    let outcome = run(&config, one(writes_every(MS, 12_001, |number| number))).outcome;
    assert_eq!(outcome.flushes.first, Some(5 * SECOND));
    assert_eq!(by_trigger(&outcome, Trigger::Timer), 2);
    assert_eq!((flushes(&outcome), by_trigger(&outcome, Trigger::Shutdown)), (3, 1));
}

#[test]
fn claim_02_a_hundred_dirty_blocks_are_flushed_every_tenth_of_a_second() {
    let config = keys(&[OPEN[0], OPEN[1], "durability.flush.dirty_count=100"]);
    // The hundredth new key is written at 99 ms; its flush takes 2 ms + 100 x 50 us = 7 ms. At
    // 106 ms the keys of 0 to 99 ms are stored; 100 to 105 were acknowledged since.
    let edges = (0..10).flat_map(|flush| [106 * MS - 1, 106 * MS].map(|at| at + flush * 100 * MS));
    let points = CrashPoints::At(edges.collect());
    let run = crashes(&config, one(writes_every(MS, 1100, |number| number)), points);
    let lost: Vec<_> = run.crashes.iter().map(|crash| crash.loss.writes).collect();
    assert_eq!(lost, [106, 6].repeat(10));
    let outcome = run.outcome;
    assert_eq!(outcome.flushes.first, Some(99 * MS));
    assert_eq!((by_trigger(&outcome, Trigger::DirtyCount), flushes(&outcome)), (11, 11));
    assert_eq!(outcome.flushes.blocks, 1100);
}

#[test]
fn claim_02_of_timer_and_size_whichever_comes_first_flushes() {
    let both = ["durability.flush.every=5s", "durability.flush.dirty_count=100"];
    let config = keys(&[OPEN[0], OPEN[1], both[0], both[1]]);
    // 10 new keys a second are 50 in 5 s: the timer's.
    let slow = run(&config, one(writes_every(100 * MS, 110, |number| number))).outcome;
    assert_eq!(slow.flushes.first, Some(5 * SECOND));
    assert_eq!(by_trigger(&slow, Trigger::DirtyCount), 0);
    assert_eq!(by_trigger(&slow, Trigger::Timer), 2);
    // 1,000 a second are 100 in 0.1 s: 50 flushes by their number, and nothing is left at 5 s.
    let fast = run(&config, one(writes_every(MS, 5000, |number| number))).outcome;
    assert_eq!(fast.flushes.first, Some(99 * MS));
    assert_eq!(by_trigger(&fast, Trigger::DirtyCount), 50);
    assert_eq!(flushes(&fast), 50);
}

#[test]
fn claim_04_a_hundred_updates_of_a_key_in_a_window_become_one() {
    let config = keys(&[OPEN[0], OPEN[1], "durability.flush.every=5s"]);
    let hot = writes_every(10 * MS, 100, |_| 7);
    let outcome = run(&config, one(hot.chain([at(6 * SECOND), read(7)]))).outcome;
    assert_eq!((outcome.writes, outcome.store_writes, outcome.coalesced), (100, 1, 99));
    assert_eq!((by_trigger(&outcome, Trigger::Timer), flushes(&outcome)), (1, 1));
}

#[test]
fn claim_04_but_a_key_of_each_window_is_a_row_of_each() {
    // Without it, claim 4 could be had by flushing nothing: ten windows with one update each.
    let config = keys(&[OPEN[0], OPEN[1], "durability.flush.every=5s"]);
    let each = (0..10).flat_map(|window| [at(window * 5 * SECOND + SECOND), write(7)]);
    let outcome = run(&config, one(each)).outcome;
    assert_eq!((outcome.writes, outcome.store_writes, outcome.coalesced), (10, 10, 0));
}

#[test]
fn claim_05_a_skewed_workload_saves_most_writes_and_a_uniform_one_does_not() {
    const KEYS: u64 = 2_000_000;
    const WRITES: u64 = 1_500_000;
    let table = [
        (0.0, 29.65, 0.2),
        (0.99, 76.1, 0.3),
        (1.1, 86.0, 0.3),
        (1.2, 92.2, 0.3),
        (1.4, 97.8, 0.3),
    ];
    for (theta, shown, tolerance) in table {
        // A flush has the keys that were drawn: the sum of 1 - (1 - p)^n.
        let weights = (1..=KEYS).map(|rank| (rank as f64).powf(-theta));
        let total: f64 = weights.clone().sum();
        let drawn = |weight: f64| -(WRITES as f64 * (-weight / total).ln_1p()).exp_m1();
        let rows: f64 = weights.map(drawn).sum();
        let derived = 100.0 * (1.0 - rows / WRITES as f64);
        // One flush, at the end: a row costs nothing, so that it ends in time.
        let mut settings = vec!["Keys.size=128MiB", "durability.store.batch_cost=0"];
        settings.extend(OPEN);
        let options =
            Options { players: KEYS, theta, rate: 50_000, seconds: 30, ..Options::default() };
        let records = Generator::Leaderboard.generate(&options).expect("the options are possible");
        let outcome = run(&keys(&settings), one(records)).outcome;
        assert_eq!((outcome.writes, flushes(&outcome), outcome.dirty_now), (WRITES, 1, 0));
        let reduction = 100.0 * (1.0 - outcome.store_writes as f64 / WRITES as f64);
        within(reduction, derived, tolerance);
        within(reduction, shown, tolerance);
    }
}

/// Two minutes of scores of 1,000 players, 1,000 a second.
fn scores() -> trace::synth::Records {
    let options = Options { players: 1000, rate: 1000, seconds: 120, ..Options::default() };
    Generator::Leaderboard.generate(&options).expect("the options are possible")
}

#[test]
fn claim_12_a_shorter_interval_loses_less_and_stores_more() {
    // 0.1 ms and 1000 x 1 us: f is 1.1 ms at most.
    let store = ["durability.store.latency=0.1ms", "durability.store.batch_cost=1us"];
    let found = [1, 2, 5, 10, 30].map(|seconds| {
        let every = format!("durability.flush.every={seconds}s");
        let batch = "durability.flush.batch=1000";
        let config = keys(&[OPEN[0], OPEN[1], store[0], store[1], batch, &every]);
        // A whole number of intervals, once the first is over.
        let points = evenly(30 * SECOND, 120 * SECOND, 1000);
        let run = crashes(&config, one(scores()), points);
        let loss = mean_loss(&run.crashes);
        // A write waits for T / 2 in the mean.
        near(loss, 1000.0 * f64::from(seconds) / 2.0, 0.02);
        (loss, run.outcome.store_writes as f64 / (run.outcome.elapsed as f64 / SECOND as f64))
    });
    for pair in found.windows(2) {
        assert!(pair[0].0 < pair[1].0, "the loss rises: {found:?}");
        assert!(pair[0].1 > pair[1].1, "the store's load falls: {found:?}");
    }
}

#[test]
fn claim_17_bigger_batches_coalesce_better_and_are_staler() {
    let found = [1, 2, 5, 10, 30].map(|seconds| {
        let every = format!("durability.flush.every={seconds}s");
        let readers = "durability.readers=(rate: 200.0)";
        let outcome = run(&keys(&[OPEN[0], OPEN[1], &every, readers]), one(scores())).outcome;
        let reads = outcome.staleness.expect("it has a reader").reads;
        let stored = outcome.store_writes as f64 * 1000.0 / outcome.writes as f64;
        (stored, mean(reads.sum, reads.count))
    });
    for pair in found.windows(2) {
        assert!(pair[0].0 > pair[1].0, "store writes of 1,000 writes fall: {found:?}");
        assert!(pair[0].1 < pair[1].1, "staleness rises: {found:?}");
    }
}
