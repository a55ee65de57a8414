//! DynamoRIO's drmemtrace: one file, what it says and what it cannot say.

use trace::TraceErrorKind::{
    AddressOverflow, BadArchive, BadCore, BadFileHeader, BadOp, CoreOutOfRange, Corrupt, CutRecord,
    Empty, NewerVersion, SizeOutOfRange, TimeBackwards, Truncated,
};
use trace::{Codec, Format, Op, Place, ReadOptions, Record, Shortfall, TraceErrorKind};

use crate::common::{Random, compress, drain, open_bytes, parse, parse_with};
use crate::large::Pieces;
use crate::mutation::check;
use crate::zip::{How, zip};

pub(crate) const FOOTER: [u16; 2] = [26, 0];

/// Makes a record.
pub(crate) fn entry(number: u16, size: u16, addr: u64) -> Vec<u8> {
    let mut bytes = number.to_le_bytes().to_vec();
    bytes.extend(size.to_le_bytes().into_iter().chain(addr.to_le_bytes()));
    bytes
}

/// Makes what a file of a thread begins with.
pub(crate) fn head(version: u64, thread: u64) -> Vec<u8> {
    let entries = [
        entry(25, 0, version),
        entry(28, 12, version),
        entry(28, 9, 0x40),
        entry(22, 0, thread),
        entry(24, 0, 4000),
        entry(28, 10, 64),
    ];
    entries.concat()
}

pub(crate) fn time(microseconds: u64) -> Vec<u8> {
    [entry(28, 2, microseconds), entry(28, 3, 5)].concat()
}

/// Makes a whole file of thread 17 of these records.
pub(crate) fn file(entries: &[(u16, u16, u64)]) -> Vec<u8> {
    let mut bytes = [head(7, 17), time(1000)].concat();
    bytes.extend(entries.iter().flat_map(|&(number, size, addr)| entry(number, size, addr)));
    bytes.extend(entry(23, 0, 17));
    bytes.extend(entry(FOOTER[0], FOOTER[1], 0));
    bytes
}

fn read(bytes: &[u8]) -> Result<Vec<Record>, trace::TraceError> {
    parse(Format::Drmemtrace, bytes)
}

fn access(op: Op, addr: u64, size: u32) -> Record {
    Record::access(0, op, addr, size)
}

#[test]
fn every_type_is_an_access_or_none() {
    // Each type once, and a load after it that says what was before it.
    for number in 0..=49 {
        if [17, 19, 21, 22, 25, 26].contains(&number) {
            continue;
        }
        let expected = match number {
            0 => Some(Op::Read),
            1 => Some(Op::Write),
            10..=16 | 30 | 31 | 48 | 49 => Some(Op::Fetch),
            18 | 20 => Some(Op::Flush),
            _ => None,
        };
        let records = read(&file(&[(number, 6, 0x1000), (0, 8, 0x2000)])).expect("drmemtrace");
        let mut wanted: Vec<Record> =
            expected.map(|op| access(op, 0x1000, 6)).into_iter().collect();
        wanted.push(access(Op::Read, 0x2000, 8));
        assert_eq!(records, wanted, "type {number}");
    }
}

#[test]
fn sizes_of_0_count_as_1_and_instructions_of_0_bytes_are_not_fetched() {
    let bytes = file(&[(0, 0, 0x1000), (1, 0, u64::MAX), (10, 0, 0x400), (0, 65_535, 0x2000)]);
    let expected = [
        access(Op::Read, 0x1000, 1),
        access(Op::Write, u64::MAX, 1),
        access(Op::Read, 0x2000, 65_535),
    ];
    assert_eq!(read(&bytes).expect("drmemtrace"), expected);
}

#[test]
fn a_bundle_goes_on_where_the_last_instruction_ended() {
    let lengths = u64::from_le_bytes([1, 2, 15, 4, 99, 99, 99, 99]);
    let one = u64::from_le_bytes([7, 0, 0, 0, 0, 0, 0, 0]);
    let bytes = file(&[
        (13, 3, 0x400),
        (17, 4, lengths),
        (17, 1, one),
        (0, 8, 0x1000),
        (29, 2, 0x500),
        (17, 1, one),
    ]);
    let expected = [
        access(Op::Fetch, 0x400, 3),
        access(Op::Fetch, 0x403, 1),
        access(Op::Fetch, 0x404, 2),
        access(Op::Fetch, 0x406, 15),
        access(Op::Fetch, 0x415, 4),
        access(Op::Fetch, 0x419, 7),
        access(Op::Read, 0x1000, 8),
        access(Op::Fetch, 0x502, 7),
    ];
    assert_eq!(read(&bytes).expect("drmemtrace"), expected);
}

