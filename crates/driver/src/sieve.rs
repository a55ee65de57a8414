//! Which references of a trace are in one part of it.

use cache::{Addr, LineAddr};
use trace::{Op, Record};

use crate::parts::Parts;
use crate::session::access_of;

/// Lets the references of one part through.
#[derive(Debug)]
pub(crate) struct Sieve {
    parts: Parts,
    number: u64,
    /// What was let through last.
    pub(crate) own: Vec<Record>,
    /// Accesses that straddle lines and begin in this part, by core.
    pub(crate) straddles: Vec<u64>,
}

impl Sieve {
    pub(crate) const fn new(parts: Parts, number: u64) -> Self {
        Self { parts, number, own: Vec::new(), straddles: Vec::new() }
    }

    /// Lets through what is in this part of the records that come first, for as long as they are
    /// `known`; returns how many those were. What is no access is every part's.
    pub(crate) fn sift(&mut self, records: &[Record], known: impl Fn(&Record) -> bool) -> usize {
        let size = self.parts.line;
        let mut kept = 0;
        self.make_room(kept, records.len());
        for (at, record) in records.iter().enumerate() {
            if !known(record) {
                self.own.truncate(kept);
                return at;
            }
            let mut mine = true;
            if access_of(record.op).is_some() {
                let first = size.line(Addr(record.addr));
                let last = size.line(Addr(record.addr + u64::from(record.size - 1)));
                if first != last {
                    self.own.truncate(kept);
                    self.count_straddle(record, first);
                    self.own.extend(self.parts.pieces(record, self.number));
                    kept = self.own.len();
                    self.make_room(kept, records.len() - at);
                    continue;
                }
                mine = self.parts.of(first) == self.number;
            }
            // Whether it is kept nobody can foresee, so there is no branch.
            self.own[kept] = *record;
            kept += usize::from(mine);
        }
        self.own.truncate(kept);
        records.len()
    }

    /// Makes room for so many records behind those that are kept.
    fn make_room(&mut self, kept: usize, more: usize) {
        self.own.resize(kept + more, Record::event(0, Op::Fence, 0));
    }

    #[cold]
    fn count_straddle(&mut self, record: &Record, first: LineAddr) {
        if self.parts.of(first) == self.number {
            let core = usize::from(record.core);
            self.straddles.resize(self.straddles.len().max(core + 1), 0);
            self.straddles[core] += 1;
        }
    }

    /// Returns which access of some records, counted from one, the n-th reference was that they let
    /// through.
    pub(crate) fn access_of(&self, records: &[Record], nth: u64) -> u64 {
        let accesses = records.iter().filter(|record| access_of(record.op).is_some());
        let mut references = 0;
        for (number, record) in (1..).zip(accesses) {
            references += self.parts.pieces(record, self.number).count() as u64;
            if references >= nth {
                return number;
            }
        }
        0
    }
}

impl Parts {
    /// Returns the references of an access that are in a part.
    fn pieces(self, record: &Record, number: u64) -> impl Iterator<Item = Record> + '_ {
        let size = self.line;
        let end = record.addr + u64::from(record.size - 1);
        let lines = size.line(Addr(record.addr)).0..=size.line(Addr(end)).0;
        let own = lines.map(LineAddr).filter(move |line| self.of(*line) == number);
        own.map(move |line| {
            let base = size.base(line).0;
            let from = record.addr.max(base);
            let to = end.min(base + (size.bytes() - 1));
            Record { addr: from, size: (to - from) as u32 + 1, ..*record }
        })
    }
}
