//! One cell: a word for the step and its arguments.

use coherence::{BusOp, Processor, ProcessorStep, SnoopStep, State};

use super::error::{MistakeKind, Mistakes, listed, nearest, shown};

/// What the words of cells are read with.
pub(super) struct Words<'a> {
    /// The names of the states, in order.
    pub(super) states: &'a [String],
    /// Names of states that do not exist and have been told of: once is enough.
    pub(super) told: Vec<String>,
}

/// A side of a protocol: the events of its columns and the steps of its cells.
pub(super) trait Side: Copy {
    /// The columns.
    type Event: Copy + 'static;

    /// What the file calls the table.
    const TABLE: &'static str;
    /// The columns in their order.
    const EVENTS: &'static [Self::Event];
    /// The words of the steps, each with what its arguments are.
    const STEPS: &'static [(&'static str, &'static [Argument])];
    /// The step of a cell that no path reaches.
    const NEVER: Self;

    /// Returns what the file calls a column.
    fn event(event: Self::Event) -> &'static str;
    /// Makes a step of a word of [`Side::STEPS`] and its arguments.
    fn make(word: &str, op: Option<BusOp>, ends: &[State]) -> Self;
    /// Returns the word of a step, the operation and the states that it takes.
    fn parts(self, event: Self::Event) -> (&'static str, Option<BusOp>, Vec<State>);
}

/// What stands between the brackets of a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Argument {
    /// An operation of the bus.
    Op,
    /// A state.
    State,
}

impl Side for ProcessorStep {
    type Event = Processor;

    const TABLE: &'static str = "processor";
    const EVENTS: &'static [Processor] = &Processor::ALL;
    const STEPS: &'static [(&'static str, &'static [Argument])] = &[
        ("never", &[]),
        ("hit", &[Argument::State]),
        ("clean", &[Argument::State]),
        ("bus", &[Argument::Op, Argument::State]),
        ("wire", &[Argument::Op, Argument::State, Argument::State]),
        ("discard", &[Argument::State]),
        ("write_back", &[Argument::State]),
    ];
    const NEVER: Self = Self::Never;

    fn event(event: Processor) -> &'static str {
        event.name()
    }

    fn make(word: &str, op: Option<BusOp>, ends: &[State]) -> Self {
        match (word, op, ends) {
            ("hit" | "clean", None, [next]) => Self::Silent(*next),
            ("bus", Some(op), [next]) => Self::Bus(op, *next),
            ("wire", Some(op), [shared, alone]) => {
                Self::Wire { op, shared: *shared, alone: *alone }
            }
            ("discard", None, [next]) => Self::Discard(*next),
            ("write_back", None, [next]) => Self::WriteBack(*next),
            _ => Self::Never,
        }
    }

    fn parts(self, event: Processor) -> (&'static str, Option<BusOp>, Vec<State>) {
        match self {
            Self::Never => ("never", None, vec![]),
            Self::Silent(next) if event == Processor::Clean => ("clean", None, vec![next]),
            Self::Silent(next) => ("hit", None, vec![next]),
            Self::Bus(op, next) => ("bus", Some(op), vec![next]),
            Self::Wire { op, shared, alone } => ("wire", Some(op), vec![shared, alone]),
            Self::Discard(next) => ("discard", None, vec![next]),
            Self::WriteBack(next) => ("write_back", None, vec![next]),
        }
    }
}

impl Side for SnoopStep {
    type Event = BusOp;

    const TABLE: &'static str = "snoop";
    const EVENTS: &'static [BusOp] = &BusOp::ALL;
    const STEPS: &'static [(&'static str, &'static [Argument])] = &[
        ("never", &[]),
        ("go", &[Argument::State]),
        ("flush", &[Argument::State]),
        ("supply", &[Argument::State]),
        ("hand_over", &[Argument::State]),
    ];
    const NEVER: Self = Self::Never;

    fn event(event: BusOp) -> &'static str {
        event.name()
    }

    fn make(word: &str, _op: Option<BusOp>, ends: &[State]) -> Self {
        match (word, ends) {
            ("go", [next]) => Self::Silent(*next),
            ("flush", [next]) => Self::Flush(*next),
            ("supply", [next]) => Self::Supply(*next),
            ("hand_over", [next]) => Self::HandOver(*next),
            _ => Self::Never,
        }
    }

    fn parts(self, _event: BusOp) -> (&'static str, Option<BusOp>, Vec<State>) {
        match self {
            Self::Never => ("never", None, vec![]),
            Self::Silent(next) => ("go", None, vec![next]),
            Self::Flush(next) => ("flush", None, vec![next]),
            Self::Supply(next) => ("supply", None, vec![next]),
            Self::HandOver(next) => ("hand_over", None, vec![next]),
        }
    }
}

