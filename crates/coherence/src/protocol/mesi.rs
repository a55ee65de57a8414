//! MESI, the Illinois protocol's four states with the house's defaults.
//!
//! Source: M. S. Papamarcos and J. H. Patel, "A low-overhead coherence solution for multiprocessors
//! with private cache memories", ISCA 1984, as taught since by Culler, Singh and Gupta, "Parallel
//! computer architecture", section 5.3.2. House choices: a store to S is a `BusUpgr`; a flush
//! updates what lies below the bus; clean copies do not supply data unless a rule says so; clean
//! evictions are silent.

use std::borrow::Cow;

use super::{Protocol, StateInfo};
use crate::step::BusOp::{BusRd, BusRdX, BusUpgr};
use crate::step::{
    BusOp, Holding, Processor, ProcessorStep, SnoopStep, State, bus, clean, discard, flush, go,
    hit, never, wire, write_back,
};
use crate::table::{audit, states, table};

states! {
    /// Invalid: this core does not hold the line.
    I {}
    /// Shared: a clean copy; other cores may hold the line too.
    S { valid }
    /// Exclusive: a clean copy, and no other core holds the line.
    E { valid, unique }
    /// Modified: the only copy, newer than what lies below.
    M { valid, unique, dirty }
}

table! {
    /// The core's side. `wire(op, S, E)` goes to S if another core holds the line, else to E.
    const PROCESSOR: [State][Processor] -> ProcessorStep {
             Load,               Store,            Evict,          Clean;
        I => wire(BusRd, S, E),  bus(BusRdX, M),   never(),        never();
        S => hit(S),             bus(BusUpgr, M),  discard(I),     clean(S);
        E => hit(E),             hit(M),           discard(I),     clean(E);
        M => hit(M),             hit(M),           write_back(I),  clean(E);
    }
}

table! {
    /// The other cores' side: what a copy does when it sees a transaction.
    const SNOOP: [State][BusOp] -> SnoopStep, never BusUpd {
             BusRd,     BusRdX,    BusUpgr;
        I => go(I),     go(I),     go(I);
        S => go(S),     go(I),     go(I);
        E => go(S),     go(I),     never();
        M => flush(S),  flush(I),  never();
    }
}

audit!(STATES, PROCESSOR, SNOOP);

/// MESI: modified, exclusive, shared, invalid.
pub(super) const MESI: Protocol = Protocol {
    name: Cow::Borrowed("MESI"),
    source: Cow::Borrowed("Papamarcos and Patel, ISCA 1984"),
    states: Cow::Borrowed(STATES),
    processor: Cow::Borrowed(PROCESSOR),
    snoop: Cow::Borrowed(SNOOP),
};
