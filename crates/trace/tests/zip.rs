//! Zip archives: whole, as pipes write them, cut, damaged and of kinds that are not read.
//!
//! The archives are put together here, byte by byte.

use std::io::Write;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use trace::TraceErrorKind::{BadArchive, Corrupt, Empty, ReadOnly, Truncated};
use trace::{Codec, Format, Header, Record, TraceErrorKind};

use crate::common::{Random, open_bytes, sayable, write};

/// How a member is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum How {
    Stored,
    Deflated,
    /// Its sizes behind it, with the mark of four bytes that most writers put before them.
    Streamed,
    /// Without that mark.
    StreamedPlain,
    /// Sizes of 64 bits behind it.
    StreamedWide,
    /// Sizes of 64 bits in its head and in the directory.
    Wide,
}

const ALL: [How; 6] =
    [How::Stored, How::Deflated, How::Streamed, How::StreamedPlain, How::StreamedWide, How::Wide];

/// An archive in the making.
#[derive(Default)]
pub(crate) struct Zip {
    bytes: Vec<u8>,
    directory: Vec<u8>,
    members: u16,
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = !0_u32;
    for &byte in bytes {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 0 { crc >> 1 } else { crc >> 1 ^ 0xedb8_8320 };
        }
    }
    !crc
}

impl Zip {
    pub(crate) fn member(&mut self, name: &str, content: &[u8], how: How) {
        let packed = if how == How::Stored {
            content.to_vec()
        } else {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(content).expect("a Vec takes everything");
            encoder.finish().expect("a Vec takes everything")
        };
        let streamed = matches!(how, How::Streamed | How::StreamedPlain | How::StreamedWide);
        let flags = if streamed { 8_u16 } else { 0 };
        let method = if how == How::Stored { 0_u16 } else { 8 };
        let (crc, offset) = (crc(content), self.bytes.len() as u32);
        let sizes = [packed.len() as u64, content.len() as u64];
        let narrow = sizes.map(|size| if how == How::Wide { u32::MAX } else { size as u32 });
        let mut extra = Vec::new();
        if how == How::Wide {
            extra.extend([9, 9, 2, 0, 7, 7, 1, 0, 16, 0]);
            extra.extend(sizes[1].to_le_bytes().into_iter().chain(sizes[0].to_le_bytes()));
        }
        let said = if streamed { [0; 3] } else { [crc, narrow[0], narrow[1]] };
        let mut head = b"PK\x03\x04\x14\0".to_vec();
        head.extend(flags.to_le_bytes().into_iter().chain(method.to_le_bytes()));
        head.extend([0; 4]);
        head.extend(said.into_iter().flat_map(u32::to_le_bytes));
        head.extend((name.len() as u16).to_le_bytes());
        head.extend((extra.len() as u16).to_le_bytes());
        self.bytes.extend([&head, name.as_bytes(), &extra, &packed].concat());
        if streamed {
            let mark: &[u8] = if how == How::StreamedPlain { b"" } else { b"PK\x07\x08" };
            self.bytes.extend(mark);
            self.bytes.extend(crc.to_le_bytes());
            for size in sizes {
                let bytes = size.to_le_bytes();
                self.bytes.extend(if how == How::StreamedWide { &bytes[..] } else { &bytes[..4] });
            }
        }
        let row = &mut self.directory;
        row.extend(b"PK\x01\x02\x14\0\x14\0");
        row.extend(flags.to_le_bytes().into_iter().chain(method.to_le_bytes()));
        row.extend([0; 4]);
        row.extend([crc, narrow[0], narrow[1]].into_iter().flat_map(u32::to_le_bytes));
        row.extend((name.len() as u16).to_le_bytes());
        row.extend((extra.len() as u16).to_le_bytes());
        row.extend([0; 10]);
        row.extend(offset.to_le_bytes());
        row.extend([name.as_bytes(), &extra].concat());
        self.members += 1;
    }

