//! The container: what is written is read, and a file built by hand from the layout is too.

use std::io::{Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use trace::{
    Ahead, CHUNK, ChunkCodec, Format, Header, Input, Op, ReadOptions, Record, Shortfall, Source,
    Surveyed, TraceError, TraceErrorKind,
};

use crate::common::{Random, drain};
use crate::mtrc_file::{Chunk, File, RECORDS, hand_made, header_bytes};

/// Writes records as mtrc.
pub(crate) fn pack(header: &Header, codec: ChunkCodec, records: &[Record]) -> Vec<u8> {
    let mut out = Vec::new();
    let sink = trace::writer_with(Format::Mtrc, header, codec, Box::new(&mut out));
    let mut sink = sink.expect("a format that is written");
    // In pieces of odd lengths: chunks do not depend on them.
    for piece in records.chunks(9973) {
        sink.write(piece).expect("records that a reader takes");
    }
    assert!(sink.finish().expect("a Vec takes everything").is_empty());
    out
}

/// Opens the bytes of a file.
pub(crate) fn open(bytes: &[u8]) -> Result<Box<dyn Source>, TraceError> {
    let options = ReadOptions { format: Some(Format::Mtrc), ..ReadOptions::default() };
    trace::read("t", Box::new(Cursor::new(bytes.to_vec())), &options)
}

/// Reads the bytes of a file: the records, and the error that came after them.
pub(crate) fn unpack(bytes: &[u8]) -> (Vec<Record>, Option<TraceError>) {
    let mut source = match open(bytes) {
        Ok(source) => source,
        Err(error) => return (Vec::new(), Some(error)),
    };
    read_all(&mut *source)
}

/// Reads a source: the records, and the error that came after them.
fn read_all(source: &mut dyn Source) -> (Vec<Record>, Option<TraceError>) {
    let mut all = Vec::new();
    loop {
        let mut chunk = Vec::new();
        let result = source.read(&mut chunk);
        assert!(chunk.len() <= CHUNK);
        all.extend_from_slice(&chunk);
        match result {
            Ok(true) => assert!(!chunk.is_empty()),
            Ok(false) => return (all, None),
            Err(error) => {
                assert!(matches!(source.read(&mut chunk), Ok(false)), "the end after an error");
                return (all, Some(error));
            }
        }
    }
}

/// Makes records of every kind: all sizes, cores and addresses, and long stretches of likely ones.
fn any_records(count: usize, seed: u64) -> Vec<Record> {
    let mut random = Random(seed);
    let extremes = [0, 1, 63, u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) - 1, 1 << 32];
    let ops = [
        Op::Read,
        Op::Write,
        Op::Atomic,
        Op::Fetch,
        Op::Clean,
        Op::Flush,
        Op::FlushAll,
        Op::Fence,
        Op::Compute,
        Op::Time,
        Op::TimeTicks,
    ];
    let (mut picoseconds, mut ticks, mut near) = (0, 0, 0x1000_u64);
    let mut core = 0;
    (0..count)
        .map(|i| {
            // Some stretches are of one core, a chunk of them of one alone.
            if !(65_536..140_000).contains(&i) && random.below(4) == 0 {
                core = random.below(64) as u16;
            }
            if random.below(2) == 0 {
                near = near.wrapping_add(random.next() % 64).wrapping_sub(20);
                let op = ops[random.below(2)];
                return Record::access(core, op, near.min(1 << 60), 1 << random.below(4));
            }
            let addr = match random.below(4) {
                0 => extremes[random.below(extremes.len())],
                _ => random.next() >> random.below(64),
            };
            let op = ops[random.below(ops.len())];
            let largest = if op.is_access() { 65_536 } else { 1 << 30 };
            let size = match random.below(4) {
                0 => [1, largest][random.below(2)],
                1 => 1 + random.below(64) as u32,
                _ => 1 + random.next() as u32 % largest,
            };
            match op {
                Op::FlushAll | Op::Fence => Record::event(core, op, 0),
                Op::Compute => Record::event(core, op, (addr >> 20) % (1 << 40)),
                Op::Time => {
                    picoseconds += random.next() >> 34;
                    Record::event(0, op, picoseconds)
                }
                Op::TimeTicks => {
                    ticks += random.next() >> (34 + random.below(30));
                    Record::event(0, op, ticks)
                }
                _ => Record::access(core, op, addr.min(u64::MAX - u64::from(size - 1)), size),
            }
        })
        .collect()
}

