//! Claims 13 and 14: in which order writes reach the store, and what it ends up with.

use durability::Outcome;
use trace::Record;

use super::{SECOND, at, keys, one, read, run, within, write};
use crate::reference::random::SplitMix;

/// Random writes of 50 keys, one a millisecond; batches of 8 go to the store on 2 workers.
fn in_order(order: &str) -> Outcome {
    let order = format!("durability.flush.order={order}");
    let workers = ["durability.flush.workers=2", "durability.flush.batch=8"];
    let store = ["durability.store.latency=20ms", "durability.store.distribution=Exponential"];
    let every = "durability.flush.every=100ms";
    let config = keys(&["clients=Open", workers[0], workers[1], store[0], store[1], every, &order]);
    let mut random = SplitMix::new(13);
    let records: Vec<_> =
        (0..10_000).flat_map(|ms| [at(ms * super::MS), write(random.below(50))]).collect();
    run(&config, one(records)).outcome
}

#[test]
fn claim_13_without_an_order_b_may_reach_the_store_before_a() {
    let outcome = in_order("Unordered");
    assert!(outcome.order_inversions > 0);
    assert!(outcome.non_prefix_batches > 0);
}

#[test]
fn claim_13_first_in_first_out_has_no_inversions_yet_states_that_never_were() {
    let outcome = in_order("Fifo");
    assert_eq!(outcome.order_inversions, 0);
    assert!(outcome.non_prefix_batches > 0);
}

#[test]
fn claim_13_atomic_flushes_have_neither() {
    let outcome = in_order("Causal");
    assert_eq!((outcome.order_inversions, outcome.non_prefix_batches), (0, 0));
    assert!(outcome.store_writes > 0);
}

/// Writes A = 1 and A = 2, sent together on two workers: the share of the keys in the store that
/// have another final value than 2.
fn stale_finals(settings: &[&str]) -> f64 {
    const PAIRS: u64 = 2000;
    let flush = ["flush.coalesce=false", "flush.one_in_flight=false", "flush.batch=1"];
    let more = ["flush.workers=2", "flush.every=1s", "store.latency=10ms", "store.batch_cost=0"];
    let random = ["store.distribution=Exponential", "seed=14"];
    let mut config: Vec<String> =
        [&flush[..], &more, &random].concat().into_iter().map(in_section).collect();
    config.push("clients=Open".to_owned());
    config.extend(settings.iter().copied().map(in_section));
    let config: Vec<_> = config.iter().map(String::as_str).collect();
    // A pair in each second, and long after the last one a read, so that all has been stored.
    let pair = |key| -> [Record; 3] { [at(key * SECOND + SECOND / 2), write(key), write(key)] };
    let end = [at((PAIRS + 10) * SECOND), read(0)];
    let outcome = run(&keys(&config), one((0..PAIRS).flat_map(pair).chain(end))).outcome;
    assert_eq!(outcome.store_writes + outcome.coalesced, 2 * PAIRS);
    assert_eq!(
        (outcome.dirty_now, super::by_trigger(&outcome, durability::Trigger::Shutdown)),
        (0, 0)
    );
    // A block whose content is not the last value lost it in a crash.
    outcome.at_end.blocks as f64 / PAIRS as f64
}

fn in_section(setting: &str) -> String {
    format!("durability.{setting}")
}

#[test]
fn claim_14_two_writes_sent_together_leave_the_older_one_in_half_the_runs() {
    // Either of two equal exponential latencies is the shorter one; in equal ticks the later write
    // is the last.
    within(stale_finals(&["store.guard=false"]), 0.497, 0.03);
}

#[test]
fn claim_14_a_guard_or_one_flight_at_a_time_or_coalescing_leaves_the_newer_one() {
    assert_eq!(stale_finals(&["store.guard=true"]).to_bits(), 0);
    assert_eq!(stale_finals(&["store.guard=false", "flush.one_in_flight=true"]).to_bits(), 0);
    assert_eq!(stale_finals(&["store.guard=false", "flush.coalesce=true"]).to_bits(), 0);
}