    /// Ends the archive; `wide` puts the end that has numbers of 64 bits before the usual one.
    pub(crate) fn end(mut self, wide: bool) -> Vec<u8> {
        let (at, size) = (self.bytes.len() as u32, self.directory.len() as u32);
        self.bytes.append(&mut self.directory);
        if wide {
            self.bytes.extend(b"PK\x06\x06\x2c\0\0\0\0\0\0\0");
            self.bytes.extend([0; 44]);
            self.bytes.extend(b"PK\x06\x07");
            self.bytes.extend([0; 16]);
        }
        self.bytes.extend(b"PK\x05\x06\0\0\0\0");
        self.bytes.extend(self.members.to_le_bytes());
        self.bytes.extend(self.members.to_le_bytes());
        self.bytes.extend(size.to_le_bytes().into_iter().chain(at.to_le_bytes()));
        self.bytes.extend(b"\x03\0end");
        self.bytes
    }
}

/// Packs bytes as members of about that size each.
pub(crate) fn zip(content: &[u8], each: usize, how: How) -> Vec<u8> {
    let mut zip = Zip::default();
    for (number, part) in content.chunks(each).enumerate() {
        zip.member(&format!("chunk.{number:04}"), part, how);
    }
    zip.end(how == How::Wide)
}

fn text(count: usize) -> (Vec<u8>, Vec<Record>) {
    let records = sayable(Format::Din, count, 5);
    (write(Format::Din, &records).0, records)
}

#[test]
fn the_members_are_one_trace_however_they_are_packed() {
    let (text, records) = text(5000);
    for how in ALL {
        // Members end within lines.
        for each in [text.len(), 10_007, 997] {
            let bytes = zip(&text, each, how);
            assert_eq!(Codec::of_magic(&bytes), Some(Codec::Zip));
            for name in ["x.din", "x.din.zip", "x"] {
                let back = open_bytes(name, &bytes).expect("a zip");
                assert_eq!(back, records, "{how:?} {each} {name}");
            }
        }
    }
}

#[test]
fn folders_and_empty_members_are_nothing() {
    let mut zip = Zip::default();
    zip.member("trace/", b"", How::Stored);
    zip.member("trace/a", b"0 1000\n1 ", How::Deflated);
    zip.member("trace/none", b"", How::StreamedPlain);
    zip.member("trace/none wide", b"", How::StreamedWide);
    zip.member("trace/b", b"1004\n", How::Stored);
    assert_eq!(open_bytes("x.din.zip", &zip.end(false)).expect("a zip").len(), 2);
    assert_eq!(open_bytes("x.din", &Zip::default().end(false)).expect_err("none").kind, Empty);
}

#[test]
fn a_zip_that_is_cut_is_an_error_wherever_it_is_cut() {
    let (text, _) = text(60);
    for how in ALL {
        let bytes = zip(&text, 300, how);
        for cut in Codec::MAGIC_BYTES..bytes.len() {
            let error = open_bytes("x.din.zip", &bytes[..cut]).expect_err("a cut zip");
            assert_eq!(error.kind, Truncated, "{how:?} cut at {cut}: {error}");
            assert!(error.found.contains("within ") && error.found.contains("lines ("), "{error}");
        }
        let within = |cut: usize| open_bytes("x.din.zip", &bytes[..cut]).expect_err("cut").found;
        assert!(within(200).contains("within member 1 (`chunk.0000`)"), "{}", within(200));
        assert!(within(bytes.len() - 10).contains("the directory"), "{}", within(bytes.len() - 10));
    }
}

