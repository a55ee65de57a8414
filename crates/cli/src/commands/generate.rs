//! `mesim gen`: a trace made up.

use std::io::BufWriter;
use std::path::Path;

use trace::synth::{OptionError, Options};
use trace::{CHUNK, Format, Header, Losses, Sink};

use super::trace_file::{self, write_failed};
use crate::args::GenArgs;
use crate::diagnostics::{Diagnostic, Messages};
use crate::interrupt;
use crate::output::Draft;

pub(super) fn run(args: &GenArgs, messages: Messages) -> Result<(), Diagnostic> {
    let options = options(args);
    let records = args.kind.generate(&options).map_err(wrong_option)?;
    let format = trace::format_of_name(&args.output).unwrap_or(Format::Mtrace);
    // Only mesim's own formats have titles; where there is none, none is lost.
    let titled = matches!(format, Format::Mtrace | Format::Mtrc);
    let title = titled.then(|| format!("{}, made up", args.kind.name()));
    let header = Header { cores: Some(args.kind.cores(&options)), title, ..Header::new(format) };
    if args.output.as_os_str() == "-" {
        let out = Box::new(BufWriter::new(std::io::stdout()));
        let sink = trace::writer(format, &header, out);
        fill(records, sink.map_err(|error| write_failed(error, None))?, None)?;
        return Ok(());
    }
    let draft = Draft::begin(&args.output)?;
    let sink = trace::create(draft.path(), format, &header);
    let sink = sink.map_err(|error| write_failed(error, Some(draft.shown())))?;
    let losses = fill(records, sink, Some(draft.shown()))?;
    draft.publish()?;
    trace_file::warn_losses(&losses, format, "`-o OUT.mtrace` keeps everything", messages);
    Ok(())
}

fn fill(
    mut records: trace::synth::Records,
    mut sink: Box<dyn Sink + '_>,
    path: Option<&Path>,
) -> Result<Losses, Diagnostic> {
    let mut chunk = Vec::with_capacity(CHUNK);
    loop {
        interrupt::check()?;
        chunk.clear();
        chunk.extend(records.by_ref().take(CHUNK));
        if chunk.is_empty() {
            return sink.finish().map_err(|error| write_failed(error, path));
        }
        sink.write(&chunk).map_err(|error| write_failed(error, path))?;
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
        write_percent: args.write_percent.or(standard.write_percent),
        seed: args.seed.unwrap_or(standard.seed),
        theta: args.theta.unwrap_or(standard.theta),
        n: args.n.unwrap_or(standard.n),
        block: args.block.or(standard.block),
        lock: args.lock.unwrap_or(standard.lock),
        spins: args.spins.unwrap_or(standard.spins),
        hand_offs: args.hand_offs.or(standard.hand_offs),
        herd: standard.herd && !args.no_herd,
        rate: args.rate.unwrap_or(standard.rate),
        seconds: args.seconds.unwrap_or(standard.seconds),
        players: args.players.unwrap_or(standard.players),
        pages: args.pages.unwrap_or(standard.pages),
        fsync_every: args.fsync_every.or(standard.fsync_every),
        devices: args.devices.unwrap_or(standard.devices),
        period: args.period.unwrap_or(standard.period),
    }
}

fn wrong_option(error: OptionError) -> Diagnostic {
    let OptionError { option, found, expected } = error;
    let option = option.replace('_', "-");
    let dashes = if option.len() == 1 { "-" } else { "--" };
    Diagnostic::input("E0309", format!("`{dashes}{option}` cannot be {found}"))
        .help(format!("expected {expected}"))
}
