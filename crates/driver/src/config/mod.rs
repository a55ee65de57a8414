//! The config of a machine: from RON and `--set`, through a draft of texts, to a checked value.
//!
//! `raw` knows which keys there are, `draft` what was written where, `value` and `duration` how
//! each kind of value is read; here and in `durability` they become a [`Config`], and nothing
//! behind it checks again.

mod draft;
mod durability;
mod duration;
mod error;
mod raw;
mod rules;
mod shape;
mod value;

use ::durability::Durability;
use cache::{Geometry, LineSize, Replacement, Ways};
use coherence::{BusSpec, Inclusion, LevelSpec, MachineSpec, Protocol, SpecError, WritePolicy};

pub use draft::{Draft, Setting};
use duration::Duration;
pub use error::{ConfigError, ConfigErrorKind, ConfigWarning, Origin, Source};
pub(crate) use error::{byte_offset, in_words};
pub use rules::{PROFILES, profile_name};
use value::{Bytes, ConfigValue, Expected, Hertz, Scope};

use crate::protocol_file;

/// The default machine as a config file, with every key that a single machine needs.
pub const DEFAULT_MACHINE: &str = include_str!("../../../../configs/machines/default.ron");

/// The most lines that all caches of a machine may hold together.
pub const MACHINE_LINES_MAX: u64 = 1 << 27;

/// Returns the path of every key, as `--set` takes it; level 0 stands for every level.
pub fn keys() -> Vec<String> {
    raw::all_keys(&["caches.0".to_owned()])
}

/// A checked machine and how to count on it.
#[derive(Clone, Debug)]
pub struct Config {
    /// The machine; `cores` is 1 where [`Config::cores_from_trace`].
    pub machine: MachineSpec,
    /// There are as many cores as the trace has.
    pub cores_from_trace: bool,
    /// The most cores whose caches may be held in memory.
    pub cores_max: u32,
    /// Bytes of a word, the unit of true sharing and of data values.
    pub word_bytes: u32,
    /// Ticks in a second.
    pub clock_hz: u64,
    /// Whether cores have caches of their own.
    pub peers: Peers,
    /// When clients of one cache ask.
    pub clients: Clients,
    /// How writes become durable below the caches, if that is asked for.
    pub durability: Option<Durability>,
    /// What is legal but may not have been meant.
    pub warnings: Vec<ConfigWarning>,
}

/// Whether the cores of a trace have caches of their own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Peers {
    /// Each core has its own, kept coherent over the bus.
    Bus,
    /// All are clients of one cache, that of core 0.
    None,
}

/// When the clients of one cache ask.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Clients {
    /// A client asks for one thing at a time, and waits for it.
    Closed,
    /// Once the trace has stated a time, its requests come when it says, whoever still waits.
    Open,
}

impl Config {
    /// Checks a draft.
    pub fn new(draft: &Draft) -> Result<Self, ConfigError> {
        let reader = Reader::new(draft)?;
        let line_bytes = reader.required::<Bytes>("line")?.0;
        let line = LineSize::new(line_bytes)
            .map_err(|error| reader.wrong("line", &error.to_string(), line_sizes(), "`64`"))?;
        let word_bytes = reader.required::<Bytes>("word")?.0;
        if !word_bytes.is_power_of_two() || word_bytes > line_bytes {
            let message = format!("a word of {word_bytes} bytes is not possible");
            let expected = format!("a power of two of at most a line, {line_bytes} bytes");
            return Err(reader.wrong("word", &message, expected, "`4`"));
        }
        let (private, shared) = reader.levels(line)?;
        let l1i = if draft.has_l1i() { Some(reader.level("l1i", "L1I", line)?) } else { None };
        let cores: Option<u32> = reader.get_if_set("cores")?;
        let machine = MachineSpec {
            cores: cores.unwrap_or(1),
            protocol: reader.protocol()?,
            line,
            private,
            l1i,
            shared,
            bus: reader.bus()?,
            memory_latency: reader.ticks("memory.latency")?,
            write_buffer: reader.write_buffer()?,
            rules: rules::read(&reader)?,
        };
        machine.check().map_err(|error| reader.conflict(&error))?;
        let peers = reader.get("peers", Peers::Bus)?;
        let clients = reader.get("clients", Clients::Closed)?;
        let cores_max = reader.check_memory(&machine, peers)?;
        let durability = durability::read(&reader)?;
        let drains = machine.rules.drain_at_end;
        durability::check_machine(&reader, durability.is_some(), (peers, clients), drains)?;
        let warnings = reader.warnings(&machine);
        Ok(Self {
            machine,
            cores_from_trace: cores.is_none(),
            cores_max,
            word_bytes: word_bytes as u32,
            clock_hz: reader.clock_hz,
            peers,
            clients,
            durability,
            warnings,
        })
    }
}

