//! The exhaustive explorer: every configuration that the shipped machine can reach.
//!
//! There is no second model of the protocols here. A [`Model`] is a machine of a few cores and
//! lines; the search puts the machine that replays traces into a configuration, lets it perform
//! each event that is possible there, reads the configuration reached, and looks at every
//! [`Invariant`]. Breadth first, so that the trail to a violation is a shortest one.
//!
//! ```
//! use std::ops::ControlFlow;
//!
//! use coherence::Protocol;
//! use coherence::explore::{Model, Outcome, explore};
//!
//! let mesi = Protocol::built_in("MESI").unwrap().clone();
//! let two_cores = Model { cores: 2, words: 1, ..Model::new(mesi) };
//! let found = explore(&two_cores, &mut |_| ControlFlow::Continue(()))?;
//!
//! assert_eq!(found.outcome, Outcome::Holds);
//! // X (2^N + N + N X) configurations, for N = 2 cores and X = 2 contents of a line.
//! assert_eq!(found.states, 20);
//! # Ok::<(), coherence::explore::ModelError>(())
//! ```

mod bug;
mod cells;
mod event;
mod invariants;
mod layout;
mod model;
mod probe;
mod rig;
mod search;
mod seen;
#[cfg(test)]
mod tests;
mod trail;

pub use bug::{Bug, Plant, Planted};
pub use cells::CellSet;
pub use event::{Event, line_name};
pub use invariants::Invariant;
pub use layout::{Copied, MODEL_CORES_MAX};
pub use model::{
    MODEL_LEVELS_MAX, MODEL_LINES_MAX, MODEL_VALUES_MAX, MODEL_WORDS_MAX, Model, ModelError,
};
pub use search::{Detail, Exploration, Outcome, Progress, Violation, explore, find_cell};
pub use trail::{LineView, Trail, TrailStep};
