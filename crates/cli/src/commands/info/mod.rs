//! `mesim info`: what a trace holds.

mod code;
mod counts;
mod sharing;

use std::fmt::Write;

use trace::{Header, Input, Module, Shortfall, Survey, Surveyed};

use self::code::Code;
use self::counts::Counts;
use crate::args::InfoArgs;
use crate::diagnostics::{Diagnostic, Messages, Severity};
use crate::{input, output, shortfall};

pub(super) fn run(args: &InfoArgs, messages: Messages) -> Result<(), Diagnostic> {
    let mut sources = if args.code.is_some() {
        input::open_whole(&args.traces, &args.trace, messages)?
    } else if args.scan || trace::is_per_core(&args.traces) {
        input::open_alone(&args.traces, &args.trace, messages)?
    } else {
        let options = input::options_alone(&args.trace)?;
        match trace::survey(&Input::from(args.traces[0].as_path()), &options)? {
            Surveyed::Mtrc(survey) => return describe(&survey, messages),
            Surveyed::Records(source) => vec![shortfall::watched(source, messages)],
        }
    };
    let header = sources[0].header().clone();
    let line = header.line.filter(|line| line.is_power_of_two()).unwrap_or(64);
    let alone = header.cores == Some(1) && sources.len() == 1;
    let mut counts = Counts::new(line.trailing_zeros(), alone);
    let mut code = args.code.map(|_| Code::new());
    let mut modules = Vec::new();
    for source in &mut sources {
        counts.read(source.as_mut(), code.as_mut())?;
        modules.extend_from_slice(source.modules());
    }
    let mut text = String::new();
    put_header(&header, &mut text);
    let mut put = |key: &str, value: &str| put(&mut text, key, value);
    put("cores", &format!("{}", header.cores.map_or(counts.cores.len(), usize::from)));
    let total: u64 = counts.cores.iter().flatten().sum();
    put("records", &total.to_string());
    if let Some(time) = counts.time {
        put("time", &format!("{} s", seconds(time)));
    }
    if counts.bytes_max > 0 {
        let (min, max) = (counts.bytes_min, counts.bytes_max);
        let plural = if max == 1 { "" } else { "s" };
        let range = if min == max { String::new() } else { format!("{min} to ") };
        put("sizes", &format!("{range}{max} byte{plural}"));
    }
    let lines = counts.lines();
    put("footprint", &format!("{} of {line} bytes", plural(lines, "line")));
    if let Some(sharing) = counts.sharing() {
        put("shared", &sharing.in_words());
    }
    text.push('\n');
    counts.table(&mut text);
    if let (Some(code), Some(most)) = (code, args.code) {
        text.push('\n');
        let missing = code.put(&modules, most, &mut text)?;
        warn_missing(&missing, messages);
    }
    output::print(&text)
}

fn put(text: &mut String, key: &str, value: &str) {
    let _ = writeln!(text, "{key:<11}{value}");
}

/// Prints what a trace says about itself.
fn put_header(header: &Header, text: &mut String) {
    put(text, "format", &format!("{} ({})", header.format.name(), header.format.description()));
    if let Some(title) = &header.title {
        put(text, "title", title);
    }
    if let Some(config) = &header.config {
        put(text, "config", config);
    }
    if let Some(provenance) = &header.provenance {
        put(text, "made by", provenance);
    }
    put(text, "order", if header.ordered { "recorded" } else { "none among the cores" });
}

/// Prints what an mtrc trace says that it holds, of which no record was read.
fn describe(survey: &Survey, messages: Messages) -> Result<(), Diagnostic> {
    let Survey { header, chunks, records, per_core, modules, codec, bytes } = survey;
    let mut text = String::new();
    put_header(header, &mut text);
    let cores = header.cores.map(usize::from).or(per_core.as_ref().map(Vec::len));
    put(&mut text, "cores", &cores.map_or("not said".to_owned(), |cores| cores.to_string()));
    put(&mut text, "records", &records.to_string());
    let codec = codec.map_or("none", |codec| codec.name());
    put(&mut text, "chunks", &format!("{chunks} ({codec})"));
    let each = *bytes as f64 / (*records).max(1) as f64;
    put(&mut text, "bytes", &format!("{bytes} ({each:.2} a record)"));
    if !modules.is_empty() {
        put(&mut text, "code of", &files_of(modules));
    }
    text.push('\n');
    if let Some(per_core) = per_core {
        for (core, count) in per_core.iter().enumerate() {
            let _ = writeln!(text, "{:<9}  {count:>10} records", format!("core {core}"));
        }
        let times = records.saturating_sub(per_core.iter().sum());
        if times > 0 {
            let _ = writeln!(text, "{:<9}  {times:>10} records", "times");
        }
        text.push('\n');
    }
    text.push_str("`--scan` reads the records and counts kinds, sizes and the footprint.\n");
    output::print(&text)?;
    if per_core.is_none() {
        shortfall::warn_shortfall(Shortfall::NoIndex { chunks: *chunks }, messages);
    }
    Ok(())
}

/// Says which files are not there any more that could name functions.
pub(super) fn warn_missing(missing: &[String], messages: Messages) {
    if !missing.is_empty() {
        let title = format!("not there any more, or changed since: {}", missing.join(", "));
        messages.show(&Diagnostic {
            severity: Severity::Warning,
            ..Diagnostic::input("W0106", title)
                .help("record the program again, or put back the files that were recorded")
        });
    }
}

/// Names the files that program counters are of, each once.
fn files_of(modules: &[Module]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for module in modules {
        let name = module.path.rsplit('/').next().unwrap_or_default();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}

/// Returns picoseconds as seconds, in as few digits as say it.
fn seconds(picoseconds: u64) -> String {
    const SECOND: u64 = 1_000_000_000_000;
    let decimals = format!("{}.{:012}", picoseconds / SECOND, picoseconds % SECOND);
    decimals.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn plural(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
