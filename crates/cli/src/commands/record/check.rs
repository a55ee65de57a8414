//! What can record on this machine.

use trace::recorders::{Valgrind, Version};

use super::{cc_flags, recorder};
use crate::diagnostics::Diagnostic;
use crate::record_args::Compiler;

/// Says of each recorder whether it works, or what would make it.
pub(super) fn what_works() -> String {
    format!("valgrind   {}\ncc         {}\nqemu       {}\n", valgrind(), cc(), qemu())
}

fn valgrind() -> String {
    match Valgrind::find() {
        Some(valgrind) if valgrind.has_quantum() => format!("works: {}", valgrind.version()),
        Some(valgrind) => format!(
            "works: {}; before {}, threads run in long slices, which mesim lays side by side again",
            valgrind.version(),
            Version::WITH_QUANTUM
        ),
        None => "is not there: `apt-get install valgrind`".to_owned(),
    }
}

fn cc() -> String {
    match cc_flags::line(Compiler::Cc) {
        Ok(_) => "works: for what `cc $(mesim record --print-cc-flags)` compiles".to_owned(),
        Err(diagnostic) => does_not(&diagnostic),
    }
}

fn qemu() -> String {
    match recorder::qemu(None) {
        Ok((qemu, _)) => format!("works: {}", qemu.version()),
        Err(diagnostic) => does_not(&diagnostic),
    }
}

/// Says why not, and what to do.
fn does_not(diagnostic: &Diagnostic) -> String {
    let help = diagnostic.help.as_deref().unwrap_or("see above");
    format!("does not work: {}; {help}", diagnostic.title)
}
