//! Whatever a file holds, reading it ends, without a panic, and gives no record that is not there.

use std::time::{Duration, Instant};

use trace::{
    ChunkCodec, Format, Header, Input, Op, ReadOptions, Record, Shortfall, Surveyed, TraceError,
    TraceErrorKind,
};

use crate::common::Random;
use crate::mtrc::{open, pack, unpack};
use crate::mtrc_file::{Chunk, File, RECORDS, crc, hand_made, header_bytes, header_of};
use crate::mutation::{check, mutate};

/// No file of some hundred bytes may take longer than this, on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Reads a file that has to be refused: the records before the error, and the error.
fn refused(bytes: &[u8]) -> (Vec<Record>, TraceError) {
    let (records, error) = unpack(bytes);
    let error = error.expect("something is wrong with it");
    assert!(!error.found.is_empty() && !error.expected.is_empty() && !error.help.is_empty());
    (records, error)
}

/// Returns the kind and the words of what is wrong with a file.
fn wrong(bytes: &[u8]) -> (TraceErrorKind, String) {
    let (_, error) = refused(bytes);
    (error.kind, format!("{error}; {}", error.help))
}

/// What a test does to a chunk.
type Change<'a> = &'a dyn Fn(&mut Chunk);

/// A head's core, control bytes and operands, and the error that they are.
type Streams<'a> = (u16, &'a [u8], &'a [u8], TraceErrorKind, &'a str);

/// Small files of each codec.
fn small_files() -> Vec<(ChunkCodec, Vec<Record>, Vec<u8>)> {
    let repeated = |i: u64| Record::access((i / 20) as u16, Op::Read, i << 6, 8);
    let records: Vec<Record> = (0..60).map(repeated).chain(RECORDS).collect();
    let file = |&codec| {
        let bytes = pack(&Header::new(Format::Mtrc), codec, &records);
        (codec, records.clone(), bytes)
    };
    ChunkCodec::ALL.iter().map(file).collect()
}

#[test]
fn a_file_cut_anywhere_says_so_after_the_whole_chunks() {
    let (bytes, file) = hand_made();
    let offsets = file.offsets();
    for cut in 0..bytes.len() {
        let (records, error) = unpack(&bytes[..cut]);
        let chunks = offsets[1..].iter().filter(|&&offset| offset <= cut).count();
        let whole = [0, 14, 17][chunks];
        assert_eq!(records, RECORDS[..whole], "cut after {cut} bytes");
        let Some(error) = error else {
            assert!(offsets[1..].contains(&cut), "cut after {cut} bytes");
            let mut source = open(&bytes[..cut]).expect("whole chunks");
            while source.read(&mut Vec::new()).expect("whole chunks") {}
            let chunks = chunks as u64;
            assert_eq!(source.shortfall(), Some(Shortfall::NoIndex { chunks }));
            continue;
        };
        let empty = cut == 0 || cut == offsets[0];
        let kind = if empty { TraceErrorKind::Empty } else { TraceErrorKind::Truncated };
        assert_eq!(error.kind, kind, "cut after {cut} bytes: {error}");
        if !empty {
            assert!(error.found.contains(&format!("after {whole} records")), "{error}");
        }
        if whole > 0 {
            assert!(error.help.contains(&format!("head -c {} FILE", offsets[chunks])), "{error}");
        }
    }
    assert!(unpack(&bytes).1.is_none());
}

#[test]
fn no_flipped_bit_makes_other_records() {
    let (bytes, _) = hand_made();
    let hand = (ChunkCodec::Raw, RECORDS.to_vec(), bytes);
    for (codec, records, bytes) in small_files().into_iter().chain([hand]) {
        for bit in 0..8 * bytes.len() {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let (read, error) = unpack(&flipped);
            assert!(records.starts_with(&read), "{}: bit {bit}", codec.name());
            match error {
                Some(error) => assert_ne!(error.kind, TraceErrorKind::Io, "{error}"),
                // What is packed may have bits that mean nothing.
                None => assert!(codec != ChunkCodec::Raw && read == records, "bit {bit}"),
            }
        }
    }
}

