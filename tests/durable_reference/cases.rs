//! Small runs worked by hand.
//!
//! A trace is a text for each client: `W3` writes block 3, `W3+2` blocks 3 and 4, `R3` reads,
//! `C3` cleans, `F3` flushes, `B` is a fence, `T5` computes for 5 ticks, `@50` sets the time to
//! tick 50. Unless a case says otherwise the cache takes 1 tick, the store 100, and nothing
//! triggers. Comments give sequences as s1, s2, ..., and times as begin-end.

use durability::{
    AgeFrom, Arrivals, Crash, CrashPoints, Distribution, Durability, Failure, Log, Order, Outcome,
    Overflow, PersistDomain, Promote, ReadBlocks, Readers, Replicas, Span, Sync, Ticks, Trigger,
};
use trace::{Op, Record};

use super::Machine;
use super::random::plain;

const BLOCK: u64 = 64;

fn record(word: &str) -> Record {
    let number = |text: &str| text.parse::<u64>().expect("a number");
    let (kind, rest) = word.split_at(1);
    let access = |op| {
        let (block, count) = rest.split_once('+').unwrap_or((rest, "1"));
        let size = if count == "1" { 4 } else { number(count) * BLOCK };
        Record::access(0, op, number(block) * BLOCK, size as u32)
    };
    match kind {
        "W" => access(Op::Write),
        "R" => access(Op::Read),
        "C" => access(Op::Clean),
        "F" => access(Op::Flush),
        "B" => Record::event(0, Op::Fence, 0),
        "T" => Record::event(0, Op::Compute, number(rest)),
        "@" => Record::event(0, Op::TimeTicks, number(rest)),
        _ => panic!("{word} is no record"),
    }
}

/// Runs clients of a cache of ten blocks.
fn run_with(
    latency: Ticks,
    spec: &Durability,
    clients: &[&str],
    crashes: &[Ticks],
) -> (Outcome, Vec<Crash>) {
    let records: Vec<Vec<Record>> =
        clients.iter().map(|text| text.split_whitespace().map(record).collect()).collect();
    let machine = Machine { latency, block_bytes: BLOCK, capacity: 10, clock_hz: 1_000 };
    super::run(spec, &machine, &records, &CrashPoints::At(crashes.to_vec()))
}

fn run(spec: &Durability, clients: &[&str]) -> Outcome {
    run_with(1, spec, clients, &[]).0
}

fn every(ticks: Ticks) -> Durability {
    let mut spec = plain();
    spec.flush.every = Some(ticks);
    spec
}

/// Whatever is written is taken at once.
fn at_once() -> Durability {
    let mut spec = plain();
    spec.flush.dirty_count = Some(1);
    spec
}

fn log(sync: Sync, fsync: Ticks, serial: bool) -> Durability {
    let mut spec = plain();
    spec.log = Some(Log { sync, fsync, serial, period: 100, stalls: Vec::new() });
    spec
}

fn flushes(outcome: &Outcome, trigger: Trigger) -> u64 {
    outcome.flushes.by_trigger[trigger as usize]
}

/// Writes that each crash loses, and the age of the oldest.
fn losses(crashes: &[Crash]) -> Vec<(u64, Ticks)> {
    crashes.iter().map(|crash| (crash.loss.writes, crash.loss.max_age)).collect()
}

#[test]
fn a_write_is_lost_until_the_orderly_end_stores_it() {
    // Acknowledged at 1, which is the end; sent then, stored at 101.
    let outcome = run(&plain(), &["W0"]);
    assert_eq!((outcome.elapsed, outcome.requests, outcome.writes), (1, 1, 1));
    assert_eq!((outcome.at_end.writes, outcome.at_end.blocks, outcome.at_end.max_age), (1, 1, 0));
    assert_eq!((outcome.store_writes, outcome.dirty_now, outcome.dirty_peak), (1, 0, 1));
    assert_eq!((outcome.loss_window.count, outcome.loss_window.sum), (1, 100));
    assert_eq!((flushes(&outcome, Trigger::Shutdown), outcome.flushes.first), (1, Some(1)));
}

