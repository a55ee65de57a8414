//! What is wrong is named with its kind, line, column, expectation and remedy.

use trace::TraceErrorKind::{
    AddressOverflow, BadAddress, BadCore, BadCycles, BadHeader, BadLet, BadOp, BadSize, BadTime,
    Binary, CoreOutOfRange, DuplicateName, Empty, ExtraField, LineTooLong, MissingField,
    SizeOutOfRange, TimeBackwards, TooManyKeys, TooManyNames, UnknownName,
};
use trace::{Format, LINE_BYTES_MAX, NAMES_MAX, Place, ReadOptions, TraceError, TraceErrorKind};

use crate::common::{parse, parse_with};

/// A format, a text, and where and what is wrong: line, column, kind, excerpt underlined,
/// part of what is expected, part of the help.
type Case =
    (Format, &'static str, u64, u64, TraceErrorKind, &'static str, &'static str, &'static str);

const MTRACE: Format = Format::Mtrace;
const DIN: Format = Format::Din;
const XDIN: Format = Format::Xdin;
const LACKEY: Format = Format::Lackey;
const NCSU: Format = Format::Ncsu;
const PERCORE: Format = Format::Percore;
const NUS: Format = Format::Nus;
const MSR: Format = Format::Msr;
const TWITTER: Format = Format::Twitter;
const PINATRACE: Format = Format::Pinatrace;
const EXECLOG: Format = Format::Execlog;
const SPIKE: Format = Format::Spike;

/// The formats that have lines.
fn texts() -> impl Iterator<Item = Format> {
    Format::ALL.iter().copied().filter(|format| !format.is_binary())
}

