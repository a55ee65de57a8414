//! Which cells of the protocol's tables a run used, and how often.

use cache::LineAddr;
use coherence::{
    BusOp, Cell, CoreId, Observer, Processor, ProcessorStep, Protocol, STATES_MAX, SnoopStep, State,
};

use super::Watcher;

/// Uses of each cell of a protocol's two tables.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CellCounts {
    own: [[u64; Processor::ALL.len()]; STATES_MAX],
    snoop: [[u64; BusOp::ALL.len()]; STATES_MAX],
}

impl CellCounts {
    /// Counts nothing.
    const NONE: Self = Self {
        own: [[0; Processor::ALL.len()]; STATES_MAX],
        snoop: [[0; BusOp::ALL.len()]; STATES_MAX],
    };

    /// Returns how often a cell was used.
    pub fn get(&self, cell: Cell) -> u64 {
        match cell {
            Cell::Own(state, event) => self.own[state.index()][event as usize],
            Cell::Snoop(state, op) => self.snoop[state.index()][op as usize],
        }
    }

    /// Adds another's counts to these.
    pub fn add(&mut self, other: &Self) {
        let own = self.own.as_flattened_mut().iter_mut().zip(other.own.as_flattened());
        let snoop = self.snoop.as_flattened_mut().iter_mut().zip(other.snoop.as_flattened());
        for (mine, others) in own.chain(snoop) {
            *mine += others;
        }
    }

    /// Takes away what was counted before a moment.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let mut left = self.clone();
        let own = left.own.as_flattened_mut().iter_mut().zip(before.own.as_flattened());
        let snoop = left.snoop.as_flattened_mut().iter_mut().zip(before.snoop.as_flattened());
        for (now, then) in own.chain(snoop) {
            *now -= then;
        }
        left
    }

    /// Returns how many of a protocol's cells were used, and how many there are: those that no path
    /// reaches are not in the count.
    pub fn used(&self, protocol: &Protocol) -> (usize, usize) {
        let possible = possible(protocol);
        let used = possible.iter().filter(|cell| self.get(**cell) > 0).count();
        (used, possible.len())
    }
}

/// Tells whether a protocol's tables have a step in a cell.
pub fn is_possible(protocol: &Protocol, cell: Cell) -> bool {
    match cell {
        Cell::Own(state, event) => protocol.processor(state, event) != ProcessorStep::Never,
        Cell::Snoop(state, op) => protocol.snoop(state, op) != SnoopStep::Never,
    }
}

fn possible(protocol: &Protocol) -> Vec<Cell> {
    let cells = |state: State| {
        let own = Processor::ALL.map(|event| Cell::Own(state, event));
        let snoop = BusOp::ALL.map(|op| Cell::Snoop(state, op));
        own.into_iter().chain(snoop)
    };
    let cells = protocol.all_states().flat_map(cells);
    cells.filter(|cell| is_possible(protocol, *cell)).collect()
}

/// Counts the uses of every cell.
#[derive(Clone, Debug)]
pub struct Coverage {
    counts: Box<CellCounts>,
}

impl Default for Coverage {
    fn default() -> Self {
        Self { counts: Box::new(CellCounts::NONE) }
    }
}

impl Observer for Coverage {
    #[inline]
    fn decided(&mut self, _core: CoreId, _line: LineAddr, cell: Cell) {
        match cell {
            Cell::Own(state, event) => self.counts.own[state.index()][event as usize] += 1,
            Cell::Snoop(state, op) => self.counts.snoop[state.index()][op as usize] += 1,
        }
    }
}

impl Watcher for Coverage {
    fn cells(&self) -> Option<&CellCounts> {
        Some(&self.counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_before_is_taken_away_cell_by_cell() {
        let mut coverage = Coverage::default();
        let cells = [
            Cell::Own(State(1), Processor::Store),
            Cell::Snoop(State(1), BusOp::BusRdX),
            Cell::Snoop(State(0), BusOp::BusRd),
        ];
        for cell in cells {
            coverage.decided(0, LineAddr(0), cell);
        }
        let before = coverage.cells().unwrap().clone();
        coverage.decided(1, LineAddr(7), cells[1]);
        let since = coverage.cells().unwrap().since(&before);
        assert_eq!(cells.map(|cell| since.get(cell)), [0, 1, 0]);
        // MSI has three states; it lacks I.Evict, I.Clean and M.BusUpgr, and knows no BusUpd.
        let msi = Protocol::built_in("MSI").unwrap();
        assert_eq!(before.used(msi), (3, 3 * 7 - 3));
        assert_eq!(since.used(msi), (1, 3 * 7 - 3));
    }
}
