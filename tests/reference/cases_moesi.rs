//! Small machines of MOESI worked by hand, with the derivations.
//!
//! The machines of `cases.rs`: a fill from memory holds the bus for 2 + 100 + 1 = 103, one from
//! another core's cache for 2 + 30 + 1 = 33, a BusUpgr for 2.

use super::cases::{expect, level, machine, non_inclusive, shared, trace, write_through};
use super::spec::{CleanSupply, LevelSpec};
use super::{Protocol, Spec, run};

fn moesi(cores: usize, levels: Vec<LevelSpec>) -> Spec {
    Spec { protocol: Protocol::Moesi, ..machine(cores, levels) }
}

/// Each core reads and writes in turn. 0R: E, 104. 0W: silent, 105. 1R: core 0 supplies and
/// becomes O; granted at 104, 137. 1W: a hit at 138 with a BusUpgr to 140, which takes the duty
/// from core 0. 0R: ready at 106, granted at 140, supplied by core 1 to 173. 0W: 174, BusUpgr to
/// 176. Memory is read once and never written.
#[test]
fn migratory() {
    let report = run(&moesi(2, vec![level(4, 1)]), &trace("0R0 0W0 1R0 1W0 0R0 0W0"));
    expect(
        &report,
        &[
            ("totals.hits", 3),
            ("totals.misses", 3),
            ("classes.cold", 2),
            ("classes.true_sharing", 1),
            ("totals.bus_rd", 3),
            ("totals.bus_rdx", 0),
            ("totals.bus_upgr", 2),
            ("totals.silent_upgrades", 1),
            ("cores.0.flushes", 1),
            ("cores.0.flushes_kept", 1),
            ("cores.0.handed_over", 1),
            ("cores.1.flushes_kept", 1),
            ("cores.1.handed_over", 1),
            ("totals.interventions", 2),
            ("totals.invalidations", 2),
            ("totals.cache_to_cache", 2),
            ("totals.transitions.M>O.snoop", 2),
            ("totals.transitions.O>I.snoop", 2),
            ("totals.transitions.S>M.store", 2),
            ("memory.reads", 1),
            ("memory.writes", 0),
            ("bus.data_bytes", 3 * 16),
            ("cores.1.cycles", 140),
            ("cores.0.cycles", 176),
            ("cores.0.bus_wait_cycles", 34),
            ("bus.busy_cycles", 103 + 33 + 2 + 33 + 2),
        ],
    );
    assert_eq!(report.cores[0].dirty_lines, [vec![0]]);
    assert!(report.cores[1].dirty_lines.concat().is_empty());
}

/// Each core writes in turn: as in MESI, an M copy is flushed and gone, and memory takes it as it
/// passes, or does not where the ownership moves. 104; granted at 104, 137; granted at 137, 170.
#[test]
fn ping_pong() {
    let mut spec = moesi(2, vec![level(4, 1)]);
    for (updates_memory, writes) in [(true, 2), (false, 0)] {
        spec.rules.invalidating_flush_updates_memory = updates_memory;
        let report = run(&spec, &trace("0W0 1W0 0W0"));
        expect(
            &report,
            &[
                ("totals.bus_rdx", 3),
                ("totals.flushes", 2),
                ("totals.flushes_kept", 0),
                ("totals.handed_over", 0),
                ("totals.interventions", 0),
                ("totals.invalidations", 2),
                ("totals.transitions.M>I.snoop", 2),
                ("memory.reads", 1),
                ("memory.writes", writes),
                ("cores.1.cycles", 137),
                ("cores.0.cycles", 170),
            ],
        );
    }
}

/// One writes, the other reads. 0W: 104. 1R: 137, core 0 becomes O. 0W: the owner's BusUpgr, ready
/// at 105, granted at 137, 139; nobody hands over. 1R: 138, granted at 139, 172.
#[test]
fn producer_and_consumer() {
    let report = run(&moesi(2, vec![level(4, 1)]), &trace("0W0 1R0 0W0 1R0"));
    expect(
        &report,
        &[
            ("totals.hits", 1),
            ("classes.true_sharing", 1),
            ("cores.0.bus_upgr", 1),
            ("cores.0.flushes", 2),
            ("cores.0.flushes_kept", 2),
            ("cores.0.interventions", 2),
            ("totals.handed_over", 0),
            ("cores.1.invalidations", 1),
            ("cores.0.transitions.M>O.snoop", 2),
            ("cores.0.transitions.O>M.store", 1),
            ("memory.writes", 0),
            ("cores.0.cycles", 139),
            ("cores.1.bus_wait_cycles", 103 + 1),
            ("cores.1.cycles", 172),
        ],
    );
}

