//! Mutants of every kind of trace: whatever a file holds, reading it ends, soon, without a panic,
//! in bounds, and what is wrong has a place.
//!
//! The corpus is what the writers write, the samples of `traces/samples`, and `corpus/`. The cases
//! are the same every time; `MESIM_FUZZ_ROUNDS=1000 cargo test -p mesim-trace fuzz` runs as many
//! times as many, each round with mutants of its own. A case that fails is named, and its bytes are
//! left in a file.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use trace::{
    CHUNK, Codec, Format, Place, ReadOptions, Record, Source, TraceError, TraceErrorKind, decoder,
};

use crate::common::{Random, compress, sayable, write};
use crate::mutation::{check, mutate};
use crate::zip::{How, zip};

/// Mutants of each seed in one round: read as its format, without a name, and compressed in each
/// way.
const FORCED: usize = 4000;
const SNIFFED: usize = 1200;
const PACKED: usize = 250;

/// How often that is done if the environment does not say it.
const ROUNDS: usize = 1;
const ROUNDS_VARIABLE: &str = "MESIM_FUZZ_ROUNDS";

/// No case of some kilobytes may take longer than this, on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// About how long a seed is; what is longer is cut, behind a record: this is a multiple of the
/// lengths that binary records have.
const SEED_BYTES: usize = 31 * 192;

/// A record takes one byte at least in the densest format (mtrc), or a header that many share; one
/// line of msr may ask for a GiB, which is 16,384 accesses.
const RECORDS_PER_BYTE_MAX: usize = 2;
const RECORDS_PER_MSR_LINE_MAX: usize = 16_385;

/// Records of a compressed mutant are not read further than this.
const RECORDS_MAX: usize = 1 << 22;

/// How much more address space than before the fuzzing may have been in use at once: it is what
/// the decoders are allowed (xz 256 MiB, zstd 128 MiB) and buffers, in some threads.
const ADDRESS_SPACE_KIB_MAX: u64 = 4 << 20;

/// A trace to begin with.
#[derive(Clone)]
struct Seed {
    name: String,
    format: Format,
    bytes: Arc<[u8]>,
}

impl Seed {
    fn new(name: String, format: Format, mut bytes: Vec<u8>) -> Seed {
        if !format.is_binary() {
            let line_ends = |at: &usize| bytes[at - 1] == b'\n';
            let most = SEED_BYTES.min(bytes.len());
            bytes.truncate((1..=most).rev().find(line_ends).unwrap_or(most));
        } else if !matches!(format, Format::Mtrc | Format::Drmemtrace | Format::Gem5) {
            bytes.truncate(SEED_BYTES);
        }
        Seed { name, format, bytes: bytes.into() }
    }
}

/// Returns traces of every format, all small.
fn corpus() -> Vec<Seed> {
    let mut seeds = Vec::new();
    for format in Format::written() {
        let (bytes, _) = write(format, &sayable(format, 120, 8));
        seeds.push(Seed::new(format!("written {}", format.name()), format, bytes));
    }
    seeds.push(Seed::new("with program counters".to_owned(), Format::Mtrc, crate::pcs::small()));
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in
        ["../../traces/samples", "../../traces/samples/counting.dir/trace", "tests/corpus"]
    {
        for path in files(&here.join(folder)) {
            seeds.push(seed_of_file(&path));
        }
    }
    for format in Format::ALL {
        let seed = seeds.iter().find(|seed| seed.format == *format);
        assert!(seed.is_some(), "the corpus has no {}", format.name());
    }
    seeds
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder of the corpus");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.is_file() && path.extension().is_none_or(|e| e != "py")).collect();
    paths.sort_unstable();
    paths
}

/// Undoes the compression of a file, and finds out what it is.
fn seed_of_file(path: &Path) -> Seed {
    let raw = std::fs::read(path).expect("a file of the corpus");
    let source = trace::open(&trace::Input::from(path), &ReadOptions::default());
    let format = source.unwrap_or_else(|error| panic!("{error}")).header().format;
    let bytes = match Codec::of_magic(&raw) {
        None => raw,
        Some(codec) => {
            let mut bytes = Vec::new();
            let mut stream = decoder(codec, Box::new(std::io::Cursor::new(raw))).expect("a stream");
            stream.read_to_end(&mut bytes).expect("a whole file");
            bytes
        }
    };
    Seed::new(path.file_name().unwrap_or_default().to_string_lossy().into_owned(), format, bytes)
}

