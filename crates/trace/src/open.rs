//! A source from a file or from standard input.

use std::fs::{self, File};
use std::io::{self, Cursor, ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::codec::Codec;
use crate::compress;
use crate::error::TraceError;
use crate::error_kind::TraceErrorKind;
use crate::format::Format;
use crate::mtrc::{self, Survey, read_full};
use crate::nearest;
use crate::read::read_decoded;
use crate::sniff;
use crate::source::{ReadOptions, Source};
use crate::text::failure;

/// The most names of a folder that are compared with a misspelt one.
const NEIGHBOURS_MAX: usize = 10_000;

/// Where a trace comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    /// A file.
    Path(PathBuf),
    /// Standard input.
    Stdin,
}

impl From<&Path> for Input {
    /// Takes `-` as standard input and anything else as a path.
    fn from(path: &Path) -> Input {
        if path == Path::new("-") { Input::Stdin } else { Input::Path(path.to_owned()) }
    }
}

impl Input {
    /// Returns the path as it was given; `<stdin>` for standard input.
    pub(crate) fn shown(&self) -> String {
        match self {
            Input::Path(path) => path.display().to_string(),
            Input::Stdin => "<stdin>".to_owned(),
        }
    }
}

/// Opens a trace: undoes its compression, recognises its format, reads its header lines.
///
/// Compression is recognised by magic number. The format is the one of the options, else the one
/// of the file name's extension, else the one that the first lines fit. The first record is read
/// too, so an empty trace is an error here. Recognising by lines waits for 16 KiB or the end.
pub fn open(input: &Input, options: &ReadOptions) -> Result<Box<dyn Source>, TraceError> {
    let Opened { path, bytes, codec } = undo_compression(input)?;
    read_decoded(&path, bytes, codec, options)
}

/// Opens a trace that comes out of any stream of bytes, compressed or not, as [`open`] does a
/// file; `name` is its name in errors and for its format.
///
/// Unlike [`read`](crate::read()), which undoes no compression and needs no feature.
pub fn open_stream(
    name: &str,
    input: Box<dyn Read + Send>,
    options: &ReadOptions,
) -> Result<Box<dyn Source>, TraceError> {
    let Opened { path, bytes, codec } = undo_compression_of(name.to_owned(), input)?;
    read_decoded(&path, bytes, codec, options)
}

/// A trace as far as it can be told without reading its records.
pub enum Surveyed {
    /// It is mtrc and says what it holds.
    Mtrc(Box<Survey>),
    /// Its records have to be read.
    Records(Box<dyn Source>),
}

/// Opens a trace as [`open`] does, but reads no more than the header and the index of mtrc.
///
/// An mtrc trace that comes through a pipe or a decompressor is read through; of one without an
/// index the heads of the chunks are read.
pub fn survey(input: &Input, options: &ReadOptions) -> Result<Surveyed, TraceError> {
    // Of a damaged file only the records say what is left.
    let mtrc = |format: Option<Format>| {
        !options.salvage && format.is_none_or(|format| format == Format::Mtrc)
    };
    let seekable = |path: &Path| fs::metadata(path).is_ok_and(|found| found.is_file());
    if let Input::Path(path) = input
        && mtrc(options.said_format(&input.shown()))
        && seekable(path)
    {
        let shown = path.display().to_string();
        let mut file = open_file(path)?;
        let mut magic = [0; mtrc::MAGIC.len()];
        let read = read_full(&mut file, &mut magic);
        if read.is_ok_and(|read| sniff::by_magic(&magic[..read]) == Some(Format::Mtrc)) {
            return Ok(Surveyed::Mtrc(Box::new(Survey::of_file(file, &shown)?)));
        }
    }
    let Opened { path, bytes, codec } = undo_compression(input)?;
    let (magic, bytes) = sniff::peek(bytes);
    if mtrc(options.said_format(&path)) && sniff::by_magic(&magic) == Some(Format::Mtrc) {
        return Ok(Surveyed::Mtrc(Box::new(Survey::of_stream(bytes, &path, codec)?)));
    }
    Ok(Surveyed::Records(read_decoded(&path, bytes, codec, options)?))
}

/// An input without its compression.
pub(crate) struct Opened {
    path: String,
    pub(crate) bytes: Box<dyn Read + Send>,
    pub(crate) codec: Option<Codec>,
}

/// Opens an input and undoes the compression that its first bytes say.
pub(crate) fn undo_compression(input: &Input) -> Result<Opened, TraceError> {
    let raw: Box<dyn Read + Send> = match input {
        Input::Stdin => Box::new(io::stdin()),
        Input::Path(path) => Box::new(open_file(path)?),
    };
    undo_compression_of(input.shown(), raw)
}

fn undo_compression_of(path: String, mut raw: Box<dyn Read + Send>) -> Result<Opened, TraceError> {
    let failed = |codec, error| failure::input_error(&path, codec, error, "0 lines (0 records)");
    let magic = first_bytes(&mut raw).map_err(|error| failed(None, error))?;
    let codec = Codec::of_magic(&magic);
    let raw: Box<dyn Read + Send> = Box::new(Cursor::new(magic).chain(raw));
    let bytes = match codec {
        Some(codec) => compress::decoder(codec, raw).map_err(|error| failed(Some(codec), error))?,
        None => raw,
    };
    Ok(Opened { path, bytes, codec })
}

/// Reads as many bytes as a magic number has, or all there are.
fn first_bytes(input: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(Codec::MAGIC_BYTES);
    input.by_ref().take(Codec::MAGIC_BYTES as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn open_file(path: &Path) -> Result<File, TraceError> {
    let shown = path.display().to_string();
    let file = File::open(path).map_err(|error| cannot_open(path, error))?;
    let folder = file.metadata().is_ok_and(|metadata| metadata.is_dir());
    if folder {
        return Err(TraceError::new(TraceErrorKind::IsDirectory, &shown)
            .found("a folder")
            .expected("a file")
            .help("name a file in it; a folder is read as per-core files, a file a core"));
    }
    Ok(file)
}

/// Makes the error of a path that cannot be opened.
pub(crate) fn cannot_open(path: &Path, error: io::Error) -> TraceError {
    let shown = path.display().to_string();
    if error.kind() == ErrorKind::NotFound {
        return TraceError::new(TraceErrorKind::NotFound, &shown)
            .found("nothing by that name")
            .expected("a file that exists")
            .help(near_file(path))
            .caused_by(error);
    }
    TraceError::new(TraceErrorKind::Io, &shown)
        .found(format!("\"{error}\""))
        .expected("a file that can be opened")
        .help("check the path and the permissions")
        .caused_by(error)
}

/// Says which file of the folder a missing one probably is: "did you mean ...?".
pub fn near_file(path: &Path) -> String {
    let folder = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let Ok(entries) = fs::read_dir(folder) else {
        return format!("there is no folder `{}`", folder.display());
    };
    let mut names: Vec<String> = entries
        .take(NEIGHBOURS_MAX)
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .collect();
    names.sort_unstable();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // An extension that is right makes no name nearer.
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().chars().count();
    match nearest::within(&name, stem / 3, names.iter().map(String::as_str)) {
        Some(near) => {
            let near = path.with_file_name(near);
            format!("did you mean `{}`?", near.display())
        }
        None => format!("no name in `{}` is near it", folder.display()),
    }
}
