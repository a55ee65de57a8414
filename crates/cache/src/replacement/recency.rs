//! The ways of each set in the order of their last use.

use crate::addr::Way;
use crate::geometry::Geometry;

/// An exact recency order a set: most recent first.
#[derive(Clone, Debug)]
pub(super) enum Recency {
    Packed(Packed),
    Linked(Linked),
}

impl Recency {
    pub(super) fn new(geometry: &Geometry) -> Self {
        if geometry.ways() <= Packed::WAYS_MAX {
            Self::Packed(Packed::new(geometry))
        } else {
            Self::Linked(Linked::new(geometry))
        }
    }

    #[inline]
    pub(super) fn move_to_front(&mut self, set: u32, way: Way) {
        match self {
            Self::Packed(packed) => packed.move_to_front(set, way),
            Self::Linked(linked) => linked.move_to_front(set, way),
        }
    }

    #[inline]
    pub(super) fn last(&self, set: u32) -> Way {
        match self {
            Self::Packed(packed) => packed.last(set),
            Self::Linked(linked) => linked.last(set),
        }
    }

    /// Returns how many ways of a set come before one.
    pub(super) fn rank(&self, set: u32, way: Way) -> Option<u32> {
        match self {
            Self::Packed(packed) => packed.rank(set, way),
            Self::Linked(linked) => linked.rank(set, way),
        }
    }
}

/// Up to sixteen ways: the order of a set is one word of sixteen 4-bit way numbers, the most
/// recent in the lowest nibble.
///
/// Words are stored relative to the order 0, 1, 2, ..., so that a fresh one is zero.
#[derive(Clone, Debug)]
pub(super) struct Packed {
    ways: u32,
    words: Vec<u64>,
}

const NIBBLES: u64 = 0x1111_1111_1111_1111;
const INITIAL: u64 = 0xfedc_ba98_7654_3210;

impl Packed {
    const WAYS_MAX: u32 = 16;

    fn new(geometry: &Geometry) -> Self {
        Self { ways: geometry.ways(), words: vec![0; geometry.sets() as usize] }
    }

    #[inline]
    fn move_to_front(&mut self, set: u32, way: Way) {
        let word = self.words[set as usize] ^ INITIAL;
        let way = u64::from(way.0);
        if word & 0xf == way {
            return;
        }
        // The nibble that equals `way` becomes zero, and the lowest zero nibble is found by the
        // borrow of a subtraction. (Nibbles above it may be marked wrongly; the lowest never is.)
        let differences = word ^ (NIBBLES * way);
        let zeros = differences.wrapping_sub(NIBBLES) & !differences & (NIBBLES << 3);
        let shift = zeros.trailing_zeros() & !3;
        let behind = !0_u64 << shift << 4;
        let ahead = word & !(!0_u64 << shift);
        self.words[set as usize] = ((word & behind) | (ahead << 4) | way) ^ INITIAL;
    }

    fn rank(&self, set: u32, way: Way) -> Option<u32> {
        let word = self.words[set as usize] ^ INITIAL;
        (0..self.ways).find(|place| (word >> (4 * place) & 0xf) == u64::from(way.0))
    }

    #[inline]
    fn last(&self, set: u32) -> Way {
        let word = self.words[set as usize] ^ INITIAL;
        Way((word >> (4 * (self.ways - 1)) & 0xf) as u32)
    }
}

/// Any number of ways: a doubly linked list through the slots of each set.
///
/// Links are slots plus one, 0 for none, so that fresh memory is an empty list. A way that was
/// never moved to the front is not in the list; it is not asked for before its set is full.
#[derive(Clone, Debug)]
pub(super) struct Linked {
    ways: u32,
    toward_front: Vec<u32>,
    toward_back: Vec<u32>,
    front: Vec<u32>,
    back: Vec<u32>,
}

impl Linked {
    fn new(geometry: &Geometry) -> Self {
        let (slots, sets) = (geometry.lines() as usize, geometry.sets() as usize);
        Self {
            ways: geometry.ways(),
            toward_front: vec![0; slots],
            toward_back: vec![0; slots],
            front: vec![0; sets],
            back: vec![0; sets],
        }
    }

    #[inline(never)]
    fn move_to_front(&mut self, set: u32, way: Way) {
        let link = set * self.ways + way.0 + 1;
        let set = set as usize;
        if self.front[set] == link {
            return;
        }
        self.unlink(set, link);
        let old_front = self.front[set];
        self.toward_back[link as usize - 1] = old_front;
        self.toward_front[link as usize - 1] = 0;
        if old_front == 0 {
            self.back[set] = link;
        } else {
            self.toward_front[old_front as usize - 1] = link;
        }
        self.front[set] = link;
    }

    /// Takes a slot that is not the front out of its list, if it is in one.
    fn unlink(&mut self, set: usize, link: u32) {
        let front = self.toward_front[link as usize - 1];
        if front == 0 {
            return;
        }
        let back = self.toward_back[link as usize - 1];
        self.toward_back[front as usize - 1] = back;
        if back == 0 {
            self.back[set] = front;
        } else {
            self.toward_front[back as usize - 1] = front;
        }
    }

    /// Walks the list: it is as long as the set has ways.
    fn rank(&self, set: u32, way: Way) -> Option<u32> {
        let wanted = set * self.ways + way.0 + 1;
        let next = |link: &u32| Some(self.toward_back[*link as usize - 1]);
        let links = std::iter::successors(Some(self.front[set as usize]), |link| {
            if *link == 0 { None } else { next(link) }
        });
        let place = links.take_while(|link| *link != 0).position(|link| link == wanted)?;
        Some(place as u32)
    }

    fn last(&self, set: u32) -> Way {
        Way(self.back[set as usize] - 1 - set * self.ways)
    }
}
