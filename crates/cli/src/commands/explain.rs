//! `mesim explain`: a diagnostic at length.

use std::fmt::Write;

use crate::args::ExplainArgs;
use crate::diagnostics::Diagnostic;
use crate::{explanations, output};

pub(super) fn run(args: &ExplainArgs) -> Result<(), Diagnostic> {
    let Some(code) = &args.code else {
        let mut text = String::new();
        for explanation in explanations::all() {
            let _ = writeln!(text, "{}  {}", explanation.code, explanation.title);
        }
        return output::print(&text);
    };
    let found = explanations::all().find(|known| known.code.eq_ignore_ascii_case(code));
    let explanation = found.ok_or_else(|| {
        Diagnostic::input("E0311", format!("there is no diagnostic `{code}`"))
            .help("`mesim explain` without a code lists them all")
    })?;
    output::print(&format!("{}: {}\n\n{}\n", explanation.code, explanation.title, explanation.text))
}
