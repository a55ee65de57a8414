//! Dragon: a store to a shared line updates the other copies and takes none away.
//!
//! Source: E. M. McCreight, "The Dragon computer system: an early overview", Xerox PARC, 1984, as
//! given by J. Archibald and J.-L. Baer, "Cache coherence protocols: evaluation using a
//! multiprocessor simulation model", ACM TOCS 4(4), 1986, and taught by Culler, Singh and Gupta,
//! "Parallel computer architecture", section 5.3.3. House choices: a state I stands for a line that
//! is not held; a `BusUpd` changes the other copies and nothing below the bus; clean copies do not
//! supply data unless a rule says so.

use std::borrow::Cow;

use super::{Protocol, StateInfo};
use crate::step::BusOp::{BusRd, BusUpd};
use crate::step::{
    BusOp, Holding, Processor, ProcessorStep, SnoopStep, State, clean, discard, go, hand_over, hit,
    never, supply, wire, write_back,
};
use crate::table::{audit, states, table};

states! {
    /// Invalid: this core does not hold the line.
    I {}
    /// Shared clean: other cores may hold the line too; one of them may answer for it.
    Sc { valid }
    /// Exclusive: a clean copy, and no other core holds the line.
    E { valid, unique }
    /// Shared modified: newer than what lies below; other cores may hold the line too.
    Sm { valid, dirty }
    /// Modified: the only copy, newer than what lies below.
    M { valid, unique, dirty }
}

table! {
    /// The core's side. A store miss reads the line and is then a store in the state reached: to a
    /// line that others hold it is a `BusRd` and a `BusUpd`.
    const PROCESSOR: [State][Processor] -> ProcessorStep {
              Load,                Store,                Evict,          Clean;
        I  => wire(BusRd, Sc, E),  wire(BusRd, Sm, M),   never(),        never();
        Sc => hit(Sc),             wire(BusUpd, Sm, M),  discard(I),     clean(Sc);
        E  => hit(E),              hit(M),               discard(I),     clean(E);
        Sm => hit(Sm),             wire(BusUpd, Sm, M),  write_back(I),  clean(Sc);
        M  => hit(M),              hit(M),               write_back(I),  clean(E);
    }
}

table! {
    /// The other cores' side. A copy that sees a `BusUpd` takes the word.
    const SNOOP: [State][BusOp] -> SnoopStep, never BusRdX, BusUpgr {
              BusRd,       BusUpd;
        I  => go(I),       go(I);
        Sc => go(Sc),      go(Sc);
        E  => go(Sc),      never();
        Sm => supply(Sm),  hand_over(Sc);
        M  => supply(Sm),  never();
    }
}

audit!(STATES, PROCESSOR, SNOOP);

/// Dragon: exclusive, shared clean, shared modified, modified.
pub(super) const DRAGON: Protocol = Protocol {
    name: Cow::Borrowed("Dragon"),
    source: Cow::Borrowed("McCreight, Xerox PARC, 1984"),
    states: Cow::Borrowed(STATES),
    processor: Cow::Borrowed(PROCESSOR),
    snoop: Cow::Borrowed(SNOOP),
};
