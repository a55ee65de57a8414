//! From a name or a path to a protocol.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use coherence::Protocol;
use coherence::explore::{Model, Outcome, explore};
use driver::config::{Draft, Origin, Source};
use driver::protocol_file::{self, BYTES_MAX};

use crate::diagnostics::{Diagnostic, Messages};

/// A protocol that is complete, and what is wrong with it all the same.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) protocol: Protocol,
    /// The cells that break a rule which every protocol must keep, each at its place.
    pub(crate) defects: Vec<Diagnostic>,
    /// What is legal but may not have been meant.
    pub(crate) warnings: Vec<Diagnostic>,
}

impl Found {
    /// Refuses a protocol with defects; shows the warnings of one without.
    pub(crate) fn sound(self, messages: Messages) -> Result<Protocol, Diagnostic> {
        if let Some(refusal) = Diagnostic::all(self.defects) {
            return Err(refusal);
        }
        for warning in &self.warnings {
            messages.show(warning);
        }
        Ok(self.protocol)
    }
}

/// Finds a protocol by its name, or reads it from a file or, with `-`, from standard input.
pub(crate) fn find(name_or_path: &str) -> Result<Found, Diagnostic> {
    if let Some(protocol) = Protocol::built_in(name_or_path) {
        return Ok(Found { protocol: protocol.clone(), defects: vec![], warnings: vec![] });
    }
    if name_or_path == "-" {
        return read(&mut io::stdin(), "<stdin>", |problem| problem.at("<stdin>"));
    }
    if protocol_file::is_path(name_or_path) {
        return open(Path::new(name_or_path), |problem| problem.at(name_or_path));
    }
    let names: Vec<_> = Protocol::BUILT_IN.iter().map(|p| p.name()).collect();
    Err(Diagnostic::input("E0314", format!("there is no protocol `{name_or_path}`")).help(format!(
        "the built-in protocols are {}; the name of a protocol file ends in `.ron`",
        names.join(", ")
    )))
}

/// The protocol files that were read for one run: each is read once, because it may be a pipe.
#[derive(Default)]
pub(crate) struct Files(Vec<(PathBuf, Protocol)>);

impl Files {
    /// Reads the protocol file that a draft names, if it names one.
    ///
    /// A path in a config counts from the config's folder, one in `--set` from where the command
    /// was started.
    pub(crate) fn read_into(
        &mut self,
        draft: &mut Draft,
        messages: Messages,
    ) -> Result<(), Diagnostic> {
        let Some((named, origin)) = draft.protocol_path() else { return Ok(()) };
        let path = folder_of(&origin).join(&named);
        let known = self.0.iter().find(|(read, _)| *read == path);
        let protocol = if let Some((_, protocol)) = known {
            protocol.clone()
        } else {
            let found = open(&path, |problem| {
                problem.at_value(&origin, "expected the path of a protocol file")
            })?;
            let protocol = found.sound(messages)?;
            if let Some(warning) = incoherence(&protocol, &named) {
                messages.show(&warning);
            }
            self.0.push((path, protocol.clone()));
            protocol
        };
        draft.set_protocol(protocol);
        Ok(())
    }
}

/// A warning, if a small machine can be brought into a state in which the protocol does not hold.
///
/// No refusal: to step through what is wrong is how one learns. The search takes milliseconds.
fn incoherence(protocol: &Protocol, name: &str) -> Option<Diagnostic> {
    const STATES_MAX: u64 = 50_000;
    let model = Model { cores: 3, states_max: STATES_MAX, ..Model::new(protocol.clone()) };
    let found = explore(&model, &mut |_| ControlFlow::Continue(())).ok()?;
    let Outcome::Violated(violation) = found.outcome else { return None };
    let title = format!("{name} is not coherent: {}", violation.invariant.violation());
    let help = format!("`mesim protocol check {name}` shows a shortest way to that");
    Some(Diagnostic::warning("W0204", title).help(help))
}

/// Returns the folder from which a path written there counts.
fn folder_of(origin: &Origin) -> PathBuf {
    match &origin.source {
        Source::File { path, .. } => {
            Path::new(&**path).parent().unwrap_or(Path::new("")).to_owned()
        }
        Source::BuiltIn | Source::Argument { .. } | Source::Trace { .. } => PathBuf::new(),
    }
}

/// Opens a protocol file; `place` says where a problem with the file itself lies.
fn open(path: &Path, place: impl Fn(Diagnostic) -> Diagnostic) -> Result<Found, Diagnostic> {
    let name = path.display().to_string();
    let mut file = File::open(path).map_err(|error| {
        let help = if error.kind() == ErrorKind::NotFound {
            trace::near_file(path)
        } else {
            "`mesim protocol show mesi --format ron` prints one to begin with".to_owned()
        };
        place(unreadable(&name, &error.to_string()).help(help))
    })?;
    read(&mut file, &name, place)
}

fn read(
    from: &mut dyn Read,
    name: &str,
    place: impl Fn(Diagnostic) -> Diagnostic,
) -> Result<Found, Diagnostic> {
    let failed = |what: &str| {
        let help = "`mesim protocol show mesi --format ron` prints one to begin with";
        place(unreadable(name, what).help(help))
    };
    let mut bytes = Vec::new();
    let limited = from.take(BYTES_MAX as u64 + 1).read_to_end(&mut bytes);
    limited.map_err(|error| failed(&error.to_string()))?;
    if bytes.len() > BYTES_MAX {
        return Err(failed(&format!("it has more than {BYTES_MAX} bytes")));
    }
    let text = String::from_utf8(bytes).map_err(|_| failed("it is not text"))?;
    if text.trim().is_empty() {
        return Err(failed("it is empty"));
    }
    // Some editors write a mark of the encoding first.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    match protocol_file::read(name, text) {
        Ok(file) => Ok(Found {
            protocol: file.protocol,
            defects: file.defects.into_iter().map(Diagnostic::from).collect(),
            warnings: file.warnings.into_iter().map(Diagnostic::from).collect(),
        }),
        Err(mistakes) => {
            let all = Diagnostic::all(mistakes.into_iter().map(Diagnostic::from).collect());
            Err(all.unwrap_or_else(|| failed("it is no protocol")))
        }
    }
}

fn unreadable(name: &str, what: &str) -> Diagnostic {
    Diagnostic::input("E0315", format!("the protocol file `{name}` cannot be read: {what}"))
}
