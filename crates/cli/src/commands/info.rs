//! `mesim info`: what a trace holds.

use std::collections::HashMap;
use std::fmt::Write;

use trace::{Header, Input, Op, Record, Shortfall, Source, Survey, Surveyed};

use crate::args::InfoArgs;
use crate::diagnostics::{Diagnostic, Messages};
use crate::{input, interrupt, output};

/// The operations in the order of the columns.
const COLUMNS: [(&str, &[Op]); 7] = [
    ("reads", &[Op::Read]),
    ("writes", &[Op::Write]),
    ("atomics", &[Op::Atomic]),
    ("fetches", &[Op::Fetch]),
    ("cleans", &[Op::Clean]),
    ("flushes", &[Op::Flush, Op::FlushAll]),
    ("other", &[Op::Fence, Op::Compute, Op::Time, Op::TimeTicks]),
];

/// What was counted of a trace.
#[derive(Default)]
struct Counts {
    /// Records by core and column.
    cores: Vec<[u64; COLUMNS.len()]>,
    /// Lines that an access touches: a bit each, 64 to a word.
    lines: HashMap<u64, u64>,
    /// The last time, in picoseconds.
    time: Option<u64>,
    bytes_min: u32,
    bytes_max: u32,
}

pub(super) fn run(args: &InfoArgs, messages: Messages) -> Result<(), Diagnostic> {
    let mut sources = if args.scan || trace::is_per_core(&args.traces) {
        input::open_alone(&args.traces, &args.trace, messages)?
    } else {
        let options = input::options_alone(&args.trace);
        match trace::survey(&Input::from(args.traces[0].as_path()), &options)? {
            Surveyed::Mtrc(survey) => return describe(&survey, messages),
            Surveyed::Records(source) => vec![source],
        }
    };
    let header = sources[0].header().clone();
    let line = header.line.filter(|line| line.is_power_of_two()).unwrap_or(64);
    let mut counts = Counts { bytes_min: u32::MAX, ..Counts::default() };
    for source in &mut sources {
        counts.read(source.as_mut(), line.trailing_zeros())?;
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
    let lines: u64 = counts.lines.values().map(|word| u64::from(word.count_ones())).sum();
    let plural = if lines == 1 { "" } else { "s" };
    put("footprint", &format!("{lines} line{plural} of {line} bytes"));
    text.push('\n');
    counts.table(&mut text);
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
    let Survey { header, chunks, records, per_core, codec, bytes } = survey;
    let mut text = String::new();
    put_header(header, &mut text);
    let cores = header.cores.map(usize::from).or(per_core.as_ref().map(Vec::len));
    put(&mut text, "cores", &cores.map_or("not said".to_owned(), |cores| cores.to_string()));
    put(&mut text, "records", &records.to_string());
    let codec = codec.map_or("none", |codec| codec.name());
    put(&mut text, "chunks", &format!("{chunks} ({codec})"));
    let each = *bytes as f64 / (*records).max(1) as f64;
    put(&mut text, "bytes", &format!("{bytes} ({each:.2} a record)"));
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
        input::warn_shortfall(Shortfall::NoIndex { chunks: *chunks }, messages);
    }
    Ok(())
}

/// Returns picoseconds as seconds, in as few digits as say it.
fn seconds(picoseconds: u64) -> String {
    const SECOND: u64 = 1_000_000_000_000;
    let decimals = format!("{}.{:012}", picoseconds / SECOND, picoseconds % SECOND);
    decimals.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl Counts {
    fn read(&mut self, source: &mut dyn Source, line_shift: u32) -> Result<(), Diagnostic> {
        let mut chunk = Vec::new();
        let mut more = true;
        while more {
            interrupt::check()?;
            chunk.clear();
            more = source.read(&mut chunk)?;
            for record in &chunk {
                self.count(record, line_shift);
            }
        }
        Ok(())
    }

    fn count(&mut self, record: &Record, line_shift: u32) {
        let core = usize::from(record.core);
        if core >= self.cores.len() {
            self.cores.resize(core + 1, [0; COLUMNS.len()]);
        }
        let column = COLUMNS.iter().position(|(_, ops)| ops.contains(&record.op));
        self.cores[core][column.unwrap_or(COLUMNS.len() - 1)] += 1;
        if record.op == Op::Time {
            self.time = Some(record.addr);
        }
        if record.op.is_access() {
            let last = record.addr + u64::from(record.size - 1);
            self.touch(record.addr >> line_shift, last >> line_shift);
            self.bytes_min = self.bytes_min.min(record.size);
            self.bytes_max = self.bytes_max.max(record.size);
        }
    }

    /// Notes the lines from the first to the last.
    fn touch(&mut self, first: u64, last: u64) {
        for word in first / 64..=last / 64 {
            let from = if word == first / 64 { first % 64 } else { 0 };
            let to = if word == last / 64 { last % 64 } else { 63 };
            *self.lines.entry(word).or_default() |= u64::MAX >> (63 - (to - from)) << from;
        }
    }

    /// Prints the columns in which something stands, a row a core.
    fn table(&self, text: &mut String) {
        let sum = |column: usize| self.cores.iter().map(|core| core[column]).sum::<u64>();
        let shown: Vec<usize> = (0..COLUMNS.len()).filter(|column| sum(*column) > 0).collect();
        let mut row = |label: String, cell: &dyn Fn(usize) -> String| {
            let _ = write!(text, "{label:<9}");
            for column in &shown {
                let _ = write!(text, "  {:>10}", cell(*column));
            }
            text.push('\n');
        };
        row(String::new(), &|column| COLUMNS[column].0.to_owned());
        for (number, core) in self.cores.iter().enumerate() {
            row(format!("core {number}"), &|column| core[column].to_string());
        }
        row("total".to_owned(), &|column| sum(column).to_string());
    }
}
