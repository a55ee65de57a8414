//! Integration tests: one binary, a module each.

mod properties;
mod reference;
