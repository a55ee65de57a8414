//! Random tasks, small enough that everything that can happen does, and a shrinker.

use durability::{
    AgeFrom, Arrivals, Bandwidth, CrashPoints, Distribution, Durability, Failure, Flush, Log,
    Order, Overflow, PersistDomain, Promote, Queue, ReadBlocks, Readers, Replicas, Retry, Span,
    Store, Sync, Ticks,
};
use trace::{Op, Record};

use super::Machine;
use crate::reference::random::SplitMix;

/// What both implementations are given.
#[derive(Clone, PartialEq, Debug)]
pub struct Task {
    pub spec: Durability,
    pub machine: Machine,
    pub clients: usize,
    /// Records, each of a client, in an order in which each client's are.
    pub records: Vec<(usize, Record)>,
    pub crashes: CrashPoints,
}

impl Task {
    /// The records of each client.
    pub fn streams(&self) -> Vec<Vec<Record>> {
        let of = |number: usize| {
            let mine = self.records.iter().filter(|(client, _)| *client == number);
            mine.map(|(_, record)| *record).collect()
        };
        (0..self.clients).map(of).collect()
    }
}

/// The plainest spec: nothing is written back before the orderly end.
pub fn plain() -> Durability {
    let mut plain = Durability::plain(100);
    plain.store.retry.delay = 10;
    plain.shutdown = 1_000_000;
    plain
}

/// A task of that many records.
pub fn random_task(rng: &mut SplitMix, length: usize) -> Task {
    let block_bytes = rng.pick(&[16, 64]);
    let capacity = rng.pick(&[8, 16, 32]);
    let machine = Machine {
        latency: rng.pick(&[0, 1, 1, 3, 10]),
        block_bytes,
        capacity,
        clock_hz: rng.pick(&[1_000, 1_000_000, 3_000_000_000]),
    };
    let spec = random_spec(rng);
    let clients = rng.pick(&[1, 1, 2, 3, 5, 8]);
    let records = random_records(rng, &machine, clients, length);
    let crashes = if rng.chance(30) {
        CrashPoints::Every(1 + rng.below(20))
    } else {
        let horizon = 1 + rng.below(20 * length as u64);
        let mut moments: Vec<Ticks> = (0..rng.below(30)).map(|_| rng.below(horizon)).collect();
        moments.sort_unstable();
        moments.dedup();
        CrashPoints::At(moments)
    };
    Task { spec, machine, clients, records, crashes }
}

fn some<T>(rng: &mut SplitMix, per_cent: u64, draw: impl Fn(&mut SplitMix) -> T) -> Option<T> {
    rng.chance(per_cent).then(|| draw(rng))
}

pub fn random_spec(rng: &mut SplitMix) -> Durability {
    let mut spec = plain();
    spec.seed = rng.next();
    spec.shutdown = rng.pick(&[0, 50, 500, 100_000, 10_000_000]);
    spec.flush = random_flush(rng);
    spec.store = random_store(rng);
    spec.queue = Queue {
        capacity: some(rng, 35, |rng| 1 + rng.below(8)),
        overflow: rng.pick(&[Overflow::Block, Overflow::Reject, Overflow::WriteThrough]),
        trigger: rng.chance(50),
    };
    if spec.queue.capacity.is_some() && spec.queue.overflow == Overflow::WriteThrough {
        // Left out: writes that go round the one call of everything, or wait before they do.
        spec.flush.dirty_ratio = None;
        if spec.flush.order == Order::Causal {
            spec.flush.order = Order::Fifo;
        }
    }
    if let (Some(background), Some(dirty)) = (spec.flush.background_ratio, spec.flush.dirty_ratio) {
        spec.flush.background_ratio = Some(background.min(dirty));
    }
    spec.log = some(rng, 40, |rng| Log {
        sync: rng.pick(&[Sync::Always, Sync::EverySecond, Sync::No]),
        fsync: rng.pick(&[1, 10, 100]),
        serial: rng.chance(40),
        period: rng.pick(&[50, 200, 1_000]),
        stalls: random_spans(rng),
    });
    spec.replicas = some(rng, 30, |rng| {
        let lags: Vec<Ticks> = (0..=rng.below(3)).map(|_| rng.below(200)).collect();
        let wait = rng.below(lags.len() as u64 + 1) as u32;
        let promote = if rng.chance(50) {
            Promote::Newest
        } else {
            Promote::Index(rng.below(lags.len() as u64) as u32)
        };
        Replicas { lags, wait, promote }
    });
    spec.persist_domain = some(rng, 8, |_| PersistDomain::Eadr);
    spec.readers = some(rng, 40, |rng| Readers {
        interval: 0.5 + rng.below(1000) as f64 / 7.0,
        arrivals: rng.pick(&[Arrivals::Poisson, Arrivals::Regular]),
        blocks: rng.pick(&[ReadBlocks::Written, ReadBlocks::Popular]),
    });
    // One loop for all would wait for itself.
    if spec.log.as_ref().is_some_and(|log| log.serial) {
        spec.queue.capacity = None;
        spec.flush.dirty_ratio = None;
    }
    // A write that waits for a place needs something that makes room.
    let waits = spec.queue.capacity.is_some() && spec.queue.overflow == Overflow::Block;
    if waits && spec.flush.every.is_none() {
        spec.flush.every = Some(100 + rng.below(500));
    }
    spec
}

