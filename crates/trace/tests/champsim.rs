//! ChampSim's instructions, read and written, and what cannot be one.

use trace::TraceErrorKind::{BadOp, Binary, CutRecord, Empty, Truncated};
use trace::{Codec, Format, Loss, Op, Place, ReadOptions, Record, TraceErrorKind};

use crate::common::{Random, compress, drain, open_bytes, parse, write};
use crate::large::Pieces;
use crate::mutation::check;

/// Makes an instruction of 64 bytes.
fn instruction(ip: u64, branch: [u8; 2], loads: [u64; 4], stores: [u64; 2]) -> Vec<u8> {
    let mut bytes = ip.to_le_bytes().to_vec();
    bytes.extend(branch);
    bytes.extend([1, 2, 3, 4, 5, 6]);
    stores.iter().chain(&loads).for_each(|addr| bytes.extend(addr.to_le_bytes()));
    assert_eq!(bytes.len(), 64);
    bytes
}

/// Makes an instruction of 96 bytes.
fn cloudsuite(ip: u64, loads: [u64; 4], stores: [u64; 4]) -> Vec<u8> {
    let mut bytes = ip.to_le_bytes().to_vec();
    bytes.extend([0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0]);
    stores.iter().chain(&loads).for_each(|addr| bytes.extend(addr.to_le_bytes()));
    bytes.extend([9, 1, 0, 0, 0, 0, 0, 0]);
    assert_eq!(bytes.len(), 96);
    bytes
}

fn access(op: Op, addr: u64, size: u32) -> Record {
    Record::access(0, op, addr, size)
}

#[test]
fn an_instruction_is_a_fetch_then_loads_then_stores() {
    let bytes = [
        instruction(0x40_0000, [0, 0], [0x1000, 0, 0x2004, 0], [0, 0x3007]),
        instruction(0x40_0003, [1, 1], [0; 4], [0; 2]),
        instruction(0, [0, 0], [u64::MAX, 1, 2, 3], [8, 16]),
    ]
    .concat();
    let expected = [
        access(Op::Fetch, 0x40_0000, 8),
        access(Op::Read, 0x1000, 8),
        access(Op::Read, 0x2004, 4),
        access(Op::Write, 0x3007, 1),
        access(Op::Fetch, 0x40_0003, 5),
        access(Op::Read, u64::MAX, 1),
        access(Op::Read, 1, 7),
        access(Op::Read, 2, 6),
        access(Op::Read, 3, 5),
        access(Op::Write, 8, 8),
        access(Op::Write, 16, 8),
    ];
    assert_eq!(parse(Format::Champsim, &bytes).expect("champsim"), expected);
}

#[test]
fn an_instruction_of_cloudsuite_has_four_stores() {
    let bytes = cloudsuite(0x40_0000, [0x1000, 0x1008, 0x1010, 0x1018], [8, 16, 0, 24]);
    let expected = [
        access(Op::Fetch, 0x40_0000, 8),
        access(Op::Read, 0x1000, 8),
        access(Op::Read, 0x1008, 8),
        access(Op::Read, 0x1010, 8),
        access(Op::Read, 0x1018, 8),
        access(Op::Write, 8, 8),
        access(Op::Write, 16, 8),
        access(Op::Write, 24, 8),
    ];
    assert_eq!(parse(Format::ChampsimCloudsuite, &bytes).expect("cloudsuite"), expected);
}

/// The numbers that the long traces are made of, five for each instruction.
fn long(count: u64) -> Vec<[u64; 5]> {
    let mut state = 11_u64;
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005);
        state = state.wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    (0..count).map(|_| [draw(), draw(), draw(), draw(), draw()]).collect()
}

/// An instruction has a load, a second one every third time, a store every fifth time.
fn long_bytes(count: u64) -> Vec<u8> {
    let bytes = |[ip, first, second, store, which]: [u64; 5]| {
        let second = if which.is_multiple_of(3) { second } else { 0 };
        let store = if which.is_multiple_of(5) { store } else { 0 };
        instruction(ip, [0, 0], [first, 0, second, 0], [store, 0])
    };
    long(count).into_iter().flat_map(bytes).collect()
}

/// By this script, without a trace (no address of it happens to be 0):
///
/// ```python
/// s, n = 11, [0] * 5
/// def draw():
///     global s
///     s = (s * 6364136223846793005 + 1442695040888963407) % 2**64
///     return s >> 33
/// for i in range(120000):
///     ip, first, second, store, which = [draw() for _ in range(5)]
///     addresses = [ip, first] + [second] * (which % 3 == 0) + [store] * (which % 5 == 0)
///     n[0] += 1
///     n[1] += 1 + (which % 3 == 0)
///     n[2] += which % 5 == 0
///     n[3] += sum(8 - a % 8 for a in addresses)
///     n[4] += sum(addresses)
/// print(n)
/// ```
const COUNTED: [u64; 5] = [120_000, 159_950, 24_011, 1_367_893, 326_459_137_257_227];