/// Reads a size as configs write it, such as `32 KiB`; else says what was expected.
pub fn parse_bytes(text: &str) -> Result<u64, String> {
    let bytes = <value::Bytes as value::ConfigValue>::read(text.trim());
    bytes.map(|bytes| bytes.0).map_err(|expected| format!("expected {}", expected.what))
}

/// Writes a number of bytes in the largest unit that divides it.
fn bytes_text(bytes: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    let whole = |(shift, _): &(u32, &str)| bytes >= 1 << shift && bytes.is_multiple_of(1 << shift);
    let unit = units.into_iter().find(whole);
    unit.map_or_else(|| format!("{bytes} B"), |(shift, unit)| format!("{} {unit}", bytes >> shift))
}

fn line_sizes() -> String {
    format!("a power of two from {} to {}", cache::LINE_BYTES_MIN, cache::LINE_BYTES_MAX)
}

/// The most ticks that one latency may be: sums of them stay far from overflow.
const TICKS_MAX: u64 = 1_000_000_000;
/// The longest name of a level.
const LEVEL_NAME_BYTES_MAX: usize = 32;
/// The most entries of a write buffer.
const WRITE_BUFFER_MAX: u32 = 1024;

/// Reads checked values out of a draft.
struct Reader<'a> {
    draft: &'a Draft,
    clock_hz: u64,
}

impl<'a> Reader<'a> {
    fn new(draft: &'a Draft) -> Result<Self, ConfigError> {
        let timeless = Self { draft, clock_hz: 1 };
        let Hertz(clock_hz) = timeless.required("clock")?;
        Ok(Self { draft, clock_hz })
    }
}

