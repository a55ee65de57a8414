//! A space as a file: which traces, which machines, in which orders.

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use ron::error::SpannedError;

use super::plan::{Reading, RunOptions};
use crate::config::{Origin, Setting, Source};
use crate::interleave::Interleave;
use crate::orders;
use crate::protocol_file::{first_line, listed, nearest, shown};
use crate::slices::{self, Entry, quoted};

/// The largest file of a space, in bytes.
pub(super) const BYTES_MAX: usize = 1 << 20;

/// The most orders of accesses that a space lists.
const ORDERS_MAX: usize = 100_000;

/// The keys, each with a value that works.
const KEYS: [(&str, &str); 14] = [
    ("traces", "traces: [\"a.mtrc\", \"b.mtrc\"]"),
    ("config", "config: \"machine.ron\""),
    ("set", "set: {\"cores\": 4}"),
    ("vary", "vary: {\"L1.size\": [\"16 KiB\", \"32 KiB\"]}"),
    ("interleave", "interleave: [\"recorded\", \"random:1..20\"]"),
    ("classify", "classify: true"),
    ("check", "check: true"),
    ("counts_only", "counts_only: true"),
    ("warmup", "warmup: 1000000"),
    ("limit", "limit: 10000000"),
    ("format", "format: \"din\""),
    ("columns", "columns: \"core,op,addr\""),
    ("lackey_modify", "lackey_modify: \"atomic\""),
    ("requests_write", "requests_write: true"),
];

/// What a space asks for. Paths count from the folder of its file.
#[derive(Clone, Debug)]
pub struct Space {
    /// The traces; one of per-core files has several paths.
    pub traces: Vec<Vec<Place>>,
    /// The configs; none for the built-in machine, or the one that a trace names.
    pub configs: Vec<Place>,
    /// What is set on every machine.
    pub set: Vec<Setting>,
    /// The keys that are varied; the first one changes slowest.
    pub vary: Vec<Vary>,
    /// The orders of accesses; none for each trace's own.
    pub orders: Vec<Interleave>,
    /// How traces are read.
    pub reading: Reading,
    /// What is counted.
    pub options: RunOptions,
    source: Source,
    text: Arc<str>,
}

/// A path, and where it was written.
#[derive(Clone, Debug)]
pub struct Place {
    /// The path as it was written.
    pub path: String,
    /// Where.
    pub origin: Origin,
}

/// A key of the config and the values that it takes.
#[derive(Clone, Debug)]
pub struct Vary {
    /// The key as it was written.
    pub key: String,
    /// Its values, in their order.
    pub values: Vec<Setting>,
}

/// What keeps the file of a space from being read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SpaceMistake {
    /// What was found.
    pub message: String,
    /// Where.
    pub origin: Origin,
    /// What is to be said of the place.
    pub label: Box<str>,
    /// A value that works.
    pub help: Box<str>,
}

impl fmt::Display for SpaceMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.message, self.label)
    }
}

impl std::error::Error for SpaceMistake {}

type Read<T> = Result<T, SpaceMistake>;

