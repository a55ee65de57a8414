//! Writes that are not safe yet, by block: how many, and since when.
//!
//! A write is *applied* when the caches take it, *acknowledged* when its client may go on, and
//! *safe* from when its block is kept somewhere in this version or a later one. What "kept" means
//! the owner says: see `accounts`.
//!
//! Writes of a block that can only become safe together share a segment, so that a block that is
//! written a million times between two flushes costs as much as one that is written once.

use std::collections::{BTreeSet, VecDeque};

use crate::blocks::{BlockId, Seq};
use crate::outcome::{Loss, Summary};
use crate::spec::Ticks;

/// The most segments of a block that end where a version moved from one cache to another: only
/// the last version that moved to each level can still arrive below by itself.
const MOVED_MAX: usize = 8;

/// Writes of one block with sequences that follow each other, the last one included.
#[derive(Clone, Copy, Debug)]
struct Segment {
    first: Seq,
    last: Seq,
    /// How many of them are acknowledged.
    acknowledged: u64,
    /// The sum of the moments of that, for the mean loss window.
    sum: u128,
    /// The earliest of them.
    oldest: Ticks,
    end: End,
}

/// Why a segment ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    /// It does not: the next write belongs to it.
    Open,
    /// Its last version moved between caches.
    Moved,
    /// Its last version may become safe by itself.
    Sealed,
}

/// The account of all blocks.
#[derive(Clone, Debug)]
pub(crate) struct Outstanding {
    /// By block, in the order of sequences.
    blocks: Vec<VecDeque<Segment>>,
    /// Every write has a segment of its own.
    single: bool,
    /// The oldest acknowledgement of each block that has any.
    oldest: BTreeSet<(Ticks, BlockId)>,
    /// Acknowledged writes that are not safe.
    writes: u64,
    /// From acknowledged to safe.
    pub(crate) window: Summary,
    /// `writes` times the ticks for which it was so many, up to `since`.
    integral: u128,
    since: Ticks,
    writes_max: u64,
    /// The age that the oldest reached, up to `since`.
    age_max: Ticks,
}

impl Outstanding {
    pub(crate) fn new(single: bool) -> Self {
        Self {
            blocks: Vec::new(),
            single,
            oldest: BTreeSet::new(),
            writes: 0,
            window: Summary::default(),
            integral: 0,
            since: 0,
            writes_max: 0,
            age_max: 0,
        }
    }

    fn segments(&mut self, block: BlockId) -> &mut VecDeque<Segment> {
        let at = block.index();
        if at >= self.blocks.len() {
            self.blocks.resize_with(at + 1, VecDeque::new);
        }
        &mut self.blocks[at]
    }

    /// A write has been applied.
    pub(crate) fn apply(&mut self, block: BlockId, seq: Seq) {
        let single = self.single;
        let segments = self.segments(block);
        match segments.back_mut() {
            Some(open) if open.end == End::Open && !single => open.last = seq,
            _ => segments.push_back(Segment {
                first: seq,
                last: seq,
                acknowledged: 0,
                sum: 0,
                oldest: Ticks::MAX,
                end: End::Open,
            }),
        }
    }

    /// The block's version of the moment may become safe without later ones.
    pub(crate) fn seal(&mut self, block: BlockId) {
        if let Some(last) = self.segments(block).back_mut() {
            last.end = End::Sealed;
        }
    }

    /// The block's version of the moment moves to another cache, and may leave that one by itself.
    pub(crate) fn seal_moved(&mut self, block: BlockId) {
        if self.single {
            return;
        }
        let segments = self.segments(block);
        let Some(last) = segments.back_mut() else { return };
        if last.end != End::Open {
            return;
        }
        last.end = End::Moved;
        let moved = |segment: &Segment| segment.end == End::Moved;
        if segments.iter().filter(|segment| moved(segment)).count() > MOVED_MAX
            && let Some(at) = segments.iter().position(moved)
            && let Some(earlier) = segments.remove(at)
        {
            let later = &mut segments[at];
            later.first = earlier.first;
            later.acknowledged += earlier.acknowledged;
            later.sum += earlier.sum;
            later.oldest = later.oldest.min(earlier.oldest);
        }
    }

