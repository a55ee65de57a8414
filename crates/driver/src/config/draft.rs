//! A config on its way to being checked: the text of each value and where it was written.

use std::ops::Range;

use coherence::Protocol;
use indexmap::IndexMap;

use super::error::{ConfigError, Origin, Source};
use super::raw;
use crate::protocol_file;

/// Values by their config path, each from the last place that set it.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    values: IndexMap<String, Value>,
    /// The sections that are there (as opposed to left out, or `None`), and where.
    sections: IndexMap<String, Origin>,
    levels: usize,
    /// The text has a list of levels, which may be empty.
    lists_levels: bool,
    has_l1i: bool,
    source: Source,
    /// What the file says that `protocol` names.
    protocol: Option<Protocol>,
}

/// The word for a section that is not there.
pub(super) const NONE: &str = "None";

/// One value as it was written.
#[derive(Clone, Debug)]
pub(super) struct Value {
    pub(super) text: String,
    pub(super) origin: Origin,
}

/// A key and its value as they stand in a text, to be set over what a config says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Setting {
    /// The text.
    pub source: Source,
    /// Where the key is, without quotes.
    pub key: Range<usize>,
    /// Where the value is.
    pub value: Range<usize>,
}

impl Draft {
    /// Starts from the built-in default machine.
    pub fn built_in() -> Self {
        let mut draft = Self { source: Source::BuiltIn, ..Self::default() };
        raw::read(super::DEFAULT_MACHINE, super::DEFAULT_MACHINE, &mut draft)
            .expect("the default machine is RON");
        draft
    }

    /// Lays a config file's text over the default machine. Levels of caches are not mixed: a file
    /// that lists any lists all.
    pub fn from_ron(path: &str, text: &str) -> Result<Self, ConfigError> {
        Self::from_part(Source::File { path: path.into(), text: text.into() }, text, text)
    }

    /// Lays a config that is a slice of a file's text over the default machine.
    pub(crate) fn from_part(source: Source, text: &str, slice: &str) -> Result<Self, ConfigError> {
        let mut draft = Self::built_in();
        draft.source = source;
        let mut file = Self { source: draft.source.clone(), ..Self::default() };
        raw::read(text, slice, &mut file)
            .map_err(|error| ConfigError::from_ron(error, draft.source.clone()))?;
        if file.lists_levels {
            draft.values.retain(|path, _| !path.starts_with("caches."));
            draft.levels = file.levels;
        }
        draft.has_l1i |= file.has_l1i;
        draft.values.extend(file.values);
        draft.sections.extend(file.sections);
        Ok(draft)
    }

    /// Overrides one key: `key=value`, as `--set` takes it. Levels go by number or name.
    pub fn set(&mut self, argument: &str) -> Result<(), ConfigError> {
        let source = Source::Argument { text: argument.into() };
        let Some((key, value)) = argument.split_once('=') else {
            return Err(ConfigError::not_an_assignment(argument));
        };
        let text = value.trim();
        let start = key.len() + 1 + (value.len() - value.trim_start().len());
        let setting =
            Setting { source, key: 0..key.trim().len(), value: start..start + text.len() };
        self.assign(key.trim(), argument, setting)
    }

    /// Overrides one key as a file says it.
    pub fn set_as(&mut self, setting: &Setting) -> Result<(), ConfigError> {
        let Source::File { text, .. } = setting.source.clone() else { return Ok(()) };
        self.assign(&text[setting.key.clone()], &text, setting.clone())
    }

    fn assign(&mut self, key: &str, whole: &str, setting: Setting) -> Result<(), ConfigError> {
        let Setting { source, key: key_span, value: span } = setting;
        let path = self.resolve(key);
        let level_exists = path
            .strip_prefix("caches.")
            .and_then(|rest| rest.split('.').next()?.parse::<usize>().ok())
            .is_none_or(|level| level < self.levels);
        if !raw::is_key(&path) || !level_exists {
            let mut error = self.unknown(key, source.clone());
            if let Source::File { .. } = source {
                error.origin = Origin { source, span: key_span };
            }
            return Err(error);
        }
        self.has_l1i |= path.starts_with("l1i.");
        self.open_round(&path, &Origin { source: source.clone(), span: key_span });
        let origin = Origin { source, span };
        if raw::is_section(&path) {
            return self.set_section(&path, whole, origin);
        }
        let text = whole[origin.span.clone()].to_owned();
        self.values.insert(path, Value { text, origin });
        Ok(())
    }