impl Space {
    /// Reads the text of a space, which `path` names in diagnostics.
    pub fn read(path: &str, text: &str) -> Read<Self> {
        let text: Arc<str> = text.into();
        let source = Source::File { path: path.into(), text: text.clone() };
        let reader = Reader { text: &text, source: &source };
        if text.len() > BYTES_MAX {
            let message = format!("a space of more than {BYTES_MAX} bytes is none");
            return Err(reader.on(0..0, message, "not read further", "it lists traces and values"));
        }
        let found = reader.keys()?;
        let [traces, config, set, vary, interleave, flags @ ..] = found;
        let [classify, check, counts_only, warmup, limit, format, columns, modify, write] = flags;
        let Some(traces) = traces else {
            let end = text.rfind(')').unwrap_or(0);
            let span = end..(end + 1).min(text.len());
            let help = format!("for example `{}`", KEYS[0].1);
            return Err(reader.on(span, "the space has no traces", "expected `traces`", help));
        };
        Ok(Self {
            traces: reader.traces(traces)?,
            configs: config.map_or(Ok(vec![]), |entry| reader.configs(entry))?,
            set: set.map_or(Ok(vec![]), |entry| reader.settings(entry))?,
            vary: vary.map_or(Ok(vec![]), |entry| reader.vary(entry))?,
            orders: interleave.map_or(Ok(vec![]), |entry| reader.orders(entry))?,
            reading: Reading {
                format: reader.text_of(format)?,
                columns: reader.text_of(columns)?,
                lackey_modify: reader.text_of(modify)?,
                requests_write: reader.is_so(write)?,
            },
            options: RunOptions {
                classify: reader.is_so(classify)?,
                check: reader.is_so(check)?,
                counts_only: reader.is_so(counts_only)?,
                warmup: reader.number(warmup)?.unwrap_or(0),
                limit: reader.number(limit)?,
            },
            source: source.clone(),
            text: text.clone(),
        })
    }

    /// Returns how many cells the space has, if that is a number that can be written down.
    pub fn cells(&self) -> Option<u64> {
        let varied = self.vary.iter().map(|vary| vary.values.len());
        let others = [self.traces.len(), self.configs.len().max(1), self.orders.len().max(1)];
        let mut factors = others.into_iter().chain(varied);
        factors.try_fold(1_u64, |product, factor| product.checked_mul(factor as u64))
    }

    /// Returns every combination of values, by the numbers of values; the first key changes
    /// slowest.
    pub fn combinations(&self) -> Vec<Vec<usize>> {
        let mut combinations = vec![Vec::new()];
        for vary in &self.vary {
            let longer = |short: &Vec<usize>| {
                let short = short.clone();
                (0..vary.values.len()).map(move |value| [&short[..], &[value]].concat())
            };
            combinations = combinations.iter().flat_map(longer).collect();
        }
        combinations
    }

    /// Returns the key and the value of a setting, as they were written.
    pub fn words(&self, setting: &Setting) -> (&str, &str) {
        (&self.text[setting.key.clone()], &self.text[setting.value.clone()])
    }

    /// Says that something is wrong with one of the keys, which is there.
    pub fn mistake(&self, key: &str, message: String, help: String) -> SpaceMistake {
        let reader = Reader { text: &self.text, source: &self.source };
        let entries = slices::entries(&self.text).unwrap_or_default();
        let entry = entries.into_iter().find(|entry| entry.key == key);
        let span = entry.map_or(0..0, |entry| reader.span(entry.value));
        reader.on(span, message, "expected another value", help)
    }
}

struct Reader<'a> {
    text: &'a str,
    source: &'a Source,
}

impl<'a> Reader<'a> {
    fn span(&self, slice: &str) -> Range<usize> {
        let start = slice.as_ptr() as usize - self.text.as_ptr() as usize;
        start..start + slice.len()
    }

    fn on(
        &self,
        span: Range<usize>,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) -> SpaceMistake {
        let origin = Origin { source: self.source.clone(), span: first_line(self.text, span) };
        let (label, help) = (label.into().into(), help.into().into());
        SpaceMistake { message: message.into(), origin, label, help }
    }

    fn at(
        &self,
        slice: &str,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) -> SpaceMistake {
        self.on(self.span(slice), message, label, help)
    }

    /// Says what RON's parser found wrong in a slice of the text.
    fn syntax(&self, slice: &str, error: &SpannedError) -> SpaceMistake {
        let (span, label) = slices::fault(slice, error);
        let start = self.span(slice).start;
        self.on(
            start + span.start..start + span.end,
            "the space is not readable as RON",
            label,
            "it looks like `(traces: [\"a.mtrc\"], vary: {\"L1.size\": [\"16 KiB\"]})`",
        )
    }

