//! Traces of requests: blocks and keys instead of addresses, and none of them is written.

use std::fmt::Write as _;

use trace::TraceErrorKind::{
    CutRecord, Empty, NotPerCore, ReadOnly, TimeBackwards, TooManyKeys, Truncated,
};
use trace::{Codec, Format, Header, Op, Place, ReadOptions, Record, TraceErrorKind};

use crate::common::{Random, compress, drain, open_bytes, parse, parse_with};
use crate::large::Pieces;
use crate::mutation::check;

/// The numbers that the long traces are made of: time, key, size, operation.
///
/// Time goes on by one a thousand requests, and about one in fifty is one too early.
fn requests(count: u64) -> impl Iterator<Item = (u64, u64, u64, u64)> {
    let mut state = 7_u64;
    let mut draw = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005);
        state = state.wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    (0..count).map(move |request| {
        let early = u64::from(draw(50) == 0);
        (1000 + request / 1000 - early, draw(5000), draw(300), draw(100))
    })
}

fn msr(count: u64) -> Vec<u8> {
    let mut text = String::new();
    for (time, key, size, op) in requests(count) {
        let (host, disk) = (["a", "b"][key as usize % 2], key % 3);
        let op = if op < 30 { "Read" } else { "Write" };
        let (offset, size) = (key * 4096, (size + 1) * 512);
        let _ = writeln!(text, "{time},{host},{disk},{op},{offset},{size},77");
    }
    text.into_bytes()
}

fn twitter(count: u64) -> Vec<u8> {
    let operations = "get gets set add replace cas append prepend incr decr delete";
    let operations: Vec<&str> = operations.split(' ').collect();
    let mut text = String::new();
    for (time, key, size, op) in requests(count) {
        let (seconds, op) = (time - 999, operations[op as usize % 11]);
        let _ = writeln!(text, "{seconds},a,b:{key},9,{size},{key},{op},60");
    }
    text.into_bytes()
}

/// Makes a request of oracleGeneral.
fn oracle(seconds: u32, object: u64, size: u32) -> Vec<u8> {
    let (seconds, object) = (seconds.to_le_bytes(), object.to_le_bytes());
    [&seconds[..], &object, &size.to_le_bytes(), &(-1_i64).to_le_bytes()].concat()
}

fn oracle_general(count: u64) -> Vec<u8> {
    let numbered = requests(count).zip(0_u32..);
    let request = |((_, key, size, _), number)| oracle(number / 1000 + 3, key, size as u32);
    numbered.flat_map(request).collect()
}

fn long(format: Format, count: u64) -> Vec<u8> {
    match format {
        Format::Msr => msr(count),
        Format::Twitter => twitter(count),
        _ => oracle_general(count),
    }
}

const FORMATS: [Format; 3] = [Format::OracleGeneral, Format::Msr, Format::Twitter];

/// What was counted: reads, writes, times, bytes, and the sum of all addresses and times.
fn counts(records: &[Record]) -> [u64; 5] {
    let of = |op| records.iter().filter(|record| record.op == op).count() as u64;
    let bytes = records.iter().map(|record| u64::from(record.size)).sum();
    let sum = records.iter().fold(0_u64, |sum, record| sum.wrapping_add(record.addr));
    [of(Op::Read), of(Op::Write), of(Op::Time), bytes, sum]
}

