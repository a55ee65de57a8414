//! gem5's packet traces: what is an access, what is none, and what is wrong with the bytes.

use trace::TraceErrorKind::{
    AddressOverflow, BadFileHeader, BadMessage, BadOp, CutRecord, Empty, MissingField,
    NewerVersion, ReadOnly, SizeOutOfRange, Truncated,
};
use trace::{Codec, Format, Header, Op, Place, ReadOptions, Record, TraceError, TraceErrorKind};

use crate::common::{Random, compress, drain, open_bytes, parse};
use crate::large::Pieces;

/// Appends a number, seven bits a byte.
fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number > 0x7f {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Makes a message of fields that are numbers, behind its length.
fn message(fields: &[(u64, u64)]) -> Vec<u8> {
    let mut inner = Vec::new();
    for &(field, number) in fields {
        varint(field << 3, &mut inner);
        varint(number, &mut inner);
    }
    framed(&inner)
}

fn framed(inner: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    varint(inner.len() as u64, &mut out);
    out.extend_from_slice(inner);
    out
}

/// Makes the beginning of a file, up to the first packet: 32 bytes.
fn head() -> Vec<u8> {
    let mut header = b"\x0a\x0dsystem.probe0\x18".to_vec();
    varint(1_000_000_000_000, &mut header);
    header.extend(b"\x22\x02\x08\x01");
    [b"gem5", &framed(&header)[..]].concat()
}

fn packet(command: u64, addr: u64, size: u64) -> Vec<u8> {
    message(&[(1, 5000), (2, command), (3, addr), (4, size)])
}

fn file(messages: &[Vec<u8>]) -> Vec<u8> {
    [head(), messages.concat()].concat()
}

fn refused(bytes: &[u8]) -> TraceError {
    parse(Format::Gem5, bytes).expect_err("a file that is wrong")
}

#[test]
fn commands_that_a_program_asks_for_are_accesses_and_others_are_left_out() {
    let read = |command: u64| {
        let bytes = file(&[packet(1, 0x40, 4), packet(command, 0x1000, 64)]);
        parse(Format::Gem5, &bytes).expect("packets").get(1).map(|record| record.op)
    };
    for command in 0..256 {
        let expected = match command {
            1 | 24 | 25 | 26 => Some(Op::Read),
            4 | 16 | 17 | 18 | 22 | 27 => Some(Op::Write),
            30 | 34 => Some(Op::Atomic),
            _ => None,
        };
        assert_eq!(read(command), expected, "command {command}");
    }
    let fetch = message(&[(5, 0x100), (4, 16), (3, 0x400), (2, 1), (1, 0), (7, 0x400), (6, 9)]);
    let fence = packet(34, 0, 0);
    let other = [message(&[(99, 1)]), fetch].map(|bytes| bytes[1..].to_vec()).concat();
    let records = parse(Format::Gem5, &file(&[fence, framed(&other)])).expect("packets");
    assert_eq!(records, [Record::access(0, Op::Fetch, 0x400, 16)]);
}

#[test]
fn what_is_wrong_has_the_number_and_the_offset_of_its_packet() {
    let first = packet(1, 0x40, 4);
    let at = (head().len() + first.len()) as u64;
    let deep = |bytes: &[u8]| file(&[first.clone(), framed(bytes)]);
    for (bytes, kind, found) in [
        (file(&[first.clone(), packet(256, 0, 1)]), BadOp, "command 256"),
        (file(&[first.clone(), packet(1, 0, 65_537)]), SizeOutOfRange, "65537 bytes"),
        (file(&[first.clone(), packet(1, 0, u64::MAX)]), SizeOutOfRange, "18446744073709551615"),
        (file(&[first.clone(), packet(4, u64::MAX, 2)]), AddressOverflow, "0xffffffffffffffff"),
        (file(&[first.clone(), message(&[(2, 1), (3, 0), (4, 1)])]), MissingField, "packet"),
        (file(&[first.clone(), message(&[(1, 1), (3, 0), (4, 1)])]), MissingField, "packet"),
        (file(&[first.clone(), message(&[])]), MissingField, "packet"),
        (deep(b"\x0d\x01\x02\x03\x04"), BadMessage, "field 1 that is no number"),
        (deep(b"\x12\x01\x02"), BadMessage, "field 2 that is no number"),
        (deep(b"\x0b"), BadMessage, "type 3"),
        (deep(b"\x08"), BadMessage, "within a field"),
        (deep(b"\x3a\xff\xff\xff\xff\x0f1"), BadMessage, "within a field"),
        (deep(&[&[8][..], &[0xff; 11]].concat()), BadMessage, "more than 64 bits"),
        ([file(std::slice::from_ref(&first)), vec![0xff; 11]].concat(), BadMessage, "64 bits"),
        ([file(std::slice::from_ref(&first)), vec![0xff; 9]].concat(), CutRecord, "the length"),
        (
            [file(std::slice::from_ref(&first)), b"\x81\x80\x10".to_vec()].concat(),
            BadMessage,
            "262145 bytes",
        ),
        (
            [file(std::slice::from_ref(&first)), b"\x80\x80\x10abc".to_vec()].concat(),
            CutRecord,
            "3 of the 262144 bytes",
        ),
    ] {
        let error = refused(&bytes);
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.found.contains(found), "{error}");
        assert_eq!(error.place, Place::Binary { record: 2, offset: at }, "{error}");
        assert!(!error.expected.is_empty() && !error.help.is_empty());
    }
    // What came before the error is read.
    let input = Box::new(std::io::Cursor::new(file(&[first, packet(256, 0, 1)])));
    let mut source = trace::read("x", input, &ReadOptions::default()).expect("a first packet");
    let mut records = Vec::new();
    assert_eq!(source.read(&mut records).expect_err("a second one").kind, BadOp);
    assert_eq!(records, [Record::access(0, Op::Read, 0x40, 4)]);
    assert!(!source.read(&mut records).expect("the end"));
}

