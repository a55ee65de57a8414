//! `mesim gen`: a trace made up.

use std::io::BufWriter;

use trace::synth::{OptionError, Options};
use trace::{CHUNK, Format, Header, Sink, TraceError};

use super::convert::write_failed;
use crate::args::GenArgs;
use crate::diagnostics::Diagnostic;
use crate::interrupt;
use crate::output::Draft;

pub(super) fn run(args: &GenArgs) -> Result<(), Diagnostic> {
    let options = options(args);
    let records = args.kind.generate(&options).map_err(wrong_option)?;
    let format = trace::format_of_name(&args.output).unwrap_or(Format::Mtrace);
    let title = format!("{}, made up", args.kind.name());
    let header = Header { cores: Some(options.cores), title: Some(title), ..Header::new(format) };
    if args.output.as_os_str() == "-" {
        let out = Box::new(BufWriter::new(std::io::stdout()));
        return fill(records, trace::writer(format, &header, out));
    }
    let draft = Draft::begin(&args.output)?;
    fill(records, trace::create(draft.path(), format, &header)?)?;
    draft.publish()
}

fn fill(
    mut records: trace::synth::Records,
    mut sink: Box<dyn Sink + '_>,
) -> Result<(), Diagnostic> {
    let mut chunk = Vec::with_capacity(CHUNK);
    loop {
        interrupt::check()?;
        chunk.clear();
        chunk.extend(records.by_ref().take(CHUNK));
        if chunk.is_empty() {
            let finished: Result<_, TraceError> = sink.finish();
            return finished.map(|_| ()).map_err(write_failed);
        }
        sink.write(&chunk).map_err(write_failed)?;
    }
}

fn options(args: &GenArgs) -> Options {
    let standard = Options::default();
    Options {
        cores: args.cores.unwrap_or(standard.cores),
        rounds: args.rounds.unwrap_or(standard.rounds),
        accesses: args.accesses.unwrap_or(standard.accesses),
        lines: args.lines.unwrap_or(standard.lines),
        stride: args.stride.or(standard.stride),
        write_percent: args.write_percent.unwrap_or(standard.write_percent),
        seed: args.seed.unwrap_or(standard.seed),
        theta: args.theta.unwrap_or(standard.theta),
        n: args.n.unwrap_or(standard.n),
        block: args.block.or(standard.block),
        lock: args.lock.unwrap_or(standard.lock),
        spins: args.spins.unwrap_or(standard.spins),
        ..standard
    }
}

fn wrong_option(error: OptionError) -> Diagnostic {
    let OptionError { option, found, expected } = error;
    Diagnostic::input("E0309", format!("`--{option}` cannot be {found}"))
        .help(format!("expected {expected}"))
}
