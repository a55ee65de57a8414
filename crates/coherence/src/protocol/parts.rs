//! The parts of a protocol that comes from outside the program, and whether they fit together.

use std::fmt;

use super::StateInfo;
use crate::step::{BusOp, Processor, ProcessorStep, STATES_MAX, SnoopStep};

/// The longest name of a state, in bytes: tables have a column for it.
pub const STATE_NAME_BYTES_MAX: usize = 8;

/// What a [`Protocol`](crate::Protocol) is made of; a row of each table for each state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProtocolParts {
    /// The protocol's name.
    pub name: String,
    /// Where it is described.
    pub source: String,
    /// The states, that of a line which is not held first.
    pub states: Vec<StateInfo>,
    /// The core's own side: a cell for each event of [`Processor::ALL`].
    pub processor: Vec<[ProcessorStep; Processor::ALL.len()]>,
    /// The other cores' side: a cell for each operation of [`BusOp::ALL`].
    pub snoop: Vec<[SnoopStep; BusOp::ALL.len()]>,
}

/// Parts that do not fit together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PartsError {
    /// No states, or more than [`STATES_MAX`].
    States {
        /// How many there are.
        states: usize,
    },
    /// A name that no table can show.
    Name {
        /// The name.
        name: String,
    },
    /// Two states of one name.
    Twice {
        /// The name.
        name: String,
    },
    /// A table with another number of rows than there are states.
    Rows {
        /// The rows.
        rows: usize,
        /// The states.
        states: usize,
    },
    /// A step to a state that is not listed.
    Step {
        /// The name of the state whose row has the step.
        row: String,
    },
}

impl fmt::Display for PartsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::States { states } => {
                write!(f, "a protocol has 1 to {STATES_MAX} states, not {states}")
            }
            Self::Name { name } => write!(f, "`{name}` is no name of a state"),
            Self::Twice { name } => write!(f, "two states are called `{name}`"),
            Self::Rows { rows, states } => {
                write!(f, "a table has {rows} rows for {states} states")
            }
            Self::Step { row } => {
                write!(f, "a step of `{row}` leads to a state that is not listed")
            }
        }
    }
}

impl std::error::Error for PartsError {}

impl ProtocolParts {
    pub(super) fn check(&self) -> Result<(), PartsError> {
        let states = self.states.len();
        if states == 0 || states > STATES_MAX {
            return Err(PartsError::States { states });
        }
        for (number, state) in self.states.iter().enumerate() {
            let name = || state.name.to_string();
            if !is_state_name(&state.name) {
                return Err(PartsError::Name { name: name() });
            }
            if self.states[..number].iter().any(|other| other.name == state.name) {
                return Err(PartsError::Twice { name: name() });
            }
        }
        for rows in [self.processor.len(), self.snoop.len()] {
            if rows != states {
                return Err(PartsError::Rows { rows, states });
            }
        }
        for (row, state) in self.states.iter().enumerate() {
            let own = self.processor[row].into_iter().flat_map(ProcessorStep::ends);
            let seen = self.snoop[row].into_iter().filter_map(SnoopStep::next);
            if own.chain(seen).any(|end| end.index() >= states) {
                return Err(PartsError::Step { row: state.name.to_string() });
            }
        }
        Ok(())
    }
}

/// Tells whether a word can name a state: a letter, then letters, digits and `_`.
pub fn is_state_name(word: &str) -> bool {
    word.len() <= STATE_NAME_BYTES_MAX
        && word.starts_with(|c: char| c.is_ascii_alphabetic())
        && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Protocol;
    use crate::step::State;

    fn parts() -> ProtocolParts {
        let mesi = Protocol::built_in("MESI").expect("MESI is built in");
        ProtocolParts {
            name: mesi.name().to_owned(),
            source: mesi.source().to_owned(),
            states: mesi.states().to_vec(),
            processor: mesi.processor.to_vec(),
            snoop: mesi.snoop.to_vec(),
        }
    }

    fn refused(change: impl FnOnce(&mut ProtocolParts)) -> String {
        let mut parts = parts();
        change(&mut parts);
        Protocol::new(parts).expect_err("the parts do not fit").to_string()
    }

    #[test]
    fn parts_of_a_built_in_make_the_same_value() {
        assert_eq!(Protocol::new(parts()).as_ref(), Ok(Protocol::built_in("MESI").unwrap()));
    }

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        assert_eq!(refused(|parts| parts.states.clear()), "a protocol has 1 to 16 states, not 0");
        assert_eq!(
            refused(|parts| parts.states = vec![parts.states[0].clone(); 17]),
            "a protocol has 1 to 16 states, not 17"
        );
        for name in ["", "1", "a b", "Exclusive", "\u{e9}", "\u{1b}"] {
            let error = refused(|parts| parts.states[1].name = name.to_owned().into());
            assert_eq!(error, format!("`{name}` is no name of a state"));
        }
        assert_eq!(refused(|parts| parts.states[1].name = "M".into()), "two states are called `M`");
        assert_eq!(refused(|parts| parts.processor.truncate(3)), "a table has 3 rows for 4 states");
        assert_eq!(refused(|parts| parts.snoop.truncate(3)), "a table has 3 rows for 4 states");
        let nowhere = State(4);
        assert_eq!(
            refused(|parts| parts.snoop[3][0] = SnoopStep::Silent(nowhere)),
            "a step of `M` leads to a state that is not listed"
        );
        let wire = ProcessorStep::Wire { op: BusOp::BusRd, shared: State(1), alone: nowhere };
        assert_eq!(
            refused(|parts| parts.processor[0][0] = wire),
            "a step of `I` leads to a state that is not listed"
        );
    }
}
