//! What comes from the terminal: waited for, or looked at while a long way is under way.

use std::collections::VecDeque;
use std::io::{Result, Write};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use ratatui::crossterm::cursor::MoveTo;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::crossterm::style::Print;
use ratatui::crossterm::{queue, terminal};

use crate::interrupt;

/// How long to wait for a key before looking whether somebody wants the program to end.
const PATIENCE: Duration = Duration::from_millis(200);
/// After that long it is said that something is under way.
const LONG: Duration = Duration::from_millis(300);

#[derive(Default)]
pub(super) struct Keyboard {
    /// What came while something was under way.
    waiting: VecDeque<Event>,
    began: Option<Instant>,
    /// It was said that something is under way.
    told: bool,
}

impl Keyboard {
    /// Returns what came first, waiting a while for it.
    pub(super) fn next(&mut self) -> Result<Option<Event>> {
        match self.waiting.pop_front() {
            Some(event) => Ok(Some(event)),
            None => came(PATIENCE),
        }
    }

    /// Something begins that may take long.
    pub(super) fn begin(&mut self) {
        self.began = Some(Instant::now());
        self.told = false;
    }

    /// It is over; tells whether it was said on the screen that it was under way.
    pub(super) const fn end(&mut self) -> bool {
        self.began = None;
        self.told
    }

    /// Tells whether to go on with what is under way: Esc and Ctrl-C stop it, other keys have to
    /// wait.
    pub(super) fn go_on(&mut self) -> ControlFlow<()> {
        // An error comes again where it can be told.
        while let Ok(Some(event)) = came(Duration::ZERO) {
            let stops = matches!(&event, Event::Key(key) if key.kind != KeyEventKind::Release
                && (key.code == KeyCode::Esc || is_ctrl_c(key)));
            if !matches!(&event, Event::Key(key) if key.code == KeyCode::Esc) {
                self.waiting.push_back(event);
            }
            if stops {
                return ControlFlow::Break(());
            }
        }
        if !self.told && self.began.is_some_and(|began| began.elapsed() > LONG) {
            self.told = true;
            say_so();
        }
        if interrupt::asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// Tells whether a key asks the program to end.
pub(super) const fn is_ctrl_c(key: &event::KeyEvent) -> bool {
    key.modifiers.contains(KeyModifiers::CONTROL) && matches!(key.code, KeyCode::Char('c'))
}

fn came(patience: Duration) -> Result<Option<Event>> {
    event::poll(patience).and_then(|is| is.then(event::read).transpose())
}

/// Says over the last row but one that something is under way; what is drawn next is drawn anew.
fn say_so() {
    let Ok((_, rows)) = terminal::size() else { return };
    let mut out = std::io::stdout();
    let text = Print("a long way: Esc stops it ");
    let _ = queue!(out, MoveTo(0, rows.saturating_sub(2)), text).and_then(|()| out.flush());
}