#[test]
fn damage_is_found() {
    let (text, records) = text(2000);
    let mut random = Random(12);
    for how in ALL {
        let bytes = zip(&text, 4000, how);
        let mut found = 0;
        for _ in 0..300 {
            let mut damaged = bytes.clone();
            let at = Codec::MAGIC_BYTES + random.below(bytes.len() - Codec::MAGIC_BYTES);
            damaged[at] ^= 1 << random.below(8);
            match open_bytes("x.din.zip", &damaged) {
                Err(_) => found += 1,
                // Versions, dates and attributes may change unseen; records may not.
                Ok(back) => assert_eq!(back, records, "{how:?} at {at}"),
            }
        }
        assert!(found > 200, "{how:?}: only {found} of 300 found");
    }
}

/// Changes the bytes at an offset.
fn patched(bytes: &[u8], at: usize, new: &[u8]) -> Vec<u8> {
    let mut patched = bytes.to_vec();
    patched[at..at + new.len()].copy_from_slice(new);
    patched
}

#[track_caller]
fn refused(bytes: &[u8], kind: TraceErrorKind, found: &str) {
    let error = open_bytes("x.din.zip", bytes).expect_err(found);
    assert_eq!(error.kind, kind, "{error}");
    assert!(error.found.contains(found), "{error}");
    assert!(error.found.contains("after "), "{error}");
    assert!(!error.help.is_empty());
}

#[test]
fn what_is_wrong_is_named_with_its_member() {
    let text = "0 1000\n".repeat(100);
    let good = zip(text.as_bytes(), 350, How::Deflated);
    let second = good[4..].windows(4).position(|tag| tag == b"PK\x03\x04").expect("two") + 4;
    let encrypted = patched(&good, second + 6, &[1]);
    refused(&encrypted, BadArchive, "member 2 (`chunk.0001`) is encrypted");
    let method = patched(&good, second + 8, &[12]);
    refused(&method, BadArchive, "member 2 (`chunk.0001`) is packed by method 12");
    let crc = patched(&good, second + 14, &[0; 4]);
    refused(&crc, Corrupt, "member 2 (`chunk.0001`) has the CRC");
    // A bomb says less than it is: it is stopped as soon as it is more.
    let bomb = patched(&good, second + 22, &[10, 0]);
    refused(&bomb, Corrupt, "member 2 (`chunk.0001`) has more than the 10 bytes that it says");
    let long = patched(&good, second + 22, &[0xff, 0xff]);
    refused(&long, Corrupt, "member 2 (`chunk.0001`) has 350 bytes and says 65535");
    let shorter = patched(&good, second + 18, &[5, 0]);
    refused(&shorter, Corrupt, "member 2 (`chunk.0001`) ends within its deflated data");
    let longer = patched(&good, second + 18, &[60, 0]);
    refused(&longer, Corrupt, "packed bytes and says 60");
    let name = patched(&good, second + 30, b"funk");
    refused(&name, Corrupt, "has 2 members, and not the 2 before it");
    let garbage = [&good[..], b"!"].concat();
    refused(&garbage, Corrupt, "more bytes behind the end");
    let stored = zip(text.as_bytes(), 700, How::Stored);
    refused(&patched(&stored, 6, &[8]), BadArchive, "is stored and says its length behind itself");
    refused(&patched(&stored, 18, &[1]), Corrupt, "is stored, of two lengths");
    let lost = [&good[..second], b"what is this?"].concat();
    refused(&lost, Corrupt, &format!("byte {second} begins no member and no directory"));
}

#[test]
fn a_name_of_64_kib_is_shown_in_part_and_without_control_characters() {
    let mut zip = Zip::default();
    zip.member(&"\x1b[2J".repeat(16_000), b"0 1000\n", How::Deflated);
    let bytes = zip.end(false);
    let error = open_bytes("x.din", &patched(&bytes, 14, &[0; 4])).expect_err("a wrong CRC");
    assert!(error.found.len() < 400 && !error.found.contains('\x1b'), "{error}");
}

#[test]
fn a_zip_is_not_written() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("out.din.zip");
    let error = trace::create(&path, Format::Din, &Header::new(Format::Din)).err();
    assert_eq!(error.expect("an error").kind, ReadOnly);
    assert!(!path.exists());
}
