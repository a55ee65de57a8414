//! A plan as a file: every cell of a space with its id, in the order in which tables list them.

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;

use ron::ser::PrettyConfig;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::shares;
use crate::config::{Origin, Source};
use crate::interleave::{Interleave, InterleaveError};
use crate::protocol_file::first_line;
use crate::slices;

/// What a plan says that it is.
const SCHEMA: &str = "mesim.plan/1";

/// The largest plan, in bytes.
const BYTES_MAX: usize = 64 << 20;

/// Every run of a space.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename = "plan")]
pub struct Plan {
    /// `mesim.plan/1`.
    pub schema: String,
    /// The version of mesim that made it.
    pub mesim: String,
    /// The file of the space, from the folder of the plan. All other paths count from its folder.
    pub space: String,
    /// How the traces are read.
    pub reading: Reading,
    /// What is counted.
    pub options: RunOptions,
    /// Keys of the config and the values that all machines have.
    pub set: Vec<(String, String)>,
    /// The keys that are varied.
    pub keys: Vec<String>,
    /// The traces.
    pub traces: Vec<PlannedTrace>,
    /// The machines.
    pub machines: Vec<PlannedMachine>,
    /// The runs.
    pub cells: Vec<Cell>,
}

/// How traces are read, as the flags of `mesim replay` say it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename = "reading")]
pub struct Reading {
    /// The format; recognised if left out.
    pub format: Option<String>,
    /// What the columns of a table hold.
    pub columns: Option<String>,
    /// How a modify of a lackey trace is read.
    pub lackey_modify: Option<String>,
    /// Whether requests without operations are writes.
    pub requests_write: bool,
}

/// What a run counts besides what it always does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename = "options")]
pub struct RunOptions {
    /// Classify every miss.
    pub classify: bool,
    /// Compare every load with the last store.
    pub check: bool,
    /// Leave cycles out.
    pub counts_only: bool,
    /// Accesses to run before counting begins.
    pub warmup: u64,
    /// The most accesses that are replayed, those of the warm-up included.
    pub limit: Option<u64>,
}

/// A trace, and what it was when the plan was made.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename = "trace")]
pub struct PlannedTrace {
    /// Its files as the space names them.
    pub files: Vec<String>,
    /// The SHA-256 of each file in order; those of a folder in the order of their names.
    pub sha256: Vec<String>,
    /// How many accesses it has.
    pub accesses: u64,
}

impl PlannedTrace {
    /// Returns its files without their folders, as one text.
    fn bare_name(&self) -> String {
        let bare = |file: &String| file.rsplit('/').next().unwrap_or(file).to_owned();
        self.files.iter().map(bare).collect::<Vec<_>>().join(" ")
    }
}

/// A config and the values of the varied keys.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename = "machine")]
pub struct PlannedMachine {
    /// The config as the space names it; without one, the trace's own or the built-in one.
    pub config: Option<String>,
    /// A value for each key of the plan.
    pub values: Vec<String>,
}

/// One run: a trace on a machine in an order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename = "cell")]
pub struct Cell {
    /// Its id, of 16 hexadecimal digits: that of everything that decides its result.
    pub id: String,
    /// The number of its trace.
    pub trace: usize,
    /// The number of its machine.
    pub machine: usize,
    /// The order of accesses.
    #[serde(with = "order")]
    pub order: Interleave,
    /// The accesses that it replays.
    pub work: u64,
    /// About how much memory it takes, in bytes.
    pub memory: u64,
}

/// An order of accesses as its text.
mod order {
    use super::{Deserialize, Deserializer, Interleave, InterleaveError, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(order: &Interleave, to: S) -> Result<S::Ok, S::Error> {
        order.to_string().serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Interleave, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(|error: InterleaveError| serde::de::Error::custom(error))
    }
}

/// What keeps a plan from being used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlanError {
    /// It is a plan, but another version of mesim made it.
    pub is_of_another_version: bool,
    /// What was found.
    pub message: String,
    /// Where.
    pub origin: Origin,
    /// What is to be said of the place.
    pub label: String,
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.message, self.label)
    }
}

impl std::error::Error for PlanError {}

/// What of a plan says who can read it.
#[derive(Deserialize)]
struct Head {
    schema: String,
    mesim: String,
}

impl Plan {
    /// Returns a plan without traces, machines and cells.
    pub fn empty(space: String, reading: Reading, options: RunOptions) -> Self {
        let (schema, mesim) = (SCHEMA.to_owned(), env!("CARGO_PKG_VERSION").to_owned());
        let (set, keys, traces, machines, cells) = (vec![], vec![], vec![], vec![], vec![]);
        Self { schema, mesim, space, reading, options, set, keys, traces, machines, cells }
    }

    /// Returns the text of the plan's file.
    pub fn ron(&self) -> String {
        let pretty = PrettyConfig::new().depth_limit(2).struct_names(false);
        let mut text =
            ron::ser::to_string_pretty(self, pretty).expect("texts and numbers can be written");
        text.push('\n');
        text
    }

