//! A second implementation of the simulator: slow, plain, and written from the contract alone.
//!
//! It shares no code with the engine and is compared with it counter for counter. It is meant to
//! be read from top to bottom as a specification that runs:
//!
//! | file | what |
//! |---|---|
//! | `spec.rs` | the machine and the trace, as plain structs |
//! | `protocol.rs` | who may do what |
//! | `replacement.rs`, `cache.rs` | one cache |
//! | `machine.rs` | one reference from lookup to victims |
//! | `classes.rs` | why a reference missed |
//! | `timing.rs` | what it cost |
//! | `counters.rs`, `audit.rs` | the numbers, and the identities between them |
//! | `random.rs` | random machines and traces, and a shrinker |
//! | `cases.rs` | small machines worked by hand, of MSI and MESI |
//! | `cases_moesi.rs`, `cases_mesif.rs`, `cases_dragon.rs` | the same, of the other protocols |
//! | `cases_random.rs` | random machines: every promise is kept, every row is reached |
//!
//! Every copy of a line carries the numbers of the stores that wrote its words, so the model
//! checks itself: each load returns the last store; a line has one writer or many readers, at most
//! one owner that answers for dirty data and one forwarder; without an owner what lies below is
//! current; inclusive levels include; and the identities hold. It panics where one does not.

#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "written like a library, for whichever tests compare with it"
)]

pub mod audit;
pub mod cache;
pub mod classes;
pub mod counters;
pub mod machine;
pub mod protocol;
pub mod random;
pub mod replacement;
pub mod spec;
pub mod timing;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod cases_dragon;
#[cfg(test)]
mod cases_mesif;
#[cfg(test)]
mod cases_moesi;
#[cfg(test)]
mod cases_random;

pub use counters::Report;
pub use protocol::Protocol;
pub use spec::{Access, Op, Spec};

/// Replays `trace` on the machine.
///
/// # Panics
/// Where the machine cannot be built, or a promise of the model is broken.
pub fn run(spec: &Spec, trace: &[Access]) -> Report {
    if let Err(what) = spec.validate() {
        panic!("not a machine: {what}");
    }
    let mut machine = machine::Machine::new(spec);
    for access in trace {
        machine.access(access);
    }
    if spec.rules.drain_at_end {
        machine.drain();
    }
    machine.check_everything();
    let report = machine.report();
    audit::audit(spec, &report);
    report
}