fn random_flush(rng: &mut SplitMix) -> Flush {
    // Some are woken by the timer alone, some by anything.
    let often = rng.pick(&[0, 30, 60]);
    let background_ratio = some(rng, often, |rng| rng.below(60) as f64 / 100.0);
    let dirty_ratio = some(rng, often, |rng| (1 + rng.below(90)) as f64 / 100.0);
    Flush {
        every: some(rng, 75, |rng| 1 + rng.pick(&[20, 100, 300, 1_000]) + rng.below(50)),
        expire: if rng.chance(60) { 0 } else { rng.below(500) },
        dirty_count: some(rng, often, |rng| 1 + rng.below(8)),
        background_ratio,
        dirty_ratio,
        batch: rng.pick(&[1, 2, 3, 5, 512]),
        workers: rng.pick(&[1, 1, 2, 4]),
        order: rng.pick(&[Order::Unordered, Order::Unordered, Order::Fifo, Order::Causal]),
        coalesce: rng.chance(75),
        one_in_flight: rng.chance(75),
        age_from: rng.pick(&[AgeFrom::FirstDirty, AgeFrom::LastWrite]),
        max_age: some(rng, often, |rng| rng.below(500)),
        pause_max: rng.below(100),
    }
}

fn random_store(rng: &mut SplitMix) -> Store {
    let attempts = some(rng, 40, |rng| 1 + rng.below(4) as u32);
    Store {
        latency: rng.pick(&[1, 7, 40, 200]),
        distribution: rng.pick(&[
            Distribution::Constant,
            Distribution::Constant,
            Distribution::Exponential,
            Distribution::LogNormal(0.8),
        ]),
        parallel: rng.pick(&[1, 2, 3, 8]),
        batch_cost: rng.pick(&[0, 1, 5]),
        bandwidth: some(rng, 25, |rng| Bandwidth {
            bytes: 1 + rng.below(100),
            ticks: rng.below(20),
        }),
        guard: rng.chance(80),
        fail: rng.pick(&[0.0, 0.0, 0.1, 0.5]),
        failure: rng.pick(&[Failure::NotApplied, Failure::AckLost, Failure::Half]),
        outages: random_spans(rng),
        retry: Retry { attempts, delay: rng.pick(&[0, 5, 60]) },
    }
}

/// Up to two spans, in order and apart.
fn random_spans(rng: &mut SplitMix) -> Vec<Span> {
    let mut at = 0;
    let mut spans = Vec::new();
    if rng.chance(30) {
        for _ in 0..=rng.below(2) {
            let start = at + 1 + rng.below(800);
            let end = start + 1 + rng.below(300);
            spans.push(Span { start, end });
            at = end;
        }
    }
    spans
}

fn random_records(
    rng: &mut SplitMix,
    machine: &Machine,
    clients: usize,
    length: usize,
) -> Vec<(usize, Record)> {
    // Fewer blocks than the cache has, so that none is evicted; some are hot.
    let blocks = 1 + rng.below(machine.capacity - 2);
    let writes = rng.pick(&[40, 70, 95]);
    let maintenance = rng.pick(&[0, 0, 5, 20]);
    let gap = rng.pick(&[0, 5, 30, 100]);
    let straddles = rng.pick(&[0, 3, 10]);
    let mut set = vec![0; clients];
    let mut records = Vec::new();
    while records.len() < length {
        let client = rng.below(clients as u64) as usize;
        let core = client as u16;
        if rng.chance(25) {
            let wait = rng.below(gap + 1);
            records.push((client, Record::event(core, Op::Compute, wait)));
            continue;
        }
        if rng.chance(4) {
            set[client] += rng.below(40 * (gap + 1));
            let ticks: u64 = set[client];
            let picoseconds = ticks * (1_000_000_000_000 / machine.clock_hz);
            let (op, amount) = rng.pick(&[(Op::TimeTicks, ticks), (Op::Time, picoseconds)]);
            records.push((client, Record::event(core, op, amount)));
            continue;
        }
        let hot = rng.chance(50);
        let block = if hot { rng.below(1 + blocks / 4) } else { rng.below(blocks) };
        let addr = block * machine.block_bytes;
        let record = if rng.chance(maintenance) {
            let size = 1 + rng.below(3 * machine.block_bytes) as u32;
            match rng.below(10) {
                0 => Record::event(core, Op::FlushAll, 0),
                1..=2 => Record::access(core, Op::Flush, addr, size),
                3..=5 => Record::access(core, Op::Clean, addr, size),
                _ => Record::event(core, Op::Fence, 0),
            }
        } else {
            let op = if rng.chance(writes) {
                rng.pick(&[Op::Write, Op::Write, Op::Write, Op::Atomic])
            } else {
                rng.pick(&[Op::Read, Op::Fetch])
            };
            if rng.chance(straddles) {
                // It ends in the next block, or in the one after.
                let size = machine.block_bytes as u32 * (1 + rng.below(2) as u32);
                Record::access(core, op, addr + machine.block_bytes - 4, size)
            } else {
                Record::access(core, op, addr, 4)
            }
        };
        records.push((client, record));
    }
    records
}

