//! The cycle model, one access of each kind, worked by hand on the default machine.
//!
//! L1 4, L2 14, request 2, a line in 64 / 32 = 2 beats of 1, cache to cache 30, memory 200, eight
//! write-buffer entries. The README's table has the same numbers.

use std::ops::ControlFlow;

use driver::config::{Config, Draft};
use driver::{Interleave, ReplayOptions, Streams, Tally, replay};
use trace::{Format, ReadOptions};

fn run(settings: &[&str], trace: &str) -> Tally {
    let mut draft = Draft::built_in();
    for setting in settings {
        draft.set(setting).expect("the setting is a key");
    }
    let config = Config::new(&draft).expect("the machine can be built");
    let input = Box::new(std::io::Cursor::new(trace.to_owned().into_bytes()));
    let options = ReadOptions { format: Some(Format::Mtrace), ..ReadOptions::default() };
    let source = trace::read("cycles.mtrace", input, &options).expect("the trace is readable");
    let replayed = replay(
        &config,
        Streams::Ordered(source),
        Interleave::Recorded,
        &ReplayOptions::default(),
        &mut |_| ControlFlow::Continue(()),
    );
    replayed.expect("the trace can be replayed").tally
}

/// The clocks of the cores at the end.
fn clocks(settings: &[&str], trace: &str) -> Vec<u64> {
    run(settings, trace).cores.iter().map(|core| core.cycles).collect()
}

/// A core whose caches are two lines of one set each: the third line replaces the first.
const TWO_LINES: &[&str] = &["L1.size=128", "L1.ways=2", "L2.size=128", "L2.ways=2"];

#[test]
fn a_read_from_memory_costs_the_looks_the_bus_and_the_memory() {
    // 4 + 14 + 2 + 200 + 2.
    assert_eq!(clocks(&[], "0 R 0x1000\n"), [222]);
    assert_eq!(clocks(&[], "0 W 0x1000\n"), [222]);
    assert_eq!(clocks(&[], "0 I 0x1000\n"), [222]);
    let core = &run(&[], "0 R 0x1000\n").cores[0].counters;
    assert_eq!((core.stall_cycles, core.bus_wait_cycles), (218, 0));
}

#[test]
fn a_hit_costs_the_looks() {
    // A hit in L1: 4. A store to E is one too.
    assert_eq!(clocks(&[], "0 R 0x1000\n0 R 0x1000\n"), [222 + 4]);
    assert_eq!(clocks(&[], "0 R 0x1000\n0 W 0x1000\n"), [222 + 4]);
    // An L1 of one line gives up the first line; the L2 has it: 4 + 14.
    let small = &["L1.size=64", "L1.ways=1"];
    assert_eq!(clocks(small, "0 R 0x1000\n0 R 0x2000\n0 R 0x1000\n"), [222 + 222 + 18]);
}

#[test]
fn a_dirty_line_of_another_core_comes_cache_to_cache() {
    // Core 0 stores by 222. Core 1, computing until 1000, reads: 1000 + 18 + 2 + 30 + 2.
    assert_eq!(clocks(&[], "0 W 0x1000\n1 T 1000\n1 R 0x1000\n"), [222, 1052]);
}

#[test]
fn an_upgrade_costs_the_request() {
    // Both read (core 1 from 1000 on: 1222), then core 0 stores to S: 4 + 2 from its clock 2222.
    let trace = "0 R 0x1000\n1 T 1000\n1 R 0x1000\n0 T 2000\n0 W 0x1000\n";
    assert_eq!(clocks(&[], trace), [2228, 1222]);
}

