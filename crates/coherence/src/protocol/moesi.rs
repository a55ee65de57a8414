//! MOESI: MESI with an owner, so that a dirty line is shared without a write to memory.
//!
//! Source: P. Sweazey and A. J. Smith, "A class of compatible cache consistency protocols and their
//! support by the IEEE Futurebus", ISCA 1986, who named the five states; as in AMD64 (AMD64
//! Architecture Programmer's Manual, volume 2, section 7.3). House choices: a store to S or O is a
//! `BusUpgr`, which moves no data, so that the duty of an owner that sees it moves to the writer; a
//! flush for a `BusRdX` updates what lies below the bus unless a rule says otherwise; E supplies
//! only if a rule says so.

use std::borrow::Cow;

use super::{Protocol, StateInfo};
use crate::step::BusOp::{BusRd, BusRdX, BusUpgr};
use crate::step::{
    BusOp, Holding, Processor, ProcessorStep, SnoopStep, State, bus, clean, discard, flush, go,
    hand_over, hit, never, supply, wire, write_back,
};
use crate::table::{audit, states, table};

states! {
    /// Invalid: this core does not hold the line.
    I {}
    /// Shared: as new as any copy; what lies below is too, unless another core owns the line.
    S { valid }
    /// Exclusive: a clean copy, and no other core holds the line.
    E { valid, unique }
    /// Owned: newer than what lies below; other cores may hold the line too.
    O { valid, dirty }
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
        O => hit(O),             bus(BusUpgr, M),  write_back(I),  clean(S);
        M => hit(M),             hit(M),           write_back(I),  clean(E);
    }
}

table! {
    /// The other cores' side: what a copy does when it sees a transaction.
    const SNOOP: [State][BusOp] -> SnoopStep, never BusUpd {
             BusRd,      BusRdX,    BusUpgr;
        I => go(I),      go(I),     go(I);
        S => go(S),      go(I),     go(I);
        E => go(S),      go(I),     never();
        O => supply(O),  flush(I),  hand_over(I);
        M => supply(O),  flush(I),  never();
    }
}

audit!(STATES, PROCESSOR, SNOOP);

/// MOESI: modified, owned, exclusive, shared, invalid.
pub(super) const MOESI: Protocol = Protocol {
    name: Cow::Borrowed("MOESI"),
    source: Cow::Borrowed("Sweazey and Smith, ISCA 1986"),
    states: Cow::Borrowed(STATES),
    processor: Cow::Borrowed(PROCESSOR),
    snoop: Cow::Borrowed(SNOOP),
};