#[test]
fn what_a_head_may_not_claim_is_refused() {
    let (_, file) = hand_made();
    let with = |change: &dyn Fn(&mut Chunk)| {
        let mut file = file.clone();
        change(&mut file.chunks[1]);
        file.bytes()
    };
    let huge = u32::MAX;
    let cases: [(Change<'_>, TraceErrorKind, &str); 14] = [
        (&|c| c.raw = (64 << 20) + 1, TraceErrorKind::BadChunk, "67108865 raw bytes"),
        (&|c| c.raw = huge, TraceErrorKind::BadChunk, "at most 67108864 raw bytes"),
        (&|c| c.raw = 64 << 20, TraceErrorKind::BadChunk, "at most 17 raw bytes a record"),
        (&|c| (c.raw, c.stored) = (2, 2), TraceErrorKind::BadChunk, "3 records in 2 raw bytes"),
        (&|c| c.records = 8, TraceErrorKind::BadChunk, "8 records in 7 raw bytes"),
        (&|c| c.records = 0, TraceErrorKind::BadChunk, "1 to 65536 records"),
        (&|c| c.records = 65_537, TraceErrorKind::BadChunk, "1 to 65536 records"),
        (&|c| c.records = huge, TraceErrorKind::BadChunk, "1 to 65536 records"),
        (&|c| c.stored = huge, TraceErrorKind::BadChunk, "4294967295 stored bytes"),
        (&|c| (c.codec, c.stored) = (1, 8), TraceErrorKind::BadChunk, "8 stored bytes (zstd)"),
        (&|c| (c.codec, c.stored) = (2, 0), TraceErrorKind::BadChunk, "0 stored bytes (lz4)"),
        (&|c| c.core = 64, TraceErrorKind::BadChunk, "a core from 0 to 63"),
        (&|c| c.first = 13, TraceErrorKind::BadChunk, "expected record 14, after 14 records"),
        (&|c| c.first = u64::MAX, TraceErrorKind::BadChunk, "18446744073709551615 comes first"),
    ];
    let at = file.offsets()[1];
    for (change, kind, words) in cases {
        let (records, error) = refused(&with(change));
        assert_eq!((error.kind, &records[..]), (kind, &RECORDS[..14]), "{error}");
        let text = error.to_string();
        assert!(text.contains(words) && text.contains("chunk 2"), "{words}: {text}");
        assert!(text.contains(&format!("record 15 at byte {at}")), "{text}");
    }
    for (change, words) in [
        (&(|c: &mut Chunk| c.codec = 3) as Change<'_>, "a chunk of codec 3"),
        (&|c| c.flags = 1, "a chunk with flags 0x1"),
    ] {
        let (kind, text) = wrong(&with(change));
        assert_eq!(kind, TraceErrorKind::NewerVersion);
        assert!(text.contains(words) && text.contains("newer mesim"), "{text}");
    }
}

#[test]
fn what_streams_may_not_say_is_refused_at_its_record() {
    use TraceErrorKind::{
        AddressOverflow, BadChunk, BadCycles, BadOp, BadTime, CoreOutOfRange, SizeOutOfRange,
        TimeBackwards,
    };
    let mixed = 0xffff;
    let late = [0x82, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01];
    let ten = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02];
    let last = [0x01, 0x00];
    // The core of the head, controls and operands after a good record, what is wrong.
    let cases: [Streams<'_>; 19] = [
        (mixed, &[0x20], &[2, 0], CoreOutOfRange, "a core from 0 to 1"),
        (mixed, &[0x20], &[200, 0], CoreOutOfRange, "found `200`"),
        (1, &[0x20], &[1, 0], BadChunk, "records of core 1"),
        (mixed, &[0x0c], &[], BadChunk, "the end of the operands"),
        (mixed, &[0x0c], &[0x80], BadChunk, "the end of the operands"),
        (mixed, &[0x20], &[], BadChunk, "the end of the operands"),
        (mixed, &[0x0c], &[0, 0, 0], BadChunk, "2 operand bytes"),
        (mixed, &[0x0c], &ten, BadChunk, "more than 64 bits"),
        (mixed, &[0x1c], &[0, 0], SizeOutOfRange, "a size of 0 bytes"),
        (mixed, &[0x1c], &[0, 0x81, 0x80, 0x04], SizeOutOfRange, "65537"),
        (mixed, &[0x80], &[0, 0x81, 0x80, 0x80, 0x80, 0x04], SizeOutOfRange, "1073741825"),
        (mixed, &[0x09], &last, AddressOverflow, "4 bytes at 0xffffffffffffffff"),
        (mixed, &[0x87], &[], BadOp, "0x87"),
        (mixed, &[0x93], &[], BadOp, "0x93"),
        (mixed, &[0xa5], &[0, 0], BadOp, "0xa5"),
        (mixed, &[0xc2], &[], BadOp, "0xc2"),
        (mixed, &[0x85, 0x85], &[4, 1], TimeBackwards, "not before the last one, 2"),
        (mixed, &[0x85], &late, BadTime, "4611686018427387904"),
        (mixed, &[0x84], &late, BadCycles, "4611686018427387904"),
    ];
    for (core, controls, operands, kind, words) in cases {
        let controls = [&[0x0c], controls].concat();
        let operands = [&[0x02], operands].concat();
        let chunk = Chunk::raw(0, core, &controls, &operands);
        let file = File { header: header_bytes(), chunks: vec![chunk] };
        let (records, error) = refused(&file.bytes());
        let text = error.to_string();
        assert_eq!(error.kind, kind, "{text}");
        assert!(text.contains(words), "{words}: {text}");
        // What is left over is seen after the last record.
        let good = controls.len() - usize::from(!words.contains("operand bytes"));
        assert_eq!(records.len(), good, "{text}");
        assert!(text.contains(&format!("record {} at byte", good + 1)), "{text}");
    }
}

#[test]
fn times_and_cycles_are_added_up_over_chunks() {
    let chunk = |first, control, operand: &[u8]| Chunk::raw(first, 0xffff, &[control], operand);
    // 2^61 + 2^60, twice.
    let much = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x60];
    for (control, first, second, kind) in [
        (0x85, &[0x0a][..], &[0x08][..], TraceErrorKind::TimeBackwards),
        (0x86, &[0x0a], &[0x08], TraceErrorKind::TimeBackwards),
        (0x84, &much, &much, TraceErrorKind::BadCycles),
    ] {
        let chunks = vec![chunk(0, control, first), chunk(1, control, second)];
        let file = File { header: header_bytes(), chunks };
        let (records, error) = refused(&file.bytes());
        assert_eq!((records.len(), error.kind), (1, kind), "{error}");
        assert!(error.to_string().contains("record 2 at byte"), "{error}");
    }
}

