//! The numbers of a report, each under one name.

use indexmap::IndexMap;
use serde_json::{Number, Value};

/// Returns the numbers of a report's totals, classes, levels, bus, memory and durability, under the
/// names that they have there (`misses`, `L1.fills`, `memory.reads`).
pub(crate) fn counted(report: &Value) -> IndexMap<String, Number> {
    let mut numbers = IndexMap::new();
    put("", &report["totals"], &mut numbers);
    put("classes.", &report["classes"], &mut numbers);
    for level in report["levels"].as_array().into_iter().flatten() {
        let name = level["name"].as_str().unwrap_or_default();
        put(&format!("{name}."), level, &mut numbers);
    }
    put("bus.", &report["bus"], &mut numbers);
    put("memory.", &report["memory"], &mut numbers);
    put_all("durability.", &report["durability"], &mut numbers);
    numbers
}

/// Puts the numbers of an object.
fn put(prefix: &str, part: &Value, numbers: &mut IndexMap<String, Number>) {
    for (name, value) in part.as_object().into_iter().flatten() {
        if let Value::Number(number) = value {
            numbers.insert(format!("{prefix}{name}"), number.clone());
        }
    }
}

/// Puts the numbers of an object and of the objects in it.
fn put_all(prefix: &str, part: &Value, numbers: &mut IndexMap<String, Number>) {
    put(prefix, part, numbers);
    for (name, value) in part.as_object().into_iter().flatten() {
        if value.is_object() {
            put_all(&format!("{prefix}{name}."), value, numbers);
        }
    }
}
