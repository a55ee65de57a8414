//! Random machines and traces from a seed, and a shrinker for what fails.

use super::protocol::Protocol;
use super::spec::{
    Access, BusSpec, CleanSupply, LevelSpec, Op, Replacement, Rules, Spec, WritePolicy,
};

/// `SplitMix64`: a generator that fits in four lines and is the same everywhere.
#[derive(Clone, Debug)]
pub struct SplitMix(u64);

impl SplitMix {
    pub fn new(seed: u64) -> SplitMix {
        SplitMix(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 0 to `bound` - 1.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// True `per_cent` times of 100.
    pub fn chance(&mut self, per_cent: u64) -> bool {
        self.below(100) < per_cent
    }

    pub fn pick<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize].clone()
    }
}

/// The protocols that machines are drawn with, in their shares.
const PROTOCOLS: [Protocol; 8] = [
    Protocol::Msi,
    Protocol::Mesi,
    Protocol::Moesi,
    Protocol::Moesi,
    Protocol::Mesif,
    Protocol::Mesif,
    Protocol::Dragon,
    Protocol::Dragon,
];

/// A machine of a few lines, where everything that can happen does.
pub fn random_spec(rng: &mut SplitMix) -> Spec {
    let line_bytes = rng.pick(&[16, 32, 64]);
    let victim_first = rng.chance(75);
    let private = rng.pick(&[1_u64, 1, 2, 2, 2, 3]);
    let shared = rng.pick(&[0, 0, 1, 1, 2]);

    // Levels from this one on write back; those inside write through.
    let first_write_back = rng.pick(&[0, 0, 0, 0, 1, 1, 2, private + shared]);
    let mut levels = Vec::new();
    for i in 0..private + shared {
        let mut level = random_level(rng, line_bytes, i >= private, i);
        level.write = if i >= first_write_back {
            WritePolicy::WriteBack
        } else {
            WritePolicy::WriteThrough { allocate: rng.chance(50) }
        };
        level.inclusive = if i == 0 { true } else { victim_first && rng.chance(55) };
        levels.push(level);
    }
    let l1i = rng.chance(40).then(|| LevelSpec {
        inclusive: true,
        write: WritePolicy::WriteBack,
        ..random_level(rng, line_bytes, false, 0)
    });

    let mut spec = Spec {
        cores: rng.pick(&[1, 2, 2, 3, 3, 4, 5, 8]),
        protocol: rng.pick(&PROTOCOLS),
        line_bytes,
        word_bytes: 4,
        levels,
        l1i,
        bus: BusSpec {
            request: rng.below(4),
            width: rng.pick(&[4, 8, 16, 32, 64]),
            beat: 1 + rng.below(3),
            cache_to_cache: rng.below(40),
            pipelined: rng.chance(40),
        },
        memory_latency: rng.below(120),
        write_buffer: rng.pick(&[0, 1, 1, 2, 4, 8]),
        rules: Rules {
            write_to_shared_read_exclusive: rng.chance(35),
            clean_supply: rng.pick(&[
                CleanSupply::Memory,
                CleanSupply::ExclusiveOnly,
                CleanSupply::AnyHolder,
            ]),
            invalidating_flush_updates_memory: rng.chance(60),
            exclusive_on_sole_read: rng.chance(80),
            victim_first,
            drain_at_end: rng.chance(40),
        },
    };

    // What the protocol does not go with: the level that keeps what is written through includes
    // the others where it may; else another protocol is drawn.
    if victim_first
        && spec.protocol.hands_over()
        && let Some(keeper) = spec.level_outside_write_through()
    {
        spec.levels[keeper].inclusive = true;
    }
    while spec.validate().is_err() {
        spec.protocol = rng.pick(&PROTOCOLS);
    }
    spec
}

/// A level of 1 to 8 lines times two for each level further out, mostly.
fn random_level(rng: &mut SplitMix, line_bytes: u64, shared: bool, depth: u64) -> LevelSpec {
    let lines: u64 = 1 << (rng.below(4) + u64::from(rng.chance(70)) * depth);
    let ways_log2 = rng.below(u64::from(lines.ilog2()) + 1);
    let seed = rng.next();
    let ways = if rng.chance(25) { None } else { Some(1 << ways_log2) };
    LevelSpec {
        shared,
        size_bytes: lines * line_bytes,
        ways,
        replacement: rng.pick(&[
            Replacement::Lru,
            Replacement::Lru,
            Replacement::TreePlru,
            Replacement::Fifo,
            Replacement::Srrip,
            Replacement::Random(seed),
        ]),
        write: WritePolicy::WriteBack,
        inclusive: true,
        latency: rng.below(12),
    }
}

