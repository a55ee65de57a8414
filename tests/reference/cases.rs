//! Small machines of MSI and MESI worked by hand, with the derivations.
//!
//! All of them: lines of 16 bytes (4 words), a bus that moves a line in one beat. So a fill from
//! memory costs the lookups + 2 (request) + 100 (memory) + 1 (beat), and holds the bus for 103.

use super::spec::{BusSpec, CleanSupply, LevelSpec, Replacement, Rules, WritePolicy};
use super::{Access, Op, Protocol, Report, Spec, run};

/// A fully associative write-back level with LRU.
pub(super) fn level(lines: u64, latency: u64) -> LevelSpec {
    LevelSpec {
        shared: false,
        size_bytes: 16 * lines,
        ways: None,
        replacement: Replacement::Lru,
        write: WritePolicy::WriteBack,
        inclusive: true,
        latency,
    }
}

pub(super) fn shared(lines: u64, latency: u64) -> LevelSpec {
    LevelSpec { shared: true, ..level(lines, latency) }
}

pub(super) fn non_inclusive(mut level: LevelSpec) -> LevelSpec {
    level.inclusive = false;
    level
}

pub(super) fn write_through(mut level: LevelSpec, allocate: bool) -> LevelSpec {
    level.write = WritePolicy::WriteThrough { allocate };
    level
}

pub(super) fn machine(cores: usize, levels: Vec<LevelSpec>) -> Spec {
    Spec {
        cores,
        protocol: Protocol::Mesi,
        line_bytes: 16,
        word_bytes: 4,
        levels,
        l1i: None,
        bus: BusSpec { request: 2, width: 16, beat: 1, cache_to_cache: 30, pipelined: false },
        memory_latency: 100,
        write_buffer: 8,
        rules: Rules::textbook(),
    }
}

/// `"0R 0x10"`: core, operation, address; one word each.
pub(super) fn trace(text: &str) -> Vec<Access> {
    let access = |word: &str| {
        let (core, rest) = word.split_at(1);
        let (op, addr) = rest.split_at(1);
        let op = match op {
            "R" => Op::Read,
            "W" => Op::Write,
            "A" => Op::Atomic,
            "I" => Op::Fetch,
            "C" => Op::Clean,
            "F" => Op::Flush,
            other => panic!("no operation {other}"),
        };
        let core = core.parse().expect("a core");
        Access { core, op, addr: addr.parse().expect("an address"), size: 4 }
    };
    text.split_whitespace().map(access).collect()
}

pub(super) fn expect(report: &Report, counters: &[(&str, u64)]) {
    let flat = report.flat();
    for (name, value) in counters {
        // A transition that never happened is not in the report.
        assert_eq!(flat.get(*name).copied().unwrap_or(0), *value, "{name}");
    }
}

/// One access of 8 bytes at 12: a word of line 0 and a word of line 16, each a cold miss of
/// 1 + 103 cycles, of which one is no stall.
#[test]
fn straddling_access() {
    let spec = machine(1, vec![level(4, 1)]);
    let report = run(&spec, &[Access { core: 0, op: Op::Read, addr: 12, size: 8 }]);
    expect(
        &report,
        &[
            ("totals.reads", 2),
            ("totals.straddles", 1),
            ("totals.misses", 2),
            ("classes.cold", 2),
            ("totals.cycles", 208),
            ("totals.stall_cycles", 206),
            ("bus.data_bytes", 32),
        ],
    );
}

