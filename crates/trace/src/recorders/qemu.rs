//! Recording with qemu-user and a plugin of mesim's: any program as it is, threads at once.
//!
//! The plugin speaks version 1 of QEMU's plugin interface, which QEMU has from 6.0 on and no more
//! from 9.0 on. A QEMU that is linked statically (Debian's `qemu-user-static`) loads no plugins.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};

/// The versions of QEMU whose plugin interface is known: from the first to before the second.
const VERSIONS: (u32, u32) = (6, 9);

/// A QEMU that can record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Qemu {
    name: OsString,
    version: String,
}

/// Why a QEMU cannot record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum QemuFault {
    /// It is not there, or is something else.
    Missing,
    /// It is of a version with another plugin interface, or none.
    Version(String),
    /// It was built without plugins.
    NoPlugins(String),
}

impl fmt::Display for QemuFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            QemuFault::Missing => f.write_str("it is not there"),
            QemuFault::Version(version) => {
                write!(f, "it is {version}, and its plugins are others than those of 6.0 to 8.2")
            }
            QemuFault::NoPlugins(version) => write!(f, "it is {version}, built without plugins"),
        }
    }
}

impl Qemu {
    /// Asks a QEMU, such as `qemu-x86_64`, whether it can record.
    pub fn find(name: &OsStr) -> Result<Qemu, QemuFault> {
        let said = |flag: &str| {
            let output = Command::new(name).arg(flag).stdin(Stdio::null()).output().ok()?;
            String::from_utf8(output.stdout).ok()
        };
        let version = said("--version").and_then(|text| version_in(&text));
        let version = version.ok_or(QemuFault::Missing)?;
        let major: u32 = version.split('.').next().and_then(|n| n.parse().ok()).unwrap_or(0);
        if !(VERSIONS.0..VERSIONS.1).contains(&major) {
            return Err(QemuFault::Version(version));
        }
        if !said("--help").is_some_and(|text| text.contains("QEMU_PLUGIN")) {
            return Err(QemuFault::NoPlugins(version));
        }
        Ok(Qemu { name: name.to_owned(), version })
    }

    /// Returns its version, such as `7.2.22`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Returns the command that runs a program, named by its path, with a plugin that writes the
    /// stream of [`Recorded`](crate::recorders::Recorded) to `pipe`, and what the program has
    /// mapped, as `/proc/PID/maps` says it, to `maps`.
    ///
    /// None of these paths has a comma, which means something to QEMU.
    #[must_use]
    pub fn command<S: AsRef<OsStr>>(
        &self,
        plugin: &Path,
        (pipe, maps): (&Path, &Path),
        fetches: bool,
        program: impl IntoIterator<Item = S>,
    ) -> Command {
        let fetches = if fetches { "" } else { ",fetches=off" };
        let mut command = Command::new(&self.name);
        command.arg("-plugin");
        let (plugin, pipe, maps) = (plugin.display(), pipe.display(), maps.display());
        command.arg(format!("{plugin},pipe={pipe},maps={maps}{fetches}"));
        command.args(program);
        command
    }
}

/// Reads what `qemu-x86_64 --version` prints first: `qemu-x86_64 version 7.2.22 (Debian ...)`.
fn version_in(text: &str) -> Option<String> {
    let mut words = text.lines().next()?.strip_prefix("qemu-")?.split_whitespace();
    words.find(|word| *word == "version")?;
    words.next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_from_what_qemu_prints() {
        let text = "qemu-x86_64 version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)\nCopyright (c)\n";
        assert_eq!(version_in(text).as_deref(), Some("7.2.22"));
        assert_eq!(version_in("qemu-aarch64 version 9.0.0\n").as_deref(), Some("9.0.0"));
        assert_eq!(version_in("something else version 7\n"), None);
        assert_eq!(Qemu::find("no-such-qemu".as_ref()), Err(QemuFault::Missing));
    }
}