#[rustfmt::skip]
const CASES: &[Case] = &[
    (MTRACE, "0 R 0x0\n4 R 0x0\n", 2, 1, CoreOutOfRange, "4", "a core number from 0 to 3", "`3`"),
    (MTRACE, "99999999999999999999 R 0x0", 1, 1, CoreOutOfRange,
        "99999999999999999999", "from 0 to 3", "`3`"),
    (MTRACE, "@cores 2\n2 R 0x0\n", 2, 1, CoreOutOfRange, "2", "a core number from 0 to 1", "`1`"),
    (MTRACE, "@cores 1\n1 R 0x0\n", 2, 1, CoreOutOfRange,
        "1", "core number 0, the only core", "`0`"),
    (MTRACE, "x R 0x0\n", 1, 1, BadCore, "x", "a core number", "`0`"),
    (MTRACE, "-1 R 0x0\n", 1, 1, BadCore, "-1", "a core number", "`0`"),
    (MTRACE, "0 r 0x0\n", 1, 3, BadOp, "r", "R W A I C F B or T", "R load"),
    (MTRACE, "0\n", 1, 2, MissingField, "", "an operation", "0 R 0x1000"),
    (MTRACE, "0 R # nowhere\n", 1, 5, MissingField, "", "an address", "0 R 0x1000"),
    (MTRACE, "  0 R  \n", 1, 6, MissingField, "", "an address", "0 R 0x1000"),
    (MTRACE, "0 R 0x10g0\n", 1, 5, BadAddress, "0x10g0", "hexadecimal with 0x", "`0x1000`"),
    (MTRACE, "0 R 1000\n", 1, 5, BadAddress, "1000", "hexadecimal with 0x", "`0x1000`"),
    (MTRACE, "0 R 0x\n", 1, 5, BadAddress, "0x", "hexadecimal with 0x", "`0x1000`"),
    (MTRACE, "0 R 0x10000000000000000\n", 1, 5, AddressOverflow,
        "0x10000000000000000", "at most 64 bits", "`0xffffffffffffffff`"),
    (MTRACE, "0 R 0xfffffffffffffffd 4\n", 1, 5, AddressOverflow,
        "0xfffffffffffffffd", "4 bytes fit", "`0xfffffffffffffffc`"),
    (MTRACE, "0 R 0xffffffffffffffff+1\n", 1, 5, AddressOverflow,
        "0xffffffffffffffff+1", "64 bits", "`0xffffffffffffffff`"),
    (MTRACE, "0 R 0x0+z\n", 1, 9, BadAddress, "z", "an offset", "`+8`"),
    (MTRACE, "0 R 0x0 0\n", 1, 9, SizeOutOfRange, "0", "from 1 to 65536", "`4`"),
    (MTRACE, "0 R 0x0 65537\n", 1, 9, SizeOutOfRange, "65537", "from 1 to 65536", "`4`"),
    (MTRACE, "0 R 0x0 99999999999999999999\n", 1, 9, SizeOutOfRange,
        "99999999999999999999", "65536", "`4`"),
    (MTRACE, "0 C 0x0 1073741825\n", 1, 9, SizeOutOfRange, "1073741825", "1073741824", "`4`"),
    (MTRACE, "0 R 0x0 4x\n", 1, 9, BadSize, "4x", "a size in bytes", "`4`"),
    (MTRACE, "0 R 0x0 4 4\n", 1, 11, ExtraField, "4", "the end of the line", "0 R 0x1000"),
    (MTRACE, "0 B 0x0\n", 1, 5, ExtraField, "0x0", "the end of the line", "0 R 0x1000"),
    (MTRACE, "0 R *\n", 1, 5, BadAddress, "*", "hexadecimal", "`0x1000`"),
    (MTRACE, "0 T\n", 1, 4, MissingField, "", "cycles", "0 T 120"),
    (MTRACE, "0 T x\n", 1, 5, BadCycles, "x", "cycles", "0 T 120"),
    (MTRACE, "0 T 1\n1 T 4611686018427387904\n", 2, 5, BadCycles, "4611686018427387904",
        "in the whole trace", "room for 4611686018427387903 more"),
    (MTRACE, "@time 4611686018427387905 cycles\n", 1, 7, BadTime, "4611686018427387905",
        "at most 4611686018427387904 cycles", "@time"),
    (MTRACE, "let lock = 0x0\n0 R lokc\n", 2, 5, UnknownName,
        "lokc", "a name that `let`", "`lock`?"),
    (MTRACE, "0 R é\n", 1, 5, BadAddress, "é", "hexadecimal", "`0x1000`"),
    (MTRACE, "0 R x é\n", 1, 5, UnknownName, "x", "a name that `let`", "`0x1000`"),
    (MTRACE, "let x = 0x0\n0 R x é\n", 2, 7, BadSize, "é", "a size", "`4`"),
    (MTRACE, "let x 0x1000\n", 1, 7, BadLet, "0x1000", "`=`", "let x = 0x1000"),
    (MTRACE, "let 1x = 0x1000\n", 1, 5, BadLet, "1x", "a name", "let x = 0x1000"),
    (MTRACE, "let x = 0x0\nlet x = 0x0\n", 2, 5, DuplicateName,
        "x", "not declared yet", "another name"),
    (MTRACE, "let x = y\n", 1, 9, UnknownName, "y", "a name that `let`", "`0x1000`"),
    (MTRACE, "@core 4\n", 1, 1, BadHeader, "@core", "@cores", "`@cores`?"),
    (MTRACE, "@cores 65\n", 1, 8, BadHeader, "65", "from 1 to 64", "`@cores 4`"),
    (MTRACE, "@cores 0\n", 1, 8, BadHeader, "0", "from 1 to 64", "`@cores 4`"),
    (MTRACE, "@cores\n", 1, 7, MissingField, "", "from 1 to 64", "`@cores 4`"),
    (MTRACE, "@line 0\n", 1, 7, BadHeader, "0", "bytes", "`@line 64`"),
    (MTRACE, "@title  \n", 1, 7, MissingField, "", "a title", "leave the line out"),
    (MTRACE, "@cores 2\n@cores 2\n", 2, 1, BadHeader, "@cores", "once", "one of the two"),
    (MTRACE, "0 R 0x0\n@cores 2\n", 2, 1, BadHeader, "@cores", "before the first record", "top"),
    (MTRACE, "@time 5\n", 1, 8, MissingField, "", "a unit", "`@time 1.5 ms`"),
    (MTRACE, "@time 5 h\n", 1, 9, BadTime, "h", "a unit", "`@time 1.5 ms`"),
    (MTRACE, "@time x s\n", 1, 7, BadTime, "x", "a number", "`@time 1.5 ms`"),
    (MTRACE, "@time 1.2.3 s\n", 1, 7, BadTime, "1.2.3", "a number", "`@time 1.5 ms`"),
    (MTRACE, "@time .5 s\n", 1, 7, BadTime, ".5", "a number", "`@time 1.5 ms`"),
    (MTRACE, "@time 0.5 ps\n", 1, 7, BadTime,
        "0.5", "whole number of picoseconds", "`@time 1.5 ms`"),
    (MTRACE, "@time 1.5 cycles\n", 1, 7, BadTime, "1.5", "whole number of cycles", "cycles"),
    (MTRACE, "@time 99999999 s\n", 1, 7, BadTime, "99999999", "64 bits", "`@time 1.5 ms`"),
    (MTRACE, "@time 2 s\n0 R 0x0\n@time 1999 ms\n", 3, 1, TimeBackwards,
        "@time 1999 ms", "2000000000000 ps", "`@time 2000000000000 ps`"),
    (MTRACE, "@time 2 cycles\n@time 1 cycles\n", 2, 1, TimeBackwards,
        "@time 1 cycles", "2 cycles", "`@time 2 cycles`"),
    (DIN, "0 1000\n5 1000\n", 2, 1, BadOp, "5", "a label from 0 to 4", "0 is a read"),
    (DIN, "R 1000\n", 1, 1, BadOp, "R", "a label from 0 to 4", "0 is a read"),
    (DIN, "0\n", 1, 2, MissingField, "", "an address", "`0 7fff1234`"),
    (DIN, "0 10g0\n", 1, 3, BadAddress, "10g0", "hexadecimal", "`7fff1234`"),
    (DIN, "0 10000000000000000\n", 1, 3, AddressOverflow,
        "10000000000000000", "64 bits", "`0xffffffffffffffff`"),
    (XDIN, "x 1000 4\n", 1, 1, BadOp, "x", "`r`, `w`", "`r 7fff1234 4`"),
    (XDIN, "r 1000\n", 1, 7, MissingField, "", "a size", "`r 7fff1234 4`"),
    (XDIN, "r 1000 0\n", 1, 8, SizeOutOfRange, "0", "from 1 to 10000", "`4`"),
    (XDIN, "r 1000 10001\n", 1, 8, SizeOutOfRange, "10001", "from 1 to 10000", "`4`"),
    (XDIN, "r 1000 g\n", 1, 8, BadSize, "g", "hexadecimal", "`4`"),
    (XDIN, "r ffffffffffffffff 2\n", 1, 3, AddressOverflow,
        "ffffffffffffffff", "2 bytes fit", "`0xfffffffffffffffe`"),
    (XDIN, "c 1000 0\n", 1, 8, SizeOutOfRange, "0", "from 1", "`4`"),
    (LACKEY, " X 1000,4\n", 1, 2, BadOp, "X", "`I`, `L`", " L 1ffeffe7e0,8"),
    (LACKEY, " L 1000\n", 1, 8, MissingField, "", "a comma", " L 1ffeffe7e0,8"),
    (LACKEY, " L 1000,\n", 1, 9, BadSize, "", "a size", "`4`"),
    (LACKEY, " L 10z0,4\n", 1, 4, BadAddress, "10z0", "hexadecimal", "`1ffeffe7e0`"),
    (LACKEY, " L 1000,0\n", 1, 9, SizeOutOfRange, "0", "from 1 to 65536", "`4`"),
    (LACKEY, " S ffffffffffffffff,8\n", 1, 4, AddressOverflow,
        "ffffffffffffffff", "8 bytes fit", "`0xfffffffffffffff8`"),
    (LACKEY,
        " L 10,4\n--1--   SCHED[1]:  acquired lock\n--1--   SCHED[2]:  acquired lock\n\
         --1--   SCHED[3]:  acquired lock\n--1--   SCHED[4]:  acquired lock\n\
         --1--   SCHED[9]:  acquired lock\n", 6, 15, CoreOutOfRange,
        "9", "at most 4 threads", "`--cores 5`"),
    (LACKEY, "==1==\n--1--   SCHED[99999999999999999999]:  acquired lock\n", 2, 15, BadCore,
        "99999999999999999999", "64 bits", "SCHED[1]"),
    (NCSU, "0 r 10\n4 w 10\n", 2, 1, CoreOutOfRange, "4", "from 0 to 3", "`--cores 5`"),
    (NCSU, "0 R 10\n", 1, 3, BadOp, "R", "`r` or `w`", "`0 r 7fff1234`"),
    (NCSU, "0 r\n", 1, 4, MissingField, "", "an address", "`0 r 7fff1234`"),
    (NCSU, "0 r zz\n", 1, 5, BadAddress, "zz", "hexadecimal", "`7fff1234`"),
    (NCSU, "0 r 10 4\n", 1, 8, ExtraField, "4", "the end of the line", "`0 r 7fff1234`"),
    (PERCORE, "i 0x10\n", 1, 1, BadOp, "i", "`r` or `w`", "`r 0x7fff1234`"),
    (PERCORE, "r 10\n", 1, 3, BadAddress, "10", "with 0x", "`0x1000`"),
    (PERCORE, "r 0x10 4\n", 1, 8, ExtraField, "4", "the end", "`r 0x7fff1234`"),
    (NUS, "3 0x10\n", 1, 1, BadOp, "3", "a label from 0 to 2", "0 is a load"),
    (NUS, "0 10\n", 1, 3, BadAddress, "10", "with 0x", "`0x1000`"),
    (NUS, "2 0x1\n2 0x4000000000000000\n", 2, 3, BadCycles, "0x4000000000000000",
        "in the whole trace", "room for 4611686018427387903 more"),
    (NUS, "2 c\n", 1, 3, BadCycles, "c", "hexadecimal with 0x", "`0xc`"),
    (NUS, "2 0x10000000000000000\n", 1, 3, BadCycles, "0x10000000000000000", "64 bits", "`0xc`"),
    (MSR, "1,h,0,Read,0,512\n", 1, 17, MissingField, "", "a response time", "hm,0,Read,"),
    (MSR, "1,,0,Read,0,512,1\n", 1, 3, MissingField, "", "a host", "hm,0,Read,"),
    (MSR, "1,h,0,Read,0,512,1,2\n", 1, 19, ExtraField, ",2", "after 7 fields", "hm,0,Read,"),
    (MSR, "x,h,0,Read,0,512,1\n", 1, 1, BadTime, "x", "a timestamp", "`128166372003061629,hm"),
    (MSR, "1,h,0,Read,0,512,1\n46116860184275,h,0,Read,0,512,1\n", 2, 1, BadTime,
        "46116860184275", "53 days", "shorter"),
    (MSR, "1,h,0, Trim ,0,512,1\n", 1, 8, BadOp, "Trim", "`Read` or `Write`", "hm,0,Read,"),
    (MSR, "1,h,d,Read,0,512,1\n", 1, 5, BadAddress, "d", "a disk number", "hm,0,Read,"),
    (MSR, "1,h,0,Read,x,512,1\n", 1, 12, BadAddress, "x", "an offset in bytes", "hm,0,Read,"),
    (MSR, "1,h,0,Read,281474976710655,512,1\n", 1, 12, AddressOverflow,
        "281474976710655", "512 bytes end within 256 TiB", "`281474976710144`"),
    (MSR, "1,h,0,Read,99999999999999999999,512,1\n", 1, 12, AddressOverflow,
        "99999999999999999999", "512 bytes end within 256 TiB", "`281474976710144`"),
    (MSR, "1,h,0,Read,0,0,1\n", 1, 14, SizeOutOfRange, "0", "from 1 to 1073741824", "`4`"),
    (MSR, "1,h,0,Read,0,1073741825,1\n", 1, 14, SizeOutOfRange, "1073741825", "1073741824", "`4`"),
    (MSR, "1,h,0,Read,0,-1,1\n", 1, 14, BadSize, "-1", "a size in bytes", "`4`"),
    (TWITTER, "0,k,1,1,0,get\n", 1, 14, MissingField, "", "a time to live", ",17,213,4,get,0`"),
    (TWITTER, "0,,1,1,0,get,0\n", 1, 3, MissingField, "", "a key", ",17,213,4,get,0`"),
    (TWITTER, "0,k,1,1,0,touch,0\n", 1, 11, BadOp, "touch", "get, gets, set", ",17,213,4,get,0`"),
    (TWITTER, "1.5,k,1,1,0,get,0\n", 1, 1, BadTime, "1.5", "in seconds", ",17,213,4,get,0`"),
    (TWITTER, "0,k,1,1,0,get,0\n4611687,k,1,1,0,get,0\n", 2, 1, BadTime,
        "4611687", "53 days", "shorter"),
    (PINATRACE, "0x400: R 0x10\n0x400: R\n", 2, 9, MissingField, "", "an address, of 3", "`_`"),
    (PINATRACE, "0x400: R 0x10 8\n", 1, 15, ExtraField, "8", "after 3 columns", "`--columns`"),
    (PINATRACE, "0x400: X 0x10\n", 1, 8, BadOp, "X", "r, w, i or a", "read, load"),
    (PINATRACE, "0x40g: R 0x10\n", 1, 1, BadAddress, "0x40g", "hexadecimal", "`addr:dec`"),
    (PINATRACE, "0x400: R (null)\n", 1, 10, BadAddress, "(null)", "hexadecimal", "`addr:dec`"),
    (PINATRACE, "0x400: W 0x10000000000000000\n", 1, 10, AddressOverflow,
        "0x10000000000000000", "64 bits", "`0xffffffffffffffff`"),
    (EXECLOG, "0, 0x4, 0x0, nop\n", 1, 17, MissingField, "", "the disassembly", "`0, 0x400a14,"),
    (EXECLOG, "0, 0x4, \"nop\"\n", 1, 7, MissingField, "", "the opcode", "`0, 0x400a14,"),
    (EXECLOG, "4, 0x4, 0x0, \"\"\n", 1, 1, CoreOutOfRange, "4", "from 0 to 3", "`--cores 5`"),
    (EXECLOG, "x, 0x4, 0x0, \"\"\n", 1, 1, BadCore, "x", "a core number", "`0`"),
    (EXECLOG, "0, 4, 0x0, \"\"\n", 1, 4, BadAddress, "4", "with 0x", "`0x1000`"),
    (EXECLOG, "0, 0x4, 0x0, \"\" x, load, 0x8\n", 1, 17, BadOp, "x", "`load`", "`0, 0x400a14,"),
    (EXECLOG, "0, 0x4, 0x0, \"\", lode, 0x8\n", 1, 18, BadOp, "lode", "`load`", "`0, 0x400a14,"),
    (EXECLOG, "0, 0x4, 0x0, \"\", load, 0x8, RAM, ROM\n", 1, 34, BadOp,
        "ROM", "the name of a device", "`0, 0x400a14,"),
    (EXECLOG, "0, 0x4, 0x0, \"\", load, 0x8, store\n", 1, 34, MissingField,
        "", "an address", "`0, 0x400a14,"),
    (EXECLOG, "0, 0x4, 0x0, \"\", load, 0x8g\n", 1, 24, BadAddress, "0x8g", "with 0x", "`0x1000`"),
    (EXECLOG, "0, 0x10000000000000000, 0x0, \"\"\n", 1, 4, AddressOverflow,
        "0x10000000000000000", "64 bits", "`0xffffffffffffffff`"),
    (SPIKE, "cpu 0: 3 0x80 (0x8082)\n", 1, 1, BadOp, "cpu", "`core`", "`core   0: 3"),
    (SPIKE, "core   4: 3 0x80 (0x8082)\n", 1, 8, CoreOutOfRange, "4", "from 0 to 3", "`--cores 5`"),
    (SPIKE, "core   x: 3 0x80 (0x8082)\n", 1, 8, BadCore, "x", "a core number", "`0`"),
    (SPIKE, "core   0: 3 80 (0x8082)\n", 1, 13, BadAddress, "80", "with 0x", "`0x1000`"),
    (SPIKE, "core   0: 3 0x80\n", 1, 17, MissingField, "", "the opcode", "`core   0: 3"),
    (SPIKE, "core   0: 3 0x80 0x8082\n", 1, 18, BadOp, "0x8082", "an opcode", "`core   0: 3"),
    (SPIKE, "core   0: 3 0x80 (0x8082) mem\n", 1, 30, MissingField,
        "", "an address", "core   0: 3"),
    (SPIKE, "core   0: 3 0x80 (0x8082) mem x\n", 1, 31, BadAddress, "x", "with 0x", "`0x1000`"),
    (SPIKE, "core   0: 3 0x80 (0x8082) mem 0x8 0xg\n", 1, 35, BadSize,
        "0xg", "the data", "core   "),
    (SPIKE, "core   0: 3 0x80 (0x8082) mem 0xffffffffffffffff 0x1234\n", 1, 31, AddressOverflow,
        "0xffffffffffffffff", "2 bytes fit", "`0xfffffffffffffffe`"),
    (SPIKE, "core   0: 3 0xffffffffffffffff (0x8082)\n", 1, 13, AddressOverflow,
        "0xffffffffffffffff", "2 bytes fit", "`0xfffffffffffffffe`"),
    (TWITTER, "0,k,1,big,0,get,0\n", 1, 7, BadSize, "big", "the size of the value", ",213,4,"),
];

