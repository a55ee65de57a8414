//! The number of configurations of each protocol, derived by hand before it is asserted.
//!
//! N cores, at least two; X = V^W contents of a line of W words of V values. The last stores are no
//! part of the sums: in a coherent machine they are what the owner has, or else what lies below.
//!
//! **MESI**, one line. Nobody answers for the line: any set of cores has it in S (2^N, the empty
//! set among them: the line is nowhere), or one core has it in E (N); the backing store has what
//! they have (X). One core has it in M (N): its contents and those of the backing store are any (X
//! X). Together X (2^N + N + N X).
//!
//! **MSI** lacks the N configurations with E: X (2^N + N X).
//!
//! **MOESI** adds an owner O (N) beside any set of the others in S (2^(N-1)), with any contents and
//! any contents below (X X): X (2^N + N + N X + N 2^(N-1) X).
//!
//! **MESIF**: one core is F (N) and any of the others are S (2^(N-1)); or the forwarder has left,
//! and any of the others are S. All N cores cannot be S then, since the one that was the forwarder
//! would have to read the line again and be the forwarder again: 2^N - 1 sets. Together
//! X (2^N - 1 + N 2^(N-1) + N + N X). (The first derivation forgot the "- 1"; the explorer found
//! one configuration fewer, and it was right.)
//!
//! **Dragon**: Sc for S, Sm for O, else as MOESI. (Sm alone, Sc alone: the others have left.)
//!
//! Up to the numbering of the cores a set is its size: 2^N becomes N + 1, N becomes 1, and
//! N 2^(N-1) becomes N.

use std::ops::ControlFlow;

use super::*;
use crate::fault::Fault;
use crate::observe::Cell::{Own, Snoop};
use crate::protocol::Protocol;
use crate::rules::{CleanSupply, Rules, WriteToShared};
use crate::step::{BusOp, Processor};

fn built_in(name: &str) -> Protocol {
    Protocol::built_in(name).unwrap().clone()
}

