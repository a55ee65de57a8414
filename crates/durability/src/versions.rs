//! Which version of a line lies where: an onlooker of the machine.
//!
//! The machine says which copy is made from which and where a store's bytes go; a copy's version
//! is the last write that it has. So it is known which version leaves the caches, even where an
//! outer level gives up an older one than an inner level has.

use cache::LineAddr;
use coherence::{CoreId, Observer, Place, Reference};
use rustc_hash::FxHashMap;

use crate::blocks::Seq;
use crate::spec::Ticks;

/// What the machine did since the last look.
#[derive(Clone, Debug, Default)]
pub(crate) struct Happened {
    /// Writes, in order.
    pub(crate) stores: Vec<(LineAddr, Seq)>,
    /// Versions that moved outward from one cache to another.
    pub(crate) moves: Vec<(LineAddr, Seq)>,
    /// Versions that left the caches.
    pub(crate) left: Vec<Left>,
    /// When a version that left had passed the bus.
    pub(crate) posted: Vec<(LineAddr, Ticks)>,
}

impl Happened {
    pub(crate) fn clear(&mut self) {
        self.stores.clear();
        self.moves.clear();
        self.left.clear();
        self.posted.clear();
    }
}

/// A version that left the caches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Left {
    pub(crate) line: LineAddr,
    pub(crate) seq: Seq,
    pub(crate) by: Way,
}

/// How a version left the caches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Way {
    /// Its store was sent through every level.
    Through,
    /// Another core's transaction took it along.
    Snoop,
    /// It was written back.
    WriteBack,
}

/// The versions of all copies.
#[derive(Clone, Debug, Default)]
pub struct Versions {
    newest: Seq,
    /// By core, cache and slot.
    private: Vec<Vec<Vec<Seq>>>,
    /// By level and slot.
    shared: Vec<Vec<Seq>>,
    departing: FxHashMap<(Option<CoreId>, usize), Seq>,
    /// What has left the caches, by line.
    below: FxHashMap<LineAddr, Seq>,
    /// Lines that owners put on the bus since the last look.
    snooped: Vec<LineAddr>,
    pub(crate) happened: Happened,
}

/// Returns the element of a list that grows as it is asked for.
fn at<T: Default>(list: &mut Vec<T>, index: usize) -> &mut T {
    if index >= list.len() {
        list.resize_with(index + 1, T::default);
    }
    &mut list[index]
}

impl Versions {
    /// Returns how many writes the caches have taken.
    pub(crate) const fn newest(&self) -> Seq {
        self.newest
    }

    /// Forgets which lines were put on the bus.
    pub(crate) fn begin(&mut self) {
        self.snooped.clear();
    }

    fn get(&mut self, line: LineAddr, place: Place) -> Seq {
        match place {
            Place::Private { core, cache, slot } => {
                *at(at(at(&mut self.private, core as usize), cache), slot.index())
            }
            Place::Shared { level, slot } => *at(at(&mut self.shared, level), slot.index()),
            Place::Departing { core, cache } => {
                self.departing.get(&(core, cache)).copied().unwrap_or(0)
            }
            Place::Store => self.below.get(&line).copied().unwrap_or(0),
        }
    }

    fn set(&mut self, line: LineAddr, place: Place, seq: Seq) {
        match place {
            Place::Private { core, cache, slot } => {
                *at(at(at(&mut self.private, core as usize), cache), slot.index()) = seq;
            }
            Place::Shared { level, slot } => *at(at(&mut self.shared, level), slot.index()) = seq,
            Place::Departing { core, cache } => {
                self.departing.insert((core, cache), seq);
            }
            Place::Store => {
                if seq > 0 {
                    self.below.insert(line, seq);
                }
            }
        }
    }
}

/// How far out a place is; places of one distance are beside each other.
const fn distance(place: Place) -> (u8, usize) {
    match place {
        Place::Private { cache, .. } => (0, cache),
        // What departs from a cache is on its way to the next one.
        Place::Departing { core: Some(_), cache } => (0, cache + 1),
        Place::Shared { level, .. } => (1, level),
        Place::Departing { core: None, cache } => (1, cache + 1),
        Place::Store => (2, 0),
    }
}

impl Observer for Versions {
    const HEARS_OF_ABSENT: bool = false;

    #[inline]
    fn storing(&mut self, reference: &Reference) {
        self.newest += 1;
        self.happened.stores.push((reference.line, self.newest));
    }

    #[inline]
    fn stored(&mut self, reference: &Reference, place: Place) {
        let (line, seq) = (reference.line, self.newest);
        self.set(line, place, seq);
        if place == Place::Store {
            self.happened.left.push(Left { line, seq, by: Way::Through });
        }
    }

    fn copied(&mut self, line: LineAddr, from: Place, to: Place) {
        let seq = self.get(line, from);
        let before = if to == Place::Store { self.get(line, to) } else { 0 };
        self.set(line, to, seq);
        if to == Place::Store {
            if seq > before {
                let snooped = self.snooped.contains(&line);
                let by = if snooped { Way::Snoop } else { Way::WriteBack };
                self.happened.left.push(Left { line, seq, by });
            }
        } else if seq > 0 && distance(to) > distance(from) {
            self.happened.moves.push((line, seq));
        }
    }

    fn flushed(&mut self, _core: CoreId, line: LineAddr, _kept: bool) {
        self.snooped.push(line);
    }

    fn posted(&mut self, _core: CoreId, line: LineAddr, passed: u64) {
        self.happened.posted.push((line, passed));
    }
}
