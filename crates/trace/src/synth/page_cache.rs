//! A page cache: pages of a file that are written, and fsyncs.
//!
//! Heeds `rate`, `seconds`, `pages`, `fsync_every`, `seed`. One core. Write i of `rate` x `seconds`
//! is at i / rate seconds, rounded down to picoseconds, and makes a whole page of 4096 bytes dirty,
//! drawn uniformly: page p is at 4096 p. Behind every `fsync_every`th write, at the same time,
//! comes an fsync: a clean of the whole file, in ranges of at most 1 GiB from address 0 on, and a
//! fence.

use crate::record::{Op, RANGE_BYTES_MAX, Record};
use crate::synth::Options;
use crate::synth::pace::{Pace, Said};
use crate::synth::random::Random;

const PAGE_BYTES: u32 = 4096;

/// Returns the records.
pub(super) fn generate(options: &Options) -> impl Iterator<Item = Record> + Send + use<> {
    let (pages, fsync_every) = (options.pages, options.fsync_every);
    let (mut times, mut said) = (Pace::new(options.rate), Said::default());
    let mut random = Random::new(options.seed);
    (1..=options.rate * options.seconds).flat_map(move |write| {
        let time = said.at(times.tick());
        let page = random.below(pages);
        let dirtied = Record::access(0, Op::Write, page * u64::from(PAGE_BYTES), PAGE_BYTES);
        let syncs = fsync_every.is_some_and(|every| write.is_multiple_of(every));
        let synced = if syncs { pages * u64::from(PAGE_BYTES) } else { 0 };
        time.into_iter().chain([dirtied]).chain(fsync(synced))
    })
}

/// Returns the clean of so many bytes and the fence behind it; nothing of no bytes.
fn fsync(bytes: u64) -> impl Iterator<Item = Record> + Send {
    let cleans = (0..bytes).step_by(RANGE_BYTES_MAX as usize).map(move |start| {
        let size = (bytes - start).min(u64::from(RANGE_BYTES_MAX)) as u32;
        Record::access(0, Op::Clean, start, size)
    });
    cleans.chain((bytes > 0).then_some(Record::event(0, Op::Fence, 0)))
}