    /// Overrides a whole section: by a struct of its keys, or by a word, which says all of it. What
    /// was said of its single keys before is over.
    fn set_section(
        &mut self,
        path: &str,
        argument: &str,
        origin: Origin,
    ) -> Result<(), ConfigError> {
        let Origin { source, span } = origin;
        let mut part = Self { source: source.clone(), ..Self::default() };
        raw::read_section(argument, &argument[span], path, &mut part)
            .map_err(|error| ConfigError::from_ron(error, source))?;
        let inside =
            |known: &str| known.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'));
        self.values.retain(|known, _| known != path && !inside(known));
        self.sections.retain(|known, _| known != path && !inside(known));
        self.values.extend(part.values);
        self.sections.extend(part.sections);
        Ok(())
    }

    /// Adds the sections in which a key lies, where they are not there.
    fn open_round(&mut self, path: &str, key: &Origin) {
        for section in raw::sections_round(path) {
            if !self.sections.contains_key(section) {
                self.sections.insert(section.to_owned(), key.clone());
            }
            if self.values.get(section).is_some_and(|value| value.text == NONE) {
                self.values.shift_remove(section);
            }
        }
    }

    /// Takes the line size that a trace's `@line` states.
    pub fn set_line_of_trace(&mut self, trace: &str, bytes: u64) {
        let text = format!("@line {bytes}");
        let span = "@line ".len()..text.len();
        let source = Source::Trace { path: trace.into(), text: text.into() };
        let value = Value { text: bytes.to_string(), origin: Origin { source, span } };
        self.values.insert("line".to_owned(), value);
    }

    /// Takes the number of cores that a trace has.
    pub fn set_cores_of_trace(&mut self, trace: &str, cores: u16) {
        let text = format!("{cores} cores");
        let span = 0..text.len();
        let source = Source::Trace { path: trace.into(), text: text.into() };
        let value = Value { text: cores.to_string(), origin: Origin { source, span } };
        self.values.insert("cores".to_owned(), value);
    }

    /// Overrides the number of cores.
    pub fn set_cores(&mut self, cores: u32) {
        let source = Source::Argument { text: format!("--cores {cores}").into() };
        let span = "--cores ".len()..format!("--cores {cores}").len();
        let value = Value { text: cores.to_string(), origin: Origin { source, span } };
        self.values.insert("cores".to_owned(), value);
    }

    /// Returns the path of the protocol file that the draft names, if it names one, and where.
    ///
    /// This crate opens no files: whoever does, gives the protocol to [`Draft::set_protocol`].
    pub fn protocol_path(&self) -> Option<(String, Origin)> {
        let value = self.get("protocol")?;
        let path = unquoted(value);
        protocol_file::is_path(&path).then(|| (path, value.origin.clone()))
    }

    /// Takes the protocol of the file that the draft names.
    pub fn set_protocol(&mut self, protocol: Protocol) {
        self.protocol = Some(protocol);
    }

    pub(super) fn protocol(&self) -> Option<&Protocol> {
        self.protocol.as_ref()
    }

    /// Overrides the protocol by a part of an argument, which errors underline.
    pub fn override_protocol(&mut self, argument: &str, span: Range<usize>) {
        let text = argument[span.clone()].to_owned();
        let source = Source::Argument { text: argument.into() };
        self.values.insert("protocol".to_owned(), Value { text, origin: Origin { source, span } });
    }

    pub(super) fn put(&mut self, path: &str, text: &str, start: usize) {
        let origin = Origin { source: self.source.clone(), span: start..start + text.len() };
        self.values.insert(path.to_owned(), Value { text: text.to_owned(), origin });
    }

    /// Notes that a section is there, and where.
    pub(super) fn open(&mut self, path: &str, span: Range<usize>) {
        let origin = Origin { source: self.source.clone(), span };
        self.sections.insert(path.to_owned(), origin);
    }

    /// Tells whether a section is there.
    pub(super) fn has_section(&self, path: &str) -> bool {
        self.sections.contains_key(path)
    }

