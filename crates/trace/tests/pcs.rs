//! Program counters: which instruction each record comes from, as every reader and writer has it.

use std::io::Cursor;

use trace::edit::{Cut, Kept};
use trace::{
    Ahead, CORES_MAX, ChunkCodec, Format, Header, Input, IterSource, Loss, Module, Op, ReadOptions,
    Record, Source, Surveyed,
};

use crate::common::Random;

const WANTED: ReadOptions = ReadOptions {
    pcs: true,
    format: None,
    columns: None,
    cores_max: CORES_MAX,
    lackey_modify: trace::LackeyModify::ReadWrite,
    lackey_slices: false,
    requests_write: false,
    salvage: false,
    core: None,
};

/// Each record that counts as one, and the instruction that it comes from: the meaning of
/// [`Op::Pc`], said once more.
fn meaning(records: &[Record]) -> Vec<(Record, u64)> {
    let mut pcs = [0; CORES_MAX as usize];
    let mut out = Vec::new();
    for record in records {
        let pc = &mut pcs[usize::from(record.core)];
        match record.op {
            Op::Pc => *pc = record.addr,
            Op::Time | Op::TimeTicks => out.push((*record, 0)),
            Op::Fetch => {
                *pc = record.addr;
                out.push((*record, *pc));
            }
            _ => out.push((*record, *pc)),
        }
    }
    out
}

fn counted(records: &[Record]) -> Vec<Record> {
    records.iter().filter(|record| record.op != Op::Pc).copied().collect()
}

/// Records of four cores, and where in a program they are: loops, jumps, and moments of which
/// nothing is known. The first `without` have no program counter.
fn any_records(count: usize, without: usize, fetches: bool, seed: u64) -> Vec<Record> {
    let mut random = Random(seed);
    let mut out = Vec::new();
    let mut time = 0;
    for i in 0..count {
        let core = random.below(4) as u16;
        let pc = match random.below(20) {
            0 => random.next(),
            1 => 0,
            2 => u64::MAX,
            _ => 0x40_1000 + 4 * random.below(50) as u64,
        };
        if i >= without && random.below(3) > 0 {
            out.push(Record::event(core, Op::Pc, pc));
        }
        let addr = random.next() >> 20;
        out.push(match random.below(12) {
            0 => Record::event(core, Op::Fence, 0),
            1 => {
                time += 3;
                Record::event(0, Op::TimeTicks, time)
            }
            2 if fetches => Record::access(core, Op::Fetch, pc >> 1, 4),
            3 => Record::access(core, Op::Atomic, addr, 8),
            4 | 5 => Record::access(core, Op::Write, addr, 4),
            _ => Record::access(core, Op::Read, addr, 8),
        });
    }
    out
}

fn modules() -> Vec<Module> {
    let module = |start, path: &str, id: Option<&str>| Module {
        start,
        end: start + 0x1000,
        offset: 0x1000,
        path: path.to_owned(),
        build_id: id.map(str::to_owned),
    };
    vec![module(0x40_1000, "/bin/a b", Some("00ff")), module(u64::MAX - 0x1000, "/lib/ü", None)]
}

fn pack(codec: ChunkCodec, records: &[Record], modules: &[Module]) -> Vec<u8> {
    let header = Header { pcs: true, ..Header::new(Format::Mtrc) };
    let mut out = Vec::new();
    let sink = trace::writer_with(Format::Mtrc, &header, codec, Box::new(&mut out));
    let mut sink = sink.expect("a format that is written");
    for piece in records.chunks(9973) {
        sink.write(piece).expect("records that a reader takes");
    }
    sink.modules(modules);
    assert!(sink.finish().expect("a Vec takes everything").is_empty());
    out
}

/// A small file with everything.
pub(crate) fn small() -> Vec<u8> {
    pack(ChunkCodec::Zstd, &any_records(120, 10, true, 4), &modules())
}

fn open(bytes: &[u8], options: &ReadOptions) -> Box<dyn Source> {
    let input = Box::new(Cursor::new(bytes.to_vec()));
    trace::read("a.mtrc", input, options).expect("a whole trace")
}

fn drain(source: &mut dyn Source) -> Vec<Record> {
    let mut records = Vec::new();
    while source.read(&mut records).expect("a whole trace") {}
    records
}

#[test]
fn a_container_keeps_the_instruction_of_every_record() {
    for (without, fetches) in [(0, false), (0, true), (1000, true), (150_000, false)] {
        for &codec in ChunkCodec::ALL {
            let records = any_records(200_000, without, fetches, 7 + without as u64);
            let bytes = pack(codec, &records, &modules());
            let mut source = open(&bytes, &WANTED);
            assert!(source.header().pcs);
            let back = drain(&mut *source);
            assert!(meaning(&back) == meaning(&records), "{without} {fetches} {}", codec.name());
            assert_eq!(source.modules(), modules());
            // In threads of its own, too; and what was read is written as it was.
            let mut ahead = Ahead::new(open(&bytes, &WANTED));
            assert!(drain(&mut ahead) == back);
            assert_eq!(ahead.modules(), modules());
            assert!(pack(codec, &back, &modules()) == bytes);
            // Who does not ask is given none, and the numbers of records are the same.
            let plain = drain(&mut *open(&bytes, &ReadOptions::default()));
            assert!(plain == counted(&records));
        }
    }
}

