//! Made-up traces whose counts have closed forms, for several sizes.

use std::ops::ControlFlow;

use coherence::CoreCounters;
use driver::config::{Config, Draft};
use driver::observe::ClassCounters;
use driver::{Interleave, ReplayOptions, Streams, Tally, replay};
use trace::synth::{Generator, LockKind, Options, Records};
use trace::{Format, Header, IterSource, Op, Record};

fn run(settings: &[&str], generator: Generator, options: &Options) -> Tally {
    let records = generator.generate(options).expect("the options are possible");
    run_records(settings, options.cores, records)
}

fn run_records(settings: &[&str], cores: u16, records: Records) -> Tally {
    let mut draft = Draft::built_in();
    for setting in settings {
        draft.set(setting).expect("the setting is a key");
    }
    draft.set_cores(u32::from(cores));
    let config = Config::new(&draft).expect("the machine can be built");
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
        let (c, classes) = totals(&run(&[], Generator::ProducerConsumer, &options));
        assert_eq!((c.bus_rdx, c.bus_upgr, c.bus_rd), (2, 2 * (rounds - 1), 2 * rounds));
        assert_eq!((classes.cold, classes.true_sharing), (4, 2 * (rounds - 1)));
        assert_eq!((c.flushes, c.invalidations), (2 * rounds, 2 * (rounds - 1)));
    }
}

#[test]
fn streaming_stores_write_back_all_but_what_the_cache_holds() {
    // One core stores to each line once; a cache of 16 lines keeps the last 16 dirty.
    for lines in [16, 17, 64, 1000] {
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

/// Transactions of locks with those options.
fn lock_transactions(options: &Options) -> u64 {
    let (c, _) = totals(&run(&[], Generator::Locks, options));
    c.bus_rd + c.bus_rdx + c.bus_upgr
}

#[test]
fn locks_cost_what_the_theory_of_each_says() {
    // K cores take the lock once each, S = 10 looks of each while core 0 has it. Waiting is what
    // happens before the first release.
    const S: u64 = 10;
    for k in 2..=16_u64 {
        // Test-and-set: core 0's atomic, then each try takes the line from the try before; where
        // one core waits alone, it takes the line once. At each hand-off but the last the holder's
        // store and all waiters' tries: the sum of K, K - 1, ... 2; the last release hits.
        let test_and_set = (if k > 2 { 1 + S * (k - 1) } else { 2 }, k * (k + 1) / 2 - 1);
        // Test-and-test-and-set: one miss a core while waiting (core 0 becomes M silently). A
        // hand-off with w waiters is the release, w looks, w tries that each take the line, and
        // looks of all but the one that got the lock and the last to try, which has the line:
        // 3 w - 1, and 3 where one waits alone. Its own release hits.
        let test_first = (k, k * (3 * k - 5) / 2 + 2);
        // Ticket: an atomic on `next` and a first look at `serving` a core; then an upgrade a
        // release and a look a waiter: the sum of K, K - 1, ... 1.
        let ticket = (2 * k, k * (k + 1) / 2);
        // MCS: K nodes prepared, K atomics on the tail, K - 1 links, and K - 2 first looks at a
        // node that the core behind has just written to. Then a hand-off is a store to the next
        // one's node and its look, and core 0 fetches its own node once.
        let mcs = (4 * k - 3, 2 * k - 1);
        for (lock, (waiting, hand_offs)) in [
            (LockKind::Tas, test_and_set),
            (LockKind::Ttas, test_first),
            (LockKind::Ticket, ticket),
            (LockKind::Mcs, mcs),
        ] {
            let all = Options { cores: k as u16, lock, spins: S, ..Options::default() };
            let before = Options { hand_offs: Some(0), ..all.clone() };
            let (all, before) = (lock_transactions(&all), lock_transactions(&before));
            assert_eq!((before, all - before), (waiting, hand_offs), "{k} cores, {}", lock.name());
        }
    }
}

#[test]
fn at_16_cores_waiting_for_free_costs_more_than_spinning_on_the_bus() {
    let lock = |lock| Options { cores: 16, lock, spins: 10, ..Options::default() };
    assert_eq!(lock_transactions(&lock(LockKind::Tas)), 286);
    assert_eq!(lock_transactions(&lock(LockKind::Ttas)), 362);
}

#[test]
fn a_migratory_counter_costs_two_transactions_a_turn() {
    for turns in [2, 6, 20, 100_u64] {
        let records = || {
            let turn = |turn| [Op::Read, Op::Write].map(|op| access((turn % 2) as u16, op, 0x1000));
            (0..turns).flat_map(turn)
        };
        let (c, classes) = totals(&run_records(&[], 2, Box::new(records())));
        assert_eq!((c.bus_rd, c.bus_upgr, c.silent_upgrades), (turns, turns - 1, 1));
        assert_eq!(
            (c.invalidations, c.interventions, c.flushes),
            (turns - 1, turns - 1, turns - 1)
        );
        assert_eq!((classes.cold, classes.true_sharing), (2, turns - 2));
        // Without E the first store upgrades as well.
        let (c, _) = totals(&run_records(&["protocol=MSI"], 2, Box::new(records())));
        assert_eq!((c.bus_rd, c.bus_upgr, c.silent_upgrades), (turns, turns, 0));
    }
}

#[test]
fn private_and_read_data_cost_the_same_however_long_it_goes_on() {
    for rounds in [1, 3, 10, 50_u64] {
        let each = move |round: u64| (0..4_u16).map(move |core| (round, core));
        let private = (0..rounds).flat_map(each).flat_map(|(_, core)| {
            let own = 0x10000 * (u64::from(core) + 1);
            [Op::Read, Op::Write].map(|op| access(core, op, own))
        });
        let (c, _) = totals(&run_records(&[], 4, Box::new(private)));
        assert_eq!((c.bus_rd, c.bus_rdx + c.bus_upgr, c.silent_upgrades), (4, 0, 4));
        let read = (0..rounds).flat_map(each).map(|(_, core)| access(core, Op::Read, 0x1000));
        let (c, _) = totals(&run_records(&[], 4, Box::new(read)));
        assert_eq!((c.bus_rd, c.invalidations, c.interventions), (4, 0, 1));
    }
}

#[test]
fn a_walk_by_rows_misses_once_a_line_and_one_by_columns_always() {
    // n x n doubles in a cache of 16 lines, so that n lines of a column are more than it keeps.
    let machine = ["L1.size=1KiB", "L1.ways=4"];
    for n in [24, 32, 64_u64] {
        let element =
            move |row: u64, column: u64| Record::access(0, Op::Read, 8 * (row * n + column), 8);
        let rows = (0..n).flat_map(move |i| (0..n).map(move |j| element(i, j)));
        let columns = (0..n).flat_map(move |j| (0..n).map(move |i| element(i, j)));
        assert_eq!(totals(&run_records(&machine, 1, Box::new(rows))).0.misses, n * n / 8);
        assert_eq!(totals(&run_records(&machine, 1, Box::new(columns))).0.misses, n * n);
    }
}

fn access(core: u16, op: Op, addr: u64) -> Record {
    Record::access(core, op, addr, 4)
}
