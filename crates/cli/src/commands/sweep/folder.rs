//! The folder of a plan's results: a file a cell, and the plan itself.

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use driver::sweep::{CellResult, Plan, PlanError, failure_text, result_text};

use crate::diagnostics::Diagnostic;
use crate::output::{Draft, cannot_write};

/// The name of the plan in it.
const PLAN: &str = "plan.ron";

/// A folder of results.
pub(super) struct Folder<'a> {
    path: &'a Path,
}

/// What is there of a cell.
pub(super) enum Found {
    /// Nothing.
    Nothing,
    /// A file that is not whole, and why.
    Corrupt(String),
    /// Its result.
    Result(CellResult),
}

impl<'a> Folder<'a> {
    /// Takes a folder for the results of a plan: makes it if it is not there, and writes the plan
    /// into it.
    pub(super) fn begin(path: &'a Path, plan: &Plan) -> Result<Self, Diagnostic> {
        std::fs::create_dir_all(path).map_err(|error| cannot_write(path, &error))?;
        let folder = Self { path };
        let there = path.join(PLAN);
        if there.exists() {
            // Where the space lies says nothing of results.
            let other = Plan { space: plan.space.clone(), ..read_plan(&there)? };
            if other != *plan {
                return Err(Diagnostic::input("E0805", "the folder has results of another plan")
                    .at(there.display().to_string())
                    .help(
                        "name another folder; copy the .json files into it, and results that both \
                         plans have are found there",
                    ));
            }
        } else {
            Draft::begin(&there)?.publish_text(&plan.ron())?;
        }
        Ok(folder)
    }

    /// Opens a folder in which there are results, with their plan.
    pub(super) fn open(path: &'a Path) -> Result<(Self, Plan), Diagnostic> {
        let plan = path.join(PLAN);
        if !plan.exists() {
            return Err(Diagnostic::input("E0805", "the folder has no results of a plan")
                .at(path.display().to_string())
                .help("`mesim sweep run plan.ron -d FOLDER` puts some there"));
        }
        Ok((Self { path }, read_plan(&plan)?))
    }

    /// Returns where the result of a cell is.
    pub(super) fn path_of(&self, id: &str) -> PathBuf {
        self.path.join(format!("{id}.json"))
    }

    /// Looks at what there is of a cell.
    pub(super) fn look(&self, id: &str) -> Result<Found, Diagnostic> {
        let path = self.path_of(id);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
            Err(error) => return Err(unreadable(&path, &error)),
        };
        let Ok(text) = String::from_utf8(bytes) else {
            return Ok(Found::Corrupt("it is not text".to_owned()));
        };
        Ok(match CellResult::read(id, &text) {
            Ok(result) => Found::Result(result),
            Err(error) => Found::Corrupt(error.message),
        })
    }

    /// Keeps the report of a cell.
    pub(super) fn keep(&self, id: &str, report: &str) -> Result<(), Diagnostic> {
        Draft::begin(&self.path_of(id))?.publish_text(&result_text(id, report))
    }

    /// Keeps why a cell has no report.
    pub(super) fn keep_failure(&self, id: &str, why: &Diagnostic) -> Result<(), Diagnostic> {
        let text = failure_text(id, why.code, &why.title);
        Draft::begin(&self.path_of(id))?.publish_text(&text)
    }

    /// Warns of a result that is not whole.
    pub(super) fn warning(&self, id: &str, why: &str, help: &str) -> Diagnostic {
        Diagnostic::warning("W0801", format!("the result of a cell is corrupt: {why}"))
            .at(self.path_of(id).display().to_string())
            .help(help)
    }
}

/// The largest plan, in bytes.
const PLAN_BYTES_MAX: u64 = 64 << 20;

/// Reads a plan.
pub(super) fn read_plan(path: &Path) -> Result<Plan, Diagnostic> {
    let cannot = |error: &std::io::Error| {
        Diagnostic::input("E0802", format!("the plan cannot be read: {error}"))
            .at(path.display().to_string())
            .help("`mesim sweep plan space.ron -o plan.ron` makes one")
    };
    let file = std::fs::File::open(path).map_err(|error| cannot(&error))?;
    let mut text = String::new();
    file.take(PLAN_BYTES_MAX + 1).read_to_string(&mut text).map_err(|error| cannot(&error))?;
    Ok(Plan::read(&path.display().to_string(), &text)?)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Diagnostic {
    Diagnostic::input("E0805", format!("a result cannot be read: {error}"))
        .at(path.display().to_string())
        .help("name a folder whose files may be read")
}

impl From<PlanError> for Diagnostic {
    fn from(error: PlanError) -> Self {
        let (code, help) = if error.is_of_another_version {
            (
                "E0803",
                "make the plan again: what another version counted may differ, so cells have other \
                 ids and their results go into a folder of their own",
            )
        } else {
            ("E0802", "`mesim sweep plan space.ron -o plan.ron` makes one")
        };
        Self::input(code, error.message).at_value(&error.origin, &error.label).help(help)
    }
}
