//! Claims 6, 7 and 32: what a crash loses, of how long, and of how many writes.

use std::collections::BTreeMap;

use durability::{Crash, CrashPoints, LostBlock, Ticks};
use trace::Record;

use super::{
    MS, SECOND, at, crashes, evenly, keys, mean_loss, near, one, preset, seeded, write,
    write_through, writes_every,
};
use crate::reference::random::SplitMix;

/// A cache of open clients that takes 1 us.
const OPEN: [&str; 2] = ["clients=Open", "Keys.latency=1us"];

/// Writes of 60 keys at random moments, one in 5 ms in the mean: (moment, key), in order.
fn random_writes(seed: u64, to: Ticks) -> Vec<(Ticks, u64)> {
    let mut random = SplitMix::new(seed);
    let mut moment = 0;
    let mut writes = Vec::new();
    while moment < to {
        // Low keys are the likelier ones.
        let key = random.below(60) * random.below(60) / 60;
        writes.push((moment, key));
        moment += 1 + random.below(10 * MS);
    }
    writes
}

fn records(writes: &[(Ticks, u64)]) -> Vec<Record> {
    writes.iter().flat_map(|(moment, key)| [at(*moment), write(*key)]).collect()
}

/// What a crash has to lose: writes taken by the caches since the last flush that was acknowledged
/// and acknowledged themselves. The flushes of an interval hold what was taken before their tick.
fn expected_loss(
    writes: &[(Ticks, u64)],
    (every, flush, latency): (Ticks, Ticks, Ticks),
    crash: Ticks,
) -> Vec<LostBlock> {
    let stored = crash.saturating_sub(flush) / every * every;
    let mut lost: BTreeMap<u64, (u64, Ticks)> = BTreeMap::new();
    for (moment, key) in writes {
        let acknowledged = moment + latency;
        if *moment >= stored && acknowledged <= crash {
            let (writes, _) = lost.entry(*key).or_insert((0, acknowledged));
            *writes += 1;
        }
    }
    let block = |(key, (writes, oldest)): (u64, (u64, Ticks))| LostBlock {
        block: cache::LineAddr(key),
        writes,
        max_age: crash - oldest,
    };
    let mut lost: Vec<_> = lost.into_iter().map(block).collect();
    lost.sort_by_key(|lost| (std::cmp::Reverse(lost.max_age), lost.block));
    lost
}

#[test]
fn claim_06_a_crash_loses_exactly_what_is_not_stored() {
    // One call a flush: 100 ms whatever it holds. The engine proves each crash by its ledger; this
    // is a third route, which knows nothing but the interval.
    let call = ["durability.store.latency=100ms", "durability.store.batch_cost=0"];
    let order = ["durability.flush.every=1s", "durability.flush.order=Causal"];
    let settings = ["clients=Open", call[0], call[1], order[0], order[1]];
    let writes = random_writes(6, 20 * SECOND);
    let points = CrashPoints::At(seeded(61, 19_900 * MS, 1000));
    let run = crashes(&keys(&settings), one(records(&writes)), points);
    assert_eq!(run.crashes.len(), 1000);
    for crash in &run.crashes {
        let expected = expected_loss(&writes, (SECOND, 100 * MS, 300), crash.at);
        assert_eq!(crash.lost, expected, "at {}", crash.at);
        assert_eq!(crash.loss.blocks, expected.len() as u64);
        assert_eq!(crash.loss.writes, expected.iter().map(|lost| lost.writes).sum::<u64>());
        assert_eq!(crash.loss.max_age, expected.first().map_or(0, |lost| lost.max_age));
    }
}