/// A trace with locality: each core has some lines of its own, all share a few, and a few words
/// are hot. Now and then cores share a line in one of the ways that textbooks draw.
pub fn random_trace(rng: &mut SplitMix, spec: &Spec, length: usize) -> Vec<Access> {
    let line = spec.line_bytes;
    let shared_lines = 1 + rng.below(12);
    let own_lines = 1 + rng.below(12);
    let stride = rng.pick(&[1, 1, 1, 2, 4]);
    // Some traces use all kinds of operations, some only loads and stores.
    let maintenance = rng.pick(&[0, 1, 4]);
    let fetches = if rng.chance(60) { 20 } else { 0 };
    let atomics = rng.pick(&[0, 5, 15]);
    let stores = 10 + rng.below(50);
    let burst = 50 + rng.below(45);
    let rounds = rng.pick(&[0, 4, 12]);

    let mut trace = Vec::with_capacity(length);
    let (mut core, mut hot) = (0, 0);
    while trace.len() < length {
        if rng.chance(rounds) {
            let shared = rng.below(shared_lines) * stride * line;
            trace.extend(sharing_round(rng, spec, shared));
            continue;
        }
        // Stay with the same core and the same line for a while.
        if !rng.chance(burst) {
            core = rng.below(spec.cores as u64) as usize;
        }
        if !rng.chance(60) {
            let number = if rng.chance(60) {
                rng.below(shared_lines)
            } else {
                shared_lines + core as u64 * own_lines + rng.below(own_lines)
            };
            hot = number * stride * line;
        }
        let op = if rng.chance(maintenance) {
            match rng.below(20) {
                0 => Op::FlushAll,
                1..=8 => Op::Clean,
                _ => Op::Flush,
            }
        } else if rng.chance(3) {
            Op::Compute(rng.below(200))
        } else if rng.chance(fetches) {
            Op::Fetch
        } else if rng.chance(atomics) {
            Op::Atomic
        } else if rng.chance(stores) {
            Op::Write
        } else {
            Op::Read
        };
        let (addr, size) = match op {
            Op::FlushAll | Op::Compute(_) => (0, 0),
            Op::Clean | Op::Flush => (hot + rng.below(line), 1 + rng.below(2 * line)),
            // A word; or a piece of words that may straddle lines; or odd bytes.
            _ => match rng.below(20) {
                0 => (hot + line - 4, 8),
                1 => (hot + rng.below(line), 1 + rng.below(2 * line)),
                2 => (hot + rng.below(line), 1 + rng.below(4)),
                3..=10 => (hot, 4),
                _ => (hot + 4 * rng.below(line / 4), 4),
            },
        };
        trace.push(Access { core, op, addr, size });
    }
    trace.truncate(length);
    trace
}

/// Some cores, one after the other, at one line; each at a word of its own, or all at the first.
fn sharing_round(rng: &mut SplitMix, spec: &Spec, line_addr: u64) -> Vec<Access> {
    let first = rng.below(spec.cores as u64) as usize;
    let some = 1 + rng.below(spec.cores as u64) as usize;
    let words_apart = rng.chance(50);
    let access = |turn: usize, op| {
        let core = (first + turn) % spec.cores;
        let offset = if words_apart { 4 * core as u64 % spec.line_bytes } else { 0 };
        Access { core, op, addr: line_addr + offset, size: 4 }
    };
    let turns = 0..some;
    match rng.below(4) {
        // Migratory: each reads, then writes.
        0 => turns.flat_map(|turn| [access(turn, Op::Read), access(turn, Op::Write)]).collect(),
        // Ping-pong: each writes.
        1 => turns.map(|turn| access(turn, Op::Write)).collect(),
        // Producer and consumers: the first writes, all read.
        2 => {
            let reads = turns.map(|turn| access(turn, Op::Read));
            [access(0, Op::Write)].into_iter().chain(reads).collect()
        }
        // All read, then the last writes what the others hold too.
        _ => {
            let reads = turns.map(|turn| access(turn, Op::Read));
            reads.chain([access(some - 1, Op::Write)]).collect()
        }
    }
}

/// Removes accesses while `fails` holds: halves, quarters, ..., single accesses, until no single
/// one can go.
pub fn shrink(trace: &[Access], fails: impl Fn(&[Access]) -> bool) -> Vec<Access> {
    let mut smallest = trace.to_vec();
    let mut chunk = smallest.len().div_ceil(2).max(1);
    loop {
        let mut removed = false;
        let mut at = 0;
        while at < smallest.len() {
            let end = (at + chunk).min(smallest.len());
            let mut candidate = smallest.clone();
            candidate.drain(at..end);
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
        if !removed || chunk > smallest.len() {
            chunk = (chunk / 2).max(1);
        }
    }
}

/// One way to make a machine plainer.
type Step = Box<dyn Fn(&mut Spec)>;

/// Makes the machine plainer while `fails` holds, one step at a time. (`fails` answers false for
/// a machine with fewer cores than the trace names.)
pub fn shrink_spec(spec: &Spec, fails: impl Fn(&Spec) -> bool) -> Spec {
    let textbook = Rules::textbook();
    let steps: Vec<Step> = vec![
        Box::new(|s| s.cores = s.cores.saturating_sub(1)),
        Box::new(|s| s.protocol = Protocol::Mesi),
        Box::new(|s| s.l1i = None),
        Box::new(|s| s.levels.truncate(s.levels.len().saturating_sub(1))),
        Box::new(|s| s.levels = s.levels.split_off(s.levels.len().min(1))),
        Box::new(|s| s.bus.pipelined = false),
        Box::new(|s| s.write_buffer = 8),
        Box::new(|s| s.rules.write_to_shared_read_exclusive = false),
        Box::new({
            let plain = textbook.clone();
            move |s| s.rules.clean_supply = plain.clean_supply
        }),
        Box::new(|s| s.rules.invalidating_flush_updates_memory = true),
        Box::new(|s| s.rules.exclusive_on_sole_read = true),
        Box::new(|s| s.rules.victim_first = true),
        Box::new(|s| s.rules.drain_at_end = false),
        Box::new(|s| s.levels.iter_mut().for_each(|l| l.write = WritePolicy::WriteBack)),
        Box::new(|s| s.levels.iter_mut().for_each(|l| l.inclusive = true)),
        Box::new(|s| {
            s.levels.iter_mut().chain(&mut s.l1i).for_each(|l| l.replacement = Replacement::Lru);
        }),
    ];
    let mut plainest = spec.clone();
    loop {
        let before = plainest.clone();
        for step in &steps {
            let mut candidate = plainest.clone();
            step(&mut candidate);
            if candidate != plainest && candidate.validate().is_ok() && fails(&candidate) {
                plainest = candidate;
            }
        }
        if plainest == before {
            return plainest;
        }
    }
}
