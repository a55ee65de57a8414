//! A cell that works, for the help of a diagnostic.

use coherence::{
    BusOp, Holding, Processor, ProcessorStep, Protocol, ProtocolParts, SnoopStep, State, StateInfo,
};

use super::cell::{Side, written};

/// The states of a file, once they are read.
pub(super) struct States {
    pub(super) infos: Vec<StateInfo>,
    pub(super) names: Vec<String>,
    /// The operations that the file names: an example asks for no other where one of them will
    /// do, because another one would be a column more.
    pub(super) ops: Vec<BusOp>,
}

/// A side whose cells can be tried one at a time.
pub(super) trait Tried: Side {
    /// Returns steps of a cell, likely ones first.
    fn candidates(states: &States, row: State, event: Self::Event) -> Vec<Self>;
    /// Makes tables that are empty but for one cell.
    fn alone(self, states: &States, row: State, event: Self::Event) -> ProtocolParts;
}

/// Returns a cell that keeps every rule of its own, or `never` where no step does.
pub(super) fn example<S: Tried>(states: &States, row: State, event: S::Event) -> String {
    working::<S>(states, row, event).unwrap_or_else(|| written(S::NEVER, event, &states.names))
}

/// Returns a cell that keeps every rule of its own, if there is one besides `never`.
pub(super) fn working<S: Tried>(states: &States, row: State, event: S::Event) -> Option<String> {
    let keeps_the_rules = |step: &S| {
        let protocol = Protocol::new(step.alone(states, row, event));
        let wrong =
            |defect: &coherence::Defect| defect.state == row && defect.event == S::event(event);
        protocol.is_ok_and(|protocol| !protocol.defects().iter().any(wrong))
    };
    let step = S::candidates(states, row, event).into_iter().find(keeps_the_rules);
    step.map(|step| written(step, event, &states.names))
}

/// Returns a whole row that keeps the rules, for those columns.
pub(super) fn row<S: Tried>(
    states: &States,
    row: State,
    columns: impl Iterator<Item = S::Event>,
) -> String {
    let cells: Vec<_> = columns
        .map(|event| format!("{}: {}", S::event(event), example::<S>(states, row, event)))
        .collect();
    format!("{}: ({})", states.names[row.index()], cells.join(", "))
}

impl States {
    /// Makes the parts of a protocol in which every cell is `never`.
    pub(super) fn empty(&self) -> ProtocolParts {
        ProtocolParts {
            name: String::new(),
            source: String::new(),
            states: self.infos.clone(),
            processor: vec![[ProcessorStep::Never; Processor::ALL.len()]; self.infos.len()],
            snoop: vec![[SnoopStep::Never; BusOp::ALL.len()]; self.infos.len()],
        }
    }

    /// Returns the operations with which a core can ask to store, those of the file first.
    fn ops_of_stores(&self) -> [BusOp; 4] {
        let mut ops = [BusOp::BusUpgr, BusOp::BusRdX, BusOp::BusUpd, BusOp::BusRd];
        ops.sort_by_key(|op| !self.ops.contains(op));
        ops
    }

    fn holding(&self, state: State) -> Holding {
        self.infos[state.index()].holding
    }

    /// Returns the valid states, those first that a key puts first.
    fn valid_by<K: Ord>(&self, key: impl Fn(State, Holding) -> K) -> Vec<State> {
        let mut states: Vec<_> = (1..self.infos.len() as u8).map(State).collect();
        states.sort_by_key(|state| key(*state, self.holding(*state)));
        states
    }
}

impl Tried for ProcessorStep {
    fn candidates(states: &States, row: State, event: Processor) -> Vec<Self> {
        let from = states.holding(row);
        let silent = |ends: &[State]| ends.iter().map(|end| Self::Silent(*end)).collect::<Vec<_>>();
        let bus = |op, ends: &[State]| -> Vec<Self> {
            ends.iter().map(|end| Self::Bus(op, *end)).collect()
        };
        match event {
            Processor::Load => {
                // Others may hold a line that is read: the state reached must allow for it.
                let ends = states.valid_by(|end, to| (end != row, to.unique, to.forwards));
                [silent(&ends), bus(BusOp::BusRd, &ends)].concat()
            }
            Processor::Store => {
                let ends = states.valid_by(|_, to| !to.unique);
                let told: Vec<_> = states
                    .ops_of_stores()
                    .into_iter()
                    .flat_map(|op| match op {
                        BusOp::BusUpgr | BusOp::BusRdX => bus(op, &ends),
                        // What leaves others their copies ends by whether there are any.
                        BusOp::BusRd | BusOp::BusUpd => {
                            let owner = |unique| {
                                let is = |end: &&State| {
                                    let to = states.holding(**end);
                                    to.dirty && to.unique == unique
                                };
                                ends.iter().find(is).copied()
                            };
                            let wire = owner(false).zip(owner(true));
                            wire.map(|(shared, alone)| Self::Wire { op, shared, alone })
                                .into_iter()
                                .collect()
                        }
                    })
                    .collect();
                if from.unique { [silent(&ends), told].concat() } else { told }
            }
            Processor::Evict => {
                vec![Self::Discard(State::INVALID), Self::WriteBack(State::INVALID)]
            }
            Processor::Clean => silent(
                &states.valid_by(|end, to| (end != row, to.unique != from.unique, to.forwards)),
            ),
        }
    }

    fn alone(self, states: &States, row: State, event: Processor) -> ProtocolParts {
        let mut parts = states.empty();
        parts.processor[row.index()][event as usize] = self;
        parts
    }
}

impl Tried for SnoopStep {
    fn candidates(states: &States, row: State, op: BusOp) -> Vec<Self> {
        let mut ends = states.valid_by(|end, to| (to.forwards, end != row));
        match op {
            BusOp::BusRd | BusOp::BusUpd => ends.push(State::INVALID),
            BusOp::BusRdX | BusOp::BusUpgr => ends.insert(0, State::INVALID),
        }
        let steps = [Self::Silent, Self::Flush, Self::Supply, Self::HandOver];
        steps.into_iter().flat_map(|step| ends.iter().map(move |end| step(*end))).collect()
    }

    fn alone(self, states: &States, row: State, op: BusOp) -> ProtocolParts {
        let mut parts = states.empty();
        parts.snoop[row.index()][op as usize] = self;
        parts
    }
}
