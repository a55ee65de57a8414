//! What a script did: a value to print, to compare and to ask.

use std::fmt::{self, Write as _};

use super::script::Op;

/// What a script did, access by access, and what it counted.
///
/// It prints as an aligned table without an end of line, the same from run to run. `Debug` prints
/// that table too, so that a failed comparison of two logs can be read.
#[derive(Clone, PartialEq, Eq)]
pub struct Log {
    pub(crate) protocol: String,
    pub(crate) steps: Vec<Step>,
    pub(crate) counts: Vec<(String, u64)>,
    /// The names of the lines, each with every core's state at the end.
    pub(crate) lines: Vec<(String, Vec<String>)>,
}

/// One access and what it did.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Step {
    /// The core that made the access.
    pub core: u32,
    /// What it did.
    pub op: Op,
    /// The name of the line.
    pub name: String,
    /// The word of the line.
    pub word: u32,
    /// Whether the core had the line; `None` for operations that do not look for it (C, F, E).
    pub hit: Option<bool>,
    /// The transactions on the bus, in order.
    pub bus: Vec<&'static str>,
    /// Who supplied the line, if a transaction asked for its data.
    pub supplier: Option<Supplier>,
    /// Every core's state for the line before the access.
    pub before: Vec<String>,
    /// Every core's state for the line after it.
    pub after: Vec<String>,
    /// What else happened, in order.
    pub happenings: Vec<Happening>,
}

/// Who answers a transaction with data.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Supplier {
    /// Another core.
    Core(u32),
    /// Memory.
    Memory,
}

/// Something that an access did to a core's copy of a line.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Happening {
    /// What happened.
    pub event: Event,
    /// To which core's copy.
    pub core: u32,
    /// The name of the line: the access's own, or that of a line that had to make room.
    pub name: String,
}

/// What can happen to a core's copy besides a change of state.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Event {
    /// The core put its dirty line on the bus for another core, and owns it no more.
    Flush,
    /// The core put its dirty line on the bus for another core, and still owns it: memory is old.
    Supply,
    /// Another core took over the duty to write the line back.
    HandOver,
    /// The copy took another core's store.
    Update,
    /// The copy was lost to another core's store.
    Invalidation,
    /// The core sent its dirty line to memory.
    WriteBack,
    /// The copy was replaced.
    Eviction,
}

impl Event {
    /// Returns the event as words before the number of a core.
    const fn words(self) -> &'static str {
        match self {
            Self::Flush => "flushed by",
            Self::Supply => "kept dirty by",
            Self::HandOver => "handed over by",
            Self::Update => "updated at",
            Self::Invalidation => "invalidated at",
            Self::WriteBack => "written back by",
            Self::Eviction => "evicted from",
        }
    }
}

impl Log {
    /// Returns the name of the protocol.
    pub fn protocol(&self) -> &str {
        &self.protocol
    }

    /// Returns the accesses in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Returns a counter by the name that mesim's reports give it, summed over the cores:
    /// `bus_rd`, `invalidations`, `flushes`, `cache_to_cache`, ..., and `memory.reads`,
    /// `memory.writes`, `bus.data_bytes`.
    ///
    /// # Panics
    /// If there is no such counter; the message lists them.
    #[track_caller]
    pub fn count(&self, name: &str) -> u64 {
        let found = self.counts.iter().find(|(known, _)| known == name);
        let Some((_, value)) = found else {
            let known: Vec<_> = self.counts.iter().map(|(known, _)| known.as_str()).collect();
            panic!("there is no counter `{name}`; the counters are {}", known.join(", "));
        };
        *value
    }

    /// Returns all counters by name, in the order of the reports.
    pub fn counts(&self) -> impl Iterator<Item = (&str, u64)> {
        self.counts.iter().map(|(name, value)| (name.as_str(), *value))
    }

    /// Returns every core's state for a line at the end.
    ///
    /// # Panics
    /// If the script has no such name.
    #[track_caller]
    pub fn states(&self, name: &str) -> &[String] {
        let found = self.lines.iter().find(|(known, _)| known == name);
        let Some((_, states)) = found else {
            let known: Vec<_> = self.lines.iter().map(|(known, _)| known.as_str()).collect();
            panic!("the script has no line `{name}`; its lines are {}", known.join(", "));
        };
        states
    }

    fn cores(&self) -> usize {
        self.lines.first().map_or(0, |(_, states)| states.len())
    }
}

impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cores = self.cores();
        let word = if cores == 1 { "core" } else { "cores" };
        write!(f, "{}, {cores} {word}", self.protocol)?;
        let fixed = ["step", "access", "answer", "bus", "from"].map(str::to_owned);
        let states = (0..cores).map(|core| format!("core {core}"));
        let mut rows: Vec<Vec<String>> =
            vec![fixed.into_iter().chain(states).chain(["also".to_owned()]).collect()];
        for (number, step) in self.steps.iter().enumerate() {
            let mut row = vec![(number + 1).to_string()];
            row.extend(step.cells());
            rows.push(row);
        }
        let widths: Vec<usize> = (0..rows[0].len())
            .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
            .collect();
        for row in rows {
            let mut line = format!("{:>width$}", row[0], width = widths[0]);
            for (cell, width) in row[1..].iter().zip(&widths[1..]) {
                let _ = write!(line, "  {cell:<width$}");
            }
            write!(f, "\n{}", line.trim_end())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Step {
    /// The access as a script writes it.
    fn access(&self) -> String {
        let word = if self.word == 0 { String::new() } else { format!("[{}]", self.word) };
        format!("{} {} {}{word}", self.core, self.op.letter(), self.name)
    }

    fn cells(&self) -> Vec<String> {
        let answer = match self.hit {
            Some(true) => "hit",
            Some(false) => "miss",
            None => "-",
        };
        let bus = if self.bus.is_empty() { "-".to_owned() } else { self.bus.join("+") };
        let from = match self.supplier {
            Some(Supplier::Core(core)) => format!("core {core}"),
            Some(Supplier::Memory) => "memory".to_owned(),
            None => "-".to_owned(),
        };
        let states = self.before.iter().zip(&self.after).map(|(before, after)| {
            if before == after { after.clone() } else { format!("{before}>{after}") }
        });
        [self.access(), answer.to_owned(), bus, from]
            .into_iter()
            .chain(states)
            .chain([self.also()])
            .collect()
    }

    /// What else happened: the same thing that happened to several cores in one part.
    fn also(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        let mut last = None;
        for Happening { event, core, name } in &self.happenings {
            let own = if *name == self.name { String::new() } else { format!("{name} ") };
            match parts.last_mut().filter(|_| last == Some((event, name))) {
                Some(part) => {
                    let _ = write!(part, " {core}");
                }
                None => parts.push(format!("{own}{} {core}", event.words())),
            }
            last = Some((event, name));
        }
        parts.join(", ")
    }
}
