//! What stands for `parquet.rs` in a program that was built without it.

use std::path::Path;

use driver::sweep::Table;

use crate::diagnostics::Diagnostic;

/// Refuses to write Parquet, and says what could.
pub(super) fn is_there(path: &Path) -> Result<(), Diagnostic> {
    Err(without().on(format!("-o {}", path.display()), "this needs the feature `parquet`"))
}

/// Refuses to write Parquet.
pub(super) fn bytes(_: &Table) -> Result<Vec<u8>, Diagnostic> {
    Err(without())
}

fn without() -> Diagnostic {
    Diagnostic::input("E0810", "this program was built without Parquet").help(
        "build one with it, `cargo install --path crates/cli --features parquet`, or write a .csv",
    )
}