#[test]
fn what_is_executed_again_without_a_fetch_is_fetched_once() {
    let bytes = file(&[(30, 2, 0x400), (30, 2, 0x400), (29, 2, 0x400), (30, 2, 0x402)]);
    let expected = [access(Op::Fetch, 0x400, 2), access(Op::Fetch, 0x402, 2)];
    assert_eq!(read(&bytes).expect("drmemtrace"), expected);
}

#[test]
fn flushes_have_a_size_or_an_end_or_are_of_a_line() {
    let bytes = file(&[
        (20, 64, 0x1000),
        (20, 0, 0x2000),
        (21, 0, 0x2000_2000),
        (18, 0, 0x3000),
        (19, 0, 0x3000),
        (18, 0, 0x4000),
        (20, 0, 0x5000),
        (0, 4, 0x6000),
        (20, 0, 0),
        (21, 0, 1 << 30),
    ]);
    let expected = [
        access(Op::Flush, 0x1000, 64),
        access(Op::Flush, 0x2000, 0x2000_0000),
        access(Op::Flush, 0x3000, 1),
        access(Op::Flush, 0x4000, 1),
        access(Op::Flush, 0x5000, 1),
        access(Op::Read, 0x6000, 4),
        access(Op::Flush, 0, 1 << 30),
    ];
    assert_eq!(read(&bytes).expect("drmemtrace"), expected);
}

#[test]
fn threads_within_a_file_are_cores_in_the_order_of_their_first_accesses() {
    let bytes = file(&[
        (22, 0, 99),
        (24, 0, 1),
        (22, 0, 50),
        (0, 8, 0x10),
        (22, 0, 17),
        (1, 8, 0x20),
        (22, 0, 50),
        (10, 4, 0x30),
    ]);
    let expected = [
        Record::access(0, Op::Read, 0x10, 8),
        Record::access(1, Op::Write, 0x20, 8),
        Record::access(0, Op::Fetch, 0x30, 4),
    ];
    assert_eq!(read(&bytes).expect("drmemtrace"), expected);
    let options =
        ReadOptions { format: Some(Format::Drmemtrace), cores_max: 1, ..ReadOptions::default() };
    let error = parse_with(&options, &bytes).expect_err("two threads");
    assert_eq!((error.kind, error.place), (CoreOutOfRange, place(14)), "{error}");
    assert!(error.found.contains("thread 17, number 2"), "{error}");
    let only = ReadOptions { cores_max: 64, core: Some(1), ..options };
    assert_eq!(parse_with(&only, &bytes).expect("core 1"), expected[1..2]);
}

#[test]
fn a_65th_thread_is_one_too_many() {
    let entries = |threads: u64| -> Vec<(u16, u16, u64)> {
        (0..threads).flat_map(|thread| [(22, 0, thread + 7), (0, 8, 64 * thread)]).collect()
    };
    assert_eq!(read(&file(&entries(64))).expect("64 threads").len(), 64);
    let error = read(&file(&entries(65))).expect_err("65 threads");
    assert_eq!(error.kind, CoreOutOfRange, "{error}");
    assert!(error.help.contains("no machine has more than 64 cores"), "{}", error.help);
}

/// The numbers that the long trace is made of: what, its address, its size.
pub(crate) fn numbers(count: u64) -> impl Iterator<Item = (u64, u64, u16)> {
    let mut state = 23_u64;
    let mut draw = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005);
        state = state.wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    (0..count).map(move |_| (draw() % 10, draw(), (draw() % 20) as u16))
}

