//! Transition tables as grids that the compiler checks, and the audit of what no protocol may do.

use crate::step::{BusOp, Holding, Processor, ProcessorStep, STATES_MAX, SnoopStep, State};

/// Declares a protocol's states in order, each with what it holds.
///
/// Makes a constant of each name (its [`State`]), `STATES` (names and holdings) and the row type
/// that [`table!`] checks its rows against.
macro_rules! states {
    ($($(#[doc = $doc:literal])+ $name:ident { $($holds:ident),* })+) => {
        #[derive(Clone, Copy)]
        enum Row { $($name),+ }

        impl Row {
            const ALL: &[Self] = &[$(Self::$name),+];
        }

        $($(#[doc = $doc])+ const $name: State = State(Row::$name as u8);)+

        const STATES: &[StateInfo] = &[$(StateInfo {
            name: Cow::Borrowed(stringify!($name)),
            meaning: Cow::Borrowed(concat!($($doc),+)),
            holding: {
                #[allow(unused_mut, reason = "the invalid state holds nothing")]
                let mut holding =
                    Holding { valid: false, unique: false, dirty: false, forwards: false };
                $(holding.$holds = true;)*
                holding
            },
        }),+];
    };
}

/// Writes a transition table as a grid: a header of events, a row a state, a cell a step.
///
/// The header and the rows are arms of nested matches without a wildcard, so that a row or column
/// that is missing, doubled or misspelt does not compile; nor does a row of another length. Events
/// that a protocol does not have stand after `never` in the first line.
macro_rules! table {
    (
        $(#[$meta:meta])*
        const $name:ident: [State][$event:ident] -> $step:ident $(, never $($absent:ident),+)? {
            $($head:ident),+;
            $($rows:tt)+
        }
    ) => {
        table! {
            @rows [$(#[$meta])*] $name $event $step [$($($absent),+)?] [$($head),+] $($rows)+
        }
    };
    (
        @rows [$($meta:tt)*] $name:ident $event:ident $step:ident $absent:tt $head:tt
        $($state:ident => $($cell:expr),+;)+
    ) => {
        $($meta)*
        const $name: &[[$step; $event::ALL.len()]] = &{
            const fn cell(row: Row, event: $event) -> $step {
                match row {
                    $(Row::$state => table!(@row event $event $absent $head [$($cell),+])),+
                }
            }
            let mut grid = [[$step::Never; $event::ALL.len()]; Row::ALL.len()];
            let mut row = 0;
            while row < Row::ALL.len() {
                let mut column = 0;
                while column < $event::ALL.len() {
                    grid[row][column] = cell(Row::ALL[row], $event::ALL[column]);
                    column += 1;
                }
                row += 1;
            }
            grid
        };
    };
    (
        @row $value:ident $event:ident [$($absent:ident),*] [$($head:ident),+] [$($cell:expr),+]
    ) => {
        match $value {
            $($event::$head => $cell,)+
            $($event::$absent => never(),)*
        }
    };
}

/// Refuses at compile time a built-in protocol with a [`Defect`].
macro_rules! audit {
    ($states:ident, $processor:ident, $snoop:ident) => {
        const _: () = {
            let mut holdings =
                [Holding { valid: false, unique: false, dirty: false, forwards: false };
                    $states.len()];
            let mut row = 0;
            while row < $states.len() {
                holdings[row] = $states[row].holding;
                row += 1;
            }
            if let Some(defect) = crate::table::first_defect(&holdings, $processor, $snoop) {
                panic!("{}", defect.rule);
            }
        };
    };
}

pub(crate) use {audit, states, table};

/// A cell that breaks a rule which every protocol must keep.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Defect {
    /// The row: the state whose cell is wrong.
    pub state: State,
    /// The column, by its name.
    pub event: &'static str,
    /// The rule that is broken.
    pub rule: &'static str,
}

/// Returns the first defect of a protocol's tables, if there is one.
///
/// What is checked here needs one cell at a time; what needs several caches at once is the
/// explorer's part.
pub(crate) const fn first_defect(
    states: &[Holding],
    processor: &[[ProcessorStep; Processor::ALL.len()]],
    snoop: &[[SnoopStep; BusOp::ALL.len()]],
) -> Option<Defect> {
    if states.is_empty() || states.len() > STATES_MAX {
        return Some(defect(0, "states", "a protocol has 1 to 16 states"));
    }
    if states[0].valid || states[0].unique || states[0].dirty || states[0].forwards {
        return Some(defect(0, "states", "the first state is the one of a line that is not held"));
    }
    let mut row = 0;
    while row < states.len() {
        let mut column = 0;
        while column < Processor::ALL.len() {
            let step = processor[row][column];
            if let Some(rule) = processor_rule(states, row, Processor::ALL[column], step) {
                return Some(defect(row, Processor::ALL[column].name(), rule));
            }
            column += 1;
        }
        column = 0;
        while column < BusOp::ALL.len() {
            let step = snoop[row][column];
            if let Some(rule) = snoop_rule(states, row, BusOp::ALL[column], step) {
                return Some(defect(row, BusOp::ALL[column].name(), rule));
            }
            column += 1;
        }
        row += 1;
    }
    None
}

const fn defect(row: usize, event: &'static str, rule: &'static str) -> Defect {
    Defect { state: State(row as u8), event, rule }
}

const fn processor_rule(
    states: &[Holding],
    row: usize,
    event: Processor,
    step: ProcessorStep,
) -> Option<&'static str> {
    let (next, other) = match step {
        ProcessorStep::Never => return None,
        ProcessorStep::Silent(next)
        | ProcessorStep::Bus(_, next)
        | ProcessorStep::Discard(next)
        | ProcessorStep::WriteBack(next) => (next, next),
        ProcessorStep::Wire { shared, alone, .. } => (shared, alone),
    };
    if next.index() >= states.len() || other.index() >= states.len() {
        return Some("a step leads to a state that does not exist");
    }
    let (from, next, other) = (states[row], states[next.index()], states[other.index()]);
    match event {
        Processor::Load if !next.valid || !other.valid => Some("a load ends with a valid copy"),
        Processor::Load if from.dirty && !next.dirty => Some("a load drops dirty data"),
        Processor::Store if !next.dirty && !other.dirty => Some("a store leaves nobody dirty"),
        Processor::Evict => match step {
            ProcessorStep::Discard(_) if from.dirty => Some("an eviction drops dirty data"),
            ProcessorStep::WriteBack(_) if !from.dirty => Some("a clean line is written back"),
            ProcessorStep::Discard(_) | ProcessorStep::WriteBack(_) if !next.valid => None,
            _ => Some("an eviction discards or writes back, and ends invalid"),
        },
        Processor::Clean if next.dirty => Some("a clean leaves the line dirty"),
        Processor::Clean if next.valid != from.valid => Some("a clean keeps the copy"),
        Processor::Load | Processor::Store | Processor::Clean => None,
    }
}

const fn snoop_rule(
    states: &[Holding],
    row: usize,
    op: BusOp,
    step: SnoopStep,
) -> Option<&'static str> {
    let next = match step {
        SnoopStep::Never => return None,
        SnoopStep::Silent(next) | SnoopStep::Flush(next) => next,
    };
    if next.index() >= states.len() {
        return Some("a step leads to a state that does not exist");
    }
    let (from, next) = (states[row], states[next.index()]);
    if !from.valid && next.valid {
        return Some("a snoop makes a copy out of nothing");
    }
    match (op, step) {
        (_, SnoopStep::Flush(_)) if !from.dirty => Some("a clean copy has nothing to flush"),
        (_, SnoopStep::Flush(_)) if next.dirty => Some("a flush leaves the line dirty"),
        (_, SnoopStep::Silent(_)) if from.dirty && !next.dirty => Some("a snoop drops dirty data"),
        (BusOp::BusRdX | BusOp::BusUpgr, _) if next.valid => {
            Some("another core's store leaves a copy")
        }
        (BusOp::BusRd, _) if next.unique => Some("another core's read leaves a unique copy"),
        _ => None,
    }
}