    /// Sorts the entries by their keys.
    fn keys(&self) -> Read<[Option<Entry<'a>>; KEYS.len()]> {
        let entries = slices::entries(self.text).map_err(|error| self.syntax(self.text, &error))?;
        let names = || KEYS.iter().map(|(name, _)| *name);
        let mut found = [None; KEYS.len()];
        for entry in entries {
            let Some(number) = names().position(|name| name == entry.key) else {
                let message = format!("a space has no key `{}`", shown(entry.key));
                let label = format!("expected one of {}", listed(names()));
                let help = nearest(entry.key, names()).map_or_else(
                    || format!("keys of the config go into `set` or `vary`: `{}`", KEYS[3].1),
                    |near| format!("there is a key `{near}`"),
                );
                return Err(self.at(entry.key, message, label, help));
            };
            if found[number].replace(entry).is_some() {
                return Err(self.twice(entry.key));
            }
        }
        Ok(found)
    }

    fn twice(&self, slice: &str) -> SpaceMistake {
        let message = format!("`{}` is there twice", shown(slice));
        self.at(slice, message, "the second one", "leave one of them out")
    }

    fn example(key: &str) -> String {
        let known = KEYS.iter().find(|(name, _)| *name == key);
        known.map_or_else(String::new, |(_, example)| format!("for example `{example}`"))
    }

