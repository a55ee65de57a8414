//! Claims 8 and 25 to 28: the caches of a CPU, and the trade that all three faces take.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cache::Addr;
use coherence::Machine;
use driver::config::Config;
use durability::{Crash, CrashPlan, CrashPoints, Ticks, Trigger};
use trace::{Op, ReadOptions, Record};

use super::{
    MS, Run, SECOND, at, by_trigger, checked, crashes, keys, one, preset, read, run_with, seeded,
    write, write_through,
};
use crate::reference::random::SplitMix;
use crate::support::ROOT;

fn store(core: u16, addr: u64) -> Record {
    Record::access(core, Op::Write, addr, 4)
}

fn load(core: u16, addr: u64) -> Record {
    Record::access(core, Op::Read, addr, 4)
}

/// Time enough for every write-back under way: much more than 70 ns.
fn pause(core: u16) -> Record {
    Record::event(core, Op::Compute, 10_000)
}

/// Runs records on the machine of the preset and on its write-through twin.
fn both(records: &[Record]) -> (Run, Run) {
    let config = preset("cpu", &[]);
    let run = |config| crashes(&config, one(records.to_vec()), CrashPoints::Every(1));
    (run(config.clone()), run(write_through(config)))
}

#[test]
fn claim_25_a_store_hit_moves_no_data() {
    let mut records = vec![store(0, 0x1000); 1000];
    records.extend([pause(0), load(0, 0x1000)]);
    let (back, through) = both(&records);
    // One line comes, and nothing leaves.
    let c = back.tally.totals().counters;
    assert_eq!((c.hits, c.misses, c.write_backs, c.flushes), (1000, 1, 0, 0));
    assert_eq!((back.tally.bus.data_bytes, back.tally.memory.bytes_written), (64, 0));
    assert_eq!((back.outcome.at_end.writes, back.outcome.at_end.blocks), (1000, 1));
    assert_eq!((back.outcome.store_writes, by_trigger(&back.outcome, Trigger::Shutdown)), (1, 1));
    // Every store goes to memory, 4 bytes each.
    let memory = through.tally.memory;
    assert_eq!((memory.writes, memory.bytes_written), (1000, 4000));
    assert_eq!((through.outcome.store_writes, through.outcome.at_end.writes), (1000, 0));
}

#[test]
fn claim_26_a_dirty_line_leaves_on_an_eviction() {
    // The second level has 512 sets of 8 ways: nine lines at a distance of 32 KiB meet in one set.
    let mut records: Vec<_> = (0..9).map(|line| store(0, line * (32 << 10))).collect();
    records.extend([pause(0), load(0, 8 * (32 << 10))]);
    let (back, through) = both(&records);
    let c = back.tally.totals().counters;
    assert_eq!((c.dirty_evictions, c.write_backs, c.flushes), (1, 1, 0));
    assert_eq!(back.tally.memory.bytes_written, 64);
    assert_eq!(by_trigger(&back.outcome, Trigger::Eviction), 1);
    // The eight that stayed are lost, and the one that left is not.
    let crash = back.crashes.last().expect("it crashed");
    assert_eq!(lost_blocks(crash), dirty_lines(&preset("cpu", &[]), &records[..9]));
    assert_eq!(crash.loss.blocks, 8);
    let c = through.tally.totals().counters;
    assert_eq!((c.dirty_evictions, c.write_backs, through.tally.memory.writes), (0, 0, 9));
    assert_eq!(through.outcome.at_end.writes, 0);
}

#[test]
fn claim_27_a_dirty_line_leaves_on_a_snoop() {
    for reader in [load(1, 0x1000), store(1, 0x1000)] {
        let stores = reader.op == Op::Write;
        let records = [store(0, 0x1000), pause(1), reader, pause(1), load(1, 0x1000)];
        let (back, through) = both(&records);
        let c = back.tally.totals().counters;
        assert_eq!((c.flushes, c.write_backs, c.cache_to_cache), (1, 0, 1));
        assert_eq!(back.tally.memory.bytes_written, 64);
        assert_eq!(by_trigger(&back.outcome, Trigger::Snoop), 1);
        // What core 0 wrote is in memory; what core 1 did then is not.
        let lost = (back.outcome.at_end.writes, back.outcome.at_end.blocks);
        assert_eq!(lost, if stores { (1, 1) } else { (0, 0) });
        let c = through.tally.totals().counters;
        let writes = 1 + u64::from(stores);
        assert_eq!((c.flushes, through.tally.memory.writes), (0, writes));
        assert_eq!(through.outcome.at_end.writes, 0);
    }
}

