//! `mesim protocol list --bugs`: the seeded bugs, and how each is caught.

use std::fmt::Write as _;
use std::ops::ControlFlow;

use coherence::explore::{Bug, Outcome, Plant, explore};

use crate::diagnostics::Diagnostic;
use crate::output;
use crate::trail::aligned;

pub(super) fn list() -> Result<(), Diagnostic> {
    let header =
        ["bug", "what is wrong", "planted in", "caught by", "cores", "steps", "as few as any"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    let mut refused = String::new();
    for bug in Bug::ALL {
        let found = explore(&bug.model(), &mut |_| ControlFlow::Continue(()))
            .map_err(|error| Diagnostic::input("E0505", error.to_string()))?;
        let (caught, steps, trail) = match &found.outcome {
            Outcome::Violated(violation) => {
                let events: Vec<_> =
                    violation.trail.events().map(|event| event.to_string()).collect();
                (violation.invariant.name(), events.len().to_string(), events.join("; "))
            }
            _ => ("-", "-".to_owned(), "-".to_owned()),
        };
        rows.push(vec![
            bug.name.to_owned(),
            bug.what.to_owned(),
            planted(bug),
            caught.to_owned(),
            bug.cores.to_string(),
            steps,
            trail,
        ]);
        for defect in bug.protocol().defects() {
            let state = bug.protocol().state_name(defect.state).to_owned();
            let _ = writeln!(refused, "  {}  {state}.{}: {}", bug.name, defect.event, defect.rule);
        }
    }
    output::print(&format!(
        "What the explorer finds (`mesim protocol check A01`), each on MESI:\n\n{}\n\
         What the audit refuses before anything runs:\n\n{refused}",
        aligned(&rows)
    ))
}

/// Where a bug is planted.
fn planted(bug: &Bug) -> String {
    match bug.plant {
        Plant::Cells(_) if bug.steps.is_none() => "nothing".to_owned(),
        Plant::Cells(cells) => {
            let protocol = bug.protocol();
            let names: Vec<_> =
                cells.iter().map(|planted| protocol.cell_name(planted.cell())).collect();
            names.join(" ")
        }
        Plant::Machine(_) => "the bus".to_owned(),
        Plant::Levels(_) => "the shared level".to_owned(),
    }
}
