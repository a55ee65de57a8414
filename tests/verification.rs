//! `mesim protocol check` and `witness` as a user meets them.
//!
//! The numbers of configurations are derived in `crates/coherence/src/explore/tests.rs`; here they
//! are asked of the command.

use std::fmt::Write as _;
use std::process::Output;

use coherence::Protocol;
use coherence::explore::Bug;
use serde_json::Value;

use crate::support::{Folder, error_text, text};

/// Runs `protocol check` with `--json -` and returns the exit code and the result.
fn checked(line: &str) -> (Option<i32>, Value) {
    let folder = Folder::new();
    let mut args = vec!["protocol", "check"];
    args.extend(line.split_whitespace());
    args.extend(["--json", "-", "--quiet"]);
    let output = folder.run(&args);
    let json = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{line}: {}", error_text(&output)));
    (output.status.code(), json)
}

fn counts(line: &str) -> (u64, u64) {
    let (code, json) = checked(line);
    assert_eq!(code, Some(0), "{line}");
    assert_eq!(json["coherent"], true, "{line}");
    let cells = &json["cells"];
    assert_eq!(cells["reached"], cells["of"], "{line}: {cells}");
    let invariants = json["invariants"].as_array().expect("a list");
    assert_eq!(invariants.len(), 9);
    assert!(invariants.iter().all(|invariant| invariant["holds"] == true), "{line}");
    let count = |key: &str| json[key].as_u64().expect("a number");
    assert!(count("depth") > 0 && count("edges") > count("states"), "{line}");
    (count("states"), count("symmetric_states"))
}

/// MESI, as two independent model checkers and a closed form count it.
#[test]
fn mesi_has_the_configurations_that_other_checkers_count() {
    for (flags, states, symmetric) in [
        ("--cores 2 --words 1", 20, 12),
        ("--cores 3 --words 1", 34, 14),
        ("--cores 4 --words 1", 56, 16),
        ("--cores 5 --words 1", 94, 18),
        ("--cores 2 --lines 2 --words 1", 400, 208),
        ("--cores 3 --lines 2 --words 1", 1_156, 296),
        ("--cores 4 --lines 2 --words 1", 3_136, 404),
        ("--cores 2 --lines 2 --words 1 --capacity 1", 196, 104),
        ("--cores 3 --lines 2 --words 1 --capacity 1", 612, 148),
        ("--cores 4 --lines 2 --words 1 --capacity 1", 1_524, 192),
        ("--cores 2", 56, 32),
        ("--cores 3", 92, 36),
        ("--cores 4", 144, 40),
        ("--cores 4 --lines 2 --words 2 --values 2", 20_736, 2_640),
        ("--cores 3 --lines 3 --words 1", 39_304, 7_944),
        ("--cores 2 --words 1 --shared-level", 62, 38),
        ("--cores 3 --words 1 --shared-level", 104, 44),
        ("--cores 4 --words 1 --shared-level", 170, 50),
        ("--cores 5 --words 1 --shared-level", 284, 56),
    ] {
        let line = format!("mesi {flags}");
        assert_eq!(counts(&line), (states, symmetric), "{line}");
        assert_eq!(counts(&format!("{line} --symmetry")), (states, symmetric), "{line}");
    }
    // Values left out, the state vectors alone: 2^N + 2 N.
    for n in 2..=5_u64 {
        assert_eq!(counts(&format!("mesi --cores {n} --values 1")).0, (1 << n) + 2 * n);
    }
}

/// For N cores and X = 4 contents of a line of two words of two values, as derived beside the
/// explorer: X (2^N + N X) for MSI, and so on.
#[test]
fn the_other_protocols_have_the_configurations_of_their_formulas() {
    let x = 4_u64;
    for n in 2..=5_u64 {
        let sets = 1 << n;
        let beside = n * (1 << (n - 1));
        let owned = x * (sets + n) + x * x * (n + beside);
        let owned_up_to_order = x * (n + 2 + x + n * x);
        for (protocol, states, symmetric) in [
            ("msi", x * (sets + n * x), x * (n + 1 + x)),
            ("moesi", owned, owned_up_to_order),
            ("mesif", x * (sets - 1 + beside + n + n * x), x * (2 * n + 1 + x)),
            ("dragon", owned, owned_up_to_order),
        ] {
            assert_eq!(counts(&format!("{protocol} --cores {n}")), (states, symmetric), "{n}");
        }
    }
}

#[test]
fn every_protocol_is_coherent_with_more_levels_too() {
    for protocol in Protocol::BUILT_IN {
        let name = protocol.name();
        counts(&format!("{name} --shared-level"));
        counts(&format!("{name} --cores 3 --private-levels 2"));
        counts(&format!("{name} --cores 2 --private-levels 2 --shared-level"));
    }
}

#[test]
fn every_seeded_bug_is_caught_from_outside_and_the_control_is_not() {
    for bug in Bug::ALL {
        let (code, json) = checked(bug.name);
        let steps = json["violation"]["steps"].as_array().map(|steps| steps.len() as u8);
        assert_eq!(steps, bug.steps, "{}", bug.name);
        assert_eq!(code, Some(i32::from(bug.steps.is_some())), "{}", bug.name);
        assert_eq!(json["coherent"], bug.steps.is_none(), "{}", bug.name);
    }
}

/// A transcript of commands: what each prints, and its exit code where that is not zero.
fn transcript(folder: &Folder, lines: &[&str]) -> String {
    let mut shown = String::new();
    for line in lines {
        let output = folder.run(&line.split_whitespace().collect::<Vec<_>>());
        let _ = writeln!(shown, "$ mesim {line}\n{}", told(&output));
    }
    shown
}

