//! Sources from per-core files: a folder or a list, a file a core.

use std::cmp::Ordering;
use std::fs;
use std::iter;
use std::path::{Path, PathBuf};

use crate::error::TraceError;
use crate::error_kind::TraceErrorKind;
use crate::format::Format;
use crate::header::Header;
use crate::modules::Module;
use crate::open::{Input, cannot_open, open};
use crate::record::{CORES_MAX, Op, Record};
use crate::sniff::format_of_name;
use crate::source::{IterSource, OneCore, ReadOptions, Shortfall, Source};
use crate::text::number;

/// Returns whether the paths are per-core files: several of them, or one folder.
pub fn is_per_core(paths: &[PathBuf]) -> bool {
    match paths {
        [path] => path.is_dir(),
        several => several.len() > 1,
    }
}

/// Opens per-core files, each the source of the core of its place in the list.
///
/// A folder stands for its files in natural order (`core9` before `core10`), without hidden files
/// and subfolders. The files may be of any format of one core; one whose lines name cores (mtrace,
/// ncsu) is an error, and so are a second thread in a lackey file and more files than cores.
/// The header of each source states as many cores as there are files. An empty file is an idle
/// core, unless all are empty.
pub fn open_per_core(
    paths: &[PathBuf],
    options: &ReadOptions,
) -> Result<Vec<Box<dyn Source>>, TraceError> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(folder_files(path)?);
        } else {
            files.push(path.clone());
        }
    }
    let cores = options.cores_max.clamp(1, CORES_MAX);
    if files.is_empty() || files.len() > usize::from(cores) {
        let path = paths.first().map(|path| path.display().to_string()).unwrap_or_default();
        return Err(TraceError::new(TraceErrorKind::FileCount, &path)
            .found(format!("{} files", files.len()))
            .expected(format!("from 1 to {cores} files, one for each core"))
            .help(match files.len() {
                0 => "put a file for each core into it, such as core0.din and core1.din".to_owned(),
                count => number::more_cores(count as u64, "name fewer files"),
            }));
    }
    let count = files.len() as u16;
    let mut sources = Vec::with_capacity(files.len());
    let mut empty = None;
    for (file, core) in files.iter().zip(0..) {
        match open_core(file, core, count, options) {
            Ok(source) => sources.push(Some(source)),
            Err(error) if error.kind == TraceErrorKind::Empty => {
                empty = empty.or(Some(error));
                sources.push(None);
            }
            Err(error) => return Err(error),
        }
    }
    let Some(busy) = sources.iter().flatten().next() else {
        return Err(empty.expect("there is a file, and none that has a record"));
    };
    let header = busy.header().clone();
    let idle = || Box::new(IterSource::new(header.clone(), iter::empty())) as Box<dyn Source>;
    Ok(sources.into_iter().map(|source| source.unwrap_or_else(idle)).collect())
}

/// Opens the file of one core.
fn open_core(
    file: &Path,
    core: u16,
    cores: u16,
    options: &ReadOptions,
) -> Result<Box<dyn Source>, TraceError> {
    let alone = ReadOptions { cores_max: 1, core: None, ..options.clone() };
    let said = options.said_format(&file.to_string_lossy());
    // A csv names cores if one of its columns does.
    let known = said.or_else(|| format_of_name(file)).filter(|format| *format != Format::Csv);
    if let Some(format) = known.filter(|format| format.names_cores()) {
        return Err(not_per_core(file, format.name()));
    }
    if let Some(format) = known.filter(|format| format.numbers_keys()) {
        return Err(keys_of_its_own(file, format));
    }
    let source = open(&Input::from(file), &alone).map_err(|error| explain_cores(error, file))?;
    let stated = source.header();
    let is_table_of_one = stated.format == Format::Csv && stated.cores == Some(1);
    if stated.format.names_cores() && !is_table_of_one {
        return Err(not_per_core(file, stated.format.name()));
    }
    if stated.format.numbers_keys() {
        return Err(keys_of_its_own(file, stated.format));
    }
    let header = Header { cores: Some(cores), ordered: false, ..stated.clone() };
    let source = Box::new(Renumbered { source, header, core });
    Ok(match options.core {
        Some(only) => Box::new(OneCore::new(source, only)),
        None => source,
    })
}

