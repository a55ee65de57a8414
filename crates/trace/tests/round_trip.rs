//! What is written is read back, and what cannot be said is counted.

use trace::{Format, Header, LackeyModify, Loss, Op, ReadOptions, Record};

use crate::common::{parse, parse_with, sayable, write, write_with};

#[test]
fn every_format_reads_what_it_wrote() {
    for format in Format::written() {
        for seed in 1..=5 {
            let records = sayable(format, 2000, seed);
            let (text, losses) = write(format, &records);
            assert!(losses.is_empty(), "{}: lost {losses}", format.name());
            let back = parse(format, &text).expect("what was written");
            assert_eq!(back, records, "{}, seed {seed}", format.name());
        }
    }
}

#[test]
fn every_format_reads_crlf_and_a_missing_last_newline_and_blank_lines_alike() {
    for format in Format::written().filter(|format| !format.is_binary()) {
        let records = sayable(format, 300, 7);
        let text = String::from_utf8(write(format, &records).0).expect("text");
        let crlf = text.replace('\n', "\r\n");
        let blank = format!("\n\r\n# a comment\n  \t\n{text}\n\n");
        let marked = format!("\u{feff}# made by an editor\n{text}");
        for variant in [text.trim_end(), &crlf, crlf.trim_end(), &blank, &marked] {
            let back = parse(format, variant.as_bytes()).expect("the same records");
            assert_eq!(back, records, "{}", format.name());
        }
    }
}

#[test]
fn the_header_of_mtrace_comes_back() {
    let header = Header {
        cores: Some(3),
        line: Some(128),
        title: Some("A # is no comment here, é".to_owned()),
        config: Some("machines/old one.ron".to_owned()),
        ..Header::new(Format::Mtrace)
    };
    let (text, losses) = write_with(&header, &[Record::access(2, Op::Read, 64, 4)]);
    assert!(losses.is_empty());
    let input = std::io::Cursor::new(text);
    let source = trace::read("t", Box::new(input), &ReadOptions::default()).expect("a trace");
    assert_eq!(*source.header(), header);
}

#[test]
fn a_title_that_no_line_can_hold_is_made_to_fit() {
    let title = Some(format!("a\nb{}", "é".repeat(5000)));
    let header = Header { title, ..Header::new(Format::Mtrace) };
    let (text, _) = write_with(&header, &[Record::access(0, Op::Read, 64, 4)]);
    assert_eq!(parse(Format::Mtrace, &text).expect("lines of legal length").len(), 1);
}

#[test]
fn lackey_keeps_core_numbers_in_whatever_order_cores_appear() {
    for cores in [&[2u16, 0, 1, 2][..], &[0, 0], &[3], &[0, 2, 1, 2, 0], &[1, 0]] {
        let records: Vec<Record> =
            cores.iter().map(|&core| Record::access(core, Op::Read, 64, 8)).collect();
        let (text, losses) = write(Format::Lackey, &records);
        assert!(losses.is_empty());
        assert_eq!(parse(Format::Lackey, &text).expect("lackey"), records, "{cores:?}");
    }
}

#[test]
fn lackey_modify_is_a_read_and_a_write_or_an_atomic() {
    let text = b"==12== Lackey\n M 1000,8\n";
    let read = Record::access(0, Op::Read, 0x1000, 8);
    let write = Record::access(0, Op::Write, 0x1000, 8);
    assert_eq!(parse(Format::Lackey, text).expect("lackey"), [read, write]);
    let options = ReadOptions { lackey_modify: LackeyModify::Atomic, ..ReadOptions::default() };
    let atomic = Record::access(0, Op::Atomic, 0x1000, 8);
    assert_eq!(parse_with(&options, text).expect("lackey"), [atomic]);
}

#[test]
fn lackey_threads_become_cores_in_the_order_of_their_appearance() {
    let text = b"==7== Lackey\n--7-- warning: what not\nI  400,3\n\
        --7--   SCHED[3]:  acquired lock (VG_(scheduler))\n L 10,8\n\
        --7--   SCHED[3]:  releasing lock (VG_(scheduler))\n\
        --7--   SCHED[1]:  acquired lock (VG_(scheduler))\n S 20,4\n\
        **7** a message of the program's\n\
        --7--   SCHED[3]:  acquired lock (VG_(scheduler))\n M 30,1\n";
    let expected = [
        Record::access(0, Op::Fetch, 0x400, 3),
        Record::access(0, Op::Read, 0x10, 8),
        Record::access(1, Op::Write, 0x20, 4),
        Record::access(0, Op::Read, 0x30, 1),
        Record::access(0, Op::Write, 0x30, 1),
    ];
    assert_eq!(parse(Format::Lackey, text).expect("lackey"), expected);
}