/// How a mutant is read.
#[derive(Clone, Copy, Debug)]
enum Reading {
    /// As its format, which is said.
    Forced,
    /// As whatever it is taken for.
    Sniffed,
    /// As far as it is whole.
    Salvaged,
    /// Compressed before it was changed, under a name that says its format.
    Packed(Codec),
}

impl Reading {
    /// Returns what is changed.
    fn whole(self, seed: &Seed) -> Vec<u8> {
        match self {
            Reading::Forced | Reading::Sniffed | Reading::Salvaged => seed.bytes.to_vec(),
            Reading::Packed(Codec::Zip) => zip(&seed.bytes, 2000, How::Deflated),
            Reading::Packed(codec) => compress(codec, &seed.bytes),
        }
    }

    fn read(self, format: Format, bytes: &[u8]) -> Result<Vec<Record>, TraceError> {
        let input = Box::new(std::io::Cursor::new(bytes.to_vec()));
        let forced = ReadOptions { format: Some(format), pcs: true, ..ReadOptions::default() };
        let mut source = match self {
            Reading::Forced => trace::read("mutant", input, &forced)?,
            Reading::Salvaged => {
                let salvaged = ReadOptions { salvage: true, ..forced };
                trace::read("mutant", input, &salvaged)?
            }
            Reading::Sniffed => trace::open_stream("mutant", input, &ReadOptions::default())?,
            Reading::Packed(_) => {
                let name = format!("mutant.{}", format.extensions()[0]);
                trace::open_stream(&name, input, &ReadOptions::default())?
            }
        };
        let most = match self {
            Reading::Packed(_) => RECORDS_MAX,
            // Whatever it was, it may be taken for msr.
            Reading::Sniffed => records_max(Format::Msr, bytes),
            Reading::Forced | Reading::Salvaged => records_max(format, bytes),
        };
        let records = first_records(&mut *source, most)?;
        let cut = matches!(self, Reading::Packed(_));
        assert!(cut || records.len() <= most, "more than {most} of {} bytes", bytes.len());
        Ok(records)
    }
}

/// Returns how many records so many bytes may say.
fn records_max(format: Format, bytes: &[u8]) -> usize {
    let lines = bytes.split(|&byte| byte == b'\n').count();
    match format {
        Format::Msr => lines * RECORDS_PER_MSR_LINE_MAX,
        _ => bytes.len() * RECORDS_PER_BYTE_MAX,
    }
}

/// Reads records, up to a chunk more than there should be at the most.
fn first_records(source: &mut dyn Source, most: usize) -> Result<Vec<Record>, TraceError> {
    let (mut all, mut chunk) = (Vec::new(), Vec::new());
    while all.len() <= most {
        chunk.clear();
        let more = source.read(&mut chunk);
        assert!(chunk.len() <= 2 * CHUNK);
        chunk.iter().for_each(check);
        all.extend_from_slice(&chunk);
        if !more? {
            assert!(chunk.is_empty(), "records and the end at once");
            break;
        }
        assert!(!chunk.is_empty(), "no record, and not the end");
    }
    Ok(all)
}

/// Checks that an error says what a user needs.
fn check_error(error: &TraceError) {
    use TraceErrorKind::{BadArchive, Corrupt, Empty, Truncated, UnknownFormat};
    assert!(!error.to_string().is_empty() && !error.help.is_empty(), "{error}");
    // What is wrong with a trace as a whole, or before it begins, is at no place of it.
    let is_whole = matches!(error.kind, Empty | UnknownFormat)
        || matches!(error.kind, BadArchive | Corrupt | Truncated)
            && error.found.contains("after 0 ");
    assert!(error.place != Place::None || is_whole, "no place: {error}");
    if let Some(excerpt) = &error.excerpt {
        assert!(excerpt.line.get(excerpt.start..excerpt.end).is_some(), "{error}");
        assert!(excerpt.line.chars().count() <= 206, "{error}");
    }
}

/// The mutant that is being read, to be named if it is the last one.
struct Now {
    what: String,
    bytes: Vec<u8>,
    since: Instant,
}

impl Now {
    /// Keeps the mutant as a file, and fails the test.
    fn fail(&self, why: &str) -> ! {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mesim-fuzz-mutant");
        let kept = std::fs::write(&path, &self.bytes);
        panic!("{}: {why}\nthe mutant is in {} ({kept:?})", self.what, path.display());
    }
}