fn look(model: &Model) -> Exploration {
    let found = explore(model, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(found.outcome, Outcome::Holds, "{model:?}");
    found
}

/// The formulas above for one line: all configurations, and up to the numbering of the cores.
fn one_line(protocol: &str, n: u64, x: u64) -> (u64, u64) {
    let (sets, others) = (1 << n, n * (1 << (n - 1)));
    match protocol {
        "MSI" => (x * (sets + n * x), x * (n + 1 + x)),
        "MESI" => (x * (sets + n + n * x), x * (n + 2 + x)),
        "MOESI" | "Dragon" => (x * (sets + n + n * x + others * x), x * (n + 1 + 1 + x + n * x)),
        "MESIF" => (x * (sets - 1 + others + n + n * x), x * (n + n + 1 + x)),
        other => panic!("no formula for {other}"),
    }
}

#[test]
fn every_protocol_has_as_many_configurations_as_its_formula_says() {
    for protocol in Protocol::BUILT_IN {
        for (cores, words, values) in
            [2, 3, 4, 5].into_iter().flat_map(|n| [(n, 1, 1), (n, 1, 2), (n, 2, 2), (n, 1, 3)])
        {
            let model = Model { cores, words, values, ..Model::new((*protocol).clone()) };
            let found = look(&model);
            let x = u64::from(values).pow(u32::from(words));
            let (states, symmetric) = one_line(protocol.name(), u64::from(cores), x);
            let what = format!("{} {cores} {words} {values}", protocol.name());
            assert_eq!((found.states, found.symmetric_states), (states, Some(symmetric)), "{what}");
        }
    }
}

/// Counts that two independent model checkers or a closed form gave, for MESI: cores, lines,
/// values, words, capacity, configurations, and up to the numbering of the cores.
const MESI: [(u8, u8, u8, u8, u8, u64, u64); 16] = [
    (2, 1, 2, 1, 1, 20, 12),
    (3, 1, 2, 1, 1, 34, 14),
    (4, 1, 2, 1, 1, 56, 16),
    (5, 1, 2, 1, 1, 94, 18),
    (2, 2, 2, 1, 2, 400, 208),
    (3, 2, 2, 1, 2, 1_156, 296),
    (4, 2, 2, 1, 2, 3_136, 404),
    (2, 2, 2, 1, 1, 196, 104),
    (3, 2, 2, 1, 1, 612, 148),
    (4, 2, 2, 1, 1, 1_524, 192),
    (2, 1, 2, 2, 1, 56, 32),
    (3, 1, 2, 2, 1, 92, 36),
    (4, 1, 2, 2, 1, 144, 40),
    (4, 2, 2, 2, 2, 20_736, 2_640),
    (3, 3, 2, 1, 3, 39_304, 7_944),
    (5, 1, 1, 1, 1, 42, 8),
];

#[test]
fn mesi_has_the_configurations_that_other_checkers_count() {
    for (cores, lines, values, words, capacity, states, symmetric) in MESI {
        let model = Model { cores, lines, words, values, capacity, ..Model::new(built_in("MESI")) };
        let found = look(&model);
        assert_eq!((found.states, found.symmetric_states), (states, Some(symmetric)), "{model:?}");
        let reduced = look(&Model { symmetry: true, ..model });
        assert_eq!((reduced.states, reduced.symmetric_states), (states, Some(symmetric)));
        assert_eq!(reduced.depth, found.depth);
    }
}

/// With an inclusive shared level, one line. The level lacks the line: no core has it, X. Or it has
/// the line, clean (X, as the backing store has it) or dirty (X X), and the cores have it in any of
/// the ways that the formulas for one line count above a given content of the next level.
#[test]
fn a_shared_level_multiplies_the_ways_of_the_cores() {
    // The two published rows for MESI, to keep the formula honest.
    let published = [(2, 62, 38), (3, 104, 44), (4, 170, 50), (5, 284, 56)];
    for protocol in Protocol::BUILT_IN {
        for (cores, states, symmetric) in published {
            let model =
                Model { cores, words: 1, shared_level: true, ..Model::new((*protocol).clone()) };
            let found = look(&model);
            let x = 2;
            let (all, up_to_order) = one_line(protocol.name(), u64::from(cores), x);
            let (ways, orbits) = (all / x, up_to_order / x);
            let formula = (x + (x + x * x) * ways, x + (x + x * x) * orbits);
            assert_eq!(found.states, formula.0, "{}", protocol.name());
            assert_eq!(found.symmetric_states, Some(formula.1), "{}", protocol.name());
            if protocol.name() == "MESI" {
                assert_eq!(formula, (states, symmetric));
            }
        }
    }
}

/// Two private levels, the outer one inclusive, one line, MESI. A clean copy is in the outer level
/// with or without one in the inner: 3^N sets in S, 2 N in E. In M the dirty bit is in the outer
/// level, with no copy inside (X) or a clean one (X); or in the inner level above a clean copy,
/// which is what the backing store has (X); or in both (X X).
#[test]
fn two_private_levels_have_as_many_configurations_as_derived() {
    for (n, values) in [(2, 2), (3, 2), (4, 2), (2, 3)] {
        let model =
            Model { cores: n, words: 1, values, private_levels: 2, ..Model::new(built_in("MESI")) };
        let (n, x) = (u64::from(n), u64::from(values));
        let formula = x * (3_u64.pow(n as u32) + 2 * n + n * (3 * x + x * x));
        assert_eq!(look(&model).states, formula);
    }
}

#[test]
fn every_protocol_keeps_its_promises_under_every_rule() {
    for protocol in Protocol::BUILT_IN {
        for case in 0..24_u8 {
            let rules = Rules {
                write_to_shared: [WriteToShared::Upgrade, WriteToShared::ReadExclusive]
                    [usize::from(case % 2)],
                clean_supply: [
                    CleanSupply::Memory,
                    CleanSupply::ExclusiveOnly,
                    CleanSupply::AnyHolder,
                ][usize::from(case / 2 % 3)],
                invalidating_flush_updates_memory: case / 6 % 2 == 0,
                exclusive_on_sole_read: case / 12 == 0,
                ..Rules::default()
            };
            let model = Model { cores: 3, rules, ..Model::new((*protocol).clone()) };
            look(&model);
            look(&Model { cores: 2, shared_level: true, ..model.clone() });
            look(&Model { cores: 2, private_levels: 2, ..model.clone() });
            look(&Model { cores: 2, lines: 2, capacity: 1, words: 1, ..model });
        }
    }
}

#[test]
fn every_possible_cell_is_reached_and_no_other() {
    for protocol in Protocol::BUILT_IN {
        let found = look(&Model::new((*protocol).clone()));
        let possible = CellSet::possible(protocol);
        assert_eq!(found.cells.without(&possible, protocol), []);
        assert_eq!(possible.without(&found.cells, protocol), []);
    }
}

#[test]
fn every_seeded_bug_is_caught_by_as_short_a_trail_as_known_and_the_control_is_not() {
    for bug in Bug::ALL {
        assert_eq!(steps_to(&bug.model()), bug.steps, "{}", bug.name);
    }
    // With two cores alone, the sharer that a BusRdX leaves has to be shared with the writer first,
    // who then evicts its own copy.
    let survivor = Bug::named("A05").unwrap().model();
    assert_eq!(steps_to(&Model { cores: 2, ..survivor }), Some(4));
}

fn steps_to(model: &Model) -> Option<u8> {
    let found = explore(model, &mut |_| ControlFlow::Continue(())).unwrap();
    match found.outcome {
        Outcome::Violated(violation) => Some(violation.trail.steps.len() as u8),
        Outcome::Holds => None,
        other => panic!("the search ended with {other:?}"),
    }
}

/// With one word a line, the store overwrites the whole line whose data was dropped.
#[test]
fn dropped_data_hides_where_a_line_is_one_word() {
    let dropped = Bug::named("A06").unwrap().model();
    assert_eq!(steps_to(&Model { words: 1, ..dropped }), None);
}

#[test]
fn a_search_with_symmetry_finds_as_short_a_trail_that_the_machine_performs() {
    for bug in Bug::ALL.iter().filter(|bug| bug.steps.is_some()) {
        let model = Model { cores: 3, symmetry: true, ..bug.model() };
        let found = explore(&model, &mut |_| ControlFlow::Continue(())).unwrap();
        let Outcome::Violated(violation) = found.outcome else { panic!("{} is missed", bug.name) };
        let unsorted = Model { symmetry: false, ..model };
        assert_eq!(steps_to(&unsorted), Some(violation.trail.steps.len() as u8), "{}", bug.name);
        let events: Vec<_> = violation.trail.events().collect();
        assert_eq!(trail::walk(&unsorted, &events), violation.trail, "{}", bug.name);
    }
}

#[test]
fn a_cell_is_reached_by_a_shortest_trail_or_proven_out_of_reach() {
    let mesi = built_in("MESI");
    let model = Model::new(mesi.clone());
    let state = |name| mesi.all_states().find(|state| mesi.state_name(*state) == name).unwrap();
    let look = |cell| find_cell(&model, cell, &mut |_| ControlFlow::Continue(())).unwrap().outcome;
    let trail = |outcome: Outcome| match outcome {
        Outcome::Reached(trail) => trail.events().map(|event| event.to_string()).collect(),
        other => vec![format!("{other:?}")],
    };
    assert_eq!(trail(look(Own(state("I"), Processor::Load))), ["0 R x"]);
    assert_eq!(trail(look(Snoop(state("S"), BusOp::BusUpgr))), ["0 R x", "1 R x", "0 W x[0]=1"]);
    // Nobody upgrades a line that another core has alone.
    assert_eq!(look(Snoop(state("E"), BusOp::BusUpgr)), Outcome::Holds);
}

#[test]
fn a_dirty_line_that_cannot_become_clean_is_a_dead_end() {
    // With another core, its read would make the line clean.
    let fault = Some(Fault::DirtyStays);
    let model = Model { cores: 1, fault, ..Model::new(built_in("MESI")) };
    let found = explore(&model, &mut |_| ControlFlow::Continue(())).unwrap();
    let Outcome::Violated(violation) = found.outcome else { panic!("{:?}", found.outcome) };
    assert_eq!(violation.invariant, Invariant::CanBecomeClean);
    assert_eq!(violation.trail.steps.len(), 1);
    let two = Model { cores: 2, ..model };
    assert_eq!(steps_to(&two), None);
}

/// The numbers of a core, or of what lies below the bus, may fill all 64 bits. (The first words
/// were lost there once.)
#[test]
fn a_model_may_use_every_bit() {
    for protocol in Protocol::BUILT_IN {
        for (private_levels, words, values, shared_level) in
            [(1, 8, 9, false), (2, 7, 16, false), (3, 6, 5, false), (3, 6, 5, true)]
        {
            let model = Model {
                cores: 2,
                words,
                values,
                private_levels,
                shared_level,
                states_max: 2_000,
                ..Model::new((*protocol).clone())
            };
            let (core, below) = model.layout().bits();
            assert_eq!(core.max(below), 64);
            let found = explore(&model, &mut |_| ControlFlow::Continue(())).unwrap();
            assert_eq!(found.outcome, Outcome::Incomplete, "{model:?}");
        }
    }
}

#[test]
fn the_search_gives_up_at_its_bound_and_when_asked() {
    let model = Model { states_max: 100, ..Model::new(built_in("MESI")) };
    let found = explore(&model, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!((found.outcome, found.states), (Outcome::Incomplete, 100));
    let model = Model { lines: 2, capacity: 2, ..Model::new(built_in("MESI")) };
    let found = explore(&model, &mut |_| ControlFlow::Break(())).unwrap();
    assert_eq!(found.outcome, Outcome::Stopped);
}
