//! A packed chunk to records, on its own: any thread may do it.

use crate::error::TraceError;
use crate::mtrc::Wanted;
use crate::mtrc::careful::Rules;
use crate::mtrc::decode;
use crate::mtrc::failure::{At, Origin};
use crate::mtrc::framer::Packed;
use crate::mtrc::index::{self, Counts};
use crate::mtrc::layout::MIXED;
use crate::mtrc::pack::Unpacker;
use crate::mtrc::pcs;
use crate::record::{CORES_MAX, Record};

/// What a chunk is besides its records.
pub(crate) struct Opened {
    pub(crate) at: At,
    /// How many records each core has.
    pub(crate) counts: Counts,
    /// Whether there may be times or compute cycles.
    pub(crate) extended: bool,
    /// What stopped it, after the records that were appended.
    pub(crate) result: Result<(), TraceError>,
}

/// Appends the records of a chunk.
pub(crate) fn open(
    unpacker: &mut Unpacker,
    packed: &mut Packed,
    origin: &Origin,
    wanted: Wanted,
    into: &mut Vec<Record>,
) -> Opened {
    let at = packed.at;
    let mut opened =
        Opened { at, counts: [0; CORES_MAX as usize], extended: false, result: Ok(()) };
    let head = packed.head;
    let (length, span) = (head.raw as usize, head.span());
    let raw = match unpacker.unpack(head.codec, &mut packed.stored, length) {
        Ok(raw) => raw,
        Err(why) => {
            let found = format!("damaged {} data (\"{why}\")", head.codec.name());
            let expected = format!("{length} bytes, unpacked");
            opened.result = Err(origin.chunk(at, &span, &found, &expected));
            return opened;
        }
    };
    if crc32fast::hash(&raw[..length]) != head.crc {
        let expected = format!("bytes whose CRC-32 is {:#010x}", head.crc);
        opened.result = Err(origin.chunk(at, &span, "damaged bytes", &expected));
        return opened;
    }
    let before = into.len();
    let rules = Rules { core: head.core, cores: wanted.cores };
    let (before_pcs, pcs) = raw[..length].split_at(length - head.pcs as usize);
    let streams = &raw[..before_pcs.len() + decode::PADDING];
    match decode::chunk(streams, head.records as usize, rules, into) {
        Ok(noted) => opened.extended = noted.extended,
        Err(fault) => {
            let good = (into.len() - before) as u64;
            opened.extended = true;
            opened.result = Err(origin.record(at, good, fault, rules));
        }
    }
    if opened.extended || head.core == MIXED {
        opened.counts = index::count(&into[before..]);
    } else {
        opened.counts[usize::from(head.core)] = head.records;
    }
    if wanted.pcs && !pcs.is_empty() && opened.result.is_ok() {
        let woven = pcs::weave(pcs, before, into);
        opened.result = woven.map_err(|fault| origin.record(at, 0, fault, rules));
    }
    opened
}