#[test]
fn an_orderly_end_that_takes_too_long_leaves_blocks_dirty() {
    let mut spec = plain();
    spec.shutdown = 99;
    let outcome = run(&spec, &["W0"]);
    assert_eq!((outcome.store_writes, outcome.dirty_now, outcome.loss_window.count), (0, 1, 0));
    spec.shutdown = 100;
    let outcome = run(&spec, &["W0"]);
    assert_eq!((outcome.store_writes, outcome.dirty_now, outcome.loss_window.count), (1, 0, 1));
}

#[test]
fn the_timer_takes_what_is_dirty() {
    // Taken at 50, stored at 150; acknowledged at 1.
    let outcome = run(&every(50), &["W0 T200"]);
    assert_eq!((flushes(&outcome, Trigger::Timer), outcome.flushes.first), (1, Some(50)));
    assert_eq!((outcome.loss_window.sum, outcome.at_end.writes), (149, 0));
    // Lost from 1 to 150.
    assert_eq!((outcome.over_time.write_ticks, outcome.over_time.max_age), (149, 149));
}

#[test]
fn a_number_of_dirty_blocks_takes_them_all() {
    // s1, s2 at 0, 1: both taken and sent at 1, stored at 101. s3, s4 at 2, 3: taken at 3; the
    // one worker sends them at 101, stored at 201.
    let mut spec = plain();
    spec.flush.dirty_count = Some(2);
    let outcome = run(&spec, &["W0 W1 W2 W3"]);
    assert_eq!((flushes(&outcome, Trigger::DirtyCount), outcome.flushes.first), (2, Some(1)));
    assert_eq!(flushes(&outcome, Trigger::Shutdown), 0);
    assert_eq!(outcome.loss_window.sum, 100 + 99 + 198 + 197);
    // Two workers: stored at 101 and 103.
    spec.flush.workers = 2;
    assert_eq!(run(&spec, &["W0 W1 W2 W3"]).loss_window.sum, 100 + 99 + 100 + 99);
    // But not if the store takes one call at a time.
    spec.store.parallel = 1;
    assert_eq!(run(&spec, &["W0 W1 W2 W3"]).loss_window.sum, 100 + 99 + 198 + 197);
}

#[test]
fn the_count_is_of_blocks_and_not_of_writes() {
    let mut spec = plain();
    spec.flush.dirty_count = Some(2);
    assert_eq!(run(&spec, &["W0 W0 W0"]).flushes.first, Some(3));
}

#[test]
fn a_hot_key_is_stored_once() {
    let outcome = run(&every(1_000), &[&"W0 ".repeat(100)]);
    assert_eq!((outcome.writes, outcome.store_writes, outcome.coalesced), (100, 1, 99));
    // Five writers of one note.
    let outcome = run(&every(1_000), &["W0"; 5]);
    assert_eq!((outcome.writes, outcome.store_writes, outcome.coalesced), (5, 1, 4));
}

#[test]
fn a_write_during_a_flush_leaves_the_block_dirty() {
    // s1 is taken at 50, in flight 50-150. s2 at 100 is another version. The ticks at 100 and 150
    // come while s1 is out; the one at 150 comes when it is back, and takes s2: 150-250.
    let (outcome, crashes) =
        run_with(1, &every(50), &["W0 @100 W0 @300 R0"], &[149, 150, 200, 249, 250]);
    assert_eq!((outcome.store_writes, outcome.coalesced), (2, 0));
    assert_eq!(flushes(&outcome, Trigger::Timer), 2);
    assert_eq!((outcome.loss_window.sum, outcome.loss_window.max), (149 + 149, 149));
    assert_eq!(losses(&crashes), [(2, 148), (1, 49), (1, 99), (1, 148), (0, 0)]);
    assert_eq!(crashes[0].dirty, 1);
    assert_eq!(crashes[0].lost.len(), 1);
}

#[test]
fn a_missed_tick_is_made_up_when_the_flush_is_over() {
    // s1 is out 40-140; the ticks at 80 and 120 are missed. s2 at 100 is taken at 140, not at 160.
    let outcome = run(&every(40), &["W0 @100 W1 @300 R0"]);
    assert_eq!((outcome.loss_window.sum, outcome.loss_window.max), (139 + 139, 139));
}

