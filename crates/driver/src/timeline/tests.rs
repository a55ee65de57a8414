use std::fmt::Write;

use super::copies::{CLOSE_MAX, FAR_MAX};
use super::*;
use crate::Interleave;
use crate::config::Draft;
use crate::steps::{Names, StepRecord};

/// A small deterministic generator: numbers below a bound.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// Accesses of four cores to few lines, some of two lines at once, cleans and flushes among them.
fn records(count: u64, lines: u64) -> Vec<Record> {
    let mut random = Random(7);
    let record = |random: &mut Random| {
        let op = match random.below(200) {
            0 => Op::FlushAll,
            1..=3 => Op::Clean,
            4..=5 => Op::Flush,
            6..=7 => Op::Fence,
            8..=70 => Op::Write,
            71..=80 => Op::Atomic,
            _ => Op::Read,
        };
        let (addr, size) = match op {
            Op::FlushAll | Op::Fence => (0, 0),
            Op::Clean | Op::Flush => (0x1000 + random.below(lines) * 64, 200),
            _ => (0x1000 + random.below(lines * 64), 4),
        };
        Record { addr, size, core: random.below(4) as u16, op }
    };
    (0..count).map(|_| record(&mut random)).collect()
}

fn config(settings: &[&str]) -> Config {
    let mut draft = Draft::built_in();
    for setting in settings {
        draft.set(setting).unwrap();
    }
    Config::new(&draft).unwrap()
}

