//! Cells in batches, and batches on threads.
//!
//! A batch is some cells of one trace that take the records which one reader decodes: one thread
//! takes all their machines through the trace, chunk by chunk. So a trace is decoded once a batch,
//! and no thread waits for another.

use std::collections::HashMap;
use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use driver::Interleave;

use crate::diagnostics::Diagnostic;

/// The most machines of a batch: all of them are in memory together.
const MACHINES_MAX: usize = 32;
/// The most memory of the machines of a batch together, about, unless one alone takes more.
const BYTES_MAX: u64 = 2 << 30;
/// The most accesses that a batch replays, unless a cell alone has more: what is lost of it if the
/// run is killed.
const WORK_MAX: u64 = 4_000_000_000;
/// How many batches there are for each thread, if there are cells enough: the last ones end at
/// about the same time.
const BATCHES_A_THREAD: usize = 3;
/// Fewer machines than that are no batch on whose account a trace is decoded once more.
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

/// Cells that one thread runs.
pub(super) struct Batch {
    pub(super) cells: Vec<usize>,
    /// They take the same records; otherwise it is one cell.
    pub(super) shares: bool,
    work: u64,
}

/// Puts cells into batches for so many threads, the heaviest first.
pub(super) fn batches(waiting: Vec<Waiting>, threads: usize) -> Vec<Batch> {
    let mut alike: HashMap<(usize, String), Vec<Waiting>> = HashMap::new();
    let mut batches = Vec::new();
    let all = waiting.len();
    for one in waiting {
        if one.can_share {
            alike.entry((one.trace, one.reading.clone())).or_default().push(one);
        } else {
            batches.push(Batch { cells: vec![one.cell], shares: false, work: one.work });
        }
    }
    let few = if threads == 1 { all } else { all.div_ceil(threads * BATCHES_A_THREAD) };
    for cells in alike.into_values() {
        // Each thread gets some of a trace's cells, if there are enough.
        let most = few.max(MACHINES_MIN.min(cells.len().div_ceil(threads))).min(MACHINES_MAX);
        let even = cells.len().div_ceil(cells.len().div_ceil(most));
        let mut batch: Vec<Waiting> = Vec::new();
        for cell in cells {
            let sum = |of: fn(&Waiting) -> u64| batch.iter().map(of).sum::<u64>() + of(&cell);
            let is_full = batch.len() == even
                || !batch.is_empty()
                    && (sum(|one| one.work) > WORK_MAX || sum(|one| one.memory) > BYTES_MAX);
            if is_full {
                batches.push(Batch::sharing(std::mem::take(&mut batch)));
            }
            batch.push(cell);
        }
        batches.push(Batch::sharing(batch));
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
    fn sharing(cells: Vec<Waiting>) -> Self {
        let work = cells.iter().map(|cell| cell.work).sum();
        Self { cells: cells.into_iter().map(|cell| cell.cell).collect(), shares: true, work }
    }
}

/// Returns how many threads the machine runs at once.
pub(super) fn threads_here() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// Does the work of all batches on so many threads; the first error ends it.
pub(super) fn run(
    batches: &[Batch],
    threads: usize,
    work: impl Fn(&Batch, &AtomicBool) -> Result<(), Diagnostic> + Sync,
) -> Result<(), Diagnostic> {
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let first: Mutex<Option<Diagnostic>> = Mutex::new(None);
    let one_after_the_other = || {
        while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            if let Err(error) = work(batch, &stop) {
                stop.store(true, Ordering::Relaxed);
                if let Ok(mut first) = first.lock() {
                    first.get_or_insert(error);
                }
            }
        }
    };
    thread::scope(|scope| {
        for number in 1..threads.min(batches.len()) {
            let thread = thread::Builder::new().name(format!("sweep {number}"));
            // With fewer threads than were asked for it takes longer, and that is all.
            if thread.spawn_scoped(scope, one_after_the_other).is_err() {
                break;
            }
        }
        one_after_the_other();
    });
    first.into_inner().ok().flatten().map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

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

    fn sizes(waiting: Vec<Waiting>, threads: usize) -> Vec<usize> {
        batches(waiting, threads).iter().map(|batch| batch.cells.len()).collect()
    }

    #[test]
    fn one_thread_decodes_a_trace_as_seldom_as_memory_allows() {
        assert_eq!(sizes(waiting(16, 0, true, 1), 1), [16]);
        assert_eq!(sizes(waiting(64, 0, true, 1), 1), [32, 32]);
        assert_eq!(sizes(waiting(4, 0, true, 1 << 30), 1), [2, 2]);
        assert_eq!(sizes(waiting(3, 0, true, 1 << 40), 1), [1, 1, 1]);
        assert_eq!(sizes(waiting(3, 0, false, 1), 1), [1, 1, 1]);
    }

    #[test]
    fn several_threads_have_batches_enough_to_end_together() {
        assert_eq!(sizes(waiting(40, 0, true, 1), 2), [7, 7, 7, 7, 7, 5]);
        assert_eq!(sizes(waiting(2, 0, true, 1), 2), [1, 1]);
        let two_traces = [waiting(6, 0, true, 1), waiting(6, 1, true, 1)].concat_all();
        assert_eq!(sizes(two_traces, 2), [3, 3, 3, 3]);
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
