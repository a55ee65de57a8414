//! Ten bugs of write-back caches, each planted in the engine and caught: by the conservation of
//! writes, by the proof of a crash, or by what a claim asserts. Each run passes without its bug.

use driver::config::Config;
use driver::{ReplayError, Replayed};
use durability::{CrashPoints, Fault, Outcome, Ticks, Trigger};
use trace::Record;

use super::{MS, SECOND, at, by_trigger, checked, evenly, keys, one, read, replay_with, write};

/// A run that a bug is planted in.
struct Patient {
    config: Config,
    records: Vec<Record>,
    points: CrashPoints,
}

impl Patient {
    fn new(settings: &[&str], records: Vec<Record>, points: CrashPoints) -> Self {
        let settings = [&["clients=Open", "Keys.latency=1us"], settings].concat();
        Self { config: keys(&settings), records, points }
    }

    fn run(&self, plant: Option<Fault>) -> Result<Replayed, ReplayError> {
        let options = driver::ReplayOptions { plant, ..checked(self.points.clone()) };
        replay_with(&self.config, one(self.records.clone()), &options)
    }

    fn healthy(&self) -> Replayed {
        self.run(None).unwrap_or_else(|error| panic!("without a bug: {error}"))
    }

    /// The run is good, and with the bug it breaks a law.
    fn breaks(&self, fault: Fault, law: &str) {
        self.healthy();
        match self.run(Some(fault)) {
            Err(ReplayError::Law(broken)) => assert_eq!(broken.law, law, "{fault:?}"),
            Err(other) => panic!("{fault:?}: {other}"),
            Ok(_) => panic!("{fault:?} is not caught"),
        }
    }

    /// The run is as a claim says, and with the bug it is not.
    fn contradicts(&self, fault: Fault, claim: impl Fn(&Replayed) -> bool) {
        assert!(claim(&self.healthy()), "the claim holds");
        let planted = self.run(Some(fault)).unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        assert!(!claim(&planted), "{fault:?} is not caught");
    }
}

fn outcome(replayed: &Replayed) -> &Outcome {
    replayed.outcome.as_ref().expect("the config has a section `durability`")
}

const CONSERVATION: &str = "writes = store_writes + coalesced + dirty + dropped";
const PROOF: &str = "lost writes = ledger - survivors";

/// Writes of ten keys in turn, one each 10 ms, for 3 s.
fn in_turn() -> Vec<Record> {
    (0..300).flat_map(|number| [at(number * 10 * MS), write(number % 10)]).collect()
}

/// A flush each second whose one call takes 105 ms.
const FLUSH: [&str; 3] = [
    "durability.flush.every=1s",
    "durability.store.latency=100ms",
    "durability.store.batch_cost=500us",
];

fn each_10_ms() -> CrashPoints {
    evenly(0, 3 * SECOND, 300)
}

#[test]
fn d01_marked_clean_before_the_store_has_answered_is_caught_by_the_proof_of_a_crash() {
    let patient = Patient::new(&FLUSH, in_turn(), each_10_ms());
    patient.breaks(Fault::CleanBeforeAcknowledged, PROOF);
}

#[test]
fn d02_a_write_during_a_flush_marked_clean_with_it_is_caught_by_the_proof_of_a_crash() {
    let patient = Patient::new(&FLUSH, in_turn(), each_10_ms());
    patient.breaks(Fault::WriteDuringFlushLost, PROOF);
}

#[test]
fn d03_a_failed_batch_that_is_not_sent_again_is_caught_by_conservation() {
    let fail = "durability.store.outages=[(at: \"0.9 s\", for: \"0.5 s\")]";
    let settings = [&FLUSH[..], &[fail]].concat();
    Patient::new(&settings, in_turn(), each_10_ms()).breaks(Fault::NoRetry, CONSERVATION);
}