fn always(_: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn open(config: &Config, records: Vec<Record>) -> Timeline {
    let (timeline, failed) = Timeline::open(config, records, &mut always).unwrap();
    assert!(failed.is_none(), "{failed:?}");
    timeline
}

type Set = Vec<Option<WayLook>>;
type Seen = (Vec<Step>, Vec<Vec<State>>, Tally, Vec<Set>);

/// All that can be seen at a place.
fn seen(timeline: &Timeline) -> Seen {
    let states = (0x40..0x60).map(|line| timeline.states(LineAddr(line))).collect();
    let ways = timeline.caches().into_iter().flat_map(|cache| {
        let sets = timeline.sets_in_use(cache);
        sets.into_iter().map(move |set| timeline.ways_of(cache, set)).collect::<Vec<_>>()
    });
    (timeline.past().cloned().collect(), states, timeline.tally(), ways.collect())
}

const SMALL: &[&str] = &["L1.size=256", "L1.ways=2", "L2.size=1024", "L2.ways=4"];

#[test]
fn wherever_one_walks_a_place_is_that_of_a_straight_run() {
    let config = config(SMALL);
    let mut straight = open(&config, records(12_000, 24));
    let mut walked = open(&config, records(12_000, 24));
    assert!(walked.len() > 12_000, "some accesses are several steps");
    let mut random = Random(3);
    // First where to go, by all kinds of walks; then the same places in their order.
    let mut places = Vec::new();
    let mut at = 0;
    for _ in 0..150 {
        at = match random.below(6) {
            0 => random.below(walked.len() + 1),
            1 => at.saturating_sub(10),
            2 => at.saturating_sub(random.below(2000)),
            3 => at + 1,
            4 => at.saturating_sub(1),
            _ => at + random.below(1500),
        };
        at = at.min(walked.len());
        walked.goto(at);
        assert_eq!(walked.position(), at);
        places.push((at, seen(&walked)));
    }
    places.sort_by_key(|(at, _)| *at);
    for (at, there) in places {
        while straight.position() < at {
            straight.go_by(1);
        }
        assert!(seen(&straight) == there, "step {at}");
    }
}

#[test]
fn back_undoes_forward_at_every_step() {
    let mut timeline = open(&config(SMALL), records(1500, 12));
    timeline.goto(1000);
    for _ in 0..300 {
        let here = seen(&timeline);
        timeline.go_by(1);
        timeline.go_by(-1);
        assert!(seen(&timeline) == here, "step {}", timeline.position());
        timeline.go_by(1);
    }
    timeline.goto(0);
    assert!(timeline.step().is_none());
    assert_eq!(timeline.tally().totals().counters.accesses, 0);
    timeline.go_by(-1);
    assert_eq!(timeline.position(), 0);
    timeline.goto(u64::MAX);
    assert_eq!(timeline.step().map(|step| step.number), Some(timeline.len()));
}

#[test]
fn steps_are_those_that_a_replay_tells() {
    use crate::{ReplayOptions, Streams, replay_steps};
    let mut text = "@cores 3\n".to_owned();
    for n in 0..600 {
        let op = if n % 3 == 0 { 'W' } else { 'R' };
        writeln!(text, "{} {op} {:#x} 8", n % 3, 0x1000 + n * 52 % 1000).unwrap();
    }
    let source = || {
        let text = Box::new(std::io::Cursor::new(text.clone()));
        trace::read("t", text, &trace::ReadOptions::default()).unwrap()
    };
    let mut records = Vec::new();
    let mut reader = source();
    while trace::Source::read(&mut reader, &mut records).unwrap() {}
    let mut config = config(SMALL);
    config.machine.cores = 3;
    let names = Names::default();
    let mut told = Vec::new();
    let replayed = replay_steps(
        &config,
        Streams::Ordered(source()),
        Interleave::Recorded,
        &ReplayOptions { classify: true, coverage: true, ..ReplayOptions::default() },
        &mut |_| ControlFlow::Continue(()),
        &mut |machine, step| told.push(StepRecord::new(machine, &names, step)),
    )
    .unwrap();
    let mut timeline = open(&config, records);
    for (index, record) in told.iter().enumerate() {
        timeline.goto(index as u64 + 1);
        let step = timeline.step().unwrap();
        assert_eq!(&StepRecord::new(timeline.machine(), &names, step), record);
    }
    assert_eq!(timeline.len(), told.len() as u64);
    assert_eq!(timeline.tally(), replayed.tally);
}

#[test]
fn traces_of_a_core_each_come_in_the_order_of_a_replay() {
    use crate::{ReplayOptions, Streams, replay_steps};
    let sources = || {
        let of_core = |core: u16| {
            let mut own: Vec<_> = records(400, 12);
            own.retain(|record| record.op.is_access());
            own.rotate_left(usize::from(core) * 50);
            for record in &mut own {
                record.core = core;
            }
            // Where a core begins late, the lowest clock is another's.
            let late = Record { addr: 5000, size: 0, core, op: Op::TimeTicks };
            own.insert(usize::from(core) * 40, late);
            let header = trace::Header::new(trace::Format::Percore);
            Box::new(trace::IterSource::new(header, own.into_iter())) as Box<dyn trace::Source>
        };
        (0..3).map(of_core).collect::<Vec<_>>()
    };
    let mut config = config(SMALL);
    config.machine.cores = 3;
    let names = Names::default();
    for interleave in ["clock", "rr:3", "random:5"] {
        let interleave: Interleave = interleave.parse().unwrap();
        for limit in [None, Some(500)] {
            let mut told = Vec::new();
            let options =
                ReplayOptions { classify: true, coverage: true, limit, ..ReplayOptions::default() };
            let replayed = replay_steps(
                &config,
                Streams::PerCore(sources()),
                interleave,
                &options,
                &mut always,
                &mut |machine, step| told.push(StepRecord::new(machine, &names, step)),
            )
            .unwrap();
            let merged = merge(&config, sources(), interleave, limit, &mut always).unwrap();
            assert!(merged.1.is_none());
            let (mut timeline, failed) =
                Timeline::open_merged(&config, merged.0, &mut always).unwrap();
            assert!(failed.is_none());
            assert_eq!(timeline.len(), told.len() as u64);
            for record in &told {
                timeline.go_by(1);
                let step = timeline.step().unwrap();
                assert_eq!(&StepRecord::new(timeline.machine(), &names, step), record);
            }
            assert_eq!(timeline.tally(), replayed.tally, "{interleave}");
        }
    }
}

#[test]
fn conditions_find_the_steps_that_meet_them_forward_and_back() {
    for protocol in ["MESI", "MOESI", "Dragon"] {
        let protocol = format!("protocol={protocol}");
        let config = config(&[SMALL, &[protocol.as_str()]].concat());
        let mut timeline = open(&config, records(2500, 10));
        timeline.goto(timeline.len());
        let (machine, names) = (timeline.machine().clone(), Names::default());
        let mut steps = Vec::new();
        timeline.each_from(1, &mut |_, step| {
            steps.push(step.clone());
            ControlFlow::Continue(())
        });
        let states = machine.protocol.states();
        let change = format!("state {}->{}", states[1].name, states[0].name);
        for text in ["line=0x1080", "bus=BusRd", "core=2", "0x10c3", &change] {
            let condition = Condition::read(text, &machine, &names).unwrap();
            let expected: Vec<_> = steps
                .iter()
                .filter(|step| condition.is_met(step))
                .map(|step| step.number)
                .collect();
            assert!(!expected.is_empty(), "{protocol} {text}");
            timeline.goto(0);
            let mut found = Vec::new();
            while let ControlFlow::Continue(Some(next)) = timeline.next(&condition, &mut always) {
                found.push(next);
                timeline.goto(next);
            }
            assert_eq!(found, expected, "{protocol} {text}");
            let mut back = vec![timeline.position()];
            while let ControlFlow::Continue(Some(back_at)) =
                timeline.previous(&condition, &mut always)
            {
                back.push(back_at);
                timeline.goto(back_at);
            }
            back.reverse();
            assert_eq!(back, expected, "{protocol} {text}");
        }
    }
}

/// MESI whose M counts its core's stores, up to four: seven states, so that several kinds of change
/// share a bit of what is kept of a step. `I->M` (3) and `Mc->I` (35) do.
const COUNTING: &str = r#"(
    name: "Counting",
    source: "a test",
    states: [
      (name: "I",  holds: [], meaning: "m"),
      (name: "S",  holds: [valid], meaning: "m"),
      (name: "E",  holds: [valid, unique], meaning: "m"),
      (name: "M",  holds: [valid, unique, dirty], meaning: "m"),
      (name: "Mb", holds: [valid, unique, dirty], meaning: "m"),
      (name: "Mc", holds: [valid, unique, dirty], meaning: "m"),
      (name: "Md", holds: [valid, unique, dirty], meaning: "m"),
    ],
    processor: (
      I:  (Load: wire(BusRd, S, E), Store: bus(BusRdX, M),  Evict: never,         Clean: never),
      S:  (Load: hit(S),            Store: bus(BusUpgr, M), Evict: discard(I),    Clean: clean(S)),
      E:  (Load: hit(E),            Store: hit(M),          Evict: discard(I),    Clean: clean(E)),
      M:  (Load: hit(M),            Store: hit(Mb),         Evict: write_back(I), Clean: clean(E)),
      Mb: (Load: hit(Mb),           Store: hit(Mc),         Evict: write_back(I), Clean: clean(E)),
      Mc: (Load: hit(Mc),           Store: hit(Md),         Evict: write_back(I), Clean: clean(E)),
      Md: (Load: hit(Md),           Store: hit(Md),         Evict: write_back(I), Clean: clean(E)),
    ),
    snoop: (
      I:  (BusRd: go(I),    BusRdX: go(I),    BusUpgr: go(I)),
      S:  (BusRd: go(S),    BusRdX: go(I),    BusUpgr: go(I)),
      E:  (BusRd: go(S),    BusRdX: go(I),    BusUpgr: never),
      M:  (BusRd: flush(S), BusRdX: flush(I), BusUpgr: never),
      Mb: (BusRd: flush(S), BusRdX: flush(I), BusUpgr: never),
      Mc: (BusRd: flush(S), BusRdX: flush(I), BusUpgr: never),
      Md: (BusRd: flush(S), BusRdX: flush(I), BusUpgr: never),
    ),
)"#;

