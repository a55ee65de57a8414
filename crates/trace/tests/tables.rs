//! Tables (csv, pinatrace): columns by name, in any order, between whatever separates them.

use std::fmt::Write as _;

use trace::TraceErrorKind::{
    AddressOverflow, BadAddress, BadCore, BadHeader, BadOp, BadSize, Binary, CoreOutOfRange, Empty,
    ExtraField, MissingField, NotPerCore, ReadOnly, SizeOutOfRange,
};
use trace::{
    Columns, Format, Header, Input, Op, Place, ReadOptions, Record, Shortfall, TraceErrorKind,
};

use crate::common::{Random, compress, drain, open_bytes, parse, parse_with, write};
use crate::large::Pieces;

/// Reads a text as one whose columns are told.
fn with_columns(columns: &str, text: &str) -> Result<Vec<Record>, trace::TraceError> {
    let columns: Columns = columns.parse().expect("columns");
    let options = ReadOptions { columns: Some(columns), cores_max: 4, ..ReadOptions::default() };
    parse_with(&options, text.as_bytes())
}

fn csv(text: &str) -> Result<Vec<Record>, trace::TraceError> {
    let options = ReadOptions { format: Some(Format::Csv), cores_max: 4, ..ReadOptions::default() };
    parse_with(&options, text.as_bytes())
}

#[test]
fn columns_have_any_name_order_and_separator() {
    let expected = [Record::access(1, Op::Write, 0x1000, 8), Record::access(0, Op::Read, 0x20, 4)];
    for text in [
        "core,op,addr,size\n1,W,0x1000,8\n0,R,0x20,4\n",
        "Core , OP , Addr , Size\n 1 , w , 1000 , 8\n0,r,20,4\n",
        "cpu;rw;address;bytes\n1;store;0x1000;8\n0;load;0x20;4\n",
        "len\taddr:dec\ttype\tcore\n8\t4096\tWRITE\t1\n4\t0x20\tread\t0\n",
        "  kind   addr size:hex core  \n 1 1000 0x8 1\n0 20 4 0\n",
        "note,core,\"op\",addr,size,ip\n\"a,b\",1,W,\"0x1000\",8,400\n,0,R,20,4,0x404\n",
        "time,core,tid,op,addr,size,\n0.5,1,main,W,1000,8,\n,0,,R,20,4\n",
    ] {
        assert_eq!(csv(text).expect(text), expected, "{text}");
        assert_eq!(csv(&text.replace('\n', "\r\n")).expect(text), expected, "{text}");
    }
}

#[test]
fn each_operation_has_several_names() {
    for (op, names) in [
        (Op::Read, "r R read LOAD Ld 0"),
        (Op::Write, "w W Write store st 1"),
        (Op::Fetch, "i I f F fetch iFetch 2"),
        (Op::Atomic, "a A atomic rmw"),
    ] {
        for name in names.split(' ') {
            let records = csv(&format!("op,addr,size\n{name},40,4\n")).expect(name);
            assert_eq!(records, [Record::access(0, op, 0x40, 4)], "{name}");
        }
    }
}

#[test]
fn without_a_size_an_access_reaches_to_the_end_of_its_word() {
    let sizes = |addr: &str| csv(&format!("op,addr\nR,{addr}\n")).expect("a record")[0].size;
    assert_eq!(["1000", "1001", "1004", "1007", "ffffffffffffffff"].map(sizes), [8, 7, 4, 1, 1]);
}

#[test]
fn threads_are_cores_in_the_order_in_which_they_appear() {
    let text = "tid,op,addr\n7f00,R,0\n0x7f10,R,8\n7f00,R,10\n";
    assert!(csv(text).is_err(), "7f00 is not decimal");
    let records = csv(&text.replace("tid", "tid:hex")).expect("a trace");
    assert_eq!(records.iter().map(|record| record.core).collect::<Vec<_>>(), [0, 1, 0]);
    let records = with_columns("thread pc op addr size", "9 0x4: W 0x8 4\n4 5: R 8 4\n9 6 R 8 4");
    let cores: Vec<u16> = records.expect("a trace").iter().map(|record| record.core).collect();
    assert_eq!(cores, [0, 1, 0]);
}

#[test]
fn columns_that_are_told_need_no_header_and_one_is_skipped() {
    let expected = [Record::access(0, Op::Read, 0x40, 4), Record::access(0, Op::Write, 0x48, 4)];
    for text in [
        "x 40 R 4\ny 48 W 4\n",
        "x,40,R,4\ny,48,W,4\n",
        "what,addr,op,size\nx,40,R,4\ny,48,W,4\n",
        // What is odd about a header that is not needed does not matter.
        "op,addr,op,size\nx,40,R,4\ny,48,W,4\n",
    ] {
        assert_eq!(with_columns("_ addr op size", text).expect(text), expected, "{text}");
    }
    let options = ReadOptions {
        columns: Some("pc op addr size".parse().expect("columns")),
        ..ReadOptions::default()
    };
    let text: &[u8] = b"0x4: R 40 4\n";
    let format = |name| {
        let source = trace::read(name, Box::new(text), &options).expect("a table");
        (source.header().format, source.header().cores)
    };
    assert_eq!(format("stdin"), (Format::Csv, Some(1)));
    assert_eq!(format("a.pinatrace.gz"), (Format::Pinatrace, Some(1)));
}

