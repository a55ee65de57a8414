//! From the text of a file to a protocol, or to everything that is wrong with it.

use coherence::{
    BusOp, Holding, Processor, ProcessorStep, Protocol, ProtocolParts, STATE_NAME_BYTES_MAX,
    STATES_MAX, SnoopStep, StateInfo, is_state_name,
};

use super::cell::{Words, plural};
use super::error::{MistakeKind, Mistakes, listed, nearest, shown};
use super::example::{States, Tried};
use super::raw::{self, Entry};
use super::rules::{self, Places};
use super::table::{self, Table};
use super::{BYTES_MAX, Mistake, NAME_CHARS_MAX, ProtocolFile, SENTENCE_CHARS_MAX};

/// The keys of a file, each with one that works.
const KEYS: [(&str, &str); 5] = [
    ("name", "name: \"mine\""),
    ("source", "source: \"my own\""),
    ("states", "states: [(name: \"I\", holds: [], meaning: \"Invalid.\"), ...]"),
    ("processor", "processor: (I: (Load: bus(BusRd, S), ...), ...)"),
    ("snoop", "snoop: (I: (BusRd: go(I), ...), ...)"),
];

/// The keys of a state, each with one that works.
const STATE_KEYS: [(&str, &str); 3] = [
    ("name", "name: \"S\""),
    ("holds", "holds: [valid]"),
    ("meaning", "meaning: \"Shared: a clean copy.\""),
];

/// What a state can hold.
const HOLDS: [&str; 4] = ["valid", "unique", "dirty", "forwards"];

/// Reads a protocol file, which `path` names in diagnostics.
///
/// What keeps the file from being a protocol is the error, in the order of the text; the list is
/// never empty.
pub fn read(path: &str, text: &str) -> Result<ProtocolFile, Vec<Mistake>> {
    if text.len() > BYTES_MAX {
        let mut mistakes = Mistakes::of(path, "");
        let message = format!("a protocol file of more than {BYTES_MAX} bytes is no protocol");
        let help = "that of MESI has fewer than 2000";
        mistakes.on(MistakeKind::Syntax, 0..0, message, "not read further", help);
        return Err(mistakes.take());
    }
    let mut mistakes = Mistakes::of(path, text);
    let file = read_file(text, &mut mistakes);
    match file {
        Some(file) if !mistakes.any() => Ok(file),
        _ => Err(mistakes.take()),
    }
}

fn read_file(text: &str, mistakes: &mut Mistakes<'_>) -> Option<ProtocolFile> {
    let entries = raw::entries(text, mistakes)?;
    let closing = text.rfind(')').map_or(text, |at| &text[at..=at]);
    let [name, source, states, processor, snoop] =
        keys(entries, KEYS, "a protocol file", closing, mistakes);
    let name_place = name.map_or("", |entry| entry.value);
    let name = name.and_then(|entry| sentence(entry, NAME_CHARS_MAX, mistakes));
    let source = source.and_then(|entry| sentence(entry, SENTENCE_CHARS_MAX, mistakes));
    let before = mistakes.count();
    let list = states?;
    let (mut states, mut places) = read_states(list, mistakes)?;
    (places.name, places.list) = (name_place, list.key);
    rules::check_states(&states, &places, mistakes);
    let (processor, snoop) = (processor?, snoop?);
    if mistakes.count() > before {
        // The tables are written in terms of the states.
        return None;
    }
    states.ops = BusOp::ALL.to_vec();
    let named = |op: &BusOp| {
        let mut words = words_of(processor.value).chain(words_of(snoop.value));
        words.any(|word| word == op.name())
    };
    states.ops.retain(named);
    let mut words = Words { states: &states.names, told: Vec::new() };
    let own = table::read::<ProcessorStep>(processor, &states, &mut words, |_| true, mistakes);
    let issued: Vec<_> = own.iter().flat_map(Table::steps).filter_map(ProcessorStep::op).collect();
    // A house rule makes a `BusRdX` of a `BusUpgr`.
    let meets =
        |op| issued.contains(&op) || op == BusOp::BusRdX && issued.contains(&BusOp::BusUpgr);
    let seen = table::read::<SnoopStep>(snoop, &states, &mut words, meets, mistakes);
    let (own, seen) = (own?, seen?);
    if mistakes.any() {
        return None;
    }
    let protocol = Protocol::new(ProtocolParts {
        name: name?,
        source: source?,
        states: states.infos.clone(),
        processor: grid::<_, { Processor::ALL.len() }>(&own),
        snoop: grid::<_, { BusOp::ALL.len() }>(&seen),
    });
    let protocol = protocol.expect("states, rows and cells were checked one by one");
    rules::check_cells(&protocol, &states, (&own, &seen), mistakes);
    let defects = mistakes.take();
    rules::check_meaning(&protocol, &places, mistakes);
    let warnings = mistakes.take();
    Some(ProtocolFile { protocol, defects, warnings })
}

fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
}

/// Makes the cells of a table that was read without a mistake.
fn grid<S: Tried, const COLUMNS: usize>(table: &Table<'_, S>) -> Vec<[S; COLUMNS]> {
    let cell = |row: usize, column: usize| {
        let row = table.rows[row].as_ref()?;
        row.cells[column].and_then(|(step, _)| step)
    };
    (0..table.rows.len())
        .map(|row| std::array::from_fn(|column| cell(row, column).unwrap_or(S::NEVER)))
        .collect()
}