#[test]
fn a_thread_of_lackey_that_starts_is_a_core_of_its_own_whatever_its_number() {
    let text = b"--7--   SCHED[1]:  acquired lock (thread_wrapper(starting new thread))\n L 10,8\n\
        --7--   SCHED[2]:  acquired lock (thread_wrapper(starting new thread))\n L 20,8\n\
        --7--   SCHED[2]: exiting VG_(scheduler)\n\
        --7--   SCHED[1]:  acquired lock (VG_(vg_yield))\n L 11,8\n\
        --7--   SCHED[2]:  acquired lock (thread_wrapper(starting new thread))\n L 30,8\n\
        --7--   SCHED[1]:  acquired lock (VG_(vg_yield))\n L 12,8\n\
        --7--   SCHED[2]:  acquired lock (VG_(vg_yield))\n L 31,8\n";
    let read = |core, addr| Record::access(core, Op::Read, addr, 8);
    let expected =
        [read(0, 0x10), read(1, 0x20), read(0, 0x11), read(2, 0x30), read(0, 0x12), read(2, 0x31)];
    assert_eq!(parse(Format::Lackey, text).expect("lackey"), expected);
}

#[test]
fn lackey_without_its_marks_is_read_too() {
    // Valgrind 3.19 with --trace-sched=yes: some messages have no --PID--, and lines are empty.
    let text = b"==7== Lackey\n--7--   SCHED[1]:  acquired lock (VG_(scheduler))\n L 10,8\n\n\
        SCHEDSETJMP(line 1211) tid 2, jumped=1476724588\n\n S 20,4\n";
    let expected = [Record::access(0, Op::Read, 0x10, 8), Record::access(0, Op::Write, 0x20, 4)];
    assert_eq!(parse(Format::Lackey, text).expect("lackey"), expected);
    let unnamed = trace::read("stream", Box::new(&text[..]), &ReadOptions::default());
    assert_eq!(unnamed.expect("recognised").header().format, Format::Lackey);
    assert!(parse(Format::Lackey, b"SCHEDULE\n L 10,8\n").is_err());
}

#[test]
fn cores_without_a_record_are_lost_where_no_header_states_them() {
    let records = [Record::access(1, Op::Read, 0x40, 4)];
    for (format, lost) in [(Format::Mtrace, false), (Format::Lackey, true), (Format::Ncsu, true)] {
        for (cores, more) in [(Some(3), true), (Some(2), false), (None, false)] {
            let (_, losses) = write_with(&Header { cores, ..Header::new(format) }, &records);
            let expected = u64::from(lost && more);
            assert_eq!(losses.count(Loss::Header), expected, "{} {cores:?}", format.name());
        }
    }
}

#[test]
fn word_formats_align_addresses_down() {
    let expected = [Record::access(0, Op::Read, 0x1000, 4)];
    for (format, text) in [
        (Format::Din, "0 1003 a comment"),
        (Format::Din, "3 0x1001"),
        (Format::Ncsu, "0 r 1003"),
        (Format::Ncsu, "0 r 0x1002"),
        (Format::Percore, "r 0x1001"),
        (Format::Nus, "0 0x1003"),
    ] {
        assert_eq!(parse(format, text.as_bytes()).expect("a trace"), expected, "{text}");
    }
}

#[test]
fn mtrace_says_everything() {
    let text = b"# a comment\n@cores 2\nlet x = 0x1000 # x\nlet y = x+0x40\n\
        0 R x\n1 W x+8 8 # eight bytes\n0 A y+4\n0 I 0x400 16\n1 C 0x80 64\n0 F y 128\n0 F *\n\
        1 B\n0 T 120\n@time 1.5 ms\n@time 2ms\n@time 12 cycles # ticks\n0\tR\t0X2A\t1\n";
    let expected = [
        Record::access(0, Op::Read, 0x1000, 4),
        Record::access(1, Op::Write, 0x1008, 8),
        Record::access(0, Op::Atomic, 0x1044, 4),
        Record::access(0, Op::Fetch, 0x400, 16),
        Record::access(1, Op::Clean, 0x80, 64),
        Record::access(0, Op::Flush, 0x1040, 128),
        Record::event(0, Op::FlushAll, 0),
        Record::event(1, Op::Fence, 0),
        Record::event(0, Op::Compute, 120),
        Record::event(0, Op::Time, 1_500_000_000),
        Record::event(0, Op::Time, 2_000_000_000),
        Record::event(0, Op::TimeTicks, 12),
        Record::access(0, Op::Read, 0x2a, 1),
    ];
    assert_eq!(parse(Format::Mtrace, text).expect("mtrace"), expected);
}

