//! Threads as cores, in the order in which they appear.

use std::ops::Range;

use crate::error_kind::TraceErrorKind;
use crate::text::fault::Fault;
use crate::text::number;

/// The threads that have appeared, a core each.
pub(crate) struct Threads {
    /// Their numbers; none where it is another thread's by now.
    numbers: Vec<Option<u64>>,
    /// The number of cores of the machine.
    cores: u16,
    /// The core of the thread asked for last.
    last: u16,
}

impl Threads {
    pub(crate) const fn new(cores: u16) -> Threads {
        Threads { numbers: Vec::new(), cores, last: 0 }
    }

    /// Returns the core of a thread, whose number stands at that place of the line.
    #[inline]
    pub(crate) fn core(&mut self, number: u64, span: Range<usize>) -> Result<u16, Fault> {
        let number = Some(number);
        if self.numbers.get(usize::from(self.last)) == Some(&number) {
            return Ok(self.last);
        }
        self.last = match self.numbers.iter().position(|&known| known == number) {
            Some(core) => core as u16,
            None => self.add(number, span)?,
        };
        Ok(self.last)
    }

    /// Takes a thread of that number, if there is one, for another than those to come.
    pub(crate) fn forget(&mut self, number: u64) {
        for known in &mut self.numbers {
            if *known == Some(number) {
                *known = None;
            }
        }
    }

    fn add(&mut self, number: Option<u64>, span: Range<usize>) -> Result<u16, Fault> {
        let (core, cores) = (self.numbers.len(), self.cores);
        if core >= usize::from(cores) {
            return Err(Fault::new(TraceErrorKind::CoreOutOfRange, span)
                .found(format!("thread `{}`, number {} to appear", number.unwrap_or(0), core + 1))
                .expected(match cores {
                    1 => "one thread, for one core".to_owned(),
                    _ => format!("at most {cores} threads, one for each core"),
                })
                .help(number::more_cores(core as u64 + 1, "trace fewer threads")));
        }
        self.numbers.push(number);
        Ok(core as u16)
    }
}
