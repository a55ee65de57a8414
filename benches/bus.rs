//! The middle layer: one transaction on the bus, by the number of cores.

use cache::Addr;
use coherence::{Machine, MachineSpec, Op};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use driver::config::{Config, Draft};

const CORES: [u32; 4] = [2, 4, 16, 64];
/// The lines of one batch, few enough to stay in a cache.
const LINES: u64 = 256;
const LINE_BYTES: u64 = 64;

/// The default machine without its L2.
fn spec(cores: u32) -> MachineSpec {
    let config = "(caches: [(size: \"32 KiB\", ways: 8)])";
    let mut draft = Draft::from_ron("bench", config).expect("the config is RON");
    draft.set_cores(cores);
    Config::new(&draft).expect("the config is sound").machine
}

fn access(machine: &mut Machine<()>, core: u32, op: Op, line: u64) {
    machine.access(core, op, Addr(line * LINE_BYTES), 4).expect("the tables are whole");
}

/// Makes the cores from `first` on hold every line.
fn held_by(first: u32, cores: u32) -> Machine<()> {
    let mut machine = Machine::new(spec(cores), ()).expect("the machine can be built");
    for line in 0..LINES {
        for core in first..cores {
            access(&mut machine, core, Op::Read, line);
        }
    }
    machine
}

/// Core 0 asks once for every line, of which a fresh copy of the machine is made each time.
fn batch(c: &mut Criterion, name: &str, first_holder: u32, op: Op) {
    let mut group = c.benchmark_group(format!("bus/{name}"));
    group.throughput(Throughput::Elements(LINES));
    for cores in CORES {
        let machine = held_by(first_holder, cores);
        group.bench_function(BenchmarkId::from_parameter(cores), |b| {
            b.iter_batched_ref(
                || machine.clone(),
                |machine| (0..LINES).for_each(|line| access(machine, 0, op, line)),
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

/// A read miss of a line that all the others hold: BusRd.
fn read_shared(c: &mut Criterion) {
    batch(c, "read shared by the others", 1, Op::Read);
}

/// A store to a line that all hold: BusUpgr, and a copy lost by each of the others.
fn upgrade(c: &mut Criterion) {
    batch(c, "upgrade", 0, Op::Write);
}

/// All cores write one line in turn: BusRdX, a flush and a copy lost each time.
fn ping_pong(c: &mut Criterion) {
    let mut group = c.benchmark_group("bus/ping-pong");
    group.throughput(Throughput::Elements(1));
    for cores in CORES {
        let mut machine = Machine::new(spec(cores), ()).expect("the machine can be built");
        let mut core = 0;
        group.bench_function(BenchmarkId::from_parameter(cores), |b| {
            b.iter(|| {
                core = if core + 1 == cores { 0 } else { core + 1 };
                access(&mut machine, core, Op::Write, 0);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, read_shared, upgrade, ping_pong);
criterion_main!(benches);
