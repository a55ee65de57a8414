//! Claims 21 to 24: a page cache, as the preset of that name has it.

use std::collections::BTreeSet;

use durability::{CrashPoints, Trigger};
use trace::{Op, Record};

use super::{MS, SECOND, at, by_trigger, crashes, evenly, mean, one, preset, run, within};
use crate::reference::random::SplitMix;

const PAGE: u64 = 4096;
/// 64 MiB are 16,384 pages.
const SMALL: &str = "Pages.size=64MiB";
/// 10 % of them, 20 %, and the middle between both.
const BACKGROUND: u64 = 1638;
const LIMIT: u64 = 3276;
const THROTTLED_FROM: u64 = 2457;

fn dirty(page: u64) -> Record {
    Record::access(0, Op::Write, page * PAGE, PAGE as u32)
}

fn look(page: u64) -> Record {
    Record::access(0, Op::Read, page * PAGE, 8)
}

#[test]
fn claim_21_a_page_is_durable_after_30_to_35_seconds() {
    // 50,000 pages of 1 GiB, each dirtied once, at random in 100 s: 500 a second are 17,500 in
    // 35 s, fewer than the background ratio's 26,214.
    let mut random = SplitMix::new(21);
    let mut moments: Vec<_> = (0..50_000).map(|_| random.below(100 * SECOND)).collect();
    moments.sort_unstable();
    let pages = (0..).zip(moments.clone());
    let records: Vec<_> = pages.flat_map(|(page, moment)| [at(moment), dirty(page)]).collect();
    let records = records.into_iter().chain([at(140 * SECOND), look(0)]);
    let run =
        crashes(&preset("page-cache", &[]), one(records), evenly(40 * SECOND, 100 * SECOND, 50));
    let window = run.outcome.loss_window;
    assert_eq!((window.count, run.outcome.at_end.writes), (50_000, 0));
    // 30 s until a page is old enough and 0 to 5 s until the flusher wakes.
    within(mean(window.sum, window.count) / SECOND as f64, 32.5, 0.1);
    // 2,500 pages in 5 s, with the chance of some more, are 11 calls at most, of 5 ms and
    // 256 x 20 us each.
    let flush = 11 * (5 * MS + 256 * 20);
    assert!(window.max > 34 * SECOND && window.max <= 35 * SECOND + flush, "{}", window.max);
    // Not after 5 s: whatever was written in the last 30 s is lost.
    for crash in &run.crashes {
        let young = |moment: &&u64| crash.at - **moment <= 30 * SECOND && crash.at > **moment;
        let young = moments.iter().take_while(|moment| **moment < crash.at).filter(young).count();
        assert!(crash.loss.writes >= young as u64);
        assert!(crash.loss.max_age >= 30 * SECOND && crash.loss.max_age <= 35 * SECOND + flush);
    }
    // The first flush is at the first tick that finds a page of 30 s.
    assert_eq!(run.outcome.flushes.first, Some(35 * SECOND));
    assert_eq!(by_trigger(&run.outcome, Trigger::Background), 0);
}

#[test]
fn claim_22_background_writing_begins_above_10_per_cent() {
    let config = preset("page-cache", &[SMALL]);
    let pages = |count| one((0..count).flat_map(|page| [at(page * 10), dirty(page)]));
    let outcome = run(&config, pages(BACKGROUND)).outcome;
    assert_eq!(by_trigger(&outcome, Trigger::Background), 0);
    let outcome = run(&config, pages(BACKGROUND + 1)).outcome;
    assert_eq!(by_trigger(&outcome, Trigger::Background), 1);
    // With the page that was one too many.
    assert_eq!(outcome.flushes.first, Some(BACKGROUND * 10));
}

