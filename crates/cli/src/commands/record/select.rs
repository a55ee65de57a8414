//! Which of the recorder's records are kept, and as whose.

use trace::{Op, Record};

use crate::record_args::{RecordArgs, ThreadsAsCores};

/// What is kept of a program's records.
pub(super) struct Selection {
    fetches: bool,
    /// Whether the trace can say which instructions accesses come from.
    pcs: bool,
    /// How many records there may still be.
    left: u64,
    ways: Option<Ways>,
}

/// Threads that go round some cores.
struct Ways {
    cores: u16,
    /// The instruction of each thread, and the thread that each core was last said to be at.
    pcs: Vec<u64>,
    last: Vec<Option<u16>>,
}

impl Selection {
    pub(super) fn new(args: &RecordArgs, pcs: bool) -> Self {
        let ways = match args.threads_as_cores {
            ThreadsAsCores::FirstSeen => None,
            ThreadsAsCores::Ways(cores) => Some(Ways {
                cores,
                pcs: vec![0; usize::from(u16::MAX) + 1],
                last: vec![None; usize::from(cores)],
            }),
        };
        let left = args.limit.unwrap_or(u64::MAX);
        Self { fetches: !args.data_only, pcs, left, ways }
    }

    /// Tells whether no further record is wanted.
    pub(super) fn is_full(&self) -> bool {
        self.left == 0
    }

    /// Leaves out what is not wanted, and gives every record the core of its thread; returns how
    /// many records are left, program counters aside.
    pub(super) fn apply(&mut self, records: &mut Vec<Record>) -> u64 {
        if !self.pcs {
            let keeps = |op| op != Op::Pc && (self.fetches || op != Op::Fetch);
            records.retain(|record| keeps(record.op));
        } else if !self.fetches {
            // A fetch says where its thread is, and that is what is left of it.
            for record in records.iter_mut().filter(|record| record.op == Op::Fetch) {
                *record = Record::event(record.core, Op::Pc, record.addr);
            }
        }
        if let Some(ways) = &mut self.ways {
            ways.apply(records, self.pcs);
        }
        self.truncate(records)
    }

    fn truncate(&mut self, records: &mut Vec<Record>) -> u64 {
        let mut count = 0;
        let past = records.iter().position(|record| {
            let is_past = count == self.left;
            count += u64::from(record.op != Op::Pc && !is_past);
            is_past
        });
        records.truncate(past.unwrap_or(records.len()));
        self.left -= count;
        count
    }
}

impl Ways {
    /// Gives every record a core; where threads of one core take turns, it says whose instruction
    /// comes next.
    fn apply(&mut self, records: &mut Vec<Record>, pcs: bool) {
        let mut out = Vec::with_capacity(records.len());
        for mut record in records.drain(..) {
            let thread = record.core;
            record.core %= self.cores;
            if pcs {
                let said = self.last[usize::from(record.core)].replace(thread);
                if matches!(record.op, Op::Pc | Op::Fetch) {
                    self.pcs[usize::from(thread)] = record.addr;
                } else if said != Some(thread) {
                    let pc = self.pcs[usize::from(thread)];
                    out.push(Record::event(record.core, Op::Pc, pc));
                }
            }
            out.push(record);
        }
        *records = out;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(fetches: bool, pcs: bool, left: u64, cores: Option<u16>) -> Selection {
        let ways = cores.map(|cores| Ways {
            cores,
            pcs: vec![0; 8],
            last: vec![None; usize::from(cores)],
        });
        Selection { fetches, pcs, left, ways }
    }

    const RECORDS: [Record; 5] = [
        Record::access(0, Op::Fetch, 0x10, 4),
        Record::access(0, Op::Read, 0x100, 8),
        Record::access(2, Op::Fetch, 0x20, 4),
        Record::access(0, Op::Write, 0x100, 8),
        Record::access(2, Op::Write, 0x200, 8),
    ];

    #[test]
    fn a_fetch_that_is_left_out_leaves_its_address() {
        let mut records = RECORDS.to_vec();
        assert_eq!(selection(false, true, 9, None).apply(&mut records), 3);
        let mut expected = RECORDS;
        expected[0] = Record::event(0, Op::Pc, 0x10);
        expected[2] = Record::event(2, Op::Pc, 0x20);
        assert_eq!(records, expected);
        let mut records = RECORDS.to_vec();
        assert_eq!(selection(false, false, 9, None).apply(&mut records), 3);
        assert_eq!(records, [RECORDS[1], RECORDS[3], RECORDS[4]]);
    }

    #[test]
    fn threads_of_one_core_say_where_they_go_on() {
        let mut records = RECORDS.to_vec();
        let on_core_0 = |record: Record| Record { core: 0, ..record };
        assert_eq!(selection(true, true, 9, Some(2)).apply(&mut records), 5);
        let expected = [
            RECORDS[0],
            RECORDS[1],
            on_core_0(RECORDS[2]),
            Record::event(0, Op::Pc, 0x10),
            RECORDS[3],
            Record::event(0, Op::Pc, 0x20),
            on_core_0(RECORDS[4]),
        ];
        assert_eq!(records, expected);
    }

    #[test]
    fn a_limit_counts_records_and_not_program_counters() {
        let mut selection = selection(false, true, 2, None);
        let mut records = RECORDS.to_vec();
        assert_eq!(selection.apply(&mut records), 2);
        assert_eq!(records.len(), 4);
        assert!(selection.is_full());
        let mut records = RECORDS.to_vec();
        assert_eq!(selection.apply(&mut records), 0);
        assert!(records.is_empty());
    }
}