    /// Reads the text of a plan, which `path` names in errors.
    pub fn read(path: &str, text: &str) -> Result<Self, PlanError> {
        let error = |span: Range<usize>, message: String, label: String| {
            let source = Source::File { path: path.into(), text: text.into() };
            let origin = Origin { source, span: first_line(text, span) };
            PlanError { is_of_another_version: false, message, origin, label }
        };
        if text.len() > BYTES_MAX {
            let source = Source::File { path: path.into(), text: "".into() };
            let message = format!("a plan of more than {BYTES_MAX} bytes is none");
            let (origin, label) = (Origin { source, span: 0..0 }, "not read further".to_owned());
            return Err(PlanError { is_of_another_version: false, message, origin, label });
        }
        let unreadable = |wrong: &ron::error::SpannedError| {
            let (span, label) = slices::fault(text, wrong);
            error(span, "the file is no plan".to_owned(), label)
        };
        let head: Head = ron::from_str(text).map_err(|wrong| unreadable(&wrong))?;
        let version = env!("CARGO_PKG_VERSION");
        let foreign = |word: &str, message: String, label: String| {
            let start = text.find(&format!("\"{word}\"")).map_or(0, |at| at + 1);
            let error = error(start..start + word.len(), message, label);
            PlanError { is_of_another_version: true, ..error }
        };
        if head.schema != SCHEMA {
            let message = format!("the plan is a `{}`", head.schema);
            return Err(foreign(&head.schema, message, format!("expected `{SCHEMA}`")));
        }
        if head.mesim != version {
            let message = format!("the plan was made by mesim {}", head.mesim);
            return Err(foreign(&head.mesim, message, format!("this is mesim {version}")));
        }
        let plan: Self = ron::from_str(text).map_err(|wrong| unreadable(&wrong))?;
        if let Some((what, word)) = plan.fault() {
            let start = text.find(&word).unwrap_or(0);
            let span = start..(start + word.len()).min(text.len());
            return Err(error(span, "the plan does not hold together".to_owned(), what));
        }
        Ok(plan)
    }

    /// Returns what is wrong within the plan, and a word of it near there.
    fn fault(&self) -> Option<(String, String)> {
        let is_name =
            |id: &str| id.len() == 16 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let mut ids = HashSet::new();
        for cell in &self.cells {
            let found = |what: &str| Some((format!("cell `{}` {what}", cell.id), cell.id.clone()));
            if !is_name(&cell.id) {
                return found("has no id of 16 hexadecimal digits");
            }
            if !ids.insert(&cell.id) {
                return found("is there twice");
            }
            if cell.trace >= self.traces.len() {
                return found("is of a trace that is not listed");
            }
            if cell.machine >= self.machines.len() {
                return found("is of a machine that is not listed");
            }
        }
        let odd = self.machines.iter().find(|machine| machine.values.len() != self.keys.len());
        if odd.is_some() {
            return Some((
                "a machine has not one value for each key".to_owned(),
                "keys".to_owned(),
            ));
        }
        let odd = self.traces.iter().find(|trace| trace.files.is_empty())?;
        Some((format!("a trace of {} accesses has no file", odd.accesses), "traces".to_owned()))
    }

    /// Returns the accesses of all cells together.
    pub fn work(&self) -> u64 {
        self.cells.iter().fold(0, |sum, cell| sum.saturating_add(cell.work))
    }

    /// Returns the numbers of the cells of one of `of` shares, counted from 1, in order.
    ///
    /// Shares are about the same amount of work, and cells of one trace stay together as far as
    /// that goes, so that few shares decode it. Every cell is in one share.
    ///
    /// # Panics
    /// If there is no such share.
    pub fn share(&self, number: u32, of: u32) -> Range<usize> {
        assert!((1..=of).contains(&number), "shares count from 1");
        self.shares(of).swap_remove(number as usize - 1)
    }

    /// Returns the numbers of the cells of each of so many shares.
    pub fn shares(&self, of: u32) -> Vec<Range<usize>> {
        shares::divide(self, of as usize)
    }

    /// Returns how many accesses of work a share is, what it decodes included.
    pub fn work_of(&self, cells: Range<usize>) -> u64 {
        shares::work(self, cells)
    }

    /// Returns what tables call a trace: its files, without their folders where no other trace is
    /// called the same then.
    pub fn trace_name(&self, trace: usize) -> String {
        let bare = self.traces[trace].bare_name();
        let is_alone = self.traces.iter().filter(|one| one.bare_name() == bare).count() == 1;
        if is_alone && !bare.is_empty() { bare } else { self.traces[trace].files.join(" ") }
    }

    /// Describes a cell in words: its trace, its machine, its order.
    pub fn describe(&self, cell: &Cell) -> String {
        let machine = &self.machines[cell.machine];
        let mut words = vec![self.trace_name(cell.trace)];
        words.extend(machine.config.clone());
        let pairs = self.keys.iter().zip(&machine.values);
        words.extend(pairs.map(|(key, value)| format!("{key}={value}")));
        words.push(cell.order.to_string());
        words.join(", ")
    }
}
