//! Claims 18 and 19: a store that fails, and a queue that is full.

use durability::{CrashPoints, Outcome, Trigger};
use trace::Record;

use super::{
    MS, SECOND, at, by_trigger, clients, crashes, keys, near, one, read, run, write, writes_every,
};
use crate::reference::random::SplitMix;

#[test]
fn claim_18_a_store_that_fails_gets_every_write_once() {
    for failure in ["NotApplied", "AckLost", "Half"] {
        for coalesce in ["true", "false"] {
            let failure = format!("durability.store.failure={failure}");
            let coalesce = format!("durability.flush.coalesce={coalesce}");
            let store = ["durability.store.fail=0.1", "durability.store.latency=10ms"];
            let flush = ["flush.every=1s", "flush.batch=20", "flush.workers=2"];
            let flush = flush.map(|key| format!("durability.{key}"));
            let settings = ["clients=Open", store[0], store[1], &failure, &coalesce];
            let flush: Vec<_> = flush.iter().map(String::as_str).collect();
            let config = keys(&[&settings[..], &flush].concat());
            let mut random = SplitMix::new(18);
            let mut records: Vec<_> =
                (0..20_000).flat_map(|ms| [at(ms * MS), write(random.below(400))]).collect();
            records.extend([at(40 * SECOND), read(0)]);
            let run = crashes(&config, one(records), CrashPoints::Every(100));
            let outcome = run.outcome;
            assert!(outcome.retries > 10, "{failure}: {} retries", outcome.retries);
            // Stored before the run is over, and in the last version: a crash loses nothing.
            assert_eq!((outcome.at_end.writes, outcome.dirty_now, outcome.dropped), (0, 0, 0));
            // A version that was applied and is sent again counts, and takes effect, once.
            assert_eq!(outcome.store_writes + outcome.coalesced, 20_000, "{failure}");
            assert_eq!(outcome.coalesced > 0, coalesce.ends_with("true"));
        }
    }
}

#[test]
fn claim_18_an_outage_fills_the_queue_with_what_was_written_since_the_last_tick() {
    // New keys, 100 a second; ticks every 5 s take 500 rows, one call of 10 ms. The outage is from
    // 20 s to 80 s. The call of 20 s is sent again every 110 ms: 546 times until it is after 80 s
    // (545 x 0.11 = 59.95 s), at 80.06 s, and is acknowledged at 80.07 s. Until then the keys of
    // 15.00 s to 80.06 s are dirty: 6,507.
    let store = ["durability.store.latency=10ms", "durability.store.batch_cost=0"];
    let outage = "durability.store.outages=[(at: \"20 s\", for: \"60 s\")]";
    let retry = "durability.store.retry.delay=100ms";
    let every = "durability.flush.every=5s";
    let config =
        keys(&["clients=Open", "Keys.latency=1us", store[0], store[1], outage, retry, every]);
    let records = writes_every(10 * MS, 10_000, |number| number);
    let records = records.chain([at(110 * SECOND), read(0)]);
    let outcome = run(&config, one(records)).outcome;
    assert_eq!((outcome.dirty_peak, outcome.retries), (6507, 546));
    assert_eq!((outcome.store_writes, outcome.coalesced, outcome.dropped), (10_000, 0, 0));
    assert_eq!((outcome.at_end.writes, outcome.dirty_now), (0, 0));
    assert_eq!(by_trigger(&outcome, Trigger::Shutdown), 0);
}

/// A client that writes 5,000 new keys, as fast as it is answered: 0.1 ms.
fn hurried(settings: &[&str]) -> Outcome {
    let store = ["durability.store.latency=50ms", "durability.store.batch_cost=50us"];
    let fixed = ["Keys.latency=0.1ms", "durability.flush.every=5s", store[0], store[1]];
    let config = keys(&[&fixed, settings].concat());
    run(&config, clients([(0..5000).map(write)])).outcome
}

fn mean_ms(outcome: &Outcome) -> f64 {
    super::mean(outcome.write_latency.all.sum, outcome.write_latency.all.count) / 1000.0
}

