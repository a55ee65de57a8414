//! `mesim step` in a real terminal, that of tmux. Without tmux a test says so and is left out.

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use crate::record::has;
use crate::support::{Folder, ROOT, text};

/// How long a screen may take to come: others may have the processor.
const PATIENCE: Duration = Duration::from_mins(1);

/// A terminal of 100 columns and 30 rows, on a server of its own.
struct Terminal {
    folder: Folder,
}

impl Terminal {
    /// Runs the program there; what is left when it has ended is its code and the terminal's modes.
    fn with(arguments: &str, trace: &str) -> Option<Self> {
        if !has("tmux") {
            return None;
        }
        let terminal = Self { folder: Folder::new() };
        terminal.folder.write("trace.mtrace", trace.as_bytes());
        let program = env!("CARGO_BIN_EXE_mesim");
        let shown = format!(
            "'{program}' step trace.mtrace {arguments}; echo \"code $?\"; stty -a; sleep 600"
        );
        let script = ["new-session", "-d", "-x", "100", "-y", "30", "sh", "-c", &shown];
        let output = terminal.tmux(&script);
        assert!(output.status.success(), "{output:?}");
        Some(terminal)
    }

    fn tmux(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("tmux");
        // The socket's path has to be short.
        command.args(["-f", "/dev/null", "-S", "socket"]).args(arguments);
        command.current_dir(self.folder.path()).env_remove("TMUX").env("NO_COLOR", "1");
        command.env("LC_ALL", "C.UTF-8").output().expect("tmux is there")
    }

    fn press(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys"], keys].concat());
    }

    fn screen(&self) -> String {
        text(&self.tmux(&["capture-pane", "-p"])).trim_end().to_owned()
    }

    /// Waits until the screen has a text, and returns it.
    fn wait_for(&self, wanted: &str) -> String {
        let start = Instant::now();
        loop {
            let screen = self.screen();
            if screen.contains(wanted) {
                return screen;
            }
            assert!(start.elapsed() < PATIENCE, "no `{wanted}` in\n{screen}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until the program has ended with a code; the terminal is as it was.
    fn wait_for_end(&self, code: u8) -> String {
        self.wait_for(&format!("code {code}"));
        let screen = self.wait_for(" icanon");
        assert!(screen.contains(" echo "), "{screen}");
        assert!(!screen.contains(" -icanon"), "{screen}");
        let modes = text(&self.tmux(&["display-message", "-p", "#{alternate_on} #{cursor_flag}"]));
        assert_eq!(modes.trim(), "0 1", "the first screen, with its cursor");
        screen
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}

fn false_sharing() -> String {
    let path = Path::new(ROOT).join("traces/scenarios/false-sharing.mtrace");
    std::fs::read_to_string(path).expect("the scenario is there")
}

#[test]
fn a_trace_is_walked_in_a_terminal() {
    let Some(terminal) = Terminal::with("--predict-log log.txt", &false_sharing()) else { return };
    terminal.wait_for("step 1 of 20");
    terminal.press(&["Right", "Right", "Left", "PageDown", "PageUp", "n"]);
    let screen = terminal.wait_for("step 3 of 20");
    insta::assert_snapshot!("terminal", screen);
    terminal.press(&["y"]);
    terminal.wait_for("step 3 is in the clipboard, if the terminal allows");
    terminal.press(&["4"]);
    terminal.wait_for("MESI: 3 of 24 cells seen");
    terminal.press(&["b"]);
    terminal.press(&["-l", "core=1"]);
    terminal.press(&["Enter", "c"]);
    terminal.wait_for("step 4 of 20");
    terminal.press(&["e", "Enter"]);
    terminal.wait_for("17 steps are in steps.jsonl");
    terminal.press(&["6"]);
    terminal.press(&["-l", "BusRdX MI"]);
    terminal.press(&["Enter"]);
    terminal.wait_for("1 of 1 right");
    terminal.press(&["C-c"]);
    let screen = terminal.wait_for_end(0);
    // Printed for terminals that have no clipboard; its words follow from the story of the trace.
    let copied = "step 3: core 0 W 0x1000, miss, false_sharing, BusRdX, IM -> MI";
    assert!(screen.contains(copied), "{screen}");
    let read = |name: &str| std::fs::read_to_string(terminal.folder.path().join(name)).unwrap();
    assert_eq!(read("steps.jsonl").lines().count(), 1 + 17);
    assert!(read("log.txt").ends_with("right; it was BusRdX MI\n1 of 1 right\n"));
}

#[test]
fn what_is_wrong_with_a_trace_is_said_when_the_screen_is_gone() {
    let wrong = "@cores 2\n0 R 0x1000\n1 W 0x1000\n2 R 0x1000\n";
    let Some(terminal) = Terminal::with("", wrong) else { return };
    let screen = terminal.wait_for("step 1 of 2");
    assert!(screen.contains("the trace goes wrong after step 2: q says how"), "{screen}");
    terminal.press(&["q"]);
    let screen = terminal.wait_for_end(2);
    assert!(screen.contains("error[E"), "{screen}");
}

#[test]
fn a_terminal_is_given_back_when_the_program_is_ended() {
    let Some(terminal) = Terminal::with("", &false_sharing()) else { return };
    terminal.wait_for("step 1 of 20");
    // The pane's own process is the shell; the program is its child.
    let shell = text(&terminal.tmux(&["display-message", "-p", "#{pane_pid}"]));
    let child = Command::new("sh")
        .args(["-c", &format!("kill -TERM $(cat /proc/{0}/task/{0}/children)", shell.trim())])
        .status()
        .expect("there is a shell");
    assert!(child.success());
    let screen = terminal.wait_for_end(2);
    assert!(screen.contains("interrupted"), "{screen}");
}
