//! A crash: what is lost, counted on the way, and proved by a ledger of all writes.

use coherence::Observer;
use rustc_hash::FxHashMap;

use super::{Engine, WrongCount};
use crate::blocks::{BlockId, Seq};
use crate::fault::Fault;
use crate::outcome::{Crash, CrashPoints, Loss, LostBlock};
use crate::spec::Ticks;

/// Every write, and what besides the store keeps a block: for proofs.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    /// By block, in order: the write and its acknowledgement, if it has come.
    writes: Vec<Vec<(Seq, Option<Ticks>)>>,
    /// What log, replicas and hardware kept, in the order in which they got it.
    kept: Vec<(BlockId, Seq)>,
    /// The largest of it, by block.
    kept_max: FxHashMap<BlockId, Seq>,
}

impl Ledger {
    pub(super) fn apply(&mut self, block: BlockId, seq: Seq) {
        let at = block.index();
        if at >= self.writes.len() {
            self.writes.resize_with(at + 1, Vec::new);
        }
        self.writes[at].push((seq, None));
    }

    pub(super) fn acknowledge(&mut self, block: BlockId, seq: Seq, now: Ticks) {
        let writes = &mut self.writes[block.index()];
        if let Ok(at) = writes.binary_search_by_key(&seq, |(seq, _)| *seq) {
            writes[at].1 = Some(now);
        }
    }

    pub(super) fn keep(&mut self, block: BlockId, seq: Seq) {
        let kept = self.kept_max.entry(block).or_default();
        if seq > *kept {
            *kept = seq;
        }
        self.kept.push((block, seq));
    }

    /// Returns the writes of a block after a version.
    fn after(&self, block: BlockId, seq: Seq) -> &[(Seq, Option<Ticks>)] {
        let writes = self.writes.get(block.index()).map_or(&[][..], Vec::as_slice);
        &writes[writes.partition_point(|(write, _)| *write <= seq)..]
    }

    /// Returns the writes of a block after a version, up to a later one.
    fn between(&self, block: BlockId, seq: Seq, last: Seq) -> &[(Seq, Option<Ticks>)] {
        let writes = self.after(block, seq);
        &writes[..writes.partition_point(|(write, _)| *write <= last)]
    }
}

impl<O: Observer> Engine<O> {
    /// Crashes at every point that comes before a moment.
    pub(super) fn crash_before(&mut self, time: Ticks) {
        if self.ending {
            return;
        }
        for _ in 0..std::mem::take(&mut self.crashes_due) {
            self.crash(self.now);
        }
        while let CrashPoints::At(points) = &self.plan.points
            && let Some(at) = points.get(self.next_crash).copied()
            && at < time
        {
            self.next_crash += 1;
            self.crash(at);
        }
    }

    fn crash(&mut self, at: Ticks) {
        let loss = self.loss(at);
        let blocks = if self.plan.detail { self.lost_blocks(at) } else { Vec::new() };
        if self.plan.check {
            self.prove(at, loss);
        }
        let in_doubt = self.in_doubt.len() as u64;
        self.crashes.push(Crash {
            at,
            accesses: self.accesses,
            loss,
            dirty: self.dirty,
            in_doubt,
            lost: blocks,
        });
    }

    /// Returns what a crash loses.
    pub(super) fn loss(&self, at: Ticks) -> Loss {
        if self.is_eadr() { Loss::default() } else { self.accounts.lost().loss(at) }
    }

    fn lost_blocks(&self, at: Ticks) -> Vec<LostBlock> {
        if self.is_eadr() {
            return Vec::new();
        }
        let lost = self.accounts.lost();
        let mut blocks: Vec<_> = lost
            .in_order()
            .map(|(oldest, id)| {
                let block = self.blocks.get(id).line;
                LostBlock { block, writes: lost.writes_of(id), max_age: at - oldest }
            })
            .collect();
        blocks.sort_by_key(|lost| (std::cmp::Reverse(lost.max_age), lost.block));
        blocks
    }

    /// Recovers from the crash and compares with the ledger: acknowledged writes that the
    /// survivors lack are those that were counted, and nothing stored is undone.
    fn prove(&mut self, at: Ticks, counted: Loss) {
        let Some(ledger) = &self.ledger else { return };
        let mut content: FxHashMap<BlockId, Seq> =
            self.blocks.all().map(|(id, block)| (id, block.content)).collect();
        let mut effects = 0u64;
        let twice = self.plants(Fault::ReplayTwice);
        for _ in 0..=u32::from(twice) {
            for (block, seq) in &ledger.kept {
                let stored = content.entry(*block).or_default();
                if *seq > *stored || twice {
                    *stored = *seq;
                    effects += 1;
                }
            }
        }
        if self.is_eadr() {
            content.extend(self.blocks.all().map(|(id, block)| (id, block.newest)));
        }
        let place = format!("crash at tick {at}");
        let undone = self.blocks.all().filter(|(id, block)| content[id] < block.content).count();
        let (mut lost, mut oldest) = (Loss::default(), at);
        for (id, _) in self.blocks.all() {
            let before = lost.writes;
            for acknowledged in ledger.after(id, content[&id]).iter().filter_map(|(_, at)| *at) {
                lost.writes += 1;
                oldest = oldest.min(acknowledged);
            }
            lost.blocks += u64::from(lost.writes > before);
        }
        lost.max_age = at - oldest;
        let wrong = |law, left, right| {
            (left != right).then(|| WrongCount { law, place: place.clone(), left, right })
        };
        let records = ledger.kept.len() as u64;
        let wrong = wrong("recovery undoes nothing that is stored", undone as u64, 0)
            .or_else(|| wrong("a record takes effect once", effects.saturating_sub(records), 0))
            .or_else(|| wrong("lost writes = ledger - survivors", counted.writes, lost.writes))
            .or_else(|| {
                wrong("blocks with losses = ledger - survivors", counted.blocks, lost.blocks)
            })
            .or_else(|| wrong("age of the oldest loss", counted.max_age, lost.max_age));
        if self.wrong.is_none() {
            self.wrong = wrong;
        }
    }

    /// An unguarded store replaces a newer version by an older one: the writes between are lost
    /// again, unless something else keeps them.
    pub(super) fn lose_overwritten(&mut self, id: BlockId, now_is: Seq, was: Seq) {
        let now = self.now;
        let Some(ledger) = &self.ledger else { return };
        let kept = ledger.kept_max.get(&id).copied().unwrap_or(0).max(now_is);
        let writes = |after: Seq| ledger.between(id, after, was);
        self.accounts.overwrite(id, writes(now_is), writes(kept), now);
        let block = self.blocks.get_mut(id);
        block.durable = block.durable.min(kept);
    }
}
