//! The house rules: where machines and courses differ legitimately.

use crate::protocol::Protocol;
use crate::step::{BusOp, Processor, ProcessorStep, STATES_MAX, SnoopStep, State};

/// What a store to a shared line does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum WriteToShared {
    /// `BusUpgr`; the store is a hit.
    #[default]
    Upgrade,
    /// `BusRdX`; a miss at each private level, refilled in place.
    ReadExclusive,
}

/// Which clean copies supply a line to another core.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum CleanSupply {
    /// None: what lies below the bus answers.
    #[default]
    Memory,
    /// A unique clean copy (E).
    ExclusiveOnly,
    /// Any valid copy, as Illinois has it; the lowest-numbered core.
    AnyHolder,
}

/// When a victim leaves, seen from the fill that takes its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum VictimOrder {
    /// Its write-back reaches the next level before the fill is asked of it.
    #[default]
    VictimFirst,
    /// The line is placed first, then the victim's write-back leaves (Dinero's order).
    FillFirst,
}

/// The rules of one machine; the default is the profile `textbook`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rules {
    /// What a store to a shared line does.
    pub write_to_shared: WriteToShared,
    /// Which clean copies supply.
    pub clean_supply: CleanSupply,
    /// A flush for another core's store reaches what lies below the bus; else ownership moves.
    pub invalidating_flush_updates_memory: bool,
    /// A read that finds no other holder ends in the exclusive state, if the protocol has one.
    pub exclusive_on_sole_read: bool,
    /// When a victim leaves.
    pub victim_order: VictimOrder,
    /// All dirty lines are written back after the last access.
    pub drain_at_end: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            write_to_shared: WriteToShared::default(),
            clean_supply: CleanSupply::default(),
            invalidating_flush_updates_memory: true,
            exclusive_on_sole_read: true,
            victim_order: VictimOrder::default(),
            drain_at_end: false,
        }
    }
}

/// A protocol's tables with the rules applied, laid out for one load a step.
#[derive(Clone, Debug)]
pub(crate) struct Tables {
    processor: [[ProcessorStep; Processor::ALL.len()]; STATES_MAX],
    snoop: [[SnoopStep; BusOp::ALL.len()]; STATES_MAX],
    silent: Silent,
    /// A store to some valid copy reads the line again to own it.
    some_read_again: bool,
}

impl Tables {
    pub(crate) fn new(protocol: &Protocol, rules: Rules) -> Self {
        let mut tables = Self {
            processor: [[ProcessorStep::Never; Processor::ALL.len()]; STATES_MAX],
            snoop: [[SnoopStep::Never; BusOp::ALL.len()]; STATES_MAX],
            silent: Silent { loads: 0, stores: 0 },
            some_read_again: false,
        };
        for number in 0..protocol.states().len() {
            let state = State(number as u8);
            for event in Processor::ALL {
                let step = protocol.processor(state, event);
                let step = under_rules(step, event, protocol.holding(state).dirty, rules);
                tables.processor[number][event as usize] = step;
            }
            for op in BusOp::ALL {
                tables.snoop[number][op as usize] = protocol.snoop(state, op);
            }
            let silent = ProcessorStep::Silent(state);
            let bit = |event| u16::from(tables.processor(state, event) == silent) << number;
            let (load, store) = (bit(Processor::Load), bit(Processor::Store));
            tables.silent.loads |= load;
            tables.silent.stores |= store;
            tables.some_read_again |= tables.store_reads_again(state);
        }
        tables
    }

    #[inline]
    pub(crate) fn processor(&self, state: State, event: Processor) -> ProcessorStep {
        self.processor[state.index()][event as usize]
    }

    #[inline]
    pub(crate) fn snoop(&self, state: State, op: BusOp) -> SnoopStep {
        self.snoop[state.index()][op as usize]
    }

    /// Returns what a core may do silently.
    pub(crate) const fn silent(&self) -> Silent {
        self.silent
    }

    /// Tells whether a load of a line in this state changes nothing.
    #[inline]
    pub(crate) fn load_is_silent(&self, state: State) -> bool {
        self.silent.loads >> state.0 & 1 == 1
    }

    /// Tells whether a store to some valid copy reads the line again to own it.
    #[inline]
    pub(crate) const fn some_read_again(&self) -> bool {
        self.some_read_again
    }

    /// Tells whether a store to a valid copy in this state reads the line again to own it.
    pub(crate) fn store_reads_again(&self, state: State) -> bool {
        let step = self.processor(state, Processor::Store);
        state.is_valid() && matches!(step, ProcessorStep::Bus(BusOp::BusRdX, _))
    }
}

/// What a core may do to its copy of a line in each state without anybody taking notice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Silent {
    /// Bit s: a load in state s.
    pub(crate) loads: u16,
    /// Bit s: a store in state s to a copy that is dirty already.
    pub(crate) stores: u16,
}

impl Silent {
    /// Nothing may be done silently: below the bus there are no states.
    pub(crate) const NOTHING: Self = Self { loads: 0, stores: 0 };
}

/// Applies the rules that change a cell of the core's side.
fn under_rules(step: ProcessorStep, event: Processor, dirty: bool, rules: Rules) -> ProcessorStep {
    match step {
        // An owner does not read its line again: what lies below is older.
        ProcessorStep::Bus(BusOp::BusUpgr, next)
            if rules.write_to_shared == WriteToShared::ReadExclusive && !dirty =>
        {
            ProcessorStep::Bus(BusOp::BusRdX, next)
        }
        ProcessorStep::Wire { op, shared, .. }
            if event == Processor::Load && !rules.exclusive_on_sole_read =>
        {
            ProcessorStep::Bus(op, shared)
        }
        other => other,
    }
}