fn told(output: &Output) -> String {
    let mut told = text(output);
    let error = error_text(output);
    assert!(!error.contains("panicked"), "{error}");
    told.push_str(&error);
    if output.status.code() != Some(0) {
        let _ = writeln!(told, "exit code {}", output.status.code().expect("no signal"));
    }
    told
}

#[test]
fn what_a_check_prints() {
    let folder = Folder::new();
    insta::assert_snapshot!(
        "check",
        transcript(
            &folder,
            &[
                "protocol check mesi --quiet",
                "protocol check moesi --cores 2 --shared-level --symmetry --quiet",
                "protocol check A07 --quiet",
                "protocol check H08 --quiet",
                "protocol check A01 --json - --quiet",
                "protocol check mesi --cores 1 --quiet",
            ]
        )
    );
}

#[test]
fn the_seeded_bugs_are_listed_with_what_catches_them() {
    let folder = Folder::new();
    insta::assert_snapshot!("bugs", transcript(&folder, &["protocol list --bugs"]));
}

#[test]
fn a_witness_is_a_shortest_trail_or_a_proof_that_there_is_none() {
    let folder = Folder::new();
    insta::assert_snapshot!(
        "witness",
        transcript(
            &folder,
            &[
                "protocol witness mesi S.BusUpgr --quiet",
                "protocol witness dragon sm.busupd --quiet",
                "protocol witness moesi O.Evict --cores 2 --quiet",
                "protocol witness mesi E.BusUpgr --quiet",
                "protocol witness mesi S.Load --cores 1 --quiet",
            ]
        )
    );
}

#[test]
fn what_cannot_be_explored_is_refused() {
    let folder = Folder::new();
    insta::assert_snapshot!(
        "check_refused",
        transcript(
            &folder,
            &[
                "protocol check firefly",
                "protocol check mesi --cores 9",
                "protocol check mesi --cores many",
                "protocol check mesi --lines 8 --words 8",
                "protocol check mesi --lines 2 --capacity 3",
                "protocol check mesi --lines 2 --capacity 1 --private-levels 2",
                "protocol check mesi --max-states 0",
                "protocol check mesi --max-states 100 --quiet",
                "protocol check mesi --counterexample no/such/folder.mtrace",
                "protocol check H01 --counterexample evicts.mtrace --quiet",
                "protocol witness mesi E.BusUpgrade",
                "protocol witness mesi",
            ]
        )
    );
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn a_counterexample_is_a_trace_that_can_be_stepped_through() {
    let folder = Folder::new();
    folder.write("silent.ron", silent_store().as_bytes());
    for (name, protocol) in [("silent", "silent.ron"), ("A07", "A07"), ("A09", "A09")] {
        let file = format!("{name}.mtrace");
        let output = folder.run(&["protocol", "check", protocol, "--counterexample", &file]);
        assert_eq!(output.status.code(), Some(1));
        // The command that it names, as it names it.
        let error = error_text(&output);
        let command = error.lines().find_map(|line| line.trim().strip_prefix("mesim "));
        let steps = folder.good(&command.expect("a command").split(' ').collect::<Vec<_>>());
        let trace = String::from_utf8(folder.read(&file)).expect("a trace is text");
        let steps = String::from_utf8(steps).expect("a table is text");
        insta::assert_snapshot!(format!("counterexample_{name}"), format!("{trace}\n{steps}"));
    }
    // A protocol that keeps its promises has none, and nothing is written.
    folder.good(&["protocol", "check", "mesi", "--counterexample", "none.mtrace"]);
    assert_eq!(folder.names(), ["A07.mtrace", "A09.mtrace", "silent.mtrace", "silent.ron"]);
}

/// MESI in which a store to S tells nobody: right cell by cell.
fn silent_store() -> String {
    changed("Store: bus(BusUpgr, M)", "Store: hit(M)")
}

/// MESI's file under another name, with one text in place of another.
fn changed(from: &str, to: &str) -> String {
    let mesi = Protocol::built_in("MESI").unwrap();
    let text = driver::protocol_file::write(mesi).replace("\"MESI\"", "\"Mine\"");
    assert_eq!(text.matches(from).count(), 1, "{from} in {text}");
    text.replace(from, to)
}

#[test]
fn a_protocol_file_is_explored_also_where_its_cells_are_wrong() {
    let folder = Folder::new();
    folder.write("silent.ron", silent_store().as_bytes());
    folder.write("kept.ron", changed("E: (BusRd: go(S)", "E: (BusRd: go(E)").as_bytes());
    let upgrade = changed(
        "S: (BusRd: go(S),    BusRdX: go(I),    BusUpgr: go(I))",
        "S: (BusRd: go(S), BusRdX: go(I), BusUpgr: go(S))",
    );
    folder.write("upgrade.ron", upgrade.as_bytes());
    let unreached = changed("wire(BusRd, S, E)", "bus(BusRd, S)");
    let unreached =
        unreached.replace("write_back(I), Clean: clean(E)", "write_back(I), Clean: clean(S)");
    folder.write("empty.ron", b"");
    folder.write("unreached.ron", unreached.as_bytes());
    insta::assert_snapshot!(
        "protocol_files",
        transcript(
            &folder,
            &[
                "protocol check silent.ron --cores 2 --quiet",
                "protocol check kept.ron --cores 2 --quiet",
                "protocol check upgrade.ron --cores 2 --quiet",
                "protocol check unreached.ron --quiet",
                "protocol check mesi --set rules.write_to_shared=ReadExclusive --quiet",
                "protocol check empty.ron",
                "protocol check mesi --set L1.size=1KiB",
                "protocol check mesi --set rules.victim_order=FillFirst --shared-level",
                "protocol check A07 --counterexample same --json ./same",
                "protocol check A07 --counterexample -",
            ]
        )
    );
}
