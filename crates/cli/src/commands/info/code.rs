//! Which code the accesses of data come from.

use std::collections::HashMap;
use std::fmt::Write;

use trace::{CORES_MAX, Module, Op, Record};

use crate::diagnostics::Diagnostic;
use crate::symbols::{Place, Symbols};

/// The accesses of data by the instruction that they come from.
pub(super) struct Code {
    /// The instruction that each core is at; 0 if it is unknown.
    pcs: [u64; CORES_MAX as usize],
    by_pc: HashMap<u64, u64>,
}

/// The accesses of a function, or of all that is of no known function in a file.
#[derive(Default)]
struct Function {
    accesses: u64,
    /// Of the instruction with the most of them.
    most: u64,
    line: Option<(String, u32)>,
}

impl Code {
    pub(super) fn new() -> Self {
        Self { pcs: [0; CORES_MAX as usize], by_pc: HashMap::new() }
    }

    pub(super) fn count(&mut self, record: &Record) {
        let pc = &mut self.pcs[usize::from(record.core % CORES_MAX)];
        match record.op {
            Op::Pc | Op::Fetch => *pc = record.addr,
            op if op.is_access() => *self.by_pc.entry(*pc).or_default() += 1,
            _ => {}
        }
    }

    /// Appends the functions with the most accesses, at most so many; returns the files that the
    /// trace names and that are not there.
    pub(super) fn put(
        self,
        modules: &[Module],
        most: usize,
        text: &mut String,
    ) -> Result<Vec<String>, Diagnostic> {
        if self.by_pc.keys().all(|pc| *pc == 0) {
            return Err(Diagnostic::input(
                "E0325",
                "the trace does not say which instructions its accesses come from",
            )
            .on("--code", "needs fetches or program counters")
            .help("`mesim record` writes them; without `--code` the rest is shown"));
        }
        let mut symbols = Symbols::new(modules);
        let total: u64 = self.by_pc.values().sum();
        let mut functions: HashMap<(Option<String>, Option<String>), Function> = HashMap::new();
        let mut by_pc: Vec<(u64, u64)> = self.by_pc.into_iter().collect();
        by_pc.sort_unstable();
        for (pc, accesses) in by_pc {
            let Place { module, function, line } = symbols.place(pc);
            let found = functions.entry((module, function)).or_default();
            found.accesses += accesses;
            if accesses > found.most {
                (found.most, found.line) = (accesses, line);
            }
        }
        let mut functions: Vec<_> = functions.into_iter().collect();
        functions.sort_by(|(a, one), (b, other)| (other.accesses, a).cmp(&(one.accesses, b)));
        let left = functions.len().saturating_sub(most);
        functions.truncate(most);
        put_table(&functions, total, text);
        if left > 0 {
            let s = if left == 1 { "" } else { "s" };
            let _ = writeln!(text, "and {left} function{s} more");
        }
        Ok(symbols.missing().into_iter().map(str::to_owned).collect())
    }
}

type Named = ((Option<String>, Option<String>), Function);

fn put_table(functions: &[Named], total: u64, text: &mut String) {
    let unknown = || "-".to_owned();
    let rows: Vec<[String; 5]> = functions
        .iter()
        .map(|((module, function), Function { accesses, line, .. })| {
            // Tenths of a percent, rounded down: no floats in what is compared.
            let tenths = u128::from(*accesses) * 1000 / u128::from(total.max(1));
            let line = line.as_ref().map(|(file, line)| format!("{file}:{line}"));
            [
                accesses.to_string(),
                format!("{}.{}%", tenths / 10, tenths % 10),
                function.clone().unwrap_or_else(unknown),
                line.unwrap_or_else(unknown),
                module.clone().unwrap_or_else(unknown),
            ]
        })
        .collect();
    let heads = ["accesses", "share", "function", "line", "file"];
    let width = |at: usize| {
        rows.iter().map(|row| row[at].chars().count()).chain([heads[at].len()]).max().unwrap_or(0)
    };
    let [accesses, share, function, line] = [0, 1, 2, 3].map(width);
    let mut put = |[a, b, c, d, e]: [&str; 5]| {
        let _ = writeln!(text, "{a:>accesses$}  {b:>share$}  {c:<function$}  {d:<line$}  {e}");
    };
    put(heads);
    for row in &rows {
        put(row.each_ref().map(String::as_str));
    }
}
