//! What is wrong in any protocol, seen in one cell at a time.
//!
//! The compiler asks for the built-in protocols, the loader for those of files. What needs several
//! caches at once is the explorer's part.

use crate::step::{BusOp, Holding, Processor, ProcessorStep, STATES_MAX, SnoopStep, State};

/// A cell that breaks a rule which every protocol must keep.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Defect {
    /// The row: the state whose cell is wrong.
    pub state: State,
    /// The column, by its name; `states` for what is wrong with the state itself.
    pub event: &'static str,
    /// The rule that is broken.
    pub rule: &'static str,
    /// What a cell that keeps it looks like.
    pub help: &'static str,
}

/// A protocol's tables, as the audit reads them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grid<'a> {
    pub(crate) states: &'a [Holding],
    pub(crate) processor: &'a [[ProcessorStep; Processor::ALL.len()]],
    pub(crate) snoop: &'a [[SnoopStep; BusOp::ALL.len()]],
}

/// A broken rule, and what keeps it.
type Broken = Option<(&'static str, &'static str)>;

/// The places of a row: what the state holds, its own events, the other cores' transactions.
const PLACES: usize = 1 + Processor::ALL.len() + BusOp::ALL.len();

impl Grid<'_> {
    /// Returns the first defect, row by row, if there is one.
    pub(crate) const fn first_defect(self) -> Option<Defect> {
        if self.states.is_empty() || self.states.len() > STATES_MAX {
            return Some(Defect {
                state: State::INVALID,
                event: "states",
                rule: "a protocol has 1 to 16 states",
                help: "list the states, that of a line that is not held first",
            });
        }
        let mut place = 0;
        while place < self.states.len() * PLACES {
            if let Some(defect) = self.defect_at(place / PLACES, place % PLACES) {
                return Some(defect);
            }
            place += 1;
        }
        None
    }

    /// Returns all defects, row by row.
    pub(crate) fn defects(self) -> Vec<Defect> {
        let places = (0..self.states.len()).flat_map(|row| (0..PLACES).map(move |p| (row, p)));
        places.filter_map(|(row, place)| self.defect_at(row, place)).collect()
    }

    const fn defect_at(self, row: usize, place: usize) -> Option<Defect> {
        let own = Processor::ALL.len();
        let (event, broken) = if place == 0 {
            ("states", self.state_rule(row))
        } else if place <= own {
            let event = Processor::ALL[place - 1];
            (event.name(), self.processor_rule(row, event))
        } else {
            let op = BusOp::ALL[place - 1 - own];
            (op.name(), self.snoop_rule(row, op))
        };
        match broken {
            Some((rule, help)) => Some(Defect { state: State(row as u8), event, rule, help }),
            None => None,
        }
    }

    const fn state_rule(self, row: usize) -> Broken {
        let holds = self.states[row];
        if row == 0 && (holds.valid || holds.unique || holds.dirty || holds.forwards) {
            return Some((
                "the first state is the one of a line that is not held",
                "put the state that holds nothing first",
            ));
        }
        if row > 0 && !holds.valid {
            return Some((
                "only the first state is invalid",
                "add `valid` to what the state holds, or leave the state out",
            ));
        }
        if holds.forwards && holds.dirty {
            return Some((
                "`forwards` is for clean copies: a dirty one answers in any case",
                "leave `forwards` out",
            ));
        }
        None
    }

    const fn processor_rule(self, row: usize, event: Processor) -> Broken {
        let step = self.processor[row][event as usize];
        let (next, other) = match step {
            ProcessorStep::Never => return None,
            ProcessorStep::Silent(next)
            | ProcessorStep::Bus(_, next)
            | ProcessorStep::Discard(next)
            | ProcessorStep::WriteBack(next) => (next, next),
            ProcessorStep::Wire { shared, alone, .. } => (shared, alone),
        };
        if next.index() >= self.states.len() || other.index() >= self.states.len() {
            return Some(("a step leads to a state that does not exist", "name a listed state"));
        }
        let from = self.states[row];
        let (next, other) = (self.states[next.index()], self.states[other.index()]);
        match event {
            Processor::Load | Processor::Store => access_rule(from, event, step, next, other),
            Processor::Evict => evict_rule(from, step, next),
            Processor::Clean => clean_rule(from, step, next),
        }
    }

    const fn snoop_rule(self, row: usize, op: BusOp) -> Broken {
        let step = self.snoop[row][op as usize];
        let Some(next) = step.next() else {
            if row == 0 && self.is_issued(op) {
                return Some((
                    "a core that does not hold the line sees this transaction too",
                    "let the line stay in the first state",
                ));
            }
            return None;
        };
        if next.index() >= self.states.len() {
            return Some(("a step leads to a state that does not exist", "name a listed state"));
        }
        let (from, next) = (self.states[row], self.states[next.index()]);
        if !from.valid && next.valid {
            return Some((
                "a snoop makes a copy out of nothing",
                "let the line stay in the first state",
            ));
        }
        let broken = data_rule(from, op, step, next);
        if broken.is_some() {
            return broken;
        }
        rights_rule(op, next)
    }

    /// Tells whether some cell of the core's side puts the operation on the bus.
    const fn is_issued(self, op: BusOp) -> bool {
        let mut cell = 0;
        while cell < self.states.len() * Processor::ALL.len() {
            let step = self.processor[cell / Processor::ALL.len()][cell % Processor::ALL.len()];
            if let Some(issued) = step.op()
                && issued as usize == op as usize
            {
                return true;
            }
            cell += 1;
        }
        false
    }
}

