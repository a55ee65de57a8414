//! Records as ChampSim's instructions, 64 bytes each.
//!
//! A fetch begins an instruction, and the loads and then the stores after it are its own, as far as
//! they fit: four and two. What does not fit, or comes without a fetch, goes into an instruction
//! at address 0, which is no fetch to the reader. So the order of the accesses stays as it was.

use crate::formats::champsim::{BYTES, LOADS};
use crate::formats::word_end::bytes_to_word_end;
use crate::loss::{Loss, Losses};
use crate::record::{Op, Record};
use crate::text::output::{self, LineWriter};

/// The addresses that an instruction stores to, at the most.
const STORES: usize = 2;

/// The instruction that is being put together.
#[derive(Default)]
pub(crate) struct ChampsimWriter {
    /// Whether there is one.
    begun: bool,
    address: u64,
    loads: ([u64; LOADS], usize),
    stores: ([u64; STORES], usize),
}

impl ChampsimWriter {
    fn begin(&mut self, address: u64, out: &mut Vec<u8>) {
        self.send(out);
        *self = ChampsimWriter { begun: true, address, ..ChampsimWriter::default() };
    }

    /// Appends the instruction, if there is one.
    fn send(&mut self, out: &mut Vec<u8>) {
        if !self.begun {
            return;
        }
        let mut bytes = [0; BYTES];
        let addresses = [self.address, 0].into_iter().chain(self.stores.0).chain(self.loads.0);
        for (place, address) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(addresses) {
            *place = address.to_le_bytes();
        }
        out.extend_from_slice(&bytes);
        self.begun = false;
    }

    fn load(&mut self, address: u64, out: &mut Vec<u8>) {
        if !self.begun || self.stores.1 > 0 || self.loads.1 == LOADS {
            self.begin(0, out);
        }
        self.loads.0[self.loads.1] = address;
        self.loads.1 += 1;
    }

    fn store(&mut self, address: u64, out: &mut Vec<u8>) {
        if !self.begun || self.stores.1 == STORES {
            self.begin(0, out);
        }
        self.stores.0[self.stores.1] = address;
        self.stores.1 += 1;
    }
}

impl LineWriter for ChampsimWriter {
    fn line(&mut self, record: &Record, out: &mut Vec<u8>, losses: &mut Losses) {
        let &Record { addr, op, .. } = record;
        if !op.is_access() {
            return output::left_out(op, losses);
        }
        if addr == 0 {
            // An address of 0 means that there is none.
            return losses.add(Loss::AddressZero);
        }
        output::one_core(record, losses);
        if record.size != bytes_to_word_end(addr) {
            losses.add(Loss::Size);
        }
        match op {
            Op::Fetch => self.begin(addr, out),
            Op::Write => self.store(addr, out),
            Op::Atomic => {
                losses.add(Loss::Atomic);
                self.load(addr, out);
                self.store(addr, out);
            }
            _ => self.load(addr, out),
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.send(out);
    }
}