#[test]
fn a_transaction_waits_for_the_bus_in_the_order_of_references() {
    // Core 0 has the bus from 18 to 222. Core 1 wants it at 18 and waits 204: 222 + 204.
    let tally = run(&[], "0 R 0x1000\n1 R 0x2000\n");
    assert_eq!(tally.cores[1].cycles, 426);
    assert_eq!(tally.cores[1].counters.bus_wait_cycles, 204);
    assert_eq!(tally.bus.busy_cycles, 2 * 204);
    // Pipelined, core 0 holds it for request and data only, 18 to 22: core 1 ends at 22 + 204.
    assert_eq!(clocks(&["bus.pipelined=true"], "0 R 0x1000\n1 R 0x2000\n"), [222, 226]);
    // The same line waits for the first transaction to end: 222 + 2 + 200 + 2.
    assert_eq!(clocks(&["bus.pipelined=true"], "0 R 0x1000\n1 R 0x1000\n"), [222, 426]);
}

#[test]
fn a_dirty_victim_leaves_through_the_write_buffer_without_delaying_its_core() {
    // Three stores of 222 each; the third replaces the first line, dirty. Its write-back is posted
    // at 666 and holds the bus for 2 + 2. The core goes on at 666.
    let trace = "0 W 0x0000\n0 W 0x1000\n0 W 0x2000\n";
    let tally = run(TWO_LINES, trace);
    assert_eq!(tally.cores[0].cycles, 666);
    assert_eq!(tally.bus.busy_cycles, 3 * 204 + 4);
    // Its next transaction wants the bus at 684, when the write-back has left it.
    let four = format!("{trace}0 W 0x3000\n");
    assert_eq!(clocks(TWO_LINES, &four), [888]);
    // Without entries the core waits until the line is in memory: 666 + 4 + 200.
    let none = [TWO_LINES, &["write_buffer=0"]].concat();
    assert_eq!(clocks(&none, trace), [870]);
    // One entry, taken from 666 to 870, is free again when the second victim is posted at 888.
    let one = [TWO_LINES, &["write_buffer=1"]].concat();
    assert_eq!(clocks(&one, &four), [888]);
}

#[test]
fn a_full_write_buffer_makes_the_core_wait() {
    // Both levels write through; one entry. 0 R A ends at 222. 0 W A is a hit, done at 226, and
    // takes the entry; its way passes the L2 (14, at 240), the bus (2 + 1, at 243) and the memory
    // (200): the entry is free at 443. 0 W A again is done at 230 and waits for the entry.
    let through = [
        "L1.write=WriteThrough(allocate: true)",
        "L2.write=WriteThrough(allocate: true)",
        "write_buffer=1",
    ];
    let tally = run(&through, "0 R 0x0\n0 W 0x0\n0 W 0x0\n");
    assert_eq!(tally.cores[0].cycles, 443);
    assert_eq!(tally.cores[0].counters.stall_cycles, 218 + (443 - 230));
}

#[test]
fn a_shared_level_answers_in_place_of_memory() {
    // Two cores, an L1 and a shared L2 of 40. Core 0's miss: 4 + 2 + 40 + 200 + 2 = 248. Core 1,
    // from 1000: the L2 has the line: 4 + 2 + 40 + 2.
    let shared = &["caches.1.scope=Shared", "L2.latency=40"];
    assert_eq!(clocks(shared, "0 R 0x0\n1 T 1000\n1 R 0x0\n"), [248, 1048]);
}

#[test]
fn a_time_moves_the_accesses_that_follow_and_never_back() {
    // At 3 GHz 1 us is 3000 ticks: core 0's read ends at 3222. Core 1's 100 ticks of computing lie
    // before 1.1 us, which is 3300.
    let trace = "@time 1 us\n0 R 0x0\n1 T 100\n@time 1.1 us\n1 R 0x0\n0 R 0x0\n";
    // Core 1 reads at 3300: its transaction ends at 3300 + 222; core 0's hit is at 3300 + 4.
    assert_eq!(clocks(&[], trace), [3304, 3522]);
    assert_eq!(clocks(&[], "@time 500 cycles\n0 R 0x0\n"), [722]);
    assert_eq!(clocks(&["clock=1 GHz"], "@time 1 us\n0 R 0x0\n"), [1222]);
}
