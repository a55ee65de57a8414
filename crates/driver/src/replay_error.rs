//! Why a replay has nothing to report.

use std::fmt;

use cache::Addr;
use coherence::{Broken, BuildError, FirstLevel, Machine, Observer, Place, Protocol};
use trace::TraceError;

use crate::audit::BrokenLaw;
use crate::observe::Violation;

/// Why there is nothing to report.
#[derive(Debug)]
pub enum ReplayError {
    /// The trace is not readable.
    Trace(TraceError),
    /// The machine cannot be built.
    Build(BuildError),
    /// The caller asked to stop after so many accesses.
    Interrupted(u64),
    /// A load did not see the last store.
    Value(Box<ValueError>),
    /// A table was asked for an impossible cell at an access.
    Broken {
        /// The number of the access, from 1.
        access: u64,
        /// What was asked.
        broken: Broken,
        /// The name of the state.
        state: String,
    },
    /// A conservation law does not hold.
    Law(BrokenLaw),
    /// One of the promises above broke under a protocol that is not part of the program: its
    /// tables are to blame.
    Protocol(Box<ReplayError>),
    /// The trace names a core that the machine lacks.
    NoSuchCore {
        /// The number of the access, from 1.
        access: u64,
        /// The core.
        core: u32,
        /// The cores that there are.
        cores: u32,
    },
    /// Every core waits for dirty blocks that nothing cleans.
    Stuck {
        /// Cores that wait.
        cores: u64,
        /// Dirty blocks.
        dirty: u64,
    },
    /// After the drain, a line of the backing store lacks a store.
    NotStored {
        /// The address of the line.
        line: Addr,
    },
}

/// A load that did not see the last store, with what a reader needs to find out why.
#[derive(Clone, Debug)]
pub struct ValueError {
    /// The number of the access, from 1.
    pub access: u64,
    /// The load.
    pub violation: Violation,
    /// The line's address.
    pub line: Addr,
    /// Every core's state for the line after the access, by name.
    pub states: Vec<String>,
    /// The rule of the protocol's table that the access went by.
    pub rule: String,
}

impl ReplayError {
    /// Returns the error with another number of the access at which it happened.
    #[must_use]
    pub(crate) fn at_access(mut self, number: u64) -> Self {
        match &mut self {
            Self::Value(error) => error.access = number,
            Self::Broken { access, .. } | Self::NoSuchCore { access, .. } => *access = number,
            Self::Protocol(error) => {
                let inner = std::mem::replace(&mut **error, Self::Interrupted(0));
                **error = inner.at_access(number);
            }
            Self::Trace(_)
            | Self::Build(_)
            | Self::Interrupted(_)
            | Self::Law(_)
            | Self::Stuck { .. }
            | Self::NotStored { .. } => {}
        }
        self
    }

    /// Returns the number of the access at which it happened, if it happened at one.
    pub fn access(&self) -> Option<u64> {
        match self {
            Self::Value(error) => Some(error.access),
            Self::Broken { access, .. } | Self::NoSuchCore { access, .. } => Some(*access),
            Self::Protocol(error) => error.access(),
            Self::Trace(_)
            | Self::Build(_)
            | Self::Interrupted(_)
            | Self::Law(_)
            | Self::Stuck { .. }
            | Self::NotStored { .. } => None,
        }
    }
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trace(error) => error.fmt(f),
            Self::Build(error) => error.fmt(f),
            Self::Interrupted(accesses) => write!(f, "interrupted after {accesses} accesses"),
            Self::Value(error) => error.fmt(f),
            Self::Broken { access, broken, state } => write!(
                f,
                "access {access}: core {} was asked for the impossible cell {state}.{}",
                broken.core, broken.event
            ),
            Self::Law(law) => law.fmt(f),
            Self::Protocol(error) => error.fmt(f),
            Self::NoSuchCore { access, core, cores } => {
                write!(f, "access {access}: core {core} of a machine of {cores} cores")
            }
            Self::Stuck { cores, dirty } => {
                write!(f, "{cores} cores wait for {dirty} dirty blocks that nothing cleans")
            }
            Self::NotStored { line } => {
                write!(f, "after the drain the backing store lacks a store to the line {line}")
            }
        }
    }
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let v = &self.violation;
        write!(
            f,
            "access {}: core {} loaded word {} of the line {} and found store {}, not store {}; \
             the states are {}; the rule was {}",
            self.access,
            v.reference.core,
            v.word,
            self.line,
            v.found,
            v.expected,
            self.states.join(" "),
            self.rule
        )
    }
}

impl std::error::Error for ReplayError {}

impl ReplayError {
    /// Says which state was asked for an impossible cell.
    #[cold]
    pub(crate) fn broken<O: Observer>(access: u64, broken: Broken, machine: &Machine<O>) -> Self {
        let state = machine.spec().protocol.state_name(broken.state).to_owned();
        Self::Broken { access, broken, state }
    }

    /// Says what a reader needs to find out why a load did not see the last store.
    #[cold]
    pub(crate) fn value<O: Observer>(
        access: u64,
        violation: &Violation,
        machine: &Machine<O>,
    ) -> Self {
        let line = violation.reference.line;
        let spec = machine.spec();
        let name = |core: u32| spec.protocol.state_name(machine.state(core, line)).to_owned();
        let now = machine.state(violation.reference.core, line);
        let before = violation.state_before.unwrap_or(now);
        Self::Value(Box::new(ValueError {
            access,
            violation: violation.clone(),
            line: machine.line_size().base(line),
            rule: rule(violation, spec.protocol.state_name(before)),
            states: (0..spec.cores).map(name).collect(),
        }))
    }

    /// Lays a broken promise at the door of a protocol that is not part of the program.
    pub(crate) fn under(self, protocol: &Protocol) -> Self {
        match self {
            Self::Value(_) | Self::Broken { .. } | Self::Law(_) | Self::NotStored { .. }
                if !protocol.is_built_in() =>
            {
                Self::Protocol(Box::new(self))
            }
            other => other,
        }
    }
}

impl From<TraceError> for ReplayError {
    fn from(error: TraceError) -> Self {
        Self::Trace(error)
    }
}

/// Names the cell of the processor table that a load or atomic went by; `own` is the requester's
/// state before it.
fn rule(violation: &Violation, own: &str) -> String {
    let event = violation.reference.op.event().name();
    match (violation.answer, violation.filled_from) {
        (FirstLevel::Hit, _) => format!("{own}.{event}, a hit"),
        (FirstLevel::Miss { held: true, .. }, _) => format!("{own}.{event}, held further out"),
        (FirstLevel::Miss { .. }, from) => {
            let from = match from {
                Some(Place::Private { core, .. } | Place::Departing { core: Some(core), .. }) => {
                    format!("the cache of core {core}")
                }
                Some(Place::Shared { level, .. } | Place::Departing { cache: level, .. }) => {
                    format!("shared level {level}")
                }
                Some(Place::Store) | None => "the backing store".to_owned(),
            };
            format!("{own}.{event}, filled from {from}")
        }
    }
}