/// Makes a task smaller while `fails` holds: fewer records, then a plainer spec, then again.
pub fn shrink(task: &Task, fails: impl Fn(&Task) -> bool) -> Task {
    let mut smallest = fewer_records(task, &fails);
    loop {
        let before = smallest.clone();
        smallest = plainer_spec(&smallest, &fails);
        smallest = fewer_records(&smallest, &fails);
        if smallest == before {
            return smallest;
        }
    }
}

/// Removes halves, quarters, ..., single records.
fn fewer_records(task: &Task, fails: &impl Fn(&Task) -> bool) -> Task {
    let mut smallest = task.clone();
    let mut chunk = smallest.records.len().div_ceil(2).max(1);
    loop {
        let mut removed = false;
        let mut at = 0;
        while at < smallest.records.len() {
            let end = (at + chunk).min(smallest.records.len());
            let mut candidate = smallest.clone();
            candidate.records.drain(at..end);
            if fails(&candidate) {
                smallest = candidate;
                removed = true;
            } else {
                at = end;
            }
        }
        if chunk == 1 && !removed {
            return smallest;
        }
        if !removed || chunk > smallest.records.len() {
            chunk = (chunk / 2).max(1);
        }
    }
}

/// One way to make a task plainer.
type Plainer = fn(&mut Task);

/// Takes out of the spec what the failure does not need.
fn plainer_spec(task: &Task, fails: &impl Fn(&Task) -> bool) -> Task {
    let steps: [Plainer; 37] = [
        |task| task.crashes = CrashPoints::None,
        |task| {
            if let CrashPoints::At(moments) = &mut task.crashes {
                moments.pop();
            }
        },
        |task| {
            if let CrashPoints::At(moments) = &mut task.crashes {
                moments.drain(..moments.len().min(1));
            }
        },
        |task| task.spec.readers = None,
        |task| task.spec.replicas = None,
        |task| task.spec.log = None,
        |task| task.spec.persist_domain = None,
        |task| task.spec.queue.capacity = None,
        |task| task.spec.queue.trigger = true,
        |task| task.spec.queue.overflow = Overflow::Block,
        |task| task.spec.store.outages.clear(),
        |task| task.spec.store.fail = 0.0,
        |task| task.spec.store.failure = Failure::NotApplied,
        |task| task.spec.store.retry.attempts = None,
        |task| task.spec.store.retry.delay = 10,
        |task| task.spec.store.bandwidth = None,
        |task| task.spec.store.batch_cost = 0,
        |task| task.spec.store.distribution = Distribution::Constant,
        |task| task.spec.store.guard = true,
        |task| task.spec.store.parallel = 8,
        |task| task.spec.store.latency = 100,
        |task| task.spec.flush.max_age = None,
        |task| task.spec.flush.dirty_ratio = None,
        |task| task.spec.flush.background_ratio = None,
        |task| task.spec.flush.dirty_count = None,
        |task| task.spec.flush.every = None,
        |task| task.spec.flush.expire = 0,
        |task| task.spec.flush.pause_max = 0,
        |task| task.spec.flush.age_from = AgeFrom::FirstDirty,
        |task| task.spec.flush.one_in_flight = true,
        |task| task.spec.flush.coalesce = true,
        |task| task.spec.flush.order = Order::Unordered,
        |task| task.spec.flush.workers = 1,
        |task| task.spec.flush.batch = 512,
        |task| task.spec.shutdown = 1_000_000,
        |task| task.machine.latency = 0,
        |task| {
            if let Some(log) = &mut task.spec.log {
                log.stalls.clear();
            }
        },
    ];
    let mut plainest = task.clone();
    for step in steps {
        let mut candidate = plainest.clone();
        step(&mut candidate);
        let waits = candidate.spec.queue.capacity.is_some();
        let stuck = waits && candidate.spec.flush.every.is_none();
        if candidate != plainest && !stuck && fails(&candidate) {
            plainest = candidate;
        }
    }
    plainest
}
