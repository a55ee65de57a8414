//! Logs of instructions (QEMU's execlog, Spike): a fetch a line, and what it accessed.

use std::fmt::Write as _;

use trace::TraceErrorKind::{Empty, NotPerCore, ReadOnly};
use trace::{Codec, Format, Header, Op, ReadOptions, Record};

use crate::common::{Random, compress, drain, open_bytes, parse};
use crate::large::Pieces;

/// Checks records against what was counted while the text was made.
#[derive(Default)]
struct Counted {
    text: String,
    ops: [usize; 4],
    cores: [usize; 3],
    sum: u64,
    bytes: u64,
}

impl Counted {
    fn count(&mut self, op: usize, core: usize, addr: u64, size: u64) {
        self.ops[op] += 1;
        self.cores[core] += 1;
        self.sum = self.sum.wrapping_add(addr);
        self.bytes += size;
    }

    fn check(&self, format: Format) {
        let check = |records: &[Record]| {
            let of = |op| records.iter().filter(|record| record.op == op).count();
            assert_eq!([Op::Fetch, Op::Read, Op::Write, Op::Atomic].map(of), self.ops);
            let of = |core| records.iter().filter(|record| record.core == core).count();
            assert_eq!([0, 1, 2].map(of), self.cores);
            let sum = records.iter().fold(0, |sum: u64, record| sum.wrapping_add(record.addr));
            assert_eq!(sum, self.sum);
            assert_eq!(records.iter().map(|r| u64::from(r.size)).sum::<u64>(), self.bytes);
        };
        let bytes = self.text.as_bytes();
        check(&parse(format, bytes).expect("a log"));
        for &codec in Codec::WRITTEN {
            check(&open_bytes("no name", &compress(codec, bytes)).expect("a log"));
        }
        let pieces = Pieces { bytes: bytes.to_vec(), at: 0, random: Random(3) };
        let source = trace::read("no name", Box::new(pieces), &ReadOptions::default());
        let mut source = source.expect("a log");
        assert_eq!(source.header().format, format);
        assert_eq!((source.header().cores, source.header().ordered), (None, true));
        check(&drain(&mut *source).expect("a log"));
    }
}

#[test]
fn a_line_of_execlog_is_a_fetch_and_its_accesses() {
    let text = b"0, 0xa12, 0xf8012400, \"movs r4, #0\"\n\
        1, 0xd36, 0xf9b8f000, \"bl #0x10c8\", store, 0x20000248, RAM, store, 0x2000024c, RAM\n\
        2, 0x401136, 0x8b48, \"mov \\\"rax\\\", [rbp]\", load, 0x7ffe41 , store,0x40007ffe58\n\
        0,0x7ffffffffffffffe,0x1,\"\",load,0x10000000,pl011,x0 -> 0x5, x1 -> 0x0\n\
        0, 0x0, 0x0, \"ldr\", r4 -> 0x00000000, load, 0xffffffffffffffff\n";
    let record = Record::access;
    let expected = [
        record(0, Op::Fetch, 0xa12, 4),
        record(1, Op::Fetch, 0xd36, 2),
        record(1, Op::Write, 0x2000_0248, 8),
        record(1, Op::Write, 0x2000_024c, 4),
        record(2, Op::Fetch, 0x40_1136, 2),
        record(2, Op::Read, 0x7f_fe41, 7),
        record(2, Op::Write, 0x40_007f_fe58, 8),
        record(0, Op::Fetch, 0x7fff_ffff_ffff_fffe, 2),
        record(0, Op::Read, 0x1000_0000, 8),
        record(0, Op::Fetch, 0, 4),
        record(0, Op::Read, u64::MAX, 1),
    ];
    assert_eq!(parse(Format::Execlog, text).expect("execlog"), expected);
    assert_eq!(open_bytes("qemu.log", text).expect("recognised"), expected);
}

