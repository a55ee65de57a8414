//! One member of a zip archive: its head, its bytes, and whether they are what it says.

use std::io;

use crc32fast::Hasher;
use flate2::{Decompress, FlushDecompress, Status};

use crate::compress::peeked::Peeked;
use crate::compress::zip::{cut, damaged, u16_at, u32_at, unread};
use crate::compress::zip_directory::{Entry, Fingerprint};

/// The bytes of a head, without the name and what else is of its own length.
const HEAD_BYTES: usize = 30;

/// How much of a name is shown.
const SHOWN_BYTES: usize = 60;

/// The longest piece of a head that is looked at as a whole: all that 16 bits can say.
const EXTRA_BYTES_MAX: usize = u16::MAX as usize;

const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// What a size of 32 bits is if the real one, of 64, stands elsewhere.
pub(super) const ELSEWHERE: u32 = u32::MAX;

/// The member that is being read.
pub(super) struct Member {
    /// "member 3 (`chunk.0002`)".
    shown: String,
    method: u16,
    inflate: Decompress,
    inflated: bool,
    /// What the head says, unless it is said behind the member.
    claimed: Option<Sizes>,
    hasher: Hasher,
    read: Sizes,
    fingerprint: Fingerprint,
    offset: u64,
}

/// How much there is of a member.
#[derive(Clone, Copy, Default)]
struct Sizes {
    crc: u32,
    packed: u64,
    unpacked: u64,
}

impl Member {
    /// Reads the head of a member.
    pub(super) fn begin(input: &mut Peeked, number: u64, offset: u64) -> io::Result<Member> {
        let unnamed = format!("the head of member {number}");
        let head = input.take::<HEAD_BYTES>()?.ok_or_else(|| cut(&unnamed))?;
        let (flags, method) = (u16_at(&head, 6), u16_at(&head, 8));
        let (name_bytes, extra_bytes) = (u16_at(&head, 26), u16_at(&head, 28));
        let mut fingerprint = Fingerprint::default();
        let mut name = Vec::new();
        let whole = input.pieces(name_bytes.into(), |piece| {
            fingerprint.write(piece);
            let room = SHOWN_BYTES - name.len();
            name.extend_from_slice(&piece[..piece.len().min(room)]);
        })?;
        if !whole {
            return Err(cut(&unnamed));
        }
        let more = if usize::from(name_bytes) > name.len() { "..." } else { "" };
        let name: String = String::from_utf8_lossy(&name)
            .chars()
            .map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c })
            .collect();
        let shown = format!("member {number} (`{name}{more}`)");
        let mut sizes = Sizes {
            crc: u32_at(&head, 14),
            packed: u32_at(&head, 18).into(),
            unpacked: u32_at(&head, 22).into(),
        };
        read_extra(input, extra_bytes.into(), &mut sizes, &shown)?;
        let behind = flags & 8 != 0;
        if flags & 1 != 0 {
            return Err(unread(format!("{shown} is encrypted")));
        }
        if method != STORED && method != DEFLATED {
            return Err(unread(format!("{shown} is packed by method {method}")));
        }
        if behind && method == STORED {
            return Err(unread(format!("{shown} is stored and says its length behind itself")));
        }
        if !behind && method == STORED && sizes.packed != sizes.unpacked {
            return Err(damaged(format!("{shown} is stored, of two lengths")));
        }
        Ok(Member {
            shown,
            method,
            inflate: Decompress::new(false),
            inflated: false,
            claimed: (!behind).then_some(sizes),
            hasher: Hasher::new(),
            read: Sizes::default(),
            fingerprint,
            offset,
        })
    }

    /// Reads some of the member's bytes; `Ok(0)` at its end.
    pub(super) fn read(&mut self, input: &mut Peeked, into: &mut [u8]) -> io::Result<usize> {
        let count = if self.method == STORED {
            self.read_stored(input, into)?
        } else {
            self.read_deflated(input, into)?
        };
        self.hasher.update(&into[..count]);
        self.read.unpacked += count as u64;
        if let Some(claimed) = self.claimed
            && self.read.unpacked > claimed.unpacked
        {
            return Err(self.too_long(claimed.unpacked));
        }
        Ok(count)
    }

    fn read_stored(&mut self, input: &mut Peeked, into: &mut [u8]) -> io::Result<usize> {
        let size = self.claimed.map_or(0, |claimed| claimed.packed);
        let left = usize::try_from(size - self.read.packed).unwrap_or(usize::MAX);
        if left == 0 {
            return Ok(0);
        }
        let bytes = input.peek(1)?;
        let count = bytes.len().min(left).min(into.len());
        if count == 0 {
            return Err(cut(&self.shown));
        }
        into[..count].copy_from_slice(&bytes[..count]);
        input.consume(count);
        self.read.packed += count as u64;
        Ok(count)
    }

    fn read_deflated(&mut self, input: &mut Peeked, into: &mut [u8]) -> io::Result<usize> {
        while !self.inflated {
            let mut bytes = input.peek(1)?;
            if let Some(claimed) = self.claimed {
                let left = usize::try_from(claimed.packed - self.read.packed);
                bytes = &bytes[..bytes.len().min(left.unwrap_or(usize::MAX))];
            }
            let at_end = bytes.is_empty();
            let (packed, unpacked) = (self.inflate.total_in(), self.inflate.total_out());
            let status = self.inflate.decompress(bytes, into, FlushDecompress::None);
            let taken = (self.inflate.total_in() - packed) as usize;
            let made = (self.inflate.total_out() - unpacked) as usize;
            input.consume(taken);
            self.read.packed += taken as u64;
            let status = status
                .map_err(|error| damaged(format!("{} does not inflate: {error}", self.shown)))?;
            self.inflated = status == Status::StreamEnd;
            if made > 0 {
                return Ok(made);
            }
            if !self.inflated && at_end {
                return Err(match self.claimed {
                    Some(claimed) if self.read.packed == claimed.packed => {
                        damaged(format!("{} ends within its deflated data", self.shown))
                    }
                    _ => cut(&self.shown),
                });
            }
        }
        Ok(0)
    }

    /// Reads what stands behind the member, compares, and returns what the directory must say.
    pub(super) fn finish(&mut self, input: &mut Peeked) -> io::Result<u64> {
        self.read.crc = self.hasher.clone().finalize();
        match self.claimed {
            Some(claimed) => self.compare(claimed)?,
            None => self.skip_descriptor(input)?,
        }
        let Sizes { crc, packed, unpacked } = self.read;
        let entry = Entry { method: self.method, crc, packed, unpacked, offset: self.offset };
        Ok(self.fingerprint.of(&entry))
    }

    fn compare(&self, claimed: Sizes) -> io::Result<()> {
        let Member { shown, read, .. } = self;
        if read.unpacked != claimed.unpacked {
            let (has, says) = (read.unpacked, claimed.unpacked);
            return Err(damaged(format!("{shown} has {has} bytes and says {says}")));
        }
        if read.packed != claimed.packed {
            let (has, says) = (read.packed, claimed.packed);
            return Err(damaged(format!("{shown} has {has} packed bytes and says {says}")));
        }
        if read.crc != claimed.crc {
            let (has, says) = (read.crc, claimed.crc);
            return Err(damaged(format!("{shown} has the CRC {has:08x} and says {says:08x}")));
        }
        Ok(())
    }

    /// Takes the sizes behind a member: of 64 bits or 32, with a mark before them or without.
    fn skip_descriptor(&mut self, input: &mut Peeked) -> io::Result<()> {
        let Sizes { crc, packed, unpacked } = self.read;
        let (crc, packed, unpacked) =
            (crc.to_le_bytes(), packed.to_le_bytes(), unpacked.to_le_bytes());
        let wide = [&crc[..], &packed, &unpacked].concat();
        let narrow = [&crc[..], &packed[..4], &unpacked[..4]].concat();
        let mark = &b"PK\x07\x08"[..];
        // The longer first: of an empty member the shorter begins as the longer does.
        let forms = [[mark, &wide].concat(), [mark, &narrow].concat(), wide, narrow];
        let bytes = input.peek(forms[0].len())?;
        let Some(form) = forms.iter().find(|form| bytes.starts_with(form)) else {
            let Member { shown, .. } = self;
            return Err(if forms.iter().any(|form| form.starts_with(bytes)) {
                cut(&format!("the sizes behind {shown}"))
            } else {
                damaged(format!("{shown} has another CRC or size than what stands behind it"))
            });
        };
        input.consume(form.len());
        Ok(())
    }

    #[cold]
    fn too_long(&self, claimed: u64) -> io::Error {
        damaged(format!("{} has more than the {claimed} bytes that it says", self.shown))
    }
}

