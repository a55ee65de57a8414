//! Integration tests: one binary, a module each.

mod claims;
mod cli;
mod closed_forms;
mod compare;
mod configs;
mod coverage;
mod crashes;
mod cycles;
mod docs;
mod durability_machines;
mod durability_properties;
mod durable_reference;
mod golden;
mod library;
mod markdown;
mod mutants;
mod orders;
mod properties;
mod protocol_files;
mod protocols;
mod reference;
mod same_bytes;
mod scenarios;
mod support;
mod tidy;
mod verification;