/// 0W: 104. 1R: M supplies and becomes O, 137. 2R: O supplies and stays, which is no transition
/// but a flush and an intervention all the same, 170. 1W: core 0 hands over, both lose the line;
/// ready at 138, granted at 170, 172. 2R: core 1 supplies, ready at 171, 205.
#[test]
fn three_cores_share_a_dirty_line() {
    let report = run(&moesi(3, vec![level(4, 1)]), &trace("0W0 1R0 2R0 1W0 2R0"));
    expect(
        &report,
        &[
            ("cores.0.flushes", 2),
            ("cores.0.flushes_kept", 2),
            ("cores.0.interventions", 2),
            ("cores.0.handed_over", 1),
            ("cores.0.transitions.M>O.snoop", 1),
            ("cores.0.transitions.O>I.snoop", 1),
            ("cores.1.flushes", 1),
            ("cores.1.flushes_kept", 1),
            ("cores.1.invalidations_sent", 2),
            ("cores.1.cache_to_cache", 1),
            ("cores.2.cache_to_cache", 2),
            ("cores.2.invalidations", 1),
            ("totals.fills_with_holders", 3),
            ("memory.reads", 1),
            ("memory.writes", 0),
            ("cores.1.cycles", 172),
            ("cores.2.cycles", 205),
        ],
    );
    let states: Vec<char> = report.cores[1..].iter().map(|core| core.states[&0]).collect();
    assert_eq!(states, ['O', 'S']);
}

/// Clean copies do not supply, E no more than S: memory does, each time. 0R: 104. 1R: granted at
/// 104, 207. 2W: granted at 207, 310.
#[test]
fn clean_copies_do_not_supply() {
    let spec = moesi(3, vec![level(4, 1)]);
    let report = run(&spec, &trace("0R0 1R0 2W0"));
    expect(
        &report,
        &[
            ("cores.0.transitions.E>S.snoop", 1),
            ("totals.transitions.S>I.snoop", 2),
            ("totals.interventions", 1),
            ("totals.fills_with_holders", 2),
            ("totals.cache_to_cache", 0),
            ("totals.flushes", 0),
            ("memory.reads", 3),
            ("cores.2.cycles", 310),
        ],
    );
    let report = run(&spec, &trace("0R0 1W0"));
    expect(
        &report,
        &[("cores.0.transitions.E>I.snoop", 1), ("totals.cache_to_cache", 0), ("memory.reads", 2)],
    );
}

/// Core 0's S copy may supply by the house rules, but core 1 owns the line: its data comes first.
#[test]
fn owner_supplies_before_any_clean_copy() {
    let mut spec = moesi(3, vec![level(4, 1)]);
    spec.rules.clean_supply = CleanSupply::AnyHolder;
    let report = run(&spec, &trace("1W0 0R0 2R0"));
    expect(&report, &[("cores.1.flushes_kept", 2), ("totals.cache_to_cache", 2)]);
}

/// Core 0 evicts its O copy for 16: a write-back, and core 1's S copy stays. Core 2's read finds a
/// holder but no supplier: memory, which is current. On the bus: four fills and the write-back.
#[test]
fn owned_line_is_evicted() {
    let report = run(&moesi(3, vec![level(1, 1)]), &trace("0W0 1R0 0R16 2R0"));
    expect(
        &report,
        &[
            ("cores.0.dirty_evictions", 1),
            ("cores.0.write_backs", 1),
            ("cores.0.transitions.O>I.evict", 1),
            ("totals.cache_to_cache", 1),
            ("totals.fills_with_holders", 2),
            ("cores.2.transitions.I>S.load", 1),
            ("memory.reads", 3),
            ("memory.writes", 1),
            ("bus.data_bytes", 5 * 16),
        ],
    );
    assert_eq!(report.cores[1].states[&0], 'S');
}

/// The only other copy is evicted silently, which nobody hears of: the owner's store still asks.
#[test]
fn lonely_owner_still_upgrades() {
    let report = run(&moesi(2, vec![level(1, 1)]), &trace("0W0 1R0 1R16 0W0"));
    expect(
        &report,
        &[
            ("cores.0.bus_upgr", 1),
            ("cores.0.transitions.O>M.store", 1),
            ("totals.invalidations", 0),
            ("totals.handed_over", 0),
        ],
    );
}

