//! Integration tests: one binary, a module each.

mod closed_forms;
mod configs;
mod cycles;
mod docs;
mod golden;
mod markdown;
mod properties;
mod reference;
mod scenarios;
mod tidy;
