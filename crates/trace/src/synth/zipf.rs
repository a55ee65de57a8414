//! Zipf: some lines are much more popular than others.
//!
//! Heeds `cores`, `accesses`, `lines`, `stride` (64), `write_percent`, `seed`, `theta`. Cores
//! take turns: access i is core i mod cores. Each draws its line, then whether it writes. The line
//! of rank r, counted from 1, is the (r - 1)th from address 0 on and has weight 1 / r^theta: with
//! theta 0 all are equally popular, with theta 1 the second is half as popular as the first.

use crate::record::{Op, Record};
use crate::synth::Options;
use crate::synth::power::inverse_power;
use crate::synth::random::Random;

/// What the weights add up to; more than 2^24 lines could not be told apart by it.
const TOTAL: f64 = (1u64 << 52) as f64;

/// Returns the records.
pub(super) fn generate(options: &Options) -> impl Iterator<Item = Record> + Send + use<> {
    let (cores, stride) = (u64::from(options.cores), options.stride_bytes(64));
    let write_percent = options.write_percent_or(0);
    let lines = Popularity::new(options.lines, options.theta);
    let mut random = Random::new(options.seed);
    (0..options.accesses).map(move |access| {
        let line = lines.draw(&mut random);
        let op = if random.below(100) < write_percent { Op::Write } else { Op::Read };
        Record::access((access % cores) as u16, op, line * stride, 4)
    })
}

/// How popular the things of a list are: the one of rank r has weight 1 / r^theta.
pub(super) struct Popularity {
    /// Where each one's share of the draws ends, in whole numbers.
    ends: Vec<u64>,
    total: u64,
}

impl Popularity {
    /// Makes the popularity of so many things, up to 2^24.
    pub(super) fn new(count: u64, theta: f64) -> Popularity {
        let ends = cumulative(count, theta);
        let total = ends.last().copied().unwrap_or(1);
        Popularity { ends, total }
    }

    /// Draws one of the things, from 0.
    pub(super) fn draw(&self, random: &mut Random) -> u64 {
        let draw = random.below(self.total);
        self.ends.partition_point(|&end| end <= draw) as u64
    }
}

#[expect(clippy::cast_sign_loss, reason = "weights and their sum are positive")]
/// Returns where each line's share of the draws ends, in whole numbers.
fn cumulative(lines: u64, theta: f64) -> Vec<u64> {
    let weights: Vec<f64> = (1..=lines).map(|rank| inverse_power(rank, theta)).collect();
    let sum: f64 = weights.iter().sum();
    let mut end = 0;
    weights
        .iter()
        .map(|weight| {
            // Each line keeps a share, however small.
            end += ((weight / sum * TOTAL) as u64).max(1);
            end
        })
        .collect()
}
