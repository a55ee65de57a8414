//! From paths and flags to a machine and the streams of a trace.

use std::io::{ErrorKind, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use driver::config::{Clients, Config, Draft};
use driver::report::Provenance;
use driver::steps::Names;
use driver::{Interleave, Orders, Streams};
use trace::{Ahead, Format, Header, Input, ReadOptions, Source};

use crate::args::{LackeyModify, MachineArgs, TraceArgs};
use crate::diagnostics::{Diagnostic, Messages};
use crate::shortfall::watched;
use crate::{protocols, split};

/// A trace opened for a machine.
pub(crate) struct Opened {
    pub(crate) config: Config,
    pub(crate) streams: Streams,
    pub(crate) interleave: Interleave,
    pub(crate) provenance: Provenance,
    /// What the trace calls addresses.
    pub(crate) names: Names,
}

impl Opened {
    /// Returns how many cores the machine has, if that is known before the records are read.
    pub(crate) fn cores(&self) -> Option<u32> {
        match &self.streams {
            Streams::PerCore(sources) => Some(self.config.machine.cores.max(sources.len() as u32)),
            Streams::Ordered(source) => {
                let stated = !self.config.cores_from_trace || source.header().cores.is_some();
                stated.then_some(self.config.machine.cores)
            }
        }
    }
}

/// The most streams that are decoded in threads of their own: each keeps some chunks in memory.
const THREADED_STREAMS_MAX: usize = 4;

/// Opens a trace, and builds the config that goes with it.
pub(crate) fn open(
    paths: &[PathBuf],
    trace: &TraceArgs,
    machine: &MachineArgs,
    messages: Messages,
) -> Result<Opened, Diagnostic> {
    let prepared = prepare(paths, trace, machine, None, messages)?;
    prepared.warn(messages);
    prepared.start()
}

/// Returns the order of a run, which has one.
fn one_order(orders: &Orders) -> Result<Interleave, Diagnostic> {
    orders.alone().ok_or_else(|| {
        let help = format!("name one of them, such as `--interleave {}`", orders.list()[0]);
        Diagnostic::input("E0328", "only `mesim replay` compares several orders")
            .on(format!("--interleave {orders}"), "expected one order")
            .help(help)
    })
}

/// A protocol that was chosen by a part of an argument.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    pub(crate) argument: String,
    pub(crate) span: Range<usize>,
}

/// A trace whose header has been read, and the machine that goes with it.
pub(crate) struct Prepared {
    draft: Draft,
    config: Config,
    sources: Sources,
    wanted: Option<Interleave>,
    provenance: Provenance,
    header: Header,
    /// How the trace is read.
    options: ReadOptions,
    asked: Asked,
}

impl Prepared {
    /// Tells whether the trace is one stream, replayed in its own order.
    pub(crate) fn is_in_order(&self) -> bool {
        matches!(self.sources, Sources::Ordered(_))
            && matches!(self.wanted, None | Some(Interleave::Recorded))
    }

    /// Says what is legal but may not have been meant.
    pub(crate) fn warn(&self, messages: Messages) {
        for warning in &self.config.warnings {
            messages.show(&warning.into());
        }
    }

    /// Returns the one name of a key that may have several.
    pub(crate) fn full_key(&self, key: &str) -> String {
        self.draft.resolve(key)
    }

    /// Returns the machine, and how to count on it.
    pub(crate) const fn config(&self) -> &Config {
        &self.config
    }

    /// Returns the machine, to make another of it.
    pub(crate) const fn config_mut(&mut self) -> &mut Config {
        &mut self.config
    }

    /// Returns the names that the trace gives to addresses.
    pub(crate) fn names(&self) -> &[(String, u64)] {
        &self.header.names
    }

    /// Returns what the protocol is called.
    pub(crate) fn protocol_name(&self) -> &str {
        self.config.machine.protocol.name()
    }

    /// Returns the trace's format.
    pub(crate) const fn format(&self) -> Format {
        self.header.format
    }

