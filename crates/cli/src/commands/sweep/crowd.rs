//! Several machines through one trace, by several threads: whoever has nothing to do takes the
//! machine that is furthest behind through its next chunk, or decodes the next one.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use trace::{Record, Source};

use crate::diagnostics::Diagnostic;

/// Chunks that lie decoded for the machine that is furthest behind, at most.
const AHEAD_MAX: usize = 6;
/// With fewer than that, decoding comes first: others would soon have nothing to do.
const AHEAD_MIN: usize = 2;

/// Takes machines through a trace, to its end or for as long as they want more of it, and returns
/// them; and whether the trace could be read so far.
///
/// `take` performs records on a machine and tells whether it wants more; one that does not is done.
pub(super) fn through<T: Send>(
    source: Box<dyn Source>,
    machines: Vec<T>,
    threads: usize,
    take: impl Fn(&mut T, &[Record]) -> bool + Sync,
    is_over: impl Fn() -> bool + Sync,
) -> (Vec<T>, Result<(), Diagnostic>) {
    let places = machines.iter().map(|_| Place { next: 0, busy: false, done: false });
    let crowd = Crowd {
        state: Mutex::new(State {
            chunks: VecDeque::new(),
            first: 0,
            ended: false,
            decoding: false,
            places: places.collect(),
            read: Ok(()),
        }),
        changed: Condvar::new(),
        source: Mutex::new(source),
        machines: machines.into_iter().map(Mutex::new).collect(),
    };
    thread::scope(|scope| {
        for number in 1..threads {
            let thread = thread::Builder::new().name(format!("replay {number}"));
            // With fewer threads than were asked for it takes longer, and that is all.
            if thread.spawn_scoped(scope, || crowd.work(&take, &is_over)).is_err() {
                break;
            }
        }
        crowd.work(&take, &is_over);
    });
    let machines = crowd.machines.into_iter();
    let inner = |machine: Mutex<T>| machine.into_inner().unwrap_or_else(PoisonError::into_inner);
    let state = crowd.state.into_inner().unwrap_or_else(PoisonError::into_inner);
    (machines.map(inner).collect(), state.read)
}

struct Crowd<T> {
    state: Mutex<State>,
    changed: Condvar,
    source: Mutex<Box<dyn Source>>,
    machines: Vec<Mutex<T>>,
}

struct State {
    /// The chunks that a machine still needs.
    chunks: VecDeque<Arc<Vec<Record>>>,
    /// The number of the first of them.
    first: usize,
    /// No more chunks come.
    ended: bool,
    /// A thread decodes the next one.
    decoding: bool,
    places: Vec<Place>,
    read: Result<(), Diagnostic>,
}

/// How far a machine is.
struct Place {
    /// The number of the chunk that it takes next.
    next: usize,
    /// A thread has it.
    busy: bool,
    /// It wants no more.
    done: bool,
}

/// What a thread does next.
enum Job {
    Decode,
    Take(usize, Arc<Vec<Record>>),
    Wait,
    End,
}

impl State {
    fn decoded(&self) -> usize {
        self.first + self.chunks.len()
    }

    fn next_job(&self) -> Job {
        let wanting = || self.places.iter().enumerate().filter(|(_, place)| !place.done);
        let Some(slowest) = wanting().map(|(_, place)| place.next).min() else { return Job::End };
        let ahead = self.decoded() - slowest;
        let can_decode = !self.ended && !self.decoding;
        if can_decode && ahead < AHEAD_MIN {
            return Job::Decode;
        }
        let can_take = |(_, place): &(usize, &Place)| !place.busy && place.next < self.decoded();
        if let Some((number, place)) = wanting().filter(can_take).min_by_key(|(_, one)| one.next) {
            return Job::Take(number, Arc::clone(&self.chunks[place.next - self.first]));
        }
        if can_decode && ahead < AHEAD_MAX {
            return Job::Decode;
        }
        if self.ended && ahead == 0 { Job::End } else { Job::Wait }
    }

    /// Drops the chunks that no machine needs any more.
    fn drop_taken(&mut self) {
        let wanting = self.places.iter().filter(|place| !place.done);
        let needed = wanting.map(|place| place.next).min().unwrap_or(self.decoded());
        while self.first < needed && self.chunks.pop_front().is_some() {
            self.first += 1;
        }
    }
}