#[test]
fn a_page_that_is_dirtied_once_waits_for_its_age_and_then_for_the_timer() {
    // Dirty at 2. The ticks at 5, ..., 30 find it too young; at 35 its age is 33.
    let mut spec = every(5);
    spec.flush.expire = 30;
    spec.store.latency = 1;
    let (outcome, _) = run_with(0, &spec, &["@2 W0 T100"], &[]);
    assert_eq!((outcome.flushes.first, outcome.loss_window.sum), (Some(35), 36 - 2));
}

#[test]
fn an_age_is_counted_from_the_first_or_the_last_write() {
    // Writes at 0 and 20, a tick every 10, age 25: 30 by the first write, 50 by the last.
    let mut spec = every(10);
    spec.flush.expire = 25;
    assert_eq!(run(&spec, &["W0 @20 W0 T100"]).flushes.first, Some(30));
    spec.flush.age_from = AgeFrom::LastWrite;
    assert_eq!(run(&spec, &["W0 @20 W0 T100"]).flushes.first, Some(50));
    // The age that none may pass is counted from the first.
    spec.flush.max_age = Some(37);
    let outcome = run(&spec, &["W0 @20 W0 T100"]);
    assert_eq!((outcome.flushes.first, flushes(&outcome, Trigger::MaxAge)), (Some(37), 1));
}

#[test]
fn a_log_that_is_synced_before_the_acknowledgement_loses_nothing() {
    // The cache until 1, the fsync 1-11. The second client's record comes when that has begun:
    // 11-21.
    let outcome = run(&log(Sync::Always, 10, false), &["W0", "W1"]);
    assert_eq!((outcome.write_latency.all.sum, outcome.write_latency.all.max), (11 + 21, 21));
    assert_eq!((outcome.over_time.write_ticks, outcome.at_end.writes), (0, 0));
    assert_eq!((outcome.loss_window.count, outcome.loss_window.sum), (2, 0));
    // Three that come during an fsync share the next: 0 at 1-11, the others 11-21.
    let outcome = run(&log(Sync::Always, 10, false), &["W0", "T1 W1", "T2 W2", "T3 W3"]);
    assert_eq!(outcome.write_latency.all.sum, 11 + 20 + 19 + 18);
}

#[test]
fn one_loop_syncs_once_a_turn() {
    // A turn handles both, 0-1 and 1-2, and syncs 2-12; the next is 12-24.
    let outcome = run(&log(Sync::Always, 10, true), &["W0 W0", "W1 W1"]);
    assert_eq!((outcome.elapsed, outcome.write_latency.all.sum), (24, 4 * 12));
    // Without the fsync: 0-1, 1-2; then those that asked at 1 and 2, at 2-3 and 3-4. A sixth.
    let outcome = run(&log(Sync::EverySecond, 10, true), &["W0 W0", "W1 W1"]);
    assert_eq!((outcome.elapsed, outcome.write_latency.all.sum), (4, 1 + 2 + 2 + 2));
    // A read waits for the fsync of a turn that writes, and not if there is none.
    assert_eq!(run(&log(Sync::Always, 10, true), &["W0", "R1"]).elapsed, 12);
    assert_eq!(run(&log(Sync::Always, 10, true), &["R0", "R1"]).elapsed, 2);
}

#[test]
fn a_log_that_is_synced_every_second_loses_a_second_and_what_the_disk_stood_still() {
    // s1 acknowledged at 51, synced 100-110 and 30 more for the stall; s2 at 121, 200-210.
    let mut spec = log(Sync::EverySecond, 10, false);
    spec.log.as_mut().unwrap().stalls = vec![Span { start: 105, end: 135 }];
    let (outcome, crashes) = run_with(1, &spec, &["@50 W0 @120 W1 T200"], &[139, 140, 209, 210]);
    assert_eq!(losses(&crashes), [(2, 88), (1, 19), (1, 88), (0, 0)]);
    assert_eq!((outcome.loss_window.sum, outcome.over_time.max_age), (89 + 89, 89));
    // Left to the store below: nothing is synced.
    spec.log.as_mut().unwrap().sync = Sync::No;
    assert_eq!(run(&spec, &["@50 W0 @120 W1 T200"]).at_end.writes, 2);
}

