//! The flags with which a program is compiled to record itself.

use std::process::{Command, Stdio};

use super::built::{self, Recipe};
use crate::diagnostics::Diagnostic;
use crate::record_args::Compiler;

/// The recorder that is linked in the place of libtsan.
///
/// gcc links `libtsan_preinit.o` before everything else, and `-ltsan`: the one is the recorder, the
/// other an archive of nothing.
const RECORDER: Recipe = Recipe {
    source: trace::recorders::TSAN_C,
    flags: &["-c", "-fPIE"],
    output: "libtsan_preinit.o",
    beside: &[("libtsan.a", b"!<arch>\n")],
};

/// Returns the flags, on a line.
pub(super) fn line(compiler: Compiler) -> Result<String, Diagnostic> {
    let folder = RECORDER.folder()?;
    let folder = folder.display();
    let is_clang = match compiler {
        Compiler::Cc => default_is_clang(),
        Compiler::Gcc => false,
        Compiler::Clang => true,
    };
    let flags = if is_clang {
        format!(
            "-fno-sanitize-link-runtime -mllvm -tsan-instrument-read-before-write=1 \
             -Wl,{folder}/{} -Wno-unused-command-line-argument",
            RECORDER.output
        )
    } else {
        // gcc says nothing of what the functions below access, and so calls of them have to stay
        // calls. And it warns of fences, which mean nothing to ThreadSanitizer.
        format!("-B{folder} -fno-builtin-memcpy -fno-builtin-memmove -fno-builtin-memset -Wno-tsan")
    };
    // The linker leads calls of these three to the recorder, which calls the C library's.
    let wrapped = "-Wl,--wrap=memcpy,--wrap=memmove,--wrap=memset";
    Ok(format!("-fsanitize=thread -pthread {flags} {wrapped}\n"))
}

/// Asks the user's compiler what it is.
fn default_is_clang() -> bool {
    let words = built::compiler();
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).arg("--version").stdin(Stdio::null());
    let said = command.output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&said).contains("clang")
}
