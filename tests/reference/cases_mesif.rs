//! Small machines of MESIF worked by hand, with the derivations.
//!
//! The machines of `cases.rs`: a fill from memory holds the bus for 2 + 100 + 1 = 103, one from
//! another core's cache for 2 + 30 + 1 = 33, a BusUpgr for 2.

use super::cases::{expect, level, machine, shared, trace, write_through};
use super::spec::{CleanSupply, LevelSpec};
use super::{Protocol, Spec, run};

fn mesif(cores: usize, levels: Vec<LevelSpec>) -> Spec {
    Spec { protocol: Protocol::Mesif, ..machine(cores, levels) }
}

/// The newest reader forwards. 0R: E from memory, 104. 1R: the E copy supplies, granted at 104,
/// 137. 2R: core 1's F copy supplies, granted at 137, 170. Nothing is dirty, so nothing is a
/// flush; only the E copy was unique, so there is one intervention.
#[test]
fn newest_reader_forwards() {
    let report = run(&mesif(3, vec![level(4, 1)]), &trace("0R0 1R0 2R0"));
    expect(
        &report,
        &[
            ("totals.bus_rd", 3),
            ("totals.cache_to_cache", 2),
            ("totals.fills_with_holders", 2),
            ("totals.flushes", 0),
            ("cores.0.interventions", 1),
            ("totals.interventions", 1),
            ("cores.0.transitions.I>E.load", 1),
            ("cores.0.transitions.E>S.snoop", 1),
            ("cores.1.transitions.I>F.load", 1),
            ("cores.1.transitions.F>S.snoop", 1),
            ("cores.2.transitions.I>F.load", 1),
            ("memory.reads", 1),
            ("bus.data_bytes", 3 * 16),
            ("cores.1.cycles", 137),
            ("cores.2.cycles", 170),
        ],
    );
    let states: Vec<char> = report.cores.iter().map(|core| core.states[&0]).collect();
    assert_eq!(states, ['S', 'S', 'F']);
}

/// Core 1 gives its F copy up for 16, silently. Core 2 finds a holder that does not forward:
/// memory supplies, unless the house rules let any holder. Core 2 forwards from now on.
#[test]
fn evicted_forwarder_is_replaced_by_the_next_reader() {
    let mut spec = mesif(3, vec![level(1, 1)]);
    for (supply, cache_to_cache) in
        [(CleanSupply::Memory, 1), (CleanSupply::ExclusiveOnly, 1), (CleanSupply::AnyHolder, 2)]
    {
        spec.rules.clean_supply = supply;
        let report = run(&spec, &trace("0R0 1R0 1R16 2R0"));
        expect(
            &report,
            &[
                ("totals.cache_to_cache", cache_to_cache),
                ("totals.fills_with_holders", 2),
                ("memory.reads", 4 - cache_to_cache),
                ("cores.1.evictions", 1),
                ("cores.1.transitions.F>I.evict", 1),
                ("totals.write_backs", 0),
            ],
        );
        assert_eq!(report.cores[0].states[&0], 'S');
        assert_eq!(report.cores[2].states[&0], 'F');
    }
}

/// Each core reads and writes in turn. 0R: E, 104. 0W: silent, 105. 1R: core 0 flushes, memory
/// takes the line; F; granted at 104, 137. 1W: from F, 138, BusUpgr to 140. 0R: ready at 106,
/// granted at 140, 173. 0W: 174, 176.
#[test]
fn migratory() {
    let report = run(&mesif(2, vec![level(4, 1)]), &trace("0R0 0W0 1R0 1W0 0R0 0W0"));
    expect(
        &report,
        &[
            ("totals.hits", 3),
            ("totals.bus_upgr", 2),
            ("totals.flushes", 2),
            ("totals.flushes_kept", 0),
            ("totals.handed_over", 0),
            ("totals.interventions", 2),
            ("totals.invalidations", 2),
            ("totals.cache_to_cache", 2),
            ("totals.transitions.M>S.snoop", 2),
            ("totals.transitions.S>I.snoop", 2),
            ("totals.transitions.I>F.load", 2),
            ("totals.transitions.F>M.store", 2),
            ("memory.reads", 1),
            ("memory.writes", 2),
            ("cores.1.cycles", 140),
            ("cores.0.cycles", 176),
        ],
    );
}

