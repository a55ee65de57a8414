//! What the files of a trace hold, as digests: a plan says them, and a run compares them.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use driver::sweep::Digest;

use crate::diagnostics::Diagnostic;
use crate::interrupt;

/// Bytes that are read at once.
const BLOCK: usize = 1 << 18;

/// Returns the SHA-256 of each path, in hexadecimal digits; that of a folder is of a list of its
/// files with theirs.
pub(super) fn of_all(paths: &[PathBuf]) -> Result<Vec<String>, Diagnostic> {
    paths.iter().map(|path| of_path(path)).collect()
}

fn of_path(path: &Path) -> Result<String, Diagnostic> {
    if !path.is_dir() {
        return of_file(path);
    }
    let mut files = Vec::new();
    below(path, Path::new(""), &mut files).map_err(|error| cannot_read(path, &error))?;
    files.sort();
    let mut list = Digest::default();
    for file in files {
        let sum = of_file(&path.join(&file))?;
        list.take(format!("{sum}  {}\n", file.display()).as_bytes());
    }
    Ok(list.hex())
}

/// Collects the files below a folder, by their paths from where it began.
fn below(root: &Path, inside: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in std::fs::read_dir(root.join(inside))? {
        let entry = entry?;
        let path = inside.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            below(root, &path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn of_file(path: &Path) -> Result<String, Diagnostic> {
    let mut file = File::open(path).map_err(|error| cannot_read(path, &error))?;
    let mut digest = Digest::default();
    let mut block = vec![0; BLOCK];
    loop {
        interrupt::check()?;
        match file.read(&mut block) {
            Ok(0) => return Ok(digest.hex()),
            Ok(bytes) => digest.take(&block[..bytes]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(cannot_read(path, &error)),
        }
    }
}

fn cannot_read(path: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::input("E0807", format!("the trace cannot be read: {error}"))
        .at(path.display().to_string())
        .help(trace::near_file(path))
}