impl<T: Send> Crowd<T> {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(
        &self,
        take: &(impl Fn(&mut T, &[Record]) -> bool + Sync),
        is_over: &(impl Fn() -> bool + Sync),
    ) {
        let _alarm = Alarm(self);
        let mut state = self.lock();
        while !is_over() {
            match state.next_job() {
                Job::End => break,
                Job::Wait => {
                    state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                    continue;
                }
                Job::Decode => {
                    state.decoding = true;
                    drop(state);
                    let mut chunk = Vec::new();
                    let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
                    let read = source.read(&mut chunk);
                    drop(source);
                    state = self.lock();
                    state.decoding = false;
                    match read {
                        Ok(more) => state.ended = !more,
                        Err(error) => (state.ended, state.read) = (true, Err(error.into())),
                    }
                    if !chunk.is_empty() {
                        state.chunks.push_back(Arc::new(chunk));
                    }
                }
                Job::Take(number, chunk) => {
                    state.places[number].busy = true;
                    drop(state);
                    let machine = &self.machines[number];
                    let mut machine = machine.lock().unwrap_or_else(PoisonError::into_inner);
                    let wants_more = take(&mut machine, &chunk);
                    drop(machine);
                    drop(chunk);
                    state = self.lock();
                    let place = &mut state.places[number];
                    (place.busy, place.done) = (false, !wants_more);
                    place.next += 1;
                    state.drop_taken();
                }
            }
            self.changed.notify_all();
        }
        // Who waits has to see that it is over.
        self.changed.notify_all();
    }
}

/// Ends the work of all threads when one of them panics: nobody waits for what will not come.
struct Alarm<'a, T: Send>(&'a Crowd<T>);

impl<T: Send> Drop for Alarm<'_, T> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.lock().places.iter_mut().for_each(|place| place.done = true);
            self.0.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use trace::{Header, Op, TraceError};

    use super::*;

    /// A trace of so many chunks, each of one record more than the one before.
    struct Chunks {
        header: Header,
        next: u64,
        last: u64,
    }

    impl Source for Chunks {
        fn header(&self) -> &Header {
            &self.header
        }

        fn read(&mut self, into: &mut Vec<Record>) -> Result<bool, TraceError> {
            if self.next == self.last {
                return Ok(false);
            }
            let record = |number| Record::access(0, Op::Read, 1000 * self.next + number, 1);
            into.extend((0..=self.next).map(record));
            self.next += 1;
            Ok(true)
        }
    }

    fn chunks(last: u64) -> Box<dyn Source> {
        Box::new(Chunks { header: Header::new(trace::Format::Mtrace), next: 0, last })
    }

    #[test]
    fn every_machine_takes_every_record_in_order_whatever_the_threads() {
        let all: Vec<u64> = (0..40).flat_map(|c| (0..=c).map(move |n| 1000 * c + n)).collect();
        for (machines, threads) in [(1, 1), (1, 4), (7, 1), (7, 2), (3, 8), (0, 2)] {
            let (seen, read) = through(
                chunks(40),
                vec![Vec::new(); machines],
                threads,
                |seen: &mut Vec<u64>, records| {
                    seen.extend(records.iter().map(|record| record.addr));
                    true
                },
                || false,
            );
            assert!(read.is_ok());
            assert_eq!(seen, vec![all.clone(); machines], "{machines} machines, {threads} threads");
        }
    }

    #[test]
    fn who_wants_no_more_is_not_waited_for() {
        // Machine i wants i + 1 chunks; what comes after the last is not decoded to its end.
        let taken: Vec<(usize, usize)> = (0..5).map(|most| (most + 1, 0)).collect();
        let (taken, _) = through(
            chunks(u64::MAX),
            taken,
            2,
            |(most, taken), _| {
                *taken += 1;
                taken < most
            },
            || false,
        );
        assert!(taken.iter().all(|(most, taken)| most == taken), "{taken:?}");
    }

    #[test]
    fn a_panic_ends_it_for_all() {
        let calls = AtomicUsize::new(0);
        let crowd = || {
            through(
                chunks(u64::MAX),
                vec![(); 3],
                3,
                |(), _| {
                    assert!(calls.fetch_add(1, Ordering::Relaxed) != 10, "the tenth");
                    true
                },
                || false,
            )
        };
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(crowd)).is_err());
    }

    #[test]
    fn it_ends_when_it_is_over() {
        let calls = AtomicUsize::new(0);
        let (_, read) = through(
            chunks(u64::MAX),
            vec![(); 3],
            3,
            |(), _| calls.fetch_add(1, Ordering::Relaxed) < 1_000_000,
            || calls.load(Ordering::Relaxed) >= 20,
        );
        assert!(read.is_ok() && (20..30).contains(&calls.load(Ordering::Relaxed)));
    }
}
