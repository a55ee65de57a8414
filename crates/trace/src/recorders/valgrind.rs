//! Recording with Valgrind's lackey: any program as it is, one thread at a time.
//!
//! `--trace-sched=yes` has Valgrind say which thread runs (Valgrind manual, core options);
//! `--fair-sched=yes` has the threads take turns. What lackey prints goes to a file of its own,
//! here a pipe, so that the program's standard streams remain its own.

use std::ffi::OsStr;
use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};

/// A version of Valgrind.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Version {
    /// 3 for ever so far.
    pub major: u32,
    /// What comes after the dot.
    pub minor: u32,
}

impl Version {
    /// The first one whose time slices have a length that can be chosen.
    pub const WITH_QUANTUM: Version = Version { major: 3, minor: 24 };

    /// Reads what `valgrind --version` prints, such as `valgrind-3.19.0`.
    fn of(text: &str) -> Option<Version> {
        let mut numbers = text.trim().strip_prefix("valgrind-")?.split(['.', '-']);
        let mut next = || numbers.next()?.parse().ok();
        Some(Version { major: next()?, minor: next()? })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The Valgrind of this machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Valgrind {
    version: Version,
}

impl Valgrind {
    /// Looks for Valgrind where programs are looked for.
    #[must_use]
    pub fn find() -> Option<Valgrind> {
        let output =
            Command::new("valgrind").arg("--version").stdin(Stdio::null()).output().ok()?;
        Some(Valgrind { version: Version::of(&String::from_utf8_lossy(&output.stdout))? })
    }

    /// Returns which one it is.
    #[must_use]
    pub const fn version(self) -> Version {
        self.version
    }

    /// Tells whether the length of its time slices can be chosen.
    #[must_use]
    pub fn has_quantum(self) -> bool {
        self.version >= Version::WITH_QUANTUM
    }

    /// Returns the command that runs a program and writes the trace, in the format `lackey`, to
    /// `log`; `quantum` is how many basic blocks a thread runs at a time, where that can be chosen.
    ///
    /// The name of `log` has no `%`, which means something to Valgrind.
    #[must_use]
    pub fn command<S: AsRef<OsStr>>(
        self,
        log: &Path,
        quantum: u32,
        program: impl IntoIterator<Item = S>,
    ) -> Command {
        let mut command = Command::new("valgrind");
        command.args(["--tool=lackey", "--trace-mem=yes", "--basic-counts=no"]);
        command.args(["--trace-sched=yes", "--fair-sched=yes"]);
        // What a child does until it becomes another program is nothing of this one's threads.
        command.arg("--child-silent-after-fork=yes");
        if self.has_quantum() {
            command.arg(format!("--scheduling-quantum={quantum}"));
        }
        command.arg(format!("--log-file={}", log.display()));
        command.arg("--").args(program);
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_from_what_valgrind_prints() {
        assert_eq!(Version::of("valgrind-3.19.0\n"), Some(Version { major: 3, minor: 19 }));
        assert_eq!(Version::of("valgrind-3.24.0.GIT"), Some(Version::WITH_QUANTUM));
        assert_eq!(Version::of("valgrind-3.25-rc1"), Some(Version { major: 3, minor: 25 }));
        assert_eq!(Version::of("Valgrind"), None);
    }
}
