//! A sink into a file, or into a folder of per-core files.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::codec::Codec;
use crate::compress;
use crate::error::TraceError;
use crate::error_kind::TraceErrorKind;
use crate::format::Format;
use crate::formats::{read_only, writer_with};
use crate::header::Header;
use crate::loss::{Loss, Losses};
use crate::modules::Module;
use crate::mtrc::ChunkCodec;
use crate::record::Record;
use crate::sink::{Sink, write_error};

/// Creates a file and returns the writer into it, compressed as its name says.
pub fn create(path: &Path, format: Format, header: &Header) -> Result<Box<dyn Sink>, TraceError> {
    create_with(path, format, header, ChunkCodec::default())
}

/// Creates a file as [`create`] does; the chunks of a format that has them (mtrc) are packed so.
pub fn create_with(
    path: &Path,
    format: Format,
    header: &Header,
    codec: ChunkCodec,
) -> Result<Box<dyn Sink>, TraceError> {
    let named = Named { path: path.to_owned(), sink: None };
    if format.is_read_only() {
        return Err(named.name(read_only(format)));
    }
    if Codec::of_name(&path.to_string_lossy()).0 == Some(Codec::Zip) {
        return Err(named.name(no_zip()));
    }
    let file = File::create(path).map_err(|error| named.name(write_error(error)))?;
    let out = compress::encoder(path, file).map_err(|error| named.name(write_error(error)))?;
    let sink = writer_with(format, header, codec, out).map_err(|error| named.name(error))?;
    Ok(Box::new(Named { sink: Some(sink), ..named }))
}

/// Creates a folder and returns a writer of a file a core into it: `core0.din`, `core1.din`.
///
/// For the formats whose lines do not name cores. `suffix` is appended to every name, such as
/// `.gz`.
/// Times belong to no core and go to `core0`. A core that does nothing has an empty file, up to the
/// highest that does something or that the header states, so that a reader numbers them alike. What
/// several files cannot say is in which order the cores' records came.
pub fn create_per_core(
    folder: &Path,
    format: Format,
    header: &Header,
    suffix: &str,
) -> Result<Box<dyn Sink>, TraceError> {
    let shown = folder.display().to_string();
    if format.is_read_only() {
        let mut error = read_only(format);
        error.path = shown.into();
        return Err(error);
    }
    if format.names_cores() {
        return Err(TraceError::new(TraceErrorKind::NotPerCore, &shown)
            .found(format!("a format whose lines name cores ({})", format.name()))
            .expected("a format of one core: din, xdin, lackey, percore, nus or champsim")
            .help("write such a trace into one file"));
    }
    fs::create_dir_all(folder).map_err(|error| {
        let mut error = write_error(error);
        error.path = shown.into();
        error
    })?;
    Ok(Box::new(PerCore {
        folder: folder.to_owned(),
        format,
        stated: header.cores.unwrap_or(1),
        header: Header { cores: Some(1), ..header.clone() },
        suffix: suffix.to_owned(),
        cores: Vec::new(),
        batch: Vec::new(),
    }))
}

/// Makes the error of a name that asks for a zip; the path is the caller's to fill in.
#[cold]
fn no_zip() -> TraceError {
    TraceError::new(TraceErrorKind::ReadOnly, "<output>")
        .found("zip, which is read and not written")
        .expected("a name that ends in .gz, .zst, .xz or .lz4, or in none of them")
        .help("`.zst` packs a trace best for its speed")
}

/// A sink whose errors name the file.
struct Named {
    path: PathBuf,
    sink: Option<Box<dyn Sink>>,
}

impl Named {
    fn name(&self, mut error: TraceError) -> TraceError {
        error.path = self.path.display().to_string().into();
        error
    }
}

impl Sink for Named {
    fn write(&mut self, records: &[Record]) -> Result<(), TraceError> {
        let result = self.sink.as_mut().map_or(Ok(()), |sink| sink.write(records));
        result.map_err(|error| self.name(error))
    }

    fn modules(&mut self, modules: &[Module]) {
        if let Some(sink) = &mut self.sink {
            sink.modules(modules);
        }
    }

    fn finish(mut self: Box<Self>) -> Result<Losses, TraceError> {
        let result = self.sink.take().map_or(Ok(Losses::default()), Sink::finish);
        result.map_err(|error| self.name(error))
    }
}

/// A file for each core.
struct PerCore {
    folder: PathBuf,
    format: Format,
    header: Header,
    /// How many cores the trace says it has.
    stated: u16,
    suffix: String,
    /// The writers of the cores, made in their order, and whether a record came for each.
    cores: Vec<(Box<dyn Sink>, bool)>,
    batch: Vec<Record>,
}

impl PerCore {
    /// Writes the batch, which is of one core, as of core 0 into the core's file.
    fn send(&mut self) -> Result<(), TraceError> {
        let Some(first) = self.batch.first() else { return Ok(()) };
        let core = usize::from(first.core);
        self.make_files(core + 1)?;
        for record in &mut self.batch {
            record.core = 0;
        }
        let (sink, busy) = &mut self.cores[core];
        *busy = true;
        let result = sink.write(&self.batch);
        self.batch.clear();
        result
    }

    /// Makes sure that the first `count` cores have a file each.
    fn make_files(&mut self, count: usize) -> Result<(), TraceError> {
        for core in self.cores.len()..count {
            let name = format!("core{core}.{}{}", self.format.name(), self.suffix);
            // What the header loses is counted once, not for each file.
            let none = Header::new(self.format);
            let header = if core == 0 { &self.header } else { &none };
            let sink = create(&self.folder.join(name), self.format, header)?;
            self.cores.push((sink, false));
        }
        Ok(())
    }
}

impl Sink for PerCore {
    fn write(&mut self, records: &[Record]) -> Result<(), TraceError> {
        for run in records.chunk_by(|a, b| a.core == b.core) {
            self.batch.clear();
            self.batch.extend_from_slice(run);
            self.send()?;
        }
        Ok(())
    }

    fn modules(&mut self, modules: &[Module]) {
        // A trace that has modules has records.
        if let Some((sink, _)) = self.cores.first_mut() {
            sink.modules(modules);
        }
    }

    fn finish(mut self: Box<Self>) -> Result<Losses, TraceError> {
        self.make_files(usize::from(self.stated))?;
        let mut losses = Losses::default();
        let busy = self.cores.iter().filter(|(_, busy)| *busy).count();
        if self.header.ordered && busy > 1 {
            losses.add_many(Loss::Order, busy as u64);
        }
        for (sink, _) in self.cores {
            losses.merge(&sink.finish()?);
        }
        Ok(losses)
    }
}