fn place(error: &TraceError) -> (u64, u64) {
    match error.place {
        Place::Text { line, column } => (line, column),
        other => panic!("{other:?} is no place in a text"),
    }
}

#[test]
fn a_line_too_long_is_named_even_before_the_format_is_known() {
    let text = "0 1000\n".repeat(9) + &"x".repeat(1 << 20);
    let error = parse_with(&ReadOptions::default(), text.as_bytes()).expect_err("too long");
    assert_eq!((error.kind, place(&error)), (LineTooLong, (10, LINE_BYTES_MAX as u64 + 1)));
}

#[test]
fn each_malformed_line_is_named_exactly() {
    for &(format, text, line, column, kind, underlined, expected, help) in CASES {
        let options = ReadOptions { format: Some(format), cores_max: 4, ..ReadOptions::default() };
        let error = parse_with(&options, text.as_bytes()).expect_err(text);
        assert_eq!(error.kind, kind, "{text:?}: {error}");
        assert_eq!(place(&error), (line, column), "{text:?}: {error}");
        let excerpt = error.excerpt.as_ref().expect("an excerpt");
        assert_eq!(&excerpt.line[excerpt.start..excerpt.end], underlined, "{text:?}: {error}");
        assert!(error.expected.contains(expected), "{text:?}: {error}");
        assert!(error.help.contains(help), "{text:?}: {}", error.help);
        assert!(error.to_string().starts_with(&format!("test:{line}:{column}: ")), "{error}");
    }
}