#[test]
fn claim_28_a_dirty_line_leaves_on_a_clean_and_stays_in_the_cache() {
    let clean = Record::access(0, Op::Clean, 0x1000, 64);
    let records =
        [store(0, 0x1000), store(0, 0x1004), clean, pause(0), load(0, 0x1000), store(0, 0x1008)];
    let (back, through) = both(&records);
    let c = back.tally.totals().counters;
    assert_eq!((c.misses, c.write_backs, c.flushes, c.evictions), (1, 1, 0, 0));
    assert_eq!(back.tally.memory.bytes_written, 64);
    assert_eq!(by_trigger(&back.outcome, Trigger::Clean), 1);
    // The store after the clean makes the line dirty again.
    assert_eq!((back.outcome.at_end.writes, back.outcome.at_end.blocks), (1, 1));
    assert_eq!((back.outcome.store_writes, back.outcome.coalesced), (2, 1));
    assert_eq!(through.tally.totals().counters.write_backs, 0);
    assert_eq!((through.tally.memory.writes, through.outcome.at_end.writes), (3, 0));
}

/// The first accesses of a recorded program.
fn recorded(name: &str, accesses: usize) -> Vec<Record> {
    let input = trace::Input::Path(Path::new(ROOT).join("traces").join(name));
    let mut source = trace::open(&input, &ReadOptions::default()).expect("the trace is shipped");
    let mut records = Vec::new();
    while records.len() < accesses && source.read(&mut records).expect("the trace is good") {}
    records.truncate(accesses);
    records
}

const RECORDED: [&str; 2] = ["xz-t2.lackey.xz", "handoff.lackey.xz"];

/// The lines that a machine without anything below it holds dirty after these accesses.
fn dirty_lines(config: &Config, records: &[Record]) -> BTreeSet<u64> {
    let mut spec = config.machine.clone();
    spec.cores = 64;
    let mut machine = Machine::new(spec, ()).expect("the machine can be built");
    for record in records {
        let op = match record.op {
            Op::Read => coherence::Op::Read,
            Op::Write => coherence::Op::Write,
            Op::Atomic => coherence::Op::Atomic,
            Op::Fetch => coherence::Op::Fetch,
            other => panic!("{other:?} is no access"),
        };
        machine.access(record.core.into(), op, Addr(record.addr), record.size).expect("it goes");
    }
    let protocol = &machine.spec().protocol;
    let of_core = |core| machine.lines_held(core).into_iter().map(move |line| (core, line));
    let lines = (0..64).flat_map(of_core);
    let is_dirty = |(core, line): &_| protocol.holding(machine.state(*core, *line)).dirty;
    lines.filter(is_dirty).map(|(_, line)| line.0).collect()
}

fn lost_blocks(crash: &Crash) -> BTreeSet<u64> {
    crash.lost.iter().map(|lost| lost.block.0).collect()
}

/// Crashes after so many accesses of a recording, when all of them are acknowledged.
fn crash_after(config: &Config, records: &[Record]) -> Crash {
    let mut options = checked(CrashPoints::Every(records.len() as u64));
    options.limit = Some(records.len() as u64);
    let run = run_with(config, one(records.to_vec()), &options);
    assert_eq!(run.crashes.len(), 1);
    run.crashes[0].clone()
}

/// A memory that takes no time: nothing is on its way.
const AT_ONCE: &str = "durability.store.latency=0";
/// Caches so small that much is evicted.
const SMALL: [&str; 2] = ["L1.size=1KiB", "L2.size=4KiB"];

#[test]
fn claim_08_a_power_cut_loses_exactly_the_dirty_lines_of_a_cpu() {
    for name in RECORDED {
        let records = recorded(name, 60_000);
        for protocol in ["protocol=MESI", "protocol=MOESI"] {
            for sizes in [&[][..], &SMALL] {
                let config = preset("cpu", &[&[AT_ONCE, protocol], sizes].concat());
                for accesses in [1, 1000, 20_000, 60_000] {
                    let records = &records[..accesses];
                    let crash = crash_after(&config, records);
                    let expected = dirty_lines(&config, records);
                    assert_eq!(lost_blocks(&crash), expected, "{name} {accesses}");
                    assert_eq!(crash.dirty, expected.len() as u64);
                }
            }
        }
    }
}

/// A crash behind every access of a recording, each proved.
fn at_every_point(config: &Config, records: Vec<Record>) -> Vec<Crash> {
    let plan = CrashPlan { points: CrashPoints::Every(1), detail: false, check: true };
    let options = driver::ReplayOptions { crashes: plan, ..driver::ReplayOptions::default() };
    let crashes = run_with(config, one(records), &options).crashes;
    assert!(crashes.len() > 5000);
    crashes
}

#[test]
fn claim_08_a_battery_for_the_caches_loses_nothing_at_any_point() {
    for name in RECORDED {
        let records = recorded(name, 10_000);
        for crash in at_every_point(&preset("cpu-eadr", &SMALL), records.clone()) {
            assert_eq!(crash.loss.writes, 0);
        }
        // The same without it.
        let crashes = at_every_point(&preset("cpu", &SMALL), records);
        assert!(crashes.iter().any(|crash| crash.loss.writes > 0));
    }
}

