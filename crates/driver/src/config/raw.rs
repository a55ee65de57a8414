//! The config file as RON can say it: which keys there are, and the text of each value.
//!
//! Nothing is judged here but names. Every value stays a slice of the file, so that a diagnostic
//! can point at it.

use ron::error::SpannedError;
use ron::value::RawValue;
use serde::{Deserialize, Deserializer};

use super::draft::Draft;

/// The text of one value.
type Text<'a> = Option<&'a RawValue>;

/// Reads a value that is there, be it `None`.
fn written<'a, D: Deserializer<'a>>(deserializer: D) -> Result<Text<'a>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename = "machine")]
struct RawMachine<'a> {
    /// `None` is as if it were left out: as many as the trace has.
    #[serde(borrow)]
    cores: Text<'a>,
    #[serde(borrow, default, deserialize_with = "written")]
    protocol: Text<'a>,
    #[serde(borrow, default, deserialize_with = "written")]
    line: Text<'a>,
    #[serde(borrow, default, deserialize_with = "written")]
    word: Text<'a>,
    #[serde(borrow)]
    caches: Option<Vec<RawLevel<'a>>>,
    #[serde(borrow)]
    l1i: Option<RawLevel<'a>>,
    #[serde(borrow)]
    bus: Option<RawBus<'a>>,
    #[serde(borrow)]
    memory: Option<RawMemory<'a>>,
    #[serde(borrow, default, deserialize_with = "written")]
    write_buffer: Text<'a>,
    #[serde(borrow, default, deserialize_with = "written")]
    rules: Text<'a>,
    #[serde(borrow, default, deserialize_with = "written")]
    clock: Text<'a>,
    #[serde(borrow, default, deserialize_with = "written")]
    peers: Text<'a>,
    #[serde(borrow)]
    clients: Text<'a>,
    #[serde(borrow, default, deserialize_with = "written")]
    durability: Text<'a>,
}

/// The keys of a part, each with its text where it has one.
type Texts<'a> = Vec<(&'static str, Text<'a>)>;

/// Declares a part of the config: a struct whose every key is a value's text.
macro_rules! part {
    ($name:ident, $title:literal, [$($key:ident),+]) => {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields, rename = $title)]
        struct $name<'a> {
            $(#[serde(borrow, default, deserialize_with = "written")] $key: Text<'a>,)+
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

part!(
    RawDurability,
    "durability",
    [flush, store, queue, log, replicas, persist_domain, readers, shutdown, seed]
);
part!(
    RawFlush,
    "flush",
    [
        every,
        expire,
        dirty_count,
        background_ratio,
        dirty_ratio,
        batch,
        workers,
        order,
        coalesce,
        one_in_flight,
        age_from,
        max_age,
        pause_max
    ]
);
part!(
    RawStore,
    "store",
    [latency, distribution, parallel, batch_cost, bandwidth, guard, fail, failure, outages, retry]
);
part!(RawRetry, "retry", [attempts, delay]);
part!(RawQueue, "queue", [capacity, overflow, trigger]);
part!(RawLog, "log", [sync, fsync, serial, stalls]);
part!(RawReplicas, "replicas", [lags, wait, promote]);
part!(RawReaders, "readers", [rate, arrivals, blocks]);

/// A part that may lie in another, or be a word in place of its keys.
struct Section {
    path: &'static str,
    /// Whether the path is a key too, with a word for its value: a profile's name, or `None`.
    is_key: bool,
    keys: &'static [&'static str],
    read: for<'a> fn(&'a str) -> Result<Texts<'a>, SpannedError>,
}

/// Names the sections: path, whether the path is a key, the struct of its keys.
macro_rules! sections {
    ($($path:literal, $is_key:literal, $part:ident;)+) => {
        &[$(Section {
            path: $path,
            is_key: $is_key,
            keys: $part::KEYS,
            read: |text| Ok(options().from_str::<$part<'_>>(text)?.texts().collect()),
        }),+]
    };
}

const SECTIONS: &[Section] = sections! {
    "rules", true, RawRules;
    "durability", true, RawDurability;
    "durability.flush", false, RawFlush;
    "durability.store", false, RawStore;
    "durability.store.retry", false, RawRetry;
    "durability.queue", false, RawQueue;
    "durability.log", true, RawLog;
    "durability.replicas", true, RawReplicas;
    "durability.readers", true, RawReaders;
};

/// The keys of the machine that are values themselves.
const PLAIN: &[&str] =
    &["cores", "protocol", "line", "word", "write_buffer", "clock", "peers", "clients"];

fn section(path: &str) -> Option<&'static Section> {
    SECTIONS.iter().find(|section| section.path == path)
}

