//! What holds from chunk to chunk: time never runs backwards, and compute cycles stay in bounds.

use crate::limits::CYCLES_MAX;
use crate::record::{Op, Record};

/// What a record's time or cycles are beyond.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Beyond {
    /// Earlier than the time before it, in the same unit.
    Backwards(u64),
    /// A time after [`CYCLES_MAX`].
    TooLate,
    /// More compute cycles than [`CYCLES_MAX`] together.
    TooManyCycles,
}

/// The latest times and the cycles so far.
#[derive(Clone, Default, Debug)]
pub(crate) struct Clock {
    picoseconds: u64,
    ticks: u64,
    cycles: u64,
}

impl Clock {
    /// Goes on by a record.
    pub(crate) fn advance(&mut self, record: &Record) -> Result<(), Beyond> {
        let latest = match record.op {
            Op::Time => &mut self.picoseconds,
            Op::TimeTicks => &mut self.ticks,
            Op::Compute => {
                let cycles = self.cycles.saturating_add(record.addr);
                if cycles > CYCLES_MAX {
                    return Err(Beyond::TooManyCycles);
                }
                self.cycles = cycles;
                return Ok(());
            }
            _ => return Ok(()),
        };
        if record.addr > CYCLES_MAX {
            return Err(Beyond::TooLate);
        }
        if record.addr < *latest {
            return Err(Beyond::Backwards(*latest));
        }
        *latest = record.addr;
        Ok(())
    }
}