    /// Tells whether the trace says in which order the accesses of its cores came.
    pub(crate) const fn has_recorded_order(&self) -> bool {
        matches!(self.sources, Sources::Ordered(_))
    }

    /// Returns the order of accesses on a machine that reads the trace alike, where none is asked
    /// for.
    pub(crate) fn own_order(&self, config: &Config) -> Interleave {
        match (self.sources.order_in_time(config), self.has_recorded_order()) {
            (Some(order), _) => order,
            (None, true) => Interleave::Recorded,
            (None, false) => Interleave::Clock,
        }
    }

    /// Returns the records of a trace in their recorded order, as they are decoded by who reads
    /// them.
    pub(crate) fn into_records(self) -> Result<(Box<dyn Source>, Provenance), Diagnostic> {
        match self.sources {
            Sources::Ordered(source) => Ok((source, self.provenance)),
            Sources::PerCore(_) | Sources::Unordered(_) => Err(no_recorded_order()),
        }
    }

    /// Begins to read the records.
    pub(crate) fn start(self) -> Result<Opened, Diagnostic> {
        let Self { config, sources, wanted, provenance, header, .. } = self;
        let wanted = wanted.or_else(|| sources.order_in_time(&config));
        let (streams, interleave) = sources.interleaved(wanted)?;
        Ok(Opened { config, streams, interleave, provenance, names: Names::new(header.names) })
    }
}

/// Opens a trace as far as its header, and builds the config that goes with it.
pub(crate) fn prepare(
    paths: &[PathBuf],
    trace: &TraceArgs,
    machine: &MachineArgs,
    protocol: Option<&Choice>,
    messages: Messages,
) -> Result<Prepared, Diagnostic> {
    let stdins = paths.iter().filter(|path| path.as_os_str() == "-").count();
    let config_stdin = machine.config.as_deref() == Some(Path::new("-"));
    if stdins + usize::from(config_stdin) > 1 {
        return Err(Diagnostic::input("E0301", "standard input is asked for more than once")
            .on("-", "the same input again")
            .help("it can be read once: write the others to files first"));
    }
    let wanted = machine.interleave.as_ref().map(one_order).transpose()?;
    let given = match machine.config.as_deref() {
        Some(path) => Some(read_config(path, None)?),
        None => machine.pinned.config.clone(),
    };
    let is_given = given.is_some();
    let mut asked = Asked { given, protocols: protocols::Files::default() };
    let (mut draft, mut config) = asked.machine(None, paths, machine, protocol, messages)?;
    let mut options = read_options(trace, &config)?;
    let mut sources = open_sources(paths, &options, messages)?;
    let header = sources.header().clone();
    if !is_given {
        (draft, config) = asked.machine(Some(&header), paths, machine, protocol, messages)?;
        let before = options.cores_max;
        options = read_options(trace, &config)?;
        if options.cores_max < before && !reads_stdin(paths) {
            sources = open_sources(paths, &options, messages)?;
        }
    }
    take_cores_of(&header, paths, &mut draft, &mut config)?;
    let provenance = Provenance {
        paths: paths.iter().map(|path| path.display().to_string()).collect(),
        format: header.format,
        title: header.title.clone(),
        in_json: false,
    };
    Ok(Prepared { draft, config, sources, wanted, provenance, header, options, asked })
}

/// Builds the config of another machine for a trace that has been opened for one, if the other
/// would read it alike.
pub(crate) fn config_beside(
    opened: &mut Prepared,
    paths: &[PathBuf],
    trace: &TraceArgs,
    machine: &MachineArgs,
    messages: Messages,
) -> Result<Option<Config>, Diagnostic> {
    let (header, asked) = (&opened.header, &mut opened.asked);
    let (mut draft, mut config) = asked.machine(Some(header), paths, machine, None, messages)?;
    let alike = read_options(trace, &config)? == opened.options;
    take_cores_of(header, paths, &mut draft, &mut config)?;
    Ok(alike.then_some(config))
}

/// What was read of files to build a machine, each once.
struct Asked {
    /// The config file that was given.
    given: Option<Draft>,
    protocols: protocols::Files,
}