/// Reads mutants of all seeds in a thread, and watches it.
fn fuzz(readings: &[Reading], mutants: usize) {
    let before = address_space_peak();
    let seeds = corpus();
    let now = Arc::new(Mutex::new(Now {
        what: "the corpus".to_owned(),
        bytes: Vec::new(),
        since: Instant::now(),
    }));
    // Only what has chunks can be damaged in one of them.
    let fits = |reading: &Reading, seed: &Seed| {
        !matches!(reading, Reading::Salvaged) || seed.format == Format::Mtrc
    };
    let cases = readings.iter().flat_map(|reading| seeds.iter().map(move |seed| (*reading, seed)));
    let cases = cases.filter(|(reading, seed)| fits(reading, seed));
    let cases: Vec<(Reading, Seed)> =
        cases.map(|(reading, seed)| (reading, seed.clone())).collect();
    let shared = Arc::clone(&now);
    let worker = thread::spawn(move || {
        for (reading, seed) in &cases {
            case(*reading, seed, mutants, &shared);
        }
    });
    while !worker.is_finished() {
        thread::sleep(Duration::from_millis(20));
        let now = now.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if now.since.elapsed() > PATIENCE {
            now.fail("it does not end");
        }
    }
    if let Err(panic) = worker.join() {
        std::panic::resume_unwind(panic);
    }
    let grown = address_space_peak().saturating_sub(before);
    assert!(grown < ADDRESS_SPACE_KIB_MAX, "{grown} KiB of addresses were in use");
}

/// Reads mutants of one seed in one way.
fn case(reading: Reading, seed: &Seed, mutants: usize, now: &Mutex<Now>) {
    let whole = reading.whole(seed);
    let name = &seed.name;
    let (mut good, mut refused) = (0, 0);
    for number in 0..mutants * rounds() {
        // Neighbouring numbers begin alike: each begins somewhere else.
        let mut random = Random((number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let bytes = if number == 0 { whole.clone() } else { mutate(&whole, &mut random) };
        let what = format!("mutant {number} of {name}, {reading:?}");
        *now.lock().expect("nobody fails with it") =
            Now { what, bytes: bytes.clone(), since: Instant::now() };
        let result = catch_unwind(AssertUnwindSafe(|| {
            let result = reading.read(seed.format, &bytes);
            if let Err(error) = &result {
                check_error(error);
            }
            result.is_ok()
        }));
        match result {
            Ok(true) => good += 1,
            Ok(false) => refused += 1,
            // The panic has been printed.
            Err(_) => now.lock().expect("nobody fails with it").fail("it panics, see above"),
        }
    }
    // Else the mutants are too much or too little for this seed, and say nothing.
    let some = mutants / 60;
    let is_checked = seed.format == Format::Mtrc || !matches!(reading, Reading::Forced);
    assert!(is_checked || good > some, "{name}, {reading:?}: {good} read, {refused} refused");
    assert!(refused > some, "{name}, {reading:?}: {good} read, {refused} refused");
}

fn rounds() -> usize {
    std::env::var(ROUNDS_VARIABLE).ok().and_then(|text| text.parse().ok()).unwrap_or(ROUNDS)
}

/// Returns the most KiB of addresses that were in use at once, where the system says it.
///
/// What is asked for counts, be it touched or not: a reader that believes a length is found even if
/// it fails afterwards.
fn address_space_peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmPeak:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
}

#[test]
fn mutants_of_every_format_are_read_or_refused() {
    fuzz(&[Reading::Forced], FORCED);
}

#[test]
fn mutants_are_salvaged_or_refused() {
    fuzz(&[Reading::Salvaged], FORCED);
}

#[test]
fn mutants_of_every_format_without_a_name_are_read_or_refused() {
    fuzz(&[Reading::Sniffed], SNIFFED);
}

#[test]
fn mutants_of_every_format_in_every_compression_are_read_or_refused() {
    let readings: Vec<Reading> = Codec::ALL.iter().map(|codec| Reading::Packed(*codec)).collect();
    fuzz(&readings, PACKED);
}

#[test]
fn a_trace_of_one_format_is_refused_or_read_as_any_other() {
    for seed in corpus() {
        for &format in Format::ALL {
            match Reading::Forced.read(format, &seed.bytes) {
                Ok(_) => {}
                Err(error) => check_error(&error),
            }
        }
    }
}
