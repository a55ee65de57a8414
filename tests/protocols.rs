//! What each protocol pays for the same sharing, derived by hand before anything was run.
//!
//! Two cores, one word a line, caches that are large enough, the default rules: a store to a shared
//! copy is a `BusUpgr`, a flush writes memory, and clean copies leave the answer to memory, but for
//! those that MESIF makes forwarders.

use std::fmt::Write as _;
use std::ops::ControlFlow;

use cache::{Addr, LineAddr};
use coherence::{Machine, MachineSpec, Protocol, State, Supplier};
use driver::config::{Config, Draft};
use driver::observe::{Step, Values, Watcher};
use driver::{Interleave, ReplayOptions, Replayed, Streams, replay, replay_steps};
use trace::synth::{Generator, Options};
use trace::{Format, Header, IterSource, Op, Record, Source};

use crate::support::{ROOT, mesim, text};

fn config(protocol: &str, settings: &[&str]) -> Config {
    let mut draft = Draft::built_in();
    draft.set(&format!("protocol={protocol}")).expect("a key");
    for setting in settings {
        draft.set(setting).expect("a key");
    }
    Config::new(&draft).expect("the machine can be built")
}

fn source(records: &[Record]) -> Box<dyn Source> {
    let records: Vec<Record> = records.into();
    Box::new(IterSource::new(Header::new(Format::Mtrace), records.into_iter()))
}

/// Replays records with their misses classified and every load compared with the last store.
fn run(config: &Config, records: &[Record]) -> Replayed {
    let options = ReplayOptions { classify: true, check: true, ..ReplayOptions::default() };
    let streams = Streams::Ordered(source(records));
    let go = &mut |_| ControlFlow::Continue(());
    replay(config, streams, Interleave::Recorded, &options, go).expect("every load is right")
}

/// The counters that the closed forms are about, in this order.
const NAMES: [&str; 16] = [
    "bus_rd",
    "bus_rdx",
    "bus_upgr",
    "bus_upd",
    "invalidations",
    "updates",
    "flushes",
    "flushes_kept",
    "handed_over",
    "interventions",
    "cache_to_cache",
    "memory.reads",
    "memory.writes",
    "write_backs",
    "misses",
    "true_sharing",
];

fn counts(replayed: &Replayed) -> [u64; 16] {
    let totals = replayed.tally.totals();
    let (c, memory) = (totals.counters, replayed.tally.memory);
    [
        c.bus_rd,
        c.bus_rdx,
        c.bus_upgr,
        c.bus_upd,
        c.invalidations,
        c.updates,
        c.flushes,
        c.flushes_kept,
        c.handed_over,
        c.interventions,
        c.cache_to_cache,
        memory.reads,
        memory.writes,
        c.write_backs,
        c.misses,
        totals.classes.expect("classes were asked for").true_sharing,
    ]
}

/// A protocol's counts after so many rounds, in the order of [`NAMES`].
type ClosedForm = fn(u64) -> [u64; 16];

fn check(pattern: impl Fn(u64) -> Vec<Record>, forms: &[(&str, ClosedForm)]) {
    for protocol in Protocol::BUILT_IN {
        let known = forms.iter().any(|(name, _)| *name == protocol.name());
        assert!(known, "{} has no closed form for this pattern", protocol.name());
    }
    for rounds in [1, 3, 10, 50] {
        let records = pattern(rounds);
        for (protocol, form) in forms {
            let found = counts(&run(&config(protocol, &["cores=2"]), &records));
            for (name, (found, expected)) in NAMES.iter().zip(found.iter().zip(form(rounds))) {
                assert_eq!(*found, expected, "{protocol}, {rounds} rounds: {name}");
            }
        }
    }
}

fn generated(generator: Generator, rounds: u64) -> Vec<Record> {
    let options = Options { cores: 2, rounds, ..Options::default() };
    generator.generate(&options).expect("the options are possible").collect()
}

