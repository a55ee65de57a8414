//! From the text of an expectation file to what is expected, or to everything that is wrong.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use ron::error::SpannedError;

use super::condition::Condition;
use super::error::{Mistake, MistakeKind, Mistakes};
use super::formula::{self, FormulaError, Params};
use super::{BYTES_MAX, Count, Expectations, Expected, Look, MACHINES_MAX, Pinned, Place};
use crate::config::{Draft, Origin, Setting, Source};
use crate::protocol_file::{listed, nearest, shown};
use crate::slices::{self, Entry, quoted};

/// The keys of a machine's expectations, each with a value that works.
const KEYS: [(&str, &str); 6] = [
    ("config", "config: \"machine.ron\""),
    ("set", "set: {\"protocol\": \"MSI\"}"),
    ("counts", "counts: {\"misses\": \"20\"}"),
    ("final", "final: {\"0x1000\": \"IM\"}"),
    // Of the first machine only.
    ("params", "params: {\"N\": 10}"),
    ("also", "also: [(set: {\"protocol\": \"MSI\"}, counts: {\"misses\": \"20\"})]"),
];
/// How many of them a machine in `also` has.
const KEYS_OF_ALSO: usize = 4;

/// Reads an expectation file, which `path` names in diagnostics.
///
/// The parameters that are given replace those of the file. What keeps the file from being read is
/// the error, in the order of the text; the list is never empty.
pub fn read(
    path: &str,
    text: &str,
    params: &[(String, i128)],
) -> Result<Expectations, Vec<Mistake>> {
    if text.len() > BYTES_MAX {
        let mut mistakes = Mistakes::of(path, "");
        let message = format!("an expectation file of more than {BYTES_MAX} bytes is none");
        let help = "it lists the counts of one trace";
        mistakes.on(MistakeKind::Syntax, 0..0, message, "not read further", help);
        return Err(mistakes.finish().expect_err("there is one"));
    }
    let mut reader =
        Reader { mistakes: Mistakes::of(path, text), params: Params::new(), given: params };
    let machines = reader.file();
    let Reader { mistakes, .. } = reader;
    let text = Arc::clone(&mistakes.text);
    mistakes.finish()?;
    Ok(Expectations { path: path.to_owned(), text, machines: machines.unwrap_or_default() })
}

struct Reader<'a> {
    mistakes: Mistakes,
    params: Params,
    given: &'a [(String, i128)],
}

