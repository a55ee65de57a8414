//! Recorders in C, compiled when they are needed and kept for the next time.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, DirBuilder};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::diagnostics::Diagnostic;

/// The name that the compiled source has before it gets its own.
const SOURCE: &str = "recorder.c";

/// A recorder to be compiled.
pub(super) struct Recipe {
    /// The source, which includes `ring.h`.
    pub(super) source: &'static str,
    /// What the compiler is given besides.
    pub(super) flags: &'static [&'static str],
    /// What comes out.
    pub(super) output: &'static str,
    /// Other files that have to lie beside it.
    pub(super) beside: &'static [(&'static str, &'static [u8])],
}

impl Recipe {
    /// Returns the folder with the recorder in it, compiled now unless it was before.
    pub(super) fn folder(&self) -> Result<PathBuf, Diagnostic> {
        let compiler = compiler();
        let mut hasher = DefaultHasher::new();
        (self.source, trace::recorders::RING_H, self.flags, self.output).hash(&mut hasher);
        (self.beside, &compiler, env!("CARGO_PKG_VERSION")).hash(&mut hasher);
        let name = format!("recorder-{:016x}", hasher.finish());
        let mut failure = None;
        for cache in caches() {
            let folder = cache.join(&name);
            if folder.join(self.output).is_file() {
                return Ok(folder);
            }
            match new_folder_in(&cache) {
                Ok(new) => {
                    self.compile(&compiler, new.path())?;
                    // Somebody else may have been faster: theirs is the same.
                    if fs::rename(new.path(), &folder).is_ok() || folder.is_dir() {
                        return Ok(folder);
                    }
                }
                Err(error) => failure = Some((cache, error)),
            }
        }
        let (place, error) = failure.unwrap_or((env::temp_dir(), ErrorKind::NotFound.into()));
        Err(Diagnostic::input("E0324", format!("no place for the compiled recorder: {error}"))
            .at(place.display().to_string())
            .help(
                "set XDG_CACHE_HOME to a folder that may be written to, without spaces in its name",
            ))
    }

    fn compile(&self, compiler: &[String], folder: &Path) -> Result<(), Diagnostic> {
        let cannot = |error: io::Error| {
            Diagnostic::input("E0324", format!("the recorder cannot be compiled: {error}"))
                .at(compiler.join(" "))
                .help("install a C compiler, such as by `apt-get install gcc libc6-dev`, or set CC")
        };
        let ring = trace::recorders::RING_H;
        let files = [(SOURCE, self.source.as_bytes()), ("ring.h", ring.as_bytes())];
        for (name, text) in files.iter().chain(self.beside) {
            fs::write(folder.join(name), text).map_err(cannot)?;
        }
        let mut command = Command::new(&compiler[0]);
        command.args(&compiler[1..]).args(["-std=gnu11", "-O2"]).args(self.flags);
        command.args(["-o", self.output, SOURCE]).current_dir(folder).stdin(Stdio::null());
        let result = command.output().map_err(cannot)?;
        if result.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&result.stderr);
        let said = said.lines().find(|line| line.contains("error")).unwrap_or("it says nothing");
        Err(cannot(io::Error::other(said.trim().to_owned())))
    }
}

/// Returns the user's C compiler, and what it is always given.
pub(super) fn compiler() -> Vec<String> {
    let words = env::var("CC").unwrap_or_default();
    let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
    if words.is_empty() { vec!["cc".to_owned()] } else { words }
}

/// Returns where compiled recorders are kept: the first of these that may be written to.
///
/// The flags that name them go through a shell's word splitting and the compiler's own at commas.
fn caches() -> Vec<PathBuf> {
    let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    let splits = |byte: &u8| byte.is_ascii_whitespace() || *byte == b',';
    let home = absolute("HOME").map(|home| home.join(".cache"));
    let caches = [absolute("XDG_CACHE_HOME"), home].into_iter().flatten();
    let caches = caches.map(|cache| cache.join("mesim"));
    let temporary = env::temp_dir().join(format!("mesim-{}", user()));
    let caches = caches.chain([temporary]);
    caches.filter(|cache| !cache.as_os_str().as_bytes().iter().any(splits)).collect()
}

/// Makes a new folder in a cache that is this user's alone: its files become part of programs.
fn new_folder_in(cache: &Path) -> io::Result<tempfile::TempDir> {
    DirBuilder::new().recursive(true).mode(0o700).create(cache)?;
    let metadata = fs::symlink_metadata(cache)?;
    if metadata.uid() != user() || !metadata.is_dir() || metadata.mode() & 0o022 != 0 {
        return Err(io::Error::new(ErrorKind::PermissionDenied, "it is not only yours"));
    }
    tempfile::Builder::new().prefix(OsStr::new(".new-")).tempdir_in(cache)
}

/// Returns the number of the user.
fn user() -> u32 {
    fs::metadata("/proc/self").map_or(0, |process| process.uid())
}
