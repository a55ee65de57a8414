//! `mesim protocol check` and `mesim protocol witness`: the explorer, asked from outside.

use std::fmt::Write as _;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::Path;

use coherence::explore::{
    Bug, Exploration, Model, Outcome, Progress, Violation, explore, find_cell,
};
use driver::report::grouped;

use crate::diagnostics::{Diagnostic, Messages};
use crate::model_args::{CheckArgs, ModelArgs, WitnessArgs};
use crate::output::Draft;
use crate::progress::Progress as Bar;
use crate::{exploration, interrupt, output, protocols, trail};

/// Cores of a model that is large enough to reach every cell of a protocol.
const CORES_FOR_ALL_CELLS: u8 = 4;

pub(super) fn check(args: &CheckArgs, messages: Messages) -> Result<(), Diagnostic> {
    let (model, defects) = model(&args.model, messages)?;
    let to_stdout = args.json.as_ref().is_some_and(|path| path.as_os_str() == "-");
    let file = args.json.as_deref().filter(|_| !to_stdout).map(Draft::begin).transpose()?;
    let trace = args.counterexample.as_deref().map(Draft::begin).transpose()?;
    let found = run(&model, args.model.quiet, |progress| explore(&model, progress))?;
    let json = format!("{:#}\n", exploration::json(&model, &found));
    if let Some(file) = file {
        file.publish_text(&json)?;
    }
    output::print(&if to_stdout { json } else { exploration::text(&model, &found) })?;
    if let (Some(trace), Outcome::Violated(violation)) = (trace, &found.outcome) {
        let stepped = if defects.is_empty() && Bug::named(&args.model.protocol).is_none() {
            &args.model.protocol
        } else {
            // What is refused everywhere else; a sound protocol shows the way at least.
            "MESI"
        };
        write_counterexample(args, &model, violation, trace, stepped, messages)?;
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
                "the trail is a shortest one; mend a cell that decides step {steps}"
            )))
        }
        Outcome::Incomplete => {
            let title = format!("{name} has more than {} states in this model", model.states_max);
            Err(Diagnostic::failed("E0502", title)
                .help("`--symmetry` looks at fewer, `--max-states` allows more"))
        }
        Outcome::Holds => {
            let unreached = exploration::unreached(model, found);
            if unreached.is_empty() || model.cores < CORES_FOR_ALL_CELLS {
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
    let (model, defects) = model(&args.model, messages)?;
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
            let steps = trail.steps.len();
            let _ =
                writeln!(text, "witness     {name} decides step {steps}; no shorter trail does\n");
            text.push_str(&trail::table(&model, trail));
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
                 {states} states\n            that this model can be in asks for it"
            );
            output::print(&text)
        }
        Outcome::Violated(_) | Outcome::Incomplete | Outcome::Stopped => {
            output::print(&exploration::text(&model, &found))?;
            verdict(&model, &found)
        }
    }
}

/// The model that the flags describe, and what is wrong with cells of its protocol.
fn model(args: &ModelArgs, messages: Messages) -> Result<(Model, Vec<Diagnostic>), Diagnostic> {
    let (mut model, defects) = subject(&args.protocol, messages)?;
    let set = |into: &mut u8, value: Option<u8>| *into = value.unwrap_or(*into);
    set(&mut model.cores, args.cores);
    set(&mut model.lines, args.lines);
    set(&mut model.words, args.words);
    set(&mut model.values, args.values);
    model.capacity = args.capacity.unwrap_or(model.lines);
    set(&mut model.private_levels, args.private_levels);
    model.shared_level |= args.shared_level;
    model.symmetry = args.symmetry;
    model.states_max = args.max_states;
    model.check().map_err(|error| {
        Diagnostic::input("E0505", error.to_string())
            .help("a model of `--cores 4 --lines 2 --words 2 --values 2` shows most mistakes")
    })?;
    Ok((model, defects))
}

/// The model of a protocol or a seeded bug, and what is wrong with cells of a file.
fn subject(name: &str, messages: Messages) -> Result<(Model, Vec<Diagnostic>), Diagnostic> {
    if let Some(bug) = Bug::named(name) {
        return Ok((bug.model(), Vec::new()));
    }
    let found = protocols::find(name)?;
    for warning in &found.warnings {
        messages.show(warning);
    }
    Ok((Model::new(found.protocol), found.defects))
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

fn write_counterexample(
    args: &CheckArgs,
    model: &Model,
    violation: &Violation,
    file: Draft,
    stepped: &str,
    messages: Messages,
) -> Result<(), Diagnostic> {
    let title = format!("{}: {}", model.protocol.name(), violation.invariant.violation());
    let shown = file.shown().to_owned();
    let command = trail::step_command(model, stepped, &Path::display(&shown).to_string());
    let Some(text) = trail::mtrace(model, &violation.trail, &title, &command) else {
        let title = "the counterexample evicts from one level of several, which no trace can say";
        let help = "nothing was written; the trail is part of the result";
        messages.show(&Diagnostic::warning("W0501", title).help(help));
        return Ok(());
    };
    file.publish_text(&text)?;
    if !args.model.quiet {
        let _ =
            writeln!(std::io::stderr(), "wrote {}; step through it:\n  {command}", shown.display());
    }
    Ok(())
}

fn distance(a: &str, b: &str) -> usize {
    strsim::damerau_levenshtein(&a.to_lowercase(), &b.to_lowercase())
}
