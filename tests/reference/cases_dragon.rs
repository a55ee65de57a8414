//! Small machines of Dragon worked by hand, with the derivations.
//!
//! The machines of `cases.rs`: a fill from memory holds the bus for 2 + 100 + 1 = 103, one from
//! another core's cache for 2 + 30 + 1 = 33, a BusUpd for 2 + 1 = 3.

use super::cases::{expect, level, machine, non_inclusive, shared, trace, write_through};
use super::spec::LevelSpec;
use super::{Access, Op, Protocol, Spec, run};

fn dragon(cores: usize, levels: Vec<LevelSpec>) -> Spec {
    Spec { protocol: Protocol::Dragon, ..machine(cores, levels) }
}

/// A store miss on a line that core 0 has clean: two transactions. 0R: E, 104. 1W: ready at 1,
/// granted at 104; the BusRd makes E Sc, memory supplies, 207; the BusUpd follows at once, 210.
/// On the bus: two lines and a word. Core 0 then reads the word that it was sent: a hit.
#[test]
fn store_miss_to_a_clean_line() {
    let mut spec = dragon(2, vec![level(4, 1)]);
    let report = run(&spec, &trace("0R0 1W4 0R4"));
    expect(
        &report,
        &[
            ("cores.1.misses", 1),
            ("cores.1.write_misses", 1),
            ("cores.1.bus_rd", 1),
            ("cores.1.bus_upd", 1),
            ("totals.bus_rdx", 0),
            ("cores.1.transitions.I>Sm.store", 1),
            ("cores.1.fills_with_holders", 1),
            ("cores.1.cache_to_cache", 0),
            ("cores.1.updates_sent", 1),
            ("cores.1.update_bytes", 4),
            ("cores.0.updates", 1),
            ("cores.0.interventions", 1),
            ("cores.0.transitions.E>Sc.snoop", 1),
            ("cores.0.hits", 1),
            ("totals.invalidations", 0),
            ("totals.flushes", 0),
            ("memory.reads", 2),
            ("memory.writes", 0),
            ("bus.bus_rd", 2),
            ("bus.bus_upd", 1),
            ("bus.data_bytes", 2 * 16 + 4),
            ("bus.busy_cycles", 103 + 103 + 3),
            ("cores.1.bus_wait_cycles", 103),
            ("cores.1.cycles", 210),
            ("cores.1.stall_cycles", 209),
        ],
    );
    assert_eq!(report.cores[1].dirty_lines, [vec![0]]);

    // A pipelined bus is held for 3 each, but the line is busy until 104, 207 and 210.
    spec.bus.pipelined = true;
    let report = run(&spec, &trace("0R0 1W4"));
    expect(&report, &[("cores.1.cycles", 210), ("bus.busy_cycles", 3 + 3 + 3)]);

    // A narrow, slow bus: a line takes 4 beats of 2, an update one, also of 8 bytes.
    // 0R: 1 + 2 + 100 + 8 = 111. 1W: 221, then 2 + 2 to 225.
    spec.bus.pipelined = false;
    (spec.bus.width, spec.bus.beat) = (4, 2);
    let store = Access { core: 1, op: Op::Write, addr: 4, size: 8 };
    let report = run(&spec, &[trace("0R0")[0], store]);
    expect(
        &report,
        &[("cores.1.cycles", 225), ("cores.1.update_bytes", 8), ("bus.data_bytes", 2 * 16 + 8)],
    );
}

/// A dirty victim leaves after the update. 1W 16: M, 104. 0R 0: granted at 104, 207. 1W 0: ready
/// at 105; the BusRd from 207 to 310, the BusUpd to 313, where the core goes on; 16 holds the bus
/// to 316.
#[test]
fn update_goes_before_the_victim() {
    let report = run(&dragon(2, vec![level(1, 1)]), &trace("1W16 0R0 1W0"));
    expect(
        &report,
        &[
            ("cores.1.dirty_evictions", 1),
            ("cores.1.bus_wait_cycles", 102),
            ("cores.1.cycles", 313),
            ("bus.busy_cycles", 3 * 103 + 3 + 3),
        ],
    );
}