#[test]
fn d04_an_old_value_sent_again_over_a_newer_one_is_caught_by_the_final_values() {
    // Every write is taken at once. The call of A = 1 at 0.5 s fails; A = 2 is written before it is
    // sent again, a second later, and goes in its place. With the bug A = 1 is sent again, and
    // A = 2 at the same time on the other worker: in half the runs the older one comes last.
    let fail = "durability.store.outages=[(at: \"0.4 s\", for: \"0.6 s\")]";
    let retry = ["durability.store.retry.delay=1s", "durability.store.guard=false"];
    let flush = ["durability.flush.workers=2", "durability.flush.one_in_flight=false"];
    let store = "durability.store.distribution=Exponential";
    let at_once = ["durability.flush.every=None", "durability.flush.dirty_count=1"];
    let records = vec![at(SECOND / 2), write(0), at(1450 * MS), write(0), at(9 * SECOND), read(0)];
    let stale = |fault: Option<Fault>| {
        let runs = (1..=40).filter(|seed| {
            let seed = format!("durability.seed={seed}");
            let more = [at_once[0], at_once[1], flush[0], flush[1], store, &seed];
            let settings = [&FLUSH[..], &[fail], &retry, &more].concat();
            let patient = Patient::new(&settings, records.clone(), each_10_ms());
            let replayed = patient.run(fault).unwrap_or_else(|error| panic!("{error}"));
            outcome(&replayed).at_end.writes > 0
        });
        runs.count()
    };
    assert_eq!(stale(None), 0);
    let planted = stale(Some(Fault::RetryOverwrites));
    assert!(planted >= 10, "{planted} of 40");
}

#[test]
fn d05_a_dirty_block_evicted_without_a_write_back_is_caught_by_conservation() {
    let settings = [&FLUSH[..], &["Keys.size=256B"]].concat();
    let patient = Patient::new(&settings, in_turn(), each_10_ms());
    assert!(by_trigger(outcome(&patient.healthy()), Trigger::Eviction) > 0);
    patient.breaks(Fault::EvictionDropsData, CONSERVATION);
}

#[test]
fn d06_a_log_record_written_after_the_acknowledgement_is_caught_by_claim_9() {
    let settings = ["durability.log.sync=Always", "durability.log.fsync=3ms"];
    let points = (0..3000).map(|number| number * MS + 500).collect();
    let patient = Patient::new(&settings, in_turn(), CrashPoints::At(points));
    patient.contradicts(Fault::LogAfterAcknowledgement, |replayed| {
        replayed.crashes.iter().all(|crash| crash.loss.writes == 0)
    });
}

#[test]
fn d07_a_log_replayed_twice_is_caught_by_the_proof_of_a_crash() {
    let settings = [&FLUSH[..], &["durability.log.sync=EverySecond"]].concat();
    let patient = Patient::new(&settings, in_turn(), each_10_ms());
    patient.breaks(Fault::ReplayTwice, "a record takes effect once");
}

#[test]
fn d08_a_half_applied_batch_marked_clean_is_caught_by_the_proof_of_a_crash() {
    let half = ["durability.store.fail=0.5", "durability.store.failure=Half"];
    let settings = [&FLUSH[..], &half].concat();
    Patient::new(&settings, in_turn(), each_10_ms()).breaks(Fault::HalfIsClean, PROOF);
}

#[test]
fn d09_an_age_counted_anew_from_every_write_is_caught_by_claim_21() {
    // A page of 30 s is written at the next tick of 5 s; the hot one has a write a second.
    let ages = ["durability.flush.every=5s", "durability.flush.expire=30s"];
    let records = (0..100).flat_map(|second| [at(second * SECOND + 7), write(0)]).collect();
    let patient = Patient::new(&ages, records, evenly(0, 99 * SECOND, 99));
    let call: Ticks = 2 * MS + 50;
    patient.contradicts(Fault::AgeResets, |replayed| {
        outcome(replayed).over_time.max_age <= 35 * SECOND + call
    });
}

#[test]
fn d10_a_threshold_that_counts_writes_is_caught_by_claim_2() {
    // 300 writes of ten keys: 100 are never dirty.
    let patient = Patient::new(&["durability.flush.dirty_count=100"], in_turn(), CrashPoints::None);
    patient.contradicts(Fault::CountsWrites, |replayed| {
        by_trigger(outcome(replayed), Trigger::DirtyCount) == 0
    });
}