#[test]
fn claim_06_two_routes_agree_on_every_crash_however_writes_become_durable() {
    let variants: [&[&str]; 10] = [
        &[],
        &["durability.flush.coalesce=false"],
        &["durability.flush.order=Fifo"],
        &["durability.flush.batch=3", "durability.flush.workers=4"],
        &["durability.store.fail=0.3", "durability.store.failure=AckLost"],
        &["durability.store.fail=0.3", "durability.store.failure=Half"],
        &["durability.log.sync=Always", "durability.log.fsync=3ms"],
        &["durability.log.sync=EverySecond", "durability.store.fail=0.3"],
        &["durability.replicas.lags=[\"50ms\", \"1s\"]", "durability.replicas.promote=Index(1)"],
        &["durability.store.guard=false", "durability.flush.one_in_flight=false"],
    ];
    let writes = random_writes(7, 10 * SECOND);
    for (seed, variant) in variants.into_iter().enumerate() {
        let store = ["durability.store.latency=40ms", "durability.store.distribution=Exponential"];
        let settings = ["clients=Open", "durability.flush.every=250ms", store[0], store[1]];
        let points = CrashPoints::At(seeded(seed as u64, 9900 * MS, 1000));
        let config = keys(&[&settings, variant].concat());
        let run = crashes(&config, one(records(&writes)), points);
        assert_eq!(run.crashes.len(), 1000, "{variant:?}");
        let lost: u64 = run.crashes.iter().map(|crash| crash.loss.writes).sum();
        assert_eq!(lost > 0, !variant.contains(&"durability.log.sync=Always"), "{variant:?}");
    }
}

#[test]
fn claim_06_what_is_stored_is_never_lost_again() {
    // Without new writes from 9.9 s on, the losses of later crashes are part of those of earlier
    // ones, in each block; log and replicas do not bring an old value back.
    let variants: [&[&str]; 3] =
        [&[], &["durability.log.sync=EverySecond"], &["durability.replicas.lags=[\"2s\"]"]];
    for variant in variants {
        let settings = ["clients=Open", "durability.flush.every=2s", "durability.flush.batch=4"];
        let config = keys(&[&settings, variant].concat());
        let mut records = records(&random_writes(8, 9900 * MS));
        records.extend([at(15 * SECOND), super::read(0)]);
        let run = crashes(&config, one(records), evenly(9911 * MS, 15 * SECOND, 1000));
        let by_block = |crash: &Crash| -> BTreeMap<_, _> {
            crash.lost.iter().map(|lost| (lost.block, lost.writes)).collect()
        };
        for pair in run.crashes.windows(2) {
            let (earlier, later) = (by_block(&pair[0]), by_block(&pair[1]));
            let is_part = |(block, writes)| earlier.get(block).is_some_and(|had| had >= writes);
            assert!(later.iter().all(is_part), "{variant:?} at {}", pair[1].at);
        }
        assert!(run.crashes[0].loss.writes > 0);
        assert_eq!(run.crashes[999].loss.writes, 0);
    }
}

/// Crashes of a run and the longest age of a loss, checked against a bound.
fn bounded(config: &driver::config::Config, run: &super::Run, every: Ticks, flush: Ticks) {
    let bound = every.max(flush) + flush;
    let seen = run.crashes.iter().map(|crash| crash.loss.max_age).max().unwrap_or(0);
    let longest = run.outcome.over_time.max_age;
    assert!(seen <= longest && longest <= bound, "{seen} {longest} {bound} {config:?}");
    assert!(longest > every, "{longest} is above T");
}

#[test]
fn claim_07_the_loss_window_is_bounded_by_t_and_f() {
    // 500 keys in turn, 1,000 writes a second; a flush of all is one call of 100 ms and
    // 500 x 0.8 ms: f = 0.5 s.
    let call = ["durability.store.latency=100ms", "durability.store.batch_cost=800us"];
    let order = ["durability.flush.every=5s", "durability.flush.order=Causal"];
    let config = keys(&[OPEN[0], OPEN[1], call[0], call[1], order[0], order[1]]);
    let writes = || one(writes_every(MS, 62_000, |number| number % 500));
    let (every, flush) = (5 * SECOND, 500 * MS);
    let run = crashes(&config, writes(), evenly(10 * SECOND, 60 * SECOND, 5000));
    bounded(&config, &run, every, flush);
    // Written at a tick, right behind it, and acknowledged after 1 us: stored T + f after the tick.
    assert_eq!(run.outcome.over_time.max_age, every + flush - 1);
    // One atomic batch: rate x (T / 2 + f).
    near(mean_loss(&run.crashes), 1000.0 * (2.5 + 0.5), 0.01);
}