#[test]
fn claim_19_a_full_queue_that_blocks_makes_writes_slow_and_less_so_as_a_trigger() {
    let free = hurried(&[]);
    assert_eq!(free.write_latency.all.max, 100);
    let bound = "durability.queue.capacity=100";
    // 100 writes, then nothing until the next tick: 50 ms a write. The last 100 are written in
    // 10 ms after the tick of 245 s.
    let timer_alone = hurried(&[bound, "durability.queue.trigger=false"]);
    near(mean_ms(&timer_alone), (245_000.0 + 10.0) / 5000.0, 0.001);
    near(mean_ms(&timer_alone), 50.0, 0.03);
    // A flush of 100 takes 50 ms + 100 x 50 us = 55 ms, in which the next 100 are written: 0.55 ms
    // a write, less for the first and the last 100, whom no flush holds up: 10 ms each.
    let triggered = hurried(&[bound]);
    near(mean_ms(&triggered), (10.0 + 48.0 * 55.0 + 10.0) / 5000.0, 0.001);
    for outcome in [&timer_alone, &triggered] {
        assert_eq!((outcome.writes, outcome.store_writes, outcome.rejected), (5000, 5000, 0));
    }
    assert!(by_trigger(&triggered, Trigger::QueueFull) > 0);
    assert_eq!(by_trigger(&timer_alone, Trigger::QueueFull), 0);
}

#[test]
fn claim_19_a_full_queue_that_rejects_counts_each_write_that_it_refuses() {
    let bound = ["durability.queue.capacity=100", "durability.queue.overflow=Reject"];
    for trigger in ["durability.queue.trigger=true", "durability.queue.trigger=false"] {
        let outcome = hurried(&[bound[0], bound[1], trigger]);
        assert!(outcome.rejected > 0);
        assert_eq!(outcome.writes + outcome.rejected, 5000);
        // What was not refused is stored.
        assert_eq!((outcome.store_writes, outcome.dirty_now), (outcome.writes, 0));
        assert_eq!(outcome.write_latency.all.max, 100);
    }
}

#[test]
fn claim_19_a_full_queue_that_writes_through_takes_as_long_as_the_store() {
    // Nothing empties the queue: the first 100 keys wait, every other write is its own call.
    let queue = ["queue.capacity=100", "queue.overflow=WriteThrough", "queue.trigger=false"];
    let queue = queue.map(|key| format!("durability.{key}"));
    let store = "durability.store.latency=20ms";
    let config = keys(&[&queue[0], &queue[1], &queue[2], store]);
    let records = |count: u64| (0..count).map(|number| write(number % 150)).collect::<Vec<_>>();
    let run = crashes(&config, clients([records(300)]), CrashPoints::Every(1));
    // Of 150 keys in turn, twice: 100 at 0.3 ms, 50 at 20.3 ms, each time.
    let outcome = &run.outcome;
    let expected = 2 * (100 * 300 + 50 * 20_300);
    assert_eq!((outcome.writes, outcome.write_latency.all.sum), (300, expected));
    assert_eq!(outcome.write_latency.all.max, 20_300);
    // Lost is what waits, each key's two writes; what went through is there, in its last version.
    assert_eq!((outcome.at_end.writes, outcome.at_end.blocks), (200, 100));
    let crash = run.crashes.last().expect("it crashed");
    assert!(crash.lost.iter().all(|lost| lost.block.0 < 100));
    assert_eq!((outcome.store_writes, outcome.coalesced, outcome.dirty_now), (200, 100, 0));
}

#[test]
fn claim_19_final_values_are_right_when_writes_overtake_a_block_in_flight() {
    // Six clients, 40 keys, a queue of 8: write-throughs of blocks whose flush is under way.
    let queue = ["queue.capacity=8", "queue.overflow=WriteThrough", "flush.every=20ms"];
    let store = ["store.latency=30ms", "store.distribution=Exponential", "store.guard=false"];
    let settings = [&queue[..], &store].concat();
    let settings: Vec<_> = settings.iter().map(|key| format!("durability.{key}")).collect();
    let settings: Vec<_> = settings.iter().map(String::as_str).collect();
    let writes = |seed| -> Vec<Record> {
        let mut random = SplitMix::new(seed);
        let mut records: Vec<_> = (0..500).map(|_| write(random.below(40))).collect();
        records.extend([at(1000 * SECOND), read(0)]);
        records
    };
    let run = crashes(&keys(&settings), clients((0..6).map(writes)), CrashPoints::Every(1));
    let outcome = run.outcome;
    assert_eq!((outcome.writes, outcome.at_end.writes), (3000, 0));
    assert_eq!(outcome.store_writes + outcome.coalesced, 3000);
}