    pub(super) fn list_levels(&mut self, levels: usize) {
        self.levels = levels;
        self.lists_levels = true;
    }

    pub(super) fn add_l1i(&mut self) {
        self.has_l1i = true;
    }

    pub(super) fn levels(&self) -> usize {
        self.levels
    }

    pub(super) fn has_l1i(&self) -> bool {
        self.has_l1i
    }

    pub(super) fn get(&self, path: &str) -> Option<&Value> {
        self.values.get(path)
    }

    /// Returns where a key was set; if it was not, where its part (such as its level) or the whole
    /// config is.
    pub(super) fn origin(&self, path: &str) -> Origin {
        let value = |path: &str| self.values.get(path).map(|value| &value.origin);
        let beside = |part: &str| {
            let inside = |key: &String| key.starts_with(part) && key[part.len()..].starts_with('.');
            self.values.iter().find(|(key, _)| inside(key)).map(|(_, value)| &value.origin)
        };
        let section = |part: &str| value(part).or_else(|| self.sections.get(part));
        let parts = path.rmatch_indices('.').map(|(dot, _)| &path[..dot]);
        let around = || parts.map(|part| section(part).or_else(|| beside(part)));
        let found = section(path).or_else(|| around().flatten().next());
        found.cloned().unwrap_or_else(|| Origin { source: self.source.clone(), span: 0..0 })
    }

    /// Returns the name of a level.
    pub(super) fn level_name(&self, level: usize) -> String {
        let name = self.get(&format!("caches.{level}.name"));
        name.map_or_else(|| format!("L{}", level + 1), unquoted)
    }

    /// Turns a level's name into its number: `L1.size` is `caches.0.size`.
    pub fn resolve(&self, key: &str) -> String {
        let Some((first, rest)) = key.split_once('.') else { return key.to_owned() };
        if raw::is_key(key) {
            return key.to_owned();
        }
        if first.eq_ignore_ascii_case("l1i") {
            return format!("l1i.{rest}");
        }
        let named =
            (0..self.levels).find(|level| self.level_name(*level).eq_ignore_ascii_case(first));
        named.map_or_else(|| key.to_owned(), |level| format!("caches.{level}.{rest}"))
    }

    /// Makes the error of a key that does not exist, offering those that do as it was written.
    fn unknown(&self, key: &str, source: Source) -> ConfigError {
        let names: Vec<String> = (0..self.levels).map(|level| self.level_name(level)).collect();
        let part = key.split('.').next().unwrap_or(key);
        let parts = ["caches", "l1i", "bus", "memory", "rules", "durability"];
        let known = |part: &str| {
            let same = |name: &str| name.eq_ignore_ascii_case(part);
            parts.contains(&part) || same("l1i") || names.iter().any(|name| same(name))
        };
        let level = key.strip_prefix("caches.").and_then(|rest| rest.split('.').next());
        let level =
            level.filter(|level| level.parse().is_ok_and(|level: usize| level >= self.levels));
        if key.is_empty() {
            return ConfigError::not_an_assignment("=");
        }
        let numbers = (0..self.levels).map(|level| format!("caches.{level}"));
        let levels: Vec<String> = names.iter().cloned().chain(numbers).collect();
        let keys = raw::all_keys(&levels);
        let mut error = ConfigError::unknown_key(key, source, &keys);
        let inside = |known: &&String| known.starts_with(&format!("{key}."));
        if let Some(first) = keys.iter().find(inside) {
            error.help = format!("`{key}` is a part: set its keys, such as `{first}`").into();
            return error;
        }
        if level.is_some() || key.contains('.') && !known(part) {
            error.expected = "a level or another part of the config".into();
            error.help = format!(
                "the levels are {}, and the other parts {}",
                names.join(", "),
                parts[1..].join(", ")
            )
            .into();
        }
        error
    }
}

/// Returns a value's text without the quotes of a string.
pub(super) fn unquoted(value: &Value) -> String {
    let text = value.text.trim();
    if text.starts_with('"') || text.starts_with("r\"") || text.starts_with("r#") {
        ron::from_str(text).unwrap_or_else(|_| text.to_owned())
    } else {
        text.to_owned()
    }
}
