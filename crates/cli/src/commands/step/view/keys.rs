//! Which key does what.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::app::{Action, App, Asked, Screen};
use super::keyboard::is_ctrl_c;

/// The keys as the help lists them.
pub(super) const HELP: &[(&str, &str)] = &[
    ("Right l Space", "one step on"),
    ("Left h", "one step back"),
    ("PgDn PgUp", "ten steps on, back"),
    ("Home End", "before the first step, to the last"),
    ("g", "go to a step by its number"),
    ("n p", "next, previous step with a bus transaction"),
    ("N P", "the same on the selected line"),
    ("Down Up j k", "select a line (Step, Life line), else scroll"),
    ("Esc", "the selection follows the steps; stops a long way"),
    ("b", "break: line=0x1000 bus=BusRdX core=1 state M->I"),
    ("c", "continue to the break, or to the end"),
    ("/", "find the next step: as b, or an address or name"),
    ("y", "copy the step as text"),
    ("e", "export the steps from here on (mesim.steps/1)"),
    ("Tab Shift-Tab 1-6", "other screens"),
    ("? q", "this help; quit (so does Ctrl-C)"),
    ("on Predict", "letters are the answer; Enter, arrows, Tab, Esc"),
];

/// Returns what a key asks for, given what is on the screen.
pub(super) fn action(key: KeyEvent, app: &App) -> Option<Action> {
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return is_ctrl_c(&key).then_some(Action::Quit);
    }
    let types = app.asked.is_some() || (app.screen == Screen::Predict && !app.help);
    Some(match key.code {
        KeyCode::Char(letter) if types => Action::Type(letter),
        KeyCode::Char(letter) => return of_letter(letter),
        KeyCode::Backspace => Action::Erase,
        KeyCode::Enter => Action::Enter,
        KeyCode::Esc => Action::Cancel,
        KeyCode::Tab => Action::NextScreen,
        KeyCode::BackTab => Action::PreviousScreen,
        KeyCode::Right => Action::By(1),
        KeyCode::Left => Action::By(-1),
        KeyCode::PageDown => Action::By(10),
        KeyCode::PageUp => Action::By(-10),
        KeyCode::Home => Action::Home,
        KeyCode::End => Action::End,
        KeyCode::Down => Action::Select(1),
        KeyCode::Up => Action::Select(-1),
        _ => return None,
    })
}

fn of_letter(letter: char) -> Option<Action> {
    Some(match letter {
        'l' | ' ' => Action::By(1),
        'h' => Action::By(-1),
        'j' => Action::Select(1),
        'k' => Action::Select(-1),
        'g' => Action::Ask(Asked::GoTo),
        'b' => Action::Ask(Asked::Break),
        '/' => Action::Ask(Asked::Find),
        'e' => Action::Ask(Asked::Export),
        'n' | 'N' => Action::Bus { forward: true, on_line: letter == 'N' },
        'p' | 'P' => Action::Bus { forward: false, on_line: letter == 'P' },
        'c' => Action::Continue,
        'y' => Action::Copy,
        '?' => Action::Help,
        'q' => Action::Quit,
        '1'..='6' => Action::Show(Screen::ALL[letter as usize - '1' as usize]),
        _ => return None,
    })
}