/// Each core writes in turn: flushes, as in MESI. A store that finds clean copies gets the line
/// from the one that forwards: E (granted at 104, 137), or F while S is dropped.
#[test]
fn stores_in_turn() {
    let spec = mesif(3, vec![level(4, 1)]);
    let report = run(&spec, &trace("0W0 1W0 0W0"));
    expect(
        &report,
        &[
            ("totals.bus_rdx", 3),
            ("totals.flushes", 2),
            ("totals.transitions.M>I.snoop", 2),
            ("memory.writes", 2),
            ("cores.0.cycles", 170),
        ],
    );

    let report = run(&spec, &trace("0R0 1W0"));
    expect(
        &report,
        &[
            ("cores.0.transitions.E>I.snoop", 1),
            ("totals.flushes", 0),
            ("totals.interventions", 0),
            ("cores.1.cache_to_cache", 1),
            ("memory.reads", 1),
            ("memory.writes", 0),
            ("cores.1.cycles", 137),
        ],
    );

    let report = run(&spec, &trace("0R0 1R0 2W0"));
    expect(
        &report,
        &[
            ("cores.0.transitions.S>I.snoop", 1),
            ("cores.1.transitions.F>I.snoop", 1),
            ("cores.2.cache_to_cache", 1),
            ("cores.2.invalidations_sent", 2),
            ("memory.reads", 1),
        ],
    );
}

/// One writes, the other reads. 0W: 104. 1R: a flush, 137; core 0 keeps S, core 1 forwards. 0W:
/// from S, ready at 105, BusUpgr from 137 to 139 takes the F copy. 1R: 138, granted at 139, 172.
#[test]
fn producer_and_consumer() {
    let report = run(&mesif(2, vec![level(4, 1)]), &trace("0W0 1R0 0W0 1R0"));
    expect(
        &report,
        &[
            ("cores.0.flushes", 2),
            ("cores.0.interventions", 2),
            ("cores.0.transitions.S>M.store", 1),
            ("cores.1.transitions.F>I.snoop", 1),
            ("cores.1.transitions.I>F.load", 2),
            ("classes.true_sharing", 1),
            ("memory.writes", 2),
            ("cores.0.cycles", 139),
            ("cores.1.cycles", 172),
        ],
    );
}

/// 0W, 1R: a flush, and core 1 forwards; 2R: it supplies. 2W: a BusUpgr from F drops both S.
#[test]
fn three_cores_share_a_line_that_was_dirty() {
    let report = run(&mesif(3, vec![level(4, 1)]), &trace("0W0 1R0 2R0 2W0"));
    expect(
        &report,
        &[
            ("totals.flushes", 1),
            ("totals.cache_to_cache", 2),
            ("totals.interventions", 1),
            ("cores.2.invalidations_sent", 2),
            ("totals.transitions.S>I.snoop", 2),
            ("memory.reads", 1),
            ("memory.writes", 1),
        ],
    );
}

/// Without exclusive reads a sole reader gets F: its store asks the bus, and the next reader is
/// supplied. No copy was unique, so nobody intervenes.
#[test]
fn sole_reader_forwards_where_there_is_no_exclusive_read() {
    let mut spec = mesif(2, vec![level(4, 1)]);
    spec.rules.exclusive_on_sole_read = false;
    let report = run(&spec, &trace("0R0 0W0"));
    expect(
        &report,
        &[
            ("totals.transitions.I>F.load", 1),
            ("totals.transitions.F>M.store", 1),
            ("totals.bus_upgr", 1),
            ("totals.silent_upgrades", 0),
        ],
    );
    let report = run(&spec, &trace("0R0 1R0"));
    expect(
        &report,
        &[
            ("totals.transitions.F>S.snoop", 1),
            ("totals.cache_to_cache", 1),
            ("totals.interventions", 0),
        ],
    );
}