#[test]
fn an_index_of_another_file_is_refused_after_the_records() {
    let (_, file) = hand_made();
    let index = file.index();
    let row = |at: usize| 24 + at;
    // Which byte, what of it, and words of the error.
    for (at, value, words) in [
        (8, 3, "an index of 3 chunks"),
        (16, 18, "an index of 2 chunks and 18 records"),
        (row(0), 0, "in row 1"),
        (row(0), file.offsets()[0] as u8 + 1, "rows that say otherwise than the chunks' heads"),
        (row(8), 1, "14 records from record 1 in row 1"),
        (row(16), 13, "in row 2"),
        (row(16), 0, "0 records from record 0 in row 1"),
        (row(18), 9, "589838 records"),
        (row(20), 5, "counts the cores' records otherwise"),
        (row(28), 5, "counts the cores' records otherwise"),
        (row(28), 200, "records of all cores in row 1"),
    ] {
        let mut index = index.clone();
        assert_ne!(index[at], value);
        index[at] = value;
        let (records, error) = refused(&file.with_index(index));
        let text = error.to_string();
        assert_eq!((error.kind, &records[..]), (TraceErrorKind::BadIndex, &RECORDS[..]), "{text}");
        assert!(text.contains(words), "{words}: {text}");
    }
    let mut flags = index;
    flags[4] = 2;
    assert_eq!(wrong(&file.with_index(flags)).0, TraceErrorKind::NewerVersion);
}