impl Asked {
    /// Builds the machine that was asked for; without a config, the one that the trace asks for,
    /// once its header is known.
    fn machine(
        &mut self,
        header: Option<&Header>,
        paths: &[PathBuf],
        machine: &MachineArgs,
        protocol: Option<&Choice>,
        messages: Messages,
    ) -> Result<(Draft, Config), Diagnostic> {
        let draft = match (&self.given, header) {
            (Some(given), _) => given.clone(),
            (None, Some(header)) => config_of_trace(header, paths)?,
            (None, None) => Draft::built_in(),
        };
        let mut draft = overridden(draft, machine, protocol)?;
        self.protocols.read_into(&mut draft, messages)?;
        let config = Config::new(&draft)?;
        Ok((draft, config))
    }
}

/// Gives a machine that has as many cores as its trace those that the trace states.
fn take_cores_of(
    header: &Header,
    paths: &[PathBuf],
    draft: &mut Draft,
    config: &mut Config,
) -> Result<(), Diagnostic> {
    if config.cores_from_trace
        && let Some(cores) = header.cores
    {
        if u32::from(cores) > config.cores_max {
            draft.set_cores_of_trace(&paths[0].display().to_string(), cores);
            Config::new(draft)?;
        }
        config.machine.cores = u32::from(cores);
    }
    Ok(())
}

/// Tells whether a path is read once only: standard input, a pipe.
pub(crate) fn is_read_once(path: &Path) -> bool {
    let special = |path: &Path| {
        std::fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
    };
    path == Path::new("-") || special(path)
}

/// Opens a trace to be written again, with its program counters; per-core files, which are one
/// after the other, have none.
pub(crate) fn open_whole(
    paths: &[PathBuf],
    trace: &TraceArgs,
    messages: Messages,
) -> Result<Vec<Box<dyn Source>>, Diagnostic> {
    if paths.len() > 1 || trace::is_per_core(paths) {
        return open_alone(paths, trace, messages);
    }
    let options = ReadOptions { pcs: true, ..options_alone(trace)? };
    match open_sources(paths, &options, messages)? {
        Sources::Ordered(source) | Sources::Unordered(source) => Ok(vec![source]),
        Sources::PerCore(sources) => Ok(sources),
    }
}

/// Opens a trace alone, in its own order; per-core files one after the other.
pub(crate) fn open_alone(
    paths: &[PathBuf],
    trace: &TraceArgs,
    messages: Messages,
) -> Result<Vec<Box<dyn Source>>, Diagnostic> {
    Ok(match open_sources(paths, &options_alone(trace)?, messages)? {
        Sources::Ordered(source) | Sources::Unordered(source) => vec![source],
        Sources::PerCore(sources) => sources,
    })
}

/// Opens the trace of one core: all of it, or what one of its cores does.
pub(crate) fn open_core(
    path: &Path,
    trace: &TraceArgs,
    core: Option<u16>,
    messages: Messages,
) -> Result<Box<dyn Source>, Diagnostic> {
    let options = ReadOptions { core, ..options_alone(trace)? };
    let mut sources = match open_sources(&[path.to_owned()], &options, messages)? {
        Sources::Ordered(source) => return Ok(source),
        Sources::Unordered(source) => vec![source],
        Sources::PerCore(sources) => sources,
    };
    let (cores, shown) = (sources.len(), path.display().to_string());
    match core.map(usize::from) {
        None if cores > 1 => {
            Err(several_cores(format!("the trace has {cores} cores, a file each"), shown, 0))
        }
        Some(core) if core >= cores => {
            let last = cores - 1;
            Err(Diagnostic::input("E0318", format!("the trace has no core {core}"))
                .on(format!("--core {core}"), format!("expected a core from 0 to {last}"))
                .help(format!("`mesim info {shown}` says what each core does")))
        }
        core => Ok(sources.swap_remove(core.unwrap_or(0))),
    }
}