/// By this script, from the same numbers and without a trace:
///
/// ```python
/// def requests():
///     s = 7
///     def draw(below):
///         nonlocal s
///         s = (s * 6364136223846793005 + 1442695040888963407) % 2**64
///         return (s >> 33) % below
///     for i in range(100000):
///         early = draw(50) == 0
///         yield i, 1000 + i // 1000 - early, draw(5000), draw(300), draw(100)
///
/// def clock(time, unit):                 # of [first, latest, how often later, sum]
///     if not state: state.extend([time, time, 0, 0])
///     if time > state[1]:
///         state[1], state[2], state[3] = time, state[2] + 1, state[3] + (time - state[0]) * unit
///
/// state, disks, n = [], {}, [0, 0, 0, 0]
/// for i, time, key, size, op in requests():
///     clock(time, 10**5)
///     disk = disks.setdefault((key % 2, key % 3), len(disks))
///     at, left = (disk << 48) + key * 4096, (size + 1) * 512
///     while left:
///         part = min(left, 65536)
///         n = [n[0] + (op < 30), n[1] + (op >= 30), n[2] + part, n[3] + at]
///         at, left = at + part, left - part
/// print("msr", n[0], n[1], state[2], n[2], (n[3] + state[3]) % 2**64)
///
/// for name in "twitter", "oracle-general":
///     state, keys, n = [], {}, [0, 0, 0, 0]
///     for i, time, key, size, op in requests():
///         clock(time if name == "twitter" else i // 1000, 10**12)
///         at = keys.setdefault(key, len(keys)) * 64
///         read = op % 11 < 2 or name != "twitter"
///         n = [n[0] + read, n[1] + (not read), n[2] + min(max(size, 1), 64), n[3] + at]
///     print(name, n[0], n[1], state[2], n[2], (n[3] + state[3]) % 2**64)
/// ```
const COUNTED: [[u64; 5]; 3] = [
    [100_000, 0, 99, 5_710_143, 4_950_015_564_804_224],
    [52_076, 120_109, 99, 7_721_603_072, 10_652_422_268_548_008_384],
    [19_031, 80_969, 99, 5_710_143, 4_950_015_564_804_224],
];

#[test]
fn long_traces_are_counted_right_whole_in_pieces_and_compressed() {
    for (format, expected) in FORMATS.into_iter().zip(COUNTED) {
        let name = format!("x.{}", format.name());
        let bytes = long(format, 100_000);
        let records = parse(format, &bytes).expect("a trace");
        assert_eq!(counts(&records), expected, "{name}");
        records.iter().for_each(check);
        for &codec in Codec::WRITTEN {
            let packed = compress(codec, &bytes);
            assert!(open_bytes(&name, &packed).expect("a trace") == records, "{name}");
        }
        let pieces = Pieces { bytes, at: 0, random: Random(3) };
        let mut source = trace::read(&name, Box::new(pieces), &ReadOptions::default());
        let source = &mut **source.as_mut().expect("a trace");
        assert_eq!(source.header().format, format);
        assert_eq!((source.header().cores, source.header().ordered), (Some(1), true));
        assert!(drain(source).expect("a trace") == records, "{name} in pieces");
    }
}

#[test]
fn oracle_general_numbers_objects_and_reads_64_bytes_at_most() {
    let bytes =
        [oracle(100, u64::MAX, 0), oracle(100, 7, 20), oracle(101, u64::MAX, 4096)].concat();
    let expected = [
        Record::access(0, Op::Read, 0, 1),
        Record::access(0, Op::Read, 64, 20),
        Record::event(0, Op::Time, 1_000_000_000_000),
        Record::access(0, Op::Read, 0, 64),
    ];
    assert_eq!(parse(Format::OracleGeneral, &bytes).expect("oracle-general"), expected);
    let options = ReadOptions {
        format: Some(Format::OracleGeneral),
        requests_write: true,
        ..ReadOptions::default()
    };
    let writes = parse_with(&options, &bytes).expect("oracle-general");
    let of = |op| writes.iter().filter(|record| record.op == op).count();
    assert_eq!((of(Op::Read), of(Op::Write), of(Op::Time)), (0, 3, 1));
}

#[test]
fn msr_sets_disks_apart_splits_what_is_large_and_begins_at_0() {
    let text = b"128166372003061629,hm,1,Read,512,131073,413\n\
        128166372003061639,hm,0,write,0,4096,1\r\n\
        128166372003061629,usr,1,Write,8192,512,1\n\
        128166372003061640, hm , 0 ,Read,4096,1,1\n";
    let disk = |number: u64| number << 48;
    let expected = [
        Record::access(0, Op::Read, disk(0) + 512, 65_536),
        Record::access(0, Op::Read, disk(0) + 66_048, 65_536),
        Record::access(0, Op::Read, disk(0) + 131_584, 1),
        Record::event(0, Op::Time, 1_000_000),
        Record::access(0, Op::Write, disk(1), 4096),
        Record::access(0, Op::Write, disk(2) + 8192, 512),
        Record::event(0, Op::Time, 1_100_000),
        Record::access(0, Op::Read, disk(3) + 4096, 1),
    ];
    assert_eq!(parse(Format::Msr, text).expect("msr"), expected);
}

