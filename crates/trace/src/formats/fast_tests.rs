//! The fast paths against the slow ones, on random lines near each grammar.

use crate::codec::Codec;
use crate::format::Format;
use crate::record::{Op, Record};
use crate::source::{LackeyModify, ReadOptions};
use crate::text::buffer::{LineBuffer, WINDOW_BYTES};
use crate::text::reader::{LineFormat, slow};

use super::csv::Csv;
use super::din::Din;
use super::lackey::Lackey;
use super::mtrace::Mtrace;
use super::ncsu::Ncsu;
use super::nus::Nus;
use super::percore::Percore;
use super::pinatrace::Pinatrace;
use super::reader;
use super::xdin::Xdin;

const LINES: usize = 150_000;

const CSV_HEADER: &str = "core,op,addr,size";

/// Random numbers: a linear congruence's upper half.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        self.0 >> 32
    }

    fn below(&mut self, bound: usize) -> usize {
        self.next() as usize % bound
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }

    /// Returns 0 to 20 digits; most often as many as addresses have.
    fn digits(&mut self, digits: &[u8]) -> Vec<u8> {
        let count = if self.one_in(2) { 6 + self.below(6) } else { self.below(21) };
        (0..count).map(|_| digits[self.below(digits.len())]).collect()
    }

    fn hex(&mut self) -> Vec<u8> {
        let digits = self.of(&["0123456789abcdef", "0123456789ABCDEF", "0123456789abcdefABCDEF"]);
        self.digits(digits.as_bytes())
    }

    fn decimal(&mut self) -> Vec<u8> {
        self.digits(b"0123456789")
    }

    /// Returns a size, most often one that an access has.
    fn size(&mut self, any: fn(&mut Self) -> Vec<u8>) -> Vec<u8> {
        match self.below(6) {
            0 => any(self),
            1 => self.of(&["65536", "65537", "10000", "10001", "0", "007"]).into(),
            _ => self.of(&["1", "2", "4", "8", "16", "32"]).into(),
        }
    }

    /// Returns a line of the grammar, then perhaps bends it.
    fn line(&mut self, format: Format) -> Vec<u8> {
        let address = [self.of(&["", "", "0x", "0X"]).as_bytes(), &self.hex()].concat();
        let core = self.of(&["0", "1", "3", "4", "63", "64", "00", "4294967296"]);
        let (before, after): (String, Vec<u8>) = match format {
            Format::Din => (self.of(&["0 ", "1 ", "2 ", "3 ", "4 ", "5 ", "0"]).into(), vec![]),
            Format::Xdin => {
                let size = [b" ", &self.size(Self::hex)[..]].concat();
                (self.of(&["r ", "w ", "i ", "c ", "x "]).into(), size)
            }
            Format::Lackey => {
                let size = [b",", &self.size(Self::decimal)[..]].concat();
                (self.of(&["I  ", " L ", " S ", " M ", "L ", " I "]).into(), size)
            }
            Format::Ncsu => (format!("{core} {} ", self.of(&["r", "w", "x"])), vec![]),
            Format::Csv => {
                let size = [b",", &self.size(Self::decimal)[..]].concat();
                let op = self.of(&["R", "W", "A", "I", "r", "X"]);
                (format!("{core},{op},{}", self.of(&["0x", "0x", ""])), size)
            }
            Format::Pinatrace => {
                let pc = String::from_utf8(self.hex()).unwrap_or_default();
                let op = self.of(&["R", "W", "r", "X"]);
                (format!("0x{pc}: {op} {}", self.of(&["0x", "0x", ""])), vec![])
            }
            Format::Percore => (self.of(&["r 0x", "w 0x", "r ", "x 0x"]).into(), vec![]),
            Format::Nus => (self.of(&["0 0x", "1 0x", "2 0x", "2 ", "3 0x"]).into(), vec![]),
            _ => {
                let size = [b" ", &self.size(Self::decimal)[..]].concat();
                let size = if self.one_in(2) { size } else { vec![] };
                let op = self.of(&["R", "W", "A", "I", "C", "F"]);
                (format!("{core} {op} {}", self.of(&["0x", "0x", "", "x+"])), size)
            }
        };
        let mut line = [before.as_bytes(), &address, &after].concat();
        if self.one_in(3) {
            let byte = match self.below(3) {
                0 => b" \t#\r,gG:@`/x0"[self.below(13)],
                1 => self.below(256) as u8,
                _ => self.below(128) as u8,
            };
            let byte = if byte == b'\n' { b'\r' } else { byte };
            let at = self.below(line.len() + 1);
            if self.one_in(2) || at == line.len() { line.insert(at, byte) } else { line[at] = byte }
        }
        line.extend_from_slice(self.of(&["", "", "", "\r", " ", " # comment"]).as_bytes());
        line
    }
}

