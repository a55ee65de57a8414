//! What the counts of a trace are expected to be: a file, read, compared and written anew.
//!
//! [`read()`] makes [`Expectations`] of a text, or says what is wrong and where. Each of its
//! machines is replayed by whoever opens files; [`Expectations::compare`] then says what holds, and
//! [`Expectations::corrected`] is the text with what does not hold replaced. `docs/expectations.md`
//! has every key.
//!
//! ```
//! use driver::expect;
//!
//! let text = r#"(params: {"N": 10}, counts: {"bus_rdx": "2*N", "misses": ">= 2"})"#;
//! let expectations = expect::read("t.expect.ron", text, &[]).unwrap();
//! let [machine] = &expectations.machines[..] else { unreachable!() };
//! assert!(machine.counts[0].condition.holds(20));
//!
//! let misspelt = text.replace("2*N", "2*M");
//! let mistakes = expect::read("t.expect.ron", &misspelt, &[]).unwrap_err();
//! assert_eq!(mistakes[0].message, "there is no parameter `M`");
//! ```

mod compare;
mod condition;
mod counts;
mod error;
mod formula;
mod read;

use std::ops::Range;
use std::sync::Arc;

pub use compare::{Finding, Outcome};
pub use condition::{Comparison, Condition};
pub use counts::{Counts, Unknown};
pub use error::{Mistake, MistakeKind};
pub use read::read;

use crate::config::{Draft, Origin, Setting};

/// The largest expectation file, in bytes.
pub const BYTES_MAX: usize = 1 << 20;
/// The most machines of one file.
pub const MACHINES_MAX: usize = 64;

/// What is expected of a trace.
#[derive(Clone, Debug)]
pub struct Expectations {
    /// The file's path, as it was given.
    pub path: String,
    /// The file's text.
    pub text: Arc<str>,
    /// The machines, and what is expected of each.
    pub machines: Vec<Expected>,
}

/// What is expected of a trace on one machine.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// The machine, where the file says it.
    pub config: Option<Pinned>,
    /// The keys that are set over it.
    pub settings: Vec<Setting>,
    /// The counts.
    pub counts: Vec<Count>,
    /// The states at the end.
    pub looks: Vec<Look>,
}

/// The machine of a file.
#[derive(Clone, Debug)]
pub enum Pinned {
    /// The path of a config, relative to the file, and where it is written.
    File(String, Origin),
    /// The config itself.
    Here(Box<Draft>),
}

/// A count and what it is compared with.
#[derive(Clone, Debug)]
pub struct Count {
    /// The counter's name, long or short.
    pub name: String,
    /// Where the name is.
    pub name_span: Range<usize>,
    /// The condition as it is written.
    pub written: String,
    /// The condition with the values of its formulas.
    pub condition: Condition,
    /// Where the condition is.
    pub span: Range<usize>,
}

/// A line and the states that all cores are expected to have for it at the end.
#[derive(Clone, Debug)]
pub struct Look {
    /// The address as it is written.
    pub written: String,
    /// The address.
    pub place: Place,
    /// Where the address is written.
    pub place_span: Range<usize>,
    /// The states as they are written.
    pub states: String,
    /// Where the states are.
    pub span: Range<usize>,
}

/// The address of a line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// A number.
    Addr(u64),
    /// A name that the trace declares, and bytes behind it.
    Named(String, u64),
}
