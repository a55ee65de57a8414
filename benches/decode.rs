//! Reading alone: records a second out of memory, in one thread, of each form of a trace.
//!
//! The trace is made up; `MESIM_BENCH_TRACE=FILE` decodes one that was recorded.

use std::env;
use std::hint::black_box;
use std::io::Cursor;
use std::path::Path;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use trace::synth::{Generator, Options};
use trace::{ChunkCodec, Format, Header, Input, ReadOptions, Record};

/// Records of the trace that is made up.
const ACCESSES: u64 = 1 << 21;

fn records() -> Vec<Record> {
    let Some(path) = env::var_os("MESIM_BENCH_TRACE") else {
        let options = Options { cores: 4, accesses: ACCESSES, ..Options::default() };
        return Generator::Zipf.generate(&options).expect("the options are sound").collect();
    };
    let input = Input::from(Path::new(&path));
    let mut source = trace::open(&input, &ReadOptions::default()).expect("a trace");
    let mut records = Vec::new();
    while source.read(&mut records).expect("a trace") {}
    records
}

fn packed(format: Format, codec: ChunkCodec, records: &[Record]) -> Vec<u8> {
    let mut out = Vec::new();
    let header = Header::new(format);
    let sink = trace::writer_with(format, &header, codec, Box::new(&mut out));
    let mut sink = sink.expect("a format that is written");
    sink.write(records).expect("a Vec takes everything");
    sink.finish().expect("a Vec takes everything");
    out
}

/// Reads a whole trace and returns how many records it has.
fn decoded(format: Format, bytes: &'static [u8]) -> usize {
    let options = ReadOptions { format: Some(format), ..ReadOptions::default() };
    let mut source = trace::read("bench", Box::new(Cursor::new(bytes)), &options).expect("a trace");
    let (mut chunk, mut count) = (Vec::new(), 0);
    while source.read(&mut chunk).expect("a trace") {
        count += black_box(&chunk).len();
        chunk.clear();
    }
    count
}

fn decode(c: &mut Criterion) {
    let records = records();
    let mut group = c.benchmark_group("decode");
    group.throughput(Throughput::Elements(records.len() as u64)).sample_size(20);
    let forms = ChunkCodec::ALL.iter().map(|&codec| (Format::Mtrc, codec));
    for (format, codec) in forms.chain([(Format::Din, ChunkCodec::Raw)]) {
        let bytes: &'static [u8] = packed(format, codec, &records).leak();
        let name = match format {
            Format::Mtrc => format!("mtrc, {}", codec.name()),
            format => format.name().to_owned(),
        };
        let size = bytes.len() as f64 / records.len() as f64;
        #[expect(clippy::print_stdout, reason = "a bench says what it measures")]
        {
            println!("{name}: {size:.2} bytes a record");
        }
        group.bench_function(BenchmarkId::from_parameter(name), |b| {
            b.iter(|| decoded(format, bytes));
        });
    }
    group.finish();
}

criterion_group!(benches, decode);
criterion_main!(benches);