#[test]
fn the_largest_requests_of_msr_fit_chunks() {
    let text = "1,h,0,Write,0,1073741824,1\n".repeat(9);
    let records = parse(Format::Msr, text.as_bytes()).expect("msr");
    assert_eq!(records.len(), 9 * 16_384);
    assert_eq!(records[16_383].addr, (1 << 30) - 65_536);
}

#[test]
fn twitter_knows_every_operation_and_numbers_keys() {
    let text = b"5,a,1,10,1,get,0\n5,b,1,0,2,gets,0\n7,a,1,100,3,set,9\n6,c,1,8,1,add,9\n\
        7,b,1,8,1,replace,9\n7,b,1,8,1,cas,9\n7,b,1,8,1,append,9\n7,b,1,8,1,prepend,9\n\
        8,b,1,8,1,incr,9\n8,b,1,8,1,decr,9\n8,c,1,0,1,delete,0\n8,a,b,3,8,1,get,0\n";
    let access = |op, key: u64, size| Record::access(0, op, key * 64, size);
    let expected = [
        access(Op::Read, 0, 10),
        access(Op::Read, 1, 1),
        Record::event(0, Op::Time, 2_000_000_000_000),
        access(Op::Write, 0, 64),
        access(Op::Write, 2, 8),
        access(Op::Write, 1, 8),
        access(Op::Write, 1, 8),
        access(Op::Write, 1, 8),
        access(Op::Write, 1, 8),
        Record::event(0, Op::Time, 3_000_000_000_000),
        access(Op::Write, 1, 8),
        access(Op::Write, 1, 8),
        access(Op::Write, 2, 1),
        access(Op::Read, 3, 8),
    ];
    assert_eq!(parse(Format::Twitter, text).expect("twitter"), expected);
}

fn binary(record: u64) -> Place {
    Place::Binary { record, offset: (record - 1) * 24 }
}

#[test]
fn a_binary_trace_that_is_cut_names_the_record_wherever_it_is_cut() {
    let bytes = oracle_general(3);
    for cut in 0..=bytes.len() {
        let result = parse(Format::OracleGeneral, &bytes[..cut]);
        match (cut, cut % 24) {
            (0, _) => assert_eq!(result.expect_err("nothing").kind, Empty),
            (_, 0) => assert_eq!(result.expect("whole records").len(), cut / 24),
            (_, rest) => {
                let error = result.expect_err("a cut record");
                let place = binary(cut as u64 / 24 + 1);
                assert_eq!((error.kind, error.place), (CutRecord, place), "{error}");
                assert!(error.found.contains(&format!("after {rest} bytes")), "{error}");
                assert!(error.expected.contains("24 bytes") && !error.help.is_empty());
            }
        }
    }
}

#[test]
fn what_was_read_before_a_cut_is_kept() {
    let mut bytes = oracle_general(100_000);
    bytes.truncate(bytes.len() - 1);
    let input = std::io::Cursor::new(bytes);
    let mut source = trace::read("t.oracleGeneral", Box::new(input), &ReadOptions::default())
        .expect("a first record");
    let mut records = Vec::new();
    let error = loop {
        match source.read(&mut records) {
            Ok(more) => assert!(more, "no error"),
            Err(error) => break error,
        }
    };
    assert_eq!((error.kind, error.place), (CutRecord, binary(100_000)));
    assert_eq!(records.iter().filter(|record| record.op == Op::Read).count(), 99_999);
}

