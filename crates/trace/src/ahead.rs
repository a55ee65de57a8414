//! A source that decodes ahead in its own thread.

use std::mem;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::error::TraceError;
use crate::error_kind::TraceErrorKind;
use crate::header::Header;
use crate::modules::Module;
use crate::record::Record;
use crate::source::{Shortfall, Source};

/// How many chunks are decoded ahead at most.
const CHUNKS_AHEAD: usize = 4;

/// What the thread sends: a chunk, how the read that filled it ended, and what the trace lacks, at
/// the end.
type Chunk = (Vec<Record>, Result<bool, TraceError>, Option<AtEnd>);

/// What a source says at its end.
type AtEnd = Box<(Option<Shortfall>, Vec<Module>)>;

/// A source that decodes in its own thread, at most four chunks ahead.
///
/// A source that has threads of its own (mtrc) decodes in those. All buffers are there from the
/// start and go round: a long trace takes no more memory than a short one. Dropping it ends the
/// thread at its next chunk; a thread that waits for input ends when that comes. Where no
/// thread can be had, decoding is done in place.
pub struct Ahead {
    header: Header,
    decoder: Decoder,
    /// What the thread was told at the end.
    at_end: Option<AtEnd>,
}

/// Who decodes.
enum Decoder {
    Thread { chunks: Receiver<Chunk>, empties: SyncSender<Vec<Record>> },
    Here(Box<dyn Source>),
    Ended,
}

impl Ahead {
    /// Starts to decode `source` in a thread, or in as many of its own as there are processors.
    pub fn new(source: Box<dyn Source>) -> Ahead {
        Ahead::with_workers(source, usize::MAX)
    }

    /// Starts to decode `source` in a thread, or in up to so many of its own.
    ///
    /// For a source among several that are read at the same time.
    pub fn with_workers(mut source: Box<dyn Source>, workers: usize) -> Ahead {
        let header = source.header().clone();
        if source.read_ahead(workers) {
            return Ahead { header, decoder: Decoder::Here(source), at_end: None };
        }
        let (to_reader, chunks) = sync_channel(CHUNKS_AHEAD);
        let (empties, from_reader) = sync_channel(CHUNKS_AHEAD + 1);
        // Those that wait for the reader, and the one that is filled.
        for _ in 0..=CHUNKS_AHEAD {
            let _ = empties.try_send(Vec::new());
        }
        // The thread takes the source when it runs; if it cannot be had the source is still here.
        let slot = Arc::new(Mutex::new(Some(source)));
        let theirs = Arc::clone(&slot);
        let spawned = thread::Builder::new().name("decode".to_owned()).spawn(move || {
            let source = theirs.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(source) = source {
                decode(source, &to_reader, &from_reader);
            }
        });
        let decoder = if spawned.is_ok() {
            Decoder::Thread { chunks, empties }
        } else {
            let source = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
            source.map_or(Decoder::Ended, Decoder::Here)
        };
        Ahead { header, decoder, at_end: None }
    }
}

/// Decodes until the end, an error, or nobody listens.
fn decode(
    mut source: Box<dyn Source>,
    to_reader: &SyncSender<Chunk>,
    from_reader: &Receiver<Vec<Record>>,
) {
    loop {
        let Ok(mut records) = from_reader.recv() else { return };
        let more = source.read(&mut records);
        let last = !matches!(more, Ok(true));
        let at_end = last.then(|| Box::new((source.shortfall(), source.modules().to_vec())));
        if to_reader.send((records, more, at_end)).is_err() || last {
            return;
        }
    }
}

impl Source for Ahead {
    fn header(&self) -> &Header {
        &self.header
    }

    fn read(&mut self, into: &mut Vec<Record>) -> Result<bool, TraceError> {
        let (chunks, empties) = match &mut self.decoder {
            Decoder::Ended => return Ok(false),
            Decoder::Here(source) => return source.read(into),
            Decoder::Thread { chunks, empties } => (chunks, empties),
        };
        let Ok((mut records, more, at_end)) = chunks.recv() else {
            self.decoder = Decoder::Ended;
            return Err(TraceError::new(TraceErrorKind::Io, "<decoder>")
                .found("a decoding thread that ended early")
                .expected("a thread that decodes to the end")
                .help("this is an error of the program: please report it"));
        };
        if into.is_empty() {
            mem::swap(into, &mut records);
        } else {
            into.extend_from_slice(&records);
        }
        records.clear();
        // The thread has just sent one, so there is room.
        let _ = empties.try_send(records);
        if !matches!(more, Ok(true)) {
            self.decoder = Decoder::Ended;
            self.at_end = at_end;
        }
        more
    }

    fn shortfall(&self) -> Option<Shortfall> {
        match &self.decoder {
            Decoder::Here(source) => source.shortfall(),
            Decoder::Thread { .. } | Decoder::Ended => self.at_end.as_ref().and_then(|end| end.0),
        }
    }

    fn modules(&self) -> &[Module] {
        match &self.decoder {
            Decoder::Here(source) => source.modules(),
            Decoder::Thread { .. } | Decoder::Ended => {
                self.at_end.as_ref().map_or(&[], |end| &end.1)
            }
        }
    }

    fn read_ahead(&mut self, _: usize) -> bool {
        true
    }
}
