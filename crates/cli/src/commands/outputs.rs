//! Where results go: each to a file, or one of them alone to standard output.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use crate::diagnostics::Diagnostic;
use crate::output::{self, Draft, HeldBack, cannot_write};

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

    /// Begins an output that is written while the work is under way, by its number among those that
    /// were wanted.
    pub(super) fn stream(&mut self, number: usize) -> Result<Option<Stream>, Diagnostic> {
        if self.alone == Some(number) {
            return Ok(Some(Stream::ToStdout(HeldBack::new())));
        }
        let Some(draft) = self.files[number].take() else { return Ok(None) };
        let file = File::options().write(true).truncate(true).open(draft.path());
        let file = file.map_err(|error| cannot_write(draft.shown(), &error))?;
        Ok(Some(Stream::ToFile(draft, BufWriter::new(file))))
    }

    /// Writes the results, made in the order in which they were wanted, and the text where none of
    /// them goes to standard output. Streams come last among what is wanted, and are not here.
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
            Some(number) => results.get(number).map_or(Ok(()), |result| output::print(&result())),
            None => output::print(&text()),
        }
    }
}

/// An output of many lines.
pub(super) enum Stream {
    ToFile(Draft, BufWriter<File>),
    ToStdout(HeldBack),
}

impl Stream {
    /// Writes a line.
    pub(super) fn line(&mut self, line: &str) -> Result<(), Diagnostic> {
        match self {
            Self::ToFile(draft, file) => {
                writeln!(file, "{line}").map_err(|error| cannot_write(draft.shown(), &error))
            }
            Self::ToStdout(held) => held.line(line),
        }
    }

    /// Shows what was written: it is whole.
    pub(super) fn publish(self) -> Result<(), Diagnostic> {
        match self {
            Self::ToFile(draft, file) => {
                let done = file.into_inner().map_err(std::io::IntoInnerError::into_error);
                done.map_err(|error| cannot_write(draft.shown(), &error))?;
                draft.publish()
            }
            Self::ToStdout(held) => held.release(),
        }
    }
}