#[test]
fn an_fsync_that_takes_long_postpones_the_next() {
    // s1 is synced 100-250; the tick at 200 finds the disk busy: s2 is synced 250-400.
    let outcome = run(&log(Sync::EverySecond, 150, false), &["@50 W0 @120 W1 T500"]);
    assert_eq!(outcome.loss_window.sum, (250 - 51) + (400 - 121));
}

#[test]
fn a_replica_has_what_is_older_than_its_lag() {
    // Acknowledged at 1, at the replica at 6.
    let mut spec = plain();
    spec.replicas = Some(Replicas { lags: vec![5], wait: 0, promote: Promote::Newest });
    let (_, crashes) = run_with(1, &spec, &["W0 T50"], &[5, 6]);
    assert_eq!(losses(&crashes), [(1, 4), (0, 0)]);
    // One of two has it before the acknowledgement, at 6; the slower one at 21.
    let lags = vec![20, 5];
    spec.replicas = Some(Replicas { lags, wait: 1, promote: Promote::Newest });
    let (outcome, crashes) = run_with(1, &spec, &["W0 T50"], &[6, 10]);
    assert_eq!((outcome.write_latency.all.max, losses(&crashes)), (6, vec![(0, 0); 2]));
    spec.replicas.as_mut().unwrap().promote = Promote::Index(0);
    let (_, crashes) = run_with(1, &spec, &["W0 T50"], &[6, 10, 20, 21]);
    assert_eq!(losses(&crashes), [(1, 0), (1, 4), (1, 14), (0, 0)]);
}

#[test]
fn caches_that_keep_their_contents_lose_nothing() {
    let mut spec = plain();
    spec.persist_domain = Some(PersistDomain::Eadr);
    let outcome = run(&spec, &["W0 W1 T500"]);
    assert_eq!((outcome.at_end.writes, outcome.over_time.writes_max), (0, 0));
    assert_eq!((outcome.loss_window.count, outcome.loss_window.sum), (2, 0));
}

#[test]
fn a_later_write_may_be_stored_first_unless_the_order_is_kept() {
    // s1 to block 0, s2 to block 1, which is cleaned at 2. Unordered: s2 is stored at 102 while
    // the store lacks s1; then s1 comes after it.
    let mut spec = plain();
    spec.flush.batch = 1;
    let outcome = run(&spec, &["W0 W1 C1 T500"]);
    assert_eq!((outcome.order_inversions, outcome.non_prefix_batches), (1, 1));
    assert_eq!(outcome.at_end.writes, 1);
    // Fifo: the clean takes s1 along, and s1 goes first: 2-102, 102-202.
    spec.flush.order = Order::Fifo;
    let outcome = run(&spec, &["W0 W1 C1 T500"]);
    assert_eq!((outcome.order_inversions, outcome.non_prefix_batches), (0, 0));
    assert_eq!((flushes(&outcome, Trigger::Clean), outcome.flushes.blocks), (1, 2));
    assert_eq!(outcome.loss_window.sum, (102 - 1) + (202 - 2));
}

#[test]
fn first_in_first_out_with_coalescing_shows_states_that_never_were() {
    // s1 to A, s2 to B, s3 to A, which replaces s1. In the order of last writes B goes first:
    // the store then has s2 without s1.
    let mut spec = every(50);
    spec.flush.batch = 1;
    spec.flush.order = Order::Fifo;
    let outcome = run(&spec, &["W0 W1 W0 T500"]);
    assert_eq!((outcome.order_inversions, outcome.non_prefix_batches), (0, 1));
    // As one atomic call: s2 and s3 arrive together.
    spec.flush.order = Order::Causal;
    let outcome = run(&spec, &["W0 W1 W0 T500"]);
    assert_eq!((outcome.order_inversions, outcome.non_prefix_batches), (0, 0));
    assert_eq!((outcome.store_writes, outcome.coalesced), (2, 1));
}