#[test]
fn changes_that_share_a_bit_are_told_apart() {
    let mut config = config(SMALL);
    config.machine.protocol =
        crate::protocol_file::read("counting.ron", COUNTING).unwrap().protocol;
    let mut timeline = open(&config, records(5000, 10));
    let (machine, names) = (timeline.machine().clone(), Names::default());
    for text in ["state I->M", "state Mb->I", "state Mc->I"] {
        let condition = Condition::read(text, &machine, &names).unwrap();
        assert!(!condition.is_exact(&machine));
        let mut expected = Vec::new();
        timeline.each_from(1, &mut |_, step| {
            expected.extend(condition.is_met(step).then_some(step.number));
            ControlFlow::Continue(())
        });
        assert!(expected.len() > 2, "{text}: {expected:?}");
        timeline.goto(0);
        let mut found = Vec::new();
        while let ControlFlow::Continue(Some(next)) = timeline.next(&condition, &mut always) {
            found.push(next);
            timeline.goto(next);
        }
        assert_eq!(found, expected, "{text}");
        timeline.goto(timeline.len());
        let mut back =
            Vec::from_iter(expected.last().copied().filter(|last| *last == timeline.len()));
        while let ControlFlow::Continue(Some(before)) = timeline.previous(&condition, &mut always) {
            back.push(before);
            timeline.goto(before);
        }
        back.reverse();
        assert_eq!(back, expected, "{text}");
    }
}

