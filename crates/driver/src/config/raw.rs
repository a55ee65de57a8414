//! The config file as RON can say it: which keys there are, and the text of each value.
//!
//! Nothing is judged here but names. Every value stays a slice of the file, so that a diagnostic
//! can point at it.

use ron::value::RawValue;
use serde::Deserialize;

use super::draft::Draft;

/// The text of one value.
type Text<'a> = Option<&'a RawValue>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename = "machine")]
struct RawMachine<'a> {
    #[serde(borrow)]
    cores: Text<'a>,
    #[serde(borrow)]
    protocol: Text<'a>,
    #[serde(borrow)]
    line: Text<'a>,
    #[serde(borrow)]
    word: Text<'a>,
    #[serde(borrow)]
    caches: Option<Vec<RawLevel<'a>>>,
    #[serde(borrow)]
    l1i: Option<RawLevel<'a>>,
    #[serde(borrow)]
    bus: Option<RawBus<'a>>,
    #[serde(borrow)]
    memory: Option<RawMemory<'a>>,
    #[serde(borrow)]
    write_buffer: Text<'a>,
    #[serde(borrow)]
    rules: Text<'a>,
    #[serde(borrow)]
    clock: Text<'a>,
}

/// Declares a part of the config: a struct whose every key is a value's text.
macro_rules! part {
    ($name:ident, $title:literal, [$($key:ident),+]) => {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields, rename = $title)]
        struct $name<'a> {
            $(#[serde(borrow)] $key: Text<'a>,)+
        }

        impl<'a> $name<'a> {
            const KEYS: &'static [&'static str] = &[$(stringify!($key)),+];

            fn texts(&self) -> impl Iterator<Item = (&'static str, Text<'a>)> {
                [$((stringify!($key), self.$key)),+].into_iter()
            }
        }
    };
}

part!(RawLevel, "cache level", [name, scope, size, ways, replacement, write, inclusion, latency]);
part!(RawBus, "bus", [request, width, beat, cache_to_cache, pipelined]);
part!(RawMemory, "memory", [latency]);
part!(
    RawRules,
    "rules",
    [
        profile,
        write_to_shared,
        clean_supply,
        invalidating_flush_updates_memory,
        exclusive_on_sole_read,
        victim_order,
        drain_at_end
    ]
);

/// The keys of the machine that are values themselves.
const PLAIN: &[&str] = &["cores", "protocol", "line", "word", "write_buffer", "rules", "clock"];

/// Tells whether a config path names a key, with levels by number (`caches.0.size`).
pub(super) fn is_key(path: &str) -> bool {
    let parts: Vec<&str> = path.split('.').collect();
    match parts[..] {
        [key] => PLAIN.contains(&key),
        ["caches", level, key] => level.parse::<usize>().is_ok() && RawLevel::KEYS.contains(&key),
        ["l1i", key] => RawLevel::KEYS.contains(&key),
        ["bus", key] => RawBus::KEYS.contains(&key),
        ["memory", key] => RawMemory::KEYS.contains(&key),
        ["rules", key] => RawRules::KEYS.contains(&key),
        _ => false,
    }
}

/// Returns every path that `--set` takes for a machine of those levels, each by one of its names.
pub(super) fn all_keys(levels: &[String]) -> Vec<String> {
    let mut keys: Vec<String> = PLAIN.iter().map(|key| (*key).to_owned()).collect();
    for level in levels {
        keys.extend(RawLevel::KEYS.iter().map(|key| format!("{level}.{key}")));
    }
    let parts = [
        ("l1i", RawLevel::KEYS),
        ("bus", RawBus::KEYS),
        ("memory", RawMemory::KEYS),
        ("rules", RawRules::KEYS),
    ];
    for (part, names) in parts {
        keys.extend(names.iter().map(|key| format!("{part}.{key}")));
    }
    keys
}

/// Reads the values of a RON text into a draft.
pub(super) fn read(text: &str, draft: &mut Draft) -> Result<(), ron::error::SpannedError> {
    let options = options();
    let raw: RawMachine<'_> = options.from_str(text)?;
    let mut put = |path: &str, value: Text<'_>| {
        if let Some(value) = value {
            let value = value.trim().get_ron();
            draft.put(path, value, offset(text, value));
        }
    };
    for (path, value) in [
        ("cores", raw.cores),
        ("protocol", raw.protocol),
        ("line", raw.line),
        ("word", raw.word),
        ("write_buffer", raw.write_buffer),
        ("clock", raw.clock),
    ] {
        put(path, value);
    }
    for (key, value) in raw.l1i.iter().flat_map(RawLevel::texts) {
        put(&format!("l1i.{key}"), value);
    }
    for (key, value) in raw.bus.iter().flat_map(RawBus::texts) {
        put(&format!("bus.{key}"), value);
    }
    for (key, value) in raw.memory.iter().flat_map(RawMemory::texts) {
        put(&format!("memory.{key}"), value);
    }
    for (level, keys) in raw.caches.iter().flatten().enumerate() {
        for (key, value) in keys.texts() {
            put(&format!("caches.{level}.{key}"), value);
        }
    }
    if let Some(rules) = raw.rules {
        read_rules(&options, text, rules.trim().get_ron(), &mut put)?;
    }
    if let Some(caches) = raw.caches {
        draft.list_levels(caches.len());
    }
    if raw.l1i.is_some() {
        draft.add_l1i();
    }
    Ok(())
}

/// `rules` is a profile's name or a struct of rules.
fn read_rules<'a>(
    options: &ron::Options,
    text: &'a str,
    rules: &'a str,
    put: &mut impl FnMut(&str, Text<'a>),
) -> Result<(), ron::error::SpannedError> {
    if !rules.starts_with('(') {
        put("rules", RawValue::from_ron(rules).ok());
        return Ok(());
    }
    let raw: RawRules<'a> = options.from_str(rules).map_err(|mut error| {
        shift(&mut error.span.start, text, rules);
        shift(&mut error.span.end, text, rules);
        error
    })?;
    for (key, value) in raw.texts() {
        put(&format!("rules.{key}"), value);
    }
    Ok(())
}

/// Moves a position inside a slice to the place of the slice in the whole text.
fn shift(position: &mut ron::error::Position, text: &str, slice: &str) {
    let before = &text[..offset(text, slice)];
    if position.line == 1 {
        let column = before.rsplit('\n').next().unwrap_or("").chars().count();
        position.col += column;
    }
    position.line += before.matches('\n').count();
}

/// Returns where a slice of a text begins in it.
fn offset(text: &str, slice: &str) -> usize {
    slice.as_ptr() as usize - text.as_ptr() as usize
}

fn options() -> ron::Options {
    ron::Options::default().with_default_extension(ron::extensions::Extensions::IMPLICIT_SOME)
}
