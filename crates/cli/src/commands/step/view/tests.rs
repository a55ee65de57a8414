//! Each screen as it is drawn, and what keys do.

use std::ops::ControlFlow;
use std::time::Instant;

use driver::config::{Config, Draft};
use driver::steps::Names;
use driver::timeline::Timeline;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use trace::Source;

use super::app::{App, Effect, Screen};
use super::speed_tests::long_app;
use super::{base64, keys, screens};

/// Two cores share a line, and one of them needs its place for another one.
const TRACE: &str = "\
@title Two cores
@cores 2
@line 64
let x = 0x1000
let y = 0x1004
let z = 0x1080
0 R x
1 W y
0 R x
0 R y
1 W x
0 R x 8
0 W z
0 R x
1 W 0x103e
0 C x
0 F x
0 R x
";

fn app_of(text: &'static str, settings: &[&str]) -> App {
    let mut source =
        trace::read("inline", Box::new(text.as_bytes()), &trace::ReadOptions::default()).unwrap();
    let header = source.header().clone();
    let mut records = Vec::new();
    while source.read(&mut records).unwrap() {}
    let mut draft = Draft::built_in();
    let cores = format!("cores={}", header.cores.unwrap());
    for setting in settings.iter().copied().chain([cores.as_str()]) {
        draft.set(setting).unwrap();
    }
    let config = Config::new(&draft).unwrap();
    let mut go_on = |_| ControlFlow::Continue(());
    let (timeline, failed) = Timeline::open(&config, records, &mut go_on).unwrap();
    assert!(failed.is_none());
    App::new(timeline, Names::new(header.names), header.title)
}

const SMALL: &[&str] = &["L1.size=128", "L1.ways=1", "L2.size=256", "L2.ways=2"];

fn app() -> App {
    app_of(TRACE, SMALL)
}

fn key(code: KeyCode) -> KeyEvent {
    KeyEvent::new(code, KeyModifiers::NONE)
}

/// Presses letters, one after the other; `\n` is the Enter key.
fn press(app: &mut App, letters: &str) -> Option<Effect> {
    let mut effect = None;
    for letter in letters.chars() {
        let code = if letter == '\n' { KeyCode::Enter } else { KeyCode::Char(letter) };
        let action = keys::action(key(code), app);
        let action = action.unwrap_or_else(|| panic!("{letter} does nothing"));
        effect = app.apply(action);
    }
    effect
}

pub(super) fn press_key(app: &mut App, code: KeyCode) -> Option<Effect> {
    let action = keys::action(key(code), app)?;
    app.apply(action)
}

/// What is drawn, without the spaces at the ends of lines.
fn drawn(app: &App, columns: u16, rows: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal.draw(|frame| screens::draw(app, frame)).unwrap();
    let buffer = terminal.backend().buffer();
    let line = |row| {
        let cells = (0..columns).map(|column| buffer[(column, row)].symbol());
        cells.collect::<String>().trim_end().to_owned()
    };
    (0..rows).map(line).collect::<Vec<_>>().join("\n")
}

fn at(app: &App) -> u64 {
    app.timeline.position()
}

#[test]
fn every_screen_fits_the_least_terminal() {
    let mut app = app();
    insta::assert_snapshot!("start", drawn(&app, 80, 24));
    press(&mut app, "g5\n");
    for (number, name) in
        [("1", "step"), ("2", "caches"), ("3", "life"), ("4", "protocol"), ("5", "counts")]
    {
        press(&mut app, number);
        insta::assert_snapshot!(name, drawn(&app, 80, 24));
    }
    press(&mut app, "6- ms\n");
    press(&mut app, "BusRd");
    insta::assert_snapshot!("predict", drawn(&app, 80, 24));
    press_key(&mut app, KeyCode::Esc);
    press(&mut app, "?");
    insta::assert_snapshot!("help", drawn(&app, 80, 24));
}

#[test]
fn a_larger_terminal_shows_more() {
    let mut app = app();
    press(&mut app, "g7\n");
    insta::assert_snapshot!("step_large", drawn(&app, 120, 40));
    assert!(drawn(&app, 60, 20).starts_with("60 x 20 is too small: at least 80 x 24"));
}

