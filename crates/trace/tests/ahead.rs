//! Decoding ahead gives the same, ends when dropped, and is bounded.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use trace::{
    Ahead, CHUNK, Format, Header, IterSource, Op, ReadOptions, Record, Source, TraceErrorKind,
};

use crate::common::drain;

fn record(i: u64) -> Record {
    Record::access(0, Op::Read, i, 4)
}

/// An endless source that counts what was taken of it.
fn endless(taken: &Arc<AtomicU64>) -> Box<dyn Source> {
    let taken = Arc::clone(taken);
    let records = (0..).map(move |i| {
        taken.fetch_add(1, Ordering::Relaxed);
        record(i)
    });
    Box::new(IterSource::new(Header::new(Format::Din), records))
}

/// Waits until the count stands still, and returns it.
fn settled(taken: &AtomicU64) -> u64 {
    let start = Instant::now();
    let mut last = taken.load(Ordering::Relaxed);
    loop {
        thread::sleep(Duration::from_millis(50));
        let now = taken.load(Ordering::Relaxed);
        if now == last && now > 0 {
            return now;
        }
        last = now;
        assert!(start.elapsed() < Duration::from_mins(1), "it never stands still");
    }
}

#[test]
fn the_records_are_the_same() {
    let records: Vec<Record> = (0..500_000).map(record).collect();
    let source = IterSource::new(Header::new(Format::Din), records.clone().into_iter());
    let mut ahead = Ahead::new(Box::new(source));
    assert_eq!(ahead.header().format, Format::Din);
    assert!(drain(&mut ahead).expect("no errors") == records);
}

#[test]
fn records_are_appended_to_those_that_are_there() {
    let source = IterSource::new(Header::new(Format::Din), (1..3).map(record));
    let mut ahead = Ahead::new(Box::new(source));
    let mut all = vec![record(0)];
    while ahead.read(&mut all).expect("no errors") {}
    assert_eq!(all, [record(0), record(1), record(2)]);
}

#[test]
fn errors_come_with_the_records_before_them() {
    let text = "0 40\n".repeat(100_000) + "x\n";
    let input = std::io::Cursor::new(text.into_bytes());
    let source = trace::read("t.din", Box::new(input), &ReadOptions::default()).expect("din");
    let mut ahead = Ahead::new(source);
    let mut all = Vec::new();
    let error = loop {
        match ahead.read(&mut all) {
            Ok(more) => assert!(more, "the error comes before the end"),
            Err(error) => break error,
        }
    };
    assert_eq!((all.len(), error.kind), (100_000, TraceErrorKind::BadOp));
    assert!(!ahead.read(&mut all).expect("the end after the error"));
}

#[test]
fn it_runs_only_so_far_ahead_and_ends_when_dropped() {
    let taken = Arc::new(AtomicU64::new(0));
    let ahead = Ahead::new(endless(&taken));
    // Four chunks wait and a fifth is at the door.
    assert!(settled(&taken) <= 5 * CHUNK as u64);
    drop(ahead);
    let start = Instant::now();
    // The thread owns the other reference until it ends.
    while Arc::strong_count(&taken) > 1 {
        assert!(start.elapsed() < Duration::from_mins(1), "the thread does not end");
        thread::sleep(Duration::from_millis(5));
    }
}