/// The dirty line goes below the bus and a clean copy stays: O becomes S, not E, for core 1 has
/// the line too. By a clean and by the drain; F takes the copies of both.
#[test]
fn owned_line_is_cleaned_drained_and_flushed() {
    let mut spec = moesi(2, vec![level(4, 1)]);
    // The store after the clean is one to S.
    let report = run(&spec, &trace("0W0 1R0 1C0 0W0"));
    expect(
        &report,
        &[
            ("cores.0.write_backs", 1),
            ("cores.0.transitions.O>S.clean", 1),
            ("cores.0.transitions.S>M.store", 1),
            ("cores.0.bus_upgr", 1),
            ("memory.writes", 1),
        ],
    );

    let report = run(&spec, &trace("0W0 1R0 1F0"));
    expect(
        &report,
        &[
            ("cores.0.write_backs", 1),
            ("cores.0.transitions.O>I.flush", 1),
            ("cores.1.transitions.S>I.flush", 1),
            ("totals.invalidations", 0),
            ("memory.writes", 1),
        ],
    );

    spec.rules.drain_at_end = true;
    let report = run(&spec, &trace("0W0 1R0"));
    expect(
        &report,
        &[("cores.0.drained", 1), ("cores.0.transitions.O>S.drain", 1), ("memory.writes", 1)],
    );
}

/// An L1 of two sets of one line, a non-inclusive L2 of two lines.
///
/// 0W 0: both, dirty in the L1. 0R 32: the L1 gives 0 up into the L2, which has it. 0R 0: the L1
/// gives 32 up and gets a clean 0; it is dirty in the L2. 1R 0: core 0 becomes O. 0R 16: the L2
/// gives up 32, the last copy of it. 0R 48: the L1 gives 16 up, the L2 gives 0 up: a write-back,
/// and the L1 keeps 0: O becomes S. 1W 0: nobody is left to hand over.
#[test]
fn outer_victim_leaves_a_shared_copy() {
    let l1 = LevelSpec { ways: Some(1), ..level(2, 1) };
    let spec = moesi(2, vec![l1, non_inclusive(level(2, 10))]);
    let report = run(&spec, &trace("0W0 0R32 0R0 1R0 0R16 0R48 1W0"));
    expect(
        &report,
        &[
            ("cores.0.evictions", 2),
            ("cores.0.dirty_evictions", 1),
            ("cores.0.levels.0.write_backs", 1),
            ("cores.0.transitions.O>S.evict", 1),
            ("cores.0.transitions.S>I.snoop", 1),
            ("cores.0.flushes_kept", 1),
            ("totals.handed_over", 0),
            ("totals.dirty_merged", 0),
            ("memory.writes", 1),
        ],
    );
}

/// An L1 of one line over an inclusive L2. 0W 0: dirty in the L1. 0R 16: 0 is dirty in the L2.
/// 0W 0 once more: dirty in both, newest in the L1, which supplies core 1; both bits stay. 1W 4
/// takes the duty: core 0 loses two dirty bits, one of them merged. It wrote word 1, core 0 reads
/// word 0: false sharing.
#[test]
fn inner_dirty_copies_are_handed_over_at_once() {
    let spec = moesi(2, vec![level(1, 1), level(4, 10)]);
    let report = run(&spec, &trace("0W0 0R16 0W0 1R0"));
    expect(&report, &[("cores.0.flushes_kept", 1), ("cores.0.dirty_merged", 0)]);
    assert_eq!(report.cores[0].dirty_lines, [vec![0], vec![0]]);

    let report = run(&spec, &trace("0W0 0R16 0W0 1R0 1W4 0R0"));
    expect(
        &report,
        &[
            ("cores.0.flushes", 1),
            ("cores.0.flushes_kept", 1),
            ("cores.0.handed_over", 1),
            ("cores.0.dirty_merged", 1),
            ("cores.0.write_backs", 0),
            ("cores.0.levels.0.write_backs", 1),
            ("cores.1.flushes_kept", 1),
            ("cores.1.handed_over", 0),
            ("classes.false_sharing", 1),
            ("memory.writes", 0),
        ],
    );
    assert_eq!(report.auxiliary.dirty_bits_set, 3);
}