/// Loads, stores, instructions, prefetches, encodings, jumps, flushes and a bundle of two.
fn long(count: u64) -> Vec<u8> {
    let mut bytes = [head(6, 17), time(1000), entry(10, 4, 0x400)].concat();
    for (what, addr, size) in numbers(count) {
        let number = [0, 0, 1, 10, 3, 47, 48, 29, 20, 17][what as usize];
        bytes.extend(match number {
            17 => entry(17, 2, 0x0503),
            20 => entry(20, size + 1, addr),
            _ => entry(number, size, addr),
        });
    }
    bytes.extend(entry(26, 0, 0));
    bytes
}

/// By this script, without a trace; the sum is that of addresses, modulo 2^64:
///
/// ```python
/// s, n, pc = 23, [0, 0, 1, 0, 4, 0x400], 0x404
/// def draw():
///     global s
///     s = (s * 6364136223846793005 + 1442695040888963407) % 2**64
///     return s >> 33
/// def add(kind, addr, size):
///     n[kind] += 1; n[4] += size; n[5] = (n[5] + addr) % 2**64
/// for i in range(150000):
///     what, addr, size = draw() % 10, draw(), draw() % 20
///     if what in (0, 1): add(0, addr, max(size, 1))
///     if what == 2: add(1, addr, max(size, 1))
///     if what in (3, 6) and size: add(2, addr, size)
///     if what in (3, 6, 7): pc = addr + size
///     if what == 8: add(3, addr, size + 1)
///     if what == 9:
///         add(2, pc, 3); add(2, pc + 3, 5)
///         pc += 8
/// print(n)
/// ```
const COUNTED: [u64; 6] = [29_800, 15_027, 58_780, 14_972, 994_144, 127_451_367_056_593];

fn counts(records: &[Record]) -> [u64; 6] {
    let of = |op| records.iter().filter(|record| record.op == op).count() as u64;
    let bytes = records.iter().map(|record| u64::from(record.size)).sum();
    let sum = records.iter().fold(0_u64, |sum, record| sum.wrapping_add(record.addr));
    [of(Op::Read), of(Op::Write), of(Op::Fetch), of(Op::Flush), bytes, sum]
}

#[test]
fn a_long_trace_is_counted_right_however_it_comes() {
    let bytes = long(150_000);
    let records = read(&bytes).expect("drmemtrace");
    assert_eq!(counts(&records), COUNTED);
    records.iter().for_each(check);
    let names = ["x", "x.trace", "x.drmemtrace", "drmemtrace.app.1.2.trace"];
    for &codec in Codec::WRITTEN {
        let packed = compress(codec, &bytes);
        for name in names {
            assert!(open_bytes(name, &packed).expect("a trace") == records, "{name}");
        }
    }
    // Members end within records; `chunk.0000` and so on are their names.
    for how in [How::Stored, How::Deflated, How::Streamed, How::Wide] {
        let packed = zip(&bytes, 700_001, how);
        assert!(open_bytes("drmemtrace.app.1.2.trace.zip", &packed).expect("a zip") == records);
    }
    let pieces = Pieces { bytes, at: 0, random: Random(3) };
    let mut source = trace::read("-", Box::new(pieces), &ReadOptions::default()).expect("a trace");
    let header = source.header();
    assert_eq!((header.format, header.cores, header.ordered), (Format::Drmemtrace, None, true));
    assert!(drain(&mut *source).expect("a trace") == records);
}

fn place(record: u64) -> Place {
    Place::Binary { record, offset: (record - 1) * 12 }
}

/// Returns what is said at the end of a file that can be read.
fn shortfall(bytes: &[u8]) -> Option<Shortfall> {
    let options = ReadOptions { format: Some(Format::Drmemtrace), ..ReadOptions::default() };
    let mut source = trace::read("t", Box::new(std::io::Cursor::new(bytes.to_vec())), &options)
        .expect("accesses");
    while source.read(&mut Vec::new()).expect("accesses") {}
    source.shortfall()
}

#[track_caller]
fn refused(bytes: &[u8], kind: TraceErrorKind, at: u64, found: &str) -> trace::TraceError {
    let error = read(bytes).expect_err(found);
    assert_eq!((error.kind, error.place), (kind, place(at)), "{error}");
    assert!(error.found.contains(found), "{error}");
    assert!(!error.expected.is_empty() && !error.help.is_empty());
    error
}