/// `ReadExclusive`: a store to F is a miss, and the S copy beside it does not supply; a store to S
/// is a miss that the F copy supplies. (Core 1's read is supplied by E both times.)
#[test]
fn read_exclusive_reads_the_line_again() {
    let mut spec = mesif(2, vec![level(4, 1)]);
    spec.rules.write_to_shared_read_exclusive = true;
    for (text, change, loss, cache_to_cache) in [
        ("0R0 1R0 1W0", "totals.transitions.F>M.store", "totals.transitions.S>I.snoop", 1),
        ("0R0 1R0 0W0", "totals.transitions.S>M.store", "totals.transitions.F>I.snoop", 2),
    ] {
        expect(
            &run(&spec, &trace(text)),
            &[
                ("totals.misses", 3),
                ("classes.upgrade", 1),
                ("totals.bus_rdx", 1),
                ("totals.bus_upgr", 0),
                (change, 1),
                (loss, 1),
                ("totals.cache_to_cache", cache_to_cache),
                ("memory.reads", 3 - cache_to_cache),
            ],
        );
    }
}

/// A store that no level takes wants no data, so nobody supplies any: on the bus are the two
/// lines that were read and the word.
#[test]
fn nobody_supplies_a_store_that_passes() {
    let spec = mesif(3, vec![write_through(level(2, 1), false)]);
    let report = run(&spec, &trace("0R0 1R0 2W0"));
    expect(
        &report,
        &[
            ("totals.bus_rdx", 1),
            ("cores.2.cache_to_cache", 0),
            ("totals.cache_to_cache", 1),
            ("totals.transitions.S>I.snoop", 1),
            ("totals.transitions.F>I.snoop", 1),
            ("bus.data_bytes", 2 * 16 + 4),
            ("memory.reads", 1),
            ("memory.writes", 1),
        ],
    );
}

/// A shared level. 0R: 124. 1R: supplied by E, granted at 124, 157; the shared level is not looked
/// up. 1R 16: 158, then 123 to 281; the F copy is gone. 2R: the shared level has the line: granted
/// at 281, 2 + 20 + 1 to 304.
#[test]
fn shared_level_supplies_what_nobody_forwards() {
    let spec = mesif(3, vec![level(1, 1), shared(8, 20)]);
    let report = run(&spec, &trace("0R0 1R0 1R16 2R0"));
    expect(
        &report,
        &[
            ("levels.1.hits", 1),
            ("levels.1.misses", 2),
            ("totals.cache_to_cache", 1),
            ("cores.2.transitions.I>F.load", 1),
            ("memory.reads", 2),
            ("cores.1.cycles", 281),
            ("cores.2.cycles", 304),
        ],
    );
}

/// An L1 of one line over an inclusive L2. 0W 0, 0R 16, 0W 4: dirty in both, newest in the L1.
/// 1R: one flush, one bit merged; the newest data goes into both copies. 0R 16, 0R 0: the L1's
/// copy goes silently and comes back from the L2 (the model checks that it is current). 2R: from
/// the copies of core 1, which forwards.
#[test]
fn inner_dirty_copies_are_flushed_at_once() {
    let spec = mesif(3, vec![level(1, 1), level(4, 10)]);
    let report = run(&spec, &trace("0W0 0R16 0W4 1R0 0R16 0R0 0R4 2R0"));
    expect(
        &report,
        &[
            ("cores.0.flushes", 1),
            ("cores.0.dirty_merged", 1),
            ("cores.0.levels.0.write_backs", 1),
            ("cores.0.write_backs", 0),
            ("totals.cache_to_cache", 2),
            ("memory.reads", 2),
            ("memory.writes", 1),
        ],
    );
    assert!(report.cores[0].dirty_lines.concat().is_empty());
}
