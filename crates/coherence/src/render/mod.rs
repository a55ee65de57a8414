//! A protocol for reading: its tables as text and Markdown, its states as a diagram.

mod dot;
mod tables;

pub use dot::dot;
pub use tables::{markdown, processor_cell, snoop_cell, text};
