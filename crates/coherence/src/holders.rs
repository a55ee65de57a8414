//! Who may hold a line: a bit a core, so that a transaction asks only those.

use cache::LineAddr;
use rustc_hash::FxHashMap;

use crate::reference::CoreId;

/// The cores that hold each line that any holds, or whose victim of it is still on its way out.
///
/// It is no part of the machine that is modelled (that one asks everybody) but of how it is worked
/// out; what it says is never less than what the caches hold. Its size is that of the caches.
#[derive(Clone, Debug, Default)]
pub(crate) struct Holders {
    cores: FxHashMap<LineAddr, u64>,
}

impl Holders {
    /// Returns the cores that may hold a line, core n as bit n.
    #[inline]
    pub(crate) fn of(&self, line: LineAddr) -> u64 {
        self.cores.get(&line).copied().unwrap_or(0)
    }

    /// Notes that a core holds a line now.
    #[inline]
    pub(crate) fn add(&mut self, core: CoreId, line: LineAddr) {
        *self.cores.entry(line).or_default() |= 1 << core;
    }

    /// Notes that a core no longer holds a line.
    #[inline]
    pub(crate) fn remove(&mut self, core: CoreId, line: LineAddr) {
        if let Some(cores) = self.cores.get_mut(&line) {
            *cores &= !(1 << core);
            if *cores == 0 {
                self.cores.remove(&line);
            }
        }
    }
}

/// Returns the cores of a mask, the lowest first.
#[inline]
pub(crate) fn ones(mask: u64) -> impl Iterator<Item = CoreId> {
    let mut left = mask;
    std::iter::from_fn(move || {
        let core = (left != 0).then(|| left.trailing_zeros());
        left &= left.wrapping_sub(1);
        core
    })
}
