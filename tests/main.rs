//! Integration tests: one binary, a module each.

mod closed_forms;
mod cycles;
mod docs;
mod golden;
mod properties;
mod reference;
mod scenarios;
