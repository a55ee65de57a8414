//! The scenario traces: each says what it teaches, and counts what its expectation file says.
//!
//! The counts, and how they follow from the story, are in the files themselves. A trace that is too
//! long to keep has an expectation file that says how it is made.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{Folder, ROOT, error_text, mesim, text};

const ENDING: &str = ".expect.ron";

fn folder() -> PathBuf {
    Path::new(ROOT).join("traces/scenarios")
}

/// The names in the folder that end so, without that ending.
fn names(ending: &str) -> BTreeSet<String> {
    let files = std::fs::read_dir(folder()).expect("there are scenarios");
    let names = files.map(|entry| entry.expect("the folder is readable").file_name());
    let names = names.map(|name| name.into_string().expect("names are text"));
    names.filter_map(|name| Some(name.strip_suffix(ending)?.to_owned())).collect()
}

fn read(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).expect("the scenario is readable")
}

/// Compares a trace with the expectation file of a scenario, and returns what `mesim check` says.
fn check(trace: &Path, name: &str) -> Value {
    let expect = folder().join(format!("{name}{ENDING}"));
    let mut command = mesim();
    command.arg("check").arg(trace).arg("--expect").arg(expect).args(["-q", "--json", "-"]);
    let output = command.output().expect("the program runs");
    let result = serde_json::from_slice(&output.stdout);
    let result: Value = result.unwrap_or_else(|_| panic!("{name}: {}", error_text(&output)));
    assert!(output.status.success(), "{name}: {result:#}");
    result
}

#[test]
fn every_scenario_counts_what_its_expectation_file_says() {
    let (traces, expected) = (names(".mtrace"), names(ENDING));
    let unpinned: Vec<_> = traces.difference(&expected).collect();
    assert!(unpinned.is_empty(), "scenarios without expectations: {unpinned:?}");
    let made = Folder::new();
    let mut protocols = BTreeSet::new();
    for name in &expected {
        let mut trace = folder().join(format!("{name}.mtrace"));
        if !traces.contains(name) {
            // Made as its expectation file says.
            let text = read(&format!("{name}{ENDING}"));
            let line = text.lines().find_map(|line| line.strip_prefix("// gen: mesim "));
            let line = line.unwrap_or_else(|| panic!("{name}: no trace, and no way to make it"));
            made.good(&line.split(' ').collect::<Vec<_>>());
            trace = made.join(&format!("{name}.mtrace"));
        }
        let result = check(&trace, name);
        let machines = result["traces"][0]["machines"].as_array().expect("a list").clone();
        for machine in machines {
            assert!(!machine["checks"].as_array().expect("a list").is_empty(), "{name}");
            protocols.insert(machine["protocol"].as_str().expect("a name").to_owned());
        }
    }
    assert!(expected.len() >= 29, "{} scenarios", expected.len());
    let all = ["Dragon", "MESI", "MESIF", "MOESI", "MSI"].map(str::to_owned);
    assert_eq!(protocols, all.into(), "each protocol has a scenario");
}

#[test]
fn every_count_of_every_scenario_is_compared() {
    // Each count or state of a file in turn is made wrong: then exactly that does not hold.
    let machine = "upgrade";
    let good = read(&format!("{machine}{ENDING}"));
    let lines = || good.lines().enumerate().filter(|(_, line)| line.contains("\": \""));
    let folder = Folder::with(&[("t.mtrace", &read(&format!("{machine}.mtrace")))]);
    let mut tried = 0;
    for (number, line) in lines().filter(|(_, line)| !line.contains("config")) {
        let (key, rest) = line.split_once("\": \"").expect("the line has a value");
        let wrong = if line.contains("final") {
            vec![format!("{key}\": \"II\"}},")]
        } else {
            ["1 + ", "-1 + "].map(|more| format!("{key}\": \"{more}{rest}")).to_vec()
        };
        for wrong in wrong {
            let lines = good.lines().enumerate();
            let lines = lines.map(|(at, line)| if at == number { &wrong } else { line });
            folder.write("t.expect.ron", lines.collect::<Vec<_>>().join("\n").as_bytes());
            let output = folder.run(&["check", "t.mtrace"]);
            assert_eq!(output.status.code(), Some(1), "{wrong}: {}", error_text(&output));
            assert_eq!(rows(&text(&output)), 1, "{wrong}");
            tried += 1;
        }
    }
    assert!(tried > 20);
}

/// The rows of a table of what does not hold.
fn rows(text: &str) -> usize {
    text.lines().filter(|line| line.starts_with("  ")).count() - 1
}

#[test]
fn every_scenario_says_what_it_teaches_asks_and_answers() {
    let comments = |name: &str, sign: &str| {
        let text = read(name);
        let lines = text.lines().filter(|line| !line.starts_with('@'));
        let lines = lines.map(|line| line.trim_start_matches(sign).to_owned());
        lines.collect::<Vec<_>>()
    };
    let traces = names(".mtrace");
    for name in names(ENDING) {
        let is_kept = traces.contains(&name);
        let lines = if is_kept {
            comments(&format!("{name}.mtrace"), "# ")
        } else {
            comments(&format!("{name}{ENDING}"), "// ")
        };
        let at = |word: &str| {
            let found = lines.iter().position(|line| {
                line.strip_prefix(word).is_some_and(|rest| rest.trim().len() > 10)
            });
            found.unwrap_or_else(|| panic!("{name} has no `{word}`"))
        };
        assert!(at("teaches: ") < at("question: ") && at("question: ") < at("answer: "), "{name}");
        if is_kept {
            let text = read(&format!("{name}.mtrace"));
            assert!(text.starts_with("@title "), "{name} has no title");
            assert!(text.contains("\nlet "), "{name} has no names");
        }
    }
}
