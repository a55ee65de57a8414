//! Onlookers of a replay: one file each.

mod classes;
mod coverage;
mod first_steps;
pub mod keep;
mod lines;
mod steps;
mod values;
mod windows;

use cache::LineAddr;
use coherence::{CoreId, Observer};
use trace::Record;

pub use classes::{ClassCounters, Classes, MissClass};
pub use coverage::{CellCounts, Coverage, is_possible};
pub(crate) use first_steps::FirstSteps;
pub use lines::{
    CodeUse, Divided, HotLine, HotLines, LineCounts, LineUse, Lines, Moves, Pattern, Who,
};
pub use steps::{Action, Change, Happening, Lost, LostHow, Step, StepBus, UsedCell, Writer};
pub(crate) use steps::{Show, StepRecorder};
pub use values::{Values, Violation};
pub(crate) use windows::WindowCounter;
pub use windows::{WINDOWS_MAX, Window, Windows};

/// What the replay asks of whoever looks on.
pub trait Watcher: Observer {
    /// A record that is no access is about to be performed.
    #[inline]
    fn aside(&mut self, record: &Record) {
        let _ = record;
    }

    /// All records have been performed; what follows is the drain, if there is one.
    fn at_end(&mut self) {}
    /// It is told which instruction a core is at, where the trace says so.
    const HEARS_OF_CODE: bool = false;

    /// A core is at an instruction; its loads and stores that follow are that instruction's.
    #[inline]
    fn is_at(&mut self, core: CoreId, pc: u64) {
        let _ = (core, pc);
    }

    /// The warm-up has ended: what is not subtracted later is counted anew.
    fn begins_counting(&mut self) {}

    /// Returns the first load that did not see the last store, if values are watched.
    #[inline]
    fn violation(&self) -> Option<&Violation> {
        None
    }

    /// Returns how many loads were compared with the last store, if values are watched.
    fn checked_loads(&self) -> Option<u64> {
        None
    }

    /// Returns a line whose last stores have not reached the backing store, if values are watched.
    fn line_not_stored(&self) -> Option<LineAddr> {
        None
    }

    /// Returns the miss classes of a core, if they are counted.
    fn classes(&self, core: CoreId) -> Option<ClassCounters> {
        let _ = core;
        None
    }

    /// Returns the uses of the protocol's cells, if they are counted.
    fn cells(&self) -> Option<&CellCounts> {
        None
    }

    /// Returns the lines with the most coherence trouble, if lines are told apart.
    fn hot_lines(&self) -> Option<HotLines> {
        None
    }
}

impl Watcher for () {}

/// The engine of a durability run looks on first.
impl Watcher for durability::Versions {}

impl<A: Watcher, B: Watcher> Watcher for (A, B) {
    const HEARS_OF_CODE: bool = A::HEARS_OF_CODE || B::HEARS_OF_CODE;

    #[inline]
    fn is_at(&mut self, core: CoreId, pc: u64) {
        self.0.is_at(core, pc);
        self.1.is_at(core, pc);
    }

    fn begins_counting(&mut self) {
        self.0.begins_counting();
        self.1.begins_counting();
    }

    #[inline]
    fn aside(&mut self, record: &Record) {
        self.0.aside(record);
        self.1.aside(record);
    }

    fn at_end(&mut self) {
        self.0.at_end();
        self.1.at_end();
    }

    #[inline]
    fn violation(&self) -> Option<&Violation> {
        self.0.violation().or(self.1.violation())
    }

    fn checked_loads(&self) -> Option<u64> {
        self.0.checked_loads().or(self.1.checked_loads())
    }

    fn line_not_stored(&self) -> Option<LineAddr> {
        self.0.line_not_stored().or(self.1.line_not_stored())
    }

    fn classes(&self, core: CoreId) -> Option<ClassCounters> {
        self.0.classes(core).or(self.1.classes(core))
    }

    fn cells(&self) -> Option<&CellCounts> {
        self.0.cells().or(self.1.cells())
    }

    fn hot_lines(&self) -> Option<HotLines> {
        self.0.hot_lines().or_else(|| self.1.hot_lines())
    }
}
