//! One decoded trace, several replays of it: each in a thread, all fed with the same chunks.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use driver::ReplayError;
use trace::{Header, Record, Source, TraceError};

use crate::diagnostics::Diagnostic;
use crate::interrupt;

/// How many chunks a replay may be behind the fastest.
const CHUNKS_BEHIND: usize = 4;

/// A chunk that several replays read.
type Chunk = Arc<Vec<Record>>;

/// Feeds `count` replays with the records of a source, each in a thread of its own; `work` is told
/// its number and where its records come from.
///
/// Memory is bounded: the fastest waits for the slowest. Where the source fails, the replays see a
/// trace that ends there, so that one that fails before says so.
pub(crate) fn fan_out<T: Send>(
    mut source: Box<dyn Source>,
    count: usize,
    work: impl Fn(usize, Lent) -> Replay<T> + Sync,
) -> Result<Fanned<T>, Diagnostic> {
    let header = source.header().clone();
    thread::scope(|scope| {
        let mut feeds = Vec::with_capacity(count);
        let mut workers = Vec::with_capacity(count);
        for number in 0..count {
            let (feed, chunks) = sync_channel(CHUNKS_BEHIND);
            let lent = Lent { header: header.clone(), chunks, current: Chunk::default() };
            let work = &work;
            let thread = thread::Builder::new().name(format!("replay {number}"));
            let worker = thread.spawn_scoped(scope, move || work(number, lent));
            workers.push(worker.map_err(|error| {
                Diagnostic::input("E0319", format!("no thread for a replay: {error}"))
                    .help("ask for fewer at once, such as `--jobs 2`")
            })?);
            feeds.push(Some(feed));
        }
        let fed = feed_all(source.as_mut(), &mut feeds);
        drop(feeds);
        let results = workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        Ok(Fanned { results: results.collect(), fed })
    })
}

/// What a replay comes to.
type Replay<T> = Result<T, ReplayError>;

/// What several replays of one trace came to.
pub(crate) struct Fanned<T> {
    results: Vec<Replay<T>>,
    /// Whether they saw all of the trace.
    fed: Result<(), Diagnostic>,
}

impl<T> Fanned<T> {
    /// Returns the results in order; or the failure that comes first in the trace, with the number
    /// of the replay if it is of one.
    pub(crate) fn done(self) -> Result<Vec<T>, (Option<usize>, Diagnostic)> {
        let is_cut = self.fed.is_err();
        let (mut done, mut first) = (Vec::new(), None::<(usize, ReplayError)>);
        for (number, result) in self.results.into_iter().enumerate() {
            match result {
                Ok(result) => done.push(result),
                // What is wrong at the end of a trace that was cut is not wrong with all of it.
                Err(error) if is_cut && error.access().is_none() => {}
                Err(error) => {
                    let rank = |error: &ReplayError| error.access().unwrap_or(u64::MAX);
                    if first.as_ref().is_none_or(|(_, first)| rank(&error) < rank(first)) {
                        first = Some((number, error));
                    }
                }
            }
        }
        if let Some((number, error)) = first {
            return Err((Some(number), error.into()));
        }
        self.fed.map(|()| done).map_err(|error| (None, error))
    }
}

/// Sends the chunks of a source to all who still listen, until it ends or nobody does.
fn feed_all(
    source: &mut dyn Source,
    feeds: &mut [Option<SyncSender<Chunk>>],
) -> Result<(), Diagnostic> {
    let mut chunks: Vec<Chunk> = Vec::new();
    loop {
        interrupt::check()?;
        // A chunk that nobody reads any more is filled again.
        let free = chunks.iter_mut().position(|chunk| Arc::get_mut(chunk).is_some());
        let mut chunk = free.map_or_else(Chunk::default, |free| chunks.swap_remove(free));
        let records = Arc::get_mut(&mut chunk).expect("nobody else has it");
        records.clear();
        if !source.read(records)? {
            return Ok(());
        }
        for feed in feeds.iter_mut() {
            if feed.as_ref().is_some_and(|feed| feed.send(Arc::clone(&chunk)).is_err()) {
                *feed = None;
            }
        }
        chunks.push(chunk);
        if feeds.iter().all(Option::is_none) {
            return Ok(());
        }
    }
}

/// The records of a trace that others read too.
pub(crate) struct Lent {
    header: Header,
    chunks: Receiver<Chunk>,
    current: Chunk,
}

impl Source for Lent {
    fn header(&self) -> &Header {
        &self.header
    }

    fn read(&mut self, into: &mut Vec<Record>) -> Result<bool, TraceError> {
        let before = into.len();
        let mut nothing = Vec::new();
        into.extend_from_slice(self.lend(&mut nothing)?);
        Ok(into.len() > before)
    }

    fn lend<'a>(&'a mut self, _buffer: &'a mut Vec<Record>) -> Result<&'a [Record], TraceError> {
        // Nobody sends any more: the end.
        self.current = self.chunks.recv().unwrap_or_default();
        Ok(&self.current)
    }
}
