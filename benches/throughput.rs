//! The highest layer: whole traces from memory, and a bare LRU loop over the same records.
//!
//! The loop beside each replay is what any simulator of the first level has to do: find the line,
//! move it to the front, count. A replay's ratio to it is what the rest costs.

use std::hint::black_box;
use std::ops::ControlFlow;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use driver::config::{Config, Draft};
use driver::{Interleave, ReplayOptions, Streams, replay};
use trace::synth::{Generator, Options};
use trace::{CHUNK, Format, Header, Record, Source, TraceError};

/// Records of each trace.
const ACCESSES: u64 = 1 << 20;
const LINE_BYTES: u64 = 64;

/// A trace that is in memory already.
struct Memory {
    header: Header,
    records: Arc<[Record]>,
    next: usize,
}

impl Source for Memory {
    fn header(&self) -> &Header {
        &self.header
    }

    fn read(&mut self, into: &mut Vec<Record>) -> Result<bool, TraceError> {
        let end = self.records.len().min(self.next + CHUNK);
        into.extend_from_slice(&self.records[self.next..end]);
        let more = end > self.next;
        self.next = end;
        Ok(more)
    }
}

/// The first level of the default machine for each core, and nothing else: 32 KiB, 8 ways.
struct BareLru {
    /// `line + 1` by core, set and recency, the most recent first.
    tags: Vec<[u64; 8]>,
}

impl BareLru {
    const SETS: u64 = 64;

    fn new(cores: u16) -> Self {
        Self { tags: vec![[0; 8]; usize::from(cores) * Self::SETS as usize] }
    }

    /// Returns whether the line was there.
    #[inline]
    fn access(&mut self, record: &Record) -> bool {
        let line = record.addr / LINE_BYTES;
        let set = u64::from(record.core) * Self::SETS + line % Self::SETS;
        let ways = &mut self.tags[set as usize];
        let found = ways.iter().position(|tag| *tag == line + 1);
        let last = found.unwrap_or(ways.len() - 1);
        ways[..=last].rotate_right(1);
        ways[0] = line + 1;
        found.is_some()
    }
}

fn records(options: &Options) -> Arc<[Record]> {
    Generator::Zipf.generate(options).expect("the options are sound").collect()
}

/// Replays once and returns the misses, so that nothing can be left out.
fn replayed(config: &Config, records: &Arc<[Record]>, options: &ReplayOptions) -> u64 {
    let header = Header::new(Format::Mtrace);
    let source = Memory { header, records: Arc::clone(records), next: 0 };
    let streams = Streams::Ordered(Box::new(source));
    let mut go_on = |_| ControlFlow::Continue(());
    let result = replay(config, streams, Interleave::Recorded, options, &mut go_on);
    result.expect("the replay is sound").tally.totals().counters.misses
}

fn throughput(c: &mut Criterion) {
    let config = Config::new(&Draft::built_in()).expect("the default machine is sound");
    let base = Options { accesses: ACCESSES, write_percent: Some(30), ..Options::default() };
    let traces = [
        // 16 KiB: fits in the first level.
        ("L1 hits", Options { cores: 1, lines: 256, ..base.clone() }),
        // 192 KiB at random: fits in the second level, five in six miss the first.
        ("L2 hits", Options { cores: 1, lines: 3072, theta: 0.0, ..base.clone() }),
        // 64 KiB that four cores read and write, some lines much more than others.
        ("four cores sharing", Options { cores: 4, lines: 1024, ..base }),
    ];
    let plain = ReplayOptions::default();
    let ways = [
        ("replay", plain.clone()),
        ("replay --classify", ReplayOptions { classify: true, ..plain.clone() }),
        ("replay --check", ReplayOptions { check: true, ..plain.clone() }),
        ("replay --check --classify", ReplayOptions { check: true, classify: true, ..plain }),
    ];
    for (name, options) in traces {
        let records = records(&options);
        let mut group = c.benchmark_group(format!("throughput/{name}"));
        group.throughput(Throughput::Elements(records.len() as u64)).sample_size(20);
        group.bench_function(BenchmarkId::from_parameter("bare LRU"), |b| {
            b.iter(|| {
                let mut lru = BareLru::new(options.cores);
                black_box(&records).iter().filter(|record| !lru.access(record)).count()
            });
        });
        for (way, options) in &ways {
            group.bench_function(BenchmarkId::from_parameter(way), |b| {
                b.iter(|| replayed(&config, black_box(&records), options));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, throughput);
criterion_main!(benches);
