//! `mesim sweep merge`: the results of a plan as one table.

use std::path::{Path, PathBuf};

use driver::report::grouped;
use driver::sweep::Table;

use super::folder::{Folder, Found};
use super::parquet;
use crate::diagnostics::{Diagnostic, Messages};
use crate::interrupt;
use crate::output::{self, Draft};
use crate::sweep_args::SweepMergeArgs;

/// How a table is written.
#[derive(Clone, Copy)]
enum As {
    Json,
    Csv,
    Markdown,
    Parquet,
}

pub(super) fn run(args: &SweepMergeArgs, messages: Messages) -> Result<(), Diagnostic> {
    let mut outputs: Vec<(As, Draft)> = Vec::new();
    let places: Vec<PathBuf> = args.output.iter().flat_map(|path| places(path)).collect();
    for path in &places {
        let (how, draft) = (kind(path)?, Draft::begin(path)?);
        if outputs.iter().any(|(_, other)| draft.is_same_as(other)) {
            return Err(Diagnostic::input("E0303", "two outputs have the same place")
                .at(path.display().to_string())
                .help("name each table once"));
        }
        outputs.push((how, draft));
    }
    let table = read(&args.results, messages)?;
    for (how, draft) in outputs {
        match how {
            As::Json => draft.publish_text(&table.json())?,
            As::Csv => draft.publish_text(&table.csv())?,
            As::Markdown => draft.publish_text(&table.markdown())?,
            As::Parquet => draft.publish_bytes(&parquet::bytes(&table)?)?,
        }
    }
    if places.is_empty() {
        output::print(&table.markdown())?;
    } else if !args.quiet {
        let names: Vec<_> = places.iter().map(|path| path.display().to_string()).collect();
        let cells = grouped(table.rows().len() as u64);
        output::print(&format!("{}: {cells} cells\n", names.join(", ")))?;
    }
    complete(&table, &args.results)
}

/// Reads all results of a folder; what is not whole counts as missing, and is named.
pub(super) fn read(results: &Path, messages: Messages) -> Result<Table, Diagnostic> {
    let (folder, plan) = Folder::open(results)?;
    let mut found = Vec::with_capacity(plan.cells.len());
    for cell in &plan.cells {
        interrupt::check()?;
        found.push(match folder.look(&cell.id)? {
            Found::Nothing => None,
            Found::Result(result) => Some(result),
            Found::Corrupt(why) => {
                let help = "`mesim sweep run` with the same plan and folder makes it again";
                messages.show(&folder.warning(&cell.id, &why, help));
                None
            }
        });
    }
    Ok(Table::new(plan, found))
}

/// Says which cells have no result, if any.
pub(super) fn complete(table: &Table, results: &Path) -> Result<(), Diagnostic> {
    let unfinished: Vec<_> = table.unfinished().collect();
    if unfinished.is_empty() {
        return Ok(());
    }
    let count = |word: &str| unfinished.iter().filter(|(_, why)| why.word() == word).count();
    let (missing, failed) = (count("missing"), count("failed"));
    let (first, why) = unfinished[0];
    let title = format!(
        "{} of {} cells have no result: {missing} missing, {failed} failed",
        unfinished.len(),
        table.rows().len()
    );
    let first =
        format!("{}, {}: {}", first.cell.id, why.word(), table.plan().describe(&first.cell));
    Err(Diagnostic::failed("E0808", title)
        .at(format!("{}, the first: {first}", results.display()))
        .help("`mesim sweep run` with the same plan and folder does what is missing or failed"))
}

/// Returns where a table goes: a name without an ending stands for one of each kind.
fn places(path: &Path) -> Vec<PathBuf> {
    let is_name = path.extension().is_none() && path.file_name().is_some();
    if !is_name || path.is_dir() || path.as_os_str().to_string_lossy().ends_with('/') {
        return vec![path.to_owned()];
    }
    let parquet = parquet::is_there(path).ok().map(|()| "parquet");
    let endings = ["json", "csv", "md"].into_iter().chain(parquet);
    endings.map(|ending| path.with_extension(ending)).collect()
}

fn kind(path: &Path) -> Result<As, Diagnostic> {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    match extension.to_ascii_lowercase().as_str() {
        "json" => Ok(As::Json),
        "csv" => Ok(As::Csv),
        "md" | "markdown" => Ok(As::Markdown),
        "parquet" => parquet::is_there(path).map(|()| As::Parquet),
        _ => Err(Diagnostic::input("E0303", "the name of a table says how it is written")
            .on(
                format!("-o {}", path.display()),
                "expected a name that ends in .json, .csv, .md or .parquet",
            )
            .help("for example `-o table.csv`")),
    }
}