/// Stores in turn, each a miss or to a line that the other holds too. 0W: a BusRd alone, for
/// nobody has the line: M, 104. 1W: core 0 supplies and becomes Sm, 137; the BusUpd takes the duty
/// from it, 140. 0W: a hit in Sc, ready at 105, granted at 140, 143. 1W: 141, granted at 143, 146.
#[test]
fn ping_pong() {
    let report = run(&dragon(2, vec![level(4, 1)]), &trace("0W0 1W0 0W0 1W0"));
    expect(
        &report,
        &[
            ("totals.hits", 2),
            ("totals.write_misses", 2),
            ("cores.0.transitions.I>M.store", 1),
            ("cores.0.transitions.M>Sm.snoop", 1),
            ("cores.0.transitions.Sm>Sc.snoop", 2),
            ("cores.0.transitions.Sc>Sm.store", 1),
            ("cores.1.transitions.I>Sm.store", 1),
            ("cores.1.transitions.Sm>Sc.snoop", 1),
            ("cores.1.transitions.Sc>Sm.store", 1),
            ("totals.bus_rd", 2),
            ("cores.0.bus_upd", 1),
            ("cores.1.bus_upd", 2),
            ("cores.0.flushes", 1),
            ("cores.0.flushes_kept", 1),
            ("cores.0.interventions", 1),
            ("cores.0.handed_over", 2),
            ("cores.1.handed_over", 1),
            ("cores.0.updates", 2),
            ("cores.1.updates", 1),
            ("cores.1.cache_to_cache", 1),
            ("memory.reads", 1),
            ("memory.writes", 0),
            ("bus.data_bytes", 2 * 16 + 3 * 4),
            ("cores.0.cycles", 143),
            ("cores.1.cycles", 146),
        ],
    );
    assert!(report.cores[0].dirty_lines.concat().is_empty());
    assert_eq!(report.cores[1].dirty_lines, [vec![0]]);
}

/// Each core reads and writes in turn. 0R: E, 104. 0W: silent, 105. 1R: M supplies, 137. 1W: 138,
/// BusUpd to 141. 0R: a hit, 106. 0W: 107, granted at 141, 144. Nobody loses the line.
#[test]
fn migratory() {
    let report = run(&dragon(2, vec![level(4, 1)]), &trace("0R0 0W0 1R0 1W0 0R0 0W0"));
    expect(
        &report,
        &[
            ("totals.hits", 4),
            ("classes.cold", 2),
            ("totals.silent_upgrades", 1),
            ("totals.bus_rd", 2),
            ("totals.bus_upd", 2),
            ("totals.flushes_kept", 1),
            ("cores.0.handed_over", 1),
            ("cores.1.handed_over", 1),
            ("totals.updates", 2),
            ("totals.updates_sent", 2),
            ("cores.1.transitions.I>Sc.load", 1),
            ("totals.transitions.Sc>Sm.store", 2),
            ("bus.data_bytes", 2 * 16 + 2 * 4),
            ("cores.1.cycles", 141),
            ("cores.0.bus_wait_cycles", 34),
            ("cores.0.cycles", 144),
        ],
    );
}

/// One writes, the other reads. 0W: M, 104. 1R: supplied, 137. 0W: Sm stays Sm, ready at 105,
/// granted at 137, 140. 1R: a hit, 138. 0W 4: 141, 144. 1R 4: a hit, 139.
#[test]
fn producer_and_consumer() {
    let report = run(&dragon(2, vec![level(4, 1)]), &trace("0W0 1R0 0W0 1R0 0W4 1R4"));
    expect(
        &report,
        &[
            ("totals.hits", 4),
            ("totals.misses", 2),
            ("cores.0.bus_upd", 2),
            ("cores.0.updates_sent", 2),
            ("cores.0.update_bytes", 8),
            ("cores.1.updates", 2),
            ("totals.handed_over", 0),
            ("cores.0.flushes_kept", 1),
            ("totals.transitions.Sc>Sm.store", 0),
            ("bus.data_bytes", 2 * 16 + 2 * 4),
            ("cores.0.cycles", 144),
            ("cores.1.cycles", 139),
        ],
    );
}

