//! Claims 1, 3 and 10: what a write costs its client.

use super::{MS, clients, keys, near, run, write, write_through};
use crate::reference::random::SplitMix;

/// Writes of one client to 300 keys at random.
fn random_writes(seed: u64, writes: usize) -> impl Iterator<Item = trace::Record> + Send {
    let mut random = SplitMix::new(seed);
    (0..writes).map(move |_| write(random.below(300)))
}

#[test]
fn claim_01_write_latency_does_not_depend_on_the_store() {
    let latency = |store: &str| {
        let config = keys(&["durability.flush.every=50ms", store]);
        let outcome = run(&config, clients((0..4).map(|seed| random_writes(seed, 2000)))).outcome;
        assert_eq!(outcome.writes, 4 * 2000);
        assert!(outcome.flushes.first.is_some_and(|first| first == 50 * MS));
        outcome.write_latency
    };
    let (fast, slow) =
        (latency("durability.store.latency=1ms"), latency("durability.store.latency=200ms"));
    assert_eq!(fast, slow);
    // That of the cache: 0.3 ms.
    assert_eq!((slow.p50, slow.p99, slow.all.max), (300, 300, 300));
}

#[test]
fn claim_03_writes_are_5_to_10_times_as_fast_as_through_to_the_store() {
    // (0.3 ms + store) / 0.3 ms.
    let table = [("1.2ms", 5.0), ("1.5ms", 6.0), ("2.7ms", 10.0), ("3ms", 11.0), ("200ms", 667.7)];
    for (store, times) in table {
        let store = format!("durability.store.latency={store}");
        let back = keys(&["durability.flush.every=5s", &store]);
        let through = write_through(back.clone());
        let [back, through] = [back, through].map(|config| {
            let outcome = run(&config, clients([random_writes(7, 1000)])).outcome;
            assert_eq!(outcome.writes, 1000);
            outcome.write_latency.all.sum as f64
        });
        near(through / back, times, 0.01);
    }
}

#[test]
fn claim_10_a_log_costs_an_fsync_that_the_writes_of_a_turn_share() {
    // n requests of 0.1 ms and one fsync of 1 ms a turn, or none: (0.1 n + 1) / 0.1 n. The table's
    // own words: 11, 6.0, 2.25 and 1.16.
    for (n, times, shown) in [(1, 11.0, 11.0), (2, 6.0, 6.0), (8, 2.25, 2.25), (64, 1.156_25, 1.16)]
    {
        let mean_of = |sync: &str| {
            let sync = format!("durability.log.sync={sync}");
            let serial = ["durability.log.serial=true", "durability.log.fsync=1ms"];
            let config = keys(&["Keys.latency=0.1ms", serial[0], serial[1], &sync]);
            let outcome =
                run(&config, clients((0..n).map(|seed| random_writes(seed, 200)))).outcome;
            assert_eq!(outcome.writes, 200 * n);
            (outcome.write_latency.all.sum as f64, outcome.elapsed as f64)
        };
        let (always, each_second) = (mean_of("Always"), mean_of("EverySecond"));
        for found in [always.0 / each_second.0, always.1 / each_second.1] {
            near(found, times, 0.01);
            near(found, shown, 0.01);
        }
    }
}
