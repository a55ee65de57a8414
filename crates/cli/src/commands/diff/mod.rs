//! `mesim diff`: where two simulators first say something else.

mod printed;
mod steps;

use crate::diagnostics::{Diagnostic, Messages};
use crate::diff_args::DiffArgs;

pub(super) fn run(args: &DiffArgs, _: Messages) -> Result<(), Diagnostic> {
    match args.from {
        Some(course) => printed::compare(&args.reference, &args.other, course),
        None => steps::compare(&args.reference, &args.other, &args.keys),
    }
}