    /// Reads a list that has to have something in it.
    fn list(&self, entry: Entry<'a>) -> Read<Vec<&'a str>> {
        let list = slices::elements(entry.value).map_err(|error| {
            let mistake = self.syntax(entry.value, &error);
            let example = Self::example(entry.key);
            if example.is_empty() {
                mistake
            } else {
                SpaceMistake { help: example.into(), ..mistake }
            }
        })?;
        if list.is_empty() {
            let message = format!("`{}` lists nothing", shown(entry.key));
            let help = "leave the key out, or list what there is";
            return Err(self.at(entry.value, message, "expected something here", help));
        }
        Ok(list)
    }

    /// Reads a text between quotes.
    fn quoted(&self, slice: &'a str, key: &str) -> Read<&'a str> {
        quoted(slice).filter(|inner| !inner.trim().is_empty()).ok_or_else(|| {
            let message = format!("`{}` is no value of `{key}`", shown(slice));
            self.at(slice, message, "expected a text between quotes", Self::example(key))
        })
    }

    fn place(&self, slice: &'a str, key: &str) -> Read<Place> {
        let path = self.quoted(slice, key)?;
        let origin = Origin { source: self.source.clone(), span: self.span(path) };
        if path == "-" {
            let help = "write it to a file first: its cells read it more than once";
            return Err(self.at(slice, "a space names files", "expected a path", help));
        }
        Ok(Place { path: path.to_owned(), origin })
    }

    fn traces(&self, entry: Entry<'a>) -> Read<Vec<Vec<Place>>> {
        let mut traces: Vec<Vec<Place>> = Vec::new();
        for element in self.list(entry)? {
            let files = if element.starts_with('[') {
                self.list(Entry { key: entry.key, value: element })?
            } else {
                vec![element]
            };
            let files = files.into_iter().map(|file| self.place(file, entry.key));
            let files: Vec<Place> = files.collect::<Read<_>>()?;
            let names = |trace: &[Place]| -> Vec<String> {
                trace.iter().map(|file| file.path.clone()).collect()
            };
            if traces.iter().any(|other| names(other) == names(&files)) {
                return Err(self.twice(element));
            }
            traces.push(files);
        }
        Ok(traces)
    }

    fn configs(&self, entry: Entry<'a>) -> Read<Vec<Place>> {
        let list = if entry.value.starts_with('[') { self.list(entry)? } else { vec![entry.value] };
        let mut configs: Vec<Place> = Vec::new();
        for element in list {
            let config = self.place(element, entry.key)?;
            if configs.iter().any(|other| other.path == config.path) {
                return Err(self.twice(element));
            }
            configs.push(config);
        }
        Ok(configs)
    }

    /// Reads the names and values between curly brackets, each name once.
    fn pairs(&self, entry: Entry<'a>) -> Read<Vec<Entry<'a>>> {
        let pairs = slices::pairs(entry.value).map_err(|e| self.syntax(entry.value, &e))?;
        let mut seen = HashSet::new();
        let named = pairs.into_iter().map(|pair| {
            let key = self.quoted(pair.key, entry.key)?;
            if seen.insert(key) { Ok(Entry { key, ..pair }) } else { Err(self.twice(pair.key)) }
        });
        named.collect()
    }

    fn setting(&self, key: &'a str, value: &'a str) -> Read<Setting> {
        let inner = quoted(value);
        if inner.is_none() && value.starts_with('"') {
            let message = format!("`{}` has a backslash in its quotes", shown(value));
            let help = "a list goes without quotes round it: `[\"5 ms\", \"1 s\"]`";
            return Err(self.at(value, message, "expected none", help));
        }
        let value = self.span(inner.unwrap_or(value));
        Ok(Setting { source: self.source.clone(), key: self.span(key), value })
    }

    fn settings(&self, entry: Entry<'a>) -> Read<Vec<Setting>> {
        let pairs = self.pairs(entry)?.into_iter();
        pairs.map(|pair| self.setting(pair.key, pair.value)).collect()
    }

    fn vary(&self, entry: Entry<'a>) -> Read<Vec<Vary>> {
        let mut varied = Vec::new();
        for pair in self.pairs(entry)? {
            let mut seen = HashSet::new();
            let mut values = Vec::new();
            for value in self.list(pair)? {
                let setting = self.setting(pair.key, value)?;
                if !seen.insert(&self.text[setting.value.clone()]) {
                    return Err(self.twice(value));
                }
                values.push(setting);
            }
            varied.push(Vary { key: pair.key.to_owned(), values });
        }
        Ok(varied)
    }

    fn orders(&self, entry: Entry<'a>) -> Read<Vec<Interleave>> {
        let (mut all, mut seen) = (Vec::new(), HashSet::new());
        for element in self.list(entry)? {
            let text = self.quoted(element, entry.key)?;
            let orders = orders::read(text).map_err(|message| {
                let label = "expected an order of accesses";
                self.at(element, message, label, Self::example(entry.key))
            })?;
            for order in orders {
                if !seen.insert(order) {
                    let message = format!("the order `{order}` is there twice");
                    let help = "leave one of them out";
                    return Err(self.at(element, message, "the second one", help));
                }
                all.push(order);
            }
            if all.len() > ORDERS_MAX {
                let message = format!("more than {ORDERS_MAX} orders are too many");
                return Err(self.at(element, message, "not read further", "ask for fewer"));
            }
        }
        Ok(all)
    }

    fn text_of(&self, entry: Option<Entry<'a>>) -> Read<Option<String>> {
        let Some(Entry { key, value }) = entry else { return Ok(None) };
        self.quoted(value, key).map(|text| Some(text.to_owned()))
    }

    fn is_so(&self, entry: Option<Entry<'a>>) -> Read<bool> {
        let Some(Entry { key, value }) = entry else { return Ok(false) };
        value.parse().map_err(|_| {
            let message = format!("`{}` is no value of `{key}`", shown(value));
            self.at(value, message, "expected `true` or `false`", Self::example(key))
        })
    }

    fn number(&self, entry: Option<Entry<'a>>) -> Read<Option<u64>> {
        let Some(Entry { key, value }) = entry else { return Ok(None) };
        let number = value.replace('_', "").parse().ok().filter(|&n| n > 0 || key != "limit");
        let number = number.ok_or_else(|| {
            let message = format!("`{}` is no value of `{key}`", shown(value));
            let label = "expected a whole number of accesses";
            self.at(value, message, label, Self::example(key))
        })?;
        Ok(Some(number))
    }
}
