//! A trace of all cores as one stream a core.

use std::io::Error;

use tempfile::TempDir;
use trace::{ChunkCodec, Format, Header, Input, IterSource, Op, ReadOptions, Record, Sink, Source};

use crate::diagnostics::Diagnostic;
use crate::interrupt;

/// How the records wait: they are read once, soon, so that time counts and room does not.
const CODEC: ChunkCodec = ChunkCodec::Lz4;

/// Splits a trace by cores: stream i has the records of core i.
///
/// The trace is read once, whatever it is read from; each core's records wait in a temporary file
/// of its own, so that memory stays bounded however uneven the cores are.
pub(crate) fn by_core(mut source: Box<dyn Source>) -> Result<Vec<Box<dyn Source>>, Diagnostic> {
    let folder = tempfile::Builder::new().prefix("mesim-").tempdir().map_err(|e| no_room(&e))?;
    let mut cores = Cores { folder, sinks: Vec::new(), time: None };
    let stated = source.header().cores.unwrap_or(1);
    let (mut chunk, mut more) = (Vec::new(), true);
    while more {
        interrupt::check()?;
        chunk.clear();
        more = source.read(&mut chunk)?;
        for record in &chunk {
            cores.put(*record)?;
        }
    }
    cores.streams(stated)
}

struct Cores {
    folder: TempDir,
    /// The file of each core that has had a record.
    sinks: Vec<Option<Box<dyn Sink>>>,
    /// The last time, which belongs to every core.
    time: Option<Record>,
}

impl Cores {
    fn path(&self, core: usize) -> std::path::PathBuf {
        self.folder.path().join(format!("core{core}.mtrc"))
    }

    fn put(&mut self, record: Record) -> Result<(), Diagnostic> {
        if record.op == Op::Time || record.op == Op::TimeTicks {
            self.time = Some(record);
            for sink in self.sinks.iter_mut().flatten() {
                sink.write(&[record])?;
            }
            return Ok(());
        }
        let core = usize::from(record.core);
        if core >= self.sinks.len() {
            self.sinks.resize_with(core + 1, || None);
        }
        if self.sinks[core].is_none() {
            let (format, header) = (Format::Mtrc, Header::new(Format::Mtrc));
            let mut sink = trace::create_with(&self.path(core), format, &header, CODEC)?;
            if let Some(time) = self.time {
                sink.write(&[time])?;
            }
            self.sinks[core] = Some(sink);
        }
        match &mut self.sinks[core] {
            Some(sink) => Ok(sink.write(&[record])?),
            None => Ok(()),
        }
    }

    /// Opens the files; they lose their names when the folder goes, and are gone when they have
    /// been read.
    fn streams(mut self, stated: u16) -> Result<Vec<Box<dyn Source>>, Diagnostic> {
        let cores = self.sinks.len().max(usize::from(stated));
        let options = ReadOptions { format: Some(Format::Mtrc), ..ReadOptions::default() };
        let mut streams: Vec<Box<dyn Source>> = Vec::with_capacity(cores);
        self.sinks.resize_with(cores, || None);
        for (core, sink) in std::mem::take(&mut self.sinks).into_iter().enumerate() {
            let Some(sink) = sink else {
                let header = Header::new(Format::Mtrc);
                streams.push(Box::new(IterSource::new(header, std::iter::empty())));
                continue;
            };
            sink.finish()?;
            streams.push(trace::open(&Input::Path(self.path(core)), &options)?);
        }
        Ok(streams)
    }
}

fn no_room(error: &Error) -> Diagnostic {
    Diagnostic::input("E0301", format!("the cores' records cannot be set apart: {error}"))
        .help("another order than the recorded one needs room for temporary files (TMPDIR)")
}