#[test]
fn a_program_counter_that_does_not_change_is_not_said_again() {
    let access = |n: u64| Record::access(0, Op::Read, n, 4);
    let pc = |pc| Record::event(0, Op::Pc, pc);
    let records = [access(1), pc(8), pc(9), access(2), pc(9), access(3), pc(0), access(4)];
    let back = drain(&mut *open(&pack(ChunkCodec::Raw, &records, &[]), &WANTED));
    assert_eq!(back, [pc(0), access(1), pc(9), access(2), access(3), pc(0), access(4)]);
}

#[test]
fn the_survey_counts_records_and_knows_the_modules() {
    let records = any_records(100_000, 0, true, 3);
    let folder = tempfile::tempdir().expect("a folder");
    for (name, modules) in [("with.mtrc", modules()), ("without.mtrc", Vec::new())] {
        let path = folder.path().join(name);
        let bytes = pack(ChunkCodec::Lz4, &records, &modules);
        std::fs::write(&path, &bytes).expect("a file");
        let Ok(Surveyed::Mtrc(survey)) =
            trace::survey(&Input::Path(path.clone()), &ReadOptions::default())
        else {
            panic!("an mtrc trace is surveyed");
        };
        assert_eq!(survey.records, counted(&records).len() as u64);
        assert_eq!(survey.modules, modules);
        // Without its index, by the heads of its chunks.
        let index = bytes.windows(4).rposition(|tag| tag == b"INDX").expect("an index");
        std::fs::write(&path, &bytes[..index]).expect("a file");
        let survey = trace::survey(&Input::Path(path), &ReadOptions::default());
        let Ok(Surveyed::Mtrc(survey)) = survey else { panic!("an mtrc trace is surveyed") };
        assert_eq!(survey.modules, modules);
    }
}

#[test]
fn no_flipped_bit_makes_other_program_counters_or_modules() {
    let records = any_records(120, 10, true, 5);
    let expected = meaning(&records);
    for &codec in ChunkCodec::ALL {
        let bytes = pack(codec, &records, &modules());
        for bit in 0..8 * bytes.len() {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let input = Box::new(Cursor::new(flipped));
            let Ok(mut source) = trace::read("a.mtrc", input, &WANTED) else { continue };
            let mut read = Vec::new();
            let end = loop {
                match source.read(&mut read) {
                    Ok(true) => {}
                    end => break end,
                }
            };
            assert!(expected.starts_with(&meaning(&read)), "{} bit {bit}", codec.name());
            if end.is_ok() {
                // Only where what is flipped is of the header's words, which say nothing of these.
                assert_eq!(source.modules(), modules(), "{} bit {bit}", codec.name());
            }
        }
        for cut in 0..bytes.len() {
            let input = Box::new(Cursor::new(bytes[..cut].to_vec()));
            let Ok(mut source) = trace::read("a.mtrc", input, &WANTED) else { continue };
            let mut read = Vec::new();
            while let Ok(true) = source.read(&mut read) {}
            assert!(expected.starts_with(&meaning(&read)), "{} cut {cut}", codec.name());
        }
    }
}

#[test]
fn what_is_left_of_a_damaged_file_has_the_right_program_counters() {
    let records = any_records(150_000, 0, false, 9);
    let bytes = pack(ChunkCodec::Zstd, &records, &modules());
    let tags = bytes.windows(4).enumerate().filter(|(_, tag)| *tag == b"CHNK");
    let second = tags.map(|(at, _)| at).nth(1).expect("three chunks");
    let mut damaged = bytes.clone();
    damaged[second + 60] ^= 1;
    let mut source = open(&damaged, &ReadOptions { salvage: true, ..WANTED });
    let left = meaning(&drain(&mut *source));
    let all = meaning(&records);
    let (chunk, rest) = (65_536, all.len() - 2 * 65_536);
    assert!(left[..chunk] == all[..chunk]);
    assert!(left[chunk..] == all[2 * chunk..], "{rest} records of the last chunk");
    assert_eq!(source.modules(), modules());
    // The table of modules is not missed where it is damaged itself.
    let table = bytes.windows(4).rposition(|tag| tag == b"MODS").expect("a table");
    let mut damaged = bytes;
    damaged[table + 9] ^= 1;
    let mut source = open(&damaged, &ReadOptions { salvage: true, ..WANTED });
    assert!(meaning(&drain(&mut *source)) == all);
    assert!(source.modules().is_empty());
}

