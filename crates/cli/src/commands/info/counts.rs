//! What is counted of a trace's records.

use std::collections::HashMap;
use std::fmt::Write;

use trace::{Op, Record, Source};

use super::code::Code;
use super::sharing::{Sharing, Touches};
use crate::diagnostics::Diagnostic;
use crate::interrupt;

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
pub(super) struct Counts {
    /// Records by core and column.
    pub(super) cores: Vec<[u64; COLUMNS.len()]>,
    /// The line size is two to this power, in bytes.
    line_shift: u32,
    /// Lines that an access touches: a bit each, 64 to a word.
    lines: HashMap<u64, u64>,
    /// Who touches them, of a trace of several cores.
    touches: Option<Touches>,
    /// The last time, in picoseconds.
    pub(super) time: Option<u64>,
    /// The sizes of the smallest access and the largest.
    pub(super) bytes_min: u32,
    pub(super) bytes_max: u32,
}

impl Counts {
    /// Prepares to count lines of two to `line_shift` bytes, `alone` of one core.
    pub(super) fn new(line_shift: u32, alone: bool) -> Self {
        Self {
            cores: Vec::new(),
            line_shift,
            lines: HashMap::new(),
            touches: (!alone).then(Touches::default),
            time: None,
            bytes_min: u32::MAX,
            bytes_max: 0,
        }
    }

    /// Returns how many lines are touched.
    pub(super) fn lines(&self) -> u64 {
        self.lines.values().map(|word| u64::from(word.count_ones())).sum()
    }

    /// Returns how the lines of data are shared, of a trace of several cores.
    pub(super) fn sharing(&self) -> Option<Sharing> {
        self.touches.as_ref().filter(|_| self.cores.len() > 1).map(Touches::sharing)
    }

    pub(super) fn read(
        &mut self,
        source: &mut dyn Source,
        mut code: Option<&mut Code>,
    ) -> Result<(), Diagnostic> {
        let mut chunk = Vec::new();
        let mut more = true;
        while more {
            interrupt::check()?;
            chunk.clear();
            more = source.read(&mut chunk)?;
            for record in &chunk {
                if record.op != Op::Pc {
                    self.count(record);
                }
                if let Some(code) = &mut code {
                    code.count(record);
                }
            }
        }
        Ok(())
    }

    fn count(&mut self, record: &Record) {
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
            let (first, last) = (record.addr >> self.line_shift, last >> self.line_shift);
            self.touch(first, last);
            if let Some(touches) = self.touches.as_mut().filter(|_| record.op != Op::Fetch) {
                let writes = matches!(record.op, Op::Write | Op::Atomic);
                (first..=last).for_each(|line| touches.add(line, record.core, writes));
            }
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
    pub(super) fn table(&self, text: &mut String) {
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