    /// A write is acknowledged.
    pub(crate) fn acknowledge(&mut self, block: BlockId, seq: Seq, now: Ticks) {
        let before = self.oldest_of(block);
        let segments = self.segments(block);
        let has = |segment: &&mut Segment| (segment.first..=segment.last).contains(&seq);
        let Some(segment) = segments.iter_mut().find(has) else {
            // It was safe before its client knew.
            self.window.add(0);
            return;
        };
        segment.acknowledged += 1;
        segment.sum += u128::from(now);
        segment.oldest = segment.oldest.min(now);
        self.advance(now);
        self.writes += 1;
        self.reorder(block, before);
    }

    /// The block is kept in that version from now on.
    pub(crate) fn make_safe(&mut self, block: BlockId, seq: Seq, now: Ticks) {
        if self.segments(block).front().is_none_or(|segment| segment.last > seq) {
            return;
        }
        self.advance(now);
        let before = self.oldest_of(block);
        while let Some(segment) = self.segments(block).pop_front_if(|front| front.last <= seq) {
            self.writes -= segment.acknowledged;
            self.window.count += segment.acknowledged;
            let all_now = u128::from(now) * u128::from(segment.acknowledged);
            self.window.sum += all_now - segment.sum.min(all_now);
            if segment.acknowledged > 0 {
                self.window.max = self.window.max.max(now - segment.oldest);
            }
        }
        self.reorder(block, before);
    }

    /// A block is not kept any more in a version that it was kept in: these writes of it, in
    /// order, each with the moment of its acknowledgement, are lost again. Those that were not
    /// safe anyway stay as they are.
    pub(crate) fn lose_again(
        &mut self,
        block: BlockId,
        writes: &[(Seq, Option<Ticks>)],
        now: Ticks,
    ) {
        self.advance(now);
        let before = self.oldest_of(block);
        let segments = self.segments(block);
        let unsafe_from = segments.front().map_or(Seq::MAX, |segment| segment.first);
        let mut acknowledged = 0;
        for (seq, at) in writes.iter().rev().filter(|(seq, _)| *seq < unsafe_from) {
            // Any version in flight may become safe by itself.
            segments.push_front(Segment {
                first: *seq,
                last: *seq,
                acknowledged: u64::from(at.is_some()),
                sum: u128::from(at.unwrap_or(0)),
                oldest: at.unwrap_or(Ticks::MAX),
                end: End::Sealed,
            });
            acknowledged += u64::from(at.is_some());
        }
        self.writes += acknowledged;
        self.reorder(block, before);
    }

    /// Tells whether a version of a block is kept, or a later one.
    pub(crate) fn is_safe(&self, block: BlockId, seq: Seq) -> bool {
        let first = self.blocks.get(block.index()).and_then(VecDeque::front);
        first.is_none_or(|segment| segment.first > seq)
    }

    /// Returns the sequence of the first write of a block after a version, if it is not safe.
    pub(crate) fn first_after(&self, block: BlockId, seq: Seq) -> Option<Seq> {
        let segments = self.blocks.get(block.index())?;
        segments.iter().find(|segment| segment.last > seq).map(|segment| segment.first)
    }

    /// Returns the oldest acknowledgement of a write of the block that is not safe.
    pub(crate) fn oldest_of(&self, block: BlockId) -> Option<Ticks> {
        let segments = self.blocks.get(block.index()).into_iter().flatten();
        let acknowledged = segments.filter(|segment| segment.acknowledged > 0);
        acknowledged.map(|segment| segment.oldest).min()
    }

    /// Returns how many acknowledged writes of the block are not safe.
    pub(crate) fn writes_of(&self, block: BlockId) -> u64 {
        let segments = self.blocks.get(block.index()).into_iter().flatten();
        segments.map(|segment| segment.acknowledged).sum()
    }

