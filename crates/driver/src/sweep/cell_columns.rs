//! What says which cell a number is of: config, values of keys, order, id.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::table::Table;
use crate::report::{Side, grouped};

/// The columns that name the cells of a table.
pub(super) struct CellColumns {
    /// No machine names a config: there is no such column.
    has_config: bool,
    keys: Vec<String>,
    /// Whether each key has a column.
    are_shown: Vec<bool>,
}

impl CellColumns {
    pub(super) fn of(table: &Table) -> Self {
        let plan = table.plan();
        let has_config = plan.machines.iter().any(|machine| machine.config.is_some());
        let (keys, are_shown) = (plan.keys.clone(), vec![true; plan.keys.len()]);
        Self { has_config, keys, are_shown }
    }

    /// Returns the columns without those of keys that have one already.
    pub(super) fn without(mut self, keys: impl IntoIterator<Item = Option<usize>>) -> Self {
        for key in keys.into_iter().flatten() {
            self.are_shown[key] = false;
        }
        self
    }

    /// Returns the titles of the columns, all of them of texts.
    pub(super) fn titles(&self) -> impl Iterator<Item = (String, Side)> {
        let config = self.has_config.then(|| "config".to_owned());
        let keys = self.keys.iter().zip(&self.are_shown).filter(|(_, is)| **is);
        let names = config.into_iter().chain(keys.map(|(key, _)| key.clone()));
        names.chain(["interleave", "id"].map(str::to_owned)).map(|name| (name, Side::Left))
    }

    /// Returns what stands in them for a row.
    pub(super) fn cells(&self, table: &Table, row: usize) -> Vec<String> {
        self.facts(table, row).into_iter().map(|(_, value)| value).collect()
    }

    /// Returns each column's name with what stands there.
    pub(super) fn facts(&self, table: &Table, row: usize) -> Vec<(String, String)> {
        let cell = &table.rows()[row].cell;
        let machine = &table.plan().machines[cell.machine];
        let fact = |name: &str, value: String| (name.to_owned(), value);
        let config = machine.config.clone().unwrap_or_default();
        let mut facts: Vec<_> =
            self.has_config.then(|| fact("config", config)).into_iter().collect();
        let pairs = self.keys.iter().zip(&machine.values).zip(&self.are_shown);
        let pairs = pairs.filter(|(_, is)| **is).map(|((key, value), _)| fact(key, value.clone()));
        facts.extend(pairs);
        facts.push(fact("interleave", cell.order.to_string()));
        facts.push(fact("id", cell.id.clone()));
        facts
    }

    /// Returns which cell a row is, for programs.
    pub(super) fn value(&self, table: &Table, row: usize) -> Map<String, Value> {
        let cell = &table.rows()[row].cell;
        let mut value = Map::new();
        value.insert("id".to_owned(), json!(cell.id));
        value.extend(self.machine(table, cell.machine));
        value.insert("interleave".to_owned(), json!(cell.order.to_string()));
        value
    }

    /// Returns what a machine is, for programs.
    pub(super) fn machine(&self, table: &Table, machine: usize) -> Map<String, Value> {
        let machine = &table.plan().machines[machine];
        let pairs = self.keys.iter().cloned().zip(machine.values.iter().map(|value| json!(value)));
        let mut value = Map::new();
        value.insert("config".to_owned(), json!(machine.config));
        value.insert("values".to_owned(), Value::Object(pairs.collect()));
        value
    }

    /// Says in words what a machine is.
    pub(super) fn machine_text(&self, table: &Table, machine: usize) -> String {
        let machine = &table.plan().machines[machine];
        let mut words: Vec<String> = machine.config.iter().cloned().collect();
        let pairs = self.keys.iter().zip(&machine.values);
        words.extend(pairs.map(|(key, value)| format!("{key}={value}")));
        if words.is_empty() { "the only machine".to_owned() } else { words.join(", ") }
    }
}

/// Says how many cells with a result have no value of what was asked for.
pub(super) fn left_out_text(left_out: usize, out: &mut String) {
    if left_out > 0 {
        let are = if left_out == 1 { "cell has" } else { "cells have" };
        let left_out = grouped(left_out as u64);
        let _ = writeln!(out, "left out   {left_out} {are} a result, but no value of it");
    }
}