/// 0W: M, 104. 1R: M supplies, 137. 2R: Sm supplies and stays, 170: no transition, but a flush and
/// an intervention. 1W: one BusUpd changes two lines and takes the duty from core 0; ready at 138,
/// granted at 170, 173. The last reads hit.
#[test]
fn three_cores_share_a_dirty_line() {
    let report = run(&dragon(3, vec![level(4, 1)]), &trace("0W0 1R0 2R0 1W0 2R0 0R0"));
    expect(
        &report,
        &[
            ("totals.hits", 3),
            ("cores.0.flushes", 2),
            ("cores.0.flushes_kept", 2),
            ("cores.0.interventions", 2),
            ("cores.0.handed_over", 1),
            ("cores.0.transitions.M>Sm.snoop", 1),
            ("cores.0.transitions.Sm>Sc.snoop", 1),
            ("cores.0.updates", 1),
            ("cores.2.updates", 1),
            ("cores.1.updates_sent", 2),
            ("cores.1.update_bytes", 4),
            ("bus.data_bytes", 3 * 16 + 4),
            ("memory.reads", 1),
            ("cores.1.cycles", 173),
        ],
    );
}

/// Core 0 gives its Sm copy up for 16: a write-back; core 1's Sc copy stays. Its store still sends
/// the word, finds the wire low, and owns the line alone: M. The next store needs no bus.
///
/// And an Sm copy whose sharer is gone: Sm becomes M likewise.
#[test]
fn evictions_are_learnt_of_by_the_next_update() {
    let spec = dragon(2, vec![level(1, 1)]);
    let report = run(&spec, &trace("0W0 1R0 0R16 1W0 1W4"));
    expect(
        &report,
        &[
            ("cores.0.dirty_evictions", 1),
            ("cores.0.transitions.Sm>I.evict", 1),
            ("cores.1.transitions.Sc>M.store", 1),
            ("cores.1.bus_upd", 1),
            ("cores.1.update_bytes", 4),
            ("totals.updates", 0),
            ("totals.handed_over", 0),
            ("memory.writes", 1),
            // Three fills, the write-back, the word that nobody took.
            ("bus.data_bytes", 4 * 16 + 4),
        ],
    );

    let report = run(&spec, &trace("0W0 1R0 1R16 0W0"));
    expect(&report, &[("cores.0.transitions.Sm>M.store", 1), ("cores.0.bus_upd", 1)]);
}

/// Core 0 gives its Sm copy up for 16. Core 2 finds a holder, but Sc does not supply: memory does.
#[test]
fn clean_copies_do_not_supply() {
    let report = run(&dragon(3, vec![level(1, 1)]), &trace("0W0 1R0 0R16 2R0"));
    expect(
        &report,
        &[
            ("cores.2.transitions.I>Sc.load", 1),
            ("totals.fills_with_holders", 2),
            ("totals.cache_to_cache", 1),
            ("totals.interventions", 1),
            ("memory.reads", 3),
            ("memory.writes", 1),
        ],
    );
}

/// The dirty line goes below the bus and a clean copy stays: Sm becomes Sc, M becomes E.
#[test]
fn dirty_line_is_cleaned_and_drained() {
    let mut spec = dragon(2, vec![level(4, 1)]);
    // The store after the clean is one to Sc, which takes no duty from anybody.
    let report = run(&spec, &trace("0W0 0W16 1R0 1C0 1C16 1W0"));
    expect(
        &report,
        &[
            ("cores.0.write_backs", 2),
            ("cores.0.transitions.Sm>Sc.clean", 1),
            ("cores.0.transitions.M>E.clean", 1),
            ("cores.1.transitions.Sc>Sm.store", 1),
            ("cores.0.updates", 1),
            ("totals.handed_over", 0),
            ("memory.writes", 2),
        ],
    );
    spec.rules.drain_at_end = true;
    let report = run(&spec, &trace("0W0 0W16 1R0"));
    expect(
        &report,
        &[
            ("cores.0.drained", 2),
            ("cores.0.transitions.Sm>Sc.drain", 1),
            ("cores.0.transitions.M>E.drain", 1),
        ],
    );
}