#[test]
fn a_line_of_spike_is_a_fetch_and_its_accesses() {
    let text = b"core   0: >>>>  _start\n\
        core   0: 0x0000000080000000 (0x00000297) auipc   t0, 0x0\n\
        core   0: 3 0x0000000080000000 (0x00000297) x5  0x0000000080000000\n\
        core   0: 3 0x0000000080000004 (0x0182b283) x5  0x1 mem 0x0000000080000018\n\
        core   1: 3 0x0000000080000008 (0x4188) x10 0x0000000000000007 mem 0x0000000080002004\n\
        core   1: 3 0x000000008000000a (0x00b52023) mem 0x0000000080002008 0x00000007\n\
        core   1: 3 0x000000008000000e (0x00b50023) mem 0x000000008000200b 0x7\n\
        core   0: 0 0x0000000080000010 (0x00b5252f) x10 0x0 mem 0x80003000 \
        mem 0x80003000 0x0000000b\n\
        core   0: 0 0x0000000080000014 (0x1005252f) x10 0x0 mem 0x80003000\n\
        core   0: 0 0x0000000080000018 (0x18b5252f) x10 0x0 mem 0x80003000 0x0000000b\n\
        core   0: 3 0x8000001c (0x6188) f10 0x1 mem 0x80004000\n\
        core   0: 3 0x80000020 (0x0205e407) e32 m1 l4 v8  0x1 mem 0x80005004 mem 0x80005008\n\
        core   0: 3 0x80000024 (0x30529073) c773_mtvec 0x0000000080000004\n\
        core   0: exception trap_illegal_instruction, epc 0x0000000080000028\n\
        core   0:           tval 0x0000000000000000\n\
        core   0:\n";
    let record = Record::access;
    let expected = [
        record(0, Op::Fetch, 0x8000_0000, 4),
        record(0, Op::Fetch, 0x8000_0004, 4),
        record(0, Op::Read, 0x8000_0018, 8),
        record(1, Op::Fetch, 0x8000_0008, 2),
        record(1, Op::Read, 0x8000_2004, 4),
        record(1, Op::Fetch, 0x8000_000a, 4),
        record(1, Op::Write, 0x8000_2008, 4),
        record(1, Op::Fetch, 0x8000_000e, 4),
        record(1, Op::Write, 0x8000_200b, 1),
        record(0, Op::Fetch, 0x8000_0010, 4),
        record(0, Op::Atomic, 0x8000_3000, 4),
        record(0, Op::Fetch, 0x8000_0014, 4),
        record(0, Op::Read, 0x8000_3000, 4),
        record(0, Op::Fetch, 0x8000_0018, 4),
        record(0, Op::Write, 0x8000_3000, 4),
        // With addresses of 32 bits, as RV32 has them, this is C.FLW.
        record(0, Op::Fetch, 0x8000_001c, 2),
        record(0, Op::Read, 0x8000_4000, 4),
        record(0, Op::Fetch, 0x8000_0020, 4),
        record(0, Op::Read, 0x8000_5004, 4),
        record(0, Op::Read, 0x8000_5008, 8),
        record(0, Op::Fetch, 0x8000_0024, 4),
    ];
    assert_eq!(parse(Format::Spike, text).expect("spike"), expected);
    assert_eq!(open_bytes("spike.log", text).expect("recognised"), expected);
    let uncommitted = b"core   0: 0x0000000080000000 (0x00000297) auipc   t0, 0x0\n";
    assert_eq!(parse(Format::Spike, uncommitted).expect_err("no commits").kind, Empty);
}

#[test]
fn a_long_execlog_is_counted_right() {
    let (mut random, mut counted) = (Random(8), Counted::default());
    for _ in 0..60_000 {
        let (core, pc) = (random.below(3), 0x40_0000 + 2 * random.below(1 << 20) as u64);
        counted.count(0, core, pc, (8 - pc % 8).min(4));
        let opcode = random.next() as u32;
        write!(counted.text, "{core}, {pc:#x}, {opcode:#x}, \"ldr x0, [x{core}, #4]\"").unwrap();
        for _ in 0..random.below(4) {
            let (op, addr) = (1 + random.below(2), random.next() >> (8 + random.below(50)));
            counted.count(op, core, addr, 8 - addr % 8);
            let device = ["", ", RAM"][random.below(2)];
            write!(counted.text, ", {}, 0x{addr:08x}{device}", ["", "load", "store"][op]).unwrap();
        }
        counted.text.push('\n');
    }
    assert!(counted.ops.iter().sum::<usize>() > 100_000);
    counted.check(Format::Execlog);
}

