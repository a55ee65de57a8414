//! Every cell of every built-in protocol, changed to every other step.
//!
//! A mutant is refused by the audit of its cells (which for built-in protocols is the compiler), or
//! breaks an invariant in the explorer, or has a cell that nothing reaches, or it survives. A
//! survivor is coherent too: it is another protocol, and the reason why it is one is named here.
//! (All of them differ from the built-in ones in the snapshots of the rendered tables.)

use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::ControlFlow;

use coherence::explore::{CellSet, Model, Outcome, explore};
use coherence::{BusOp, Cell, Holding, Processor, ProcessorStep, Protocol, SnoopStep, State};

/// A changed cell: what it was and what it is.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Change {
    Own(Processor, ProcessorStep, ProcessorStep),
    Snoop(BusOp, SnoopStep, SnoopStep),
}

#[test]
fn every_changed_cell_is_caught_or_known_to_be_another_coherent_protocol() {
    let mut caught: BTreeMap<&str, u32> = BTreeMap::new();
    let mut survivors = String::new();
    let mut all = 0;
    for protocol in Protocol::BUILT_IN {
        for (cell, change, mutant) in mutants(protocol) {
            all += 1;
            if let Some(catch) = catch(&mutant) {
                *caught.entry(catch).or_default() += 1;
                continue;
            }
            let name = format!("{} {}", protocol.name(), protocol.cell_name(cell));
            let reason = reason(protocol, cell, change)
                .unwrap_or_else(|| panic!("{name}: {change:?} survives, and nobody knows why"));
            let (was, is) = shown(protocol, change);
            let _ = writeln!(survivors, "{name}: {was} -> {is}: {reason}");
        }
    }
    let survived = all - caught.values().sum::<u32>();
    let mut table = format!("{all} mutants, {survived} survive\n");
    for (catch, count) in &caught {
        let _ = writeln!(table, "{count:>6} {catch}");
    }
    insta::assert_snapshot!("mutants", format!("{table}\n{survivors}"));
}

/// All protocols that differ from one in one cell.
fn mutants(protocol: &Protocol) -> Vec<(Cell, Change, Protocol)> {
    let states: Vec<State> = protocol.all_states().collect();
    let (own, snoop) = (own_steps(&states), snoop_steps(&states));
    let mut mutants = Vec::new();
    for cell in protocol.cells() {
        match cell {
            Cell::Own(state, event) => {
                let was = protocol.processor(state, event);
                for is in own.iter().filter(|is| **is != was) {
                    let mutant = protocol.clone().with_own(state, event, *is);
                    mutants.push((cell, Change::Own(event, was, *is), mutant));
                }
            }
            Cell::Snoop(state, op) => {
                let was = protocol.snoop(state, op);
                for is in snoop.iter().filter(|is| **is != was) {
                    let mutant = protocol.clone().with_snoop(state, op, *is);
                    mutants.push((cell, Change::Snoop(op, was, *is), mutant));
                }
            }
        }
    }
    mutants
}

fn own_steps(states: &[State]) -> Vec<ProcessorStep> {
    let mut steps = vec![ProcessorStep::Never];
    for &next in states {
        let plain = [ProcessorStep::Silent, ProcessorStep::Discard, ProcessorStep::WriteBack];
        steps.extend(plain.map(|step| step(next)));
        for op in BusOp::ALL {
            steps.push(ProcessorStep::Bus(op, next));
            let others = states.iter().filter(|alone| **alone != next);
            steps.extend(others.map(|&alone| ProcessorStep::Wire { op, shared: next, alone }));
        }
    }
    steps
}

fn snoop_steps(states: &[State]) -> Vec<SnoopStep> {
    let kinds = [SnoopStep::Silent, SnoopStep::Flush, SnoopStep::Supply, SnoopStep::HandOver];
    let to = |next: &State| kinds.map(|step| step(*next));
    std::iter::once(SnoopStep::Never).chain(states.iter().flat_map(to)).collect()
}

