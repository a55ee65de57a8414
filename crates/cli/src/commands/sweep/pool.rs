//! Cells in batches.
//!
//! A batch is some cells of one trace that take the records which one reader decodes. It has one
//! thread or several, each of which takes whatever machine is furthest behind through its next
//! chunk (`crowd.rs`): so a trace is decoded once for all of them.

use std::collections::HashMap;

use driver::Interleave;

/// The most machines that a thread takes through a trace: all of them are in memory together.
const MACHINES_MAX: usize = 32;
/// The most memory of the machines of a thread together, about, unless one alone takes more.
const BYTES_MAX: u64 = 2 << 30;
/// The most accesses that a thread replays for a batch, unless a cell alone has more: what is lost
/// of it if the run is killed.
const WORK_MAX: u64 = 1_000_000_000;
/// Fewer machines than that keep no thread busy while another one decodes, if there is other work.
const MACHINES_MIN: usize = 4;

/// A cell that waits to be run.
pub(super) struct Waiting {
    /// Its number in the plan.
    pub(super) cell: usize,
    pub(super) trace: usize,
    /// Cells of one trace that are read alike have the same words here.
    pub(super) reading: String,
    /// It takes the records of a trace in their order, and time does not matter.
    pub(super) can_share: bool,
    pub(super) work: u64,
    pub(super) memory: u64,
}

impl Waiting {
    /// Tells whether cells of an order and a config can take the same records.
    pub(super) fn can_share(order: Interleave, config: &driver::config::Config) -> bool {
        order == Interleave::Recorded && config.durability.is_none()
    }
}

/// Cells that are run together.
pub(super) struct Batch {
    pub(super) cells: Vec<usize>,
    /// They take the same records; otherwise it is one cell.
    pub(super) shares: bool,
    /// How many threads it has.
    pub(super) threads: usize,
    work: u64,
}

/// Puts cells into batches for so many threads, the heaviest first.
pub(super) fn batches(waiting: Vec<Waiting>, threads: usize) -> Vec<Batch> {
    let mut alike: HashMap<(usize, String), Vec<Waiting>> = HashMap::new();
    let mut batches = Vec::new();
    for one in waiting {
        if one.can_share {
            alike.entry((one.trace, one.reading.clone())).or_default().push(one);
        } else {
            let (cells, work) = (vec![one.cell], one.work);
            batches.push(Batch { cells, shares: false, threads: 1, work });
        }
    }
    let traces = (alike.len() + batches.len()).max(1);
    for cells in alike.into_values() {
        let enough = (cells.len() / MACHINES_MIN).max(threads.div_ceil(traces));
        let threads = enough.min(threads).min(cells.len());
        let most = MACHINES_MAX * threads;
        let even = cells.len().div_ceil(cells.len().div_ceil(most));
        let many = threads as u64;
        let mut batch: Vec<Waiting> = Vec::new();
        for cell in cells {
            let sum = |of: fn(&Waiting) -> u64| batch.iter().map(of).sum::<u64>() + of(&cell);
            let is_full = batch.len() == even
                || !batch.is_empty()
                    && (sum(|one| one.work) > many * WORK_MAX
                        || sum(|one| one.memory) > many * BYTES_MAX);
            if is_full {
                batches.push(Batch::sharing(std::mem::take(&mut batch), threads));
            }
            batch.push(cell);
        }
        batches.push(Batch::sharing(batch, threads));
    }
    batches.sort_by_key(|batch| (std::cmp::Reverse(batch.work), batch.cells[0]));
    batches
}

/// Returns about how much memory a batch of some machines takes at most, in bytes.
pub(super) fn memory_of_a_batch(machines: impl Iterator<Item = u64>) -> u64 {
    let mut machines: Vec<u64> = machines.collect();
    machines.sort_unstable_by_key(|bytes| std::cmp::Reverse(*bytes));
    let largest = machines.first().copied().unwrap_or(0);
    let together = machines.iter().take(MACHINES_MAX).sum::<u64>();
    together.min(BYTES_MAX.max(largest))
}

