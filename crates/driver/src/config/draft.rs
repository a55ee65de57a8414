//! A config on its way to being checked: the text of each value and where it was written.

use indexmap::IndexMap;

use super::error::{ConfigError, Origin, Source};
use super::raw;

/// Values by their config path, each from the last place that set it.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    values: IndexMap<String, Value>,
    levels: usize,
    /// The text has a list of levels, which may be empty.
    lists_levels: bool,
    has_l1i: bool,
    source: Source,
}

/// One value as it was written.
#[derive(Clone, Debug)]
pub(super) struct Value {
    pub(super) text: String,
    pub(super) origin: Origin,
}

impl Draft {
    /// Starts from the built-in default machine.
    pub fn built_in() -> Self {
        let mut draft = Self { source: Source::BuiltIn, ..Self::default() };
        raw::read(super::DEFAULT_MACHINE, &mut draft).expect("the default machine is RON");
        draft
    }

    /// Lays a config file's text over the default machine. Levels of caches are not mixed: a file
    /// that lists any lists all.
    pub fn from_ron(path: &str, text: &str) -> Result<Self, ConfigError> {
        let mut draft = Self::built_in();
        draft.source = Source::File { path: path.to_owned(), text: text.into() };
        let mut file = Self { source: draft.source.clone(), ..Self::default() };
        raw::read(text, &mut file)
            .map_err(|error| ConfigError::from_ron(error, draft.source.clone()))?;
        if file.lists_levels {
            draft.values.retain(|path, _| !path.starts_with("caches."));
            draft.levels = file.levels;
        }
        draft.has_l1i |= file.has_l1i;
        draft.values.extend(file.values);
        Ok(draft)
    }

    /// Overrides one key: `key=value`, as `--set` takes it. Levels go by number or name.
    pub fn set(&mut self, argument: &str) -> Result<(), ConfigError> {
        let source = Source::Argument { text: argument.into() };
        let Some((key, value)) = argument.split_once('=') else {
            return Err(ConfigError::not_an_assignment(argument));
        };
        let path = self.resolve(key.trim());
        let level_exists = path
            .strip_prefix("caches.")
            .and_then(|rest| rest.split('.').next()?.parse::<usize>().ok())
            .is_none_or(|level| level < self.levels);
        if raw::is_key(&path) && !level_exists {
            return Err(ConfigError::no_such_level(key.trim(), source, self.levels));
        }
        if !raw::is_key(&path) {
            return Err(ConfigError::unknown_key(key.trim(), source, &self.all_keys()));
        }
        self.has_l1i |= path.starts_with("l1i.");
        let start = key.len() + 1;
        let text = value.trim();
        let start = start + (value.len() - value.trim_start().len());
        let origin = Origin { source, span: start..start + text.len() };
        if path == "rules" {
            // A profile says all of the rules: what was said of single ones before is over.
            self.values.retain(|known, _| !known.starts_with("rules."));
        }
        self.values.insert(path, Value { text: text.to_owned(), origin });
        Ok(())
    }

    /// Overrides the number of cores.
    pub fn set_cores(&mut self, cores: u32) {
        let source = Source::Argument { text: format!("--cores {cores}").into() };
        let span = "--cores ".len()..format!("--cores {cores}").len();
        let value = Value { text: cores.to_string(), origin: Origin { source, span } };
        self.values.insert("cores".to_owned(), value);
    }

    pub(super) fn put(&mut self, path: &str, text: &str, start: usize) {
        let origin = Origin { source: self.source.clone(), span: start..start + text.len() };
        self.values.insert(path.to_owned(), Value { text: text.to_owned(), origin });
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

    /// Returns where a key was set; where its level or the whole config is, if it was not.
    pub(super) fn origin(&self, path: &str) -> Origin {
        let found = self.values.get(path).map(|value| value.origin.clone());
        found.unwrap_or_else(|| Origin { source: self.source.clone(), span: 0..0 })
    }

    /// Turns a level's name into its number: `L1.size` is `caches.0.size`.
    fn resolve(&self, key: &str) -> String {
        let Some((first, rest)) = key.split_once('.') else { return key.to_owned() };
        if raw::is_key(key) {
            return key.to_owned();
        }
        if first.eq_ignore_ascii_case("l1i") {
            return format!("l1i.{rest}");
        }
        let named = (0..self.levels).find(|level| {
            let name = self.get(&format!("caches.{level}.name"));
            let name = name.map_or_else(|| format!("L{}", level + 1), unquoted);
            name.eq_ignore_ascii_case(first)
        });
        named.map_or_else(|| key.to_owned(), |level| format!("caches.{level}.{rest}"))
    }

    fn all_keys(&self) -> Vec<String> {
        raw::all_keys(self.levels)
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
