//! Made-up traces whose counts have closed forms, for several sizes.

use std::ops::ControlFlow;

use coherence::CoreCounters;
use driver::config::{Config, Draft};
use driver::observe::ClassCounters;
use driver::{Interleave, ReplayOptions, Streams, Tally, replay};
use trace::synth::{Generator, LockKind, Options};
use trace::{Format, Header, IterSource};

fn run(settings: &[&str], generator: Generator, options: &Options) -> Tally {
    let mut draft = Draft::built_in();
    for setting in settings {
        draft.set(setting).expect("the setting is a key");
    }
    draft.set_cores(u32::from(options.cores));
    let config = Config::new(&draft).expect("the machine can be built");
    let records = generator.generate(options).expect("the options are possible");
    let source = IterSource::new(Header::new(Format::Mtrace), records);
    let replayed = replay(
        &config,
        Streams::Ordered(Box::new(source)),
        Interleave::Recorded,
        &ReplayOptions { classify: true, check: true, ..ReplayOptions::default() },
        &mut |_| ControlFlow::Continue(()),
    );
    replayed.expect("the trace can be replayed").tally
}

fn totals(tally: &Tally) -> (CoreCounters, ClassCounters) {
    let totals = tally.totals();
    (totals.counters, totals.classes.unwrap_or_default())
}

#[test]
fn n_rounds_of_two_writers_pass_a_line_2n_minus_1_times() {
    for rounds in [1, 3, 10, 50] {
        let options = Options { cores: 2, rounds, ..Options::default() };
        for (generator, is_true) in [(Generator::PingPong, true), (Generator::FalseSharing, false)]
        {
            let (c, classes) = totals(&run(&[], generator, &options));
            assert_eq!((c.bus_rdx, c.hits), (2 * rounds, 0));
            assert_eq!((c.invalidations, c.flushes), (2 * rounds - 1, 2 * rounds - 1));
            // All but the two cold misses.
            let sharing = 2 * rounds - 2;
            let expected = if is_true { (sharing, 0) } else { (0, sharing) };
            assert_eq!((classes.true_sharing, classes.false_sharing), expected);
        }
        let padded = Options { stride: Some(64), ..options };
        let (c, _) = totals(&run(&[], Generator::FalseSharing, &padded));
        assert_eq!((c.bus_rdx, c.invalidations), (2, 0));
    }
}

#[test]
fn a_producer_and_a_consumer_pay_an_upgrade_and_a_read_for_data_and_flag_each_round() {
    for rounds in [1, 3, 10, 50] {
        let options = Options { cores: 2, rounds, ..Options::default() };
        let (c, _) = totals(&run(&[], Generator::ProducerConsumer, &options));
        assert_eq!((c.bus_rdx, c.bus_upgr, c.bus_rd), (2, 2 * (rounds - 1), 2 * rounds));
        assert_eq!((c.flushes, c.invalidations), (2 * rounds, 2 * (rounds - 1)));
    }
}

#[test]
fn streaming_stores_write_back_all_but_what_the_cache_holds() {
    // One core stores to each line once; a cache of 16 lines keeps the last 16 dirty.
    for lines in [16, 64, 1000] {
        let options =
            Options { cores: 1, rounds: 1, lines, write_percent: Some(100), ..Options::default() };
        let settings = ["L1.size=1KiB", "L1.ways=4", "L2.size=1KiB", "L2.ways=4"];
        let (c, _) = totals(&run(&settings, Generator::Streaming, &options));
        assert_eq!((c.bus_rdx, c.write_backs), (lines, lines - 16));
    }
}

#[test]
fn blocking_a_matrix_product_saves_26_misses_of_27() {
    // 32 x 32 doubles, an L1 of 4 KiB (16 sets of 4 ways), an L2 that holds all. The walk through
    // B's columns (256 bytes apart) uses 4 of the 16 sets, so that nothing of B survives a column.
    // The counts are those of an independent LRU simulation of the same loops.
    let machine = ["L1.size=4KiB", "L1.ways=4"];
    let naive = Options { cores: 1, n: 32, ..Options::default() };
    let (c, _) = totals(&run(&machine, Generator::Matmul, &naive));
    assert_eq!((c.accesses, c.misses), (2 * 32 * 32 * 32 + 2 * 32 * 32, 34_952));
    let blocked = Options { block: Some(8), ..naive };
    let (c, _) = totals(&run(&machine, Generator::Matmul, &blocked));
    assert_eq!((c.accesses, c.misses), (2 * 32 * 32 * 32 + 4 * 2 * 32 * 32, 1_308));
}

#[test]
fn locks_cost_what_the_theory_of_each_says() {
    // K cores take the lock once each, S = 10 looks while they wait. Transactions in all:
    //   test-and-set           1 + S (K - 1) while waiting, K (K + 1) / 2 - 1 at the hand-offs
    //   test-and-test-and-set  K                            K (3 K - 5) / 2 + 2
    //   ticket                 2 K                          K (K + 1) / 2
    //   MCS                    4 K - 3                      2 K - 1
    for k in [4_u64, 8, 16] {
        for (lock, expected) in [
            (LockKind::Tas, 1 + 10 * (k - 1) + k * (k + 1) / 2 - 1),
            (LockKind::Ttas, k + k * (3 * k - 5) / 2 + 2),
            (LockKind::Ticket, 2 * k + k * (k + 1) / 2),
            (LockKind::Mcs, 4 * k - 3 + 2 * k - 1),
        ] {
            let options = Options { cores: k as u16, lock, spins: 10, ..Options::default() };
            let (c, _) = totals(&run(&[], Generator::Locks, &options));
            let transactions = c.bus_rd + c.bus_rdx + c.bus_upgr;
            assert_eq!(transactions, expected, "{} cores, {}", k, lock.name());
        }
    }
}