/// An L1 of two sets of one line, a non-inclusive L2 of two lines.
///
/// 0W 0: both, dirty in the L1. 0R 32: the L1 gives 0 up into the L2, which has it. 0R 0: the L1
/// gives 32 up and gets a clean 0; it is dirty in the L2. 1R 0: core 0 becomes Sm. 0R 16: the L2
/// gives up 32, the last copy of it. 0R 48: the L1 gives 16 up, the L2 gives 0 up: a write-back,
/// and the L1 keeps 0: Sm becomes Sc. 1W 0: it takes the word, and has nothing to hand over.
#[test]
fn outer_victim_leaves_a_shared_copy() {
    let l1 = LevelSpec { ways: Some(1), ..level(2, 1) };
    let spec = dragon(2, vec![l1, non_inclusive(level(2, 10))]);
    let report = run(&spec, &trace("0W0 0R32 0R0 1R0 0R16 0R48 1W0 0R0"));
    expect(
        &report,
        &[
            ("cores.0.dirty_evictions", 1),
            ("cores.0.transitions.Sm>Sc.evict", 1),
            ("cores.0.updates", 1),
            ("totals.handed_over", 0),
            ("memory.writes", 1),
        ],
    );
}

/// An L1 of one line over an inclusive L2. 0W 0, 0R 16, 0W 4: dirty in both, newest in the L1,
/// which supplies core 1; both bits stay. 1W 8 takes the duty: two bits go, one of them merged;
/// the L2's copy gets the newest data and the word. 0R 16: the L1 gives 0 up, clean. 0R 0, 4 and
/// 8 come from the L2 (the model checks that they are current).
#[test]
fn every_copy_takes_the_word() {
    let spec = dragon(2, vec![level(1, 1), level(4, 10)]);
    let report = run(&spec, &trace("0W0 0R16 0W4 1R0"));
    expect(&report, &[("cores.0.flushes_kept", 1), ("cores.0.dirty_merged", 0)]);
    assert_eq!(report.cores[0].dirty_lines, [vec![0], vec![0]]);

    let report = run(&spec, &trace("0W0 0R16 0W4 1R0 1W8 0R16 0R0 0R4 0R8"));
    expect(
        &report,
        &[
            ("cores.0.handed_over", 1),
            ("cores.0.dirty_merged", 1),
            // Once for the core, though two copies changed.
            ("cores.0.updates", 1),
            ("cores.0.levels.0.write_backs", 1),
            ("cores.0.write_backs", 0),
            ("memory.writes", 0),
        ],
    );
    assert!(report.cores[0].dirty_lines.concat().is_empty());
    assert_eq!(report.cores[1].dirty_lines, [vec![0], vec![]]);
}

/// A write-through level: the word goes to the others, and then to memory. 0R: 104. 1R: E becomes
/// Sc, memory supplies, 207. 0W: ready at 105, granted at 207, 210; the store follows from its
/// buffer, 2 + 1. Nothing is dirty, so the line goes Sc > Sm > Sc; and of one core I > M > E.
#[test]
fn update_is_written_through() {
    let spec = dragon(2, vec![write_through(level(2, 1), true)]);
    let report = run(&spec, &trace("0R0 1R0 0W0 1R0"));
    expect(
        &report,
        &[
            ("cores.0.transitions.Sc>Sm.store", 1),
            ("cores.0.transitions.Sm>Sc.store", 1),
            ("totals.bus_upd", 1),
            ("cores.1.updates", 1),
            ("cores.1.hits", 1),
            ("bus.write_throughs", 1),
            ("bus.data_bytes", 2 * 16 + 4 + 4),
            ("bus.busy_cycles", 103 + 103 + 3 + 3),
            ("memory.writes", 1),
            ("cores.0.cycles", 210),
            ("cores.0.bus_wait_cycles", 102),
        ],
    );
    let report = run(&spec, &trace("0W0"));
    expect(
        &report,
        &[
            ("totals.transitions.I>M.store", 1),
            ("totals.transitions.M>E.store", 1),
            ("totals.bus_upd", 0),
        ],
    );
}