#[test]
fn states_keep_their_letters_where_there_are_no_colours() {
    let mut app = app();
    press(&mut app, "g5\n");
    let coloured = drawn(&app, 80, 24);
    app.theme.colours = false;
    assert_eq!(drawn(&app, 80, 24), coloured);
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    terminal.draw(|frame| screens::draw(&app, frame)).unwrap();
    let buffer = terminal.backend().buffer();
    assert!(buffer.content().iter().all(|cell| cell.fg == ratatui::style::Color::Reset));
}

#[test]
fn arrows_and_letters_walk() {
    let mut app = app();
    press(&mut app, "l l");
    assert_eq!(at(&app), 3);
    press(&mut app, "h");
    press_key(&mut app, KeyCode::Right);
    press_key(&mut app, KeyCode::Left);
    assert_eq!(at(&app), 2);
    press_key(&mut app, KeyCode::PageDown);
    assert_eq!(at(&app), 12);
    press_key(&mut app, KeyCode::PageUp);
    press_key(&mut app, KeyCode::PageUp);
    assert_eq!(at(&app), 0);
    press_key(&mut app, KeyCode::End);
    assert_eq!(at(&app), app.timeline.len());
    press_key(&mut app, KeyCode::Home);
    assert_eq!(at(&app), 0);
    press(&mut app, "g7\n");
    assert_eq!(at(&app), 7);
    press(&mut app, "gseven\n");
    assert_eq!(app.message, "`seven`: expected a step from 0 to 13, as 13");
}

#[test]
fn bus_transactions_are_jumped_to_also_of_one_line() {
    let mut app = app();
    press(&mut app, "nn");
    assert_eq!(at(&app), 2);
    press(&mut app, "g6\n");
    // z is another line: N stays on that of x.
    press(&mut app, "n");
    assert_eq!(at(&app), 7);
    press(&mut app, "p");
    assert_eq!(at(&app), 6);
    press(&mut app, "N");
    assert!(at(&app) > 7, "{}", at(&app));
    press_key(&mut app, KeyCode::Home);
    press(&mut app, "p");
    assert_eq!(app.message, "no bus transaction before this step");
}

#[test]
fn a_break_stops_where_it_is_met_and_find_needs_no_break() {
    let mut app = app();
    press(&mut app, "bstate M->S\nc");
    assert_eq!((at(&app), app.message.as_str()), (3, "stopped at state M->S"));
    press(&mut app, "c");
    assert_eq!(at(&app), 6);
    press(&mut app, "/z\n");
    assert_eq!(at(&app), 7);
    // What was looked for last is there to be changed.
    app.apply(super::app::Action::Ask(super::app::Asked::Find));
    press_key(&mut app, KeyCode::Backspace);
    press(&mut app, "bus=BusFoo\n");
    assert!(app.message.contains("such as bus=BusRdX"), "{}", app.message);
    // Without a break, to the end.
    app.apply(super::app::Action::Ask(super::app::Asked::Break));
    for _ in 0..30 {
        press_key(&mut app, KeyCode::Backspace);
    }
    press(&mut app, "\nc");
    assert_eq!(at(&app), app.timeline.len());
}

#[test]
fn lines_are_selected_and_followed_again() {
    let mut app = app();
    press(&mut app, "g8\n");
    let own = app.line();
    press_key(&mut app, KeyCode::Down);
    assert_ne!(app.line(), own);
    press(&mut app, "3");
    assert!(drawn(&app, 80, 24).contains("Life of 0x1080 z"));
    press_key(&mut app, KeyCode::Esc);
    assert_eq!(app.line(), own);
}

#[test]
fn who_scrolls_behind_the_end_comes_back_at_once() {
    let mut app = app();
    press(&mut app, "g5\n4");
    for _ in 0..200 {
        press_key(&mut app, KeyCode::Down);
        drawn(&app, 80, 24);
    }
    assert_eq!(app.scroll.get(), 0, "everything fits");
}