#[test]
fn records_of_every_kind_are_read_back() {
    for (codec, seed) in ChunkCodec::ALL.iter().zip(1..) {
        let records = any_records(300_000, seed);
        for op in [Op::Clean, Op::FlushAll, Op::TimeTicks, Op::Atomic] {
            assert!(records.iter().any(|record| record.op == op && record.core < 64));
        }
        let bytes = pack(&Header::new(Format::Mtrc), *codec, &records);
        let (back, error) = unpack(&bytes);
        assert!(error.is_none(), "{}: {error:?}", codec.name());
        assert!(back == records, "{}", codec.name());
        assert_eq!(bytes, pack(&Header::new(Format::Mtrc), *codec, &records), "the same bytes");
    }
}

#[test]
fn the_header_is_read_back() {
    let header = Header {
        cores: Some(64),
        line: Some(u64::MAX),
        title: Some("a \"title\" of \u{e9}".to_owned()),
        config: Some("machines/a.ron".to_owned()),
        ordered: false,
        fetches: Some(true),
        times: Some(false),
        provenance: Some("converted from din".to_owned()),
        ..Header::new(Format::Mtrc)
    };
    let bytes = pack(&header, ChunkCodec::Zstd, &[Record::access(63, Op::Read, 0, 1)]);
    assert_eq!(*open(&bytes).expect("what was written").header(), header);
}

#[test]
fn a_file_made_by_hand_is_read_and_written() {
    let (bytes, _) = hand_made();
    let mut source = open(&bytes).expect("a file by the layout");
    let header =
        Header { cores: Some(2), title: Some("by hand".to_owned()), ..Header::new(Format::Mtrc) };
    assert_eq!(*source.header(), header);
    assert_eq!(drain(&mut *source).expect("a file by the layout"), RECORDS);
    assert_eq!(source.shortfall(), None);
    let file = File { header: header_bytes(), chunks: vec![Chunk::first()] };
    assert_eq!(pack(&header, ChunkCodec::Raw, &RECORDS[..14]), file.bytes());
}

#[test]
fn it_is_recognised_by_its_first_bytes_whatever_it_is_called() {
    let (bytes, _) = hand_made();
    for name in ["t", "t.din", "t.mtrc"] {
        let input = Box::new(Cursor::new(bytes.clone()));
        let source = trace::read(name, input, &ReadOptions::default()).expect(name);
        assert_eq!(source.header().format, Format::Mtrc, "{name}");
    }
    let din = ReadOptions { format: Some(Format::Din), ..ReadOptions::default() };
    let forced = trace::read("t.mtrc", Box::new(Cursor::new(bytes)), &din);
    assert_eq!(forced.err().expect("no din").kind, TraceErrorKind::BadOp);
    let text = trace::read("t.mtrc", Box::new(&b"0 R 0x10\n"[..]), &ReadOptions::default());
    assert_eq!(text.err().expect("no mtrc").kind, TraceErrorKind::BadFileHeader);
}

#[test]
fn one_core_of_it_is_read_alone() {
    let (bytes, _) = hand_made();
    let options = ReadOptions { core: Some(1), ..ReadOptions::default() };
    let mut source = trace::read("t", Box::new(Cursor::new(bytes)), &options).expect("mtrc");
    let expected: Vec<Record> = RECORDS
        .iter()
        .copied()
        .filter(|record| record.core == 1 || matches!(record.op, Op::Time | Op::TimeTicks))
        .collect();
    assert_eq!(drain(&mut *source).expect("mtrc"), expected);
}