#[test]
fn a_file_that_is_cut_is_an_error_wherever_it_is_cut() {
    let bytes = file(&[packet(1, 0x1234_5678, 4), packet(4, 0xffff_ffff_0000, 8)]);
    let (header, first) = (head().len(), head().len() + packet(1, 0x1234_5678, 4).len());
    for cut in 0..bytes.len() {
        let error = match parse(Format::Gem5, &bytes[..cut]) {
            Ok(records) => {
                assert_eq!((cut, records.len()), (first, 1), "between two packets nothing shows");
                continue;
            }
            Err(error) => error,
        };
        let expected: &[TraceErrorKind] = match cut {
            0 | 4 => &[Empty],
            1..4 => &[BadFileHeader],
            _ if cut == header => &[Empty],
            _ => &[CutRecord],
        };
        assert!(expected.contains(&error.kind), "cut at {cut}: {error}");
    }
    let packed = compress(Codec::Gzip, &bytes);
    let error = open_bytes("x.ptrc.gz", &packed[..packed.len() - 3]).expect_err("a cut gzip");
    assert_eq!(error.kind, Truncated, "{error}");
}

#[test]
fn a_header_of_another_kind_of_trace_is_refused() {
    let frame = |header: &[u8]| [b"gem5", &framed(header)[..], &packet(1, 0, 1)].concat();
    for (bytes, kind, found) in [
        (frame(b"\x0a\x01x\x10\x00\x18\x05\x20\x01"), BadFileHeader, "trace of instructions"),
        (frame(b"\x0a\x01x\x10\x80\xa0\x94\xa5\x8d\x1d\x18\x28"), NewerVersion, "version 10000"),
        (frame(b"\x0a\x7fx"), BadFileHeader, "within a field"),
        (b"gem4 and so on".to_vec(), BadFileHeader, "`gem4`"),
        (b"gem5\xff\xff\xff\x7f".to_vec(), BadMessage, "268435455 bytes"),
    ] {
        let error = refused(&bytes);
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.found.contains(found), "{error}");
        assert!(matches!(error.place, Place::Bytes(0 | 4)), "{error}");
    }
    let input = Box::new(std::io::Cursor::new(frame(b"\x0a\x05a\x1b[2J")));
    let source = trace::read("x", input, &ReadOptions::default()).expect("a trace");
    assert_eq!(source.header().provenance.as_deref(), Some("a\u{fffd}[2J"));
    assert_eq!(refused(&file(&[packet(2, 0, 4)])).kind, Empty, "an answer is no access");
    assert_eq!(refused(b"").kind, Empty);
}

#[test]
fn a_length_takes_no_memory_before_the_bytes_come() {
    /// Says that there is a long message, and never ends.
    struct Endless(usize);
    impl std::io::Read for Endless {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            assert!(self.0 < 4 << 20, "read {} bytes", self.0);
            into.fill(0xff);
            into[..5].copy_from_slice(if self.0 == 0 { b"gem5\xff" } else { &[0xff; 5] });
            self.0 += into.len();
            Ok(into.len())
        }
    }
    let options = ReadOptions { format: Some(Format::Gem5), ..ReadOptions::default() };
    let error = trace::read("endless", Box::new(Endless(0)), &options).err().expect("an error");
    assert_eq!(error.kind, BadMessage, "{error}");
}