impl Batch {
    fn sharing(cells: Vec<Waiting>, threads: usize) -> Self {
        let work = cells.iter().map(|cell| cell.work).sum();
        let threads = threads.min(cells.len());
        let cells = cells.into_iter().map(|cell| cell.cell).collect();
        Self { cells, shares: true, threads, work }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::thread;

    use super::*;
    use crate::commands::at_once;

    fn waiting(cells: usize, trace: usize, can_share: bool, memory: u64) -> Vec<Waiting> {
        let one = |cell| Waiting {
            cell: 1000 * trace + cell,
            trace,
            reading: String::new(),
            can_share,
            work: 10,
            memory,
        };
        (0..cells).map(one).collect()
    }

    /// Returns the cells and threads of each batch.
    fn sizes(waiting: Vec<Waiting>, threads: usize) -> Vec<(usize, usize)> {
        let batches = batches(waiting, threads);
        batches.iter().map(|batch| (batch.cells.len(), batch.threads)).collect()
    }

    #[test]
    fn one_thread_decodes_a_trace_as_seldom_as_memory_allows() {
        assert_eq!(sizes(waiting(16, 0, true, 1), 1), [(16, 1)]);
        assert_eq!(sizes(waiting(64, 0, true, 1), 1), [(32, 1); 2]);
        assert_eq!(sizes(waiting(4, 0, true, 1 << 30), 1), [(2, 1); 2]);
        assert_eq!(sizes(waiting(3, 0, true, 1 << 40), 1), [(1, 1); 3]);
        assert_eq!(sizes(waiting(3, 0, false, 1), 1), [(1, 1); 3]);
    }

    #[test]
    fn several_threads_share_what_one_of_them_decodes() {
        assert_eq!(sizes(waiting(40, 0, true, 1), 2), [(40, 2)]);
        assert_eq!(sizes(waiting(2, 0, true, 1), 8), [(2, 2)]);
        assert_eq!(sizes(waiting(1, 0, true, 1), 8), [(1, 1)]);
        // Where there is other work, no thread waits for a decoder.
        let two_traces = || [waiting(6, 0, true, 1), waiting(6, 1, true, 1)].concat_all();
        assert_eq!(sizes(two_traces(), 2), [(6, 1); 2]);
        assert_eq!(sizes(two_traces(), 8), [(6, 4); 2]);
        assert_eq!(sizes(waiting(40, 0, true, 1 << 29), 2), [(8, 2); 5]);
    }

    #[test]
    fn never_more_threads_are_at_work_than_were_asked_for() {
        let traces = [waiting(40, 0, true, 1), waiting(9, 1, true, 1), waiting(20, 2, false, 1)];
        let batches = batches(traces.concat_all(), 3);
        let (busy, most) = (Mutex::new(0), Mutex::new(0));
        let done = at_once::run(
            &batches,
            3,
            |batch| batch.threads,
            |batch, _| {
                let now = {
                    let mut busy = busy.lock().unwrap();
                    *busy += batch.threads;
                    *busy
                };
                let mut most = most.lock().unwrap();
                *most = now.max(*most);
                drop(most);
                thread::yield_now();
                *busy.lock().unwrap() -= batch.threads;
                Ok(())
            },
        );
        assert!(done.is_ok());
        assert_eq!(*most.lock().unwrap(), 3);
    }

    trait ConcatAll {
        fn concat_all(self) -> Vec<Waiting>;
    }

    impl<const N: usize> ConcatAll for [Vec<Waiting>; N] {
        fn concat_all(self) -> Vec<Waiting> {
            self.into_iter().flatten().collect()
        }
    }

    #[test]
    fn every_cell_is_in_one_batch() {
        let all = [waiting(50, 0, true, 1), waiting(7, 1, false, 1), waiting(9, 2, true, 1)];
        let mut cells: Vec<_> =
            batches(all.concat_all(), 3).into_iter().flat_map(|batch| batch.cells).collect();
        cells.sort_unstable();
        let expected = (0..50).chain(1000..1007).chain(2000..2009);
        assert_eq!(cells, expected.collect::<Vec<_>>());
    }
}