#[test]
fn a_machine_with_fewer_cores_names_the_record() {
    let (bytes, _) = hand_made();
    let options = ReadOptions { cores_max: 1, ..ReadOptions::default() };
    let mut source = trace::read("t", Box::new(Cursor::new(bytes)), &options).expect("mtrc");
    let (records, error) = read_all(&mut *source);
    let error = error.expect("no core 1");
    assert_eq!((records, error.kind), (RECORDS[..2].to_vec(), TraceErrorKind::CoreOutOfRange));
    assert!(error.to_string().contains("record 3 at byte"), "{error}");
}

#[test]
fn what_no_reader_takes_is_not_written() {
    let late = 1 << 62;
    for (records, kind) in [
        (vec![Record::access(0, Op::Read, 0, 0)], TraceErrorKind::SizeOutOfRange),
        (vec![Record::access(0, Op::Read, 0, 65_537)], TraceErrorKind::SizeOutOfRange),
        (vec![Record::access(0, Op::Flush, 0, (1 << 30) + 1)], TraceErrorKind::SizeOutOfRange),
        (vec![Record::access(0, Op::Write, u64::MAX, 2)], TraceErrorKind::AddressOverflow),
        (vec![Record::access(64, Op::Read, 0, 1)], TraceErrorKind::CoreOutOfRange),
        (vec![Record::event(0, Op::Fence, 1)], TraceErrorKind::BadAddress),
        (vec![Record::event(0, Op::Time, late + 1)], TraceErrorKind::TimeBackwards),
        (
            vec![Record::event(0, Op::Time, 5), Record::event(0, Op::Time, 4)],
            TraceErrorKind::TimeBackwards,
        ),
    ] {
        let mut out = Vec::new();
        let header = Header::new(Format::Mtrc);
        let mut sink = trace::writer(Format::Mtrc, &header, Box::new(&mut out)).expect("a sink");
        let error = sink.write(&records).expect_err("a record that cannot be");
        assert_eq!(error.kind, kind, "{error}");
    }
}

/// A trace of twelve chunks, of which some are of one core.
fn twelve_chunks(codec: ChunkCodec) -> (Vec<Record>, Vec<u8>) {
    let records = any_records(11 * CHUNK + 1000, 42);
    let bytes = pack(&Header::new(Format::Mtrc), codec, &records);
    (records, bytes)
}

#[test]
fn several_threads_give_the_same_records() {
    for &codec in ChunkCodec::ALL {
        let (records, bytes) = twelve_chunks(codec);
        let mut ahead = Ahead::new(open(&bytes).expect("mtrc"));
        assert!(drain(&mut ahead).expect("no errors") == records);
        assert_eq!(ahead.shortfall(), None);
    }
}

#[test]
fn several_threads_give_an_error_after_the_records_before_it() {
    let (records, mut bytes) = twelve_chunks(ChunkCodec::Raw);
    let heads: Vec<usize> =
        (0..bytes.len() - 4).filter(|&at| &bytes[at..at + 4] == b"CHNK").collect();
    assert_eq!(heads.len(), 12);
    bytes[heads[6] + 1000] ^= 4;
    let here = unpack(&bytes);
    let there = read_all(&mut Ahead::new(open(&bytes).expect("mtrc")));
    for (read, error) in [here, there] {
        let error = error.expect("a damaged chunk");
        assert!(read == records[..6 * CHUNK]);
        assert_eq!(error.kind, TraceErrorKind::BadChunk);
        let words = error.to_string();
        assert!(
            words.contains(&format!("record {} at byte {}", 6 * CHUNK + 1, heads[6])),
            "{words}"
        );
        assert!(words.contains("chunk 7 (records 393217 to 458752)"), "{words}");
    }
    // Without its index the file is as good, and says so.
    let index = bytes.windows(4).position(|window| window == b"INDX").expect("an index");
    bytes[heads[6] + 1000] ^= 4;
    let mut ahead = Ahead::new(open(&bytes[..index]).expect("mtrc"));
    assert!(drain(&mut ahead).expect("whole chunks") == records);
    assert_eq!(ahead.shortfall(), Some(Shortfall::NoIndex { chunks: 12 }));
}