#[test]
fn a_causal_flush_waits_for_the_one_before_and_then_takes_everything() {
    // s1 is out 0-100. s2 at 1 and s3 at 2 trigger; both are taken at 100, by the first trigger.
    let mut spec = at_once();
    spec.flush.order = Order::Causal;
    let outcome = run(&spec, &["W0 W1 W0"]);
    assert_eq!((flushes(&outcome, Trigger::DirtyCount), outcome.flushes.blocks), (2, 3));
    assert_eq!(flushes(&outcome, Trigger::Shutdown), 0);
    assert_eq!(outcome.loss_window.sum, (100 - 1) + (200 - 2) + (200 - 3));
}

#[test]
fn two_versions_in_flight_may_leave_the_older_one() {
    // Both are sent at 2, by two workers: which arrives last is anybody's draw.
    let mut spec = plain();
    (spec.flush.coalesce, spec.flush.one_in_flight, spec.store.guard) = (false, false, false);
    (spec.flush.batch, spec.flush.workers) = (1, 2);
    spec.store.latency = 1_000_000;
    spec.store.distribution = Distribution::Exponential;
    let stale = |spec: &Durability| {
        let of_seed = |seed| {
            let spec = Durability { seed, ..spec.clone() };
            run(&spec, &["W0 W0 C0 T100000000"]).at_end.writes
        };
        (0..1_000).map(of_seed).sum::<u64>()
    };
    // Within three standard deviations of a fair coin.
    let lost = stale(&spec);
    assert!((453..=547).contains(&lost), "{lost} of 1000");
    spec.store.guard = true;
    assert_eq!(stale(&spec), 0);
}

#[test]
fn a_reader_of_the_store_sees_what_was_stored() {
    // Written at 0, taken at 50, stored at 51: the reads at 10, ..., 50 are stale, that at 60 not.
    let mut spec = every(50);
    spec.store.latency = 1;
    let blocks = ReadBlocks::Written;
    spec.readers = Some(Readers { interval: 10.0, arrivals: Arrivals::Regular, blocks });
    let (outcome, _) = run_with(0, &spec, &["W0 T65"], &[]);
    let staleness = outcome.staleness.unwrap();
    assert_eq!((staleness.reads.count, staleness.stale), (6, 5));
    assert_eq!((staleness.reads.sum, staleness.reads.max), (150, 50));
}

#[test]
fn what_an_outage_refuses_is_sent_again() {
    // 50-150 meets the outage; 160-260 does not.
    let mut spec = every(50);
    spec.store.outages = vec![Span { start: 10, end: 51 }];
    let outcome = run(&spec, &["W0 T500"]);
    assert_eq!((outcome.retries, outcome.store_writes, outcome.loss_window.sum), (1, 1, 259));
    // One that ends when the call begins, or begins when it ends, does not meet it.
    spec.store.outages = vec![Span { start: 10, end: 50 }, Span { start: 150, end: 160 }];
    assert_eq!(run(&spec, &["W0 T500"]).retries, 0);
}

#[test]
fn a_retry_sends_the_newest_value() {
    // s2 at 100 replaces s1, which failed at 150: both are stored at 260.
    let mut spec = every(50);
    spec.store.outages = vec![Span { start: 10, end: 51 }];
    let outcome = run(&spec, &["W0 @100 W0 T500"]);
    assert_eq!((outcome.store_writes, outcome.coalesced), (1, 1));
    assert_eq!(outcome.loss_window.sum, (260 - 1) + (260 - 101));
    assert_eq!(flushes(&outcome, Trigger::Timer), 1);
    // Frozen, it is sent as it was, and s2 after it: 260-360.
    spec.flush.order = Order::Fifo;
    let outcome = run(&spec, &["W0 @100 W0 T500"]);
    assert_eq!((outcome.store_writes, outcome.coalesced), (2, 0));
    assert_eq!(outcome.loss_window.sum, (260 - 1) + (360 - 101));
}

