//! Small traces on small machines, with counts derived by hand beside each.

use std::ops::ControlFlow;

use cache::Addr;
use coherence::{Machine, Observer, Op, Supplier, Transaction};
use driver::config::{Config, Draft};
use driver::report::{Provenance, Report};
use driver::{Interleave, ReplayOptions, Streams, replay};
use serde_json::Value;
use trace::{Format, ReadOptions};

/// Replays an mtrace text on a machine and returns the JSON report; classes are counted and every
/// load is checked.
fn report(machine: &str, trace: &str) -> Value {
    let draft = Draft::from_ron("machine.ron", machine).expect("the machine is RON");
    let config = Config::new(&draft).expect("the machine can be built");
    let input = Box::new(std::io::Cursor::new(trace.to_owned().into_bytes()));
    let options = ReadOptions { format: Some(Format::Mtrace), ..ReadOptions::default() };
    let source = trace::read("golden.mtrace", input, &options).expect("the trace is readable");
    let replayed = replay(
        &config,
        Streams::Ordered(source),
        Interleave::Recorded,
        &ReplayOptions { classify: true, check: true, ..ReplayOptions::default() },
        &mut |_| ControlFlow::Continue(()),
    )
    .expect("the trace can be replayed");
    let provenance =
        Provenance { paths: vec![], format: Format::Mtrace, title: None, in_json: false };
    serde_json::from_str(&Report::new(replayed, &config, provenance).json()).expect("JSON")
}

/// Checks counts by their place in the report: `totals/hits`.
fn check(machine: &str, trace: &str, expected: &[(&str, u64)]) {
    let report = report(machine, trace);
    for (place, want) in expected {
        let found = report.pointer(&format!("/{place}"));
        assert_eq!(found.and_then(Value::as_u64), Some(*want), "{place}");
    }
}

/// Reads of core 0, one a line.
fn reads(addresses: &[u64]) -> String {
    let lines: Vec<String> =
        addresses.iter().map(|address| format!("0 R {address:#x}\n")).collect();
    lines.concat()
}

/// One core, an L1 of four direct-mapped lines of 16 bytes.
const TINY: &str = r#"(line: "16 B", caches: [(name: "L1", size: "64 B", ways: 1, latency: 1)])"#;

#[test]
fn a_straddling_access_is_a_reference_to_each_line_in_address_order() {
    // 0x0c..0x2b touches the lines 0x0 (4 bytes), 0x10 (16) and 0x20 (12): three references, three
    // misses. The store of 8 bytes at 0x1c touches 0x10 and 0x20, both E here: two hits, two
    // silent upgrades. The byte at 0x1f stays within one line.
    check(
        TINY,
        "0 R 0x0c 32\n0 W 0x1c 8\n0 R 0x1f 1\n",
        &[
            ("trace/accesses", 3),
            ("trace/references", 6),
            ("totals/straddles", 2),
            ("totals/reads", 4),
            ("totals/writes", 2),
            ("totals/misses", 3),
            ("totals/bus_rd", 3),
            ("totals/hits", 3),
            ("totals/silent_upgrades", 2),
            ("totals/dirty_set", 2),
            ("memory/reads", 3),
            ("classes/cold", 3),
        ],
    );
}

#[test]
fn sixty_four_cores_share_a_line_and_one_store_takes_it_from_all() {
    // Every core reads the line: 64 BusRd, the first alone (E), the second an intervention at the
    // first, all others find holders. Core 63 then stores: an upgrade that 63 others
    // lose a copy to. Core 0 reads again: core 63 flushes and supplies.
    let read_by_all: Vec<String> = (0..64).map(|core| format!("{core} R 0x1000\n")).collect();
    let trace = read_by_all.concat() + "63 W 0x1000\n0 R 0x1000\n";
    check(
        r#"(cores: 64, caches: [(name: "L1", size: "32 KiB", ways: 8)])"#,
        &trace,
        &[
            ("machine/cores", 64),
            ("totals/bus_rd", 65),
            ("totals/bus_upgr", 1),
            ("totals/fills_with_holders", 64),
            ("totals/interventions", 2),
            ("totals/invalidations", 63),
            ("cores/63/invalidations_sent", 63),
            ("cores/62/invalidations", 1),
            ("totals/flushes", 1),
            ("totals/cache_to_cache", 1),
            ("memory/reads", 64),
            ("memory/writes", 1),
            ("classes/true_sharing", 1),
            ("classes/cold", 64),
        ],
    );
}