/// Write-through without allocation over an inclusive write-back level.
///
/// W 0: the L1 lacks it and passes the store on; the L2 lacks it too, takes it, and is filled by a
/// BusRdX: 1 + 10 + 103 = 114 cycles. R 0: the L1 misses, the L2 hits: 11 cycles. W 0: a hit at
/// the L1, whose copy is written; the store ends in the L2, which is dirty already: 1 cycle.
#[test]
fn write_through_without_allocation() {
    let spec = machine(1, vec![write_through(level(2, 1), false), level(4, 10)]);
    let report = run(&spec, &trace("0W0 0R0 0W0"));
    expect(
        &report,
        &[
            ("totals.hits", 1),
            ("totals.misses", 2),
            ("levels.0.fills", 1),
            ("levels.0.write_throughs", 2),
            ("levels.1.hits", 1),
            ("levels.1.misses", 1),
            ("levels.1.fills", 1),
            ("totals.transitions.I>M.store", 1),
            ("totals.transitions.M>E.store", 0),
            ("bus.write_throughs", 0),
            ("memory.reads", 1),
            ("memory.writes", 0),
            ("totals.cycles", 126),
            // The store missed, then the load missed a line that the L2 held: a replacement miss,
            // and the shadow lacks the line, for the store did not enter it.
            ("classes.cold", 1),
            ("classes.capacity", 1),
        ],
    );
    assert_eq!(report.cores[0].dirty_lines, [vec![], vec![0]]);
}

/// The same with allocation: W 0 fills both levels and goes on into the L2 at no cost to the core;
/// R 0 and W 0 hit.
#[test]
fn write_through_with_allocation() {
    let spec = machine(1, vec![write_through(level(2, 1), true), level(4, 10)]);
    let report = run(&spec, &trace("0W0 0R0 0W0"));
    expect(
        &report,
        &[
            ("totals.hits", 2),
            ("totals.misses", 1),
            ("levels.0.fills", 1),
            ("levels.0.write_throughs", 2),
            ("levels.1.hits", 0),
            ("levels.1.misses", 1),
            ("totals.cycles", 116),
        ],
    );
    assert_eq!(report.cores[0].dirty_lines, [vec![], vec![0]]);
}

/// A single write-through level: every store ends in memory. With allocation W 0 is a fill
/// (1 + 103), then the store holds the bus for 2 + 1; its entry is free 100 later. Nothing is
/// dirty, so the line goes I > M > E. The second store is silent: E > M > E.
///
/// Without allocation the BusRdX carries no data: 1 + 2 cycles, and the core never has the line.
#[test]
fn stores_that_end_in_memory() {
    let spec = machine(1, vec![write_through(level(2, 1), true)]);
    let report = run(&spec, &trace("0W0 0W4"));
    expect(
        &report,
        &[
            ("totals.bus_rdx", 1),
            ("totals.silent_upgrades", 1),
            ("totals.transitions.I>M.store", 1),
            ("totals.transitions.E>M.store", 1),
            ("totals.transitions.M>E.store", 2),
            ("totals.write_backs", 0),
            ("bus.write_throughs", 2),
            ("bus.data_bytes", 16 + 4 + 4),
            // The fill, and the two stores.
            ("bus.busy_cycles", 103 + 3 + 3),
            ("memory.writes", 2),
            ("memory.bytes_written", 8),
            ("totals.cycles", 105),
        ],
    );

    let spec = machine(1, vec![write_through(level(2, 1), false)]);
    let report = run(&spec, &trace("0W0 0W4"));
    expect(
        &report,
        &[
            ("totals.bus_rdx", 2),
            ("classes.cold", 2),
            ("levels.0.fills", 0),
            ("bus.data_bytes", 8),
            ("memory.reads", 0),
            // 0: t1 = 1, BusRdX to 3, store on the bus to 6. Then t1 = 4, BusRdX 6 to 8.
            ("totals.bus_wait_cycles", 2),
            ("totals.cycles", 8),
        ],
    );
    assert!(report.cores[0].states.is_empty());
}