#[test]
fn a_failed_batch_is_sent_again_before_any_other() {
    // s1 0-100 fails, s2 50-150 does not. s3, taken at 105, waits for s1: 130-230, then 230-330.
    let mut spec = at_once();
    spec.flush.workers = 2;
    spec.store.outages = vec![Span { start: 0, end: 10 }];
    spec.store.retry.delay = 30;
    let (outcome, _) = run_with(0, &spec, &["W0 @50 W1 @105 W2 T500"], &[]);
    assert_eq!((outcome.retries, outcome.store_writes), (1, 3));
    assert_eq!(outcome.loss_window.sum, 230 + (150 - 50) + (330 - 105));
    assert_eq!(outcome.order_inversions, 1);
}

/// The store fails all but certainly, and is asked once.
fn failing(failure: Failure) -> Durability {
    let mut spec = every(50);
    (spec.store.fail, spec.store.failure) = (0.999_999_9, failure);
    spec.store.retry.attempts = Some(1);
    spec
}

#[test]
fn after_the_last_attempt_versions_are_dropped() {
    // The call of three rows fails at 150. What it wrote is in doubt, and no write is durable.
    for (failure, order, written) in [
        (Failure::NotApplied, Order::Unordered, 0),
        (Failure::AckLost, Order::Unordered, 3),
        (Failure::Half, Order::Unordered, 1),
        (Failure::Half, Order::Causal, 0),
        (Failure::AckLost, Order::Causal, 3),
    ] {
        let mut spec = failing(failure);
        spec.flush.order = order;
        let (outcome, crashes) = run_with(1, &spec, &["W0 W1 W2 T500"], &[149, 150]);
        assert_eq!((outcome.dropped, outcome.store_writes, outcome.retries), (3, 0, 0));
        assert_eq!((crashes[0].dirty, crashes[0].in_doubt, crashes[0].loss.writes), (3, 0, 3));
        assert_eq!((crashes[1].dirty, crashes[1].in_doubt), (0, written), "{failure:?}");
        assert_eq!(crashes[1].loss.writes, 3 - written, "{failure:?} {order:?}");
        assert_eq!((outcome.loss_window.count, outcome.over_time.writes_max), (0, 3));
    }
}

#[test]
fn a_full_queue_makes_a_write_wait() {
    // s1, s2 at 0, 1 fill the queue, are taken and sent: 1-101. s3, s4 at 2, 3 fill it again and
    // wait for the worker; the fifth, asked for at 4, waits until they are sent at 101.
    let mut spec = plain();
    spec.queue.capacity = Some(2);
    let outcome = run(&spec, &["W0 W1 W2 W3 W4"]);
    assert_eq!((outcome.elapsed, outcome.write_latency.all.sum), (102, 4 + 98));
    assert_eq!(flushes(&outcome, Trigger::QueueFull), 2);
    // If a full queue is no trigger, the third waits for the timer at 100.
    spec.queue.trigger = false;
    spec.flush.every = Some(100);
    let outcome = run(&spec, &["W0 W1 W2"]);
    assert_eq!((outcome.elapsed, outcome.write_latency.all.max), (101, 99));
    // First come, first served, and a read does not wait.
    let outcome = run(&spec, &["W0 W1", "T2 R0 R0", "T9 W3", "T8 W4"]);
    assert_eq!(outcome.write_latency.all.sum, 1 + 1 + 92 + 93);
}

#[test]
fn a_full_queue_refuses_a_write() {
    // Block 1 finds no place; block 0 has one.
    let mut spec = plain();
    (spec.queue.capacity, spec.queue.trigger) = (Some(1), false);
    spec.queue.overflow = Overflow::Reject;
    let outcome = run(&spec, &["W0 W1 W0 W1+2"]);
    assert_eq!((outcome.requests, outcome.writes, outcome.rejected), (2, 2, 3));
    assert_eq!((outcome.store_writes, outcome.coalesced, outcome.elapsed), (1, 1, 2));
}

