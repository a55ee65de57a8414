//! Integration tests: one binary, a module each.

mod cycles;
mod docs;
mod golden;
mod properties;
mod reference;
