//! Readings of devices: the latest value of each, and a log of all.
//!
//! Heeds `devices`, `period`, `seconds`, `seed`. One core. Each device draws a phase below the
//! period, in whole microseconds, and sends a reading then and after every period, as long as that
//! is before the end. A reading is two writes of 16 bytes at the same time: of the device's own
//! block, which is at 64 d for device d, counted from 0, and holds its latest value; and of the
//! next 16 bytes of a log, which begins at 0x100000000, so that four readings fill a line of 64
//! bytes. Devices with the same phase send in the order of their numbers.

use crate::record::{Op, Record};
use crate::synth::Options;
use crate::synth::pace::{SECOND, Said};
use crate::synth::random::Random;

const READING_BYTES: u32 = 16;
const BLOCK_BYTES: u64 = 64;
/// Behind the blocks of the most devices that there can be.
const LOG: u64 = 1 << 32;
const MICROSECOND: u64 = 1_000_000;

/// Returns the records.
pub(super) fn generate(options: &Options) -> impl Iterator<Item = Record> + Send + use<> {
    let period = options.period * 1000;
    let end = options.seconds * (SECOND / MICROSECOND);
    let mut random = Random::new(options.seed);
    let mut devices: Vec<(u64, u64)> =
        (0..options.devices).map(|device| (random.below(period), device)).collect();
    devices.sort_unstable();
    let count = devices.len() as u64;
    let mut said = Said::default();
    (0..u64::MAX)
        .map(move |reading| {
            let (phase, device) = devices[(reading % count) as usize];
            (reading, reading / count * period + phase, device)
        })
        .take_while(move |&(_, time, _)| time < end)
        .flat_map(move |(reading, time, device)| {
            let write = |addr| Record::access(0, Op::Write, addr, READING_BYTES);
            let latest = write(device * BLOCK_BYTES);
            let logged = write(LOG + reading * u64::from(READING_BYTES));
            said.at(time * MICROSECOND).into_iter().chain([latest, logged])
        })
}
