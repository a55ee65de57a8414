//! Transition tables as grids that the compiler checks.
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

        $(
            $(#[doc = $doc])+
            #[allow(non_upper_case_globals, reason = "states are named as the literature has it")]
            const $name: State = State(Row::$name as u8);
        )+

        const STATES: &[StateInfo] = &[$(StateInfo {
            name: Cow::Borrowed(stringify!($name)),
            // The blank behind `///` is no part of the sentence.
            meaning: Cow::Borrowed(concat!($($doc),+).trim_ascii()),
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

/// Refuses at compile time a built-in protocol with a [`Defect`](crate::Defect).
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
            let grid =
                crate::defect::Grid { states: &holdings, processor: $processor, snoop: $snoop };
            if let Some(defect) = grid.first_defect() {
                panic!("{}", defect.rule);
            }
        };
    };
}

pub(crate) use {audit, states, table};
