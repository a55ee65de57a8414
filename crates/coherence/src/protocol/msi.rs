//! MSI, the three states that every write-back invalidation protocol has.
//!
//! Source: the write-back invalidation protocol of the Silicon Graphics 4D series, F. Baskett, T.
//! Jermoluk and D. Solomon, "The 4D-MP graphics superworkstation", COMPCON 1988, as taught by
//! Culler, Singh and Gupta, "Parallel computer architecture", section 5.3.1. House choices: a store
//! to S is a `BusUpgr`; a read of a dirty line leaves both copies shared.

use std::borrow::Cow;

use super::{Protocol, StateInfo};
use crate::step::BusOp::{BusRd, BusRdX, BusUpgr};
use crate::step::{
    BusOp, Holding, Processor, ProcessorStep, SnoopStep, State, bus, clean, discard, flush, go,
    hit, never, write_back,
};
use crate::table::{audit, states, table};

states! {
    /// Invalid: this core does not hold the line.
    I {}
    /// Shared: a clean copy; other cores may hold the line too.
    S { valid }
    /// Modified: the only copy, newer than what lies below.
    M { valid, unique, dirty }
}

table! {
    /// The core's side. Without E, a read cannot tell a private line from a shared one.
    const PROCESSOR: [State][Processor] -> ProcessorStep {
             Load,           Store,            Evict,          Clean;
        I => bus(BusRd, S),  bus(BusRdX, M),   never(),        never();
        S => hit(S),         bus(BusUpgr, M),  discard(I),     clean(S);
        M => hit(M),         hit(M),           write_back(I),  clean(S);
    }
}

table! {
    /// The other cores' side: what a copy does when it sees a transaction.
    const SNOOP: [State][BusOp] -> SnoopStep, never BusUpd {
             BusRd,     BusRdX,    BusUpgr;
        I => go(I),     go(I),     go(I);
        S => go(S),     go(I),     go(I);
        M => flush(S),  flush(I),  never();
    }
}

audit!(STATES, PROCESSOR, SNOOP);

/// MSI: modified, shared, invalid.
pub(super) const MSI: Protocol = Protocol {
    name: Cow::Borrowed("MSI"),
    source: Cow::Borrowed("Baskett, Jermoluk and Solomon, COMPCON 1988"),
    states: Cow::Borrowed(STATES),
    processor: Cow::Borrowed(PROCESSOR),
    snoop: Cow::Borrowed(SNOOP),
};
