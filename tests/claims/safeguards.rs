//! Claims 9 and 11: what a log and replicas keep.

use durability::{CrashPoints, Ticks};

use super::{
    MS, Run, SECOND, clients, crashes, evenly, keys, mean_loss, one, seeded, within, write,
    writes_every,
};
use crate::reference::random::SplitMix;

/// A cache of open clients that takes 1 us, over a store that gets nothing.
const OPEN: [&str; 2] = ["clients=Open", "Keys.latency=1us"];

fn oldest(run: &Run) -> Ticks {
    run.crashes.iter().map(|crash| crash.loss.max_age).max().unwrap_or(0)
}

/// 8 s of writes, 1,000 a second, of 100 keys in turn; crashes at the end of every
/// millisecond, and random ones.
fn logged(settings: &[&str]) -> Run {
    let config = keys(&[&OPEN, settings].concat());
    let mut points = seeded(9, 7999 * MS, 500);
    points.extend((0..7999).map(|number| number * MS + MS - 1));
    points.sort_unstable();
    let writes = one(writes_every(MS, 8000, |number| number % 100));
    let run = crashes(&config, writes, CrashPoints::At(points));
    assert_eq!(run.crashes.len(), 8499);
    run
}

#[test]
fn claim_09_a_log_that_is_always_synced_loses_nothing() {
    let run = logged(&["durability.log.sync=Always"]);
    assert!(run.crashes.iter().all(|crash| crash.loss.writes == 0));
    assert_eq!(run.outcome.at_end.writes, 0);
    // Closed clients that write as fast as they are answered, through one loop and without.
    for serial in ["durability.log.serial=true", "durability.log.serial=false"] {
        let config = keys(&["durability.log.sync=Always", serial, "durability.flush.every=50ms"]);
        let writes = |seed| {
            let mut random = SplitMix::new(seed);
            (0..100).map(move |_| write(random.below(20)))
        };
        let run = crashes(&config, clients((0..8).map(writes)), evenly(0, 100 * MS, 1000));
        assert!(run.crashes.iter().all(|crash| crash.loss.writes == 0));
    }
}

#[test]
fn claim_09_a_log_that_is_synced_every_second_loses_a_second_and_an_fsync() {
    let run = logged(&["durability.log.sync=EverySecond"]);
    assert!(oldest(&run) > SECOND && oldest(&run) <= SECOND + MS, "{}", oldest(&run));
    let run = logged(&["durability.log.sync=EverySecond", "durability.log.fsync=400ms"]);
    assert!(oldest(&run) > SECOND + 390 * MS && oldest(&run) <= SECOND + 400 * MS);
    // The fsync of 2 s stands still until 5 s: the writes since 1 s are lost until it ends.
    let stall = "durability.log.stalls=[(at: \"2 s\", for: \"3 s\")]";
    let run = logged(&["durability.log.sync=EverySecond", stall]);
    within(oldest(&run) as f64 / SECOND as f64, 4.0, 0.005);
}

#[test]
fn claim_09_a_torn_record_is_dropped_and_replay_takes_effect_once() {
    // The fsync of 1 s takes 100 ms. A crash in the middle loses all of its records; at its end
    // only what came after 1 s. (The proof of each crash replays the log as well.)
    let sync = ["durability.log.sync=EverySecond", "durability.log.fsync=100ms"];
    let config = keys(&[OPEN[0], OPEN[1], sync[0], sync[1]]);
    let points = CrashPoints::At(vec![SECOND - 1, SECOND + 50 * MS, 1100 * MS - 1, 1100 * MS]);
    let run = crashes(&config, one(writes_every(MS, 1500, |number| number % 100)), points);
    let lost: Vec<_> = run.crashes.iter().map(|crash| crash.loss.writes).collect();
    // Writes are acknowledged 1 us after each millisecond; that of 1 s missed the fsync.
    assert_eq!(lost, [1000, 1050, 1100, 100]);
}

#[test]
fn claim_09_a_log_that_is_never_synced_keeps_nothing() {
    let flush = "durability.flush.every=2s";
    let (without, with) = (logged(&[flush]), logged(&[flush, "durability.log.sync=No"]));
    assert!(oldest(&with) > 2 * SECOND);
    assert_eq!(with.crashes, without.crashes);
}

/// 10,000 writes a second for 2 s; crashes while they go on.
fn replicated(settings: &[&str]) -> Run {
    let config = keys(&[&OPEN, settings].concat());
    let writes = one(writes_every(100, 20_000, |number| number % 1000));
    crashes(&config, writes, evenly(SECOND, 2 * SECOND, 1000))
}

#[test]
fn claim_11_replicas_that_lag_5_ms_lose_the_writes_of_5_ms() {
    let run = replicated(&["durability.replicas.lags=[\"5 ms\"]"]);
    // 5.00 ms x 10,000 a second.
    within(mean_loss(&run.crashes), 50.0, 0.5);
    assert!(run.crashes.iter().all(|crash| crash.loss.max_age <= 5 * MS));
    // Of several the one that has most takes over.
    let run = replicated(&["durability.replicas.lags=[\"80 ms\", \"5 ms\"]"]);
    within(mean_loss(&run.crashes), 50.0, 0.5);
}

#[test]
fn claim_11_waiting_for_one_replica_loses_nothing_if_that_one_takes_over() {
    let lags = "durability.replicas.lags=[\"5 ms\", \"50 ms\"]";
    let run = replicated(&[lags, "durability.replicas.wait=1"]);
    assert!(run.crashes.iter().all(|crash| crash.loss.writes == 0));
    assert_eq!(run.outcome.at_end.writes, 0);
    // A write is acknowledged after 1 us + 5 ms.
    assert_eq!(run.outcome.write_latency.all.max, 1 + 5 * MS);
    // The stale one has it 45 ms later: 450 writes.
    let stale = "durability.replicas.promote=Index(1)";
    let run = replicated(&[lags, "durability.replicas.wait=1", stale]);
    within(mean_loss(&run.crashes), 450.0, 4.5);
}