#[test]
fn every_malformed_line_is_found_behind_many_good_ones_with_the_same_column() {
    for &(format, text, line, column, kind, ..) in CASES {
        if text.starts_with('@') || text.contains("let ") || text.contains("SCHED") {
            continue;
        }
        let good = match format {
            MTRACE => "0 R 0x10\n",
            DIN => "0 10\n",
            XDIN => "r 10 4\n",
            LACKEY => " L 10,4\n",
            NCSU => "0 r 10\n",
            PERCORE => "r 0x10\n",
            NUS => "0 0x10\n",
            MSR => "1,h,0,Read,0,512,1\n",
            TWITTER => "0,k,1,1,0,get,0\n",
            PINATRACE => "0x400: R 0x10\n",
            EXECLOG => "0, 0x4, 0x0, \"nop\"\n",
            SPIKE => "core   0: 3 0x80 (0x8082)\n",
            Format::Csv => panic!("it has a header line, see tables"),
            Format::Mtrc
            | Format::Drmemtrace
            | Format::Champsim
            | Format::ChampsimCloudsuite
            | Format::Gem5
            | Format::OracleGeneral => panic!("it has no lines"),
        };
        let options = ReadOptions { format: Some(format), cores_max: 4, ..ReadOptions::default() };
        let long = good.repeat(100_000) + text;
        let error = parse_with(&options, long.as_bytes()).expect_err(text);
        assert_eq!((error.kind, place(&error)), (kind, (100_000 + line, column)), "{error}");
    }
}