/// Says what catches a mutant, if anything does.
fn catch(mutant: &Protocol) -> Option<&'static str> {
    if !mutant.defects().is_empty() {
        return Some("refused by the audit of their cells");
    }
    let model = Model { cores: 3, ..Model::new(mutant.clone()) };
    let found = explore(&model, &mut |_| ControlFlow::Continue(())).unwrap();
    match found.outcome {
        Outcome::Holds if CellSet::possible(mutant).without(&found.cells, mutant).is_empty() => {
            None
        }
        Outcome::Holds => Some("have a cell that nothing reaches"),
        Outcome::Violated(violation) => Some(violation.invariant.violation()),
        other => panic!("the search ended with {other:?}"),
    }
}

/// Says why a mutant is coherent, if that is known.
fn reason(protocol: &Protocol, cell: Cell, change: Change) -> Option<&'static str> {
    let holds = |state| protocol.holding(state);
    match (cell, change) {
        (Cell::Own(from, _), Change::Own(event, was, is)) => {
            let (was_to, is_to) = (ends(was), ends(is));
            let less =
                was_to.iter().zip(&is_to).all(|(was, is)| claims_less(holds(*was), holds(*is)));
            let announces = was.op().is_none() && is.op().is_some();
            match event {
                Processor::Store if announces && less => {
                    Some("announces a store that nobody needs to hear of")
                }
                Processor::Store
                    if was.op() == Some(BusOp::BusUpgr)
                        && is.op() == Some(BusOp::BusRdX)
                        && !holds(from).dirty =>
                {
                    Some("reads again what it has")
                }
                _ if less => Some("claims less than it may"),
                _ => None,
            }
        }
        (_, Change::Snoop(op, was, is)) => {
            let (was_to, is_to) = (was.next()?, is.next()?);
            match (op, was, is) {
                _ if holds(was_to).valid && !holds(is_to).valid => {
                    Some("gives up a copy that it may keep")
                }
                (BusOp::BusRd, SnoopStep::Supply(_), SnoopStep::Flush(_)) => {
                    Some("updates what lies below, which could wait, and owns the line no more")
                }
                (BusOp::BusRdX, SnoopStep::Flush(_), SnoopStep::Supply(_)) => {
                    Some("sends the data past what lies below; the writer answers for it")
                }
                (BusOp::BusRdX, SnoopStep::Supply(_), SnoopStep::Silent(_)) => {
                    Some("lets what lies below answer, which has the same data")
                }
                (BusOp::BusUpgr | BusOp::BusUpd, SnoopStep::HandOver(_), SnoopStep::Flush(_)) => {
                    Some("updates what lies below, which could wait")
                }
                _ => None,
            }
        }
        (Cell::Snoop(..), Change::Own(..)) => None,
    }
}

/// The states that a step can end in: if the line is shared, and if the core is alone.
fn ends(step: ProcessorStep) -> Vec<State> {
    match step {
        ProcessorStep::Never => Vec::new(),
        ProcessorStep::Silent(next)
        | ProcessorStep::Bus(_, next)
        | ProcessorStep::Discard(next)
        | ProcessorStep::WriteBack(next) => vec![next, next],
        ProcessorStep::Wire { shared, alone, .. } => vec![shared, alone],
    }
}

/// A state with fewer rights and no fewer duties than another.
fn claims_less(was: Holding, is: Holding) -> bool {
    was.valid == is.valid && was.dirty == is.dirty && was.unique >= is.unique
}

fn shown(protocol: &Protocol, change: Change) -> (String, String) {
    use coherence::render::{processor_cell, snoop_cell};
    match change {
        Change::Own(_, was, is) => (processor_cell(protocol, was), processor_cell(protocol, is)),
        Change::Snoop(op, was, is) => (snoop_cell(protocol, op, was), snoop_cell(protocol, op, is)),
    }
}