/// `ReadExclusive` is about clean copies. The owner's store stays a BusUpgr, and a hit. A store to
/// S beside an owner is a miss; the owner flushes, for the requester reads the line again.
#[test]
fn read_exclusive_spares_the_owner() {
    let mut spec = moesi(2, vec![level(4, 1)]);
    spec.rules.write_to_shared_read_exclusive = true;
    let report = run(&spec, &trace("0W0 1R0 0W0"));
    expect(&report, &[("totals.hits", 1), ("totals.bus_upgr", 1), ("classes.upgrade", 0)]);

    for (updates_memory, writes) in [(true, 1), (false, 0)] {
        spec.rules.invalidating_flush_updates_memory = updates_memory;
        let report = run(&spec, &trace("0W0 1R0 1W0"));
        expect(
            &report,
            &[
                ("totals.misses", 3),
                ("classes.upgrade", 1),
                ("totals.bus_rdx", 2),
                ("totals.bus_upgr", 0),
                ("cores.0.flushes", 2),
                ("cores.0.flushes_kept", 1),
                ("cores.0.handed_over", 0),
                ("cores.0.transitions.O>I.snoop", 1),
                ("cores.1.cache_to_cache", 2),
                ("memory.writes", writes),
            ],
        );
    }
}

/// A shared level. 0W: 1 + 2 + 20 + 100 + 1 = 124. 1R: the owner supplies, nothing arrives below
/// and nothing is looked up there: granted at 124, 157. 1W: 158, 160. Only the drain reaches the
/// shared level, which still has the line as it was, and then memory.
#[test]
fn shared_level_hears_nothing_of_an_owner() {
    let mut spec = moesi(2, vec![level(4, 1), shared(8, 20)]);
    spec.rules.drain_at_end = true;
    let report = run(&spec, &trace("0W0 1R0 1W0"));
    expect(
        &report,
        &[
            ("levels.1.hits", 0),
            ("levels.1.misses", 1),
            ("levels.1.write_backs_received", 1),
            ("levels.1.write_backs", 1),
            ("cores.0.write_backs", 0),
            ("cores.1.drained", 1),
            ("cores.1.transitions.M>E.drain", 1),
            ("memory.writes", 1),
            ("cores.1.cycles", 160),
        ],
    );
}

/// An inclusive shared level of one line gives 0 up for 16: core 0's dirty copy and core 1's clean
/// one go along. On the bus: three fills and the dirty line.
#[test]
fn shared_level_takes_an_owned_line() {
    let spec = moesi(3, vec![level(4, 1), shared(1, 20)]);
    let report = run(&spec, &trace("0W0 1R0 2R16"));
    expect(
        &report,
        &[
            ("totals.back_invalidations", 2),
            ("cores.0.dirty_back_invalidations", 1),
            ("cores.0.transitions.O>I.back_invalidation", 1),
            ("cores.1.transitions.S>I.back_invalidation", 1),
            ("levels.1.write_backs", 1),
            ("bus.data_bytes", 4 * 16),
            ("memory.writes", 1),
        ],
    );
}

/// A store to a write-through level ends in the next level that keeps it, if that has the line.
/// One that need not have it would let the store go on to memory, and with it the duty for the
/// words that were not stored.
#[test]
fn machines_that_cannot_take_the_duty_are_refused() {
    for protocol in Protocol::ALL {
        let hands_over = matches!(protocol, Protocol::Moesi | Protocol::Dragon);
        let refused = |levels| Spec { protocol, ..machine(2, levels) }.validate().is_err();
        let l1 = || write_through(level(2, 1), true);
        let outer = || non_inclusive(level(4, 10));
        assert_eq!(refused(vec![l1(), outer()]), hands_over, "{protocol:?}");
        assert_eq!(refused(vec![l1(), l1(), outer()]), hands_over, "{protocol:?}");
        // Inclusive; or further out than one that is; or inside the bus nothing is kept at all.
        assert!(!refused(vec![l1(), level(4, 10)]), "{protocol:?}");
        assert!(!refused(vec![l1(), level(4, 10), outer()]), "{protocol:?}");
        assert!(!refused(vec![l1(), non_inclusive(shared(4, 10))]), "{protocol:?}");
        assert!(!refused(vec![level(2, 1), outer()]), "{protocol:?}");
    }
}
