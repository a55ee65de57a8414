//! Ctrl-C and termination: asked for once, obeyed between chunks, or at once if nothing moves.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ratatui::crossterm::{cursor, execute};

use crate::diagnostics::{Diagnostic, Messages};
use crate::output;

static ASKED: AtomicBool = AtomicBool::new(false);

/// The terminal is drawn on, and has to be given back.
static SCREEN: AtomicBool = AtomicBool::new(false);

/// What the command has written so far is whole, and is kept.
static KEEPS: AtomicBool = AtomicBool::new(false);

/// How long the work under way has to end by itself, before what it has begun is removed.
const PATIENCE: Duration = Duration::from_millis(500);

/// Prepares to be interrupted.
pub(crate) fn install(messages: Messages) {
    // Without a handler an interrupt ends the program, which is well enough.
    let _ = ctrlc::set_handler(move || {
        if ASKED.swap(true, Ordering::SeqCst) {
            return;
        }
        std::thread::sleep(PATIENCE);
        output::discard_unfinished();
        if SCREEN.load(Ordering::SeqCst) {
            let _ = ratatui::try_restore();
            // Whoever draws shows the cursor at the end, and does not come to it.
            let _ = execute!(std::io::stdout(), cursor::Show);
        }
        messages.show(&interrupted());
        #[expect(clippy::exit, reason = "the main thread waits for input that does not come")]
        std::process::exit(2);
    });
}

/// Tells whether an interrupt has come.
pub(crate) fn asked() -> bool {
    ASKED.load(Ordering::SeqCst)
}

/// Says whether the terminal is drawn on.
pub(crate) fn screen_is_taken(taken: bool) {
    SCREEN.store(taken, Ordering::SeqCst);
}

/// Says that what the command has written so far is whole and is kept, whenever it is interrupted.
pub(crate) fn keep_what_is_written() {
    KEEPS.store(true, Ordering::SeqCst);
}

/// Returns an error if an interrupt has come.
pub(crate) fn check() -> Result<(), Diagnostic> {
    if asked() { Err(interrupted()) } else { Ok(()) }
}

fn interrupted() -> Diagnostic {
    let help = if KEEPS.load(Ordering::SeqCst) {
        "the results that were written are whole and are kept: the same command goes on with the \
         others"
    } else {
        "no file was written or changed; run the command again"
    };
    Diagnostic::input("E0304", "interrupted").help(help)
}