/// An input that counts what was taken of it.
struct Counted {
    input: Cursor<Vec<u8>>,
    taken: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.input.read(into)?;
        self.taken.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

#[test]
fn threads_run_only_so_far_ahead_and_end_when_dropped() {
    let records: Vec<Record> =
        (0..60 * CHUNK as u64).map(|i| Record::access(0, Op::Read, i << 8, 4)).collect();
    let bytes = pack(&Header::new(Format::Mtrc), ChunkCodec::Raw, &records);
    let chunk = bytes.len() as u64 / 60;
    let taken = Arc::new(AtomicU64::new(0));
    let input = Box::new(Counted { input: Cursor::new(bytes), taken: Arc::clone(&taken) });
    let source = trace::read("t", input, &ReadOptions::default()).expect("mtrc");
    let ahead = Ahead::new(source);
    let patience = Instant::now() + Duration::from_mins(1);
    let mut last = 0;
    while last != taken.load(Ordering::Relaxed) || last < 4 * chunk {
        last = taken.load(Ordering::Relaxed);
        thread::sleep(Duration::from_millis(100));
        assert!(Instant::now() < patience, "it never stands still");
    }
    // The first, and for each of four workers two before it, two in its hands and one behind it.
    assert!(last < 23 * chunk, "{} chunks", last / chunk);
    drop(ahead);
    while Arc::strong_count(&taken) > 1 {
        assert!(Instant::now() < patience, "the threads do not end");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_survey_reads_no_record() {
    let (records, mut bytes) = twelve_chunks(ChunkCodec::Lz4);
    let head = bytes.windows(4).position(|window| window == b"CHNK").expect("a chunk");
    bytes[head + 60] ^= 1;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("t.mtrc");
    std::fs::write(&path, &bytes).expect("a file in it");
    let packed = folder.path().join("t.mtrc.zst");
    std::fs::write(&packed, crate::common::compress(trace::Codec::Zstd, &bytes)).expect("a file");
    let index = bytes.windows(4).position(|window| window == b"INDX").expect("an index");
    let cut = folder.path().join("cut.mtrc");
    std::fs::write(&cut, &bytes[..index]).expect("a file in it");
    let counts = |core: u16| {
        let of_core = |record: &&Record| {
            record.core == core && !matches!(record.op, Op::Time | Op::TimeTicks)
        };
        records.iter().filter(of_core).count() as u64
    };
    let expected: Vec<u64> = (0..64).map(counts).collect();
    for (path, indexed) in [(path, true), (packed, true), (cut, false)] {
        let input = Input::Path(path.clone());
        let survey = match trace::survey(&input, &ReadOptions::default()) {
            Ok(Surveyed::Mtrc(survey)) => survey,
            Ok(Surveyed::Records(_)) => panic!("it is mtrc"),
            Err(error) => panic!("{error}"),
        };
        assert_eq!((survey.chunks, survey.records), (12, records.len() as u64));
        assert_eq!(survey.codec, Some(ChunkCodec::Lz4));
        assert_eq!(survey.per_core, indexed.then(|| expected.clone()), "{path:?}");
        assert_eq!(survey.bytes, if indexed { bytes.len() } else { index } as u64);
        let error = trace::open(&input, &ReadOptions::default()).err().expect("damaged");
        assert_eq!(error.kind, TraceErrorKind::BadChunk);
    }
}
