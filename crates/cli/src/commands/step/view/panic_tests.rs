//! A terminal is given back in a panic: this test program runs itself in one of tmux's.

use std::process::{Command, Output};
use std::time::{Duration, Instant};

use super::on_terminal;

/// How long the terminal may take: others may have the processor.
const PATIENCE: Duration = Duration::from_mins(1);

#[test]
#[ignore = "takes the terminal; `a_terminal_is_given_back_in_a_panic` runs it in one of its own"]
fn panics_on_a_screen() {
    let shown = on_terminal(|terminal| {
        terminal.draw(|frame| frame.render_widget("drawn", frame.area())).expect("a terminal");
        panic!("the screen was drawn on");
    });
    shown.expect("it does not come to this");
}

#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
#[test]
fn a_terminal_is_given_back_in_a_panic() {
    if !Command::new("tmux").arg("-V").output().is_ok_and(|output| output.status.success()) {
        eprintln!("\n!!! NO tmux: a_terminal_is_given_back_in_a_panic is left out\n");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let tmux = |arguments: &[&str]| -> Output {
        let mut command = Command::new("tmux");
        command.args(["-f", "/dev/null", "-S", "socket"]).args(arguments);
        command.current_dir(folder.path()).env_remove("TMUX").output().expect("tmux is there")
    };
    let program = std::env::current_exe().expect("this program has a path");
    let shown = format!(
        "'{}' --ignored --nocapture panics_on_a_screen; stty -a; echo over; sleep 600",
        program.display()
    );
    tmux(&["new-session", "-d", "-x", "100", "-y", "60", "sh", "-c", &shown]);
    let start = Instant::now();
    let screen = loop {
        let screen = String::from_utf8(tmux(&["capture-pane", "-p"]).stdout).expect("text");
        if screen.contains("\nover") {
            break screen;
        }
        assert!(start.elapsed() < PATIENCE, "it is not over:\n{screen}");
        std::thread::sleep(Duration::from_millis(50));
    };
    let modes = tmux(&["display-message", "-p", "#{alternate_on} #{cursor_flag}"]).stdout;
    tmux(&["kill-server"]);
    assert!(screen.contains("the screen was drawn on"), "the panic is to be seen:\n{screen}");
    assert!(screen.contains(" icanon") && screen.contains(" echo "), "{screen}");
    assert_eq!(String::from_utf8_lossy(&modes).trim(), "0 1", "the first screen, with its cursor");
}
