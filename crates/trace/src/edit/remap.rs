//! A trace whose cores and addresses have other numbers.

use crate::edit::Addresses;
use crate::error::TraceError;
use crate::header::Header;
use crate::modules::Module;
use crate::record::{CORES_MAX, Op, RANGE_BYTES_MAX, Record};
use crate::source::{Shortfall, Source};

/// Addresses, and where the first of them goes; the others keep their distance from it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Move {
    addresses: Addresses,
    to: u64,
}

impl Move {
    /// Makes a move, unless what it moves could reach past the last address.
    #[must_use]
    pub fn new(addresses: Addresses, to: u64) -> Option<Move> {
        let length = addresses.end().checked_sub(*addresses.start())?;
        to.checked_add(length)?.checked_add(u64::from(RANGE_BYTES_MAX))?;
        Some(Move { addresses, to })
    }
}

/// What becomes of cores and addresses.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Remap {
    /// The core that each core becomes.
    pub cores: [u16; CORES_MAX as usize],
    /// Where records go by their first address; the first move that has it holds.
    pub moves: Vec<Move>,
}

impl Default for Remap {
    /// Changes nothing.
    fn default() -> Remap {
        Remap { cores: std::array::from_fn(|core| core as u16), moves: Vec::new() }
    }
}

/// A source of another's records with other numbers.
pub struct Remapped {
    source: Box<dyn Source>,
    header: Header,
    remap: Remap,
    /// The modules, once the source has said them: where they are now.
    modules: Vec<Module>,
}

impl Remapped {
    /// Gives the records of a source other numbers.
    pub fn new(source: Box<dyn Source>, remap: Remap) -> Remapped {
        let mut header = source.header().clone();
        let becomes = |cores: u16| remap.cores.iter().take(cores.into()).max();
        header.cores = header.cores.and_then(becomes).map(|last| last + 1);
        Remapped { source, header, remap, modules: Vec::new() }
    }
}

impl Remap {
    fn apply(&self, record: &mut Record) {
        if !matches!(record.op, Op::Time | Op::TimeTicks) {
            record.core = self.cores[usize::from(record.core)];
        }
        if record.size > 0 || record.op == Op::Pc {
            record.addr = self.moved(record.addr);
        }
    }

    /// Returns where an address goes.
    fn moved(&self, addr: u64) -> u64 {
        let found = self.moves.iter().find(|found| found.addresses.contains(&addr));
        found.map_or(addr, |found| addr - found.addresses.start() + found.to)
    }

    /// Returns where a module goes, unless only some of it is moved.
    fn moved_module(&self, module: &Module) -> Option<Module> {
        let (start, last) = (self.moved(module.start), self.moved(module.end - 1));
        let length = module.end - module.start;
        (last.wrapping_sub(start) == length - 1).then(|| Module {
            start,
            end: start.saturating_add(length),
            ..module.clone()
        })
    }
}

impl Source for Remapped {
    fn header(&self) -> &Header {
        &self.header
    }

    fn read(&mut self, into: &mut Vec<Record>) -> Result<bool, TraceError> {
        let before = into.len();
        let more = self.source.read(into);
        for record in &mut into[before..] {
            self.remap.apply(record);
        }
        if !matches!(more, Ok(true)) {
            let modules = self.source.modules().iter();
            self.modules = modules.filter_map(|m| self.remap.moved_module(m)).collect();
            self.modules.sort_by_key(|module| (module.start, module.end));
        }
        more
    }

    fn shortfall(&self) -> Option<Shortfall> {
        self.source.shortfall()
    }

    fn modules(&self) -> &[Module] {
        &self.modules
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Format;
    use crate::source::IterSource;

    #[test]
    fn cores_and_addresses_get_other_numbers() {
        let mut remap = Remap::default();
        remap.cores[1] = 5;
        remap.moves = vec![Move::new(0x100..=0x1ff, 0x1000).unwrap()];
        let records = [
            Record::access(1, Op::Read, 0x1ff, 8),
            Record::access(0, Op::Write, 0x200, 8),
            Record::event(1, Op::Compute, 0x100),
            Record::event(0, Op::Time, 0x100),
        ];
        let header = Header { cores: Some(2), ..Header::new(Format::Mtrace) };
        let source = IterSource::new(header, records.into_iter());
        let mut remapped = Remapped::new(Box::new(source), remap);
        assert_eq!(remapped.header().cores, Some(6));
        let mut out = Vec::new();
        while remapped.read(&mut out).unwrap() {}
        let expected = [
            Record::access(5, Op::Read, 0x10ff, 8),
            Record::access(0, Op::Write, 0x200, 8),
            Record::event(5, Op::Compute, 0x100),
            Record::event(0, Op::Time, 0x100),
        ];
        assert_eq!(out, expected);
    }

    #[test]
    fn modules_go_with_their_instructions_or_not_at_all() {
        let moves = vec![Move::new(0x1000..=0x2fff, 0x9000).unwrap()];
        let remap = Remap { moves, ..Remap::default() };
        let module = |start, end| Module {
            start,
            end,
            offset: 0,
            path: "/bin/a".to_owned(),
            build_id: None,
        };
        let goes = |start, end| remap.moved_module(&module(start, end));
        assert_eq!(goes(0x1000, 0x3000), Some(module(0x9000, 0xb000)));
        assert_eq!(goes(0x3000, 0x4000), Some(module(0x3000, 0x4000)));
        assert_eq!(goes(0x2000, 0x4000), None);
        let mut pc = Record::event(0, Op::Pc, 0x1004);
        remap.apply(&mut pc);
        assert_eq!(pc.addr, 0x9004);
    }

    #[test]
    fn nothing_is_moved_past_the_last_address() {
        assert_eq!(Move::new(0..=0xfff, u64::MAX - 0xfff), None);
        assert!(Move::new(0..=0xfff, u64::MAX - 0xfff - u64::from(RANGE_BYTES_MAX)).is_some());
        assert_eq!(Move::new(Addresses::new(5, 4), 0), None);
    }
}