#[test]
fn what_is_wrong_with_a_table_is_named_exactly() {
    let good = "core,op,addr,size\n0,R,0x10,4\n";
    for (text, line, column, kind, underlined, expected, help) in [
        ("0,R,0x10,4\n", 1, 1, BadHeader, "0,R,0x10,4", "`op` and `addr`", "core,op,addr,size"),
        (" core,op,size\n", 1, 2, BadHeader, "core,op,size", "`op` and `addr`", "address"),
        ("op,addr,address\n", 1, 9, BadHeader, "address", "one column called `addr`", "`_`"),
        ("op:hex,addr\n", 1, 1, BadHeader, "op:hex", "behind tid, addr", "leave it out"),
        ("good\n0,R,0x10\n", 4, 9, MissingField, "", "a size in bytes, of 4", "`_`"),
        ("good\n0,,0x10,4\n", 4, 3, MissingField, "", "an operation, of 4", "`_`"),
        ("good\n0,R, ,4\n", 4, 6, MissingField, "", "an address", "`_`"),
        ("good\n0;R;0x10;4\n", 4, 11, MissingField, "", "between commas", "`_`"),
        ("good\n0,R,0x10,4,5\n", 4, 12, ExtraField, "5", "after 4 columns between", "`_`"),
        ("good\n0,X,0x10,4\n", 4, 3, BadOp, "X", "r, w, i or a", "atomic, rmw"),
        ("good\n0,R,0x1g,4\n", 4, 5, BadAddress, "0x1g", "hexadecimal", "`addr:dec`"),
        ("op,addr:dec\nR,12\nR,1f\n", 3, 3, BadAddress, "1f", "in decimal", "without `:dec`"),
        (
            "good\n0,R,10000000000000000,4\n",
            4,
            5,
            AddressOverflow,
            "10000000000000000",
            "64 bits",
            "0xffffffffffffffff",
        ),
        (
            "good\n0,R,ffffffffffffffff,2\n",
            4,
            5,
            AddressOverflow,
            "ffffffffffffffff",
            "2 bytes fit",
            "0xfffffffffffffffe",
        ),
        ("good\n0,R,0x10,0\n", 4, 10, SizeOutOfRange, "0", "from 1 to 65536", "`4`"),
        ("good\n0,R,0x10,0x10001\n", 4, 10, SizeOutOfRange, "0x10001", "from 1 to 10000", "`4`"),
        ("good\n0,R,0x10,4x\n", 4, 10, BadSize, "4x", "a size in bytes", "`4`"),
        ("good\n4,R,0x10,4\n", 4, 1, CoreOutOfRange, "4", "from 0 to 3", "`--cores 5`"),
        ("good\nt0,R,0x10,4\n", 4, 1, BadCore, "t0", "a core number", "`tid`"),
        ("tid,op,addr\nmain,R,0\n", 2, 1, BadCore, "main", "a thread number", "`tid:hex`"),
        (
            "tid,op,addr\n5,R,0\n6,R,0\n7,R,0\n8,R,0\n9,R,0\n",
            6,
            1,
            CoreOutOfRange,
            "9",
            "at most 4 threads",
            "`--cores 5`",
        ),
        ("op,addr,pc\nR,0,4\nR,0,x\n", 3, 5, BadAddress, "x", "hexadecimal", "`0x7fff1234`"),
    ] {
        let text = text.replace("good\n", &format!("{good}0,W,1,1\n"));
        let error = csv(&text).expect_err(&text);
        assert_eq!(error.kind, kind, "{text:?}: {error}");
        assert_eq!(error.place, Place::Text { line, column }, "{text:?}: {error}");
        let excerpt = error.excerpt.as_ref().expect("an excerpt");
        assert_eq!(&excerpt.line[excerpt.start..excerpt.end], underlined, "{text:?}: {error}");
        assert!(error.expected.contains(expected), "{text:?}: {error}");
        assert!(error.help.contains(help), "{text:?}: {}", error.help);
    }
    assert_eq!(csv("core,op,addr,size\n").expect_err("no record").kind, Empty);
    assert_eq!(csv("core,op,addr,size\n0,R,\0,4\n").expect_err("no text").kind, Binary);
}