#[test]
fn a_fully_associative_cache_of_two_million_lines_keeps_exact_lru_order() {
    // 2 Mi lines of 16 bytes. A walk over 2 Mi + 1 lines misses every time, and its last line
    // replaces line 0, the least recent. Line 1 is then read (a hit, most recent), and line 0 comes
    // back in the place of line 2. So line 1 hits again and line 2 misses.
    let lines: u64 = 2 << 20;
    let machine = r#"(line: "16 B", caches: [(name: "L1", size: "32 MiB", ways: Full)])"#;
    let walk: Vec<u64> = (0..=lines).chain([1, 0, 1, 2]).map(|line| line * 16).collect();
    let trace = reads(&walk);
    check(
        machine,
        &trace,
        &[
            ("totals/accesses", lines + 5),
            ("totals/hits", 2),
            ("totals/misses", lines + 3),
            // Line 0, then line 2 for line 0, then line 3 for line 2.
            ("totals/evictions", 3),
            ("totals/write_backs", 0),
            ("classes/cold", lines + 1),
            // A fully associative cache has no conflicts.
            ("classes/capacity", 2),
        ],
    );
}

#[test]
fn a_non_inclusive_outer_level_leaves_inner_copies_alone_and_takes_their_victims() {
    // L1 of two lines, one set; L2 of one line, non-inclusive; 16-byte lines A=0x0 B=0x10 C=0x20.
    // 0 W A: miss, miss; A in L1 (dirty) and L2 (clean). M.
    // 0 R B: miss, miss; L2 gives up A, clean there: an eviction, but A lives on in L1, still M.
    // 0 R A: a hit in L1.
    // 0 R C: L1 gives up B, its least recent, clean; B is in L2, so the core keeps it. L2 then
    //        gives up B: the last copy, E>I. C in both.
    // 0 R B: L1 gives up A, dirty: it is written back to L2, which lacks it and gives up C (clean;
    //        C is in L1). Then L2 is asked for B: a miss; it gives up A, dirty: write-back, M>I.
    let machine = r#"(line: "16 B", caches: [
        (name: "L1", size: "32 B", ways: 2, latency: 1),
        (name: "L2", size: "16 B", ways: 1, latency: 3, inclusion: NonInclusive),
    ])"#;
    check(
        machine,
        "0 W 0x0\n0 R 0x10\n0 R 0x0\n0 R 0x20\n0 R 0x10\n",
        &[
            ("totals/hits", 1),
            ("totals/misses", 4),
            ("levels/1/misses", 4),
            ("levels/0/evictions", 2),
            ("levels/0/write_backs", 1),
            ("levels/1/write_backs_received", 1),
            // A, B, C, A: four lines replaced at the L2, the last one dirty.
            ("totals/evictions", 4),
            ("totals/dirty_evictions", 1),
            ("totals/write_backs", 1),
            ("totals/back_invalidations", 0),
            ("totals/transitions/E>I/evict", 1),
            ("totals/transitions/M>I/evict", 1),
            ("memory/reads", 4),
            ("memory/writes", 1),
        ],
    );
}

/// A write-through L1 of two lines over a write-back inclusive L2 of four, both one set.
fn through(allocate: bool, cores: u32) -> String {
    format!(
        r#"(cores: {cores}, line: "16 B", caches: [
            (name: "L1", size: "32 B", ways: 2, latency: 1,
             write: WriteThrough(allocate: {allocate})),
            (name: "L2", size: "64 B", ways: 4, latency: 3),
        ])"#
    )
}

