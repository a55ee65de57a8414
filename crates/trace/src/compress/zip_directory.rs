//! The directory at the end of a zip archive, which must say what was read before it.

use std::io;

use crate::compress::peeked::Peeked;
use crate::compress::zip::{cut, damaged, u16_at, u32_at};
use crate::compress::zip_member::{ELSEWHERE, wide_values};

/// The bytes of a row, without the name and what else is of its own length.
const ROW_BYTES: usize = 46;
/// The bytes of the end, without the comment.
const END_BYTES: usize = 22;
/// The bytes of the end with numbers of 64 bits up to where its own length is said.
const WIDE_END_BYTES: usize = 12;
/// The bytes of what says where that end is.
const LOCATOR_BYTES: usize = 20;

const ROW: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";
const WIDE_END: &[u8] = b"PK\x06\x06";
const LOCATOR: &[u8] = b"PK\x06\x07";

const WHAT: &str = "the directory at the end of the zip";

/// What the directory says of a member besides its name.
pub(super) struct Entry {
    pub(super) method: u16,
    pub(super) crc: u32,
    pub(super) packed: u64,
    pub(super) unpacked: u64,
    pub(super) offset: u64,
}

/// A member in 64 bits (FNV-1a): what its head and its bytes say, and what the directory says.
#[derive(Clone)]
pub(super) struct Fingerprint(u64);

impl Default for Fingerprint {
    fn default() -> Fingerprint {
        Fingerprint(0xcbf2_9ce4_8422_2325)
    }
}

impl Fingerprint {
    pub(super) fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// Returns that of a member of this name.
    pub(super) fn of(&self, entry: &Entry) -> u64 {
        let mut whole = self.clone();
        let Entry { method, crc, packed, unpacked, offset } = *entry;
        for number in [method.into(), crc.into(), packed, unpacked, offset] {
            whole.write(&u64::to_le_bytes(number));
        }
        whole.0
    }
}

/// All members, in whatever order: a directory may have another than the file.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Fingerprints(u64);

impl Fingerprints {
    pub(super) fn add(&mut self, member: u64) {
        self.0 = self.0.wrapping_add(member);
    }
}

/// Reads from behind the last member to the end of the file, and compares.
pub(super) fn read(input: &mut Peeked, members: u64, fingerprints: Fingerprints) -> io::Result<()> {
    let mut rows = 0;
    let mut said = Fingerprints::default();
    loop {
        let tag = input.peek(4)?;
        match tag {
            tag if tag.starts_with(ROW) => {
                said.add(read_row(input)?);
                rows += 1;
            }
            tag if tag.starts_with(WIDE_END) => {
                let head = input.take::<WIDE_END_BYTES>()?.ok_or_else(|| cut(WHAT))?;
                let rest = u64::from_le_bytes(*head.last_chunk().expect("eight bytes"));
                skip(input, rest)?;
            }
            tag if tag.starts_with(LOCATOR) => skip(input, LOCATOR_BYTES as u64)?,
            tag if tag.starts_with(END) => {
                let end = input.take::<END_BYTES>()?.ok_or_else(|| cut(WHAT))?;
                skip(input, u16_at(&end, 20).into())?;
                break;
            }
            tag if tag.len() < 4 => return Err(cut(&at_end(members))),
            _ => {
                let at = input.offset();
                return Err(damaged(format!("byte {at} begins no member and no directory")));
            }
        }
    }
    if rows != members || said != fingerprints {
        return Err(damaged(format!("{WHAT} has {rows} members, and not the {members} before it")));
    }
    let more = !input.peek(1)?.is_empty();
    if more {
        return Err(damaged(format!("more bytes behind the end, from byte {} on", input.offset())));
    }
    Ok(())
}

/// Says where a file that ends behind a member or within the directory ends.
fn at_end(members: u64) -> String {
    format!("the archive, after {members} members and before the end of its directory")
}

/// Reads a row, and returns what it says of a member.
fn read_row(input: &mut Peeked) -> io::Result<u64> {
    let row = input.take::<ROW_BYTES>()?.ok_or_else(|| cut(WHAT))?;
    let mut name = Fingerprint::default();
    if !input.pieces(u16_at(&row, 28).into(), |piece| name.write(piece))? {
        return Err(cut(WHAT));
    }
    let extra = usize::from(u16_at(&row, 30));
    let Some(bytes) = input.peek(extra)?.get(..extra) else { return Err(cut(WHAT)) };
    let mut values = wide_values(bytes);
    // In this order, and each only if its place of 32 bits says that it is here.
    let [unpacked, packed, offset] = [24, 20, 42].map(|at| match u32_at(&row, at) {
        ELSEWHERE => values.next().unwrap_or(ELSEWHERE.into()),
        value => value.into(),
    });
    input.consume(extra);
    skip(input, u16_at(&row, 32).into())?;
    let (method, crc) = (u16_at(&row, 10), u32_at(&row, 16));
    Ok(name.of(&Entry { method, crc, packed, unpacked, offset }))
}

fn skip(input: &mut Peeked, count: u64) -> io::Result<()> {
    if input.pieces(count, |_| ())? { Ok(()) } else { Err(cut(WHAT)) }
}
