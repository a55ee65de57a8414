//! The onlooker of a model's machine: it carries the data, notes the cells, plants a fault.

use cache::LineAddr;

use super::cells::CellSet;
use super::layout::{Layout, mask};
use crate::fault::Fault;
use crate::observe::{Cell, Observer, Place};
use crate::reference::{CoreId, Reference};

/// The bytes of a word in a model; nothing depends on it.
pub(super) const WORD_BYTES: u32 = 4;

/// The words of every copy in a model, those of a line packed into one number.
#[derive(Clone, Debug)]
pub(super) struct Probe {
    caches: usize,
    slots: usize,
    lines: usize,
    word_bits: u32,
    fault: Option<Fault>,
    /// Words by core, cache and slot.
    private: Vec<u32>,
    /// Words of the shared level, by slot.
    shared: Vec<u32>,
    departing: u32,
    /// Words of the backing store, by line.
    store: Vec<u32>,
    /// The last stores, by line.
    last: Vec<u32>,
    /// The value that the store under way writes.
    pub(super) value: u32,
    /// A load did not read the last store.
    pub(super) read_old: bool,
    /// The cells that decided something.
    pub(super) cells: CellSet,
    /// The same with their cores, one after another, while somebody wants to know.
    pub(super) log: Option<Vec<(u8, Cell)>>,
}

impl Probe {
    pub(super) fn new(layout: &Layout, slots: usize, fault: Option<Fault>) -> Self {
        Self {
            caches: layout.caches,
            slots,
            lines: layout.lines,
            word_bits: layout.word_bits,
            fault,
            private: vec![0; layout.cores * layout.caches * slots],
            shared: vec![0; slots.max(layout.lines.next_power_of_two())],
            departing: 0,
            store: vec![0; layout.lines],
            last: vec![0; layout.lines],
            value: 0,
            read_old: false,
            cells: CellSet::default(),
            log: None,
        }
    }

    pub(super) fn at(&self, line: LineAddr, place: Place) -> u32 {
        match place {
            Place::Private { core, cache, slot } => {
                self.private[self.index(core, cache, slot.index())]
            }
            Place::Shared { slot, .. } => self.shared[slot.index()],
            Place::Departing { .. } => self.departing,
            Place::Store => self.store[line.0 as usize],
        }
    }

    pub(super) fn at_mut(&mut self, line: LineAddr, place: Place) -> &mut u32 {
        match place {
            Place::Private { core, cache, slot } => {
                let index = self.index(core, cache, slot.index());
                &mut self.private[index]
            }
            Place::Shared { slot, .. } => &mut self.shared[slot.index()],
            Place::Departing { .. } => &mut self.departing,
            Place::Store => &mut self.store[line.0 as usize],
        }
    }

    /// The last stores to a line's words.
    pub(super) fn last(&mut self, line: usize) -> &mut u32 {
        &mut self.last[line]
    }

    fn index(&self, core: CoreId, cache: usize, slot: usize) -> usize {
        (core as usize * self.caches + cache) * self.slots + slot
    }

    /// Where a reference's words begin in a packed line, and which bits they have.
    fn word(&self, reference: &Reference) -> (u32, u32) {
        let shift = reference.offset / WORD_BYTES * self.word_bits;
        let bits = reference.bytes / WORD_BYTES * self.word_bits;
        (shift, (mask(bits) << shift) as u32)
    }
}

impl Observer for Probe {
    #[inline]
    fn loaded(&mut self, reference: &Reference, place: Place) {
        let (_, mask) = self.word(reference);
        let found = self.at(reference.line, place);
        let line = reference.line.0 as usize;
        debug_assert!(line < self.lines, "a line of the model");
        self.read_old |= (found ^ self.last[line]) & mask != 0;
    }

    #[inline]
    fn storing(&mut self, reference: &Reference) {
        let (shift, mask) = self.word(reference);
        let last = &mut self.last[reference.line.0 as usize];
        *last = *last & !mask | self.value << shift;
    }

    #[inline]
    fn stored(&mut self, reference: &Reference, place: Place) {
        let (shift, mask) = self.word(reference);
        let value = self.value;
        let words = self.at_mut(reference.line, place);
        *words = *words & !mask | value << shift;
    }

    #[inline]
    fn copied(&mut self, line: LineAddr, from: Place, to: Place) {
        *self.at_mut(line, to) = self.at(line, from);
    }

    #[inline]
    fn decided(&mut self, core: CoreId, _line: LineAddr, cell: Cell) {
        self.cells.insert(cell);
        if let Some(log) = &mut self.log {
            log.push((core as u8, cell));
        }
    }

    #[inline]
    fn plants(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn takes_long_ways(&self) -> bool {
        self.fault.is_some()
    }
}