#[test]
fn a_write_through_l1_over_a_write_back_l2_keeps_the_dirty_bit_in_the_l2() {
    // 0 R A: miss, miss, E in both. 0 W A: a hit in L1; E>M, silent; the store goes through and
    // ends at the L2, which becomes dirty and counts no hit. Nothing passes the bus.
    // 1 R A: the L2 of core 0 has the dirty copy: flush, both S.
    // 1 W A: upgrade; core 0 loses its L2 line and the L1 line along: one invalidation.
    // 0 R A: miss at both levels; core 1 flushes from its L2.
    check(
        &through(true, 2),
        "0 R 0x0\n0 W 0x0\n1 R 0x0\n1 W 0x0\n0 R 0x0\n",
        &[
            ("totals/hits", 2),
            ("levels/0/write_throughs", 2),
            ("levels/1/hits", 0),
            ("levels/1/misses", 3),
            ("bus/write_throughs", 0),
            ("totals/silent_upgrades", 1),
            ("totals/dirty_set", 2),
            ("totals/bus_upgr", 1),
            ("totals/flushes", 2),
            ("totals/invalidations", 1),
            ("totals/back_invalidations", 0),
            ("cores/0/levels/0/misses", 2),
            ("classes/true_sharing", 1),
            ("memory/reads", 1),
            ("memory/writes", 2),
        ],
    );
}

#[test]
fn a_read_miss_replaces_its_l1_victim_before_the_l2_is_asked() {
    // L1 holds two lines, L2 four. Reads of A B C D fill the L2; the L1 has C D. A is read: L1
    // gives up C before the L2 is asked for A, a hit, which makes the L2 order B C D A. E is read:
    // L1 gives up D; the L2 gives up B, which no L1 holds: no back-invalidation. C is read: L1 (A
    // E) gives up A; a hit in L2: order D A E C. F: L1 gives up E; L2 gives up D. A: L1 (C F) gives
    // up C; hit in L2.
    // Misses of L2: A B C D E F. Hits of L2: A, C, A.
    check(
        &through(true, 1),
        &reads(&[0x00, 0x10, 0x20, 0x30, 0x00, 0x40, 0x20, 0x50, 0x00]),
        &[
            ("levels/0/misses", 9),
            ("levels/0/evictions", 7),
            ("levels/1/misses", 6),
            ("levels/1/hits", 3),
            ("levels/1/evictions", 2),
            ("totals/evictions", 2),
            ("totals/back_invalidations", 0),
        ],
    );
}

#[test]
fn an_l2_eviction_takes_the_l1_line_along_and_the_next_miss_is_a_back_invalidation() {
    // A is read first and then again and again: hits in L1 do not reach the L2, where A is the
    // least recent when the fifth line comes. The L2 gives it up and the L1 copy goes along.
    // 0 R A; B A C A D A (each second a hit in L1); E evicts A from the L2. Then A misses.
    check(
        &through(true, 1),
        &reads(&[0x00, 0x10, 0x00, 0x20, 0x00, 0x30, 0x00, 0x40, 0x00]),
        &[
            ("totals/hits", 3),
            ("totals/misses", 6),
            ("totals/back_invalidations", 1),
            ("levels/0/back_invalidations", 1),
            // A for E, then B for A.
            ("totals/evictions", 2),
            ("classes/back_invalidation", 1),
            ("classes/cold", 5),
        ],
    );
}

#[test]
fn a_store_that_misses_a_no_allocate_l1_is_asked_of_the_l2_as_a_store() {
    // 0 W A: the L1 lets it pass (a miss, no fill); the L2 misses, brings the line by BusRdX and
    // takes the store. 0 W A again: the L1 still lacks it; a hit at the L2. 0 R A: an L1 miss that
    // the L2 answers, and the L1 is filled. 0 W A: now a hit in L1, written through to the L2.
    check(
        &through(false, 1),
        "0 W 0x0\n0 W 0x0\n0 R 0x0\n0 W 0x0\n",
        &[
            ("totals/hits", 1),
            ("totals/misses", 3),
            ("totals/write_misses", 2),
            ("totals/bus_rdx", 1),
            ("levels/0/fills", 1),
            ("levels/1/fills", 1),
            ("levels/1/hits", 2),
            ("levels/1/misses", 1),
            ("levels/0/write_throughs", 3),
            ("bus/write_throughs", 0),
            ("totals/dirty_set", 1),
            ("memory/writes", 0),
        ],
    );
}