#[test]
fn a_long_log_of_spike_is_counted_right() {
    let (mut random, mut counted) = (Random(9), Counted::default());
    for _ in 0..60_000 {
        let (core, pc) = (random.below(3), 0x8000_0000 + 2 * random.below(1 << 20) as u64);
        let addr = random.next() >> (8 + random.below(50));
        let data = random.next();
        let begin = format!("core   {core}: 3 {pc:#018x} ");
        let (width, name) = [(0, "lb"), (1, "lh"), (2, "lw"), (3, "ld")][random.below(4)];
        let bytes = 1_u64 << width;
        let digits = 2 * bytes as usize;
        let kept = data >> (64 - 8 * bytes);
        match random.below(5) {
            0 => {
                // The disassembly, which is no commit.
                writeln!(counted.text, "core   {core}: {pc:#018x} (0x8082) {name} a0").unwrap();
                writeln!(counted.text, "{begin}(0x8082)").unwrap();
                counted.count(0, core, pc, 2);
            }
            1 => {
                let opcode = 0x0005_8503 | width << 12;
                writeln!(counted.text, "{begin}({opcode:#010x}) x10 {data:#018x} mem {addr:#018x}")
                    .unwrap();
                counted.count(0, core, pc, 4);
                counted.count(1, core, addr, bytes);
            }
            2 | 3 => {
                let opcode = 0x00b5_0023 | width << 12;
                writeln!(
                    counted.text,
                    "{begin}({opcode:#010x}) mem {addr:#018x} 0x{kept:0digits$x}"
                )
                .unwrap();
                counted.count(0, core, pc, 4);
                counted.count(2, core, addr, bytes);
            }
            _ => {
                let (width, digits) = [(2, 8), (3, 16)][random.below(2)];
                let opcode = 0x00b5_052f | width << 12;
                let kept = data >> (64 - 4 * digits);
                writeln!(
                    counted.text,
                    "{begin}({opcode:#010x}) x10 0x0 mem {addr:#018x} mem {addr:#018x} \
                     0x{kept:0digits$x}"
                )
                .unwrap();
                counted.count(0, core, pc, 4);
                counted.count(3, core, addr, digits as u64 / 2);
            }
        }
    }
    assert!(counted.ops.iter().sum::<usize>() > 100_000);
    counted.check(Format::Spike);
}

#[test]
fn the_longest_line_has_many_accesses_and_chunks_are_no_longer_for_it() {
    let access = ",load,0x0";
    let line = format!("0,0x0,0x0,\"\"{}\n", access.repeat((trace::LINE_BYTES_MAX - 12) / 9));
    let records = parse(Format::Execlog, line.repeat(500).as_bytes()).expect("execlog");
    assert_eq!(records.len(), 500 * (1 + (trace::LINE_BYTES_MAX - 12) / 9));
    let line = format!("core 0: 0 0x0 (0x00){}\n", " mem 0x0".repeat(500));
    let records = parse(Format::Spike, line.repeat(500).as_bytes()).expect("spike");
    assert_eq!(records.len(), 500 * 501);
}

#[test]
fn logs_name_their_cores_and_are_not_written() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for format in [Format::Execlog, Format::Spike] {
        let paths = ["a", "b"].map(|name| {
            let path = folder.path().join(name);
            std::fs::write(&path, format.example()).expect("a file");
            path
        });
        let error = trace::open_per_core(&paths, &ReadOptions::default()).err();
        assert_eq!(error.expect("logs of all cores").kind, NotPerCore);
        let sink = trace::writer(format, &Header::new(format), Box::new(Vec::new()));
        assert_eq!(sink.err().expect("no writer").kind, ReadOnly);
    }
}