/// Behind each store a clean of its range and a fence.
fn persistent(records: &[Record]) -> Vec<Record> {
    let each = records.iter().flat_map(|record| {
        let is_write = matches!(record.op, Op::Write | Op::Atomic);
        let clean = Record { op: Op::Clean, ..*record };
        let fence = Record::event(record.core, Op::Fence, 0);
        let more = if is_write { vec![clean, fence] } else { Vec::new() };
        [*record].into_iter().chain(more)
    });
    each.collect()
}

#[test]
fn claim_08_a_clean_and_a_fence_after_each_store_lose_nothing_under_adr() {
    for name in RECORDED {
        let records = recorded(name, 10_000);
        for preset_name in ["cpu-adr", "cpu"] {
            // Without any persist domain the fence waits for memory, and others go on meanwhile.
            let crashes = at_every_point(&preset(preset_name, &SMALL), persistent(&records));
            let lost: u64 = crashes.iter().map(|crash| crash.loss.writes).sum();
            if preset_name == "cpu-adr" {
                assert_eq!(lost, 0, "{name}");
            } else {
                assert!(lost > 0, "{name}");
            }
        }
        // And without a clean: the dirty lines, for nothing is left in the write queue then.
        let config = preset("cpu-adr", &[AT_ONCE]);
        let crash = crash_after(&config, &records);
        assert_eq!(lost_blocks(&crash), dirty_lines(&config, &records));
    }
}

/// What a cache holds dirty at a moment whose flushes take no time: at each tick what is old enough
/// leaves.
fn dirty_at(writes: &[(Ticks, u64)], every: Ticks, expire: Ticks, crash: Ticks) -> BTreeSet<u64> {
    let mut since: BTreeMap<u64, Ticks> = BTreeMap::new();
    let mut tick = every;
    let mut ticks_to = |to: Ticks, since: &mut BTreeMap<u64, Ticks>| {
        while tick <= to {
            since.retain(|_, first| tick - *first < expire.max(1));
            tick += every;
        }
    };
    for (moment, block) in writes.iter().take_while(|(moment, _)| *moment < crash) {
        ticks_to(*moment, &mut since);
        since.entry(*block).or_insert(*moment);
    }
    ticks_to(crash, &mut since);
    since.into_keys().collect()
}

/// Random writes of 300 blocks of so many bytes, with gaps up to that.
fn random_writes(seed: u64, gap: Ticks, block: u64) -> (Vec<(Ticks, u64)>, Vec<Record>) {
    let mut random = SplitMix::new(seed);
    let mut moment = 0;
    let mut writes = Vec::new();
    for _ in 0..5000 {
        moment += 1 + random.below(gap);
        writes.push((moment, random.below(300)));
    }
    let record = |(moment, number): &(Ticks, u64)| {
        [at(*moment), Record::access(0, Op::Write, number * block, 8)]
    };
    let records = writes.iter().flat_map(record).collect();
    (writes, records)
}

#[test]
fn claim_08_a_crash_loses_exactly_the_dirty_pages_and_keys() {
    let at_once = ["durability.store.latency=0", "durability.store.batch_cost=0"];
    // Pages by the preset's own timer and age, keys every second. A write takes 1 us in both, so
    // that one of the moment of a crash is not acknowledged.
    let pages = preset("page-cache", &at_once);
    let every = ["durability.flush.every=1s", "clients=Open", "Keys.latency=1us"];
    let cases = [
        (pages, 4096, 40 * MS, 5 * SECOND, 30 * SECOND),
        (keys(&[&at_once[..], &every].concat()), 64, 2 * MS, SECOND, 0),
    ];
    for (config, block, gap, every, expire) in cases {
        let (writes, records) = random_writes(8, gap, block);
        let end = writes.last().expect("there are writes").0;
        let run = crashes(&config, one(records), CrashPoints::At(seeded(80, end, 1000)));
        let mut all = BTreeSet::new();
        for crash in &run.crashes {
            let expected = dirty_at(&writes, every, expire, crash.at);
            assert_eq!(lost_blocks(crash), expected, "at {}", crash.at);
            assert_eq!(crash.dirty, expected.len() as u64);
            all.extend(expected);
        }
        assert!(all.len() == 300);
    }
}

#[test]
fn claim_08_the_three_faces_are_configs_of_one_machine() {
    // One trace, one command: what is dirty is lost in each.
    let records = [write(0), write(100), read(0)];
    for name in ["cpu", "page-cache", "leaderboard"] {
        let config = preset(name, &[]);
        let run = crashes(&config, one(records), CrashPoints::Every(1));
        let lost: Vec<_> = run.crashes.iter().map(|crash| crash.loss.writes).collect();
        assert_eq!((run.outcome.at_end.writes, lost.last()), (2, Some(&2)), "{name}");
    }
}