#[test]
fn a_compressed_binary_trace_that_is_cut_is_an_error_wherever_it_is_cut() {
    let bytes = oracle_general(100);
    for &codec in Codec::WRITTEN {
        let packed = compress(codec, &bytes);
        for cut in (Codec::MAGIC_BYTES..packed.len()).step_by(5) {
            let error = open_bytes("x.oracleGeneral", &packed[..cut]).expect_err("a cut file");
            assert_eq!(error.kind, Truncated, "{} cut at {cut}: {error}", codec.name());
            assert!(error.found.contains(" requests"), "{error}");
            assert!(matches!(error.place, Place::Binary { .. }), "{error}");
        }
    }
}

#[test]
fn the_times_of_a_binary_trace_go_on_and_end() {
    let wrong = |requests: &[(u32, u64)], kind: TraceErrorKind, expected: &str| {
        let bytes: Vec<u8> =
            requests.iter().flat_map(|&(seconds, object)| oracle(seconds, object, 8)).collect();
        let error = parse(Format::OracleGeneral, &bytes).expect_err("a wrong time");
        assert_eq!((error.kind, error.place), (kind, binary(requests.len() as u64)), "{error}");
        assert!(error.expected.contains(expected), "{error}");
    };
    wrong(&[(5, 1), (7, 1), (6, 1)], TimeBackwards, "not before the last one, 7 s");
    // 2^62 ps are 4,611,686.02 s.
    wrong(&[(5, 1), (4_611_692, 2)], TraceErrorKind::BadTime, "53 days");
    let bytes = [oracle(5, 1, 8), oracle(4_611_691, 1, 8)].concat();
    assert_eq!(parse(Format::OracleGeneral, &bytes).expect("just in time").len(), 3);
}

#[test]
fn traces_of_requests_and_some_others_are_not_written() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    assert!(FORMATS.iter().all(|format| format.is_read_only()));
    for format in Format::ALL.iter().copied().filter(|format| format.is_read_only()) {
        let header = Header::new(format);
        let path = folder.path().join("out");
        let stream = trace::writer(format, &header, Box::new(Vec::new())).err();
        let file = trace::create(&path, format, &header).err();
        let cores = trace::create_per_core(&path, format, &header, "").err();
        for error in [stream, file, cores].map(|error| error.expect("an error")) {
            assert_eq!(error.kind, ReadOnly, "{error}");
            assert_eq!(&*error.found, format.name());
            assert!(error.expected.contains("mtrace, mtrc, din") && error.help.contains("mtrc"));
        }
        assert!(!path.exists(), "{}", format.name());
    }
}

#[test]
fn files_that_number_keys_are_no_cores_of_one_machine() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, bytes) in [("0.csv", twitter(5)), ("1.csv", twitter(5))] {
        std::fs::write(folder.path().join(name), bytes).expect("a file");
    }
    for format in [None, Some(Format::Twitter)] {
        let options = ReadOptions { format, ..ReadOptions::default() };
        let result = trace::open_per_core(&[folder.path().to_owned()], &options);
        let error = result.err().expect("an error");
        assert_eq!(error.kind, NotPerCore, "{error}");
        assert!(error.found.contains("twitter"), "{error}");
    }
}

#[test]
fn the_shipped_samples_hold_what_their_readme_says() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../traces/samples");
    for (name, expected) in
        [("cache.oracleGeneral", SAMPLES[0]), ("disks.csv", SAMPLES[1]), ("cache.csv", SAMPLES[2])]
    {
        let input = trace::Input::Path(root.join(name));
        let mut source = trace::open(&input, &ReadOptions::default()).expect("a sample");
        assert_eq!(counts(&drain(&mut *source).expect("a sample")), expected, "{name}");
    }
}

/// Counted by a script like the one above; traces/README.md counts reads and writes by `awk`.
const SAMPLES: [[u64; 5]; 3] = [
    [400, 0, 59, 24_607, 1_770_000_000_261_504],
    [160, 323, 289, 16_151_552, 133_862_742_557_731_200],
    [142, 258, 59, 14_434, 1_770_000_000_236_672],
];

#[test]
fn the_kinds_of_errors_of_keys_are_told_apart() {
    assert_eq!(TooManyKeys.code(), "E0130");
    assert_eq!((CutRecord.code(), ReadOnly.code()), ("E0129", "E0131"));
}
