//! The program that is recorded: its streams, its signals and its end are its own.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::thread::JoinHandle;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::iterator::{Handle, SignalsInfo};

/// A program under way.
pub(super) struct Program {
    pid: Pid,
    signals: Handle,
    waiting: JoinHandle<io::Result<ExitStatus>>,
}

impl Program {
    /// Starts a program; `at_end` is dropped when it has ended.
    ///
    /// A signal that the terminal sends reaches it anyway; one that is sent to this process alone
    /// is passed on. This process itself goes on until the program ends.
    pub(super) fn start<E: Send + 'static>(mut command: Command, at_end: E) -> io::Result<Self> {
        let mut incoming = SignalsInfo::<WithOrigin>::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM])?;
        let mut child: Child = command.spawn()?;
        let pid = Pid::from_raw(child.id().cast_signed());
        let signals = incoming.handle();
        std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
            for origin in incoming.forever() {
                if origin.process.is_some()
                    && let Ok(signal) = Signal::try_from(origin.signal)
                {
                    // It may have ended by now, which is as well.
                    let _ = kill(pid, signal);
                }
            }
        })?;
        let waiting = std::thread::Builder::new().name("wait".to_owned()).spawn(move || {
            let status = child.wait();
            drop(at_end);
            status
        })?;
        Ok(Self { pid, signals, waiting })
    }

    /// Returns the file that says what the program has mapped, as long as it runs.
    pub(super) fn maps(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/maps", self.pid))
    }

    /// Ends the program: nobody wants what it would record.
    pub(super) fn stop(self) {
        let _ = kill(self.pid, Signal::SIGKILL);
        let _ = self.wait();
    }

    /// Waits for the program's end.
    pub(super) fn wait(self) -> io::Result<ExitStatus> {
        let ended = self.waiting.join();
        self.signals.close();
        ended.unwrap_or_else(|_| Err(io::Error::other("the thread that waits has ended")))
    }
}

/// Returns what a shell would: the exit code, or 128 and the signal's number.
pub(super) fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}