#[test]
fn a_write_without_a_place_goes_through() {
    // s1 at 0 takes the place. s2 at 1 goes to the store when the cache is done with it, 2-102.
    // s1 follows at the end, 102-202.
    let mut spec = plain();
    (spec.queue.capacity, spec.queue.trigger) = (Some(1), false);
    spec.queue.overflow = Overflow::WriteThrough;
    let outcome = run(&spec, &["W0 W1"]);
    assert_eq!((outcome.elapsed, outcome.write_latency.all.max), (102, 101));
    assert_eq!((outcome.at_end.writes, outcome.at_end.max_age), (1, 101));
    assert_eq!((outcome.loss_window.sum, outcome.store_writes), (201, 2));
    assert_eq!((outcome.order_inversions, outcome.non_prefix_batches), (1, 1));
    // It waits for the version of its block that is in flight, 1-101: 101-201.
    let outcome = run(&spec, &["W0 C0 W1 W0"]);
    assert_eq!((outcome.elapsed, outcome.write_latency.all.max), (201, 199));
    // One that the store gives up is refused.
    (spec.store.fail, spec.store.retry.attempts) = (0.999_999_9, Some(1));
    spec.shutdown = 0;
    let outcome = run(&spec, &["W0 W1 R0"]);
    assert_eq!((outcome.rejected, outcome.dropped, outcome.writes), (1, 1, 1));
    assert_eq!((outcome.requests, outcome.elapsed), (2, 103));
}

#[test]
fn many_dirty_blocks_slow_writers_down_and_then_stop_them() {
    // Of ten blocks four may be dirty; pauses begin at two. The third write pauses 30 * 1 / 3,
    // the fourth 30 * 2 / 3, until 30; the fifth waits for all four, 30-130.
    let mut spec = plain();
    (spec.flush.dirty_ratio, spec.flush.pause_max) = (Some(0.4), 30);
    let (outcome, _) = run_with(0, &spec, &["W0 W1 W2 W3 W4 W4"], &[]);
    assert_eq!((outcome.throttled, outcome.elapsed, outcome.dirty_peak), (130, 130, 4));
    assert_eq!(outcome.write_latency.all.sum, 10 + 20 + 100);
    assert_eq!(flushes(&outcome, Trigger::Throttle), 1);
    // A write to a block that is dirty, and a read, go on.
    let (outcome, _) = run_with(0, &spec, &["W0 W1 W0 W1 R5"], &[]);
    assert_eq!(outcome.throttled, 0);
}

#[test]
fn above_the_background_share_the_oldest_are_taken_in_whole_batches() {
    // Two may be dirty. With the third, at 2, one too many is: a batch of two is taken. At 4
    // blocks 2, 3, 4 are untaken: 2 and 3 are taken. Block 4 is left to the end.
    let mut spec = plain();
    (spec.flush.background_ratio, spec.flush.batch) = (Some(0.2), 2);
    let outcome = run(&spec, &["W0 W1 W2 W3 W4"]);
    assert_eq!(flushes(&outcome, Trigger::Background), 2);
    assert_eq!((flushes(&outcome, Trigger::Shutdown), outcome.flushes.blocks), (1, 5));
    assert_eq!(outcome.flushes.first, Some(2));
    // Stored at 102, 202, 302.
    assert_eq!(outcome.loss_window.sum, (101 + 100) + (199 + 198) + 297);
}

#[test]
fn after_a_clean_and_a_fence_nothing_of_the_range_is_lost() {
    // Cleaned and sent at 1, stored at 101: there the fence ends.
    let (outcome, crashes) = run_with(1, &plain(), &["W0 C0 B"], &[100, 101]);
    assert_eq!((outcome.elapsed, losses(&crashes)), (101, vec![(1, 99), (0, 0)]));
    // A version that the timer has sent at 50 counts as well.
    let outcome = run(&every(50), &["W0 T49 C0 B"]);
    assert_eq!((outcome.elapsed, flushes(&outcome, Trigger::Clean)), (150, 0));
    // A block outside the range is not waited for; F is a clean that empties the cache too.
    let outcome = run(&plain(), &["W0 W1 F1 B"]);
    assert_eq!((outcome.elapsed, outcome.at_end.writes), (102, 1));
    assert_eq!(flushes(&outcome, Trigger::Flush), 1);
    // A fence without a clean does not wait.
    assert_eq!(run(&plain(), &["W0 B"]).elapsed, 1);
}