#[test]
fn a_store_that_nobody_takes_goes_to_memory_and_the_core_stays_invalid() {
    // One no-allocate write-through level. 0 W A: BusRdX without data: no fill, no byte read; the
    // store's 4 bytes go to memory. 1 R A: memory supplies, E. 0 W A: BusRdX takes core 1's copy.
    let machine = r#"(cores: 2, line: "16 B", caches: [
        (name: "L1", size: "64 B", ways: 4, latency: 1, write: WriteThrough(allocate: false)),
    ])"#;
    check(
        machine,
        "0 W 0x4\n1 R 0x0\n0 W 0x4\n",
        &[
            ("totals/bus_rdx", 2),
            ("totals/bus_fills", 1),
            ("totals/invalidations", 1),
            ("levels/0/write_throughs", 2),
            ("bus/write_throughs", 2),
            ("bus/data_bytes", 16 + 4 + 4),
            ("memory/reads", 1),
            ("memory/writes", 2),
            ("memory/bytes_written", 8),
            ("totals/dirty_set", 0),
        ],
    );
}

#[test]
fn a_write_through_machine_leaves_an_owned_line_exclusive() {
    // 0 R A: E. 0 W A: E>M by the table, then the store ends in memory and nothing is dirty: M>E.
    let machine = r#"(line: "16 B", caches: [
        (name: "L1", size: "64 B", ways: 4, latency: 1, write: WriteThrough(allocate: true)),
    ])"#;
    check(
        machine,
        "0 R 0x0\n0 W 0x0 8\n",
        &[
            ("totals/transitions/E>M/store", 1),
            ("totals/transitions/M>E/store", 1),
            ("totals/silent_upgrades", 1),
            ("memory/writes", 1),
            ("memory/bytes_written", 8),
        ],
    );
}

#[test]
fn a_flushed_line_arrives_at_a_non_inclusive_shared_level_before_the_requester_is_answered() {
    // Shared L2 of one line, non-inclusive. 0 W A: A in L2 and in core 0 (M). 0 W B: B replaces A
    // in the L2; core 0 keeps A. 1 R A: core 0 flushes; A arrives at the L2, which lacks it and
    // gives up B (clean). No shared level is looked up. Memory is not written: the L2 is dirty.
    let machine = r#"(cores: 2, line: "16 B", caches: [
        (name: "L1", size: "64 B", ways: 4, latency: 1),
        (name: "L2", scope: Shared, size: "16 B", ways: 1, latency: 10, inclusion: NonInclusive),
    ])"#;
    check(
        machine,
        "0 W 0x0\n0 W 0x10\n1 R 0x0\n",
        &[
            ("totals/flushes", 1),
            ("totals/cache_to_cache", 1),
            ("levels/1/misses", 2),
            ("levels/1/hits", 0),
            ("levels/1/write_backs_received", 1),
            ("levels/1/evictions", 2),
            ("memory/reads", 2),
            ("memory/writes", 0),
        ],
    );
}

#[test]
fn read_exclusive_makes_a_store_to_a_shared_line_a_miss_of_class_upgrade() {
    // Both cores read A (S S). 0 W A: a miss at L1 and L2, refilled in place by BusRdX; core 1
    // loses its copy. The L2 of core 0 counts 1 cold miss and 1 refill.
    let machine = r#"(cores: 2, line: "16 B", caches: [
        (name: "L1", size: "32 B", ways: 2, latency: 1),
        (name: "L2", size: "64 B", ways: 4, latency: 3),
    ], rules: (write_to_shared: ReadExclusive))"#;
    check(
        machine,
        "0 R 0x0\n1 R 0x0\n0 W 0x0\n",
        &[
            ("totals/misses", 3),
            ("totals/bus_rd", 2),
            ("totals/bus_rdx", 1),
            ("totals/bus_upgr", 0),
            ("totals/invalidations", 1),
            ("cores/0/levels/0/fills", 2),
            ("cores/0/levels/1/misses", 2),
            ("cores/0/levels/1/fills", 2),
            ("totals/evictions", 0),
            ("classes/upgrade", 1),
            ("classes/cold", 2),
            ("memory/reads", 3),
        ],
    );
}

