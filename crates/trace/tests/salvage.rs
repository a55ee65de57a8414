//! What is left of a damaged file: every chunk that is whole, and no record that was not there.

use std::io::Cursor;

use trace::{ChunkCodec, Format, Header, Op, ReadOptions, Record, Shortfall, TraceError};

use crate::common::Random;
use crate::mtrc::pack;
use crate::mtrc_file::{RECORDS, hand_made, header_bytes};

/// Reads what is whole, and what is said of the rest.
fn salvage(bytes: &[u8]) -> Result<(Vec<Record>, Option<Shortfall>), TraceError> {
    let options = ReadOptions { salvage: true, ..ReadOptions::default() };
    let mut source = trace::read("a.mtrc", Box::new(Cursor::new(bytes.to_vec())), &options)?;
    let mut records = Vec::new();
    while source.read(&mut records)? {}
    assert!(!source.read(&mut records)?, "the end stays the end");
    Ok((records, source.shortfall()))
}

/// Four chunks, the last one short, and where each begins.
fn file(codec: ChunkCodec) -> (Vec<Record>, Vec<u8>, Vec<usize>) {
    let mut random = Random(5);
    let mut record = |i: u64| Record::access((i / 7 % 3) as u16, Op::Read, random.next() >> 20, 4);
    let records: Vec<Record> = (0..3 * 65_536 + 100).map(&mut record).collect();
    let bytes = pack(&Header::new(Format::Mtrc), codec, &records);
    let tags = bytes.windows(4).enumerate().filter(|(_, tag)| *tag == b"CHNK");
    let offsets: Vec<usize> = tags.map(|(at, _)| at).collect();
    assert_eq!(offsets.len(), 4, "no payload looks like a head");
    (records, bytes, offsets)
}

#[test]
fn a_damaged_chunk_takes_no_other_along() {
    for &codec in ChunkCodec::ALL {
        let (records, bytes, offsets) = file(codec);
        assert_eq!(salvage(&bytes).unwrap(), (records.clone(), None));
        for (chunk, &offset) in offsets.iter().enumerate() {
            let (first, last) = (chunk * 65_536, (chunk * 65_536 + 65_536).min(records.len()));
            let left = [&records[..first], &records[last..]].concat();
            let missing = (last - first) as u64;
            let expected = Some(Shortfall::Damaged { gaps: 1, records: missing });
            // In its tag, its numbers, its CRC, its bytes.
            for place in [0, 9, 21, 37, 40, 90] {
                let mut damaged = bytes.clone();
                damaged[offset + place] ^= 4;
                let (read, shortfall) = salvage(&damaged).unwrap();
                assert!(read == left, "{} chunk {chunk}, byte {place}", codec.name());
                assert_eq!(shortfall, expected, "{} chunk {chunk}, byte {place}", codec.name());
                assert!(trace_is_refused(&damaged), "without being asked nothing is left out");
            }
        }
    }
}

fn trace_is_refused(bytes: &[u8]) -> bool {
    let input = Box::new(Cursor::new(bytes.to_vec()));
    let Ok(mut source) = trace::read("a.mtrc", input, &ReadOptions::default()) else { return true };
    let mut records = Vec::new();
    loop {
        match source.read(&mut records) {
            Ok(true) => {}
            Ok(false) => return false,
            Err(_) => return true,
        }
    }
}

#[test]
fn what_stands_between_chunks_is_passed_over() {
    let (records, bytes, offsets) = file(ChunkCodec::Lz4);
    let zeros = vec![0; 300_000];
    let between = [&b"CHNK"[..], b"INDX", b"CHNKCHNKINDXCHN", &zeros, b"", b"CHN"];
    for garbage in between {
        let mut damaged = bytes[..offsets[1]].to_vec();
        damaged.extend(garbage);
        damaged.extend(&bytes[offsets[1]..offsets[2]]);
        damaged.extend(garbage);
        // The second chunk once more, as where two copies of a file ran into each other.
        damaged.extend(&bytes[offsets[1]..]);
        let (read, shortfall) = salvage(&damaged).unwrap();
        assert!(read == records);
        // The index is that of a file without what was put in.
        let cut = Some(Shortfall::Damaged { gaps: 0, records: 0 });
        assert_eq!(shortfall, cut);
    }
}

#[test]
fn a_file_that_was_cut_has_its_whole_chunks() {
    let (bytes, file) = hand_made();
    let offsets = file.offsets();
    for cut in 0..bytes.len() {
        let chunks = offsets[1..].iter().filter(|&&offset| offset <= cut).count();
        if chunks == 0 {
            assert!(salvage(&bytes[..cut]).is_err(), "nothing is left of {cut} bytes");
            continue;
        }
        let (read, shortfall) = salvage(&bytes[..cut]).unwrap();
        assert_eq!(read, RECORDS[..[0, 14, 17][chunks]], "{cut} bytes");
        let ends_with_chunk = offsets[1..].contains(&cut);
        let chunks = chunks as u64;
        let expected = if ends_with_chunk {
            Shortfall::NoIndex { chunks }
        } else {
            Shortfall::Damaged { gaps: 0, records: 0 }
        };
        assert_eq!(shortfall, Some(expected), "{cut} bytes");
    }
}

#[test]
fn no_flipped_bit_makes_other_records() {
    let (bytes, file) = hand_made();
    let offsets = file.offsets();
    for bit in 0..8 * bytes.len() {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let Ok((read, shortfall)) = salvage(&flipped) else {
            assert!(bit / 8 < header_bytes().len(), "bit {bit}");
            continue;
        };
        let chunk = offsets[1..].iter().filter(|&&offset| offset <= bit / 8).count();
        let left = match chunk {
            0 => &RECORDS[14..],
            1 => &RECORDS[..14],
            _ => &RECORDS[..],
        };
        assert_eq!(read, left, "bit {bit}");
        assert!(shortfall.is_some(), "bit {bit}");
    }
}
