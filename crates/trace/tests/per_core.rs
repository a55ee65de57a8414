//! A file a core.

use std::path::{Path, PathBuf};

use trace::{Format, Header, Op, ReadOptions, Record, TraceError, TraceErrorKind};

use crate::common::drain;

fn open(paths: &[PathBuf], options: &ReadOptions) -> Result<Vec<Vec<Record>>, TraceError> {
    trace::open_per_core(paths, options)?.iter_mut().map(|source| drain(&mut **source)).collect()
}

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).expect("a file");
    path
}

fn kind(paths: &[PathBuf], options: &ReadOptions) -> TraceErrorKind {
    open(paths, options).expect_err("files that are refused").kind
}

#[test]
fn a_folder_is_read_in_natural_order() {
    let folder = tempfile::tempdir().expect("a folder");
    for core in 0..12 {
        write(folder.path(), &format!("core{core}.trace"), &format!("r {:#x}\n", core * 64));
    }
    write(folder.path(), ".hidden", "nonsense");
    std::fs::create_dir(folder.path().join("sub")).expect("a subfolder");
    let paths = [folder.path().to_owned()];
    assert!(trace::is_per_core(&paths));
    let cores = open(&paths, &ReadOptions::default()).expect("12 files");
    let expected: Vec<Vec<Record>> =
        (0..12).map(|core| vec![Record::access(core, Op::Read, u64::from(core) * 64, 4)]).collect();
    assert_eq!(cores, expected);
}

#[test]
fn the_header_says_how_many_and_that_there_is_no_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let paths = ["b", "a"].map(|name| write(folder.path(), name, "0 0x40\n2 0x5\n"));
    assert!(trace::is_per_core(&paths));
    let sources = trace::open_per_core(&paths, &ReadOptions::default()).expect("two files");
    for source in &sources {
        assert_eq!(source.header().cores, Some(2));
        assert!(!source.header().ordered);
        assert_eq!(source.header().format, Format::Nus);
    }
}

#[test]
fn one_file_is_a_trace_and_not_per_core() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = write(folder.path(), "x", "r 0x40\n");
    assert!(!trace::is_per_core(std::slice::from_ref(&path)));
    assert!(!trace::is_per_core(&[]));
    assert_eq!(open(&[path], &ReadOptions::default()).expect("one core").len(), 1);
}

#[test]
fn formats_of_one_core_may_be_mixed_and_others_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let din = write(folder.path(), "x.din", "0 40\n");
    let lackey = write(folder.path(), "x.lackey", " L 40,8\n");
    let threads = write(
        folder.path(),
        "y.lackey",
        " L 40,8\n--1--   SCHED[1]:  acquired lock\n--1--   SCHED[2]:  acquired lock\n",
    );
    let mtrace = write(folder.path(), "x.mtrace", "0 R 0x40\n");
    let ncsu = write(folder.path(), "x.ncsu", "1 r 40\n");
    let options = ReadOptions::default();
    let cores = open(&[din.clone(), lackey], &options).expect("two cores");
    assert_eq!(cores[1], [Record::access(1, Op::Read, 0x40, 8)]);
    assert_eq!(kind(&[din.clone(), mtrace], &options), TraceErrorKind::NotPerCore);
    assert_eq!(kind(&[din.clone(), ncsu], &options), TraceErrorKind::NotPerCore);
    assert_eq!(kind(&[din, threads], &options), TraceErrorKind::CoreOutOfRange);
}

#[test]
fn there_must_be_files_and_not_more_than_cores() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = ReadOptions { cores_max: 2, ..ReadOptions::default() };
    assert_eq!(kind(&[folder.path().to_owned()], &options), TraceErrorKind::FileCount);
    assert_eq!(kind(&[], &options), TraceErrorKind::FileCount);
    let path = write(folder.path(), "x", "r 0x40\n");
    let three = [path.clone(), path.clone(), path];
    assert_eq!(kind(&three, &options), TraceErrorKind::FileCount);
}

#[test]
fn a_folder_is_written_and_read_back() {
    for (format, suffix) in [(Format::Percore, ""), (Format::Nus, ".gz"), (Format::Xdin, ".zst")] {
        let folder = tempfile::tempdir().expect("a folder");
        let into = folder.path().join("cores");
        let record = |i: u64| Record::access((i % 3) as u16, Op::Write, i * 4, 4);
        let records: Vec<Record> = (0..3000).map(record).collect();
        let header = Header { ordered: false, ..Header::new(format) };
        let mut sink =
            trace::create_per_core(&into, format, &header, suffix).expect("a new folder");
        sink.write(&records).expect("room on the disk");
        assert!(sink.finish().expect("room on the disk").is_empty());
        let back = open(&[into], &ReadOptions::default()).expect("three files");
        for (core, back) in (0..).zip(back) {
            let expected = records.iter().copied().filter(|record| record.core == core);
            assert_eq!(back, expected.collect::<Vec<_>>());
        }
    }
}

#[test]
fn an_idle_core_has_an_empty_file_and_every_core_keeps_its_number() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut header = Header::new(Format::Percore);
    header.title = Some("lost once, not for each file".to_owned());
    header.cores = Some(6);
    header.ordered = true;
    let mut sink =
        trace::create_per_core(folder.path(), Format::Percore, &header, "").expect("a folder");
    for core in [1, 3, 3] {
        sink.write(&[Record::access(core, Op::Read, 64, 4)]).expect("room on the disk");
    }
    let losses = sink.finish().expect("room on the disk");
    assert_eq!(losses.to_string(), "1 header line, the order among 2 cores");
    let back = open(&[folder.path().to_owned()], &ReadOptions::default()).expect("six files");
    let counts: Vec<usize> = back.iter().map(Vec::len).collect();
    assert_eq!(counts, [0, 1, 0, 2, 0, 0]);
    assert_eq!(back[3][0].core, 3);
}

#[test]
fn empty_files_are_idle_cores_unless_all_are_empty() {
    let folder = tempfile::tempdir().expect("a folder");
    let empty = write(folder.path(), "core0", "");
    let comments = write(folder.path(), "core1.din", "# idle\n\n");
    let busy = write(folder.path(), "core2", "r 0x40\n");
    let options = ReadOptions::default();
    let sources = trace::open_per_core(&[empty.clone(), comments.clone(), busy], &options);
    for source in &sources.expect("three cores") {
        assert_eq!(source.header().cores, Some(3));
        assert_eq!(source.header().format, Format::Percore);
        assert!(!source.header().ordered);
    }
    let named = write(folder.path(), "core3.mtrace", "");
    assert_eq!(kind(&[empty.clone(), comments, empty.clone()], &options), TraceErrorKind::Empty);
    assert_eq!(kind(&[empty, named], &options), TraceErrorKind::NotPerCore);
}

#[test]
fn a_format_that_names_cores_is_not_written_per_core() {
    let folder = tempfile::tempdir().expect("a folder");
    let header = Header::new(Format::Ncsu);
    let result = trace::create_per_core(folder.path(), Format::Ncsu, &header, "");
    assert_eq!(result.err().map(|error| error.kind), Some(TraceErrorKind::NotPerCore));
}