#[test]
fn a_long_way_that_is_broken_off_leads_nowhere() {
    let mut timeline = open(&config(SMALL), records(20_000, 24));
    // As if the machine were too large for more copies than the first.
    timeline.copies.forget_far();
    timeline.goto(100);
    let here = seen(&timeline);
    let mut asked = 0;
    let mut stop = |_| {
        asked += 1;
        if asked == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    assert!(timeline.try_goto(18_000, &mut stop).is_break());
    assert_eq!((timeline.position(), asked), (100, 3));
    assert!(seen(&timeline) == here);
    timeline.go_by(1);
    timeline.go_by(-1);
    assert!(seen(&timeline) == here);
    assert!(timeline.try_goto(18_000, &mut always).is_continue());
    assert_eq!(timeline.position(), 18_000);
    let (_, close) = timeline.copies.places();
    assert_eq!(close.len(), CLOSE_MAX / 2, "only those where one has arrived");
    assert!(close.iter().all(|done| *done > 8000));
}

#[test]
fn a_condition_that_cannot_be_read_names_one_that_can() {
    let machine = config(&["cores=2"]).machine;
    let names = Names::new([("x".to_owned(), 0x40)]);
    let read = |text| Condition::read(text, &machine, &names);
    assert_eq!(read("x"), Ok(Condition::Line(LineAddr(1))));
    assert_eq!(read("line=x"), read("0x44"));
    assert_eq!(read("core=C1"), Ok(Condition::Core(1)));
    let wrong = ["bus=BusFoo", "core=2", "state M=>I", "state X->I", "colour=red", "y", ""];
    let errors: Vec<_> = wrong.iter().map(|text| read(text).unwrap_err().to_string()).collect();
    assert_eq!(
        errors,
        [
            "`BusFoo`: expected one of BusRd, BusRdX, BusUpgr, BusUpd, such as bus=BusRdX",
            "`2`: expected a core from 0 to 1, as in core=0",
            "`M=>I`: expected two of the states I S E M, such as state M->I",
            "`X->I`: expected two of the states I S E M, such as state M->I",
            "`colour`: expected line, bus, core or state, such as bus=BusRdX",
            "`y`: expected an address, or a name of the trace, such as line=x",
            "``: expected a condition such as line=0x1000, bus=BusRd, core=0, state I->S",
        ]
    );
}

#[test]
fn an_error_ends_the_timeline_before_it() {
    let mut records = records(3, 4);
    records.retain(|record| record.op.is_access());
    let good = records.len();
    records.push(Record { core: 9, ..Record::access(9, Op::Read, 64, 4) });
    records.push(Record::access(0, Op::Read, 64, 4));
    let config = config(&["cores=4"]);
    let (mut timeline, failed) = Timeline::open(&config, records, &mut always).unwrap();
    assert!(matches!(failed, Some(ReplayError::NoSuchCore { core: 9, .. })), "{failed:?}");
    assert!(timeline.len() >= good as u64);
    timeline.goto(u64::MAX);
    assert!(timeline.step().is_some());
}

/// Accesses of four cores, a third of them stores, all over so many lines.
fn spread(count: u64, lines: u64) -> Vec<Record> {
    let mut random = Random(11);
    let record = |n: u64| {
        let op = if random.below(3) == 0 { Op::Write } else { Op::Read };
        Record::access((n % 4) as u16, op, 0x1000 + random.below(lines) * 64, 4)
    };
    (0..count).map(record).collect()
}

const MILLION: u64 = 1_000_000;

/// From one end of a million steps to the other: at two hundred places, a step on and a step back.
#[test]
fn back_undoes_forward_over_a_million_steps() {
    let mut timeline = open(&config(SMALL), spread(MILLION, 48));
    assert_eq!(timeline.len(), MILLION);
    for place in (0..MILLION).step_by(4999) {
        timeline.goto(place);
        let here = seen(&timeline);
        timeline.go_by(1);
        assert_eq!(timeline.position(), place + 1);
        timeline.go_by(-1);
        assert!(seen(&timeline) == here, "step {place}");
    }
}

/// In a release build every place of a million steps is reached within 50 ms; a debug build, and
/// a machine that has others to serve, get ten times as long.
#[test]
fn a_long_trace_is_walked_without_waiting() {
    let limit = if cfg!(debug_assertions) { 500 } else { 50 };
    let mut timeline = open(&config(&[]), spread(MILLION, 4000));
    let last = timeline.len();
    assert_eq!(last, MILLION);
    for place in [last, 0, last / 2, last / 2 - 1, last / 2 - 2, last, last - 1, last - 300, 1] {
        // The best of three: others may have the processor.
        let took = (0..3).map(|_| {
            let from = timeline.position();
            let start = std::time::Instant::now();
            timeline.goto(place);
            let took = start.elapsed().as_millis();
            assert_eq!(timeline.step().map_or(0, |step| step.number), place);
            timeline.goto(from);
            took
        });
        let took = took.min().unwrap();
        assert!(took < limit, "to step {place}: {took} ms, at most {limit}");
        timeline.goto(place);
    }
    let (far, close) = timeline.copies.places();
    assert!(far <= FAR_MAX && close.len() <= CLOSE_MAX + 2);
}

/// A step back costs about as much wherever one is: no more copies of the machine, and not many
/// more records, where there is none for a long way down than where there is one nearby. It is work
/// that is counted here, as others may have the processor.
#[test]
fn no_step_back_has_a_long_way_to_run() {
    let mut timeline = open(&config(SMALL), spread(60_000, 48));
    // As if the machine were too large for more copies than the first.
    timeline.copies.forget_far();
    let near = CLOSE_STEPS + WINDOW;
    let mut random = Random(5);
    let mut walks = vec![(60_000, 7_i64, u64::MAX), (60_000, 40, u64::MAX)];
    walks.extend((0..8).map(|_| (random.below(60_000), 1, 700)));
    for (from, stride, most) in walks {
        timeline.goto(from);
        let mut steps = 0;
        while timeline.position() > 0 && steps < most {
            point::work::take();
            timeline.go_by(-stride);
            let work = point::work::take();
            // 60,000 steps are run while at least 6000 are left, and so many for each step back.
            let scout = (60_000 / 6000 + 2) * stride.unsigned_abs();
            assert!(work.copies <= 2, "{work:?} to step {}", timeline.position());
            let at = timeline.position();
            assert!(work.records <= near + scout, "{work:?} by {stride} to step {at}");
            steps += 1;
        }
    }
}

/// After a jump to just behind a copy over the whole trace, and there to and fro.
#[test]
fn the_first_step_back_after_a_long_way_has_no_long_way_to_run() {
    let mut timeline = open(&config(SMALL), spread(200_000, 48));
    timeline.copies.thin_out(8);
    let fars = timeline.copies.places_far();
    assert!(fars.len() < 20 && fars.len() > 3, "{fars:?}");
    let mut random = Random(9);
    for far in fars.into_iter().skip(1) {
        for behind in [1, 100, 255, 256, 257, 300, 1023, 1025, 1400, 3000] {
            timeline.goto(far + behind);
            point::work::take();
            for _ in 0..60 {
                let by = [-1, -1, -1, 1, -10][random.below(5) as usize];
                timeline.go_by(by);
                let work = point::work::take();
                let most = CLOSE_STEPS + WINDOW + 64 * by.unsigned_abs();
                // To run on from, for the scout, and what is shared where one passes `far`.
                assert!(work.records <= most && work.copies <= 3, "{work:?} behind {far}");
            }
        }
    }
}

/// The life of lines is what one sees who runs through the trace from its start and notes every
/// core's state and every shared level after each step.
#[test]
fn the_life_of_a_line_is_what_a_straight_run_has_seen() {
    let mut random = Random(21);
    for (round, cores) in [2, 3, 8, 9, 33, 64].into_iter().enumerate() {
        let config = shared_config(cores, ["MESI", "MOESI", "Dragon"][round % 3]);
        let lines = 10 + random.below(30);
        let mut trace = records(1800, lines);
        for record in &mut trace {
            record.core = random.below(u64::from(cores)) as u16;
        }
        let mut straight = open(&config, trace.clone());
        let shared: Vec<_> =
            straight.caches().into_iter().filter(|one| matches!(one, CacheOf::Shared(_))).collect();
        assert_eq!(shared.len(), 2);
        let looked = [0, 1, lines / 2, lines - 1].map(|line| LineAddr(0x40 + line));
        let mut seen = Vec::new();
        for number in 1..=straight.len() {
            straight.goto(number);
            let step = straight.step().unwrap().clone();
            let of = |line: LineAddr| {
                let copy = |cache: &CacheOf| {
                    let ways = straight.ways_of(*cache, straight.set_of(*cache, line));
                    let way = ways.into_iter().flatten().find(|way| way.line == line);
                    way.map(|way| way.dirty)
                };
                let is_about =
                    step.line == line || step.changes.iter().any(|change| change.line == line);
                let shared = shared.iter().map(copy).collect();
                let states = straight.states(line);
                is_about.then(|| Moment { step: step.clone(), states, shared })
            };
            seen.push(looked.map(of));
        }
        let mut timeline = open(&config, trace);
        let mut moments = 0;
        for _ in 0..60 {
            timeline.goto(random.below(timeline.len() + 1));
            let (most, at) = (random.below(40) as usize, timeline.position() as usize);
            for (index, line) in looked.into_iter().enumerate() {
                let window = &seen[at.saturating_sub(WINDOW as usize)..at];
                let all: Vec<_> = window.iter().filter_map(|of| of[index].clone()).collect();
                let life = timeline.life(line, most);
                assert_eq!(life, all[all.len().saturating_sub(most)..], "{cores} cores, {at}");
                moments += life.len();
            }
        }
        assert!(moments > 100, "{moments}");
    }
}

/// A machine of small caches with two shared levels.
fn shared_config(cores: u16, protocol: &str) -> Config {
    let text = r#"(caches: [
        (name: "L1", scope: Private, size: "256 B", ways: 2, latency: 4),
        (name: "L2", scope: Shared, size: "512 B", ways: 2, latency: 14),
        (name: "L3", scope: Shared, size: "1 KiB", ways: 4, latency: 30),
    ])"#;
    let mut draft = Draft::from_ron("shared.ron", text).unwrap();
    draft.set(&format!("cores={cores}")).unwrap();
    draft.set(&format!("protocol={protocol}")).unwrap();
    Config::new(&draft).unwrap()
}
