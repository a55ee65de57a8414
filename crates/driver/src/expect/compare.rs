//! What was expected beside what was found.

use std::ops::Range;

use coherence::{Protocol, State};

use super::counts::{Counts, Unknown};
use super::error::{Mistake, MistakeKind, Mistakes};
use super::{Expectations, Expected, Look, Place};
use crate::protocol_file::{listed, nearest, shown};
use crate::report::Report;

/// What was expected of one machine, and what was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// The keys that the file sets over the machine, as `key=value`.
    pub settings: Vec<String>,
    /// The protocol.
    pub protocol: String,
    /// The counts and states, in the order of the file.
    pub findings: Vec<Finding>,
}

/// One expectation, and what was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// The counter's path in the report, or `final/` and an address.
    pub what: String,
    /// What was expected, as it is written.
    pub expected: String,
    /// What was expected, with the values of its formulas.
    pub value: String,
    /// What was found.
    pub found: String,
    /// Whether it is as expected.
    pub holds: bool,
    /// Where the expectation is written.
    span: Range<usize>,
}

impl Outcome {
    /// Returns what is not as expected.
    pub fn wrong(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| !finding.holds)
    }
}

impl Expectations {
    /// Returns the addresses that a machine's expectations look at, with the names of the trace.
    pub fn addresses(
        &self,
        machine: &Expected,
        names: &[(String, u64)],
    ) -> Result<Vec<u64>, Vec<Mistake>> {
        let mut mistakes = Mistakes::of(&self.path, &self.text);
        let mut addresses = Vec::new();
        for look in &machine.looks {
            match address(&look.place, names) {
                Some(addr) => addresses.push(addr),
                None => no_address(&mut mistakes, look, names),
            }
        }
        mistakes.finish().map(|()| addresses)
    }

    /// Compares the report of a machine with what is expected of it.
    ///
    /// The replay has to have looked at what [`Expectations::addresses`] returns. Counters and
    /// states that do not exist on the machine are mistakes of the file.
    pub fn compare(&self, machine: &Expected, report: &Report) -> Result<Outcome, Vec<Mistake>> {
        let mut mistakes = Mistakes::of(&self.path, &self.text);
        let counts = Counts::of(report);
        let mut findings = Vec::new();
        for count in &machine.counts {
            match counts.get(&count.name) {
                Ok((what, found)) => findings.push(Finding {
                    what,
                    expected: count.written.clone(),
                    value: count.condition.to_string(),
                    found: found.to_string(),
                    holds: count.condition.holds(found),
                    span: count.span.clone(),
                }),
                Err(unknown) => no_counter(&mut mistakes, &count.name, &count.name_span, unknown),
            }
        }
        let protocol = &report.replayed.machine.protocol;
        for (look, found) in machine.looks.iter().zip(&report.replayed.looks) {
            let Some(expected) = states(&mut mistakes, look, protocol, found.len()) else {
                continue;
            };
            findings.push(Finding {
                what: format!("final/{}", look.written),
                expected: look.states.clone(),
                value: written(protocol, &expected),
                found: written(protocol, found),
                holds: expected == *found,
                span: look.span.clone(),
            });
        }
        mistakes.finish()?;
        let text = |span: &Range<usize>| &self.text[span.clone()];
        let settings = machine.settings.iter();
        let settings = settings.map(|set| format!("{}={}", text(&set.key), text(&set.value)));
        Ok(Outcome { settings: settings.collect(), protocol: protocol.name().to_owned(), findings })
    }

    /// Returns the text with what was found in place of what is wrong; all else stays as it is.
    pub fn corrected<'a>(&self, wrong: impl IntoIterator<Item = &'a Finding>) -> String {
        let mut wrong: Vec<_> = wrong.into_iter().collect();
        wrong.sort_by_key(|finding| finding.span.start);
        let (mut text, mut at) = (String::new(), 0);
        for finding in wrong {
            text.push_str(&self.text[at..finding.span.start]);
            let quote = if self.text[finding.span.clone()].starts_with('"') { "\"" } else { "" };
            text.extend([quote, finding.found.as_str(), quote]);
            at = finding.span.end;
        }
        text + &self.text[at..]
    }
}

fn address(place: &Place, names: &[(String, u64)]) -> Option<u64> {
    match place {
        Place::Addr(addr) => Some(*addr),
        Place::Named(name, offset) => {
            let (_, addr) = names.iter().find(|(known, _)| known == name)?;
            addr.checked_add(*offset)
        }
    }
}

fn no_address(mistakes: &mut Mistakes, look: &Look, names: &[(String, u64)]) {
    let all = || names.iter().map(|(name, _)| name.as_str());
    let help = match nearest(&look.written, all()) {
        Some(near) => format!("there is `{near}`"),
        None if names.is_empty() => "write an address such as `0x1000`".to_owned(),
        None => format!("the trace declares {}", listed(all())),
    };
    mistakes.on(
        MistakeKind::States,
        look.place_span.clone(),
        format!("the trace has no address `{}`", shown(&look.written)),
        "expected a name that it declares before its first access",
        help,
    );
}

fn no_counter(mistakes: &mut Mistakes, name: &str, span: &Range<usize>, unknown: Unknown) {
    let help = match unknown.near {
        Some(near) => format!("there is `{near}`"),
        None => "`mesim replay TRACE --classify --json -` shows the counters and their places"
            .to_owned(),
    };
    mistakes.on(
        MistakeKind::Counter,
        span.clone(),
        format!("there is no counter `{}`", shown(name)),
        "expected one of the JSON report, such as `totals/misses`, or `misses` for short",
        help,
    );
}

/// Reads the states of all cores: a letter each, or names with blanks between them.
fn states(
    mistakes: &mut Mistakes,
    look: &Look,
    protocol: &Protocol,
    cores: usize,
) -> Option<Vec<State>> {
    let text = look.states.trim();
    let apart = text.contains(char::is_whitespace);
    let letters = protocol.all_states().all(|state| protocol.state_name(state).len() == 1);
    let names: Vec<String> = if apart || !letters {
        text.split_whitespace().map(str::to_owned).collect()
    } else {
        text.chars().map(String::from).collect()
    };
    let known =
        |name: &String| protocol.all_states().find(|state| protocol.state_name(*state) == name);
    let states: Option<Vec<State>> = names.iter().map(known).collect();
    let (message, label) = match &states {
        Some(states) if states.len() == cores => return Some(states.clone()),
        Some(states) => (
            format!("`{}` are the states of {} cores", shown(text), states.len()),
            format!("expected those of {cores}, core 0 first"),
        ),
        None => {
            let all = protocol.all_states().map(|state| protocol.state_name(state));
            (
                format!("`{}` are no states of {}", shown(text), protocol.name()),
                format!("expected a state of each core, of {}", listed(all)),
            )
        }
    };
    let invalid = vec![State(0); cores];
    let help = format!("for example `\"{}\"`", written(protocol, &invalid));
    mistakes.on(MistakeKind::States, look.span.clone(), message, label, help);
    None
}

/// Writes the states of all cores as [`states`] reads them.
fn written(protocol: &Protocol, states: &[State]) -> String {
    let letters = protocol.all_states().all(|state| protocol.state_name(state).len() == 1);
    let names: Vec<_> = states.iter().map(|state| protocol.state_name(*state)).collect();
    names.join(if letters { "" } else { " " })
}
