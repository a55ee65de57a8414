//! The source: chunks in their order, and what holds from one to the next.

use std::io::Read;

use crate::codec::Codec;
use crate::error::TraceError;
use crate::format::Format;
use crate::header::Header;
use crate::mtrc::chunk::{self, Opened};
use crate::mtrc::clock::Clock;
use crate::mtrc::failure::Origin;
use crate::mtrc::framer::{End, Framer};
use crate::mtrc::index::CountDigest;
use crate::mtrc::pack::Unpacker;
#[cfg(feature = "files")]
use crate::mtrc::parallel::Pool;
use crate::record::Record;
use crate::source::{Shortfall, Source};
use crate::text::failure::empty;

/// A source of the records of an mtrc trace.
pub(crate) struct MtrcReader {
    header: Header,
    decoder: Decoder,
    origin: Origin,
    /// The number of cores: of the machine, or of the trace if that has fewer.
    cores: u16,
    clock: Clock,
    counts: CountDigest,
    /// The first chunk, which is read with the header, and how that ended.
    pending: Option<(Vec<Record>, Result<bool, TraceError>)>,
    /// How many chunks there were in a file without an index.
    without_index: Option<u64>,
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
        cores: u16,
    ) -> Result<MtrcReader, TraceError> {
        let origin = Origin { path: path.to_owned(), codec };
        let (framer, header) = Framer::new(input, origin.clone())?;
        let cores = cores.min(header.cores.unwrap_or(cores));
        let here = Here { framer, unpacker: Unpacker::default(), stored: Vec::new() };
        let mut reader = MtrcReader {
            header,
            decoder: Decoder::Here(Box::new(here)),
            origin,
            cores,
            clock: Clock::default(),
            counts: CountDigest::default(),
            pending: None,
            without_index: None,
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
                        let opened = chunk::open(unpacker, &mut packed, origin, self.cores, into);
                        *stored = packed.stored;
                        Ok(opened)
                    }
                    Err(end) => Err(end),
                }
            }
        };
        match next {
            Ok(opened) => self.admit(opened, before, into).map(|()| true),
            Err(end) => self.end(&end).map(|()| false),
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
            for (i, record) in into[before..].iter().enumerate() {
                if let Err(beyond) = self.clock.advance(record) {
                    let (number, value) = (at.first + i as u64, record.addr);
                    into.truncate(before + i);
                    return Err(self.origin.beyond(at, number, value, beyond));
                }
            }
        }
        result
    }

    /// Checks what the index says after all chunks.
    fn end(&mut self, end: &End) -> Result<(), TraceError> {
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

    #[cfg(feature = "files")]
    fn read_ahead(&mut self, workers: usize) -> bool {
        let decoder = std::mem::replace(&mut self.decoder, Decoder::Ended);
        self.decoder = match decoder {
            Decoder::Here(here) => {
                let Here { framer, unpacker, stored } = *here;
                match Pool::start(framer, self.cores, workers) {
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
