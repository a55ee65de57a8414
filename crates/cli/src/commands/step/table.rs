//! Steps as aligned plain text.

use coherence::{BusOp, MachineSpec};
use driver::steps::{States, StepRecord};

use super::{Blanks, Printer, answer, events, supplier};
use crate::step_args::Blank;

/// A table whose columns have their widths before the steps are known: it is printed as they come.
pub(super) struct Table {
    blank: Blanks,
    /// The width of a step's transactions: where a store miss updates, two of them.
    bus: usize,
    /// The width of the name of one core's state.
    each: usize,
    /// What stands between two of them.
    gap: &'static str,
    /// The width of the states of all cores.
    states: usize,
}

impl Table {
    pub(super) fn new(machine: &MachineSpec, blank: Blanks) -> Self {
        let updates = machine.protocol.issues(BusOp::BusUpd);
        let names = machine.protocol.states().iter().map(|state| state.name.len());
        let each = names.max().unwrap_or(1);
        let gap = if each > 1 { " " } else { "" };
        let cores = machine.cores as usize;
        Self {
            blank,
            bus: if updates { "BusRd+BusUpd".len() } else { "BusUpgr".len() },
            each,
            gap,
            states: (cores * (each + gap.len()) - gap.len()).max("before".len()),
        }
    }

    /// Writes the states of all cores, each below the one of the row before.
    fn states(&self, states: &States) -> String {
        let names = states.names();
        let names = names.iter().map(|name| format!("{name:width$}", width = self.each));
        self.blank.unless(Blank::States, names.collect::<Vec<_>>().join(self.gap))
    }

    /// Lines up the cells of a row.
    fn line(&self, cells: [&str; 11]) -> String {
        let [step, core, op, addr, hit, class, bus, from, before, after, events] = cells;
        let (bus_width, states) = (self.bus, self.states);
        let line = format!(
            "{step:>6}  {core:<5} {op:<2} {addr:<14} {hit:<4}  {class:<17}  {bus:<bus_width$}  \
             {from:<8}  {before:<states$}  {after:<states$}  {events}"
        );
        line.trim_end().to_owned()
    }
}

impl Printer for Table {
    fn begin(&self) -> Option<String> {
        Some(self.line([
            "step",
            "core",
            "op",
            "address",
            "",
            "class",
            "bus",
            "from",
            "before",
            "after",
            "what else",
        ]))
    }

    fn row(&self, record: &StepRecord) -> Option<String> {
        let or_none = |text: String| if text.is_empty() { "-".to_owned() } else { text };
        let blank = &self.blank;
        Some(self.line([
            &record.i.to_string(),
            &record.core.to_string(),
            record.op,
            &record.addr,
            &blank.unless(Blank::Hit, or_none(answer(record.hit).to_owned())),
            &blank.unless(Blank::Class, record.class.unwrap_or("-")),
            &blank.unless(Blank::Bus, or_none(record.bus.names().join("+"))),
            &blank.unless(Blank::Supplier, or_none(supplier(record).unwrap_or_default())),
            &self.states(&record.before),
            &self.states(&record.after),
            &blank.unless(Blank::Events, events(record)),
        ]))
    }
}
