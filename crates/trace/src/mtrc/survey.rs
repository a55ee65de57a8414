//! What a file holds, without its records: the header, and the index or the heads of the chunks.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};

use crate::codec::Codec;
use crate::error::TraceError;
use crate::header::Header;
use crate::modules::Module;
use crate::mtrc::failure::{At, Origin};
use crate::mtrc::footer::{self, Footer, FooterFault, read_full};
use crate::mtrc::framer::{Framer, Step};
use crate::mtrc::head::Head;
use crate::mtrc::index::Trailer;
use crate::mtrc::layout::{HEAD_BYTES, INDEX_TAG, MODULES_TAG, TRAILER_BYTES, u32_at};
use crate::mtrc::modules;
use crate::mtrc::pack::ChunkCodec;

/// What an mtrc trace says that it holds; no record of it was read.
#[derive(Clone, Debug)]
pub struct Survey {
    /// What the trace says about itself.
    pub header: Header,
    /// The number of chunks.
    pub chunks: u64,
    /// The number of records.
    pub records: u64,
    /// The records of each core, up to the last that has any; times are of none.
    ///
    /// `None` without an index, which alone says it.
    pub per_core: Option<Vec<u64>>,
    /// The files whose instructions the program counters are of.
    pub modules: Vec<Module>,
    /// How the first chunk is packed.
    pub codec: Option<ChunkCodec>,
    /// The length of the trace, in bytes, before any compression round it.
    pub bytes: u64,
}

impl Survey {
    fn new(header: Header, chunks: u64, records: u64, bytes: u64) -> Survey {
        let modules = Vec::new();
        Survey { header, chunks, records, per_core: None, modules, codec: None, bytes }
    }

    fn with_index(mut self, footer: &Footer) -> Survey {
        let cores = footer.per_core.iter().rposition(|&count| count > 0).map_or(0, |at| at + 1);
        self.per_core = Some(footer.per_core[..cores].to_vec());
        self
    }

    /// Reads the header and the index of a file, or else the heads of its chunks.
    pub(crate) fn of_file(mut file: File, path: &str) -> Result<Survey, TraceError> {
        let origin = Origin { path: path.to_owned(), codec: None };
        let failed = |error| origin.input(error, 0);
        let mut again = file.try_clone().map_err(failed)?;
        let bytes = file.seek(SeekFrom::End(0)).map_err(failed)?;
        let mut trailer = [0; TRAILER_BYTES];
        file.seek(SeekFrom::Start(bytes.saturating_sub(TRAILER_BYTES as u64))).map_err(failed)?;
        read_full(&mut file, &mut trailer).map_err(failed)?;
        let trailer = Trailer::parse(&trailer);
        again.seek(SeekFrom::Start(0)).map_err(failed)?;
        let (framer, header) = Framer::new(Box::new(again), origin.clone())?;
        if !trailer.ends {
            return scan(framer, header);
        }
        let offset = trailer.offset;
        let mut tag = [0; INDEX_TAG.len()];
        if offset < bytes {
            file.seek(SeekFrom::Start(offset)).map_err(failed)?;
            read_full(&mut file, &mut tag).map_err(failed)?;
        }
        if tag != INDEX_TAG {
            let found = format!("no index at byte {offset}, which the end of the file names");
            return Err(origin.index(bytes - TRAILER_BYTES as u64, &found, "the index there"));
        }
        let footer = footer::read(BufReader::new(&mut file), offset, None);
        let at = At { chunk: 0, offset, first: 0 };
        let footer = footer.map_err(|fault| match fault {
            // The end mark is there: nothing was cut off.
            FooterFault::Cut => {
                let found = "an index of more chunks than it has rows";
                origin.index(offset, found, "a row for each chunk")
            }
            fault => origin.footer(at, fault),
        })?;
        let mut survey = Survey::new(header, footer.chunks, footer.records, bytes);
        survey = survey.with_index(&footer);
        if let Some(first) = footer.first_chunk {
            let mut head = [0; HEAD_BYTES];
            file.seek(SeekFrom::Start(first)).map_err(failed)?;
            read_full(&mut file, &mut head).map_err(failed)?;
            survey.codec = Head::parse(&head, 0).ok().map(|head| head.codec);
        }
        survey.modules = modules_between(&mut file, &footer, offset, &origin)?;
        Ok(survey)
    }

    /// Reads the header, the heads of the chunks and the index of a stream.
    pub(crate) fn of_stream(
        input: Box<dyn Read + Send>,
        path: &str,
        codec: Option<Codec>,
    ) -> Result<Survey, TraceError> {
        let origin = Origin { path: path.to_owned(), codec };
        let (framer, header) = Framer::new(input, origin)?;
        scan(framer, header)
    }
}

/// Reads the table of modules between the last chunk and the index, if there is one.
fn modules_between(
    file: &mut File,
    footer: &Footer,
    index: u64,
    origin: &Origin,
) -> Result<Vec<Module>, TraceError> {
    let failed = |error| origin.input(error, 0);
    let Some(last) = footer.last_chunk else { return Ok(Vec::new()) };
    let mut head = [0; HEAD_BYTES];
    file.seek(SeekFrom::Start(last)).map_err(failed)?;
    read_full(file, &mut head).map_err(failed)?;
    let stored = u64::from(u32_at(&head, 16));
    let (offset, mut tag) = (last + HEAD_BYTES as u64 + stored, [0; MODULES_TAG.len()]);
    if offset >= index {
        return Ok(Vec::new());
    }
    file.seek(SeekFrom::Start(offset)).map_err(failed)?;
    read_full(file, &mut tag).map_err(failed)?;
    if tag != MODULES_TAG {
        return Ok(Vec::new());
    }
    let at = At { chunk: footer.chunks, offset, first: footer.records };
    let read = modules::read(BufReader::new(file));
    read.map(|(modules, _)| modules).map_err(|fault| origin.modules(at, fault))
}

/// Goes from head to head.
fn scan(mut framer: Framer, header: Header) -> Result<Survey, TraceError> {
    let mut codec = None;
    loop {
        match framer.step()? {
            Step::Chunk(head, at) => {
                codec.get_or_insert(head.codec);
                framer.skip(head, at)?;
            }
            Step::End(end) => {
                let survey = Survey::new(header, end.chunks, end.records, framer.offset());
                let survey = Survey { codec, modules: end.modules, ..survey };
                return Ok(match &end.footer {
                    Some(footer) => survey.with_index(footer),
                    None => survey,
                });
            }
        }
    }
}
