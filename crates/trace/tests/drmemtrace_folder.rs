//! DynamoRIO's drmemtrace: several files, a thread each, put into one order by their times.

use std::fs;
use std::path::{Path, PathBuf};

use trace::TraceErrorKind::{
    BadFileHeader, CoreOutOfRange, CutRecord, Empty, NotFound, TimeBackwards, Truncated,
};
use trace::{Codec, Format, Op, Place, ReadOptions, Record, TraceError};

use crate::common::{compress, drain};
use crate::drmemtrace::{entry, file, head, time};
use crate::zip::{How, zip};

/// Makes a file of a thread: blocks of loads, each at a time.
fn thread(id: u64, blocks: &[(u64, &[u64])]) -> Vec<u8> {
    let mut bytes = head(7, id);
    for (at, loads) in blocks {
        bytes.extend(time(*at));
        loads.iter().for_each(|&addr| bytes.extend(entry(0, 8, addr)));
    }
    bytes.extend(entry(23, 0, id));
    bytes.extend(entry(26, 0, 0));
    bytes
}

fn read(paths: &[PathBuf]) -> Result<Vec<Record>, TraceError> {
    read_with(paths, &ReadOptions::default())
}

fn read_with(paths: &[PathBuf], options: &ReadOptions) -> Result<Vec<Record>, TraceError> {
    let source = trace::open_threads(paths, options)?;
    drain(&mut *source.expect("files of drmemtrace"))
}

/// Returns the core and the address of each record.
fn seen(records: &[Record]) -> Vec<(u16, u64)> {
    records.iter().map(|record| (record.core, record.addr)).collect()
}

fn put(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(&path, bytes).expect("a file");
    path
}

#[test]
fn blocks_are_in_the_order_of_their_times_and_of_the_files() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let first = thread(900, &[(20, &[1, 2]), (30, &[3]), (30, &[4]), (50, &[5])]);
    let second = thread(800, &[(10, &[11]), (30, &[12]), (40, &[13, 14])]);
    let third = thread(700, &[(30, &[21]), (30, &[]), (60, &[22])]);
    let paths = [
        put(folder.path(), "drmemtrace.a.2.trace.gz", &compress(Codec::Gzip, &first)),
        put(folder.path(), "drmemtrace.a.10.trace.zip", &zip(&second, 40, How::Deflated)),
        put(folder.path(), "drmemtrace.a.11.trace", &third),
    ];
    // Cores are the threads as they first appear: that of the second file is the earliest.
    let expected = [
        (0, 11),
        (1, 1),
        (1, 2),
        (1, 3),
        (1, 4),
        (0, 12),
        (2, 21),
        (0, 13),
        (0, 14),
        (1, 5),
        (2, 22),
    ];
    assert_eq!(seen(&read(&paths).expect("a list")), expected);
    for name in ["serial_schedule.bin.gz", "cpu_schedule.bin.zip", "modules.log", ".hidden"] {
        put(folder.path(), name, b"beside");
    }
    let whole = [folder.path().to_owned()];
    assert!(trace::is_per_core(&whole));
    assert_eq!(seen(&read(&whole).expect("a folder")), expected);
    for format in [Format::Din, Format::Mtrc] {
        let options = ReadOptions { format: Some(format), ..ReadOptions::default() };
        assert!(trace::open_threads(&whole, &options).expect("no threads").is_none());
    }
    let core = ReadOptions { core: Some(2), ..ReadOptions::default() };
    assert_eq!(seen(&read_with(&whole, &core).expect("core 2")), [(2, 21), (2, 22)]);
}

#[test]
fn the_folder_that_the_tracer_makes_stands_for_its_folder_trace() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let paths = [folder.path().to_owned()];
    let raw = (0xc4 << 56 | 7 << 48 | 0x40_u64).to_le_bytes().repeat(3);
    put(folder.path(), "raw/drmemtrace.a.1.raw.lz4", &compress(Codec::Lz4, &raw));
    for paths in [paths.clone(), [folder.path().join("raw")]] {
        let error = trace::open_threads(&paths, &ReadOptions::default()).err().expect("raw");
        assert_eq!(error.kind, BadFileHeader, "{error}");
        assert!(error.help.contains("drraw2trace -indir"), "{}", error.help);
    }
    put(folder.path(), "trace/drmemtrace.a.1.trace", &file(&[(0, 8, 64)]));
    put(folder.path(), "trace/serial_schedule.bin.gz", b"beside");
    assert_eq!(seen(&read(&paths).expect("a folder")), [(0, 64)]);
}

#[test]
fn other_folders_and_lists_are_none_of_threads() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let options = ReadOptions::default();
    let none = |path: &Path| {
        let source = trace::open_threads(&[path.to_owned()], &options);
        assert!(source.expect("no error").is_none(), "{}", path.display());
    };
    none(folder.path());
    put(folder.path(), "a.din", &file(&[(0, 8, 64)]));
    put(folder.path(), "b", &file(&[(0, 8, 64)]));
    none(folder.path());
    let text = put(folder.path(), "text/core0", b"r 0x1000\n");
    none(text.parent().expect("a folder"));
}

