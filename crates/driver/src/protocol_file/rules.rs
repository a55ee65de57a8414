//! The rules that every protocol must keep, asked of a file and told at its cells.

use coherence::{BusOp, Processor, ProcessorStep, Protocol, SnoopStep, State};

use super::cell::Side;
use super::error::{MistakeKind, Mistakes};
use super::example::{States, working};
use super::table::Table;

/// Where the parts of a protocol stand in its file.
pub(super) struct Places<'a> {
    /// The name of each state in the list of states.
    pub(super) states: Vec<&'a str>,
    /// What each state holds.
    pub(super) holdings: Vec<&'a str>,
    /// The name of the protocol.
    pub(super) name: &'a str,
    /// The key of the list of states.
    pub(super) list: &'a str,
}

/// Notes what is wrong with the states by themselves.
pub(super) fn check_states(states: &States, places: &Places<'_>, mistakes: &mut Mistakes<'_>) {
    let protocol = Protocol::new(states.empty());
    let defects = protocol.map(|protocol| protocol.defects()).unwrap_or_default();
    for defect in defects.into_iter().filter(|defect| defect.event == "states") {
        let name = &states.names[defect.state.index()];
        let at = places.holdings[defect.state.index()];
        let nothing = states.infos.iter().position(|info| !info.holding.valid);
        let help = match nothing {
            Some(number) if defect.state == State::INVALID => {
                format!("{}: here that is {}", defect.help, states.names[number])
            }
            _ => defect.help.to_owned(),
        };
        let message = format!("state {name}: {}", defect.rule);
        mistakes.at(MistakeKind::States, at, message, format!("what {name} holds"), help);
        if defect.state == State::INVALID {
            // The others are judged by being the first or not.
            return;
        }
    }
    if !states.infos.iter().any(|info| info.holding.dirty) {
        mistakes.at(
            MistakeKind::States,
            places.list,
            "no state is dirty",
            "expected a state for a line that was stored to",
            "for example `(name: \"M\", holds: [valid, unique, dirty])`",
        );
    }
}

/// Notes every cell that breaks a rule.
pub(super) fn check_cells(
    protocol: &Protocol,
    states: &States,
    (processor, snoop): (&Table<'_, ProcessorStep>, &Table<'_, SnoopStep>),
    mistakes: &mut Mistakes<'_>,
) {
    for defect in protocol.defects() {
        let name = &states.names[defect.state.index()];
        let own = Processor::ALL.into_iter().find(|event| event.name() == defect.event);
        let seen = BusOp::ALL.into_iter().find(|op| op.name() == defect.event);
        let (table, at, example) = match (own, seen) {
            (Some(event), _) => (
                ProcessorStep::TABLE,
                place(processor, defect.state, event as usize),
                working::<ProcessorStep>(states, defect.state, event),
            ),
            (None, Some(op)) => (
                SnoopStep::TABLE,
                place(snoop, defect.state, op as usize),
                working::<SnoopStep>(states, defect.state, op),
            ),
            // The states were asked before the tables were read.
            (None, None) => continue,
        };
        let Some(at) = at else { continue };
        mistakes.at(
            MistakeKind::Defect,
            at,
            format!("{name}, {}: {}", defect.event, defect.rule),
            format!("row {name} of `{table}`, column {}", defect.event),
            example.map_or_else(
                || defect.help.to_owned(),
                |example| format!("{}; for example `{example}`", defect.help),
            ),
        );
    }
}

/// Returns where a cell stands; the name of its row if the cell was left out.
fn place<'a, S>(table: &Table<'a, S>, state: State, column: usize) -> Option<&'a str> {
    let row = table.rows.get(state.index())?.as_ref()?;
    Some(row.cells[column].as_ref().map_or(row.key, |(_, place)| place))
}

/// Notes what is legal and was probably not meant.
pub(super) fn check_meaning(protocol: &Protocol, places: &Places<'_>, mistakes: &mut Mistakes<'_>) {
    for state in protocol.unreached() {
        let name = protocol.state_name(state);
        mistakes.at(
            MistakeKind::Unreached,
            places.states[state.index()],
            format!("no path of the tables reaches the state {name}"),
            "no core will ever be in it",
            format!("let a cell of a state that is reached lead to {name}, or leave {name} out"),
        );
    }
    if let Some(known) = Protocol::built_in(protocol.name()).filter(|known| *known != protocol) {
        mistakes.at(
            MistakeKind::Alias,
            places.name,
            format!("this is not the built-in {}", known.name()),
            "reports will call it so",
            format!("give it a name of its own, such as `\"my {}\"`", known.name()),
        );
    }
}
