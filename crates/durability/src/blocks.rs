//! The blocks that were ever written, and what is known of each.

use cache::LineAddr;
use rustc_hash::FxHashMap;

use crate::spec::Ticks;

/// The number of a write, from 1 in the order in which the caches take them; 0 is before all.
///
/// A version of a block is named by the last write that it has.
pub(crate) type Seq = u64;

/// A block, by the order of first writes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct BlockId(u32);

impl BlockId {
    pub(crate) const fn new(index: u32) -> Self {
        Self(index)
    }

    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What is known of a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    pub(crate) line: LineAddr,
    /// The last write that the caches took.
    pub(crate) newest: Seq,
    /// The newest version that has left the caches.
    pub(crate) left: Seq,
    /// The newest version that had left the caches when one of the block was taken to be sent.
    pub(crate) taken: Seq,
    /// The newest version that was sent to the store.
    pub(crate) sent: Seq,
    /// The version that the store has, acknowledged or not.
    pub(crate) content: Seq,
    /// The newest version that is durable.
    pub(crate) durable: Seq,
    /// When the version in the caches became dirty.
    pub(crate) first_dirty: Ticks,
    /// When the caches took the last write.
    pub(crate) last_write: Ticks,
    /// Rows of the block that wait to be sent.
    pub(crate) unsent: u32,
    /// Where the last of them stands among all.
    pub(crate) row: u64,
    /// Versions in flight or awaiting a retry.
    pub(crate) flying: u32,
    /// Writes that wait to go to the store by themselves.
    pub(crate) through: u32,
}

impl Block {
    /// Tells whether the caches have a version that has not left them.
    pub(crate) const fn is_cached_dirty(&self) -> bool {
        self.newest > self.left
    }

    /// Tells whether a version waits to be sent.
    pub(crate) const fn is_queued(&self) -> bool {
        self.is_cached_dirty() || self.unsent > 0 || self.through > 0
    }

    /// Tells whether a version is on its way to the store: taken, in flight or awaiting a retry.
    pub(crate) const fn is_under_way(&self) -> bool {
        self.unsent > 0 || self.through > 0 || self.flying > 0
    }

    /// Tells whether a version is not stored yet: waiting, in flight or awaiting a retry.
    pub(crate) const fn is_dirty(&self) -> bool {
        self.is_queued() || self.flying > 0
    }
}

/// All blocks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Blocks {
    ids: FxHashMap<LineAddr, BlockId>,
    blocks: Vec<Block>,
}

impl Blocks {
    /// Returns the block of a line; a line that was never written becomes one.
    pub(crate) fn id(&mut self, line: LineAddr) -> BlockId {
        let blocks = &mut self.blocks;
        *self.ids.entry(line).or_insert_with(|| {
            let id = u32::try_from(blocks.len()).expect("fewer than 2^32 blocks");
            blocks.push(Block {
                line,
                newest: 0,
                left: 0,
                taken: 0,
                sent: 0,
                content: 0,
                durable: 0,
                first_dirty: 0,
                last_write: 0,
                unsent: 0,
                row: 0,
                flying: 0,
                through: 0,
            });
            BlockId(id)
        })
    }

    /// Returns the block of a line that was written.
    pub(crate) fn find(&self, line: LineAddr) -> Option<BlockId> {
        self.ids.get(&line).copied()
    }

    pub(crate) fn get(&self, id: BlockId) -> &Block {
        &self.blocks[id.index()]
    }

    pub(crate) fn get_mut(&mut self, id: BlockId) -> &mut Block {
        &mut self.blocks[id.index()]
    }

    /// Returns the number of blocks that were ever written.
    pub(crate) fn len(&self) -> usize {
        self.blocks.len()
    }

    /// Returns all blocks in the order of first writes.
    pub(crate) fn all(&self) -> impl Iterator<Item = (BlockId, &Block)> {
        self.blocks.iter().enumerate().map(|(index, block)| (BlockId(index as u32), block))
    }
}