#[test]
fn a_long_table_is_counted_right_whole_in_pieces_and_compressed() {
    let (mut random, mut sum) = (Random(77), 0_u64);
    let (mut ops, mut cores, mut bytes) = ([0_usize; 4], [0_usize; 4], 0_u64);
    let mut text = "size;note;op;tid;addr\n".to_owned();
    for number in 0..150_000 {
        let (op, thread, size) = (random.below(4), random.below(4), 1 + random.below(64));
        // Threads appear in the order of their numbers.
        let thread = if number < 4 { number } else { thread };
        let addr = random.next() >> (8 + random.below(50));
        let names = ["load", "W", "ifetch", "a"][op];
        writeln!(text, "{size};\"x;{number}\";{names};{};{addr:#x}", 4711 * (thread + 1)).unwrap();
        ops[op] += 1;
        cores[thread] += 1;
        bytes += size as u64;
        sum = sum.wrapping_add(addr);
    }
    let check = |records: &[Record]| {
        let kinds = [Op::Read, Op::Write, Op::Fetch, Op::Atomic];
        let of = |op| records.iter().filter(|record| record.op == op).count();
        assert_eq!(kinds.map(of), ops);
        let of = |core| records.iter().filter(|record| record.core == core).count();
        assert_eq!([0, 1, 2, 3].map(of), cores);
        assert_eq!(records.iter().map(|record| u64::from(record.size)).sum::<u64>(), bytes);
        assert_eq!(records.iter().fold(0, |sum, record| record.addr.wrapping_add(sum)), sum);
    };
    check(&csv(&text).expect("a table"));
    check(&open_bytes("x", &compress(trace::Codec::Zstd, text.as_bytes())).expect("a table"));
    let pieces = Pieces { bytes: text.into_bytes(), at: 0, random: Random(9) };
    let mut source = trace::read("x", Box::new(pieces), &ReadOptions::default()).expect("a table");
    check(&drain(&mut *source).expect("a table"));
}

#[test]
fn a_long_pinatrace_is_counted_right_and_says_whether_it_has_its_end() {
    let (mut random, mut sums, mut counts) = (Random(78), [0_u64; 2], [0_usize; 2]);
    let mut text = String::new();
    for _ in 0..120_000 {
        let (op, addr) = (random.below(2), random.next() >> (16 + random.below(40)));
        writeln!(text, "{:#x}: {} {addr:#x}", random.next() >> 20, ["R", "W"][op]).unwrap();
        sums[op] = sums[op].wrapping_add(addr);
        counts[op] += 1;
    }
    for (end, lacks_end) in [("#eof\n", false), ("#eof", false), ("", true), ("# eof\n", true)] {
        let text = format!("{text}{end}").into_bytes();
        let pieces = Pieces { bytes: text, at: 0, random: Random(5) };
        let options = ReadOptions::default();
        let mut source = trace::read("stdin", Box::new(pieces), &options).expect("pinatrace");
        assert_eq!(source.header().format, Format::Pinatrace);
        let records = drain(&mut *source).expect("pinatrace");
        assert_eq!(source.shortfall(), lacks_end.then_some(Shortfall::NoLastLine), "{end:?}");
        for (number, op) in [Op::Read, Op::Write].into_iter().enumerate() {
            let of = records.iter().filter(|record| record.op == op);
            assert_eq!(of.clone().count(), counts[number]);
            assert_eq!(of.fold(0, |sum, record| record.addr.wrapping_add(sum)), sums[number]);
        }
    }
    let records = parse(Format::Pinatrace, b"0x4: R (nil)\n0x8:  W\t0x1003 \n").expect("pinatrace");
    let expected = [Record::access(0, Op::Read, 0, 8), Record::access(0, Op::Write, 0x1003, 5)];
    assert_eq!(records, expected);
}

#[test]
fn a_table_without_cores_is_the_file_of_one_core() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let files = [("a.csv", "op,addr\nR,40\n"), ("b.pinatrace", "0x4: W 0x80\n#eof\n")];
    let paths = files.map(|(name, text)| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path
    });
    let options = ReadOptions::default();
    let mut sources = trace::open_per_core(&paths, &options).expect("two cores");
    let records: Vec<Record> =
        sources.iter_mut().flat_map(|source| drain(&mut **source).expect("a trace")).collect();
    let expected = [Record::access(0, Op::Read, 0x40, 8), Record::access(1, Op::Write, 0x80, 8)];
    assert_eq!(records, expected);
    std::fs::write(&paths[0], "core,op,addr\n0,R,40\n").expect("a file");
    let error = trace::open_per_core(&paths, &options).err().expect("a table that names cores");
    assert_eq!(error.kind, NotPerCore);
    let single = trace::open(&Input::Path(paths[0].clone()), &options).expect("alone it is fine");
    assert_eq!(single.header().cores, None);
}

#[test]
fn a_csv_is_written_with_a_header_line_and_pinatrace_is_not() {
    let records = [
        Record::access(3, Op::Atomic, 0x1001, 3),
        Record::access(0, Op::Fetch, u64::MAX, 1),
        Record::event(0, Op::Fence, 0),
    ];
    let (text, losses) = write(Format::Csv, &records);
    assert_eq!(text, b"core,op,addr,size\n3,A,0x1001,3\n0,I,0xffffffffffffffff,1\n");
    assert_eq!(losses.to_string(), "1 fence");
    let sink = trace::writer(Format::Pinatrace, &Header::new(Format::Pinatrace), Box::new(vec![]));
    assert_eq!(sink.err().map(|error| error.kind), Some(ReadOnly as TraceErrorKind));
}
