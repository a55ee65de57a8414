//! What the viewer shows and what keys do to it: no terminal, no file.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::path::PathBuf;

use cache::LineAddr;
use coherence::MachineSpec;
use driver::observe::Step;
use driver::steps::{Names, StepRecord};
use driver::timeline::{Condition, Timeline};

use super::predict::Predict;
use super::style::Theme;

/// A screen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Screen {
    Step,
    Caches,
    Life,
    Protocol,
    Counts,
    Predict,
}

impl Screen {
    pub(super) const ALL: [Self; 6] =
        [Self::Step, Self::Caches, Self::Life, Self::Protocol, Self::Counts, Self::Predict];

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Step => "Step",
            Self::Caches => "Caches",
            Self::Life => "Life line",
            Self::Protocol => "Protocol",
            Self::Counts => "Counts",
            Self::Predict => "Predict",
        }
    }

    /// The screen so many places further, round and round.
    fn further(self, by: usize) -> Self {
        Self::ALL[(self as usize + by) % Self::ALL.len()]
    }
}

/// What a line at the bottom asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Asked {
    GoTo,
    Break,
    Find,
    Export,
}

impl Asked {
    pub(super) const fn question(self) -> &'static str {
        match self {
            Self::GoTo => "go to step: ",
            Self::Break => "break where (line=0x1000, bus=BusRdX, core=1, state M->I): ",
            Self::Find => "find next (an address or name, bus=BusRdX, core=1, state M->I): ",
            Self::Export => "write the steps from here on to the file: ",
        }
    }
}

/// What a key does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Action {
    Show(Screen),
    NextScreen,
    PreviousScreen,
    By(i64),
    Home,
    End,
    /// To the next bus transaction, or the one before; on the selected line only.
    Bus {
        forward: bool,
        on_line: bool,
    },
    /// Selects the line so many rows down; scrolls where there are no lines.
    Select(i64),
    Ask(Asked),
    Continue,
    Copy,
    Help,
    Quit,
    /// Into the line at the bottom, or into a prediction.
    Type(char),
    Erase,
    Enter,
    Cancel,
}

/// What has to be done outside.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Effect {
    Quit,
    /// Hand a text to the terminal's clipboard.
    Copy(String),
    /// Write the steps from the place of the timeline on.
    Export(PathBuf),
}

pub(super) struct App {
    pub(super) timeline: Timeline,
    pub(super) names: Names,
    pub(super) title: Option<String>,
    pub(super) theme: Theme,
    pub(super) screen: Screen,
    /// The line that was chosen; else it is the step's.
    chosen: Option<LineAddr>,
    /// Rows that are above the screen; what is drawn goes no further than to its end.
    pub(super) scroll: Cell<usize>,
    pub(super) message: String,
    /// The steps that were copied, as texts.
    pub(super) copied: Vec<String>,
    pub(super) asked: Option<(Asked, String)>,
    breaks: Option<(String, Condition)>,
    /// What was looked for last.
    found: String,
    pub(super) help: bool,
    pub(super) predict: Predict,
    /// Is asked now and then on a long way whether to go on.
    pub(super) go_on: Box<dyn FnMut(u64) -> ControlFlow<()>>,
}

impl App {
    pub(super) fn new(timeline: Timeline, names: Names, title: Option<String>) -> Self {
        Self {
            timeline,
            names,
            title,
            theme: Theme { colours: true },
            screen: Screen::Step,
            chosen: None,
            scroll: Cell::new(0),
            message: String::new(),
            copied: Vec::new(),
            asked: None,
            breaks: None,
            found: String::new(),
            help: false,
            predict: Predict::default(),
            go_on: Box::new(|_| ControlFlow::Continue(())),
        }
    }

    pub(super) fn machine(&self) -> &MachineSpec {
        self.timeline.machine()
    }

    /// Returns the step where the timeline stands, as it is printed.
    pub(super) fn record(&self) -> Option<StepRecord> {
        self.timeline.step().map(|step| self.record_of(step))
    }

    pub(super) fn record_of(&self, step: &Step) -> StepRecord {
        StepRecord::new(self.machine(), &self.names, step)
    }

    /// Returns the line that was chosen, or that of the step.
    pub(super) fn line(&self) -> Option<LineAddr> {
        self.chosen.or_else(|| self.timeline.step().map(|step| step.line))
    }

    /// Tells whether the line was chosen and does not follow the steps.
    pub(super) const fn is_chosen(&self) -> bool {
        self.chosen.is_some()
    }

