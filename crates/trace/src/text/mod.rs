//! What all text formats share: lines out of blocks, fields out of lines, errors out of both.

pub(crate) mod buffer;
pub(crate) mod commas;
pub(crate) mod excerpt;
pub(crate) mod failure;
pub(crate) mod fault;
pub(crate) mod fields;
pub(crate) mod hex;
pub(crate) mod number;
pub(crate) mod output;
pub(crate) mod reader;
pub(crate) mod scan;
pub(crate) mod separator;
pub(crate) mod threads;