/// In each of n rounds core 0 stores to the word, then core 1 does: 2n stores.
///
/// Invalidation protocols: no store finds its line, for the other core's store took it: 2n BusRdX.
/// The first is answered by memory. Each of the other 2n - 1 finds the other core's M, which is
/// flushed (memory takes it too) and lost. Cold are the first store of each core; the other 2n - 2
/// misses are to the word that was lost. MOESI's O never comes up: nobody reads.
///
/// Dragon: the first store is a BusRd that finds nobody, M. The second is a BusRd that M answers
/// (a flush that keeps the line, an intervention), and a BusUpd. From then on both hold the line,
/// and each store is a BusUpd: 1 + (2n - 2) in all. Each updates one copy, which was the owner's
/// and hands the duty over. Memory is read once and not written.
#[test]
#[rustfmt::skip]
fn ping_pong() {
    let invalidate: ClosedForm = |n| {
        // Rd  RdX  Upgr Upd      inv      upd      flush    kept hand
        [  0,  2*n, 0,   0,       2*n - 1, 0,       2*n - 1, 0,   0,
        // itv c2c      reads writes   wb miss true
           0,  2*n - 1, 1,    2*n - 1, 0, 2*n, 2*n - 2]
    };
    check(|rounds| generated(Generator::PingPong, rounds), &[
        ("MSI", invalidate),
        ("MESI", invalidate),
        ("MOESI", invalidate),
        ("MESIF", invalidate),
        ("Dragon", |n| {
            // Rd  RdX  Upgr Upd      inv      upd      flush    kept hand
            [  2,  0,   0,   2*n - 1, 0,       2*n - 1, 1,       1,   2*n - 1,
            // itv c2c      reads writes   wb miss true
               1,  1,       1,    0,       0, 2,   0]
        }),
    ]);
}

/// In each of n rounds core 0 stores to two lines, data and flag, and core 1 reads both. A line:
///
/// MSI, MESI: the first store is a BusRdX to memory, the n - 1 others upgrade a shared copy and
/// take the reader's. Each of the n reads is a BusRd that finds M: flushed, made shared, memory
/// written. Misses: a cold one a core, and n - 1 reads of the word that was lost. MESIF is the
/// same: the reader's copy is F rather than S, and what answers a read is always M.
///
/// MOESI: the reads leave the writer in O, so that memory is never written. The upgrades are the
/// owner's own: nothing is handed over.
///
/// Dragon: the first store is a BusRd (M), the first read a BusRd that M answers. Then both hold
/// the line: the n - 1 other stores are BusUpd that update the reader, whose reads hit. The writer
/// stays the owner.
#[test]
#[rustfmt::skip]
fn producer_consumer() {
    let shares: ClosedForm = |n| {
        // Rd   RdX Upgr     Upd      inv      upd      flush kept hand
        [  2*n, 2,  2*n - 2, 0,       2*n - 2, 0,       2*n,  0,   0,
        // itv  c2c  reads writes wb miss     true
           2*n, 2*n, 2,    2*n,   0, 2*n + 2, 2*n - 2]
    };
    check(|rounds| generated(Generator::ProducerConsumer, rounds), &[
        ("MSI", shares),
        ("MESI", shares),
        ("MESIF", shares),
        ("MOESI", |n| {
            // Rd   RdX Upgr     Upd      inv      upd      flush kept hand
            [  2*n, 2,  2*n - 2, 0,       2*n - 2, 0,       2*n,  2*n, 0,
            // itv  c2c  reads writes wb miss     true
               2*n, 2*n, 2,    0,     0, 2*n + 2, 2*n - 2]
        }),
        ("Dragon", |n| {
            // Rd   RdX Upgr     Upd      inv      upd      flush kept hand
            [  4,   0,  0,       2*n - 2, 0,       2*n - 2, 2,    2,   0,
            // itv  c2c  reads writes wb miss     true
               2,   2,   2,    0,     0, 4,       0]
        }),
    ]);
}

/// n times: core 0 loads and stores, then core 1 does. Turns: t = 2n.
fn migratory(rounds: u64) -> Vec<Record> {
    let turn = |core| [Op::Read, Op::Write].map(|op| Record::access(core, op, 0x1000, 4));
    (0..rounds).flat_map(|_| [turn(0), turn(1)].concat()).collect()
}