    /// Returns the condition at which `c` stops, as it was typed.
    pub(super) fn break_text(&self) -> Option<&str> {
        self.breaks.as_ref().map(|(text, _)| text.as_str())
    }

    /// Returns the lines of the last steps, by address.
    pub(super) fn lines(&self) -> Vec<LineAddr> {
        let changed = |step: &Step| {
            let others = step.changes.iter().map(|change| change.line);
            others.chain([step.line]).collect::<Vec<_>>()
        };
        let mut lines: Vec<_> = self.timeline.past().flat_map(changed).collect();
        lines.extend(self.chosen);
        lines.sort_unstable();
        lines.dedup();
        lines
    }

    /// Returns what an address's line is called.
    pub(super) fn call(&self, line: LineAddr) -> String {
        let base = self.machine().line.base(line);
        let name = self.names.call(base, base);
        if name == base.to_string() { name } else { format!("{base} {name}") }
    }

    /// Does what a key asks for, and returns what is left to be done outside.
    pub(super) fn apply(&mut self, action: Action) -> Option<Effect> {
        self.message.clear();
        if self.help {
            self.help = false;
            return (action == Action::Quit).then_some(Effect::Quit);
        }
        if self.asked.is_some() {
            return self.answer(action);
        }
        match action {
            Action::Quit => return Some(Effect::Quit),
            Action::Help => self.help = true,
            Action::Show(screen) => self.show(screen),
            Action::NextScreen => self.show(self.screen.further(1)),
            Action::PreviousScreen => self.show(self.screen.further(Screen::ALL.len() - 1)),
            Action::By(steps) => self.goto(self.timeline.position().saturating_add_signed(steps)),
            Action::Home => self.goto(0),
            Action::End => self.goto(u64::MAX),
            Action::Bus { forward, on_line } => self.go_to_bus(forward, on_line),
            Action::Select(rows) => self.select(rows),
            Action::Ask(what) => self.ask(what),
            Action::Continue => self.go_on(),
            Action::Copy => return self.copy(),
            Action::Cancel if self.screen == Screen::Predict => self.show(Screen::Step),
            Action::Cancel => {
                self.chosen = None;
                self.scroll.set(0);
            }
            Action::Type(_) | Action::Erase | Action::Enter => self.predict(action),
        }
        None
    }

    /// Returns how many of so many rows are above a screen of a height, and remembers it: who
    /// scrolls on at the end need not scroll back as often.
    pub(super) fn scrolled(&self, rows: usize, height: usize) -> usize {
        let scroll = self.scroll.get().min(rows.saturating_sub(height));
        self.scroll.set(scroll);
        scroll
    }

    fn show(&mut self, screen: Screen) {
        self.screen = screen;
        self.scroll.set(0);
    }

    fn goto(&mut self, step: u64) {
        match self.timeline.try_goto(step, &mut self.go_on) {
            ControlFlow::Continue(()) => self.predict.forget(),
            ControlFlow::Break(()) => self.stopped(),
        }
    }

    /// Says that a long way was broken off.
    fn stopped(&mut self) {
        self.message = format!("stopped: this is step {} still", self.timeline.position());
    }

    /// Returns the next step that meets a condition, or the last one before this. Where there is
    /// none the message is `none`.
    fn find(&mut self, forward: bool, condition: &Condition, none: String) -> Option<u64> {
        let found = if forward {
            self.timeline.next(condition, &mut self.go_on)
        } else {
            self.timeline.previous(condition, &mut self.go_on)
        };
        match found {
            ControlFlow::Continue(Some(step)) => return Some(step),
            ControlFlow::Continue(None) => self.message = none,
            ControlFlow::Break(()) => self.stopped(),
        }
        None
    }

    fn predict(&mut self, action: Action) {
        if self.screen != Screen::Predict {
            return;
        }
        match action {
            Action::Type(letter) => self.predict.typed.push(letter),
            Action::Erase => {
                self.predict.typed.pop();
            }
            _ => {
                let Some((machine, step)) = self.timeline.peek() else {
                    "the trace is over".clone_into(&mut self.message);
                    return;
                };
                let record = StepRecord::new(&machine, &self.names, &step);
                match self.predict.answer(&machine, &record) {
                    Ok(()) => self.timeline.goto(record.i),
                    Err(hint) => self.message = hint,
                }
            }
        }
    }

