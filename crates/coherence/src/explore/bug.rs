//! Seeded bugs: coherent machines with one thing wrong, each to be caught.
//!
//! A check that finds nothing in a wrong protocol proves nothing about a right one. The bugs of the
//! first group are wrong cells of MESI's tables, or wrong steps of the machine around them; those
//! of the second are wrong steps of a shared inclusive level. The control changes nothing and must
//! not be caught.

use super::model::Model;
use crate::fault::Fault;
use crate::observe::Cell;
use crate::protocol::Protocol;
use crate::step::{BusOp, Processor, ProcessorStep, SnoopStep, State};

/// One seeded bug.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bug {
    /// Its short name.
    pub name: &'static str,
    /// What is wrong, as a sentence.
    pub what: &'static str,
    /// What is changed.
    pub plant: Plant,
    /// Cores that the shortest counterexample needs.
    pub cores: u8,
    /// Events of a shortest counterexample; `None` for the control, which has none.
    pub steps: Option<u8>,
}

/// What a bug changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Plant {
    /// Cells of MESI's tables.
    Cells(&'static [Planted]),
    /// A step of the machine.
    Machine(Fault),
    /// A step of the machine with a shared inclusive level.
    Levels(Fault),
}

/// One changed cell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Planted {
    /// A cell of the core's own side.
    Own(State, Processor, ProcessorStep),
    /// A cell of the other cores' side.
    Snoop(State, BusOp, SnoopStep),
}

impl Planted {
    /// Returns the cell that is changed.
    pub const fn cell(self) -> Cell {
        match self {
            Self::Own(state, event, _) => Cell::Own(state, event),
            Self::Snoop(state, op, _) => Cell::Snoop(state, op),
        }
    }
}

// MESI's states, in the order of its file.
const I: State = State(0);
const S: State = State(1);
const E: State = State(2);
const M: State = State(3);

const fn snoop(state: State, op: BusOp, step: SnoopStep) -> Planted {
    Planted::Snoop(state, op, step)
}

const fn own(state: State, event: Processor, step: ProcessorStep) -> Planted {
    Planted::Own(state, event, step)
}

const fn bug(name: &'static str, what: &'static str, plant: Plant, cores: u8, steps: u8) -> Bug {
    Bug { name, what, plant, cores, steps: Some(steps) }
}

use Plant::{Cells, Levels, Machine};

impl Bug {
    /// All bugs, and the control as the last.
    pub const ALL: &[Self] = &[
        bug(
            "A01",
            "a BusRd hits M, which stays M",
            Cells(&[snoop(M, BusOp::BusRd, SnoopStep::Silent(M))]),
            2,
            2,
        ),
        bug(
            "A02",
            "M goes to S without an update of memory",
            Cells(&[snoop(M, BusOp::BusRd, SnoopStep::Supply(S))]),
            2,
            2,
        ),
        bug(
            "A03",
            "a BusRd hits E, which stays E",
            Cells(&[snoop(E, BusOp::BusRd, SnoopStep::Silent(E))]),
            2,
            2,
        ),
        bug(
            "A04",
            "the shared wire is never raised",
            Cells(&[own(I, Processor::Load, ProcessorStep::Bus(BusOp::BusRd, E))]),
            2,
            2,
        ),
        bug("A05", "a BusRdX leaves one sharer alone", Machine(Fault::OneSharerSurvives), 3, 3),
        bug(
            "A06",
            "a BusRdX hits M, whose data is dropped",
            Cells(&[snoop(M, BusOp::BusRdX, SnoopStep::Silent(I))]),
            2,
            2,
        ),
        bug(
            "A07",
            "a BusUpgr invalidates nobody",
            Cells(&[snoop(S, BusOp::BusUpgr, SnoopStep::Silent(S))]),
            2,
            3,
        ),
        bug(
            "A08",
            "a store to S goes to M without a transaction",
            Cells(&[own(S, Processor::Store, ProcessorStep::Silent(M))]),
            2,
            3,
        ),
        bug(
            "A09",
            "M is evicted without a write-back",
            Cells(&[own(M, Processor::Evict, ProcessorStep::Discard(I))]),
            2,
            2,
        ),
        bug(
            "A10",
            "a store that hits E stays in E",
            Cells(&[own(E, Processor::Store, ProcessorStep::Silent(E))]),
            2,
            2,
        ),
        bug("A11", "a late fill overwrites the store", Machine(Fault::LateFill), 2, 1),
        bug("A12", "copies in S do not raise the wire", Machine(Fault::SharersSilent), 2, 4),
        bug("A13", "memory answers before the owner", Machine(Fault::MemoryWins), 2, 2),
        bug(
            "A14",
            "the dirty test of an eviction is inverted",
            Cells(&[
                own(S, Processor::Evict, ProcessorStep::WriteBack(I)),
                own(E, Processor::Evict, ProcessorStep::WriteBack(I)),
                own(M, Processor::Evict, ProcessorStep::Discard(I)),
            ]),
            2,
            2,
        ),
        bug(
            "A15",
            "a BusRdX hits E, which is not invalidated",
            Cells(&[snoop(E, BusOp::BusRdX, SnoopStep::Silent(E))]),
            2,
            2,
        ),
        bug(
            "H01",
            "an outer eviction leaves inner copies",
            Levels(Fault::NoBackInvalidation),
            2,
            2,
        ),
        bug(
            "H02",
            "an outer eviction drops dirty inner data",
            Levels(Fault::BackInvalidationDropsData),
            2,
            2,
        ),
        bug(
            "H03",
            "a write-back does not make the outer copy dirty",
            Levels(Fault::WriteBackLeavesClean),
            2,
            2,
        ),
        bug("H04", "a dirty outer victim is dropped", Levels(Fault::DirtyVictimDropped), 2, 2),
        bug(
            "H05",
            "a flush updates the outer copy, not its dirty bit",
            Levels(Fault::FlushLeavesClean),
            2,
            2,
        ),
        bug("H06", "a stale fill overwrites a newer outer copy", Levels(Fault::StaleFill), 2, 2),
        bug(
            "H07",
            "a miss is served past a newer outer copy",
            Levels(Fault::PastSharedLevel),
            2,
            2,
        ),
        bug(
            "H08",
            "an outer eviction reaches one sharer only",
            Levels(Fault::OneCoreBackInvalidated),
            2,
            3,
        ),
        Self {
            name: "control",
            what: "nothing is wrong",
            plant: Cells(&[snoop(M, BusOp::BusRd, SnoopStep::Flush(S))]),
            cores: 3,
            steps: None,
        },
    ];

    /// Returns a bug by its name, in any case.
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|bug| bug.name.eq_ignore_ascii_case(name))
    }

    /// Returns the protocol that the bug is in: MESI, with the changed cells if there are any.
    pub fn protocol(&self) -> Protocol {
        let mesi = Protocol::built_in("MESI").expect("MESI is built in");
        let mut protocol = mesi.clone();
        if let Cells(cells) = self.plant {
            for planted in cells {
                protocol = match *planted {
                    Planted::Own(state, event, step) => protocol.with_own(state, event, step),
                    Planted::Snoop(state, op, step) => protocol.with_snoop(state, op, step),
                };
            }
        }
        protocol.renamed(format!("MESI with {}", self.name))
    }

    /// Returns the smallest model in which the bug shows.
    pub fn model(&self) -> Model {
        let (fault, shared_level) = match self.plant {
            Cells(_) => (None, false),
            Machine(fault) => (Some(fault), false),
            Levels(fault) => (Some(fault), true),
        };
        Model { cores: self.cores, shared_level, fault, ..Model::new(self.protocol()) }
    }
}