/// A full write buffer. Fill to 104; the store's entry is free at 104 + 3 + 100 = 207. The second
/// store is a hit at 105 and waits for that entry; its own is free at 207 + 3 + 100 = 310. The
/// third waits from 208 to 310. With no entry at all the core waits for each store itself: to
/// 207, to 208 + 103 = 311, to 312 + 103 = 415.
#[test]
fn full_write_buffer() {
    let mut spec = machine(1, vec![write_through(level(2, 1), true)]);
    spec.write_buffer = 1;
    let report = run(&spec, &trace("0W0 0W0 0W0"));
    expect(&report, &[("totals.cycles", 310), ("totals.bus_wait_cycles", 0)]);
    spec.write_buffer = 0;
    let report = run(&spec, &trace("0W0 0W0 0W0"));
    expect(&report, &[("totals.cycles", 415), ("totals.stall_cycles", 412)]);
}

/// A dirty victim: W 0 ends at 104. W 16 looks up to 105, its fill ends at 208, the victim's
/// write-back holds the bus to 211. W 32 looks up to 209, waits 2, ends at 314.
#[test]
fn dirty_victim_is_posted_after_the_fill() {
    let report = run(&machine(1, vec![level(1, 1)]), &trace("0W0 0W16 0W32"));
    expect(
        &report,
        &[
            ("totals.dirty_evictions", 2),
            ("totals.write_backs", 2),
            ("totals.bus_wait_cycles", 2),
            ("totals.cycles", 314),
            ("bus.busy_cycles", 3 * 103 + 2 * 3),
            ("bus.data_bytes", 5 * 16),
        ],
    );
}

/// A non-inclusive L2 of one line beside an L1 of two.
///
/// R 0: both. R 16: the L2 gives 0 up, the L1 keeps it. R 0: hit. W 0: silent, dirty in the L1.
/// R 32: the L1 gives 16 up, the L2 too: that was the last copy. R 48: the L1 gives 0 up; the L2
/// lacks it and makes room by giving 32 up (which the L1 keeps); then the L2 is asked for 48 and
/// gives 0 up: the only write-back.
#[test]
fn non_inclusive_outer_level() {
    let spec = machine(1, vec![level(2, 1), non_inclusive(level(1, 10))]);
    let report = run(&spec, &trace("0R0 0R16 0R0 0W0 0R32 0R48"));
    expect(
        &report,
        &[
            ("totals.hits", 2),
            ("totals.misses", 4),
            ("totals.evictions", 4),
            ("totals.dirty_evictions", 1),
            ("totals.write_backs", 1),
            ("totals.back_invalidations", 0),
            ("levels.0.evictions", 2),
            ("levels.0.write_backs", 1),
            ("levels.1.write_backs", 1),
            ("levels.1.write_backs_received", 1),
            ("levels.1.fills", 4),
            ("totals.transitions.E>I.evict", 1),
            ("totals.transitions.M>I.evict", 1),
        ],
    );
    assert_eq!(report.cores[0].states.keys().copied().collect::<Vec<_>>(), [32, 48]);
}

/// An inclusive L2 that gives up a line which the L1 has dirty: one write-back, with the L1's
/// data; the L1's copy is back-invalidated, and the next read of it is such a miss.
#[test]
fn inclusive_outer_level_takes_the_dirty_inner_copy() {
    let spec = machine(1, vec![level(2, 1), level(1, 10)]);
    let report = run(&spec, &trace("0W0 0R16 0R0"));
    expect(
        &report,
        &[
            ("totals.back_invalidations", 2),
            ("levels.0.back_invalidations", 2),
            ("levels.0.write_backs", 0),
            ("levels.1.write_backs", 1),
            ("totals.dirty_evictions", 1),
            ("totals.dirty_merged", 0),
            ("totals.evictions", 2),
            ("classes.cold", 2),
            ("classes.back_invalidation", 1),
            ("memory.writes", 1),
        ],
    );
}

