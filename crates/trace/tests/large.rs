//! Traces longer than blocks and chunks, counted independently.

use std::fmt::Write as _;
use std::io::Read;

use trace::{Format, Op, ReadOptions};

use crate::common::{Random, drain, parse, sayable, write};

/// Hands its bytes out in pieces of random length, as a pipe does.
pub(crate) struct Pieces {
    pub(crate) bytes: Vec<u8>,
    pub(crate) at: usize,
    pub(crate) random: Random,
}

impl Read for Pieces {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let piece = 1 + self.random.below(20_000);
        let count = piece.min(into.len()).min(self.bytes.len() - self.at);
        into[..count].copy_from_slice(&self.bytes[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

#[test]
fn a_long_din_is_counted_right() {
    let mut text = String::new();
    let mut random = Random(5);
    let mut counts = [0usize; 3];
    let mut sum = 0u64;
    for _ in 0..250_000 {
        let (label, word) = (random.below(3), random.next() >> random.below(60));
        counts[label] += 1;
        sum = sum.wrapping_add(word & !3);
        writeln!(text, "{label} {word:x}").expect("a String takes everything");
    }
    let records = parse(Format::Din, text.as_bytes()).expect("din");
    let of = |op| records.iter().filter(|record| record.op == op).count();
    assert_eq!([of(Op::Read), of(Op::Write), of(Op::Fetch)], counts);
    assert_eq!(records.iter().fold(0u64, |sum, record| sum.wrapping_add(record.addr)), sum);
}

#[test]
fn every_format_is_the_same_in_pieces_and_over_chunks() {
    for format in Format::written() {
        let records = sayable(format, 150_000, 6);
        let (text, _) = write(format, &records);
        let lines = text.split(|&byte| byte == b'\n').count() - 1;
        assert!(format.is_binary() || lines >= 150_000);
        let pieces = Pieces { bytes: text, at: 0, random: Random(3) };
        let options = ReadOptions { format: Some(format), ..ReadOptions::default() };
        let mut source = trace::read("pieces", Box::new(pieces), &options).expect("a trace");
        let back = drain(&mut *source).expect("a trace");
        assert_eq!(back.len(), records.len());
        assert!(back == records, "{}", format.name());
    }
}

#[test]
fn two_records_of_a_line_fit_chunks_exactly() {
    let text = " M 1000,4\n".repeat(100_000);
    assert_eq!(parse(Format::Lackey, text.as_bytes()).expect("lackey").len(), 200_000);
}
