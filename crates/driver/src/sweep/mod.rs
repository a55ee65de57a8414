//! Many runs as one: a space of traces and machines, a plan of its cells, shares of them, and the
//! table of what they counted.
//!
//! A [`Space`] is what somebody wants to know. A [`Plan`] lists its [`Cell`]s, one run each, with
//! ids that depend on everything that decides their results. [`Plan::share`] divides them. What a
//! run counted is kept as the text of a [`result`](CellResult), and a [`Table`] lays all results
//! beside each other.
//!
//! Left out on purpose: which files there are, which of them have changed, and who runs what.

mod digest;
mod orders;
mod plan;
mod result;
mod shares;
mod space;
mod table;

pub use digest::{Digest, Identity};
pub use plan::{Cell, Plan, PlanError, PlannedMachine, PlannedTrace, Reading, RunOptions};
pub use result::{CellResult, ResultError, failure_text, result_text};
pub use space::{Place, Space, SpaceMistake, Vary};
pub use table::{Row, Table, Unfinished};