    fn go_to_bus(&mut self, forward: bool, on_line: bool) {
        let condition = match (on_line, self.line()) {
            (true, Some(line)) => Condition::BusOn(line),
            (true, None) => {
                "no line is selected before the first step".clone_into(&mut self.message);
                return;
            }
            (false, _) => Condition::Bus(None),
        };
        let way = if forward { "after" } else { "before" };
        let of = if on_line { " of this line" } else { "" };
        let none = format!("no bus transaction{of} {way} this step");
        if let Some(step) = self.find(forward, &condition, none) {
            self.goto(step);
        }
    }

    fn select(&mut self, rows: i64) {
        if !matches!(self.screen, Screen::Step | Screen::Life) {
            self.scroll.set(self.scroll.get().saturating_add_signed(rows as isize));
            return;
        }
        let lines = self.lines();
        let Some(line) = self.line() else { return };
        let at = lines.iter().position(|one| *one == line).unwrap_or(0);
        let next = at.saturating_add_signed(rows as isize).min(lines.len().saturating_sub(1));
        self.chosen = lines.get(next).copied();
    }

    fn ask(&mut self, what: Asked) {
        let text = match what {
            Asked::Break => self.break_text().unwrap_or_default().to_owned(),
            Asked::Find => self.found.clone(),
            Asked::Export => "steps.jsonl".to_owned(),
            Asked::GoTo => String::new(),
        };
        self.asked = Some((what, text));
    }

    /// Takes a key into the line at the bottom.
    fn answer(&mut self, action: Action) -> Option<Effect> {
        let (what, text) = self.asked.as_mut()?;
        match action {
            Action::Type(letter) => text.push(letter),
            Action::Erase => {
                text.pop();
            }
            Action::Enter => {
                let (what, text) = (*what, std::mem::take(text));
                self.asked = None;
                return self.answered(what, &text);
            }
            Action::Quit => return Some(Effect::Quit),
            _ => self.asked = None,
        }
        None
    }

    fn answered(&mut self, what: Asked, text: &str) -> Option<Effect> {
        match what {
            Asked::GoTo => {
                if let Ok(step) = text.trim().parse() {
                    self.goto(step);
                } else {
                    let last = self.timeline.len();
                    self.message = format!("`{text}`: expected a step from 0 to {last}, as {last}");
                }
            }
            Asked::Break if text.trim().is_empty() => {
                self.breaks = None;
                "no break any more".clone_into(&mut self.message);
            }
            Asked::Break => {
                if let Some(condition) = self.condition(text) {
                    self.message = format!("break at {text}: c continues to it");
                    self.breaks = Some((text.to_owned(), condition));
                }
            }
            Asked::Find => {
                if let Some(condition) = self.condition(text) {
                    text.clone_into(&mut self.found);
                    self.go_to_next(text, &condition);
                }
            }
            Asked::Export => {
                if text.trim().is_empty() {
                    "nothing was written: no name was given".clone_into(&mut self.message);
                } else {
                    return Some(Effect::Export(PathBuf::from(text.trim())));
                }
            }
        }
        None
    }

    /// Reads a condition, or says why it cannot be read.
    fn condition(&mut self, text: &str) -> Option<Condition> {
        let read = Condition::read(text, self.machine(), &self.names);
        read.map_err(|error| self.message = error.to_string()).ok()
    }

    fn go_to_next(&mut self, text: &str, condition: &Condition) -> bool {
        let none = format!("no step after this one is {text}");
        let Some(step) = self.find(true, condition, none) else { return false };
        self.goto(step);
        self.timeline.position() == step
    }

    /// Continues to the break, or to the end where there is none.
    fn go_on(&mut self) {
        match self.breaks.clone() {
            Some((text, condition)) => {
                if self.go_to_next(&text, &condition) {
                    self.message = format!("stopped at {text}");
                }
            }
            None => self.goto(u64::MAX),
        }
    }

    fn copy(&mut self) -> Option<Effect> {
        let record = self.record()?;
        self.message =
            format!("step {} is in the clipboard, if the terminal allows; q prints it", record.i);
        let text = as_text(&record);
        self.copied.push(text.clone());
        Some(Effect::Copy(text))
    }
}

/// A step as a text of its own.
fn as_text(record: &StepRecord) -> String {
    let answer = super::super::answer(record.hit);
    let bus = record.bus.names().join("+");
    let words = [
        format!("step {}: core {} {} {}", record.i, record.core, record.op, record.addr),
        answer.to_owned(),
        record.class.unwrap_or_default().to_owned(),
        bus,
        format!(
            "{} -> {}",
            super::super::states(&record.before),
            super::super::states(&record.after)
        ),
    ];
    let words: Vec<_> = words.into_iter().filter(|word| !word.is_empty()).collect();
    format!("{}\n{}\n", words.join(", "), record.why)
}
