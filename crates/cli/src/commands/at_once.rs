//! Pieces of work on some threads.

use std::num::NonZero;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;

use crate::diagnostics::Diagnostic;

/// Returns how many threads the machine runs at once.
pub(super) fn threads_here() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// Does all pieces of work on so many threads, begun in their order; the first error ends it, and
/// the work under way is told to stop. A piece may have several threads, which it starts itself:
/// `threads_of` says how many, and it begins when so many have nothing to do.
pub(super) fn run<T: Sync>(
    pieces: &[T],
    threads: usize,
    threads_of: impl Fn(&T) -> usize + Sync,
    work: impl Fn(&T, &AtomicBool) -> Result<(), Diagnostic> + Sync,
) -> Result<(), Diagnostic> {
    let (queue, stop) = (Queue::of(pieces, threads), AtomicBool::new(false));
    let first: Mutex<Option<Diagnostic>> = Mutex::new(None);
    let one_after_the_other = || {
        while let Some(piece) = queue.take(&threads_of) {
            // Even if the work panics: others wait for these threads.
            let _taken = Taken { queue: &queue, threads: threads_of(piece), stop: &stop };
            if !stop.load(Ordering::Relaxed)
                && let Err(error) = work(piece, &stop)
            {
                stop.store(true, Ordering::Relaxed);
                first.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            }
        }
    };
    thread::scope(|scope| {
        for number in 1..threads.min(pieces.len()) {
            let thread = thread::Builder::new().name(format!("worker {number}"));
            // With fewer threads than were asked for it takes longer, and that is all.
            if thread.spawn_scoped(scope, one_after_the_other).is_err() {
                break;
            }
        }
        one_after_the_other();
    });
    first.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
}

/// Pieces in their order, and how many threads have nothing to do.
struct Queue<'a, T> {
    state: Mutex<(std::slice::Iter<'a, T>, usize)>,
    freed: Condvar,
}

impl<'a, T> Queue<'a, T> {
    fn of(pieces: &'a [T], threads: usize) -> Self {
        Self { state: Mutex::new((pieces.iter(), threads)), freed: Condvar::new() }
    }

    /// Takes the next piece, as soon as it can have its threads.
    fn take(&self, threads_of: impl Fn(&T) -> usize) -> Option<&'a T> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let next = threads_of(state.0.as_slice().first()?);
            if next <= state.1 {
                state.1 -= next;
                return state.0.next();
            }
            state = self.freed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn give_back(&self, threads: usize) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).1 += threads;
        self.freed.notify_all();
    }
}

/// Threads that a piece of work has, given back when it is over.
struct Taken<'a, T> {
    queue: &'a Queue<'a, T>,
    threads: usize,
    stop: &'a AtomicBool,
}

impl<T> Drop for Taken<'_, T> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.stop.store(true, Ordering::Relaxed);
        }
        self.queue.give_back(self.threads);
    }
}
