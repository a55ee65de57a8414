//! `mesim step` in a terminal: screens over a timeline.
//!
//! [`app`] is what is shown and what keys do to it, [`keys`] which key does what, [`keyboard`] how
//! they come, [`screens`] draws; this file has the terminal, and gives it back whatever happens.

mod app;
mod keyboard;
mod keys;
mod predict;
mod screens;
mod style;

use std::cell::RefCell;
use std::io::{IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::rc::Rc;

use driver::Streams;
use driver::steps::{StepRecord, StepsHeader};
use driver::timeline::{self, RECORDS_MAX, Timeline};
use ratatui::crossterm::event::{Event, KeyEventKind};
use ratatui::{DefaultTerminal, try_init, try_restore};
use trace::{Record, Source};

use self::app::{App, Effect};
use self::keyboard::Keyboard;
use crate::commands::outputs::Outputs;
use crate::diagnostics::Diagnostic;
use crate::input::Opened;
use crate::interrupt;
use crate::output::{self, cannot_write};
use crate::progress::Progress;
use crate::step_args::StepArgs;

/// Tells whether there is a terminal to draw on.
pub(super) fn is_possible() -> bool {
    std::io::stdout().is_terminal()
}

/// Shows the steps of a trace until the user has enough.
pub(super) fn run(args: &StepArgs, header: &StepsHeader, opened: Opened) -> Result<(), Diagnostic> {
    let mut log = Outputs::begin(&[("--predict-log", args.predict_log.as_deref())])?;
    if args.predict_log.as_deref() == Some(Path::new("-")) {
        return Err(Diagnostic::input("E0303", "standard output is the screen")
            .on("--predict-log -", "expected a file")
            .help("name a file, such as `--predict-log answers.txt`"));
    }
    let Opened { mut config, streams, interleave, names, .. } = opened;
    let progress = Progress::start(false);
    let mut go_on = |records| {
        progress.at(records);
        if interrupt::asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let (opened, wrong) = match streams {
        Streams::Ordered(source) => {
            let (records, wrong) = records_of(source, args.limit, &progress)?;
            (Timeline::open(&config, records, &mut go_on)?, wrong)
        }
        Streams::PerCore(sources) => {
            config.machine.cores = config.machine.cores.max(sources.len() as u32);
            let merged = timeline::merge(&config, sources, interleave, args.limit, &mut go_on)?;
            let (records, wrong) = merged;
            refuse_too_many(&records)?;
            let timeline = Timeline::open_merged(&config, records, &mut go_on)?;
            (timeline, wrong.map(Diagnostic::from))
        }
    };
    let (mut timeline, failed) = opened;
    progress.end();
    interrupt::check()?;
    // What is wrong is said when the screen is given back: the steps before it are good.
    let wrong = failed.map(Diagnostic::from).or(wrong);
    if timeline.is_empty() {
        let empty = Diagnostic::input("E0313", "the trace has no steps")
            .at(args.traces[0].display().to_string())
            .help("a trace such as `0 R 0x1000` has one");
        return Err(wrong.unwrap_or(empty));
    }
    if args.from > timeline.len() {
        return Err(wrong.unwrap_or_else(|| super::no_such_step(args.from, timeline.len())));
    }
    timeline.goto(args.from);
    let mut app = App::new(timeline, names, header.title.clone());
    app.theme.colours = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    if wrong.is_some() {
        let steps = app.timeline.len();
        app.message = format!("the trace goes wrong after step {steps}: q says how");
    }
    on_terminal(|terminal| show(terminal, &mut app, header))?;
    // Not every terminal has put them into its clipboard.
    for text in &app.copied {
        output::print(&format!("{text}\n"))?;
    }
    if let Some(mut stream) = log.stream(0)? {
        stream.line(&app.predict.log_text())?;
        stream.publish()?;
    }
    wrong.map_or(Ok(()), Err)
}

/// Reads all records; one that cannot be read ends them.
fn records_of(
    mut source: Box<dyn Source>,
    limit: Option<u64>,
    progress: &Progress,
) -> Result<(Vec<Record>, Option<Diagnostic>), Diagnostic> {
    let mut records: Vec<Record> = Vec::new();
    let mut left = limit.unwrap_or(u64::MAX);
    let wrong = loop {
        let before = records.len();
        let read = source.read(&mut records);
        // What was read before an error is good.
        let mut kept = before;
        while kept < records.len() && left > 0 {
            left -= u64::from(records[kept].op.is_access());
            kept += 1;
        }
        records.truncate(kept);
        refuse_too_many(&records)?;
        progress.at(records.len() as u64);
        interrupt::check()?;
        match read {
            _ if left == 0 => break None,
            Ok(true) => {}
            Ok(false) => break None,
            Err(error) => break Some(error.into()),
        }
    };
    Ok((records, wrong))
}

fn refuse_too_many(records: &[Record]) -> Result<(), Diagnostic> {
    if records.len() <= RECORDS_MAX {
        return Ok(());
    }
    Err(Diagnostic::input("E0313", "the trace is too long to step through")
        .on("step", format!("expected at most {RECORDS_MAX} records"))
        .help(format!("`--limit {RECORDS_MAX}` steps through the first ones")))
}

/// Takes the terminal, shows, and gives it back: after an error, and (by the hook that `try_init`
/// sets) in a panic.
fn on_terminal(
    show: impl FnOnce(&mut DefaultTerminal) -> Result<(), Diagnostic>,
) -> Result<(), Diagnostic> {
    let mut terminal = try_init().map_err(|error| {
        let _ = try_restore();
        output::stdout_failed(&error)
    })?;
    interrupt::screen_is_taken(true);
    let shown = show(&mut terminal);
    interrupt::screen_is_taken(false);
    let restored = try_restore().map_err(|error| output::stdout_failed(&error));
    shown.and(restored)
}

fn show(
    terminal: &mut DefaultTerminal,
    app: &mut App,
    header: &StepsHeader,
) -> Result<(), Diagnostic> {
    let keyboard = Rc::new(RefCell::new(Keyboard::default()));
    let other = Rc::clone(&keyboard);
    app.go_on = Box::new(move |_| other.borrow_mut().go_on());
    loop {
        terminal
            .draw(|frame| screens::draw(app, frame))
            .map_err(|error| output::stdout_failed(&error))?;
        let key = loop {
            interrupt::check()?;
            let came = keyboard.borrow_mut().next();
            match came.map_err(|error| output::stdout_failed(&error))? {
                Some(Event::Key(key)) if key.kind != KeyEventKind::Release => break Some(key),
                Some(Event::Resize(..)) => break None,
                _ => {}
            }
        };
        let Some(action) = key.and_then(|key| keys::action(key, app)) else { continue };
        keyboard.borrow_mut().begin();
        match app.apply(action) {
            None => {}
            Some(Effect::Quit) => return Ok(()),
            Some(Effect::Copy(text)) => copy(&text)?,
            Some(Effect::Export(path)) => {
                app.message = match export(app, header, &path) {
                    Ok(steps) => format!("{steps} steps are in {}", path.display()),
                    Err(error) => format!("{}: {}", path.display(), error.title),
                };
            }
        }
        if keyboard.borrow_mut().end() {
            terminal.clear().map_err(|error| output::stdout_failed(&error))?;
        }
    }
}

/// Asks the terminal to put a text into the clipboard (OSC 52).
fn copy(text: &str) -> Result<(), Diagnostic> {
    let mut out = std::io::stdout();
    write!(out, "\x1b]52;c;{}\x07", base64(text.as_bytes()))
        .and_then(|()| out.flush())
        .map_err(|error| output::stdout_failed(&error))
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let mut bits = 0;
        for place in 0..3 {
            bits = bits << 8 | u32::from(*three.get(place).unwrap_or(&0));
        }
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place) & 63) as usize];
            out.push(if place > three.len() { '=' } else { char::from(digit) });
        }
    }
    out
}