#[test]
fn claim_22_writers_are_throttled_from_15_per_cent() {
    // A disk that answers after the end: what is dirty stays so.
    let config = preset("page-cache", &[SMALL, "clients=Closed", "durability.store.latency=1000s"]);
    let throttled = |pages| run(&config, one((0..pages).map(dirty))).outcome.throttled;
    assert_eq!(throttled(THROTTLED_FROM), 0);
    // The first page beyond pauses for 200 ms / (3,276 - 2,457 + 1), the next for twice that.
    let first = 200 * MS / (LIMIT - THROTTLED_FROM + 1);
    assert_eq!(throttled(THROTTLED_FROM + 1), first);
    let second = 200 * MS * 2 / (LIMIT - THROTTLED_FROM + 1);
    assert_eq!(throttled(THROTTLED_FROM + 2), first + second);
}

#[test]
fn claim_22_dirty_pages_never_pass_20_per_cent() {
    for clients in ["clients=Closed", "clients=Open"] {
        for latency in ["5 ms", "200 ms"] {
            let latency = format!("durability.store.latency={latency}");
            let config = preset("page-cache", &[SMALL, clients, &latency]);
            let pages = (0..10_000).flat_map(|page| [at(page), dirty(page)]);
            let outcome = run(&config, one(pages)).outcome;
            assert_eq!(outcome.writes, 10_000);
            let peak = outcome.dirty_peak;
            assert!(peak > THROTTLED_FROM && peak <= LIMIT, "{clients} {latency}: {peak}");
            assert!(outcome.throttled > 0);
        }
    }
}

#[test]
fn claim_23_a_period_of_0_disables_the_timer() {
    let pages = || {
        let dirtied = (0..1000).flat_map(|page| [at(page * 10), dirty(page)]);
        one(dirtied.chain([at(200 * SECOND), look(0)]))
    };
    let without = run(&preset("page-cache", &[SMALL, "durability.flush.every=None"]), pages());
    assert_eq!(without.outcome.at_end.blocks, 1000);
    assert_eq!(by_trigger(&without.outcome, Trigger::Timer), 0);
    assert_eq!(by_trigger(&without.outcome, Trigger::Shutdown), 1);
    let with = run(&preset("page-cache", &[SMALL]), pages());
    assert_eq!(with.outcome.at_end.blocks, 0);
    assert!(by_trigger(&with.outcome, Trigger::Timer) > 0);
}

#[test]
fn claim_24_after_an_fsync_nothing_of_that_file_is_lost() {
    // Pages 0 to 199 are file A, 1,000 to 1,199 file B. Rounds of writes of both, an fsync of A,
    // and writes of B alone: from then on until A is written again, no crash loses any of A.
    const ROUND: usize = 150;
    let mut random = SplitMix::new(24);
    let mut records = Vec::new();
    let mut synced_from = Vec::new();
    for round in 0..10 {
        for number in 0..2 * ROUND {
            let of_a = number < ROUND && random.chance(50);
            records.push(dirty(random.below(200) + if of_a { 0 } else { 1000 }));
            if number + 1 == ROUND {
                records.push(Record::access(0, Op::Clean, 0, 200 * PAGE as u32));
                records.push(Record::event(0, Op::Fence, 0));
            }
        }
        synced_from.push(round * 2 * ROUND + ROUND);
    }
    let config = preset("page-cache", &[SMALL, "clients=Closed"]);
    let run = crashes(&config, one(records), CrashPoints::Every(1));
    let (mut synced, mut of_a_before) = (0, 0);
    for crash in &run.crashes {
        let lost: BTreeSet<_> = crash.lost.iter().map(|lost| lost.block.0).collect();
        let of_a = lost.iter().filter(|page| **page < 1000).count();
        // An access that has begun after the fence; the one that begins next may write A.
        let begun = crash.accesses as usize;
        let is_synced = synced_from.iter().any(|from| begun > *from && begun < from + ROUND);
        if is_synced {
            synced += 1;
            assert_eq!(of_a, 0, "after {begun} accesses");
            assert!(!lost.is_empty(), "B is lost");
        } else {
            of_a_before += of_a;
        }
    }
    assert!(synced > 1000 && of_a_before > 0);
    // The fence waits for the disk: 10 fsyncs of 5 ms and more.
    assert!(run.outcome.elapsed > 10 * 5 * MS);
    assert_eq!(by_trigger(&run.outcome, Trigger::Clean), 10);
}