#[test]
fn an_l1i_supplies_the_l1_and_a_store_drops_its_copy() {
    // 0 I A: a miss of the L1I; E. 0 R A: an L1 miss that the L1I answers: the L2 is not asked.
    // 0 W A: an L1 hit, E>M, and the L1I copy goes. 0 I A: the L1I misses, the L1 supplies.
    let machine = r#"(line: "16 B", l1i: (size: "32 B", ways: 2, latency: 1), caches: [
        (name: "L1", size: "32 B", ways: 2, latency: 1),
        (name: "L2", size: "64 B", ways: 4, latency: 3),
    ])"#;
    check(
        machine,
        "0 I 0x0\n0 R 0x0\n0 W 0x0\n0 I 0x0\n",
        &[
            ("totals/hits", 1),
            ("totals/fetch_misses", 2),
            ("totals/read_misses", 1),
            ("levels/1/hits", 0),
            ("levels/1/misses", 1),
            ("levels/2/fills", 2),
            ("totals/bus_rd", 1),
            ("totals/back_invalidations", 0),
        ],
    );
}

#[test]
fn cleans_and_flushes_are_no_accesses_and_a_flushed_line_is_cold() {
    // 0 W A: M. C: one write-back, M>E. C again: nothing is dirty. 0 W A: silent, E>M. F: a
    // write-back, M>I by flush, no invalidation. 0 R A and 1 R A: cold both.
    check(
        r#"(cores: 2, line: "16 B", caches: [(name: "L1", size: "64 B", ways: 4, latency: 1)])"#,
        "0 W 0x0\n1 C 0x0\n0 C 0x0\n0 W 0x0\n1 F 0x0\n0 R 0x0\n1 R 0x0\n",
        &[
            ("trace/accesses", 4),
            ("totals/write_backs", 2),
            ("cores/0/cleaned", 2),
            ("totals/transitions/M>E/clean", 1),
            ("totals/transitions/M>I/flush", 1),
            ("totals/silent_upgrades", 1),
            ("totals/invalidations", 0),
            ("totals/evictions", 0),
            ("classes/cold", 3),
            ("memory/writes", 2),
        ],
    );
}

/// Remembers who supplied each transaction.
#[derive(Default)]
struct Suppliers(Vec<Option<Supplier>>);

impl Observer for Suppliers {
    fn transacted(&mut self, transaction: &Transaction) {
        self.0.push(transaction.supplier);
    }
}

#[test]
fn of_several_clean_copies_the_lowest_numbered_core_supplies() {
    // Cores 1, 2 and 3 read the line, then core 0. Under `AnyHolder` core 1, the lowest holder,
    // answers 2, 3 and 0. Under `ExclusiveOnly` it answers core 2 while it is E, and no S copy
    // does. Under `Memory` nobody does.
    let (core, memory) = (Some(Supplier::Core(1)), Some(Supplier::Store));
    for (rule, expected) in [
        ("AnyHolder", [memory, core, core, core]),
        ("ExclusiveOnly", [memory, core, memory, memory]),
        ("Memory", [memory, memory, memory, memory]),
    ] {
        let text = format!("(cores: 4, rules: (clean_supply: {rule}))");
        let draft = Draft::from_ron("machine.ron", &text).expect("the machine is RON");
        let spec = Config::new(&draft).expect("the machine can be built").machine;
        let mut machine = Machine::new(spec, Suppliers::default()).expect("it was checked");
        for reader in [1, 2, 3, 0] {
            machine.access(reader, Op::Read, Addr(0x1000), 4).expect("no promise breaks");
        }
        assert_eq!(machine.observer().0, expected, "{rule}");
    }
}
