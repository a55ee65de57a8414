//! `mesim diff`: where steps, and printed reports, first say something else.

use crate::support::{Folder, ROOT, error_text, text};

/// A folder with the steps of a scenario, under MESI.
fn steps() -> (Folder, Vec<String>) {
    let folder = Folder::with(&[]);
    let trace = format!("{ROOT}/traces/scenarios/false-sharing.mtrace");
    folder.good(&["replay", &trace, "-q", "--events", "a.jsonl"]);
    let lines = String::from_utf8(folder.read("a.jsonl")).expect("text");
    let lines = lines.lines().map(str::to_owned).collect();
    (folder, lines)
}

#[test]
fn the_same_steps_have_no_difference_however_they_are_spelt() {
    let (folder, lines) = steps();
    folder.write("b.jsonl", lines.join("\n").as_bytes());
    assert_eq!(text(&folder.run(&["diff", "a.jsonl", "b.jsonl"])), "20 steps, and no difference\n");
    // A student's: fewer keys, states as lists, addresses as numbers, empty lines.
    let spelt: Vec<String> = lines
        .iter()
        .map(|line| {
            line.replace(r#""before":"IM""#, r#""before":["I","M"]"#)
                .replace(r#""addr":"0x1000""#, r#""addr": 4096"#)
                .replace(r#""hit":false"#, r#""hit":"miss""#)
                .replace(r#""class":"false_sharing","#, "")
        })
        .collect();
    folder.write("b.jsonl", spelt.join("\n\n").as_bytes());
    let output = folder.run(&["diff", "a.jsonl", "b.jsonl"]);
    assert_eq!(output.status.code(), Some(0), "{}", error_text(&output));
}

#[test]
fn the_first_step_that_differs_is_shown_with_the_rule() {
    let (folder, mut lines) = steps();
    // Line 4 is step 3. A write to a line that another core has in M: the student upgrades.
    lines[3] = lines[3].replace(r#""bus":"BusRdX""#, r#""bus":"BusUpgr""#);
    lines[6] = lines[6].replace(r#""after":"IM""#, r#""after":"MM""#);
    folder.write("b.jsonl", lines.join("\n").as_bytes());
    let output = folder.run(&["diff", "a.jsonl", "b.jsonl"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output);
    let row = said.lines().find(|line| line.starts_with('>')).expect("a row");
    assert_eq!(row.split_whitespace().collect::<Vec<_>>(), [">", "bus", "BusRdX", "BusUpgr"]);
    assert!(said.contains("rule I.Store: BusRdX, M\nrule M.BusRdX: flush, I\n"), "{said}");
    assert!(said.contains("why  C0's copy is I"), "{said}");
    let error = error_text(&output);
    assert!(error.contains("step 3 differs in bus") && error.contains("b.jsonl:4"), "{error}");
    // What is not asked for is not compared: then step 6 is the first.
    let output = folder.run(&["diff", "a.jsonl", "b.jsonl", "--keys", "hit,after"]);
    assert!(error_text(&output).contains("step 6 differs in after"), "{}", error_text(&output));
    let output = folder.run(&["diff", "a.jsonl", "b.jsonl", "--keys", "hit"]);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_file_that_says_nothing_does_not_agree() {
    let (folder, lines) = steps();
    let silent: Vec<&str> = std::iter::once(lines[0].as_str()).chain(["{}"; 20]).collect();
    folder.write("b.jsonl", silent.join("\n").as_bytes());
    let output = folder.run(&["diff", "a.jsonl", "b.jsonl"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(error_text(&output).contains("b.jsonl:2"), "{}", error_text(&output));
    // What is asked for by name has to be there.
    let output = folder.run(&["diff", "a.jsonl", "b.jsonl", "--keys", "hit"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("(not said)"), "{}", text(&output));
}

#[test]
fn a_file_that_ends_early_and_machines_that_differ_are_said() {
    let (folder, lines) = steps();
    folder.write("b.jsonl", lines[..11].join("\n").as_bytes());
    let output = folder.run(&["diff", "a.jsonl", "b.jsonl"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(error_text(&output).contains("the second file ends after 10 steps"));
    let trace = format!("{ROOT}/traces/scenarios/silent-upgrade.mtrace");
    folder.good(&["replay", &trace, "-q", "--events", "mesi.jsonl"]);
    folder.good(&["replay", &trace, "-q", "--events", "msi.jsonl", "--set", "protocol=MSI"]);
    // A line that is read alone is E with the one and S with the other.
    let output = folder.run(&["diff", "mesi.jsonl", "msi.jsonl"]);
    assert_eq!(output.status.code(), Some(1));
    let error = error_text(&output);
    assert!(error.contains("step 1 differs in after"), "{error}");
    assert!(error.contains("the machines differ in their protocol"), "{error}");
}

#[test]
fn the_steps_of_two_machines_are_compared_by_the_keys_that_are_named() {
    // A store to a line that nobody has asks the same of MSI and MESI.
    let folder = Folder::with(&[("t.mtrace", "@cores 2\n0 W 0x1000\n1 W 0x1000\n")]);
    folder.good(&["replay", "t.mtrace", "-q", "--events", "mesi.jsonl"]);
    folder.good(&["replay", "t.mtrace", "-q", "--events", "msi.jsonl", "--set", "protocol=MSI"]);
    let output = folder.run(&["diff", "mesi.jsonl", "msi.jsonl"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(error_text(&output).contains("the machines differ in their protocol"));
    let output = folder.run(&["diff", "mesi.jsonl", "msi.jsonl", "--keys", "bus,after"]);
    assert_eq!(text(&output), "2 steps, and no difference\n");
}

#[test]
fn what_is_no_file_of_steps_is_refused_at_its_line() {
    let (folder, lines) = steps();
    let second_is = |line: &str| [&lines[0], line].join("\n");
    for (bytes, place) in [
        (String::new(), "b.jsonl:1"),
        ("0 R 0x40\n".to_owned(), "b.jsonl:1"),
        ("{}\n".to_owned(), "b.jsonl:1"),
        ("{\"schema\":\"mesim.report/1\"}\n".to_owned(), "b.jsonl:1"),
        (second_is("[1]"), "b.jsonl:2"),
        (second_is("{\"i\":"), "b.jsonl:2"),
        (second_is(&"x".repeat(2_000_000)), "b.jsonl:2"),
        (second_is(&"[".repeat(100_000)), "b.jsonl:2"),
    ] {
        folder.write("b.jsonl", bytes.as_bytes());
        let output = folder.run(&["diff", "a.jsonl", "b.jsonl"]);
        assert_eq!(output.status.code(), Some(2), "{}", error_text(&output));
        let error = error_text(&output);
        assert!(error.contains("E0702") && error.contains(place), "{error}");
    }
    let output = folder.run(&["diff", "a.jsonl", "a.jsonk"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(error_text(&output).contains("did you mean `a.jsonl`"), "{}", error_text(&output));
}

const REFERENCE: &str = "\
===== 506 SMP Simulator Configuration =====
L1_SIZE:                        8192
============ Simulation results (Cache 0) ============
01. number of reads:                            2339
02. number of read misses:                      231
05. total miss rate:                            8.97%
============ Simulation results (Cache 1) ============
01. number of reads:                            2341
02. number of read misses:                      228
";

#[test]
fn printed_reports_are_compared_by_names_whatever_their_padding() {
    let same = "\
506 smp simulator configuration
l1_size = 8,192
Simulation results (Cache_0)
1) Number of Reads.............: 2339 reads
2) Number of Read Misses.......: 231
5) Total Miss Rate.............: 8.972 %
Simulation results (Cache_1)
1) Number of Reads.............: 2341
2) Number of Read Misses.......: 228
";
    let folder = Folder::with(&[("a.txt", REFERENCE), ("b.txt", same)]);
    for course in ["ncsu", "gatech", "nus"] {
        let output = folder.run(&["diff", "a.txt", "b.txt", "--from", course]);
        assert_eq!(text(&output), "6 numbers, and no difference\n", "{}", error_text(&output));
    }
    let other = same.replace("228", "229").replace("2) Number of Read Misses.......: 231\n", "");
    folder.write("b.txt", other.as_bytes());
    let output = folder.run(&["diff", "a.txt", "b.txt", "--from", "ncsu"]);
    assert_eq!(output.status.code(), Some(1));
    let expected = [
        "                                a.txt  b.txt\n",
        "cache 0  number of read misses    231  (missing)\n",
        "cache 1  number of read misses    228  229\n",
    ];
    assert_eq!(text(&output), expected.concat());
    assert!(error_text(&output).contains("2 of 6 numbers differ"), "{}", error_text(&output));
    folder.write("b.txt", b"\xff\xfe nothing here\n");
    let output = folder.run(&["diff", "a.txt", "b.txt", "--from", "ncsu"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(error_text(&output).contains("E0704"));
}
