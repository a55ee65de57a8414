//! The source: chunks in their order, and what holds from one to the next.

use std::io::Read;

use crate::codec::Codec;
use crate::error::TraceError;
use crate::format::Format;
use crate::header::Header;
use crate::modules::Module;
use crate::mtrc::Wanted;
use crate::mtrc::chunk::{self, Opened};
use crate::mtrc::clock::Clock;
use crate::mtrc::failure::Origin;
use crate::mtrc::framer::{End, Framer};
use crate::mtrc::index::CountDigest;
use crate::mtrc::pack::Unpacker;
#[cfg(feature = "files")]
use crate::mtrc::parallel::Pool;
use crate::record::{Op, Record};
use crate::source::{Shortfall, Source};
use crate::text::failure::empty;

/// A source of the records of an mtrc trace.
pub(crate) struct MtrcReader {
    header: Header,
    decoder: Decoder,
    origin: Origin,
    /// What is wanted of it: the cores are those of the machine, or of the trace if it has fewer.
    wanted: Wanted,
    clock: Clock,
    counts: CountDigest,
    /// The first chunk, which is read with the header, and how that ended.
    pending: Option<(Vec<Record>, Result<bool, TraceError>)>,
    /// How many chunks there were in a file without an index.
    without_index: Option<u64>,
    modules: Vec<Module>,
}

/// Who decodes.
enum Decoder {
    Here(Box<Here>),
    #[cfg(feature = "files")]
    Pool(Pool),
    Ended,
}

struct Here {
    framer: Framer,
    unpacker: Unpacker,
    stored: Vec<u8>,
}

impl MtrcReader {
    /// Reads the header and the first chunk.
    pub(crate) fn new(
        input: Box<dyn Read + Send>,
        path: &str,
        codec: Option<Codec>,
        wanted: Wanted,
    ) -> Result<MtrcReader, TraceError> {
        let origin = Origin { path: path.to_owned(), codec };
        let (framer, header) = Framer::new(input, origin.clone())?;
        let wanted = wanted.of(&header);
        let here = Here { framer, unpacker: Unpacker::default(), stored: Vec::new() };
        let mut reader = MtrcReader {
            header,
            decoder: Decoder::Here(Box::new(here)),
            origin,
            wanted,
            clock: Clock::default(),
            counts: CountDigest::default(),
            pending: None,
            without_index: None,
            modules: Vec::new(),
        };
        let mut first = Vec::new();
        match (reader.decode(&mut first), first.is_empty()) {
            (Err(error), true) => return Err(error),
            (Ok(_), true) => return Err(empty(path, Format::Mtrc)),
            (result, false) => reader.pending = Some((first, result)),
        }
        Ok(reader)
    }

    /// Appends the records of the next chunk.
    fn decode(&mut self, into: &mut Vec<Record>) -> Result<bool, TraceError> {
        let result = self.advance(into);
        if !matches!(result, Ok(true)) {
            self.decoder = Decoder::Ended;
        }
        result
    }

    fn advance(&mut self, into: &mut Vec<Record>) -> Result<bool, TraceError> {
        let before = into.len();
        let next = match &mut self.decoder {
            Decoder::Ended => return Ok(false),
            #[cfg(feature = "files")]
            Decoder::Pool(pool) => pool.next(into)?,
            Decoder::Here(here) => {
                let Here { framer, unpacker, stored } = &mut **here;
                match framer.next(std::mem::take(stored))? {
                    Ok(mut packed) => {
                        let origin = &framer.origin;
                        let opened = chunk::open(unpacker, &mut packed, origin, self.wanted, into);
                        *stored = packed.stored;
                        Ok(opened)
                    }
                    Err(end) => Err(end),
                }
            }
        };
        match next {
            Ok(opened) => self.admit(opened, before, into).map(|()| true),
            Err(end) => self.end(end).map(|()| false),
        }
    }

    /// Checks what a chunk says after the chunks before it.
    fn admit(
        &mut self,
        opened: Opened,
        before: usize,
        into: &mut Vec<Record>,
    ) -> Result<(), TraceError> {
        let Opened { at, counts, extended, result } = opened;
        self.counts.chunk(&counts);
        if extended {
            let mut number = at.first;
            for i in before..into.len() {
                let record = &into[i];
                if let Err(beyond) = self.clock.advance(record) {
                    let value = record.addr;
                    into.truncate(i);
                    return Err(self.origin.beyond(at, number, value, beyond));
                }
                number += u64::from(record.op != Op::Pc);
            }
        }
        result
    }

    /// Checks what the index says after all chunks.
    fn end(&mut self, end: End) -> Result<(), TraceError> {
        self.modules = end.modules;
        let Some(footer) = &end.footer else {
            self.without_index = Some(end.chunks);
            return Ok(());
        };
        if footer.counts == self.counts.value() {
            return Ok(());
        }
        let found = "an index that counts the cores' records otherwise";
        Err(self.origin.index(end.offset, found, "the counts of the chunks before it"))
    }
}

impl Source for MtrcReader {
    fn header(&self) -> &Header {
        &self.header
    }

    fn read(&mut self, into: &mut Vec<Record>) -> Result<bool, TraceError> {
        match self.pending.take() {
            Some((mut first, result)) => {
                into.append(&mut first);
                result
            }
            None => self.decode(into),
        }
    }

    fn shortfall(&self) -> Option<Shortfall> {
        self.without_index.map(|chunks| Shortfall::NoIndex { chunks })
    }

    fn modules(&self) -> &[Module] {
        &self.modules
    }

    #[cfg(feature = "files")]
    fn read_ahead(&mut self, workers: usize) -> bool {
        let decoder = std::mem::replace(&mut self.decoder, Decoder::Ended);
        self.decoder = match decoder {
            Decoder::Here(here) => {
                let Here { framer, unpacker, stored } = *here;
                match Pool::start(framer, self.wanted, workers) {
                    Ok(pool) => Decoder::Pool(pool),
                    Err(Some(framer)) => Decoder::Here(Box::new(Here { framer, unpacker, stored })),
                    Err(None) => Decoder::Ended,
                }
            }
            decoder => decoder,
        };
        // Where no thread can be had for this, none can be had for waiting on it.
        true
    }
}
