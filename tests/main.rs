//! Integration tests: one binary, a module each.

mod cycles;
mod golden;
mod properties;
mod reference;