#[test]
fn claim_07_a_flush_longer_than_the_interval_doubles_the_window() {
    // As before, with T = 1 s and f = 1 s + 500 x 1 ms = 1.5 s. A tick is missed during the flush
    // and made up at its end: the next flush begins when this one is over.
    let call = ["durability.store.latency=1s", "durability.store.batch_cost=1ms"];
    let order = ["durability.flush.every=1s", "durability.flush.order=Causal"];
    let config = keys(&[OPEN[0], OPEN[1], call[0], call[1], order[0], order[1]]);
    let writes = one(writes_every(MS, 32_000, |number| number % 500));
    let (every, flush) = (SECOND, 1500 * MS);
    let run = crashes(&config, writes, evenly(10 * SECOND, 31 * SECOND, 2000));
    bounded(&config, &run, every, flush);
    assert_eq!(run.outcome.over_time.max_age, flush + flush - 1);
}

#[test]
fn claim_07_many_batches_are_stored_half_a_flush_after_the_trigger() {
    // New keys, 1,000 a second, T = 1 s: 100 batches of 10 rows, 4 ms + 10 x 0.1 ms each, so
    // f = 0.5 s. A row is acknowledged (f + 5 ms) / 2 = 252.5 ms after the trigger in the mean.
    let call = ["durability.store.latency=4ms", "durability.store.batch_cost=100us"];
    let flush = ["durability.flush.every=1s", "durability.flush.batch=10"];
    let config = keys(&[OPEN[0], OPEN[1], call[0], call[1], flush[0], flush[1]]);
    let writes = one(writes_every(MS, 22_000, |number| number));
    let run = crashes(&config, writes, evenly(2 * SECOND, 20 * SECOND, 5000));
    bounded(&config, &run, SECOND, 500 * MS);
    let mean = mean_loss(&run.crashes);
    near(mean, 1000.0 * (0.5 + 0.2525), 0.01);
    near(mean, 1000.0 * (0.5 + 0.5 / 2.0), 0.01);
}

#[test]
fn claim_07_with_no_time_to_flush_the_window_is_the_interval() {
    let call = ["durability.store.latency=0", "durability.store.batch_cost=0"];
    let every = "durability.flush.every=1s";
    let config = keys(&[OPEN[0], OPEN[1], call[0], call[1], every]);
    let writes = one(writes_every(MS, 22_000, |number| number % 500));
    let run = crashes(&config, writes, evenly(2 * SECOND, 20 * SECOND, 5000));
    // Acknowledged 1 us after the tick, stored at the next.
    assert_eq!(run.outcome.over_time.max_age, SECOND - 1);
    near(mean_loss(&run.crashes), 1000.0 * 0.5, 0.01);
}

#[test]
fn claim_32_write_through_loses_nothing_that_was_acknowledged() {
    let variants: [&[&str]; 3] = [
        &[],
        &["durability.store.fail=0.2", "durability.store.failure=AckLost"],
        &["durability.store.distribution=Exponential", "durability.store.parallel=2"],
    ];
    let closed: Vec<_> = (0..4)
        .map(|seed| random_writes(seed, 2 * SECOND).into_iter().map(|(_, key)| write(key)))
        .map(Iterator::collect::<Vec<_>>)
        .collect();
    for variant in variants {
        let config = keys(&[&["durability.flush.every=1s"][..], variant].concat());
        let back = crashes(&config, super::clients(closed.clone()), CrashPoints::Every(1));
        assert!(back.crashes.iter().any(|crash| crash.loss.writes > 0), "{variant:?}");
        let config = write_through(config);
        for points in [CrashPoints::Every(1), CrashPoints::At(seeded(32, 800 * MS, 1000))] {
            let through = crashes(&config, super::clients(closed.clone()), points);
            assert!(through.crashes.len() >= 1000);
            assert!(through.crashes.iter().all(|crash| crash.loss.writes == 0), "{variant:?}");
            assert_eq!(through.outcome.at_end.writes, 0);
            assert_eq!(through.outcome.store_writes, through.outcome.writes);
        }
    }
    // The preset that is write-through as it comes.
    let writes = one(records(&random_writes(9, 5 * SECOND)));
    let run = crashes(&preset("hazelcast", &[]), writes, CrashPoints::Every(1));
    assert!(run.crashes.iter().all(|crash| crash.loss.writes == 0));
}