fn counts(records: &[Record]) -> [u64; 5] {
    let of = |op| records.iter().filter(|record| record.op == op).count() as u64;
    let bytes = records.iter().map(|record| u64::from(record.size)).sum();
    let sum = records.iter().map(|record| record.addr).sum();
    [of(Op::Fetch), of(Op::Read), of(Op::Write), bytes, sum]
}

#[test]
fn a_long_trace_is_counted_right_whole_in_pieces_and_compressed() {
    let bytes = long_bytes(120_000);
    let records = parse(Format::Champsim, &bytes).expect("champsim");
    assert_eq!(counts(&records), COUNTED);
    records.iter().for_each(check);
    for &codec in Codec::WRITTEN {
        let packed = compress(codec, &bytes);
        for name in ["x.champsimtrace", "x.trace"] {
            let name = format!("{name}.{}", codec.extension());
            assert!(open_bytes(&name, &packed).expect("a trace") == records, "{name}");
        }
    }
    let pieces = Pieces { bytes, at: 0, random: Random(3) };
    let mut source =
        trace::read("x.trace", Box::new(pieces), &ReadOptions::default()).expect("a trace");
    assert_eq!(source.header().format, Format::Champsim);
    assert_eq!((source.header().cores, source.header().ordered), (Some(1), true));
    assert!(drain(&mut *source).expect("a trace") == records);
}

#[test]
fn what_is_called_trace_is_one_of_the_two_if_it_can_be() {
    let sniff = |bytes: &[u8]| {
        let input = Box::new(std::io::Cursor::new(bytes.to_vec()));
        trace::read("cassandra_core0.trace.xz", input, &ReadOptions::default())
            .map(|source| source.header().format)
            .map_err(|error| error.kind)
    };
    let short: Vec<u8> = (1..200)
        .flat_map(|i| instruction(0x40_0000 + i * 3, [1, 0], [i, 0, 0, 0], [0; 2]))
        .collect();
    let long: Vec<u8> = (1..200)
        .flat_map(|i| cloudsuite(0x40_0000 + i * 3, [i, 0, 0, 0], [0x10_0305; 4]))
        .collect();
    assert_eq!(sniff(&short), Ok(Format::Champsim));
    assert_eq!(sniff(&short[..64]), Ok(Format::Champsim));
    assert_eq!(sniff(&long), Ok(Format::ChampsimCloudsuite));
    assert_eq!(sniff(&long[..96]), Ok(Format::ChampsimCloudsuite));
    // A text stays a text, and what can be neither, or both, is not guessed.
    assert_eq!(sniff(b"0 1000\n1 1004\n"), Ok(Format::Din));
    assert_eq!(sniff(&short[1..]), Err(Binary));
    assert_eq!(sniff(&[0; 640]), Err(Binary));
    let either = [instruction(1 << 40, [0, 0], [0; 4], [0; 2]), vec![0; 128]].concat();
    assert_eq!(sniff(&either), Err(Binary));
}

fn place(record: u64, bytes: u64) -> Place {
    Place::Binary { record, offset: (record - 1) * bytes }
}

#[test]
fn a_trace_that_is_cut_names_the_record_wherever_it_is_cut() {
    let short = long_bytes(3);
    let long: Vec<u8> = (1..4).flat_map(|i| cloudsuite(i * 3, [i; 4], [i; 4])).collect();
    for (format, bytes, each) in
        [(Format::Champsim, short, 64), (Format::ChampsimCloudsuite, long, 96)]
    {
        for cut in 0..=bytes.len() {
            let result = parse(format, &bytes[..cut]);
            match (cut, cut % each) {
                (0, _) => assert_eq!(result.expect_err("nothing").kind, Empty),
                (_, 0) => assert!(!result.expect("whole records").is_empty()),
                (_, rest) => {
                    let error = result.expect_err("a cut record");
                    let at = place((cut / each) as u64 + 1, each as u64);
                    assert_eq!((error.kind, error.place), (CutRecord, at), "{error}");
                    assert!(error.found.contains(&format!("after {rest} bytes")), "{error}");
                    assert!(error.help.contains("--format champsim"), "{}", error.help);
                }
            }
        }
    }
}

#[test]
fn a_compressed_trace_that_is_cut_is_an_error() {
    let bytes = long_bytes(100);
    for &codec in Codec::WRITTEN {
        let packed = compress(codec, &bytes);
        for cut in (Codec::MAGIC_BYTES..packed.len()).step_by(97) {
            let error = open_bytes("x.champsimtrace", &packed[..cut]).expect_err("a cut file");
            assert_eq!(error.kind, Truncated, "{} cut at {cut}: {error}", codec.name());
            assert!(matches!(error.place, Place::Binary { .. }), "{error}");
        }
    }
}