/// Reads the part of a head that may have sizes of 64 bits.
fn read_extra(input: &mut Peeked, count: usize, sizes: &mut Sizes, shown: &str) -> io::Result<()> {
    debug_assert!(count <= EXTRA_BYTES_MAX);
    let bytes = input.peek(count)?;
    let Some(extra) = bytes.get(..count) else {
        return Err(cut(&format!("the head of {shown}")));
    };
    let mut values = wide_values(extra);
    for size in [&mut sizes.unpacked, &mut sizes.packed] {
        if *size == u64::from(ELSEWHERE)
            && let Some(value) = values.next()
        {
            *size = value;
        }
    }
    input.consume(count);
    Ok(())
}

/// Returns the numbers of 64 bits in the extra field of a head: sizes and an offset, if there are.
pub(super) fn wide_values(mut extra: &[u8]) -> impl Iterator<Item = u64> + use<> {
    let (mut values, mut count) = ([0; 3], 0);
    while extra.len() >= 4 {
        let (id, length) = (u16_at(extra, 0), usize::from(u16_at(extra, 2)));
        let Some(body) = extra.get(4..4 + length) else { break };
        if id == 1 {
            for (value, bytes) in values.iter_mut().zip(body.as_chunks::<8>().0) {
                *value = u64::from_le_bytes(*bytes);
                count += 1;
            }
            break;
        }
        extra = &extra[4 + length..];
    }
    values.into_iter().take(count)
}
