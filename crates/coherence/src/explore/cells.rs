//! Sets of table cells.

use crate::observe::Cell;
use crate::protocol::Protocol;
use crate::step::{BusOp, Processor, STATES_MAX};

/// The columns of both tables: the core's own events, then the transactions of others.
const COLUMNS: usize = Processor::ALL.len() + BusOp::ALL.len();

/// A set of cells of a protocol's tables.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CellSet {
    bits: u128,
}

const _: () = assert!(STATES_MAX * COLUMNS <= 128, "a bit for each cell");

impl CellSet {
    /// Returns every cell of a protocol that is not declared impossible.
    pub fn possible(protocol: &Protocol) -> Self {
        let mut cells = Self::default();
        cells.extend(protocol.cells().filter(|cell| !protocol.is_never(*cell)));
        cells
    }

    /// Adds a cell.
    #[inline]
    pub fn insert(&mut self, cell: Cell) {
        self.bits |= 1 << index(cell);
    }

    /// Tells whether a cell is in the set.
    pub fn contains(&self, cell: Cell) -> bool {
        self.bits >> index(cell) & 1 == 1
    }

    /// Returns how many cells are in the set.
    pub fn len(&self) -> usize {
        self.bits.count_ones() as usize
    }

    /// Tells whether no cell is in the set.
    pub fn is_empty(&self) -> bool {
        self.bits == 0
    }

    /// Returns the cells of a protocol that are in this set and not in another, row by row.
    pub fn without(&self, other: &Self, protocol: &Protocol) -> Vec<Cell> {
        let left = Self { bits: self.bits & !other.bits };
        protocol.cells().filter(|cell| left.contains(*cell)).collect()
    }

    /// Returns the cells that are in both sets.
    #[must_use]
    pub fn common(&self, other: &Self) -> Self {
        Self { bits: self.bits & other.bits }
    }
}

impl Extend<Cell> for CellSet {
    fn extend<T: IntoIterator<Item = Cell>>(&mut self, cells: T) {
        for cell in cells {
            self.insert(cell);
        }
    }
}

#[inline]
const fn index(cell: Cell) -> usize {
    match cell {
        Cell::Own(state, event) => state.index() * COLUMNS + event as usize,
        Cell::Snoop(state, op) => state.index() * COLUMNS + Processor::ALL.len() + op as usize,
    }
}