/// MSI: each load is a BusRd; all but the first find M, flushed and made shared. Each store is a
/// BusUpgr; all but the first take the other's copy. Two loads are cold, t - 2 true sharing.
///
/// MESI: the first load finds nobody, so that the first store needs no transaction. MESIF is the
/// same: no clean copy is ever asked, since each load finds M.
///
/// MOESI: the loads leave the last writer in O and memory unwritten; the store takes the duty over
/// with the line: t - 1 hand-overs.
///
/// Dragon: the second core's load is the last miss. From its store on both hold the line, each load
/// hits, and each store is a BusUpd that takes the duty over and updates the old owner's copy.
#[test]
#[rustfmt::skip]
fn a_line_that_migrates() {
    let exclusive: ClosedForm = |n| {
        let t = 2*n;
        // Rd RdX Upgr   Upd    inv    upd    flush  kept   hand
        [  t, 0,  t - 1, 0,     t - 1, 0,     t - 1, 0,     0,
        // itv    c2c    reads writes wb miss true
           t - 1, t - 1, 1,    t - 1, 0, t,   t - 2]
    };
    check(migratory, &[
        ("MSI", |n| {
            let t = 2*n;
            // Rd RdX Upgr   Upd    inv    upd    flush  kept   hand
            [  t, 0,  t,     0,     t - 1, 0,     t - 1, 0,     0,
            // itv    c2c    reads writes wb miss true
               t - 1, t - 1, 1,    t - 1, 0, t,   t - 2]
        }),
        ("MESI", exclusive),
        ("MESIF", exclusive),
        ("MOESI", |n| {
            let t = 2*n;
            // Rd RdX Upgr   Upd    inv    upd    flush  kept   hand
            [  t, 0,  t - 1, 0,     t - 1, 0,     t - 1, t - 1, t - 1,
            // itv    c2c    reads writes wb miss true
               t - 1, t - 1, 1,    0,     0, t,   t - 2]
        }),
        ("Dragon", |n| {
            let t = 2*n;
            // Rd RdX Upgr   Upd    inv    upd    flush  kept   hand
            [  2, 0,  0,     t - 1, 0,     t - 1, 1,     1,     t - 1,
            // itv    c2c    reads writes wb miss true
               1,     1,     1,    0,     0, 2,   0]
        }),
    ]);
}

/// An L1 of two direct-mapped lines; `X` and `Y` meet in one of them.
const SMALL: [&str; 4] = ["L1.size=128", "L1.ways=1", "L2.size=128", "L2.ways=1"];
const X: u64 = 0x1000;
const Y: u64 = 0x1080;

fn read(core: u16, addr: u64) -> Record {
    Record::access(core, Op::Read, addr, 4)
}

fn write(core: u16, addr: u64) -> Record {
    Record::access(core, Op::Write, addr, 4)
}

/// The states of all cores for the line of each access after it, as words, and who supplied it.
fn steps(config: &Config, records: &[Record]) -> Vec<(String, Option<Supplier>)> {
    let mut shown = Vec::new();
    let mut show = |machine: &MachineSpec, step: &Step| {
        let names = step.after.iter().map(|state| machine.protocol.state_name(*state));
        shown.push((names.collect::<Vec<_>>().join(" "), step.supplier()));
    };
    let (streams, options) = (Streams::Ordered(source(records)), ReplayOptions::default());
    let order = Interleave::Recorded;
    let mut go_on = |_| ControlFlow::Continue(());
    replay_steps(config, streams, order, &options, &mut go_on, &mut show)
        .expect("the trace can be replayed");
    shown
}

/// Checks counters by name: those of [`NAMES`], and a few more.
fn has(replayed: &Replayed, expected: &[(&str, u64)]) {
    let found = counts(replayed);
    let totals = replayed.tally.totals().counters;
    for (name, expected) in expected {
        let known = NAMES.iter().position(|known| known == name).map(|place| found[place]);
        let value = known.unwrap_or_else(|| match *name {
            "hits" => totals.hits,
            "updates_sent" => totals.updates_sent,
            "update_bytes" => totals.update_bytes,
            "bus.data_bytes" => replayed.tally.bus.data_bytes,
            other => panic!("no counter {other}"),
        });
        assert_eq!(value, *expected, "{name}");
    }
}

