//! How a run went over time: what happened in each of at most 500 windows of equal length, and
//! which lines had the most coherence trouble.

use cache::LineAddr;
use coherence::{
    BusOp, Cause, CoreId, FirstLevel, Loss, MachineSpec, Observer, Place, Protocol, Reference,
    State, Transaction,
};

use super::{ClassCounters, HotLines, Lines, Watcher};

/// The most windows; where a run needs more, two neighbours become one.
pub const WINDOWS_MAX: usize = 500;

const _: () = assert!(WINDOWS_MAX.is_multiple_of(2), "neighbours become one, and none is left");

/// What happened in one window.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Window {
    /// References; those of the last window may be fewer than its length.
    pub references: u64,
    /// Misses by class, in the order of [`ClassCounters::NAMES`].
    pub classes: [u64; ClassCounters::NAMES.len()],
    /// Transactions by kind, in the order of [`BusOp::ALL`].
    pub bus: [u64; BusOp::ALL.len()],
    /// Copies that cores lost to another core's transaction.
    pub invalidations: u64,
    /// Dirty lines of all cores when it ended, a line of two cores counted twice.
    pub dirty_lines: u64,
}

impl Window {
    /// Appends the window that follows.
    fn append(&mut self, next: &Self) {
        self.references += next.references;
        self.classes.iter_mut().zip(next.classes).for_each(|(mine, more)| *mine += more);
        self.bus.iter_mut().zip(next.bus).for_each(|(mine, more)| *mine += more);
        self.invalidations += next.invalidations;
        self.dirty_lines = next.dirty_lines;
    }
}

/// All windows of a run, in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Windows {
    /// References in each window but the last: a power of two.
    pub length: u64,
    /// The windows.
    pub windows: Vec<Window>,
}

impl Windows {
    /// Ends the window under way, whose length is that of all; twice as long from now on where that
    /// was the last one.
    fn push(&mut self, window: &Window) {
        self.windows.push(*window);
        if self.windows.len() == WINDOWS_MAX {
            for pair in 0..WINDOWS_MAX / 2 {
                let mut both = self.windows[2 * pair];
                both.append(&self.windows[2 * pair + 1]);
                self.windows[pair] = both;
            }
            self.windows.truncate(WINDOWS_MAX / 2);
            self.length *= 2;
        }
    }
}

/// Measures windows, by what is counted of the lines: their misses are classified.
#[derive(Debug)]
pub(crate) struct WindowCounter {
    protocol: Protocol,
    lines: Lines,
    /// Misses by class of all cores when the window under way began.
    classified: [u64; ClassCounters::NAMES.len()],
    cores: CoreId,
    current: Window,
    done: Windows,
}

impl WindowCounter {
    /// Prepares to measure a run of a machine, and to say the `most` troubled lines; words of
    /// `word_bytes`, a power of two.
    pub(crate) fn new(machine: &MachineSpec, word_bytes: u32, most: usize) -> Self {
        Self {
            protocol: machine.protocol.clone(),
            lines: Lines::new(machine, word_bytes, most),
            classified: [0; ClassCounters::NAMES.len()],
            cores: 0,
            current: Window::default(),
            done: Windows { length: 1, windows: Vec::with_capacity(WINDOWS_MAX) },
        }
    }

    /// Returns the windows so far, that under way included; none is left here.
    pub(crate) fn take(&mut self) -> Windows {
        if self.current.references > 0 {
            self.close();
        }
        std::mem::replace(&mut self.done, Windows { length: 1, windows: Vec::new() })
    }

    #[cold]
    fn close(&mut self) {
        let mut now = ClassCounters::default();
        for core in 0..self.cores {
            now.add(&self.lines.classes(core).unwrap_or_default());
        }
        let now = now.values();
        let since = now.iter().zip(self.classified).map(|(now, then)| now - then);
        self.current.classes.iter_mut().zip(since).for_each(|(class, count)| *class = count);
        self.classified = now;
        self.done.push(&self.current);
        let dirty_lines = self.current.dirty_lines;
        self.current = Window { dirty_lines, ..Window::default() };
    }
}

impl Observer for WindowCounter {
    const HEARS_OF_ABSENT: bool = false;

    #[inline]
    fn looked_up(&mut self, reference: &Reference, cache: usize, answer: FirstLevel) {
        // The one before this is over.
        if self.current.references == self.done.length {
            self.close();
        }
        self.current.references += 1;
        self.cores = self.cores.max(reference.core + 1);
        self.lines.looked_up(reference, cache, answer);
    }

    #[inline]
    fn loaded(&mut self, reference: &Reference, place: Place) {
        self.lines.loaded(reference, place);
    }

    #[inline]
    fn storing(&mut self, reference: &Reference) {
        self.lines.storing(reference);
    }

    #[inline]
    fn stored(&mut self, reference: &Reference, place: Place) {
        self.lines.stored(reference, place);
    }

    fn changed(&mut self, _: CoreId, _: LineAddr, from: State, to: State, _: Cause) {
        let dirty = |state| u64::from(self.protocol.holding(state).dirty);
        self.current.dirty_lines = self.current.dirty_lines + dirty(to) - dirty(from);
    }

    fn lost(&mut self, core: CoreId, line: LineAddr, loss: Loss) {
        self.current.invalidations += u64::from(loss == Loss::Invalidation);
        self.lines.lost(core, line, loss);
    }

    fn transacted(&mut self, transaction: &Transaction) {
        self.current.bus[transaction.op as usize] += 1;
    }

    fn updated(&mut self, core: CoreId, line: LineAddr) {
        self.lines.updated(core, line);
    }

    fn carried(&mut self, line: LineAddr, bytes: u64) {
        self.lines.carried(line, bytes);
    }
}

impl Watcher for WindowCounter {
    const HEARS_OF_CODE: bool = Lines::HEARS_OF_CODE;

    fn is_at(&mut self, core: CoreId, pc: u64) {
        self.lines.is_at(core, pc);
    }

    fn classes(&self, core: CoreId) -> Option<ClassCounters> {
        self.lines.classes(core)
    }

    fn hot_lines(&self) -> Option<HotLines> {
        self.lines.hot_lines()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(number: u64) -> Window {
        Window { references: 1, dirty_lines: number, invalidations: 2, ..Window::default() }
    }

    #[test]
    fn neighbours_become_one_and_nothing_is_lost() {
        let mut windows = Windows { length: 1, windows: Vec::new() };
        let mut under_way = Window::default();
        // 1,200 references: more than 500 windows of one, and of two.
        for number in 1..=1200 {
            under_way.append(&window(number));
            if under_way.references == windows.length {
                windows.push(&under_way);
                under_way = Window::default();
            }
        }
        assert_eq!(windows.length, 4);
        assert_eq!(windows.windows.len(), 300);
        let sum = |of: fn(&Window) -> u64| windows.windows.iter().map(of).sum::<u64>();
        assert_eq!(sum(|window| window.references), 1200);
        assert_eq!(sum(|window| window.invalidations), 2400);
        // What a window says of its end is that of its last reference.
        let ends: Vec<_> = windows.windows.iter().map(|window| window.dirty_lines).collect();
        assert_eq!(ends, (1..=300).map(|number| 4 * number).collect::<Vec<_>>());
    }
}