/// The L1I. I 0: L1I (3) and L1 (1) looked up, then the bus: 107. R 0: the L1 misses (1), the L1I
/// supplies (3): 4; a replacement miss, for the core holds the line. W 0: a hit that drops the
/// L1I's copy: 1. I 0: the L1I misses, the L1 supplies its dirty line and stays dirty: 4. The read
/// is a capacity miss (the L1 never had the line), the last fetch a conflict miss: a fully
/// associative L1I loses lines to other cores, not to the core's own store.
#[test]
fn instruction_cache_supplies_and_is_dropped() {
    let mut spec = machine(1, vec![level(4, 1)]);
    spec.l1i = Some(level(4, 3));
    let report = run(&spec, &trace("0I0 0R0 0W0 0I0"));
    expect(
        &report,
        &[
            ("totals.fetches", 2),
            ("totals.fetch_misses", 2),
            ("totals.read_misses", 1),
            ("totals.bus_rd", 1),
            ("totals.silent_upgrades", 1),
            ("l1i.misses", 2),
            ("l1i.fills", 2),
            ("levels.0.hits", 1),
            ("levels.0.misses", 1),
            ("levels.0.fills", 1),
            ("classes.cold", 1),
            ("classes.capacity", 1),
            ("classes.conflict", 1),
            ("totals.cycles", 107 + 4 + 1 + 4),
            ("totals.stall_cycles", 104 + 3 + 1),
        ],
    );
    assert_eq!(report.cores[0].dirty_lines, [vec![0]]);
}

/// An inclusive shared level of one line. Core 0 has 0 dirty; core 1 reads 16, so the shared level
/// gives 0 up: core 0's dirty copy goes along, over the bus to memory. Core 0 reads 0 again: a
/// back-invalidation miss, and core 1 loses 16 likewise (clean).
#[test]
fn inclusive_shared_level_takes_a_dirty_line() {
    let spec = machine(2, vec![level(4, 1), shared(1, 20)]);
    let report = run(&spec, &trace("0W0 1R16 0R0"));
    expect(
        &report,
        &[
            ("totals.back_invalidations", 2),
            ("cores.0.dirty_back_invalidations", 1),
            ("totals.write_backs", 0),
            ("totals.evictions", 0),
            ("totals.invalidations", 0),
            ("cores.0.transitions.M>I.back_invalidation", 1),
            ("cores.1.transitions.E>I.back_invalidation", 1),
            ("classes.back_invalidation", 1),
            ("levels.1.evictions", 2),
            ("levels.1.write_backs", 1),
            ("levels.1.write_backs_received", 0),
            ("bus.data_bytes", 4 * 16),
            ("memory.reads", 3),
            ("memory.writes", 1),
        ],
    );
}

/// A non-inclusive shared level of one line. W 0 and R 16 of core 0 pass it, so it has 16. Core 1
/// reads 0: core 0 flushes; the line arrives at the shared level, which gives 16 up for it and
/// writes nothing to memory; the shared level is not looked up.
///
/// Core 0: 1 + 2 + 20 + 100 + 1 = 124, then 248. Core 1 is ready at 1, is granted the bus at 248
/// and ends at 248 + 2 + 30 + 1.
#[test]
fn flush_arrives_at_a_shared_level_that_lacks_it() {
    let spec = machine(2, vec![level(4, 1), non_inclusive(shared(1, 20))]);
    let report = run(&spec, &trace("0W0 0R16 1R0"));
    expect(
        &report,
        &[
            ("cores.0.flushes", 1),
            ("cores.0.interventions", 1),
            ("cores.1.cache_to_cache", 1),
            ("cores.1.fills_with_holders", 1),
            ("cores.0.transitions.M>S.snoop", 1),
            ("cores.1.transitions.I>S.load", 1),
            ("levels.1.misses", 2),
            ("levels.1.fills", 2),
            ("levels.1.evictions", 2),
            ("levels.1.write_backs_received", 1),
            ("memory.writes", 0),
            ("cores.0.cycles", 248),
            ("cores.1.bus_wait_cycles", 247),
            ("cores.1.cycles", 281),
        ],
    );
    assert_eq!(report.shared_dirty_lines, [vec![0]]);
}

