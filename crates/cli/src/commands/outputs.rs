//! Where results go: each to a file, or one of them alone to standard output.

use std::path::Path;

use crate::diagnostics::Diagnostic;
use crate::output::{self, Draft};

/// A result of a command: its flag, where it goes, how it is made.
pub(super) struct Outputs {
    /// The one that goes to standard output alone.
    alone: Option<usize>,
    files: Vec<Option<Draft>>,
}

impl Outputs {
    /// Begins the files before the work, which would be in vain if they cannot be written. Each
    /// has its flag.
    pub(super) fn begin(wanted: &[(&str, Option<&Path>)]) -> Result<Self, Diagnostic> {
        let to_stdout = |(_, path): &(&str, Option<&Path>)| *path == Some(Path::new("-"));
        let alone = wanted.iter().position(to_stdout);
        if let Some(first) = alone
            && let Some((flag, _)) = wanted[first + 1..].iter().find(|one| to_stdout(one))
        {
            return Err(Diagnostic::input("E0303", "two outputs have the same place")
                .on(format!("{flag} -"), format!("`{} -` goes there alone", wanted[first].0))
                .help("give one of them a file of its own"));
        }
        let mut files: Vec<Option<Draft>> = Vec::new();
        for one in wanted {
            let path = one.1.filter(|_| !to_stdout(one));
            let file = path.map(Draft::begin).transpose()?;
            if let Some(file) = &file
                && files.iter().flatten().any(|other| file.is_same_as(other))
            {
                return Err(Diagnostic::input("E0303", "two outputs have the same place")
                    .at(file.shown().display().to_string())
                    .help(format!("give `{}` a file of its own", one.0)));
            }
            files.push(file);
        }
        Ok(Self { alone, files })
    }

    /// Writes the results, made in the order in which they were wanted, and the text where none of
    /// them goes to standard output.
    pub(super) fn write(
        self,
        results: &[&dyn Fn() -> String],
        text: impl FnOnce() -> String,
    ) -> Result<(), Diagnostic> {
        for (file, result) in self.files.into_iter().zip(results) {
            if let Some(file) = file {
                file.publish_text(&result())?;
            }
        }
        match self.alone {
            Some(number) => output::print(&results[number]()),
            None => output::print(&text()),
        }
    }
}