#[test]
fn a_survey_refuses_an_index_that_cannot_be() {
    let (bytes, file) = hand_made();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let survey = |bytes: &[u8]| {
        let path = folder.path().join("t.mtrc");
        std::fs::write(&path, bytes).expect("a file in it");
        match trace::survey(&Input::Path(path), &ReadOptions::default()) {
            Ok(Surveyed::Mtrc(survey)) => Ok(survey.records),
            Ok(Surveyed::Records(_)) => panic!("it is mtrc"),
            Err(error) => Err((error.kind, error.to_string())),
        }
    };
    assert_eq!(survey(&bytes), Ok(17));
    let changed = |at: usize, value: u8| {
        let mut index = file.index();
        index[at] = value;
        survey(&file.with_index(index)).expect_err("an index that cannot be")
    };
    for (at, value, words) in [
        (16, 18, "rows of 17 records, expected 18 records"),
        (8, 1, "rows of 14 records"),
        (24 + 16, 13, "in row 2"),
        (24 + 28, 200, "records of all cores in row 1"),
    ] {
        let (kind, text) = changed(at, value);
        assert_eq!(kind, TraceErrorKind::BadIndex, "{text}");
        assert!(text.contains(words), "{words}: {text}");
    }
    // So many rows that the file ends before them.
    assert_eq!(changed(15, 0xff).0, TraceErrorKind::BadIndex);
    let mut nowhere = bytes.clone();
    let at = nowhere.len() - 20;
    nowhere[at + 7] = 0xff;
    let (kind, text) = survey(&nowhere).expect_err("no index there");
    assert_eq!(kind, TraceErrorKind::BadIndex);
    assert!(text.contains("no index at byte"), "{text}");
    // With a CRC that is right of an offset that is not.
    let end = file.without_index().len();
    let mut index = bytes[end..bytes.len() - 20].to_vec();
    index.extend(1_u64.to_le_bytes());
    let crc = crc(&index);
    index.extend(crc.to_le_bytes());
    index.extend(b"MTRCEND\0");
    let (kind, text) = wrong(&[&bytes[..end], &index].concat());
    assert_eq!(kind, TraceErrorKind::BadIndex);
    assert!(text.contains(&format!("after the index's offset ({end})")), "{text}");
}

#[test]
fn what_follows_the_end_is_refused() {
    let (bytes, file) = hand_made();
    let offsets = file.offsets();
    for more in [&b"\0"[..], &bytes, b"CHNK"] {
        let (records, error) = refused(&[&bytes, more].concat());
        assert_eq!((error.kind, &records[..]), (TraceErrorKind::BadIndex, &RECORDS[..]), "{error}");
        assert!(error.to_string().contains("bytes after the end mark"), "{error}");
    }
    let mut end = bytes.clone();
    let at = end.len() - 20;
    end[at] ^= 1;
    assert_eq!(wrong(&end).0, TraceErrorKind::BadIndex);
    let between = [&bytes[..offsets[1]], b"CHNKS", &bytes[offsets[1]..]].concat();
    assert_eq!(wrong(&between).0, TraceErrorKind::BadChunk);
    let junk = [&bytes[..offsets[1]], b"0 R 0x10\n"].concat();
    let (kind, text) = wrong(&junk);
    assert_eq!(kind, TraceErrorKind::BadChunk);
    assert!(text.contains("`0 R ` where a chunk begins"), "{text}");
}