#[test]
fn without_coalescing_each_write_is_a_row() {
    // One version of the block at a time: 3-103, 103-203, 203-303.
    let mut spec = plain();
    (spec.flush.coalesce, spec.store.batch_cost) = (false, 5);
    let outcome = run(&spec, &["W0 W0 W0 C0 B"]);
    assert_eq!((outcome.store_writes, outcome.coalesced), (3, 0));
    assert_eq!(outcome.elapsed, 3 + 3 * 105);
    // All three in one call.
    spec.flush.one_in_flight = false;
    assert_eq!(run(&spec, &["W0 W0 W0 C0 B"]).elapsed, 3 + 100 + 3 * 5);
}

#[test]
fn what_is_taken_can_be_written_again_before_it_is_sent() {
    // s1 is out 0-100, s2 waits for the worker and is replaced by s3 at 50: 100-200.
    let (outcome, _) = run_with(0, &at_once(), &["W0 W1 @50 W1 T500"], &[]);
    assert_eq!((outcome.store_writes, outcome.coalesced), (2, 1));
    assert_eq!(outcome.loss_window.sum, 100 + 200 + (200 - 50));
    // First in, first out, the two are frozen and go together, the second after the first.
    let mut spec = at_once();
    spec.flush.order = Order::Fifo;
    let (outcome, _) = run_with(0, &spec, &["W0 W1 @50 W1 @51 W2 T500"], &[]);
    assert_eq!((outcome.store_writes, outcome.coalesced), (4, 0));
    assert_eq!(outcome.loss_window.sum, 100 + 200 + (200 - 50) + (200 - 51));
}

#[test]
fn bytes_take_their_time() {
    // Two rows of 64 bytes at 3 ticks for 10 bytes: 38.4, so 39, and 7 each.
    let mut spec = plain();
    spec.store.batch_cost = 7;
    spec.store.bandwidth = Some(durability::Bandwidth { bytes: 10, ticks: 3 });
    assert_eq!(run(&spec, &["W0 W1 C0+2 B"]).elapsed, 2 + 100 + 2 * 7 + 39);
}

#[test]
fn an_access_of_two_blocks_is_one_request_and_two_writes() {
    let (outcome, _) = run_with(3, &plain(), &["W0+2"], &[]);
    assert_eq!((outcome.requests, outcome.writes, outcome.elapsed), (1, 2, 6));
    assert_eq!((outcome.write_latency.all.count, outcome.write_latency.p50), (1, 6));
    // It waits for both places.
    let mut spec = every(100);
    (spec.queue.capacity, spec.queue.trigger) = (Some(2), false);
    assert_eq!(run(&spec, &["W0 W1+2"]).elapsed, 102);
}

#[test]
fn quantiles_are_the_smallest_that_enough_do_not_exceed() {
    // One client waits 0, 1, ..., 99 ticks more than its cache, which takes 1, for the loop.
    let clients = vec!["W0"; 100];
    let outcome = run(&log(Sync::No, 0, true), &clients);
    assert_eq!((outcome.write_latency.p50, outcome.write_latency.p99), (50, 99));
    assert_eq!((outcome.write_latency.all.max, outcome.write_latency.all.sum), (100, 5_050));
}

#[test]
fn a_crash_counts_what_had_begun() {
    let records = [vec![record("W0"), record("R0"), record("W1"), record("R1")]];
    let machine = Machine { latency: 1, block_bytes: BLOCK, capacity: 10, clock_hz: 1_000 };
    let (_, crashes) = super::run(&plain(), &machine, &records, &CrashPoints::Every(2));
    // The second is acknowledged at 2, when the third has begun; the last at the end.
    let seen: Vec<_> = crashes.iter().map(|crash| (crash.at, crash.accesses)).collect();
    assert_eq!(seen, [(2, 3), (4, 4)]);
    assert_eq!(losses(&crashes), [(1, 1), (2, 3)]);
}
