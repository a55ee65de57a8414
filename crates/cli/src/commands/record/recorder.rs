//! The recorders: what each is asked, and how its records are read.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use trace::recorders::{Qemu, QemuFault, Recorded, Turns, Valgrind};
use trace::{CORES_MAX, Format, ReadOptions, Source, TraceError};

use super::built::Recipe;
use super::lines::WholeLines;
use crate::args::LackeyModify;
use crate::diagnostics::Diagnostic;
use crate::input::lackey_modify;
use crate::record_args::{RecordArgs, ThreadsAsCores, Via};

/// How long a thread's turn is with Valgrind, unless something else is said.
const QUANTUM: u32 = 10;

/// The plugin of QEMU.
const PLUGIN: Recipe = Recipe {
    source: trace::recorders::QEMU_C,
    flags: &["-shared", "-fPIC", "-ftls-model=initial-exec"],
    output: "mesim-qemu.so",
    beside: &[],
};

/// What records.
pub(super) enum Recorder {
    /// Valgrind, which runs the program.
    Valgrind(Valgrind),
    /// What was linked into the program.
    Cc,
    /// QEMU, which runs the program, and the plugin that it loads.
    Qemu(Qemu, PathBuf),
}

impl Recorder {
    /// Finds the recorder that is asked for, and refuses what it cannot do.
    pub(super) fn find(args: &RecordArgs) -> Result<Self, Diagnostic> {
        let (is_valgrind, is_qemu) = (args.via == Via::Valgrind, args.via == Via::Qemu);
        let (quantum, modify) = (args.quantum.is_some(), args.lackey_modify.is_some());
        let refused = [
            (quantum && !is_valgrind, "--quantum", "threads run at once, not in turns"),
            (modify && !is_valgrind, "--lackey-modify", "lackey is Valgrind's"),
            (args.roi && args.via != Via::Cc, "--roi", "only `--via cc` sees regions"),
            (args.qemu.is_some() && !is_qemu, "--qemu", "QEMU records with `--via qemu`"),
        ];
        if let Some((_, flag, why)) = refused.iter().find(|(is, ..)| *is) {
            return Err(Diagnostic::input("E0323", format!("`{flag}` means nothing here"))
                .on(*flag, *why)
                .help(format!("leave `{flag}` out, or choose another recorder with `--via`")));
        }
        match args.via {
            Via::Valgrind => Valgrind::find().map(Self::Valgrind).ok_or_else(|| {
                Diagnostic::input("E0320", "there is no Valgrind to record with").help(
                    "install it, such as by `apt-get install valgrind`; see `mesim record --check`",
                )
            }),
            Via::Cc => Ok(Self::Cc),
            Via::Qemu => qemu(args.qemu.as_deref()).map(|(qemu, plugin)| Self::Qemu(qemu, plugin)),
        }
    }

    /// Returns the command that runs the program and writes records to a pipe of that name, and
    /// what it has mapped to a file, if that cannot be seen from here.
    pub(super) fn command(&self, args: &RecordArgs, pipe: &Path, maps: &Path) -> Command {
        match self {
            Self::Valgrind(valgrind) => valgrind.command(pipe, quantum(args), &args.program),
            Self::Cc => {
                let mut words = args.program.iter();
                let name = words.next().map_or("".as_ref(), |word| word.as_os_str());
                let mut command = Command::new(name);
                command.args(words).env("MESIM_RECORD_PIPE", pipe);
                command.env("MESIM_RECORD_MAPS", maps);
                if args.roi {
                    command.env("MESIM_RECORD_ROI", "1");
                }
                command
            }
            Self::Qemu(qemu, plugin) => {
                let name = args.program.first().map_or("".as_ref(), |name| name.as_os_str());
                let program = located(name);
                let words = args.program.iter().skip(1).map(OsString::as_os_str);
                let words = std::iter::once(program.as_os_str()).chain(words);
                qemu.command(plugin, (pipe, maps), !args.data_only, words)
            }
        }
    }