#[test]
fn an_empty_trace_is_an_error_and_so_is_one_of_comments_only() {
    for format in texts() {
        let header = if format == Format::Csv { "core,op,addr,size\n" } else { "" };
        let example = format!("{header}{}", format.example());
        assert_eq!(parse(format, example.as_bytes()).expect("the example").len(), 1);
        for text in ["", "\n\n", "# nothing\n", "\r\n"] {
            let error = parse(format, text.as_bytes()).expect_err("no records");
            assert_eq!(error.kind, Empty, "{}: {error}", format.name());
        }
    }
    let error = parse(MTRACE, b"@cores 2\n").expect_err("no records");
    assert_eq!(error.kind, Empty);
    let error = parse(LACKEY, b"==1== Lackey\n").expect_err("no records");
    assert_eq!(error.kind, Empty);
}

#[test]
fn a_nul_byte_is_named_as_such() {
    for format in texts() {
        let error = parse(format, b"\x00\x01\x02 0 R\n").expect_err("binary");
        assert_eq!((error.kind, place(&error)), (Binary, (1, 1)), "{error}");
    }
}

#[test]
fn the_longest_legal_line_is_read_and_one_byte_more_is_an_error() {
    let line = |length: usize| format!("0 1000 {}", "x".repeat(length - 7));
    for end in ["", "\n", "\r\n", "\n0 1000\n"] {
        let text = line(LINE_BYTES_MAX) + end;
        assert!(parse(DIN, text.as_bytes()).is_ok(), "{end:?}");
        let text = format!("0 0\n{}{end}", line(LINE_BYTES_MAX + 1));
        let error = parse(DIN, text.as_bytes()).expect_err("too long");
        let expected = (LineTooLong, (2, LINE_BYTES_MAX as u64 + 1));
        assert_eq!((error.kind, place(&error)), expected, "{end:?}");
    }
}

