//! The sink: records to chunks, chunks to bytes; nothing is written twice, so that a pipe will do.

use crate::error::TraceError;
use crate::error_kind::TraceErrorKind;
use crate::header::Header;
use crate::limits::CYCLES_MAX;
use crate::loss::{Loss, Losses};
use crate::modules::Module;
use crate::mtrc::clock::Clock;
use crate::mtrc::encode::Encoder;
use crate::mtrc::head::Head;
use crate::mtrc::header;
use crate::mtrc::index::IndexWriter;
use crate::mtrc::layout::{ends_in_memory, size_max};
use crate::mtrc::modules;
use crate::mtrc::pack::{ChunkCodec, Packer};
use crate::mtrc::pcs::PcEncoder;
use crate::record::{CORES_MAX, Op, Record};
use crate::sink::{FinishWrite, Sink, write_error};

/// A sink that writes mtrc.
pub(crate) struct MtrcSink<'out> {
    out: Box<dyn FinishWrite + 'out>,
    /// What is to be written next, from the header on.
    pending: Vec<u8>,
    /// How many bytes are written.
    written: u64,
    encoder: Encoder,
    /// Program counters, if the header says that there are any.
    pcs: Option<PcEncoder>,
    modules: Vec<Module>,
    losses: Losses,
    packer: Packer,
    raw: Vec<u8>,
    index: IndexWriter,
    clock: Clock,
    /// The number of cores that the header states.
    cores: u16,
}

impl<'out> MtrcSink<'out> {
    pub(crate) fn new(
        header: &Header,
        codec: ChunkCodec,
        out: Box<dyn FinishWrite + 'out>,
    ) -> Result<MtrcSink<'out>, TraceError> {
        Ok(MtrcSink {
            out,
            pending: header::bytes(header),
            written: 0,
            encoder: Encoder::new(),
            pcs: header.pcs.then(PcEncoder::new),
            modules: Vec::new(),
            losses: Losses::default(),
            packer: Packer::new(codec).map_err(write_error)?,
            raw: Vec::new(),
            index: IndexWriter::new(),
            clock: Clock::default(),
            cores: header.cores.unwrap_or(CORES_MAX).min(CORES_MAX),
        })
    }

    fn send(&mut self) -> Result<(), TraceError> {
        self.out.write_all(&self.pending).map_err(write_error)?;
        self.written += self.pending.len() as u64;
        self.pending.clear();
        Ok(())
    }

    /// Writes the records so far as a chunk.
    fn end_chunk(&mut self) -> Result<(), TraceError> {
        let (records, counts) = (self.encoder.records(), *self.encoder.counts());
        if records == 0 {
            return Ok(());
        }
        self.raw.clear();
        let core = self.encoder.finish(&mut self.raw);
        let pcs = self.pcs.as_mut().map_or(0, |pcs| pcs.finish(&mut self.raw));
        let (codec, stored) = self.packer.pack(&self.raw).map_err(write_error)?;
        let head = Head {
            codec,
            core,
            records,
            raw: self.raw.len() as u32,
            stored: stored.len() as u32,
            first: self.index.records(),
            crc: crc32fast::hash(&self.raw),
            pcs,
        };
        let offset = self.written + self.pending.len() as u64;
        self.pending.extend_from_slice(&head.bytes());
        self.pending.extend_from_slice(stored);
        self.index.add(offset, records, &counts);
        self.send()
    }

    /// Refuses what no reader would take: a file is whole or not written.
    fn check(&mut self, record: &Record) -> Result<(), TraceError> {
        let sizes = u32::from(size_max(record.op) > 0)..=size_max(record.op);
        let nothing = matches!(record.op, Op::Fence | Op::FlushAll) && record.addr != 0;
        let timed = matches!(record.op, Op::Time | Op::TimeTicks) && record.core != 0;
        let (kind, expected) = if record.core >= self.cores {
            (TraceErrorKind::CoreOutOfRange, format!("a core from 0 to {}", self.cores - 1))
        } else if !sizes.contains(&record.size) {
            let sizes = format!("a size of {} to {} bytes", sizes.start(), sizes.end());
            (TraceErrorKind::SizeOutOfRange, sizes)
        } else if !ends_in_memory(record) {
            (TraceErrorKind::AddressOverflow, "a last byte of 64 bits".to_owned())
        } else if nothing || timed {
            (TraceErrorKind::BadAddress, "a record without an address or a core".to_owned())
        } else if self.clock.advance(record).is_err() {
            let expected = format!("times that never run backwards, at most {CYCLES_MAX}");
            (TraceErrorKind::TimeBackwards, expected)
        } else {
            return Ok(());
        };
        Err(TraceError::new(kind, "<output>")
            .found(format!("{record:?}"))
            .expected(expected)
            .help("no trace holds such a record: leave it out"))
    }
}

impl Sink for MtrcSink<'_> {
    fn write(&mut self, records: &[Record]) -> Result<(), TraceError> {
        for record in records {
            if record.op == Op::Pc {
                match &mut self.pcs {
                    Some(pcs) => pcs.pc(record.core, record.addr),
                    None => self.losses.add(Loss::Pc),
                }
                continue;
            }
            self.check(record)?;
            self.encoder.push(record);
            if let Some(pcs) = &mut self.pcs {
                pcs.push(record);
            }
            if self.encoder.is_full() {
                self.end_chunk()?;
            }
        }
        Ok(())
    }

    fn modules(&mut self, modules: &[Module]) {
        self.modules = modules.to_vec();
    }

    fn finish(mut self: Box<Self>) -> Result<Losses, TraceError> {
        self.end_chunk()?;
        let left_out = modules::put(&self.modules, &mut self.pending);
        self.losses.add_many(Loss::Module, left_out);
        let offset = self.written + self.pending.len() as u64;
        let index = std::mem::replace(&mut self.index, IndexWriter::new());
        self.pending.extend_from_slice(&index.finish(offset));
        self.send()?;
        self.out.finish().map_err(write_error)?;
        Ok(self.losses)
    }
}