#[test]
fn what_is_no_branch_and_not_none_is_of_another_format() {
    for (branch, format, other) in [
        ([2, 0], Format::Champsim, "--format champsim-cloudsuite"),
        ([1, 37], Format::Champsim, "--format champsim-cloudsuite"),
        ([0xff, 0], Format::ChampsimCloudsuite, "--format champsim"),
    ] {
        let each = if format == Format::Champsim { 64 } else { 96 };
        let mut bytes = vec![0; each * 70_000];
        bytes[0] = 8;
        bytes[each * 69_998 + 8..][..2].copy_from_slice(&branch);
        let error = parse(format, &bytes).expect_err("no instruction");
        assert_eq!((error.kind, error.place), (BadOp, place(69_999, each as u64)), "{error}");
        assert!(error.help.contains(other), "{}", error.help);
    }
}

#[test]
fn a_trace_without_an_access_is_empty() {
    let error = parse(Format::Champsim, &[0; 6400]).expect_err("nothing");
    assert_eq!(error.kind, Empty);
    assert!(error.help.contains("u64 instruction"), "{}", error.help);
}

#[test]
fn what_is_written_are_instructions_as_champsim_has_them() {
    let records = [
        access(Op::Read, 0x1000, 8),
        access(Op::Fetch, 0x40_0000, 8),
        access(Op::Read, 0x2000, 8),
        access(Op::Write, 0x3000, 8),
        access(Op::Write, 0x3008, 8),
        access(Op::Write, 0x3010, 8),
        access(Op::Read, 0x4000, 8),
    ];
    let mut plain = instruction(0, [0, 0], [0x1000, 0, 0, 0], [0, 0]);
    plain.extend(instruction(0x40_0000, [0, 0], [0x2000, 0, 0, 0], [0x3000, 0x3008]));
    plain.extend(instruction(0, [0, 0], [0; 4], [0x3010, 0]));
    plain.extend(instruction(0, [0, 0], [0x4000, 0, 0, 0], [0; 2]));
    // No registers are known.
    plain.chunks_mut(64).for_each(|bytes| bytes[10..16].fill(0));
    let (bytes, losses) = write(Format::Champsim, &records);
    assert!(losses.is_empty(), "{losses}");
    assert_eq!(bytes, plain);
}

#[test]
fn what_champsim_cannot_say_is_counted() {
    let records = [
        Record::access(1, Op::Read, 0x1000, 8),
        Record::access(0, Op::Atomic, 0x1000, 4),
        Record::access(0, Op::Write, 0, 8),
        Record::access(0, Op::Fetch, 0, 4),
        Record::access(0, Op::Clean, 0x40, 64),
        Record::event(0, Op::Fence, 0),
        Record::event(0, Op::Time, 5),
    ];
    let (bytes, losses) = write(Format::Champsim, &records);
    let counted: Vec<(Loss, u64)> = losses.iter().collect();
    let expected = [
        (Loss::Core, 1),
        (Loss::Size, 1),
        (Loss::AddressZero, 2),
        (Loss::Atomic, 1),
        (Loss::Clean, 1),
        (Loss::Fence, 1),
        (Loss::Time, 1),
    ];
    assert_eq!(counted, expected);
    let back = parse(Format::Champsim, &bytes).expect("champsim");
    let expected =
        [access(Op::Read, 0x1000, 8), access(Op::Read, 0x1000, 8), access(Op::Write, 0x1000, 8)];
    assert_eq!(back, expected);
}

#[test]
fn the_shipped_samples_hold_what_their_readme_says() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../traces/samples");
    for (name, format, expected) in [
        ("counting.champsimtrace.xz", Format::Champsim, [282, 106, 18]),
        ("counting.trace.xz", Format::ChampsimCloudsuite, [208, 78, 13]),
    ] {
        let input = trace::Input::Path(root.join(name));
        let mut source = trace::open(&input, &ReadOptions::default()).expect("a sample");
        assert_eq!(source.header().format, format);
        let records = drain(&mut *source).expect("a sample");
        assert_eq!(counts(&records)[..3], expected, "{name}");
    }
}

#[test]
fn several_files_are_a_core_each() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let paths = ["a.champsimtrace", "b.trace.gz"].map(|name| folder.path().join(name));
    std::fs::write(&paths[0], long_bytes(10)).expect("a file");
    std::fs::write(&paths[1], compress(Codec::Gzip, &long_bytes(20))).expect("a file");
    let options = ReadOptions::default();
    assert!(trace::open_threads(&paths, &options).expect("no threads").is_none());
    let mut sources = trace::open_per_core(&paths, &options).expect("two files");
    for (core, source) in sources.iter_mut().enumerate() {
        let records = drain(&mut **source).expect("a trace");
        assert!(records.iter().all(|record| usize::from(record.core) == core));
        assert!(records.iter().filter(|record| record.op == Op::Fetch).count() == (core + 1) * 10);
    }
    let kind = |result: Result<_, trace::TraceError>| result.err().map(|error| error.kind);
    let one_core = ReadOptions { cores_max: 1, ..options };
    assert_eq!(kind(trace::open_per_core(&paths, &one_core)), Some(TraceErrorKind::FileCount));
}
