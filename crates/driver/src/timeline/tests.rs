use std::fmt::Write;

use super::*;
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

fn open(config: &Config, records: Vec<Record>) -> Timeline {
    let mut go_on = |_| ControlFlow::Continue(());
    let (timeline, failed) = Timeline::open(config, records, &mut go_on).unwrap();
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
    use crate::{Interleave, ReplayOptions, Streams, replay_steps};
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
            while let Some(next) = timeline.next(&condition) {
                found.push(next);
                timeline.goto(next);
            }
            assert_eq!(found, expected, "{protocol} {text}");
            let mut back = vec![timeline.position()];
            while let Some(next) = timeline.previous(&condition) {
                back.push(next);
                timeline.goto(next);
            }
            back.reverse();
            assert_eq!(back, expected, "{protocol} {text}");
        }
    }
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
    let mut go_on = |_| ControlFlow::Continue(());
    let (mut timeline, failed) = Timeline::open(&config, records, &mut go_on).unwrap();
    assert!(matches!(failed, Some(ReplayError::NoSuchCore { core: 9, .. })), "{failed:?}");
    assert!(timeline.len() >= good as u64);
    timeline.goto(u64::MAX);
    assert!(timeline.step().is_some());
}

/// In a release build every place of a million steps is reached within 50 ms; a debug build, and
/// a machine that has others to serve, get a smaller trace and ten times as long.
#[test]
fn a_long_trace_is_walked_without_waiting() {
    let (count, limit) = if cfg!(debug_assertions) { (60_000, 500) } else { (1_000_000, 50) };
    let mut random = Random(11);
    let record = |n: u64| {
        let op = if random.below(3) == 0 { Op::Write } else { Op::Read };
        Record::access((n % 4) as u16, op, 0x1000 + random.below(4000) * 64, 4)
    };
    let records: Vec<_> = (0..count).map(record).collect();
    let mut timeline = open(&config(&[]), records);
    assert_eq!(timeline.len(), count);
    let last = count;
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
    assert!(timeline.far.len() <= FAR_MAX);
    assert!(timeline.close.len() <= CLOSE_MAX);
}
