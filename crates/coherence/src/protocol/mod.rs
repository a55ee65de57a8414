//! A coherence protocol: states and two tables, as one value.
//!
//! The engine, the renderer and every checker read the same [`Protocol`]. A built-in one is a file
//! of this folder that reads as the textbook's table.

mod dragon;
mod mesi;
mod mesif;
mod moesi;
mod msi;
mod parts;

use std::borrow::Cow;

pub use parts::{PartsError, ProtocolParts, STATE_NAME_BYTES_MAX, is_state_name};

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

    /// Makes a protocol of its parts, if they fit together.
    ///
    /// What a protocol has to keep beyond that is asked by [`Protocol::defects`]: a protocol with
    /// defects is a value too, for whoever looks into them.
    pub fn new(parts: ProtocolParts) -> Result<Self, PartsError> {
        parts.check()?;
        Ok(Self {
            name: parts.name.into(),
            source: parts.source.into(),
            states: parts.states.into(),
            processor: parts.processor.into(),
            snoop: parts.snoop.into(),
        })
    }

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

    /// Tells whether the protocol is one of those that are part of the program.
    pub fn is_built_in(&self) -> bool {
        Self::BUILT_IN.contains(&self)
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

    /// Tells whether a copy may come to see the operation: a cell issues it, or a house rule makes
    /// it of one that a cell issues (`ReadExclusive` makes a `BusRdX` of a `BusUpgr`).
    pub fn meets(&self, op: BusOp) -> bool {
        self.issues(op) || op == BusOp::BusRdX && self.issues(BusOp::BusUpgr)
    }

    /// Returns the states that no path of the tables reaches from the first one, in order.
    ///
    /// A path takes any cell of a state that it has reached, and any operation that such a cell
    /// issues. Whether caches can come to it together is the explorer's question; a state that is
    /// listed here, none can.
    pub fn unreached(&self) -> Vec<State> {
        let mut reached = vec![false; self.states.len()];
        reached[State::INVALID.index()] = true;
        loop {
            let before = reached.clone();
            let held = || self.all_states().filter(|state| before[state.index()]);
            let issued = |op| {
                let steps = held().flat_map(|state| self.processor[state.index()]);
                steps.filter_map(ProcessorStep::op).any(|issued| issued == op)
            };
            let ops: Vec<_> = BusOp::ALL.into_iter().filter(|op| issued(*op)).collect();
            for state in held() {
                let own = self.processor[state.index()].into_iter().flat_map(ProcessorStep::ends);
                let seen = ops.iter().filter_map(|op| self.snoop(state, *op).next());
                own.chain(seen).for_each(|end| reached[end.index()] = true);
            }
            if reached == before {
                return self.all_states().filter(|state| !reached[state.index()]).collect();
            }
        }
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
    fn every_state_of_a_built_in_is_reached() {
        for protocol in Protocol::BUILT_IN {
            assert_eq!(protocol.unreached(), [], "{}", protocol.name());
        }
    }

    /// Two cells of MESI lead to E: the load of a line that nobody has, and the clean of M.
    #[test]
    fn a_state_that_no_cell_leads_to_is_not_reached() {
        let mut without = mesi::MESI.clone();
        let (invalid, shared, exclusive, modified) = (State::INVALID, State(1), State(2), State(3));
        without.processor.to_mut()[invalid.index()][Processor::Load as usize] =
            ProcessorStep::Bus(BusOp::BusRd, shared);
        assert_eq!(without.unreached(), []);
        without.processor.to_mut()[modified.index()][Processor::Clean as usize] =
            ProcessorStep::Silent(shared);
        assert_eq!(without.unreached(), [exclusive]);
        assert!(!without.is_built_in() && mesi::MESI.clone().is_built_in());
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