impl Section {
    /// Returns the paths of its keys that are values, and its own if that is one.
    fn paths(&self) -> impl Iterator<Item = String> {
        let own = self.is_key.then(|| self.path.to_owned());
        let keys = self.keys.iter().map(|key| format!("{}.{key}", self.path));
        own.into_iter().chain(keys.filter(|path| section(path).is_none()))
    }
}

/// Tells whether a path is that of a section, whose value is a struct or a word.
pub(super) fn is_section(path: &str) -> bool {
    section(path).is_some()
}

/// Returns the paths of the sections in which a key lies, the innermost first.
pub(super) fn sections_round(path: &str) -> impl Iterator<Item = &str> {
    let dots = path.rmatch_indices('.').map(|(dot, _)| &path[..dot]);
    dots.filter(|part| is_section(part))
}

/// Tells whether a config path names a key, with levels by number (`caches.0.size`).
pub(super) fn is_key(path: &str) -> bool {
    let parts: Vec<&str> = path.split('.').collect();
    match parts[..] {
        [key] if PLAIN.contains(&key) => true,
        ["caches", level, key] => level.parse::<usize>().is_ok() && RawLevel::KEYS.contains(&key),
        ["l1i", key] => RawLevel::KEYS.contains(&key),
        ["bus", key] => RawBus::KEYS.contains(&key),
        ["memory", key] => RawMemory::KEYS.contains(&key),
        _ => SECTIONS.iter().any(|section| section.paths().any(|known| known == path)),
    }
}

/// Returns every path that `--set` takes for a machine of those levels, each by one of its names.
pub(super) fn all_keys(levels: &[String]) -> Vec<String> {
    let mut keys: Vec<String> = PLAIN.iter().map(|key| (*key).to_owned()).collect();
    for level in levels {
        keys.extend(RawLevel::KEYS.iter().map(|key| format!("{level}.{key}")));
    }
    let parts = [("l1i", RawLevel::KEYS), ("bus", RawBus::KEYS), ("memory", RawMemory::KEYS)];
    for (part, names) in parts {
        keys.extend(names.iter().map(|key| format!("{part}.{key}")));
    }
    keys.extend(SECTIONS.iter().flat_map(Section::paths));
    keys
}

/// Reads the values of a config, a slice of a RON text, into a draft.
pub(super) fn read(text: &str, slice: &str, draft: &mut Draft) -> Result<(), SpannedError> {
    let raw: RawMachine<'_> =
        options().from_str(slice).map_err(|error| in_whole(error, text, slice))?;
    let mut put = |path: &str, value: Text<'_>| {
        if let Some(value) = value {
            let value = bare(value);
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
        ("peers", raw.peers),
        ("clients", raw.clients),
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
    for (path, value) in [("rules", raw.rules), ("durability", raw.durability)] {
        if let Some(value) = value {
            read_section(text, bare(value), path, draft)?;
        }
    }
    if let Some(caches) = raw.caches {
        draft.list_levels(caches.len());
    }
    if raw.l1i.is_some() {
        draft.add_l1i();
    }
    Ok(())
}

/// Reads a section, a slice of the text, and the sections in it. What is no struct is a word.
pub(super) fn read_section(
    text: &str,
    slice: &str,
    path: &str,
    draft: &mut Draft,
) -> Result<(), SpannedError> {
    let Some(section) = section(path).filter(|_| slice.starts_with('(')) else {
        draft.put(path, slice, offset(text, slice));
        return Ok(());
    };
    let keys = (section.read)(slice).map_err(|error| in_whole(error, text, slice))?;
    draft.open(path, key_before(text, slice, path));
    for (key, value) in keys {
        if let Some(value) = value {
            read_section(text, bare(value), &format!("{path}.{key}"), draft)?;
        }
    }
    Ok(())
}

/// Returns where the key of a slice is written: before it; failing that, the slice's bracket.
fn key_before(text: &str, slice: &str, path: &str) -> std::ops::Range<usize> {
    let start = offset(text, slice);
    let name = path.rsplit('.').next().unwrap_or(path);
    let before = text[..start].trim_end();
    let before = before.strip_suffix([':', '=']).unwrap_or(before).trim_end();
    if before.ends_with(name) { before.len() - name.len()..before.len() } else { start..start + 1 }
}

/// Returns a value's text: without blanks and comments round it, nor a `Some` that RON allows.
fn bare(value: &RawValue) -> &str {
    let text = value.trim().get_ron();
    let inner = text.strip_prefix("Some(").and_then(|rest| rest.strip_suffix(')'));
    inner.map_or(text, str::trim)
}

/// Moves an error inside a slice to its place in the whole text.
fn in_whole(mut error: SpannedError, text: &str, slice: &str) -> SpannedError {
    shift(&mut error.span.start, text, slice);
    shift(&mut error.span.end, text, slice);
    error
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