#[test]
fn losses_are_counted_record_by_record() {
    let records = [
        Record::access(1, Op::Read, 0x1001, 8),
        Record::access(0, Op::Atomic, 0x1000, 4),
        Record::access(0, Op::Fetch, 0x400, 4),
        Record::access(2, Op::Clean, 0x40, 64),
        Record::access(2, Op::Flush, 0x40, 64),
        Record::event(0, Op::FlushAll, 0),
        Record::event(0, Op::Fence, 0),
        Record::event(0, Op::Compute, 5),
        Record::event(0, Op::Time, 5),
        Record::event(0, Op::Pc, 0x400),
    ];
    let mut header = Header::new(Format::Percore);
    header.title = Some("lost".to_owned());
    let (text, losses) = write_with(&header, &records);
    assert_eq!(text, b"r 0x1000\nw 0x1000\n");
    for &loss in Loss::ALL {
        // The order is what several files lose, the address 0 what only champsim cannot say; no
        // modules were said.
        let not_here = matches!(loss, Loss::Order | Loss::AddressZero | Loss::Module);
        let expected = u64::from(!not_here);
        assert_eq!(losses.count(loss), expected, "{loss:?}");
    }
    assert_eq!(
        losses.to_string(),
        "1 header line, the core of 1 record, the size of 1 access, the low address bits of \
         1 access, the atomicity of 1 access, 1 fetch, 1 clean, 1 flush, 1 whole-cache flush, \
         1 fence, 1 compute record, 1 time, 1 program counter"
    );
    let only = write(Format::Mtrace, &records).1.to_string();
    assert_eq!(only, "1 program counter");
}

#[test]
fn a_format_loses_only_what_it_says_it_loses() {
    for from in Format::written() {
        let records = sayable(from, 2000, 3);
        for to in Format::written() {
            let (_, losses) = write(to, &records);
            for (loss, count) in losses.iter() {
                assert!(to.loses().contains(&loss), "{}: {count} {loss:?}", to.name());
            }
        }
    }
}

#[test]
fn one_core_can_be_kept_alone_and_times_stay() {
    let text = b"0 R 0x0\n@time 1 s\n1 R 0x40\n0 R 0x80\n";
    let options = ReadOptions { core: Some(1), ..ReadOptions::default() };
    let expected =
        [Record::event(0, Op::Time, 1_000_000_000_000), Record::access(1, Op::Read, 0x40, 4)];
    assert_eq!(parse_with(&options, text).expect("mtrace"), expected);
}

#[test]
fn times_of_mtrace_are_the_same_however_they_are_written() {
    // The first of each pair is what the writer writes, the second is read with more care.
    for (quick, careful, picoseconds) in [
        ("@time 20 us", "@time 20us", 20_000_000),
        ("@time 3 s", "@time 3.0 s", 3_000_000_000_000),
        ("@time 7 ms", "@time  7 ms", 7_000_000_000),
        ("@time 1 ns", "@time 0.001 us # one", 1000),
        ("@time 299999980000001 ps", "@time\t299999980000001 ps", 299_999_980_000_001),
        ("@time 4611686018427387904 ps", "@time 4611686018427387904ps", 1 << 62),
    ] {
        for end in ["\n", "\r\n", ""] {
            for text in [quick, careful] {
                let records = parse(Format::Mtrace, format!("{text}{end}").as_bytes());
                let expected = [Record::event(0, Op::Time, picoseconds)];
                assert_eq!(records.expect("a time"), expected, "{text}{end:?}");
            }
        }
    }
    let ticks = parse(Format::Mtrace, b"@time 5 cycles\n@time 1 us\n@time 5 cycles\n");
    let ticks: Vec<u64> = ticks.expect("times").iter().map(|record| record.addr).collect();
    assert_eq!(ticks, [5, 1_000_000, 5]);
    let late = parse(Format::Mtrace, b"@time 1 us\n@cores 2\n").expect_err("a late header line");
    assert_eq!(late.kind, trace::TraceErrorKind::BadHeader);
}