/// The L1I takes the word too. 0I: L1I (3) and L1 (1) looked up, 107. 1W: L1 (1) and L1I (3), the
/// BusRd from 107 to 210, the BusUpd to 213. 0I: a hit, 110.
#[test]
fn instruction_cache_takes_the_word() {
    let mut spec = dragon(2, vec![level(4, 1)]);
    spec.l1i = Some(level(4, 3));
    let report = run(&spec, &trace("0I0 1W0 0I0"));
    expect(
        &report,
        &[
            ("cores.0.updates", 1),
            ("l1i.hits", 1),
            ("l1i.misses", 1),
            ("cores.0.cycles", 110),
            ("cores.1.cycles", 213),
        ],
    );
}

/// A shared level. 0R: 124. 1R: E becomes Sc, the shared level supplies: granted at 124,
/// 2 + 20 + 1 to 147. 1W: 148, BusUpd to 151; the shared level keeps the old line, clean. Only the
/// drain brings it the new one.
#[test]
fn shared_level_takes_no_updates() {
    let mut spec = dragon(2, vec![level(4, 1), shared(8, 20)]);
    let report = run(&spec, &trace("0R0 1R0 1W0 0R0"));
    expect(
        &report,
        &[
            ("levels.1.hits", 1),
            ("levels.1.write_backs_received", 0),
            ("cores.0.hits", 1),
            ("memory.writes", 0),
            ("cores.1.cycles", 151),
        ],
    );
    assert!(report.shared_dirty_lines.concat().is_empty());

    spec.rules.drain_at_end = true;
    let report = run(&spec, &trace("0R0 1R0 1W0 0R0"));
    expect(
        &report,
        &[
            ("levels.1.write_backs_received", 1),
            ("levels.1.write_backs", 1),
            ("cores.1.transitions.Sm>Sc.drain", 1),
            ("memory.writes", 1),
        ],
    );
}

/// An inclusive shared level of one line gives 0 up for 16: the copies of both cores go along, the
/// dirty one over the bus.
#[test]
fn shared_level_takes_a_dirty_line() {
    let report = run(&dragon(3, vec![level(4, 1), shared(1, 20)]), &trace("0W0 1R0 2R16"));
    expect(
        &report,
        &[
            ("cores.0.dirty_back_invalidations", 1),
            ("cores.0.transitions.Sm>I.back_invalidation", 1),
            ("cores.1.transitions.Sc>I.back_invalidation", 1),
            ("memory.writes", 1),
        ],
    );
}

/// There is no BusUpgr that `ReadExclusive` could replace: a store to Sc is a hit all the same.
/// Without exclusive reads a sole reader gets Sc, and its store sends the word to nobody.
#[test]
fn house_rules() {
    let mut spec = dragon(2, vec![level(4, 1)]);
    spec.rules.write_to_shared_read_exclusive = true;
    let report = run(&spec, &trace("0R0 1R0 0W0"));
    expect(&report, &[("totals.hits", 1), ("totals.bus_upd", 1), ("classes.upgrade", 0)]);

    spec.rules.exclusive_on_sole_read = false;
    let report = run(&spec, &trace("0R0 0W0"));
    expect(
        &report,
        &[
            ("totals.transitions.I>Sc.load", 1),
            ("totals.transitions.Sc>M.store", 1),
            ("totals.bus_upd", 1),
            ("totals.updates", 0),
            ("bus.data_bytes", 16 + 4),
        ],
    );
}

/// A store that no level takes could not be told to the others: where every private level lets it
/// pass, there is no such machine. One level that takes it is enough.
#[test]
fn machines_that_take_no_store_are_refused() {
    let pass = || write_through(level(2, 1), false);
    assert!(dragon(2, vec![pass()]).validate().is_err());
    assert!(dragon(2, vec![pass(), pass(), shared(4, 10)]).validate().is_err());
    assert!(dragon(2, vec![pass(), write_through(level(2, 1), true)]).validate().is_ok());
    assert!(dragon(2, vec![pass(), level(4, 10)]).validate().is_ok());
}
