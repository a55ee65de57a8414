//! Files that are missing, or folders, or other than they seem; and files written.

use std::path::PathBuf;

use trace::{Codec, Format, Header, Input, ReadOptions, Record, TraceError, TraceErrorKind};

use crate::common::{drain, sayable};

fn open(path: PathBuf) -> Result<Vec<Record>, TraceError> {
    drain(&mut *trace::open(&Input::Path(path), &ReadOptions::default())?)
}

#[test]
fn a_missing_file_is_answered_with_the_nearest_name() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("matmul.din"), "0 10\n").expect("a file");
    let error = open(folder.path().join("matmull.din")).expect_err("no such file");
    assert_eq!(error.kind, TraceErrorKind::NotFound);
    let near = folder.path().join("matmul.din");
    assert_eq!(*error.help, *format!("did you mean `{}`?", near.display()));
    let error = open(folder.path().join("quite-another")).expect_err("no such file");
    assert!(error.help.contains("no name in"), "{}", error.help);
    let error = open(folder.path().join("no/such")).expect_err("no such folder");
    assert!(error.help.contains("there is no folder"), "{}", error.help);
}

#[test]
fn a_folder_is_no_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = open(folder.path().to_owned()).expect_err("a folder");
    assert_eq!(error.kind, TraceErrorKind::IsDirectory);
    assert_eq!(error.code(), "E0102");
}

#[test]
fn a_dash_is_standard_input() {
    assert_eq!(Input::from("-".as_ref()), Input::Stdin);
    assert_eq!(Input::from("./-".as_ref()), Input::Path("./-".into()));
}

#[test]
fn files_are_compressed_by_their_names_and_read_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let records = sayable(Format::Mtrace, 20_000, 12);
    let names = Codec::WRITTEN.iter().map(|codec| format!("t.mtrace.{}", codec.extension()));
    for name in names.chain(["t.mtrace".to_owned()]) {
        let path = folder.path().join(&name);
        let mut sink =
            trace::create(&path, Format::Mtrace, &Header::new(Format::Mtrace)).expect("a new file");
        for chunk in records.chunks(777) {
            sink.write(chunk).expect("room on the disk");
        }
        assert!(sink.finish().expect("room on the disk").is_empty());
        let first = std::fs::read(&path).expect("the file");
        assert_eq!(Codec::of_magic(&first), Codec::of_name(&name).0);
        assert_eq!(open(path).expect("a trace"), records, "{name}");
    }
}

#[test]
fn a_file_that_cannot_be_made_is_named() {
    let header = Header::new(Format::Din);
    let result = trace::create("/no/such/folder/x.din".as_ref(), Format::Din, &header);
    let error = result.err().expect("no such folder");
    assert_eq!((error.kind, &*error.path), (TraceErrorKind::Io, "/no/such/folder/x.din"));
}
