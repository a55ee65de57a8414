//! `mesim protocol`: the tables that run, for reading.

use std::fmt::Write;

use coherence::{Protocol, render};

use super::{bugs, verify};
use crate::args::{ProtocolCommand, TableFormat};
use crate::diagnostics::Diagnostic;
use crate::output;

pub(super) fn run(command: &ProtocolCommand) -> Result<(), Diagnostic> {
    match command {
        ProtocolCommand::List { bugs: true } => bugs::list(),
        ProtocolCommand::Check(args) => verify::check(args),
        ProtocolCommand::Witness(args) => verify::witness(args),
        ProtocolCommand::List { bugs: false } => {
            let mut text = String::new();
            for protocol in Protocol::BUILT_IN {
                let states: Vec<_> =
                    protocol.states().iter().map(|state| state.name.as_ref()).collect();
                let (name, states) = (protocol.name(), states.join(" "));
                let _ = writeln!(text, "{name:<6} {states:<10} {}", protocol.source());
            }
            output::print(&text)
        }
        ProtocolCommand::Show { name, format } => {
            let protocol = Protocol::built_in(name).ok_or_else(|| {
                let names: Vec<_> = Protocol::BUILT_IN.iter().map(|p| p.name()).collect();
                Diagnostic::input("E0314", format!("there is no protocol `{name}`"))
                    .help(format!("the built-in protocols are {}", names.join(", ")))
            })?;
            output::print(&match format {
                TableFormat::Text => render::text(protocol),
                TableFormat::Markdown => render::markdown(protocol),
            })
        }
    }
}