/// Turns "no such core" of a file that names cores into what is really wrong.
fn explain_cores(error: TraceError, file: &Path) -> TraceError {
    let threads = error.found.starts_with("thread");
    if error.kind == TraceErrorKind::CoreOutOfRange && !threads {
        return not_per_core(file, "one that names cores");
    }
    error
}

fn not_per_core(file: &Path, format: &str) -> TraceError {
    TraceError::new(TraceErrorKind::NotPerCore, &file.display().to_string())
        .found(format!("a trace whose lines name cores ({format})"))
        .expected(
            "the trace of one core: din, xdin, lackey, percore, nus, pinatrace, champsim or gem5",
        )
        .help("give such a trace alone; `--format` names another format")
}

fn keys_of_its_own(file: &Path, format: Format) -> TraceError {
    let name = format.name();
    TraceError::new(TraceErrorKind::NotPerCore, &file.display().to_string())
        .found(format!("a trace that numbers its own keys or disks ({name})"))
        .expected(
            "the trace of one core: din, xdin, lackey, percore, nus, pinatrace, champsim or gem5",
        )
        .help("give such a trace alone: several have no addresses in common")
}

/// Returns the files of a folder in natural order.
pub(crate) fn folder_files(folder: &Path) -> Result<Vec<PathBuf>, TraceError> {
    let entries = fs::read_dir(folder).map_err(|error| cannot_open(folder, error))?;
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| cannot_open(folder, error))?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        let path = entry.path();
        if !hidden && !path.is_dir() {
            files.push(path);
        }
    }
    files.sort_by(|a, b| natural(&name(a), &name(b)));
    Ok(files)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Compares names as people do: runs of digits by their value, the rest by character.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.as_bytes(), b.as_bytes());
    loop {
        let (left_digits, right_digits) = (digits(left), digits(right));
        if left_digits > 0 && right_digits > 0 {
            let (x, y) = (number(&left[..left_digits]), number(&right[..right_digits]));
            let order = x.len().cmp(&y.len()).then_with(|| x.cmp(y));
            if order.is_ne() {
                return order;
            }
            (left, right) = (&left[left_digits..], &right[right_digits..]);
            continue;
        }
        match (left, right) {
            ([x, left_rest @ ..], [y, right_rest @ ..]) if x == y => {
                (left, right) = (left_rest, right_rest);
            }
            // Equal but for leading zeros: the bytes decide, so that the order is total.
            ([], []) => return a.cmp(b),
            _ => return left.cmp(right),
        }
    }
}

fn digits(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Returns the digits without leading zeros, so that longer means larger.
fn number(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|&&byte| byte == b'0').count();
    &digits[zeros..]
}

/// The records of a file of one core as those of the core of its place.
struct Renumbered {
    source: Box<dyn Source>,
    header: Header,
    core: u16,
}

impl Source for Renumbered {
    fn header(&self) -> &Header {
        &self.header
    }

    fn shortfall(&self) -> Option<Shortfall> {
        self.source.shortfall()
    }

    fn modules(&self) -> &[Module] {
        self.source.modules()
    }

    fn read(&mut self, into: &mut Vec<Record>) -> Result<bool, TraceError> {
        let before = into.len();
        let more = self.source.read(into);
        for record in &mut into[before..] {
            if !matches!(record.op, Op::Time | Op::TimeTicks) {
                record.core = self.core;
            }
        }
        more
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_sort_by_value() {
        let mut names = ["core10", "core9", "core09", "b", "core9x", "a2b10", "a2b9", "core"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["a2b9", "a2b10", "b", "core", "core09", "core9", "core9x", "core10"]);
    }
}