impl Reader<'_> {
    fn get_if_set<T: ConfigValue>(&self, path: &str) -> Result<Option<T>, ConfigError> {
        let Some(value) = self.draft.get(path) else { return Ok(None) };
        let text = draft::unquoted(value);
        T::read(&text).map(Some).map_err(|Expected { what, example }| ConfigError {
            kind: ConfigErrorKind::Value,
            message: format!("`{text}` is not a value of `{path}`"),
            origin: value.origin.clone(),
            expected: what.into(),
            help: format!("for example `{example}`").into(),
        })
    }

    fn get<T: ConfigValue>(&self, path: &str, default: T) -> Result<T, ConfigError> {
        Ok(self.get_if_set(path)?.unwrap_or(default))
    }

    /// Reads a key that the default machine has, which is under every draft.
    fn required<T: ConfigValue>(&self, path: &str) -> Result<T, ConfigError> {
        let value = self.get_if_set(path)?;
        Ok(value.expect("the default machine has the key"))
    }

    /// Reads a latency of the machine.
    fn ticks(&self, path: &str) -> Result<u64, ConfigError> {
        self.in_ticks(path, self.required(path)?, TICKS_MAX)
    }

    /// Turns a duration into ticks of the clock: at least one, unless it is nothing.
    fn in_ticks(&self, path: &str, duration: Duration, max: u64) -> Result<u64, ConfigError> {
        let written = self.draft.get(path).map_or_else(String::new, draft::unquoted);
        let ticks = duration.ticks(self.clock_hz);
        let Some(ticks) = ticks.filter(|ticks| *ticks <= max) else {
            let message = match ticks {
                Some(ticks) => format!("{ticks} ticks are too many"),
                None => format!("`{written}` is too many ticks"),
            };
            return Err(self.wrong(path, &message, format!("at most {max} ticks"), "`200`"));
        };
        if ticks == 0 && !duration.is_zero() {
            let finer = duration.finer_clock();
            let clock =
                finer.map_or_else(|| "a longer one".to_owned(), |hz| format!("`clock: \"{hz}\"`"));
            let message = format!("`{written}` is less than half a tick of the clock");
            let expected = "0, or at least half a tick".to_owned();
            return Err(self.wrong(path, &message, expected, &clock));
        }
        Ok(ticks)
    }

    fn wrong(&self, path: &str, message: &str, expected: String, example: &str) -> ConfigError {
        ConfigError {
            kind: ConfigErrorKind::Value,
            message: message.to_owned(),
            origin: self.draft.origin(path),
            expected: expected.into(),
            help: format!("for example {example}").into(),
        }
    }

    /// Makes the error of values that do not go together, at one of them.
    fn together(&self, path: &str, message: String, expected: String, help: &str) -> ConfigError {
        ConfigError {
            kind: ConfigErrorKind::Conflict,
            message,
            origin: self.draft.origin(path),
            expected: expected.into(),
            help: help.into(),
        }
    }

    fn protocol(&self) -> Result<Protocol, ConfigError> {
        let name: String = self.required("protocol")?;
        if let Some(protocol) = Protocol::built_in(&name) {
            return Ok(protocol.clone());
        }
        let names: Vec<_> = Protocol::BUILT_IN.iter().map(|p| p.name()).collect();
        let expected = format!("one of {}, or the path of a `.ron` file", names.join(", "));
        if protocol_file::is_path(&name) {
            let message = format!("the protocol file `{name}` was not read");
            let read = self.draft.protocol().cloned();
            return read.ok_or_else(|| self.wrong("protocol", &message, expected, "`\"MESI\"`"));
        }
        let distance =
            |known: &&str| strsim::damerau_levenshtein(&known.to_lowercase(), &name.to_lowercase());
        let near = names.iter().copied().filter(|known| distance(known) <= known.len() / 2);
        let near = near.min_by_key(distance).unwrap_or("MESI");
        let message = format!("there is no protocol `{name}`");
        Err(self.wrong("protocol", &message, expected, &format!("`\"{near}\"`")))
    }

    fn bus(&self) -> Result<BusSpec, ConfigError> {
        let width = self.required::<Bytes>("bus.width")?.0;
        if width == 0 {
            let expected = "at least 1 byte".to_owned();
            let message = "a bus of width 0 moves nothing";
            return Err(self.wrong("bus.width", message, expected, "`\"32 B\"`"));
        }
        Ok(BusSpec {
            request: self.ticks("bus.request")?,
            width,
            beat: self.ticks("bus.beat")?,
            cache_to_cache: self.ticks("bus.cache_to_cache")?,
            pipelined: self.required("bus.pipelined")?,
        })
    }

    fn write_buffer(&self) -> Result<u32, ConfigError> {
        let entries: u32 = self.required("write_buffer")?;
        if entries > WRITE_BUFFER_MAX {
            let message = format!("a write buffer of {entries} entries is too large");
            let expected = format!("from 0 to {WRITE_BUFFER_MAX} entries");
            return Err(self.wrong("write_buffer", &message, expected, "`8`"));
        }
        Ok(entries)
    }

    /// Reads the levels, private ones first.
    fn levels(&self, line: LineSize) -> Result<(Vec<LevelSpec>, Vec<LevelSpec>), ConfigError> {
        let (mut private, mut shared) = (Vec::new(), Vec::new());
        for number in 0..self.draft.levels() {
            let path = format!("caches.{number}");
            let level = self.level(&path, &format!("L{}", number + 1), line)?;
            match self.get(&format!("{path}.scope"), Scope::Private)? {
                Scope::Shared => shared.push(level),
                Scope::Private if shared.is_empty() => private.push(level),
                Scope::Private => {
                    return Err(ConfigError {
                        kind: ConfigErrorKind::Conflict,
                        message: format!(
                            "the private level {} comes after a shared one",
                            level.name
                        ),
                        origin: self.draft.origin(&format!("{path}.scope")),
                        expected: "private levels first, then shared ones".into(),
                        help: "list the levels outward from the core".into(),
                    });
                }
            }
        }
        Ok((private, shared))
    }

    fn level(&self, path: &str, name: &str, line: LineSize) -> Result<LevelSpec, ConfigError> {
        let key = |key: &str| format!("{path}.{key}");
        let name = &self.level_name(&key("name"), name)?;
        let size = self.get(&key("size"), Bytes(32 * 1024))?.0;
        let ways = self.get(&key("ways"), Ways::Count(8))?;
        let replacement = self.get(&key("replacement"), Replacement::Lru)?;
        let geometry = Geometry::new(size, ways, line)
            .map_err(|error| shape::error(self.draft, (path, name), &error, (size, ways, line)))?;
        replacement
            .check(&geometry)
            .map_err(|error| shape::error(self.draft, (path, name), &error, (size, ways, line)))?;
        Ok(LevelSpec {
            name: name.clone(),
            geometry,
            replacement,
            write: self.get(&key("write"), WritePolicy::WriteBack)?,
            inclusion: self.get(&key("inclusion"), Inclusion::Inclusive)?,
            latency: self.latency(&key("latency"))?,
        })
    }

    fn latency(&self, path: &str) -> Result<u64, ConfigError> {
        self.in_ticks(path, self.get(path, Duration::Ticks(4))?, TICKS_MAX)
    }

    /// Reads the name of a level, by which `--set` and reports call it.
    fn level_name(&self, path: &str, default: &str) -> Result<String, ConfigError> {
        let name = self.get(path, default.to_owned())?;
        let legal = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | ' ');
        if name.is_empty() || name.len() > LEVEL_NAME_BYTES_MAX || !name.chars().all(legal) {
            let message = format!("`{name}` is no name of a level");
            let expected =
                format!("at most {LEVEL_NAME_BYTES_MAX} letters, digits, blanks, `-` and `_`");
            return Err(self.wrong(path, &message, expected, &format!("`\"{default}\"`")));
        }
        let levels = (0..self.draft.levels()).map(|level| format!("caches.{level}.name"));
        let same = |other: &String| {
            let other = self.draft.get(other).map(draft::unquoted);
            other.is_some_and(|other| other.eq_ignore_ascii_case(&name))
        };
        if levels.take_while(|other| other != path).any(|other| same(&other)) {
            let message = format!("two levels are called `{name}`");
            let expected = "a name of its own for each level".to_owned();
            return Err(self.wrong(path, &message, expected, &format!("`\"{default}\"`")));
        }
        Ok(name)
    }

    fn conflict(&self, error: &SpecError) -> ConfigError {
        let (path, expected, help) = match error {
            SpecError::Cores { cores } => {
                let max = coherence::CORES_MAX;
                let near = format!("`{}`", (*cores).clamp(1, max));
                return self.wrong(
                    "cores",
                    &error.to_string(),
                    format!("from 1 to {max} cores"),
                    &near,
                );
            }
            SpecError::NoPrivateLevel => (
                "caches.0.scope".to_owned(),
                "at least one level with `scope: Private`".to_owned(),
                "for example `(name: \"L1\", scope: Private, size: \"32 KiB\", ways: 8)`",
            ),
            SpecError::TooManyLevels { .. } => (
                format!("caches.{}.name", coherence::LEVELS_MAX),
                format!("at most {} levels", coherence::LEVELS_MAX),
                "leave levels out",
            ),
            SpecError::WriteBackInsideWriteThrough { level } => (
                format!("caches.{}.write", level + 1),
                "`WriteBack`, as the level inside it".to_owned(),
                "write-through levels lie inside write-back ones, never round them",
            ),
            SpecError::StoreNowhere => (
                "caches.0.write".to_owned(),
                "a private level that takes stores".to_owned(),
                "use `WriteBack` or `WriteThrough(allocate: true)`",
            ),
            SpecError::HandOverToWriteThrough { level } => (
                format!("caches.{level}.inclusion"),
                "`Inclusive`, or a write-back level inside".to_owned(),
                "use `Inclusive`, or a protocol whose owners do not hand lines over, such as MESI",
            ),
            SpecError::FillFirstWithInclusive { level } => return self.fill_first(*level, error),
            SpecError::BusWidth => {
                ("bus.width".to_owned(), "at least 1 byte".to_owned(), "for example `\"32 B\"`")
            }
        };
        ConfigError {
            kind: ConfigErrorKind::Conflict,
            message: error.to_string(),
            origin: self.draft.origin(&path),
            expected: expected.into(),
            help: help.into(),
        }
    }

    /// Points at the inclusive level if that was written, else at the rule.
    fn fill_first(&self, level: usize, error: &SpecError) -> ConfigError {
        let inclusion = format!("caches.{level}.inclusion");
        let rules = ["rules.victim_order", "rules.profile", "rules"];
        let written = |path: &&str| self.draft.get(path).is_some();
        let rule = rules.iter().copied().find(written).unwrap_or("rules.victim_order");
        let path = if written(&inclusion.as_str()) { &inclusion } else { rule };
        let name = self.draft.level_name(level);
        ConfigError {
            kind: ConfigErrorKind::Conflict,
            message: error.to_string(),
            origin: self.draft.origin(path),
            expected: format!("`inclusion: NonInclusive` at {name}, or `VictimFirst`").into(),
            help: format!(
                "use `{name}.inclusion=NonInclusive` or `rules.victim_order=VictimFirst`"
            )
            .into(),
        }
    }

    /// Refuses machines that would not fit in memory; returns how many cores would.
    fn check_memory(&self, machine: &MachineSpec, peers: Peers) -> Result<u32, ConfigError> {
        let cores = match peers {
            Peers::Bus => u64::from(machine.cores),
            Peers::None => 1,
        };
        let lines = |specs: &[LevelSpec]| -> u64 {
            specs.iter().map(|level| u64::from(level.geometry.lines())).sum()
        };
        let l1i = machine.l1i.as_ref().map_or(0, |level| u64::from(level.geometry.lines()));
        let each = lines(&machine.private) + l1i;
        let total = cores * each + lines(&machine.shared);
        let room = MACHINE_LINES_MAX.saturating_sub(lines(&machine.shared)) / each;
        if total > MACHINE_LINES_MAX {
            let path = if cores > 1 { "cores" } else { "caches.0.size" };
            let noun = if cores > 1 { "cores" } else { "core" };
            let message = format!("the caches of {cores} {noun} hold {total} lines together");
            let expected = format!("at most {MACHINE_LINES_MAX} lines in all caches together");
            let example = match room {
                0 => "levels of at most \"1 GiB\"".to_owned(),
                cores => format!("`{cores}` cores of such caches"),
            };
            return Err(self.wrong(path, &message, expected, &example));
        }
        Ok(match peers {
            Peers::Bus => room.min(u64::from(coherence::CORES_MAX)) as u32,
            Peers::None => coherence::CORES_MAX,
        })
    }

    /// An inclusive level that is smaller than what it includes is legal, and rarely meant.
    fn warnings(&self, machine: &MachineSpec) -> Vec<ConfigWarning> {
        let mut warnings = Vec::new();
        let all: Vec<_> = machine.private.iter().chain(&machine.shared).collect();
        let mut inside = 0_u64;
        for (number, level) in all.iter().enumerate() {
            let size = level.geometry.size_bytes();
            let copies = if number == machine.private.len() { u64::from(machine.cores) } else { 1 };
            inside *= copies;
            if number > 0 && level.inclusion == Inclusion::Inclusive && size < inside {
                let (name, inner) = (&level.name, bytes_text(inside));
                warnings.push(ConfigWarning {
                    message: format!(
                        "the inclusive {name} of {} is smaller than the {inner} inside it",
                        bytes_text(size)
                    ),
                    origin: self.draft.origin(&format!("caches.{number}.size")),
                    label: "its evictions will take lines out of the inner levels".to_owned(),
                    help: format!(
                        "{inner} hold all of the inner levels; \
                         `{name}.inclusion=NonInclusive` leaves them alone"
                    ),
                });
            }
            inside = inside.max(size);
            if number == 0 {
                inside += machine.l1i.as_ref().map_or(0, |l1i| l1i.geometry.size_bytes());
            }
        }
        warnings
    }
}
