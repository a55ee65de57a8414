//! `mesim protocol`: the tables that run, for reading.

use std::fmt::Write;

use coherence::{Protocol, render};
use driver::protocol_file;

use super::{bugs, verify};
use crate::args::{ProtocolCommand, TableFormat};
use crate::diagnostics::{Diagnostic, Messages};
use crate::{output, protocols};

pub(super) fn run(command: &ProtocolCommand, messages: Messages) -> Result<(), Diagnostic> {
    match command {
        ProtocolCommand::List { bugs: true } => bugs::list(),
        ProtocolCommand::List { bugs: false } => output::print(&list()),
        ProtocolCommand::Check(args) => verify::check(args, messages),
        ProtocolCommand::Witness(args) => verify::witness(args, messages),
        ProtocolCommand::Show { name, format } => {
            let protocol = protocols::find(name)?.sound(messages)?;
            output::print(&match format {
                TableFormat::Text => render::text(&protocol),
                TableFormat::Markdown => render::markdown(&protocol),
                TableFormat::Dot => render::dot(&protocol),
                TableFormat::Ron => protocol_file::write(&protocol),
            })
        }
    }
}

fn list() -> String {
    let rows = || {
        Protocol::BUILT_IN.iter().map(|protocol| {
            let states: Vec<_> =
                protocol.states().iter().map(|state| state.name.as_ref()).collect();
            (protocol.name(), states.join(" "), protocol.source())
        })
    };
    let names = rows().map(|(name, ..)| name.len()).max().unwrap_or(0);
    let widest = rows().map(|(_, states, _)| states.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, states, source) in rows() {
        let _ = writeln!(text, "{name:<names$}  {states:<widest$}  {source}");
    }
    text
}