#[test]
fn screens_go_round_and_predictions_are_scored() {
    let mut app = app();
    for _ in 0..5 {
        press_key(&mut app, KeyCode::Tab);
    }
    assert_eq!(app.screen, Screen::Predict);
    press(&mut app, "nonsense\n");
    assert_eq!(app.message, "expected an operation or -, and 2 states, such as: BusRd MI");
    for _ in 0..8 {
        press_key(&mut app, KeyCode::Backspace);
    }
    press(&mut app, "busrd ei\n");
    press(&mut app, "BusRd SS\n");
    assert_eq!((app.predict.right, app.predict.answers, at(&app)), (1, 2, 2));
    assert_eq!(
        app.predict.log_text(),
        "step 1: core 0 R 0x1000: answered busrd ei, right; it was BusRd EI\n\
         step 2: core 1 W 0x1004: answered BusRd SS, wrong; it was BusRdX IM\n\
         1 of 2 right"
    );
    press_key(&mut app, KeyCode::Tab);
    assert_eq!(app.screen, Screen::Step);
    press_key(&mut app, KeyCode::BackTab);
    assert_eq!(app.screen, Screen::Predict);
}

#[test]
fn what_leaves_the_screen_is_an_effect() {
    let mut app = app();
    assert_eq!(press(&mut app, "y"), None);
    press(&mut app, "l");
    let Some(Effect::Copy(text)) = press(&mut app, "y") else { panic!("nothing to copy") };
    assert!(text.starts_with("step 1: core 0 R 0x1000, miss, cold, BusRd, II -> EI\nC0's copy"));
    let path = std::path::PathBuf::from("steps.jsonl");
    assert_eq!(press(&mut app, "e\n"), Some(Effect::Export(path)));
    assert_eq!(press(&mut app, "?l"), None);
    assert_eq!(at(&app), 1);
    assert_eq!(press(&mut app, "q"), Some(Effect::Quit));
    let ctrl_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    press(&mut app, "/");
    let action = keys::action(ctrl_c, &app).unwrap();
    assert_eq!(app.apply(action), Some(Effect::Quit));
}

/// In the middle of a million steps over 64,000 lines a step on, a step back, ten on and ten back
/// are there, drawn, within 50 ms (the middle one of 21, as others may have the processor); in a
/// debug build, which is that much slower, within ten times as long.
#[test]
fn a_step_in_a_long_trace_takes_no_time() {
    let limit = if cfg!(debug_assertions) { 500 } else { 50 };
    let mut app = long_app(4, 64_000);
    assert_eq!(app.timeline.len(), 1_000_000);
    for screen in ["1", "2", "3"] {
        press(&mut app, screen);
        press(&mut app, "g500000\n");
        for code in [KeyCode::Left, KeyCode::Right, KeyCode::PageUp, KeyCode::PageDown] {
            let mut took: Vec<_> = (0..21)
                .map(|_| {
                    let start = Instant::now();
                    press_key(&mut app, code);
                    drawn(&app, 120, 40);
                    start.elapsed().as_millis()
                })
                .collect();
            took.sort_unstable();
            assert!(took[10] < limit, "{code} on screen {screen}: {took:?} ms");
        }
        assert_eq!(at(&app), 500_000);
    }
    // A long way can be broken off.
    app.go_on = Box::new(|_| ControlFlow::Break(()));
    press_key(&mut app, KeyCode::End);
    assert_eq!((at(&app), &*app.message), (500_000, "stopped: this is step 500000 still"));
}

/// Every letter that the help lists does something.
#[test]
fn the_help_lists_no_dead_key() {
    let mut app = app();
    for letter in "lhgnpNPjkbc/ye?q123456 ".chars() {
        assert!(keys::action(key(KeyCode::Char(letter)), &app).is_some(), "{letter}");
    }
    app.help = true;
    let help = drawn(&app, 80, 24);
    assert!(keys::HELP.iter().all(|(keys, what)| help.contains(keys) && help.contains(what)));
}

#[test]
fn clipboard_texts_are_base64() {
    let encoded = ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map(|s| base64(s.as_bytes()));
    assert_eq!(encoded, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"]);
}
