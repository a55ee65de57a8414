//! Transition logs of cache-coherence protocols, for tests.
//!
//! [`run`] takes a protocol and a script of accesses and returns a [`Log`]: what each access did,
//! as a value that prints as a table, compares, and answers questions. So a test of transitions is
//! a line with a snapshot library:
//!
//! ```text
//! insta::assert_snapshot!(mesim::run("MESI", "0 R x; 1 W x; 0 R x"));
//! ```
//!
//! and one with nothing else:
//!
//! ```
//! let log = mesim::run("MESI", "0 R x; 1 W x; 0 R x");
//! assert_eq!(
//!     log.to_string(),
//!     "\
//! MESI, 2 cores
//! step  access  answer  bus     from    core 0  core 1  also
//!    1  0 R x   miss    BusRd   memory  I>E     I
//!    2  1 W x   miss    BusRdX  memory  E>I     I>M     invalidated at 0
//!    3  0 R x   miss    BusRd   core 1  I>S     M>S     flushed by 1"
//! );
//! assert_eq!(log.states("x"), ["S", "S"]);
//! assert_eq!((log.count("invalidations"), log.count("memory.writes")), (1, 1));
//! ```
//!
//! # Scripts
//!
//! Accesses stand between semicolons or line ends, each as `CORE OP NAME`; `#` begins a comment.
//!
//! | part | is |
//! |---|---|
//! | `CORE` | 0 to 63; there are as many cores as the script names |
//! | `OP` | one of the letters below |
//! | `NAME` | a line of memory of its own for each name, and perhaps a word of it: `x`, `x[1]` |
//!
//! | `OP` | does |
//! |---|---|
//! | `R` `W` `A` `I` | the core reads, writes, does both at once (an atomic), fetches |
//! | `C` `F` | all dirty data of the line goes to memory; after `F` nobody has a copy |
//! | `E` | the core's copy is replaced, as if another line had taken its place |
//!
//! ```
//! let log = mesim::run(
//!     "Dragon",
//!     "0 W x     # core 0 has the line alone
//!      1 R x     # and supplies it, but keeps the duty to write it back
//!      1 W x     # which moves to the next writer; nobody loses a copy
//!      0 R x     # so that this is a hit
//!      1 E x     # memory gets the line now",
//! );
//! assert_eq!((log.count("invalidations"), log.count("handed_over")), (0, 1));
//! assert_eq!(log.steps()[3].hit, Some(true));
//! assert_eq!(log.states("x"), ["Sc", "I"]);
//! assert_eq!(log.count("memory.writes"), 1);
//! ```
//!
//! # What runs
//!
//! The machine of `mesim replay`, with one private cache a core that holds every line, and memory
//! behind the bus; [`Simulation`] makes the caches smaller, changes the house rules, or takes a
//! [`Protocol`] value. Every load is compared with the last store to its word, and the counters
//! are audited: a protocol that loses data has an [`Error`] with the steps up to there, and no log.
//!
//! [`run`] panics where [`try_run`] has an error. The message points into the script:
//!
//! ```
//! let error = mesim::try_run("MESI", "0 R x; 1 X x").unwrap_err();
//! assert_eq!(error.kind(), mesim::ErrorKind::NotAnOperation);
//! assert_eq!(
//!     error.to_string(),
//!     "\
//! `X` is no operation
//!  --> script:1:10
//!   |
//! 1 | 0 R x; 1 X x
//!   |          ^
//!  = help: `1 R x` reads; the others are W write, A atomic, I fetch, C clean, F flush, E evict"
//! );
//! ```
//!
//! A protocol that replays right is not proven right: `mesim protocol check` looks at every state.
//!
//! Left out on purpose: time, trace files, sizes and latencies of real machines. The command line
//! `mesim` has those; it is the default feature `cli`, which a test does without.

mod library;

pub use coherence::{CleanSupply, Protocol, Rules, VictimOrder, WriteToShared};
pub use library::{Error, ErrorKind, Event, Happening, Log, Op, Place, Simulation, Step, Supplier};

/// Runs a script under a built-in protocol, whose name may be in any case.
///
/// # Panics
/// If [`try_run`] has an error; the message is that error.
#[track_caller]
pub fn run(protocol: &str, script: &str) -> Log {
    match try_run(protocol, script) {
        Ok(log) => log,
        // Here and not in a closure, so that the panic is the caller's.
        Err(error) => panic!("{error}"),
    }
}

/// Runs a script under a built-in protocol, whose name may be in any case.
pub fn try_run(protocol: &str, script: &str) -> Result<Log, Error> {
    Simulation::built_in(protocol)?.try_run(script)
}