#[test]
fn a_header_that_promises_none_loses_them_and_says_so() {
    let records = any_records(100, 0, false, 1);
    let mut out = Vec::new();
    let header = Header::new(Format::Mtrc);
    let mut sink = trace::writer(Format::Mtrc, &header, Box::new(&mut out)).expect("a writer");
    sink.write(&records).expect("records");
    let losses = sink.finish().expect("a Vec takes everything");
    let pcs = records.len() - counted(&records).len();
    assert_eq!(losses.count(Loss::Pc), pcs as u64);
    assert_eq!(drain(&mut *open(&out, &WANTED)), counted(&records));
}

#[test]
fn tables_have_a_column_for_them() {
    let text = "core,op,addr,size,pc\n1,R,0x40,4,0x401000\n0,W,0x80,8,0x0\n1,I,0x99,2,0x99\n";
    let options = ReadOptions { format: Some(Format::Csv), ..WANTED };
    let mut source = trace::read("a.csv", Box::new(text.as_bytes()), &options).expect("a table");
    assert!(source.header().pcs);
    let records = drain(&mut *source);
    let pc = |core, pc| Record::event(core, Op::Pc, pc);
    let expected = [
        pc(1, 0x40_1000),
        Record::access(1, Op::Read, 0x40, 4),
        pc(0, 0),
        Record::access(0, Op::Write, 0x80, 8),
        pc(1, 0x99),
        Record::access(1, Op::Fetch, 0x99, 2),
    ];
    assert_eq!(records, expected);
    let mut out = Vec::new();
    let header = Header { pcs: true, ..Header::new(Format::Csv) };
    let mut sink = trace::writer(Format::Csv, &header, Box::new(&mut out)).expect("a writer");
    sink.write(&records).expect("records");
    assert!(sink.finish().expect("a Vec takes everything").is_empty());
    assert_eq!(String::from_utf8(out).expect("text"), text);
    // Pin's own example, by the quick way and the other.
    for text in ["0x401000: R 0x40\n", "0x401000:  R  0x40\n"] {
        let options = ReadOptions { format: Some(Format::Pinatrace), ..WANTED };
        let mut source = trace::read("a", Box::new(text.as_bytes()), &options).expect("a trace");
        let expected = [pc(0, 0x40_1000), Record::access(0, Op::Read, 0x40, 8)];
        assert_eq!(drain(&mut *source), expected);
        let options = ReadOptions { pcs: false, ..options };
        let mut source = trace::read("a", Box::new(text.as_bytes()), &options).expect("a trace");
        assert_eq!(drain(&mut *source), expected[1..]);
    }
}

#[test]
fn formats_that_cannot_say_them_count_the_loss() {
    for format in Format::written().filter(|format| *format != Format::Mtrc) {
        let records = [
            Record::event(0, Op::Pc, 0x40_1000),
            Record::access(0, Op::Read, 0x40, 4),
            Record::event(0, Op::Pc, 0x40_1004),
        ];
        let mut out = Vec::new();
        let header = Header::new(format);
        let mut sink = trace::writer(format, &header, Box::new(&mut out)).expect("a writer");
        sink.write(&records).expect("records");
        sink.modules(&modules());
        let losses = sink.finish().expect("a Vec takes everything");
        assert_eq!((losses.count(Loss::Pc), losses.count(Loss::Module)), (2, 2), "{format:?}");
    }
}

#[test]
fn a_cut_counts_records_and_keeps_where_they_come_from() {
    let records = any_records(5000, 0, true, 2);
    let cut = |kept: Kept| {
        let source = IterSource::new(Header::new(Format::Mtrc), records.clone().into_iter());
        meaning(&drain(&mut Cut::new(Box::new(source), kept)))
    };
    let all = meaning(&records);
    let middle = Kept { records: Some(1001..=3000), ..Kept::default() };
    assert!(counted_of(&cut(middle)) == counted_of(&all[1000..3000]));
    let one_core = Kept { cores: Some(0b100), ..Kept::default() };
    let is_time = |op| matches!(op, Op::Time | Op::TimeTicks);
    let of_core = |(record, _): &&(Record, u64)| record.core == 2 || is_time(record.op);
    assert!(cut(one_core) == all.iter().filter(of_core).copied().collect::<Vec<_>>());
    let stores = Kept { ops: Some(vec![Op::Write, Op::Fetch]), ..Kept::default() };
    let of_kind = |(record, _): &&(Record, u64)| matches!(record.op, Op::Write | Op::Fetch);
    assert!(cut(stores) == all.iter().filter(of_kind).copied().collect::<Vec<_>>());
}

fn counted_of(all: &[(Record, u64)]) -> Vec<Record> {
    all.iter().map(|(record, _)| *record).collect()
}
