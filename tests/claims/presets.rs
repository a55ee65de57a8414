//! Claims 20, 29 and 30: what is told of a board of notes, a leaderboard and a case study.

use durability::Trigger;
use trace::synth::{Generator, Options, Records};

use super::{
    MS, SECOND, at, by_trigger, clients, flushes, near, one, preset, read, run, within, write,
    write_through, writes_every,
};

#[test]
fn claim_20_five_notes_on_one_board_are_one_trip_to_the_cabinet() {
    // A tick is a millisecond here. Five people write within 300 s, and one looks again later.
    let minutes = [30, 80, 140, 200, 280];
    for (notes, trips) in [(1, 1), (5, 5)] {
        let each = (0..).zip(minutes).map(|(person, second)| {
            let write = [at(second * 1000), write(person % notes)];
            let later = if person == 0 { vec![at(500_000), read(0)] } else { Vec::new() };
            write.into_iter().chain(later).collect::<Vec<_>>()
        });
        let outcome = run(&preset("sticky-notes", &[]), clients(each)).outcome;
        assert_eq!((outcome.writes, outcome.store_writes), (5, trips));
        // With one note four trips are saved.
        assert_eq!(outcome.coalesced, 5 - trips);
        assert_eq!(outcome.flushes.first, Some(300_000));
        assert_eq!((by_trigger(&outcome, Trigger::Timer), flushes(&outcome)), (1, 1));
    }
}

fn scores(players: u64, theta: f64, rate: u64, seconds: u64) -> Records {
    let options = Options { players, theta, rate, seconds, ..Options::default() };
    Generator::Leaderboard.generate(&options).expect("the options are possible")
}

#[test]
fn claim_29_300_active_members_are_300_rows_a_flush() {
    // 10,000 updates a second; of the 50,000 of an interval even the rarest member has 28 in the
    // mean, and e^-28 is no chance.
    let outcome = run(&preset("leaderboard", &[]), one(scores(300, 0.99, 10_000, 20))).outcome;
    assert_eq!((outcome.writes, outcome.dirty_now), (200_000, 0));
    // At 5, 10 and 15 s, and what is left at the end.
    assert_eq!((by_trigger(&outcome, Trigger::Timer), flushes(&outcome)), (3, 4));
    assert_eq!((outcome.flushes.blocks, outcome.store_writes), (4 * 300, 4 * 300));
}

#[test]
fn claim_30_2000_players_save_99_867_per_cent_and_97_need_45000() {
    // 50,000 a second for 30 s are 1,500,000 writes, and one flush: the tick of 30 s. Players are
    // equally likely: 45,000 are all drawn, for 45,000 x e^-33 is no chance.
    for (players, saved) in [(2000, 99.867), (45_000, 97.0)] {
        let scores = scores(players, 0.0, 50_000, 30);
        let outcome = run(&preset("case-study", &[]), one(scores)).outcome;
        assert_eq!((outcome.writes, outcome.store_writes), (1_500_000, players));
        assert_eq!((by_trigger(&outcome, Trigger::Timer), flushes(&outcome)), (1, 1));
        let reduction = 100.0 * (1.0 - outcome.store_writes as f64 / outcome.writes as f64);
        within(reduction, saved, 0.001);
        // 0.3 ms each, however slow the database.
        assert_eq!((outcome.write_latency.p50, outcome.write_latency.all.max), (300, 300));
    }
}

#[test]
fn claim_30_at_most_30_seconds_and_a_flush_are_lost() {
    // A write each 1 ms of 2,000 players in turn: 4 batches of 200 ms and 50 us a row.
    let flush = 4 * 200 * MS + 2000 * 50;
    let writes = one(writes_every(MS, 100_000, |number| number % 2000));
    let age = run(&preset("case-study", &[]), writes).outcome.over_time.max_age;
    assert!(age > 30 * SECOND && age <= 30 * SECOND + flush, "{age}");
}

#[test]
fn claim_30_200_ms_become_0_3_ms() {
    let writes = || one(writes_every(SECOND, 50, |number| number));
    let back = run(&preset("case-study", &[]), writes()).outcome.write_latency;
    let through = run(&write_through(preset("case-study", &[])), writes()).outcome.write_latency;
    assert_eq!((back.all.max, through.all.max), (300, 200_300));
    near(through.all.sum as f64 / back.all.sum as f64, 667.7, 0.01);
}