const fn access_rule(
    from: Holding,
    event: Processor,
    step: ProcessorStep,
    next: Holding,
    other: Holding,
) -> Broken {
    let op = match step {
        ProcessorStep::Bus(op, _) | ProcessorStep::Wire { op, .. } => Some(op),
        ProcessorStep::Silent(_) => None,
        ProcessorStep::Never | ProcessorStep::Discard(_) | ProcessorStep::WriteBack(_) => {
            return Some(("only an eviction lets a line go", "use a hit or a transaction"));
        }
    };
    let brings = matches!(op, Some(BusOp::BusRd | BusOp::BusRdX));
    if !from.valid && !brings {
        return Some((
            "a line that is not here has to be read",
            "issue a BusRd or a BusRdX, which bring the data",
        ));
    }
    if from.valid && matches!(op, Some(BusOp::BusRd)) {
        return Some(("a line that is here is not read again", "use a hit, BusUpgr or BusUpd"));
    }
    if from.dirty && matches!(op, Some(BusOp::BusRdX)) {
        return Some(("an owner reads older data over its own", "use BusUpgr or BusUpd"));
    }
    if !next.valid || !other.valid {
        return Some(("an access ends with a valid copy", "go to a valid state"));
    }
    if matches!(event, Processor::Store) {
        if !next.dirty || !other.dirty {
            return Some(("a store leaves nobody to answer for its data", "go to a dirty state"));
        }
        return None;
    }
    if from.valid && op.is_some() {
        return Some(("a load of a line that is here is a hit", "use a hit"));
    }
    if from.dirty && !next.dirty {
        return Some(("a load drops dirty data", "go to a dirty state"));
    }
    if !from.dirty && (next.dirty || other.dirty) {
        return Some(("a load makes the line dirty", "go to a clean state"));
    }
    None
}

const fn evict_rule(from: Holding, step: ProcessorStep, next: Holding) -> Broken {
    if !from.valid {
        return Some(("a line that is not here is not replaced", "declare the cell impossible"));
    }
    match step {
        ProcessorStep::Discard(_) if from.dirty => {
            Some(("an eviction drops dirty data", "write the line back"))
        }
        ProcessorStep::WriteBack(_) if !from.dirty => {
            Some(("a clean line is written back", "discard the line"))
        }
        ProcessorStep::Discard(_) | ProcessorStep::WriteBack(_) if !next.valid => None,
        _ => Some((
            "an eviction discards or writes back, and ends invalid",
            "write a dirty line back, discard a clean one",
        )),
    }
}