    /// Returns what reads the records from the pipe.
    pub(super) fn source(
        &self,
        args: &RecordArgs,
        log: Box<dyn io::Read + Send>,
        pcs: bool,
    ) -> Result<Box<dyn Source>, TraceError> {
        let cores_max = match args.threads_as_cores {
            ThreadsAsCores::FirstSeen => CORES_MAX,
            ThreadsAsCores::Ways(_) => u16::MAX,
        };
        // Where fetches are recorded, they say where their threads are.
        let fetches = self.sees_fetches() && !args.data_only;
        match self {
            Self::Valgrind(valgrind) => {
                let modify = args.lackey_modify.unwrap_or(LackeyModify::ReadWrite);
                let options = ReadOptions {
                    format: Some(Format::Lackey),
                    cores_max,
                    lackey_modify: lackey_modify(modify),
                    lackey_slices: !valgrind.has_quantum(),
                    ..ReadOptions::default()
                };
                let log = Box::new(WholeLines::new(log));
                let source = trace::read("valgrind", log, &options)?;
                Ok(if valgrind.has_quantum() {
                    source
                } else {
                    Box::new(Turns::new(source, quantum(args)))
                })
            }
            Self::Cc | Self::Qemu(..) => Ok(Box::new(Recorded::new(
                log,
                "what the recorder writes",
                cores_max,
                pcs && !fetches,
            )?)),
        }
    }

    /// Tells whether there are instruction fetches.
    pub(super) fn sees_fetches(&self) -> bool {
        !matches!(self, Self::Cc)
    }

    /// Tells whether the program goes on as before when nobody reads what is recorded.
    pub(super) fn bears_a_closed_pipe(&self) -> bool {
        !matches!(self, Self::Valgrind(_))
    }

    /// Says what recorded, and how threads took turns.
    pub(super) fn in_words(&self, args: &RecordArgs) -> String {
        match self {
            Self::Valgrind(valgrind) => {
                let unit = if valgrind.has_quantum() { "basic blocks" } else { "accesses" };
                let (version, quantum) = (valgrind.version(), quantum(args));
                format!("Valgrind {version}, turns of {quantum} {unit}")
            }
            Self::Cc => {
                let part = if args.roi { ", regions of interest alone" } else { "" };
                format!("the program itself (-fsanitize=thread), threads at once{part}")
            }
            Self::Qemu(qemu, _) => format!("QEMU {}, threads at once", qemu.version()),
        }
    }

    /// Says why there may be no record, and what to do.
    pub(super) fn why_nothing(&self, args: &RecordArgs) -> &'static str {
        match self {
            Self::Valgrind(_) => "run the program alone first; what Valgrind said of it is above",
            Self::Cc if args.roi => {
                "have the program call `mesim_roi_begin()`, or leave `--roi` out; and compile it \
                 with `cc $(mesim record --print-cc-flags)`"
            }
            Self::Cc => "compile the program with `cc $(mesim record --print-cc-flags)`",
            Self::Qemu(..) => {
                "what QEMU said of it is above; programs of another processor need \
                               `--qemu qemu-aarch64` or the like"
            }
        }
    }
}

fn quantum(args: &RecordArgs) -> u32 {
    args.quantum.unwrap_or(QUANTUM)
}

/// Finds a QEMU and builds its plugin.
pub(super) fn qemu(name: Option<&OsStr>) -> Result<(Qemu, PathBuf), Diagnostic> {
    let own = OsString::from(format!("qemu-{}", std::env::consts::ARCH));
    let name = name.unwrap_or(&own);
    let qemu = Qemu::find(name).map_err(|fault| {
        let title = format!("there is no `{}` to record with: {fault}", name.display());
        Diagnostic::input("E0320", title).help(match fault {
            QemuFault::Missing => "install it, such as by `apt-get install qemu-user`",
            QemuFault::Version(_) => {
                "install a QEMU of 6.0 to 8.2 as well (Debian 12 has 7.2): `--qemu PATH`"
            }
            QemuFault::NoPlugins(_) => {
                "install one that is linked dynamically, such as by `apt-get install qemu-user`"
            }
        })
    })?;
    let plugin = PLUGIN.folder()?.join(PLUGIN.output);
    Ok((qemu, plugin))
}

/// Returns the path of a program that is named as a shell would name it; QEMU looks nowhere.
fn located(name: &OsStr) -> PathBuf {
    let path = Path::new(name);
    if path.components().count() > 1 {
        return path.to_owned();
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let mut there = std::env::split_paths(&folders).map(|folder| folder.join(path));
    there.find(|path| path.is_file()).unwrap_or_else(|| path.to_owned())
}