/// The record behind the six of the head and the two of the first time.
const NINTH: u64 = 9;

#[test]
fn what_no_record_can_be_is_named_with_its_place() {
    let wrong = |entry: (u16, u16, u64), kind, found| {
        refused(&file(&[entry]), kind, NINTH, found);
    };
    wrong((50, 8, 0x1000), BadOp, "type 50, size 8, address 0x1000");
    wrong((0xffff, 8, 0x1000), BadOp, "type 65535");
    wrong((25, 0, 7), BadOp, "type 25");
    wrong((19, 0, 7), BadOp, "the end of a flush");
    wrong((17, 1, 3), BadOp, "before any instruction");
    wrong((0, 2, u64::MAX), AddressOverflow, "2 bytes at 0xffffffffffffffff");
    wrong((10, 16, u64::MAX - 14), AddressOverflow, "16 bytes");
    wrong((28, 2, 999), TimeBackwards, "a timestamp of 999 us");
    for (size, lengths) in [(0, 3), (9, u64::MAX), (2, 3), (0xffff, 3)] {
        let bytes = file(&[(10, 4, 0x400), (17, size, lengths)]);
        refused(&bytes, SizeOutOfRange, NINTH + 1, "a bundle of");
    }
    for (start, end) in [(0x1000, 0xfff), (0, (1 << 30) + 1), (0, u64::MAX)] {
        let bytes = file(&[(20, 0, start), (21, 0, end)]);
        refused(&bytes, SizeOutOfRange, NINTH + 1, "a flush from");
    }
    // The end of another kind of flush is of none.
    refused(&file(&[(20, 0, 8), (19, 0, 16)]), BadOp, NINTH + 1, "the end of a flush");
    // What was a bundle of a thread is of no other.
    let bytes = file(&[(10, 4, 0x400), (22, 0, 18), (17, 1, 3)]);
    refused(&bytes, BadOp, NINTH + 2, "before any instruction");
}

#[test]
fn a_file_begins_with_a_header_of_a_known_version() {
    for version in 1..=7 {
        let bytes = [head(version, 3), time(5), entry(0, 8, 64), entry(26, 0, 0)].concat();
        assert_eq!(read(&bytes).expect("drmemtrace").len(), 1);
        assert_eq!(open_bytes("x", &bytes).expect("drmemtrace").len(), 1);
    }
    for (version, kind) in [(0, BadFileHeader), (8, NewerVersion), (99, NewerVersion)] {
        let bytes = [head(version, 3), time(5), entry(26, 0, 0)].concat();
        let error = refused(&bytes, kind, 1, &format!("version {version}"));
        assert!(error.expected.contains("from 1 to 7"), "{error}");
    }
    // Without a name to go by the version is still what is wrong.
    let newer = [head(8, 3), time(5), entry(26, 0, 0)].concat();
    assert_eq!(open_bytes("x", &newer).expect_err("a new version").kind, NewerVersion);
    let narrow = [&[25, 0, 0, 0, 3, 0, 0, 0, 28, 0, 9, 0][..], &[0; 12]].concat();
    refused(&narrow, BadFileHeader, 1, "records of 8 bytes");
    refused(&entry(0, 8, 64).repeat(9), BadFileHeader, 1, "type 0, size 8, address 0x40");
}

#[test]
fn raw_files_have_to_be_put_together_first() {
    // A header word of version 7 at the top, and one of version 3 at the bottom.
    let new = (0xc4 << 56 | 7 << 48 | 0x40_u64).to_le_bytes();
    let old = (0xc0 << 56 | 0x40 << 48 | 3_u64).to_le_bytes();
    for word in [new, old] {
        let raw = [word, [1; 8], [2; 8]].concat();
        for name in ["x", "drmemtrace.app.1.2.raw", "x.drmemtrace"] {
            for bytes in [raw.clone(), compress(Codec::Lz4, &raw)] {
                let error = open_bytes(name, &bytes).expect_err("a raw file");
                assert_eq!((error.kind, error.place), (BadFileHeader, place(1)), "{name}: {error}");
                assert!(error.help.contains("drraw2trace -indir"), "{}", error.help);
            }
        }
    }
    for bytes in [b"\x04\x22\x4d\x18\x60\x40\x82".to_vec(), compress(Codec::Lz4, &[3; 99])] {
        let error = open_bytes("x.drmemtrace", &bytes).expect_err("no trace");
        assert!(error.help.contains("drraw2trace -indir"), "{error}: {}", error.help);
    }
}