const fn clean_rule(from: Holding, step: ProcessorStep, next: Holding) -> Broken {
    if !from.valid {
        return Some(("a line that is not here is not cleaned", "declare the cell impossible"));
    }
    if !matches!(step, ProcessorStep::Silent(_)) {
        return Some(("a clean only changes the state", "name the state of the clean copy"));
    }
    if !next.valid {
        return Some(("a clean keeps the copy", "go to a valid, clean state"));
    }
    if next.dirty {
        return Some(("a clean leaves the line dirty", "go to a valid, clean state"));
    }
    if next.unique && !from.unique {
        return Some(("a clean makes a shared copy unique", "go to a shared state"));
    }
    None
}

/// What a snooped copy owes with its data.
const fn data_rule(from: Holding, op: BusOp, step: SnoopStep, next: Holding) -> Broken {
    let asks_for_data = matches!(op, BusOp::BusRd | BusOp::BusRdX);
    match step {
        SnoopStep::Never => None,
        SnoopStep::Flush(_) if !from.dirty => {
            Some(("a clean copy has nothing to flush", "use `supply` or a plain step"))
        }
        SnoopStep::Flush(_) if next.dirty => Some((
            "a flush leaves the line dirty",
            "go to a clean state, or use `supply`, which leaves what lies below stale",
        )),
        SnoopStep::Supply(_) if !asks_for_data => {
            Some(("this transaction asks for no data", "use `hand_over` or a plain step"))
        }
        SnoopStep::Supply(_) if from.dirty && !next.dirty && matches!(op, BusOp::BusRd) => Some((
            "a read leaves nobody to answer for the dirty data",
            "use `flush`, which updates what lies below, or stay dirty",
        )),
        SnoopStep::Supply(_) if !from.dirty && !from.forwards => Some((
            "a copy supplies that is neither dirty nor declared to forward",
            "add `forwards` to what the state holds",
        )),
        SnoopStep::HandOver(_) if !from.dirty => {
            Some(("a clean copy has no duty to hand over", "use a plain step"))
        }
        SnoopStep::HandOver(_) if asks_for_data => Some((
            "the requester does not have the data yet",
            "use `flush` or `supply`, which send it",
        )),
        SnoopStep::HandOver(_) if next.dirty => {
            Some(("the duty is handed over and kept", "go to a clean state"))
        }
        SnoopStep::Silent(_) if from.dirty && !next.dirty => {
            Some(("a snoop drops dirty data", "use `flush`, `supply` or `hand_over`"))
        }
        SnoopStep::Silent(_) if from.dirty && asks_for_data => Some((
            "a dirty copy does not answer, and what lies below is stale",
            "use `flush` or `supply`",
        )),
        SnoopStep::Silent(_) if from.forwards && matches!(op, BusOp::BusRd) => {
            Some(("a copy that forwards does not answer a read", "use `supply`"))
        }
        _ if !from.dirty && next.dirty => {
            Some(("a snoop makes a clean copy dirty", "go to a clean state"))
        }
        SnoopStep::Silent(_)
        | SnoopStep::Flush(_)
        | SnoopStep::Supply(_)
        | SnoopStep::HandOver(_) => None,
    }
}

/// What another core's transaction leaves this copy.
const fn rights_rule(op: BusOp, next: Holding) -> Broken {
    match op {
        BusOp::BusRdX | BusOp::BusUpgr if next.valid => Some((
            "another core's store leaves a copy that misses it",
            "go to the first state: the copy is lost",
        )),
        BusOp::BusRd | BusOp::BusUpd if next.unique => Some((
            "another core's access leaves a copy that thinks itself alone",
            "go to a shared state",
        )),
        BusOp::BusUpd if next.dirty => Some((
            "two cores would answer for the line: the one that stores does",
            "use `hand_over` to a clean state",
        )),
        BusOp::BusRd | BusOp::BusRdX | BusOp::BusUpgr | BusOp::BusUpd => None,
    }
}
