//! Many runs as one: a space of traces and machines, a plan of its cells, shares of them, and the
//! table of what they counted.
//!
//! A [`Space`] is what somebody wants to know. A [`Plan`] lists its [`Cell`]s, one run each, with
//! ids that depend on everything that decides their results. [`Plan::share`] divides them. What a
//! run counted is kept as the text of a [`result`](CellResult), and a [`Table`] lays all results
//! beside each other. A [`Show`] looks for something in it: the best cells by a [`Metric`], the
//! cells that no other beats in two of them, how far counters go over several orders.
//!
//! Left out on purpose: which files there are, which of them have changed, and who runs what.

mod best;
mod cell_columns;
mod digest;
mod metric;
mod pareto;
mod plan;
mod result;
mod shares;
mod show;
mod space;
mod spreads;
mod table;

pub use best::Best;
pub use digest::{Digest, Identity};
pub use metric::{Metric, MetricError};
pub use pareto::Pareto;
pub use plan::{Cell, Plan, PlanError, PlannedMachine, PlannedTrace, Reading, RunOptions};
pub use result::{CellResult, ResultError, failure_text, result_text};
pub use show::Show;
pub use space::{Place, Space, SpaceMistake, Vary};
pub use spreads::Spreads;
pub use table::{Row, Table, Unfinished};