#[test]
fn a_line_without_end_is_refused_without_being_read() {
    /// Endless, and fails the test when much is read of it.
    struct Endless(usize);
    impl std::io::Read for Endless {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            assert!(self.0 < 4 << 20, "read {} bytes of an endless line", self.0);
            into.fill(b'7');
            self.0 += into.len();
            Ok(into.len())
        }
    }
    for format in texts() {
        let options = ReadOptions { format: Some(format), ..ReadOptions::default() };
        let result = trace::read("endless", Box::new(Endless(0)), &options);
        let error = result.err().expect("a line that is too long");
        assert_eq!((error.kind, place(&error)), (LineTooLong, (1, LINE_BYTES_MAX as u64 + 1)));
    }
}

#[test]
fn names_are_bounded_in_number() {
    let lines: Vec<String> = (0..NAMES_MAX).map(|i| format!("let v{i} = {i:#x}\n")).collect();
    let mut text = lines.concat();
    let good = format!("{text}0 R v65535\n");
    assert_eq!(parse(MTRACE, good.as_bytes()).expect("so many names")[0].addr, 65_535);
    text += "let one_more = 0x0\n";
    let error = parse(MTRACE, text.as_bytes()).expect_err("too many names");
    assert_eq!((error.kind, place(&error)), (TooManyNames, (NAMES_MAX as u64 + 1, 1)));
}

