//! What a file says about itself: JSON, with its keys in one order.

use serde_json::{Map, Value};

use crate::format::Format;
use crate::header::Header;
use crate::mtrc::layout::{JSON_BYTES_MAX, MAGIC, MAJOR, MINOR};
use crate::record::CORES_MAX;

/// Returns the beginning of a file, up to its first chunk.
///
/// What is too long to be said is cut: a title of 64 KiB is none.
pub(crate) fn bytes(header: &Header) -> Vec<u8> {
    let mut json = json(header);
    if json.len() > JSON_BYTES_MAX {
        let short = |text: &Option<String>| text.clone().filter(|text| text.len() < 4096);
        json = self::json(&Header {
            title: short(&header.title),
            config: short(&header.config),
            provenance: short(&header.provenance),
            ..header.clone()
        });
    }
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&MAJOR.to_le_bytes());
    bytes.extend_from_slice(&MINOR.to_le_bytes());
    bytes.extend_from_slice(&(json.len() as u32).to_le_bytes());
    bytes.extend_from_slice(json.as_bytes());
    let crc = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&crc.to_le_bytes());
    bytes
}

fn json(header: &Header) -> String {
    let Header {
        format: _,
        cores,
        line,
        title,
        config,
        ordered,
        fetches,
        times,
        pcs,
        provenance,
        names: _,
    } = header;
    let interleaving = if *ordered { "recorded" } else { "none" };
    let mut object = Map::new();
    object.insert("cores".to_owned(), (*cores).into());
    object.insert("line".to_owned(), (*line).into());
    object.insert("title".to_owned(), title.clone().into());
    object.insert("config".to_owned(), config.clone().into());
    object.insert("fetches".to_owned(), (*fetches).into());
    object.insert("times".to_owned(), (*times).into());
    object.insert("pcs".to_owned(), (*pcs).into());
    object.insert("interleaving".to_owned(), interleaving.into());
    object.insert("provenance".to_owned(), provenance.clone().into());
    Value::Object(object).to_string()
}

/// What is wrong with a header: what was found, what was expected.
pub(crate) enum HeaderFault {
    /// Something that a later version may say.
    Newer(String),
    /// A value that cannot be.
    Wrong(String, String),
}

/// Reads the JSON of a header; keys that it does not know are of a later minor version.
pub(crate) fn parse(json: &[u8]) -> Result<Header, HeaderFault> {
    let object: Map<String, Value> = serde_json::from_slice(json).map_err(|error| {
        HeaderFault::Wrong(format!("\"{error}\""), "an object in JSON".to_owned())
    })?;
    let mut header = Header::new(Format::Mtrc);
    let (cores_max, line_max) = (u64::from(CORES_MAX), u64::MAX);
    header.cores = number(&object, "cores", cores_max)?.map(|cores| cores as u16);
    header.line = number(&object, "line", line_max)?;
    header.title = text(&object, "title")?;
    header.config = text(&object, "config")?;
    header.fetches = flag(&object, "fetches")?;
    header.times = flag(&object, "times")?;
    header.provenance = text(&object, "provenance")?;
    header.pcs = flag(&object, "pcs")? == Some(true);
    header.ordered = match text(&object, "interleaving")?.as_deref() {
        None | Some("recorded") => true,
        Some("none") => false,
        Some(other) => return Err(HeaderFault::Newer(format!("the interleaving `{other}`"))),
    };
    Ok(header)
}

/// Returns the value of a key, `None` if it is `null` or not there.
fn value<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    object.get(key).filter(|value| !value.is_null())
}

fn wrong(key: &str, value: &Value, expected: String) -> HeaderFault {
    let mut shown = value.to_string();
    if shown.chars().count() > 40 {
        shown = shown.chars().take(37).collect::<String>() + "...";
    }
    HeaderFault::Wrong(format!("`{key}` is {shown}"), expected)
}

fn number(object: &Map<String, Value>, key: &str, max: u64) -> Result<Option<u64>, HeaderFault> {
    let Some(value) = value(object, key) else { return Ok(None) };
    match value.as_u64().filter(|number| (1..=max).contains(number)) {
        Some(number) => Ok(Some(number)),
        None => Err(wrong(key, value, format!("a number from 1 to {max}, or null"))),
    }
}

/// Reads a text; it is for showing, or a path: nothing in it moves a cursor.
fn text(object: &Map<String, Value>, key: &str) -> Result<Option<String>, HeaderFault> {
    let Some(value) = value(object, key) else { return Ok(None) };
    let text = value.as_str().map(|text| text.replace(char::is_control, " "));
    match text.filter(|text| !text.is_empty()) {
        Some(text) => Ok(Some(text)),
        None => Err(wrong(key, value, "a text that is not empty, or null".to_owned())),
    }
}

fn flag(object: &Map<String, Value>, key: &str) -> Result<Option<bool>, HeaderFault> {
    let Some(value) = value(object, key) else { return Ok(None) };
    match value.as_bool() {
        Some(flag) => Ok(Some(flag)),
        None => Err(wrong(key, value, "true, false or null".to_owned())),
    }
}