    /// Returns the blocks with acknowledged writes that are not safe, oldest first.
    pub(crate) fn in_order(&self) -> impl Iterator<Item = (Ticks, BlockId)> + '_ {
        self.oldest.iter().copied()
    }

    /// Returns all that is not safe.
    pub(crate) fn loss(&self, now: Ticks) -> Loss {
        Loss {
            writes: self.writes,
            blocks: self.oldest.len() as u64,
            max_age: self.oldest.first().map_or(0, |(oldest, _)| now - oldest),
        }
    }

    /// Returns the unsafe writes times the ticks of each, from tick 0 until now.
    pub(crate) fn integral(&self, now: Ticks) -> u128 {
        self.integral + u128::from(self.writes) * u128::from(now - self.since)
    }

    /// Takes account of the time since the last change: what comes and goes within one instant,
    /// no crash meets.
    fn advance(&mut self, now: Ticks) {
        if now > self.since {
            self.writes_max = self.writes_max();
            self.integral = self.integral(now);
            self.age_max = self.age_max(now);
            self.since = now;
        }
    }

    /// Returns the most writes that were unsafe at the end of an instant, this one included.
    pub(crate) fn writes_max(&self) -> u64 {
        self.writes_max.max(self.writes)
    }

    /// Returns the age that the oldest of them reached until now.
    pub(crate) fn age_max(&self, now: Ticks) -> Ticks {
        self.age_max.max(self.loss(now).max_age)
    }

    fn reorder(&mut self, block: BlockId, before: Option<Ticks>) {
        let after = self.oldest_of(block);
        if before != after {
            if let Some(oldest) = before {
                self.oldest.remove(&(oldest, block));
            }
            if let Some(oldest) = after {
                self.oldest.insert((oldest, block));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: BlockId = BlockId::new(0);

    #[test]
    fn writes_that_can_only_become_safe_together_share_a_segment() {
        let mut account = Outstanding::new(false);
        for seq in 1..=100 {
            account.apply(A, seq);
            account.acknowledge(A, seq, seq * 10);
        }
        assert_eq!(account.blocks[0].len(), 1);
        assert_eq!(account.loss(1000), Loss { writes: 100, blocks: 1, max_age: 990 });
        account.seal(A);
        account.apply(A, 101);
        account.make_safe(A, 100, 1000);
        assert_eq!(account.loss(1000), Loss::default());
        // Waiting 990, 980, ... 0 ticks.
        assert_eq!(account.window, Summary { count: 100, sum: 49_500, max: 990 });
        assert_eq!(account.first_after(A, 100), Some(101));
    }

    #[test]
    fn a_write_acknowledged_late_counts_from_then_on() {
        let mut account = Outstanding::new(false);
        account.apply(A, 1);
        account.seal(A);
        account.apply(A, 2);
        account.acknowledge(A, 2, 5);
        account.acknowledge(A, 1, 9);
        account.make_safe(A, 1, 10);
        assert_eq!(account.loss(10), Loss { writes: 1, blocks: 1, max_age: 5 });
        account.make_safe(A, 2, 12);
        account.apply(A, 3);
        account.make_safe(A, 3, 13);
        account.acknowledge(A, 3, 14);
        // 10 - 9, 12 - 5, and one that was safe before it was acknowledged.
        assert_eq!(account.window, Summary { count: 3, sum: 8, max: 7 });
        // One write from 5 to 9, two to 10, one to 12.
        assert_eq!(account.integral(20), 4 + 2 + 2);
    }

    #[test]
    fn only_the_last_moves_are_kept_apart() {
        let mut account = Outstanding::new(false);
        for seq in 1..=100 {
            account.apply(A, seq);
            account.acknowledge(A, seq, seq);
            account.seal_moved(A);
        }
        assert_eq!(account.blocks[0].len(), MOVED_MAX);
        assert_eq!(account.loss(100).writes, 100);
        account.make_safe(A, 100, 100);
        assert_eq!(account.window.count, 100);
    }
}