/// Refuses several cores where one is measured.
pub(crate) fn several_cores(title: String, path: String, first: u16) -> Diagnostic {
    Diagnostic::input("E0318", title).at(path).help(format!(
        "they take lines from each other, which no curve of one cache shows: `--core {first}` \
         takes that core's accesses alone"
    ))
}

/// Returns how a trace is read that no machine is there for.
pub(crate) fn options_alone(trace: &TraceArgs) -> Result<ReadOptions, Diagnostic> {
    let has_columns = |format: &Format| matches!(format, Format::Csv | Format::Pinatrace);
    if trace.columns.is_some()
        && let Some(format) = trace.format.filter(|format| !has_columns(format))
    {
        let name = format.name();
        return Err(Diagnostic::input("E0312", format!("{name} has no columns to be named"))
            .on(format!("--format {name}"), "expected csv or pinatrace, or no `--format`")
            .help("`--columns` alone reads a table: its lines have what the columns say"));
    }
    Ok(ReadOptions {
        format: trace.format,
        columns: trace.columns.clone(),
        lackey_modify: lackey_modify(trace.lackey_modify),
        requests_write: trace.requests_write,
        salvage: trace.salvage,
        pcs: trace.pcs,
        ..ReadOptions::default()
    })
}

enum Sources {
    Ordered(Box<dyn Source>),
    /// One file whose cores' records are in no order among them.
    Unordered(Box<dyn Source>),
    PerCore(Vec<Box<dyn Source>>),
}

impl Sources {
    fn header(&self) -> &Header {
        match self {
            Self::Ordered(source) | Self::Unordered(source) => source.header(),
            Self::PerCore(sources) => sources[0].header(),
        }
    }

    /// Returns the order of a trace that states one, where the accesses of its cores take the time
    /// that they take: then an access that waits holds no other core up.
    fn order_in_time(&self, config: &Config) -> Option<Interleave> {
        let has_turns = config.durability.is_some() && config.clients == Clients::Closed;
        let is_ordered = matches!(self, Self::Ordered(_));
        let one_core = self.header().cores == Some(1);
        (has_turns && is_ordered && !one_core).then_some(Interleave::Clock)
    }

    /// Decides the order of accesses, and splits a trace by cores where that asks for it.
    fn interleaved(self, wanted: Option<Interleave>) -> Result<(Streams, Interleave), Diagnostic> {
        match (self, wanted) {
            (Self::Ordered(source), None | Some(Interleave::Recorded)) => {
                Ok((Streams::Ordered(Box::new(Ahead::new(source))), Interleave::Recorded))
            }
            (Self::Ordered(source), Some(interleave)) => {
                Ok((Streams::PerCore(ahead(split::by_core(source)?)), interleave))
            }
            (Self::PerCore(_) | Self::Unordered(_), Some(Interleave::Recorded)) => {
                Err(no_recorded_order())
            }
            (Self::PerCore(sources), wanted) => {
                Ok((Streams::PerCore(ahead(sources)), wanted.unwrap_or(Interleave::Clock)))
            }
            (Self::Unordered(source), wanted) => {
                let streams = ahead(split::by_core(source)?);
                Ok((Streams::PerCore(streams), wanted.unwrap_or(Interleave::Clock)))
            }
        }
    }
}

fn no_recorded_order() -> Diagnostic {
    Diagnostic::input("E0301", "per-core files have no recorded order")
        .on("--interleave recorded", "per-core files are in no order")
        .help("use `--interleave clock`, `rr:N` or `random:SEED`")
}

fn ahead(sources: Vec<Box<dyn Source>>) -> Vec<Box<dyn Source>> {
    if sources.len() > THREADED_STREAMS_MAX {
        return sources;
    }
    // Those that have threads of their own share them.
    let workers = THREADED_STREAMS_MAX / sources.len().max(1);
    let ahead = |source| Box::new(Ahead::with_workers(source, workers)) as Box<dyn Source>;
    sources.into_iter().map(ahead).collect()
}