/// Both cores read 0 (E, then S S), core 0 writes it. `Upgrade`: a hit with a BusUpgr.
/// `ReadExclusive`: a miss of class upgrade, refilled in place.
///
/// Who supplies: core 1's read sees an E copy, core 0's write an S copy.
#[test]
fn write_to_shared_and_clean_supply() {
    let mut spec = machine(2, vec![level(4, 1)]);
    let report = run(&spec, &trace("0R0 1R0 0W0"));
    expect(&report, &[("totals.hits", 1), ("totals.bus_upgr", 1), ("totals.misses", 2)]);

    spec.rules.write_to_shared_read_exclusive = true;
    for (supply, cache_to_cache) in
        [(CleanSupply::Memory, 0), (CleanSupply::ExclusiveOnly, 1), (CleanSupply::AnyHolder, 2)]
    {
        spec.rules.clean_supply = supply;
        let report = run(&spec, &trace("0R0 1R0 0W0"));
        expect(
            &report,
            &[
                ("totals.hits", 0),
                ("totals.misses", 3),
                ("totals.bus_upgr", 0),
                ("totals.bus_rdx", 1),
                ("totals.cache_to_cache", cache_to_cache),
                ("totals.fills_with_holders", 2),
                ("memory.reads", 3 - cache_to_cache),
                ("classes.upgrade", 1),
                ("cores.0.transitions.S>M.store", 1),
                ("cores.0.levels.0.fills", 2),
                ("cores.0.levels.0.evictions", 0),
                ("cores.1.invalidations", 1),
                ("cores.0.invalidations_sent", 1),
                ("totals.interventions", 1),
            ],
        );
    }
}

/// The dirty line moves from core 0 to core 1. By default memory takes it as it passes; else it
/// stays stale, and only core 1's line is dirty. The last read sees both stores either way.
#[test]
fn dirty_ownership_can_move() {
    let mut spec = machine(2, vec![level(4, 1)]);
    let report = run(&spec, &trace("0W0 1W4 0R0"));
    expect(&report, &[("totals.flushes", 2), ("memory.writes", 2)]);
    spec.rules.invalidating_flush_updates_memory = false;
    let report = run(&spec, &trace("0W0 1W4 0R0"));
    // Core 0 lost the line to a store of word 1, and reads word 0: false sharing.
    expect(&report, &[("totals.flushes", 2), ("memory.writes", 1), ("classes.false_sharing", 1)]);
}

/// One line in the L1, one in a non-inclusive L2: W 0, R 16.
///
/// Victim first: 0 goes from the L1 into the L2, which has it; then the L2 is asked for 16 and
/// gives 0 up, dirty: memory is written.
///
/// Fill first: the L2 is asked for 16, places it and gives its clean 0 up; the L1 places 16 and
/// gives its dirty 0 up, which the L2 no longer has: 16 goes from the L2, memory is not written.
/// The drain writes it; the L2 keeps it clean.
#[test]
fn victim_first_and_fill_first() {
    let mut spec = machine(1, vec![level(1, 1), non_inclusive(level(1, 10))]);
    let report = run(&spec, &trace("0W0 0R16"));
    expect(
        &report,
        &[
            ("levels.1.evictions", 1),
            ("levels.1.write_backs", 1),
            ("memory.writes", 1),
            ("totals.transitions.M>I.evict", 1),
        ],
    );

    spec.rules.victim_first = false;
    spec.rules.drain_at_end = true;
    let report = run(&spec, &trace("0W0 0R16"));
    expect(
        &report,
        &[
            ("levels.1.evictions", 2),
            ("totals.dirty_evictions", 0),
            ("levels.1.write_backs_received", 1),
            ("totals.transitions.M>I.evict", 0),
            ("totals.transitions.M>E.drain", 1),
            ("totals.drained", 1),
            ("totals.write_backs", 1),
            ("memory.writes", 1),
            // Neither the victim nor the drain costs anything: 1 + 10 + 103, twice.
            ("totals.cycles", 228),
            ("bus.busy_cycles", 206),
        ],
    );
}

