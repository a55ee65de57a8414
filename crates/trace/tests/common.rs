//! The only calls of the API, so that tests are data.

use std::io::Write;

use trace::{CHUNK, Codec, Format, Header, Losses, Op, ReadOptions, Record, Source, TraceError};

/// Reads a text in a format that is given.
pub(crate) fn parse(format: Format, text: &[u8]) -> Result<Vec<Record>, TraceError> {
    let options = ReadOptions { format: Some(format), ..ReadOptions::default() };
    parse_with(&options, text)
}

/// Reads a text with options.
pub(crate) fn parse_with(options: &ReadOptions, text: &[u8]) -> Result<Vec<Record>, TraceError> {
    let input = std::io::Cursor::new(text.to_vec());
    drain(&mut *trace::read("test", Box::new(input), options)?)
}

/// Reads all of a source and checks what every source promises.
pub(crate) fn drain(source: &mut dyn Source) -> Result<Vec<Record>, TraceError> {
    let mut all = Vec::new();
    let mut chunk = Vec::new();
    loop {
        chunk.clear();
        let result = source.read(&mut chunk);
        assert!(chunk.len() <= CHUNK);
        all.extend_from_slice(&chunk);
        match result {
            Ok(true) => assert!(!chunk.is_empty()),
            Ok(false) => {
                assert!(chunk.is_empty());
                assert!(matches!(source.read(&mut chunk), Ok(false)));
                return Ok(all);
            }
            Err(error) => {
                assert!(matches!(source.read(&mut chunk), Ok(false)));
                return Err(error);
            }
        }
    }
}

/// Reads what a file with that name and content would be.
///
/// There is none: tests open tens of thousands, and a file system takes longer than a reader.
pub(crate) fn open_bytes(name: &str, bytes: &[u8]) -> Result<Vec<Record>, TraceError> {
    let input = Box::new(std::io::Cursor::new(bytes.to_vec()));
    drain(&mut *trace::open_stream(name, input, &ReadOptions::default())?)
}

/// Writes records in a format.
pub(crate) fn write(format: Format, records: &[Record]) -> (Vec<u8>, Losses) {
    write_with(&Header::new(format), records)
}

/// Writes records in the format of a header.
pub(crate) fn write_with(header: &Header, records: &[Record]) -> (Vec<u8>, Losses) {
    let mut out = Vec::new();
    let sink = trace::writer(header.format, header, Box::new(&mut out));
    let mut sink = sink.expect("a format that is written");
    sink.write(records).expect("a Vec takes everything");
    let losses = sink.finish().expect("a Vec takes everything");
    (out, losses)
}

/// How many bytes xz packs at its usual level, which takes seconds for a few millions.
const XZ_USUAL_BYTES_MAX: usize = 1 << 20;

/// Compresses bytes.
pub(crate) fn compress(codec: Codec, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    if codec == Codec::Xz && bytes.len() > XZ_USUAL_BYTES_MAX {
        // To those who read it the level does not matter.
        let mut encoder = liblzma::write::XzEncoder::new(&mut out, 0);
        encoder.write_all(bytes).expect("a Vec takes everything");
        encoder.finish().expect("a Vec takes everything");
        return out;
    }
    let name = format!("x.{}", codec.extension());
    let mut encoder = trace::encoder(name.as_ref(), &mut out).expect("an encoder");
    encoder.write_all(bytes).expect("a Vec takes everything");
    encoder.finish().expect("a Vec takes everything");
    out
}

/// Random numbers for tests: xorshift64*.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

/// Makes records that the format says without loss.
pub(crate) fn sayable(format: Format, count: usize, seed: u64) -> Vec<Record> {
    let mut random = Random(seed);
    let word = matches!(format, Format::Din | Format::Ncsu | Format::Percore | Format::Nus);
    let cores = match format {
        Format::Mtrace | Format::Mtrc | Format::Ncsu | Format::Lackey | Format::Csv => 4,
        Format::Din | Format::Xdin | Format::Percore | Format::Nus | Format::Champsim => 1,
        Format::Pinatrace
        | Format::Execlog
        | Format::Spike
        | Format::Drmemtrace
        | Format::ChampsimCloudsuite
        | Format::Gem5
        | Format::OracleGeneral
        | Format::Msr
        | Format::Twitter => panic!("it has no writer"),
    };
    let ops: &[Op] = match format {
        Format::Mtrace | Format::Mtrc => &[
            Op::Read,
            Op::Write,
            Op::Atomic,
            Op::Fetch,
            Op::Clean,
            Op::Flush,
            Op::FlushAll,
            Op::Fence,
            Op::Compute,
            Op::Time,
            Op::TimeTicks,
        ],
        Format::Din => &[Op::Read, Op::Write, Op::Fetch, Op::FlushAll],
        Format::Xdin => &[Op::Read, Op::Write, Op::Fetch, Op::Clean, Op::Flush, Op::FlushAll],
        Format::Csv => &[Op::Read, Op::Write, Op::Atomic, Op::Fetch],
        Format::Lackey | Format::Champsim => &[Op::Read, Op::Write, Op::Fetch],
        Format::Ncsu | Format::Percore => &[Op::Read, Op::Write],
        Format::Nus => &[Op::Read, Op::Write, Op::Compute],
        Format::Pinatrace
        | Format::Execlog
        | Format::Spike
        | Format::Drmemtrace
        | Format::ChampsimCloudsuite
        | Format::Gem5
        | Format::OracleGeneral
        | Format::Msr
        | Format::Twitter => &[],
    };
    let mut time = 0;
    let record = |_| {
        let core = random.below(cores) as u16;
        let op = ops[random.below(ops.len())];
        let addr = random.next() >> random.below(60);
        match op {
            Op::FlushAll | Op::Fence => Record::event(core, op, 0),
            Op::Compute => Record::event(core, op, addr >> 24),
            Op::Time | Op::TimeTicks => {
                time += random.next() >> 40;
                Record::event(0, op, time)
            }
            _ if word => Record::access(core, op, addr & !3, 4),
            // An address of 0 is none, and an access reaches to the end of its word.
            _ if format == Format::Champsim => {
                let addr = addr.max(1);
                Record::access(core, op, addr, 8 - (addr % 8) as u32)
            }
            _ => {
                let size = 1 << random.below(17);
                Record::access(core, op, addr.min(u64::MAX - 65_536), size)
            }
        }
    };
    (0..count).map(record).collect()
}
