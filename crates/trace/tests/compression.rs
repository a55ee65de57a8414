//! Compressed traces, whole, joined and cut.

use trace::TraceErrorKind::{Corrupt, Empty, Truncated};
use trace::{Codec, Format, Place};

use crate::common::{Random, compress, open_bytes, sayable, write};

#[test]
fn every_format_is_read_through_every_compression() {
    for format in Format::written() {
        let records = sayable(format, 5000, 2);
        let (text, _) = write(format, &records);
        for &codec in Codec::WRITTEN {
            let bytes = compress(codec, &text);
            assert_eq!(Codec::of_magic(&bytes), Some(codec));
            // The name says nothing of the compression: the magic number does.
            let back = open_bytes(&format!("x.{}", format.name()), &bytes).expect("a trace");
            assert_eq!(back, records, "{} {}", format.name(), codec.name());
            if format == Format::Champsim {
                // Nothing in it says what it is.
                continue;
            }
            let back = open_bytes("x", &bytes).expect("a trace");
            assert_eq!(back, records, "{} {}", format.name(), codec.name());
        }
    }
}

#[test]
fn joined_members_are_one_trace_even_within_a_line() {
    let text = b"0 1000\n1 1004\n0 1008\n";
    for &codec in Codec::WRITTEN {
        for cut in 1..text.len() {
            let mut bytes = compress(codec, &text[..cut]);
            bytes.extend(compress(codec, b""));
            bytes.extend(compress(codec, &text[cut..]));
            let records = open_bytes("x.din", &bytes).expect("a trace");
            assert_eq!(records.len(), 3, "{} cut at {cut}", codec.name());
        }
    }
}

#[test]
fn a_cut_file_is_an_error_wherever_it_is_cut() {
    let (text, _) = write(Format::Ncsu, &sayable(Format::Ncsu, 300, 9));
    for &codec in Codec::WRITTEN {
        let bytes = compress(codec, &text);
        for cut in 0..bytes.len() {
            let result = open_bytes("x.ncsu", &bytes[..cut]);
            let Err(error) = result else { panic!("{} cut at {cut}: no error", codec.name()) };
            if cut >= Codec::MAGIC_BYTES {
                assert_eq!(error.kind, Truncated, "{} cut at {cut}: {error}", codec.name());
                assert!(error.found.contains("lines ("), "{error}");
            }
            if cut == 0 {
                assert_eq!(error.kind, Empty);
            }
        }
    }
}

#[test]
fn a_cut_file_without_a_name_is_an_error_too() {
    let (text, _) = write(Format::Lackey, &sayable(Format::Lackey, 300, 9));
    for &codec in Codec::WRITTEN {
        let bytes = compress(codec, &text);
        for cut in (Codec::MAGIC_BYTES..bytes.len()).step_by(7) {
            let error = open_bytes("x", &bytes[..cut]).expect_err("a cut file");
            assert_eq!(error.kind, Truncated, "{} cut at {cut}: {error}", codec.name());
        }
    }
}

#[test]
fn a_second_member_that_is_cut_is_an_error_too() {
    let text = b"0 1000\n1 1004\n";
    for &codec in Codec::WRITTEN {
        let one = compress(codec, text);
        for cut in 1..one.len() {
            let mut bytes = one.clone();
            bytes.extend(&one[..cut]);
            let error = open_bytes("x.din", &bytes).expect_err("a cut member");
            let cut_or_damaged = matches!(error.kind, Truncated | Corrupt);
            assert!(cut_or_damaged, "{} cut at {cut}: {error}", codec.name());
        }
    }
}

#[test]
fn a_cut_says_how_much_was_read_before_it() {
    // Two members; the second is cut within its trailer or end, so all lines were seen.
    let first = b"# a comment\n0 1000\n1 1004\n";
    for &codec in Codec::WRITTEN {
        let mut bytes = compress(codec, first);
        let second = compress(codec, b"0 1008\n");
        bytes.extend(&second[..Codec::MAGIC_BYTES]);
        let error = open_bytes("x.din", &bytes).expect_err("a cut member");
        assert_eq!(error.kind, Truncated, "{}: {error}", codec.name());
        assert!(error.found.contains("3 lines (2 records)"), "{error}");
        assert!(error.found.contains(codec.name()), "{error}");
        assert_eq!(error.place, Place::Text { line: 4, column: 1 });
    }
}

#[test]
fn damage_is_found() {
    let (text, _) = write(Format::Din, &sayable(Format::Din, 2000, 4));
    let whole = sayable(Format::Din, 2000, 4);
    let mut random = Random(11);
    for &codec in Codec::WRITTEN {
        let bytes = compress(codec, &text);
        let mut found = 0;
        for _ in 0..200 {
            let mut damaged = bytes.clone();
            let at = Codec::MAGIC_BYTES + random.below(bytes.len() - Codec::MAGIC_BYTES);
            damaged[at] ^= 1 << random.below(8);
            match open_bytes("x.din", &damaged) {
                Err(_) => found += 1,
                // Bits that mean nothing (a time, a level) may flip unseen; records may not.
                Ok(records) => assert_eq!(records, whole, "{} at {at}", codec.name()),
            }
        }
        assert!(found > 150, "{}: only {found} of 200 found", codec.name());
    }
}

#[test]
fn garbage_behind_a_member_is_an_error() {
    for &codec in Codec::WRITTEN {
        let mut bytes = compress(codec, b"0 1000\n");
        bytes.extend(b"this is no member");
        assert!(open_bytes("x.din", &bytes).is_err(), "{}", codec.name());
    }
}
