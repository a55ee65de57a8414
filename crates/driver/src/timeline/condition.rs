//! What a step is looked for by.

use std::fmt;

use cache::{Addr, LineAddr};
use coherence::{BusOp, CoreId, MachineSpec, State};

use super::brief::{Brief, change_bit, has_own_bits};
use crate::observe::Step;
use crate::steps::Names;

/// Something that a step can be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Condition {
    /// About a line.
    Line(LineAddr),
    /// With an operation on the bus; with `None`, any.
    Bus(Option<BusOp>),
    /// With an operation on the bus, and about a line.
    BusOn(LineAddr),
    /// Asked by a core.
    Core(CoreId),
    /// Some core's state for some line becomes another: from, to, and how many states there are.
    Change(State, State, usize),
}

/// A condition that cannot be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConditionError {
    /// What was found.
    pub found: String,
    /// What was expected there.
    pub expected: String,
}

impl fmt::Display for ConditionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: expected {}", self.found, self.expected)
    }
}

impl std::error::Error for ConditionError {}

impl Condition {
    /// Reads a condition: `line=0x1000` (or a name that the trace gives), `bus=BusRdX`, `core=1`,
    /// `state M->I`. Without a key it is a line.
    pub fn read(text: &str, machine: &MachineSpec, names: &Names) -> Result<Self, ConditionError> {
        let text = text.trim();
        if let Some(change) = text.strip_prefix("state").filter(|rest| rest.starts_with([' ', '=']))
        {
            return Self::change(change[1..].trim(), machine);
        }
        let error =
            |found: &str, expected: String| ConditionError { found: found.to_owned(), expected };
        match text.split_once('=') {
            None | Some(("line", _)) => {
                let place = text.strip_prefix("line=").unwrap_or(text).trim();
                let addr = names.find(place).or_else(|| number(place).map(Addr));
                let known = names.first().map_or("0x1000", |name| name);
                let expected = || match text {
                    "" => "a condition such as line=0x1000, bus=BusRd, core=0, state I->S".into(),
                    _ => format!("an address, or a name of the trace, such as line={known}"),
                };
                addr.map(|addr| Self::Line(machine.line.line(addr)))
                    .ok_or_else(|| error(place, expected()))
            }
            Some(("bus", name)) => {
                let op = BusOp::ALL.iter().find(|op| op.name().eq_ignore_ascii_case(name.trim()));
                let names: Vec<_> = BusOp::ALL.iter().map(|op| op.name()).collect();
                let expected = || format!("one of {}, such as bus=BusRdX", names.join(", "));
                op.map(|op| Self::Bus(Some(*op))).ok_or_else(|| error(name, expected()))
            }
            Some(("core", core)) => {
                let core = core.trim();
                let digits = core.trim_start_matches(['c', 'C']);
                let found = digits.parse().ok().filter(|core| *core < machine.cores);
                let last = machine.cores - 1;
                found
                    .map(Self::Core)
                    .ok_or_else(|| error(core, format!("a core from 0 to {last}, as in core=0")))
            }
            Some((key, _)) => {
                Err(error(key, "line, bus, core or state, such as bus=BusRdX".to_owned()))
            }
        }
    }

    /// Returns a condition of the same kind that a step meets, as it is written, if there is one.
    pub fn like(&self, machine: &MachineSpec, step: &Step) -> Option<String> {
        match self {
            Self::Line(_) | Self::BusOn(_) => {
                Some(format!("line={}", machine.line.base(step.line)))
            }
            Self::Bus(_) => step.bus.first().map(|bus| format!("bus={}", bus.op.name())),
            Self::Core(_) => Some(format!("core={}", step.core)),
            Self::Change(..) => {
                let change = step.changes.iter().find(|change| change.from != change.to)?;
                let [from, to] =
                    [change.from, change.to].map(|state| machine.protocol.state_name(state));
                Some(format!("state {from}->{to}"))
            }
        }
    }

    fn change(text: &str, machine: &MachineSpec) -> Result<Self, ConditionError> {
        let protocol = &machine.protocol;
        let states = protocol.states().len();
        let state = |name: &str| {
            let is = |state: &State| protocol.state_name(*state).eq_ignore_ascii_case(name.trim());
            protocol.all_states().find(is)
        };
        let parts = text.split_once("->");
        let read =
            parts.and_then(|(from, to)| Some(Self::Change(state(from)?, state(to)?, states)));
        read.ok_or_else(|| {
            let names: Vec<_> = protocol.states().iter().map(|state| &*state.name).collect();
            let (first, last) = (names[0], names[names.len() - 1]);
            ConditionError {
                found: text.to_owned(),
                expected: format!(
                    "two of the states {}, such as state {last}->{first}",
                    names.join(" ")
                ),
            }
        })
    }

    /// Tells whether a step may be meant, by what is kept of it.
    pub(super) fn may_meet(&self, brief: &Brief) -> bool {
        match *self {
            Self::Line(line) => brief.line() == line,
            Self::Bus(op) => brief.has_bus(op),
            Self::BusOn(line) => brief.line() == line && brief.has_bus(None),
            Self::Core(core) => brief.core() == core,
            Self::Change(from, to, states) => brief.may_change(change_bit(states, from, to)),
        }
    }

    /// Tells whether what is kept of a step is enough to say that it is meant.
    pub(super) fn is_exact(&self, machine: &MachineSpec) -> bool {
        match self {
            Self::Line(_) | Self::Bus(_) | Self::BusOn(_) | Self::Core(_) => true,
            Self::Change(..) => has_own_bits(machine.protocol.states().len()),
        }
    }

    /// Tells whether a step is meant.
    pub fn is_met(&self, step: &Step) -> bool {
        let has_bus =
            |op: Option<BusOp>| step.bus.iter().any(|bus| op.is_none_or(|wanted| wanted == bus.op));
        match *self {
            Self::Line(line) => step.line == line,
            Self::Bus(op) => has_bus(op),
            Self::BusOn(line) => step.line == line && has_bus(None),
            Self::Core(core) => step.core == core,
            Self::Change(from, to, _) => {
                step.changes.iter().any(|change| change.from == from && change.to == to)
            }
        }
    }
}

fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}
