//! MESIF: MESI in which one of the clean copies answers reads.
//!
//! Source: J. R. Goodman and H. H. J. Hum, "MESIF: a two-hop cache coherency protocol for
//! point-to-point interconnects", University of Auckland, 2004 and 2009; Intel, "An introduction to
//! the Intel QuickPath Interconnect", 2009. House choices: on a snooping bus; the newest reader is
//! the forwarder; an F copy that leaves does so silently, after which what lies below the bus
//! answers and its reader is the forwarder again; a store to S or F is a `BusUpgr`.

use std::borrow::Cow;

use super::{Protocol, StateInfo};
use crate::step::BusOp::{BusRd, BusRdX, BusUpgr};
use crate::step::{
    BusOp, Holding, Processor, ProcessorStep, SnoopStep, State, bus, clean, discard, flush, go,
    hit, never, supply, wire, write_back,
};
use crate::table::{audit, states, table};

states! {
    /// Invalid: this core does not hold the line.
    I {}
    /// Shared: a clean copy; other cores may hold the line too, and another one answers.
    S { valid }
    /// Forward: a clean copy; other cores may hold the line too, and this one answers.
    F { valid, forwards }
    /// Exclusive: a clean copy, and no other core holds the line.
    E { valid, unique, forwards }
    /// Modified: the only copy, newer than what lies below.
    M { valid, unique, dirty }
}

table! {
    /// The core's side. `wire(op, F, E)` goes to F if another core holds the line, else to E.
    const PROCESSOR: [State][Processor] -> ProcessorStep {
             Load,               Store,            Evict,          Clean;
        I => wire(BusRd, F, E),  bus(BusRdX, M),   never(),        never();
        S => hit(S),             bus(BusUpgr, M),  discard(I),     clean(S);
        F => hit(F),             bus(BusUpgr, M),  discard(I),     clean(F);
        E => hit(E),             hit(M),           discard(I),     clean(E);
        M => hit(M),             hit(M),           write_back(I),  clean(E);
    }
}

table! {
    /// The other cores' side: what a copy does when it sees a transaction.
    const SNOOP: [State][BusOp] -> SnoopStep, never BusUpd {
             BusRd,      BusRdX,     BusUpgr;
        I => go(I),      go(I),      go(I);
        S => go(S),      go(I),      go(I);
        F => supply(S),  supply(I),  go(I);
        E => supply(S),  supply(I),  never();
        M => flush(S),   flush(I),   never();
    }
}

audit!(STATES, PROCESSOR, SNOOP);

/// MESIF: modified, exclusive, shared, invalid, forward.
pub(super) const MESIF: Protocol = Protocol {
    name: Cow::Borrowed("MESIF"),
    source: Cow::Borrowed("Goodman and Hum, 2004"),
    states: Cow::Borrowed(STATES),
    processor: Cow::Borrowed(PROCESSOR),
    snoop: Cow::Borrowed(SNOOP),
};
