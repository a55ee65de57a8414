//! A coherence protocol: states and two tables, as one value.
//!
//! The engine, the renderer and every checker read the same [`Protocol`]. A built-in one is a file
//! of this folder that reads as the textbook's table.

mod dragon;
mod mesi;
mod mesif;
mod moesi;
mod msi;

use std::borrow::Cow;

use crate::defect::{Defect, Grid};
use crate::observe::Cell;
use crate::step::{BusOp, Holding, Processor, ProcessorStep, SnoopStep, State};

/// One state: its name, what it means, and what its holder may assume.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StateInfo {
    /// The letter or word that tables print.
    pub name: Cow<'static, str>,
    /// One sentence for a reader.
    pub meaning: Cow<'static, str>,
    /// What the state lets its holder assume.
    pub holding: Holding,
}

/// A protocol: what each side does in each state at each event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Protocol {
    name: Cow<'static, str>,
    source: Cow<'static, str>,
    states: Cow<'static, [StateInfo]>,
    processor: Cow<'static, [[ProcessorStep; Processor::ALL.len()]]>,
    snoop: Cow<'static, [[SnoopStep; BusOp::ALL.len()]]>,
}

impl Protocol {
    /// The protocols that are part of the program, each checked by the compiler.
    pub const BUILT_IN: &[&Self] =
        &[&msi::MSI, &mesi::MESI, &moesi::MOESI, &mesif::MESIF, &dragon::DRAGON];

    /// Returns a built-in protocol by its name, in any case.
    pub fn built_in(name: &str) -> Option<&'static Self> {
        Self::BUILT_IN.iter().find(|p| p.name.eq_ignore_ascii_case(name)).copied()
    }

    /// Returns the protocol's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns where the protocol is described.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Returns the states in order; the first is the one of a line that is not held.
    pub fn states(&self) -> &[StateInfo] {
        &self.states
    }

    /// Returns the name of a state.
    pub fn state_name(&self, state: State) -> &str {
        &self.states[state.index()].name
    }

    /// Returns what a state holds.
    pub fn holding(&self, state: State) -> Holding {
        self.states[state.index()].holding
    }

    /// Returns the core's own step.
    pub fn processor(&self, state: State, event: Processor) -> ProcessorStep {
        self.processor[state.index()][event as usize]
    }

    /// Returns the step of a core that sees another's transaction.
    pub fn snoop(&self, state: State, op: BusOp) -> SnoopStep {
        self.snoop[state.index()][op as usize]
    }

    /// Returns the protocol with one cell of the core's own side changed.
    #[must_use]
    pub fn with_own(mut self, state: State, event: Processor, step: ProcessorStep) -> Self {
        self.processor.to_mut()[state.index()][event as usize] = step;
        self
    }

    /// Returns the protocol with one cell of the other cores' side changed.
    #[must_use]
    pub fn with_snoop(mut self, state: State, op: BusOp, step: SnoopStep) -> Self {
        self.snoop.to_mut()[state.index()][op as usize] = step;
        self
    }

    /// Returns the protocol under another name.
    #[must_use]
    pub fn renamed(self, name: String) -> Self {
        Self { name: Cow::Owned(name), ..self }
    }

    /// Returns all states, that of a line which is not held first.
    pub fn all_states(&self) -> impl DoubleEndedIterator<Item = State> + Clone + use<> {
        (0..self.states.len() as u8).map(State)
    }

    /// Returns all cells of both tables, row by row.
    pub fn cells(&self) -> impl Iterator<Item = Cell> + use<> {
        self.all_states().flat_map(|state| {
            let own = Processor::ALL.into_iter().map(move |event| Cell::Own(state, event));
            let snoop = BusOp::ALL.into_iter().map(move |op| Cell::Snoop(state, op));
            own.chain(snoop)
        })
    }

    /// Returns a cell's name: the state and the event, as in `S.BusUpgr`.
    pub fn cell_name(&self, cell: Cell) -> String {
        let (state, event) = match cell {
            Cell::Own(state, event) => (state, event.name()),
            Cell::Snoop(state, op) => (state, op.name()),
        };
        format!("{}.{event}", self.state_name(state))
    }

    /// Tells whether a cell is declared impossible.
    pub fn is_never(&self, cell: Cell) -> bool {
        match cell {
            Cell::Own(state, event) => self.processor(state, event) == ProcessorStep::Never,
            Cell::Snoop(state, op) => self.snoop(state, op) == SnoopStep::Never,
        }
    }

    /// Tells whether a core ever puts the operation on the bus.
    pub fn issues(&self, op: BusOp) -> bool {
        self.processor.iter().flatten().any(|step| step.op() == Some(op))
    }

    /// Tells whether an owner ever hands a dirty line over to a writer.
    pub fn hands_over(&self) -> bool {
        self.snoop.iter().flatten().any(|step| matches!(step, SnoopStep::HandOver(_)))
    }

    /// Returns the cells that are wrong in any protocol, row by row.
    pub fn defects(&self) -> Vec<Defect> {
        let states: Vec<_> = self.states.iter().map(|state| state.holding).collect();
        let grid = Grid { states: &states, processor: &self.processor, snoop: &self.snoop };
        grid.defects()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_is_found_by_its_name_in_any_case() {
        for protocol in Protocol::BUILT_IN {
            assert_eq!(Protocol::built_in(&protocol.name().to_lowercase()), Some(*protocol));
            assert_eq!(protocol.defects(), []);
        }
        assert_eq!(Protocol::built_in("FIREFLY"), None);
    }

    #[test]
    fn the_audit_names_the_cell_that_drops_dirty_data() {
        let mut broken = mesi::MESI.clone();
        let modified = State(3);
        broken.processor.to_mut()[modified.index()][Processor::Evict as usize] =
            ProcessorStep::Discard(State::INVALID);
        let defects = broken.defects();
        let [defect] = defects[..] else { panic!("one cell is wrong, not {defects:?}") };
        assert_eq!((defect.state, defect.event), (modified, "Evict"));
        assert_eq!(defect.rule, "an eviction drops dirty data");
    }
}
