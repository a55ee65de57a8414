//! `mesim sweep show`: what the results of a plan say.

use driver::sweep::{Best, Metric, Pareto, Show, Spreads, Table};

use super::merge;
use crate::commands::outputs::Outputs;
use crate::diagnostics::{Diagnostic, Messages};
use crate::sweep_args::SweepShowArgs;
use crate::sweep_page;

pub(super) fn run(args: &SweepShowArgs, messages: Messages) -> Result<(), Diagnostic> {
    let outputs = Outputs::begin(&[
        ("--json", args.json.as_deref()),
        ("--svg", args.svg.as_deref()),
        ("--html", args.html.as_deref()),
    ])?;
    let table = merge::read(&args.results, messages)?;
    if table.counters().is_empty() {
        // There is nothing to look at.
        merge::complete(&table, &args.results)?;
    }
    let mut show = Show::new(&table);
    for text in &args.best {
        show.best.push(Best::new(&table, metric("--best", text, 0..text.len(), &table)?));
    }
    if let Some(text) = &args.pareto {
        let comma = text.find(',').filter(|at| !text[at + 1..].contains(','));
        let Some(comma) = comma else {
            return Err(Diagnostic::input("E0809", "a front is of two metrics")
                .on(format!("--pareto {text}"), "expected two, with a comma between them")
                .help("for example `--pareto misses,bus.data_bytes`"));
        };
        let x = metric("--pareto", text, 0..comma, &table)?;
        let y = metric("--pareto", text, comma + 1..text.len(), &table)?;
        show.pareto = Some(Pareto::new(&table, x, y));
    }
    if args.spread {
        show.spreads = Some(Spreads::new(&table));
    }
    let scatter = || show.pareto.as_ref().map(Pareto::scatter);
    let svg = || scatter().map(|scatter| scatter.svg()).unwrap_or_default();
    let html = || scatter().map(|scatter| sweep_page::html(&scatter)).unwrap_or_default();
    outputs.write(&[&|| show.json(), &svg, &html], || show.text())?;
    merge::complete(&table, &args.results)
}

/// Reads a metric that is a part of a flag's value.
fn metric(
    flag: &str,
    text: &str,
    part: std::ops::Range<usize>,
    table: &Table,
) -> Result<Metric, Diagnostic> {
    Metric::read(&text[part.clone()], table).map_err(|error| {
        let before = flag.len() + 1 + part.start;
        let span = before + error.span.start..before + error.span.end;
        Diagnostic::input("E0809", error.message)
            .on_part(format!("{flag} {text}"), span, error.label)
            .help(error.help)
    })
}
