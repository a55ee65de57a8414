//! `mesim trace`: a trace made from another.

use driver::Interleave;
use trace::Source;
use trace::edit::{Cut, Remapped};

use super::trace_file::{self, Merged, Target};
use crate::args::TraceArgs;
use crate::diagnostics::{Diagnostic, Messages};
use crate::input;
use crate::trace_args::{TargetArgs, TraceCommand};

pub(super) fn run(command: &TraceCommand, messages: Messages) -> Result<(), Diagnostic> {
    let (source, target): (Box<dyn Source>, _) = match command {
        TraceCommand::Cut(args) => {
            let source = open_one(std::slice::from_ref(&args.input), &args.trace, messages)?;
            (Box::new(Cut::new(source, args.kept())), &args.target)
        }
        TraceCommand::Remap(args) => {
            let source = open_one(std::slice::from_ref(&args.input), &args.trace, messages)?;
            (Box::new(Remapped::new(source, args.remap())), &args.target)
        }
        TraceCommand::Merge(args) => {
            let sources = input::open_alone(&args.inputs, &args.trace, messages)?;
            (merge(sources, args.interleave), &args.target)
        }
    };
    let target = target.checked()?;
    let made = match command {
        TraceCommand::Cut(_) => "cut from a longer trace".to_owned(),
        TraceCommand::Remap(_) => "given other numbers".to_owned(),
        TraceCommand::Merge(args) => format!("merged, {}", args.interleave),
    };
    let header = trace_file::header(source.header(), target.format, &made);
    trace_file::write(&target, &header, source, messages)
}

/// Opens a trace; the files of a folder are in turn, as `mesim convert` has them.
fn open_one(
    paths: &[std::path::PathBuf],
    args: &TraceArgs,
    messages: Messages,
) -> Result<Box<dyn Source>, Diagnostic> {
    Ok(merge(input::open_whole(paths, args, messages)?, Interleave::RoundRobin(1)))
}

fn merge(mut sources: Vec<Box<dyn Source>>, order: Interleave) -> Box<dyn Source> {
    if sources.len() == 1 {
        return sources.remove(0);
    }
    Box::new(Merged::new(sources, order))
}

impl TargetArgs {
    /// Returns where the trace goes, if it is known in which format.
    fn checked(&self) -> Result<Target<'_>, Diagnostic> {
        let format = trace_file::format_of(&self.output, self.to)?;
        Ok(Target { path: &self.output, format, codec: self.codec, strict: self.strict })
    }
}