/// W 0 is dirty in the L1 alone. The drain sends it to the L2, then to the shared level, then to
/// memory; each copy stays, clean, and M becomes E (in MSI: S).
#[test]
fn drain_goes_level_by_level() {
    for (protocol, transition) in [
        (Protocol::Mesi, "totals.transitions.M>E.drain"),
        (Protocol::Msi, "totals.transitions.M>S.drain"),
    ] {
        let mut spec = machine(1, vec![level(2, 1), level(4, 10), shared(8, 20)]);
        spec.protocol = protocol;
        spec.rules.drain_at_end = true;
        let report = run(&spec, &trace("0W0"));
        expect(
            &report,
            &[
                ("levels.0.write_backs", 1),
                ("levels.1.write_backs", 1),
                ("levels.2.write_backs", 1),
                ("levels.1.write_backs_received", 1),
                ("levels.2.write_backs_received", 1),
                ("totals.write_backs", 1),
                ("totals.drained", 1),
                ("memory.writes", 1),
                (transition, 1),
            ],
        );
    }
}

/// C 0 of a dirty line: to the shared level and on to memory; the core keeps it in E. W 0 is then
/// silent. F 0: written again and gone; the next read is cold. Neither costs cycles:
/// W 124, W 1, R 124.
#[test]
fn clean_and_flush() {
    let spec = machine(2, vec![level(4, 1), shared(8, 20)]);
    let report = run(&spec, &trace("0W0 1C0 0W0 1F0 0R0"));
    expect(
        &report,
        &[
            ("cores.0.write_backs", 2),
            ("cores.0.transitions.M>E.clean", 1),
            ("cores.0.transitions.M>I.flush", 1),
            ("cores.0.silent_upgrades", 1),
            ("totals.invalidations", 0),
            ("totals.evictions", 0),
            ("levels.1.write_backs_received", 2),
            ("levels.1.write_backs", 2),
            ("memory.writes", 2),
            ("memory.reads", 2),
            ("bus.write_backs", 2),
            ("classes.cold", 2),
            ("totals.cycles", 249),
        ],
    );
}

/// Three cores read, two of them the same line. A plain bus is held for 103 each: granted at 1,
/// 104, 207. A pipelined one is held for 3 each: granted at 1 and 4; the third would be granted
/// at 7, but waits for the first transaction of its line, which ends at 104.
#[test]
fn bus_contention_and_pipelining() {
    let mut spec = machine(3, vec![level(4, 1)]);
    let report = run(&spec, &trace("0R0 1R16 2R0"));
    expect(
        &report,
        &[
            ("cores.0.cycles", 104),
            ("cores.1.cycles", 207),
            ("cores.2.cycles", 310),
            ("cores.1.bus_wait_cycles", 103),
            ("cores.2.bus_wait_cycles", 206),
            ("bus.busy_cycles", 309),
            ("totals.cycles", 310),
        ],
    );
    spec.bus.pipelined = true;
    let report = run(&spec, &trace("0R0 1R16 2R0"));
    expect(
        &report,
        &[
            ("cores.0.cycles", 104),
            ("cores.1.cycles", 107),
            ("cores.2.cycles", 207),
            ("cores.1.bus_wait_cycles", 3),
            ("cores.2.bus_wait_cycles", 103),
            ("bus.busy_cycles", 9),
        ],
    );
}

/// Two sets of one way: 0 and 32 conflict, which a fully associative cache of two lines would
/// not. With one more line in turn it would miss too.
#[test]
fn conflict_and_capacity() {
    let mut spec = machine(1, vec![level(2, 1)]);
    spec.levels[0].ways = Some(1);
    let report = run(&spec, &trace("0R0 0R32 0R0"));
    expect(&report, &[("classes.cold", 2), ("classes.conflict", 1)]);
    let report = run(&spec, &trace("0R0 0R32 0R64 0R0"));
    expect(&report, &[("classes.cold", 3), ("classes.capacity", 1)]);
}
