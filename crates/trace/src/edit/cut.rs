//! Some of the records of a trace.

use std::ops::RangeInclusive;

use crate::edit::Addresses;
use crate::error::TraceError;
use crate::header::Header;
use crate::modules::Module;
use crate::record::{Op, Record};
use crate::source::{Shortfall, Source};

/// Which records are kept: those that every field allows.
///
/// A time belongs to no core and has no address, so that no core and no range leaves it out; a
/// record without a range (a fence, compute cycles) has no address either.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Kept {
    /// The cores, core n as bit n; all if `None`.
    pub cores: Option<u64>,
    /// The numbers of the records in the whole trace, from 1.
    pub records: Option<RangeInclusive<u64>>,
    /// The operations; all if `None`.
    pub ops: Option<Vec<Op>>,
    /// An access that touches one of these is kept whole; all if there are none.
    pub addresses: Vec<Addresses>,
}

impl Kept {
    fn has(&self, record: &Record) -> bool {
        let is_time = matches!(record.op, Op::Time | Op::TimeTicks);
        let core = |cores: u64| is_time || cores >> record.core & 1 == 1;
        self.cores.is_none_or(core)
            && self.ops.as_ref().is_none_or(|ops| ops.contains(&record.op) || record.op == Op::Pc)
            && (record.size == 0 || self.addresses.is_empty() || self.touches(record))
    }

    fn touches(&self, record: &Record) -> bool {
        let last = record.addr + u64::from(record.size - 1);
        self.addresses.iter().any(|range| *range.start() <= last && record.addr <= *range.end())
    }
}

/// A source of the kept records of another.
pub struct Cut {
    source: Box<dyn Source>,
    kept: Kept,
    /// The records read, those that are not kept too.
    read: u64,
}

impl Cut {
    /// Keeps some records of a source.
    pub fn new(source: Box<dyn Source>, kept: Kept) -> Cut {
        Cut { source, kept, read: 0 }
    }
}

impl Source for Cut {
    fn header(&self) -> &Header {
        self.source.header()
    }

    fn read(&mut self, into: &mut Vec<Record>) -> Result<bool, TraceError> {
        let before = into.len();
        let mut chunk = Vec::new();
        loop {
            let behind = self.kept.records.as_ref().is_some_and(|range| self.read >= *range.end());
            if behind {
                return Ok(into.len() > before);
            }
            let more = self.source.read(&mut chunk);
            for record in chunk.drain(..) {
                self.read += u64::from(record.op != Op::Pc);
                let wanted = |range: &RangeInclusive<u64>| range.contains(&self.read);
                if self.kept.records.as_ref().is_none_or(wanted) && self.kept.has(&record) {
                    into.push(record);
                }
            }
            if !more? || into.len() > before {
                return Ok(into.len() > before);
            }
        }
    }

    fn shortfall(&self) -> Option<Shortfall> {
        self.source.shortfall()
    }

    fn modules(&self) -> &[Module] {
        self.source.modules()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Format;
    use crate::source::IterSource;

    const RECORDS: [Record; 6] = [
        Record::access(0, Op::Read, 0x100, 8),
        Record::event(0, Op::Time, 5),
        Record::access(1, Op::Write, 0x108, 8),
        Record::event(1, Op::Fence, 0),
        Record::access(2, Op::Fetch, 0xfff, 2),
        Record::access(0, Op::Write, u64::MAX, 1),
    ];

    /// Returns the numbers of the records that are kept, from 1.
    fn kept(kept: Kept) -> Vec<usize> {
        let source = IterSource::new(Header::new(Format::Mtrace), RECORDS.into_iter());
        let mut cut = Cut::new(Box::new(source), kept);
        let mut records = Vec::new();
        while cut.read(&mut records).unwrap() {}
        let number = |record: &Record| RECORDS.iter().position(|r| r == record).unwrap() + 1;
        records.iter().map(number).collect()
    }

    #[test]
    fn every_field_leaves_out_what_it_does_not_allow() {
        let all = Kept::default();
        assert_eq!(kept(all.clone()), [1, 2, 3, 4, 5, 6]);
        assert_eq!(kept(Kept { cores: Some(0b101), ..all.clone() }), [1, 2, 5, 6]);
        assert_eq!(kept(Kept { records: Some(2..=4), ..all.clone() }), [2, 3, 4]);
        let writes = Some(vec![Op::Write, Op::Atomic]);
        assert_eq!(kept(Kept { ops: writes.clone(), ..all.clone() }), [3, 6]);
        let near = |first, last| Kept { addresses: vec![first..=last], ..all.clone() };
        // The last byte of 1, the first of 3; the second byte of 5; the last one of all.
        assert_eq!(kept(near(0x107, 0x107)), [1, 2, 4]);
        assert_eq!(kept(near(0x107, 0x108)), [1, 2, 3, 4]);
        assert_eq!(kept(near(0x1000, 0x1000)), [2, 4, 5]);
        assert_eq!(kept(near(u64::MAX, u64::MAX)), [2, 4, 6]);
        let both = Kept { cores: Some(1), ops: writes, ..all };
        assert_eq!(kept(both), [6]);
    }
}
