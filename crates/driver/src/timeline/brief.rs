//! What is kept of every step.

use cache::LineAddr;
use coherence::{BusOp, CoreId, Protocol, State};

use crate::observe::Step;

/// A step in 16 bytes: enough to look for one among millions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Brief {
    line: LineAddr,
    /// The changes of state, a bit each: several kinds share one where a protocol has many states.
    changes: u32,
    core: u8,
    /// The bus operations, a bit each.
    bus: u8,
}

const _: () = assert!(size_of::<Brief>() == 16);
const _: () = assert!(BusOp::ALL.len() <= 8);

impl Brief {
    /// Keeps what is kept of a step.
    pub(super) fn of(protocol: &Protocol, step: &Step) -> Self {
        let states = protocol.states().len();
        let changes = step.changes.iter().map(|change| change_bit(states, change.from, change.to));
        Self {
            line: step.line,
            changes: changes.fold(0, |bits, bit| bits | bit),
            core: step.core as u8,
            bus: step.bus.iter().fold(0, |bits, bus| bits | 1 << bus.op as u8),
        }
    }

    /// Returns the line that the step is about.
    pub const fn line(&self) -> LineAddr {
        self.line
    }

    /// Returns the core that asked.
    pub const fn core(&self) -> CoreId {
        self.core as CoreId
    }

    /// Tells whether an operation went over the bus; with `None`, whether any did.
    pub const fn has_bus(&self, op: Option<BusOp>) -> bool {
        match op {
            None => self.bus != 0,
            Some(op) => self.bus >> op as u8 & 1 == 1,
        }
    }

    /// Tells whether there may have been a change of a kind, that is one of its bit.
    pub(super) const fn may_change(&self, bit: u32) -> bool {
        self.changes & bit != 0
    }
}

/// Returns the bit of a kind of change.
pub(super) const fn change_bit(states: usize, from: State, to: State) -> u32 {
    1 << ((from.0 as usize * states + to.0 as usize) % u32::BITS as usize)
}

/// Tells whether every kind of change has a bit of its own.
pub(super) const fn has_own_bits(states: usize) -> bool {
    states * states <= u32::BITS as usize
}
