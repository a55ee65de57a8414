//! Random latencies, failures and reads, each from a stream of its own.

use durability::{Arrivals, Distribution, ReadBlocks, Readers, Ticks};

/// The generator of Steele, Lea and Flood.
#[derive(Clone, Debug)]
pub struct SplitMix(u64);

impl SplitMix {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 up to, and without, 1.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next()) * n as u128) >> 64) as usize
    }
}

/// Draws from an exponential distribution.
fn exponential(mean: f64, random: &mut SplitMix) -> f64 {
    -mean * libm::log(1.0 - random.unit())
}

/// Draws a latency.
#[expect(clippy::cast_sign_loss, reason = "it is made at least 0")]
pub fn latency(mean: Ticks, distribution: Distribution, random: &mut SplitMix) -> Ticks {
    let value = match distribution {
        Distribution::Constant => return mean,
        Distribution::Exponential => exponential(mean as f64, random),
        Distribution::LogNormal(s) => {
            let (u1, u2) = (random.unit(), random.unit());
            let z =
                libm::sqrt(-2.0 * libm::log(1.0 - u1)) * libm::cos(2.0 * std::f64::consts::PI * u2);
            mean as f64 * libm::exp(s * z - s * s / 2.0)
        }
    };
    libm::round(value).max(0.0) as Ticks
}

/// Draws whether a call fails; nothing is drawn where none does.
pub fn fails(share: f64, random: &mut SplitMix) -> bool {
    share > 0.0 && random.unit() < share
}

/// The moments of an outside reader's reads.
#[derive(Clone, Debug)]
pub struct Reads {
    readers: Readers,
    random: SplitMix,
    /// How many reads there were.
    done: u64,
    /// The moment of the next one.
    next: f64,
}

impl Reads {
    pub fn new(readers: Readers, seed: u64) -> Self {
        let random = SplitMix::new(seed);
        let mut reads = Self { readers, random, done: 0, next: 0.0 };
        reads.advance();
        reads
    }

    /// The tick of the next read.
    #[expect(clippy::cast_sign_loss, reason = "moments are after the start")]
    pub fn next(&self) -> Ticks {
        libm::floor(self.next) as Ticks
    }

    /// Goes on to the read after the next.
    pub fn advance(&mut self) {
        self.done += 1;
        self.next = match self.readers.arrivals {
            Arrivals::Poisson => self.next + exponential(self.readers.interval, &mut self.random),
            Arrivals::Regular => self.done as f64 * self.readers.interval,
        };
    }

    /// Chooses a block, given the blocks of all writes in their order.
    pub fn choose(&mut self, writes: &[u64]) -> Option<u64> {
        let blocks = match self.readers.blocks {
            ReadBlocks::Popular => writes.to_vec(),
            ReadBlocks::Written => {
                let mut blocks: Vec<u64> = Vec::new();
                for block in writes {
                    if !blocks.contains(block) {
                        blocks.push(*block);
                    }
                }
                blocks
            }
        };
        (!blocks.is_empty()).then(|| blocks[self.random.below(blocks.len())])
    }
}
