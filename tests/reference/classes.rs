//! Why a reference missed, for one core.

use std::collections::BTreeMap;

use super::counters::ClassCounters;

/// How the core lost its last copy of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    Replacement,
    BackInvalidation,
    /// To another core's store, the one with this number.
    Snoop(u64),
}

/// A fully associative cache with LRU replacement: lines, least recent first.
#[derive(Clone, Debug)]
pub struct Shadow {
    lines: Vec<u64>,
    capacity: usize,
}

impl Shadow {
    pub fn new(capacity: usize) -> Shadow {
        Shadow { lines: Vec::new(), capacity }
    }

    pub fn has(&self, line: u64) -> bool {
        // From the most recent: found sooner.
        self.lines.iter().rev().any(|&other| other == line)
    }

    /// The cache's reference. One that may not allocate only makes recent what is there.
    pub fn reference(&mut self, line: u64, allocates: bool) {
        if self.has(line) {
            self.remove(line);
        } else if !allocates {
            return;
        } else if self.lines.len() == self.capacity {
            self.lines.remove(0);
        }
        self.lines.push(line);
    }

    pub fn remove(&mut self, line: u64) {
        if let Some(at) = self.lines.iter().rposition(|&other| other == line) {
            self.lines.remove(at);
        }
    }
}

/// The core's history.
#[derive(Clone, Debug)]
pub struct Classifier {
    pub counters: ClassCounters,
    pub shadow: Shadow,
    pub l1i_shadow: Option<Shadow>,
    /// How each line was lost; a line that the core holds or never had is not here.
    losses: BTreeMap<u64, Loss>,
}

impl Classifier {
    pub fn new(lines: usize, l1i_lines: Option<usize>) -> Classifier {
        Classifier {
            counters: ClassCounters::default(),
            shadow: Shadow::new(lines),
            l1i_shadow: l1i_lines.map(Shadow::new),
            losses: BTreeMap::new(),
        }
    }

    /// The core's last copy is gone.
    pub fn lost(&mut self, line: u64, loss: Loss) {
        self.losses.insert(line, loss);
        if let Loss::Snoop(_) = loss {
            self.forget_in_shadows(line);
        }
    }

    /// The line was flushed out of every cache: it is cold again, for every core, also for one
    /// that had lost it before.
    pub fn flushed(&mut self, line: u64) {
        self.losses.remove(&line);
        self.forget_in_shadows(line);
    }

    fn forget_in_shadows(&mut self, line: u64) {
        self.shadow.remove(line);
        if let Some(shadow) = &mut self.l1i_shadow {
            shadow.remove(line);
        }
    }

    /// A first-level miss. `held`: the core has the line elsewhere. `written_since(n)`: did
    /// another core write one of the words of this reference with store number n or later?
    pub fn miss(
        &mut self,
        line: u64,
        fetch: bool,
        upgrade: bool,
        held: bool,
        written_since: impl Fn(u64) -> bool,
    ) {
        let shadow = match &self.l1i_shadow {
            Some(shadow) if fetch => shadow,
            _ => &self.shadow,
        };
        let would_hit = shadow.has(line);
        let loss = self.losses.get(&line).copied();
        let counters = &mut self.counters;
        let replacement = held || loss == Some(Loss::Replacement);
        if upgrade {
            counters.upgrade += 1;
        } else if replacement && would_hit {
            counters.conflict += 1;
        } else if replacement {
            counters.capacity += 1;
        } else {
            match loss {
                None => counters.cold += 1,
                Some(Loss::BackInvalidation) => counters.back_invalidation += 1,
                Some(Loss::Snoop(store)) if written_since(store) => counters.true_sharing += 1,
                Some(Loss::Snoop(_)) => counters.false_sharing += 1,
                Some(Loss::Replacement) => unreachable!("handled above"),
            }
        }
    }
}
