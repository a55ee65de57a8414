//! One table of a file: a row a state, a cell a column.

use coherence::State;

use super::cell::{self, Words, unknown_state};
use super::error::{MistakeKind, Mistakes, listed, nearest, shown};
use super::example::{self, States, Tried};
use super::raw::{self, Entry};

/// A table as it was read: for each state its row.
pub(super) struct Table<'a, S> {
    pub(super) rows: Vec<Option<Row<'a, S>>>,
}

/// A row as it was read.
pub(super) struct Row<'a, S> {
    /// The name of the state, where the row begins.
    pub(super) key: &'a str,
    /// For each column the step, as far as it could be read, and where it stands.
    pub(super) cells: Vec<Option<(Option<S>, &'a str)>>,
}

impl<S: Tried> Table<'_, S> {
    /// Returns all steps that could be read.
    pub(super) fn steps(&self) -> impl Iterator<Item = S> {
        let rows = self.rows.iter().flatten();
        rows.flat_map(|row| row.cells.iter().flatten().filter_map(|(step, _)| *step))
    }
}

/// Reads a table; `needed` tells whether a column needs a cell in every row.
pub(super) fn read<'a, S: Tried>(
    table: Entry<'a>,
    states: &States,
    words: &mut Words<'_>,
    needed: impl Fn(S::Event) -> bool,
    mistakes: &mut Mistakes<'_>,
) -> Option<Table<'a, S>> {
    let rows = raw::entries(table.value, mistakes)?;
    let mut read = Table { rows: states.names.iter().map(|_| None).collect() };
    let mut stray = false;
    for entry in rows {
        let Some(number) = states.names.iter().position(|name| name == entry.key) else {
            unknown_state(entry.key, words, mistakes);
            stray = true;
            continue;
        };
        if read.rows[number].is_some() {
            let message = format!("`{}` has two rows for {}", S::TABLE, entry.key);
            let help = "leave one of them out";
            mistakes.at(MistakeKind::Twice, entry.key, message, "the second one", help);
            continue;
        }
        let row = State(number as u8);
        read.rows[number] = Some(read_row(entry, row, states, words, &needed, mistakes));
    }
    // A row under another name is a row that is missing too: to tell once is enough.
    for (number, name) in states.names.iter().enumerate() {
        if read.rows[number].is_none() && !stray {
            let columns = S::EVENTS.iter().copied().filter(|event| needed(*event));
            let row = example::row::<S>(states, State(number as u8), columns);
            mistakes.at(
                MistakeKind::Row,
                table.key,
                format!("`{}` has no row for {name}", S::TABLE),
                format!("expected a row for each of {}", listed(words_of(states))),
                format!("for example `{row}`"),
            );
        }
    }
    Some(read)
}

fn words_of(states: &States) -> impl Iterator<Item = &str> {
    states.names.iter().map(String::as_str)
}

fn read_row<'a, S: Tried>(
    entry: Entry<'a>,
    state: State,
    states: &States,
    words: &mut Words<'_>,
    needed: &impl Fn(S::Event) -> bool,
    mistakes: &mut Mistakes<'_>,
) -> Row<'a, S> {
    let mut row = Row { key: entry.key, cells: S::EVENTS.iter().map(|_| None).collect() };
    let Some(cells) = raw::entries(entry.value, mistakes) else {
        // What there is instead was told of; the cells are not missing besides.
        row.cells.fill(Some((None, entry.key)));
        return row;
    };
    let mut stray = false;
    for cell in cells {
        let column = S::EVENTS.iter().position(|event| S::event(*event) == cell.key);
        let Some(column) = column else {
            unknown_column::<S>(cell.key, mistakes);
            stray = true;
            continue;
        };
        if row.cells[column].is_some() {
            let message =
                format!("row {} of `{}` has two rules for {}", entry.key, S::TABLE, cell.key);
            let help = "leave one of them out";
            mistakes.at(MistakeKind::Twice, cell.key, message, "the second one", help);
            continue;
        }
        let example = || example::example::<S>(states, state, S::EVENTS[column]);
        let step = cell::read(cell.value, &example, words, mistakes);
        row.cells[column] = Some((step, cell.value));
    }
    for (column, event) in S::EVENTS.iter().enumerate() {
        if row.cells[column].is_none() && needed(*event) && !stray {
            let name = S::event(*event);
            mistakes.at(
                MistakeKind::Cell,
                entry.key,
                format!("row {} of `{}` has no cell for {name}", entry.key, S::TABLE),
                format!("expected a cell `{name}: ...` in this row"),
                format!(
                    "for example `{name}: {}`, or `{name}: never` if no path leads there",
                    example::example::<S>(states, state, *event)
                ),
            );
        }
    }
    row
}

fn unknown_column<S: Tried>(key: &str, mistakes: &mut Mistakes<'_>) {
    let names = || S::EVENTS.iter().map(|event| S::event(*event));
    let help = nearest(key, names()).map_or_else(
        || format!("the columns of `{}` are {}", S::TABLE, listed(names())),
        |near| format!("there is a column `{near}`"),
    );
    mistakes.at(
        MistakeKind::UnknownKey,
        key,
        format!("`{}` has no column `{}`", S::TABLE, shown(key)),
        format!("expected one of {}", listed(names())),
        help,
    );
}