/// Writes a step as a file does.
pub(super) fn written<S: Side>(step: S, event: S::Event, states: &[String]) -> String {
    let (word, op, ends) = step.parts(event);
    let ends = ends.into_iter().map(|end| states[end.index()].clone());
    let arguments: Vec<_> = op.map(|op| op.name().to_owned()).into_iter().chain(ends).collect();
    if arguments.is_empty() { word.to_owned() } else { format!("{word}({})", arguments.join(", ")) }
}

/// Reads a cell; `example` is one that works there.
pub(super) fn read<S: Side>(
    cell: &str,
    example: &dyn Fn() -> String,
    words: &mut Words<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<S> {
    let Some((word, arguments)) = split(cell) else {
        let label = "expected a word, and what it takes between round brackets";
        let message = "this is no step";
        mistakes.at(
            MistakeKind::Step,
            cell,
            message,
            label,
            format!("for example `{}`", example()),
        );
        return None;
    };
    let Some((_, takes)) = S::STEPS.iter().find(|(step, _)| *step == word) else {
        unknown_step::<S>(word, example, mistakes);
        return None;
    };
    if arguments.len() != takes.len() {
        let (found, wanted) = (arguments.len(), takes.len());
        let message = format!("`{word}` takes {}, not {found}", plural(wanted, "argument"));
        let label = format!("expected `{}`", shape(word, takes));
        let help = if word == "never" {
            "`never` stands alone".to_owned()
        } else {
            format!("for example `{}`", example())
        };
        mistakes.at(MistakeKind::Step, cell, message, label, help);
        return None;
    }
    let (mut op, mut ends) = (None, Vec::new());
    for (argument, takes) in arguments.iter().zip(*takes) {
        match takes {
            Argument::Op => op = Some(operation(argument, words, mistakes)?),
            Argument::State => ends.push(state(argument, words, mistakes)),
        }
    }
    let ends: Option<Vec<State>> = ends.into_iter().collect();
    Some(S::make(word, op, &ends?))
}

fn unknown_step<S: Side>(word: &str, example: &dyn Fn() -> String, mistakes: &mut Mistakes<'_>) {
    let here = || S::STEPS.iter().map(|(step, _)| *step);
    let sides =
        [(ProcessorStep::TABLE, ProcessorStep::STEPS), (SnoopStep::TABLE, SnoopStep::STEPS)];
    let other = sides
        .iter()
        .find(|(table, steps)| *table != S::TABLE && steps.iter().any(|(step, _)| *step == word));
    let table = S::TABLE;
    let message = match other {
        Some((other, _)) => format!("`{word}` is a step of `{other}`, not of `{table}`"),
        None => format!("there is no step `{}`", shown(word)),
    };
    let help = match nearest(word, here()).filter(|_| other.is_none()) {
        Some(near) => format!("there is a step `{near}`"),
        None => format!("for example `{}`", example()),
    };
    let label = format!("expected one of {}", listed(here()));
    mistakes.at(MistakeKind::Step, word, message, label, help);
}

fn operation(word: &str, words: &Words<'_>, mistakes: &mut Mistakes<'_>) -> Option<BusOp> {
    let known = BusOp::ALL.into_iter().find(|op| op.name() == word);
    if known.is_some() {
        return known;
    }
    let names = || BusOp::ALL.iter().map(|op| op.name());
    let message = if words.states.iter().any(|state| state == word) {
        format!("`{word}` is a state, where an operation of the bus comes first")
    } else {
        format!("there is no bus operation `{}`", shown(word))
    };
    let help = nearest(word, names()).map_or_else(
        || "for example `bus(BusRdX, M)`".to_owned(),
        |near| format!("there is an operation `{near}`"),
    );
    let label = format!("expected one of {}", listed(names()));
    mistakes.at(MistakeKind::Name, word, message, label, help);
    None
}

fn state(word: &str, words: &mut Words<'_>, mistakes: &mut Mistakes<'_>) -> Option<State> {
    let known = words.states.iter().position(|state| state == word);
    if let Some(number) = known {
        return Some(State(number as u8));
    }
    unknown_state(word, words, mistakes);
    None
}

/// The most names of states that do not exist and are told of.
const TOLD_MAX: usize = 100;

/// Notes a state that is not listed, at the first place that names it.
pub(super) fn unknown_state(word: &str, words: &mut Words<'_>, mistakes: &mut Mistakes<'_>) {
    if words.told.len() >= TOLD_MAX || words.told.iter().any(|told| told == word) {
        return;
    }
    words.told.push(word.to_owned());
    let names = || words.states.iter().map(String::as_str);
    let help = nearest(word, names()).map_or_else(
        || "list it under `states`, or name one that is listed".to_owned(),
        |near| format!("there is a state `{near}`"),
    );
    let label = format!("expected one of {}", listed(names()));
    let message = format!("there is no state `{}`", shown(word));
    mistakes.at(MistakeKind::Name, word, message, label, help);
}

/// Shows what a step takes: `wire(operation, state, state)`.
fn shape(word: &str, takes: &[Argument]) -> String {
    let takes: Vec<_> = takes
        .iter()
        .map(|argument| match argument {
            Argument::Op => "operation",
            Argument::State => "state",
        })
        .collect();
    if takes.is_empty() { word.to_owned() } else { format!("{word}({})", takes.join(", ")) }
}

pub(super) fn plural(count: usize, noun: &str) -> String {
    let count_text = if count == 0 { "no".to_owned() } else { count.to_string() };
    format!("{count_text} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Splits `word(argument, argument)` into its words; `None` if it does not look so.
fn split(cell: &str) -> Option<(&str, Vec<&str>)> {
    let mut rest = cell;
    let word = next_word(&mut rest)?;
    let mut arguments = Vec::new();
    if blank(&mut rest).is_empty() {
        return Some((word, arguments));
    }
    rest = rest.strip_prefix('(')?;
    loop {
        if let Some(after) = blank(&mut rest).strip_prefix(')') {
            rest = after;
            break;
        }
        arguments.push(next_word(&mut rest)?);
        match blank(&mut rest).chars().next()? {
            ',' => rest = &rest[1..],
            ')' => {}
            _ => return None,
        }
    }
    blank(&mut rest).is_empty().then_some((word, arguments))
}

fn next_word<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let text = blank(rest);
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    let (word, after) = text.split_at(end);
    *rest = after;
    (!word.is_empty()).then_some(word)
}

/// Skips blanks and comments; RON has seen to it that comments end.
fn blank<'a>(rest: &mut &'a str) -> &'a str {
    loop {
        *rest = rest.trim_start();
        if rest.starts_with("//") {
            *rest = rest.find('\n').map_or("", |end| &rest[end..]);
        } else if rest.starts_with("/*") {
            *rest = &rest[comment(rest)..];
        } else {
            return rest;
        }
    }
}

/// Returns the bytes of a `/* comment */`, which may have others inside.
fn comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_u32, 0);
    while at < text.len() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_a_word_and_what_it_takes() {
        assert_eq!(split("never"), Some(("never", vec![])));
        assert_eq!(split("never()"), Some(("never", vec![])));
        assert_eq!(split("wire( BusRd , S,E, )"), Some(("wire", vec!["BusRd", "S", "E"])));
        let commented = "hit(/* to /* itself */ */ S // shared\n)";
        assert_eq!(split(commented), Some(("hit", vec!["S"])));
        for no_cell in ["", "(S)", "hit(S", "hit(S) S", "hit S", "\"hit\"", "hit((S))", "[S]", "-"]
        {
            assert_eq!(split(no_cell), None, "{no_cell}");
        }
    }
}
