//! Scripts of accesses, for tests of transitions.

mod error;
mod log;
mod recorder;
mod script;
mod simulation;

pub use error::{Error, ErrorKind, Place};
pub use log::{Event, Happening, Log, Step, Supplier};
pub use script::Op;
pub use simulation::Simulation;
