//! Chunks decoded ahead, by several threads, in their order.
//!
//! One thread reads the file and deals chunks to the workers in turn; the consumer takes records
//! from them in the same turn, so that no order has to be restored. Each worker has at most two
//! chunks before it and one behind it, of at most 1.1 MiB raw or 1 MiB decoded: some 8 MiB each.
//! All buffers are there from the start and go round, so that a long trace takes no more memory
//! than a short one.

use std::mem;
use std::num::NonZero;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::error::TraceError;
use crate::error_kind::TraceErrorKind;
use crate::mtrc::Wanted;
use crate::mtrc::chunk::{self, Opened};
use crate::mtrc::failure::Origin;
use crate::mtrc::framer::{End, Framer, Packed};
use crate::mtrc::pack::Unpacker;
use crate::record::Record;

/// The most workers: more than four outrun every consumer.
const WORKERS_MAX: usize = 4;
/// How many chunks wait before a worker, and how many behind it.
const WAITING_MAX: usize = 2;
const DONE_MAX: usize = 1;

/// What a worker is given.
enum Work {
    Chunk(Packed),
    /// The end of the file, or an error, which it passes on in turn.
    Stop(Result<End, TraceError>),
}

/// What a worker hands over.
enum Done {
    Chunk(Vec<Record>, Box<Opened>),
    Stop(Result<End, TraceError>),
}

/// A worker as the consumer sees it.
struct Lane {
    done: Receiver<Done>,
    empties: SyncSender<Vec<Record>>,
}

/// The workers and the reader. Dropping it ends them at their next chunk.
pub(crate) struct Pool {
    lanes: Vec<Lane>,
    /// Whose turn it is.
    next: usize,
}

impl Pool {
    /// Starts to decode the chunks that come next; gives the file back where it has no threads.
    pub(crate) fn start(
        framer: Framer,
        wanted: Wanted,
        workers: usize,
    ) -> Result<Pool, Option<Framer>> {
        let processors = thread::available_parallelism().map_or(1, NonZero::get);
        let threads = processors.min(WORKERS_MAX).min(workers).max(1);
        let (stored, from_workers) = channel();
        // Those that wait before the workers, those in their hands, and the reader's.
        for _ in 0..=threads * (WAITING_MAX + 1) {
            let _ = stored.send(Vec::new());
        }
        let (mut lanes, mut works) = (Vec::new(), Vec::new());
        for _ in 0..threads {
            let (work, from_reader) = sync_channel(WAITING_MAX);
            let (to_consumer, done) = sync_channel(DONE_MAX);
            let (empties, from_consumer) = sync_channel(DONE_MAX + 1);
            // Those that wait behind the worker, and the one in its hands.
            for _ in 0..=DONE_MAX {
                let _ = empties.try_send(Vec::new());
            }
            let origin = framer.origin.clone();
            let stored = stored.clone();
            let worker = move || {
                let to = Outlets { done: to_consumer, stored };
                decode(&from_reader, &from_consumer, &to, &origin, wanted);
            };
            if thread::Builder::new().name("unpack".to_owned()).spawn(worker).is_err() {
                break;
            }
            lanes.push(Lane { done, empties });
            works.push(work);
        }
        if lanes.is_empty() {
            return Err(Some(framer));
        }
        // The thread takes the file when it runs; if it cannot be had the file is still here.
        let slot = Arc::new(Mutex::new(Some(framer)));
        let theirs = Arc::clone(&slot);
        let reader = move || {
            let framer = theirs.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(framer) = framer {
                deal(framer, &works, &from_workers);
            }
        };
        match thread::Builder::new().name("frame".to_owned()).spawn(reader) {
            Ok(_) => Ok(Pool { lanes, next: 0 }),
            Err(_) => Err(slot.lock().unwrap_or_else(PoisonError::into_inner).take()),
        }
    }

    /// Appends the records of the next chunk, or returns the end of the file.
    pub(crate) fn next(
        &mut self,
        into: &mut Vec<Record>,
    ) -> Result<Result<Opened, End>, TraceError> {
        let lane = &self.lanes[self.next];
        self.next = (self.next + 1) % self.lanes.len();
        match lane.done.recv() {
            Ok(Done::Chunk(mut records, opened)) => {
                if into.is_empty() {
                    mem::swap(into, &mut records);
                } else {
                    into.extend_from_slice(&records);
                }
                records.clear();
                // It has just sent one, so there is room.
                let _ = lane.empties.try_send(records);
                Ok(Ok(*opened))
            }
            Ok(Done::Stop(stop)) => stop.map(Err),
            Err(_) => Err(TraceError::new(TraceErrorKind::Io, "<decoder>")
                .found("a decoding thread that ended early")
                .expected("a thread that decodes to the end")
                .help("this is an error of the program: please report it")),
        }
    }
}

/// Reads chunks and deals them out in turn, until the end, an error, or nobody listens.
fn deal(mut framer: Framer, works: &[SyncSender<Work>], empties: &Receiver<Vec<u8>>) {
    for work in works.iter().cycle() {
        let Ok(stored) = empties.recv() else { return };
        let next = match framer.next(stored) {
            Ok(Ok(packed)) => Work::Chunk(packed),
            Ok(Err(end)) => Work::Stop(Ok(end)),
            Err(error) => Work::Stop(Err(error)),
        };
        let last = matches!(next, Work::Stop(_));
        if work.send(next).is_err() || last {
            return;
        }
    }
}

/// Where a worker's results and empty buffers go.
struct Outlets {
    done: SyncSender<Done>,
    stored: Sender<Vec<u8>>,
}

/// Decodes chunks until there are no more or nobody listens.
fn decode(
    work: &Receiver<Work>,
    empties: &Receiver<Vec<Record>>,
    to: &Outlets,
    origin: &Origin,
    wanted: Wanted,
) {
    let mut unpacker = Unpacker::default();
    while let Ok(work) = work.recv() {
        let done = match work {
            Work::Chunk(mut packed) => {
                let Ok(mut records) = empties.recv() else { return };
                let opened = chunk::open(&mut unpacker, &mut packed, origin, wanted, &mut records);
                // The reader may be at the end already.
                let _ = to.stored.send(packed.stored);
                Done::Chunk(records, Box::new(opened))
            }
            Work::Stop(stop) => Done::Stop(stop),
        };
        if to.done.send(done).is_err() {
            return;
        }
    }
}