/// Sorts entries by their keys; notes keys that are unknown, doubled or missing.
fn keys<'a, const N: usize>(
    entries: Vec<Entry<'a>>,
    known: [(&str, &str); N],
    what: &str,
    closing: &str,
    mistakes: &mut Mistakes<'_>,
) -> [Option<Entry<'a>>; N] {
    let mut found = [None; N];
    let mut stray = false;
    let names = || known.iter().map(|(name, _)| *name);
    for entry in entries {
        let key = entry.key;
        let Some(number) = known.iter().position(|(name, _)| *name == key) else {
            stray = true;
            let help = nearest(key, names()).map_or_else(
                || format!("the keys here are {}", listed(names())),
                |near| format!("there is a key `{near}`"),
            );
            let label = format!("expected one of {}", listed(names()));
            let message = format!("{what} has no key `{}`", shown(key));
            mistakes.at(MistakeKind::UnknownKey, key, message, label, help);
            continue;
        };
        if found[number].is_some() {
            let message = format!("{what} has `{key}` twice");
            let help = "leave one of them out";
            mistakes.at(MistakeKind::Twice, key, message, "the second one", help);
        } else {
            found[number] = Some(entry);
        }
    }
    for (number, (name, example)) in known.iter().enumerate() {
        // A state may go without a sentence on it.
        if found[number].is_none() && !stray && *name != "meaning" {
            mistakes.at(
                MistakeKind::Value,
                closing,
                format!("{what} needs a key `{name}`"),
                format!("expected `{name}: ...` before this"),
                format!("for example `{example}`"),
            );
        }
    }
    found
}

/// Reads a line of words for a reader.
fn sentence(entry: Entry<'_>, chars_max: usize, mistakes: &mut Mistakes<'_>) -> Option<String> {
    let shown = raw::string(entry.value).filter(|text| {
        let chars = text.chars().count();
        (1..=chars_max).contains(&chars) && !text.chars().any(char::is_control)
    });
    if shown.is_none() {
        mistakes.at(
            MistakeKind::Value,
            entry.value,
            format!("this is no `{}`", entry.key),
            format!("expected 1 to {chars_max} characters between quotes, in one line"),
            format!("for example `{}: \"mine\"`", entry.key),
        );
    }
    shown
}

fn read_states<'a>(list: Entry<'a>, mistakes: &mut Mistakes<'_>) -> Option<(States, Places<'a>)> {
    let before = mistakes.count();
    let elements = raw::elements(list.value, mistakes)?;
    if elements.is_empty() || elements.len() > STATES_MAX {
        let at = elements.get(STATES_MAX).copied().unwrap_or(list.value);
        mistakes.at(
            MistakeKind::States,
            at,
            format!("a protocol of {} is not possible", plural(elements.len(), "state")),
            format!("expected 1 to {STATES_MAX} states"),
            "list the states, that of a line that is not held first",
        );
        return None;
    }
    let mut states = States { infos: Vec::new(), names: Vec::new(), ops: Vec::new() };
    let mut places = Places { states: Vec::new(), holdings: Vec::new(), name: "", list: "" };
    for element in elements {
        let Some((info, name, holds)) = read_state(element, &states.names, mistakes) else {
            continue;
        };
        states.names.push(info.name.to_string());
        states.infos.push(info);
        places.states.push(name);
        places.holdings.push(holds);
    }
    (mistakes.count() == before).then_some((states, places))
}

/// Reads a state; returns it with the places of its name and of what it holds.
fn read_state<'a>(
    element: &'a str,
    before: &[String],
    mistakes: &mut Mistakes<'_>,
) -> Option<(StateInfo, &'a str, &'a str)> {
    let entries = raw::entries(element, mistakes)?;
    let closing = element.rfind(')').map_or(element, |at| &element[at..=at]);
    let [name, holds, meaning] = keys(entries, STATE_KEYS, "a state", closing, mistakes);
    let meaning = match meaning {
        Some(meaning) => sentence(meaning, SENTENCE_CHARS_MAX, mistakes),
        None => Some(String::new()),
    };
    let holding = holds.and_then(|holds| read_holding(holds, mistakes));
    let place = name?.value;
    let text = raw::string(place).filter(|text| is_state_name(text));
    let Some(text) = text else {
        mistakes.at(
            MistakeKind::States,
            place,
            "this is no name of a state",
            format!("expected a letter and up to {} letters or digits", STATE_NAME_BYTES_MAX - 1),
            "for example `name: \"S\"`",
        );
        return None;
    };
    if before.contains(&text) {
        let message = format!("the state {text} is listed twice");
        mistakes.at(MistakeKind::Twice, place, message, "the second one", "leave one of them out");
        return None;
    }
    let info = StateInfo { name: text.into(), meaning: meaning?.into(), holding: holding? };
    Some((info, place, holds?.value))
}

fn read_holding(list: Entry<'_>, mistakes: &mut Mistakes<'_>) -> Option<Holding> {
    let words = raw::elements(list.value, mistakes)?;
    let mut holding = Holding::default();
    let mut good = true;
    for word in words {
        let field = match word {
            "valid" => &mut holding.valid,
            "unique" => &mut holding.unique,
            "dirty" => &mut holding.dirty,
            "forwards" => &mut holding.forwards,
            _ => {
                let help = nearest(word, HOLDS).map_or_else(
                    || "for example `holds: [valid, unique]`".to_owned(),
                    |near| format!("there is `{near}`"),
                );
                let label = format!("expected one of {}", listed(HOLDS));
                let message =
                    format!("no state holds `{}`", shown(word.lines().next().unwrap_or("")));
                mistakes.at(MistakeKind::Value, word, message, label, help);
                good = false;
                continue;
            }
        };
        if std::mem::replace(field, true) {
            let message = format!("the state holds `{word}` twice");
            let help = "leave one of them out";
            mistakes.at(MistakeKind::Twice, word, message, "the second one", help);
            good = false;
        }
    }
    good.then_some(holding)
}