#[test]
fn moesi_writes_a_dirty_line_to_memory_when_its_owner_evicts_it_and_not_before() {
    // The store is a BusRdX to memory. Each of the two reads finds the owner: a flush that keeps
    // the line, an intervention (M>O, then O stays O), a line from cache to cache. The third is a
    // hit.
    let shared = [write(0, X), read(1, X), read(2, X), read(1, X)];
    let config = config("MOESI", &[&SMALL[..], &["cores=3"]].concat());
    assert_eq!(steps(&config, &shared).last().unwrap().0, "O S S");
    has(
        &run(&config, &shared),
        &[
            ("memory.writes", 0),
            ("memory.reads", 1),
            ("flushes", 2),
            ("flushes_kept", 2),
            ("interventions", 2),
            ("cache_to_cache", 2),
            ("invalidations", 0),
            ("write_backs", 0),
            ("hits", 1),
        ],
    );
    // Y takes X's place at core 0, which writes X back; the readers keep their copies and hit.
    // Core 0 reads X again: nobody answers for it any more, and memory has the store by now.
    let evicted = [&shared[..], &[read(0, Y)]].concat();
    has(&run(&config, &evicted), &[("memory.writes", 1), ("write_backs", 1), ("memory.reads", 2)]);
    let again = [&evicted[..], &[read(1, X), read(2, X), read(0, X)]].concat();
    has(
        &run(&config, &again),
        &[
            ("memory.writes", 1),
            ("write_backs", 1),
            ("memory.reads", 3),
            ("cache_to_cache", 2),
            ("hits", 3),
        ],
    );
    // MESI writes memory at the first read, and memory answers the second.
    let mesi = self::config("MESI", &[&SMALL[..], &["cores=3"]].concat());
    has(&run(&mesi, &shared), &[("memory.writes", 1), ("memory.reads", 2), ("cache_to_cache", 1)]);
}

#[test]
fn mesif_has_one_forwarder_the_newest_reader_and_memory_answers_when_it_is_gone() {
    // Each reader is answered by the one before it. Y takes X's place at core 3, the forwarder,
    // without a word; memory answers core 4, which is the forwarder then, though 0, 1 and 2 hold
    // the line; and core 3's next read of X is answered by 4.
    let trace =
        [read(0, X), read(1, X), read(2, X), read(3, X), read(3, Y), read(4, X), read(3, X)];
    let config = config("MESIF", &[&SMALL[..], &["cores=5"]].concat());
    let (memory, core) = (Some(Supplier::Store), |core| Some(Supplier::Core(core)));
    let expected = [
        ("E I I I I", memory),
        ("S F I I I", core(0)),
        ("S S F I I", core(1)),
        ("S S S F I", core(2)),
        ("I I I E I", memory),
        ("S S S I F", memory),
        ("S S S F S", core(4)),
    ];
    assert_eq!(steps(&config, &trace), expected.map(|(states, by)| (states.to_owned(), by)));
    // Of memory X, Y and X again; four lines from cache to cache. Only the first reader's E was
    // unique before another read made it shared.
    has(
        &run(&config, &trace),
        &[
            ("memory.reads", 3),
            ("memory.writes", 0),
            ("cache_to_cache", 4),
            ("flushes", 0),
            ("interventions", 1),
            ("write_backs", 0),
        ],
    );
    // MESI asks memory for each of the seven.
    let mesi = self::config("MESI", &[&SMALL[..], &["cores=5"]].concat());
    has(&run(&mesi, &trace), &[("memory.reads", 7), ("cache_to_cache", 0)]);
}