#[test]
fn a_file_ends_with_a_footer_and_nothing_behind_it() {
    let whole = file(&[(0, 8, 64)]);
    assert_eq!(shortfall(&whole), None);
    // As where the tracer was stopped: what there is, and a word on it.
    let cut = &whole[..whole.len() - 12];
    assert_eq!(read(cut).expect("accesses"), read(&whole).expect("accesses"));
    assert_eq!(shortfall(cut), Some(Shortfall::NoFooter { files: 1 }));
    refused(&[&whole[..], &whole[..]].concat(), BadOp, 12, "type 25, size 0, address 0x7 after");
    refused(&whole[..12], Truncated, 2, "after 1 records");
    assert_eq!(read(b"").expect_err("nothing").kind, Empty);
    assert_eq!(read(&file(&[])).expect_err("no access").kind, Empty);
    let early = [entry(25, 0, 7), entry(0, 8, 64), entry(26, 0, 0)].concat();
    refused(&early, BadCore, 2, "an access before any thread");
}

#[test]
fn a_trace_that_is_cut_names_the_record_wherever_it_is_cut() {
    let bytes = file(&[(0, 8, 64), (10, 4, 0x400), (17, 2, 0x0503), (20, 0, 0), (21, 0, 64)]);
    for cut in 1..bytes.len() {
        let at = place(cut as u64 / 12 + 1);
        match read(&bytes[..cut]) {
            Ok(_) => {
                assert_eq!(cut % 12, 0, "between two records");
                assert_eq!(shortfall(&bytes[..cut]), Some(Shortfall::NoFooter { files: 1 }));
            }
            Err(error) if cut % 12 == 0 => assert!(matches!(error.kind, Truncated | Empty)),
            Err(error) => assert_eq!((error.kind, error.place), (CutRecord, at), "{error}"),
        }
    }
}

#[test]
fn what_was_read_before_a_cut_is_kept() {
    let bytes = long(150_000);
    let whole = read(&bytes).expect("drmemtrace");
    let input = std::io::Cursor::new(bytes[..bytes.len() - 13].to_vec());
    let mut source = trace::read("x", Box::new(input), &ReadOptions::default()).expect("a trace");
    let mut records = Vec::new();
    let error = loop {
        match source.read(&mut records) {
            Ok(more) => assert!(more, "no error"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind, CutRecord);
    assert!(whole.starts_with(&records) && records.len() + 3 > whole.len());
}

#[test]
fn what_is_wrong_with_a_zip_names_the_member_the_record_and_the_byte() {
    let bytes = long(2000);
    let packed = zip(&bytes, 12_000, How::Deflated);
    let second = packed[4..].windows(4).position(|tag| tag == b"PK\x03\x04").expect("two") + 4;
    let refused = |at: usize, new: &[u8], kind, found: &str| {
        let mut packed = packed.clone();
        packed[at..at + new.len()].copy_from_slice(new);
        let error = open_bytes("x.trace.zip", &packed).expect_err(found);
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.found.contains(found), "{error}");
        assert!(error.found.contains("member 2 (`chunk.0001`)"), "{error}");
        error
    };
    let error = refused(second + 6, &[1], BadArchive, "is encrypted, after 1000 records");
    assert_eq!(error.place, place(1001));
    let error =
        refused(second + 8, &[93], BadArchive, "is packed by method 93, after 1000 records");
    assert_eq!(error.place, place(1001));
    refused(second + 14, &[0; 4], Corrupt, "has the CRC");
    refused(second + 22, &[99, 0], Corrupt, "has more than the 99 bytes");
    let cut = open_bytes("x.trace.zip", &packed[..second + 400]).expect_err("a cut zip");
    assert_eq!(cut.kind, Truncated);
    assert!(cut.found.contains("within member 2 (`chunk.0001`), after"), "{cut}");
    assert!(matches!(cut.place, Place::Binary { record: 1001.., .. }), "{cut}");
}