fn open_sources(
    paths: &[PathBuf],
    options: &ReadOptions,
    messages: Messages,
) -> Result<Sources, Diagnostic> {
    if trace::is_per_core(paths) {
        if let Some(source) = trace::open_threads(paths, options)? {
            return Ok(Sources::Ordered(watched(source, messages)));
        }
        let sources = trace::open_per_core(paths, options)?.into_iter();
        return Ok(Sources::PerCore(sources.map(|source| watched(source, messages)).collect()));
    }
    let source = trace::open(&Input::from(paths[0].as_path()), options)?;
    let source = watched(source, messages);
    Ok(if source.header().ordered {
        Sources::Ordered(source)
    } else if source.header().format.names_cores() {
        Sources::Unordered(source)
    } else {
        Sources::PerCore(vec![source])
    })
}

fn reads_stdin(paths: &[PathBuf]) -> bool {
    paths.iter().any(|path| path == Path::new("-"))
}

/// The machine that a trace asks for: its `@config`, or the default machine with its `@line`.
fn config_of_trace(header: &Header, paths: &[PathBuf]) -> Result<Draft, Diagnostic> {
    if let Some(config) = &header.config {
        let folder = paths[0].parent().unwrap_or(Path::new(""));
        return read_config(&folder.join(config), Some(&paths[0]));
    }
    let mut draft = Draft::built_in();
    if let Some(line) = header.line {
        draft.set_line_of_trace(&paths[0].display().to_string(), line);
    }
    Ok(draft)
}

/// The largest config file, in bytes.
const CONFIG_BYTES_MAX: u64 = 1 << 20;

/// Reads a config file; `trace` is the one whose `@config` names it.
pub(crate) fn read_config(path: &Path, trace: Option<&Path>) -> Result<Draft, Diagnostic> {
    let stdin = path == Path::new("-") && trace.is_none();
    let name = if stdin { "<stdin>".to_owned() } else { path.display().to_string() };
    let failed = |what: String, help: String| {
        let place = match trace {
            Some(trace) => format!("{name}, the `@config` of {}", trace.display()),
            None => name.clone(),
        };
        Diagnostic::input("E0305", what).at(place).help(help)
    };
    let cannot = |error: std::io::Error| {
        let help = if error.kind() == ErrorKind::NotFound {
            trace::near_file(path)
        } else {
            "name a RON file, or leave `--config` out for the built-in machine".to_owned()
        };
        failed(format!("the config cannot be read: {error}"), help)
    };
    let file: Box<dyn Read> = if stdin {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(path).map_err(cannot)?)
    };
    let mut text = String::new();
    file.take(CONFIG_BYTES_MAX + 1).read_to_string(&mut text).map_err(cannot)?;
    if text.len() as u64 > CONFIG_BYTES_MAX {
        let what = format!("a config of more than {CONFIG_BYTES_MAX} bytes is no config");
        return Err(failed(what, "name a RON file; a trace goes without `--config`".to_owned()));
    }
    Ok(Draft::from_ron(&name, &text)?)
}

fn overridden(
    mut draft: Draft,
    machine: &MachineArgs,
    protocol: Option<&Choice>,
) -> Result<Draft, Diagnostic> {
    for setting in &machine.pinned.settings {
        draft.set_as(setting)?;
    }
    for argument in &machine.set {
        draft.set(argument)?;
    }
    if let Some(Choice { argument, span }) = protocol {
        draft.override_protocol(argument, span.clone());
    }
    if let Some(cores) = machine.cores {
        draft.set_cores(cores);
    }
    Ok(draft)
}

/// Returns how a machine reads a trace.
pub(crate) fn read_options(trace: &TraceArgs, config: &Config) -> Result<ReadOptions, Diagnostic> {
    let cores =
        if config.cores_from_trace { config.cores_max } else { config.machine.cores } as u16;
    Ok(ReadOptions { cores_max: cores, ..options_alone(trace)? })
}

pub(crate) const fn lackey_modify(how: LackeyModify) -> trace::LackeyModify {
    match how {
        LackeyModify::ReadWrite => trace::LackeyModify::ReadWrite,
        LackeyModify::Atomic => trace::LackeyModify::Atomic,
    }
}
