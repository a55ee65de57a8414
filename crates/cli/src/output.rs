//! Outputs that are whole or absent: written under a temporary name, then renamed.

use std::io::{ErrorKind, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tempfile::{NamedTempFile, TempPath};

use crate::diagnostics::Diagnostic;

/// Temporary files and folders that an interrupt has to remove.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Removes what was begun and will not be finished.
pub(crate) fn discard_unfinished() {
    if let Ok(paths) = UNFINISHED.lock() {
        for path in paths.iter() {
            let _ = std::fs::remove_file(path);
            let _ = std::fs::remove_dir_all(path);
        }
    }
}

/// A file in the making, beside its final name.
#[derive(Debug)]
pub(crate) struct Draft {
    /// None where the final name is a device or a pipe, which is written to as it is.
    temporary: Option<TempPath>,
    path: PathBuf,
    /// The name as it was given.
    shown: PathBuf,
}

impl Draft {
    /// Begins a file. Its temporary name ends like its final one, so that what goes by names works.
    pub(crate) fn begin(shown: &Path) -> Result<Self, Diagnostic> {
        if shown.is_dir() || shown.to_string_lossy().ends_with('/') {
            return Err(Diagnostic::input("E0303", "the output is a file, and this is a folder")
                .at(shown.display().to_string())
                .help(format!("name a file in it, such as `{}`", shown.join("out").display())));
        }
        // A device or a pipe, by whatever name the system has for it.
        if std::fs::metadata(shown).is_ok_and(|there| !there.is_file()) {
            let path = shown.to_owned();
            return Ok(Self { temporary: None, shown: path.clone(), path });
        }
        // A link is followed, so that what it points at is written and the link stays.
        let path = match std::fs::canonicalize(shown) {
            Ok(path) => path,
            // It leads to what is not there yet.
            Err(_) if shown.is_symlink() => link_target(shown)?,
            Err(_) => shown.to_owned(),
        };
        let shown = shown.to_owned();
        let folder = folder_of(&path);
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("output");
        if !folder.exists() {
            return Err(no_folder(&shown, folder));
        }
        let file = tempfile::Builder::new()
            .prefix(".mesim-")
            .suffix(&format!("-{name}"))
            .permissions(default_permissions())
            .tempfile_in(folder)
            .map_err(|error| cannot_begin(&shown, &error))?;
        let temporary = NamedTempFile::into_temp_path(file);
        if let Ok(mut paths) = UNFINISHED.lock() {
            paths.push(temporary.to_path_buf());
        }
        Ok(Self { temporary: Some(temporary), path, shown })
    }

    /// Returns the name to write to.
    pub(crate) fn path(&self) -> &Path {
        self.temporary.as_deref().unwrap_or(&self.path)
    }

    /// Tells whether another file in the making will have the same name.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        let place = |draft: &Self| {
            let folder = std::fs::canonicalize(folder_of(&draft.path)).ok();
            folder.map(|folder| (folder, draft.path.file_name().map(ToOwned::to_owned)))
        };
        self.temporary.is_some() && place(self) == place(other)
    }

    /// Returns the name as it was given.
    pub(crate) fn shown(&self) -> &Path {
        &self.shown
    }

    /// Writes a text into the file and gives it its name.
    pub(crate) fn publish_text(self, text: &str) -> Result<(), Diagnostic> {
        self.publish_bytes(text.as_bytes())
    }

    /// Writes bytes into the file and gives it its name.
    pub(crate) fn publish_bytes(self, bytes: &[u8]) -> Result<(), Diagnostic> {
        std::fs::write(self.path(), bytes).map_err(|error| cannot_write(&self.shown, &error))?;
        self.publish()
    }

    /// Gives the file its name.
    pub(crate) fn publish(self) -> Result<(), Diagnostic> {
        let Self { temporary, path, shown } = self;
        let Some(temporary) = temporary else { return Ok(()) };
        temporary.persist(&path).map_err(|error| cannot_write(&shown, &error.error))
    }
}

/// A folder in the making, beside its final name.
#[derive(Debug)]
pub(crate) struct DraftFolder {
    temporary: tempfile::TempDir,
    path: PathBuf,
}