impl Reader<'_> {
    fn file(&mut self) -> Option<Vec<Expected>> {
        let text = Arc::clone(&self.mistakes.text);
        let entries = self.mistakes.noted(&text, slices::entries(&text))?;
        let keys = self.keys(entries, KEYS.len());
        if let Some(params) = keys[4] {
            self.params(params);
        }
        self.check_given();
        let first = self.machine(keys, &Expected::default());
        let mut machines = vec![first];
        if let Some(also) = keys[5] {
            let list = self.mistakes.noted(also.value, slices::elements(also.value))?;
            if list.len() >= MACHINES_MAX {
                let span = self.mistakes.span(list[MACHINES_MAX - 1]);
                let message = format!("a file of {} machines is too long", list.len() + 1);
                let label = format!("expected at most {MACHINES_MAX} of them");
                self.mistakes.on(MistakeKind::Value, span, message, label, "write another file");
            }
            for part in list.into_iter().take(MACHINES_MAX) {
                let Some(entries) = self.mistakes.noted(part, slices::entries(part)) else {
                    continue;
                };
                let keys = self.keys(entries, KEYS_OF_ALSO);
                let base = machines[0].clone();
                machines.push(self.machine(keys, &base));
            }
        }
        if machines.iter().all(|machine| machine.counts.is_empty() && machine.looks.is_empty()) {
            let end = text.rfind(')').unwrap_or(0);
            self.mistakes.on(
                MistakeKind::Value,
                end..(end + 1).min(text.len()),
                "the file expects nothing",
                "expected `counts` or `final` before this",
                format!("for example `{}`", KEYS[2].1),
            );
        }
        Some(machines)
    }

    /// Sorts entries by their keys; notes keys that are unknown or doubled.
    fn keys<'t>(&mut self, entries: Vec<Entry<'t>>, known: usize) -> [Option<Entry<'t>>; 6] {
        let mut found = [None; KEYS.len()];
        let names = || KEYS[..known].iter().map(|(name, _)| *name);
        for entry in entries {
            let span = self.mistakes.span(entry.key);
            let Some(number) = names().position(|name| name == entry.key) else {
                let help = nearest(entry.key, names()).map_or_else(
                    || format!("the keys here are {}", listed(names())),
                    |near| format!("there is a key `{near}`"),
                );
                let what = if known == KEYS.len() { "an expectation file" } else { "`also`" };
                let message = format!("{what} has no key `{}`", shown(entry.key));
                let label = format!("expected one of {}", listed(names()));
                self.mistakes.on(MistakeKind::UnknownKey, span, message, label, help);
                continue;
            };
            if found[number].is_some() {
                self.twice(span, entry.key);
            } else {
                found[number] = Some(entry);
            }
        }
        found
    }

    fn twice(&mut self, span: Range<usize>, name: &str) {
        let message = format!("`{}` is there twice", shown(name));
        self.mistakes.on(
            MistakeKind::Value,
            span,
            message,
            "the second one",
            "leave one of them out",
        );
    }

    /// Reads the names and values between curly brackets.
    fn pairs<'t>(&mut self, entry: Entry<'t>) -> Vec<Entry<'t>> {
        let read: Result<_, SpannedError> = slices::pairs(entry.value);
        let pairs = self.mistakes.noted(entry.value, read).unwrap_or_default();
        let mut seen = HashSet::new();
        let mut good = Vec::new();
        for pair in pairs {
            let Some(name) = quoted(pair.key).filter(|name| !name.is_empty()) else {
                let span = self.mistakes.span(pair.key);
                self.mistakes.on(
                    MistakeKind::Value,
                    span,
                    format!("`{}` is no name", shown(pair.key)),
                    "expected a name between quotes",
                    "for example `{\"misses\": \"20\"}`",
                );
                continue;
            };
            if seen.insert(name) {
                good.push(Entry { key: name, value: pair.value });
            } else {
                let span = self.mistakes.span(name);
                self.twice(span, name);
            }
        }
        good
    }

    fn params(&mut self, entry: Entry<'_>) {
        for Entry { key, value } in self.pairs(entry) {
            let first = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
            if !first || !key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                let span = self.mistakes.span(key);
                let message = format!("`{}` is no name of a parameter", shown(key));
                let label = "expected letters, digits and `_`, no digit first";
                self.mistakes.on(MistakeKind::Value, span, message, label, "for example `N`");
                continue;
            }
            let given = self.given.iter().rev().find(|(name, _)| name == key);
            let read = self.written(value).and_then(|(text, start)| {
                let value = formula::value(text, &self.params);
                value.map_err(|error| self.formula(start, error)).ok()
            });
            if let Some(value) = given.map(|(_, value)| *value).or(read) {
                self.params.insert(key.to_owned(), value);
            }
        }
    }

    /// Notes parameters that were given and are not the file's.
    fn check_given(&mut self) {
        for (name, value) in self.given {
            if self.params.contains_key(name) {
                continue;
            }
            let text = format!("--param {name}={value}");
            let start = "--param ".len();
            let names = || self.params.keys().map(String::as_str);
            let help = nearest(name, names()).map_or_else(
                || format!("the parameters of the file: {}", listed(names())),
                |near| format!("there is a parameter `{near}`"),
            );
            let origin = Origin {
                source: Source::Argument { text: text.into() },
                span: start..start + name.len(),
            };
            self.mistakes.push(Mistake {
                kind: MistakeKind::UnknownKey,
                message: format!("the file declares no parameter `{}`", shown(name)),
                origin,
                label: "expected one of the file's `params`".to_owned(),
                help,
            });
        }
    }

    /// Reads what is expected of a machine; what it does not say of itself, `base` does.
    fn machine(&mut self, keys: [Option<Entry<'_>>; 6], base: &Expected) -> Expected {
        let [config, set, counts, looks, ..] = keys;
        let own = set.map_or_else(Vec::new, |set| self.settings(set));
        let own_keys: HashSet<_> = own.iter().map(|setting| self.key_of(setting)).collect();
        let inherited = base.settings.iter();
        let inherited = inherited.filter(|setting| !own_keys.contains(self.key_of(setting)));
        let settings = inherited.cloned().chain(own.iter().cloned()).collect();
        Expected {
            settings,
            config: match config {
                Some(config) => self.config(config),
                None => base.config.clone(),
            },
            counts: counts.map_or_else(Vec::new, |counts| self.counts(counts)),
            looks: looks.map_or_else(Vec::new, |looks| self.looks(looks)),
        }
    }

    fn key_of(&self, setting: &Setting) -> &str {
        &self.mistakes.text[setting.key.clone()]
    }

    fn settings(&mut self, entry: Entry<'_>) -> Vec<Setting> {
        let pairs = self.pairs(entry).into_iter();
        pairs
            .map(|Entry { key, value }| Setting {
                source: self.mistakes.source.clone(),
                key: self.mistakes.span(key),
                value: self.mistakes.span(quoted(value).unwrap_or(value)),
            })
            .collect()
    }

    /// Reads the machine: the path of a config, or the config itself.
    fn config(&mut self, entry: Entry<'_>) -> Option<Pinned> {
        let (source, text) = (self.mistakes.source.clone(), Arc::clone(&self.mistakes.text));
        let span = self.mistakes.span(entry.value);
        if entry.value.starts_with('(') {
            return match Draft::from_part(source, &text, entry.value) {
                Ok(draft) => Some(Pinned::Here(Box::new(draft))),
                Err(error) => {
                    self.mistakes.machine(error);
                    None
                }
            };
        }
        let path = quoted(entry.value).filter(|path| !path.is_empty());
        if path.is_none() {
            self.mistakes.on(
                MistakeKind::Value,
                span.clone(),
                "this is no machine",
                "expected the path of a config between quotes, or a config between round brackets",
                "for example `config: (cores: 2, caches: [(name: \"L1\", size: \"1 KiB\")])`",
            );
        }
        path.map(|path| Pinned::File(path.to_owned(), Origin { source, span }))
    }

    fn counts(&mut self, entry: Entry<'_>) -> Vec<Count> {
        let mut counts = Vec::new();
        for Entry { key, value } in self.pairs(entry) {
            let Some((text, start)) = self.written(value) else { continue };
            match Condition::read(text, &self.params) {
                Ok(condition) => counts.push(Count {
                    name: key.to_owned(),
                    name_span: self.mistakes.span(key),
                    written: text.trim().to_owned(),
                    condition,
                    span: self.mistakes.span(value),
                }),
                Err(error) => self.formula(start, error),
            }
        }
        counts
    }

    /// Returns the text of a formula, a number or a string, and where it begins.
    fn written<'t>(&mut self, value: &'t str) -> Option<(&'t str, usize)> {
        let number = || Some(value).filter(|text| text.starts_with(|c: char| c.is_ascii_digit()));
        let text = quoted(value).or_else(number);
        let span = self.mistakes.span(text.unwrap_or(value));
        if text.is_none() {
            self.mistakes.on(
                MistakeKind::Value,
                span.clone(),
                format!("`{}` is no count", shown(value)),
                "expected a number, or a formula between quotes",
                "for example `\"2*N - 1\"`, `\">= 2\"` or `\"2..=5\"`",
            );
        }
        text.map(|text| (text, span.start))
    }

    fn formula(&mut self, start: usize, error: FormulaError) {
        let FormulaError { span, message, label, help } = error;
        let span = start + span.start..start + span.end;
        self.mistakes.on(MistakeKind::Formula, span, message, label, help);
    }

    fn looks(&mut self, entry: Entry<'_>) -> Vec<Look> {
        let mut looks = Vec::new();
        for Entry { key, value } in self.pairs(entry) {
            let Some(states) = quoted(value) else {
                let span = self.mistakes.span(value);
                self.mistakes.on(
                    MistakeKind::States,
                    span,
                    format!("`{}` are no states", shown(value)),
                    "expected the states of all cores between quotes",
                    "for example `\"IM\"`, or `\"Sm Sc\"` where a name has two letters",
                );
                continue;
            };
            let Some(place) = place(key) else {
                let span = self.mistakes.span(key);
                self.mistakes.on(
                    MistakeKind::States,
                    span,
                    format!("`{}` is no address", shown(key)),
                    "expected an address with 0x, or a name that the trace declares",
                    "for example `\"0x1000\"`, `\"x\"` or `\"x+0x40\"`",
                );
                continue;
            };
            looks.push(Look {
                written: key.to_owned(),
                place,
                place_span: self.mistakes.span(key),
                states: states.to_owned(),
                span: self.mistakes.span(value),
            });
        }
        looks
    }
}

/// Reads `0x1000`, `name` or `name+0x40`.
fn place(text: &str) -> Option<Place> {
    let number = |text: &str| match text.strip_prefix("0x") {
        Some(digits) if !digits.starts_with('+') => u64::from_str_radix(digits, 16).ok(),
        _ => text.parse().ok().filter(|_| !text.starts_with('+')),
    };
    let (base, offset) = match text.split_once('+') {
        Some((base, offset)) => (base, number(offset)?),
        None => (text, 0),
    };
    if base.starts_with("0x") {
        return number(base)?.checked_add(offset).map(Place::Addr);
    }
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    let named = base.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    (named && base.chars().all(legal)).then(|| Place::Named(base.to_owned(), offset))
}
