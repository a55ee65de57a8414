//! Flipped bytes: whatever a trace holds, reading it ends, without a panic, in bounds.

use std::time::{Duration, Instant};

use trace::{ACCESS_BYTES_MAX, CORES_MAX, Codec, Format, Op, RANGE_BYTES_MAX, Record};

use crate::common::{Random, compress, open_bytes, parse, sayable, write};

/// Mutants of each text, and of each format and compression.
const TEXT_MUTANTS: usize = 2000;
const PACKED_MUTANTS: usize = 150;
/// No mutant of some hundred lines may take longer than this, on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Changes, doubles, drops or inserts some bytes.
pub(crate) fn mutate(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut mutant = bytes.to_vec();
    for _ in 0..=random.below(4) {
        if mutant.is_empty() {
            break;
        }
        let at = random.below(mutant.len());
        match random.below(6) {
            0 => mutant[at] ^= 1 << random.below(8),
            1 => mutant[at] = random.next() as u8,
            2 => mutant.truncate(at),
            3 => drop(mutant.remove(at)),
            4 => mutant.insert(at, b"\0\n\r \t#@+,*0xfF=9-["[random.below(18)]),
            _ => {
                let length = random.below(mutant.len() - at).min(5000);
                mutant.extend_from_within(at..at + length);
            }
        }
    }
    mutant
}

/// Checks what every reader promises of a record.
pub(crate) fn check(record: &Record) {
    assert!(record.core < CORES_MAX);
    let sizes = match record.op {
        Op::Read | Op::Write | Op::Atomic | Op::Fetch => 1..=ACCESS_BYTES_MAX,
        Op::Clean | Op::Flush => 1..=RANGE_BYTES_MAX,
        Op::FlushAll | Op::Fence | Op::Compute | Op::Time | Op::TimeTicks => 0..=0,
    };
    assert!(sizes.contains(&record.size));
    assert!(record.size == 0 || record.addr.checked_add(u64::from(record.size) - 1).is_some());
}

#[test]
fn mutants_of_texts_are_read_or_refused() {
    let mut random = Random(0x5eed);
    for format in Format::written().filter(|format| !format.is_binary()) {
        let (mut text, _) = write(format, &sayable(format, 120, 8));
        if format == Format::Mtrace {
            text.splice(0..0, b"@cores 4\nlet lock = 0x40\n0 A lock+8\n".iter().copied());
        }
        let (mut read, mut refused) = (0, 0);
        for mutant in 0..TEXT_MUTANTS {
            let bytes = mutate(&text, &mut random);
            let start = Instant::now();
            match parse(format, &bytes) {
                Ok(records) => {
                    read += 1;
                    assert!(records.len() <= 2 * bytes.len());
                    records.iter().for_each(check);
                }
                Err(error) => {
                    refused += 1;
                    assert!(!error.to_string().is_empty() && !error.help.is_empty());
                    let excerpt = error.excerpt.map(|excerpt| *excerpt);
                    if let Some(excerpt) = excerpt {
                        assert!(excerpt.line.get(excerpt.start..excerpt.end).is_some());
                        assert!(excerpt.line.chars().count() <= 206);
                    }
                }
            }
            assert!(start.elapsed() < PATIENCE, "{} mutant {mutant}", format.name());
        }
        assert!(read > 20 && refused > 20, "{}: {read} read, {refused} refused", format.name());
    }
}

#[test]
fn mutants_of_compressed_files_are_read_or_refused() {
    let mut random = Random(0xc0de);
    for format in Format::written() {
        let (text, _) = write(format, &sayable(format, 400, 8));
        for &codec in Codec::WRITTEN {
            let packed = compress(codec, &text);
            for mutant in 0..PACKED_MUTANTS {
                let bytes = mutate(&packed, &mut random);
                let start = Instant::now();
                if let Ok(records) = open_bytes(&format!("x.{}", format.name()), &bytes) {
                    records.iter().for_each(check);
                }
                assert!(start.elapsed() < PATIENCE, "{} mutant {mutant}", codec.name());
            }
        }
    }
}

#[test]
fn mutants_without_a_name_are_read_or_refused() {
    let mut random = Random(0xbad);
    for format in Format::written() {
        let (text, _) = write(format, &sayable(format, 50, 8));
        for _ in 0..200 {
            if let Ok(records) = open_bytes("x", &mutate(&text, &mut random)) {
                records.iter().for_each(check);
            }
        }
    }
}