impl DraftFolder {
    /// Begins a folder that is not there yet, or is there and empty.
    pub(crate) fn begin(path: &Path) -> Result<Self, Diagnostic> {
        let occupied = std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some());
        if occupied {
            return Err(Diagnostic::input("E0303", "the output folder is not empty")
                .at(path.display().to_string())
                .help("name a new folder"));
        }
        let parent = folder_of(path);
        if !parent.exists() {
            return Err(no_folder(path, parent));
        }
        let temporary = tempfile::Builder::new()
            .prefix(".mesim-")
            .tempdir_in(parent)
            .map_err(|error| cannot_begin(path, &error))?;
        if let Ok(mut paths) = UNFINISHED.lock() {
            paths.push(temporary.path().to_path_buf());
        }
        Ok(Self { temporary, path: path.to_owned() })
    }

    /// Returns the temporary name.
    pub(crate) fn path(&self) -> &Path {
        self.temporary.path()
    }

    /// Gives the folder its name.
    pub(crate) fn publish(self) -> Result<(), Diagnostic> {
        std::fs::rename(self.temporary.path(), &self.path)
            .map_err(|error| cannot_write(&self.path, &error))?;
        // The folder has its name now: there is nothing left to remove.
        let _ = self.temporary.keep();
        Ok(())
    }
}

/// Returns the folder in which a path lies.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// The permissions of a file that anybody makes; the umask takes its part.
#[cfg(unix)]
fn default_permissions() -> std::fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o666)
}

#[cfg(not(unix))]
fn default_permissions() -> std::fs::Permissions {
    std::fs::metadata(".").map(|folder| folder.permissions()).expect("there is a current folder")
}

/// Writes a text to standard output.
pub(crate) fn print(text: &str) -> Result<(), Diagnostic> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| stdout_failed(&error))
}

/// Text for standard output that is shown only when it is whole; long ones wait in a file.
#[derive(Debug)]
pub(crate) struct HeldBack {
    text: std::io::BufWriter<tempfile::SpooledTempFile>,
}

/// Bytes that are held back in memory.
const HELD_IN_MEMORY: usize = 1 << 20;

impl HeldBack {
    pub(crate) fn new() -> Self {
        Self { text: std::io::BufWriter::new(tempfile::spooled_tempfile(HELD_IN_MEMORY)) }
    }

    pub(crate) fn line(&mut self, line: &str) -> Result<(), Diagnostic> {
        writeln!(self.text, "{line}").map_err(|error| cannot_hold(&error))
    }

    /// Returns where to write text that has lines of its own.
    pub(crate) fn writer(&mut self) -> &mut (impl Write + use<>) {
        &mut self.text
    }

    /// Shows everything.
    pub(crate) fn release(self) -> Result<(), Diagnostic> {
        let mut text = self.text.into_inner().map_err(|error| cannot_hold(error.error()))?;
        text.rewind().map_err(|error| cannot_hold(&error))?;
        let mut out = std::io::stdout().lock();
        std::io::copy(&mut text, &mut out)
            .and_then(|_| out.flush())
            .map_err(|error| stdout_failed(&error))
    }
}

/// The diagnostic of a standard output that takes no more.
pub(crate) fn stdout_failed(error: &std::io::Error) -> Diagnostic {
    if error.kind() == ErrorKind::BrokenPipe {
        return Diagnostic::input(
            "E0302",
            "standard output was closed before everything was written",
        )
        .help("the reader of the pipe ended early (`| head`?); write to a file instead");
    }
    cannot_write(Path::new("standard output"), error)
}

/// Returns where a link leads that leads to no file.
fn link_target(link: &Path) -> Result<PathBuf, Diagnostic> {
    let target = std::fs::read_link(link).map_err(|error| cannot_write(link, &error))?;
    let path = folder_of(link).join(target);
    if path.is_symlink() {
        return Err(Diagnostic::input("E0303", "the output is a link that leads nowhere")
            .at(link.display().to_string())
            .help("remove the link, or name another place"));
    }
    Ok(path)
}

fn no_folder(path: &Path, folder: &Path) -> Diagnostic {
    Diagnostic::input("E0303", format!("there is no folder `{}`", folder.display()))
        .at(path.display().to_string())
        .help("make the folder first, or name one that exists")
}

/// The diagnostic of a file that cannot be begun; its temporary name is nobody's business.
fn cannot_begin(path: &Path, error: &std::io::Error) -> Diagnostic {
    cannot_write(path, &error.kind().into())
}

fn cannot_hold(error: &std::io::Error) -> Diagnostic {
    cannot_write(&std::env::temp_dir(), error)
}

/// The diagnostic of an output that cannot be written.
pub(crate) fn cannot_write(path: &Path, error: &std::io::Error) -> Diagnostic {
    let help = if error.kind() == ErrorKind::StorageFull {
        "make room there, or name another place"
    } else {
        "name a place that exists and may be written to"
    };
    Diagnostic::input("E0303", format!("the output cannot be written: {error}"))
        .at(path.display().to_string())
        .help(help)
}