#[test]
fn a_long_trace_is_counted_right_whole_in_pieces_and_compressed() {
    let (mut random, mut bytes) = (Random(5), head());
    let (mut counts, mut sum, mut sizes) = ([0_usize; 3], 0_u64, 0_u64);
    for tick in 0..150_000_u64 {
        let (kind, size) = (random.below(4), 1 << random.below(7));
        let addr = random.next() >> (8 + random.below(50));
        // The fourth is an answer, or a write-back: no access.
        let command = [1, 1, 4, 2 + 5 * (tick % 2)][kind];
        let mut fields = vec![(1, tick * 500), (2, command), (3, addr), (4, size)];
        if kind == 1 {
            fields.push((5, 0x100));
        }
        if tick % 3 == 0 {
            fields.extend([(6, tick % 7), (7, 0x40_0000 + tick)]);
        }
        bytes.extend(message(&fields));
        if kind < 3 {
            counts[kind] += 1;
            sum = sum.wrapping_add(addr);
            sizes += size;
        }
    }
    let check = |records: &[Record]| {
        let of = |op| records.iter().filter(|record| record.op == op).count();
        assert_eq!([Op::Read, Op::Fetch, Op::Write].map(of), counts);
        assert_eq!(records.iter().fold(0, |sum, record| record.addr.wrapping_add(sum)), sum);
        assert_eq!(records.iter().map(|record| u64::from(record.size)).sum::<u64>(), sizes);
    };
    check(&parse(Format::Gem5, &bytes).expect("packets"));
    for &codec in Codec::WRITTEN {
        check(&open_bytes("no name", &compress(codec, &bytes)).expect("packets"));
    }
    let pieces = Pieces { bytes, at: 0, random: Random(3) };
    let mut source = trace::read("x", Box::new(pieces), &ReadOptions::default()).expect("packets");
    assert_eq!(source.header().format, Format::Gem5);
    assert_eq!((source.header().cores, source.header().ordered), (Some(1), true));
    assert_eq!(source.header().provenance.as_deref(), Some("system.probe0"));
    check(&drain(&mut *source).expect("packets"));
}

#[test]
fn the_pc_of_a_packet_is_given_to_who_asks() {
    let with_pc = |addr, pc| message(&[(1, 9), (2, 1), (3, addr), (4, 8), (7, pc)]);
    let bytes = file(&[with_pc(0x40, 0x1004), packet(4, 0x80, 8), with_pc(0x40, 0x1008)]);
    let read = |pcs| {
        let options = ReadOptions { format: Some(Format::Gem5), pcs, ..ReadOptions::default() };
        let input = Box::new(std::io::Cursor::new(bytes.clone()));
        let mut source = trace::read("x", input, &options).expect("packets");
        assert_eq!(source.header().pcs, pcs);
        drain(&mut *source).expect("packets")
    };
    let pc = |pc| Record::event(0, Op::Pc, pc);
    let [read_40, write_80] =
        [Record::access(0, Op::Read, 0x40, 8), Record::access(0, Op::Write, 0x80, 8)];
    assert_eq!(read(true), [pc(0x1004), read_40, pc(0), write_80, pc(0x1008), read_40]);
    assert_eq!(read(false), [read_40, write_80, read_40]);
}

#[test]
fn a_file_is_a_core_and_none_is_written() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let paths = [0x40, 0x80].map(|addr| {
        let path = folder.path().join(format!("{addr}.ptrc"));
        std::fs::write(&path, file(&[packet(4, addr, 8)])).expect("a file");
        path
    });
    let mut sources = trace::open_per_core(&paths, &ReadOptions::default()).expect("two cores");
    let records: Vec<Record> =
        sources.iter_mut().flat_map(|source| drain(&mut **source).expect("packets")).collect();
    let expected = [Record::access(0, Op::Write, 0x40, 8), Record::access(1, Op::Write, 0x80, 8)];
    assert_eq!(records, expected);
    let sink = trace::writer(Format::Gem5, &Header::new(Format::Gem5), Box::new(Vec::new()));
    assert_eq!(sink.err().expect("no writer").kind, ReadOnly);
}