#[test]
fn dragon_updates_the_other_copies_and_takes_none_away() {
    let trace = [
        // Memory answers both: clean copies do not supply. E becomes Sc: an intervention.
        read(0, X),
        read(1, X),
        // A BusUpd, a hit: core 1's copy takes the word; core 0 answers for the line.
        write(0, X),
        read(1, X),
        // Core 2 is answered by core 0: a flush that keeps the line, an intervention.
        read(2, X),
        // A BusUpd that updates 0 and 2 and takes the duty over from 0.
        write(1, X),
        read(2, X),
        read(0, X),
    ];
    let config = config("Dragon", &["cores=3"]);
    let (memory, owner) = (Some(Supplier::Store), Some(Supplier::Core(0)));
    let expected = [
        ("E I I", memory),
        ("Sc Sc I", memory),
        ("Sm Sc I", None),
        ("Sm Sc I", None),
        ("Sm Sc Sc", owner),
        ("Sc Sm Sc", None),
        ("Sc Sm Sc", None),
        ("Sc Sm Sc", None),
    ];
    assert_eq!(steps(&config, &trace), expected.map(|(states, by)| (states.to_owned(), by)));
    let replayed = run(&config, &trace);
    has(
        &replayed,
        &[
            ("misses", 3),
            ("hits", 5),
            ("bus_rd", 3),
            ("bus_upd", 2),
            // One copy by the first store, two by the second.
            ("updates", 3),
            ("updates_sent", 3),
            ("invalidations", 0),
            ("handed_over", 1),
            ("flushes", 1),
            ("flushes_kept", 1),
            ("interventions", 2),
            ("cache_to_cache", 1),
            ("memory.reads", 2),
            ("memory.writes", 0),
            // Two words of four bytes, and three lines of 64.
            ("update_bytes", 8),
            ("bus.data_bytes", 200),
        ],
    );
    // Core 2 sees both stores: every load was compared.
    assert_eq!(replayed.checked_loads, Some(6));
}

#[test]
fn a_line_that_is_evicted_leaves_every_level_of_its_core_outward() {
    // Core 0's store is dirty in its L1 alone. The L1's victim arrives at the L2 (a write-back
    // there), whose victim arrives at memory: a line leaves each, once. Core 1 is then answered by
    // memory, with the store.
    for protocol in Protocol::BUILT_IN {
        let machine = config(protocol.name(), &["cores=2"]).machine;
        let values = Values::new(&machine, 4);
        let mut machine = Machine::new(machine, values).expect("the machine can be built");
        let line = LineAddr(X / 64);
        machine.access(0, coherence::Op::Write, Addr(X), 4).expect("a store");
        machine.evict(0, line).expect("an eviction");
        assert_eq!(machine.state(0, line), State::INVALID);
        let levels: Vec<_> = machine.private_counters(0).copied().collect();
        assert_eq!(levels.iter().map(|l| l.evictions).collect::<Vec<_>>(), [1, 1]);
        assert_eq!(levels.iter().map(|l| l.write_backs).collect::<Vec<_>>(), [1, 1]);
        assert_eq!(levels.iter().map(|l| l.write_backs_received).collect::<Vec<_>>(), [0, 1]);
        let counters = *machine.core_counters(0);
        assert_eq!((counters.evictions, counters.dirty_evictions, counters.write_backs), (1, 1, 1));
        assert_eq!(machine.memory_counters().writes, 1);
        // Nothing is there to be evicted any more.
        machine.evict(0, line).expect("nothing");
        assert_eq!(*machine.core_counters(0), counters);
        machine.access(1, coherence::Op::Read, Addr(X), 4).expect("a load");
        assert_eq!(
            (machine.core_counters(1).cache_to_cache, machine.memory_counters().reads),
            (0, 2)
        );
        assert_eq!(machine.observer().violation(), None);
    }
}

#[test]
fn steps_show_hand_overs_and_updates() {
    let mut shown = String::new();
    for protocol in ["MOESI", "Dragon"] {
        let line = format!(
            "step traces/scenarios/quiz-six-accesses.mtrace --plain --set protocol={protocol}"
        );
        let output = mesim().args(line.split(' ')).current_dir(ROOT).output().expect("it runs");
        assert!(output.status.success());
        let _ = writeln!(shown, "$ mesim {line}\n{}", text(&output));
    }
    insta::assert_snapshot!("steps", shown);
}
