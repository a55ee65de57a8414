//! Claims 15 and 16: what is read through the cache, and past it.

use durability::{CrashPoints, Trigger};
use trace::Record;

use super::{
    MS, Run, SECOND, at, by_trigger, clients, crashes, evenly, keys, mean, near, one, read, run,
    within, write,
};
use crate::reference::random::SplitMix;

#[test]
fn claim_15_a_read_through_the_cache_sees_the_last_write() {
    // Four clients of 200 keys in a cache of 16 blocks: most reads miss, while write-backs that
    // take 30 ms are under way.
    let small = ["Keys.size=1KiB", "durability.store.latency=30ms"];
    let trigger = ["durability.flush.every=100ms", "durability.flush.workers=4"];
    let config = keys(&[small[0], small[1], trigger[0], trigger[1]]);
    let accesses = |seed| {
        let mut random = SplitMix::new(seed);
        let access = move |_| {
            let key = random.below(200);
            if random.chance(50) { write(key) } else { read(key) }
        };
        (0..3000).map(access)
    };
    // Every load is compared with the last store: a violation would be an error.
    let run = crashes(&config, clients((0..4).map(accesses)), evenly(0, 900 * MS, 1000));
    assert!(run.checked_loads > 4 * 1000);
    assert!(by_trigger(&run.outcome, Trigger::Eviction) > 1000);
    assert!(run.tally.totals().counters.read_misses > 1000);
    // After a crash a reader sees the store: what is lost, it reads in an older version.
    assert!(run.crashes.iter().any(|crash| crash.loss.blocks > 0));
}

#[test]
fn claim_15_a_miss_during_the_write_back_is_served_from_it() {
    // A cache of one block: B evicts A, whose write-back takes 200 ms; A is read 0.6 ms after it
    // was written, hit, and evicted again by B: five misses of six.
    let config = keys(&["Keys.size=64B", "durability.store.latency=200ms"]);
    let records = [write(0), write(1), read(0), write(0), read(1), read(0)];
    let run = crashes(&config, one(records), CrashPoints::Every(1));
    assert_eq!(run.checked_loads, 3);
    assert_eq!(run.tally.totals().counters.misses, 5);
    // The store has nothing yet, so after a crash reads of both keys would see nothing.
    let last = run.crashes.last().expect("it crashed");
    assert_eq!((last.loss.writes, last.loss.blocks), (3, 2));
}

const KEYS: u64 = 1000;
/// A key is written in every fourth window, so once while it waits.
const TURNS: u64 = 4;
const WINDOWS: u64 = 200;
/// The flush interval, in seconds.
const T: f64 = 5.0;

/// Writes in windows of 5 s, a quarter of the keys in each, at moments spread evenly over it.
fn spread_writes() -> Vec<Record> {
    let mut random = SplitMix::new(16);
    // All keys shortly before the first tick: the reader knows no others.
    let mut records = vec![at(5 * SECOND - MS)];
    records.extend((0..KEYS).map(write));
    for window in 1..=WINDOWS {
        let mut keys: Vec<_> = (0..KEYS).filter(|key| key % TURNS == window % TURNS).collect();
        let places = keys.len() as u64;
        for place in 0..places {
            let other = place + random.below(places - place);
            keys.swap(place as usize, other as usize);
            let width = 5 * SECOND / places;
            let moment = window * 5 * SECOND + place * width + random.below(width);
            records.extend([at(moment), write(keys[place as usize])]);
        }
    }
    records
}

/// Flushes of one call of f seconds, and 1,000 reads a second past the cache.
fn read_past(f: u64) -> Run {
    let store = format!("durability.store.latency={f}s");
    let cost = ["durability.store.batch_cost=0", "durability.store.parallel=1"];
    let flush = ["durability.flush.every=5s", "durability.readers.rate=1000"];
    let settings =
        ["clients=Open", "Keys.latency=1us", cost[0], cost[1], flush[0], flush[1], &store];
    run(&keys(&settings), one(spread_writes()))
}

#[test]
fn claim_16_readers_of_the_store_see_what_is_as_old_as_the_flushes() {
    for f in [0, 1, 2] {
        let outcome = read_past(f).outcome;
        let f = f as f64;
        let second = SECOND as f64;
        let stored = mean(outcome.loss_window.sum, outcome.loss_window.count) / second;
        // The first writes of all keys wait for f, the others for T / 2 more.
        let others = (WINDOWS * KEYS / TURNS) as f64;
        near(stored, f + T / 2.0 * others / (others + KEYS as f64), 0.01);
        let seen = outcome.staleness.expect("it has a reader");
        // A write waits for w = f + 0..T; a read that falls into it sees it w / 2 old, and the more
        // likely the longer it is: E(w^2) / 2 E(w).
        let expected = ((T / 2.0 + f).powi(2) + T.powi(2) / 12.0) / (T + 2.0 * f);
        let found = mean(seen.reads.sum, seen.stale) / second;
        near(found, expected, 0.02);
        if f < 0.5 {
            within(found, 1.67, 0.03);
        }
        assert!(seen.reads.max as f64 <= (T + f) * second);
        // A key waits for T/2 + f of every four windows.
        let ratio = seen.stale as f64 / seen.reads.count as f64;
        near(ratio, (T / 2.0 + f) / (TURNS as f64 * T), 0.02);
    }
}
