//! `mesim protocol check` and `mesim protocol witness`: the explorer, asked from outside.

use std::fmt::Write as _;
use std::io::Write as _;
use std::ops::ControlFlow;

use coherence::explore::{Bug, Exploration, Model, Outcome, Progress, explore, find_cell};
use coherence::{BusOp, Rules};
use driver::report::grouped;

use crate::counterexample::Stepped;
use crate::diagnostics::{Diagnostic, Messages};
use crate::model_args::{CheckArgs, WitnessArgs};
use crate::output::Draft;
use crate::progress::Progress as Bar;
use crate::{counterexample, exploration, interrupt, models, output, trail};

/// Cores of a model that is large enough to reach every cell of a protocol.
const CORES_FOR_ALL_CELLS: u8 = 4;

pub(super) fn check(args: &CheckArgs, messages: Messages) -> Result<(), Diagnostic> {
    let (model, defects) = models::model(&args.model, messages)?;
    let to_stdout = args.json.as_ref().is_some_and(|path| path.as_os_str() == "-");
    let file = args.json.as_deref().filter(|_| !to_stdout).map(Draft::begin).transpose()?;
    let trace = args.counterexample.as_deref().map(counterexample::begin).transpose()?;
    if let (Some(json), Some(trace)) = (&file, &trace)
        && json.is_same_as(trace)
    {
        return Err(Diagnostic::input("E0303", "two outputs have the same place")
            .at(trace.shown().display().to_string())
            .help("give `--json` and `--counterexample` files of their own"));
    }
    let found = run(&model, args.model.quiet, |progress| explore(&model, progress))?;
    let json = format!("{:#}\n", exploration::json(&model, &found, defects.len()));
    if let Some(file) = file {
        file.publish_text(&json)?;
    }
    output::print(&if to_stdout {
        json
    } else {
        exploration::text(&model, &found, defects.len())
    })?;
    if let Some(file) = trace {
        let refused = !defects.is_empty() || Bug::named(&args.model.protocol).is_some();
        let stepped = Stepped {
            protocol: (!refused).then_some(&*args.model.protocol),
            settings: &args.model.set,
        };
        let note = counterexample::write(&model, &found.outcome, file, stepped, messages)?;
        if !args.model.quiet {
            let _ = writeln!(std::io::stderr(), "{note}");
        }
    }
    // A protocol with wrong cells is explored all the same: what they lead to teaches more.
    if found.outcome == Outcome::Holds
        && let Some(refusal) = Diagnostic::all(defects.clone())
    {
        return Err(refusal);
    }
    for defect in &defects {
        messages.show(defect);
    }
    verdict(&model, &found)
}

/// Says on standard error, and by the exit code, what is wrong.
fn verdict(model: &Model, found: &Exploration) -> Result<(), Diagnostic> {
    let name = model.protocol.name();
    match &found.outcome {
        Outcome::Violated(violation) => {
            let title = format!("{name} is not coherent: {}", violation.invariant.violation());
            let steps = violation.trail.steps.len();
            Err(Diagnostic::failed("E0501", title).help(format!(
                "it shows at step {steps}: look at the cells of the trail, and at what states hold"
            )))
        }
        Outcome::Incomplete => {
            let title = format!("{name} has more than {} states in this model", model.states_max);
            let fewer = if model.symmetry { "" } else { "`--symmetry` looks at fewer, " };
            Err(Diagnostic::failed("E0502", title)
                .help(format!("{fewer}`--max-states` allows more")))
        }
        Outcome::NoMemory => {
            let title = format!("there is no memory for more than {} states", found.states);
            Err(Diagnostic::failed("E0502", title)
                .help("a model of fewer lines, words or cores has fewer states"))
        }
        Outcome::Holds => {
            let mut unreached = exploration::unreached(model, found);
            if !model.protocol.issues(BusOp::BusRdX) {
                // The rule `ReadExclusive` makes a BusRdX of a BusUpgr: these cells are asked for.
                unreached.retain(|cell| !cell.ends_with(".BusRdX"));
            }
            let all_rules = model.rules == Rules::default();
            let large = model.cores >= CORES_FOR_ALL_CELLS && all_rules;
            if unreached.is_empty() || !large {
                return Ok(());
            }
            let title = format!("{name} has cells that nothing reaches: {}", unreached.join(", "));
            Err(Diagnostic::failed("E0503", title).help(
                "declare them impossible (`never`), or mend the cells that should lead there",
            ))
        }
        Outcome::Reached(_) | Outcome::Stopped => Ok(()),
    }
}

pub(super) fn witness(args: &WitnessArgs, messages: Messages) -> Result<(), Diagnostic> {
    let (model, defects) = models::model(&args.model, messages)?;
    if let Some(refusal) = Diagnostic::all(defects) {
        return Err(refusal);
    }
    let Some(cell) = trail::cell(&model.protocol, &args.cell) else {
        let cells = model.protocol.cells().map(|cell| model.protocol.cell_name(cell));
        let near = cells.min_by_key(|name| distance(name, &args.cell)).unwrap_or_default();
        return Err(Diagnostic::input("E0504", format!("there is no cell `{}`", args.cell))
            .on(args.cell.clone(), "expected a state and an event, such as S.BusUpgr")
            .help(format!("perhaps `{near}`?")));
    };
    let found = run(&model, args.model.quiet, |progress| find_cell(&model, cell, progress))?;
    let name = model.protocol.cell_name(cell);
    let mut text = exploration::head(&model);
    match &found.outcome {
        Outcome::Reached(trail) => {
            let _ =
                writeln!(text, "witness     {name} decides the last step; no shorter trail does\n");
            text.push_str(&trail::table(&model, trail, Some(cell)));
            output::print(&text)
        }
        Outcome::Holds => {
            let (states, edges) = (grouped(found.states), grouped(found.edges));
            let declared = if model.protocol.is_never(cell) {
                ", as its table declares"
            } else {
                ", though its table has a step for it"
            };
            let _ = writeln!(
                text,
                "proof       nothing reaches {name}{declared}: none of the {edges} events of the \
                 {states} states\n            of this model asks for it"
            );
            output::print(&text)
        }
        Outcome::Violated(_) | Outcome::Incomplete | Outcome::NoMemory | Outcome::Stopped => {
            output::print(&exploration::text(&model, &found, 0))?;
            verdict(&model, &found)
        }
    }
}

/// Runs a search with a progress line.
fn run(
    model: &Model,
    quiet: bool,
    search: impl FnOnce(
        &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Exploration, coherence::explore::ModelError>,
) -> Result<Exploration, Diagnostic> {
    let bar = Bar::of_states(quiet, model.states_max);
    let mut progress = |progress: Progress| {
        bar.at(progress.found);
        if interrupt::asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let found =
        search(&mut progress).map_err(|error| Diagnostic::input("E0505", error.to_string()))?;
    bar.finish_states(found.states, found.edges);
    if found.outcome == Outcome::Stopped {
        interrupt::check()?;
    }
    Ok(found)
}

fn distance(a: &str, b: &str) -> usize {
    strsim::damerau_levenshtein(&a.to_lowercase(), &b.to_lowercase())
}
