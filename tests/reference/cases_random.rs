//! Random machines and traces: what the model promises, and what the search reaches.

use std::collections::{BTreeMap, BTreeSet};

use super::cases::{level, machine, trace};
use super::counters::Cause;
use super::protocol::state_name;
use super::random::{SplitMix, random_spec, random_trace, shrink};
use super::{Protocol, run};

/// What loads, stores, other cores' transactions and cleans make of each state, by the tables.
///
/// A store takes the state back (M>E, M>S, Sm>Sc) where it was written through to below the bus,
/// and ends in I where the only copy was in the L1I and no level took the store.
const CHANGES: [(Protocol, &str); 5] = [
    (
        Protocol::Msi,
        "I>S.load I>M.store S>M.store S>I.store M>S.store M>S.snoop M>I.snoop S>I.snoop \
         M>S.clean",
    ),
    (
        Protocol::Mesi,
        "I>E.load I>S.load I>M.store S>M.store E>M.store S>I.store E>I.store M>E.store \
         M>S.snoop M>I.snoop E>S.snoop E>I.snoop S>I.snoop M>E.clean",
    ),
    (
        Protocol::Moesi,
        "I>E.load I>S.load I>M.store S>M.store E>M.store O>M.store S>I.store E>I.store M>E.store \
         M>O.snoop M>I.snoop O>I.snoop E>S.snoop E>I.snoop S>I.snoop M>E.clean O>S.clean",
    ),
    (
        Protocol::Mesif,
        "I>E.load I>F.load I>M.store S>M.store F>M.store E>M.store \
         S>I.store F>I.store E>I.store M>E.store \
         M>S.snoop M>I.snoop E>S.snoop E>I.snoop F>S.snoop F>I.snoop S>I.snoop M>E.clean",
    ),
    (
        Protocol::Dragon,
        "I>E.load I>Sc.load I>M.store I>Sm.store E>M.store Sc>M.store Sc>Sm.store Sm>M.store \
         M>E.store Sm>Sc.store E>Sc.snoop M>Sm.snoop Sm>Sc.snoop M>E.clean Sm>Sc.clean",
    ),
];

/// The model's own promises on random machines; and each change of a table happens, and no other.
#[test]
fn random_machines_keep_every_promise_and_reach_every_row() {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for seed in 0..2000 {
        let mut rng = SplitMix::new(seed);
        let spec = random_spec(&mut rng);
        let trace = random_trace(&mut rng, &spec, 400);
        let report = run(&spec, &trace);
        let changes = found.entry(format!("{:?}", spec.protocol)).or_default();
        for (from, to, cause) in report.transitions.keys() {
            let change = format!("{}>{}.{}", state_name(*from), state_name(*to), cause.name());
            if matches!(cause, Cause::Load | Cause::Store | Cause::Snoop)
                || (*cause == Cause::Clean && *to != 'I')
            {
                changes.insert(change);
            }
        }
    }
    for (protocol, changes) in CHANGES {
        let expected: BTreeSet<String> = changes.split_whitespace().map(str::to_owned).collect();
        assert_eq!(found[&format!("{protocol:?}")], expected, "{protocol:?}");
    }
}

/// The shrinker keeps what matters: one flush takes a store and another core's read.
#[test]
fn shrinker_finds_the_two_accesses_that_matter() {
    let spec = machine(2, vec![level(4, 1)]);
    let long = trace("0R16 0W0 1R16 0R32 1R48 1R0 0W16 1W32");
    let small = shrink(&long, |trace| run(&spec, trace).totals.flushes > 0);
    assert_eq!(small, trace("0W0 1R0"));
}