/// Steps that are written between two looks at the keyboard.
const ASKED_EVERY: u64 = 1024;

/// Writes the steps from the place of the timeline on, as `mesim.steps/1`; returns how many.
fn export(app: &mut App, header: &StepsHeader, path: &Path) -> Result<u64, Diagnostic> {
    if path.exists() {
        let title = "there is such a file already; nothing was written";
        return Err(Diagnostic::input("E0303", title).at(path.display().to_string()));
    }
    let mut outputs = Outputs::begin(&[("export", Some(path))])?;
    let Some(mut stream) = outputs.stream(0)? else {
        return Err(cannot_write(path, &std::io::ErrorKind::InvalidInput.into()));
    };
    stream.line(&header.json())?;
    let (mut failed, mut steps, mut stopped) = (None, 0, ControlFlow::Continue(()));
    let App { timeline, names, go_on, .. } = app;
    timeline.each_from(timeline.position().max(1), &mut |machine, step| {
        steps += 1;
        if step.number.is_multiple_of(ASKED_EVERY) {
            stopped = go_on(step.number);
        }
        match stream.line(&StepRecord::new(machine, names, step).json()) {
            Ok(()) => stopped,
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    });
    interrupt::check()?;
    failed.map_or(Ok(()), Err)?;
    if stopped.is_break() {
        return Err(Diagnostic::input("E0304", "stopped; nothing was written"));
    }
    stream.publish()?;
    Ok(steps)
}

#[cfg(test)]
mod panic_tests;
#[cfg(test)]
mod speed_tests;
#[cfg(test)]
mod tests;
