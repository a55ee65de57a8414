//! A replay that tells of each step: what `mesim step` and `--events` show.
//!
//! [`replay_steps`](crate::replay_steps) tells of each [`Step`](crate::observe::Step);
//! [`StepRecord`] is what is printed of it, with sentences that say why it came like that.

mod around;
mod names;
mod record;
mod why;

pub use around::{Around, Excerpt, Start};
pub use names::Names;
pub use record::{BusOps, STEPS_SCHEMA, States, StepEvent, StepRecord, StepsHeader, StepsMachine};
