//! A fully associative LRU cache of lines and nothing else.

use cache::{LineAddr, Slot};
use coherence::{LevelSpec, Op, Reference, WritePolicy};

/// A cache as its shadow sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    lines: usize,
    /// A store that misses does not bring the line.
    passes_stores: bool,
}

impl Shape {
    /// A cache whose shadow nobody asks.
    pub(super) const NONE: Self = Self { lines: 0, passes_stores: false };

    pub(super) fn of(level: &LevelSpec) -> Self {
        Self {
            lines: level.geometry.lines() as usize,
            passes_stores: level.write == WritePolicy::WriteThrough { allocate: false },
        }
    }

    /// Tells whether a reference that misses brings the line.
    fn allocates(self, op: Op) -> bool {
        !(self.passes_stores && matches!(op, Op::Write | Op::Atomic))
    }
}

/// The lines that a fully associative LRU cache would hold, beside a cache that is none.
///
/// A use only says when it was. Who was not used for longest is asked when a line has to go, and
/// then it takes a look at those alone that are next in an order worked out before: whoever was
/// used since is later than all of that order, and waits for the next one. So a use costs a
/// logarithm of the size at most, on average, and a hit much less.
#[derive(Clone, Debug)]
pub(super) struct Shadow {
    shape: Shape,
    /// Behind one that is no line.
    entries: Vec<Entry>,
    /// The first entry of each bucket, a power of two of them; 0 for none.
    buckets: Vec<u32>,
    /// Entries whose lines were removed.
    vacant: Vec<u32>,
    /// Entries by their last use before the order was worked out, the first use last.
    order: Vec<(u64, u32)>,
    /// Entries that are not in it. They were used after all of its uses.
    later: Vec<u32>,
    /// Beside each slot of the cache, the entry of the line that was seen there last; 0 if that
    /// line was not here.
    links: Vec<u32>,
    /// The entry of the last line that was looked for; 0 if it was not here.
    last: u32,
    /// Uses so far.
    now: u64,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    line: LineAddr,
    /// When it was used last.
    used: u64,
    /// The next entry of its bucket; 0 behind the last.
    next: u32,
}

/// No line: there is no address that far up.
const NO_LINE: LineAddr = LineAddr(u64::MAX);

const BUCKETS_MIN: usize = 64;

impl Shadow {
    /// Makes an empty cache.
    pub(super) fn new(shape: Shape) -> Self {
        Self {
            shape,
            entries: vec![Entry { line: NO_LINE, used: 0, next: 0 }],
            buckets: vec![0; BUCKETS_MIN],
            vacant: Vec::new(),
            order: Vec::new(),
            later: Vec::new(),
            links: vec![0; shape.lines],
            last: 0,
            now: 0,
        }
    }

    /// Sees a use of a line that the cache has in a slot.
    #[inline]
    pub(super) fn sees_in(&mut self, slot: Slot, reference: &Reference) {
        let Some(link) = self.links.get(slot.index()) else { return };
        let entry = &mut self.entries[*link as usize];
        if entry.line == reference.line {
            self.now += 1;
            entry.used = self.now;
        } else {
            self.sees_another_in(slot, reference);
        }
    }

    /// Sees a use of a line in a slot where another was before, or one that was not here.
    #[inline(never)]
    fn sees_another_in(&mut self, slot: Slot, reference: &Reference) {
        self.sees(reference);
        self.links[slot.index()] = self.last;
    }

    /// Sees a use of a line; tells whether it was here. If not, it comes where the cache brings it.
    pub(super) fn sees(&mut self, reference: &Reference) -> bool {
        self.now += 1;
        let found = self.find(reference.line);
        if let Some(entry) = found {
            self.entries[entry as usize].used = self.now;
            self.last = entry;
        } else if self.shape.allocates(reference.op) {
            self.last = self.insert(reference.line);
        } else {
            self.last = 0;
        }
        found.is_some()
    }

    /// Removes a line, if it is here.
    pub(super) fn remove(&mut self, line: LineAddr) {
        if let Some(entry) = self.find(line) {
            self.leave_bucket(entry);
            self.entries[entry as usize].line = NO_LINE;
            self.vacant.push(entry);
        }
    }

    fn find(&self, line: LineAddr) -> Option<u32> {
        if self.entries[self.last as usize].line == line {
            return Some(self.last);
        }
        let mut at = self.buckets[self.bucket(line)];
        while at != 0 {
            let entry = &self.entries[at as usize];
            if entry.line == line {
                return Some(at);
            }
            at = entry.next;
        }
        None
    }

    /// Puts a line here that is not, where the least recent one was if there is no room.
    fn insert(&mut self, line: LineAddr) -> u32 {
        let entry = if let Some(entry) = self.vacant.pop() {
            entry
        } else if self.entries.len() <= self.shape.lines {
            self.add_entry()
        } else {
            let least = self.take_least_recent();
            self.leave_bucket(least);
            least
        };
        let bucket = self.bucket(line);
        let next = std::mem::replace(&mut self.buckets[bucket], entry);
        self.entries[entry as usize] = Entry { line, used: self.now, next };
        entry
    }

    /// Returns the entry that was not used for longest, which is to be used now. All have lines.
    fn take_least_recent(&mut self) -> u32 {
        loop {
            let Some((used, entry)) = self.order.pop() else {
                self.work_out_order();
                continue;
            };
            self.later.push(entry);
            if self.entries[entry as usize].used == used {
                return entry;
            }
        }
    }

    fn work_out_order(&mut self) {
        let entries = &self.entries;
        self.order.extend(self.later.drain(..).map(|at| (entries[at as usize].used, at)));
        self.order.sort_unstable_by_key(|(used, _)| std::cmp::Reverse(*used));
    }

    /// Takes an entry out of its bucket.
    fn leave_bucket(&mut self, entry: u32) {
        let Entry { line, next, .. } = self.entries[entry as usize];
        let bucket = self.bucket(line);
        let mut before = self.buckets[bucket];
        if before == entry {
            self.buckets[bucket] = next;
            return;
        }
        while self.entries[before as usize].next != entry {
            before = self.entries[before as usize].next;
        }
        self.entries[before as usize].next = next;
    }

    /// Adds an entry, and buckets where there are more entries than those. All have lines.
    fn add_entry(&mut self) -> u32 {
        if self.entries.len() > self.buckets.len() {
            self.buckets = vec![0; 2 * self.buckets.len()];
            for at in 1..self.entries.len() {
                let bucket = self.bucket(self.entries[at].line);
                self.entries[at].next = std::mem::replace(&mut self.buckets[bucket], at as u32);
            }
        }
        let entry = self.entries.len() as u32;
        self.entries.push(Entry { line: NO_LINE, used: 0, next: 0 });
        self.later.push(entry);
        entry
    }

    /// Returns the bucket of a line.
    fn bucket(&self, line: LineAddr) -> usize {
        // Fibonacci hashing: Knuth, The Art of Computer Programming 3, 6.4.
        let spread = line.0.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (spread >> 32) as usize & (self.buckets.len() - 1)
    }
}

#[cfg(test)]
mod tests;