/// Reads random lines both ways and returns how many were read fast.
fn compare<F: LineFormat>(format: Format, new: impl Fn() -> F) -> usize {
    let mut random = Random(format.name().len() as u64);
    let head = if format == Format::Csv { CSV_HEADER } else { "" };
    let (mut fast_lines, mut text, mut records) = (0, Vec::new(), Vec::new());
    text.extend([head, "\n"].concat().bytes());
    for _ in 0..LINES {
        let line = random.line(format);
        let mut window = [0; WINDOW_BYTES].map(|_: u8| random.below(128) as u8);
        let whole = [&line[..], b"\n"].concat();
        let shown = whole.len().min(WINDOW_BYTES);
        window[..shown].copy_from_slice(&whole[..shown]);
        let (mut fast, mut slowly) = (Vec::new(), Vec::new());
        let used = new().fast(&window, &mut fast);
        let bare = line.strip_suffix(b"\r").unwrap_or(&line);
        let result = slow(&mut new(), bare, &mut slowly);
        let context = || format!("{}: {}", format.name(), line.escape_ascii());
        if used == 0 {
            assert!(fast.is_empty(), "{}", context());
        } else {
            assert_eq!(used, whole.len(), "{}", context());
            assert!(result.is_ok() && !fast.is_empty(), "{}", context());
            assert_eq!(fast, slowly, "{}", context());
            fast_lines += 1;
        }
        if result.is_ok() && format != Format::Nus {
            text.extend(whole);
            records.append(&mut slowly);
        }
    }
    // All that is right, as one text: lines that blocks cut in two.
    if !records.is_empty() {
        let pcs = records.iter().any(|record| record.op == Op::Pc);
        assert!(read(format, text, pcs) == records, "{}", format.name());
    }
    fast_lines
}

fn read(format: Format, text: Vec<u8>, pcs: bool) -> Vec<Record> {
    let options = ReadOptions { cores_max: 4, pcs, ..ReadOptions::default() };
    let buffer = LineBuffer::new(Box::new(std::io::Cursor::new(text)));
    let source = reader(format, buffer, "test", None::<Codec>, &options);
    let mut source = source.expect("each line is right");
    let (mut records, mut more) = (Vec::new(), true);
    while more {
        let mut chunk = Vec::new();
        more = source.read(&mut chunk).expect("each line is right");
        records.append(&mut chunk);
    }
    records
}

#[test]
fn what_is_read_fast_is_read_right() {
    let modify = LackeyModify::ReadWrite;
    let counts = [
        compare(Format::Din, || Din),
        compare(Format::Xdin, || Xdin),
        compare(Format::Lackey, || Lackey::new(4, modify, true)),
        compare(Format::Ncsu, || Ncsu { cores: 4 }),
        compare(Format::Percore, || Percore),
        compare(Format::Nus, Nus::default),
        compare(Format::Mtrace, || Mtrace::new(4)),
        compare(Format::Pinatrace, || Pinatrace::new(4, None, false)),
        compare(Format::Pinatrace, || Pinatrace::new(4, None, true)),
        compare(Format::Csv, || {
            let mut csv = Csv::new(4, None, false);
            slow(&mut csv, CSV_HEADER.as_bytes(), &mut Vec::new()).expect("a header");
            csv
        }),
    ];
    // The fast paths take their share: what they decline is not compared.
    assert!(counts.iter().all(|count| *count > LINES / 50), "{counts:?}");
}