#[test]
fn later_versions_are_told_from_damage() {
    let (_, file) = hand_made();
    let with = |header| File { header, ..file.clone() }.bytes();
    let unknown = with(header_of(1, 7, "{\"cores\":2,\"colour\":\"blue\"}"));
    assert_eq!(unpack(&unknown).0, RECORDS, "keys of a later minor version are ignored");
    let promised = with(header_of(1, 0, "{\"pcs\":true}"));
    assert_eq!(unpack(&promised).0, RECORDS, "no chunk has to have program counters");
    for (header, words) in [
        (header_of(2, 0, "{}"), "version 2 of mtrc"),
        (header_of(0, 9, "{}"), "version 0 of mtrc"),
        (header_of(1, 0, "{\"interleaving\":\"braided\"}"), "the interleaving `braided`"),
    ] {
        let (kind, text) = wrong(&with(header));
        assert_eq!(kind, TraceErrorKind::NewerVersion, "{text}");
        assert!(text.contains(words) && text.contains("newer mesim"), "{text}");
    }
    for (json, words) in [
        ("[]", "an object in JSON"),
        ("{\"cores\":2", "EOF while parsing"),
        ("{\"cores\":0}", "a number from 1 to 64"),
        ("{\"cores\":65}", "`cores` is 65"),
        ("{\"cores\":-1}", "a number from 1 to 64"),
        ("{\"line\":\"64\"}", "a number from 1 to"),
        ("{\"title\":7}", "a text that is not empty"),
        ("{\"config\":\"\"}", "a text that is not empty"),
        ("{\"pcs\":\"no\"}", "true, false or null"),
    ] {
        let (kind, text) = wrong(&with(header_of(1, 0, json)));
        assert_eq!(kind, TraceErrorKind::BadFileHeader, "{text}");
        assert!(text.contains(words), "{json}: {text}");
    }
    let mut long = header_of(1, 0, "{}");
    long[12..16].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(wrong(&with(long)).1.contains("a header of 4294967295 bytes"));
    let title = header_of(1, 0, "{\"title\":\"a\\u001b[2Jb\"}");
    assert_eq!(open(&with(title)).expect("a title").header().title.as_deref(), Some("a [2Jb"));
}

#[test]
fn mutants_are_read_or_refused() {
    let mut random = Random(0x6d74_7263);
    let (mut same, mut refused) = (0, 0);
    for (codec, records, bytes) in small_files() {
        for mutant in 0..3000 {
            let start = Instant::now();
            let (read, error) = unpack(&mutate(&bytes, &mut random));
            assert!(records.starts_with(&read), "{} mutant {mutant}", codec.name());
            if error.is_some() {
                refused += 1;
            } else {
                same += 1;
            }
            assert!(start.elapsed() < PATIENCE, "{} mutant {mutant}", codec.name());
        }
    }
    assert!(refused > 8000, "{same} the same, {refused} refused");
}

#[test]
fn mutants_whose_checksums_are_right_are_read_or_refused() {
    let mut random = Random(0x6372_6333);
    let (_, file) = hand_made();
    let (mut read, mut refused) = (0, 0);
    for mutant in 0..30_000 {
        let mut file = file.clone();
        let chunk = &mut file.chunks[random.below(2)];
        chunk.payload = mutate(&chunk.payload, &mut random);
        let length = chunk.payload.len() as u32;
        (chunk.raw, chunk.stored) = (length, length);
        if random.below(4) == 0 {
            chunk.codec = random.below(3) as u8;
        }
        if random.below(8) == 0 {
            chunk.raw = chunk.raw.wrapping_add(random.below(40) as u32);
        }
        if random.below(8) == 0 {
            chunk.core = random.below(66) as u16;
        }
        let start = Instant::now();
        // Its records may be others: then the index, if it counts them otherwise, says so.
        let (records, error) = unpack(&file.bytes());
        records.iter().for_each(check);
        if error.is_some() {
            refused += 1;
        } else {
            read += 1;
        }
        assert!(start.elapsed() < PATIENCE, "mutant {mutant}");
    }
    assert!(read > 1000 && refused > 10_000, "{read} read, {refused} refused");
}
