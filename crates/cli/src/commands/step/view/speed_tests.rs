//! How long a key takes in a long trace, drawn: the longest, not the middle one.

use std::time::{Duration, Instant};

use driver::config::{Config, Draft};
use driver::steps::Names;
use driver::timeline::Timeline;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::KeyCode;
use trace::{Op, Record};

use super::app::{Action, App, Screen};
use super::screens;

/// A million accesses of so many cores all over so many lines, a third of them stores.
pub(super) fn long_app(cores: u16, lines: u64) -> App {
    let mut state: u64 = 5;
    let record = |n: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let op = if (state >> 56).is_multiple_of(3) { Op::Write } else { Op::Read };
        Record::access((n % u64::from(cores)) as u16, op, (state >> 20) % lines * 64, 1)
    };
    let records = (0..1_000_000).map(record).collect();
    let mut draft = Draft::built_in();
    draft.set(&format!("cores={cores}")).unwrap();
    let config = Config::new(&draft).unwrap();
    let mut go_on = |_| std::ops::ControlFlow::Continue(());
    let (timeline, failed) = Timeline::open(&config, records, &mut go_on).unwrap();
    assert!(failed.is_none());
    App::new(timeline, Names::default(), None)
}

/// Returns for how long this thread had a processor so far, where the system says so: what others
/// take of it is not in this.
fn processor_time() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let time = told.split_whitespace().next().and_then(|time| time.parse().ok());
    Duration::from_nanos(time.unwrap_or(0))
}

/// Returns how much memory this process has at the moment, in bytes, where the system says so.
fn memory() -> u64 {
    let told = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: Option<u64> = told.split_whitespace().nth(1).and_then(|pages| pages.parse().ok());
    pages.unwrap_or(0) * 4096
}

/// Presses a key so many times and draws each time; returns how long each took, and how long of
/// that on a processor.
fn times(app: &mut App, code: KeyCode, count: usize) -> Vec<[Duration; 2]> {
    let mut terminal = Terminal::new(TestBackend::new(120, 40)).unwrap();
    let took = (0..count).map(|_| {
        let (start, ran) = (Instant::now(), processor_time());
        super::tests::press_key(app, code);
        terminal.draw(|frame| screens::draw(app, frame)).unwrap();
        [start.elapsed(), processor_time().saturating_sub(ran)]
    });
    took.collect()
}

/// Prints how long keys take. In a release build on a quiet machine:
/// `cargo test --release -p mesim speed_tests -- --ignored --nocapture`
#[test]
#[ignore = "measures: minutes, and only of use in a release build"]
#[expect(clippy::print_stdout, reason = "what it measures is to be read")]
fn the_longest_step_of_many_is_measured() {
    println!("cores lines  screen     key    median   p99.9     max  max on a processor (ms)");
    for (cores, lines) in [(4, 64), (4, 65_536), (64, 65_536), (4, 1_000_000), (64, 1_000_000)] {
        let start = Instant::now();
        let mut app = long_app(cores, lines);
        let opening = start.elapsed();
        let jumps = [999_000, 400_000, 700_123, 77_777, 612_345, 5].map(|place| {
            let start = Instant::now();
            app.timeline.goto(place);
            start.elapsed()
        });
        let longest = jumps.into_iter().max().unwrap_or_default();
        println!(
            "{cores:5} {lines:7} opened in {opening:.1?}, the longest of six jumps {longest:.1?}"
        );
        // From the end the way back leads through what is behind copies far apart: on the first
        // screen a long way, with all that is done on the way for the steps to come.
        let walks = [(Screen::Step, 9000), (Screen::Caches, 600), (Screen::Life, 1200)];
        for (screen, count) in walks {
            app.apply(Action::Show(screen));
            app.timeline.goto(999_000);
            for (code, count) in [(KeyCode::Left, count), (KeyCode::Right, count / 3)] {
                let mut took = times(&mut app, code, count);
                let ran =
                    took.iter().map(|[_, ran]| ran.as_secs_f64() * 1000.0).fold(0.0, f64::max);
                took.sort_unstable();
                let ms = |index: usize| took[index][0].as_secs_f64() * 1000.0;
                println!(
                    "{cores:5} {lines:7} {:10} {:5} {:8.2} {:8.2} {:8.2} {ran:8.2}",
                    screen.title(),
                    code.to_string(),
                    ms(count / 2),
                    ms(count - 1 - count / 1000),
                    ms(count - 1),
                );
            }
        }
        println!("{cores:5} {lines:7} memory: {} MB", memory() / 1_000_000);
    }
}
