//! What is not safe yet, in the senses that differ: not stored, not durable, lost in a crash.

use crate::blocks::{BlockId, Seq};
use crate::outstanding::Outstanding;
use crate::spec::{Durability, Failure, Sync, Ticks};

/// The accounts of a run. Where two cannot differ, one serves for both.
#[derive(Clone, Debug)]
pub(crate) struct Accounts {
    /// What the store has not acknowledged.
    unstored: Outstanding,
    /// What is not durable: nothing else keeps it either.
    unkept: Option<Outstanding>,
    /// What a crash loses: not even a store that has not said so has it.
    lost: Option<Outstanding>,
}

impl Accounts {
    pub(crate) fn new(spec: &Durability) -> Self {
        let syncs = spec.log.as_ref().is_some_and(|log| log.sync != Sync::No);
        let keeps_each = syncs || spec.replicas.is_some();
        let rows = !spec.flush.coalesce;
        let single = keeps_each || rows;
        let applies = spec.store.fail > 0.0 && spec.store.failure != Failure::NotApplied;
        Self {
            unstored: Outstanding::new(rows),
            unkept: (keeps_each || spec.persist_domain.is_some()).then(|| Outstanding::new(single)),
            lost: applies.then(|| Outstanding::new(single)),
        }
    }

    /// What the store has not acknowledged.
    pub(crate) fn unstored(&self) -> &Outstanding {
        &self.unstored
    }

    /// What is not durable.
    pub(crate) fn unkept(&self) -> &Outstanding {
        self.unkept.as_ref().unwrap_or(&self.unstored)
    }

    /// What a crash loses.
    pub(crate) fn lost(&self) -> &Outstanding {
        self.lost.as_ref().unwrap_or_else(|| self.unkept())
    }

    fn all(&mut self) -> impl Iterator<Item = &mut Outstanding> {
        std::iter::once(&mut self.unstored).chain(&mut self.unkept).chain(&mut self.lost)
    }

    /// A write has been applied to the caches.
    pub(crate) fn apply(&mut self, block: BlockId, seq: Seq) {
        self.all().for_each(|account| account.apply(block, seq));
    }

    /// A write is acknowledged.
    pub(crate) fn acknowledge(&mut self, block: BlockId, seq: Seq, now: Ticks) {
        self.all().for_each(|account| account.acknowledge(block, seq, now));
    }

    /// The block's version of the moment may become safe without later ones.
    pub(crate) fn seal(&mut self, block: BlockId) {
        self.all().for_each(|account| account.seal(block));
    }

    /// The block's version of the moment moves to another cache, and may leave that one by itself.
    pub(crate) fn seal_moved(&mut self, block: BlockId) {
        self.all().for_each(|account| account.seal_moved(block));
    }

    /// The store has acknowledged a version.
    pub(crate) fn store(&mut self, block: BlockId, seq: Seq, now: Ticks) {
        self.all().for_each(|account| account.make_safe(block, seq, now));
    }

    /// Something besides the store keeps a version.
    pub(crate) fn keep(&mut self, block: BlockId, seq: Seq, now: Ticks) {
        for account in self.unkept.iter_mut().chain(&mut self.lost) {
            account.make_safe(block, seq, now);
        }
    }

    /// The store has a version and has not said so.
    pub(crate) fn store_silently(&mut self, block: BlockId, seq: Seq, now: Ticks) {
        if let Some(lost) = &mut self.lost {
            lost.make_safe(block, seq, now);
        }
    }

    /// The store does not have these writes any more, of which the later ones are kept by nothing
    /// else either.
    pub(crate) fn overwrite(
        &mut self,
        block: BlockId,
        undone: &[(Seq, Option<Ticks>)],
        unkept: &[(Seq, Option<Ticks>)],
        now: Ticks,
    ) {
        self.unstored.lose_again(block, undone, now);
        for account in self.unkept.iter_mut().chain(&mut self.lost) {
            account.lose_again(block, unkept, now);
        }
    }
}
