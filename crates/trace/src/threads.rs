//! One source from the thread files of a drmemtrace trace: a list of them, or a folder.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::TraceError;
use crate::error_kind::TraceErrorKind;
use crate::format::Format;
use crate::formats::{Drmemtrace, ThreadFile};
use crate::open::{Input, undo_compression};
use crate::per_core::folder_files;
use crate::record::CORES_MAX;
use crate::sniff;
use crate::source::{OneCore, ReadOptions, Source};

/// What DynamoRIO's tools write beside the thread files; names may go on, as with `.gz`.
const BESIDE: &[&str] = &[
    "serial_schedule.bin",
    "cpu_schedule.bin",
    "modules.log",
    "funclist.log",
    "encodings.bin",
    "v2p.textproto",
];

/// Opens several files, or a folder of them, as the threads of one drmemtrace trace.
///
/// `Ok(None)` if they are none: the options name another format, or none and the first file does
/// not begin as one of drmemtrace does. A folder stands for its files in natural order, but for the
/// schedules and logs that DynamoRIO's tools put beside them; one that has a folder `trace` and no
/// such file stands for that folder. There may be any number of files, of at most as many threads
/// as there are cores.
pub fn open_threads(
    paths: &[PathBuf],
    options: &ReadOptions,
) -> Result<Option<Box<dyn Source>>, TraceError> {
    let said = |path: &PathBuf| options.said_format(&path.to_string_lossy());
    if paths.first().and_then(said).is_some_and(|format| format != Format::Drmemtrace) {
        return Ok(None);
    }
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(thread_files(path)?);
        } else {
            files.push(path.clone());
        }
    }
    let forced = options.format.is_some();
    let is_trace = |file: &PathBuf| forced || is_drmemtrace(file);
    if !files.first().is_some_and(is_trace) {
        return raw_only(paths).map_or(Ok(None), Err);
    }
    let cores = options.cores_max.clamp(1, CORES_MAX);
    let files = files.iter().map(|file| thread_file(file)).collect();
    let source = Box::new(Drmemtrace::of_files(files, cores)?);
    Ok(Some(match options.core {
        Some(core) => Box::new(OneCore::new(source, core)),
        None => source,
    }))
}

/// Returns the thread files of a folder, or of the folder `trace` in it.
fn thread_files(folder: &Path) -> Result<Vec<PathBuf>, TraceError> {
    let mut files = folder_files(folder)?;
    files.retain(|file| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        !BESIDE.iter().any(|beside| name.starts_with(beside))
    });
    let inner = folder.join("trace");
    if files.is_empty() && inner.is_dir() {
        return thread_files(&inner);
    }
    Ok(files)
}

/// Makes the error of a folder in which nothing but raw files is.
fn raw_only(paths: &[PathBuf]) -> Option<TraceError> {
    let [folder] = paths else { return None };
    let raw = folder.join("raw");
    let shown = folder.display().to_string();
    raw.is_dir().then(|| {
        TraceError::new(TraceErrorKind::BadFileHeader, &shown)
            .found("a folder of raw files, as DynamoRIO's tracer writes it")
            .expected("a folder `trace` in it, or thread files")
            .help(format!("put them together first: `drraw2trace -indir {shown}`"))
    })
}

/// Looks at the name and the first bytes of a file; of a pipe at the name alone.
fn is_drmemtrace(file: &Path) -> bool {
    if let Some(format) = sniff::format_of_name(file) {
        return format == Format::Drmemtrace;
    }
    if !is_regular(file) {
        return false;
    }
    let Ok(opened) = undo_compression(&Input::Path(file.to_owned())) else { return false };
    let (first, _) = sniff::peek(opened.bytes);
    sniff::by_first_bytes(&first) == Some(Format::Drmemtrace)
}

fn thread_file(file: &Path) -> ThreadFile {
    let input = Input::from(file);
    ThreadFile {
        path: input.shown(),
        once: !is_regular(file),
        open: Box::new(move || {
            let opened = undo_compression(&input)?;
            Ok((opened.bytes, opened.codec))
        }),
    }
}

fn is_regular(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|found| found.is_file())
}
