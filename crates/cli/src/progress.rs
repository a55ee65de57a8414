//! How far the work is, on standard error, if somebody watches.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

/// A progress bar of a sweep: cells done, and the time left by the work done.
pub(crate) struct CellProgress {
    bar: Option<ProgressBar>,
    done: AtomicUsize,
    cells: usize,
}

impl CellProgress {
    /// Starts a bar of so many cells, which replay so many accesses together, if standard error is
    /// a terminal and silence was not asked for.
    pub(crate) fn start(quiet: bool, cells: usize, work: u64) -> Self {
        let bar = (!quiet && cells > 0 && std::io::stderr().is_terminal()).then(|| {
            let template = "{bar:30} {msg}, {eta} left";
            let style = ProgressStyle::with_template(template);
            let bar = ProgressBar::new(work);
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_message(format!("0 of {cells} cells"));
            bar
        });
        Self { bar, done: AtomicUsize::new(0), cells }
    }

    /// Shows that so many more accesses are done.
    pub(crate) fn add(&self, accesses: u64) {
        if let Some(bar) = &self.bar {
            bar.inc(accesses);
        }
    }

    /// Shows that one more cell is done.
    pub(crate) fn done(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{done} of {} cells", self.cells));
        }
    }

    /// Ends the bar.
    pub(crate) fn end(self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// A progress line that shows accesses and speed, or nothing.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    quiet: bool,
    start: Instant,
}

impl Progress {
    /// Starts a progress line, if standard error is a terminal and silence was not asked for.
    pub(crate) fn start(quiet: bool) -> Self {
        let bar = (!quiet && std::io::stderr().is_terminal()).then(|| {
            let style = ProgressStyle::with_template("{spinner} {human_pos} accesses, {per_sec}");
            let bar = ProgressBar::new_spinner();
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar
        });
        Self { bar, quiet, start: Instant::now() }
    }

    /// Starts a progress bar of states found, of at most so many.
    pub(crate) fn of_states(quiet: bool, states_max: u64) -> Self {
        let bar = (!quiet && std::io::stderr().is_terminal()).then(|| {
            let template = "{spinner} {human_pos} states found of at most {human_len}, {per_sec}";
            let bar = ProgressBar::new(states_max);
            let style = ProgressStyle::with_template(template);
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        Self { bar, quiet, start: Instant::now() }
    }

    /// Shows that so many accesses are done, or states found.
    pub(crate) fn at(&self, done: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(done);
        }
    }

    /// Ends a bar of states and says how fast it was.
    pub(crate) fn finish_states(self, states: u64, edges: u64) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        if !self.quiet {
            let seconds = self.start.elapsed().as_secs_f64();
            let speed = edges as f64 / seconds.max(1e-9) / 1e6;
            let _ = writeln!(
                std::io::stderr(),
                "explored {states} states, {edges} edges in {seconds:.2} s ({speed:.1} M edges/s)"
            );
        }
    }

    /// Ends the line.
    pub(crate) fn end(self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// Ends the line and says how fast it was.
    pub(crate) fn finish(self, accesses: u64) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        if !self.quiet {
            let seconds = self.start.elapsed().as_secs_f64();
            let speed = accesses as f64 / seconds.max(1e-9) / 1e6;
            let _ = writeln!(
                std::io::stderr(),
                "replayed {accesses} accesses in {seconds:.2} s ({speed:.1} M/s)"
            );
        }
    }
}
