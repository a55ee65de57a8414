//! A leaderboard: scores of players that are written again and again.
//!
//! Heeds `rate`, `seconds`, `players`, `theta`, `write_percent` (100), `seed`. One core. Access i
//! of `rate` x `seconds` is at i / rate seconds: in whole microseconds where the rate divides
//! 1,000,000, else in picoseconds, rounded down. Each draws its player, then whether it writes. The
//! score of player p, counted from 0, is the 8 bytes at 64 p; player p has weight
//! 1 / (p + 1)^theta.

use crate::record::{Op, Record};
use crate::synth::Options;
use crate::synth::pace::{Pace, Said};
use crate::synth::random::Random;
use crate::synth::zipf::Popularity;

const SCORE_BYTES: u32 = 8;
const BLOCK_BYTES: u64 = 64;

/// Returns the records.
pub(super) fn generate(options: &Options) -> impl Iterator<Item = Record> + Send + use<> {
    let write_percent = options.write_percent_or(100);
    let players = Popularity::new(options.players, options.theta);
    let (mut times, mut said) = (Pace::new(options.rate), Said::default());
    let mut random = Random::new(options.seed);
    (0..options.rate * options.seconds).flat_map(move |_| {
        let time = said.at(times.tick());
        let player = players.draw(&mut random);
        let op = if random.below(100) < write_percent { Op::Write } else { Op::Read };
        time.into_iter().chain([Record::access(0, op, player * BLOCK_BYTES, SCORE_BYTES)])
    })
}
