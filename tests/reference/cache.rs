//! One cache: sets of ways, each with a line or none.

use super::counters::LevelCounters;
use super::random::SplitMix;
use super::replacement::Order;
use super::spec::{LevelSpec, Replacement};

/// A copy of a line.
#[derive(Clone, Debug)]
pub struct Held {
    pub line: u64,
    pub dirty: bool,
    /// For each word the number of the store that wrote it; 0 before any.
    pub words: Vec<u64>,
}

#[derive(Clone, Debug)]
struct Set {
    ways: Vec<Option<Held>>,
    order: Order,
}

#[derive(Clone, Debug)]
pub struct Cache {
    pub spec: LevelSpec,
    pub counters: LevelCounters,
    sets: Vec<Set>,
    /// For random replacement.
    drawn: SplitMix,
}

/// A place for a line that is on its way.
#[derive(Clone, Copy, Debug)]
pub struct Slot {
    set: usize,
    way: usize,
}

impl Cache {
    /// `core` sets apart the random sequences of one level's caches; 0 for a shared one.
    pub fn new(spec: &LevelSpec, line_bytes: u64, core: u64) -> Cache {
        let seed = if let Replacement::Random(seed) = spec.replacement { seed } else { 0 };
        let ways = spec.way_count(line_bytes);
        let set = Set { ways: vec![None; ways], order: Order::new(spec.replacement, ways) };
        Cache {
            spec: spec.clone(),
            counters: LevelCounters::default(),
            sets: vec![set; spec.set_count(line_bytes)],
            drawn: SplitMix::new(seed.wrapping_add(core)),
        }
    }

    fn set_index(&self, line: u64) -> usize {
        (line % self.sets.len() as u64) as usize
    }

    fn find(&self, line: u64) -> Option<Slot> {
        let set = self.set_index(line);
        let is_it = |held: &Option<Held>| held.as_ref().is_some_and(|held| held.line == line);
        self.sets[set].ways.iter().position(is_it).map(|way| Slot { set, way })
    }

    pub fn has(&self, line: u64) -> bool {
        self.find(line).is_some()
    }

    pub fn get(&self, line: u64) -> Option<&Held> {
        self.find(line).and_then(|slot| self.sets[slot.set].ways[slot.way].as_ref())
    }

    pub fn get_mut(&mut self, line: u64) -> Option<&mut Held> {
        self.find(line).and_then(|slot| self.sets[slot.set].ways[slot.way].as_mut())
    }

    /// The line was used.
    pub fn touch(&mut self, line: u64) {
        let slot = self.find(line).expect("only a line that is there is used");
        self.sets[slot.set].order.used(slot.way);
    }

    /// Makes room for `line`: the lowest invalid way, else the policy's victim, which is removed
    /// and counted as evicted.
    pub fn make_room(&mut self, line: u64) -> (Slot, Option<Held>) {
        assert!(!self.has(line), "line {line:#x} is there already");
        let set = self.set_index(line);
        let Set { ways, order } = &mut self.sets[set];
        if let Some(way) = ways.iter().position(Option::is_none) {
            return (Slot { set, way }, None);
        }
        let drawn = &mut self.drawn;
        let count = ways.len() as u128;
        let way = order.victim(|| ((u128::from(drawn.next()) * count) >> 64) as usize);
        self.counters.evictions += 1;
        (Slot { set, way }, ways[way].take())
    }

    /// The line arrives where room was made for it.
    pub fn place(&mut self, slot: Slot, held: Held) {
        assert!(!self.has(held.line), "line {:#x} is there already", held.line);
        let set = &mut self.sets[slot.set];
        assert!(set.ways[slot.way].is_none(), "the slot was taken meanwhile");
        set.ways[slot.way] = Some(held);
        set.order.filled(slot.way);
    }

    pub fn remove(&mut self, line: u64) -> Option<Held> {
        let slot = self.find(line)?;
        self.sets[slot.set].ways[slot.way].take()
    }

    /// Every line that is here, by address.
    pub fn lines(&self) -> Vec<u64> {
        self.lines_where(|_| true)
    }

    pub fn dirty_lines(&self) -> Vec<u64> {
        self.lines_where(|held| held.dirty)
    }

    fn lines_where(&self, wanted: impl Fn(&Held) -> bool) -> Vec<u64> {
        let all = self.sets.iter().flat_map(|set| set.ways.iter().flatten());
        let mut lines: Vec<u64> = all.filter(|held| wanted(held)).map(|held| held.line).collect();
        lines.sort_unstable();
        lines
    }
}