#[test]
fn disks_are_bounded_in_number() {
    let line = |disk: usize| format!("1,h,{disk},Write,4096,512,1\n");
    let mut text: String = (0..1 << 16).map(line).collect();
    let records = parse(MSR, text.as_bytes()).expect("so many disks");
    assert_eq!(records[65_535].addr, 0xffff_0000_0000_1000);
    text += &line(1 << 16);
    let error = parse(MSR, text.as_bytes()).expect_err("too many disks");
    assert_eq!((error.kind, place(&error)), (TooManyKeys, (65_537, 3)));
    assert!(error.expected.contains("65536 different disks"), "{error}");
}

#[test]
fn codes_are_distinct_and_in_order() {
    let codes: Vec<&str> = TraceErrorKind::ALL.iter().map(|kind| kind.code()).collect();
    let expected: Vec<String> = (101..=100 + codes.len()).map(|n| format!("E0{n}")).collect();
    assert_eq!(codes, expected);
}

#[test]
fn what_was_read_before_an_error_is_kept() {
    let text = "0 R 0x0\n".repeat(10) + "x\n";
    let options = ReadOptions::default();
    let input = std::io::Cursor::new(text.into_bytes());
    let mut source = trace::read("t.mtrace", Box::new(input), &options).expect("a first record");
    let mut records = Vec::new();
    let error = source.read(&mut records).expect_err("a bad line");
    assert_eq!((records.len(), place(&error)), (10, (11, 1)));
}
