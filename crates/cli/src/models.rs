//! From flags to a model of the explorer.

use coherence::Rules;
use coherence::explore::{Bug, Model, ModelError};
use driver::config::{Config, Draft};

use crate::diagnostics::{Diagnostic, Messages};
use crate::model_args::ModelArgs;
use crate::protocols;

/// Returns the model that the flags describe, and what is wrong with cells of its protocol.
pub(crate) fn model(
    args: &ModelArgs,
    messages: Messages,
) -> Result<(Model, Vec<Diagnostic>), Diagnostic> {
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
    model.rules = rules(&args.set)?;
    model.check().map_err(|error| refused(&error))?;
    Ok((model, defects))
}

fn refused(error: &ModelError) -> Diagnostic {
    Diagnostic::input("E0505", error.to_string()).help(match error {
        ModelError::Bound { what: "lines that a cache holds", .. } => {
            "leave `--capacity` out for caches that hold all lines"
        }
        ModelError::Bound { .. } => {
            "`--cores 4 --lines 2 --words 2 --values 2` shows most mistakes"
        }
        ModelError::ConflictsInLevels => "leave `--capacity` or `--private-levels` out",
        ModelError::FillFirst => "leave `--private-levels` and `--shared-level` out",
        ModelError::TooWide { .. } => "use fewer lines, words, values or levels",
    })
}

/// The model of a protocol or a seeded bug, and what is wrong with cells of a file.
fn subject(name: &str, messages: Messages) -> Result<(Model, Vec<Diagnostic>), Diagnostic> {
    if let Some(bug) = Bug::named(name) {
        return Ok((bug.model(), Vec::new()));
    }
    let found = protocols::find(name).map_err(|error| {
        let help = error.help.clone().unwrap_or_default();
        if error.code == "E0314" {
            error.help(format!("{help}; `mesim protocol list --bugs` lists the seeded bugs"))
        } else {
            error
        }
    })?;
    for warning in &found.warnings {
        messages.show(warning);
    }
    Ok((Model::new(found.protocol), found.defects))
}

/// The house rules that `--set` asks for.
fn rules(settings: &[String]) -> Result<Rules, Diagnostic> {
    let mut draft = Draft::built_in();
    // The built-in machine has a level that not all rules go with; the model has its own.
    draft.set("L2.inclusion=NonInclusive")?;
    for setting in settings {
        if !setting.trim_start().starts_with("rules") {
            return Err(Diagnostic::input("E0505", "a model has house rules, and no such key")
                .on(format!("--set {setting}"), "expected a key of `rules`")
                .help("for example `--set rules.write_to_shared=ReadExclusive`"));
        }
        draft.set(setting)?;
    }
    Ok(Config::new(&draft)?.machine.rules)
}
