//! The highest layer: whole replays of records in memory, and a bare loop over the same records.
//!
//! No criterion: the figure is a ratio. Both sides are measured in turns, so that whatever else the
//! computer does falls on both, and the medians of five are compared. `cargo bench --bench
//! throughput` prints a table; `-- TRACE...` adds the data references of other traces.
//!
//! `-- --instructions` counts instructions a reference instead, by running itself under callgrind
//! with the records once and twice over: a figure that no other load moves.

#![expect(clippy::print_stdout, reason = "what a bench is for")]

mod workloads;

use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use driver::ReplayOptions;
use driver::config::Config;

use self::workloads::{BareLru, Workload, machine};

const ROUNDS: usize = 5;
const INSIDE: &str = "--inside";

/// What is done with the records: the loop, and replays with and without onlookers.
const WAYS: [&str; 5] = ["bare L1", "replay", "--check", "--classify", "both"];

fn options(way: &str) -> ReplayOptions {
    ReplayOptions {
        check: way == "--check" || way == "both",
        classify: way == "--classify" || way == "both",
        ..ReplayOptions::default()
    }
}

/// Does one of [`WAYS`] with records; returns the misses.
fn done(way: &str, records: Workload, config: &Config) -> u64 {
    if way != WAYS[0] {
        return records.replayed(config, &options(way));
    }
    let mut lru = BareLru::new();
    records.chunks.iter().map(|chunk| lru.misses(chunk)).sum()
}

/// Prints a row: M references a second of each way, and their ratios to the loop.
fn row(config: &Config, workload: &Workload) {
    let mut times = WAYS.map(|_| Vec::new());
    let mut misses = 0;
    for _ in 0..ROUNDS {
        for (times, way) in times.iter_mut().zip(WAYS) {
            let records = workload.clone();
            let start = Instant::now();
            misses = black_box(done(way, records, config));
            times.push(start.elapsed());
        }
    }
    let medians = times.map(|mut times| {
        times.sort_unstable();
        Duration::as_secs_f64(&times[ROUNDS / 2])
    });
    let references = workload.references() as f64;
    print!("| {} | {:.1} % |", workload.name, 100.0 * misses as f64 / references);
    for seconds in medians {
        let rate = references / seconds / 1e6;
        print!(" {rate:.1} ({:.2}) |", medians[0] / seconds);
    }
    println!();
}

const COUNTED: u64 = 1 << 19;
const COUNTED_WORKLOADS: [&str; 3] = ["L1 hits", "L2 hits", "4 cores sharing"];

fn workload(name: &str, references: u64) -> Workload {
    match name {
        "L1 hits" => Workload::zipf(name, 256, 0.99, references),
        "L2 hits" => Workload::zipf(name, 3072, 0.0, references),
        _ => Workload::sharing(references),
    }
}

/// Returns the instructions of a run of this program, as callgrind counts them.
fn counted(name: &str, way: &str, times: u64) -> Result<u64, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let valgrind = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args([INSIDE, name, way, &times.to_string()])
        .output()
        .map_err(|error| format!("valgrind: {error} (Debian: apt install valgrind)"))?;
    let text = String::from_utf8_lossy(&valgrind.stderr);
    let count = text.lines().find_map(|line| line.split_once("Collected : "));
    let count = count.and_then(|(_, count)| count.trim().parse().ok());
    count.ok_or_else(|| format!("callgrind counted nothing:\n{text}"))
}

/// Prints a table of instructions a reference.
#[expect(clippy::print_stderr, reason = "what keeps it from counting")]
fn print_instructions() {
    println!("instructions a reference");
    println!("| workload | {} |", WAYS.join(" | "));
    println!("|---|---|---|---|---|---|");
    for name in COUNTED_WORKLOADS {
        print!("| {name} |");
        for way in WAYS {
            let pair = counted(name, way, 2).and_then(|two| Ok((two, counted(name, way, 1)?)));
            match pair {
                Ok((two, one)) => print!(" {:.0} |", (two - one) as f64 / COUNTED as f64),
                Err(error) => {
                    println!();
                    eprintln!("{error}");
                    return;
                }
            }
        }
        println!();
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    match &arguments[..] {
        [inside, name, way, times] if inside == INSIDE => {
            let times = times.parse().expect("a number");
            black_box(done(way, workload(name, COUNTED).repeated(times), &machine()));
        }
        [only] if only == "--instructions" => print_instructions(),
        paths => print_ratios(paths),
    }
}

/// Prints a table of speeds and ratios.
fn print_ratios(paths: &[String]) {
    let traces = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../traces");
    println!("M references a second (ratio to the bare loop)");
    println!("| workload | L1 misses | {} |", WAYS.join(" | "));
    println!("|---|---|---|---|---|---|---|");
    let mut workloads = vec![
        Workload::data_of(&traces.join("xz-t2.lackey.xz")),
        workload("L1 hits", 4 << 20),
        workload("L2 hits", 4 << 20),
        workload("4 cores sharing", 4 << 20),
        Workload::hot_line(1 << 20),
        Workload::hot_line(16 << 20),
    ];
    workloads.extend(paths.iter().map(|path| Workload::data_of(Path::new(path))));
    for workload in &workloads {
        row(&machine(), workload);
    }
}
