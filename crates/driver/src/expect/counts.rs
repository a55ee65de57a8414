//! The counters of a report by their names.

use coherence::{Cause, Protocol, State};
use indexmap::IndexMap;
use serde_json::Value;

use crate::protocol_file::nearest;
use crate::report::Report;

/// The counters of a report, each by its path in the JSON report: `totals/misses`,
/// `levels/L1/hits`, `cores/0/bus_rd`.
///
/// A path without `totals/`, `totals/transitions/` or `levels/` is short for one with it; a name
/// alone is of the totals,
/// or else of the one part among `classes`, `bus`, `memory` that has it.
#[derive(Clone, Debug)]
pub struct Counts {
    values: IndexMap<String, u64>,
    cores: usize,
    protocol: Protocol,
}

/// The parts of a report whose counters have short names.
const PARTS: [&str; 5] = ["totals", "classes", "bus", "memory", "durability"];
/// The parts of a report that count nothing.
const NO_COUNTS: [&str; 3] = ["schema", "machine", "rules"];

/// A counter that does not exist.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unknown {
    /// The name that was probably meant.
    pub near: Option<String>,
}

impl Counts {
    /// Reads the counters of a report.
    pub fn of(report: &Report) -> Self {
        let mut values = IndexMap::new();
        if let Value::Object(parts) = report.value() {
            for (key, part) in parts.iter().filter(|(key, _)| !NO_COUNTS.contains(&key.as_str())) {
                collect(key, part, &mut values);
            }
        }
        let replayed = &report.replayed;
        let protocol = replayed.machine.protocol.clone();
        Self { values, cores: replayed.tally.cores.len(), protocol }
    }

    /// Returns the counter of that name: its path and its value.
    pub fn get(&self, name: &str) -> Result<(String, u64), Unknown> {
        let known = |path: &str| self.values.get(path).map(|value| (path.to_owned(), *value));
        let long = known(name).or_else(|| self.changes(name));
        let short = || {
            let totals = known(&format!("totals/{name}"));
            let changes = |part| self.changes(&format!("totals/{part}{name}"));
            let totals = totals.or_else(|| changes("")).or_else(|| changes("transitions/"));
            totals.or_else(|| known(&format!("levels/{name}")))
        };
        let alone = || {
            let mut found = PARTS.iter().filter_map(|part| known(&format!("{part}/{name}")));
            found.next().filter(|_| found.next().is_none())
        };
        let found = long.or_else(short).or_else(alone);
        found.ok_or_else(|| Unknown { near: self.nearest(name) })
    }

    /// Returns how often a state became another: `totals/transitions/I>E`, by all causes or by one.
    /// A report lists only what happened.
    fn changes(&self, name: &str) -> Option<(String, u64)> {
        let (part, change) = name.split_once("/transitions/")?;
        let core = part.strip_prefix("cores/").and_then(|core| core.parse::<usize>().ok());
        if part != "totals" && core.is_none_or(|core| core >= self.cores) {
            return None;
        }
        let (states, cause) = match change.split_once('/') {
            Some((states, cause)) => (states, Some(cause)),
            None => (change, None),
        };
        let (from, to) = states.split_once('>')?;
        let is_state =
            |name: &str| self.protocol.all_states().any(|state| self.name(state) == name);
        let is_cause = |name: &str| Cause::ALL.iter().any(|cause| cause.name() == name);
        if !is_state(from) || !is_state(to) || !cause.is_none_or(is_cause) {
            return None;
        }
        let count = if cause.is_some() {
            self.values.get(name).copied().unwrap_or(0)
        } else {
            let causes = Cause::ALL.iter().map(|cause| format!("{name}/{}", cause.name()));
            causes.filter_map(|path| self.values.get(&path)).sum()
        };
        Some((name.to_owned(), count))
    }

    fn name(&self, state: State) -> &str {
        self.protocol.state_name(state)
    }

    /// Returns the name that was probably meant, as long as the one that was written.
    fn nearest(&self, name: &str) -> Option<String> {
        if name.contains('/') {
            return nearest(name, self.values.keys().map(String::as_str)).map(str::to_owned);
        }
        let parts = self.values.keys().filter_map(|path| path.split_once('/'));
        let short = parts.filter(|(part, name)| PARTS.contains(part) && !name.contains('/'));
        nearest(name, short.map(|(_, name)| name)).map(str::to_owned)
    }
}

/// Collects the whole numbers of a part of the report, each by its path.
fn collect(path: &str, value: &Value, into: &mut IndexMap<String, u64>) {
    match value {
        Value::Object(parts) => {
            for (key, value) in parts {
                collect(&format!("{path}/{key}"), value, into);
            }
        }
        Value::Array(parts) => {
            for (number, value) in parts.iter().enumerate() {
                // Levels go by name, cores by number.
                let name = value.get("name").and_then(Value::as_str);
                let key = name.map_or_else(|| number.to_string(), str::to_owned);
                collect(&format!("{path}/{key}"), value, into);
            }
        }
        Value::Number(number) => {
            if let Some(value) = number.as_u64() {
                into.insert(path.to_owned(), value);
            }
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}
