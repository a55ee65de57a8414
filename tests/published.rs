//! Exercises that others have published, with the answers that they have published.
//!
//! The answers are transcribed from the sources that docs/course/published.md names, not made here.

use serde_json::Value;

use crate::support::{Folder, ROOT, text};

/// The steps of a trace, as records.
fn steps(trace: &str, machine: &[&str]) -> Vec<Value> {
    let path = format!("{ROOT}/docs/course/published/{trace}");
    let mut words = vec!["step", &path, "--as", "jsonl"];
    words.extend(machine);
    let output = Folder::new().run(&words);
    text(&output).lines().skip(1).map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// What one more access does, after those that a trace has.
fn next(before: &str, config: &str, access: &str, more: &[&str]) -> Value {
    let folder = format!("{ROOT}/docs/course/published");
    let read = |name: &str| std::fs::read_to_string(format!("{folder}/{name}")).expect("a file");
    let trace = format!("{}{access}\n", read(before));
    let made = Folder::with(&[("t.mtrace", &trace), (config, &read(config))]);
    let mut words = vec!["step", "t.mtrace", "--as", "jsonl"];
    words.extend(more);
    let output = made.run(&words);
    serde_json::from_str(text(&output).lines().last().expect("a line")).expect("JSON")
}

/// What happened to whose lines besides, as `0 flush`.
fn events(step: &Value) -> Vec<String> {
    let events = step["events"].as_array().expect("a list").iter();
    let said = |event: &Value| format!("{} {}", event["core"], event["do"].as_str().expect("text"));
    events.map(said).collect()
}

#[test]
fn five_accesses_under_msi_are_as_in_the_lecture() {
    let protocol = format!("protocol={ROOT}/docs/course/published/bus-rdx-alone.ron");
    let steps = steps("five-accesses.mtrace", &["--set", &protocol]);
    // Duke CPS 221, week 6, slide 21: the states of P1, P2 and P3, the bus action, data from.
    let published = [
        ("S -- --", "BusRd", "Memory"),
        ("S -- S", "BusRd", "Memory"),
        ("I -- M", "BusRdX", "Memory"),
        ("S -- S", "BusRd", "P3"),
        ("S S S", "BusRd", "Memory"),
    ];
    assert_eq!(steps.len(), published.len());
    for (step, (states, bus, from)) in steps.iter().zip(published) {
        let states = states.replace("--", "I").replace(' ', "");
        assert_eq!(step["after"], states.as_str(), "{step}");
        assert_eq!(step["bus"], bus, "{step}");
        let supplier = if from == "P3" { "core2" } else { "memory" };
        assert_eq!(step["supplier"], supplier, "{step}");
    }
}

#[test]
fn six_accesses_on_four_processors_are_as_answered() {
    let steps = steps("four-way.mtrace", &[]);
    // P0 to P3, whether memory is up to date, and who writes the line back.
    let published = [
        ("EIII", true, None),
        ("MIII", false, None),
        ("SSII", true, Some("0 flush")),
        ("SSSI", true, None),
        ("IMII", false, None),
        ("IIIM", false, Some("1 flush")),
    ];
    assert_eq!(steps.len(), published.len());
    for (step, (states, memory, written)) in steps.iter().zip(published) {
        assert_eq!(step["after"], states, "{step}");
        assert_eq!(!states.contains('M'), memory, "a line is dirty where memory is not up to date");
        let flushes = events(step).into_iter().find(|event| event.ends_with("flush"));
        assert_eq!(flushes.as_deref(), written, "{step}");
    }
}

/// An access, with what is published of it: hit, transaction, states before and after, who
/// supplies, what happens besides.
type Answer =
    (&'static str, bool, bool, &'static str, &'static str, &'static str, &'static [&'static str]);

fn compare(before: &str, config: &str, answers: &[Answer]) {
    for (access, hit, on_bus, was, is, supplier, besides) in answers {
        // Clean copies supply where the published answer has them do so.
        let more: &[&str] = match *supplier {
            "clean copy" => &["--set", "rules.clean_supply=AnyHolder"],
            _ => &[],
        };
        let step = next(before, config, access, more);
        assert_eq!(step["hit"], *hit, "{step}");
        assert_eq!(!step["bus"].is_null(), *on_bus, "{step}");
        assert_eq!((&step["before"], &step["after"]), (&(*was).into(), &(*is).into()), "{step}");
        let from = step["supplier"].as_str().unwrap_or("nobody");
        let is_core = from.starts_with("core");
        assert!(from == *supplier || (is_core && *supplier == "clean copy"), "{step}");
        assert_eq!(events(&step), *besides, "{step}");
    }
}

#[test]
fn one_more_access_does_what_the_problem_set_says() {
    // HPCA, problem set on multiprocessing: problems 1, 2 (both answers), 3, 6, 8, 10.
    compare(
        "before-hpca.mtrace",
        "direct-mapped.ron",
        &[
            ("0 W 0x00fc", true, false, "MIII", "MIII", "nobody", &[]),
            ("1 R 0x0f8c", false, true, "IIEI", "ISSI", "memory", &[]),
            ("1 R 0x0f8c", false, true, "IIEI", "ISSI", "clean copy", &[]),
            ("2 R 0x0f8c", true, false, "IIEI", "IIEI", "nobody", &[]),
            ("1 R 0x0f00", true, false, "IEII", "IEII", "nobody", &[]),
            ("3 W 0x00fc", false, true, "MIII", "IIIM", "core0", &["0 flush", "0 invalidate"]),
            (
                "0 R 0x0360",
                false,
                true,
                "IIMI",
                "SISI",
                "core2",
                &["0 write_back", "0 evict", "2 flush"],
            ),
        ],
    );
}

#[test]
fn the_case_study_of_a_multicore_is_as_solved() {
    // EE282, spring 2025, problem 3 (Hennessy and Patterson, figure 5.37).
    compare(
        "before-h-and-p.mtrace",
        "four-blocks.ron",
        &[
            ("0 R 0xac20", false, true, "IIIS", "SIIS", "clean copy", &[]),
            ("0 R 0xac30", false, true, "IIII", "SIII", "memory", &["0 write_back", "0 evict"]),
            ("3 W 0xac08", true, true, "SIIS", "IIIM", "nobody", &["0 invalidate"]),
            ("1 W 0xac10", false, true, "MIII", "IMII", "core0", &["0 flush", "0 invalidate"]),
        ],
    );
}

#[test]
fn sharing_misses_have_the_classes_of_the_book() {
    let steps = steps("sharing-misses.mtrace", &[]);
    // Hennessy and Patterson, section 5.3: true, false, false, false, true. The first and the third
    // are upgrades, which the book calls misses.
    let published =
        [None, Some("false_sharing"), None, Some("false_sharing"), Some("true_sharing")];
    let found: Vec<_> = steps[2..].iter().map(|step| step["class"].as_str()).collect();
    assert_eq!(found, published);
    let upgrades: Vec<_> = steps[2..].iter().map(|step| step["bus"] == "BusUpgr").collect();
    assert_eq!(upgrades, [true, false, true, false, false]);
}
