//! Records to a chunk's two streams.

use crate::mtrc::layout::{
    EXTENDED, EXTENSION, LASTS, Lasts, MIXED, RECORDS_MAX, SAME, SIZE_STATED, SIZES, SWITCH,
    is_time, slot, zigzag,
};
use crate::record::Record;

/// A chunk that is being made.
pub(crate) struct Encoder {
    /// A byte a record.
    controls: Vec<u8>,
    operands: Vec<u8>,
    lasts: Box<Lasts>,
    /// The core of the records so far, or that of the last one.
    core: Option<u16>,
    mixed: bool,
    /// The first record of a core, and where its operands begin.
    first: (usize, usize, u16),
    /// How many records each core has.
    counts: [u32; 64],
}

impl Encoder {
    pub(crate) fn new() -> Encoder {
        Encoder {
            controls: Vec::new(),
            operands: Vec::new(),
            lasts: Box::new([0; LASTS]),
            core: None,
            mixed: false,
            first: (0, 0, 0),
            counts: [0; 64],
        }
    }

    /// Returns the number of records.
    pub(crate) fn records(&self) -> u32 {
        self.controls.len() as u32
    }

    pub(crate) fn is_full(&self) -> bool {
        self.records() >= RECORDS_MAX
    }

    /// Returns how many records each core has; a time is of none.
    pub(crate) fn counts(&self) -> &[u32; 64] {
        &self.counts
    }

    /// Adds a record, which is one that a reader would take.
    pub(crate) fn push(&mut self, record: &Record) {
        let Record { addr, size, core, op } = *record;
        let mut control = match EXTENDED.iter().position(|&extended| extended == op) {
            Some(code) => EXTENSION | code as u8,
            None => class(op as u8, size),
        };
        if !is_time(op) {
            control |= self.switch(core);
            self.counts[usize::from(core & 63)] += 1;
        }
        if let Some(slot) = slot(core, op) {
            let delta = addr.wrapping_sub(self.lasts[slot]);
            self.lasts[slot] = addr;
            if delta == 0 {
                control |= SAME;
            } else {
                varint(&mut self.operands, zigzag(delta));
            }
        }
        if size > 0 && SIZES[usize::from(control)] == 0 {
            varint(&mut self.operands, u64::from(size));
        }
        self.controls.push(control);
    }

    /// Goes on with a core; where that is another, writes it and returns the bit that says so.
    fn switch(&mut self, core: u16) -> u8 {
        let before = self.core.replace(core);
        match before {
            None => self.first = (self.controls.len(), self.operands.len(), core),
            Some(before) if before != core => {
                self.mixed = true;
                self.operands.push(core as u8);
                return SWITCH;
            }
            Some(_) => {}
        }
        0
    }

    /// Appends the chunk to `raw` and begins the next; returns the core that its head names.
    pub(crate) fn finish(&mut self, raw: &mut Vec<u8>) -> u16 {
        let (first, at, core) = self.first;
        if self.mixed && core != 0 {
            // A mixed chunk begins with core 0, and only now is it known to be mixed.
            self.controls[first] |= SWITCH;
            self.operands.insert(at, core as u8);
        }
        let named = if self.mixed { MIXED } else { core };
        raw.extend_from_slice(&self.controls);
        raw.extend_from_slice(&self.operands);
        self.controls.clear();
        self.operands.clear();
        self.lasts.fill(0);
        self.counts = [0; 64];
        (self.core, self.mixed, self.first) = (None, false, (0, 0, 0));
        named
    }
}

/// Returns the control byte of an access: its operation and the class of its size.
fn class(op: u8, size: u32) -> u8 {
    let classes = (0..7).map(|class| op | class << 2);
    let mut fitting = classes.filter(|&control| SIZES[usize::from(control)] == size);
    fitting.next().unwrap_or(op | SIZE_STATED)
}

/// Appends a number, seven bits a byte, the lowest first; the top bit says that more follow.
pub(crate) fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}
