//! Random tasks: every promise that can be told from the numbers alone is kept.

use durability::{CrashPoints, Durability, Failure, Order, Outcome, Overflow, PersistDomain, Sync};

use super::random::{Task, random_task};
use crate::reference::random::SplitMix;

const TASKS: u64 = 500;

/// Runs random tasks that were changed; says how many showed what was looked for.
fn each(change: fn(&mut Durability), mut check: impl FnMut(&Task, &Outcome) -> bool) {
    let mut shown = 0;
    for seed in 0..TASKS {
        let mut rng = SplitMix::new(seed);
        let mut task = random_task(&mut rng, 80);
        change(&mut task.spec);
        task.crashes = CrashPoints::Every(5);
        let (outcome, crashes) =
            super::run(&task.spec, &task.machine, &task.streams(), &task.crashes);
        for crash in &crashes {
            let lost = crash.lost.iter().map(|lost| lost.writes).sum::<u64>();
            assert_eq!(crash.loss.writes, lost, "seed {seed}");
            assert_eq!(crash.loss.blocks, crash.lost.len() as u64, "seed {seed}");
        }
        shown += u64::from(check(&task, &outcome));
    }
    assert!(shown > TASKS / 10, "only {shown} tasks show it");
}

/// Nothing goes through, and nothing is given up.
fn in_batches_to_the_end(spec: &mut Durability) {
    if spec.queue.overflow == Overflow::WriteThrough {
        spec.queue.capacity = None;
    }
    spec.store.retry.attempts = None;
    spec.shutdown = 10_000_000;
}

#[test]
fn every_acknowledged_write_is_stored_in_the_end() {
    each(in_batches_to_the_end, |task, outcome| {
        assert_eq!((outcome.dirty_now, outcome.dropped), (0, 0), "{task:#?}");
        assert_eq!(outcome.loss_window.count, outcome.writes, "{task:#?}");
        assert_eq!(outcome.store_writes + outcome.coalesced, outcome.writes, "{task:#?}");
        outcome.retries > 0
    });
}

#[test]
fn first_in_first_out_inverts_nothing() {
    let fifo = |spec: &mut Durability| {
        in_batches_to_the_end(spec);
        spec.flush.order = Order::Fifo;
    };
    each(fifo, |task, outcome| {
        assert_eq!(outcome.order_inversions, 0, "{task:#?}");
        outcome.non_prefix_batches > 0
    });
    // Each write a row of its own: the store holds what the writer produced, at all times. (Half
    // a call is as much of it as the first half of the rows.)
    let each_a_row = |spec: &mut Durability| {
        in_batches_to_the_end(spec);
        spec.flush.order = Order::Fifo;
        spec.flush.coalesce = false;
    };
    each(each_a_row, |task, outcome| {
        assert_eq!(outcome.order_inversions, 0, "{task:#?}");
        assert_eq!(outcome.non_prefix_batches, 0, "{task:#?}");
        outcome.retries > 0
    });
}

#[test]
fn atomic_flushes_show_only_states_that_were() {
    let causal = |spec: &mut Durability| {
        in_batches_to_the_end(spec);
        spec.flush.order = Order::Causal;
    };
    each(causal, |task, outcome| {
        assert_eq!(outcome.order_inversions, 0, "{task:#?}");
        assert_eq!(outcome.non_prefix_batches, 0, "{task:#?}");
        outcome.flushes.by_trigger.iter().sum::<u64>() > 2
    });
}

#[test]
fn nothing_is_lost_where_acknowledgements_wait_or_caches_keep_their_contents() {
    each(
        |_| {},
        |task, outcome| {
            let spec = &task.spec;
            let synced = spec.log.as_ref().is_some_and(|log| log.sync == Sync::Always);
            let kept = spec.persist_domain == Some(PersistDomain::Eadr);
            if synced || kept {
                assert_eq!(outcome.at_end.writes, 0, "{task:#?}");
                assert_eq!(outcome.over_time.write_ticks, 0, "{task:#?}");
                assert_eq!(outcome.loss_window.max, 0, "{task:#?}");
            }
            synced || kept
        },
    );
}

#[test]
fn the_loss_at_the_end_is_the_last_of_the_losses_over_time() {
    let told = |spec: &mut Durability| {
        // Content that nobody has told of makes a difference between the two.
        spec.store.failure = Failure::NotApplied;
        spec.store.guard = true;
    };
    each(told, |task, outcome| {
        assert!(outcome.at_end.writes <= outcome.over_time.writes_max, "{task:#?}");
        assert!(outcome.at_end.max_age <= outcome.over_time.max_age, "{task:#?}");
        let most = u128::from(outcome.over_time.writes_max) * u128::from(outcome.elapsed);
        assert!(outcome.over_time.write_ticks <= most, "{task:#?}");
        outcome.at_end.writes > 0
    });
}