/// Many more files than threads: such as 40 windows of 8 threads each.
#[test]
fn hundreds_of_files_are_read_and_hundreds_of_threads_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut expected = Vec::new();
    for window in 0..60 {
        for id in 0..8 {
            let addr = 64 * (window * 8 + id);
            let bytes =
                thread(id + 5, &[(1000 * window + id, &[addr]), (1000 * window + 500, &[1])]);
            let name = format!("window{window}.thread{id}.trace.gz");
            put(folder.path(), &name, &compress(Codec::Gzip, &bytes));
            expected.push((id as u16, addr));
        }
    }
    let records = read(&[folder.path().to_owned()]).expect("480 files");
    let firsts: Vec<_> = seen(&records).into_iter().filter(|&(_, addr)| addr != 1).collect();
    assert_eq!(records.len(), 960);
    assert_eq!(firsts, expected);
    for (threads, good) in [(64, true), (65, false), (300, false)] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for id in 0..threads {
            put(folder.path(), &format!("{id}.trace"), &thread(id + 1, &[(id, &[64 * id])]));
        }
        match read(&[folder.path().to_owned()]) {
            Ok(records) => assert!(good && records.len() == threads as usize),
            Err(error) => {
                assert!(!good && error.kind == CoreOutOfRange, "{error}");
                assert!(error.found.contains(&format!("files of {threads} threads")), "{error}");
                assert!(error.help.contains("no machine has more than 64"), "{}", error.help);
            }
        }
    }
}

#[test]
fn what_is_wrong_with_one_of_several_names_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let good = put(folder.path(), "1.trace", &thread(1, &[(10, &[64]), (20, &[128])]));
    let whole = thread(2, &[(15, &[1]), (30, &[2, 3])]);
    let refused = |name: &str, bytes: &[u8], kind, place| {
        let bad = put(folder.path(), name, bytes);
        let error = read(&[good.clone(), bad.clone()]).expect_err("a bad file");
        assert_eq!((error.kind, error.place), (kind, place), "{error}");
        assert_eq!(&*error.path, bad.display().to_string(), "{error}");
        fs::remove_file(bad).expect("the file");
    };
    let at = |record| Place::Binary { record, offset: (record - 1) * 12 };
    refused("2.trace", b"", Empty, Place::None);
    refused("2.trace", &whole[..whole.len() - 13], CutRecord, at(14));
    refused("2.trace", &whole[..24], Truncated, at(3));
    refused("2.trace", &entry(0, 8, 64).repeat(9), BadFileHeader, at(1));
    refused("2.trace", &thread(2, &[(15, &[1]), (14, &[2])]), TimeBackwards, at(10));
    let missing = folder.path().join("3.trace");
    assert_eq!(read(&[good.clone(), missing]).expect_err("no file").kind, NotFound);
    // A thread that did nothing is none that is wrong.
    let idle = put(folder.path(), "2.trace", &thread(2, &[(15, &[])]));
    assert_eq!(seen(&read(&[good, idle.clone()]).expect("two files")), [(0, 64), (0, 128)]);
    assert_eq!(read(&[idle.clone(), idle]).expect_err("nothing").kind, Empty);
}

#[test]
fn the_shipped_sample_holds_what_its_readme_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../traces/samples/counting.dir");
    let records = read(&[root]).expect("a sample");
    let of = |op| records.iter().filter(|record| record.op == op).count();
    assert_eq!([of(Op::Read), of(Op::Write), of(Op::Fetch), of(Op::Flush)], [273, 46, 727, 3]);
    let mut cores: Vec<u16> = records.iter().map(|record| record.core).collect();
    cores.dedup();
    assert!(cores.len() > 12 && cores.starts_with(&[0, 1, 2]), "{cores:?}");
}

#[test]
fn long_threads_are_merged_right() {
    // Thread t loads 64 i + t in block i, `size` of them, at time 7 i + t.
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut expected = Vec::new();
    for id in 0..4_u64 {
        let mut bytes = head(5, id + 100);
        for block in 0..1000 {
            bytes.extend(time(7 * block + id));
            (0..=block % 97).for_each(|_| bytes.extend(entry(1, 4, 64 * block + id)));
            expected.extend((0..=block % 97).map(|_| (7 * block + id, id, 64 * block + id)));
        }
        bytes.extend(entry(26, 0, 0));
        let name = format!("{id}.trace.zip");
        put(folder.path(), &name, &zip(&bytes, 100_000, How::Streamed));
    }
    expected.sort_by_key(|&(time, id, _)| (time, id));
    assert!(expected.len() > 150_000);
    let records = read(&[folder.path().to_owned()]).expect("four files");
    assert!(records.iter().all(|record| record.op == Op::Write && record.size == 4));
    let wanted: Vec<_> = expected.iter().map(|&(_, id, addr)| (id as u16, addr)).collect();
    assert!(seen(&records) == wanted);
}
