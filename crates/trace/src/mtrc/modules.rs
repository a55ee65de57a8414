//! The table of modules, between the last chunk and the index: whose instructions the program
//! counters are of.

use std::io::{self, Read};

use crate::modules::{Module, from_json, to_json};
use crate::mtrc::footer::read_full;
use crate::mtrc::layout::{MODULES_BYTES_MAX, MODULES_TAG};

/// What is wrong with a table.
pub(crate) enum ModulesFault {
    Input(io::Error),
    /// The file ends within it.
    Cut,
    /// What was found, what was expected.
    Wrong(String, String),
}

/// Appends a table, unless there is nothing to say; returns how many modules found no room.
pub(crate) fn put(modules: &[Module], out: &mut Vec<u8>) -> u64 {
    if modules.is_empty() {
        return 0;
    }
    let (json, kept) = to_json(modules, MODULES_BYTES_MAX);
    let from = out.len();
    out.extend_from_slice(&MODULES_TAG);
    out.extend_from_slice(&(json.len() as u32).to_le_bytes());
    out.extend_from_slice(json.as_bytes());
    let crc = crc32fast::hash(&out[from..]);
    out.extend_from_slice(&crc.to_le_bytes());
    (modules.len() - kept) as u64
}

/// Reads a table after its tag; returns its length as well, without the tag, in bytes.
pub(crate) fn read(mut input: impl Read) -> Result<(Vec<Module>, usize), ModulesFault> {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&MODULES_TAG);
    let mut length = [0; 4];
    fill(&mut input, &mut length)?;
    crc.update(&length);
    let length = u32::from_le_bytes(length) as usize;
    if length > MODULES_BYTES_MAX {
        let expected = format!("at most {MODULES_BYTES_MAX} bytes");
        return Err(ModulesFault::Wrong(format!("a table of {length} bytes"), expected));
    }
    let mut json = vec![0; length];
    fill(&mut input, &mut json)?;
    crc.update(&json);
    let mut stated = [0; 4];
    fill(&mut input, &mut stated)?;
    if crc.finalize().to_le_bytes() != stated {
        let found = "a table of modules whose CRC fails".to_owned();
        return Err(ModulesFault::Wrong(found, "a table as it was written".to_owned()));
    }
    match from_json(&json) {
        Some(modules) => Ok((modules, length + 8)),
        None => Err(ModulesFault::Wrong(
            "a table of modules that is none".to_owned(),
            "a list of objects with start, end, offset and path".to_owned(),
        )),
    }
}

fn fill(input: &mut impl Read, buffer: &mut [u8]) -> Result<(), ModulesFault> {
    let read = read_full(input, buffer).map_err(ModulesFault::Input)?;
    if read == buffer.len() { Ok(()) } else { Err(ModulesFault::Cut) }
}
