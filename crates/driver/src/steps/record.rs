//! A step as the lines of `mesim.steps/1` have it: names and numbers, ready to be printed.

use cache::LineAddr;
use coherence::{FirstLevel, MachineSpec, State, Supplier};
use indexmap::IndexMap;
use serde::Serialize;

use super::names::Names;
use super::why::why;
use crate::observe::{Happening, Step, Writer};

/// The name and version of the format.
pub const STEPS_SCHEMA: &str = "mesim.steps/1";

/// The first line: what the steps are steps of.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct StepsHeader {
    /// The name and version of the format.
    pub schema: &'static str,
    /// The trace's title, if it has one.
    pub title: Option<String>,
    /// The machine.
    pub machine: StepsMachine,
}

/// The machine, as far as a reader of steps needs it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct StepsMachine {
    /// How many cores it has, if that is known before the records are read.
    pub cores: Option<u32>,
    /// The protocol's name.
    pub protocol: String,
    /// The names of its states, that of a line which is not held first.
    pub states: Vec<String>,
    /// Bytes of a line.
    pub line_bytes: u64,
}

impl StepsHeader {
    /// Makes the first line of the steps of a machine, `cores` of which are known.
    pub fn new(machine: &MachineSpec, cores: Option<u32>, title: Option<String>) -> Self {
        let protocol = &machine.protocol;
        let states = protocol.states().iter().map(|state| state.name.to_string());
        Self {
            schema: STEPS_SCHEMA,
            title,
            machine: StepsMachine {
                cores,
                protocol: protocol.name().to_owned(),
                states: states.collect(),
                line_bytes: machine.line.bytes(),
            },
        }
    }

    /// Returns the line, without its end.
    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers are JSON")
    }
}

/// One step: a reference (or one line of a clean or flush), and all that it did.
///
/// An access that touches two lines is two references, and two records with numbers of their own,
/// in the order of the addresses: each has the bytes that fall in its line. So has a clean or flush
/// of several lines; a flush of everything has a record for each line that some cache holds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct StepRecord {
    /// The number of the step, from 1.
    pub i: u64,
    /// The core.
    pub core: u32,
    /// `R`, `W`, `A` (atomic), `I` (fetch), `C` (clean) or `F` (flush).
    pub op: &'static str,
    /// The first byte.
    pub addr: String,
    /// How many bytes of the access lie in this line.
    pub size: u32,
    /// The line's first byte.
    pub line: String,
    /// A valid copy was in the first level; of a clean or flush nobody asks.
    pub hit: Option<bool>,
    /// The class of a miss.
    pub class: Option<&'static str>,
    /// What went over the bus for it.
    pub bus: BusOps,
    /// Who had the line that a miss brought: `core1`, a level's name or `memory`.
    pub supplier: Option<String>,
    /// Every core's state for the line before it.
    pub before: States,
    /// Every core's state for the line after it.
    pub after: States,
    /// What else happened to whose lines, in order.
    pub events: Vec<StepEvent>,
    /// The cells of the protocol's tables that decided, in order, such as `I.Store`.
    pub cells: Vec<String>,
    /// The words that were accessed, each with the step that had written what the copy holds of it
    /// then; 0 if no step had.
    pub values: IndexMap<String, u64>,
    /// Why it came like that, in one to three sentences.
    pub why: String,
}

/// The transactions of a step.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(untagged)]
pub enum BusOps {
    /// None (`null`), or one.
    AtMostOne(Option<&'static str>),
    /// Several, in order.
    Several(Vec<&'static str>),
}

impl BusOps {
    /// Returns the names, in order.
    pub fn names(&self) -> &[&'static str] {
        match self {
            Self::AtMostOne(op) => op.as_slice(),
            Self::Several(ops) => ops,
        }
    }
}

/// Every core's state for a line, core 0 first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(untagged)]
pub enum States {
    /// A letter a core, where every state of the protocol is called by a letter.
    Letters(String),
    /// A name a core.
    Names(Vec<String>),
}

impl States {
    pub(super) fn of(machine: &MachineSpec, states: &[State]) -> Self {
        let protocol = &machine.protocol;
        let names = states.iter().map(|state| protocol.state_name(*state));
        if protocol.states().iter().all(|state| state.name.len() == 1) {
            Self::Letters(names.collect())
        } else {
            Self::Names(names.map(str::to_owned).collect())
        }
    }

    /// Returns the names, core by core.
    pub fn names(&self) -> Vec<String> {
        match self {
            Self::Letters(letters) => letters.chars().map(String::from).collect(),
            Self::Names(names) => names.clone(),
        }
    }
}

/// Something that happened to a core's line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct StepEvent {
    /// The core.
    pub core: u32,
    /// What.
    #[serde(rename = "do")]
    pub what: &'static str,
    /// The line's first byte, where it is another line than the step's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
    /// The state in which the core keeps the line, where it is said (`clean`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

impl StepRecord {
    /// Makes the record of a step of a machine, with sentences that call addresses by their names.
    pub fn new(machine: &MachineSpec, names: &Names, step: &Step) -> Self {
        let protocol = &machine.protocol;
        let mut ops: Vec<_> = step.bus.iter().map(|bus| bus.op.name()).collect();
        let number = |writer: Option<Writer>| writer.map_or(0, Writer::step);
        let values = step.words.iter().map(|(word, writer)| (word.to_string(), number(*writer)));
        Self {
            i: step.number,
            core: step.core,
            op: step.action.letter(),
            addr: step.addr(machine.line).to_string(),
            size: step.bytes,
            line: machine.line.base(step.line).to_string(),
            hit: step.answer.map(|answer| answer == FirstLevel::Hit),
            class: step.class,
            bus: match ops.len() {
                0 | 1 => BusOps::AtMostOne(ops.pop()),
                _ => BusOps::Several(ops),
            },
            supplier: supplier(machine, step),
            before: States::of(machine, &step.before),
            after: States::of(machine, &step.after),
            events: step.happenings.iter().map(|it| event(machine, step.line, *it)).collect(),
            cells: step.cells.iter().map(|used| protocol.cell_name(used.cell)).collect(),
            values: values.collect(),
            why: why(machine, names, step),
        }
    }

    /// Returns the record as a line of JSON, without its end.
    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers are JSON")
    }
}

/// Who had the line that a miss brought.
fn supplier(machine: &MachineSpec, step: &Step) -> Option<String> {
    Some(match (step.supplier(), step.own_supplier()) {
        (Some(Supplier::Core(core)), _) => format!("core{core}"),
        (Some(Supplier::Shared(level)), _) => machine.shared[level].name.clone(),
        (Some(Supplier::Store), _) => "memory".to_owned(),
        (None, Some(cache)) => machine.private.iter().chain(&machine.l1i).nth(cache)?.name.clone(),
        (None, None) => return None,
    })
}

fn event(machine: &MachineSpec, own: LineAddr, happening: Happening) -> StepEvent {
    let (core, line) = happening.whose();
    let mut state = None;
    let what = match happening {
        Happening::Flush(..) => "flush",
        Happening::Supply(..) => "supply",
        Happening::HandOver(..) => "hand_over",
        Happening::Update(..) => "update",
        Happening::Invalidate(..) => "invalidate",
        Happening::WriteBack(..) => "write_back",
        Happening::Clean(_, _, now) => {
            state = Some(machine.protocol.state_name(now).to_owned());
            "clean"
        }
        Happening::Evict(..) => "evict",
        Happening::BackInvalidate(..) => "back_invalidate",
    };
    let line = (line != own).then(|| machine.line.base(line).to_string());
    StepEvent { core, what, line, state }
}
